//! The club in Home Assistant: bays, doors, hall, open calls for people and the box's health as entities (MQTT
//! discovery), and wishes from there.
//!
//! Owns the entities (`entities`), what they show (`states`), how a wish is written (`wish`) and the connection
//! (`link`). May use everything from `desk` down. Decides nothing: a wish goes to the desk and through the gate
//! as a program's, which nobody stands behind by name. Shows no customer's name, number or words. Off unless
//! `site.toml` has `[home_assistant]`.
//!
//! Topics below `clubos/v1/ha`, all JSON but the first: `availability` (`online`, `offline` by last will, retained),
//! `state/<target>` and `state/club` (retained), `do/<target>/<effect>` (wishes, never retained), `result` (what
//! became of each wish, not retained). Discovery: `homeassistant/<component>/clubos_<site>/<object>/config`,
//! retained, one entity a message, as Home Assistant 2024.3 and later read it.

mod entities;
mod link;
mod states;
mod wish;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::desk::DeskHandle;
use crate::device::broker::BrokerError;
use crate::site::Site;

/// The name wishes from Home Assistant are journaled under.
pub const NAME: &str = "home-assistant";
/// Where Home Assistant looks for entities, and says that it has started.
const DISCOVERY: &str = "homeassistant";
const BASE: &str = "clubos/v1/ha";

/// How the box itself is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    Ok,
    /// The rules alone read: the model is still being loaded, or there is none.
    WithoutModel,
    /// The configuration is bad: nothing moves.
    SafeMode,
}

impl Health {
    const ALL: [Health; 3] = [Health::Ok, Health::WithoutModel, Health::SafeMode];

    fn name(self) -> &'static str {
        match self {
            Health::Ok => "ok",
            Health::WithoutModel => "without model",
            Health::SafeMode => "safe mode",
        }
    }
}

/// What of the box is shown, and where wishes go.
pub struct Parts {
    pub desk: DeskHandle,
    /// The store's own file.
    pub db: PathBuf,
    pub site: Arc<Site>,
    pub clock: Clock,
    pub health: Arc<dyn Fn() -> Health + Send + Sync>,
}

/// Starts the connection, if the site wants it. It ends when its tasks are aborted.
///
/// # Errors
/// The broker's password file cannot be used, or there are no random numbers.
pub fn start(parts: Parts) -> Result<Vec<JoinHandle<()>>, BrokerError> {
    let site = parts.site.clone();
    match (&site.home_assistant, &site.broker) {
        (Some(wanted), Some(broker)) => link::start(parts, wanted.commands, broker),
        _ => Ok(Vec::new()),
    }
}
