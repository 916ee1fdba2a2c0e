//! The running box as its own command line sees it: its API, signed in by name. Signs out when it is done.
//! Sends no password in the clear over a network.

use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::bayagent::tls;

/// Longest time for an answer; the stream of events has no end.
const ANSWER: Duration = Duration::from_secs(25);
const CONNECT: Duration = Duration::from_secs(5);

/// Why the box could not be asked, or what it said.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    #[error(
        "the box does not answer at {url}: {why}; does `clubos serve` run there? (--url names another place)"
    )]
    NoAnswer { url: String, why: String },
    #[error("{what}: {mend}")]
    Said { status: StatusCode, what: String, mend: String },
    #[error("`{0}` is no address of a box; write it like http://127.0.0.1:8080")]
    Address(String),
    #[error("a password goes to {0} over https only; use https://, or do this on the box itself")]
    InTheClear(String),
    #[error("cannot use the certificate: {0}")]
    Certificate(String),
    #[error("there is no device `{0}`: clubos device list names them")]
    NoDevice(String),
}

impl LinkError {
    pub fn is_wrong_usage(&self) -> bool {
        match self {
            LinkError::Said { status, .. } => {
                [StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY].contains(status)
            }
            LinkError::NoDevice(_) => true,
            _ => false,
        }
    }

    /// Nobody is signed in any more; asking again changes nothing.
    pub fn is_signed_out(&self) -> bool {
        matches!(self, LinkError::Said { status, .. } if *status == StatusCode::UNAUTHORIZED)
    }
}

/// The box, and once signed in the session.
pub struct Link {
    http: Client,
    base: String,
    token: String,
}

impl Link {
    pub fn to(url: &str, certificate: Option<&Path>) -> Result<Link, LinkError> {
        let base = url.trim_end_matches('/').to_owned();
        let parsed = reqwest::Url::parse(&base).map_err(|_| LinkError::Address(url.to_owned()))?;
        let host = parsed.host_str().ok_or_else(|| LinkError::Address(url.to_owned()))?;
        let here = ["127.0.0.1", "[::1]", "localhost"].contains(&host);
        match parsed.scheme() {
            "https" => {}
            "http" if here => {}
            "http" => return Err(LinkError::InTheClear(host.to_owned())),
            _ => return Err(LinkError::Address(url.to_owned())),
        }
        let mut http = Client::builder().no_proxy().connect_timeout(CONNECT);
        http = http.redirect(reqwest::redirect::Policy::none());
        if let Some(file) = certificate {
            http = http.tls_backend_preconfigured(tls::trusting(file).map_err(LinkError::Certificate)?);
        }
        let http = http.build().map_err(|error| LinkError::Certificate(error.to_string()))?;
        Ok(Link { http, base, token: String::new() })
    }

    pub async fn sign_in(mut self, name: &str, password: &str) -> Result<Link, LinkError> {
        let asked =
            self.http.post(self.at("/api/v1/session")).json(&json!({"name": name, "password": password}));
        let session = self.value(asked).await?;
        self.token = session["token"].as_str().unwrap_or_default().to_owned();
        Ok(self)
    }

    /// The session is over, also if the box is gone meanwhile: then it ends by itself.
    pub async fn sign_out(self) {
        let asked = self.http.delete(self.at("/api/v1/session")).bearer_auth(&self.token);
        let _ = self.answer(asked.timeout(CONNECT)).await;
    }

    pub async fn get(&self, path: &str) -> Result<Value, LinkError> {
        self.value(self.http.get(self.at(path)).bearer_auth(&self.token)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, LinkError> {
        self.value(self.http.post(self.at(path)).bearer_auth(&self.token).json(body)).await
    }

    /// The live events of the staff page.
    pub async fn events(&self) -> Result<Events, LinkError> {
        let asked = self.http.get(self.at("/api/v1/events")).bearer_auth(&self.token);
        let bytes = self.answer(asked).await?.bytes_stream();
        let bytes = bytes.map(|part| part.map(|part| part.to_vec()).ok());
        Ok(Events { bytes: bytes.boxed(), line: Vec::new() })
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn gone(&self, error: reqwest::Error) -> LinkError {
        LinkError::NoAnswer { url: self.base.clone(), why: error.without_url().to_string() }
    }

    async fn answer(&self, asked: RequestBuilder) -> Result<Response, LinkError> {
        let answer = asked.send().await.map_err(|error| self.gone(error))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let body: Value = answer.json().await.unwrap_or_default();
        let text = |key: &str| body["error"][key].as_str().map(str::to_owned);
        let what = text("what").unwrap_or_else(|| format!("the box says {status}"));
        Err(LinkError::Said { status, what, mend: text("mend").unwrap_or_else(|| "look at its log".into()) })
    }

    async fn value(&self, asked: RequestBuilder) -> Result<Value, LinkError> {
        let answer = self.answer(asked.timeout(ANSWER)).await?;
        answer.json().await.map_err(|error| self.gone(error))
    }
}

/// A name as a part of an address; names of devices hold nothing that would need escaping.
pub fn part(target: &str) -> Result<&str, LinkError> {
    let right = !target.is_empty()
        && target.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_');
    if right { Ok(target) } else { Err(LinkError::NoDevice(target.to_owned())) }
}

/// Server-sent events, of which only the names matter.
pub struct Events {
    bytes: BoxStream<'static, Option<Vec<u8>>>,
    line: Vec<u8>,
}

impl Events {
    /// Waits until something is different; false if the stream has ended.
    pub async fn change(&mut self) -> bool {
        while let Some(Some(part)) = self.bytes.next().await {
            let mut changed = false;
            for byte in part {
                if byte != b'\n' {
                    self.line.push(byte);
                    continue;
                }
                let line = std::mem::take(&mut self.line);
                changed |= line.strip_prefix(b"event:").is_some_and(|name| name.trim_ascii() == b"change");
            }
            if changed {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_leaves_this_machine_over_https_only() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        assert!(Link::to("http://127.0.0.1:8080/", None).is_ok());
        assert!(matches!(Link::to("http://192.0.2.10:8080", None), Err(LinkError::InTheClear(_))));
        assert!(matches!(Link::to("box:8080", None), Err(LinkError::Address(_))));
    }

    #[test]
    fn a_name_of_a_device_leads_nowhere_else() {
        assert_eq!(part("bay-2").ok(), Some("bay-2"));
        for wrong in ["", "../effects", "bay 2", "bay-2?x", "BAY"] {
            assert!(part(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_change_is_seen_however_the_bytes_are_cut() {
        let parts = ["event: hel", "lo\ndata: {}\n\n: keep-alive\n\nev", "ent: change\ndata", ": {}\n\n"];
        let parts: Vec<_> = parts.iter().map(|part| Some(part.as_bytes().to_vec())).collect();
        let mut events = Events { bytes: futures_util::stream::iter(parts).boxed(), line: Vec::new() };
        assert!(events.change().await);
        assert!(!events.change().await, "the stream has ended");
    }
}
