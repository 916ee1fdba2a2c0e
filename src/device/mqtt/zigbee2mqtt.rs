//! Zigbee devices behind Zigbee2MQTT.
//!
//! What is told here is Zigbee2MQTT's word: it tells a new state once the device acknowledged it over the radio. A
//! battery device sleeps and answers late, so its silence means nothing; whether it is there is said by its
//! availability where that is switched on, else by the bridge being there.

use serde_json::{Map, Value, json};

use super::super::switch::{self, Verb};
use super::super::{NotSent, Observation};
use super::{Account, Heard, Message, Topics, labelled};
use crate::policy::Permit;
use crate::site::{Effect, lan::Zigbee2mqtt};

pub(super) struct Device {
    of: Zigbee2mqtt,
    effects: Vec<Effect>,
    bridge: Option<bool>,
    available: Option<bool>,
}

impl Device {
    pub fn new(of: &Zigbee2mqtt, effects: &[Effect]) -> Device {
        Device { of: of.clone(), effects: effects.to_vec(), bridge: None, available: None }
    }

    fn bridge_topic(&self) -> String {
        format!("{}/bridge/state", self.of.base)
    }

    fn is_dial(&self) -> bool {
        self.effects.contains(&Effect::ThermostatSet)
    }

    fn presence(&self) -> Vec<Heard> {
        let there = match (self.bridge, self.available) {
            (Some(false), _) => Some(false),
            (_, Some(available)) => Some(available),
            (bridge, None) => bridge,
        };
        there.map(Heard::Online).into_iter().collect()
    }

    fn state(&self, payload: &[u8]) -> Result<Vec<Heard>, String> {
        let keys = object(payload)?;
        let mut heard: Vec<Heard> = labelled(&keys).into_iter().collect();
        // It may repeat what it remembers of a device that is gone.
        if self.bridge.is_none() && self.available.is_none() {
            heard.push(Heard::Online(true));
        }
        let key = if self.is_dial() { &self.of.setpoint } else { &self.of.state };
        let Some(value) = keys.get(key) else { return Ok(heard) };
        if self.is_dial() {
            let celsius = value.as_f64().ok_or_else(|| format!("`{key}` is no number"))?;
            heard.push(Heard::Saw(Observation::SetPoint { celsius: celsius as f32 }));
            return Ok(heard);
        }
        let on = match value.as_str() {
            Some("ON") => true,
            Some("OFF") => false,
            _ => return Err(format!("`{key}` is neither ON nor OFF")),
        };
        heard.extend(switch::shows(&self.effects, on).into_iter().map(Heard::Saw));
        Ok(heard)
    }
}

/// `online` or `offline`, plain as before version 2 or as JSON.
fn presence(payload: &[u8]) -> Result<bool, String> {
    let text = std::str::from_utf8(payload).map_err(|_| "no text".to_owned())?.trim();
    let json = text.starts_with('{').then(|| object(payload)).transpose()?;
    let word = json.as_ref().map_or(Some(text), |keys| keys.get("state").and_then(Value::as_str));
    match word {
        Some("online") => Ok(true),
        Some("offline") => Ok(false),
        _ => Err("neither online nor offline".to_owned()),
    }
}

fn object(payload: &[u8]) -> Result<Map<String, Value>, String> {
    serde_json::from_slice(payload).map_err(|error| format!("no JSON object: {error}"))
}

