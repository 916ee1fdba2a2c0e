//! The connection to the broker that carries all of these devices.
//!
//! Owns the connection and what each device told last. One task polls it and also hands commands over, so that a
//! command goes out only while the connection stands: the client library is thrown away with a connection that broke,
//! and all that it still held, so an old command is never sent later, whatever the broker says of the session. What the broker had kept proves no command: it is
//! dated before every command that can still be open, and the device is asked anew.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, MqttOptions, Outgoing, Packet, Publish, QoS,
    SubscribeFilter, SubscribeReasonCode,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::{info, warn};

use super::super::health::Board;
use super::super::novelty::Novelty;
use super::super::unit::LanUnit;
use super::super::{DeviceEvent, NotSent, Observation};
use super::{Heard, Message, MqttDeviceOptions, Topics};
use crate::clock::{Clock, UnixMs};
use crate::policy::Permit;

/// Filters in one SUBSCRIBE: far below the client's largest packet (64 KiB).
const FILTERS_A_PACKET: usize = 90;
/// A device that leaves this many questions unanswered is gone.
const UNANSWERED: u32 = 3;
/// Questions on their way at once; beyond them there is room for commands.
const QUESTIONS: usize = 40;
/// Messages on their way at once, of the 100 that the client library lets wait for the broker's receipt: what came
/// beyond would wait inside it, and might go out late.
const ON_THEIR_WAY: usize = 90;
/// Requests that the client library holds: 200 devices' subscriptions and all that may be on its way.
const REQUESTS: usize = 256;
/// Wait for the broker's answer to a connection, in seconds.
const CONNECT_S: u64 = 5;
/// A question that found no room is asked again after this.
const NO_ROOM: Duration = Duration::from_millis(50);
/// What the broker had kept is dated this long before the start: an effect may have been sent before it, and none
/// stays open for so long.
const KEPT_AGE_MS: i64 = 3_600_000;

/// An effect on its way to the task that holds the connection.
pub(super) struct Order {
    pub permit: Permit,
    pub reply: oneshot::Sender<Result<(), NotSent>>,
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

/// The answer to an order, and how many of its messages are still without the broker's receipt.
struct Open {
    reply: oneshot::Sender<Result<(), NotSent>>,
    left: usize,
}

pub(super) struct Link {
    mqtt: MqttOptions,
    /// Of the connection that stands or is tried now.
    client: Option<AsyncClient>,
    connected: bool,
    units: Vec<Unit>,
    /// Which devices listen to a topic.
    by_topic: BTreeMap<String, Vec<usize>>,
    /// Effect ids of messages given to the client library, in order; `None`: a question, whose receipt nobody awaits.
    handed_over: VecDeque<Option<i64>>,
    /// Written, by packet id; the broker has not confirmed them yet.
    unreceipted: HashMap<u16, Option<i64>>,
    open: HashMap<i64, Open>,
    broker_gone_at: Option<Instant>,
    /// What the broker had kept is dated so.
    kept_at: UnixMs,
    novelty: Novelty,
    events: mpsc::Sender<DeviceEvent>,
    clock: Clock,
    options: MqttDeviceOptions,
}

impl Link {
    pub fn new(
        mqtt: MqttOptions,
        units: impl Iterator<Item = (LanUnit, Box<dyn Topics>)>,
        events: mpsc::Sender<DeviceEvent>,
        clock: Clock,
        options: MqttDeviceOptions,
    ) -> Link {
        let units: Vec<Unit> = units.map(|(is, topics)| Unit::new(is, topics)).collect();
        let mut by_topic: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, unit) in units.iter().enumerate() {
            for topic in unit.topics.listens() {
                by_topic.entry(topic).or_default().push(at);
            }
        }
        Link {
            mqtt,
            client: None,
            connected: false,
            units,
            by_topic,
            handed_over: VecDeque::new(),
            unreceipted: HashMap::new(),
            open: HashMap::new(),
            broker_gone_at: None,
            kept_at: UnixMs(clock.now().0.saturating_sub(KEPT_AGE_MS)),
            novelty: Novelty::default(),
            events,
            clock,
            options,
        }
    }

