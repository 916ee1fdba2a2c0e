//! Words that mean the same whatever was understood.

/// Single words at which the carrier blocks us (CTIA/Twilio default opt-out keywords).
const OPT_OUT: &[&str] = &["stop", "stopall", "unsubscribe", "cancel", "end", "quit"];
const OPT_IN: &[&str] = &["start", "unstop"];

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
