//! Words that mean the same whatever was understood.

/// Single words at which the carrier blocks us (CTIA/Twilio default opt-out keywords; ARRET in Canada).
const OPT_OUT: &[&str] =
    &["stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke", "arret", "arrêt"];
const OPT_IN: &[&str] = &["start", "unstop"];
/// Single words at which a sender says who they are (CTIA; AIDE in Canada).
const INFO: &[&str] = &["help", "info", "aide"];

/// Sentences that take back the consent to texts. They speak of texts, or of a list, and of us.
static REVOKES: std::sync::LazyLock<Vec<regex::Regex>> = std::sync::LazyLock::new(|| {
    let texts = r"(?:texts?|texting|text messages?|messages?|messaging|sms)";
    let patterns = [
        r"\b(?:stop|quit|cease) (?:texting|messaging|sms-?ing|contacting|spamming)\b(?: me| us| this number|[.! ]*$)",
        r"\b(?:stop|quit) sending (?:me |us )?(?:any |these |your |more |all )*TEXTS\b",
        r"\b(?:do not|don't|dont|never) (?:ever )?(?:text|message|sms|contact) (?:me|us|this number)\b(?: again| anymore| any more| ever)*[.! ]*(?:please|thanks|thank you)?[.! ]*$",
        r"\b(?:do not|don't|dont) send (?:me |us )?(?:any ?more |any |these |your )*TEXTS\b",
        r"\bno more TEXTS\b",
        r"\b(?:take|remove|delete|get) (?:me|us|my (?:phone )?number|this number) (?:off|from|out of) (?:of )?(?:your|this|the) (?:\w+ )?(?:list|texts?|messages|system|database)\b",
        r"\b(?:unsubscribe|opt) (?:me|us|my number|out)\b",
        r"\b(?:arr[eê]te[zr]?|cesse[zr]?) de (?:m['e ]+|nous )(?:texter|[eé]crire|envoyer (?:des |vos )?(?:textos?|messages|sms))",
        r"\bne (?:m['e ]+|nous )(?:textez|[eé]crivez|envoyez) plus\b",
    ];
    patterns.iter().filter_map(|p| regex::Regex::new(&p.replace("TEXTS", texts)).ok()).collect()
});

fn single_word(text: &str) -> Option<String> {
    let word = text.trim().trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    (!word.is_empty() && !word.contains(char::is_whitespace)).then_some(word)
}

/// The opt-out word the text consists of.
pub(super) fn opt_out(text: &str) -> Option<String> {
    single_word(text).filter(|word| OPT_OUT.contains(&word.as_str()))
}

pub(super) fn opt_in(text: &str) -> bool {
    single_word(text).is_some_and(|word| OPT_IN.contains(&word.as_str()))
}

pub(super) fn asks_info(text: &str) -> bool {
    single_word(text).is_some_and(|word| INFO.contains(&word.as_str()))
}

/// A wish in their own words to get no more texts: "please stop texting me". Long texts speak of more
/// than that.
pub(super) fn revokes(text: &str) -> bool {
    let lower = text.trim().to_lowercase().replace('’', "'");
    lower.chars().count() <= 200 && REVOKES.iter().any(|p| p.is_match(&lower))
}

/// A text without a letter, digit or emoji: empty, white, zero-width.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| {
        c.is_whitespace() || c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    })
}

/// A door that will not latch leaves the site open.
pub(super) fn door_left_open(text: &str) -> bool {
    let text = text.to_lowercase();
    let door = ["door", "gate", "porte"].iter().any(|w| text.contains(w));
    let open = [
        "latch",
        "won't close",
        "wont close",
        "won’t close",
        "not clos",
        "doesn't close",
        "doesnt close",
        "doesn’t close",
        "won't lock",
        "wont lock",
        "won’t lock",
        "not lock",
        "doesn't lock",
        "doesnt lock",
        "doesn’t lock",
        "won't shut",
        "wont shut",
        "won’t shut",
        "not shut",
        "doesn't shut",
        "doesnt shut",
        "can't close",
        "cant close",
        "stays open",
        "stay open",
        "staying open",
        "ferme pas",
        "propped",
        "ajar",
    ]
    .iter()
    .any(|w| text.contains(w));
    door && open
}

