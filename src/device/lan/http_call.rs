//! Anything that is moved by a request over HTTP that the site names, and shows its state in the answer to another.
//!
//! What answers a command with a web page has not taken it: that is how log-in pages and captive portals look. Where
//! no `state` is named, only whether its port takes a connection is seen, and what it does ends *unknown*.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{self, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;
use tokio::net::TcpStream;

use super::super::Observation;
use super::super::call::CallError;
use super::super::http::{self, Answer};
use super::super::switch::{self, Verb};
use super::{LanError, Told, Wire};
use crate::policy::Permit;
use crate::site::lan::{HttpCall, HttpRequest, VALUE};
use crate::site::{Effect, Target, secret};

/// Longest answer that is read.
const MOST: usize = 256 * 1024;

/// One device.
pub(super) struct Thing {
    of: HttpCall,
    effects: Vec<Effect>,
    http: reqwest::Client,
    header: Option<(HeaderName, HeaderValue)>,
    patience: Duration,
    simulated: std::sync::atomic::AtomicBool,
}

impl Thing {
    pub fn new(
        of: &HttpCall,
        target: &Target,
        effects: &[Effect],
        patience: Duration,
    ) -> Result<Thing, LanError> {
        let secret = |source| LanError::Secret { target: target.clone(), source };
        let http = |source| LanError::Http { target: target.clone(), source };
        let header = of.header_file.as_deref().map(secret::header).transpose().map_err(secret)?;
        Ok(Thing {
            of: of.clone(),
            effects: effects.to_vec(),
            http: http::client(patience, of.certificate_sha256.as_deref()).map_err(http)?,
            header: header.and_then(|(name, value)| {
                // Both were held against stricter rules when they were read.
                let mut value = HeaderValue::from_str(&value).ok()?;
                value.set_sensitive(true);
                Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
            }),
            patience,
            simulated: false.into(),
        })
    }

    async fn ask(&self, request: &HttpRequest, number: Option<f32>) -> Result<Answer, CallError> {
        let filled = |text: &str| match number {
            Some(number) => text.replace(VALUE, &number.to_string()),
            None => text.to_owned(),
        };
        let method = Method::from_bytes(request.method.as_bytes());
        let method = method.map_err(|error| CallError::NotSent(error.to_string()))?;
        let mut asked = self.http.request(method, format!("{}{}", self.of.url, filled(&request.path)));
        if let Some((name, value)) = &self.header {
            asked = asked.header(name, value);
        }
        if let Some(body) = &request.body {
            asked = asked.header(header::CONTENT_TYPE, "application/json").body(filled(body));
        }
        let answer = http::ask(asked, MOST).await?;
        if answer.simulated() {
            self.simulated.store(true, std::sync::atomic::Ordering::Relaxed);
        }
        Ok(answer)
    }

    /// Whether its port takes a connection: all that can be seen of a device without a `state`.
    async fn knock(&self) -> Result<(), CallError> {
        let url = Url::parse(&self.of.url).map_err(|error| CallError::NotSent(error.to_string()))?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        match tokio::time::timeout(self.patience, TcpStream::connect((host, port))).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(CallError::NotSent(error.to_string())),
            Err(_) => Err(CallError::NotSent("no connection in time".to_owned())),
        }
    }

    /// The value in an answer, as text.
    fn value(&self, body: &[u8]) -> Result<String, CallError> {
        let text = std::str::from_utf8(body).map_err(|_| CallError::Unclear("no text".to_owned()))?.trim();
        let Some(pointer) = &self.of.state_pointer else { return Ok(text.to_owned()) };
        let json: Value =
            serde_json::from_str(text).map_err(|error| CallError::Unclear(format!("no JSON: {error}")))?;
        match json.pointer(pointer) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(value @ (Value::Bool(_) | Value::Number(_))) => Ok(value.to_string()),
            _ => Err(CallError::Unclear(format!("nothing at {pointer}"))),
        }
    }

    fn shown(&self, value: &str) -> Result<Vec<Observation>, CallError> {
        if self.effects.contains(&Effect::ThermostatSet) {
            let celsius = value.parse().ok().filter(|celsius: &f32| celsius.is_finite());
            let celsius = celsius.ok_or_else(|| CallError::Unclear("its state is no number".to_owned()))?;
            return Ok(vec![Observation::SetPoint { celsius }]);
        }
        let on = match value {
            value if value.eq_ignore_ascii_case(&self.of.state_on) => true,
            value if value.eq_ignore_ascii_case(&self.of.state_off) => false,
            _ => return Err(CallError::Unclear("its state is neither on nor off".to_owned())),
        };
        let mut seen = switch::shows(&self.effects, on);
        if self.effects.contains(&Effect::AudioRestart) {
            seen.push(Observation::Playing { playing: on });
        }
        Ok(seen)
    }
}

#[async_trait]
impl Wire for Thing {
    fn family(&self) -> &'static str {
        "HTTP call"
    }

    async fn tell(&self, permit: &Permit, _told: &Told<'_>) -> Result<(), CallError> {
        let effect = permit.effect();
        let (request, number) = match switch::verb(effect, permit.value()) {
            Some(Verb::On) => (&self.of.on, None),
            Some(Verb::Off) => (&self.of.off, None),
            Some(Verb::Cycle) => (&self.of.cycle, None),
            Some(Verb::Set(number)) => (&self.of.set, Some(number)),
            None => (&None, None),
        };
        let request = request.as_ref();
        let request =
            request.ok_or_else(|| CallError::Refused(format!("the site names no request for {effect}")))?;
        let answer = self.ask(request, number).await?;
        let page = is_page(&answer);
        answer.success()?;
        if page {
            return Err(CallError::Unclear("a web page".to_owned()));
        }
        Ok(())
    }

    async fn look(&self) -> Result<Vec<Observation>, CallError> {
        let Some(state) = &self.of.state else { return self.knock().await.map(|()| Vec::new()) };
        let answer = self.ask(state, None).await?;
        if is_page(&answer) && answer.status.is_success() {
            return Err(CallError::Unclear("a web page".to_owned()));
        }
        self.shown(&self.value(&answer.success()?)?)
    }

    fn simulated(&self) -> bool {
        self.simulated.load(std::sync::atomic::Ordering::Relaxed)
    }
}

fn is_page(answer: &Answer) -> bool {
    let kind = answer.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
}
