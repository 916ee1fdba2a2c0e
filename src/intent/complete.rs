//! Whether a text looks finished. An unfinished one is given a little longer before it is answered.

use std::sync::LazyLock;

use regex::Regex;

use super::pattern;

static UNFINISHED: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"(?:,|:|-|\.\.+|…|\b(?:and|but|so|because|cause|cuz|or|also|with|the|my|our|a|is|its|im|were|like|when|if|then|that|to|for|in|on|at|plus|et|mais|que))\s*$",
    )
});
static OPENING: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"^(?:(?:hi|hey|hello|yo|good (?:morning|evening|afternoon)|bonjour|salut)[ ,!.]*)*(?:(?:there|guys|team|again|all)[ ,!.]*)*(?:(?:i have |i had |just |got )?(?:a |another )?(?:quick |small |one )?(?:questions?|issue|problem)(?: for you| for ya| please)?|(?:can|could) you help(?: me| us)?(?: please| out)?|help|need (?:some )?help|are you there|anyone there|you there|sorry to bother(?: you)?|so|ok so|heads up|fyi|listen|umm?|excuse me|pls help|please help)?[\s,.!:?-]*$",
    )
});

/// False for a greeting alone, "quick question", a trailing "and", and a trailing comma.
pub fn is_complete(plain: &str) -> bool {
    !plain.trim().is_empty() && !UNFINISHED.is_match(plain) && !OPENING.is_match(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_are_not_ends() {
        for text in [
            "hey",
            "hi there!",
            "quick question",
            "hey quick question",
            "so",
            "the screen is black and",
            "we booked bay 2,",
            "can you help",
            "hello?",
            "um...",
            "i was wondering if",
        ] {
            assert!(!is_complete(text), "{text}");
        }
        for text in ["the screen is black", "yes", "door wont open", "thanks", "how do i get in?"] {
            assert!(is_complete(text), "{text}");
        }
    }
}
