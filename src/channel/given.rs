//! The ids of texts a provider has confirmed to this process: none of them is the one that got lost.
//!
//! Owns a short memory, nothing durable: the gateway's journal is the truth.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// More texts than can be on their way at once.
const KEPT: usize = 512;

#[derive(Debug, Default)]
pub(super) struct Given(Mutex<VecDeque<String>>);

impl Given {
    pub fn note(&self, id: &str) {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ids.iter().any(|known| known == id) {
            return;
        }
        if ids.len() == KEPT {
            ids.pop_front();
        }
        ids.push_back(id.to_owned());
    }

    pub fn has(&self, id: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|known| known == id)
    }
}

/// Whether a text found at the provider is the one that was sent: the same words; spaces and line ends may
/// have been tidied on the way.
pub(super) fn same_words(sent: &str, found: &str) -> bool {
    sent.split_whitespace().eq(found.split_whitespace())
}

/// A provider's own words about an error, for people: short, on one line, long numbers blotted out (they
/// may be a customer's).
pub(super) fn tidy(words: &str) -> String {
    let mut tidied: String = words
        .split_whitespace()
        .map(|word| match word.bytes().filter(u8::is_ascii_digit).count() {
            0..7 => word,
            _ => "…",
        })
        .collect::<Vec<_>>()
        .join(" ");
    if let Some((end, _)) = tidied.char_indices().nth(200) {
        tidied.truncate(end);
        tidied.push('…');
    }
    tidied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_short() {
        let given = Given::default();
        (0..=KEPT).for_each(|n| given.note(&n.to_string()));
        assert!(!given.has("0") && given.has("1") && given.has(&KEPT.to_string()));
    }

    #[test]
    fn numbers_do_not_get_into_an_errors_words() {
        assert_eq!(
            tidy("The number +19025550101,\nis\twrong (code 21211)"),
            "The number … is wrong (code 21211)"
        );
        assert_eq!(tidy(&"long ".repeat(100)).chars().count(), 201);
    }
}
