//! A simulated device with a small API of its own over HTTP or HTTPS: a thermostat, a light, an amplifier. For the
//! generic HTTP call. Every answer carries a header that calls it simulated.
//!
//! Owns its state, which follows the club. Its API: `GET /state` (JSON), `GET /state.txt` (`on` or `off`),
//! `PUT /target {"celsius": 21.5}`, `POST /power {"on": true}`, `POST /restart`.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum_server::tls_rustls::RustlsConfig;
use serde_json::{Value, json};

use super::access_server::{AccessServerError, certificate, certificate_until};
use super::control::SimControl;
pub use super::device_port::Fault;
use super::device_port::{DevicePort, lock};
use super::model::Schedule;
use crate::clock::Clock;
use crate::device::{NotSent, Observation};
use crate::site::lan::{HttpCall, HttpRequest};
use crate::site::{Effect, Target};

/// How it is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Http,
    /// With a certificate of its own.
    Https,
    /// With one that ran out in 1999.
    HttpsExpired,
}

/// Why it does not run.
#[derive(Debug, thiserror::Error)]
pub enum ThingError {
    #[error("its port: {0}")]
    Port(#[from] io::Error),
    #[error(transparent)]
    Certificate(#[from] AccessServerError),
}

/// A running device; it ends with the value.
pub struct ThingServer {
    port: DevicePort,
    fingerprint: Option<String>,
    shared: Arc<Shared>,
}

struct Shared {
    target: Target,
    /// Wanted in `x-api-key` of every request.
    key: Option<String>,
    control: SimControl,
    clock: Clock,
    state: Mutex<Thing>,
}

#[derive(Debug, Clone, Copy)]
struct Thing {
    on: bool,
    playing: bool,
    celsius: f32,
}

impl ThingServer {
    /// Starts on loopback; port 0 takes a free one.
    ///
    /// # Errors
    /// [`ThingError`].
    pub fn start(
        target: &Target,
        port: u16,
        transport: Transport,
        key: Option<&str>,
        control: SimControl,
        clock: Clock,
    ) -> Result<ThingServer, ThingError> {
        let made: Option<(RustlsConfig, String)> = match transport {
            Transport::Http => None,
            Transport::Https => Some(certificate()?),
            Transport::HttpsExpired => Some(certificate_until(1999)?),
        };
        let (tls, fingerprint) = made.unzip();
        let shared = Arc::new(Shared {
            target: target.clone(),
            key: key.map(str::to_owned),
            control: control.clone(),
            clock,
            state: Mutex::new(Thing { on: true, playing: true, celsius: 19.0 }),
        });
        let there = shared.clone();
        let changes = control.changes();
        let port = DevicePort::start(port, paths(shared.clone()), tls, move || there.there(), changes)?;
        Ok(ThingServer { port, fingerprint, shared })
    }

    pub fn addr(&self) -> SocketAddr {
        self.port.address()
    }

    /// SHA-256 of its certificate, where it has one.
    pub fn fingerprint(&self) -> Option<&str> {
        self.fingerprint.as_deref()
    }

    /// How the box reaches it, for what this target does.
    pub fn settings(&self) -> HttpCall {
        let request = |method: &str, path: &str, body: Option<&str>| {
            Some(HttpRequest { method: method.into(), path: path.into(), body: body.map(str::to_owned) })
        };
        let scheme = if self.fingerprint.is_some() { "https" } else { "http" };
        let pointer = match self.shared.target.as_str() {
            "thermostat" => "/target",
            "audio" => "/playing",
            _ => "/on",
        };
        HttpCall {
            url: format!("{scheme}://{}", self.addr()),
            certificate_sha256: self.fingerprint.clone(),
            header_file: None,
            on: request("POST", "/power", Some("{\"on\": true}")),
            off: request("POST", "/power", Some("{\"on\": false}")),
            cycle: request("POST", "/restart", None),
            set: request("PUT", "/target", Some("{\"celsius\": {value}}")),
            state: request("GET", "/state", None),
            state_pointer: Some(pointer.to_owned()),
            state_on: "true".to_owned(),
            state_off: "false".to_owned(),
        }
    }

    /// Makes it answer badly from now on, or well again.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.port.set_fault(fault);
    }

    /// Pulls its plug, or puts it in again at the same address.
    pub fn set_power(&self, on: bool) {
        self.port.set_power(on);
    }

    /// What was asked, `GET /path?query`, in order.
    pub fn asked(&self) -> Vec<String> {
        self.port.asked()
    }
}

fn paths(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/state", get(state))
        .route("/state.txt", get(plain))
        .route("/target", put(target))
        .route("/power", post(power))
        .route("/restart", post(restart))
        .with_state(shared)
}

async fn state(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if let Some(locked) = shared.locked(&headers) {
        return locked;
    }
    let Thing { on, playing, celsius } = *lock(&shared.state);
    let name = format!("SIMULATED {}", shared.target);
    axum::Json(json!({ "name": name, "on": on, "playing": playing, "target": celsius })).into_response()
}

async fn plain(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let locked = shared.locked(&headers);
    let on = lock(&shared.state).on;
    locked.unwrap_or_else(|| if on { "on\n" } else { "off\n" }.into_response())
}

async fn target(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let sent: Value = serde_json::from_slice(&body).unwrap_or_default();
    match sent["celsius"].as_f64() {
        Some(celsius) => shared.told(&headers, Effect::ThermostatSet, Some(celsius as f32)).await,
        None => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
    }
}

async fn power(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let sent: Value = serde_json::from_slice(&body).unwrap_or_default();
    let bay = shared.target.bay().is_some();
    let effect = match (sent["on"].as_bool(), bay) {
        (Some(true), true) => Effect::TvOn,
        (Some(false), true) => Effect::TvOff,
        (Some(true), false) => Effect::LightsOn,
        (Some(false), false) => Effect::LightsOff,
        (None, _) => return StatusCode::UNPROCESSABLE_ENTITY.into_response(),
    };
    shared.told(&headers, effect, None).await
}

async fn restart(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let bay = shared.target.bay().is_some();
    shared.told(&headers, if bay { Effect::OutletCycle } else { Effect::AudioRestart }, None).await
}

impl Shared {
    /// Whether it is on the network at all.
    fn there(&self) -> bool {
        let own = self.control.list().into_iter().filter(|(target, ..)| *target == self.target);
        let offline = own.into_iter().any(|(.., behaviour)| behaviour == super::Behaviour::Offline);
        !offline && (self.target.bay().is_some() || self.control.reachable(self.clock.now(), &self.target))
    }

