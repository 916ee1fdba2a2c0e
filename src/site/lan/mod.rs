//! Devices of a bay or the hall that are neither agents nor UniFi gear: projectors, plugs, lights, thermostats,
//! PCs with somebody else's agent. Which family each is, where it is, what it may be used for.
//!
//! Owns reading them from `site.toml` (one file a family) and which effects a family can carry at all. Nothing
//! has a default that names a physical thing.

mod benq;
mod hass_agent;
mod http_call;
mod lnxlink;
mod mqtt_switch;
mod ninjaone;
mod pjlink;
mod shelly;
mod shelly_mqtt;
mod tasmota;
mod zigbee2mqtt;

use std::path::Path;

pub use benq::Benq;
pub use hass_agent::HassAgent;
pub use http_call::{HttpCall, HttpRequest, VALUE};
pub use lnxlink::Lnxlink;
pub use mqtt_switch::MqttSwitch;
pub use ninjaone::NinjaOne;
pub use pjlink::Pjlink;
pub use shelly::Shelly;
pub use shelly_mqtt::ShellyMqtt;
pub use tasmota::Tasmota;
pub use zigbee2mqtt::Zigbee2mqtt;

use super::Effect;
use super::problem::Problems;
use super::raw::Fields;

/// One device, with everything its driver needs to find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LanDevice {
    /// A BenQ projector over TCP.
    Benq(Benq),
    /// A PC with HASS.Agent, behind the broker.
    HassAgent(HassAgent),
    /// A PC with LNXlink, behind the broker.
    Lnxlink(Lnxlink),
    /// A switch, button or dial behind the broker, by the topics the file names.
    MqttSwitch(Box<MqttSwitch>),
    /// A bay's PC at NinjaOne, over the internet.
    NinjaOne(Box<NinjaOne>),
    /// A relay with Tasmota's firmware, behind the broker.
    Tasmota(Tasmota),
    /// A Zigbee device behind Zigbee2MQTT.
    Zigbee2mqtt(Zigbee2mqtt),
    /// Anything that is moved by a request over HTTP that the file names.
    Http(Box<HttpCall>),
    /// A plug or relay by Shelly over HTTP.
    Shelly(Shelly),
    /// A plug or relay by Shelly behind the broker.
    ShellyMqtt(ShellyMqtt),
    /// Any projector that speaks PJLink.
    Pjlink(Pjlink),
}

/// Every family of these, as `driver` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LanFamily {
    Benq,
    HassAgent,
    Lnxlink,
    MqttSwitch,
    NinjaOne,
    Tasmota,
    Zigbee2mqtt,
    Http,
    Shelly,
    ShellyMqtt,
    Pjlink,
}

/// What projectors do.
const PROJECTOR: &[Effect] =
    &[Effect::ProjectorOn, Effect::ProjectorOff, Effect::ProjectorInput, Effect::ProjectorCycle];
/// What somebody else's agent on a bay's PC does.
const PC: &[Effect] = &[Effect::SimRestart, Effect::PcReboot];
/// What a thing does that is on or off and can be power-cycled by its own timer.
const SWITCH: &[Effect] = &[
    Effect::OutletCycle,
    Effect::TvOn,
    Effect::TvOff,
    Effect::LightsOn,
    Effect::LightsOff,
    Effect::AudioRestart,
];

