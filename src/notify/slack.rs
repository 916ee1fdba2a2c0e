//! Slack by an incoming webhook: one address, one channel, no way back. Links lead to the staff page.
//!
//! POST of JSON `{"text", "blocks"}`; 200 with the body `ok`. A webhook that answers 404 or 410 is gone for
//! good (docs.slack.dev, "Handling errors" of incoming webhooks). About one message a second is taken.

use async_trait::async_trait;
use reqwest::{Client, StatusCode};
use serde_json::json;

use super::{Call, Card, Channel, NotReached, digest, http, slack_blocks};
use crate::desk::AlertChannel;
use crate::site::Person;
use crate::store::called::Shown;

const WHO: &str = "Slack";

/// An incoming webhook.
pub struct SlackWebhook {
    client: Client,
    /// Whoever knows it can write to the channel: never logged.
    url: String,
}

impl SlackWebhook {
    /// # Errors
    /// What is no address: HTTPS, but on this machine.
    pub fn new(url: &str) -> Result<SlackWebhook, NotReached> {
        let here = url.starts_with("http://127.0.0.1:") || url.starts_with("http://localhost:");
        if !(url.starts_with("https://") || here) {
            let what = "the Slack webhook is no https address; copy it from the app's \"Incoming Webhooks\"";
            return Err(NotReached::Refused(what.into()));
        }
        Ok(SlackWebhook { client: http::client()?, url: url.to_owned() })
    }

    async fn post(&self, body: &serde_json::Value) -> Result<(), NotReached> {
        let sent = self.client.post(&self.url).json(body).send().await;
        let answer = sent.map_err(|error| http::no_answer(WHO, error))?;
        if let Some(passing) = http::passing(WHO, &answer) {
            return Err(passing);
        }
        let status = answer.status();
        let text = String::from_utf8_lossy(&http::body(WHO, answer).await?).trim().to_owned();
        match status {
            StatusCode::OK if text == "ok" => Ok(()),
            StatusCode::OK => {
                Err(NotReached::Later { why: "what answered is not Slack".into(), after: None })
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                let why = format!("the Slack webhook is gone ({}); make a new one", word(&text));
                Err(NotReached::Dead(why))
            }
            status => {
                Err(NotReached::Refused(format!("Slack answered {} ({})", status.as_u16(), word(&text))))
            }
        }
    }
}

/// Slack's error is one word; anything else is not repeated.
fn word(text: &str) -> &str {
    let plain = text.len() <= 60 && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if plain && !text.is_empty() { text } else { "no reason given" }
}

#[async_trait]
impl Channel for SlackWebhook {
    fn name(&self) -> &'static str {
        "slack-webhook"
    }

    fn label(&self) -> &'static str {
        "Slack (webhook)"
    }

    fn kind(&self) -> AlertChannel {
        AlertChannel::site_wide(self.name())
    }

    fn config(&self) -> String {
        digest(&[&self.url])
    }

    fn line(&self, _: &Person) -> Result<String, String> {
        Ok("channel".to_owned())
    }

    async fn call(&self, call: &Call) -> Result<String, NotReached> {
        let blocks = slack_blocks::card(call, false);
        self.post(&json!({"text": slack_blocks::fallback(call), "blocks": blocks})).await?;
        Ok(String::new())
    }

    fn can_silence(&self) -> bool {
        true
    }

    async fn silence(&self, card: &Card, _: &Shown) -> Result<(), NotReached> {
        self.post(&json!({"text": slack_blocks::taken(card)})).await
    }
}
