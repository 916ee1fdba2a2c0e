//! UniFi Access' words: the developer API's envelopes, doors, logs and notifications (API 4.0.10).
//! Owns reading them. Unknown events and values are normal and ignored; nothing here panics on any bytes.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Observation;
use crate::clock::UnixMs;

/// Answers and notifications beyond this many bytes are not read.
pub const MAX_BODY: usize = 1024 * 1024;

/// Why an answer is no success.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The controller says no, in its own code; nothing was done.
    #[error("the controller answers {code}: {msg}")]
    Code { code: String, msg: String },
    /// Something answered, but whether it acted is not known.
    #[error("the controller's answer says nothing: {0}")]
    Unclear(String),
}

#[derive(Deserialize)]
struct Envelope {
    code: String,
    #[serde(default)]
    msg: Option<Value>,
    #[serde(default)]
    data: Value,
}

/// Opens an answer: success needs both the HTTP status and the code in the body.
///
/// # Errors
/// [`Refusal`]: a server error or an unreadable body is unclear, as doors were seen to act and answer 502.
pub fn open(status: u16, body: &[u8]) -> Result<Value, Refusal> {
    let envelope: Envelope = serde_json::from_slice(body)
        .map_err(|error| Refusal::Unclear(format!("HTTP {status}, not the expected JSON ({error})")))?;
    let msg = envelope.msg.as_ref().and_then(Value::as_str).unwrap_or("no message");
    let msg: String = msg.chars().filter(|c| !c.is_control()).take(200).collect();
    let code: String = envelope.code.chars().filter(|c| c.is_ascii_graphic()).take(80).collect();
    match (status, code.as_str()) {
        (200..=299, "SUCCESS") => Ok(envelope.data),
        (500.., _) | (_, "SUCCESS" | "CODE_SYSTEM_ERROR") => {
            Err(Refusal::Unclear(format!("HTTP {status}, {code}: {msg}")))
        }
        _ => Err(Refusal::Code { code, msg }),
    }
}

/// The body of an unlock. The effect id goes along twice: as `extra`, which notifications repeat, and as
/// the actor, which the controller's log shows.
pub fn unlock_body(effect_id: i64) -> Value {
    json!({
        "actor_id": actor_id(effect_id),
        "actor_name": format!("ClubOS effect {effect_id}"),
        "extra": { "clubos_effect": effect_id },
    })
}

/// The body that asks the log for door openings.
pub fn logs_body() -> Value {
    json!({ "topic": "door_openings" })
}

fn actor_id(effect_id: i64) -> String {
    format!("clubos-effect-{effect_id}")
}

/// What a door's answer says of relay and leaf.
pub fn door(data: &Value) -> Vec<Observation> {
    let lock = data["door_lock_relay_status"].as_str();
    let position = data["door_position_status"].as_str();
    observations(lock, position)
}

/// Whether the door has a hub that can unlock it from afar; unknown counts as yes.
pub fn can_unlock(data: &Value) -> bool {
    !matches!(&data["is_bind_hub"], Value::Bool(false)) && data["is_bind_hub"].as_str() != Some("false")
}

fn observations(lock: Option<&str>, position: Option<&str>) -> Vec<Observation> {
    let lock = match lock {
        Some("unlock" | "unlocked") => Some(Observation::Lock { unlocked: true }),
        Some("lock" | "locked") => Some(Observation::Lock { unlocked: false }),
        _ => None,
    };
    let position = match position {
        Some("open") => Some(Observation::Position { open: true }),
        Some("close" | "closed") => Some(Observation::Position { open: false }),
        // Empty or null: no sensor is wired.
        _ => None,
    };
    lock.into_iter().chain(position).collect()
}

/// What a notification tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// State of the door with this id.
    Door { door_id: String, seen: Vec<Observation> },
    /// A log entry or event that may carry a correlation id.
    Log(Value),
}

/// Reads one text frame of the notifications. The first one is a greeting, not JSON.
///
/// # Errors
/// The frame is neither greeting nor JSON.
pub fn notification(text: &str) -> Result<Vec<Notice>, serde_json::Error> {
    if text.starts_with("Hello") {
        return Ok(Vec::new());
    }
    let message: Value = serde_json::from_str(text)?;
    let data = &message["data"];
    Ok(match message["event"].as_str().unwrap_or_default() {
        "access.data.device.location_update_v2" | "access.data.v2.location.update" => {
            state_of(&data["id"], &data["state"]).into_iter().collect()
        }
        "access.data.v2.device.update" => {
            let states = data["location_states"].as_array().into_iter().flatten();
            states.filter_map(|state| state_of(&state["location_id"], state)).collect()
        }
        "access.logs.add" | "access.logs.insights.add" | "access.data.device.remote_unlock" => {
            vec![Notice::Log(data.clone())]
        }
        _ => Vec::new(),
    })
}