impl LanFamily {
    pub const ALL: &'static [LanFamily] = &[
        LanFamily::Benq,
        LanFamily::HassAgent,
        LanFamily::Http,
        LanFamily::Lnxlink,
        LanFamily::MqttSwitch,
        LanFamily::NinjaOne,
        LanFamily::Pjlink,
        LanFamily::Shelly,
        LanFamily::ShellyMqtt,
        LanFamily::Tasmota,
        LanFamily::Zigbee2mqtt,
    ];

    /// As `driver` names it.
    pub fn name(self) -> &'static str {
        match self {
            LanFamily::Benq => "benq",
            LanFamily::HassAgent => "hass-agent",
            LanFamily::Lnxlink => "lnxlink",
            LanFamily::MqttSwitch => "mqtt-switch",
            LanFamily::NinjaOne => "ninjaone",
            LanFamily::Tasmota => "tasmota",
            LanFamily::Zigbee2mqtt => "zigbee2mqtt",
            LanFamily::Http => "http",
            LanFamily::Shelly => "shelly",
            LanFamily::ShellyMqtt => "shelly-mqtt",
            LanFamily::Pjlink => "pjlink",
        }
    }

    pub fn parse(name: &str) -> Option<LanFamily> {
        LanFamily::ALL.iter().copied().find(|family| family.name() == name)
    }

    /// Whether a device of this family can carry the effect at all.
    pub fn carries(self, effect: Effect) -> bool {
        match self {
            LanFamily::Benq => PROJECTOR.contains(&effect),
            LanFamily::NinjaOne => effect == Effect::PcReboot,
            LanFamily::HassAgent | LanFamily::Lnxlink => PC.contains(&effect),
            LanFamily::Http | LanFamily::MqttSwitch | LanFamily::Zigbee2mqtt => {
                SWITCH.contains(&effect) || effect == Effect::ThermostatSet
            }
            LanFamily::Shelly | LanFamily::ShellyMqtt | LanFamily::Tasmota => SWITCH.contains(&effect),
            LanFamily::Pjlink => PROJECTOR.contains(&effect),
        }
    }

    /// Whether it is reached through the broker.
    pub fn needs_broker(self) -> bool {
        match self {
            LanFamily::Benq
            | LanFamily::Http
            | LanFamily::NinjaOne
            | LanFamily::Pjlink
            | LanFamily::Shelly => false,
            LanFamily::HassAgent
            | LanFamily::Lnxlink
            | LanFamily::MqttSwitch
            | LanFamily::ShellyMqtt
            | LanFamily::Tasmota
            | LanFamily::Zigbee2mqtt => true,
        }
    }

    /// Takes the family's keys out of the device's table. `beside`: where relative secret files stand.
    pub(super) fn read(
        self,
        table: &mut Fields,
        beside: &Path,
        problems: &mut Problems,
    ) -> Option<LanDevice> {
        match self {
            LanFamily::Benq => benq::read(table, problems).map(LanDevice::Benq),
            LanFamily::HassAgent => hass_agent::read(table, problems).map(LanDevice::HassAgent),
            LanFamily::Lnxlink => lnxlink::read(table, problems).map(LanDevice::Lnxlink),
            LanFamily::MqttSwitch => {
                mqtt_switch::read(table, problems).map(Box::new).map(LanDevice::MqttSwitch)
            }
            LanFamily::NinjaOne => {
                ninjaone::read(table, beside, problems).map(Box::new).map(LanDevice::NinjaOne)
            }
            LanFamily::Tasmota => tasmota::read(table, problems).map(LanDevice::Tasmota),
            LanFamily::Zigbee2mqtt => zigbee2mqtt::read(table, problems).map(LanDevice::Zigbee2mqtt),
            LanFamily::Http => http_call::read(table, beside, problems).map(Box::new).map(LanDevice::Http),
            LanFamily::Shelly => shelly::read(table, beside, problems).map(LanDevice::Shelly),
            LanFamily::ShellyMqtt => shelly_mqtt::read(table, problems).map(LanDevice::ShellyMqtt),
            LanFamily::Pjlink => pjlink::read(table, beside, problems).map(LanDevice::Pjlink),
        }
    }
}

impl LanDevice {
    pub fn family(&self) -> LanFamily {
        match self {
            LanDevice::Benq(_) => LanFamily::Benq,
            LanDevice::HassAgent(_) => LanFamily::HassAgent,
            LanDevice::Lnxlink(_) => LanFamily::Lnxlink,
            LanDevice::MqttSwitch(_) => LanFamily::MqttSwitch,
            LanDevice::NinjaOne(_) => LanFamily::NinjaOne,
            LanDevice::Tasmota(_) => LanFamily::Tasmota,
            LanDevice::Zigbee2mqtt(_) => LanFamily::Zigbee2mqtt,
            LanDevice::Http(_) => LanFamily::Http,
            LanDevice::Pjlink(_) => LanFamily::Pjlink,
            LanDevice::Shelly(_) => LanFamily::Shelly,
            LanDevice::ShellyMqtt(_) => LanFamily::ShellyMqtt,
        }
    }

