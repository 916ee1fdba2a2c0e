//! The driver of doors on UniFi Access.
//!
//! Owns unlocking and what is seen of doors. A success from the controller is only an acknowledgement:
//! that the door unlocked is read from its relay, from notifications or from the log entry that carries
//! our effect id. While an unlock is open, the door is looked at every second, as notifications are
//! documented for door bells only and break off now and then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use super::access_client::{AccessClient, CallError};
pub use super::access_client::{AccessError, SIMULATED_HEADER};
use super::access_hook::{self, AccessHooks};
use super::access_wire::{self, Refusal};
use super::health::Board;
use super::novelty::Novelty;
use super::{DeviceEvent, DeviceHealth, Driver, NotSent, Observation, access_watch};
use crate::clock::{Clock, UnixMs};
use crate::policy::Permit;
use crate::site::{AccessController, Effect, Target};

/// Family name of these doors.
pub const FAMILY: &str = "door (UniFi Access)";
/// The controller's clock may differ this much from ours when its log entries are dated.
const SKEW: Duration = Duration::from_secs(120);

/// How patient the driver is. The defaults are for a club.
#[derive(Debug, Clone)]
pub struct AccessOptions {
    /// Longest wait for one answer. Default 5 s.
    pub patience: Duration,
    /// Between looks at a door while an unlock is open. Default 1 s.
    pub open_poll: Duration,
    /// How long an unlock is watched. Default 20 s: 15 s for the proof, and for the door to open.
    pub open_for: Duration,
    /// Between looks at all doors otherwise. Default 30 s.
    pub idle_poll: Duration,
    /// A controller that is gone for less is not reported gone. Default 20 s.
    pub grace: Duration,
    /// First pause before the notifications are opened again; doubles up to 60 s. Default 1 s.
    pub retry: Duration,
}

impl Default for AccessOptions {
    fn default() -> AccessOptions {
        AccessOptions {
            patience: Duration::from_secs(5),
            open_poll: Duration::from_secs(1),
            open_for: Duration::from_secs(20),
            idle_poll: Duration::from_secs(30),
            grace: Duration::from_secs(20),
            retry: Duration::from_secs(1),
        }
    }
}

/// Drives all doors of one controller. Dropping it ends its tasks.
pub struct AccessDriver {
    doors: Arc<Doors>,
    hooks: Option<AccessHooks>,
    tasks: [JoinHandle<()>; 2],
}

/// What the driver and its tasks share.
pub(super) struct Doors {
    pub(super) client: AccessClient,
    /// The controller's door id of each target.
    pub(super) ids: BTreeMap<Target, String>,
    pub(super) options: AccessOptions,
    pub(super) board: Board,
    pub(super) clock: Clock,
    events: mpsc::Sender<DeviceEvent>,
    novelty: Mutex<Novelty>,
    /// Unlocks whose log entry was not seen yet: effect id, door, sent.
    open: Mutex<BTreeMap<i64, (Target, UnixMs)>>,
    /// Doors that had no hub when they were last looked at.
    hubless: Mutex<BTreeSet<Target>>,
}

impl AccessDriver {
    /// Starts watching these doors (target and the controller's door id) in the background.
    ///
    /// # Errors
    /// [`AccessError`]: token file, fingerprint or address cannot be used. An unreachable controller is
    /// no error here, but shows in the health.
    pub fn start(
        controller: &AccessController,
        doors: BTreeMap<Target, String>,
        events: mpsc::Sender<DeviceEvent>,
        clock: Clock,
        options: AccessOptions,
    ) -> Result<AccessDriver, AccessError> {
        let client = AccessClient::new(controller, options.patience)?;
        let secret = access_hook::secret_of(controller.webhook_secret_file.as_deref())?;
        let board = Board::new(FAMILY, doors.keys().cloned());
        let doors = Arc::new(Doors {
            client,
            ids: doors,
            options,
            board,
            clock,
            events,
            novelty: Mutex::default(),
            open: Mutex::default(),
            hubless: Mutex::default(),
        });
        let tasks = [
            tokio::spawn(access_watch::look(doors.clone())),
            tokio::spawn(access_watch::listen(doors.clone())),
        ];
        let hooks = secret.map(|secret| AccessHooks::new(doors.clone(), secret));
        Ok(AccessDriver { doors, hooks, tasks })
    }

    /// What takes the controller's webhooks, if the site names their secret.
    pub fn hooks(&self) -> Option<AccessHooks> {
        self.hooks.clone()
    }
}

