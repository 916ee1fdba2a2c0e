//! Twilio: one number's texts, by the Messages resource of 2010-04-01.
//!
//! Sends and lists. Missed calls are heard by webhook alone. A webhook carries no time, so an old one is
//! known only by its message's id: whoever reads must remember them.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Method, RequestBuilder, Url, header};
use serde_json::Value;

use super::api::{Api, ApiError, CallError, Patience};
use super::given::{Given, same_words};
use super::pace::PER_SECOND;
use super::signature::{self, Secret};
use super::twilio_wire::{self, Message, Page};
use super::{Accepted, HearError, Heard, Hook, NotBelieved, SendError, TextProvider};
use crate::clock::{Clock, UnixMs};
use crate::site::E164;

/// Where Twilio is.
pub const BASE: &str = "https://api.twilio.com";

/// Entries a page (1-1000): so that a page stays below the bound of an answer.
const PAGE_SIZE: &str = "200";

/// Pages read at most of one list: 4,000 entries.
const PAGES: usize = 20;

/// Times have whole seconds.
const MARGIN: Duration = Duration::from_secs(3);

/// What a Twilio number needs.
#[derive(Clone)]
pub struct TwilioSettings {
    /// [`BASE`], but for a simulated one.
    pub base_url: String,
    /// `AC…`
    pub account_sid: String,
    /// The account's token: signs webhooks, and logs in where there is no `api_key`.
    pub auth_token: Option<String>,
    /// `SK…` and its secret.
    pub api_key: Option<(String, String)>,
    pub number: E164,
    /// `MG…`: sends by this service instead of by the number itself.
    pub messaging_service_sid: Option<String>,
    /// Where Twilio tells what became of a text, if it can reach the box at all.
    pub status_callback: Option<String>,
}

/// One number at Twilio.
pub struct Twilio {
    api: Api,
    account: String,
    login: (String, String),
    /// `None`: webhooks cannot be believed.
    token: Option<Secret>,
    number: E164,
    service: Option<String>,
    callback: Option<String>,
    given: Given,
}

impl Twilio {
    /// # Errors
    /// An address or id that cannot be one, or nothing to log in with.
    pub fn new(settings: TwilioSettings, clock: Clock, patience: Patience) -> Result<Twilio, ApiError> {
        let wrong = |what, why: &str| ApiError::Setting { what, why: why.to_owned() };
        if !is_sid(&settings.account_sid, "AC") {
            return Err(wrong("account", "it reads AC and 32 hexadecimal digits"));
        }
        if settings.messaging_service_sid.as_deref().is_some_and(|sid| !is_sid(sid, "MG")) {
            return Err(wrong("messaging service", "it reads MG and 32 hexadecimal digits"));
        }
        let token = settings.auth_token.clone();
        let login = settings.api_key.or_else(|| Some((settings.account_sid.clone(), settings.auth_token?)));
        let login = login.ok_or_else(|| wrong("key", "an auth token or an API key is needed"))?;
        Ok(Twilio {
            api: Api::new(&settings.base_url, clock, PER_SECOND, patience)?,
            account: settings.account_sid,
            login,
            token: token.as_deref().map(Secret::from_text),
            number: settings.number,
            service: settings.messaging_service_sid,
            callback: settings.status_callback,
            given: Given::default(),
        })
    }

    fn request(&self, method: Method, query: &[(&str, &str)]) -> RequestBuilder {
        let path = ["2010-04-01", "Accounts", &self.account, "Messages.json"];
        self.api.request(method, &path, query).basic_auth(&self.login.0, Some(&self.login.1))
    }

    /// A list, page by page, until it ends or `enough` says so.
    async fn list(
        &self,
        query: &[(&str, &str)],
        enough: impl Fn(&[Value]) -> bool,
    ) -> Result<(Vec<Value>, bool), HearError> {
        let mut entries = Vec::new();
        let mut query: Vec<(String, String)> =
            query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        for _ in 0..PAGES {
            let pairs: Vec<(&str, &str)> = query.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let answer = self.api.call(self.request(Method::GET, &pairs)).await;
            let answer = answer.map_err(CallError::of_hearing)?;
            if answer.status != 200 {
                return Err(twilio_wire::not_heard(&answer));
            }
            let page: Page = serde_json::from_slice(&answer.body).map_err(|_| HearError::Later {
                why: "Twilio's list cannot be read".to_owned(),
                after_ms: None,
            })?;
            let last = enough(&page.messages);
            entries.extend(page.messages);
            match page.next_page_uri.as_deref().and_then(parameters) {
                Some(next) if !last => query = next,
                _ => return Ok((entries, false)),
            }
        }
        Ok((entries, true))
    }

    /// One way of the line: texts whose `party` (`To` or `From`) is our number.
    async fn way(&self, party: &str, from: UnixMs) -> Result<Vec<Heard>, HearError> {
        let since = from.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let query = [(party, self.number.as_str()), ("DateSent>", &since), ("PageSize", PAGE_SIZE)];
        let (entries, more) = self.list(&query, |page| older(page, from)).await?;
        let mut heard: Vec<Heard> = entries.into_iter().flat_map(|entry| read(&entry, from)).collect();
        heard.extend(more.then(|| Heard::Unknown {
            id: format!("messages since {since}"),
            kind: "more messages than can be read at once".to_owned(),
            raw: String::new(),
        }));
        Ok(heard)
    }
}

