//! The connection to the broker that carries all bay agents.
//!
//! Owns the connection and what each bay's agent said last. One task polls it and also hands commands
//! over, so that a command goes out only while the connection stands: what the client library still holds
//! when it breaks is thrown away with the session (clean sessions), so an old command is never sent
//! later. Never retains a command, never believes an agent's "done".

use std::collections::{BTreeMap, HashMap, VecDeque};

use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, Outgoing, Packet, Publish, QoS, SubscribeFilter,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::{info, warn};

use super::agent::AgentOptions;
use super::agent_bay::BayView;
use super::agent_wire::{self, Command, Kind, WireError};
use super::health::Board;
use super::novelty::Novelty;
use super::{DeviceEvent, NotSent, Observation, wake};
use crate::clock::{Clock, UnixMs};
use crate::site::{BayId, Effect, Target};

/// Filters in one SUBSCRIBE: far below the client's largest packet (64 KiB), and the packets of 99 bays
/// far below the requests it takes at once.
const FILTERS_A_PACKET: usize = 90;

/// What is listened to of one bay.
fn topics(bay: BayId) -> impl Iterator<Item = SubscribeFilter> {
    ["status", "state", "result"]
        .into_iter()
        .map(move |leaf| SubscribeFilter::new(agent_wire::topic(bay, leaf), QoS::AtLeastOnce))
}

/// A command on its way to the task that holds the connection.
pub(super) struct Order {
    pub bay: BayId,
    pub effect: Effect,
    pub command: Command,
    pub reply: oneshot::Sender<Result<(), NotSent>>,
}

pub(super) struct Link {
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
    novelty: Novelty,
    events: mpsc::Sender<DeviceEvent>,
    clock: Clock,
    options: AgentOptions,
}

/// One message as it was understood.
struct Heard {
    at: UnixMs,
    seen: Vec<Observation>,
    simulated: bool,
    /// Passed on although nothing in it is new.
    always: bool,
}

impl Link {
    pub fn new(
        client: AsyncClient,
        bays: &[BayId],
        board: Board,
        events: mpsc::Sender<DeviceEvent>,
        clock: Clock,
        options: AgentOptions,
    ) -> Link {
        Link {
            client,
            connected: false,
            handed_over: VecDeque::new(),
            unreceipted: HashMap::new(),
            bays: bays.iter().map(|bay| (*bay, BayView::default())).collect(),
            gone_at: None,
            started: clock.now(),
            board,
            novelty: Novelty::default(),
            events,
            clock,
            options,
        }
    }

    /// Runs until the driver is dropped or nobody listens to its events.
    pub async fn run(mut self, mut connection: EventLoop, mut inbox: mpsc::Receiver<Order>) {
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
        if reply.is_closed() {
            // The asker was told long ago that it may have been sent; now it will not be.
            return;
        }
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

    fn may_send(&mut self, bay: BayId, effect: Effect, command: &Command) -> Result<(), NotSent> {
        let offline = |why: &str| Err(NotSent::Offline(why.to_owned()));
        let now = self.clock.now();
        let Some(view) = self.bays.get_mut(&bay) else { return Err(NotSent::Unsupported(effect)) };
        if now >= UnixMs(command.expires_at) {
            return offline("the permit ran out before it could be sent");
        }
        if effect != Effect::PcWake || view.wake.is_none() {
            if !self.connected {
                return offline("not connected to the broker");
            }
            view.takes(effect)?;
        }
        view.watched_until = view.watched_until.max(now + effect.verify_within());
        Ok(())
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
        let filters: Vec<SubscribeFilter> = self.bays.keys().flat_map(|bay| topics(*bay)).collect();
        for packet in filters.chunks(FILTERS_A_PACKET) {
            if let Err(error) = self.client.try_subscribe_many(packet.iter().cloned()) {
                warn!(%error, "cannot subscribe to the bays");
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
        let (now, started, grace, kept) =
            (self.clock.now(), self.started, self.options.grace, publish.retain);
        let Some(view) = self.bays.get_mut(&bay) else { return };
        let date = |view: &mut BayView, written| match kept {
            true => view.kept(written, now, started),
            false => view.live(written, now),
        };
        let heard = match kind {
            // A result is never retained; a retained one is a mistake and too old to count.
            Kind::Result if kept => return,
            Kind::Result => agent_wire::read_result(&publish.payload).map(|result| Heard {
                at: now,
                seen: vec![result.observation()],
                simulated: result.simulated,
                always: true,
            }),
            Kind::Status => agent_wire::read_status(&publish.payload).map(|status| Heard {
                at: date(view, status.at.filter(|_| status.online)),
                simulated: status.simulated,
                seen: view.status(status, grace),
                always: true,
            }),
            Kind::State => agent_wire::read_state(&publish.payload).map(|state| {
                let mut seen = state.observations();
                if !kept && view.online == Some(true) {
                    seen.insert(0, Observation::Reachable { online: true, effect: None, reason: None });
                }
                let always = kept || now <= view.watched_until;
                Heard { at: date(view, Some(state.at)), seen, simulated: state.simulated, always }
            }),
        };
        match heard {
            Ok(heard) => self.pass_on(bay, heard).await,
            Err(error) => self.on_malformed(bay, &error),
        }
    }

    async fn pass_on(&mut self, bay: BayId, heard: Heard) {
        let target = Target::from(bay);
        let now = self.clock.now();
        let simulated = heard.simulated || self.bays.get(&bay).is_some_and(|view| view.simulated);
        self.board.simulated(&target, simulated);
        for observation in heard.seen {
            if let Observation::Reachable { online: true, .. } = observation
                && self.board.set(&target, true, now, None)
            {
                info!(%bay, "the bay's agent is online");
            }
            if !self.novelty.passes(&target, &observation, now, heard.always) {
                continue;
            }
            let event = DeviceEvent { target: target.clone(), at: heard.at, observation, simulated };
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
            let heard = Heard { at: self.clock.now(), seen, simulated: false, always: true };
            self.pass_on(bay, heard).await;
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
