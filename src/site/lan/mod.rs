//! Devices of a bay or the hall that are neither agents nor UniFi gear: projectors, plugs, lights, thermostats,
//! PCs with somebody else's agent. Which family each is, where it is, what it may be used for.
//!
//! Owns reading them from `site.toml` (one file a family) and which effects a family can carry at all. Nothing
//! has a default that names a physical thing.

mod benq;
mod mqtt_switch;
mod ninjaone;

use std::path::Path;

pub use benq::Benq;
pub use mqtt_switch::MqttSwitch;
pub use ninjaone::NinjaOne;

use super::Effect;
use super::problem::Problems;
use super::raw::Fields;

/// One device, with everything its driver needs to find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LanDevice {
    /// A BenQ projector over TCP.
    Benq(Benq),
    /// A switch, button or dial behind the broker, by the topics the file names.
    MqttSwitch(MqttSwitch),
    /// A bay's PC at NinjaOne, over the internet.
    NinjaOne(Box<NinjaOne>),
}

/// Every family of these, as `driver` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LanFamily {
    Benq,
    MqttSwitch,
    NinjaOne,
}

/// What projectors do.
const PROJECTOR: &[Effect] =
    &[Effect::ProjectorOn, Effect::ProjectorOff, Effect::ProjectorInput, Effect::ProjectorCycle];
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
    pub const ALL: &'static [LanFamily] = &[LanFamily::Benq, LanFamily::MqttSwitch, LanFamily::NinjaOne];

    /// As `driver` names it.
    pub fn name(self) -> &'static str {
        match self {
            LanFamily::Benq => "benq",
            LanFamily::MqttSwitch => "mqtt-switch",
            LanFamily::NinjaOne => "ninjaone",
        }
    }

    pub fn parse(name: &str) -> Option<LanFamily> {
        LanFamily::ALL.iter().copied().find(|family| family.name() == name)
    }

    /// Whether a device of this family can carry the effect at all.
    pub fn carries(self, effect: Effect) -> bool {
        match self {
            LanFamily::Benq => PROJECTOR.contains(&effect),
            LanFamily::MqttSwitch => SWITCH.contains(&effect) || effect == Effect::ThermostatSet,
            LanFamily::NinjaOne => effect == Effect::PcReboot,
        }
    }

    /// Whether it is reached through the broker.
    pub fn needs_broker(self) -> bool {
        match self {
            LanFamily::Benq => false,
            LanFamily::MqttSwitch => true,
            LanFamily::NinjaOne => false,
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
            LanFamily::MqttSwitch => mqtt_switch::read(table, problems).map(LanDevice::MqttSwitch),
            LanFamily::NinjaOne => {
                ninjaone::read(table, beside, problems).map(|pc| LanDevice::NinjaOne(Box::new(pc)))
            }
        }
    }
}

impl LanDevice {
    pub fn family(&self) -> LanFamily {
        match self {
            LanDevice::Benq(_) => LanFamily::Benq,
            LanDevice::MqttSwitch(_) => LanFamily::MqttSwitch,
            LanDevice::NinjaOne(_) => LanFamily::NinjaOne,
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

/// Reads a topic of the broker: no wildcard, no empty level at its ends.
fn topic(table: &mut Fields, key: &'static str, problems: &mut Problems) -> Option<String> {
    let topic = table.text(key, problems)?;
    let whole = |t: &str| !t.is_empty() && t.len() <= 200 && !t.starts_with('/') && !t.ends_with('/');
    if whole(&topic.value) && !topic.value.contains(['+', '#', '\0']) {
        return Some(topic.value);
    }
    let what = format!("`{}` is no topic", topic.value);
    problems.add(topic.line, table.at(key), what, "write it like \"hall/lights/state\", without + or #");
    None
}
