//! The one HTTP client of the channels, and what a status means for a call.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};

use super::NotReached;

/// Longest wait for an answer of any server that carries calls.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// No server that carries calls has more to say.
const LONGEST_BODY: usize = 256 * 1024;
/// What a server may ask to wait at most; more is taken as this.
const LONGEST_WAIT: u64 = 3600;

/// Follows no redirect: a call goes where the site says, or nowhere.
pub fn client() -> Result<Client, NotReached> {
    let built = Client::builder().timeout(TIMEOUT).redirect(Policy::none()).build();
    built.map_err(|error| NotReached::Refused(format!("no HTTPS client can be made: {error}")))
}

/// What a request that got no answer means; without its URL, which can be a secret.
pub fn no_answer(who: &str, error: reqwest::Error) -> NotReached {
    let why = if error.is_timeout() {
        format!("{who} did not answer within {} s", TIMEOUT.as_secs())
    } else if error.is_connect() {
        format!("{who} cannot be reached")
    } else {
        format!("{who}: {}", error.without_url())
    };
    NotReached::Later { why, after: None }
}

/// `Retry-After` in seconds (RFC 9110, 10.2.3); a date is taken as "later".
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(LONGEST_WAIT)))
}

/// 429 and 5xx pass by themselves.
pub fn passing(who: &str, response: &Response) -> Option<NotReached> {
    let status = response.status();
    let after = retry_after(response.headers());
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Some(NotReached::Later { why: format!("{who} takes no more for now (429)"), after });
    }
    let broken = status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT;
    broken.then(|| NotReached::Later { why: format!("{who} answered {}", status.as_u16()), after })
}

/// The body, if it is not absurdly long.
pub async fn body(who: &str, mut response: Response) -> Result<Vec<u8>, NotReached> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| no_answer(who, error))? {
        if body.len() + chunk.len() > LONGEST_BODY {
            return Err(NotReached::Later { why: format!("{who} answered without end"), after: None });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// `application/x-www-form-urlencoded` (WHATWG URL, 5.2).
pub fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        text.bytes().fold(String::with_capacity(text.len()), |mut out, b| {
            match b {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => {
                    out.push(char::from(b))
                }
                b' ' => out.push('+'),
                b => out.push_str(&format!("%{b:02X}")),
            }
            out
        })
    };
    fields.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect::<Vec<_>>().join("&")
}
