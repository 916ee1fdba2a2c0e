//! What a simulated Shelly plug of the second generation says to a call, whichever way it came, and whom it lets in.
//!
//! Owns its name, its password and the nonces it gave out. Seeded with a recording of a real Plus Plug S; the name
//! says SIMULATED.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::device_port::lock;
use super::plug::{Done, Plug};
use crate::device::digest::{self, Asked};
use crate::site::Target;

/// Recorded from a real plug (`tests/data/wire/SOURCES.md`).
const RECORDED: &str = include_str!("../../tests/data/wire/aioshelly/gen2_plus_plug_s.json");

/// Its only user.
pub(super) const USER: &str = "admin";

/// What it answers to a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reply {
    Result(Value),
    /// Code and message.
    Error(i64, String),
    /// Nothing, ever.
    Silent,
}

pub(super) struct Rpc {
    pub plug: Arc<Plug>,
    pub id: String,
    recorded: Value,
    doorman: Mutex<Doorman>,
}

/// Who may come in.
struct Doorman {
    password: Option<String>,
    realm: String,
    /// Nonces given out, with the highest count seen of each.
    nonces: BTreeMap<String, u64>,
    next: u64,
}

/// Six bytes in hexadecimal, upper case, from a target's name: the same at every start, and locally administered.
pub(super) fn mac_of(target: &Target) -> String {
    let hash = Sha256::digest(target.as_str().as_bytes());
    std::iter::once(2).chain(hash.iter().copied().take(5)).map(|byte| format!("{byte:02X}")).collect()
}

impl Rpc {
    pub fn new(plug: Arc<Plug>, password: Option<&str>) -> Arc<Rpc> {
        let mac = mac_of(&plug.target);
        let id = format!("shellyplusplugs-{}", mac.to_lowercase());
        let mut recorded: Value = serde_json::from_str(RECORDED).unwrap_or_default();
        let name = json!(format!("SIMULATED {}", plug.target));
        for (pointer, value) in [
            ("/shelly/id", json!(id)),
            ("/shelly/mac", json!(mac)),
            ("/shelly/name", name.clone()),
            ("/status/sys/mac", json!(mac)),
            ("/config/sys/device/mac", json!(mac)),
            ("/config/sys/device/name", name.clone()),
            ("/config/switch:0/name", name),
            ("/config/mqtt/client_id", json!(id)),
            ("/config/mqtt/topic_prefix", json!(id)),
        ] {
            if let Some(place) = recorded.pointer_mut(pointer) {
                *place = value;
            }
        }
        let password = password.map(str::to_owned);
        let doorman = Doorman { password, realm: id.clone(), nonces: BTreeMap::new(), next: 1_725_185_413 };
        Arc::new(Rpc { plug, id, recorded, doorman: Mutex::new(doorman) })
    }

    /// What `GET /shelly` tells everybody.
    pub fn about(&self) -> Value {
        let doorman = lock(&self.doorman);
        let mut about = self.recorded["shelly"].clone();
        about["auth_en"] = json!(doorman.password.is_some());
        about["auth_domain"] = if doorman.password.is_some() { json!(doorman.realm) } else { Value::Null };
        about
    }

    /// Answers a call that was let in.
    pub async fn call(&self, method: &str, params: &Value) -> Reply {
        match method {
            "Shelly.GetDeviceInfo" => Reply::Result(self.about()),
            "Shelly.GetConfig" => Reply::Result(self.recorded["config"].clone()),
            "Shelly.GetStatus" => {
                let mut status = self.recorded["status"].clone();
                status["switch:0"] = self.status();
                Reply::Result(status)
            }
            "Shelly.GetComponents" => {
                Reply::Result(json!({ "components": [], "cfg_rev": 25, "offset": 0, "total": 0 }))
            }
            "Shelly.ListMethods" => Reply::Result(json!({ "methods": [
                "Shelly.GetDeviceInfo", "Shelly.GetConfig", "Shelly.GetStatus", "Shelly.GetComponents",
                "Shelly.ListMethods", "Switch.GetStatus", "Switch.Set", "Switch.Toggle",
            ] })),
            "Switch.GetStatus" => match channel(params) {
                Ok(()) => Reply::Result(self.status()),
                Err(error) => error,
            },
            "Switch.Set" => self.set(params).await,
            "Switch.Toggle" => {
                let on = !self.plug.relay().on;
                self.turn(on, None).await
            }
            method => Reply::Error(404, format!("No handler for {method}")),
        }
    }

