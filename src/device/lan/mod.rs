//! Devices that are asked at an address of their own: projectors, plugs over HTTP, other people's consoles.
//!
//! Owns the driver they share and the contract of a family ([`Wire`], one file each): one conversation at a time with
//! a device, regular looks, closer ones while an effect is open, grace before one is called gone, a breaker. What a
//! device answers to a command is an acknowledgement; what it shows at the next look is the proof.

mod benq;
mod http_call;
mod ninjaone;
pub mod pjlink;
mod pjlink_wire;
mod projector;
mod shelly;
mod tcp;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::{info, warn};

use super::call::{Breaker, CallError, Leniency};
use super::health::Board;
use super::http::HttpError;
use super::novelty::Novelty;
use super::unit::LanUnit;
use super::{DeviceEvent, DeviceHealth, Driver, NotSent, Observation};
use crate::clock::{Clock, UnixMs};
use crate::policy::Permit;
use crate::site::{Effect, LanDevice, Target, secret};

/// One family's wire to one device. Knows its protocol and nothing of the house.
#[async_trait]
pub(super) trait Wire: Send + Sync {
    /// Name for logs and pages: `projector (BenQ)`.
    fn family(&self) -> &'static str;

    /// Tells the device to carry the effect out and waits until it said that it will. What takes several steps
    /// says so as it goes ([`Told`]). Never called while [`Wire::look`] runs.
    ///
    /// # Errors
    /// [`CallError`], which says whether it may have been sent.
    async fn tell(&self, permit: &Permit, told: &Told<'_>) -> Result<(), CallError>;

    /// What the device shows now, as far as its effects need it.
    ///
    /// # Errors
    /// [`CallError`]: the device does not answer, or nothing that can be read.
    async fn look(&self) -> Result<Vec<Observation>, CallError>;

    /// Whether the device called itself simulated.
    fn simulated(&self) -> bool {
        false
    }

    /// What the device itself complained of when it was last looked at: `warning: filter`.
    fn trouble(&self) -> Option<String> {
        None
    }

    /// The longest that [`Wire::tell`] may take. Longer than an effect is watched where what was begun must be
    /// brought to its end.
    fn longest(&self, effect: Effect) -> Duration {
        effect.verify_within()
    }
}

/// Why a device cannot be driven at all.
#[derive(Debug, thiserror::Error)]
pub enum LanError {
    #[error("{target}: {source}")]
    Secret { target: Target, source: secret::SecretError },
    #[error("{target}: {source}")]
    Http { target: Target, source: HttpError },
}

/// How patient the driver is. The defaults are for a club.
#[derive(Debug, Clone)]
pub struct LanOptions {
    /// Longest wait for a connection, and for one answer. Default 5 s.
    pub patience: Duration,
    /// Between looks while an effect is open. Default 1 s.
    pub open_poll: Duration,
    /// Between looks otherwise. Default 30 s.
    pub idle_poll: Duration,
    /// A device that is gone for less is not reported gone. Default 20 s.
    pub grace: Duration,
    /// First pause after a 429 that names none, and of the breaker; doubles. Default 1 s.
    pub backoff: Duration,
    /// No pause is longer, whatever the device wants. Default 60 s.
    pub longest_pause: Duration,
    /// Failures in a row before the device is left alone. Default 5.
    pub breaker: u32,
    /// Longest wait for a lamp that warms up or cools down, before it is told anything. Default 100 s: such an
    /// effect is watched for 120 s.
    pub settle: Duration,
}

impl Default for LanOptions {
    fn default() -> LanOptions {
        LanOptions {
            patience: Duration::from_secs(5),
            open_poll: Duration::from_secs(1),
            idle_poll: Duration::from_secs(30),
            grace: Duration::from_secs(20),
            backoff: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            breaker: 5,
            settle: Duration::from_secs(100),
        }
    }
}

/// Drives all these devices of a site. Dropping it ends its tasks.
pub struct LanDriver {
    units: Vec<Arc<Unit>>,
    tasks: Vec<JoinHandle<()>>,
}

impl LanDriver {
    /// Starts watching each device in the background.
    ///
    /// # Errors
    /// [`LanError`]: a password file or fingerprint cannot be used. A device that cannot be reached is no error here.
    pub fn start(
        units: Vec<LanUnit>,
        events: mpsc::Sender<DeviceEvent>,
        clock: Clock,
        options: LanOptions,
    ) -> Result<LanDriver, LanError> {
        let mut running = Vec::new();
        let mut accounts = ninjaone::Accounts::default();
        for unit in units {
            let Some(wire) = wire(&unit, &options, &mut accounts)? else { continue };
            running.push(Arc::new(Unit::new(unit, wire, events.clone(), clock.clone(), options.clone())));
        }
        let tasks = running.iter().map(|unit| tokio::spawn(keep(unit.clone()))).collect();
        Ok(LanDriver { units: running, tasks })
    }
}

/// The wire of a device; `None` for a family that is not reached at an address.
fn wire(
    unit: &LanUnit,
    options: &LanOptions,
    accounts: &mut ninjaone::Accounts,
) -> Result<Option<Box<dyn Wire>>, LanError> {
    Ok(match &unit.device {
        LanDevice::NinjaOne(at) => Some(Box::new(accounts.wire(&unit.target, at, options)?)),
        LanDevice::HassAgent(_)
        | LanDevice::Lnxlink(_)
        | LanDevice::MqttSwitch(_)
        | LanDevice::ShellyMqtt(_)
        | LanDevice::Tasmota(_)
        | LanDevice::Zigbee2mqtt(_) => None,
        LanDevice::Http(of) => {
            Some(Box::new(http_call::Thing::new(of, &unit.target, &unit.effects, options.patience)?))
        }
        LanDevice::Shelly(at) => {
            Some(Box::new(shelly::Relay::new(at, &unit.target, &unit.effects, options.patience)?))
        }
        LanDevice::Benq(at) => Some(Box::new(benq::Projector::new(at, options))),
        LanDevice::Pjlink(at) => {
            let password = password(&unit.target, at.password_file.as_deref())?;
            Some(Box::new(pjlink::Projector::new(at, password, options)))
        }
    })
}

fn password(target: &Target, file: Option<&Path>) -> Result<Option<String>, LanError> {
    let read = file.map(secret::read).transpose();
    read.map_err(|source| LanError::Secret { target: target.clone(), source })
}

impl Drop for LanDriver {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

#[async_trait]
impl Driver for LanDriver {
    async fn act(&self, permit: Permit) -> Result<(), NotSent> {
        let carries = |unit: &&Arc<Unit>| {
            unit.is.target == *permit.target() && unit.is.effects.contains(&permit.effect())
        };
        let Some(unit) = self.units.iter().find(carries).cloned() else {
            return Err(NotSent::Unsupported(permit.effect()));
        };
        let (left, gone) = oneshot::channel();
        // In a task of its own: a caller that gives up must not cut a conversation in half.
        tokio::spawn(async move { unit.carry_out(&permit, left).await });
        gone.await.unwrap_or(Ok(()))
    }

