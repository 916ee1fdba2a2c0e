//! A simulated UniFi Access controller on real HTTPS: doors, unlock, log, notifications, in the wire form
//! of the developer API. Every name says SIMULATED, every answer carries [`SIMULATED_HEADER`].
//!
//! Owns the pretended doors; what they do follows the model. Can be told to answer badly ([`Fault`]).

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path as UrlPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum_server::tls_rustls::RustlsConfig;
use serde_json::{Value, json};
use tokio::sync::broadcast;

use super::control::SimControl;
use super::model::Schedule;
use crate::clock::Clock;
use crate::device::access::SIMULATED_HEADER;
use crate::device::{NotSent, Observation, pinned_tls};
use crate::site::{AccessController, Effect, Target};

/// Where the controller answers badly, whatever its doors do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A web page instead of JSON.
    Html,
    /// JSON that breaks off.
    Truncated,
    /// Ten million bytes.
    Huge,
    /// Acts, then answers 502.
    BadGateway,
    /// No notifications and an empty log: only looking at the door helps.
    Quiet,
    /// 429, with these seconds as Retry-After or without; nothing is done.
    TooMany(Option<u64>),
}

/// Why the simulated controller does not run.
#[derive(Debug, thiserror::Error)]
pub enum AccessServerError {
    #[error("its certificate cannot be made: {0}")]
    Certificate(String),
    #[error("its files or port cannot be used: {0}")]
    Io(#[from] io::Error),
}

/// The running controller; it ends with the value.
pub struct AccessServer {
    address: SocketAddr,
    fingerprint: String,
    token_file: PathBuf,
    shared: Arc<Shared>,
    handle: axum_server::Handle<SocketAddr>,
    task: tokio::task::JoinHandle<()>,
}

struct Shared {
    token: String,
    control: SimControl,
    clock: Clock,
    doors: Mutex<BTreeMap<String, SimDoor>>,
    log: Mutex<Vec<Value>>,
    /// Our correlation id of every unlock that was asked for, also of those that came to nothing.
    unlocks: Mutex<Vec<i64>>,
    notices: broadcast::Sender<String>,
    fault: Mutex<Option<Fault>>,
    asked: std::sync::atomic::AtomicUsize,
    /// Doors without a hub.
    unbound: Mutex<BTreeSet<String>>,
}

/// A pretended door at the controller.
struct SimDoor {
    target: Target,
    unlocked: bool,
    /// `None` where no sensor is wired.
    open: Option<bool>,
}

impl AccessServer {
    /// Starts on loopback with these doors (the controller's id of each target); port 0 takes a free one.
    /// Its token is written to `dir`.
    ///
    /// # Errors
    /// [`AccessServerError`].
    pub fn start(
        dir: &Path,
        port: u16,
        doors: &BTreeMap<Target, String>,
        control: SimControl,
        clock: Clock,
    ) -> Result<AccessServer, AccessServerError> {
        let (tls, fingerprint) = certificate()?;
        let (token, token_file) = token(dir)?;
        let now = clock.now();
        let door = |target: &Target| {
            let sensor = control.snapshot(now, target).contains(&Observation::Position { open: false });
            SimDoor { target: target.clone(), unlocked: false, open: sensor.then_some(false) }
        };
        let shared = Arc::new(Shared {
            token,
            doors: Mutex::new(doors.iter().map(|(target, id)| (id.clone(), door(target))).collect()),
            log: Mutex::default(),
            unlocks: Mutex::default(),
            notices: broadcast::Sender::new(64),
            fault: Mutex::default(),
            asked: std::sync::atomic::AtomicUsize::new(0),
            unbound: Mutex::default(),
            control,
            clock,
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let handle = axum_server::Handle::new();
        let server = axum_server::from_tcp_rustls(listener, tls)?.handle(handle.clone());
        let app = router(shared.clone());
        let task = tokio::spawn(async move {
            if let Err(error) = server.serve(app.into_make_service()).await {
                tracing::warn!(%error, "the simulated Access controller ended");
            }
        });
        Ok(AccessServer { address, fingerprint, token_file, shared, handle, task })
    }

    /// How the box reaches it.
    pub fn settings(&self) -> AccessController {
        AccessController {
            url: format!("https://{}", self.address),
            token_file: self.token_file.clone(),
            certificate_sha256: self.fingerprint.clone(),
            webhook_secret_file: None,
        }
    }

    /// Makes it answer badly from now on, or well again.
    pub fn set_fault(&self, fault: Option<Fault>) {
        *lock(&self.shared.fault) = fault;
    }

    /// Sends a text to all who listen to notifications, whatever it is.
    pub fn notify(&self, text: &str) {
        self.shared.notify(text.to_owned());
    }

    /// Pulls its plug: the port closes and every connection breaks.
    pub async fn stop(&mut self) {
        self.handle.shutdown();
        // It only ends; how does not matter.
        let _ = (&mut self.task).await;
    }

    /// The box's id of every unlock it asked for, in order, repeated ones repeated.
    pub fn unlocks(&self) -> Vec<i64> {
        lock(&self.shared.unlocks).clone()
    }

    /// How often it was asked anything with its token, notifications apart.
    pub fn asked(&self) -> usize {
        self.shared.asked.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// Binds a hub to a door or takes it off: without one it cannot be unlocked from afar.
    pub fn set_hub(&self, id: &str, bound: bool) {
        let mut unbound = lock(&self.shared.unbound);
        let _ = if bound { unbound.remove(id) } else { unbound.insert(id.to_owned()) };
    }

    /// How many listen to notifications.
    pub fn listeners(&self) -> usize {
        self.shared.notices.receiver_count()
    }
}

impl Drop for AccessServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn router(shared: Arc<Shared>) -> Router {
    let api = Router::new()
        .route("/doors", get(doors))
        .route("/doors/{id}", get(door))
        .route("/doors/{id}/unlock", put(unlock))
        .route("/system/logs", post(logs))
        .route("/devices/notifications", get(notifications))
        .layer(middleware::from_fn_with_state(shared.clone(), guard));
    Router::new().nest("/api/v1/developer", api).with_state(shared)
}

/// Checks the token, labels the answer, and spoils it where told to.
async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let bearer = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let mut response = if bearer.and_then(|b| b.strip_prefix("Bearer ")) == Some(&shared.token) {
        let upgrade = request.headers().contains_key(header::UPGRADE);
        let fault = *lock(&shared.fault);
        shared.asked.fetch_add(usize::from(!upgrade), std::sync::atomic::Ordering::SeqCst);
        if let Some(Fault::TooMany(wait)) = fault {
            too_many(wait)
        } else {
            let answered = next.run(request).await;
            let fault = *lock(&shared.fault);
            if upgrade { answered } else { spoilt(fault, answered) }
        }
    } else {
        refusal(StatusCode::UNAUTHORIZED, "CODE_ACCESS_TOKEN_INVALID", "Access token is invalid.")
    };
    response
        .headers_mut()
        .insert(HeaderName::from_static(SIMULATED_HEADER), HeaderValue::from_static("true"));
    response
}

fn too_many(wait: Option<u64>) -> Response {
    let mut answer = (StatusCode::TOO_MANY_REQUESTS, "SIMULATED").into_response();
    if let Some(wait) = wait {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
    }
    answer
}

fn spoilt(fault: Option<Fault>, answered: Response) -> Response {
    let html = [(header::CONTENT_TYPE, "text/html")];
    match fault {
        None | Some(Fault::Quiet | Fault::TooMany(_)) => answered,
        Some(Fault::Html) => (html, "<html><body>SIMULATED: starting up</body></html>").into_response(),
        Some(Fault::Truncated) => r#"{"code":"SUCCESS","msg":"succ"#.into_response(),
        Some(Fault::Huge) => "x".repeat(10_000_000).into_response(),
        Some(Fault::BadGateway) => {
            (StatusCode::BAD_GATEWAY, html, "<html>SIMULATED: 502</html>").into_response()
        }
    }
}

async fn doors(State(shared): State<Arc<Shared>>) -> Response {
    let doors = lock(&shared.doors);
    success(doors.iter().map(|(id, door)| door.wire(id, shared.has_hub(id))).collect())
}

async fn door(State(shared): State<Arc<Shared>>, UrlPath(id): UrlPath<String>) -> Response {
    match lock(&shared.doors).get(&id) {
        Some(door) => success(door.wire(&id, shared.has_hub(&id))),
        None => refusal(StatusCode::NOT_FOUND, "CODE_NOT_EXISTS", "The door does not exist."),
    }
}

async fn unlock(State(shared): State<Arc<Shared>>, UrlPath(id): UrlPath<String>, body: Bytes) -> Response {
    // The body may be left out, whatever the content type says.
    let read = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&body) };
    let Ok(body) = read else {
        return refusal(StatusCode::BAD_REQUEST, "CODE_PARAMS_INVALID", "Invalid parameters.");
    };
    if body["actor_id"].is_string() != body["actor_name"].is_string() {
        return refusal(StatusCode::BAD_REQUEST, "CODE_PARAMS_INVALID", "Invalid parameters.");
    }
    let Some(target) = lock(&shared.doors).get(&id).map(|door| door.target.clone()) else {
        return refusal(StatusCode::NOT_FOUND, "CODE_NOT_EXISTS", "The door does not exist.");
    };
    let effect_id = body["extra"]["clubos_effect"].as_i64().unwrap_or(0);
    lock(&shared.unlocks).push(effect_id);
    let schedule = shared.control.command(shared.clock.now(), effect_id, Effect::DoorUnlock, &target, None);
    let mut schedule = match schedule {
        Ok(schedule) => schedule.into_iter(),
        Err(NotSent::Offline(_)) => {
            return refusal(
                StatusCode::OK,
                "CODE_DEVICE_DEVICE_OFFLINE",
                "The device is offline (SIMULATED).",
            );
        }
        Err(NotSent::Unsupported(_) | NotSent::Cannot(_)) => {
            return refusal(StatusCode::OK, "CODE_DEVICE_API_NOT_SUPPORTED", "Not supported (SIMULATED).");
        }
    };
    let Some((at, answer)) = schedule.next() else {
        // A silent device: the controller waits for it for ever.
        return std::future::pending().await;
    };
    tokio::spawn(carry_out(shared.clone(), id, body, schedule.collect()));
    tokio::time::sleep(at.since(shared.clock.now())).await;
    match answer {
        Observation::Rejected { reason, .. } => refusal(StatusCode::OK, "CODE_OPERATION_FORBIDDEN", &reason),
        _ => success(json!("success")),
    }
}

/// Moves the door as scheduled, tells it to all who listen, and writes the log.
async fn carry_out(shared: Arc<Shared>, id: String, body: Value, schedule: Schedule) {
    for (at, observation) in schedule {
        tokio::time::sleep(at.since(shared.clock.now())).await;
        if let Observation::UnlockLogged { .. } = observation {
            shared.write_log(&id, &body);
            continue;
        }
        let update = {
            let mut doors = lock(&shared.doors);
            let Some(door) = doors.get_mut(&id) else { return };
            match observation {
                Observation::Lock { unlocked } => door.unlocked = unlocked,
                Observation::Position { open } => door.open = Some(open),
                _ => {}
            }
            door.update(&id)
        };
        shared.notify(update.to_string());
    }
}

async fn logs(State(shared): State<Arc<Shared>>) -> Response {
    let quiet = *lock(&shared.fault) == Some(Fault::Quiet);
    let log = lock(&shared.log);
    let hits: Vec<&Value> = if quiet { Vec::new() } else { log.iter().rev().take(25).collect() };
    success(json!({ "hits": hits, "page": 1, "total": log.len() }))
}

async fn notifications(State(shared): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| notify_all(socket, shared.notices.subscribe()))
}

