//! Devices: what they can be told and what they were seen to do.
//!
//! Owns the driver contract, the drivers (one file a family) and the verification of effects. May use
//! `policy`, `store`, `site`. A driver acts only on a [`Permit`], which only `policy` can make.

pub mod access;
mod access_client;
pub mod access_hook;
mod access_watch;
pub mod access_wire;
pub mod agent;
mod agent_bay;
pub mod agent_http;
mod agent_link;
pub mod agent_wire;
pub mod broker;
pub mod broker_certificate;
mod broker_link;
mod call;
pub mod console;
pub mod digest;
pub mod health;
pub mod http;
pub mod lan;
pub mod mqtt;
mod novelty;
pub mod pinned_tls;
pub mod protect;
pub mod registry;
mod shelly;
mod switch;
mod unifi_legacy;
mod unifi_legacy_wire;
pub mod unifi_network;
mod unifi_network_client;
mod unifi_network_guard;
mod unifi_network_watch;
mod unifi_network_wire;
pub mod unit;
pub mod verify;
pub mod wake;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use health::DeviceHealth;
pub use registry::{DeviceError, Drivers};
pub use unit::LanUnit;

use crate::clock::UnixMs;
use crate::policy::Permit;
use crate::site::{Effect, Target};

/// Something a device said or was seen to do. Facts only; what they mean for an effect is decided by
/// `verify`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Observation {
    /// The device (or only the part that carries `effect`) can be reached, or not, and why not.
    Reachable {
        online: bool,
        effect: Option<Effect>,
        reason: Option<String>,
    },
    /// The device took the command with this effect id.
    Acknowledged {
        effect_id: i64,
    },
    /// The device refused or failed the command with this effect id.
    Rejected {
        effect_id: i64,
        reason: String,
    },
    /// Simulator software on the bay's PC.
    Software {
        running: bool,
    },
    Radar {
        reachable: bool,
    },
    /// Identifies one boot of the bay's PC; changes with every boot.
    Boot {
        id: String,
    },
    /// Power of a projector or TV.
    Power {
        part: Part,
        on: bool,
    },
    ProjectorInput {
        right: bool,
    },
    Playing {
        playing: bool,
    },
    Lights {
        on: bool,
    },
    SetPoint {
        celsius: f32,
    },
    /// A PoE port or outlet.
    Supply {
        on: bool,
    },
    /// Seconds since the network gear started.
    Uptime {
        seconds: u64,
    },
    /// The gateway's line to the internet is plugged in and up.
    Wan {
        up: bool,
    },
    /// Access points of the site.
    AccessPoints {
        online: u32,
        total: u32,
    },
    /// Whether the bay's PC is connected to the network, as the network gear sees it.
    OnNetwork {
        present: bool,
    },
    /// The door's lock relay.
    Lock {
        unlocked: bool,
    },
    /// The controller's log or an event shows the unlock with our correlation id.
    UnlockLogged {
        effect_id: i64,
    },
    /// The door leaf, where a position sensor is wired.
    Position {
        open: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    Projector,
    Tv,
}

/// An observation with where and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeviceEvent {
    pub target: Target,
    pub at: UnixMs,
    pub observation: Observation,
    pub simulated: bool,
}

/// Why a command did not leave the box.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotSent {
    #[error("offline: {0}")]
    Offline(String),
    #[error("this driver cannot do {0}")]
    Unsupported(Effect),
    /// The device itself says that it could not carry it out; with what mends it.
    #[error("{0}")]
    Cannot(String),
}

/// One family of devices. `act` hands the command over and returns once it left the box (not once it
/// worked): an error means that certainly nothing was sent; a time-out after the first byte is `Ok`, and
/// the observations (or their absence) decide. Cancel-safe: dropping the future never un-sends.
#[async_trait]
pub trait Driver: Send + Sync {
    async fn act(&self, permit: Permit) -> Result<(), NotSent>;
    /// Family name for logs and pages: `bay agent (MQTT)`.
    fn family(&self) -> &'static str;
    /// The devices this driver carries, for the pages.
    fn health(&self) -> Vec<DeviceHealth> {
        Vec::new()
    }
}