    fn family(&self) -> &'static str {
        "devices on the LAN"
    }

    fn health(&self) -> Vec<DeviceHealth> {
        self.units.iter().flat_map(|unit| unit.board.list()).collect()
    }
}

struct Unit {
    is: LanUnit,
    wire: Box<dyn Wire>,
    board: Board,
    breaker: Breaker,
    options: LanOptions,
    clock: Clock,
    events: mpsc::Sender<DeviceEvent>,
    novelty: Mutex<Novelty>,
    /// Held for one conversation with the device.
    talk: tokio::sync::Mutex<()>,
    /// Until when an effect is being watched.
    watched_until: Mutex<Option<Instant>>,
    look_now: Notify,
}

impl Unit {
    fn new(
        is: LanUnit,
        wire: Box<dyn Wire>,
        events: mpsc::Sender<DeviceEvent>,
        clock: Clock,
        options: LanOptions,
    ) -> Unit {
        let LanOptions { backoff, longest_pause, breaker, .. } = options;
        let board = Board::new(wire.family(), [is.target.clone()]);
        board.simulated(&is.target, is.simulated);
        Unit {
            is,
            wire,
            board,
            breaker: Breaker::new(Leniency { backoff, longest_pause, breaker }),
            options,
            clock,
            events,
            novelty: Mutex::default(),
            talk: tokio::sync::Mutex::default(),
            watched_until: Mutex::default(),
            look_now: Notify::new(),
        }
    }

    async fn carry_out(&self, permit: &Permit, left: oneshot::Sender<Result<(), NotSent>>) {
        let told = Told { unit: self, left: Mutex::new(Some(left)), within: permit.effect().verify_within() };
        let result = self.converse(permit, &told).await;
        let target = &self.is.target;
        match result {
            Ok(()) => {
                self.emit(self.clock.now(), Observation::Acknowledged { effect_id: permit.effect_id() }).await
            }
            Err(error @ (CallError::NotSent(_) | CallError::Held(_))) if !told.has_left() => {
                self.board.error(target, &error.to_string());
                told.answer(Err(NotSent::Offline(error.to_string())));
            }
            Err(error @ (CallError::Refused(_) | CallError::TooMany(_))) => {
                self.board.error(target, &error.to_string());
                let reason = error.to_string();
                told.left();
                self.emit(self.clock.now(), Observation::Rejected { effect_id: permit.effect_id(), reason })
                    .await;
            }
            Err(error) => {
                warn!(device = %target, %error, "sent; whether it worked is only seen at the device");
                self.board.error(target, &error.to_string());
            }
        }
        told.left();
    }

