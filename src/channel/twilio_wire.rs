//! What Twilio's Messages resource (2010-04-01) says and hears: forms, lists, errors, webhooks.
//!
//! The shapes of messages, lists and their parameters are those of Twilio's OpenAPI document. From general
//! knowledge, in no document this house keeps: the error codes but 20429, 21211 and 21610, the names of the
//! fields of webhooks, and everything about calls.

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::api::{Answer, http_date, millis};
use super::given::tidy;
use super::{Delivery, HearError, Heard, Refusal, SendError};
use crate::clock::UnixMs;
use crate::site::E164;

/// A message, of a list or of an answer.
#[derive(Debug, Deserialize)]
pub struct Message {
    pub sid: String,
    pub direction: String,
    pub from: Option<String>,
    pub to: Option<String>,
    pub body: Option<String>,
    pub status: Option<String>,
    pub date_created: Option<String>,
    pub date_sent: Option<String>,
    pub num_media: Option<String>,
    pub error_code: Option<i64>,
}

/// A page of the list.
#[derive(Debug, Deserialize)]
pub struct Page {
    pub messages: Vec<Value>,
    pub next_page_uri: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Problem {
    code: i64,
    message: String,
}

/// The form of `POST Messages.json`.
pub fn send_form(
    to: &E164,
    from: &E164,
    service: Option<&str>,
    body: &str,
    callback: Option<&str>,
) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("To", to.as_str());
    match service {
        Some(service) => form.append_pair("MessagingServiceSid", service),
        None => form.append_pair("From", from.as_str()),
    };
    form.append_pair("Body", body);
    if let Some(callback) = callback {
        form.append_pair("StatusCallback", callback);
    }
    form.finish()
}

impl Message {
    pub fn created(&self) -> Option<UnixMs> {
        self.date_created.as_deref().and_then(http_date)
    }

    /// When it was sent, or else made.
    pub fn at(&self) -> Option<UnixMs> {
        self.date_sent.as_deref().and_then(http_date).or_else(|| self.created())
    }

    /// What it tells; `None`: it cannot be read.
    pub fn heard(self) -> Option<Vec<Heard>> {
        let at = self.at()?;
        let body = self.body.unwrap_or_default();
        if self.direction == "inbound" {
            let media = self.num_media.as_deref().map_or(Ok(0), str::parse).ok()?;
            let (from, to) = (self.from?.parse().ok()?, self.to.unwrap_or_default());
            return Some(vec![Heard::Text { id: self.sid, from, to, body, media, at }]);
        }
        if !self.direction.starts_with("outbound") {
            return None;
        }
        let to = self.to?.parse().ok()?;
        let delivered = self.status.as_deref().and_then(end);
        let why = self.error_code.map(|code| code.to_string());
        let status = delivered.map(|delivered| Heard::Status { id: self.sid.clone(), delivered, why });
        let sent = Heard::Sent { id: self.sid, to, body, at, by_person: None };
        Some(std::iter::once(sent).chain(status).collect())
    }
}

/// What of a status is an end.
fn end(status: &str) -> Option<Delivery> {
    match status {
        "delivered" | "read" => Some(Delivery::Delivered),
        "undelivered" | "failed" | "canceled" => Some(Delivery::Failed),
        _ => None,
    }
}

/// What a refusal of a text means.
pub fn not_sent(answer: &Answer) -> SendError {
    let status = answer.status;
    let problem: Option<Problem> = serde_json::from_slice(&answer.body).ok();
    let code = problem.as_ref().map(|problem| problem.code);
    let later = |why: &str| SendError::Later { why: why.to_owned(), after_ms: answer.wait.map(millis) };
    let kind = match (status, code) {
        (429, _) => return later("Twilio: too many requests"),
        // The number's own queue is full.
        (400..=499, Some(21611)) => return later("Twilio: too many texts wait at the number (21611)"),
        (401, _) | (400..=499, Some(20003 | 20404)) => Refusal::Key,
        (400..=499, Some(21610)) => Refusal::OptedOut,
        (400..=499, Some(20005 | 30002 | 63038)) => Refusal::NoCredit,
        (400..=499, Some(21212 | 21603 | 21606 | 21659 | 21660 | 21701 | 21703 | 30034)) => {
            Refusal::NotApproved
        }
        (400..=499, None) | (408, _) => return unclear(status),
        (402, _) => Refusal::NoCredit,
        (403 | 404, _) => Refusal::Key,
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
        _ => HearError::Later { why, after_ms: answer.wait.map(millis) },
    }
}

fn unclear(status: u16) -> SendError {
    SendError::Unclear(format!("Twilio answered {status}, and it is not clear what became of the text"))
}

fn told(status: u16, problem: Option<Problem>) -> String {
    match problem {
        Some(problem) => format!("Twilio answered {status} ({}): {}", problem.code, tidy(&problem.message)),
        None => format!("Twilio answered {status}"),
    }
}

/// Reads the form of a webhook whose signature was right, which came at `at`.
pub fn read_hook(form: &[(String, String)], body: &[u8], at: UnixMs) -> Vec<Heard> {
    let field = |name: &str| form.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let message = field("MessageSid").or(field("SmsSid"));
    let told = match (message, field("CallSid")) {
        (Some(sid), _) => message_hook(sid, &field, at),
        (None, Some(sid)) => call_hook(sid, &field, at),
        (None, None) => None,
    };
    told.unwrap_or_else(|| {
        let digest = Sha256::digest(body);
        let id = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let kind = if message.is_some() { "message" } else { "webhook" };
        let raw = String::from_utf8_lossy(body).into_owned();
        vec![Heard::Unknown { id, kind: kind.to_owned(), raw }]
    })
}

fn message_hook<'a>(sid: &str, field: &impl Fn(&str) -> Option<&'a str>, at: UnixMs) -> Option<Vec<Heard>> {
    let status = field("MessageStatus").or(field("SmsStatus"));
    if matches!(status, None | Some("received")) {
        let body = field("Body")?.to_owned();
        let media = field("NumMedia").unwrap_or("0").parse().ok()?;
        let (from, to) = (field("From")?.parse().ok()?, field("To")?.to_owned());
        return Some(vec![Heard::Text { id: sid.to_owned(), from, to, body, media, at }]);
    }
    let status = status?;
    if let Some(delivered) = end(status) {
        let why = field("ErrorCode").map(str::to_owned);
        return Some(vec![Heard::Status { id: sid.to_owned(), delivered, why }]);
    }
    matches!(status, "accepted" | "scheduled" | "queued" | "sending" | "sent").then(Vec::new)
}

fn call_hook<'a>(sid: &str, field: &impl Fn(&str) -> Option<&'a str>, at: UnixMs) -> Option<Vec<Heard>> {
    let call = |voicemail| {
        let from = field("From")?.parse().ok()?;
        Some(vec![Heard::Call { id: sid.to_owned(), from, voicemail, at }])
    };
    let words = field("TranscriptionText").map(str::trim).filter(|words| !words.is_empty());
    if let Some(words) = words {
        return call(Some(words.to_owned()));
    }
    if field("TranscriptionStatus").is_some() || field("RecordingStatus").or(field("RecordingSid")).is_some()
    {
        return call(None);
    }
    match (field("CallStatus")?, field("Direction")) {
        ("no-answer" | "busy" | "failed" | "canceled", Some("inbound")) => call(None),
        ("queued" | "initiated" | "ringing" | "in-progress" | "completed", _) => Some(Vec::new()),
        ("no-answer" | "busy" | "failed" | "canceled", Some(_)) => Some(Vec::new()),
        _ => None,
    }
}