    pub fn boards(&self) -> Vec<Board> {
        self.units.iter().map(|unit| unit.board.clone()).collect()
    }

    /// Runs until the driver is dropped or nobody listens to its events.
    pub async fn run(mut self, mut inbox: mpsc::Receiver<Order>) {
        let mut connection = self.connect();
        while !self.events.is_closed() {
            let polled = {
                let mut poll = std::pin::pin!(connection.poll());
                loop {
                    // The poll is kept across orders: cancelling it could restart a log-in half way.
                    let deadline = self.next_deadline();
                    tokio::select! {
                        polled = &mut poll => break polled,
                        order = inbox.recv() => match order {
                            Some(order) => self.hand_over(order),
                            None => return,
                        },
                        () = until(deadline) => self.on_time().await,
                    }
                }
            };
            match polled {
                Ok(event) => self.on_event(event).await,
                Err(error) => {
                    self.on_broken(&error, &mut inbox).await;
                    connection = self.connect();
                }
            }
        }
    }

    fn connect(&mut self) -> EventLoop {
        let (client, mut connection) = AsyncClient::new(self.mqtt.clone(), REQUESTS);
        connection.network_options.set_connection_timeout(CONNECT_S);
        self.client = Some(client);
        connection
    }

    fn hand_over(&mut self, order: Order) {
        let Order { permit, reply } = order;
        if reply.is_closed() {
            // The asker was told long ago that it may have been sent; now it will not be.
            return;
        }
        let messages = match self.messages(&permit) {
            Ok(messages) => messages,
            // A closed receiver is a caller that gave up waiting.
            Err(refused) => return drop(reply.send(Err(refused))),
        };
        let id = permit.effect_id();
        let mut handed = 0;
        for message in messages {
            if self.publish(message, Some(id)) {
                handed += 1;
            } else if handed == 0 {
                let full = NotSent::Offline("the link to the broker is full".to_owned());
                return drop(reply.send(Err(full)));
            }
        }
        self.open.insert(id, Open { reply, left: handed });
    }

