//! Devices that announce themselves on the network: proposed to staff, never used by themselves.
//!
//! Owns what is listened to (`mdns`, `broker`), how announcements are read (`home_assistant`, `tasmota`, `mdns`) and
//! how little of a stranger's words is kept (`found`, `keep`). May use everything from `desk` down. Decides nothing and
//! moves nothing: a proposal is a row that a manager may approve, and what they approve is checked by the loader of
//! `site.toml` like anything a person writes there. Off unless `site.toml` has `[discovery]`.
//!
//! Whatever is heard may be a lie, garbage that a broker kept, or ten million bytes of it. Texts are cut, of each
//! source a limited number is kept ([`crate::store::proposal::MOST`]), and rows are written at a slow pace.

mod abbreviations;
mod broker;
mod found;
pub mod home_assistant;
mod keep;
pub mod mdns;
pub mod tasmota;

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub use found::News;

use crate::clock::Clock;
use crate::desk::DeskHandle;
use crate::device::broker::BrokerError;
use crate::site::Site;

/// Announcements heard and not yet looked at; more are dropped.
const WAITING: usize = 256;

/// What is listened for, and who keeps it.
pub struct Parts {
    pub desk: DeskHandle,
    pub site: Arc<Site>,
    pub clock: Clock,
}

/// Starts listening, if the site wants it. It ends when its tasks are aborted.
///
/// # Errors
/// The broker's password file cannot be used, or there are no random numbers.
pub fn start(parts: Parts) -> Result<Vec<JoinHandle<()>>, BrokerError> {
    let Some(wanted) = parts.site.discovery else { return Ok(Vec::new()) };
    let (tell, heard) = mpsc::channel(WAITING);
    let mut tasks = Vec::new();
    if let Some(at) = parts.site.broker.as_ref().filter(|_| wanted.mqtt) {
        tasks.push(broker::listen(at, tell.clone())?);
    }
    if wanted.mdns {
        tasks.push(tokio::spawn(mdns::listen(tell)));
    }
    tasks.push(tokio::spawn(keep::keep(parts.desk, parts.clock, heard)));
    Ok(tasks)
}
