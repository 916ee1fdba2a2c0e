//! What simulated devices behind the broker share: a real MQTT client with a last will that hears, does what the model
//! of the club says, and shows it when it is due.
//!
//! Owns the connection and the queue; each device says what its words are. Everything they tell says "simulated".

use std::collections::BTreeMap;
use std::time::Duration;

use rumqttc::{AsyncClient, Event, EventLoop, LastWill, MqttOptions, Packet, QoS};
use tokio::task::JoinHandle;
use tracing::warn;

use super::behaviour::Behaviour;
use super::control::SimControl;
use crate::clock::{Clock, UnixMs};
use crate::device::Observation;
use crate::device::broker::client_id;
use crate::site::{Effect, Target};

/// Telemetry is repeated this often.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// Pause before connecting again.
const RETRY: Duration = Duration::from_millis(500);
/// How often it is looked whether the mains are back.
const UNPLUGGED: Duration = Duration::from_millis(100);

/// How a simulated device reaches the broker.
#[derive(Debug, Clone)]
pub struct SimDeviceLink {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
}

/// One message of a device.
#[derive(Debug, Clone)]
pub(super) struct Says {
    pub topic: String,
    pub payload: Vec<u8>,
    pub kept: bool,
}

/// What follows from a message that it heard.
pub(super) enum Then {
    Says(Says),
    /// The model of the club decides what becomes of it.
    Does {
        target: Target,
        effect: Effect,
        value: Option<f32>,
    },
}

/// The words of one device, or of one program that speaks for several.
pub(super) trait Words: Send + Sync + 'static {
    fn last_will(&self) -> Says;
    fn listens(&self) -> String;
    /// Whether it has power and its radio works.
    fn is_on(&self, control: &SimControl) -> bool;
    /// All that it tells after it connected, when somebody changed something, and now and then.
    fn tells(&self, control: &SimControl) -> Vec<Says>;
    fn hears(&mut self, control: &SimControl, topic: &str, payload: &[u8]) -> Vec<Then>;
    /// What is seen of a target now.
    fn shows(&mut self, control: &SimControl, target: &Target, seen: &Observation) -> Vec<Says>;
}

/// Runs a device until the handle is aborted.
pub(super) fn run(
    words: impl Words,
    link: SimDeviceLink,
    control: SimControl,
    clock: Clock,
) -> JoinHandle<()> {
    let device = Device { words, link, control, clock, due: BTreeMap::new(), arrivals: 0 };
    tokio::spawn(device.run())
}

/// Whether what a device shows of these effects is withheld: it lies or keeps silent, and its old state would look like
/// success.
pub(super) fn hides(control: &SimControl, target: &Target, effects: &[Effect]) -> bool {
    let hidden = [Behaviour::Lies, Behaviour::Silent, Behaviour::Stuck];
    effects.iter().any(|effect| hidden.contains(&control.behaviour(target, *effect)))
}

/// Whether a device is plugged in and no effect of it is set to `offline`.
pub(super) fn is_there(control: &SimControl, target: &Target, effects: &[Effect]) -> bool {
    let offline = |effect: &Effect| control.behaviour(target, *effect) == Behaviour::Offline;
    control.is_plugged(target) && !effects.iter().any(offline)
}

struct Device<W> {
    words: W,
    link: SimDeviceLink,
    control: SimControl,
    clock: Clock,
    due: BTreeMap<(UnixMs, u64), (Target, Observation)>,
    arrivals: u64,
}

enum Turn {
    Mqtt(Event),
    Broken,
    Due,
    Changed,
    Heartbeat,
}

impl<W: Words> Device<W> {
    async fn run(mut self) {
        loop {
            if self.words.is_on(&self.control) {
                self.connected().await;
            } else {
                self.carry_out(None);
                tokio::time::sleep(UNPLUGGED).await;
            }
        }
    }

