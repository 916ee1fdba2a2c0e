//! What goes wrong, one at a time and at random.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use clubos::simclub::carrier::{Asked, SimRefusal, TextFault};
use clubos::simclub::fake_quo::FakeQuo;

use crate::random::Random;

/// The next text to be sent meets one of these.
const SENDS: [(&str, TextFault); 13] = [
    ("taken, then 502", TextFault::TakenThenServerError),
    ("taken, then broken off", TextFault::TakenThenReset),
    ("taken, then silent", TextFault::TakenThenSilent),
    ("taken, answer truncated", TextFault::Truncated),
    ("502", TextFault::ServerError),
    ("silent", TextFault::Silent),
    ("a web page", TextFault::Html),
    ("slow", TextFault::Slow(Duration::from_millis(700))),
    ("429", TextFault::TooMany(Some(1))),
    ("never delivered", TextFault::NeverDelivered),
    ("undeliverable", TextFault::Undeliverable),
    ("number refused", TextFault::Refused(SimRefusal::BadNumber)),
    ("no credit", TextFault::Refused(SimRefusal::NoCredit)),
];

/// How often each kind went wrong.
pub struct Tally {
    counts: BTreeMap<&'static str, u32>,
    hook_url: String,
}

impl Tally {
    pub fn new(hook_url: String) -> Tally {
        Tally { counts: BTreeMap::new(), hook_url }
    }

    pub fn count(&self) -> u32 {
        self.counts.values().sum()
    }

    /// Ends what the last one left behind, and lets something else go wrong.
    pub async fn one(&mut self, quo: &mut FakeQuo, random: &mut Random) {
        self.over(quo).await;
        let kind = match random.below(20) {
            0 => {
                quo.set_fault(Asked::List, Some(TextFault::ServerError));
                "lists fail"
            }
            1 => {
                quo.set_fault(Asked::List, Some(TextFault::TooMany(Some(1))));
                "429 storm of lists"
            }
            2 => {
                quo.set_fault(Asked::Send, Some(TextFault::TooMany(None)));
                "429 storm of sends"
            }
            3 => {
                quo.hold_hooks();
                "webhooks late, backwards and twice"
            }
            4 => {
                quo.post_hooks_to(None);
                "webhooks lost"
            }
            5 => {
                quo.stop().await;
                "the provider is gone"
            }
            6 => {
                quo.something_strange("fax.received");
                "a strange event"
            }
            _ => {
                let (kind, fault) = *random.pick(&SENDS);
                quo.next_sends([fault]);
                kind
            }
        };
        *self.counts.entry(kind).or_insert(0) += 1;
    }

    /// All is well again; webhooks that were held back come, the last first, and then all once more under
    /// other ids.
    pub async fn over(&mut self, quo: &mut FakeQuo) {
        let _ = quo.resume(); // it may be running
        quo.set_fault(Asked::List, None);
        quo.set_fault(Asked::Send, None);
        quo.post_hooks_to(Some(&self.hook_url));
        quo.release_hooks(|n| (0..n).rev().chain(0..n).collect()).await;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.count(), self.counts)
    }
}
