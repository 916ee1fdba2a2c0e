//! A simulated plug with Tasmota's words: commands and `Backlog0`, results, telemetry, last will and its own discovery
//! message. In each JSON of its it says `"simulated": true`.

use serde_json::{Value, json};

use super::control::SimControl;
use super::mqtt_device::{self, Says, SimDeviceLink, Then, Words};
use crate::clock::Clock;
use crate::device::{Observation, Part};
use crate::site::{Effect, Target};

/// What hangs on the plug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlugUse {
    /// What is power-cycled: a bay's PC or network gear.
    Outlet,
    Tv,
    Lights,
}

impl PlugUse {
    fn effects(self) -> &'static [Effect] {
        match self {
            PlugUse::Outlet => &[Effect::OutletCycle],
            PlugUse::Tv => &[Effect::TvOn, Effect::TvOff],
            PlugUse::Lights => &[Effect::LightsOn, Effect::LightsOff],
        }
    }

    /// The model's effect of being turned on or off; a bare outlet has none.
    fn turned(self, on: bool) -> Option<Effect> {
        match (self, on) {
            (PlugUse::Outlet, _) => None,
            (PlugUse::Tv, true) => Some(Effect::TvOn),
            (PlugUse::Tv, false) => Some(Effect::TvOff),
            (PlugUse::Lights, true) => Some(Effect::LightsOn),
            (PlugUse::Lights, false) => Some(Effect::LightsOff),
        }
    }
}

/// A running plug; dropping it pulls it out, and the broker sends its last will.
pub struct TasmotaPlug {
    task: tokio::task::JoinHandle<()>,
}

impl TasmotaPlug {
    /// A plug of `target`, which stands in the model of the club, with this `Topic`.
    pub fn start(
        target: Target,
        topic: &str,
        used_for: PlugUse,
        link: SimDeviceLink,
        control: SimControl,
        clock: Clock,
    ) -> TasmotaPlug {
        let plug = Plug { target, topic: topic.to_owned(), used_for, on: true };
        TasmotaPlug { task: mqtt_device::run(plug, link, control, clock) }
    }
}

impl Drop for TasmotaPlug {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Plug {
    target: Target,
    topic: String,
    used_for: PlugUse,
    on: bool,
}

impl Plug {
    fn says(&self, prefix: &str, leaf: &str, payload: impl Into<Vec<u8>>, kept: bool) -> Says {
        Says { topic: format!("{prefix}/{}/{leaf}", self.topic), payload: payload.into(), kept }
    }

    fn result(&self, mut json: Value) -> Says {
        json["simulated"] = Value::Bool(true);
        self.says("stat", "RESULT", json.to_string(), false)
    }

    fn word(&self) -> &'static str {
        if self.on { "ON" } else { "OFF" }
    }

    fn power(&self) -> Vec<Says> {
        vec![self.result(json!({ "POWER": self.word() })), self.says("stat", "POWER", self.word(), false)]
    }

    fn state(&self) -> Value {
        json!({ "POWER": self.word(), "Wifi": { "RSSI": 80 }, "simulated": true })
    }

    fn telemetry(&self) -> Says {
        self.says("tele", "STATE", self.state().to_string(), false)
    }

    fn hides(&self, control: &SimControl) -> bool {
        mqtt_device::hides(control, &self.target, self.used_for.effects())
    }

    fn told(&mut self, on: bool) -> Vec<Then> {
        let Some(effect) = self.used_for.turned(on) else {
            self.on = on;
            return self.power().into_iter().map(Then::Says).collect();
        };
        vec![Then::Does { target: self.target.clone(), effect, value: None }]
    }

    /// Its own address, made from its name: of the range for examples.
    fn mac(&self) -> String {
        let sum =
            self.topic.bytes().fold(0_u16, |sum, byte| sum.wrapping_mul(31).wrapping_add(u16::from(byte)));
        format!("02005E00{sum:04X}")
    }

