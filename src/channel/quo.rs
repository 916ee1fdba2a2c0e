//! Quo (formerly OpenPhone): one number's texts and missed calls.
//!
//! Sends by v1 (`POST /v1/messages`), reads by 2026-03-30 (`GET /messages`, `GET /calls`: newest first,
//! `limit` and `after`) or, where that is not to be had, by v1, which lists a participant at a time.
//! Taken from the vendor's pages, not tried on the live service: the filters of `/calls` (read as those of
//! `/messages`), `voicemail` within a listed call, and that an unanswered call has no `answeredAt`. No code
//! is known by which a recipient's opt-out would be told: it shows as an undelivered text.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Method, RequestBuilder, header};
use serde_json::Value;

use super::api::{Answer, Api, ApiError, Patience};
use super::given::{Given, same_words};
use super::pace::PER_SECOND;
use super::quo_hook::{self, Ours};
use super::quo_wire::{self, Call, Message, Page};
use super::signature::{self, Secret};
use super::{Accepted, HearError, Heard, Hook, NotBelieved, SendError, TextProvider};
use crate::clock::{Clock, UnixMs};
use crate::site::E164;

/// Where Quo is.
pub const BASE: &str = "https://api.quo.com";

const VERSION: (&str, &str) = ("quo-api-version", "2026-03-30");

/// The most a list gives at once.
const LIMIT: &str = "50";

/// Pages read at most of one list: 20,000 entries, some 40 s at the key's pace.
const PAGES: usize = 400;

/// A look-up lists from so long before: clocks may differ, and what counts is sorted out here.
const LOOK_BACK: Duration = Duration::from_secs(25 * 60 * 60);

/// The provider's clock is known to the second only.
const MARGIN: Duration = Duration::from_secs(3);

/// A missed call without words is told so long after its end, for there may be words yet.
const WORDS_WITHIN: Duration = Duration::from_secs(2 * 60);

/// With an answering machine that is still being written down, so long.
const TRANSCRIPT_WITHIN: Duration = Duration::from_secs(10 * 60);

/// How messages are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reading {
    /// Version 2026-03-30: everything of the number.
    #[default]
    Dated,
    /// v1: only the numbers that are asked for; new customers are heard by webhook alone. No calls.
    V1,
}

/// What a Quo number needs.
#[derive(Clone)]
pub struct QuoSettings {
    /// [`BASE`], but for a simulated one.
    pub base_url: String,
    /// As it is, no `Bearer` before it.
    pub api_key: String,
    pub number: E164,
    /// `PN…`
    pub number_id: String,
    /// `US…`: the user the box writes as, if it has one of its own.
    pub user_id: Option<String>,
    /// `whsec_…` of a webhook, or the signing secret of a legacy one; several while they change.
    pub webhook_secrets: Vec<String>,
    pub reading: Reading,
}

/// One number at Quo.
pub struct Quo {
    api: Api,
    key: header::HeaderValue,
    number: E164,
    number_id: String,
    user_id: Option<String>,
    secrets: Vec<Secret>,
    reading: Reading,
    given: Given,
    /// Calls since then are still to be told, or could not be listed.
    calls_owed: Mutex<Option<UnixMs>>,
    /// It was said that calls cannot be listed.
    deaf_to_calls: AtomicBool,
}

impl Quo {
    /// # Errors
    /// An address, key, id or secret that cannot be one.
    pub fn new(settings: QuoSettings, clock: Clock, patience: Patience) -> Result<Quo, ApiError> {
        let wrong = |what, why: &str| ApiError::Setting { what, why: why.to_owned() };
        let mut key = header::HeaderValue::from_str(&settings.api_key)
            .ok()
            .filter(|key| !key.is_empty())
            .ok_or_else(|| wrong("key", "one line of printable text is needed"))?;
        key.set_sensitive(true);
        let id =
            |text: &str, prefix| text.starts_with(prefix) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if !id(&settings.number_id, "PN") {
            return Err(wrong("number id", "it begins with PN"));
        }
        if settings.user_id.as_deref().is_some_and(|user| !id(user, "US")) {
            return Err(wrong("user id", "it begins with US"));
        }
        let secrets = settings.webhook_secrets.iter().map(|text| Secret::from_base64(text));
        let secrets = secrets.collect::<Result<_, _>>();
        let secrets = secrets.map_err(|error| wrong("webhook secret", &error.to_string()))?;
        Ok(Quo {
            api: Api::new(&settings.base_url, clock, PER_SECOND, patience)?,
            key,
            number: settings.number,
            number_id: settings.number_id,
            user_id: settings.user_id,
            secrets,
            reading: settings.reading,
            given: Given::default(),
            calls_owed: Mutex::default(),
            deaf_to_calls: AtomicBool::new(false),
        })
    }

    async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Answer, HearError> {
        let request = self.api.request(Method::GET, path, query);
        let request = match self.reading {
            Reading::Dated => request.header(VERSION.0, VERSION.1),
            Reading::V1 => request,
        };
        self.api.call(self.signed(request)).await.map_err(super::api::CallError::of_hearing)
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        request.header(header::AUTHORIZATION, self.key.clone())
    }

