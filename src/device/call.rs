//! How asking a device can go wrong, and how long one that fails is left alone.
//!
//! Owns the difference between a request that certainly never left and one that may have, which decides
//! whether an effect was *refused* or is *unknown*. Shared by the drivers that ask.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Why a call brought no success.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallError {
    /// No connection was made, so nothing was sent.
    #[error("cannot be reached: {0}")]
    NotSent(String),
    /// It was not even tried: the device is to be left alone for a while.
    #[error("{0}")]
    Held(String),
    /// It was sent, or may have been; no answer came.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// The device says no; nothing was done.
    #[error("it refuses: {0}")]
    Refused(String),
    /// It is asked too often; nothing was done. With the pause it wants.
    #[error("it is asked too often (HTTP 429)")]
    TooMany(Option<Duration>),
    /// Something answered, but it says nothing.
    #[error("its answer says nothing: {0}")]
    Unclear(String),
}

/// How long a device that fails is left alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leniency {
    /// First pause after a 429 that names none, and of the breaker; doubles.
    pub backoff: Duration,
    /// No pause is longer, whatever the device wants.
    pub longest_pause: Duration,
    /// Failures in a row before it is left alone.
    pub breaker: u32,
}

/// Remembers how the last calls went. One a device.
#[derive(Debug)]
pub(super) struct Breaker {
    leniency: Leniency,
    hold: Mutex<Hold>,
}

/// How long the device is left alone, and why.
#[derive(Debug, Default)]
struct Hold {
    until: Option<(Instant, String)>,
    /// 429 in a row.
    refusals: u32,
    /// Failures in a row.
    failures: u32,
}

impl Breaker {
    pub fn new(leniency: Leniency) -> Breaker {
        Breaker { leniency, hold: Mutex::default() }
    }

    /// Why the device is not asked now, if so.
    pub fn held(&self) -> Option<String> {
        let hold = self.hold();
        let (until, why) = hold.until.as_ref()?;
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then(|| format!("{why}; it is asked again in {} s", left.as_secs() + 1))
    }

    /// How long the device is to be left alone from now on.
    pub fn held_for(&self) -> Duration {
        let until = self.hold().until.as_ref().map(|(until, _)| *until);
        until.map(|until| until.saturating_duration_since(Instant::now())).unwrap_or_default()
    }

    /// Learns from how a call went.
    pub fn note(&self, error: Option<&CallError>) {
        let Leniency { backoff, breaker, longest_pause } = self.leniency;
        let doubled = |times: u32| backoff.saturating_mul(1 << times.min(16)).min(longest_pause);
        let mut hold = self.hold();
        match error {
            None | Some(CallError::Refused(_)) => *hold = Hold::default(),
            Some(CallError::Held(_)) => {}
            Some(CallError::TooMany(wanted)) => {
                let pause = wanted.map_or_else(|| doubled(hold.refusals), |wanted| wanted.min(longest_pause));
                hold.refusals += 1;
                let why = "it asked for patience (HTTP 429)".to_owned();
                hold.until = Some((Instant::now() + pause, why));
            }
            Some(failure) => {
                hold.failures += 1;
                if let Some(over) = hold.failures.checked_sub(breaker) {
                    let why = format!("it failed {} times in a row: {failure}", hold.failures);
                    hold.until = Some((Instant::now() + doubled(over), why));
                }
            }
        }
    }

    fn hold(&self) -> MutexGuard<'_, Hold> {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
