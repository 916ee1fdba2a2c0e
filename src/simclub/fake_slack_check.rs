//! What the simulated Slack wants of a request, and the envelope of a press (docs.slack.dev: limits of Block
//! Kit; "Using Socket Mode").

use std::collections::BTreeSet;

use axum::http::{HeaderMap, header};
use serde_json::{Value, json};

use super::fake_slack::Posted;

pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// A message's JSON with a text, and blocks that Slack would draw.
pub(super) fn message(headers: &HeaderMap, body: &[u8]) -> Result<Value, String> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/json") {
        return Err(format!("content type {kind}"));
    }
    let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    const KNOWN: [&str; 8] =
        ["channel", "text", "blocks", "ts", "thread_ts", "reply_broadcast", "unfurl_links", "user"];
    for key in body.as_object().ok_or("no object")?.keys() {
        if !KNOWN.contains(&key.as_str()) {
            return Err(format!("there is no argument {key}"));
        }
    }
    let text = body["text"].as_str().unwrap_or_default();
    if text.is_empty() || text.chars().count() > 4000 {
        return Err("the text, shown where blocks are not, is missing or too long".into());
    }
    let blocks = body["blocks"].as_array().cloned().unwrap_or_default();
    if blocks.len() > 50 {
        return Err("more than 50 blocks".into());
    }
    blocks.iter().try_for_each(block)?;
    Ok(body)
}

fn block(block: &Value) -> Result<(), String> {
    match block["type"].as_str().unwrap_or_default() {
        "header" => text(&block["text"], "plain_text", 150),
        "section" => text(&block["text"], "mrkdwn", 3000),
        "context" => elements(block, 10)?.iter().try_for_each(|e| text(e, "mrkdwn", 3000)),
        "actions" => {
            let elements = elements(block, 25)?;
            let ids: BTreeSet<_> = elements.iter().map(|e| e["action_id"].as_str()).collect();
            if ids.len() != elements.len() {
                return Err("two buttons with one action_id".into());
            }
            elements.iter().try_for_each(button)
        }
        other => Err(format!("there is no block {other}")),
    }
}

fn elements(block: &Value, most: usize) -> Result<Vec<Value>, String> {
    let elements = block["elements"].as_array().cloned().unwrap_or_default();
    if elements.is_empty() || elements.len() > most {
        return Err(format!("{} elements in a block", elements.len()));
    }
    Ok(elements)
}

fn button(button: &Value) -> Result<(), String> {
    text(&button["text"], "plain_text", 75)?;
    let short = |key: &str, most: usize| {
        button[key].is_null() || button[key].as_str().is_some_and(|t| !t.is_empty() && t.len() <= most)
    };
    let style = button["style"].is_null() || ["primary", "danger"].iter().any(|s| button["style"] == *s);
    if button["type"] == "button"
        && short("action_id", 255)
        && short("value", 2000)
        && short("url", 3000)
        && style
    {
        return Ok(());
    }
    Err(format!("a button that is none: {button}"))
}

fn text(text: &Value, kind: &str, most: usize) -> Result<(), String> {
    let length = text["text"].as_str().map_or(0, |t| t.chars().count());
    if text["type"] == kind && (1..=most).contains(&length) {
        return Ok(());
    }
    Err(format!("a {kind} of {length} characters, {most} at most"))
}

/// The envelope of a press, as Slack sends it.
pub(super) fn envelope(
    id: &str,
    message: &Posted,
    action_id: &str,
    user: &str,
    channel: &str,
) -> Result<String, String> {
    let blocks = message.blocks.as_array().cloned().unwrap_or_default();
    let mut elements = blocks.iter().filter_map(|b| b["elements"].as_array()).flatten();
    let pressed = elements.rfind(|e| e["action_id"] == action_id);
    let pressed = pressed.ok_or("the message has no such button any more")?;
    let mut action = json!({
        "type": "button", "action_id": action_id, "block_id": "clubos", "text": pressed["text"],
        "action_ts": "1795223041.000001",
    });
    if !pressed["value"].is_null() {
        action["value"] = pressed["value"].clone();
    }
    let payload = json!({
        "type": "block_actions",
        "user": {"id": user, "username": "simulated", "name": "simulated", "team_id": "T0SIM"},
        "api_app_id": "A0SIM", "token": "simulated",
        "container": {"type": "message", "message_ts": message.ts, "channel_id": channel, "is_ephemeral": false},
        "trigger_id": "1.2.simulated",
        "team": {"id": "T0SIM", "domain": "simulated"},
        "enterprise": null, "is_enterprise_install": false,
        "channel": {"id": channel, "name": "simulated"},
        "message": {"type": "message", "ts": message.ts, "text": message.text, "blocks": message.blocks},
        "response_url": "https://hooks.slack.example/actions/simulated",
        "actions": [action],
    });
    Ok(json!({"envelope_id": id, "payload": payload, "type": "interactive", "accepts_response_payload": false}).to_string())
}
