//! The circuit breaker: a provider that does not answer is left alone for a while, so that customers do not
//! wait for it. Closed, then open for a minute (doubling to a quarter of an hour), then one try lets it close.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, UnixMs};

/// Questions in a row without an answer that open it.
const FAILURES: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);
/// A try whose end is never heard of is given up after this.
const PROBE: Duration = Duration::from_secs(10);

/// Shared by all questions. Lives in memory: a start closes it.
#[derive(Debug)]
pub struct Breaker {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_until: Option<UnixMs>,
    pause: Duration,
    probe_until: Option<UnixMs>,
}

impl Breaker {
    pub fn new(clock: Clock) -> Breaker {
        Breaker { clock, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a question may go out now. When the pause is over, one may; the rest waits for its end.
    pub fn admits(&self) -> bool {
        let now = self.clock.now();
        let mut state = self.state();
        match state.open_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) if state.probe_until.is_some_and(|until| now < until) => false,
            Some(_) => {
                state.probe_until = Some(now + PROBE);
                true
            }
        }
    }

    /// Whether questions are kept back at the moment.
    pub fn is_open(&self) -> bool {
        self.state().open_until.is_some()
    }

    /// It answered, whatever it said.
    pub fn answered(&self) {
        *self.state() = State::default();
    }

    /// It did not answer.
    pub fn failed(&self) {
        let now = self.clock.now();
        let mut state = self.state();
        state.failures += 1;
        if state.failures >= FAILURES || state.open_until.is_some() {
            let pause = (state.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
            state.open(now, pause);
        }
    }

    /// It will not answer until a person mends something: the key, the credit, the model's name.
    pub fn refused_for_good(&self) {
        let now = self.clock.now();
        self.state().open(now, LONGEST_PAUSE);
    }
}

impl State {
    fn open(&mut self, now: UnixMs, pause: Duration) {
        if self.open_until.is_none() {
            tracing::warn!(seconds = pause.as_secs(), "the cloud model is not asked for a while");
        }
        self.pause = pause;
        self.open_until = Some(now + pause);
        self.probe_until = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker() -> (Clock, Breaker) {
        let clock = Clock::virtual_at(UnixMs(0));
        (clock.clone(), Breaker::new(clock))
    }

    fn later(clock: &Clock, seconds: u64) {
        clock.advance_to(clock.now() + Duration::from_secs(seconds));
    }

    #[test]
    fn three_failures_in_a_row_open_it_and_one_answer_between_them_does_not() {
        let (_, breaker) = breaker();
        breaker.failed();
        breaker.failed();
        breaker.answered();
        breaker.failed();
        breaker.failed();
        assert!(breaker.admits() && !breaker.is_open());
        breaker.failed();
        assert!(!breaker.admits() && breaker.is_open());
    }

    #[test]
    fn after_its_pause_one_try_goes_out_and_an_answer_closes_it() {
        let (clock, breaker) = breaker();
        (0..3).for_each(|_| breaker.failed());
        later(&clock, 59);
        assert!(!breaker.admits());
        later(&clock, 1);
        assert!(breaker.admits(), "one try");
        assert!(!breaker.admits(), "and only one");
        breaker.answered();
        assert!(breaker.admits() && breaker.admits() && !breaker.is_open());
    }

    #[test]
    fn each_failed_try_doubles_the_pause_up_to_a_quarter_of_an_hour() {
        let (clock, breaker) = breaker();
        (0..3).for_each(|_| breaker.failed());
        for pause in [60, 120, 240, 480, 900, 900] {
            later(&clock, pause - 1);
            assert!(!breaker.admits(), "{pause} s");
            later(&clock, 1);
            assert!(breaker.admits(), "{pause} s");
            breaker.failed();
        }
    }

    #[test]
    fn a_try_that_is_never_heard_of_again_does_not_close_the_way_for_ever() {
        let (clock, breaker) = breaker();
        breaker.refused_for_good();
        later(&clock, 900);
        assert!(breaker.admits());
        later(&clock, 11);
        assert!(breaker.admits());
    }
}