#[async_trait]
impl TextProvider for Twilio {
    fn name(&self) -> &'static str {
        "twilio"
    }

    async fn send(&self, to: &E164, body: &str) -> Result<Accepted, SendError> {
        let (service, callback) = (self.service.as_deref(), self.callback.as_deref());
        let form = twilio_wire::send_form(to, &self.number, service, body, callback);
        let request = self
            .request(Method::POST, &[])
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        let answer = self.api.call(request).await.map_err(CallError::of_send)?;
        if !(200..300).contains(&answer.status) {
            return Err(twilio_wire::not_sent(&answer));
        }
        let sid = serde_json::from_slice::<Value>(&answer.body).ok();
        let sid = sid.and_then(|message| message["sid"].as_str().map(str::to_owned));
        let provider_id = sid.filter(|sid| !sid.is_empty()).ok_or_else(|| {
            SendError::Unclear(format!("Twilio answered {} and no id of the text", answer.status))
        })?;
        self.given.note(&provider_id);
        Ok(Accepted { provider_id })
    }

    /// Lists without a date: a text that waits in Twilio's queue has no `DateSent` yet.
    async fn look_up(&self, to: &E164, body: &str, since: UnixMs) -> Result<Option<Accepted>, HearError> {
        let long_ago = self.api.no_later(since) - Duration::from_secs(25 * 60 * 60);
        let query = [("To", to.as_str()), ("PageSize", PAGE_SIZE)];
        let (entries, _) = self.list(&query, |page| older(page, long_ago)).await?;
        // Only now is it known how the clocks differ.
        let since = self.api.theirs(since) - MARGIN;
        let messages = entries.into_iter().filter_map(|entry| serde_json::from_value::<Message>(entry).ok());
        let ours = messages.filter(|message| {
            message.direction.starts_with("outbound")
                && message.to.as_deref() == Some(to.as_str())
                && message.created().is_some_and(|created| created >= since)
                && same_words(body, message.body.as_deref().unwrap_or_default())
                && !self.given.has(&message.sid)
        });
        Ok(ours.max_by_key(Message::created).map(|message| Accepted { provider_id: message.sid }))
    }

    fn account_for(&self, ids: &[String]) {
        ids.iter().for_each(|id| self.given.note(id));
    }

    async fn hear(&self, since: UnixMs, _numbers: &[E164]) -> Result<Vec<Heard>, HearError> {
        let since = self.api.no_later(since);
        let from = UnixMs(since.0.div_euclid(1000) * 1000);
        let mut heard = self.way("To", from).await?;
        heard.extend(self.way("From", from).await?);
        heard.sort_by_key(|heard| match heard {
            Heard::Text { at, .. } | Heard::Sent { at, .. } | Heard::Call { at, .. } => *at,
            Heard::Status { .. } | Heard::Unknown { .. } => UnixMs(i64::MAX),
        });
        Ok(heard)
    }

    fn hook(&self, hook: Hook<'_>) -> Result<Vec<Heard>, NotBelieved> {
        let given = hook.header("x-twilio-signature").ok_or(NotBelieved::Unsigned)?;
        let token = self.token.as_ref().ok_or(NotBelieved::Unsigned)?;
        let form: Vec<(String, String)> = form_urlencoded::parse(hook.body).into_owned().collect();
        signature::twilio(token, hook.url, &form, given)?;
        if form.iter().any(|(name, value)| name == "AccountSid" && *value != self.account) {
            return Err(NotBelieved::Forged);
        }
        Ok(twilio_wire::read_hook(&form, hook.body, self.api.theirs(hook.now)))
    }

    fn clock_ahead_ms(&self) -> Option<i64> {
        self.api.ahead_ms()
    }

    fn simulated(&self) -> bool {
        self.api.simulated()
    }
}

/// `AC…` and the like: a prefix and 32 hexadecimal digits.
fn is_sid(text: &str, prefix: &str) -> bool {
    let digits = text.strip_prefix(prefix).unwrap_or_default();
    digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A page that is newest first and ends before `from`. Twilio lists so; where it does not, all is read.
fn older(page: &[Value], from: UnixMs) -> bool {
    let created = |entry: &Value| entry["date_created"].as_str().and_then(super::api::http_date);
    let times: Option<Vec<UnixMs>> = page.iter().map(created).collect();
    let Some(times) = times else { return false };
    let falling = times.is_sorted_by(|one, next| one >= next);
    // A text is sent a while after it was made; in a queue up to 10 hours (`ValidityPeriod`).
    falling && times.last().is_some_and(|last| *last + Duration::from_secs(36_000) < from)
}

fn read(entry: &Value, from: UnixMs) -> Vec<Heard> {
    let message = serde_json::from_value::<Message>(entry.clone()).ok();
    if message.as_ref().and_then(Message::at).is_some_and(|at| at < from) {
        return Vec::new();
    }
    message.and_then(Message::heard).unwrap_or_else(|| {
        let id = entry["sid"].as_str().unwrap_or("message without a sid").to_owned();
        vec![Heard::Unknown { id, kind: "message".to_owned(), raw: entry.to_string() }]
    })
}

/// The parameters of the next page; the address itself is ours to know.
fn parameters(next: &str) -> Option<Vec<(String, String)>> {
    let base = Url::parse(BASE).ok()?;
    let next = base.join(next).ok()?;
    let pairs: Vec<(String, String)> = next.query_pairs().into_owned().collect();
    (!pairs.is_empty()).then_some(pairs)
}
