//! A simulated Shelly plug over HTTP, of the first generation or of the second, with the log-in of each. It calls
//! itself simulated in its name and in a header of every answer.
//!
//! Owns its paths and frames; its relay follows the club ([`super::plug`]). Held against a foreign client by
//! `tests/peers/shelly.py`. Of the first generation's CoIoT only the description over HTTP is there.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

pub use super::device_port::Fault;
use super::device_port::{DevicePort, lock};
use super::plug::{Done, Plug};
use super::shelly_rpc::{Reply, Rpc, USER, mac_of};
use super::{SimControl, plug::Relay};
use crate::clock::Clock;
use crate::site::Target;
use crate::site::lan::Shelly;

/// Recorded from a real plug (`tests/data/wire/SOURCES.md`).
const RECORDED: &str = include_str!("../../tests/data/wire/aioshelly/gen1_plug_s.json");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    One,
    Two,
}

/// A running plug; it ends with the value.
pub struct ShellyServer {
    port: DevicePort,
    plug: Arc<Plug>,
    rpc: Arc<Rpc>,
    gen1: Arc<Gen1>,
}

struct Gen1 {
    plug: Arc<Plug>,
    recorded: Value,
    password: Mutex<Option<String>>,
}

impl ShellyServer {
    /// Starts on loopback; port 0 takes a free one. With a password it wants a log-in.
    ///
    /// # Errors
    /// The port cannot be used.
    pub fn start(
        target: &Target,
        port: u16,
        generation: Generation,
        password: Option<&str>,
        control: SimControl,
        clock: Clock,
    ) -> io::Result<ShellyServer> {
        let changes = control.changes();
        let plug = Plug::new(target.clone(), control, clock);
        let rpc = Rpc::new(plug.clone(), password);
        let gen1 = Gen1::new(plug.clone(), password);
        let app = match generation {
            Generation::One => gen1_paths(gen1.clone()),
            Generation::Two => gen2_paths(rpc.clone()),
        };
        let there = plug.clone();
        let port = DevicePort::start(port, app, None, move || there.there(), changes)?;
        Ok(ShellyServer { port, plug, rpc, gen1 })
    }

    pub fn addr(&self) -> SocketAddr {
        self.port.address()
    }

    /// How the box reaches it.
    pub fn settings(&self, password_file: Option<PathBuf>) -> Shelly {
        Shelly {
            host: self.addr().ip().to_string(),
            port: self.addr().port(),
            channel: 0,
            password_file,
            cycle_seconds: 2,
            playing_above_w: None,
        }
    }

