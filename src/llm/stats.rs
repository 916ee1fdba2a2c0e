//! Counters of the fallback since the program started, for `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering};

/// One number a way a question can end.
#[derive(Debug, Default)]
pub struct Stats {
    pub asked: AtomicU64,
    pub nominated: AtomicU64,
    pub none: AtomicU64,
    /// Answered from what was answered before; nothing left the box.
    pub cached: AtomicU64,
    /// Tries after the first of a question.
    pub retried: AtomicU64,
    /// Not asked: the cap of the day or month is reached.
    pub over_cap: AtomicU64,
    /// Not asked: it failed too often lately.
    pub breaker: AtomicU64,
    pub refused: AtomicU64,
    /// Answers that are not in the schema.
    pub unusable: AtomicU64,
    /// No answer in time, or an error.
    pub failed: AtomicU64,
}

impl Stats {
    pub(super) fn up(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Every counter with its name.
    pub fn counters(&self) -> [(&'static str, u64); 10] {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("asked", of(&self.asked)),
            ("nominated", of(&self.nominated)),
            ("none", of(&self.none)),
            ("cached", of(&self.cached)),
            ("retried", of(&self.retried)),
            ("over_cap", of(&self.over_cap)),
            ("breaker", of(&self.breaker)),
            ("refused", of(&self.refused)),
            ("unusable", of(&self.unusable)),
            ("failed", of(&self.failed)),
        ]
    }
}
