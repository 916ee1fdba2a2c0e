//! How channels fare: what became of their last calls, kept in the database, and told to the desk.
//!
//! Logged once when a channel breaks and once when it works again, never at every call.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::NotReached;
use crate::desk::{Desk, DeskHandle};
use crate::store::{StoreError, called};

/// Writes down what became of calls. Cheap to clone.
#[derive(Clone)]
pub struct Health {
    desk: DeskHandle,
    /// Channels that are known to be broken.
    broken: Arc<Mutex<BTreeMap<&'static str, bool>>>,
}

impl Health {
    pub fn new(desk: DeskHandle) -> Health {
        Health { desk, broken: Arc::default() }
    }

    /// The one place where a channel's health is told. That a person has no address says nothing about it.
    pub fn report(&self, channel: &'static str, result: &Result<(), NotReached>) {
        if matches!(result, Err(NotReached::NoAddress(_))) {
            return;
        }
        self.log(channel, result);
        let result = result.clone();
        let told = self.desk.tell(move |desk| {
            if let Err(error) = write(desk, channel, &result) {
                tracing::error!(%error, channel, "how a channel fares could not be stored");
            }
        });
        if told.is_err() {
            tracing::debug!("the desk has stopped");
        }
    }

    /// What had failed beside the calls (a connection for buttons) works again. It closes the matter and says
    /// nothing of a delivery: "last delivered" stays what it was.
    pub fn mended(&self, channel: &'static str) {
        self.log(channel, &Ok(()));
        let told = self.desk.tell(move |desk| {
            let stored = desk.store().write(|tx| called::mended(tx, channel));
            if let Err(error) = stored.and_then(|()| desk.channel_health(channel, Ok(()))) {
                tracing::error!(%error, channel, "how a channel fares could not be stored");
            }
        });
        if told.is_err() {
            tracing::debug!("the desk has stopped");
        }
    }

    fn log(&self, channel: &'static str, result: &Result<(), NotReached>) {
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        let was = broken.insert(channel, result.is_err()).unwrap_or(false);
        match result {
            Err(why) if !was => tracing::warn!(channel, %why, "a channel to people is broken"),
            Ok(()) if was => tracing::info!(channel, "a channel to people works again"),
            _ => {}
        }
    }
}

fn write(desk: &mut Desk, channel: &'static str, result: &Result<(), NotReached>) -> Result<(), StoreError> {
    let now = desk.now();
    desk.store().write(|tx| match result {
        Ok(()) => called::worked(tx, channel, now),
        Err(why) => called::failed(tx, channel, &why.to_string(), matches!(why, NotReached::Dead(_)), now),
    })?;
    desk.channel_health(channel, result.clone().map_err(|why| why.to_string()))
}
