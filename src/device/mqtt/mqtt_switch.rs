//! A switch, button or dial by the topics and payloads that the site names.

use serde_json::Value;

use super::super::switch::{self, Verb};
use super::super::{NotSent, Observation};
use super::{Account, Heard, Message, Topics};
use crate::policy::Permit;
use crate::site::{Effect, lan::MqttSwitch};

pub(super) struct Switch {
    of: MqttSwitch,
    effects: Vec<Effect>,
}

impl Switch {
    pub fn new(of: &MqttSwitch, effects: &[Effect]) -> Switch {
        Switch { of: of.clone(), effects: effects.to_vec() }
    }

    /// The value in a state's payload, as text.
    fn value(&self, payload: &[u8]) -> Result<String, String> {
        let text = std::str::from_utf8(payload).map_err(|_| "no text".to_owned())?.trim();
        let Some(pointer) = &self.of.state_pointer else { return Ok(text.to_owned()) };
        let json: Value = serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
        match json.pointer(pointer) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(value @ (Value::Bool(_) | Value::Number(_))) => Ok(value.to_string()),
            _ => Err(format!("nothing at {pointer}")),
        }
    }

    fn state(&self, payload: &[u8]) -> Result<Vec<Heard>, String> {
        let value = self.value(payload)?;
        if self.effects.contains(&Effect::ThermostatSet) {
            let celsius = value.parse().map_err(|_| "no number".to_owned())?;
            return Ok(vec![Heard::Online(true), Heard::Saw(Observation::SetPoint { celsius })]);
        }
        let on = match value {
            value if value.eq_ignore_ascii_case(&self.of.state_on) => true,
            value if value.eq_ignore_ascii_case(&self.of.state_off) => false,
            _ => return Err("neither on nor off".to_owned()),
        };
        let mut heard = vec![Heard::Online(true)];
        heard.extend(switch::shows(&self.effects, on).into_iter().map(Heard::Saw));
        if self.effects.contains(&Effect::AudioRestart) {
            heard.push(Heard::Saw(Observation::Playing { playing: on }));
        }
        Ok(heard)
    }
}

impl Topics for Switch {
    fn family(&self) -> &'static str {
        "switch (MQTT)"
    }

    fn listens(&self) -> Vec<String> {
        self.of.state.iter().chain(&self.of.availability).cloned().collect()
    }

    fn announces(&self) -> bool {
        self.of.availability.is_some()
    }

    fn hear(&mut self, topic: &str, payload: &[u8], _kept: bool) -> Result<Vec<Heard>, String> {
        if self.of.availability.as_deref() == Some(topic) {
            let text = String::from_utf8_lossy(payload);
            let text = text.trim();
            return match text {
                _ if text.eq_ignore_ascii_case(&self.of.available) => Ok(vec![Heard::Online(true)]),
                _ if text.eq_ignore_ascii_case(&self.of.not_available) => Ok(vec![Heard::Online(false)]),
                _ => Err("neither available nor not".to_owned()),
            };
        }
        // What was kept and is taken back is an empty message.
        if payload.is_empty() {
            return Ok(Vec::new());
        }
        self.state(payload)
    }

    fn tell(&mut self, permit: &Permit) -> Result<Vec<Message>, NotSent> {
        let unsupported = NotSent::Unsupported(permit.effect());
        let verb = switch::verb(permit.effect(), permit.value()).ok_or_else(|| unsupported.clone())?;
        let (topic, payload) = match verb {
            Verb::On => (self.of.command.as_ref(), self.of.on.clone()),
            Verb::Off => (self.of.command.as_ref(), self.of.off.clone()),
            Verb::Cycle => (self.of.command.as_ref(), self.of.cycle.clone()),
            Verb::Set(number) => (self.of.set.as_ref(), Some(number.to_string())),
        };
        let (Some(topic), Some(payload)) = (topic, payload) else { return Err(unsupported) };
        Ok(vec![Message { topic: topic.clone(), payload: payload.into_bytes() }])
    }

    fn account(&self) -> Option<Account> {
        let reads: Vec<String> = self.of.command.iter().chain(&self.of.set).cloned().collect();
        let user = super::user("switch", reads.first()?);
        Some(Account { user, writes: self.listens(), reads })
    }
}