    fn discovery(&self) -> Vec<Says> {
        let mac = self.mac();
        let at = |leaf: &str, json: Value| Says {
            topic: format!("tasmota/discovery/{mac}/{leaf}"),
            payload: json.to_string().into_bytes(),
            kept: true,
        };
        let name = format!("{} (simulated)", self.topic);
        let config = json!({
            "ip": "192.0.2.60", "dn": name, "fn": [name, null, null, null, null, null, null, null],
            "hn": self.topic, "mac": mac, "md": "Simulated plug", "ty": 0, "if": 0, "ofln": "Offline", "onln": "Online",
            "state": ["OFF", "ON", "TOGGLE", "HOLD"], "sw": "14.2.0", "t": self.topic, "ft": "%prefix%/%topic%/",
            "tp": ["cmnd", "stat", "tele"], "rl": [1, 0, 0, 0, 0, 0, 0, 0], "swc": [-1, -1, -1, -1, -1, -1, -1, -1],
            "swn": [null, null, null, null, null, null, null, null], "btn": [0, 0, 0, 0, 0, 0, 0, 0],
            "so": { "4": 0, "11": 0, "13": 0, "17": 0, "20": 0, "30": 0, "68": 0, "73": 0, "82": 0, "114": 0, "117": 0 },
            "lk": 0, "lt_st": 0, "bat": 0, "dslp": 0, "sho": [0, 0, 0, 0], "sht": [[0, 0, 0], [0, 0, 0]], "ver": 1,
            "simulated": true
        });
        vec![at("config", config), at("sensors", json!({ "sn": {}, "ver": 1, "simulated": true }))]
    }
}

impl Words for Plug {
    fn last_will(&self) -> Says {
        self.says("tele", "LWT", "Offline", true)
    }

    fn listens(&self) -> String {
        format!("cmnd/{}/#", self.topic)
    }

    fn is_on(&self, control: &SimControl) -> bool {
        mqtt_device::is_there(control, &self.target, self.used_for.effects())
    }

    fn tells(&self, control: &SimControl) -> Vec<Says> {
        let mut says = self.discovery();
        says.push(self.says("tele", "LWT", "Online", true));
        says.extend((!self.hides(control)).then(|| self.telemetry()));
        says
    }

    fn hears(&mut self, control: &SimControl, topic: &str, payload: &[u8]) -> Vec<Then> {
        let command = topic.rsplit('/').next().unwrap_or_default().to_uppercase();
        let text = String::from_utf8_lossy(payload).trim().to_uppercase();
        match (command.as_str(), text.as_str()) {
            ("POWER" | "POWER1" | "STATE", "" | "?") if self.hides(control) => Vec::new(),
            ("STATE", _) => vec![Then::Says(self.result(self.state()))],
            ("POWER" | "POWER1", "" | "?") => self.power().into_iter().map(Then::Says).collect(),
            ("POWER" | "POWER1", "ON" | "1") => self.told(true),
            ("POWER" | "POWER1", "OFF" | "0") => self.told(false),
            ("POWER" | "POWER1", "TOGGLE" | "2") => self.told(!self.on),
            ("BACKLOG" | "BACKLOG0", script) if self.used_for == PlugUse::Outlet && is_cycle(script) => {
                vec![Then::Does { target: self.target.clone(), effect: Effect::OutletCycle, value: None }]
            }
            _ => vec![Then::Says(self.result(json!({ "Command": "Unknown", "Input": command })))],
        }
    }

    fn shows(&mut self, _: &SimControl, _: &Target, seen: &Observation) -> Vec<Says> {
        match seen {
            Observation::Supply { on }
            | Observation::Lights { on }
            | Observation::Power { part: Part::Tv, on } => {
                self.on = *on;
                self.power()
            }
            Observation::Acknowledged { .. } if self.used_for == PlugUse::Outlet => {
                vec![self.result(json!({ "Backlog0": "Appended" }))]
            }
            Observation::Rejected { .. } => {
                vec![self.result(json!({ "Command": "Error" }))]
            }
            _ => Vec::new(),
        }
    }
}

/// Off, a wait, on: `POWER1 0; DELAY 80; POWER1 1`.
fn is_cycle(script: &str) -> bool {
    let steps: Vec<&str> = script.split(';').map(str::trim).collect();
    let [off, wait, on] = steps[..] else { return false };
    let tenths = wait.strip_prefix("DELAY ").and_then(|tenths| tenths.parse::<u32>().ok());
    matches!(off, "POWER 0" | "POWER1 0")
        && matches!(on, "POWER 1" | "POWER1 1")
        && tenths.is_some_and(|tenths| (2..=3600).contains(&tenths))
}
