//! What one bay's agent said last. Pure; talks to nobody.

use std::time::Duration;

use tokio::time::Instant;

use super::agent_wire::{Status, Wake};
use super::{NotSent, Observation};
use crate::clock::UnixMs;
use crate::site::Effect;

#[derive(Debug, Default)]
pub(super) struct BayView {
    /// `None` until its status was heard on this connection.
    pub online: Option<bool>,
    capabilities: Option<Vec<String>>,
    pub wake: Option<Wake>,
    pub simulated: bool,
    /// When its absence is to be reported.
    pub gone_at: Option<Instant>,
    /// Until when an effect is being watched, so that every word of the agent counts.
    pub watched_until: UnixMs,
}

impl BayView {
    /// Takes in a status and says what it shows.
    pub fn status(&mut self, status: Status, grace: Duration) -> Vec<Observation> {
        self.simulated = status.simulated;
        // A last will without the record still belongs to the PC that announced one.
        self.wake = status.wake.or(self.wake.take().filter(|_| !status.online));
        self.online = Some(status.online);
        if !status.online {
            self.gone_at.get_or_insert_with(|| Instant::now() + grace);
            return Vec::new();
        }
        self.capabilities = status.capabilities;
        self.gone_at = None;
        let reachable = Observation::Reachable { online: true, effect: None, reason: None };
        std::iter::once(reachable).chain(status.boot_id.map(|id| Observation::Boot { id })).collect()
    }

    /// Whether the agent can be given this command.
    pub fn takes(&self, effect: Effect) -> Result<(), NotSent> {
        match self.online {
            None => return Err(NotSent::Offline("the bay's agent has not reported yet".to_owned())),
            Some(false) => return Err(NotSent::Offline("the bay's agent is offline".to_owned())),
            Some(true) => {}
        }
        let able = self.capabilities.as_ref().is_none_or(|all| all.iter().any(|c| c == effect.name()));
        if able { Ok(()) } else { Err(NotSent::Unsupported(effect)) }
    }
}
