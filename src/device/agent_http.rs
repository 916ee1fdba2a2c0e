//! The driver of bay agents over HTTP, for agents that know no MQTT: the agent asks, the box answers.
//!
//! Owns the commands that wait to be fetched. Each is handed to one asker, once, while it has not expired;
//! one that nobody fetches in time is taken back and certainly never left. All of it stands under one lock:
//! whether a command left is never in doubt here. They wait in memory only: what waited when the box stopped
//! is never handed out afterwards.
//!
//! A heartbeat is what the agent reads; its report is its own word. "Success" proves nothing.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use tracing::info;

use super::health::Board;
use super::novelty::Novelty;
use super::{DeviceEvent, DeviceHealth, Driver, NotSent, Observation};
use crate::clock::{Clock, UnixMs};
use crate::policy::Permit;
use crate::site::{BayId, Effect, Target};

/// Family name of these devices.
pub const FAMILY: &str = "bay agent (HTTP)";
/// Free texts from an agent are cut to this many characters.
const MAX_REASON: usize = 200;
const MAX_NAME: usize = 64;
const MAX_CAPABILITIES: usize = 64;

/// How patient the driver is. The defaults are for a club.
#[derive(Debug, Clone)]
pub struct HttpAgentOptions {
    /// An agent that was not heard for so long is away. Default 45 s.
    pub away_after: Duration,
    /// A command that nobody fetched is taken back. Default 30 s.
    pub fetched_within: Duration,
    /// How often it is looked who is away. Default 1 s.
    pub look_every: Duration,
}

impl Default for HttpAgentOptions {
    fn default() -> HttpAgentOptions {
        HttpAgentOptions {
            away_after: Duration::from_secs(45),
            fetched_within: Duration::from_secs(30),
            look_every: Duration::from_secs(1),
        }
    }
}

/// What an agent reads on its PC. What it cannot read is `null` or left out, and is unknown.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Heartbeat {
    #[serde(default)]
    pub version: Option<String>,
    #[serde(default)]
    pub tps_version: Option<String>,
    /// Whether the simulator software runs.
    #[serde(default)]
    pub tps_running: Option<bool>,
    #[serde(default)]
    pub radar_ip: Option<String>,
    #[serde(default)]
    pub radar_reachable: Option<bool>,
    /// One boot of the PC, 1 to 64 printable characters. Without it no reboot can be proved.
    #[serde(default)]
    pub boot_id: Option<String>,
    /// Names of effects it can do; without them it refuses by itself what it cannot.
    #[serde(default)]
    pub capabilities: Option<Vec<String>>,
    #[serde(default)]
    pub simulated: bool,
}

/// One command as it is handed out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HttpCommand {
    pub id: i64,
    /// Name of the effect.
    pub action: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f32>,
    /// Unix milliseconds; after it the agent must not carry it out.
    pub expires_at: i64,
}

/// An agent's word on a command that was handed to it.
#[derive(Debug, Clone, Deserialize)]
pub struct Report {
    pub command_id: i64,
    pub success: bool,
    #[serde(default)]
    pub message: Option<String>,
}

/// Why an agent's message was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpAgentError {
    #[error("the site names no agent over HTTP for {0}")]
    NoSuchBay(BayId),
    #[error("{0}")]
    Malformed(String),
    #[error("the command was not handed to this agent")]
    NotYours,
}

struct Waiting {
    command: HttpCommand,
    taken: oneshot::Sender<()>,
}

#[derive(Default)]
struct Bay {
    heard_at: Option<UnixMs>,
    online: bool,
    simulated: bool,
    capabilities: Option<Vec<String>>,
    waiting: Option<Waiting>,
    /// Handed out and reported on, so that a repeated report changes nothing.
    reported: HashSet<i64>,
    watched_until: UnixMs,
}

struct Shared {
    bays: Mutex<BTreeMap<BayId, Bay>>,
    novelty: Mutex<Novelty>,
    board: Board,
    events: mpsc::Sender<DeviceEvent>,
    clock: Clock,
    options: HttpAgentOptions,
}

/// What the pages' room speaks to. Cheap to clone.
#[derive(Clone)]
pub struct HttpAgents(Arc<Shared>);

/// Drives all bays that have an agent over HTTP. Dropping it ends its task.
pub struct HttpAgentDriver {
    agents: HttpAgents,
    task: tokio::task::JoinHandle<()>,
}

impl HttpAgentDriver {
    pub fn start(
        bays: &[BayId],
        events: mpsc::Sender<DeviceEvent>,
        clock: Clock,
        options: HttpAgentOptions,
    ) -> HttpAgentDriver {
        let board = Board::new(FAMILY, bays.iter().map(|bay| Target::from(*bay)));
        let bays = bays.iter().map(|bay| (*bay, Bay::default())).collect();
        let shared =
            Shared { bays: Mutex::new(bays), novelty: Mutex::default(), board, events, clock, options };
        let agents = HttpAgents(Arc::new(shared));
        let task = tokio::spawn(agents.clone().look_who_is_away());
        HttpAgentDriver { agents, task }
    }