    async fn converse(&self, permit: &Permit, told: &Told<'_>) -> Result<(), CallError> {
        let _alone = self.talk.lock().await;
        told.still_good(permit)?;
        if let Some(why) = self.breaker.held() {
            return Err(CallError::Held(why));
        }
        // Looks come close from here on: an answer may be late while the device already shows it.
        *self.watched() = Some(Instant::now() + told.within);
        let longest = self.wire.longest(permit.effect());
        let result = tokio::time::timeout(longest, self.wire.tell(permit, told)).await;
        let result = result.unwrap_or_else(|_| Err(CallError::NoAnswer("its time is over".to_owned())));
        self.breaker.note(result.as_ref().err());
        self.look_now.notify_one();
        result
    }

    async fn look(&self) -> Result<(), CallError> {
        let _alone = self.talk.lock().await;
        if let Some(why) = self.breaker.held() {
            return Err(CallError::Held(why));
        }
        // Dated by its beginning: what was asked before a command proves nothing of it.
        let at = self.clock.now();
        let looked = self.wire.look().await;
        self.breaker.note(looked.as_ref().err());
        for seen in looked? {
            self.saw(at, seen).await;
        }
        if let Some(trouble) = self.wire.trouble() {
            self.board.error(&self.is.target, &trouble);
        }
        Ok(())
    }

    fn watched(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.watched_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_watched(&self) -> bool {
        self.watched().is_some_and(|until| Instant::now() < until)
    }

    /// Tells that the device can be reached or not: of a bay only what it carries there.
    async fn report(&self, online: bool, why: Option<&str>) {
        let (target, now) = (&self.is.target, self.clock.now());
        if self.board.set(target, online, now, why) {
            match why {
                Some(why) => warn!(device = %target, family = self.wire.family(), why, "cannot be reached"),
                None => info!(device = %target, family = self.wire.family(), "can be reached"),
            }
        }
        let reason = why.map(str::to_owned);
        if self.is.target.bay().is_none() {
            return self.saw(now, Observation::Reachable { online, effect: None, reason }).await;
        }
        for effect in &self.is.effects {
            let reachable = Observation::Reachable { online, effect: Some(*effect), reason: reason.clone() };
            self.saw(now, reachable).await;
        }
    }

    /// Passes on what is new, or all of it while an effect is watched.
    async fn saw(&self, at: UnixMs, seen: Observation) {
        let watched = self.is_watched();
        let news = {
            let mut novelty = self.novelty.lock().unwrap_or_else(PoisonError::into_inner);
            novelty.passes(&self.is.target, &seen, self.clock.now(), watched)
        };
        if news {
            self.emit(at, seen).await;
        }
    }

    async fn emit(&self, at: UnixMs, observation: Observation) {
        let simulated = self.is.simulated || self.wire.simulated();
        self.board.simulated(&self.is.target, simulated);
        let event = DeviceEvent { target: self.is.target.clone(), at, observation, simulated };
        // A closed channel is a house that shuts down; the task ends with the driver.
        let _ = self.events.send(event).await;
    }
}

/// What a wire says while it carries out an effect of several steps.
pub(super) struct Told<'a> {
    unit: &'a Unit,
    left: Mutex<Option<oneshot::Sender<Result<(), NotSent>>>>,
    within: Duration,
}

impl Told<'_> {
    /// The first step has left the box; nothing can take it back.
    pub fn left(&self) {
        self.answer(Ok(()));
    }

    /// What the device shows in the middle of it.
    pub async fn saw(&self, seen: Observation) {
        self.unit.saw(self.unit.clock.now(), seen).await;
    }

    /// Between two looks in the middle of it.
    pub fn pause(&self) -> Duration {
        self.unit.options.open_poll
    }

    /// How long a device may be waited for that is not ready.
    pub fn settle(&self) -> Duration {
        self.unit.options.settle
    }

    /// Whether it may still be sent after a wait.
    ///
    /// # Errors
    /// [`CallError::Held`]: the permit ran out.
    pub fn still_good(&self, permit: &Permit) -> Result<(), CallError> {
        if self.unit.clock.now() < permit.expires_at() {
            return Ok(());
        }
        Err(CallError::Held("the permit ran out before it could be sent".to_owned()))
    }

    fn answer(&self, result: Result<(), NotSent>) {
        if let Some(left) = self.left.lock().unwrap_or_else(PoisonError::into_inner).take() {
            drop(left.send(result));
        }
    }

    fn has_left(&self) -> bool {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

/// Looks at one device for as long as the driver lives.
async fn keep(unit: Arc<Unit>) {
    let mut failing_since: Option<Instant> = None;
    loop {
        match unit.look().await {
            Ok(()) => {
                failing_since = None;
                unit.report(true, None).await;
            }
            Err(error) => {
                let why = error.to_string();
                unit.board.error(&unit.is.target, &why);
                if failing_since.get_or_insert_with(Instant::now).elapsed() >= unit.options.grace {
                    unit.report(false, Some(&why)).await;
                }
            }
        }
        let pause = match failing_since {
            _ if unit.is_watched() => unit.options.open_poll,
            Some(_) => (unit.options.grace / 4).min(unit.options.idle_poll),
            None => unit.options.idle_poll,
        };
        let pause = pause.max(unit.breaker.held_for()).max(Duration::from_millis(1));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = unit.look_now.notified() => {}
        }
    }
}
