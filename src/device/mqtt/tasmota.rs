//! Plugs and relays with Tasmota's firmware.
//!
//! A power cycle is one `Backlog0` with a `Delay`, so that the device itself turns on again. Its answer to a command is
//! what its relay did, and it is asked too: both are proof, a command taken is not.

use serde_json::{Map, Value};

use super::super::switch::{self, Verb};
use super::super::{NotSent, Observation};
use super::{Account, Heard, Message, Topics, labelled};
use crate::policy::Permit;
use crate::site::{Effect, lan::Tasmota};

pub(super) struct Plug {
    of: Tasmota,
    effects: Vec<Effect>,
    /// The effect that was told last, and its command, for the device to refuse.
    told: Option<(i64, String)>,
}

impl Plug {
    pub fn new(of: &Tasmota, effects: &[Effect]) -> Plug {
        Plug { of: of.clone(), effects: effects.to_vec(), told: None }
    }

    /// `POWER` with its number: a device with one relay answers with the bare name.
    fn power(&self) -> String {
        format!("POWER{}", self.of.relay)
    }

    fn is_power(&self, key: &str) -> bool {
        key == self.power() || (self.of.relay == 1 && key == "POWER")
    }

    fn json(&mut self, payload: &[u8]) -> Result<Vec<Heard>, String> {
        let Value::Object(keys) =
            serde_json::from_slice(payload).map_err(|error| format!("no JSON: {error}"))?
        else {
            return Err("no JSON object".to_owned());
        };
        let mut heard = vec![Heard::Online(true)];
        heard.extend(labelled(&keys));
        if let Some(answer) = refusal(&keys)
            && let Some((effect_id, _)) = self.told.take_if(|(_, command)| is_of(command, &keys))
        {
            let reason = format!("the device does not know the command ({answer})");
            heard.push(Heard::Saw(Observation::Rejected { effect_id, reason }));
        }
        if let Some((_, state)) = keys.iter().find(|(key, _)| self.is_power(key)) {
            heard.extend(self.state(state.as_str().unwrap_or_default())?);
        }
        Ok(heard)
    }

    fn state(&self, text: &str) -> Result<Vec<Heard>, String> {
        let on = match text {
            "ON" | "1" => true,
            "OFF" | "0" => false,
            _ => return Err("neither ON nor OFF".to_owned()),
        };
        Ok(switch::shows(&self.effects, on).into_iter().map(Heard::Saw).collect())
    }
}

/// The word by which it refuses a command.
fn refusal(keys: &Map<String, Value>) -> Option<&str> {
    keys.get("Command")?.as_str().filter(|answer| matches!(*answer, "Unknown" | "Error"))
}

/// Whether an answer is of this command. Newer versions repeat what was asked; others may ask too.
fn is_of(command: &str, keys: &Map<String, Value>) -> bool {
    keys.get("Input").and_then(Value::as_str).is_none_or(|input| input.eq_ignore_ascii_case(command))
}

