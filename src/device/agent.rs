//! The driver of bay agents over MQTT.
//!
//! Owns one connection to the broker and what each bay's agent said last. One task polls the connection
//! and also hands commands over, so that a command goes out only while the connection stands: what the
//! client library still holds when it breaks is thrown away with the session (clean sessions), so an old
//! command is never sent later. Never retains a command, never believes an agent's "done".
//!
//! A retained message is dated by the agent's own time stamp, everything else by the box's clock: what
//! was true before a command can so never verify it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use async_trait::async_trait;
use rumqttc::{AsyncClient, ConnectionError, Event, EventLoop, MqttOptions, Outgoing, Packet, Publish, QoS};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::{info, warn};

use super::agent_wire::{self, Command, Kind, Status, Wake, WireError};
use super::broker::{self, BrokerError};
use super::health::Board;
use super::{DeviceEvent, DeviceHealth, Driver, NotSent, Observation, wake};
use crate::clock::{Clock, UnixMs};
use crate::policy::Permit;
use crate::site::{BayId, Effect, Target, secret};

/// Family name of these devices.
pub const FAMILY: &str = "bay agent (MQTT)";

/// How patient the driver is. The defaults are for a club.
#[derive(Debug, Clone)]
pub struct AgentOptions {
    /// A device that is gone for less is not reported gone. Default 10 s.
    pub grace: Duration,
    /// Wait for the broker's receipt before leaving the outcome to observation. Default 2 s.
    pub receipt: Duration,
    /// Pause before connecting again. Default 1 s.
    pub retry: Duration,
}

impl Default for AgentOptions {
    fn default() -> AgentOptions {
        AgentOptions {
            grace: Duration::from_secs(10),
            receipt: Duration::from_secs(2),
            retry: Duration::from_secs(1),
        }
    }
}

/// Drives all bays that have an agent on MQTT. Dropping it ends its task.
pub struct AgentDriver {
    orders: mpsc::Sender<Order>,
    board: Board,
    options: AgentOptions,
    task: tokio::task::JoinHandle<()>,
}

/// A command on its way to the task that holds the connection.
struct Order {
    bay: BayId,
    effect: Effect,
    command: Command,
    reply: oneshot::Sender<Result<(), NotSent>>,
}

impl AgentDriver {
    /// Connects to the broker in the background and stays connected.
    ///
    /// # Errors
    /// The broker's password file cannot be used, or there are no random numbers.
    pub fn start(
        broker: &crate::site::Broker,
        bays: &[BayId],
        events: mpsc::Sender<DeviceEvent>,
        clock: Clock,
        options: AgentOptions,
    ) -> Result<AgentDriver, BrokerError> {
        let password = secret::read(&broker.password_file)?;
        let mut mqtt = MqttOptions::new(broker::client_id(&broker.username)?, &broker.host, broker.port);
        mqtt.set_credentials(&broker.username, password)
            .set_clean_session(true)
            .set_keep_alive(Duration::from_secs(15))
            .set_max_packet_size(1024 * 1024, 64 * 1024);
        let (client, mut connection) = AsyncClient::new(mqtt, 64);
        connection.network_options.set_connection_timeout(5);
        let board = Board::new(FAMILY, bays.iter().map(|bay| Target::from(*bay)));
        let (orders, inbox) = mpsc::channel(16);
        let link = Link {
            client,
            connected: false,
            handed_over: VecDeque::new(),
            unreceipted: HashMap::new(),
            bays: bays.iter().map(|bay| (*bay, BayView::default())).collect(),
            gone_at: None,
            started: clock.now(),
            board: board.clone(),
            events,
            clock,
            options: options.clone(),
        };
        let task = tokio::spawn(link.run(connection, inbox));
        Ok(AgentDriver { orders, board, options, task })
    }
}

