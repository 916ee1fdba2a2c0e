//! Frames of Socket Mode, as they come in (docs.slack.dev, "Using Socket Mode").

use serde::Deserialize;
use serde_json::{Value, json};

use super::slack_blocks::{ACKNOWLEDGE, CLAIM};

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// The connection is good.
    Hello,
    /// Slack is about to close it.
    Disconnect(Reason),
    /// Something happened; to be acknowledged within 3 s, whatever it is.
    Envelope { id: String, press: Option<Press> },
    /// Nothing we know. Nothing is done about it.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// In about 10 s (`warning`), or at once (`refresh_requested`): a new connection takes over.
    Refresh,
    /// More than ten connections of this app: another box runs with the same token.
    TooMany,
    /// Socket Mode was switched off in the app's settings.
    Disabled,
    Other,
}

/// Somebody pressed one of our buttons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Press {
    /// Who, by Slack's id.
    pub user: String,
    /// The channel of the message.
    pub channel: String,
    pub button: Button,
    pub escalation: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    Acknowledge,
    Claim,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "type")]
    kind: String,
    reason: Option<String>,
    envelope_id: Option<String>,
    payload: Option<Value>,
}

/// Reads a frame. What cannot be read is [`Frame::Unknown`].
pub fn read(text: &str) -> Frame {
    let Ok(raw) = serde_json::from_str::<Raw>(text) else { return Frame::Unknown };
    match (raw.kind.as_str(), raw.envelope_id) {
        ("hello", _) => Frame::Hello,
        ("disconnect", _) => Frame::Disconnect(match raw.reason.as_deref() {
            Some("warning" | "refresh_requested") => Reason::Refresh,
            Some("too_many_websockets") => Reason::TooMany,
            Some("link_disabled") => Reason::Disabled,
            _ => Reason::Other,
        }),
        (kind, Some(id)) => {
            let press = raw.payload.filter(|_| kind == "interactive").as_ref().and_then(press);
            Frame::Envelope { id, press }
        }
        _ => Frame::Unknown,
    }
}

fn press(payload: &Value) -> Option<Press> {
    if payload["type"] != "block_actions" {
        return None;
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let user = text(&payload["user"]["id"])?;
    let channel = text(&payload["channel"]["id"]).or_else(|| text(&payload["container"]["channel_id"]))?;
    payload["actions"].as_array()?.iter().find_map(|action| {
        let button = match action["action_id"].as_str()? {
            ACKNOWLEDGE => Button::Acknowledge,
            CLAIM => Button::Claim,
            _ => return None,
        };
        let escalation = action["value"].as_str()?.parse().ok()?;
        Some(Press { user: user.clone(), channel: channel.clone(), button, escalation })
    })
}

/// The acknowledgement of an envelope.
pub fn acknowledgement(envelope_id: &str) -> String {
    json!({"envelope_id": envelope_id}).to_string()
}