    /// One connection after the other, until it has no power. Then the connection is dropped without a good-bye: the
    /// last will speaks.
    async fn connected(&mut self) {
        let (client, mut connection) = self.connect();
        let mut changes = self.control.changes();
        let mut heartbeat = tokio::time::interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT);
        let mut connected = false;
        while self.words.is_on(&self.control) {
            let turn = {
                let next_due = self.due.first_key_value().map(|((at, _), _)| *at);
                tokio::select! {
                    polled = connection.poll() => polled.map_or(Turn::Broken, Turn::Mqtt),
                    () = self.until(next_due) => Turn::Due,
                    Ok(()) = changes.changed() => Turn::Changed,
                    _ = heartbeat.tick() => Turn::Heartbeat,
                }
            };
            match turn {
                Turn::Mqtt(Event::Incoming(Packet::ConnAck(_))) => {
                    connected = true;
                    if let Err(error) = client.try_subscribe(self.words.listens(), QoS::AtMostOnce) {
                        warn!(user = self.link.user, %error, "a simulated device cannot subscribe");
                    }
                    self.tell(&client);
                }
                Turn::Mqtt(Event::Incoming(Packet::Publish(publish))) => {
                    self.hear(&client, &publish.topic, &publish.payload);
                }
                Turn::Mqtt(_) => {}
                Turn::Broken => {
                    connected = false;
                    tokio::time::sleep(RETRY).await;
                }
                Turn::Due => self.carry_out(Some(&client)),
                Turn::Changed | Turn::Heartbeat if connected => self.tell(&client),
                Turn::Changed | Turn::Heartbeat => {}
            }
        }
    }

    fn connect(&self) -> (AsyncClient, EventLoop) {
        let will = self.words.last_will();
        // Without random numbers the plain name does for a simulation.
        let id = client_id(&self.link.user).unwrap_or_else(|_| self.link.user.clone());
        let mut options = MqttOptions::new(id, &self.link.host, self.link.port);
        options
            .set_credentials(&self.link.user, &self.link.password)
            .set_clean_session(true)
            .set_keep_alive(Duration::from_secs(5))
            .set_last_will(LastWill::new(will.topic, will.payload, QoS::AtLeastOnce, will.kept));
        AsyncClient::new(options, 64)
    }

    fn hear(&mut self, client: &AsyncClient, topic: &str, payload: &[u8]) {
        for then in self.words.hears(&self.control, topic, payload) {
            match then {
                Then::Says(says) => self.say(client, says),
                Then::Does { target, effect, value } => {
                    // Unreachable or unable: then nothing happens, and nothing is said.
                    let schedule = self.control.command(self.clock.now(), 0, effect, &target, value);
                    for (at, seen) in schedule.unwrap_or_default() {
                        self.due.insert((at, self.arrivals), (target.clone(), seen));
                        self.arrivals += 1;
                    }
                }
            }
        }
    }

    /// Shows all that is due now.
    fn carry_out(&mut self, client: Option<&AsyncClient>) {
        let later = self.due.split_off(&(UnixMs(self.clock.now().0 + 1), 0));
        for (target, seen) in std::mem::replace(&mut self.due, later).into_values() {
            let says = self.words.shows(&self.control, &target, &seen);
            says.into_iter()
                .for_each(|says| client.into_iter().for_each(|client| self.say(client, says.clone())));
        }
    }

    fn tell(&self, client: &AsyncClient) {
        self.words.tells(&self.control).into_iter().for_each(|says| self.say(client, says));
    }

    fn say(&self, client: &AsyncClient, says: Says) {
        if let Err(error) = client.try_publish(says.topic, QoS::AtLeastOnce, says.kept, says.payload) {
            warn!(user = self.link.user, %error, "a simulated device cannot publish");
        }
    }

    async fn until(&self, due: Option<UnixMs>) {
        match due {
            Some(at) => tokio::time::sleep(at.since(self.clock.now())).await,
            None => std::future::pending().await,
        }
    }
}
