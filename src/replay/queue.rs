//! What is still to come in virtual time, in order.

use std::collections::BTreeMap;

use crate::clock::UnixMs;
use crate::desk::Nomination;
use crate::device::DeviceEvent;

/// Something that will happen to the desk.
#[derive(Debug, Clone)]
pub enum Coming {
    /// The scenario's event with this index.
    Event(usize),
    /// A device will be seen to do this. `effect`: what it was told to do, if anything.
    Seen { event: DeviceEvent, effect: Option<i64> },
    /// The cloud model will have answered.
    Answer { turn_id: i64, nonce: String, said: Result<Nomination, String> },
}

/// By time, then by arrival, so that equal moments keep their order.
#[derive(Debug, Default)]
pub struct Queue {
    coming: BTreeMap<(UnixMs, u64), Coming>,
    arrivals: u64,
}

impl Queue {
    pub fn put(&mut self, at: UnixMs, what: Coming) {
        self.coming.insert((at, self.arrivals), what);
        self.arrivals += 1;
    }

    pub fn next_at(&self) -> Option<UnixMs> {
        self.coming.first_key_value().map(|((at, _), _)| *at)
    }

    /// The first thing that is due by `now`.
    pub fn take_due(&mut self, now: UnixMs) -> Option<Coming> {
        self.next_at().filter(|at| *at <= now)?;
        self.coming.pop_first().map(|(_, what)| what)
    }

    /// The program was killed: whoever was asked answers nobody.
    pub fn forget_answers(&mut self) {
        self.coming.retain(|_, what| !matches!(what, Coming::Answer { .. }));
    }

    pub fn any(&self, which: impl Fn(&Coming) -> bool) -> bool {
        self.coming.values().any(which)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indices(queue: &mut Queue, now: i64) -> Vec<usize> {
        let next = || match queue.take_due(UnixMs(now)) {
            Some(Coming::Event(n)) => Some(n),
            _ => None,
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn what_is_due_comes_in_order_of_time_and_then_of_arrival() {
        let mut queue = Queue::default();
        for (n, at) in [30, 10, 10, 99].into_iter().enumerate() {
            queue.put(UnixMs(at), Coming::Event(n));
        }
        assert_eq!(indices(&mut queue, 50), [1, 2, 0]);
        assert_eq!(queue.next_at(), Some(UnixMs(99)));
    }

    #[test]
    fn a_killed_program_hears_no_answer() {
        let mut queue = Queue::default();
        queue.put(UnixMs(1), Coming::Answer { turn_id: 1, nonce: "n".into(), said: Err("late".into()) });
        queue.put(UnixMs(2), Coming::Event(0));
        queue.forget_answers();
        assert_eq!(queue.next_at(), Some(UnixMs(2)));
    }
}
