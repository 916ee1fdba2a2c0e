//! The older API of the simulated network console: log-in, session and token as strict as the real one, devices with
//! their ports, clients, health, and the one command that is used. The gear is [`network_server`](super::network_server)'s.
//!
//! Owns sessions. Can be told to end them, to change the token, to want a second factor, to ask for patience.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::network_server::{BOX, FAR_SWITCH, GATEWAY, PC, SWITCH, Shared, SimGear, id_of, lock};
use crate::site::NetworkAccount;

/// What links the gear: a device, its port, the device above, the port there.
const CABLES: [(&str, u16, &str, u16); 4] = [
    (SWITCH, 1, GATEWAY, 1),
    (FAR_SWITCH, 1, SWITCH, 7),
    ("02:00:00:00:00:04", 1, SWITCH, 12),
    ("02:00:00:00:00:05", 1, SWITCH, 13),
];
const USER: &str = "clubos";

/// Sessions of the older API, and how it misbehaves.
pub struct Legacy {
    password: String,
    password_file: PathBuf,
    session: Mutex<Option<Session>>,
    log_ins: AtomicU32,
    /// Log-ins that are still answered 429.
    patience: AtomicU32,
    second_factor: AtomicBool,
    offline: AtomicBool,
}

struct Session {
    jwt: String,
    /// Tokens that are worth something, the latest last: old ones are not taken back when a new one is handed out, as
    /// clients that never renew theirs work at real consoles.
    csrf: Vec<String>,
    /// The token changed and was not told yet.
    news: bool,
}

impl Legacy {
    pub(super) fn new(dir: &Path) -> io::Result<Legacy> {
        use std::os::unix::fs::OpenOptionsExt;
        let password = random()?;
        std::fs::create_dir_all(dir)?;
        let password_file = dir.join("network-password");
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&password_file)?;
        io::Write::write_all(&mut file, password.as_bytes())?;
        Ok(Legacy {
            password,
            password_file,
            session: Mutex::default(),
            log_ins: AtomicU32::new(0),
            patience: AtomicU32::new(0),
            second_factor: AtomicBool::new(false),
            offline: AtomicBool::new(false),
        })
    }

    pub(super) fn account(&self) -> NetworkAccount {
        NetworkAccount { username: USER.to_owned(), password_file: self.password_file.clone() }
    }

    /// Log-ins that were asked for.
    pub fn log_ins(&self) -> u32 {
        self.log_ins.load(Ordering::SeqCst)
    }

    /// Ends the session, as consoles do now and then.
    pub fn end_session(&self) {
        *lock(&self.session) = None;
    }

    /// Gives out another token with the next answer; the old one is worth nothing from now on.
    pub fn change_token(&self) {
        if let Some(session) = lock(&self.session).as_mut() {
            session.csrf = vec![random().unwrap_or_default()];
            session.news = true;
        }
    }

    /// Whether a changed token was handed out.
    pub fn is_token_told(&self) -> bool {
        lock(&self.session).as_ref().is_some_and(|session| !session.news)
    }

    /// Answers the next log-ins with 429, without saying how long to wait.
    pub fn ask_for_patience(&self, log_ins: u32) {
        self.patience.store(log_ins, Ordering::SeqCst);
    }

    pub fn want_second_factor(&self, on: bool) {
        self.second_factor.store(on, Ordering::SeqCst);
    }

    /// The line to the internet is broken, or works.
    pub fn set_internet(&self, works: bool) {
        self.offline.store(!works, Ordering::SeqCst);
    }

    fn log_in(&self, body: &[u8]) -> Response {
        self.log_ins.fetch_add(1, Ordering::SeqCst);
        if self.patience.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok() {
            let body = json!({"code": "AUTHENTICATION_FAILED_LIMIT_REACHED", "message": "SIMULATED"});
            return (StatusCode::TOO_MANY_REQUESTS, axum::Json(body)).into_response();
        }
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        if asked["username"] != USER || asked["password"] != self.password.as_str() {
            let body = json!({"code": "AUTHENTICATION_FAILED_INVALID_CREDENTIALS", "message": "SIMULATED"});
            return (StatusCode::FORBIDDEN, axum::Json(body)).into_response();
        }
        if self.second_factor.load(Ordering::SeqCst) {
            let body = json!({"code": "MFA_AUTH_REQUIRED", "data": {"mfaCookie": "SIMULATED"}});
            let status = StatusCode::from_u16(499).unwrap_or(StatusCode::UNAUTHORIZED);
            return (status, axum::Json(body)).into_response();
        }
        let csrf = random().unwrap_or_default();
        let claims = json!({"csrfToken": csrf, "nonce": random().unwrap_or_default()}).to_string();
        let jwt = format!("e30.{}.SIMULATED", URL_SAFE_NO_PAD.encode(claims));
        let cookie = format!("TOKEN={jwt}; Path=/; SameSite=None; Secure; HttpOnly");
        let body =
            json!({"unique_id": id_of(BOX), "username": USER, "full_name": "SIMULATED", "status": "ACTIVE"});
        let mut answer = axum::Json(body).into_response();
        set(&mut answer, "set-cookie", &cookie);
        set(&mut answer, "x-csrf-token", &csrf);
        *lock(&self.session) = Some(Session { jwt, csrf: vec![csrf], news: false });
        answer
    }

    /// The refusal of a request outside the session.
    fn refused(&self, method: &Method, headers: &HeaderMap) -> Option<Response> {
        let session = lock(&self.session);
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).map(str::trim);
        let Some(session) = session
            .as_ref()
            .filter(|s| pairs.any(|pair| pair.strip_prefix("TOKEN=") == Some(s.jwt.as_str())))
        else {
            let body = json!({"error": {"code": 401, "message": "Unauthorized"}});
            return Some((StatusCode::UNAUTHORIZED, axum::Json(body)).into_response());
        };
        let known = |value: &HeaderValue| session.csrf.iter().any(|csrf| value.as_bytes() == csrf.as_bytes());
        let token = headers.get("x-csrf-token").is_some_and(known);
        let free = method == Method::GET || token;
        (!free).then(|| {
            let body = json!({"error": {"code": 403, "message": "Forbidden"}});
            (StatusCode::FORBIDDEN, axum::Json(body)).into_response()
        })
    }

    /// Puts a changed token on an answer; what changes something gets a new one.
    fn renewed(&self, method: &Method, mut answer: Response) -> Response {
        let mut session = lock(&self.session);
        let Some(session) = session.as_mut() else { return answer };
        if method != Method::GET {
            session.csrf.push(random().unwrap_or_default());
        }
        if std::mem::take(&mut session.news) || method != Method::GET {
            set(&mut answer, "x-updated-csrf-token", session.csrf.last().map_or("", String::as_str));
        }
        answer
    }
}