async fn notify_all(mut socket: WebSocket, mut notices: broadcast::Receiver<String>) {
    // A JSON string, as clients that read every frame as JSON expect it; others look for the word.
    let mut next = "\"Hello\"".to_owned();
    while socket.send(Message::text(next)).await.is_ok() {
        next = loop {
            match notices.recv().await {
                Ok(notice) => break notice,
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return,
            }
        };
    }
}

impl Shared {
    fn has_hub(&self, id: &str) -> bool {
        !lock(&self.unbound).contains(id)
    }

    fn notify(&self, text: String) {
        if *lock(&self.fault) != Some(Fault::Quiet) {
            // Nobody listening is fine.
            let _ = self.notices.send(text);
        }
    }

    fn write_log(&self, door_id: &str, body: &Value) {
        let entry = json!({
            "_source": {
                "actor": { "id": body["actor_id"], "display_name": body["actor_name"], "type": "user" },
                "authentication": { "credential_provider": "REMOTE_THROUGH_UAH", "issuer": "SIMULATED" },
                "event": {
                    "type": "access.door.unlock",
                    "result": "ACCESS",
                    "display_message": "Access Granted (SIMULATED)",
                    "published": self.clock.now().0,
                },
                "target": [{ "type": "door", "id": door_id, "display_name": "SIMULATED" }],
            },
            "tag": "access",
        });
        lock(&self.log).push(entry.clone());
        self.notify(json!({ "event": "access.logs.add", "data": entry }).to_string());
    }
}