    /// A key that this effect cannot do without and that the file does not have, with the way to mend it.
    pub(super) fn lacks(&self, effect: Effect) -> Option<(&'static str, &'static str)> {
        match self {
            LanDevice::Benq(_)
            | LanDevice::NinjaOne(_)
            | LanDevice::Pjlink(_)
            | LanDevice::Shelly(_)
            | LanDevice::Tasmota(_) => None,
            LanDevice::HassAgent(of) => hass_agent::lacks(of, effect),
            LanDevice::Http(of) => of.lacks(effect),
            LanDevice::Lnxlink(of) => lnxlink::lacks(of, effect),
            LanDevice::MqttSwitch(of) => mqtt_switch::lacks(of, effect),
            LanDevice::ShellyMqtt(of) => shelly_mqtt::lacks(of, effect),
            LanDevice::Zigbee2mqtt(of) => zigbee2mqtt::lacks(of, effect),
        }
    }
}

/// Reads `host`, which a device of these must name.
fn host(table: &mut Fields, problems: &mut Problems) -> Option<String> {
    let host = table.need_text("host", "write the device's address, like \"10.20.0.31\"", problems)?;
    super::validate::host(&host, &table.at("host"), problems).then_some(host.value)
}

/// Reads `port`, with the family's own as the default.
fn port(table: &mut Fields, default: u16, problems: &mut Problems) -> u16 {
    let port = table.whole("port", 1..=65535, problems);
    port.and_then(|port| u16::try_from(port.value).ok()).unwrap_or(default)
}

/// Reads a topic of the broker: no wildcard, no empty level at its ends, nothing that is the box's own.
fn topic(table: &mut Fields, key: &'static str, problems: &mut Problems) -> Option<String> {
    let topic = table.text(key, problems)?;
    if is_topic(&topic.value) {
        return Some(topic.value);
    }
    let what = format!("`{}` is no topic of a device", topic.value);
    let mend = "write it like \"hall/lights/state\", without + or #, and not below clubos/";
    problems.add(topic.line, table.at(key), what, mend);
    None
}

/// As [`topic`], where the family cannot do without; `mend` says what to write.
fn need_topic(table: &mut Fields, key: &'static str, mend: &str, problems: &mut Problems) -> Option<String> {
    if !table.has(key) {
        table.need_text(key, mend, problems);
        return None;
    }
    topic(table, key, problems)
}

/// As [`need_topic`], for a name that is one level of a topic.
fn need_level(table: &mut Fields, key: &'static str, mend: &str, problems: &mut Problems) -> Option<String> {
    let line = table.line;
    let level = need_topic(table, key, mend, problems)?;
    if level.contains('/') {
        problems.add(line, table.at(key), format!("`{level}` holds a slash"), mend);
        return None;
    }
    Some(level)
}

/// Whether this may be a device's topic. What the box and its agents use is nobody else's: a user of the broker is
/// made for each device, with its own topics.
fn is_topic(topic: &str) -> bool {
    let first = topic.split('/').next().unwrap_or_default();
    topic.len() <= 200
        && !first.starts_with('$')
        && !first.to_lowercase().starts_with("clubos")
        && topic.split('/').all(|level| !level.is_empty() && level.trim() == level)
        && !topic.contains(|c: char| c.is_control() || matches!(c, '+' | '#'))
}

/// Reads a JSON pointer (RFC 6901).
fn pointer(table: &mut Fields, key: &'static str, problems: &mut Problems) -> Option<String> {
    let pointer = table.text(key, problems)?;
    if pointer.value.starts_with('/') {
        return Some(pointer.value);
    }
    let what = format!("`{}` is no JSON pointer", pointer.value);
    problems.add(pointer.line, table.at(key), what, "write it like \"/state/power\" (RFC 6901)");
    None
}
