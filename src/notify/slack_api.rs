//! Slack's Web API: POST of JSON with a bearer token; 200 with `{"ok": false, "error"}` is a refusal too.

use reqwest::Client;
use serde_json::Value;

use super::{NotReached, http};

/// Where Slack's Web API lives.
pub const SLACK: &str = "https://slack.com/api";
const WHO: &str = "Slack";

pub struct SlackApi {
    client: Client,
    base: String,
}

impl SlackApi {
    /// `base` is [`SLACK`], or a simulated one.
    ///
    /// # Errors
    /// If no HTTPS client can be made.
    pub fn new(base: &str) -> Result<SlackApi, NotReached> {
        Ok(SlackApi { client: http::client()?, base: base.trim_end_matches('/').to_owned() })
    }

    /// Calls one method; its answer.
    ///
    /// # Errors
    /// [`NotReached`] in words for staff.
    pub async fn post(&self, method: &str, token: &str, body: &Value) -> Result<Value, NotReached> {
        let request = self.client.post(format!("{}/{method}", self.base)).bearer_auth(token).json(body);
        let answer = request.send().await.map_err(|error| http::no_answer(WHO, error))?;
        if let Some(passing) = http::passing(WHO, &answer) {
            return Err(passing);
        }
        let status = answer.status().as_u16();
        let body = http::body(WHO, answer).await?;
        let Ok(answer) = serde_json::from_slice::<Value>(&body) else {
            let why = format!("Slack answered {status} with something that is no JSON");
            return Err(NotReached::Later { why, after: None });
        };
        match answer["ok"].as_bool() {
            Some(true) => Ok(answer),
            _ => Err(refusal(answer["error"].as_str().unwrap_or("no reason given"))),
        }
    }
}

/// What Slack's error words mean (docs.slack.dev, errors of each method), with the mend.
pub fn refusal(error: &str) -> NotReached {
    let mend = match error {
        "invalid_auth"
        | "not_authed"
        | "account_inactive"
        | "token_revoked"
        | "token_expired"
        | "not_allowed_token_type" => {
            "Slack no longer accepts our token; make a new one and put it into its file"
        }
        "missing_scope" | "no_permission" | "ekm_access_denied" => {
            "the Slack app lacks a right: chat:write for the bot, connections:write for the app token"
        }
        "channel_not_found" | "not_in_channel" => {
            "the Slack app is not in the channel; invite it there and look at the channel's id"
        }
        "is_archived" | "channel_is_archived" => "the Slack channel is archived; name another one",
        "message_not_found" | "cant_update_message" | "edit_window_closed" => {
            "the message in Slack can no longer be changed"
        }
        "ratelimited" | "rate_limited" => {
            return NotReached::Later { why: "Slack takes no more for now".into(), after: None };
        }
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" => {
            return NotReached::Later { why: format!("Slack is unwell ({error})"), after: None };
        }
        _ => "Slack refused it",
    };
    let plain = error.len() <= 60 && error.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b == b' ');
    NotReached::Refused(format!("{mend} ({})", if plain { error } else { "unknown" }))
}
