//! What the devices behind the broker say and are told over the connection that carries all of them.
//!
//! Owns what each told last, whom it is time to ask, and who is gone. What the broker had kept proves no command: it is
//! dated before every command that can still be open, and the device is asked anew.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use rumqttc::Publish;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::{info, warn};

use super::super::broker_link::{Behind, BrokerLink, Message, Reply, kept_at};
use super::super::health::Board;
use super::super::novelty::Novelty;
use super::super::unit::LanUnit;
use super::super::{DeviceEvent, NotSent, Observation};
use super::{Heard, MqttDeviceOptions, Topics};
use crate::clock::{Clock, UnixMs};
use crate::policy::Permit;

/// A device that leaves this many questions unanswered is gone.
const UNANSWERED: u32 = 3;
/// Questions on their way at once; beyond them there is room for commands.
const QUESTIONS: usize = 40;
/// A question that found no room is asked again after this.
const NO_ROOM: Duration = Duration::from_millis(50);

/// An effect on its way to the task that holds the connection.
pub(super) struct Order {
    pub permit: Permit,
    pub reply: Reply,
}

/// One device.
struct Unit {
    is: LanUnit,
    topics: Box<dyn Topics>,
    board: Board,
    /// `None` until it was heard of on this connection.
    online: Option<bool>,
    /// Only the broker's absence keeps it away.
    gone_with_broker: bool,
    simulated: bool,
    /// When its absence is to be reported.
    gone_at: Option<Instant>,
    watched_until: Option<Instant>,
    ask_at: Option<Instant>,
    unanswered: u32,
}

/// All of them.
pub(super) struct Devices {
    units: Vec<Unit>,
    /// Which devices listen to a topic.
    by_topic: BTreeMap<String, Vec<usize>>,
    /// What the broker had kept is dated so.
    kept_at: UnixMs,
    novelty: Novelty,
    events: mpsc::Sender<DeviceEvent>,
    clock: Clock,
    options: MqttDeviceOptions,
}

