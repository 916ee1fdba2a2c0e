//! A simulated bay agent that speaks the real protocol over a real broker: last will, retained status
//! and state, commands, results. All it says is labelled `"simulated": true`.
//!
//! Owns the pretended PC: what it shows follows the schedule that the model gives for each command.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

use rumqttc::{AsyncClient, Event, EventLoop, LastWill, MqttOptions, Packet, QoS};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tracing::{debug, warn};

use super::behaviour::Behaviour;
use super::control::SimControl;
use crate::clock::{Clock, UnixMs};
use crate::device::agent_wire::{
    self, Command, CommandResult, Projector, ResultStatus, State, Status, Tv, VERSION, Wake,
};
use crate::device::broker::{bay_user, client_id};
use crate::device::{Observation, Part, wake};
use crate::site::{BayId, Effect, Scope, Target};

/// The state is repeated this often, as a real agent's heartbeat.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Pause before connecting again.
const RETRY: Duration = Duration::from_millis(500);

/// How a simulated agent reaches the broker.
#[derive(Debug, Clone)]
pub struct SimAgentLink {
    pub host: String,
    pub port: u16,
    pub password: String,
}

/// A running agent; dropping it pulls its plug, and the broker sends its last will.
pub struct SimAgent {
    task: tokio::task::JoinHandle<()>,
}

impl SimAgent {
    /// An agent that carries all of the bay: its PC, projector and TVs.
    pub fn start(bay: BayId, link: SimAgentLink, control: SimControl, clock: Clock) -> SimAgent {
        SimAgent::run(bay, link, control, clock, false)
    }

    /// An agent that carries the PC alone.
    pub fn start_pc(bay: BayId, link: SimAgentLink, control: SimControl, clock: Clock) -> SimAgent {
        SimAgent::run(bay, link, control, clock, true)
    }

    fn run(bay: BayId, link: SimAgentLink, control: SimControl, clock: Clock, pc_only: bool) -> SimAgent {
        let agent = Agent {
            bay,
            pc_only,
            target: Target::from(bay),
            link,
            control,
            clock,
            state: State { v: VERSION, simulated: true, ..State::default() },
            due: BTreeMap::new(),
            arrivals: 0,
            seen: BTreeSet::new(),
            wake: None,
        };
        SimAgent { task: tokio::spawn(agent.run()) }
    }
}

impl Drop for SimAgent {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Agent {
    bay: BayId,
    /// Projector and TVs hang on other wires.
    pc_only: bool,
    target: Target,
    link: SimAgentLink,
    control: SimControl,
    clock: Clock,
    state: State,
    due: BTreeMap<(UnixMs, u64), Observation>,
    arrivals: u64,
    /// Command ids already taken.
    seen: BTreeSet<i64>,
    wake: Option<Wake>,
}

/// What may happen to a pretended PC.
enum Turn {
    Mqtt(Event),
    Broken,
    Due,
    Woken,
    Changed,
    Heartbeat,
}

impl Agent {
    async fn run(mut self) {
        let (woken, mut wakes) = mpsc::channel(1);
        // The listener ends with the receiver, which this task owns.
        match self.listen_for_wake(woken).await {
            Ok(record) => self.wake = Some(record),
            Err(error) => warn!(bay = %self.bay, %error, "a simulated bay cannot be woken"),
        }
        loop {
            if self.control.reachable(self.clock.now(), &self.target) {
                self.online(&mut wakes).await;
            } else {
                self.offline(&mut wakes).await;
            }
        }
    }

    /// The PC runs: one connection after the other, until it goes down.
    async fn online(&mut self, wakes: &mut mpsc::Receiver<()>) {
        self.boot();
        let (client, mut connection) = self.connect();
        let mut changes = self.control.changes();
        // Not at once: the connection announces everything anyway, and must not be disturbed while it opens.
        let mut heartbeat = tokio::time::interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT);
        let mut connected = false;
        while self.control.reachable(self.clock.now(), &self.target) {
            let turn = {
                let next_due = self.next_due();
                tokio::select! {
                    polled = connection.poll() => polled.map_or(Turn::Broken, Turn::Mqtt),
                    () = self.until(next_due) => Turn::Due,
                    Some(()) = wakes.recv() => Turn::Woken,
                    Ok(()) = changes.changed() => Turn::Changed,
                    _ = heartbeat.tick() => Turn::Heartbeat,
                }
            };
            match turn {
                Turn::Mqtt(Event::Incoming(Packet::ConnAck(_))) => {
                    connected = true;
                    self.subscribe(&client);
                    self.publish_status(&client);
                    self.publish_state(&client);
                }
                Turn::Mqtt(Event::Incoming(Packet::Publish(publish))) if !publish.retain => {
                    self.command(&client, &publish.payload);
                }
                Turn::Mqtt(_) => {}
                Turn::Broken => {
                    connected = false;
                    tokio::time::sleep(RETRY).await;
                }
                Turn::Due => self.carry_out(Some(&client)),
                Turn::Woken => self.woken(),
                Turn::Changed if connected => {
                    self.publish_status(&client);
                    self.publish_state(&client);
                }
                Turn::Heartbeat if connected => self.publish_state(&client),
                Turn::Changed | Turn::Heartbeat => {}
            }
        }
    }

