//! A simulated Shelly plug behind the broker, of the first generation or of the second. Its answers say that it is
//! simulated.
//!
//! Owns its connection and topics; its relay follows the club ([`super::plug`]). As a real one, it tells no state by
//! itself unless told to (`status_ntf`), and needs no password of its own: who reaches the broker reaches it.

use std::sync::Arc;
use std::time::Duration;

use rumqttc::{AsyncClient, Event, LastWill, MqttOptions, Packet, Publish, QoS};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{debug, warn};

use super::control::SimControl;
use super::plug::Plug;
use super::shelly_rpc::{Reply, Rpc};
use super::shelly_server::Generation;
use crate::clock::Clock;
use crate::device::broker;
use crate::site::Target;

/// How it reaches the broker, and what it is called there.
#[derive(Debug, Clone)]
pub struct ShellyMqttLink {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
    pub prefix: String,
    /// Whether it tells its state by itself (second generation).
    pub status_ntf: bool,
}

/// A running plug; it ends with the value, and the broker tells its last will.
pub struct ShellyMqtt {
    plug: Arc<Plug>,
    powered: Arc<watch::Sender<bool>>,
    task: JoinHandle<()>,
}

struct Device {
    link: ShellyMqttLink,
    generation: Generation,
    rpc: Arc<Rpc>,
    control: SimControl,
    powered: watch::Receiver<bool>,
}

impl ShellyMqtt {
    /// Connects in the background, and again whenever the connection breaks.
    pub fn start(
        target: &Target,
        generation: Generation,
        link: ShellyMqttLink,
        control: SimControl,
        clock: Clock,
    ) -> ShellyMqtt {
        let plug = Plug::new(target.clone(), control.clone(), clock);
        let powered = Arc::new(watch::Sender::new(true));
        let rpc = Rpc::new(plug.clone(), None);
        let device = Device { link, generation, rpc, control, powered: powered.subscribe() };
        let task = tokio::spawn(device.run());
        ShellyMqtt { plug, powered, task }
    }

    /// Whether its relay is on now.
    pub fn is_on(&self) -> bool {
        self.plug.relay().on
    }

    /// Pulls its plug, or puts it in again.
    pub fn set_power(&self, on: bool) {
        self.powered.send_replace(on);
    }
}

impl Drop for ShellyMqtt {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Device {
    async fn run(mut self) {
        let mut changes = self.control.changes();
        loop {
            if *self.powered.borrow() && self.rpc.plug.there() {
                self.connected(&mut changes).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
            tokio::select! {
                changed = self.powered.changed() => if changed.is_err() { return },
                changed = changes.changed() => if changed.is_err() { return },
            }
        }
    }

    /// One connection, until it breaks or the plug is pulled.
    async fn connected(&mut self, changes: &mut watch::Receiver<u64>) {
        let (client, mut connection) = match self.options() {
            Ok(options) => AsyncClient::new(options, 32),
            Err(error) => return warn!(%error, "a simulated plug cannot connect"),
        };
        let mut moves = self.rpc.plug.moves();
        let mut powered = self.powered.clone();
        loop {
            tokio::select! {
                event = connection.poll() => match event {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => self.greet(&client),
                    Ok(Event::Incoming(Packet::Publish(publish))) => self.heard(&client, &publish),
                    Ok(_) => {}
                    Err(error) => return debug!(%error, "a simulated plug's connection ended"),
                },
                moved = moves.changed() => {
                    if moved.is_err() {
                        return;
                    }
                    self.tell_state(&client);
                }
                changed = powered.changed() => if changed.is_err() || !*powered.borrow() { return },
                changed = changes.changed() => if changed.is_err() || !self.rpc.plug.there() { return },
            }
        }
    }

    fn options(&self) -> Result<MqttOptions, broker::BrokerError> {
        let id = broker::client_id("simulated-shelly")?;
        let mut options = MqttOptions::new(id, &self.link.host, self.link.port);
        let will = LastWill::new(self.topic("online"), "false", QoS::AtLeastOnce, true);
        options
            .set_credentials(&self.link.user, &self.link.password)
            .set_clean_session(true)
            .set_keep_alive(Duration::from_secs(5))
            .set_last_will(will);
        Ok(options)
    }

    fn topic(&self, below: &str) -> String {
        format!("{}/{below}", self.link.prefix)
    }

    fn greet(&self, client: &AsyncClient) {
        let topics = match self.generation {
            Generation::One => vec!["command", "relay/0/command"],
            Generation::Two => vec!["rpc", "command/switch:0"],
        };
        for topic in topics {
            if let Err(error) = client.try_subscribe(self.topic(topic), QoS::AtLeastOnce) {
                warn!(%error, "a simulated plug cannot subscribe");
            }
        }
        publish(client, self.topic("online"), true, "true".to_owned());
        self.tell_state(client);
    }

    fn tell_state(&self, client: &AsyncClient) {
        let relay = self.rpc.plug.relay();
        match self.generation {
            Generation::One => {
                publish(client, self.topic("relay/0/power"), false, format!("{:.2}", relay.watts()));
                publish(client, self.topic("relay/0"), false, if relay.on { "on" } else { "off" }.to_owned());
            }
            Generation::Two if self.link.status_ntf => {
                publish(client, self.topic("status/switch:0"), false, self.rpc.status().to_string());
            }
            Generation::Two => {}
        }
    }

    fn heard(&self, client: &AsyncClient, message: &Publish) {
        let text = String::from_utf8_lossy(&message.payload).into_owned();
        if message.topic == self.topic("rpc") {
            let Ok(frame) = serde_json::from_str::<Value>(&text) else { return };
            // In a task of its own, as a real one answers questions while a command waits.
            tokio::spawn(answer(self.rpc.clone(), client.clone(), frame));
        } else if message.topic == self.topic("command") {
            if text == "update" {
                self.tell_state(client);
            }
        } else {
            let (word, after) = text.split_once(',').unwrap_or((&text, ""));
            let after =
                after.parse().ok().map(Duration::from_secs).filter(|_| self.generation == Generation::Two);
            let plug = self.rpc.plug.clone();
            let on = match word {
                "on" => true,
                "off" => false,
                "toggle" => !plug.relay().on,
                _ => return,
            };
            tokio::spawn(async move { plug.turn(on, after).await });
        }
    }
}

async fn answer(rpc: Arc<Rpc>, client: AsyncClient, frame: Value) {
    let Some(source) = frame["src"].as_str() else { return };
    let mut said = json!({ "id": frame["id"], "src": rpc.id, "dst": source, "simulated": true });
    let none = Value::Null;
    let params = frame.get("params").unwrap_or(&none);
    match rpc.call(frame["method"].as_str().unwrap_or_default(), params).await {
        Reply::Result(result) => said["result"] = result,
        Reply::Error(code, message) => said["error"] = json!({ "code": code, "message": message }),
        Reply::Silent => return,
    }
    publish(&client, format!("{source}/rpc"), false, said.to_string());
}

fn publish(client: &AsyncClient, topic: String, retain: bool, payload: String) {
    if let Err(error) = client.try_publish(topic, QoS::AtLeastOnce, retain, payload) {
        warn!(%error, "a simulated plug cannot publish");
    }
}