impl Devices {
    pub fn new(
        units: impl Iterator<Item = (LanUnit, Box<dyn Topics>)>,
        events: mpsc::Sender<DeviceEvent>,
        clock: Clock,
        options: MqttDeviceOptions,
    ) -> Devices {
        let units: Vec<Unit> = units.map(|(is, topics)| Unit::new(is, topics)).collect();
        let mut by_topic: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, unit) in units.iter().enumerate() {
            for topic in unit.topics.listens() {
                by_topic.entry(topic).or_default().push(at);
            }
        }
        let kept_at = kept_at(&clock);
        Devices { units, by_topic, kept_at, novelty: Novelty::default(), events, clock, options }
    }

    pub fn boards(&self) -> Vec<Board> {
        self.units.iter().map(|unit| unit.board.clone()).collect()
    }

    /// What is to be sent, if it may be sent now.
    fn messages(&mut self, permit: &Permit, connected: bool) -> Result<Vec<Message>, NotSent> {
        let offline = |why: &str| NotSent::Offline(why.to_owned());
        let (effect, target) = (permit.effect(), permit.target());
        let carries = |unit: &&mut Unit| unit.is.target == *target && unit.is.effects.contains(&effect);
        let Some(unit) = self.units.iter_mut().find(carries) else {
            return Err(NotSent::Unsupported(effect));
        };
        if self.clock.now() >= permit.expires_at() {
            return Err(offline("the permit ran out before it could be sent"));
        }
        if !connected {
            return Err(offline("not connected to the broker"));
        }
        match unit.online {
            Some(false) => return Err(offline("the device is offline")),
            None if unit.topics.answers() || unit.topics.announces() => {
                return Err(offline("the device was not heard of yet"));
            }
            Some(true) | None => {}
        }
        let messages = unit.topics.tell(permit)?;
        let until = Instant::now() + effect.verify_within();
        unit.watched_until = Some(unit.watched_until.map_or(until, |before| before.max(until)));
        unit.ask_at = unit.asks_again(self.options.open_ask);
        Ok(messages)
    }

    async fn take_in(&mut self, nth: usize, at: UnixMs, heard: Vec<Heard>) {
        for heard in heard {
            match heard {
                Heard::Online(true) => self.is_there(nth).await,
                Heard::Online(false) => {
                    let grace = self.options.grace;
                    let unit = &mut self.units[nth];
                    unit.online = Some(false);
                    unit.gone_at.get_or_insert_with(|| Instant::now() + grace);
                }
                Heard::Simulated => self.units[nth].simulated = true,
                Heard::Saw(seen) => self.pass_on(nth, at, seen).await,
            }
        }
    }

    async fn is_there(&mut self, nth: usize) {
        let unit = &mut self.units[nth];
        unit.online = Some(true);
        unit.gone_at = None;
        if unit.board.set(&unit.is.target, true, self.clock.now(), None) {
            info!(device = %unit.is.target, family = unit.topics.family(), "can be reached");
        }
        self.report(nth, true, None).await;
    }

    /// Tells that a device can be reached or not: of a bay only what it carries there.
    async fn report(&mut self, nth: usize, online: bool, why: Option<&str>) {
        let unit = &self.units[nth];
        let effects: Vec<_> = match unit.is.target.bay() {
            Some(_) => unit.is.effects.iter().copied().map(Some).collect(),
            None => vec![None],
        };
        for effect in effects {
            let reason = why.map(str::to_owned);
            self.pass_on(nth, self.clock.now(), Observation::Reachable { online, effect, reason }).await;
        }
    }

    async fn pass_on(&mut self, nth: usize, at: UnixMs, observation: Observation) {
        let unit = &self.units[nth];
        let watched = unit.watched_until.is_some_and(|until| Instant::now() < until);
        if !self.novelty.passes(&unit.is.target, &observation, self.clock.now(), watched) {
            return;
        }
        let simulated = unit.is.simulated || unit.simulated;
        unit.board.simulated(&unit.is.target, simulated);
        let event = DeviceEvent { target: unit.is.target.clone(), at, observation, simulated };
        // A closed channel is a house that shuts down; the task ends with the driver.
        let _ = self.events.send(event).await;
    }

    fn ask(&mut self, link: &mut BrokerLink, nth: usize) {
        let (open, idle) = (self.options.open_ask, self.options.idle_ask);
        let room = link.on_their_way() < QUESTIONS;
        let unit = &mut self.units[nth];
        if !link.is_connected() || !room {
            unit.ask_at = link.is_connected().then(|| Instant::now() + NO_ROOM);
            return;
        }
        let watched = unit.watched_until.is_some_and(|until| Instant::now() < until);
        unit.ask_at = unit.asks_again(if watched { open } else { idle });
        // While an effect is open it may well be silent: it starts anew.
        if !watched && unit.topics.answers() {
            if unit.unanswered >= UNANSWERED && unit.online != Some(false) {
                unit.online = Some(false);
                unit.gone_at.get_or_insert_with(Instant::now);
            }
            unit.unanswered += 1;
        }
        for message in unit.topics.asks() {
            link.publish(message, None);
        }
    }
}

#[async_trait]
impl Behind for Devices {
    type Order = Order;

    fn is_over(&self) -> bool {
        self.events.is_closed()
    }

    fn listens(&self) -> Vec<String> {
        self.by_topic.keys().cloned().collect()
    }

    async fn hand_over(&mut self, link: &mut BrokerLink, order: Order) {
        let Order { permit, reply } = order;
        if reply.is_closed() {
            // The asker was told long ago that it may have been sent; now it will not be.
            return;
        }
        match self.messages(&permit, link.is_connected()) {
            Ok(messages) => link.send(permit.effect_id(), messages, reply),
            // A closed receiver is a caller that gave up waiting.
            Err(refused) => drop(reply.send(Err(refused))),
        }
    }

