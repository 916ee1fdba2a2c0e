//! The protocol's messages, version 1, as `docs/agent-protocol.md` states them: the agent's side. Owns their
//! form and nothing else.

use serde::{Deserialize, Serialize};

/// The only version there is.
pub const VERSION: u8 = 1;
/// A longer command is not the box's, in bytes.
pub const MAX_COMMAND: usize = 16 * 1024;

/// Where a magic packet wakes this PC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wake {
    /// `02:00:5e:00:53:02`
    pub mac: String,
    /// Broadcast address of its network and port: `192.168.20.255:9`
    pub address: std::net::SocketAddrV4,
}

#[derive(Debug, Serialize)]
pub struct Status<'a> {
    pub v: u8,
    pub online: bool,
    pub agent: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<&'a str>,
    pub capabilities: &'a [&'static str],
    /// Unix milliseconds; not in the last will.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wake: Option<&'a Wake>,
}

#[derive(Debug, Serialize)]
pub struct State<'a> {
    pub v: u8,
    pub at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub radar: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<&'a str>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Command {
    #[serde(default = "version")]
    pub v: u8,
    pub id: i64,
    pub action: String,
    /// Unix milliseconds.
    pub expires_at: i64,
}

#[derive(Debug, Serialize)]
pub struct CommandResult<'a> {
    pub v: u8,
    pub id: i64,
    pub status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
}

fn version() -> u8 {
    VERSION
}

/// Name and version, as shown to the box.
pub fn agent() -> String {
    format!("clubos-agent {}", env!("CARGO_PKG_VERSION"))
}

/// Reads a command. `None` for anything else: it is ignored, as the protocol says.
pub fn command(payload: &[u8]) -> Option<Command> {
    if payload.len() > MAX_COMMAND {
        return None;
    }
    serde_json::from_slice::<Command>(payload).ok().filter(|command| command.v == VERSION)
}

/// Plain structs always serialise; an empty message would be ignored by the box.
pub fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_command_is_none_and_no_panic() {
        let good = br#"{"v":1,"id":4,"action":"sim.restart","value":null,"expires_at":5}"#;
        assert_eq!(command(good).map(|c| (c.id, c.action)), Some((4, "sim.restart".into())));
        let huge = vec![b' '; MAX_COMMAND + 1];
        let deep = "[".repeat(10_000);
        for broken in [
            b"".as_slice(),
            b"null",
            b"{\"v\":1",
            br#"{"v":2,"id":4,"action":"sim.restart","expires_at":5}"#,
            br#"{"v":1,"id":"4","action":"sim.restart","expires_at":5}"#,
            br#"{"v":1,"id":4,"action":"sim.restart"}"#,
            b"\xff\xfe",
            &huge,
            deep.as_bytes(),
        ] {
            assert!(command(broken).is_none());
        }
    }
}
