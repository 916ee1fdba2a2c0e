//! The pace at which a provider is spoken to: so many requests in any second, and silence while it asked
//! for silence.
//!
//! Owns the turns of one key. Counts every request, whatever its answer. Turns are handed out in order, so
//! that nobody is passed over.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, UnixMs};

/// Quo's limit: 10 requests a second a key (quo.com/docs/2026-03-30/rate-limits).
pub const PER_SECOND: usize = 10;

/// The window is a little longer than a second, for requests that are not equally long on the way.
const WINDOW: Duration = Duration::from_millis(1_050);

/// The longest wait a provider can ask for; more is taken as a mistake of its own.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// Waits after a 429 that names none: 1 s, doubled with every further one up to this.
const LONGEST_GUESS: Duration = Duration::from_secs(60);

/// The turns of one key.
#[derive(Debug)]
pub struct Pace {
    clock: Clock,
    turns: Mutex<Turns>,
}

/// The bare counting, on whatever time it is told.
#[derive(Debug)]
pub struct Turns {
    per_window: usize,
    /// When the last turns are, newest last; no more than `per_window`.
    given: VecDeque<UnixMs>,
    silent_until: UnixMs,
    /// 429s in a row.
    refusals: u32,
}

impl Pace {
    pub fn new(clock: Clock, per_second: usize) -> Pace {
        Pace { clock, turns: Mutex::new(Turns::new(per_second)) }
    }

    /// Waits for the next turn.
    ///
    /// # Errors
    /// The turn is further off than `patience`: how far. It is not taken then.
    pub async fn turn(&self, patience: Duration) -> Result<(), Duration> {
        let wait = self.with(|turns, now| turns.take(now, patience))?;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// The provider answered 429, and asked to wait so long, if it said so. Gives the wait from now.
    pub fn refused(&self, asked: Option<Duration>) -> Duration {
        self.with(|turns, now| turns.refused(now, asked))
    }

    /// The provider answered anything else.
    pub fn welcome(&self) {
        self.with(|turns, _| turns.refusals = 0);
    }

    fn with<T>(&self, act: impl FnOnce(&mut Turns, UnixMs) -> T) -> T {
        act(&mut self.turns.lock().unwrap_or_else(PoisonError::into_inner), self.clock.now())
    }
}

impl Turns {
    pub fn new(per_second: usize) -> Turns {
        let per_window = per_second.max(1);
        Turns { per_window, given: VecDeque::new(), silent_until: UnixMs(0), refusals: 0 }
    }

    /// Takes the next turn; gives how long it is until then.
    ///
    /// # Errors
    /// It is more than `patience` off; nothing is taken.
    pub fn take(&mut self, now: UnixMs, patience: Duration) -> Result<Duration, Duration> {
        let mut at = now.max(self.silent_until);
        if let Some(last) = self.given.back() {
            at = at.max(*last);
        }
        if self.given.len() == self.per_window
            && let Some(first) = self.given.front()
        {
            at = at.max(*first + WINDOW);
        }
        let wait = at.since(now);
        if wait > patience {
            return Err(wait);
        }
        if self.given.len() == self.per_window {
            self.given.pop_front();
        }
        self.given.push_back(at);
        Ok(wait)
    }

    /// See [`Pace::refused`].
    pub fn refused(&mut self, now: UnixMs, asked: Option<Duration>) -> Duration {
        let guess = Duration::from_secs(1 << self.refusals.min(6)).min(LONGEST_GUESS);
        self.refusals = self.refusals.saturating_add(1);
        let wait = asked.unwrap_or(guess).min(LONGEST);
        self.silent_until = self.silent_until.max(now + wait);
        self.silent_until.since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: UnixMs = UnixMs(1_700_000_000_000);
    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn the_eleventh_waits_a_second() {
        let mut turns = Turns::new(10);
        for _ in 0..10 {
            assert_eq!(turns.take(NOW, LONG), Ok(Duration::ZERO));
        }
        assert_eq!(turns.take(NOW, LONG), Ok(WINDOW));
    }

    #[test]
    fn an_impatient_one_takes_no_turn() {
        let mut turns = Turns::new(1);
        turns.take(NOW, LONG).unwrap();
        assert_eq!(turns.take(NOW, Duration::from_millis(500)), Err(WINDOW));
        assert_eq!(turns.take(NOW + WINDOW, Duration::ZERO), Ok(Duration::ZERO));
    }

    #[test]
    fn what_the_provider_asked_for_is_waited() {
        let mut turns = Turns::new(10);
        assert_eq!(turns.refused(NOW, Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(turns.take(NOW, LONG), Ok(Duration::from_secs(7)));
    }

    #[test]
    fn refusals_in_a_row_wait_longer_and_longer() {
        let mut turns = Turns::new(10);
        let waits: Vec<u64> = (0..9).map(|_| turns.refused(NOW, None).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn a_wait_beyond_reason_is_an_hour() {
        assert_eq!(Turns::new(10).refused(NOW, Some(Duration::from_secs(u64::MAX))), LONGEST);
    }

    proptest! {
        #[test]
        fn no_second_holds_more_than_ten(gaps in proptest::collection::vec(0_u64..400, 1..120)) {
            let mut turns = Turns::new(10);
            let (mut now, mut given) = (NOW, Vec::new());
            for gap in gaps {
                now = now + Duration::from_millis(gap);
                given.push(now + turns.take(now, LONG).unwrap());
            }
            for eleven in given.windows(11) {
                prop_assert!(eleven[10].since(eleven[0]) >= Duration::from_secs(1));
            }
        }
    }
}