    /// After what the broker kept, each device is asked.
    async fn on_connected(&mut self, _: &mut BrokerLink) {
        let now = Instant::now();
        for nth in 0..self.units.len() {
            let unit = &mut self.units[nth];
            unit.unanswered = 0;
            unit.ask_at = (!unit.topics.asks().is_empty()).then_some(now);
            if std::mem::take(&mut unit.gone_with_broker) {
                unit.online = None;
            }
            // Of one that tells nothing, the broker is all that can be reached.
            if unit.topics.listens().is_empty() {
                self.is_there(nth).await;
            }
        }
    }

    async fn on_publish(&mut self, publish: &Publish) {
        let at = if publish.retain { self.kept_at } else { self.clock.now() };
        let listeners = self.by_topic.get(&publish.topic).cloned().unwrap_or_default();
        for nth in listeners {
            let unit = &mut self.units[nth];
            match unit.topics.hear(&publish.topic, &publish.payload, publish.retain) {
                Ok(heard) => {
                    // What the broker kept is no answer, nor is what others say of the device.
                    if !publish.retain && !matches!(heard[..], [] | [Heard::Online(false), ..]) {
                        unit.unanswered = 0;
                    }
                    self.take_in(nth, at, heard).await;
                }
                Err(why) => {
                    let why = format!("{}: {why}", publish.topic);
                    if unit.board.malformed(&unit.is.target, &why) {
                        let target = &unit.is.target;
                        warn!(device = %target, why, "a message cannot be read; further ones are only counted");
                    }
                }
            }
        }
    }

    fn on_broken(&mut self, why: &str) {
        for unit in &mut self.units {
            unit.online = unit.online.filter(|online| !online);
            unit.ask_at = None;
            unit.board.error(&unit.is.target, why);
        }
    }

    fn next_deadline(&self, broker_gone_at: Option<Instant>) -> Option<Instant> {
        let units = self.units.iter().flat_map(|unit| [unit.gone_at, unit.ask_at].into_iter().flatten());
        let broker = broker_gone_at.filter(|_| self.units.iter().any(|unit| unit.online != Some(false)));
        units.chain(broker).min()
    }

    /// Asks whom it is time to ask, and reports what stayed away for longer than the grace.
    async fn on_time(&mut self, link: &mut BrokerLink) {
        let now = Instant::now();
        let broker_gone = link.is_gone(now);
        if broker_gone && self.units.iter().any(|unit| unit.online != Some(false)) {
            warn!("no connection to the broker; the devices behind it cannot be reached");
        }
        for nth in 0..self.units.len() {
            if self.units[nth].ask_at.is_some_and(|at| at <= now) {
                self.ask(link, nth);
            }
            let unit = &mut self.units[nth];
            let why = if unit.gone_at.take_if(|at| *at <= now).is_some() {
                "the device is offline"
            } else if broker_gone && unit.online != Some(false) {
                unit.online = Some(false);
                unit.gone_with_broker = true;
                "no connection to the broker"
            } else {
                continue;
            };
            let news = unit.board.set(&unit.is.target, false, self.clock.now(), Some(why));
            // One warning for the broker is enough.
            if news && !unit.gone_with_broker {
                warn!(device = %unit.is.target, family = unit.topics.family(), why, "cannot be reached");
            }
            self.report(nth, false, Some(why)).await;
        }
    }
}

impl Unit {
    fn new(is: LanUnit, topics: Box<dyn Topics>) -> Unit {
        let board = Board::new(topics.family(), [is.target.clone()]);
        board.simulated(&is.target, is.simulated);
        Unit {
            is,
            topics,
            board,
            online: None,
            gone_with_broker: false,
            simulated: false,
            gone_at: None,
            watched_until: None,
            ask_at: None,
            unanswered: 0,
        }
    }

    fn asks_again(&self, after: std::time::Duration) -> Option<Instant> {
        (!self.topics.asks().is_empty()).then(|| Instant::now() + after)
    }
}