    /// The PC is off or starting. The connection was dropped without a good-bye: the last will speaks.
    async fn offline(&mut self, wakes: &mut mpsc::Receiver<()>) {
        let mut changes = self.control.changes();
        while !self.control.reachable(self.clock.now(), &self.target) {
            let next_due = self.next_due();
            tokio::select! {
                () = self.until(next_due) => self.carry_out(None),
                Some(()) = wakes.recv() => self.woken(),
                Ok(()) = changes.changed() => {}
                // Starting takes a known time, which no message announces.
                () = tokio::time::sleep(Duration::from_millis(100)) => {}
            }
        }
    }

    /// A PC that came up shows its new boot; what hangs beside it (projector, TVs) stays as it was.
    fn boot(&mut self) {
        let first = self.state.boot_id.is_none();
        for observation in self.control.snapshot(self.clock.now(), &self.target) {
            let of_pc =
                !matches!(observation, Observation::Power { .. } | Observation::ProjectorInput { .. });
            if of_pc || (first && !self.pc_only) {
                self.apply(&observation);
            }
        }
    }

    fn connect(&self) -> (AsyncClient, EventLoop) {
        let user = bay_user(self.bay);
        // Without random numbers the plain name does for a simulation.
        let id = client_id(&user).unwrap_or_else(|_| user.clone());
        let mut options = MqttOptions::new(id, &self.link.host, self.link.port);
        options
            .set_credentials(&user, &self.link.password)
            .set_clean_session(true)
            .set_keep_alive(Duration::from_secs(5))
            .set_last_will(LastWill::new(self.topic("status"), self.status(false), QoS::AtLeastOnce, true));
        AsyncClient::new(options, 32)
    }

    fn subscribe(&self, client: &AsyncClient) {
        if let Err(error) = client.try_subscribe(self.topic("cmd"), QoS::AtLeastOnce) {
            warn!(bay = %self.bay, %error, "a simulated agent cannot subscribe");
        }
    }

    fn command(&mut self, client: &AsyncClient, payload: &[u8]) {
        let Ok(command) = serde_json::from_slice::<Command>(payload) else {
            debug!(bay = %self.bay, "a simulated agent ignores a command it cannot read");
            return;
        };
        let now = self.clock.now();
        let expired = now >= UnixMs(command.expires_at);
        if command.v != VERSION || expired || !self.seen.insert(command.id) {
            return;
        }
        let effect = Effect::parse(&command.action).filter(|effect| self.capable(*effect));
        let Some(effect) = effect else {
            self.result(client, command.id, ResultStatus::Rejected, Some("unknown command (simulated)"));
            return;
        };
        let schedule = self.control.command(now, command.id, effect, &self.target, command.value);
        match schedule {
            Ok(schedule) => self.schedule(schedule),
            Err(error) => self.result(client, command.id, ResultStatus::Rejected, Some(&error.to_string())),
        }
    }

    /// A magic packet came: no id and no receipt, only a PC that starts.
    fn woken(&mut self) {
        if let Ok(schedule) = self.control.command(self.clock.now(), 0, Effect::PcWake, &self.target, None) {
            self.schedule(schedule);
        }
    }

    fn schedule(&mut self, schedule: super::model::Schedule) {
        for (at, observation) in schedule {
            self.due.insert((at, self.arrivals), observation);
            self.arrivals += 1;
        }
    }

    /// Shows all that is due now.
    fn carry_out(&mut self, client: Option<&AsyncClient>) {
        let later = self.due.split_off(&(UnixMs(self.clock.now().0 + 1), 0));
        for observation in std::mem::replace(&mut self.due, later).into_values() {
            self.apply(&observation);
            let Some(client) = client else { continue };
            match observation {
                Observation::Acknowledged { effect_id: 0 } => {}
                Observation::Acknowledged { effect_id } => {
                    self.result(client, effect_id, ResultStatus::Accepted, None)
                }
                Observation::Rejected { effect_id, reason } => {
                    self.result(client, effect_id, ResultStatus::Failed, Some(&reason));
                }
                _ => self.publish_state(client),
            }
        }
    }