    /// The agents' side.
    pub fn agents(&self) -> HttpAgents {
        self.agents.clone()
    }
}

impl Drop for HttpAgentDriver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[async_trait]
impl Driver for HttpAgentDriver {
    async fn act(&self, permit: Permit) -> Result<(), NotSent> {
        let Some(bay) = permit.target().bay() else { return Err(NotSent::Unsupported(permit.effect())) };
        let mut taken = self.agents.offer(bay, &permit)?;
        let now = self.agents.0.clock.now();
        let patience = self.agents.0.options.fetched_within.min(permit.expires_at().since(now));
        match tokio::time::timeout(patience, &mut taken).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(NotSent::Offline("it expired before the bay's agent fetched it".to_owned())),
            Err(_) => {
                self.agents.take_back(bay, permit.effect_id());
                // It may have been fetched at the last moment; now nobody can any more.
                let never = |_| NotSent::Offline("the bay's agent did not fetch it in time".to_owned());
                taken.try_recv().map_err(never)
            }
        }
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn health(&self) -> Vec<DeviceHealth> {
        self.agents.0.board.list()
    }
}

impl HttpAgents {
    /// Whether the site names an agent over HTTP for this bay.
    pub fn knows(&self, bay: BayId) -> bool {
        self.bays().contains_key(&bay)
    }

    /// Takes in what an agent reads.
    ///
    /// # Errors
    /// No such bay, or a text that cannot be.
    pub async fn heartbeat(&self, bay: BayId, beat: Heartbeat) -> Result<(), HttpAgentError> {
        check(&beat)?;
        let now = self.0.clock.now();
        let always = {
            let mut bays = self.bays();
            let view = bays.get_mut(&bay).ok_or(HttpAgentError::NoSuchBay(bay))?;
            view.capabilities = beat.capabilities;
            view.simulated = beat.simulated;
            now <= view.watched_until
        };
        self.heard(bay).await?;
        let seen = [
            beat.boot_id.map(|id| Observation::Boot { id }),
            beat.tps_running.map(|running| Observation::Software { running }),
            beat.radar_reachable.map(|reachable| Observation::Radar { reachable }),
        ];
        for observation in seen.into_iter().flatten() {
            self.pass_on(bay, observation, always).await;
        }
        Ok(())
    }

    /// Hands out the command that waits for this bay, to one asker, once.
    ///
    /// # Errors
    /// No such bay.
    pub async fn poll(&self, bay: BayId) -> Result<Option<HttpCommand>, HttpAgentError> {
        self.heard(bay).await?;
        let now = self.0.clock.now();
        let mut bays = self.bays();
        let view = bays.get_mut(&bay).ok_or(HttpAgentError::NoSuchBay(bay))?;
        let Some(Waiting { command, taken }) = view.waiting.take() else { return Ok(None) };
        // An expired one is dropped here; whoever offered it hears that it was not taken.
        if now >= UnixMs(command.expires_at) || taken.send(()).is_err() {
            return Ok(None);
        }
        Ok(Some(command))
    }

    /// Takes in an agent's word on a command. That the command is of this bay and was handed to a driver is
    /// known by the caller, from the journal; here it must not be waiting still.
    ///
    /// # Errors
    /// No such bay, a text that cannot be, or a command that was not fetched.
    pub async fn report(&self, bay: BayId, report: Report) -> Result<(), HttpAgentError> {
        let effect_id = report.command_id;
        {
            let mut bays = self.bays();
            let view = bays.get_mut(&bay).ok_or(HttpAgentError::NoSuchBay(bay))?;
            if view.waiting.as_ref().is_some_and(|waiting| waiting.command.id == effect_id) {
                return Err(HttpAgentError::NotYours);
            }
            if !view.reported.insert(effect_id) {
                return Ok(());
            }
        }
        self.heard(bay).await?;
        let observation = match report.success {
            // It says so itself; what happened is read from its heartbeats.
            true => Observation::Acknowledged { effect_id },
            false => {
                let reason = report.message.as_deref().map_or("", str::trim);
                let reason = if reason.is_empty() { "the agent gave no reason" } else { reason };
                let reason = reason.chars().filter(|c| !c.is_control()).take(MAX_REASON).collect();
                Observation::Rejected { effect_id, reason }
            }
        };
        self.pass_on(bay, observation, true).await;
        Ok(())
    }

    /// Counts a message of this bay that could not be read.
    pub fn malformed(&self, bay: BayId, why: &str) {
        if self.0.board.malformed(&Target::from(bay), why) {
            tracing::warn!(%bay, "the bay's agent sent a message that cannot be read; further ones are only counted");
        }
    }