/// Reads a webhook that was signed at this time. An unlock that was refused tells nothing.
///
/// # Errors
/// The body is no JSON.
pub fn webhook(body: &[u8], signed_at: UnixMs) -> Result<Vec<Notice>, serde_json::Error> {
    let message: Value = serde_json::from_slice(body)?;
    let (data, of) = (&message["data"], &message["data"]["object"]);
    Ok(match message["event"].as_str().unwrap_or_default() {
        "access.door.unlock" if of["result"].as_str().is_some_and(is_granted) => {
            vec![Notice::Log(json!({ "event": { "published": signed_at.0 }, "data": data }))]
        }
        "access.device.dps_status" => {
            let seen = observations(None, of["status"].as_str());
            let door_id = data["location"]["id"].as_str().map(str::to_owned);
            let door = |door_id| Notice::Door { door_id, seen: seen.clone() };
            door_id.filter(|_| !seen.is_empty()).map(door).into_iter().collect()
        }
        _ => Vec::new(),
    })
}

fn is_granted(result: &str) -> bool {
    ["access granted", "access"].contains(&result.to_ascii_lowercase().as_str())
}

fn state_of(id: &Value, state: &Value) -> Option<Notice> {
    let door_id = id.as_str()?.to_owned();
    let position = state["dps"].as_str().filter(|_| state["dps_connected"] != Value::Bool(false));
    let seen = observations(state["lock"].as_str(), position);
    (!seen.is_empty()).then_some(Notice::Door { door_id, seen })
}

/// Whether this log entry shows that our unlock was carried out. `since_ms`: entries that say they are
/// older than this are not ours (the ids of another life of this box).
pub fn shows_unlock(entry: &Value, effect_id: i64, since_ms: i64) -> bool {
    let event = entry.get("_source").map_or(&entry["event"], |source| &source["event"]);
    let blocked = event["result"].as_str().is_some_and(|result| result.eq_ignore_ascii_case("BLOCKED"));
    let old = event["published"].as_i64().is_some_and(|at| at < since_ms);
    !blocked && !old && mentions(entry, effect_id, &actor_id(effect_id))
}

/// The log entries of an answer.
pub fn log_entries(data: &Value) -> &[Value] {
    data["hits"].as_array().map_or(&[], Vec::as_slice)
}