    /// Whether its relay is on now.
    pub fn is_on(&self) -> bool {
        self.plug.relay().on
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

    /// How many requests brought a log-in, right or wrong.
    pub fn logins(&self) -> usize {
        self.port.logins()
    }

    pub fn set_password(&self, password: Option<&str>) {
        self.rpc.set_password(password);
        *lock(&self.gen1.password) = password.map(str::to_owned);
    }

    /// Another name in its log-in from now on (second generation).
    pub fn set_realm(&self, realm: &str) {
        self.rpc.set_realm(realm);
    }

    /// Every nonce it gave out is too old from now on (second generation).
    pub fn forget_nonces(&self) {
        self.rpc.forget_nonces();
    }
}

// --- second generation ---

fn gen2_paths(rpc: Arc<Rpc>) -> Router {
    Router::new()
        .route("/shelly", get(about))
        .route("/rpc", post(frame).get(socket))
        .route("/rpc/{method}", post(named).get(named))
        .with_state(rpc)
}

async fn about(State(rpc): State<Arc<Rpc>>) -> Response {
    axum::Json(rpc.about()).into_response()
}

async fn frame(State(rpc): State<Arc<Rpc>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let Ok(frame) = serde_json::from_slice::<Value>(&body) else {
        return bare(StatusCode::BAD_REQUEST, -103, "No JSON!");
    };
    if let Some(locked) = locked(&rpc, &Method::POST, &uri, &headers, frame["method"].as_str()) {
        return locked;
    }
    match answer(&rpc, &frame).await {
        Some(answer) => axum::Json(answer).into_response(),
        None => std::future::pending().await,
    }
}

/// `/rpc/Switch.Set?id=0&on=true`, or the same with its parameters as JSON.
async fn named(
    State(rpc): State<Arc<Rpc>>,
    Path(name): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(locked) = locked(&rpc, &method, &uri, &headers, Some(&name)) {
        return locked;
    }
    let params = if method == Method::POST {
        serde_json::from_slice(&body).unwrap_or_default()
    } else {
        let value = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
        Value::Object(query.into_iter().map(|(key, text)| (key, value(text))).collect::<Map<_, _>>())
    };
    match rpc.call(&name, &params).await {
        Reply::Result(result) => axum::Json(result).into_response(),
        Reply::Error(404, message) => bare(StatusCode::NOT_FOUND, 404, &message),
        Reply::Error(code, message) => bare(StatusCode::INTERNAL_SERVER_ERROR, code, &message),
        Reply::Silent => std::future::pending().await,
    }
}

fn bare(status: StatusCode, code: i64, message: &str) -> Response {
    (status, axum::Json(json!({ "code": code, "message": message }))).into_response()
}

/// The refusal of who did not log in.
fn locked(
    rpc: &Rpc,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    call: Option<&str>,
) -> Option<Response> {
    if call == Some("Shelly.GetDeviceInfo") {
        return None;
    }
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let challenge = rpc.admits(method.as_str(), path, sent).err()?;
    Some((StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response())
}

/// The frame that answers a frame; `None`: it is silent.
async fn answer(rpc: &Rpc, frame: &Value) -> Option<Value> {
    let mut answer = json!({ "id": frame["id"], "src": rpc.id });
    if !frame["src"].is_null() {
        answer["dst"] = frame["src"].clone();
    }
    let none = Value::Null;
    let params = frame.get("params").unwrap_or(&none);
    match rpc.call(frame["method"].as_str().unwrap_or_default(), params).await {
        Reply::Result(result) => answer["result"] = result,
        Reply::Error(code, message) => answer["error"] = json!({ "code": code, "message": message }),
        Reply::Silent => return None,
    }
    Some(answer)
}

async fn socket(State(rpc): State<Arc<Rpc>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| converse(socket, rpc))
}

/// Calls in frames, each with its own log-in, and news of the relay to who has called.
async fn converse(mut socket: WebSocket, rpc: Arc<Rpc>) {
    let mut moves = rpc.plug.moves();
    let mut caller = Value::Null;
    loop {
        let told = tokio::select! {
            told = socket.recv() => told,
            moved = moves.changed() => {
                if moved.is_err() {
                    return;
                }
                if caller.is_null() {
                    continue;
                }
                let params = json!({ "ts": 0.0, "switch:0": rpc.status() });
                let news = json!({ "src": rpc.id, "dst": caller, "method": "NotifyStatus", "params": params });
                if socket.send(Message::text(news.to_string())).await.is_err() {
                    return;
                }
                continue;
            }
        };
        let text = match told {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            Some(Ok(_)) => continue,
        };
        let Ok(frame) = serde_json::from_str::<Value>(&text) else { continue };
        let said = match rpc.admits_frame(&frame) {
            Ok(()) => {
                caller = frame["src"].clone();
                answer(&rpc, &frame).await
            }
            Err(challenge) => Some(json!({
                "id": frame["id"], "src": rpc.id, "dst": frame["src"],
                "error": { "code": 401, "message": challenge },
            })),
        };
        let Some(said) = said else { continue };
        if socket.send(Message::text(said.to_string())).await.is_err() {
            return;
        }
    }
}

// --- first generation ---

fn gen1_paths(gen1: Arc<Gen1>) -> Router {
    Router::new()
        .route("/shelly", get(async |State(gen1): State<Arc<Gen1>>| axum::Json(gen1.about())))
        .route("/status", get(status))
        .route("/settings", get(settings))
        .route("/cit/d", get(description))
        .route("/relay/{channel}", get(relay).post(relay))
        .with_state(gen1)
}

impl Gen1 {
    fn new(plug: Arc<Plug>, password: Option<&str>) -> Arc<Gen1> {
        let mac = mac_of(&plug.target);
        let mut recorded: Value = serde_json::from_str(RECORDED).unwrap_or_default();
        let name = json!(format!("SIMULATED {}", plug.target));
        for (pointer, value) in [
            ("/shelly/mac", json!(mac)),
            ("/shelly/name", name.clone()),
            ("/status/mac", json!(mac)),
            ("/settings/device/mac", json!(mac)),
            ("/settings/name", name),
        ] {
            if let Some(place) = recorded.pointer_mut(pointer) {
                *place = value;
            }
        }
        Arc::new(Gen1 { plug, recorded, password: Mutex::new(password.map(str::to_owned)) })
    }