    /// What `status/switch:0` and `Switch.GetStatus` show.
    pub fn status(&self) -> Value {
        let relay = self.plug.relay();
        let mut status = self.recorded["status"]["switch:0"].clone();
        status["output"] = json!(relay.on);
        status["apower"] = json!(relay.watts());
        status["source"] = json!("http");
        if let Some((until, after)) = relay.timer {
            status["timer_duration"] = json!(after.as_secs_f64());
            let left = until.saturating_duration_since(tokio::time::Instant::now());
            status["timer_remaining"] = json!(left.as_secs_f64());
        }
        status
    }

    async fn set(&self, params: &Value) -> Reply {
        if let Err(error) = channel(params) {
            return error;
        }
        let odd = params.as_object().and_then(|map| {
            map.keys().find(|key| !matches!(key.as_str(), "id" | "on" | "toggle_after")).cloned()
        });
        if let Some(odd) = odd {
            return Reply::Error(-103, format!("Unexpected argument '{odd}'!"));
        }
        let Some(on) = params["on"].as_bool() else {
            return Reply::Error(-103, "Missing or bad argument 'on'!".to_owned());
        };
        let after = match &params["toggle_after"] {
            Value::Null => None,
            after => match after.as_f64().and_then(|s| Duration::try_from_secs_f64(s).ok()) {
                Some(after) => Some(after),
                None => return Reply::Error(-103, "Bad argument 'toggle_after'!".to_owned()),
            },
        };
        self.turn(on, after).await
    }

    async fn turn(&self, on: bool, after: Option<Duration>) -> Reply {
        match self.plug.turn(on, after).await {
            Done::Took { was_on } => Reply::Result(json!({ "was_on": was_on })),
            Done::Refused(reason) => Reply::Error(-114, reason),
            Done::Silent => Reply::Silent,
        }
    }

    // --- who may come in ---

    pub fn set_password(&self, password: Option<&str>) {
        lock(&self.doorman).password = password.map(str::to_owned);
    }

    pub fn set_realm(&self, realm: &str) {
        let mut doorman = lock(&self.doorman);
        realm.clone_into(&mut doorman.realm);
        doorman.nonces.clear();
    }

    /// Every nonce given out is old from now on.
    pub fn forget_nonces(&self) {
        lock(&self.doorman).nonces.clear();
    }

    /// Whether a request over HTTP may come in; else the challenge it gets.
    pub fn admits(&self, method: &str, uri: &str, authorization: Option<&str>) -> Result<(), String> {
        let mut doorman = lock(&self.doorman);
        let Some(password) = doorman.password.clone() else { return Ok(()) };
        let sent = authorization.and_then(|header| header.strip_prefix("Digest ")).map(digest::parameters);
        let sent = sent.unwrap_or_default();
        let get =
            |name: &str| sent.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        let count = u64::from_str_radix(get("nc"), 16).unwrap_or(0);
        let named = get("username") == USER && get("realm") == doorman.realm && get("uri") == uri;
        let kind = get("algorithm") == "SHA-256" && get("qop") == "auth" && get("nc").len() == 8;
        let asked = Asked { method, uri, nonce: get("nonce"), count: get("nc"), cnonce: get("cnonce") };
        let secret = digest::secret(USER, &doorman.realm, &password);
        let right = named && kind && count > 0 && asked.response(&secret) == get("response");
        let stale = right && doorman.uses(get("nonce"), count).is_err();
        if right && !stale {
            return Ok(());
        }
        let nonce = doorman.nonce();
        let stale = if stale { ", stale=true" } else { "" };
        let realm = doorman.realm.replace('"', "\\\"");
        Err(format!("Digest qop=\"auth\", realm=\"{realm}\", nonce=\"{nonce}\", algorithm=SHA-256{stale}"))
    }