impl Drop for AccessDriver {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

#[async_trait]
impl Driver for AccessDriver {
    async fn act(&self, permit: Permit) -> Result<(), NotSent> {
        let doors = self.doors.clone();
        // In a task of its own: a caller that gives up must not cut a request in half.
        let sent = tokio::spawn(async move { doors.unlock(&permit).await }).await;
        sent.unwrap_or(Ok(()))
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn health(&self) -> Vec<DeviceHealth> {
        self.doors.board.list()
    }
}

impl Doors {
    async fn unlock(self: Arc<Self>, permit: &Permit) -> Result<(), NotSent> {
        let (id, target) = (permit.effect_id(), permit.target());
        let Some(door_id) = self.ids.get(target).filter(|_| permit.effect() == Effect::DoorUnlock) else {
            return Err(NotSent::Unsupported(permit.effect()));
        };
        let sent_at = self.clock.now();
        if sent_at >= permit.expires_at() {
            return Err(NotSent::Offline("the permit ran out before it could be sent".to_owned()));
        }
        if self.hubless().contains(target) {
            return Err(NotSent::Cannot(no_hub(target)));
        }
        self.open().insert(id, (target.clone(), sent_at));
        // Looks begin at once, as an answer may come late or never while the door is already unlocked.
        let watch =
            tokio::spawn(access_watch::watch_unlock(self.clone(), id, target.clone(), door_id.clone()));
        let seen = match self.client.unlock(door_id, id).await {
            Ok(()) => Some(Observation::Acknowledged { effect_id: id }),
            Err(CallError::NotSent(why)) => {
                watch.abort();
                self.open().remove(&id);
                self.board.error(target, &why);
                return Err(NotSent::Offline(why));
            }
            Err(CallError::Refused(refusal @ Refusal::Code { .. })) => {
                watch.abort();
                self.open().remove(&id);
                self.board.error(target, &refusal.to_string());
                Some(Observation::Rejected { effect_id: id, reason: refusal.to_string() })
            }
            Err(unclear) => {
                warn!(door = %target, error = %unclear, "an unlock was sent; whether it worked is only seen at the door");
                self.board.error(target, &unclear.to_string());
                None
            }
        };
        if let Some(seen) = seen {
            self.emit(target, seen).await;
        }
        Ok(())
    }

    pub(super) async fn emit(&self, target: &Target, observation: Observation) {
        let simulated = self.client.simulated();
        self.board.simulated(target, simulated);
        let event = DeviceEvent { target: target.clone(), at: self.clock.now(), observation, simulated };
        // A closed channel is a house that shuts down; the tasks end with the driver.
        let _ = self.events.send(event).await;
    }

    /// Reports a door's state: all of it while an unlock is watched, else what is new.
    pub(super) async fn saw(&self, target: &Target, data: &Value, watched: bool) {
        if self.board.set(target, true, self.clock.now(), None) {
            info!(door = %target, "the door can be reached");
        }
        if access_wire::can_unlock(data) {
            self.hubless().remove(target);
        } else {
            self.hubless().insert(target.clone());
            self.board.error(target, &no_hub(target));
        }
        let reachable = Observation::Reachable { online: true, effect: None, reason: None };
        for observation in std::iter::once(reachable).chain(access_wire::door(data)) {
            if self.is_news(target, &observation, watched) {
                self.emit(target, observation).await;
            }
        }
    }

    /// Whether to pass this on; remembers it if so.
    pub(super) fn is_news(&self, target: &Target, observation: &Observation, always: bool) -> bool {
        let mut novelty = self.novelty.lock().unwrap_or_else(PoisonError::into_inner);
        novelty.passes(target, observation, self.clock.now(), always)
    }

    /// Looks for our own unlocks in a log entry and reports each once.
    pub(super) async fn saw_entry(&self, entry: &Value) {
        let open: Vec<_> = self.open().iter().map(|(id, (door, at))| (*id, door.clone(), *at)).collect();
        for (id, target, sent_at) in open {
            let ours = access_wire::shows_unlock(entry, id, (sent_at - SKEW).0);
            if ours && self.close(id) {
                self.emit(&target, Observation::UnlockLogged { effect_id: id }).await;
            }
        }
    }

    /// Stops looking for this unlock; true if it was still looked for.
    pub(super) fn close(&self, effect_id: i64) -> bool {
        self.open().remove(&effect_id).is_some()
    }

    pub(super) fn is_open(&self, effect_id: i64) -> bool {
        self.open().contains_key(&effect_id)
    }

    fn hubless(&self) -> MutexGuard<'_, BTreeSet<Target>> {
        self.hubless.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<i64, (Target, UnixMs)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_hub(door: &Target) -> String {
    format!("no hub is bound to {door}, so it cannot be unlocked from afar; bind one to it in UniFi Access")
}
