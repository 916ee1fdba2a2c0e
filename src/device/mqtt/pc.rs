//! What other people's agents on a bay's PC tell: whether its software runs, and when it was started.
//!
//! Owns reading both. Pure.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::super::Observation;

/// The same start, told from a counter that is read a little late each time, differs by less than this.
const SAME_START: Duration = Duration::from_secs(90);

/// A sensor's text, or the `status` or only value in its JSON.
fn value(payload: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(payload).map_err(|_| "no text".to_owned())?.trim();
    if !text.starts_with('{') {
        return Ok(text.to_owned());
    }
    let keys: serde_json::Map<String, Value> =
        serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
    match keys.get("status").or_else(|| keys.values().next().filter(|_| keys.len() == 1)) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(value @ (Value::Bool(_) | Value::Number(_))) => Ok(value.to_string()),
        Some(Value::Null) => Ok(String::new()),
        _ => Err("neither a value nor a status".to_owned()),
    }
}

/// Whether the software runs: a number of processes, or a word. `None`: the sensor has nothing to tell, as when the PC
/// goes down.
pub(super) fn running(payload: &[u8]) -> Result<Option<Observation>, String> {
    let value = value(payload)?.to_lowercase();
    let running = match value.as_str() {
        "" | "null" | "none" | "unknown" | "unavailable" => return Ok(None),
        "on" | "true" | "yes" | "running" | "active" => true,
        "off" | "false" | "no" | "stopped" | "inactive" | "failed" => false,
        number => number.parse::<f64>().map_err(|_| "neither running nor stopped".to_owned())? > 0.0,
    };
    Ok(Some(Observation::Software { running }))
}

/// Names each start of the PC.
#[derive(Debug, Default)]
pub(super) struct Starts {
    last: Option<Timestamp>,
}

impl Starts {
    /// The start that a sensor tells. The same one gets the same name although its time wavers.
    pub fn of(&mut self, payload: &[u8]) -> Result<Option<Observation>, String> {
        let value = value(payload)?;
        if matches!(value.as_str(), "" | "null" | "None" | "unknown" | "unavailable") {
            return Ok(None);
        }
        let at: Timestamp = value.parse().map_err(|_| "no time with its zone".to_owned())?;
        let same = self.last.filter(|last| at.duration_since(*last).unsigned_abs() < SAME_START);
        let start = *self.last.insert(same.unwrap_or(at));
        Ok(Some(Observation::Boot { id: start.to_string() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_counted_or_named() {
        for (payload, running_now) in [
            ("1", Some(true)),
            ("0", Some(false)),
            ("ON", Some(true)),
            ("off", Some(false)),
            (r#"{"status":"ON","attributes":{"raw":["123"]}}"#, Some(true)),
            ("", None),
            ("null", None),
            (r#"{"status":null}"#, None),
        ] {
            let seen = running(payload.as_bytes()).expect(payload);
            assert_eq!(seen, running_now.map(|running| Observation::Software { running }), "{payload}");
        }
        for payload in ["perhaps", "{\"a\":1,\"b\":2}", "{"] {
            assert!(running(payload.as_bytes()).is_err(), "{payload}");
        }
    }

    #[test]
    fn a_start_keeps_its_name_while_its_time_wavers() {
        let mut starts = Starts::default();
        let first = starts.of(b"2026-11-30T08:00:00.1234567-04:00").expect("a time");
        assert_eq!(starts.of(b"2026-11-30T12:00:01Z"), Ok(first.clone()));
        assert_eq!(starts.of(br#"{"boot_time":"2026-11-30T08:00:00.900000-04:00"}"#), Ok(first.clone()));
        let second = starts.of(b"2026-11-30T12:10:00Z").expect("a time");
        assert_ne!(second, first);
        assert!(starts.of(b"this morning").is_err());
    }
}