    fn about(&self) -> Value {
        let mut about = self.recorded["shelly"].clone();
        about["auth"] = json!(lock(&self.password).is_some());
        about
    }

    /// The refusal of who did not log in.
    fn locked(&self, headers: &HeaderMap) -> Option<Response> {
        let password = lock(&self.password).clone()?;
        let right = format!("Basic {}", STANDARD.encode(format!("{USER}:{password}")));
        let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let wants = [(header::WWW_AUTHENTICATE, "Basic realm=\"SIMULATED\"")];
        (sent != Some(&right)).then(|| (StatusCode::UNAUTHORIZED, wants, "401 Unauthorized").into_response())
    }
}

async fn status(State(gen1): State<Arc<Gen1>>, headers: HeaderMap) -> Response {
    if let Some(locked) = gen1.locked(&headers) {
        return locked;
    }
    let relay = gen1.plug.relay();
    let mut status = gen1.recorded["status"].clone();
    status["relays"][0] = shown(relay);
    status["meters"][0]["power"] = json!(relay.watts());
    axum::Json(status).into_response()
}

async fn settings(State(gen1): State<Arc<Gen1>>, headers: HeaderMap) -> Response {
    if let Some(locked) = gen1.locked(&headers) {
        return locked;
    }
    let mut settings = gen1.recorded["settings"].clone();
    settings["relays"][0]["ison"] = json!(gen1.plug.relay().on);
    settings["login"]["enabled"] = json!(lock(&gen1.password).is_some());
    axum::Json(settings).into_response()
}

/// What its CoIoT would tell: one relay with its power.
async fn description(State(gen1): State<Arc<Gen1>>, headers: HeaderMap) -> Response {
    if let Some(locked) = gen1.locked(&headers) {
        return locked;
    }
    axum::Json(json!({
        "blk": [{ "I": 1, "D": "relay_0" }],
        "sen": [
            { "I": 1101, "T": "S", "D": "output", "R": "0/1", "L": 1 },
            { "I": 4101, "T": "P", "D": "power", "U": "W", "R": ["0/2500", "-1"], "L": 1 },
        ],
    }))
    .into_response()
}

async fn relay(
    State(gen1): State<Arc<Gen1>>,
    Path(channel): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    if let Some(locked) = gen1.locked(&headers) {
        return locked;
    }
    if channel != "0" {
        return (StatusCode::NOT_FOUND, "Not Found").into_response();
    }
    let get = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let on = match get("turn") {
        None => return axum::Json(shown(gen1.plug.relay())).into_response(),
        Some("on") => true,
        Some("off") => false,
        Some("toggle") => !gen1.plug.relay().on,
        Some(_) => return (StatusCode::BAD_REQUEST, "Bad turn!").into_response(),
    };
    let after = match get("timer").map(str::parse::<u64>) {
        None => None,
        Some(Ok(seconds)) => Some(Duration::from_secs(seconds)),
        Some(Err(_)) => return (StatusCode::BAD_REQUEST, "Bad timer!").into_response(),
    };
    match gen1.plug.turn(on, after).await {
        Done::Took { .. } => axum::Json(shown(gen1.plug.relay())).into_response(),
        Done::Refused(reason) => (StatusCode::BAD_REQUEST, reason).into_response(),
        Done::Silent => std::future::pending().await,
    }
}

fn shown(relay: Relay) -> Value {
    let left = relay.timer.map(|(until, _)| until.saturating_duration_since(tokio::time::Instant::now()));
    json!({
        "ison": relay.on,
        "has_timer": relay.timer.is_some(),
        "timer_started": 0,
        "timer_duration": relay.timer.map_or(0, |(_, after)| after.as_secs()),
        "timer_remaining": left.map_or(0, |left| left.as_secs()),
        "overpower": false,
        "source": "http",
    })
}
