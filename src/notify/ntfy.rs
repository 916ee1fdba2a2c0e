//! ntfy: push notifications to phones over HTTP.
//!
//! JSON publishing: POST to the server's root with `topic`, `title`, `message`, `priority` 1-5, `tags`,
//! `click`, `actions` (docs.ntfy.sh, "Publish as JSON"). Whoever knows the topic reads it, so a notification
//! says where and how urgent, never what the customer wrote, their number, or a code. A message cannot be
//! taken back: once somebody looks after it, a silent one (priority 1) says so.

use std::collections::BTreeMap;

use async_trait::async_trait;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use super::card::clip;
use super::{Call, Card, Channel, NotReached, digest, http};
use crate::site::Person;
use crate::store::called::Shown;

/// ntfy cuts messages beyond this, in bytes (docs.ntfy.sh, "Limitations"); a character may take four.
const LONGEST: usize = 1000;
const WHO: &str = "ntfy";

/// Topics on one ntfy server.
pub struct Ntfy {
    client: Client,
    /// The server's root.
    server: String,
    shared: Option<String>,
    /// Person to topic.
    own: BTreeMap<String, String>,
    token: Option<String>,
}

impl Ntfy {
    /// `own`: topics of single people, by name; everybody else is on the shared one.
    ///
    /// # Errors
    /// A topic that ntfy has no room for, or no topic at all.
    pub fn new(
        server: &str,
        shared: Option<String>,
        own: BTreeMap<String, String>,
        token: Option<String>,
    ) -> Result<Ntfy, NotReached> {
        if let Some(wrong) = shared.iter().chain(own.values()).find(|topic| !is_topic(topic)) {
            let length = wrong.chars().count();
            let what =
                format!("an ntfy topic of {length} characters is none: 1 to 64 letters, digits, - and _");
            return Err(NotReached::Refused(what));
        }
        if shared.is_none() && own.is_empty() {
            let what = "no ntfy topic: write `topic_file` in [notify.ntfy] or `ntfy_topic_file` at a person";
            return Err(NotReached::Refused(what.into()));
        }
        let server = server.trim_end_matches('/').to_owned();
        Ok(Ntfy { client: http::client()?, server, shared, own, token })
    }

    async fn publish(&self, body: &Value) -> Result<(), NotReached> {
        let mut request = self.client.post(format!("{}/", self.server)).json(body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.map_err(|error| http::no_answer(WHO, error))?;
        if let Some(passing) = http::passing(WHO, &answer) {
            return Err(passing);
        }
        match answer.status() {
            status if status.is_success() => understood(&http::body(WHO, answer).await?),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(NotReached::Refused(
                "ntfy does not let us write to this topic; look at the token and the topic's rights".into(),
            )),
            status => Err(NotReached::Refused(format!("ntfy answered {}", status.as_u16()))),
        }
    }
}

/// A server that is no ntfy (a sign-in page of some network) answers 200 too.
fn understood(body: &[u8]) -> Result<(), NotReached> {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    if answer["event"] == "message" && answer["id"].is_string() {
        return Ok(());
    }
    Err(NotReached::Later { why: "what answered is no ntfy server".into(), after: None })
}

fn is_topic(topic: &str) -> bool {
    (1..=64).contains(&topic.len())
        && topic.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
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

    fn label(&self) -> &'static str {
        "ntfy"
    }

    fn config(&self) -> String {
        let own = format!("{:?}", self.own);
        digest(&[
            &self.server,
            self.shared.as_deref().unwrap_or_default(),
            &own,
            self.token.as_deref().unwrap_or_default(),
        ])
    }

    fn line(&self, person: &Person) -> Result<String, String> {
        let topic = self.own.get(&person.name).or(self.shared.as_ref());
        topic.cloned().ok_or_else(|| format!("{} has no ntfy topic in site.toml", person.name))
    }

    async fn call(&self, call: &Call) -> Result<String, NotReached> {
        let first = call.people.first().ok_or_else(|| NotReached::NoAddress("nobody is called".into()))?;
        let topic = self.line(first).map_err(NotReached::NoAddress)?;
        let card = &call.card;
        let mut body = json!({
            "topic": topic,
            "title": format!("{} (for {})", card.title(), call.names()),
            "message": clip(&card.lines().join(". "), LONGEST),
            "priority": priority(&card.level),
            "tags": [card.level],
        });
        if let Some(link) = &card.link {
            body["click"] = json!(link);
            body["actions"] = json!([{"action": "view", "label": "Open", "url": link, "clear": true}]);
        }
        self.publish(&body).await?;
        Ok(topic)
    }

    fn can_silence(&self) -> bool {
        true
    }

    async fn silence(&self, card: &Card, shown: &Shown) -> Result<(), NotReached> {
        let by = card.taken_by.as_deref().unwrap_or("Somebody");
        self.publish(&json!({
            "topic": shown.mark,
            "title": format!("{by} looks after it"),
            "message": card.summary,
            "priority": 1,
            "tags": ["done"],
        }))
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_needed() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let make = |topic: Option<&str>| {
            Ntfy::new("https://ntfy.example", topic.map(str::to_owned), BTreeMap::new(), None)
        };
        assert!(make(Some("club-7f3")).is_ok());
        assert!(make(Some("club/7")).is_err());
        assert!(make(None).is_err());
    }

    #[test]
    fn a_sign_in_page_is_no_ntfy() {
        assert!(understood(br#"{"id":"x","time":1,"event":"message","topic":"t"}"#).is_ok());
        assert!(understood(b"<html>welcome to this network</html>").is_err());
    }
}
