//! One UniFi Access controller over HTTPS: the four calls the house makes, and no other. There is no call
//! here that locks down, keeps a door open or evacuates.
//!
//! Owns the connection, the pin, the token, and patience when the controller asks for it (429). Tells a request
//! that never left from one that may have.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Method, Response, StatusCode, header};
use serde_json::Value;
use tokio::time::Instant;

use super::access_wire::{self, MAX_BODY, Refusal};
use super::pinned_tls;
use crate::site::{AccessController, secret};

/// The pause after a 429 that names none.
const PAUSE: Duration = Duration::from_secs(5);
/// No pause is longer, whatever the controller wants: a door is looked at.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A simulated controller says so in every answer.
pub const SIMULATED_HEADER: &str = "x-clubos-simulated";

/// Why a controller cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error(transparent)]
    Token(#[from] secret::SecretError),
    #[error(transparent)]
    Pin(#[from] pinned_tls::PinError),
    #[error("`{0}` is no address of an Access controller; it reads https://<console>:12445")]
    Url(String),
    #[error("the HTTPS client cannot be made: {0}")]
    Client(reqwest::Error),
}

/// Why a call brought no success.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No connection was made, so nothing was sent.
    #[error("the controller cannot be reached: {0}")]
    NotSent(String),
    /// It was sent, or may have been; no answer came.
    #[error("no answer from the controller: {0}")]
    NoAnswer(String),
    #[error(transparent)]
    Refused(#[from] Refusal),
}

pub(super) struct AccessClient {
    http: reqwest::Client,
    /// `https://host:12445`, without a slash at the end.
    base: String,
    token: String,
    tls: std::sync::Arc<rustls::ClientConfig>,
    simulated: AtomicBool,
    /// Until when only unlocks are sent.
    quiet_until: Mutex<Option<Instant>>,
}

impl AccessClient {
    pub fn new(controller: &AccessController, patience: Duration) -> Result<AccessClient, AccessError> {
        let base = controller.url.trim_end_matches('/').to_owned();
        let host = base.strip_prefix("https://").filter(|host| !host.is_empty() && !host.contains('/'));
        if host.is_none() {
            return Err(AccessError::Url(controller.url.clone()));
        }
        let tls = pinned_tls::client_config(&controller.certificate_sha256)?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.clone())
            .https_only(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(patience)
            .timeout(patience)
            .build()
            .map_err(AccessError::Client)?;
        let token = secret::read(&controller.token_file)?;
        Ok(AccessClient {
            http,
            base,
            token,
            tls: tls.into(),
            simulated: AtomicBool::new(false),
            quiet_until: Mutex::default(),
        })
    }

    /// Whether the controller called itself simulated in its last answer.
    pub fn simulated(&self) -> bool {
        self.simulated.load(Ordering::Relaxed)
    }

    pub fn note_simulated(&self, simulated: bool) {
        self.simulated.store(simulated, Ordering::Relaxed);
    }

    pub async fn door(&self, door_id: &str) -> Result<Value, CallError> {
        self.unhurried()?;
        self.call(Method::GET, &format!("doors/{}", segment(door_id)), None).await
    }

    pub async fn unlock(&self, door_id: &str, effect_id: i64) -> Result<(), CallError> {
        let body = access_wire::unlock_body(effect_id);
        self.call(Method::PUT, &format!("doors/{}/unlock", segment(door_id)), Some(&body)).await.map(drop)
    }

    /// The newest door openings of the controller's log.
    pub async fn openings(&self) -> Result<Value, CallError> {
        self.unhurried()?;
        let body = access_wire::logs_body();
        self.call(Method::POST, "system/logs?page_num=1&page_size=25", Some(&body)).await
    }

    /// What the notifications' WebSocket needs: its address, the token and the pinned TLS.
    pub fn notifications(&self) -> (String, String, std::sync::Arc<rustls::ClientConfig>) {
        let address = self.base.replacen("https://", "wss://", 1);
        let address = format!("{address}/api/v1/developer/devices/notifications");
        (address, format!("Bearer {}", self.token), self.tls.clone())
    }

    /// Looks wait after a 429; an unlock, for which somebody stands at the door, is tried.
    fn unhurried(&self) -> Result<(), CallError> {
        let until = *self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until.map(|until| until.saturating_duration_since(Instant::now())).unwrap_or_default();
        if left.is_zero() {
            return Ok(());
        }
        let seconds = left.as_secs() + 1;
        Err(CallError::NotSent(format!(
            "it asked for patience (HTTP 429); it is looked at again in {seconds} s"
        )))
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, CallError> {
        let mut request = self
            .http
            .request(method, format!("{}/api/v1/developer/{path}", self.base))
            .bearer_auth(&self.token)
            .header("accept", "application/json");
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(unanswered)?;
        self.note_simulated(response.headers().contains_key(SIMULATED_HEADER));
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            let wait = response.headers().get(header::RETRY_AFTER);
            let wait = wait.and_then(|v| v.to_str().ok()?.trim().parse().ok()).map(Duration::from_secs);
            let until = Instant::now() + wait.unwrap_or(PAUSE).min(LONGEST_PAUSE);
            *self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
            let msg = "it is asked too often; nothing was done".to_owned();
            return Err(Refusal::Code { code: "HTTP 429".to_owned(), msg }.into());
        }
        let status = response.status().as_u16();
        let body = limited(response).await?;
        Ok(access_wire::open(status, &body)?)
    }
}

/// A door's id as one segment of a path; what could leave the segment is taken out.
fn segment(id: &str) -> String {
    id.chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
}

fn unanswered(error: reqwest::Error) -> CallError {
    let text = chain(&error);
    if error.is_connect() || error.is_builder() {
        CallError::NotSent(text)
    } else {
        CallError::NoAnswer(text)
    }
}

/// The error with its causes, without the address.
pub(super) fn chain(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let part = error.to_string();
        if !text.contains(&part) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&part);
        }
        cause = error.source();
    }
    if text.is_empty() && error.is_timeout() {
        text.push_str("timed out");
    }
    text
}

async fn limited(mut response: Response) -> Result<Vec<u8>, CallError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| CallError::NoAnswer(chain(&e)))? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(Refusal::Unclear(format!("an answer of more than {MAX_BODY} bytes")).into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