    /// What is to be sent, if it may be sent now.
    fn messages(&mut self, permit: &Permit) -> Result<Vec<Message>, NotSent> {
        let offline = |why: &str| NotSent::Offline(why.to_owned());
        let (effect, target) = (permit.effect(), permit.target());
        let carries = |unit: &&mut Unit| unit.is.target == *target && unit.is.effects.contains(&effect);
        let Some(unit) = self.units.iter_mut().find(carries) else {
            return Err(NotSent::Unsupported(effect));
        };
        if self.clock.now() >= permit.expires_at() {
            return Err(offline("the permit ran out before it could be sent"));
        }
        if !self.connected {
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

    fn publish(&mut self, message: Message, of: Option<i64>) -> bool {
        let room = self.on_their_way() < ON_THEIR_WAY;
        let Some(client) = self.client.as_ref().filter(|_| room) else { return false };
        let sent = client.try_publish(message.topic, QoS::AtLeastOnce, false, message.payload);
        if sent.is_ok() {
            self.handed_over.push_back(of);
        }
        sent.is_ok()
    }

    fn on_their_way(&self) -> usize {
        self.handed_over.len() + self.unreceipted.len()
    }

    async fn on_event(&mut self, event: Event) {
        match event {
            Event::Incoming(Packet::ConnAck(_)) => self.on_connected().await,
            Event::Incoming(Packet::Publish(publish)) => self.on_publish(&publish).await,
            Event::Incoming(Packet::PubAck(ack)) => {
                if let Some(Some(id)) = self.unreceipted.remove(&ack.pkid) {
                    self.receipt(id);
                }
            }
            Event::Incoming(Packet::SubAck(ack))
                if ack.return_codes.contains(&SubscribeReasonCode::Failure) =>
            {
                warn!("the broker refuses to let the box hear devices; run `clubos broker init` again");
            }
            Event::Outgoing(Outgoing::Publish(packet)) => {
                if let Some(of) = self.handed_over.pop_front() {
                    self.unreceipted.insert(packet, of);
                }
            }
            _ => {}
        }
    }

    fn receipt(&mut self, id: i64) {
        let Some(open) = self.open.get_mut(&id) else { return };
        open.left = open.left.saturating_sub(1);
        if open.left == 0
            && let Some(open) = self.open.remove(&id)
        {
            drop(open.reply.send(Ok(())));
        }
    }

    /// Subscribing anew makes the broker repeat what it kept; then each device is asked.
    async fn on_connected(&mut self) {
        if !self.connected {
            info!("connected to the broker, for plugs and the like");
        }
        self.connected = true;
        self.broker_gone_at = None;
        let filters: Vec<SubscribeFilter> =
            self.by_topic.keys().map(|topic| SubscribeFilter::new(topic.clone(), QoS::AtLeastOnce)).collect();
        if let Some(client) = &self.client {
            for packet in filters.chunks(FILTERS_A_PACKET) {
                if let Err(error) = client.try_subscribe_many(packet.iter().cloned()) {
                    warn!(%error, "cannot subscribe to the devices' topics");
                }
            }
        }
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

    async fn on_broken(&mut self, error: &ConnectionError, inbox: &mut mpsc::Receiver<Order>) {
        if self.connected || self.broker_gone_at.is_none() {
            info!(%error, "no connection to the broker, for plugs and the like");
        }
        let gone_at = Instant::now() + self.options.grace;
        self.broker_gone_at = Some(self.broker_gone_at.filter(|_| !self.connected).unwrap_or(gone_at));
        self.connected = false;
        self.handed_over.clear();
        self.unreceipted.clear();
        // They may have arrived before the line broke: not refused, but left to observation.
        for (_, open) in self.open.drain() {
            drop(open.reply.send(Ok(())));
        }
        for unit in &mut self.units {
            // Whether it is still there is only known once it is heard again.
            unit.online = unit.online.filter(|online| !online);
            unit.ask_at = None;
            unit.board.error(&unit.is.target, &format!("broker: {error}"));
        }
        let again = Instant::now() + self.options.retry;
        loop {
            let deadline = self.next_deadline();
            tokio::select! {
                () = tokio::time::sleep_until(again) => return,
                order = inbox.recv() => match order {
                    Some(order) => self.hand_over(order),
                    None => return,
                },
                () = until(deadline) => self.on_time().await,
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

    fn next_deadline(&self) -> Option<Instant> {
        let units = self.units.iter().flat_map(|unit| [unit.gone_at, unit.ask_at].into_iter().flatten());
        let broker = self.broker_gone_at.filter(|_| self.units.iter().any(|unit| unit.online != Some(false)));
        units.chain(broker).min()
    }

    /// Asks whom it is time to ask, and reports what stayed away for longer than the grace.
    async fn on_time(&mut self) {
        let now = Instant::now();
        let broker_gone = self.broker_gone_at.is_some_and(|at| at <= now);
        if broker_gone && self.units.iter().any(|unit| unit.online != Some(false)) {
            warn!("no connection to the broker; the devices behind it cannot be reached");
        }
        for nth in 0..self.units.len() {
            if self.units[nth].ask_at.is_some_and(|at| at <= now) {
                self.ask(nth);
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

    fn ask(&mut self, nth: usize) {
        let (open, idle) = (self.options.open_ask, self.options.idle_ask);
        let room = self.on_their_way() < QUESTIONS;
        let unit = &mut self.units[nth];
        if !self.connected || !room {
            unit.ask_at = self.connected.then(|| Instant::now() + NO_ROOM);
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
            self.publish(message, None);
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

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
