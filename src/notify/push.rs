//! Web Push: rings in the browsers a person has registered on the staff page, also when the page is closed.
//!
//! RFC 8030 (delivery: `TTL`, `Urgency`, `Topic`), RFC 8291 (encryption: only the browser can read it),
//! RFC 8292 (VAPID). The push service is the browser's vendor, on the internet. A browser that is gone (404,
//! 410) is forgotten, and its owner is told by a notice. Once somebody looks after it, a second message with
//! the same tag and topic takes the place of the first and makes no sound.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use reqwest::{Client, StatusCode, Url};
use serde_json::{Value, json};
use web_push_native::Auth;

use super::card::About;
use super::push_key::PushKey;
use super::{Call, Card, Channel, NotReached, Reception, digest, http};
use crate::site::Person;
use crate::store::called::Shown;
use crate::store::push::{self, Subscription};
use crate::store::{Reader, StoreError, escalation, journal};

/// What push services take, in bytes of plain text: 4096 less header, tag and padding (RFC 8291, 4).
const LONGEST: usize = 3993;
const WHO: &str = "the push service";
pub const NAME: &str = "push";

pub struct Push {
    client: Client,
    key: Arc<PushKey>,
    contact: String,
    reception: OnceLock<Reception>,
}

/// What a service worker is told.
struct Message {
    body: Vec<u8>,
    topic: String,
    urgency: &'static str,
    ttl: u32,
}

impl Push {
    /// `contact`: `mailto:…` or `https:…`, for the push service.
    ///
    /// # Errors
    /// If no HTTPS client can be made.
    pub fn new(key: Arc<PushKey>, contact: &str) -> Result<Push, NotReached> {
        Ok(Push { client: http::client()?, key, contact: contact.to_owned(), reception: OnceLock::new() })
    }

    fn reception(&self) -> Result<&Reception, NotReached> {
        let why = || NotReached::Later { why: "the box is starting".into(), after: None };
        self.reception.get().ok_or_else(why)
    }

    /// Rings every browser; well if one took it.
    async fn ring(&self, browsers: Vec<Subscription>, message: &Message) -> Result<(), NotReached> {
        let reception = self.reception()?;
        let mut last = None;
        let mut taken = false;
        let mut left = browsers.len();
        for browser in browsers {
            match self.send(&browser, message, reception).await {
                Ok(()) => taken = true,
                Err(NotReached::Dead(_)) => {
                    left -= 1;
                    forget(reception, browser);
                }
                Err(why) => last = Some(why),
            }
        }
        match last {
            _ if taken => Ok(()),
            Some(why) => Err(why),
            None if left == 0 => Err(NotReached::NoAddress(
                "no browser rings for them any more; \"Ring me on this device\" on the staff page sets it up"
                    .into(),
            )),
            None => Ok(()),
        }
    }

    /// [`NotReached::Dead`]: this browser is gone.
    async fn send(
        &self,
        browser: &Subscription,
        message: &Message,
        reception: &Reception,
    ) -> Result<(), NotReached> {
        let unusable = || NotReached::Dead("its keys are none".into());
        let url: Url = browser.endpoint.parse().map_err(|_| unusable())?;
        let key = BASE64.decode(&browser.p256dh).map_err(|_| unusable())?;
        let key = p256::PublicKey::from_sec1_bytes(&key).map_err(|_| unusable())?;
        let auth = BASE64.decode(&browser.auth).ok().filter(|a| a.len() == 16).ok_or_else(unusable)?;
        let body = web_push_native::encrypt(message.body.clone(), &key, Auth::from_slice(&auth));
        let body = body.map_err(|_| unusable())?;
        let origin = url.origin().ascii_serialization();
        let request = self
            .client
            .post(url)
            .header("TTL", message.ttl)
            .header("Content-Encoding", "aes128gcm")
            .header("Content-Type", "application/octet-stream")
            .header("Urgency", message.urgency)
            .header("Topic", &message.topic)
            .header("Authorization", self.key.authorization(&origin, &self.contact, reception.clock.now()))
            .body(body);
        let answer = request.send().await.map_err(|error| http::no_answer(WHO, error))?;
        if let Some(passing) = http::passing(WHO, &answer) {
            return Err(passing);
        }
        match answer.status() {
            status if status.is_success() => Ok(()),
            StatusCode::NOT_FOUND | StatusCode::GONE => Err(NotReached::Dead("it is gone".into())),
            StatusCode::PAYLOAD_TOO_LARGE => {
                Err(NotReached::Refused("the push service finds the message too long".into()))
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(NotReached::Refused(
                "the push service does not believe our key; is the box's clock right? Else switch \"Ring me on \
                 this device\" off and on again"
                    .into(),
            )),
            status => Err(NotReached::Refused(format!("the push service answered {}", status.as_u16()))),
        }
    }
}

/// A browser that is gone is asked no more, and a notice says so.
fn forget(reception: &Reception, browser: Subscription) {
    tracing::info!(person = browser.operator, "a browser no longer rings; it is forgotten");
    let told = reception.desk.tell(move |desk| {
        let now = desk.now();
        let done: Result<(), StoreError> = desk.store().write(|tx| {
            push::gone(tx, browser.id)?;
            let text = format!(
                "A browser of {} no longer rings (its push service says it is gone). \"Ring me on this device\" sets it up again.",
                browser.operator
            );
            journal::notice(tx, None, &text, now).map(|_| ())
        });
        let done = done.and_then(|()| {
            let people = push::people(desk.store_ref().conn())?;
            desk.set_reachable(NAME, people);
            Ok(())
        });
        if let Err(error) = done {
            tracing::error!(%error, "a browser that is gone could not be forgotten");
        }
    });
    if told.is_err() {
        tracing::debug!("the desk has stopped");
    }
}

/// Push services keep a message that long for a browser that is off, in seconds. What matters is sent again
/// by the ladder anyway.
fn ttl(level: &str) -> u32 {
    match level {
        "critical" | "high" => 3600,
        _ => 4 * 3600,
    }
}

fn urgency(level: &str) -> &'static str {
    match level {
        "critical" | "high" => "high",
        "medium" => "normal",
        _ => "low",
    }
}

