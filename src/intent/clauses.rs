//! Cuts a text where one thought ends and another may begin, and says which topic is more urgent.

use std::sync::LazyLock;

use regex::Regex;

use super::pattern;

/// Clauses read separately; the rest of a long text belongs to the last.
const MOST: usize = 6;
/// A clause of fewer words says nothing on its own.
const FEWEST_WORDS: usize = 3;

static CUT: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"(?i)[.!?;]+(?:\s+|$)|\n+|,?\s+(?:and also|also|plus|btw|by the way|and then|oh and|and|but|another thing|aussi|et)\s+|,\s+(?:can|could|do|does|is|are|how|what|where|when|the|my|our|i|we)\s+",
    )
});

/// The clauses of a text, in order; one if it cannot be cut into two that say something.
pub fn split(text: &str) -> Vec<&str> {
    let mut clauses = Vec::new();
    let mut start = 0;
    for cut in CUT.find_iter(text) {
        if clauses.len() + 1 == MOST {
            break;
        }
        // A question mark belongs to its clause; so does the word after a comma.
        let mark = cut.as_str().len() - cut.as_str().trim_start_matches(['.', '!', '?', ';']).len();
        let end = cut.start() + mark;
        let after =
            if cut.as_str().starts_with(',') && !joins(cut.as_str()) { cut.start() + 1 } else { cut.end() };
        if words(&text[start..end]) >= FEWEST_WORDS && words(&text[after..]) >= FEWEST_WORDS {
            clauses.push(text[start..end].trim());
            start = after;
        }
    }
    clauses.push(text[start..].trim());
    clauses
}

fn joins(cut: &str) -> bool {
    let word = cut.trim_start_matches(',').trim().to_lowercase();
    matches!(
        word.as_str(),
        "and also"
            | "also"
            | "plus"
            | "btw"
            | "by the way"
            | "and then"
            | "oh and"
            | "and"
            | "but"
            | "another thing"
            | "aussi"
            | "et"
    )
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// The order topics are dealt with; lower is sooner.
pub fn urgency(intent: &str) -> u8 {
    match intent.split_once('.').map_or(intent, |(family, _)| family) {
        "emergency" => 0,
        "access" => 1,
        _ if intent == "facility.power" => 1,
        "sim" => 2,
        "facility" => 3,
        _ if intent == "booking.extend" => 4,
        _ if intent == "human.request" || intent == "feedback.complaint" => 5,
        "billing" | "booking" => 6,
        "followup" => 2,
        "feedback" | "chat" | "out-of-scope" => 9,
        _ => 7,
    }
}

/// Whether a clause about a booking asks for something, or only tells which one is theirs.
pub fn asks(clause: &str) -> bool {
    static ASK: LazyLock<Regex> = LazyLock::new(|| {
        pattern::rule(
            r"(?i)\?|\b(?:can|could|may|want|wanna|need|like to|would|please|pls|how|possible|cancel|change|move|extend|add|stay|longer|another|available|availability|reschedule|refund|book (?:a|me|us|for|another)|any chance|looking|wondering|is there|do you|wrong|double)\b",
        )
    });
    ASK.is_match(clause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_thoughts_are_two_clauses() {
        assert_eq!(
            split("trackman is frozen and also the wifi password please"),
            ["trackman is frozen", "the wifi password please"]
        );
        assert_eq!(
            split("Door won't open. Can we stay longer tonight?"),
            ["Door won't open.", "Can we stay longer tonight?"]
        );
        assert_eq!(split("sim is frozen, can you restart it"), ["sim is frozen", "can you restart it"]);
        assert_eq!(
            split("the screen is black\nalso its cold in here"),
            ["the screen is black", "also its cold in here"]
        );
    }

    #[test]
    fn crumbs_stay_with_their_neighbour() {
        assert_eq!(split("black and white"), ["black and white"]);
        assert_eq!(split("Hi. Bay 2 is frozen"), ["Hi. Bay 2 is frozen"]);
        assert_eq!(split(""), [""]);
    }
}
