//! Time. Owns the one way to learn what time it is; may use nothing of the house; never sleeps.
//!
//! Everything below `main` takes its time from a [`Clock`], so that the same engine runs on the wall
//! clock in a club and on virtual time in `clubos simulate`.

use std::fmt;
use std::ops::{Add, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A moment: milliseconds since 1970-01-01T00:00:00Z. The unit of every time in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct UnixMs(pub i64);

impl UnixMs {
    /// Time from `earlier` to `self`, zero if `earlier` is later.
    pub fn since(self, earlier: UnixMs) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// The moment as a jiff timestamp; moments beyond year 9999 are clamped to the epoch.
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl From<jiff::Timestamp> for UnixMs {
    fn from(ts: jiff::Timestamp) -> Self {
        UnixMs(ts.as_millisecond())
    }
}

impl Add<Duration> for UnixMs {
    type Output = UnixMs;
    fn add(self, by: Duration) -> UnixMs {
        UnixMs(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for UnixMs {
    type Output = UnixMs;
    fn sub(self, by: Duration) -> UnixMs {
        UnixMs(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for UnixMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(f)
    }
}

/// Where the time comes from. Cheap to clone; all clones show the same time.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
enum Inner {
    /// The machine's wall clock, carried forward by the monotonic one, so that it never runs backwards.
    System { wall: UnixMs, started: Instant },
    /// Set by hand: tests and `simulate`.
    Virtual(AtomicI64),
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the one place that may ask the machine for the time")]
    pub fn system() -> Clock {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Clock(Arc::new(Inner::System { wall: UnixMs(0) + wall, started: Instant::now() }))
    }

    pub fn virtual_at(start: UnixMs) -> Clock {
        Clock(Arc::new(Inner::Virtual(AtomicI64::new(start.0))))
    }

    pub fn now(&self) -> UnixMs {
        match &*self.0 {
            Inner::System { wall, started } => *wall + started.elapsed(),
            Inner::Virtual(now) => UnixMs(now.load(Ordering::Relaxed)),
        }
    }

    /// Moves a virtual clock forward to `to`; never backwards. Does nothing to the system clock.
    pub fn advance_to(&self, to: UnixMs) {
        if let Inner::Virtual(now) = &*self.0 {
            now.fetch_max(to.0, Ordering::Relaxed);
        }
    }
}
