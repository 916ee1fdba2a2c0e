//! Health of devices as the pages list it. Owns the board that drivers write on; decides nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::clock::UnixMs;
use crate::site::Target;

/// One device as its driver sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceHealth {
    pub family: &'static str,
    pub target: Target,
    /// `None` until it was heard of for the first time.
    pub online: Option<bool>,
    /// Since when it is what it is.
    pub since: Option<UnixMs>,
    pub last_error: Option<String>,
    /// Messages from it that could not be read and were ignored.
    pub malformed: u64,
    pub simulated: bool,
}

/// Shared by a driver and its tasks; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Board {
    rows: Arc<Mutex<BTreeMap<Target, DeviceHealth>>>,
}

impl Board {
    pub fn new(family: &'static str, targets: impl IntoIterator<Item = Target>) -> Board {
        let row = |target: Target| DeviceHealth {
            family,
            target,
            online: None,
            since: None,
            last_error: None,
            malformed: 0,
            simulated: false,
        };
        let rows = targets.into_iter().map(|target| (target.clone(), row(target))).collect();
        Board { rows: Arc::new(Mutex::new(rows)) }
    }

    /// Notes that a device is there or not; true if that is news.
    pub fn set(&self, target: &Target, online: bool, at: UnixMs, reason: Option<&str>) -> bool {
        self.change(target, |row| {
            let news = row.online != Some(online);
            if news {
                row.online = Some(online);
                row.since = Some(at);
            }
            if let Some(reason) = reason {
                row.last_error = Some(reason.to_owned());
            }
            news
        })
    }

    pub fn error(&self, target: &Target, error: &str) {
        self.change(target, |row| {
            row.last_error = Some(error.to_owned());
            false
        });
    }

    /// Counts a message that could not be read; true the first time.
    pub fn malformed(&self, target: &Target, error: &str) -> bool {
        self.change(target, |row| {
            row.malformed += 1;
            row.last_error = Some(error.to_owned());
            row.malformed == 1
        })
    }

    pub fn simulated(&self, target: &Target, simulated: bool) {
        self.change(target, |row| {
            row.simulated = simulated;
            false
        });
    }

    pub fn list(&self) -> Vec<DeviceHealth> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn change(&self, target: &Target, change: impl FnOnce(&mut DeviceHealth) -> bool) -> bool {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.get_mut(target).is_some_and(change)
    }
}
