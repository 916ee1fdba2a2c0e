//! No bytes from a device or controller make the box panic.

use clubos::device::digest::Challenge;
use clubos::device::{access_wire, agent_wire};
use proptest::prelude::*;

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "[a-z0-9-]{0,12}".prop_map(Into::into),
    ];
    let key = prop_oneof![
        Just("v"),
        Just("at"),
        Just("id"),
        Just("event"),
        Just("data"),
        Just("state"),
        Just("lock"),
        Just("dps"),
        Just("_source"),
        Just("hits"),
        Just("code"),
        Just("clubos_effect"),
        Just("boot_id"),
        Just("projector"),
        Just("location_states"),
        Just("status"),
        Just("online"),
        Just("wake"),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::Array),
            prop::collection::hash_map(key.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn read_all(bytes: &[u8], status: u16) {
    let _ = agent_wire::read_status(bytes);
    let _ = agent_wire::read_state(bytes).map(|state| state.observations());
    let _ = agent_wire::read_result(bytes).map(|result| result.observation());
    if let Ok(data) = access_wire::open(status, bytes) {
        access_wire::door(&data);
        access_wire::can_unlock(&data);
        for entry in access_wire::log_entries(&data) {
            access_wire::shows_unlock(entry, 1, 0);
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = access_wire::notification(text);
        let _ = agent_wire::parse_topic(text);
        let _ = Challenge::parse(text);
        let _ = Challenge::parse(&format!("Digest {text}"));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), status in 0_u16..1000) {
        read_all(&bytes, status);
    }

    #[test]
    fn any_json_is_read_without_panic(value in json(), status in prop_oneof![Just(200_u16), Just(500)]) {
        read_all(value.to_string().as_bytes(), status);
        read_all(serde_json::json!({"code": "SUCCESS", "data": value}).to_string().as_bytes(), status);
        read_all(serde_json::json!({"event": "access.data.v2.device.update", "data": value}).to_string().as_bytes(), status);
    }

    #[test]
    fn a_log_entry_of_another_unlock_is_never_ours(ours in any::<i64>(), other in any::<i64>()) {
        prop_assume!(ours != other);
        let entry = serde_json::json!({"extra": access_wire::unlock_body(other)});
        prop_assert!(!access_wire::shows_unlock(&entry, ours, 0));
        prop_assert!(access_wire::shows_unlock(&entry, other, 0));
    }
}
