//! Quo's webhooks: the two envelopes and what each event means.
//!
//! The envelope of 2026-03-30 has `data.resource` beside `data.context`; the legacy one has `data.object`.
//! Events that tell nothing new are left out, those nobody knows become `Heard::Unknown`.

use serde::Deserialize;
use serde_json::Value;

use super::quo_wire::{Call, Message, Recipients};
use super::{Heard, NotBelieved};
use crate::clock::UnixMs;
use crate::site::E164;

#[derive(Debug, Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    data: Data,
}

#[derive(Debug, Default, Deserialize)]
struct Data {
    #[serde(default, alias = "object")]
    resource: Value,
    #[serde(default)]
    context: Context,
}

/// Who is concerned (2026-03-30).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Context {
    phone_number_id: Option<String>,
    user_id: Option<String>,
    sender_identifier: Option<String>,
    recipient_identifiers: Vec<String>,
    participants: Parties,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Parties {
    external: Vec<String>,
}

/// Our end of the line.
#[derive(Debug, Clone, Copy)]
pub struct Ours<'a> {
    pub number: &'a E164,
    pub number_id: &'a str,
}

/// Reads a webhook whose signature was right.
///
/// # Errors
/// No JSON, or no envelope.
pub fn read(body: &[u8], ours: Ours<'_>) -> Result<Vec<Heard>, NotBelieved> {
    let unreadable = |error: serde_json::Error| NotBelieved::Unreadable(format!("{:?}", error.classify()));
    let whole: Value = serde_json::from_slice(body).map_err(unreadable)?;
    let identity = |key: &str| whole[key].as_str().unwrap_or_default().to_owned();
    let unknown =
        || vec![Heard::Unknown { id: identity("id"), kind: identity("type"), raw: whole.to_string() }];
    let Ok(envelope) = serde_json::from_value::<Envelope>(whole.clone()) else {
        return Ok(unknown());
    };
    if !concerns(&envelope, ours) {
        return Ok(Vec::new());
    }
    Ok(event(envelope, ours).unwrap_or_else(unknown))
}

/// A key may stand for several numbers; the others' texts are not ours to answer.
fn concerns(envelope: &Envelope, ours: Ours<'_>) -> bool {
    let of_resource = envelope.data.resource["phoneNumberId"].as_str();
    let id = envelope.data.context.phone_number_id.as_deref().or(of_resource);
    id.is_none_or(|id| id == ours.number_id)
}

/// What an event tells; `None`: its shape or type is not known.
fn event(envelope: Envelope, ours: Ours<'_>) -> Option<Vec<Heard>> {
    let Data { resource, context } = envelope.data;
    match envelope.kind.as_str() {
        "message.received" | "message.delivered" | "message.failed" | "message.undelivered" => {
            let status = envelope.kind.strip_prefix("message.").filter(|status| *status != "received");
            message(resource, context, status, ours)
        }
        "call.missed" => call(resource, &context, ours).map(|call| vec![call]),
        // Legacy webhooks know no call.missed: a call that was over without being taken.
        "call.completed" if context.phone_number_id.is_none() => {
            let missed = serde_json::from_value::<Call>(resource.clone()).ok()?.missed();
            if missed { call(resource, &context, ours).map(|call| vec![call]) } else { Some(Vec::new()) }
        }
        "call.voicemail.completed" => voicemail(&resource, &context, ours).map(|call| vec![call]),
        "call.ringing"
        | "call.answered"
        | "call.completed"
        | "call.forwarded"
        | "call.menu.selected"
        | "call.recording.completed"
        | "call.summary.completed"
        | "call.transcript.completed" => Some(Vec::new()),
        kind if kind.starts_with("contact.") => Some(Vec::new()),
        _ => None,
    }
}

fn message(resource: Value, context: Context, status: Option<&str>, ours: Ours<'_>) -> Option<Vec<Heard>> {
    let mut message: Message = serde_json::from_value(resource).ok()?;
    message.from = message.from.or(context.sender_identifier);
    if message.to.first().is_none() {
        message.to = Recipients::Many(context.recipient_identifiers);
    }
    message.user_id = message.user_id.or(context.user_id);
    match (status, message.direction.as_str()) {
        (Some(status), "outgoing") => message.status = Some(status.to_owned()),
        (None, "incoming") => {}
        _ => return None,
    }
    message.heard(ours.number)
}

fn call(resource: Value, context: &Context, ours: Ours<'_>) -> Option<Heard> {
    let call: Call = serde_json::from_value(resource).ok()?;
    let named = context.participants.external.first().and_then(|number| number.parse().ok());
    let from = named.or_else(|| call.caller(ours.number))?;
    let voicemail = call.words();
    Some(Heard::Call { from, voicemail, at: UnixMs::from(call.created_at), id: call.id })
}

/// The resource is the voicemail, with the call's id in it.
fn voicemail(resource: &Value, context: &Context, ours: Ours<'_>) -> Option<Heard> {
    let id = resource["callId"].as_str().or(resource["id"].as_str())?.to_owned();
    let at: jiff::Timestamp = resource["createdAt"].as_str()?.parse().ok()?;
    let named = context.participants.external.first().map(String::as_str);
    let number = named.or(resource["from"].as_str()).filter(|number| *number != ours.number.as_str())?;
    let words = resource["transcript"].as_str().map(str::trim).filter(|words| !words.is_empty());
    let from = number.parse().ok()?;
    Some(Heard::Call { id, from, voicemail: words.map(str::to_owned), at: UnixMs::from(at) })
}
