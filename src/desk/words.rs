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
