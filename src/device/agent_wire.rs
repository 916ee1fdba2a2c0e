//! The bay agent's words on MQTT: topics and JSON, version 1, as `docs/agent-protocol.md` states them.
//! Owns reading and writing of them, for both ends. Reads strictly what matters, tolerates unknown keys.

use serde::{Deserialize, Serialize};

use super::{Observation, Part};
use crate::site::BayId;

/// The only version there is.
pub const VERSION: u8 = 1;
/// A longer message is no agent's and is ignored, in bytes.
pub const MAX_PAYLOAD: usize = 16 * 1024;
/// Free texts from an agent (reasons) are cut to this many characters.
const MAX_REASON: usize = 200;
const MAX_BOOT_ID: usize = 64;

/// What an agent publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Status,
    State,
    Result,
}

/// Why a message was ignored.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    #[error("longer than {MAX_PAYLOAD} bytes")]
    TooLong,
    #[error("no valid JSON of its kind: {0}")]
    Json(#[from] serde_json::Error),
    #[error("version {0} of the protocol; this box speaks version 1")]
    Version(u8),
    #[error("the boot id is empty, too long or not printable")]
    BootId,
}

/// `…/status`, retained; its twin with `online: false` is the last will.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    pub v: u8,
    pub online: bool,
    #[serde(default)]
    pub agent: String,
    #[serde(default)]
    pub boot_id: Option<String>,
    /// Names of the effects it can do; absent = it does not say.
    #[serde(default)]
    pub capabilities: Option<Vec<String>>,
    /// When it was written, Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<i64>,
    /// How to wake this PC when it is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wake: Option<Wake>,
    #[serde(default)]
    pub simulated: bool,
}

/// Where a magic packet wakes the PC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wake {
    /// `02:00:5e:00:53:02`
    pub mac: String,
    /// Broadcast address of its network and port, `192.168.20.255:9`.
    pub address: std::net::SocketAddrV4,
}

/// `…/state`, retained. A part that is absent cannot be read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub v: u8,
    /// When it was read, Unix milliseconds of the agent's clock.
    pub at: i64,
    #[serde(default)]
    pub software: Option<bool>,
    #[serde(default)]
    pub radar: Option<bool>,
    #[serde(default)]
    pub boot_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projector: Option<Projector>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tv: Option<Tv>,
    #[serde(default)]
    pub simulated: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Projector {
    #[serde(default)]
    pub on: Option<bool>,
    #[serde(default)]
    pub input_right: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tv {
    #[serde(default)]
    pub on: Option<bool>,
}

/// `…/cmd`, never retained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Command {
    pub v: u8,
    pub id: i64,
    pub action: String,
    pub value: Option<f32>,
    /// After this moment (Unix milliseconds) the agent must not carry it out.
    pub expires_at: i64,
}

/// `…/result`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommandResult {
    pub v: u8,
    pub id: i64,
    pub status: ResultStatus,
    #[serde(default)]
    pub reason: Option<String>,
    #[serde(default)]
    pub simulated: bool,
}

/// An agent's own word on a command. `Done` is a claim, not a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResultStatus {
    Accepted,
    Rejected,
    Done,
    Failed,
}

/// The topic of a bay: `clubos/v1/bay/2/status`.
pub fn topic(bay: BayId, leaf: &str) -> String {
    format!("clubos/v1/bay/{}/{leaf}", bay.0)
}

/// Reads an agent's topic; `None` for any other, also for a bay number not written plainly.
pub fn parse_topic(topic: &str) -> Option<(BayId, Kind)> {
    let (number, leaf) = topic.strip_prefix("clubos/v1/bay/")?.split_once('/')?;
    let bay: u8 = number.parse().ok().filter(|n| (1..=99).contains(n))?;
    let kind = match leaf {
        "status" => Kind::Status,
        "state" => Kind::State,
        "result" => Kind::Result,
        _ => return None,
    };
    (bay.to_string() == number).then_some((BayId(bay), kind))
}

/// Reads a status.
///
/// # Errors
/// [`WireError`], for the log; such a message is ignored.
pub fn read_status(payload: &[u8]) -> Result<Status, WireError> {
    let status: Status = read(payload)?;
    check(status.v, status.boot_id.as_deref())?;
    Ok(status)
}

/// Reads a state.
///
/// # Errors
/// [`WireError`], for the log; such a message is ignored.
pub fn read_state(payload: &[u8]) -> Result<State, WireError> {
    let state: State = read(payload)?;
    check(state.v, state.boot_id.as_deref())?;
    Ok(state)
}

/// Reads a command's result.
///
/// # Errors
/// [`WireError`], for the log; such a message is ignored.
pub fn read_result(payload: &[u8]) -> Result<CommandResult, WireError> {
    let result: CommandResult = read(payload)?;
    check(result.v, None)?;
    Ok(result)
}