impl Drop for AgentDriver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[async_trait]
impl Driver for AgentDriver {
    async fn act(&self, permit: Permit) -> Result<(), NotSent> {
        let Some(bay) = permit.target().bay() else { return Err(NotSent::Unsupported(permit.effect())) };
        let command = Command {
            v: agent_wire::VERSION,
            id: permit.effect_id(),
            action: permit.effect().name().to_owned(),
            value: permit.value(),
            expires_at: permit.expires_at().0,
        };
        let (reply, answer) = oneshot::channel();
        let order = Order { bay, effect: permit.effect(), command, reply };
        self.orders
            .try_send(order)
            .map_err(|_| NotSent::Offline("the bay agents' link is busy or down".into()))?;
        match tokio::time::timeout(self.options.receipt, answer).await {
            Ok(Ok(result)) => result,
            // No receipt: it may or may not have arrived. What the bay shows next decides.
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn health(&self) -> Vec<DeviceHealth> {
        self.board.list()
    }
}

/// What one bay's agent said last.
#[derive(Default)]
struct BayView {
    online: Option<bool>,
    capabilities: Option<Vec<String>>,
    wake: Option<Wake>,
    simulated: bool,
    /// How far the agent's clock runs ahead of ours, in ms, learnt from live messages.
    ahead: Option<i64>,
    /// When its absence is to be reported.
    gone_at: Option<Instant>,
}

struct Link {
    client: AsyncClient,
    connected: bool,
    /// Given to the client library, not yet written to the connection; in order.
    handed_over: VecDeque<oneshot::Sender<Result<(), NotSent>>>,
    /// Written, by packet id; the broker has not confirmed them yet.
    unreceipted: HashMap<u16, oneshot::Sender<Result<(), NotSent>>>,
    bays: BTreeMap<BayId, BayView>,
    /// When the broker's absence is to be reported.
    gone_at: Option<Instant>,
    started: UnixMs,
    board: Board,
    events: mpsc::Sender<DeviceEvent>,
    clock: Clock,
    options: AgentOptions,
}

impl Link {
    /// Runs until the driver is dropped or nobody listens to its events.
    async fn run(mut self, mut connection: EventLoop, mut inbox: mpsc::Receiver<Order>) {
        while !self.events.is_closed() {
            let polled = {
                let mut poll = std::pin::pin!(connection.poll());
                loop {
                    // The poll is kept across orders: cancelling it could restart a log-in half way.
                    let deadline = self.next_deadline();
                    tokio::select! {
                        polled = &mut poll => break polled,
                        order = inbox.recv() => match order {
                            Some(order) => self.hand_over(order).await,
                            None => return,
                        },
                        () = until(deadline) => self.report_gone().await,
                    }
                }
            };
            match polled {
                Ok(event) => self.on_event(event).await,
                Err(error) => self.on_broken(&error, &mut inbox).await,
            }
        }
    }

    async fn hand_over(&mut self, order: Order) {
        let Order { bay, effect, command, reply } = order;
        let sent = match self.may_send(bay, effect, &command) {
            Ok(()) => self.send(bay, effect, &command).await,
            Err(refused) => Err(refused),
        };
        match sent {
            Ok(Handed::Queued) => self.handed_over.push_back(reply),
            // A closed receiver is a caller that gave up waiting.
            Ok(Handed::Gone) => drop(reply.send(Ok(()))),
            Err(refused) => drop(reply.send(Err(refused))),
        }
    }

    fn may_send(&self, bay: BayId, effect: Effect, command: &Command) -> Result<(), NotSent> {
        let offline = |why: &str| Err(NotSent::Offline(why.to_owned()));
        let Some(view) = self.bays.get(&bay) else { return Err(NotSent::Unsupported(effect)) };
        if self.clock.now() >= UnixMs(command.expires_at) {
            return offline("the permit ran out before it could be sent");
        }
        if effect == Effect::PcWake && view.wake.is_some() {
            return Ok(());
        }
        if !self.connected {
            return offline("not connected to the broker");
        }
        match view.online {
            None => return offline("the bay's agent has not reported yet"),
            Some(false) => return offline("the bay's agent is offline"),
            Some(true) => {}
        }
        let able = view.capabilities.as_ref().is_none_or(|all| all.iter().any(|c| c == effect.name()));
        if able { Ok(()) } else { Err(NotSent::Unsupported(effect)) }
    }

    async fn send(&self, bay: BayId, effect: Effect, command: &Command) -> Result<Handed, NotSent> {
        let wake_record = self.bays.get(&bay).and_then(|view| view.wake.as_ref());
        if let (Effect::PcWake, Some(record)) = (effect, wake_record) {
            let sent = wake::send(record).await;
            return sent.map(|()| Handed::Gone).map_err(|error| NotSent::Offline(error.to_string()));
        }
        let payload = serde_json::to_vec(command).map_err(|error| NotSent::Offline(error.to_string()))?;
        let handed = self.client.try_publish(agent_wire::topic(bay, "cmd"), QoS::AtLeastOnce, false, payload);
        handed.map(|()| Handed::Queued).map_err(|error| NotSent::Offline(error.to_string()))
    }

    async fn on_event(&mut self, event: Event) {
        match event {
            Event::Incoming(Packet::ConnAck(_)) => self.on_connected(),
            Event::Incoming(Packet::Publish(publish)) => self.on_publish(&publish).await,
            Event::Incoming(Packet::PubAck(ack)) => {
                if let Some(reply) = self.unreceipted.remove(&ack.pkid) {
                    drop(reply.send(Ok(())));
                }
            }
            Event::Outgoing(Outgoing::Publish(id)) => {
                if let Some(reply) = self.handed_over.pop_front() {
                    self.unreceipted.insert(id, reply);
                }
            }
            _ => {}
        }
    }

    /// Subscribing anew makes the broker repeat every retained status and state.
    fn on_connected(&mut self) {
        if !self.connected {
            info!("connected to the broker");
        }
        self.connected = true;
        self.gone_at = None;
        for bay in self.bays.keys() {
            for leaf in ["status", "state", "result"] {
                let topic = agent_wire::topic(*bay, leaf);
                if let Err(error) = self.client.try_subscribe(topic, QoS::AtLeastOnce) {
                    warn!(%bay, leaf, %error, "cannot subscribe");
                }
            }
        }
    }

    async fn on_broken(&mut self, error: &ConnectionError, inbox: &mut mpsc::Receiver<Order>) {
        if self.connected || self.gone_at.is_none() {
            info!(%error, "no connection to the broker");
        }
        if self.connected {
            self.gone_at = Some(Instant::now() + self.options.grace);
        } else {
            self.gone_at.get_or_insert(Instant::now() + self.options.grace);
        }
        self.connected = false;
        // They may have arrived before the line broke: not refused, but left to observation.
        for reply in self.handed_over.drain(..).chain(self.unreceipted.drain().map(|(_, reply)| reply)) {
            drop(reply.send(Ok(())));
        }
        for (bay, view) in &mut self.bays {
            // Whether it is still there is only known once the broker repeats its status.
            view.online = view.online.filter(|online| !online);
            self.board.error(&Target::from(*bay), &format!("broker: {error}"));
        }
        let again = Instant::now() + self.options.retry;
        loop {
            let deadline = self.next_deadline();
            tokio::select! {
                () = tokio::time::sleep_until(again) => return,
                order = inbox.recv() => match order {
                    Some(order) => self.hand_over(order).await,
                    None => return,
                },
                () = until(deadline) => self.report_gone().await,
            }
        }
    }

    async fn on_publish(&mut self, publish: &Publish) {
        let Some((bay, kind)) = agent_wire::parse_topic(&publish.topic) else { return };
        if !self.bays.contains_key(&bay) {
            return;
        }
        let read = match kind {
            Kind::Status => {
                agent_wire::read_status(&publish.payload).map(|s| self.status(bay, s, publish.retain))
            }
            Kind::State => agent_wire::read_state(&publish.payload).map(|state| {
                let at = self.dated(bay, Some(state.at), publish.retain);
                let mut seen = state.observations();
                let view = self.bays.get(&bay);
                if !publish.retain && view.is_some_and(|view| view.online == Some(true)) {
                    seen.insert(0, Observation::Reachable { online: true, effect: None, reason: None });
                }
                (at, seen, state.simulated)
            }),
            // A result is never retained; a retained one is a mistake and too old to count.
            Kind::Result if publish.retain => return,
            Kind::Result => agent_wire::read_result(&publish.payload)
                .map(|result| (self.clock.now(), vec![result.observation()], result.simulated)),
        };
        match read {
            Ok((at, seen, simulated)) => self.publish(bay, at, seen, simulated).await,
            Err(error) => self.on_malformed(bay, &error),
        }
    }

    fn status(&mut self, bay: BayId, status: Status, retained: bool) -> (UnixMs, Vec<Observation>, bool) {
        let at = self.dated(bay, status.at.filter(|_| status.online), retained);
        let mut seen = Vec::new();
        if let Some(view) = self.bays.get_mut(&bay) {
            view.simulated = status.simulated;
            view.wake = status.wake.or(view.wake.take().filter(|_| !status.online));
            view.online = Some(status.online);
            if status.online {
                view.capabilities = status.capabilities;
                view.gone_at = None;
                seen.push(Observation::Reachable { online: true, effect: None, reason: None });
                seen.extend(status.boot_id.map(|id| Observation::Boot { id }));
            } else if view.gone_at.is_none() {
                view.gone_at = Some(Instant::now() + self.options.grace);
            }
        }
        (at, seen, status.simulated)
    }

    /// When something was true: now for a live message; for one the broker kept, when the agent wrote it,
    /// in the box's time. A kept one without a date, or with one from the future, is as old as this driver.
    fn dated(&mut self, bay: BayId, written: Option<i64>, retained: bool) -> UnixMs {
        let now = self.clock.now();
        let Some(view) = self.bays.get_mut(&bay) else { return now };
        if !retained {
            if let Some(written) = written {
                view.ahead = Some(written.saturating_sub(now.0));
            }
            return now;
        }
        match written.map(|at| at.saturating_sub(view.ahead.unwrap_or(0).max(0))) {
            Some(at) if at <= now.0 => UnixMs(at),
            _ => self.started,
        }
    }

    async fn publish(&mut self, bay: BayId, at: UnixMs, seen: Vec<Observation>, simulated: bool) {
        let target = Target::from(bay);
        let simulated = simulated || self.bays.get(&bay).is_some_and(|view| view.simulated);
        self.board.simulated(&target, simulated);
        for observation in seen {
            if let Observation::Reachable { online: true, .. } = observation
                && self.board.set(&target, true, self.clock.now(), None)
            {
                info!(%bay, "the bay's agent is online");
            }
            let event = DeviceEvent { target: target.clone(), at, observation, simulated };
            if self.events.send(event).await.is_err() {
                return;
            }
        }
    }

    fn on_malformed(&self, bay: BayId, error: &WireError) {
        if self.board.malformed(&Target::from(bay), &error.to_string()) {
            warn!(%bay, %error, "the bay's agent sent a message that cannot be read; further ones are only counted");
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.bays.values().filter_map(|view| view.gone_at).chain(self.pending_broker_report()).min()
    }

    fn pending_broker_report(&self) -> Option<Instant> {
        self.gone_at.filter(|_| self.bays.values().any(|view| view.online != Some(false)))
    }

    /// Reports what stayed away for longer than the grace.
    async fn report_gone(&mut self) {
        let now = Instant::now();
        let broker_gone = self.gone_at.is_some_and(|at| at <= now);
        let mut gone = Vec::new();
        for (bay, view) in &mut self.bays {
            if view.gone_at.take_if(|at| *at <= now).is_some() {
                gone.push((*bay, "the bay's agent is offline"));
            } else if broker_gone && view.online != Some(false) {
                view.online = Some(false);
                gone.push((*bay, "no connection to the broker"));
            }
        }
        for (bay, why) in gone {
            let target = Target::from(bay);
            if self.board.set(&target, false, self.clock.now(), Some(why)) {
                info!(%bay, why, "the bay's agent is gone");
            }
            let reason = Some(why.to_owned());
            let seen = vec![Observation::Reachable { online: false, effect: None, reason }];
            self.publish(bay, self.clock.now(), seen, false).await;
        }
    }
}

/// How far a command got.
enum Handed {
    /// In the client library's hands; the broker's receipt is to come.
    Queued,
    /// On the wire; no receipt comes.
    Gone,
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
