//! The last readings, kept in memory: a turn is read when it is looked at and again when it is decided.
//!
//! Owns nothing that may not be lost: after a start the words are read again. Readings are a function of
//! the text, its context and the reader; a new reader forgets them all.

use std::cell::RefCell;
use std::collections::VecDeque;

use crate::intent::{Context, Reading};

/// Readings kept: turns that are open at the same time in one club.
const KEPT: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Readings(RefCell<VecDeque<Kept>>);

#[derive(Debug)]
struct Kept {
    text: String,
    context: Context,
    reading: Reading,
}

impl Readings {
    /// The reading of this text in this context: the one kept, else what `read` says.
    pub fn get(&self, text: &str, context: &Context, read: impl FnOnce() -> Reading) -> Reading {
        let known = |kept: &&Kept| kept.text == text && kept.context == *context;
        if let Some(kept) = self.0.borrow().iter().find(known) {
            return kept.reading.clone();
        }
        let reading = read();
        let mut all = self.0.borrow_mut();
        if all.len() == KEPT {
            all.pop_front();
        }
        all.push_back(Kept { text: text.to_owned(), context: context.clone(), reading: reading.clone() });
        reading
    }

    pub fn forget(&self) {
        self.0.borrow_mut().clear();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::intent::{PendingKind, Slots};

    #[test]
    fn the_same_words_are_read_once_and_other_words_context_or_reader_afresh() {
        let (readings, times) = (Readings::default(), Cell::new(0));
        let read = || {
            times.set(times.get() + 1);
            Reading { topics: Vec::new(), slots: Slots::default(), complete: true }
        };
        let plain = Context::default();
        let asked = Context { pending: Some(PendingKind::Confirm), ..Context::default() };
        readings.get("yes", &plain, read);
        readings.get("yes", &plain, read);
        assert_eq!(times.get(), 1);
        readings.get("yes", &asked, read);
        readings.get("yes please", &plain, read);
        assert_eq!(times.get(), 3);
        readings.forget();
        readings.get("yes", &plain, read);
        assert_eq!(times.get(), 4);
    }

    #[test]
    fn only_the_last_few_are_kept() {
        let readings = Readings::default();
        for n in 0..2 * KEPT {
            readings.get(&n.to_string(), &Context::default(), || Reading {
                topics: Vec::new(),
                slots: Slots::default(),
                complete: true,
            });
        }
        assert_eq!(readings.0.borrow().len(), KEPT);
    }
}
