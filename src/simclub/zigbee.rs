//! A simulated Zigbee2MQTT with devices: one program that speaks for all of them, with its last will on the bridge's
//! state. In each state of theirs it says `"simulated": true`.

use serde_json::{Value, json};

use super::control::SimControl;
use super::mqtt_device::{self, Says, SimDeviceLink, Then, Words};
use crate::clock::Clock;
use crate::device::Observation;
use crate::site::{Effect, Target};

/// One device of it.
#[derive(Debug, Clone)]
pub struct ZigbeeDevice {
    target: Target,
    name: String,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Light { on: bool },
    Thermostat { celsius: f32 },
}

impl ZigbeeDevice {
    /// A light of `target` with this friendly name; it is on.
    pub fn light(target: Target, name: &str) -> ZigbeeDevice {
        ZigbeeDevice { target, name: name.to_owned(), state: State::Light { on: true } }
    }

    /// A radiator's thermostat of `target`, set to 21 °C.
    pub fn thermostat(target: Target, name: &str) -> ZigbeeDevice {
        ZigbeeDevice { target, name: name.to_owned(), state: State::Thermostat { celsius: 21.0 } }
    }

    fn effects(&self) -> &'static [Effect] {
        match self.state {
            State::Light { .. } => &[Effect::LightsOn, Effect::LightsOff],
            State::Thermostat { .. } => &[Effect::ThermostatSet],
        }
    }

    fn json(&self) -> Value {
        match self.state {
            State::Light { on } => {
                json!({ "state": if on { "ON" } else { "OFF" }, "brightness": 254, "linkquality": 120, "simulated": true })
            }
            State::Thermostat { celsius } => json!({
                "local_temperature": 20.5, "occupied_heating_setpoint": celsius, "battery": 90, "linkquality": 90,
                "simulated": true
            }),
        }
    }

    /// The effect that a `/set` asks for.
    fn wish(&self, json: &Value) -> Option<(Effect, Option<f32>)> {
        match self.state {
            State::Light { on } => {
                let on = match json.get("state")?.as_str()? {
                    "ON" => true,
                    "OFF" => false,
                    "TOGGLE" => !on,
                    _ => return None,
                };
                Some((if on { Effect::LightsOn } else { Effect::LightsOff }, None))
            }
            State::Thermostat { .. } => {
                let celsius = json.get("occupied_heating_setpoint")?.as_f64()?;
                Some((Effect::ThermostatSet, Some(celsius as f32)))
            }
        }
    }
}

/// A running bridge; dropping it ends the program, and the broker sends its last will.
pub struct ZigbeeBridge {
    task: tokio::task::JoinHandle<()>,
}

impl ZigbeeBridge {
    /// A bridge with `base` as its base topic. Its devices' targets stand in the model of the club.
    pub fn start(
        base: &str,
        devices: Vec<ZigbeeDevice>,
        link: SimDeviceLink,
        control: SimControl,
        clock: Clock,
    ) -> ZigbeeBridge {
        let bridge = Bridge { base: base.to_owned(), devices };
        ZigbeeBridge { task: mqtt_device::run(bridge, link, control, clock) }
    }
}

impl Drop for ZigbeeBridge {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Bridge {
    base: String,
    devices: Vec<ZigbeeDevice>,
}

impl Bridge {
    fn says(&self, leaf: &str, payload: Value, kept: bool) -> Says {
        Says { topic: format!("{}/{leaf}", self.base), payload: payload.to_string().into_bytes(), kept }
    }

    fn state(&self, control: &SimControl, device: &ZigbeeDevice) -> Option<Says> {
        let shown = mqtt_device::is_there(control, &device.target, device.effects())
            && !mqtt_device::hides(control, &device.target, device.effects());
        shown.then(|| self.says(&device.name, device.json(), false))
    }
}

impl Words for Bridge {
    fn last_will(&self) -> Says {
        self.says("bridge/state", json!({ "state": "offline" }), true)
    }

    fn listens(&self) -> String {
        format!("{}/#", self.base)
    }

    /// The bridge runs while anything of its has power.
    fn is_on(&self, control: &SimControl) -> bool {
        self.devices.iter().any(|device| control.is_plugged(&device.target))
    }

    fn tells(&self, control: &SimControl) -> Vec<Says> {
        let mut says = vec![self.says("bridge/state", json!({ "state": "online" }), true)];
        for device in &self.devices {
            let there = mqtt_device::is_there(control, &device.target, device.effects());
            let word = json!({ "state": if there { "online" } else { "offline" } });
            says.push(self.says(&format!("{}/availability", device.name), word, true));
            says.extend(self.state(control, device));
        }
        says
    }

    fn hears(&mut self, control: &SimControl, topic: &str, payload: &[u8]) -> Vec<Then> {
        let Some(path) = topic.strip_prefix(&self.base).and_then(|rest| rest.strip_prefix('/')) else {
            return Vec::new();
        };
        let Some((name, verb)) = path.rsplit_once('/') else { return Vec::new() };
        let Some(device) = self.devices.iter().find(|device| device.name == name) else { return Vec::new() };
        let Ok(json) = serde_json::from_slice::<Value>(payload) else { return Vec::new() };
        match verb {
            "get" => self.state(control, device).map(Then::Says).into_iter().collect(),
            "set" => {
                let wish = device.wish(&json).map(|(effect, value)| Then::Does {
                    target: device.target.clone(),
                    effect,
                    value,
                });
                wish.into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn shows(&mut self, control: &SimControl, target: &Target, seen: &Observation) -> Vec<Says> {
        if let Observation::Rejected { reason, .. } = seen {
            let log = json!({ "level": "error", "message": format!("Publish 'set' to '{target}' failed: '{reason}'") });
            return vec![self.says("bridge/logging", log, false)];
        }
        let Some(nth) = self.devices.iter().position(|device| device.target == *target) else {
            return Vec::new();
        };
        self.devices[nth].state = match (self.devices[nth].state, seen) {
            (State::Light { .. }, Observation::Lights { on }) => State::Light { on: *on },
            (State::Thermostat { .. }, Observation::SetPoint { celsius }) => {
                State::Thermostat { celsius: *celsius }
            }
            _ => return Vec::new(),
        };
        self.state(control, &self.devices[nth]).into_iter().collect()
    }
}
