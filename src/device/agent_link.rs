//! What the bays' agents say and are told over the connection that carries all of them.
//!
//! Owns what each bay's agent said last. What the broker had kept proves no command: it is dated before every command
//! that can still be open, as for every device behind it. Never believes an agent's "done".

use std::collections::BTreeMap;

use async_trait::async_trait;
use rumqttc::Publish;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::{info, warn};

use super::agent::AgentOptions;
use super::agent_bay::BayView;
use super::agent_wire::{self, Command, Kind, WireError};
use super::broker_link::{Behind, BrokerLink, Message, Reply, kept_at};
use super::health::Board;
use super::novelty::Novelty;
use super::{DeviceEvent, NotSent, Observation, wake};
use crate::clock::{Clock, UnixMs};
use crate::site::{BayId, Effect, Target};

/// What is listened to of one bay.
const LEAVES: [&str; 3] = ["status", "state", "result"];

/// A command on its way to the task that holds the connection.
pub(super) struct Order {
    pub bay: BayId,
    pub effect: Effect,
    pub command: Command,
    pub reply: Reply,
}

/// All of them.
pub(super) struct Agents {
    bays: BTreeMap<BayId, BayView>,
    /// What the broker had kept is dated so.
    kept_at: UnixMs,
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

impl Agents {
    pub fn new(
        bays: &[BayId],
        board: Board,
        events: mpsc::Sender<DeviceEvent>,
        clock: Clock,
        options: AgentOptions,
    ) -> Agents {
        Agents {
            bays: bays.iter().map(|bay| (*bay, BayView::default())).collect(),
            kept_at: kept_at(&clock),
            board,
            novelty: Novelty::default(),
            events,
            clock,
            options,
        }
    }

    fn may_send(
        &mut self,
        link: &BrokerLink,
        bay: BayId,
        effect: Effect,
        command: &Command,
    ) -> Result<(), NotSent> {
        let offline = |why: &str| Err(NotSent::Offline(why.to_owned()));
        let now = self.clock.now();
        let Some(view) = self.bays.get_mut(&bay) else { return Err(NotSent::Unsupported(effect)) };
        if now >= UnixMs(command.expires_at) {
            return offline("the permit ran out before it could be sent");
        }
        if effect != Effect::PcWake || view.wake.is_none() {
            if !link.is_connected() {
                return offline("not connected to the broker");
            }
            view.takes(effect)?;
        }
        view.watched_until = view.watched_until.max(now + effect.verify_within());
        Ok(())
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
}

#[async_trait]
impl Behind for Agents {
    type Order = Order;

    fn is_over(&self) -> bool {
        self.events.is_closed()
    }

    fn listens(&self) -> Vec<String> {
        let of = |bay: &BayId| LEAVES.map(|leaf| agent_wire::topic(*bay, leaf));
        self.bays.keys().flat_map(of).collect()
    }

    async fn hand_over(&mut self, link: &mut BrokerLink, order: Order) {
        let Order { bay, effect, command, reply } = order;
        if reply.is_closed() {
            // The asker was told long ago that it may have been sent; now it will not be.
            return;
        }
        if let Err(refused) = self.may_send(link, bay, effect, &command) {
            // A closed receiver is a caller that gave up waiting.
            return drop(reply.send(Err(refused)));
        }
        let wake_record = self.bays.get(&bay).and_then(|view| view.wake.as_ref());
        if let (Effect::PcWake, Some(record)) = (effect, wake_record) {
            let sent = wake::send(record).await;
            return drop(reply.send(sent.map_err(|error| NotSent::Offline(error.to_string()))));
        }
        match serde_json::to_vec(&command) {
            Ok(payload) => {
                let topic = agent_wire::topic(bay, "cmd");
                link.send(command.id, vec![Message { topic, payload }], reply);
            }
            Err(error) => drop(reply.send(Err(NotSent::Offline(error.to_string())))),
        }
    }

    /// The broker repeats every status and state that it kept.
    async fn on_connected(&mut self, _: &mut BrokerLink) {}

    async fn on_publish(&mut self, publish: &Publish) {
        let Some((bay, kind)) = agent_wire::parse_topic(&publish.topic) else { return };
        let (now, grace, kept) = (self.clock.now(), self.options.grace, publish.retain);
        let at = if kept { self.kept_at } else { now };
        let Some(view) = self.bays.get_mut(&bay) else { return };
        let heard = match kind {
            // A result is never retained; a retained one is a mistake and too old to count.
            Kind::Result if kept => return,
            Kind::Result => agent_wire::read_result(&publish.payload).map(|result| Heard {
                at,
                seen: vec![result.observation()],
                simulated: result.simulated,
                always: true,
            }),
            Kind::Status => agent_wire::read_status(&publish.payload).map(|status| Heard {
                at,
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
                Heard { at, seen, simulated: state.simulated, always }
            }),
        };
        match heard {
            Ok(heard) => self.pass_on(bay, heard).await,
            Err(error) => self.on_malformed(bay, &error),
        }
    }

    fn on_broken(&mut self, why: &str) {
        for (bay, view) in &mut self.bays {
            view.online = view.online.filter(|online| !online);
            self.board.error(&Target::from(*bay), why);
        }
    }

    fn next_deadline(&self, broker_gone_at: Option<Instant>) -> Option<Instant> {
        let broker = broker_gone_at.filter(|_| self.bays.values().any(|view| view.online != Some(false)));
        self.bays.values().filter_map(|view| view.gone_at).chain(broker).min()
    }

    /// Reports what stayed away for longer than the grace.
    async fn on_time(&mut self, link: &mut BrokerLink) {
        let now = Instant::now();
        let broker_gone = link.is_gone(now);
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