    /// Whether a call in a frame of its own may come in; else the challenge, which is text in the error.
    pub fn admits_frame(&self, frame: &Value) -> Result<(), String> {
        let mut doorman = lock(&self.doorman);
        let Some(password) = doorman.password.clone() else { return Ok(()) };
        if frame["method"] == "Shelly.GetDeviceInfo" {
            return Ok(());
        }
        let auth = &frame["auth"];
        let nonce = auth["nonce"].as_u64().unwrap_or(0).to_string();
        let count = auth["nc"].as_u64().unwrap_or(0);
        let cnonce = auth["cnonce"].as_str().unwrap_or_default();
        let asked = Asked {
            method: "dummy_method",
            uri: "dummy_uri",
            nonce: &nonce,
            count: &count.to_string(),
            cnonce,
        };
        let secret = digest::secret(USER, &doorman.realm, &password);
        let named = auth["username"] == USER && auth["realm"] == doorman.realm.as_str();
        let right =
            named && auth["algorithm"] == "SHA-256" && auth["response"] == asked.response(&secret).as_str();
        if right && doorman.uses(&nonce, count).is_ok() {
            return Ok(());
        }
        let nonce: u64 = doorman.nonce().parse().unwrap_or(0);
        let challenge = json!({
            "auth_type": "digest", "nonce": nonce, "nc": 1, "realm": doorman.realm, "algorithm": "SHA-256",
        });
        Err(challenge.to_string())
    }
}

impl Doorman {
    /// A nonce that was not given out yet.
    fn nonce(&mut self) -> String {
        self.next += 1;
        let nonce = self.next.to_string();
        self.nonces.insert(nonce.clone(), 0);
        nonce
    }

    /// Takes a count with a nonce; an unknown nonce or a count seen before is too old.
    fn uses(&mut self, nonce: &str, count: u64) -> Result<(), ()> {
        match self.nonces.get_mut(nonce) {
            Some(highest) if count > *highest => {
                *highest = count;
                Ok(())
            }
            _ => Err(()),
        }
    }
}

fn channel(params: &Value) -> Result<(), Reply> {
    match &params["id"] {
        id if id.as_u64() == Some(0) => Ok(()),
        Value::Null => Err(Reply::Error(-103, "Missing required argument 'id'!".to_owned())),
        id => Err(Reply::Error(-105, format!("Argument 'id', value {id} not found!"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::simclub::{SimClub, SimControl};

    const CHALLENGE: &str = include_str!("../../tests/data/wire/aioshelly/auth_failure.json");

    fn plug(password: Option<&str>) -> Arc<Rpc> {
        let control = SimControl::new(SimClub::new());
        Rpc::new(Plug::new(Target::new("bay-1"), control, Clock::system()), password)
    }

    #[test]
    fn its_challenge_in_a_frame_has_the_shape_of_the_recorded_one() {
        let recorded: Value = serde_json::from_str(CHALLENGE).expect("JSON");
        let recorded = recorded["error"]["message"].as_str().expect("text");
        let ours = plug(Some("secret")).admits_frame(&json!({ "method": "Switch.Set" })).expect_err("locked");
        let shape = |text: &str| -> Vec<(String, bool)> {
            let json: Value = serde_json::from_str(text).expect("JSON");
            json.as_object().expect("an object").iter().map(|(k, v)| (k.clone(), v.is_u64())).collect()
        };
        assert_eq!(shape(&ours), shape(recorded));
    }

    #[tokio::test]
    async fn what_it_does_not_know_is_refused_and_not_done() {
        let plug = plug(None);
        for (method, params, code) in [
            ("Switch.Set", json!({ "on": false }), -103),
            ("Switch.Set", json!({ "id": 0, "on": "off" }), -103),
            ("Switch.Set", json!({ "id": 0, "on": false, "toggle_after": -1 }), -103),
            ("Switch.Set", json!({ "id": 0, "on": false, "timer": 1 }), -103),
            ("Switch.Set", json!({ "id": 1, "on": false }), -105),
            ("Switch.GetStatus", json!(null), -103),
            ("Cover.Open", json!({ "id": 0 }), 404),
        ] {
            let reply = plug.call(method, &params).await;
            assert!(matches!(reply, Reply::Error(of, _) if of == code), "{method} {params}: {reply:?}");
        }
        assert!(plug.plug.relay().on);
        assert_eq!(plug.about()["name"], "SIMULATED bay-1");
    }
}
