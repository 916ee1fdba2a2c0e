//! The words of UniFi Network's local integration API (9.0 to 10.5): pages, devices, ports, clients.
//! Owns reading them. Unknown keys and values are normal; nothing here panics on any bytes.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Observation;
pub use super::http::encoded;

/// Answers beyond this many bytes are not read.
pub const MAX_BODY: usize = 1024 * 1024;

/// One page of a list. All keys are required.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    pub offset: u64,
    pub count: u64,
    pub total_count: u64,
    pub data: Vec<Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SiteRow {
    pub id: String,
    #[serde(default)]
    pub internal_reference: String,
    #[serde(default)]
    pub name: String,
}

/// A device as the list shows it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceRow {
    pub id: String,
    pub mac_address: String,
    #[serde(default)]
    pub state: String,
    #[serde(default)]
    pub features: Vec<String>,
}

/// One device in full. `features` is another type here than in the list, and not needed.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceDetails {
    pub mac_address: String,
    #[serde(default)]
    pub uplink: Option<Uplink>,
    #[serde(default)]
    pub interfaces: Interfaces,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Uplink {
    #[serde(default)]
    pub device_id: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct Interfaces {
    #[serde(default)]
    pub ports: Vec<Port>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Port {
    pub idx: u16,
    #[serde(default)]
    pub state: String,
    #[serde(default)]
    pub poe: Option<Poe>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Poe {
    #[serde(default)]
    pub enabled: bool,
    #[serde(default)]
    pub state: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statistics {
    #[serde(default)]
    pub uptime_sec: Option<u64>,
}

/// Something connected. What comes in by VPN has no MAC.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientRow {
    #[serde(default)]
    pub mac_address: Option<String>,
    #[serde(default)]
    pub uplink_device_id: Option<String>,
}

impl DeviceRow {
    pub fn is(&self, feature: &str) -> bool {
        self.features.iter().any(|known| known == feature)
    }

    /// Whether it can be told something; `None` for states that are not known here.
    pub fn online(&self) -> Option<bool> {
        match self.state.as_str() {
            "ONLINE" => Some(true),
            "OFFLINE"
            | "PENDING_ADOPTION"
            | "UPDATING"
            | "GETTING_READY"
            | "ADOPTING"
            | "DELETING"
            | "CONNECTION_INTERRUPTED"
            | "ISOLATED" => Some(false),
            _ => None,
        }
    }
}

impl DeviceDetails {
    pub fn port(&self, idx: u16) -> Option<&Port> {
        self.interfaces.ports.iter().find(|port| port.idx == idx)
    }
}

impl Port {
    /// Whether it gives power. `LIMITED` and what is not known here say nothing.
    pub fn supply(&self) -> Option<Observation> {
        match self.poe.as_ref()?.state.as_str() {
            "UP" => Some(Observation::Supply { on: true }),
            "DOWN" => Some(Observation::Supply { on: false }),
            _ => None,
        }
    }

    /// Whether something is plugged in and answers.
    pub fn link(&self) -> Option<bool> {
        match self.state.as_str() {
            "UP" => Some(true),
            "DOWN" => Some(false),
            _ => None,
        }
    }
}

/// Reads an answer.
///
/// # Errors
/// The bytes are not the expected JSON.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| format!("not the expected JSON ({error})"))
}

/// Reads the answer to an action: it is empty, or JSON that does not matter. A web page is neither.
///
/// # Errors
/// The bytes are something else.
pub fn read_done(body: &[u8]) -> Result<(), String> {
    if body.iter().all(u8::is_ascii_whitespace) { Ok(()) } else { read::<Value>(body).map(drop) }
}

/// What an error's body says, in one line; every field of it is optional.
pub fn complaint(status: u16, body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let part = |key: &str| body[key].as_str().map(shortened);
    let words: Vec<String> = [part("code"), part("message")].into_iter().flatten().collect();
    if words.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}, {}", words.join(": ")) }
}

/// Whether a complaint says that the console has no such call: an older version than the call.
pub fn no_such_call(complaint: &str) -> bool {
    complaint.starts_with("HTTP 404")
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(160).collect()
}

/// The filter that finds these MACs among the clients. They hold nothing that needs escaping.
pub fn clients_filter(macs: &[&str]) -> String {
    let each: Vec<String> = macs.iter().map(|mac| format!("macAddress.eq('{mac}')")).collect();
    if each.len() == 1 { each.concat() } else { format!("or({})", each.join(",")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_is_read_only_from_what_says_so() {
        let port = |poe: &str| -> Port {
            serde_json::from_str(&format!(
                r#"{{"idx":3,"state":"UP","poe":{{"enabled":true,"state":"{poe}"}}}}"#
            ))
            .expect("a port")
        };
        assert_eq!(port("UP").supply(), Some(Observation::Supply { on: true }));
        assert_eq!(port("DOWN").supply(), Some(Observation::Supply { on: false }));
        for other in ["LIMITED", "UNKNOWN", "NEW", ""] {
            assert_eq!(port(other).supply(), None, "{other}");
        }
    }

    #[test]
    fn states_that_are_not_known_are_no_statement() {
        let row = |state: &str| -> DeviceRow {
            serde_json::from_str(&format!(r#"{{"id":"a","macAddress":"b","state":"{state}"}}"#))
                .expect("a row")
        };
        assert_eq!(row("ONLINE").online(), Some(true));
        assert_eq!(row("ISOLATED").online(), Some(false));
        assert_eq!(row("U5G_INCORRECT_TOPOLOGY").online(), None);
    }

    #[test]
    fn an_action_is_taken_with_an_empty_answer_and_not_with_a_web_page() {
        assert!(read_done(b"").is_ok() && read_done(b" \n").is_ok() && read_done(b"{}").is_ok());
        assert!(read_done(b"<html>").is_err() && read_done(b"{\"a\":").is_err());
    }

    #[test]
    fn complaints_are_said_with_whatever_they_hold() {
        let whole =
            br#"{"statusCode":401,"code":"api.authentication.missing-credentials","message":"Missing"}"#;
        assert_eq!(complaint(401, whole), "HTTP 401, api.authentication.missing-credentials: Missing");
        for garbage in [b"".as_slice(), b"<html>", b"[]", b"null", b"\xff", br#"{"code":7}"#] {
            assert_eq!(complaint(403, garbage), "HTTP 403");
        }
    }

    #[test]
    fn filters_are_written_as_the_api_reads_them() {
        assert_eq!(clients_filter(&["a"]), "macAddress.eq('a')");
        assert_eq!(clients_filter(&["a", "b"]), "or(macAddress.eq('a'),macAddress.eq('b'))");
        assert_eq!(encoded("eq('02:ab')"), "eq%28%2702%3Aab%27%29");
    }
}