    /// All pages of a list, as they come: newest first. The flag says that there were more than are read.
    async fn all(&self, path: &[&str], query: &[(&str, &str)]) -> Result<(Vec<Value>, bool), HearError> {
        let after = match self.reading {
            Reading::Dated => "after",
            Reading::V1 => "pageToken",
        };
        let (mut entries, mut cursor) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let mut query = query.to_vec();
            query.extend(cursor.as_deref().map(|cursor| (after, cursor)));
            let answer = self.get(path, &query).await?;
            if answer.status != 200 {
                return Err(quo_wire::not_heard(&answer));
            }
            let page: Page = serde_json::from_slice(&answer.body).map_err(|_| HearError::Later {
                why: "Quo's list cannot be read".to_owned(),
                after_ms: None,
            })?;
            entries.extend(page.data);
            cursor = page.next.filter(|next| !next.is_empty());
            if cursor.is_none() {
                return Ok((entries, false));
            }
        }
        Ok((entries, true))
    }

    async fn messages(&self, from: UnixMs, numbers: &[E164]) -> Result<Vec<Heard>, HearError> {
        let from = before(from);
        let mut lists = Vec::new();
        match self.reading {
            Reading::Dated => {
                let query =
                    [("phoneNumberId", self.number_id.as_str()), ("createdAt[gt]", &from), ("limit", LIMIT)];
                lists.push(self.all(&["messages"], &query).await?);
            }
            Reading::V1 => {
                for number in numbers {
                    let query = [
                        ("phoneNumberId", self.number_id.as_str()),
                        ("participants", number.as_str()),
                        ("createdAfter", &from),
                        ("maxResults", LIMIT),
                    ];
                    lists.push(self.all(&["v1", "messages"], &query).await?);
                }
            }
        }
        let mut heard = Vec::new();
        for (entries, more) in lists {
            heard.extend(entries.into_iter().flat_map(|entry| self.message(entry)));
            if more {
                heard.push(overflow("messages", &from));
            }
        }
        Ok(heard)
    }

    fn message(&self, entry: Value) -> Vec<Heard> {
        let message = serde_json::from_value::<Message>(entry.clone()).ok();
        message
            .and_then(|message| message.heard(&self.number))
            .unwrap_or_else(|| vec![unknown("message", &entry)])
    }

    /// Missed calls since `from`, and those owed from before. What fails here fails no text: it is owed.
    async fn calls(&self, from: UnixMs) -> Vec<Heard> {
        let owed = self.owed(None).map_or(from, |owed| owed.min(from));
        let created = before(owed);
        let query =
            [("phoneNumberId", self.number_id.as_str()), ("createdAt[gt]", &created), ("limit", LIMIT)];
        let (entries, more) = match self.all(&["calls"], &query).await {
            Ok(listed) => listed,
            Err(error) => {
                self.owed(Some(owed));
                return self.not_listed(&error);
            }
        };
        self.deaf_to_calls.store(false, Ordering::Relaxed);
        let mut heard = Vec::new();
        for entry in entries {
            let Ok(call) = serde_json::from_value::<Call>(entry.clone()) else {
                heard.push(unknown("call", &entry));
                continue;
            };
            let created = UnixMs::from(call.created_at);
            match self.call(call) {
                Told::Now(call) => heard.push(call),
                Told::Later => drop(self.owed(Some(created))),
                Told::Never => {}
            }
        }
        heard.extend(more.then(|| overflow("calls", &created)));
        heard
    }

    fn call(&self, call: Call) -> Told {
        if call.direction != "incoming" || call.answered_at.is_some() {
            return Told::Never;
        }
        let Some(ended) = call.completed_at else { return Told::Later };
        let words = call.words();
        let wait = if call.voicemail.is_some() { TRANSCRIPT_WITHIN } else { WORDS_WITHIN };
        let now = self.api.theirs(self.api.clock().now());
        if words.is_none() && now < UnixMs::from(ended) + wait {
            return Told::Later;
        }
        // A withheld number cannot be called back.
        let Some(from) = call.caller(&self.number) else { return Told::Never };
        Told::Now(Heard::Call { from, voicemail: words, at: UnixMs::from(call.created_at), id: call.id })
    }

    /// That calls cannot be listed at all is told, once; that they cannot now, is not.
    fn not_listed(&self, error: &HearError) -> Vec<Heard> {
        tracing::debug!(%error, "Quo's calls could not be listed");
        let HearError::Never { why, .. } = error else { return Vec::new() };
        if self.deaf_to_calls.swap(true, Ordering::Relaxed) {
            return Vec::new();
        }
        let kind = "missed calls cannot be listed".to_owned();
        vec![Heard::Unknown { id: "calls".to_owned(), kind, raw: why.clone() }]
    }

    /// Notes that calls since then are owed, or takes what is.
    fn owed(&self, since: Option<UnixMs>) -> Option<UnixMs> {
        let mut owed = self.calls_owed.lock().unwrap_or_else(PoisonError::into_inner);
        match since {
            Some(since) => {
                *owed = Some(owed.map_or(since, |owed| owed.min(since)));
                None
            }
            None => owed.take(),
        }
    }
}

