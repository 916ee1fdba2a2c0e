//! One provider's HTTP API: the connection, the pace, the bounds.
//!
//! Owns what is the same for every provider: HTTPS only (but for loopback, where simulated ones live), small
//! time-outs, no redirect, at most 1 MB of answer, turns at the key's pace, and the clock of the other side.
//! Tells a request that never left from one that may have. Knows no provider's wire.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, Url, header};

use super::pace::Pace;
use super::{HearError, SendError};
use crate::clock::{Clock, UnixMs};
use crate::device::access::SIMULATED_HEADER;

/// The longest answer that is read, in bytes.
pub const MAX_ANSWER: usize = 1_000_000;

/// Clocks nearer than this are taken as the same: `Date` has whole seconds, and answers take time.
const SAME_CLOCK_MS: i64 = 2_000;

const UNSEEN: i64 = i64::MIN;

/// How long a provider is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the connection.
    pub connect: Duration,
    /// For the whole of an answer.
    pub answer: Duration,
    /// For a turn at the key's pace.
    pub turn: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        let s = Duration::from_secs;
        Patience { connect: s(4), answer: s(10), turn: s(5) }
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("`{0}` is no address of a provider; it reads https://<host> (http only on this machine itself)")]
    Url(String),
    #[error("the HTTPS client cannot be made: {0}")]
    Client(String),
    #[error("the provider's {what} is not right: {why}")]
    Setting { what: &'static str, why: String },
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No connection was made: nothing left.
    #[error("the provider cannot be reached: {0}")]
    NotSent(String),
    /// The pace has no room; nothing left.
    #[error("the provider asked to be left alone for {} s", .0.as_secs())]
    Paced(Duration),
    /// It left, or may have.
    #[error("no answer from the provider: {0}")]
    NoAnswer(String),
}

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    /// For a 429: how long the provider will not be spoken to.
    pub wait: Option<Duration>,
}

/// The client of one provider's API.
pub struct Api {
    http: reqwest::Client,
    base: Url,
    pace: Pace,
    clock: Clock,
    patience: Patience,
    /// Provider's clock less ours, ms.
    ahead: AtomicI64,
    simulated: AtomicBool,
}

impl Api {
    /// `base` is `https://<host>`; `http` only on loopback.
    ///
    /// # Errors
    /// Another address, or no TLS on this machine.
    pub fn new(base: &str, clock: Clock, per_second: usize, patience: Patience) -> Result<Api, ApiError> {
        let wrong = || ApiError::Url(base.to_owned());
        let url = Url::parse(base).map_err(|_| wrong())?;
        if !(url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url)) || url.query().is_some()
        {
            return Err(wrong());
        }
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("clubos/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(patience.connect)
            .timeout(patience.answer)
            .build()
            .map_err(|error| ApiError::Client(chain(&error)))?;
        let pace = Pace::new(clock.clone(), per_second);
        let (ahead, simulated) = (AtomicI64::new(UNSEEN), AtomicBool::new(false));
        Ok(Api { http, base: url, pace, clock, patience, ahead, simulated })
    }

    /// A request to this path (segments after the base) with these parameters.
    pub fn request(&self, method: Method, path: &[&str], query: &[(&str, &str)]) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.http.request(method, url).header(header::ACCEPT, "application/json")
    }

    /// Sends it, in its turn, once.
    ///
    /// # Errors
    /// [`CallError`]; an answer of any status is none.
    pub async fn call(&self, request: RequestBuilder) -> Result<Answer, CallError> {
        self.pace.turn(self.patience.turn).await.map_err(CallError::Paced)?;
        let response = request.send().await.map_err(unanswered)?;
        self.note(&response);
        let status = response.status().as_u16();
        let wait = match status {
            429 => Some(self.pace.refused(retry_after(&response, self.clock.now()))),
            _ => {
                self.pace.welcome();
                None
            }
        };
        let body = bounded(response).await.map_err(CallError::NoAnswer)?;
        Ok(Answer { status, body, wait })
    }

    /// Provider's clock less ours, ms; `None` until it has answered once. Zero where they differ by no more
    /// than what cannot be told.
    pub fn ahead_ms(&self) -> Option<i64> {
        let ahead = self.ahead.load(Ordering::Relaxed);
        (ahead != UNSEEN).then(|| if ahead.abs() <= SAME_CLOCK_MS { 0 } else { ahead })
    }

    /// A moment of the box's clock, on the provider's.
    pub fn theirs(&self, ours: UnixMs) -> UnixMs {
        UnixMs(ours.0.saturating_add(self.ahead_ms().unwrap_or(0)))
    }

    /// The earlier of this moment and what it would be on the provider's clock: lists more, never less.
    pub fn no_later(&self, moment: UnixMs) -> UnixMs {
        moment.min(self.theirs(moment))
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub fn simulated(&self) -> bool {
        self.simulated.load(Ordering::Relaxed)
    }

    fn note(&self, response: &Response) {
        self.simulated.store(response.headers().contains_key(SIMULATED_HEADER), Ordering::Relaxed);
        let date = response.headers().get(header::DATE).and_then(|value| value.to_str().ok());
        if let Some(date) = date.and_then(http_date) {
            // A whole second was cut to its start: its middle is the best guess.
            let ahead = date.0 + 500 - self.clock.now().0;
            self.ahead.store(ahead, Ordering::Relaxed);
        }
    }
}

/// `Wed, 21 Oct 2015 07:28:00 GMT` (RFC 9110) and Twilio's `… +0000` (RFC 2822).
pub fn http_date(text: &str) -> Option<UnixMs> {
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(UnixMs::from(date.timestamp()))
}

impl CallError {
    /// What it means for a text that was to be sent.
    pub fn of_send(self) -> SendError {
        let why = self.to_string();
        match self {
            CallError::NotSent(_) => SendError::Later { why, after_ms: None },
            CallError::Paced(wait) => SendError::Later { why, after_ms: Some(millis(wait)) },
            CallError::NoAnswer(_) => SendError::Unclear(why),
        }
    }

    /// What it means for hearing.
    pub fn of_hearing(self) -> HearError {
        let why = self.to_string();
        match self {
            CallError::Paced(wait) => HearError::Later { why, after_ms: Some(millis(wait)) },
            CallError::NotSent(_) | CallError::NoAnswer(_) => HearError::Later { why, after_ms: None },
        }
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|ip| ip.is_loopback())
}

/// Seconds or a date (RFC 9110, 10.2.3).
fn retry_after(response: &Response, now: UnixMs) -> Option<Duration> {
    let value = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    match value.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => http_date(value).map(|date| date.since(now)),
    }
}

fn unanswered(error: reqwest::Error) -> CallError {
    let text = chain(&error);
    if error.is_connect() || error.is_builder() {
        CallError::NotSent(text)
    } else {
        CallError::NoAnswer(text)
    }
}

/// The causes of an error, without the address: that may hold a number.
fn chain(error: &reqwest::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let part = error.to_string();
        if !parts.iter().any(|known| known.contains(&part)) {
            parts.push(part);
        }
        cause = error.source();
    }
    match parts.is_empty() {
        true if error.is_timeout() => "timed out".to_owned(),
        true => "the connection broke".to_owned(),
        false => parts.join(": "),
    }
}

async fn bounded(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| chain(&error))? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(format!("an answer of more than {MAX_ANSWER} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
