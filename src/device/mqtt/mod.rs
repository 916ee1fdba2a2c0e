//! Devices behind the club's broker that are no bay agents: plugs, lights, thermostats, PCs with another agent.
//!
//! Owns the driver they share and the contract of a family ([`Topics`], one file each). One connection carries all of
//! them (`link`, over `broker_link`). A command is never retained and never sent later than it was meant; its receipt is the broker's, its
//! proof is what the device tells on its own topics.

mod account;
mod hass_agent;
mod link;
mod lnxlink;
mod mqtt_switch;
mod pc;
mod shelly_mqtt;
mod tasmota;
mod zigbee2mqtt;

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use self::account::user;
pub use self::account::{Account, accounts, accounts_of};
use self::link::{Devices, Order};
use super::broker::BrokerError;
use super::broker_link::{self, BrokerLink, Message};
use super::health::Board;
use super::unit::LanUnit;
use super::{DeviceEvent, DeviceHealth, Driver, NotSent, Observation};
use crate::clock::Clock;
use crate::policy::Permit;
use crate::site::{Broker, LanDevice};

/// One family's topics of one device. Knows its payloads and nothing of the house; no I/O in it.
pub(super) trait Topics: Send {
    /// Name for logs and pages: `switch (MQTT)`.
    fn family(&self) -> &'static str;

    /// What is listened to: exact topics, as few as its effects need.
    fn listens(&self) -> Vec<String>;

    /// What makes the device tell its state now. Sent after each connection, again and again while an effect is
    /// open, and once a minute otherwise. Empty: it tells by itself, and its silence means nothing.
    fn asks(&self) -> Vec<Message> {
        Vec::new()
    }

    /// Whether one that is there answers what it is asked. If so, one that leaves three questions unanswered is gone.
    fn answers(&self) -> bool {
        !self.asks().is_empty()
    }

    /// Whether it says by itself that it is there. One that answers or announces itself and was not heard yet is told
    /// nothing.
    fn announces(&self) -> bool {
        false
    }

    /// What one message says. `kept`: the broker had kept it, so nobody knows how old it is.
    ///
    /// # Errors
    /// Why it cannot be read, in a few words; it is counted and changes nothing.
    fn hear(&mut self, topic: &str, payload: &[u8], kept: bool) -> Result<Vec<Heard>, String>;

    /// The messages that carry the effect out.
    ///
    /// # Errors
    /// [`NotSent`]: this device cannot do it, or says that it is not able to now.
    fn tell(&mut self, permit: &Permit) -> Result<Vec<Message>, NotSent>;

    /// Who the device is at the club's own broker. `None`: the family's users are made otherwise.
    fn account(&self) -> Option<Account> {
        None
    }
}

/// What was understood of a message.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Heard {
    /// Whether the device is there, by its own word or its last will.
    Online(bool),
    Saw(Observation),
    /// It calls itself simulated.
    Simulated,
}

/// How patient the driver is. The defaults are for a club.
#[derive(Debug, Clone)]
pub struct MqttDeviceOptions {
    /// A device that is gone for less is not reported gone. Default 20 s.
    pub grace: Duration,
    /// Wait for the broker's receipt before leaving the outcome to observation. Default 2 s.
    pub receipt: Duration,
    /// Pause before connecting again. Default 1 s.
    pub retry: Duration,
    /// Between two times that a device is asked while an effect is open. Default 2 s.
    pub open_ask: Duration,
    /// … and otherwise; one that leaves three unanswered is gone. Default 60 s.
    pub idle_ask: Duration,
}

impl Default for MqttDeviceOptions {
    fn default() -> MqttDeviceOptions {
        MqttDeviceOptions {
            grace: Duration::from_secs(20),
            receipt: Duration::from_secs(2),
            retry: Duration::from_secs(1),
            open_ask: Duration::from_secs(2),
            idle_ask: Duration::from_secs(60),
        }
    }
}

/// Drives all these devices of a site. Dropping it ends its task.
pub struct MqttDriver {
    orders: mpsc::Sender<Order>,
    boards: Vec<Board>,
    receipt: Duration,
    task: JoinHandle<()>,
}

impl MqttDriver {
    /// Connects to the broker in the background and stays connected.
    ///
    /// # Errors
    /// The broker's password file cannot be used, or there are no random numbers.
    pub fn start(
        broker: &Broker,
        units: &[LanUnit],
        events: mpsc::Sender<DeviceEvent>,
        clock: Clock,
        options: MqttDeviceOptions,
    ) -> Result<MqttDriver, BrokerError> {
        let whom = "plugs and the like";
        let link = BrokerLink::new(broker, "clubos-devices", whom, options.grace, options.retry)?;
        let (orders, inbox) = mpsc::channel(16);
        let topics = units.iter().filter_map(|unit| Some((unit.clone(), topics(unit)?)));
        let receipt = options.receipt;
        let devices = Devices::new(topics, events, clock, options);
        let boards = devices.boards();
        let task = tokio::spawn(link.run(devices, inbox));
        Ok(MqttDriver { orders, boards, receipt, task })
    }
}

/// The topics of a device; `None` for a family that is not reached through the broker.
fn topics(unit: &LanUnit) -> Option<Box<dyn Topics>> {
    match &unit.device {
        LanDevice::Benq(_)
        | LanDevice::Http(_)
        | LanDevice::NinjaOne(_)
        | LanDevice::Pjlink(_)
        | LanDevice::Shelly(_) => None,
        LanDevice::HassAgent(of) => Some(Box::new(hass_agent::Pc::new(of))),
        LanDevice::Lnxlink(of) => Some(Box::new(lnxlink::Pc::new(of))),
        LanDevice::MqttSwitch(of) => Some(Box::new(mqtt_switch::Switch::new(of, &unit.effects))),
        LanDevice::Tasmota(of) => Some(Box::new(tasmota::Plug::new(of, &unit.effects))),
        LanDevice::Zigbee2mqtt(of) => Some(Box::new(zigbee2mqtt::Device::new(of, &unit.effects))),
        LanDevice::ShellyMqtt(of) => {
            Some(Box::new(shelly_mqtt::Shelly::new(of, &unit.target, &unit.effects)))
        }
    }
}

/// Whether a message calls itself simulated.
fn labelled(keys: &serde_json::Map<String, serde_json::Value>) -> Option<Heard> {
    (keys.get("simulated") == Some(&serde_json::Value::Bool(true))).then_some(Heard::Simulated)
}

impl Drop for MqttDriver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[async_trait]
impl Driver for MqttDriver {
    async fn act(&self, permit: Permit) -> Result<(), NotSent> {
        broker_link::order(&self.orders, self.receipt, |reply| Order { permit, reply }).await
    }

    fn family(&self) -> &'static str {
        "devices behind the broker"
    }

    fn health(&self) -> Vec<DeviceHealth> {
        self.boards.iter().flat_map(Board::list).collect()
    }
}
