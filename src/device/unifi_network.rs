//! The driver of network gear on UniFi Network: power-cycles a bay's PoE port, restarts a device of the
//! hall's network, and sees both, the line to the internet, the access points and the bays' PCs.
//!
//! Speaks the official local API. Where the site names an account, the older one tells which ports link the gear and
//! power-cycles a port where the official one cannot yet (`unifi_legacy`). A success from the console is only
//! an acknowledgement: the port is seen without power and with it again, the device's uptime begins anew.
//! What carries this box and what links the gear is never cut (`unifi_network_guard`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::warn;

use super::call::{CallError, Leniency};
use super::health::Board;
use super::novelty::Novelty;
use super::unifi_legacy::{self, Legacy};
use super::unifi_network_client::NetworkClient;
pub use super::unifi_network_client::NetworkError;
use super::{
    DeviceEvent, DeviceHealth, Driver, NotSent, Observation, unifi_network_guard, unifi_network_watch,
    unifi_network_wire,
};
use crate::clock::Clock;
use crate::policy::Permit;
use crate::site::{Effect, Gear, NetworkConsole, Target};

/// Family name of this gear.
pub const FAMILY: &str = "network gear (UniFi Network)";

/// How patient the driver is. The defaults are for a club.
#[derive(Debug, Clone)]
pub struct NetworkOptions {
    /// Longest wait for one answer. Default 5 s.
    pub patience: Duration,
    /// Between looks while an action is open. Default 1 s.
    pub open_poll: Duration,
    /// Between looks otherwise. Default 30 s.
    pub idle_poll: Duration,
    /// A console that is gone for less is not reported gone. Default 20 s.
    pub grace: Duration,
    /// First pause after a 429 that names none, and of the breaker; doubles. Default 1 s.
    pub backoff: Duration,
    /// No pause is longer, whatever the console wants. Default 60 s.
    pub longest_pause: Duration,
    /// Failures in a row before the console is left alone. Default 5.
    pub breaker: u32,
}

impl NetworkOptions {
    pub(super) fn leniency(&self) -> Leniency {
        let NetworkOptions { backoff, longest_pause, breaker, .. } = *self;
        Leniency { backoff, longest_pause, breaker }
    }
}

impl Default for NetworkOptions {
    fn default() -> NetworkOptions {
        NetworkOptions {
            patience: Duration::from_secs(5),
            open_poll: Duration::from_secs(1),
            idle_poll: Duration::from_secs(30),
            grace: Duration::from_secs(20),
            backoff: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            breaker: 5,
        }
    }
}

/// Drives all gear of one console. Dropping it ends its task.
pub struct NetworkDriver {
    network: Arc<Network>,
    tasks: Vec<JoinHandle<()>>,
}

/// What the driver and its tasks share.
pub(super) struct Network {
    pub(super) client: NetworkClient,
    pub(super) legacy: Option<Arc<Legacy>>,
    pub(super) console: NetworkConsole,
    pub(super) gear: BTreeMap<Target, Gear>,
    pub(super) options: NetworkOptions,
    pub(super) board: Board,
    pub(super) clock: Clock,
    events: mpsc::Sender<DeviceEvent>,
    novelty: Mutex<Novelty>,
}

impl NetworkDriver {
    /// Starts watching in the background.
    ///
    /// # Errors
    /// [`NetworkError`]: key file, fingerprint or address cannot be used. An unreachable console is no error
    /// here, but shows in the health.
    pub fn start(
        console: &NetworkConsole,
        gear: BTreeMap<Target, Gear>,
        events: mpsc::Sender<DeviceEvent>,
        clock: Clock,
        options: NetworkOptions,
    ) -> Result<NetworkDriver, NetworkError> {
        let client = NetworkClient::new(console, options.clone())?;
        let (http, base) = client.http();
        let legacy =
            console.account.as_ref().map(|account| Legacy::new(account, http, base, options.clone()));
        let legacy = legacy.transpose().map_err(NetworkError::Password)?.map(Arc::new);
        let network = Arc::new(Network {
            client,
            legacy: legacy.clone(),
            console: console.clone(),
            board: Board::new(FAMILY, gear.keys().cloned()),
            gear,
            options,
            clock,
            events,
            novelty: Mutex::default(),
        });
        let mut tasks = vec![tokio::spawn(unifi_network_watch::look(network.clone()))];
        tasks.extend(legacy.map(|legacy| tokio::spawn(unifi_legacy::follow(network.clone(), legacy))));
        Ok(NetworkDriver { network, tasks })
    }
}