/// Whether a path is of this API and not of the official one.
pub(super) fn is_path(path: &str) -> bool {
    path == "/"
        || path.starts_with("/api/auth/")
        || ["/proxy/network/api/", "/proxy/network/v2/"].iter().any(|start| path.starts_with(start))
}

pub(super) fn answer(
    shared: &Arc<Shared>,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    let legacy = &shared.legacy;
    if headers.contains_key("x-api-key") {
        lock(&shared.wrong).push("a key on the older API".to_owned());
    }
    match (method, uri.path()) {
        (&Method::GET, "/") => return "<html>SIMULATED</html>".into_response(),
        (&Method::POST, "/api/auth/login") => return legacy.log_in(body),
        _ => {}
    }
    if let Some(refusal) = legacy.refused(method, headers) {
        return refusal;
    }
    let answer = routed(shared, method, uri, body);
    legacy.renewed(method, answer)
}

fn routed(shared: &Arc<Shared>, method: &Method, uri: &Uri, body: &[u8]) -> Response {
    let offline = shared.legacy.offline.load(Ordering::SeqCst);
    let path = uri.path().trim_start_matches("/proxy/network");
    match (method.as_str(), path.strip_prefix("/api/s/default").unwrap_or(path)) {
        ("GET", "/stat/device") => ok(lock(&shared.gear).iter().map(device).collect()),
        ("GET", "/stat/sta") => ok(stations(shared)),
        ("GET", "/stat/health") => {
            let status = |works: bool| if works { "ok" } else { "error" };
            ok(vec![
                json!({"subsystem": "wlan", "status": "ok", "num_ap": 2}),
                json!({"subsystem": "wan", "status": "ok", "num_gw": 1}),
                json!({"subsystem": "www", "status": status(!offline), "latency": 9}),
                json!({"subsystem": "vpn", "status": "error"}),
            ])
        }
        ("GET", "/stat/sysinfo") => ok(vec![json!({"version": "9.0.99", "name": "SIMULATED"})]),
        (
            "GET",
            "/rest/user" | "/rest/dpiapp" | "/rest/dpigroup" | "/rest/portforward" | "/rest/wlanconf",
        ) => ok(Vec::new()),
        ("GET", "/api/self/sites") => ok(vec![
            json!({"_id": "SIMULATED", "name": "default", "desc": "SIMULATED club", "role": "admin"}),
        ]),
        ("GET", "/v2/api/site/default/trafficrules" | "/v2/api/site/default/trafficroutes") => {
            axum::Json(json!([])).into_response()
        }
        ("POST", "/cmd/devmgr") => command(shared, &serde_json::from_slice(body).unwrap_or_default()),
        _ => {
            lock(&shared.wrong).push(format!("{method} {uri} does not exist"));
            error(StatusCode::NOT_FOUND, "api.err.NotFound")
        }
    }
}

