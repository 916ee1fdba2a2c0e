//! ntfy: push notifications to phones over HTTP.
//!
//! JSON publishing: POST to the server's root with `topic`, `title`, `message`, `priority` 1-5, `tags`
//! (docs.ntfy.sh, "Publish as JSON"). Whoever knows the topic reads it, so a notification says where and
//! how urgent, never what the customer wrote, their number, or a code.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::{Channel, NotReached};
use crate::store::escalation::{Alert, Escalation};

const TIMEOUT: Duration = Duration::from_secs(10);

/// A topic on an ntfy server.
pub struct Ntfy {
    client: reqwest::Client,
    server: String,
    topic: String,
    /// Where the notification leads: the staff page on the LAN.
    page: Option<String>,
}

impl Ntfy {
    /// `url` is `https://<server>/<topic>`.
    ///
    /// # Errors
    /// A URL without a topic.
    pub fn new(url: &str, page: Option<String>) -> Result<Ntfy, NotReached> {
        let wrong = || NotReached(format!("`{url}` is no ntfy topic; write https://<server>/<topic>"));
        let (server, topic) = url.trim_end_matches('/').rsplit_once('/').ok_or_else(wrong)?;
        if topic.is_empty() || !server.contains("://") || server.ends_with('/') {
            return Err(wrong());
        }
        let client =
            reqwest::Client::builder().timeout(TIMEOUT).build().map_err(|e| NotReached(e.to_string()))?;
        Ok(Ntfy { client, server: server.to_owned(), topic: topic.to_owned(), page })
    }
}

fn priority(level: &str) -> u8 {
    match level {
        "critical" => 5,
        "high" => 4,
        "medium" => 3,
        _ => 2,
    }
}

#[async_trait]
impl Channel for Ntfy {
    fn name(&self) -> &'static str {
        "ntfy"
    }

    async fn call(&self, alert: &Alert, escalation: &Escalation) -> Result<(), NotReached> {
        let mut body = json!({
            "topic": self.topic,
            "title": format!("{} for {}", escalation.level, alert.person),
            "message": escalation.summary,
            "priority": priority(&escalation.level),
            "tags": [escalation.level],
        });
        if let Some(page) = &self.page {
            body["click"] = json!(page);
        }
        let answer = self.client.post(&self.server).json(&body).send().await;
        let answer = answer.map_err(|e| NotReached(e.without_url().to_string()))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(NotReached(format!("ntfy answered {status}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_needed() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        assert!(Ntfy::new("https://ntfy.example/club", None).is_ok());
        assert!(Ntfy::new("https://ntfy.example/", None).is_err());
        assert!(Ntfy::new("club", None).is_err());
    }
}
