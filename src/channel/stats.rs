//! How the text line is doing, in numbers: for the metrics page. Since the start of the program.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Counters of one text line. Cheap to read at any time.
#[derive(Debug, Default)]
pub struct ChannelStats {
    /// Texts the provider took at the first try.
    pub sent: AtomicU64,
    /// Tries that were put off by the provider.
    pub put_off: AtomicU64,
    /// Texts refused for good.
    pub refused: AtomicU64,
    /// Tries without an answer.
    pub unclear: AtomicU64,
    /// Of those: found at the provider.
    pub found: AtomicU64,
    /// … surely not there, and tried once more.
    pub repeated: AtomicU64,
    /// … given to a person as maybe sent.
    pub maybe: AtomicU64,
    /// Texts, calls and statuses heard by polling or by webhook, repeats included.
    pub heard: AtomicU64,
    pub polls: AtomicU64,
    pub polls_failed: AtomicU64,
    pub hooks: AtomicU64,
    /// Webhooks that had been taken before.
    pub hooks_again: AtomicU64,
    /// Webhooks that were not believed.
    pub hooks_refused: AtomicU64,
    /// Unix milliseconds of the last poll that worked; 0: none yet.
    pub polled_at: AtomicI64,
}

impl ChannelStats {
    pub(super) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Name and value of every counter.
    pub fn counters(&self) -> [(&'static str, u64); 13] {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("sent", of(&self.sent)),
            ("put_off", of(&self.put_off)),
            ("refused", of(&self.refused)),
            ("unclear", of(&self.unclear)),
            ("found", of(&self.found)),
            ("repeated", of(&self.repeated)),
            ("maybe", of(&self.maybe)),
            ("heard", of(&self.heard)),
            ("polls", of(&self.polls)),
            ("polls_failed", of(&self.polls_failed)),
            ("hooks", of(&self.hooks)),
            ("hooks_again", of(&self.hooks_again)),
            ("hooks_refused", of(&self.hooks_refused)),
        ]
    }
}