fn read<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Result<T, WireError> {
    if payload.len() > MAX_PAYLOAD {
        return Err(WireError::TooLong);
    }
    Ok(serde_json::from_slice(payload)?)
}

fn check(version: u8, boot_id: Option<&str>) -> Result<(), WireError> {
    if version != VERSION {
        return Err(WireError::Version(version));
    }
    let good = |id: &str| (1..=MAX_BOOT_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    if boot_id.is_some_and(|id| !good(id)) {
        return Err(WireError::BootId);
    }
    Ok(())
}

impl State {
    /// The facts of this state; the boot first, so that "running" counts for the boot it was read in.
    pub fn observations(&self) -> Vec<Observation> {
        let projector = self.projector.clone().unwrap_or_default();
        let tv = self.tv.clone().unwrap_or_default();
        let seen = [
            self.boot_id.clone().map(|id| Observation::Boot { id }),
            self.software.map(|running| Observation::Software { running }),
            self.radar.map(|reachable| Observation::Radar { reachable }),
            projector.on.map(|on| Observation::Power { part: Part::Projector, on }),
            projector.input_right.map(|right| Observation::ProjectorInput { right }),
            tv.on.map(|on| Observation::Power { part: Part::Tv, on }),
        ];
        seen.into_iter().flatten().collect()
    }
}

impl CommandResult {
    /// An agent's "done" only says that it took the command; what happened is read from its state.
    pub fn observation(&self) -> Observation {
        match self.status {
            ResultStatus::Accepted | ResultStatus::Done => Observation::Acknowledged { effect_id: self.id },
            ResultStatus::Rejected | ResultStatus::Failed => {
                let reason = self.reason.as_deref().unwrap_or("the agent gave no reason");
                let reason = reason.chars().filter(|c| !c.is_control()).take(MAX_REASON).collect();
                Observation::Rejected { effect_id: self.id, reason }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_topics_of_agents_are_read() {
        assert_eq!(parse_topic("clubos/v1/bay/2/status"), Some((BayId(2), Kind::Status)));
        assert_eq!(parse_topic("clubos/v1/bay/12/result"), Some((BayId(12), Kind::Result)));
        for wrong in [
            "clubos/v1/bay/0/status",
            "clubos/v1/bay/02/status",
            "clubos/v1/bay/+2/status",
            "clubos/v1/bay/100/status",
            "clubos/v1/bay/2/status/x",
            "clubos/v1/bay/2/cmd",
            "clubos/v2/bay/2/status",
            "",
        ] {
            assert_eq!(parse_topic(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_state_is_read_in_the_order_boot_then_software() {
        let state = read_state(
            br#"{"v":1,"at":5,"software":true,"boot_id":"b7","projector":{"on":false},"tv":{},"new":1}"#,
        );
        let seen = state.expect("valid").observations();
        assert_eq!(
            seen,
            [
                Observation::Boot { id: "b7".into() },
                Observation::Software { running: true },
                Observation::Power { part: Part::Projector, on: false },
            ]
        );
    }

    #[test]
    fn broken_messages_are_errors_and_never_panics() {
        let long = format!(r#"{{"v":1,"at":1,"boot_id":"{}"}}"#, "x".repeat(65));
        let huge = vec![b' '; MAX_PAYLOAD + 1];
        let deep = "[".repeat(10_000);
        for payload in [
            b"".as_slice(),
            b"null",
            b"{}",
            b"\xff\xfe",
            b"{\"v\":1",
            br#"{"v":2,"at":1}"#,
            br#"{"v":1,"at":"now"}"#,
            br#"{"v":1,"at":1,"boot_id":""}"#,
            br#"{"v":1,"at":1e99}"#,
            long.as_bytes(),
            &huge,
            deep.as_bytes(),
        ] {
            assert!(read_state(payload).is_err());
            assert!(read_status(payload).is_err());
            assert!(read_result(payload).is_err());
        }
    }

    #[test]
    fn done_is_a_claim_and_failed_is_a_refusal() {
        let result = |text: &str| read_result(text.as_bytes()).expect("valid").observation();
        assert_eq!(result(r#"{"v":1,"id":4,"status":"done"}"#), Observation::Acknowledged { effect_id: 4 });
        assert_eq!(
            result(r#"{"v":1,"id":4,"status":"accepted"}"#),
            Observation::Acknowledged { effect_id: 4 }
        );
        assert_eq!(
            result(r#"{"v":1,"id":4,"status":"failed","reason":"no\nwindow"}"#),
            Observation::Rejected { effect_id: 4, reason: "nowindow".into() }
        );
    }
}