/// One name for tag and topic (RFC 8030, 5.4: at most 32 characters of base64url).
fn tag(card: &Card) -> String {
    match card.about {
        About::Escalation(id) => format!("escalation-{id}"),
        About::Digest => "digest".to_owned(),
        About::Test => "test".to_owned(),
    }
}

fn message(card: &Card) -> Message {
    let mut lines = card.lines();
    lines.extend(card.said.iter().map(|said| format!("“{said}”")));
    let body = loop {
        let body = json!({
            "tag": tag(card),
            "title": card.title(),
            "body": lines.join("\n"),
            "level": card.level,
            "url": path(card),
            "done": false,
        });
        let bytes = body.to_string().into_bytes();
        if bytes.len() <= LONGEST || lines.pop().is_none() {
            break bytes;
        }
    };
    Message { body, topic: tag(card), urgency: urgency(&card.level), ttl: ttl(&card.level) }
}

fn done(card: &Card) -> Message {
    let by = card.taken_by.as_deref().unwrap_or("Somebody");
    let body: Value = json!({
        "tag": tag(card),
        "title": format!("{by} looks after it"),
        "body": card.summary,
        "level": "low",
        "url": path(card),
        "done": true,
    });
    Message { body: body.to_string().into_bytes(), topic: tag(card), urgency: "high", ttl: ttl(&card.level) }
}

/// The page opens what is below its own address, whatever that is called from where the person is.
fn path(card: &Card) -> String {
    let link = card.link.as_deref().and_then(|link| link.split_once("://"));
    let path = link.and_then(|(_, rest)| rest.find('/').map(|at| rest[at..].to_owned()));
    path.unwrap_or_else(|| "/".to_owned())
}

#[async_trait]
impl Channel for Push {
    fn name(&self) -> &'static str {
        NAME
    }

    fn label(&self) -> &'static str {
        "Browser notification"
    }

    fn config(&self) -> String {
        digest(&[self.key.public(), &self.contact])
    }

    fn line(&self, person: &Person) -> Result<String, String> {
        Ok(person.name.clone())
    }

    fn meet(&self, reception: &Reception) {
        let _ = self.reception.set(reception.clone()); // once is enough
    }

    async fn call(&self, call: &Call) -> Result<String, NotReached> {
        let person = call.people.first().map(|p| p.name.clone()).unwrap_or_default();
        let unread = |error: StoreError| NotReached::Later { why: error.to_string(), after: None };
        let db = Reader::open(&self.reception()?.db).map_err(unread)?;
        let browsers = push::of(db.conn(), &person).map_err(unread)?;
        drop(db);
        if browsers.is_empty() {
            return Err(NotReached::NoAddress(format!(
                "{person} has no browser that rings; \"Ring me on this device\" on the staff page sets it up"
            )));
        }
        self.ring(browsers, &message(&call.card)).await?;
        Ok(String::new())
    }

    fn can_silence(&self) -> bool {
        true
    }

    async fn silence(&self, card: &Card, shown: &Shown) -> Result<(), NotReached> {
        let unread = |error: StoreError| NotReached::Later { why: error.to_string(), after: None };
        let db = Reader::open(&self.reception()?.db).map_err(unread)?;
        let rung = escalation::alerts_of(db.conn(), shown.escalation_id).map_err(unread)?;
        let rung = rung.iter().filter(|a| a.channel == self.name());
        let mut people: Vec<String> = rung.flat_map(|a| a.people()).map(str::to_owned).collect();
        people.sort();
        people.dedup();
        let mut browsers = Vec::new();
        for person in &people {
            browsers.extend(push::of(db.conn(), person).map_err(unread)?);
        }
        drop(db);
        match self.ring(browsers, &done(card)).await {
            Err(NotReached::NoAddress(_)) => Ok(()), // nothing is left that could still show it
            silenced => silenced,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_card_still_fits_into_one_push() {
        let card = Card {
            about: About::Escalation(7),
            level: "high".into(),
            site: "Club".into(),
            place: "Bay 2".into(),
            summary: "s".repeat(300),
            tried: vec!["t".repeat(300); 20],
            device: None,
            next: Some("n".repeat(300)),
            waits: String::new(),
            said: vec!["é".repeat(300); 3],
            link: Some("http://192.0.2.10:8080/?t=4".into()),
            taken_by: None,
            simulated: false,
        };
        let message = message(&card);
        assert!(message.body.len() <= LONGEST && message.topic.len() <= 32);
        let body: Value = serde_json::from_slice(&message.body).unwrap();
        assert_eq!(body["url"], "/?t=4");
        assert!(body["body"].as_str().unwrap().starts_with("sss"));
    }
}