    fn offer(&self, bay: BayId, permit: &Permit) -> Result<oneshot::Receiver<()>, NotSent> {
        let effect = permit.effect();
        let now = self.0.clock.now();
        let offline = |why: &str| NotSent::Offline(why.to_owned());
        let mut bays = self.bays();
        let view = bays.get_mut(&bay).ok_or(NotSent::Unsupported(effect))?;
        if now >= permit.expires_at() {
            return Err(offline("the permit ran out before it could be sent"));
        }
        if !view.online {
            return Err(offline(match view.heard_at {
                None => "the bay's agent has not reported yet",
                Some(_) => "the bay's agent is offline",
            }));
        }
        if effect == Effect::PcWake || !view.can(effect) {
            return Err(NotSent::Unsupported(effect));
        }
        if view.waiting.as_ref().is_some_and(|waiting| !waiting.taken.is_closed()) {
            return Err(offline("another command waits for the bay's agent"));
        }
        let command = HttpCommand {
            id: permit.effect_id(),
            action: effect.name().to_owned(),
            value: permit.value(),
            expires_at: permit.expires_at().0,
        };
        let (taken, answer) = oneshot::channel();
        view.waiting = Some(Waiting { command, taken });
        view.watched_until =
            view.watched_until.max(now + effect.verify_within() + self.0.options.fetched_within);
        Ok(answer)
    }

    /// From here on it is not handed out.
    fn take_back(&self, bay: BayId, effect_id: i64) {
        if let Some(view) = self.bays().get_mut(&bay) {
            view.waiting.take_if(|waiting| waiting.command.id == effect_id);
        }
    }

    /// Any word of the agent shows that it is there.
    async fn heard(&self, bay: BayId) -> Result<(), HttpAgentError> {
        let now = self.0.clock.now();
        let simulated = {
            let mut bays = self.bays();
            let view = bays.get_mut(&bay).ok_or(HttpAgentError::NoSuchBay(bay))?;
            view.heard_at = Some(now);
            view.online = true;
            view.simulated
        };
        let target = Target::from(bay);
        self.0.board.simulated(&target, simulated);
        if self.0.board.set(&target, true, now, None) {
            info!(%bay, "the bay's agent is online");
        }
        self.pass_on(bay, Observation::Reachable { online: true, effect: None, reason: None }, false).await;
        Ok(())
    }

    async fn pass_on(&self, bay: BayId, observation: Observation, always: bool) {
        let (target, now) = (Target::from(bay), self.0.clock.now());
        let simulated = self.bays().get(&bay).is_some_and(|view| view.simulated);
        {
            let mut novelty = self.0.novelty.lock().unwrap_or_else(PoisonError::into_inner);
            if !novelty.passes(&target, &observation, now, always) {
                return;
            }
        }
        let event = DeviceEvent { target, at: now, observation, simulated };
        if self.0.events.send(event).await.is_err() {
            tracing::debug!("nobody listens to devices any more");
        }
    }

    async fn look_who_is_away(self) {
        let mut tick = tokio::time::interval(self.0.options.look_every);
        while !self.0.events.is_closed() {
            tick.tick().await;
            let now = self.0.clock.now();
            let mut gone = Vec::new();
            for (bay, view) in self.bays().iter_mut() {
                let silent = view.heard_at.is_some_and(|at| now.since(at) >= self.0.options.away_after);
                if view.online && silent {
                    view.online = false;
                    gone.push(*bay);
                }
            }
            for bay in gone {
                let why = "the bay's agent is offline";
                if self.0.board.set(&Target::from(bay), false, now, Some(why)) {
                    info!(%bay, "the bay's agent is gone");
                }
                let reason = Some(why.to_owned());
                self.pass_on(bay, Observation::Reachable { online: false, effect: None, reason }, true).await;
            }
        }
    }

    fn bays(&self) -> MutexGuard<'_, BTreeMap<BayId, Bay>> {
        self.0.bays.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bay {
    fn can(&self, effect: Effect) -> bool {
        self.capabilities.as_ref().is_none_or(|all| all.iter().any(|name| name == effect.name()))
    }
}

fn check(beat: &Heartbeat) -> Result<(), HttpAgentError> {
    let wrong = |what: &str| Err(HttpAgentError::Malformed(what.to_owned()));
    let texts = [&beat.version, &beat.tps_version, &beat.radar_ip];
    if texts.into_iter().flatten().any(|text| text.len() > MAX_NAME) {
        return wrong("a text is longer than 64 bytes");
    }
    let good = |id: &String| (1..=MAX_NAME).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    if beat.boot_id.as_ref().is_some_and(|id| !good(id)) {
        return wrong("the boot id is empty, too long or not printable");
    }
    let too_many = |all: &Vec<String>| all.len() > MAX_CAPABILITIES || all.iter().any(|c| c.len() > MAX_NAME);
    if beat.capabilities.as_ref().is_some_and(too_many) {
        return wrong("the capabilities are too many or too long");
    }
    Ok(())
}
