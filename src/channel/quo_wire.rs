//! What Quo (formerly OpenPhone) says and hears, as JSON: v1 for sending, 2026-03-30 for reading.
//!
//! Owns the shapes of messages, calls, pages and errors, for polling and webhooks alike. Reads leniently:
//! fields that are not needed may be missing or new; what cannot be read becomes `Heard::Unknown`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::given::tidy;
use super::{Delivery, HearError, Heard, Refusal, SendError, api::Answer, api::millis};
use crate::clock::UnixMs;
use crate::site::E164;

/// The body of `POST /v1/messages`. One recipient always: two would make a group that shows each the
/// other's number.
pub fn send_body(from: &str, to: &E164, text: &str, user: Option<&str>) -> Value {
    let mut body = json!({ "from": from, "to": [to.as_str()], "content": text });
    if let Some(user) = user {
        body["userId"] = json!(user);
    }
    body
}

/// A list's page.
#[derive(Debug, Deserialize)]
pub struct Page {
    pub data: Vec<Value>,
    #[serde(alias = "nextPageToken", rename = "nextCursor")]
    pub next: Option<String>,
}

/// A message of either surface, of a list or of a webhook's `object`/`resource`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    pub id: String,
    pub direction: String,
    #[serde(default)]
    pub from: Option<String>,
    #[serde(default)]
    pub to: Recipients,
    #[serde(default, alias = "body", alias = "content")]
    pub text: Option<String>,
    #[serde(default)]
    pub status: Option<String>,
    pub created_at: jiff::Timestamp,
    #[serde(default)]
    pub user_id: Option<String>,
    #[serde(default)]
    pub media: Option<Vec<Value>>,
    #[serde(default)]
    pub error_code: Option<Value>,
}

/// `to` was one string once and is a list now.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Recipients {
    One(String),
    Many(Vec<String>),
}

impl Default for Recipients {
    fn default() -> Recipients {
        Recipients::Many(Vec::new())
    }
}

impl Recipients {
    pub fn first(&self) -> Option<&str> {
        match self {
            Recipients::One(one) => Some(one),
            Recipients::Many(many) => many.first().map(String::as_str),
        }
    }
}

/// A call, of the list of 2026-03-30 or of a webhook.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    pub id: String,
    pub direction: String,
    #[serde(default)]
    pub from: Option<String>,
    #[serde(default)]
    pub participants: Vec<Participant>,
    #[serde(default)]
    pub answered_at: Option<jiff::Timestamp>,
    #[serde(default)]
    pub completed_at: Option<jiff::Timestamp>,
    pub created_at: jiff::Timestamp,
    #[serde(default)]
    pub voicemail: Option<Voicemail>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Participant {
    pub phone_number: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Voicemail {
    #[serde(default)]
    pub transcript: Option<String>,
}

/// An error's envelope.
#[derive(Debug, Deserialize)]
struct Problem {
    message: String,
    #[serde(default)]
    code: Option<String>,
}

impl Message {
    /// What it tells. `from` and `to` stand beside it in a webhook of 2026-03-30.
    pub fn heard(self, ours: &E164) -> Option<Vec<Heard>> {
        let at = UnixMs::from(self.created_at);
        let body = self.text.unwrap_or_default();
        let media = self.media.map_or(0, |media| u32::try_from(media.len()).unwrap_or(u32::MAX));
        match self.direction.as_str() {
            "incoming" => {
                let from = self.from?.parse().ok()?;
                Some(vec![Heard::Text { id: self.id, from, to: ours.to_string(), body, media, at }])
            }
            "outgoing" => {
                let to = self.to.first()?.parse().ok()?;
                let delivered = match self.status.as_deref() {
                    Some("delivered") => Some(Delivery::Delivered),
                    Some("undelivered" | "failed") => Some(Delivery::Failed),
                    _ => None,
                };
                let why = self.error_code.map(|code| code.to_string().trim_matches('"').to_owned());
                let why = why.filter(|code| code != "null");
                let status = delivered.map(|delivered| Heard::Status { id: self.id.clone(), delivered, why });
                let sent = Heard::Sent { id: self.id, to, body, at, by_person: self.user_id };
                Some(std::iter::once(sent).chain(status).collect())
            }
            _ => None,
        }
    }
}

impl Call {
    /// Nobody took it, and it is over.
    pub fn missed(&self) -> bool {
        self.direction == "incoming" && self.answered_at.is_none() && self.completed_at.is_some()
    }

    /// Who called: the `from` of it, else the first number that is not ours.
    pub fn caller(&self, ours: &E164) -> Option<E164> {
        let others = self.participants.iter().filter_map(|one| one.phone_number.as_deref());
        let mut numbers = self.from.as_deref().into_iter().chain(others);
        numbers.find(|number| *number != ours.as_str())?.parse().ok()
    }

    pub fn words(&self) -> Option<String> {
        let transcript = self.voicemail.as_ref()?.transcript.clone()?;
        (!transcript.trim().is_empty()).then_some(transcript)
    }
}

/// The id of what was taken.
pub fn accepted(body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let id = answer["data"]["id"].as_str()?;
    (!id.is_empty()).then(|| id.to_owned())
}

/// What a refusal of a text means.
pub fn not_sent(answer: &Answer) -> SendError {
    let status = answer.status;
    if status == 429 {
        return SendError::Later { why: "Quo: too many requests".into(), after_ms: answer.wait.map(millis) };
    }
    let problem: Option<Problem> = serde_json::from_slice(&answer.body).ok();
    let kind = match (status, problem.as_ref().and_then(|problem| problem.code.as_deref())) {
        (400..=499, Some("0206400" | "0200404")) => Refusal::NotApproved,
        (400..=499, Some("0200402" | "0204403")) => Refusal::NoCredit,
        (400..=499, Some("0200401" | "0202403")) | (401, _) => Refusal::Key,
        (400..=499, _) if problem.is_none() || status == 408 => return unclear(status),
        (402, _) => Refusal::NoCredit,
        (403, _) => Refusal::Key,
        (404, _) => Refusal::NotApproved,
        (400..=499, _) => Refusal::Text,
        _ => return unclear(status),
    };
    SendError::Never { why: told(status, problem), kind }
}

/// What a refusal to list means.
pub fn not_heard(answer: &Answer) -> HearError {
    let why = told(answer.status, serde_json::from_slice(&answer.body).ok());
    match answer.status {
        401 | 403 => HearError::Never { why, kind: Refusal::Key },
        402 => HearError::Never { why, kind: Refusal::NoCredit },
        400 | 404 | 422 => HearError::Never { why, kind: Refusal::NotApproved },
        _ => HearError::Later { why, after_ms: answer.wait.map(millis) },
    }
}

fn unclear(status: u16) -> SendError {
    SendError::Unclear(format!("Quo answered {status}, and it is not clear what became of the text"))
}

fn told(status: u16, problem: Option<Problem>) -> String {
    match problem {
        Some(Problem { message, code: Some(code) }) => {
            format!("Quo answered {status} ({code}): {}", tidy(&message))
        }
        Some(Problem { message, code: None }) => format!("Quo answered {status}: {}", tidy(&message)),
        None => format!("Quo answered {status}"),
    }
}
