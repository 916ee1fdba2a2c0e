//! Shelly's plugs and relays behind the broker: RPC with a return address of our own, or the first generation's
//! plain topics.
//!
//! It is asked for its state (by default it tells none by itself). A power cycle is the device's own timer; the
//! first generation has none over the broker and does none.

use serde_json::{Value, json};

use super::super::shelly::{Output, Proof, rpc_error};
use super::super::switch::{self, Verb};
use super::super::{NotSent, Observation};
use super::{Account, Heard, Message, Topics};
use crate::policy::Permit;
use crate::site::lan::ShellyMqtt;
use crate::site::{Effect, Target};

/// Our number of a question for its state; commands are numbered above it.
const STATUS: i64 = 1;

pub(super) struct Shelly {
    of: ShellyMqtt,
    /// Its answers come to `<source>/rpc`.
    source: String,
    proof: Proof,
    /// The effect it was told last.
    told: Option<i64>,
    /// The first generation tells power apart from state.
    watts: Option<f64>,
}

impl Shelly {
    pub fn new(of: &ShellyMqtt, target: &Target, effects: &[Effect]) -> Shelly {
        Shelly {
            of: of.clone(),
            // Below the box's own topics: nobody else hears it. Two devices of one target differ by their prefix.
            source: format!("clubos/v1/shelly/{target}/{}", of.prefix.replace('/', "-")),
            proof: Proof::new(effects, of.playing_above_w),
            told: None,
            watts: None,
        }
    }

    fn below(&self, rest: &str) -> String {
        format!("{}/{rest}", self.of.prefix)
    }

    fn relay(&self) -> String {
        self.below(&format!("relay/{}", self.of.channel))
    }

    fn status(&self) -> String {
        self.below(&format!("status/switch:{}", self.of.channel))
    }

    fn rpc(&self, id: i64, method: &str, params: &Value) -> Message {
        let frame = json!({ "id": id, "src": self.source, "method": method, "params": params });
        Message { topic: self.below("rpc"), payload: frame.to_string().into_bytes() }
    }

    fn shown(&mut self, output: Output) -> Vec<Heard> {
        let seen = self.proof.shown(output).into_iter().map(Heard::Saw);
        std::iter::once(Heard::Online(true)).chain(seen).collect()
    }

    /// An answer to one of our calls.
    fn answered(&mut self, frame: &Value) -> Result<Vec<Heard>, String> {
        let id = frame["id"].as_i64().ok_or("an answer without a number")?;
        let mut heard = Vec::new();
        if frame["simulated"] == true {
            heard.push(Heard::Simulated);
        }
        heard.push(Heard::Online(true));
        if id == STATUS {
            if frame["error"].is_object() {
                return Err(rpc_error(&frame["error"]).to_string());
            }
            let output = Output::gen2(&frame["result"], self.of.channel)?;
            heard.extend(self.shown(output));
            return Ok(heard);
        }
        // The answer to an earlier command is no news of this one.
        let effect_id = self.told.filter(|told| *told + STATUS == id);
        let effect_id = effect_id.ok_or("an answer to nothing that was asked")?;
        heard.push(Heard::Saw(if frame["error"].is_object() {
            match rpc_error(&frame["error"]) {
                refused @ super::super::call::CallError::Refused(_) => {
                    Observation::Rejected { effect_id, reason: refused.to_string() }
                }
                unclear => return Err(unclear.to_string()),
            }
        } else if frame.get("result").is_some() {
            Observation::Acknowledged { effect_id }
        } else {
            return Err("neither a result nor an error".to_owned());
        }));
        Ok(heard)
    }
}

impl Topics for Shelly {
    fn family(&self) -> &'static str {
        "Shelly (MQTT)"
    }

    fn listens(&self) -> Vec<String> {
        let online = self.below("online");
        match self.of.generation {
            1 => vec![online, self.relay(), format!("{}/power", self.relay())],
            _ => vec![online, self.status(), format!("{}/rpc", self.source)],
        }
    }

    fn account(&self) -> Option<Account> {
        let reads = match self.of.generation {
            1 => vec![self.below("command"), format!("{}/command", self.relay())],
            _ => vec![self.below("rpc"), self.below("command/#")],
        };
        Some(Account {
            user: super::user("shelly", &self.of.prefix),
            writes: vec![self.below("#"), format!("{}/rpc", self.source)],
            reads,
        })
    }

    fn asks(&self) -> Vec<Message> {
        vec![match self.of.generation {
            1 => Message { topic: self.below("command"), payload: b"update".to_vec() },
            _ => self.rpc(STATUS, "Switch.GetStatus", &json!({ "id": self.of.channel })),
        }]
    }

    fn hear(&mut self, topic: &str, payload: &[u8], kept: bool) -> Result<Vec<Heard>, String> {
        let text = std::str::from_utf8(payload).map_err(|_| "no text".to_owned())?.trim();
        if topic == self.below("online") {
            return match text {
                "true" => Ok(vec![Heard::Online(true)]),
                "false" => Ok(vec![Heard::Online(false)]),
                _ => Err("neither true nor false".to_owned()),
            };
        }
        // What the broker kept is as old as may be, and it is asked anew right now.
        if kept {
            return Ok(Vec::new());
        }
        if topic == self.relay() {
            let on = match text {
                "on" => true,
                "off" => false,
                "overpower" => return Err("it switched itself off: too much power".to_owned()),
                _ => return Err("neither on nor off".to_owned()),
            };
            let watts = self.watts;
            return Ok(self.shown(Output { on, watts }));
        }
        if topic == format!("{}/power", self.relay()) {
            self.watts = Some(text.parse().map_err(|_| "no number".to_owned())?);
            return Ok(vec![Heard::Online(true)]);
        }
        let json: Value = serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
        if topic == self.status() {
            let output = Output::gen2(&json, self.of.channel)?;
            return Ok(self.shown(output));
        }
        self.answered(&json)
    }

    fn tell(&mut self, permit: &Permit) -> Result<Vec<Message>, NotSent> {
        let effect = permit.effect();
        let verb = switch::verb(effect, None).ok_or(NotSent::Unsupported(effect))?;
        let message = match (self.of.generation, verb) {
            (1, Verb::On) => Message { topic: format!("{}/command", self.relay()), payload: b"on".to_vec() },
            (1, Verb::Off) => {
                Message { topic: format!("{}/command", self.relay()), payload: b"off".to_vec() }
            }
            (1, Verb::Cycle | Verb::Set(_)) => return Err(NotSent::Unsupported(effect)),
            _ => {
                let mut params = json!({ "id": self.of.channel, "on": verb == Verb::On });
                if verb == Verb::Cycle {
                    params["toggle_after"] = json!(self.of.cycle_seconds);
                }
                self.rpc(permit.effect_id() + STATUS, "Switch.Set", &params)
            }
        };
        self.told = Some(permit.effect_id());
        self.proof.told(effect);
        Ok(vec![message])
    }
}