fn command(shared: &Arc<Shared>, body: &Value) -> Response {
    let mac = body["mac"].as_str().unwrap_or_default();
    let port = body["port_idx"].as_u64().and_then(|port| u16::try_from(port).ok()).unwrap_or(0);
    if body["cmd"] != "power-cycle" {
        lock(&shared.wrong).push(format!("the command {}", body["cmd"]));
        return error(StatusCode::BAD_REQUEST, "api.err.InvalidCommand");
    }
    let known = lock(&shared.gear).iter().any(|gear| gear.mac == mac);
    // Errors come with 200 too.
    if !known {
        return error(StatusCode::OK, "api.err.UnknownDevice");
    }
    match shared.cycle(&id_of(mac), port, false).status() {
        StatusCode::OK => ok(Vec::new()),
        _ => error(StatusCode::OK, "api.err.InvalidTarget"),
    }
}

/// A device as this API shows it.
fn device(gear: &SimGear) -> Value {
    let own = CABLES.iter().find(|cable| cable.0 == gear.mac);
    let down = || CABLES.iter().filter(|cable| cable.2 == gear.mac);
    let port = |(idx, link, power): &(u16, bool, Option<bool>)| {
        let mut port = json!({
            "port_idx": idx, "name": format!("Port {idx}"), "up": link, "enable": true, "media": "GE", "speed": 1000,
            "full_duplex": true, "port_poe": power.is_some(), "is_uplink": own.is_some_and(|cable| cable.1 == *idx),
            "aggregated_by": false, "portconf_id": "SIMULATED", "rx_bytes": 0, "tx_bytes": 0,
        });
        if let Some(on) = power {
            port["poe_enable"] = json!(on);
            port["poe_mode"] = json!("auto");
            port["poe_caps"] = json!(7);
            port["poe_power"] = json!(if *on { "3.10" } else { "0.00" });
            port["poe_good"] = json!(on);
        }
        port
    };
    let kind = match gear.features.first() {
        Some(&"gateway") => "ugw",
        Some(&"switching") => "usw",
        _ => "uap",
    };
    let downlinks: Vec<Value> = down()
        .map(|cable| json!({"port_idx": cable.3, "speed": 1000, "full_duplex": true, "mac": cable.0}))
        .collect();
    let mut row = json!({
        "_id": gear.id, "device_id": gear.id, "mac": gear.mac, "ip": "10.20.0.9", "type": kind, "model": "SIMULATED",
        "name": "SIMULATED", "version": "7.0.0.1", "adopted": true, "disabled": false,
        "state": i32::from(gear.state == "ONLINE"), "uptime": 1000, "upgradable": false, "board_rev": 1,
        "port_table": gear.ports.iter().map(port).collect::<Vec<_>>(), "port_overrides": [],
        "downlink_table": downlinks, "system-stats": {"cpu": "1.0", "mem": "2.0", "uptime": "1000"},
        "user-num_sta": 0, "num_sta": 0, "last_seen": 0, "next_interval": 30, "considered_lost_at": 0,
    });
    if let Some((_, idx, up, remote)) = own {
        row["uplink"] = json!({
            "type": "wire", "up": true, "mac": gear.mac, "port_idx": idx, "uplink_mac": up, "uplink_remote_port": remote,
        });
    }
    row
}

/// The wired clients: the box at port 24, the PC at 2.
fn stations(shared: &Shared) -> Vec<Value> {
    let row = |client: &Value| {
        let mac = client["macAddress"].as_str()?;
        let at =
            lock(&shared.gear).iter().find(|g| client["uplinkDeviceId"] == g.id.as_str()).map(|g| g.mac)?;
        let port = match mac {
            BOX => 24,
            PC => 2,
            _ => return None,
        };
        Some(json!({
            "_id": id_of(mac), "mac": mac, "is_wired": true, "hostname": "SIMULATED", "ip": "10.20.0.9", "sw_mac": at,
            "sw_port": port, "uptime": 1000, "is_guest": false, "last_seen": 0, "first_seen": 0,
        }))
    };
    lock(&shared.clients).iter().filter_map(row).collect()
}

fn ok(rows: Vec<Value>) -> Response {
    axum::Json(json!({"meta": {"rc": "ok"}, "data": rows})).into_response()
}

fn error(status: StatusCode, msg: &str) -> Response {
    (status, axum::Json(json!({"meta": {"rc": "error", "msg": msg}, "data": []}))).into_response()
}

fn set(answer: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}

fn random() -> io::Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
