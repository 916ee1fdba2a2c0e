//! Asking a device over HTTP: what every family that does so has in common.
//!
//! Owns the client (no proxy, no redirect followed, every wait bounded, a pin where there is TLS), the limit on
//! what is read, and the difference between a request that never left and one that may have.

use std::time::Duration;

use reqwest::{Response, StatusCode, header};

use super::access_client::{SIMULATED_HEADER, chain};
use super::call::CallError;
use super::pinned_tls::{self, PinError};

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error(transparent)]
    Pin(#[from] PinError),
    #[error("the HTTP client cannot be made: {0}")]
    Client(reqwest::Error),
}

/// A client for one device. With `pin` (SHA-256 of its certificate) it speaks TLS to that certificate alone; without
/// one plain HTTP, and TLS to nobody.
///
/// # Errors
/// [`HttpError`]: the pin is none, or TLS cannot be set up.
pub(super) fn client(patience: Duration, pin: Option<&str>) -> Result<reqwest::Client, HttpError> {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(patience)
        .timeout(patience);
    let builder = match pin {
        Some(pin) => builder.tls_backend_preconfigured(pinned_tls::client_config(pin)?).https_only(true),
        None => builder.tls_backend_preconfigured(pinned_tls::no_certificate()?),
    };
    builder.build().map_err(HttpError::Client)
}

/// An answer that was read whole.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: header::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// Whether the device called itself simulated.
    pub fn simulated(&self) -> bool {
        self.headers.contains_key(SIMULATED_HEADER)
    }

    /// The body of a success; else what the status means.
    ///
    /// # Errors
    /// [`CallError`]: 429, a redirect, a refusal (4xx), a failure (5xx).
    pub fn success(self) -> Result<Vec<u8>, CallError> {
        let status = self.status;
        match status {
            StatusCode::TOO_MANY_REQUESTS => {
                let wait =
                    self.headers.get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()?.trim().parse().ok());
                Err(CallError::TooMany(wait.map(Duration::from_secs)))
            }
            status if status.is_success() => Ok(self.body),
            status if status.is_redirection() => {
                Err(CallError::Unclear(format!("HTTP {status}: it sends us elsewhere, and we do not go")))
            }
            status if status.is_client_error() => Err(CallError::Refused(format!("HTTP {status}"))),
            status => Err(CallError::Unclear(format!("HTTP {status}"))),
        }
    }
}

/// Sends a request and reads the answer, at most `most` bytes of it.
///
/// # Errors
/// [`CallError`]: no connection, no answer, or too long a one. Any status is an answer.
pub(super) async fn ask(request: reqwest::RequestBuilder, most: usize) -> Result<Answer, CallError> {
    let response = request.send().await.map_err(unanswered)?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = limited(response, most).await?;
    Ok(Answer { status, headers, body })
}

/// A request without an answer: whether it may have left is what counts.
pub(super) fn unanswered(error: reqwest::Error) -> CallError {
    let text = chain(&error);
    if error.is_connect() || error.is_builder() {
        CallError::NotSent(text)
    } else {
        CallError::NoAnswer(text)
    }
}

/// The body of an answer, if it is no longer than this.
pub(super) async fn limited(mut response: Response, most: usize) -> Result<Vec<u8>, CallError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| CallError::NoAnswer(chain(&e)))? {
        if body.len() + chunk.len() > most {
            return Err(CallError::Unclear(format!("an answer of more than {most} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Percent-encodes for a query or a form; only unreserved characters (RFC 3986, 2.3) stay.
pub fn encoded(text: &str) -> String {
    let byte = |b: u8| match b {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(b).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}