enum Told {
    Now(Heard),
    /// It is not over, or its words are not written down yet.
    Later,
    Never,
}

#[async_trait]
impl TextProvider for Quo {
    fn name(&self) -> &'static str {
        "quo"
    }

    async fn send(&self, to: &E164, body: &str) -> Result<Accepted, SendError> {
        let wire = quo_wire::send_body(&self.number_id, to, body, self.user_id.as_deref());
        let request = self.api.request(Method::POST, &["v1", "messages"], &[]).json(&wire);
        let answer = self.api.call(self.signed(request)).await.map_err(super::api::CallError::of_send)?;
        if !(200..300).contains(&answer.status) {
            return Err(quo_wire::not_sent(&answer));
        }
        let provider_id = quo_wire::accepted(&answer.body).ok_or_else(|| {
            SendError::Unclear(format!("Quo answered {} and no id of the text", answer.status))
        })?;
        self.given.note(&provider_id);
        Ok(Accepted { provider_id })
    }

    async fn look_up(&self, to: &E164, body: &str, since: UnixMs) -> Result<Option<Accepted>, HearError> {
        let from = before(self.api.no_later(since) - LOOK_BACK);
        let number = self.number_id.as_str();
        let (entries, _) = match self.reading {
            Reading::Dated => {
                let query = [
                    ("phoneNumberId", number),
                    ("to", to.as_str()),
                    ("direction", "outgoing"),
                    ("createdAt[gt]", &from),
                    ("limit", LIMIT),
                ];
                self.all(&["messages"], &query).await?
            }
            Reading::V1 => {
                let query = [
                    ("phoneNumberId", number),
                    ("participants", to.as_str()),
                    ("createdAfter", &from),
                    ("maxResults", LIMIT),
                ];
                self.all(&["v1", "messages"], &query).await?
            }
        };
        // Only now is it known how the clocks differ.
        let since = self.api.theirs(since) - MARGIN;
        let messages = entries.into_iter().filter_map(|entry| serde_json::from_value::<Message>(entry).ok());
        let ours = messages.filter(|message| {
            message.direction == "outgoing"
                && message.to.first() == Some(to.as_str())
                && UnixMs::from(message.created_at) >= since
                && same_words(body, message.text.as_deref().unwrap_or_default())
                && !self.given.has(&message.id)
        });
        Ok(ours.max_by_key(|message| message.created_at).map(|message| Accepted { provider_id: message.id }))
    }

    fn account_for(&self, ids: &[String]) {
        ids.iter().for_each(|id| self.given.note(id));
    }

    async fn hear(&self, since: UnixMs, numbers: &[E164]) -> Result<Vec<Heard>, HearError> {
        let from = self.api.no_later(since);
        let mut heard = self.messages(from, numbers).await?;
        if self.reading == Reading::Dated {
            heard.extend(self.calls(from).await);
        }
        heard.sort_by_key(when);
        Ok(heard)
    }

    fn hook(&self, hook: Hook<'_>) -> Result<Vec<Heard>, NotBelieved> {
        let now = self.api.theirs(hook.now);
        if let Some(signatures) = hook.header("webhook-signature") {
            let id = hook.header("webhook-id").ok_or(NotBelieved::Unsigned)?;
            let timestamp = hook.header("webhook-timestamp").ok_or(NotBelieved::Unsigned)?;
            signature::standard(&self.secrets, id, timestamp, signatures, hook.body, now)?;
        } else {
            let header = hook.header("openphone-signature").ok_or(NotBelieved::Unsigned)?;
            signature::legacy(&self.secrets, header, hook.body, now)?;
        }
        quo_hook::read(hook.body, Ours { number: &self.number, number_id: &self.number_id })
    }

    fn clock_ahead_ms(&self) -> Option<i64> {
        self.api.ahead_ms()
    }

    fn simulated(&self) -> bool {
        self.api.simulated()
    }
}

/// `[gt]` and `After` leave out the moment itself.
fn before(moment: UnixMs) -> String {
    (moment - Duration::from_millis(1)).timestamp().to_string()
}

/// Statuses and what is not known come last, in the order they were found.
fn when(heard: &Heard) -> UnixMs {
    match heard {
        Heard::Text { at, .. } | Heard::Sent { at, .. } | Heard::Call { at, .. } => *at,
        Heard::Status { .. } | Heard::Unknown { .. } => UnixMs(i64::MAX),
    }
}

fn unknown(kind: &str, entry: &Value) -> Heard {
    let id = entry["id"].as_str().map_or_else(|| format!("{kind} without an id"), str::to_owned);
    Heard::Unknown { id, kind: kind.to_owned(), raw: entry.to_string() }
}

/// Nothing is left out silently.
fn overflow(what: &str, since: &str) -> Heard {
    let kind = format!("more {what} than can be read at once");
    Heard::Unknown { id: format!("{what} since {since}"), kind, raw: String::new() }
}