impl Drop for NetworkDriver {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

#[async_trait]
impl Driver for NetworkDriver {
    async fn act(&self, permit: Permit) -> Result<(), NotSent> {
        let network = self.network.clone();
        // In a task of its own: a caller that gives up must not cut a request in half.
        let sent = tokio::spawn(async move { network.carry_out(&permit).await }).await;
        sent.unwrap_or(Ok(()))
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn health(&self) -> Vec<DeviceHealth> {
        self.network.board.list()
    }
}

impl Network {
    async fn carry_out(self: Arc<Self>, permit: &Permit) -> Result<(), NotSent> {
        let (id, effect, target) = (permit.effect_id(), permit.effect(), permit.target().clone());
        let gear = match (effect, self.gear.get(&target)) {
            (Effect::PoeCycle, Some(gear @ Gear::Port { .. }))
            | (Effect::NetworkRestart, Some(gear @ Gear::Device { .. })) => gear.clone(),
            _ => return Err(NotSent::Unsupported(effect)),
        };
        self.in_time(permit)?;
        let seen = self.legacy.as_ref().and_then(|legacy| legacy.seen());
        let device = match unifi_network_guard::clear(&self.client, &self.console, seen.as_ref(), &gear).await
        {
            Ok(device) => device,
            Err(barred) => return Err(self.not_sent(&target, barred.to_string())),
        };
        self.in_time(permit)?;
        // Looks begin at once, as the answer may come late or never while the port is already dark.
        let within = effect.verify_within();
        let watch = tokio::spawn(unifi_network_watch::watch(
            self.clone(),
            target.clone(),
            gear.clone(),
            device.id.clone(),
            within,
        ));
        let answer = match &gear {
            Gear::Port { device: mac, port } => self.power_cycle(&device.id, mac, *port).await,
            _ => self.client.restart(&device.id).await,
        };
        match answer {
            Ok(()) => self.emit(&target, Observation::Acknowledged { effect_id: id }).await,
            Err(not_sent @ (CallError::NotSent(_) | CallError::Held(_))) => {
                watch.abort();
                return Err(self.not_sent(&target, not_sent.to_string()));
            }
            Err(refused @ (CallError::Refused(_) | CallError::TooMany(_))) => {
                watch.abort();
                self.board.error(&target, &refused.to_string());
                let seen = Observation::Rejected { effect_id: id, reason: refused.to_string() };
                self.emit(&target, seen).await;
            }
            Err(unclear) => {
                warn!(gear = %target, error = %unclear, "sent; whether it worked is only seen at the device");
                self.board.error(&target, &unclear.to_string());
            }
        }
        Ok(())
    }

    async fn power_cycle(&self, id: &str, mac: &str, port: u16) -> Result<(), CallError> {
        match (self.client.power_cycle(id, port).await, &self.legacy) {
            // Nothing was done: this console's official API has no such call.
            (Err(CallError::Refused(why)), Some(legacy)) if unifi_network_wire::no_such_call(&why) => {
                legacy.power_cycle(&self.client.site_reference().await?, mac, port).await
            }
            (answer, _) => answer,
        }
    }

    fn in_time(&self, permit: &Permit) -> Result<(), NotSent> {
        if self.clock.now() < permit.expires_at() {
            return Ok(());
        }
        Err(NotSent::Offline("the permit ran out before it could be sent".to_owned()))
    }

    fn not_sent(&self, target: &Target, why: String) -> NotSent {
        self.board.error(target, &why);
        NotSent::Offline(why)
    }

    /// The hall's `network`, if the site names it with this driver.
    pub(super) fn hall(&self) -> Option<&Target> {
        self.gear.iter().find(|(_, gear)| !matches!(gear, Gear::Port { .. })).map(|(target, _)| target)
    }

    /// Reports what was seen: what is new, or all of it while an action is watched.
    pub(super) async fn saw(&self, target: &Target, seen: Observation, watched: bool) {
        let news = {
            let mut novelty = self.novelty.lock().unwrap_or_else(PoisonError::into_inner);
            novelty.passes(target, &seen, self.clock.now(), watched)
        };
        if news {
            self.emit(target, seen).await;
        }
    }

    async fn emit(&self, target: &Target, observation: Observation) {
        let simulated =
            self.client.simulated() || self.legacy.as_ref().is_some_and(|legacy| legacy.simulated());
        self.board.simulated(target, simulated);
        let event = DeviceEvent { target: target.clone(), at: self.clock.now(), observation, simulated };
        // A closed channel is a house that shuts down; the task ends with the driver.
        let _ = self.events.send(event).await;
    }
}