    /// The refusal of who does not know the key.
    fn locked(&self, headers: &HeaderMap) -> Option<Response> {
        let key = self.key.as_deref()?;
        let right = headers.get("x-api-key").is_some_and(|sent| sent.as_bytes() == key.as_bytes());
        (!right).then(|| (StatusCode::UNAUTHORIZED, axum::Json(json!({ "error": "key" }))).into_response())
    }

    async fn told(self: &Arc<Shared>, headers: &HeaderMap, effect: Effect, value: Option<f32>) -> Response {
        if let Some(locked) = self.locked(headers) {
            return locked;
        }
        let now = self.clock.now();
        let schedule = match self.control.command(now, 0, effect, &self.target, value) {
            Ok(schedule) => schedule,
            Err(NotSent::Offline(_)) => return std::future::pending().await,
            Err(NotSent::Unsupported(_) | NotSent::Cannot(_)) => {
                return StatusCode::NOT_FOUND.into_response();
            }
        };
        let mut schedule = schedule.into_iter();
        // A silent device: it never answers.
        let Some((at, answer)) = schedule.next() else { return std::future::pending().await };
        if effect == Effect::AudioRestart && !matches!(answer, Observation::Rejected { .. }) {
            // Of one that lies nothing follows: it stays silent.
            lock(&self.state).playing = false;
        }
        tokio::spawn(self.clone().carry_out(schedule.collect()));
        tokio::time::sleep(at.since(now)).await;
        match answer {
            Observation::Rejected { reason, .. } => {
                (StatusCode::CONFLICT, [(header::CONTENT_TYPE, "text/plain")], reason).into_response()
            }
            _ => axum::Json(json!({ "ok": true })).into_response(),
        }
    }

    async fn carry_out(self: Arc<Shared>, schedule: Schedule) {
        for (at, seen) in schedule {
            tokio::time::sleep(at.since(self.clock.now())).await;
            let mut thing = lock(&self.state);
            match seen {
                Observation::Lights { on } | Observation::Supply { on } | Observation::Power { on, .. } => {
                    thing.on = on;
                }
                Observation::Playing { playing } => thing.playing = playing,
                Observation::SetPoint { celsius } => thing.celsius = celsius,
                _ => {}
            }
        }
    }
}