impl SimDoor {
    fn wire(&self, id: &str, hub: bool) -> Value {
        let position = self.open.map_or("", |open| if open { "open" } else { "close" });
        let name = format!("SIMULATED {}", self.target);
        json!({
            "id": id, "name": name, "full_name": name, "type": "door", "floor_id": "SIMULATED",
            "is_bind_hub": hub,
            "door_lock_relay_status": if self.unlocked { "unlock" } else { "lock" },
            "door_position_status": position,
        })
    }

    fn update(&self, id: &str) -> Value {
        let lock = if self.unlocked { "unlocked" } else { "locked" };
        let dps = if self.open == Some(true) { "open" } else { "close" };
        json!({
            "event": "access.data.v2.location.update",
            "data": {
                "id": id, "location_type": "door", "name": format!("SIMULATED {}", self.target),
                "state": { "lock": lock, "dps": dps, "dps_connected": self.open.is_some() },
            },
        })
    }
}

fn success(data: Value) -> Response {
    answer(StatusCode::OK, json!({ "code": "SUCCESS", "msg": "success", "data": data }))
}

fn refusal(status: StatusCode, code: &str, msg: &str) -> Response {
    answer(status, json!({ "code": code, "msg": msg, "data": null }))
}

fn answer(status: StatusCode, body: Value) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    (status, headers, body.to_string()).into_response()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A self-signed certificate, made anew at every start, and its fingerprint.
pub(super) fn certificate() -> Result<(RustlsConfig, String), AccessServerError> {
    certificate_until(4096)
}

/// As [`certificate`], good until the end of this year.
pub(super) fn certificate_until(year: i32) -> Result<(RustlsConfig, String), AccessServerError> {
    let failed = |error: &dyn std::fmt::Display| AccessServerError::Certificate(error.to_string());
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut params = rcgen::CertificateParams::new(names).map_err(|e| failed(&e))?;
    params.not_after = rcgen::date_time_ymd(year, 12, 31);
    let signing_key = rcgen::KeyPair::generate().map_err(|e| failed(&e))?;
    let cert = params.self_signed(&signing_key).map_err(|e| failed(&e))?;
    let fingerprint = pinned_tls::fingerprint(cert.der());
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| failed(&e))?
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .map_err(|e| failed(&e))?;
    Ok((RustlsConfig::from_config(Arc::new(config)), fingerprint))
}

fn token(dir: &Path) -> Result<(String, PathBuf), AccessServerError> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::create_dir_all(dir)?;
    let path = dir.join("access-token");
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    io::Write::write_all(&mut file, token.as_bytes())?;
    Ok((token, path))
}