/// The parser bounds how deep this goes (128 levels).
fn mentions(value: &Value, effect_id: i64, actor: &str) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(key, inner)| match key.as_str() {
            "clubos_effect" => {
                inner.as_i64() == Some(effect_id) || inner.as_str() == Some(&effect_id.to_string())
            }
            "id" | "actor_id" | "alternate_id" if inner.as_str() == Some(actor) => true,
            _ => mentions(inner, effect_id, actor),
        }),
        Value::Array(items) => items.iter().any(|item| mentions(item, effect_id, actor)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_needs_status_and_code() {
        let ok = br#"{"code":"SUCCESS","msg":"success","data":"success"}"#;
        assert!(open(200, ok).is_ok());
        assert!(matches!(open(502, ok), Err(Refusal::Unclear(_))));
        assert!(matches!(open(404, ok), Err(Refusal::Unclear(_))));
        let no = br#"{"code":"CODE_DEVICE_DEVICE_OFFLINE","msg":"offline"}"#;
        assert!(
            matches!(open(200, no), Err(Refusal::Code { code, .. }) if code == "CODE_DEVICE_DEVICE_OFFLINE")
        );
        assert!(matches!(open(401, no), Err(Refusal::Code { .. })));
        assert!(matches!(open(500, no), Err(Refusal::Unclear(_))));
        for garbage in [b"".as_slice(), b"<html>", b"{\"code\":", b"[]", b"null", b"\xff", br#"{"code":7}"#] {
            assert!(matches!(open(200, garbage), Err(Refusal::Unclear(_))));
        }
    }

    #[test]
    fn doors_are_read_with_and_without_a_sensor() {
        let seen = |lock: &str, position: Value| {
            door(&json!({"door_lock_relay_status": lock, "door_position_status": position}))
        };
        assert_eq!(
            seen("unlock", json!("open")),
            [Observation::Lock { unlocked: true }, Observation::Position { open: true }]
        );
        assert_eq!(seen("lock", json!("")), [Observation::Lock { unlocked: false }]);
        assert_eq!(seen("lock", Value::Null), [Observation::Lock { unlocked: false }]);
        assert_eq!(seen("surprise", json!(3)), []);
        assert!(can_unlock(&json!({})) && can_unlock(&json!({"is_bind_hub": "true"})));
        assert!(!can_unlock(&json!({"is_bind_hub": false})) && !can_unlock(&json!({"is_bind_hub": "false"})));
    }

    #[test]
    fn the_log_proves_only_our_own_unlock_that_was_let_through() {
        let entry = |actor: &str, result: &str| json!({"_source": {"actor": {"id": actor}, "event": {"result": result, "published": 5000, "type": "access.door.unlock"}}});
        assert!(shows_unlock(&entry("clubos-effect-7", "ACCESS"), 7, 0));
        assert!(!shows_unlock(&entry("clubos-effect-70", "ACCESS"), 7, 0));
        assert!(!shows_unlock(&entry("clubos-effect-7", "BLOCKED"), 7, 0));
        assert!(!shows_unlock(&entry("clubos-effect-7", "ACCESS"), 7, 5001), "from another life of the box");
        assert!(shows_unlock(&json!({"extra": {"clubos_effect": 7}}), 7, 0));
        assert!(!shows_unlock(&json!({"extra": {"clubos_effect": 8}}), 7, 0));
        assert!(!shows_unlock(&json!({"note": "clubos-effect-7"}), 7, 0), "free text proves nothing");
    }

    #[test]
    fn a_recorded_log_answer_is_read_and_is_not_ours() {
        let recorded = include_bytes!("../../tests/data/unifi-access/system_logs.json");
        let data = open(200, recorded).expect("recorded success");
        assert_eq!(log_entries(&data).len(), 1);
        assert!(!shows_unlock(&log_entries(&data)[0], 1, 0));
    }

    #[test]
    fn webhooks_are_read_and_refused_unlocks_prove_nothing() {
        let hook = |text: Value| webhook(text.to_string().as_bytes(), UnixMs(9000)).expect("JSON");
        let dps = |status: &str| {
            hook(json!({"event": "access.device.dps_status", "data": {
                "location": {"id": "d1", "location_type": "door"}, "object": {"event_type": "dps_change", "status": status}
            }}))
        };
        let open = Notice::Door { door_id: "d1".into(), seen: vec![Observation::Position { open: true }] };
        assert_eq!(dps("open"), [open]);
        assert_eq!(dps("surprise"), []);
        let unlock = |result: &str| {
            hook(json!({"event": "access.door.unlock", "data": {
                "location": {"id": "d1"}, "actor": {"id": "clubos-effect-7"}, "object": {"result": result}
            }}))
        };
        let granted = unlock("Access Granted");
        let [Notice::Log(entry)] = granted.as_slice() else { panic!("{granted:?}") };
        assert!(shows_unlock(entry, 7, 9000) && !shows_unlock(entry, 8, 0));
        assert!(!shows_unlock(entry, 7, 9001), "signed before our unlock");
        assert_eq!(unlock("Access Denied"), []);
        assert_eq!(hook(json!({"event": "access.visitor.status.changed"})), []);
        assert_eq!(hook(json!([1])), []);
        assert!(webhook(b"{", UnixMs(0)).is_err());
    }

    #[test]
    fn notifications_are_read_and_unknown_ones_ignored() {
        assert_eq!(notification("Hello").expect("greeting"), []);
        assert_eq!(notification(r#""Hello""#).expect("greeting as JSON"), []);
        assert_eq!(notification(r#"{"event":"access.base.info","data":{}}"#).expect("known shape"), []);
        assert_eq!(notification("[1]").expect("JSON"), []);
        assert!(notification("{").is_err());
        let update = r#"{"event":"access.data.v2.location.update","data":{"id":"d1","state":{"lock":"unlocked","dps":"open","dps_connected":false}}}"#;
        let door = Notice::Door { door_id: "d1".into(), seen: vec![Observation::Lock { unlocked: true }] };
        assert_eq!(notification(update).expect("JSON"), [door]);
    }
}