impl Topics for Device {
    fn family(&self) -> &'static str {
        "Zigbee2MQTT"
    }

    fn listens(&self) -> Vec<String> {
        vec![self.of.at(""), self.of.at("/availability"), self.bridge_topic()]
    }

    fn asks(&self) -> Vec<Message> {
        let key = if self.is_dial() { &self.of.setpoint } else { &self.of.state };
        vec![Message { topic: self.of.at("/get"), payload: json!({ key: "" }).to_string().into_bytes() }]
    }

    fn answers(&self) -> bool {
        false
    }

    fn announces(&self) -> bool {
        true
    }

    fn hear(&mut self, topic: &str, payload: &[u8], _kept: bool) -> Result<Vec<Heard>, String> {
        // What was kept and is taken back is an empty message.
        if payload.is_empty() {
            return Ok(Vec::new());
        }
        if topic == self.bridge_topic() {
            self.bridge = Some(presence(payload)?);
            return Ok(self.presence());
        }
        if topic == self.of.at("/availability") {
            self.available = Some(presence(payload)?);
            return Ok(self.presence());
        }
        self.state(payload)
    }

    fn tell(&mut self, permit: &Permit) -> Result<Vec<Message>, NotSent> {
        let effect = permit.effect();
        let unsupported = || NotSent::Unsupported(effect);
        let payload = match switch::verb(effect, permit.value()).ok_or_else(unsupported)? {
            Verb::On => json!({ &self.of.state: "ON" }).to_string(),
            Verb::Off => json!({ &self.of.state: "OFF" }).to_string(),
            Verb::Cycle => self.of.cycle.clone().ok_or_else(unsupported)?,
            Verb::Set(celsius) => json!({ &self.of.setpoint: tenths(celsius) }).to_string(),
        };
        Ok(vec![Message { topic: self.of.at("/set"), payload: payload.into_bytes() }])
    }

    fn account(&self) -> Option<Account> {
        let all = vec![format!("{}/#", self.of.base)];
        Some(Account { user: super::user("zigbee2mqtt", &self.of.base), writes: all.clone(), reads: all })
    }
}

/// Without the digits that a narrower number does not have.
fn tenths(celsius: f32) -> f64 {
    (f64::from(celsius) * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn light() -> Device {
        Device::new(&of(), &[Effect::LightsOn, Effect::LightsOff])
    }

    fn of() -> Zigbee2mqtt {
        Zigbee2mqtt {
            base: "zigbee2mqtt".into(),
            name: "hall/front light".into(),
            state: "state".into(),
            cycle: None,
            setpoint: "occupied_heating_setpoint".into(),
        }
    }

    #[test]
    fn availability_is_read_in_both_forms() {
        for (topic, payload, there) in [
            ("zigbee2mqtt/hall/front light/availability", "online", true),
            ("zigbee2mqtt/hall/front light/availability", r#"{"state":"offline"}"#, false),
            ("zigbee2mqtt/bridge/state", "offline", false),
            ("zigbee2mqtt/bridge/state", r#"{"state":"online"}"#, true),
        ] {
            assert_eq!(
                light().hear(topic, payload.as_bytes(), true),
                Ok(vec![Heard::Online(there)]),
                "{payload}"
            );
        }
        assert!(light().hear("zigbee2mqtt/bridge/state", br#"{"state":"starting"}"#, true).is_err());
    }

    #[test]
    fn a_device_is_gone_with_its_bridge_and_what_is_remembered_does_not_bring_it_back() {
        let mut light = light();
        let on = Heard::Saw(Observation::Lights { on: true });
        let state = (of().at(""), br#"{"state":"ON","linkquality":80}"#);
        assert_eq!(light.hear(&state.0, state.1, false), Ok(vec![Heard::Online(true), on.clone()]));
        assert_eq!(light.hear("zigbee2mqtt/bridge/state", b"offline", false), Ok(vec![Heard::Online(false)]));
        assert_eq!(light.hear(&state.0, state.1, false), Ok(vec![on]));
        assert_eq!(light.hear("zigbee2mqtt/bridge/state", b"online", false), Ok(vec![Heard::Online(true)]));
    }

    #[test]
    fn a_dial_reads_back_the_wanted_temperature_only() {
        let mut dial = Device::new(&of(), &[Effect::ThermostatSet]);
        let heard =
            dial.hear(&of().at(""), br#"{"local_temperature":19.4,"occupied_heating_setpoint":21.5}"#, false);
        assert_eq!(heard, Ok(vec![Heard::Online(true), Heard::Saw(Observation::SetPoint { celsius: 21.5 })]));
        assert_eq!(dial.hear(&of().at(""), br#"{"battery":80}"#, false), Ok(vec![Heard::Online(true)]));
        assert!(dial.hear(&of().at(""), br#"{"occupied_heating_setpoint":"warm"}"#, false).is_err());
    }
}