    fn apply(&mut self, seen: &Observation) {
        match seen {
            Observation::Boot { id } => self.state.boot_id = Some(id.clone()),
            Observation::Software { running } => self.state.software = Some(*running),
            Observation::Radar { reachable } => self.state.radar = Some(*reachable),
            Observation::Power { part: Part::Projector, on } => {
                self.state.projector.get_or_insert_default().on = Some(*on);
            }
            Observation::ProjectorInput { right } => {
                self.state.projector.get_or_insert_default().input_right = Some(*right);
            }
            Observation::Power { part: Part::Tv, on } => self.state.tv = Some(Tv { on: Some(*on) }),
            _ => {}
        }
    }

    fn publish_status(&self, client: &AsyncClient) {
        self.publish(client, "status", true, self.status(true));
    }

    /// A part that lies or keeps silent cannot be read back, or its old state would look like success.
    fn publish_state(&self, client: &AsyncClient) {
        let readable = |part| self.control.readable(&self.target, part);
        let state = State {
            at: self.clock.now().0,
            projector: self.state.projector.clone().filter(|_: &Projector| readable("projector")),
            tv: self.state.tv.clone().filter(|_| readable("tv")),
            ..self.state.clone()
        };
        self.publish(client, "state", true, json(&state));
    }

    fn result(&self, client: &AsyncClient, id: i64, status: ResultStatus, reason: Option<&str>) {
        let reason = reason.map(str::to_owned);
        let result = CommandResult { v: VERSION, id, status, reason, simulated: true };
        self.publish(client, "result", false, json(&result));
    }

    fn publish(&self, client: &AsyncClient, leaf: &str, retain: bool, payload: Vec<u8>) {
        if let Err(error) = client.try_publish(self.topic(leaf), QoS::AtLeastOnce, retain, payload) {
            warn!(bay = %self.bay, leaf, %error, "a simulated agent cannot publish");
        }
    }

    fn status(&self, online: bool) -> Vec<u8> {
        let capabilities =
            Effect::ALL.iter().filter(|e| self.capable(**e)).map(|e| e.name().to_owned()).collect();
        let wakeable = self.control.behaviour(&self.target, Effect::PcWake) != Behaviour::Offline;
        json(&Status {
            v: VERSION,
            online,
            agent: "clubos simulated agent".to_owned(),
            boot_id: self.state.boot_id.clone(),
            capabilities: Some(capabilities),
            at: online.then(|| self.clock.now().0),
            wake: self.wake.clone().filter(|_| wakeable),
            simulated: true,
        })
    }

    fn capable(&self, effect: Effect) -> bool {
        let of_pc =
            matches!(effect, Effect::SimRestart | Effect::RadarReset | Effect::PcReboot | Effect::PcWake);
        capable(effect) && (of_pc || !self.pc_only)
    }

    fn topic(&self, leaf: &str) -> String {
        agent_wire::topic(self.bay, leaf)
    }

    fn next_due(&self) -> Option<UnixMs> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    async fn until(&self, due: Option<UnixMs>) {
        match due {
            Some(at) => tokio::time::sleep(at.since(self.clock.now())).await,
            None => std::future::pending().await,
        }
    }

    /// Pretends to be a network card that listens for its magic packet.
    async fn listen_for_wake(&self, woken: mpsc::Sender<()>) -> std::io::Result<Wake> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let mac = format!("02:00:5e:00:53:{:02x}", self.bay.0);
        let record = Wake {
            mac: mac.clone(),
            address: std::net::SocketAddrV4::new(Ipv4Addr::LOCALHOST, socket.local_addr()?.port()),
        };
        tokio::spawn(async move {
            let mut packet = [0_u8; 256];
            loop {
                let length = tokio::select! {
                    received = socket.recv(&mut packet) => received.unwrap_or(0),
                    () = woken.closed() => return,
                };
                if wake::magic_packet(&mac).is_some_and(|magic| packet[..length] == magic) {
                    // A full channel already holds a wake.
                    let _ = woken.try_send(());
                }
            }
        });
        Ok(record)
    }
}

/// What an agent on the bay's PC can do; the sockets hang on the switch.
pub(super) fn capable(effect: Effect) -> bool {
    effect.scope() == Scope::Bay && !matches!(effect, Effect::PoeCycle | Effect::OutletCycle)
}

#[expect(clippy::expect_used, reason = "structs of plain fields always serialise")]
fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("plain structs always serialise")
}