impl Topics for Plug {
    fn family(&self) -> &'static str {
        "Tasmota"
    }

    fn listens(&self) -> Vec<String> {
        let bare = (self.of.relay == 1).then(|| self.of.at("stat", "POWER"));
        let told = [self.of.at("stat", &self.power()), self.of.at("stat", "RESULT")];
        let telemetry = [self.of.at("tele", "STATE"), self.of.at("tele", "LWT")];
        told.into_iter().chain(bare).chain(telemetry).collect()
    }

    fn asks(&self) -> Vec<Message> {
        vec![Message { topic: self.of.at("cmnd", &self.power()), payload: Vec::new() }]
    }

    fn hear(&mut self, topic: &str, payload: &[u8], _kept: bool) -> Result<Vec<Heard>, String> {
        let text = std::str::from_utf8(payload).map_err(|_| "no text".to_owned())?.trim();
        if topic == self.of.at("tele", "LWT") {
            return match text {
                "Online" => Ok(vec![Heard::Online(true)]),
                "Offline" => Ok(vec![Heard::Online(false)]),
                _ => Err("neither Online nor Offline".to_owned()),
            };
        }
        // With SetOption4 an answer in JSON comes on the topic of its command.
        if text.starts_with('{')
            || topic == self.of.at("stat", "RESULT")
            || topic == self.of.at("tele", "STATE")
        {
            return self.json(payload);
        }
        let mut heard = vec![Heard::Online(true)];
        heard.extend(self.state(text)?);
        Ok(heard)
    }

    fn tell(&mut self, permit: &Permit) -> Result<Vec<Message>, NotSent> {
        let effect = permit.effect();
        let relay = self.of.relay;
        let (leaf, payload) = match switch::verb(effect, permit.value()) {
            Some(Verb::On) => (self.power(), "ON".to_owned()),
            Some(Verb::Off) => (self.power(), "OFF".to_owned()),
            // Delay counts in tenths of a second.
            Some(Verb::Cycle) => {
                let delay = u32::from(self.of.off_s) * 10;
                ("Backlog0".to_owned(), format!("Power{relay} 0; Delay {delay}; Power{relay} 1"))
            }
            Some(Verb::Set(_)) | None => return Err(NotSent::Unsupported(effect)),
        };
        self.told = Some((permit.effect_id(), leaf.clone()));
        Ok(vec![Message { topic: self.of.at("cmnd", &leaf), payload: payload.into_bytes() }])
    }

    fn account(&self) -> Option<Account> {
        Some(Account {
            user: super::user("tasmota", &self.of.topic),
            writes: vec![self.of.at("stat", "#"), self.of.at("tele", "#")],
            reads: vec![self.of.at("cmnd", "#")],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plug(relay: u8) -> Plug {
        let full_topic = "%prefix%/%topic%/".to_owned();
        let of = Tasmota { topic: "plug".to_owned(), full_topic, relay, off_s: 8 };
        Plug::new(&of, &[Effect::OutletCycle])
    }

    fn supply(on: bool) -> Heard {
        Heard::Saw(Observation::Supply { on })
    }

    #[test]
    fn a_relay_is_read_from_every_way_it_is_told() {
        for (topic, payload, on) in [
            ("stat/plug/POWER", "ON", true),
            ("stat/plug/POWER1", "OFF", false),
            ("stat/plug/RESULT", r#"{"POWER":"ON"}"#, true),
            ("stat/plug/RESULT", r#"{"POWER1":"OFF"}"#, false),
            ("stat/plug/POWER", r#"{"POWER":"ON"}"#, true),
            ("tele/plug/STATE", r#"{"Time":"2026-11-30T10:00:00","POWER":"OFF","Wifi":{"RSSI":80}}"#, false),
        ] {
            let heard = plug(1).hear(topic, payload.as_bytes(), false).expect(payload);
            assert_eq!(heard, [Heard::Online(true), supply(on)], "{topic} {payload}");
        }
    }

    #[test]
    fn another_relay_of_the_same_device_says_nothing_of_ours() {
        let mut second = plug(2);
        for payload in [r#"{"POWER1":"ON"}"#, r#"{"POWER":"ON"}"#, r#"{"Dimmer":40}"#] {
            assert_eq!(
                second.hear("stat/plug/RESULT", payload.as_bytes(), false),
                Ok(vec![Heard::Online(true)])
            );
        }
        assert_eq!(
            second.hear("stat/plug/RESULT", br#"{"POWER2":"ON"}"#, false),
            Ok(vec![Heard::Online(true), supply(true)])
        );
    }

    #[test]
    fn what_makes_no_sense_is_said_and_changes_nothing() {
        for (topic, payload) in [
            ("stat/plug/POWER", "MAYBE"),
            ("stat/plug/RESULT", "ON"),
            ("stat/plug/RESULT", r#"{"POWER":7}"#),
            ("stat/plug/RESULT", "[]"),
            ("tele/plug/STATE", "{"),
            ("tele/plug/LWT", "Gone"),
        ] {
            assert!(plug(1).hear(topic, payload.as_bytes(), false).is_err(), "{topic} {payload}");
        }
        assert!(plug(1).hear("stat/plug/POWER", b"\xff", false).is_err());
    }

    #[test]
    fn the_full_topic_of_the_site_is_used() {
        let of =
            Tasmota { topic: "p".into(), full_topic: "club/%topic%/%prefix%/".into(), relay: 1, off_s: 8 };
        assert_eq!(of.at("cmnd", "POWER1"), "club/p/cmnd/POWER1");
    }
}