/// A text that begins with a yes and takes nothing of it back: "ok yes try that then". A no, a not, a
/// wait, or a but in it makes it no yes.
pub(super) fn says_yes(text: &str) -> bool {
    const YES: &[&str] = &[
        "yes",
        "yeah",
        "yea",
        "yep",
        "yup",
        "yess",
        "ya",
        "sure",
        "ok",
        "okay",
        "oui",
        "please",
        "absolutely",
        "definitely",
    ];
    const BACK: &[&str] = &[
        "no", "not", "nope", "dont", "don't", "don’t", "wait", "but", "later", "after", "cant", "can't",
        "can’t", "never", "nothing", "still", "unless", "until", "when", "if", "pas", "non", "thanks",
        "thank", "hold",
    ];
    let lower = text.to_lowercase();
    let mut words =
        lower.split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’')).filter(|w| !w.is_empty());
    let first = words.next().is_some_and(|w| YES.contains(&w));
    let rest: Vec<&str> = words.collect();
    first && rest.len() <= 12 && !rest.iter().any(|w| BACK.contains(w)) && !lower.contains('?')
        || first && lower.starts_with("yes and ")
}

/// "the first one", "B", "2": which of two options was meant.
pub(super) fn ordinal(text: &str) -> Option<usize> {
    let word = text.trim().trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    match word.as_str() {
        "1" | "a" | "first" | "the first" | "first one" | "the first one" | "one" | "former" => Some(0),
        "2" | "b" | "second" | "the second" | "second one" | "the second one" | "two" | "latter" => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_single_word_opts_out() {
        assert_eq!(opt_out(" STOP. "), Some("stop".into()));
        assert_eq!(opt_out("Cancel"), Some("cancel".into()));
        assert_eq!(opt_out("cancel my booking"), None);
        assert_eq!(opt_out("don't stop"), None);
    }

    #[test]
    fn no_more_texts_is_heard_in_any_words() {
        assert_eq!(REVOKES.len(), 9, "a pattern does not compile");
        for text in [
            "please stop texting me",
            "can you stop texting me?",
            "Stop texting!",
            "stop sending me these messages",
            "don’t text me again please",
            "no more texts, thanks",
            "take me off your list",
            "remove my number from your system",
            "unsubscribe me",
            "I want to opt out",
            "do not contact me anymore",
            "arrêtez de m'envoyer des textos",
            "ne m'écrivez plus",
        ] {
            assert!(revokes(text), "{text}");
        }
    }

    #[test]
    fn talk_of_texts_is_no_revocation() {
        for text in [
            "my buddy stopped texting me the code",
            "don't text me the code, email it",
            "the screen won't stop showing messages",
            "stop the music please",
            "take me off bay 2 and put me on bay 3",
            "I keep getting texts with the wrong code",
            "please don't cancel my booking",
        ] {
            assert!(!revokes(text), "{text}");
        }
    }

    #[test]
    fn help_alone_asks_who_this_is_and_help_with_more_does_not() {
        assert!(asks_info("HELP") && asks_info("info."));
        assert!(!asks_info("help the screen is black"));
    }

    #[test]
    fn a_wordy_yes_is_a_yes_and_a_yes_but_is_none() {
        assert!(says_yes("ok yes try that then"));
        assert!(says_yes("Yes and what's the wifi password?"));
        assert!(!says_yes("ok but not yet please"));
        assert!(!says_yes("ok still nothing"));
        assert!(!says_yes("is that ok"));
    }

    #[test]
    fn what_cannot_be_seen_is_blank() {
        assert!(is_blank(" \u{200b}\u{202e}\n"));
        assert!(!is_blank("👍"));
    }

    #[test]
    fn a_door_that_will_not_latch_is_heard() {
        assert!(door_left_open("the front door doesn't latch behind us"));
        assert!(!door_left_open("the door won't open"));
    }
}
