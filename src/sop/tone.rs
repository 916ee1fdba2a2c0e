//! What must never stand in a customer's text, whatever the SOP: markdown, internal words, and words
//! that would make the carrier block the club's number.

use std::sync::LazyLock;

use regex::Regex;

/// Words after which the carrier stops delivering to that phone (CTIA messaging principles: STOP and
/// its kin as a single word).
const OPT_OUT: &str = "stop|stopall|unsubscribe|cancel|end|quit";

// The patterns are constants, read by a test of this file; one that could not be read would match nothing.
fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

static INVITES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(&format!(
        r#"(?i)\b(?:reply|text|send|type|write|answer|respond|say)(?:\s+(?:back|with|us|me|just|only|simply|the|word|a|yes|no|or|to))*[\s,:]*["'“”‘’(]*(?:{OPT_OUT})\b["'“”‘’.!)]*(?:\s+(?:to|and|if|for|when|or)\b|\s*$|[.!?])"#
    ))
});
static SHOUTED: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"\b(?:STOP|STOPALL|UNSUBSCRIBE|CANCEL|END|QUIT)\b"));
static QUOTED: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(&format!(r#"(?i)["“‘]\s*(?:{OPT_OUT})\s*["”’]"#)));
static MARKDOWN: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"\*\*?\S|\S\*|__\S|`|(?m)^\s*(?:#{1,6}|[-*+]|\d+\.)\s|\]\(|(?m)^\s*>|~~"));
static TAG: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"</?[A-Za-z][^>]*>|(?:^|[^\[])\[[A-Z][A-Z_ :-]*\](?:[^\]]|$)|\$\{|%[A-Z_]+%"));
static INTERNAL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:sops?|gpt(?:-?\d\S*)?|chatgpt|openai|anthropic|claude|llm|language model|intent|classifier|placeholder|escalation|clubos)\b",
    )
});

fn hits(regex: &Option<Regex>, text: &str) -> bool {
    regex.as_ref().is_some_and(|r| r.is_match(text))
}

/// Markdown or an internal tag in a template, in words for a problem.
pub fn markdown(text: &str) -> Option<&'static str> {
    if text.contains('\n') {
        Some("a line break")
    } else if hits(&MARKDOWN, text) {
        Some("markdown")
    } else if hits(&TAG, text) {
        Some("an internal tag")
    } else {
        None
    }
}

/// A word of the machine room that a customer should not read.
pub fn internal(text: &str) -> bool {
    hits(&INTERNAL, text)
}

/// Whether the text invites (or shows as a reply) a word that makes the carrier block the club.
pub fn invites_opt_out(text: &str) -> bool {
    hits(&SHOUTED, text) || hits(&QUOTED, text) || hits(&INVITES, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_can_be_read() {
        for regex in [&INVITES, &SHOUTED, &QUOTED, &MARKDOWN, &TAG, &INTERNAL] {
            assert!(regex.is_some());
        }
    }

    #[test]
    fn an_invitation_to_write_stop_is_seen() {
        for text in [
            "Reply STOP to end this.",
            "reply yes or cancel.",
            "Just text back \"stop\" if you like.",
            "Reply YES or CANCEL",
            "Say quit to leave",
            "write the word end and we will",
        ] {
            assert!(invites_opt_out(text), "{text}");
        }
    }

    #[test]
    fn stopping_a_round_and_cancelling_a_booking_may_be_spoken_of() {
        for text in [
            "It takes 2 minutes and stops the current round. Reply YES or NO.",
            "You can cancel the booking at {booking_url}.",
            "I'll stop here and tell our team.",
            "Your session ends at {booking_end}.",
            "write to us to cancel a booking",
            "At the end of your session the bay locks.",
        ] {
            assert!(!invites_opt_out(text), "{text}");
        }
    }

    #[test]
    fn markdown_and_tags_are_seen_and_plain_text_is_not() {
        for text in [
            "**Hello**",
            "use `this`",
            "- one",
            "see [here](x)",
            "<thinking>",
            "[ESCALATE] now",
            "# Title",
            "*hi*",
        ] {
            assert!(markdown(text).is_some(), "{text}");
        }
        for text in [
            "It's 35 $ an hour - 45 at peak.",
            "Bay {bay}.[[ Bay {free_bay} is free.]]",
            "[[Hi {name}, ]]we're on it!",
        ] {
            assert_eq!(markdown(text), None, "{text}");
        }
    }
}
