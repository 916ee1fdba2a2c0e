//! How often something may be tried: a window that slides, by key, in memory.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::UnixMs;

/// Keys kept before those without recent tries are dropped.
const MANY: usize = 4096;

/// Lets `most` tries through in any `window`.
#[derive(Debug)]
pub struct Throttle {
    most: usize,
    window: Duration,
    tries: Mutex<HashMap<String, VecDeque<UnixMs>>>,
}

impl Throttle {
    pub fn new(most: usize, window: Duration) -> Throttle {
        Throttle { most, window, tries: Mutex::new(HashMap::new()) }
    }

    /// # Errors
    /// How long to wait, once there were too many.
    pub fn check(&self, key: &str, now: UnixMs) -> Result<(), Duration> {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(times) = tries.get_mut(key) else { return Ok(()) };
        times.retain(|at| now.since(*at) < self.window);
        match times.front() {
            Some(first) if times.len() >= self.most => Err((*first + self.window).since(now)),
            _ => Ok(()),
        }
    }

    /// Counts a try.
    pub fn note(&self, key: &str, now: UnixMs) {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= MANY {
            tries.retain(|_, times| times.back().is_some_and(|at| now.since(*at) < self.window));
        }
        tries.entry(key.to_owned()).or_default().push_back(now);
    }

    /// Takes back the try that was counted at `at`: it was right.
    pub fn forgive(&self, key: &str, at: UnixMs) {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(times) = tries.get_mut(key)
            && let Some(index) = times.iter().rposition(|t| *t == at)
        {
            times.remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_slides() {
        let throttle = Throttle::new(2, Duration::from_secs(60));
        let at = |s: i64| UnixMs(s * 1000);
        throttle.note("a", at(0));
        throttle.note("a", at(30));
        assert_eq!(throttle.check("a", at(40)), Err(Duration::from_secs(20)));
        assert_eq!(throttle.check("b", at(40)), Ok(()), "another client is not meant");
        assert_eq!(throttle.check("a", at(60)), Ok(()));
    }
}
