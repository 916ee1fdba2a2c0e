//! A simulated UniFi Network console on real HTTPS: one site of a gateway, two switches and two access
//! points, in the wire form of the local integration API. Every name says SIMULATED, every answer carries
//! [`SIMULATED_HEADER`].
//!
//! Owns the pretended gear. Holds every request against the published shapes and keeps a list of what was
//! wrong with them; can be told to answer badly ([`Fault`]), to be gone, and to come back as another.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum_server::tls_rustls::RustlsConfig;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::access_server::{AccessServerError, certificate};
use super::behaviour::Behaviour;
use super::control::SimControl;
use super::network_legacy::{self, Legacy};
use crate::device::access::SIMULATED_HEADER;
use crate::site::{Effect, NetworkAccount, NetworkConsole, Target};

/// Where the console answers badly, whatever its gear does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A web page instead of JSON.
    Html,
    /// JSON that breaks off.
    Truncated,
    /// Ten million bytes.
    Huge,
    /// Right JSON of the wrong shape.
    WrongShape,
    /// A page other than the one asked for.
    WrongPage,
    /// 429, with these seconds as Retry-After or without.
    TooMany(Option<u64>),
    /// 302 to another address.
    Redirect,
    /// Never answers.
    Silent,
    /// Acts, then answers 502. Reads are answered well.
    ActsAndFails,
    /// Says 200 to an action and does nothing. Reads are answered well.
    Lies,
    /// Of before 9.3: the official API has no actions on ports, the older one has.
    Old,
}

pub const SITE: &str = "5f3c1a10-0000-4000-8000-000000000001";
pub const GATEWAY: &str = "02:00:00:00:00:01";
/// Carries the box at port 24; port 1 is its uplink, bays 1 and 2 hang on 5 and 6.
pub const SWITCH: &str = "02:00:00:00:00:02";
/// Behind the first switch, at its port 7. Port 1 is its uplink, a bay hangs on 3.
pub const FAR_SWITCH: &str = "02:00:00:00:00:03";
/// Hangs on the first switch and carries nobody else.
pub const ACCESS_POINT: &str = "02:00:00:00:00:04";
pub const BOX: &str = "02:00:00:00:01:01";
pub const PC: &str = "02:00:00:00:01:02";

/// The running console; it ends with the value.
pub struct NetworkServer {
    address: SocketAddr,
    fingerprint: String,
    key_file: PathBuf,
    tls: RustlsConfig,
    shared: Arc<Shared>,
    handle: axum_server::Handle<SocketAddr>,
    task: tokio::task::JoinHandle<()>,
}

pub(super) struct Shared {
    key: String,
    /// The side of the older API.
    pub(super) legacy: Legacy,
    pub(super) gear: Mutex<Vec<SimGear>>,
    pub(super) clients: Mutex<Vec<Value>>,
    fault: Mutex<Option<Fault>>,
    page: Mutex<usize>,
    /// What was asked: when, and `GET path`.
    asked: Mutex<Vec<(Instant, String)>>,
    /// What was wrong with it.
    pub(super) wrong: Mutex<Vec<String>>,
    /// How long a port stays dark.
    dark: Duration,
    club: Mutex<Option<Club>>,
}

/// The club whose model its gear follows: which bay hangs on which port of [`SWITCH`], and what a device is there.
struct Club {
    control: SimControl,
    ports: BTreeMap<u16, Target>,
    gear: BTreeMap<&'static str, Target>,
}

/// A pretended device.
pub(super) struct SimGear {
    pub(super) mac: &'static str,
    pub(super) id: String,
    pub(super) state: String,
    pub(super) features: Vec<&'static str>,
    pub(super) up: Option<&'static str>,
    /// Number, link, power (`None`: no PoE).
    pub(super) ports: Vec<(u16, bool, Option<bool>)>,
    started: Instant,
}

pub(super) fn id_of(mac: &str) -> String {
    format!("7a000000-0000-4000-8000-{}", mac.replace(':', ""))
}

fn gear(
    mac: &'static str,
    feature: &'static str,
    up: Option<&'static str>,
    ports: &[(u16, bool, Option<bool>)],
) -> SimGear {
    let started = Instant::now().checked_sub(Duration::from_secs(1000)).unwrap_or_else(Instant::now);
    let state = "ONLINE".to_owned();
    SimGear { mac, id: id_of(mac), state, features: vec![feature], up, ports: ports.to_vec(), started }
}

impl NetworkServer {
    /// Starts on loopback, on a free port. Its key is written to `dir`. A power-cycled port is dark this long.
    ///
    /// # Errors
    /// [`AccessServerError`]: certificate, files or port cannot be used.
    pub fn start(dir: &Path, dark: Duration) -> Result<NetworkServer, AccessServerError> {
        let (tls, fingerprint) = certificate()?;
        let (key, key_file) = key(dir)?;
        let (on, none) = (Some(true), None);
        let gears = vec![
            gear(GATEWAY, "gateway", None, &[(1, true, none), (2, true, on), (9, true, none)]),
            gear(
                SWITCH,
                "switching",
                Some(GATEWAY),
                &[
                    (1, true, none),
                    (5, true, on),
                    (6, true, on),
                    (7, true, on),
                    (8, true, none),
                    (12, true, on),
                    (13, true, on),
                    (24, true, on),
                ],
            ),
            gear(FAR_SWITCH, "switching", Some(SWITCH), &[(1, true, none), (3, true, on)]),
            gear(ACCESS_POINT, "accessPoint", Some(SWITCH), &[]),
            gear("02:00:00:00:00:05", "accessPoint", Some(SWITCH), &[]),
        ];
        let shared = Arc::new(Shared {
            key,
            legacy: Legacy::new(dir)?,
            gear: Mutex::new(gears),
            clients: Mutex::new(vec![
                client(BOX, SWITCH),
                client(PC, SWITCH),
                json!({
                    "type": "VPN", "id": id_of("02:00:00:00:02:01"), "name": "SIMULATED", "access": {"type": "DEFAULT"}
                }),
            ]),
            fault: Mutex::default(),
            page: Mutex::new(200),
            asked: Mutex::default(),
            wrong: Mutex::default(),
            dark,
            club: Mutex::default(),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let (handle, task) = serve(listener, tls.clone(), shared.clone())?;
        Ok(NetworkServer { address, fingerprint, key_file, tls, shared, handle, task })
    }

    /// How the box reaches it, with what its site names.
    pub fn settings(&self) -> NetworkConsole {
        NetworkConsole {
            url: format!("https://{}", self.address),
            key_file: self.key_file.clone(),
            certificate_sha256: self.fingerprint.clone(),
            site: None,
            box_mac: Some(BOX.to_owned()),
            box_device: None,
            box_port: Some(24),
            wan_port: Some(9),
            uplinks: vec![
                (SWITCH.to_owned(), 1),
                (SWITCH.to_owned(), 7),
                (FAR_SWITCH.to_owned(), 1),
                (GATEWAY.to_owned(), 1),
            ],
            pcs: [(crate::site::BayId(1), PC.to_owned())].into(),
            account: None,
        }
    }

    /// Lets ports of [`SWITCH`] and whole devices (by MAC) behave as the club's model says of what they are there.
    pub fn follow(
        &self,
        control: SimControl,
        ports: BTreeMap<u16, Target>,
        gear: BTreeMap<&'static str, Target>,
    ) {
        *lock(&self.shared.club) = Some(Club { control, ports, gear });
    }

    /// The account for the older API.
    pub fn account(&self) -> NetworkAccount {
        self.shared.legacy.account()
    }

    /// The side of the older API, to be told what to do and asked what it saw.
    pub fn legacy(&self) -> &Legacy {
        &self.shared.legacy
    }

    /// Makes it answer badly from now on, or well again.
    pub fn set_fault(&self, fault: Option<Fault>) {
        *lock(&self.shared.fault) = fault;
    }

    /// Rows it puts on a page at most.
    pub fn set_page(&self, rows: usize) {
        *lock(&self.shared.page) = rows.max(1);
    }

    /// Sets a device's state, in the API's word.
    pub fn set_state(&self, mac: &str, state: &str) {
        lock(&self.shared.gear)
            .iter_mut()
            .filter(|g| g.mac == mac)
            .for_each(|g| state.clone_into(&mut g.state));
    }

    /// Plugs a cable in or out.
    pub fn set_link(&self, mac: &str, port: u16, up: bool) {
        let mut gear = lock(&self.shared.gear);
        let ports = gear.iter_mut().filter(|g| g.mac == mac).flat_map(|g| &mut g.ports);
        ports.filter(|p| p.0 == port).for_each(|p| p.1 = up);
    }

    /// Connects something to a device, in the place of where it was; to none: it is gone.
    pub fn connect(&self, mac: &str, device: Option<&str>) {
        let mut clients = lock(&self.shared.clients);
        clients.retain(|row| row["macAddress"] != mac);
        clients.extend(device.map(|device| client(mac, device)));
    }

    /// What was asked, with when.
    pub fn asked(&self) -> Vec<(Instant, String)> {
        lock(&self.shared.asked).clone()
    }

    /// Actions that were asked for, in order.
    pub fn actions(&self) -> Vec<String> {
        self.asked().into_iter().map(|(_, what)| what).filter(|what| what.starts_with("POST")).collect()
    }

    /// Everything in requests that the published API does not know.
    pub fn wrong(&self) -> Vec<String> {
        lock(&self.shared.wrong).clone()
    }

    /// Pulls its plug: the port closes and every connection breaks.
    pub async fn stop(&mut self) {
        self.handle.shutdown();
        // It only ends; how does not matter.
        let _ = (&mut self.task).await;
    }

    /// Comes back at the same address; with another certificate if told so.
    ///
    /// # Errors
    /// [`AccessServerError`].
    pub fn come_back(&mut self, other_certificate: bool) -> Result<(), AccessServerError> {
        let tls = if other_certificate { certificate()?.0 } else { self.tls.clone() };
        let listener = TcpListener::bind(self.address)?;
        (self.handle, self.task) = serve(listener, tls, self.shared.clone())?;
        Ok(())
    }
}

impl Drop for NetworkServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Running = (axum_server::Handle<SocketAddr>, tokio::task::JoinHandle<()>);

fn serve(listener: TcpListener, tls: RustlsConfig, shared: Arc<Shared>) -> io::Result<Running> {
    listener.set_nonblocking(true)?;
    let handle = axum_server::Handle::new();
    let server = axum_server::from_tcp_rustls(listener, tls)?.handle(handle.clone());
    let app = Router::new().fallback(answer).with_state(shared);
    let task = tokio::spawn(async move {
        if let Err(error) = server.serve(app.into_make_service()).await {
            tracing::warn!(%error, "the simulated network console ended");
        }
    });
    Ok((handle, task))
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    lock(&shared.asked).push((Instant::now(), format!("{method} {}", uri.path())));
    let of_the_older = network_legacy::is_path(uri.path());
    let mut response = match (!of_the_older).then(|| refused(&shared, &headers)).flatten() {
        Some(refusal) => refusal,
        None => {
            let fault = *lock(&shared.fault);
            if fault == Some(Fault::Silent) {
                return std::future::pending().await;
            }
            spoilt(fault, &method, || match of_the_older {
                true => network_legacy::answer(&shared, &method, &uri, &headers, &body),
                false => routed(&shared, fault, &method, &uri, &headers, &body),
            })
        }
    };
    response
        .headers_mut()
        .insert(HeaderName::from_static(SIMULATED_HEADER), HeaderValue::from_static("true"));
    response
}

/// The refusal of a request without the right key.
fn refused(shared: &Shared, headers: &HeaderMap) -> Option<Response> {
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|v| v.as_bytes() == value.as_bytes());
    if !is("accept", "application/json") {
        lock(&shared.wrong).push("no `Accept: application/json`".to_owned());
    }
    if headers.contains_key("authorization") || headers.contains_key("cookie") {
        lock(&shared.wrong).push("credentials of another kind".to_owned());
    }
    if is("x-api-key", &shared.key) {
        return None;
    }
    Some(refusal(
        StatusCode::UNAUTHORIZED,
        "api.authentication.missing-credentials",
        "SIMULATED: no key of mine",
    ))
}

fn spoilt(fault: Option<Fault>, method: &Method, right: impl FnOnce() -> Response) -> Response {
    let html = [(header::CONTENT_TYPE, "text/html")];
    match fault {
        None | Some(Fault::Lies | Fault::Silent | Fault::Old) => right(),
        Some(Fault::ActsAndFails) if method == Method::GET => right(),
        Some(Fault::ActsAndFails) => {
            let _acted = right();
            (StatusCode::BAD_GATEWAY, html, "<html>SIMULATED: 502</html>").into_response()
        }
        Some(Fault::Html) => (html, "<html><body>SIMULATED: starting up</body></html>").into_response(),
        Some(Fault::Truncated) => r#"{"offset":0,"limit":200,"count":1,"totalCo"#.into_response(),
        Some(Fault::Huge) => "x".repeat(10_000_000).into_response(),
        Some(Fault::WrongShape) => {
            axum::Json(json!({"offset": "0", "count": [], "totalCount": {}, "data": "SIMULATED"}))
                .into_response()
        }
        Some(Fault::WrongPage) => page(3, 200, 9, &[]).into_response(),
        Some(Fault::TooMany(wait)) => {
            let mut answer = refusal(StatusCode::TOO_MANY_REQUESTS, "api.too-many", "SIMULATED");
            if let Some(wait) = wait {
                answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
            }
            answer
        }
        Some(Fault::Redirect) => {
            (StatusCode::FOUND, [(header::LOCATION, "https://localhost/login")]).into_response()
        }
    }
}

fn routed(
    shared: &Arc<Shared>,
    fault: Option<Fault>,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    let path = uri.path().strip_prefix("/proxy/network/integration/v1/").unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    let query = uri.query().unwrap_or_default();
    let get = method == Method::GET;
    match parts.as_slice() {
        ["sites"] if get => {
            let site = json!({"id": SITE, "internalReference": "default", "name": "SIMULATED club"});
            shared.list(query, vec![site])
        }
        ["sites", SITE, "devices"] if get => {
            let rows = lock(&shared.gear).iter().map(|gear| shared.shown(gear, gear.row())).collect();
            shared.list(query, rows)
        }
        ["sites", SITE, "clients"] if get => {
            let rows = lock(&shared.clients).clone();
            shared.list(query, rows)
        }
        ["sites", SITE, "devices", id] if get && query.is_empty() => {
            shared.of(id, |gear| axum::Json(shared.shown(gear, gear.details())).into_response())
        }
        ["sites", SITE, "devices", id, "statistics", "latest"] if get && query.is_empty() => {
            shared.of(id, |gear| {
                axum::Json(json!({"uptimeSec": gear.started.elapsed().as_secs(), "cpuUtilizationPct": 3.5}))
                    .into_response()
            })
        }
        ["sites", SITE, "devices", id, "actions"] if method == Method::POST && query.is_empty() => shared
            .act(headers, body, "RESTART", || {
                as_it_behaves(shared.behaviour_of(id), fault, |lie| shared.restart(id, lie))
            }),
        ["sites", SITE, "devices", id, "interfaces", "ports", port, "actions"]
            if method == Method::POST && query.is_empty() && fault != Some(Fault::Old) =>
        {
            let port: u16 = port.parse().unwrap_or(0);
            shared.act(headers, body, "POWER_CYCLE", || {
                as_it_behaves(shared.behaviour_at(id, port), fault, |lie| shared.cycle(id, port, lie))
            })
        }
        ["sites", SITE, "devices", _, "interfaces", "ports", _, "actions"] if fault == Some(Fault::Old) => {
            refusal(StatusCode::NOT_FOUND, "api.request.unknown", "SIMULATED: not in this version")
        }
        _ => {
            lock(&shared.wrong).push(format!("{method} {uri} does not exist"));
            refusal(StatusCode::NOT_FOUND, "api.request.unknown", "SIMULATED: no such request")
        }
    }
}

/// An action, by how what it moves behaves. `does` is told whether it only says so.
fn as_it_behaves(
    behaviour: Behaviour,
    fault: Option<Fault>,
    does: impl FnOnce(bool) -> Response,
) -> Response {
    match behaviour {
        Behaviour::Fail | Behaviour::Offline => {
            refusal(StatusCode::BAD_REQUEST, "api.action.refused", "SIMULATED: it refused")
        }
        Behaviour::Silent => StatusCode::GATEWAY_TIMEOUT.into_response(),
        behaviour => {
            let lies = matches!(behaviour, Behaviour::Lies | Behaviour::Stuck);
            does(lies || fault == Some(Fault::Lies))
        }
    }
}

impl Shared {
    /// A page of these rows, as the query wants it; what the query must not hold is noted.
    fn list(&self, query: &str, rows: Vec<Value>) -> Response {
        let (mut offset, mut limit, mut filter) = (0, 25, String::new());
        for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match (key, value.parse::<usize>()) {
                ("offset", Ok(n)) => offset = n,
                ("limit", Ok(n)) if n <= 200 => limit = n,
                ("filter", _) => filter = decoded(value),
                _ => lock(&self.wrong).push(format!("`{key}={value}` in a query")),
            }
        }
        let mut rows = rows;
        if !filter.is_empty() {
            match macs_of(&filter) {
                Some(macs) => rows.retain(|row| macs.iter().any(|mac| row["macAddress"] == mac.as_str())),
                None => lock(&self.wrong).push(format!("the filter {filter}")),
            }
        }
        let shown = limit.min(*lock(&self.page));
        let some: Vec<Value> = rows.iter().skip(offset).take(shown).cloned().collect();
        page(offset, limit, rows.len(), &some).into_response()
    }

    fn of(&self, id: &str, answer: impl FnOnce(&SimGear) -> Response) -> Response {
        match lock(&self.gear).iter().find(|gear| gear.id == id) {
            Some(gear) => answer(gear),
            None => refusal(StatusCode::NOT_FOUND, "api.device.not-found", "SIMULATED"),
        }
    }

    fn act(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        action: &str,
        act: impl FnOnce() -> Response,
    ) -> Response {
        let json_said =
            headers.get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes() == b"application/json");
        if !json_said || serde_json::from_slice::<Value>(body).ok() != Some(json!({"action": action})) {
            lock(&self.wrong).push(format!("the body of {action}"));
            return refusal(StatusCode::BAD_REQUEST, "api.request.invalid", "SIMULATED");
        }
        act()
    }

    fn restart(&self, id: &str, lie: bool) -> Response {
        let mut gear = lock(&self.gear);
        let Some(found) = gear.iter_mut().find(|gear| gear.id == id) else {
            return refusal(StatusCode::NOT_FOUND, "api.device.not-found", "SIMULATED");
        };
        if !lie {
            found.started = Instant::now();
        }
        StatusCode::OK.into_response()
    }

    /// How the bay on this port behaves; well, where no bay hangs on it.
    fn behaviour_at(&self, id: &str, port: u16) -> Behaviour {
        let club = lock(&self.club);
        let found =
            club.as_ref().filter(|_| id == id_of(SWITCH)).and_then(|c| Some((c, c.ports.get(&port)?)));
        found.map_or(Behaviour::Ok, |(club, target)| club.control.behaviour(target, Effect::PoeCycle))
    }

    /// The same of a whole device.
    fn behaviour_of(&self, id: &str) -> Behaviour {
        let club = lock(&self.club);
        let found = club.as_ref().and_then(|c| Some((c, c.gear.iter().find(|(mac, _)| id_of(mac) == id)?.1)));
        found.map_or(Behaviour::Ok, |(club, target)| club.control.behaviour(target, Effect::NetworkRestart))
    }

    /// What is shown of a device: one without power in the club is offline.
    fn shown(&self, gear: &SimGear, mut as_it_is: Value) -> Value {
        let club = lock(&self.club);
        let found = club.as_ref().and_then(|c| Some((c, c.gear.get(gear.mac)?)));
        if found.is_some_and(|(club, target)| !club.control.powered(target)) {
            as_it_is["state"] = "OFFLINE".into();
        }
        as_it_is
    }

    pub(super) fn cycle(self: &Arc<Self>, id: &str, port: u16, lie: bool) -> Response {
        if !self.power(id, port, lie) {
            return refusal(StatusCode::BAD_REQUEST, "api.port.no-poe", "SIMULATED: no PoE there");
        }
        let (shared, id) = (self.clone(), id.to_owned());
        tokio::spawn(async move {
            tokio::time::sleep(shared.dark).await;
            shared.power(&id, port, true);
        });
        StatusCode::OK.into_response()
    }

    /// Switches a port's power; false where there is none.
    fn power(&self, id: &str, port: u16, on: bool) -> bool {
        let mut gear = lock(&self.gear);
        let mut ports = gear.iter_mut().filter(|gear| gear.id == id).flat_map(|gear| &mut gear.ports);
        let power = ports.find(|p| p.0 == port).and_then(|p| p.2.as_mut());
        power.map(|power| *power = on).is_some()
    }
}

impl SimGear {
    fn row(&self) -> Value {
        json!({
            "id": self.id, "macAddress": self.mac, "ipAddress": "10.20.0.9", "name": "SIMULATED",
            "model": "SIMULATED", "state": self.state, "supported": true, "firmwareUpdatable": false,
            "features": self.features, "interfaces": ["ports"],
        })
    }

    fn details(&self) -> Value {
        let up = |on: bool| if on { "UP" } else { "DOWN" };
        let port = |(idx, link, power): &(u16, bool, Option<bool>)| {
            let mut port = json!({"idx": idx, "state": up(*link), "connector": "RJ45", "maxSpeedMbps": 1000});
            if let Some(on) = power {
                port["poe"] = json!({"standard": "802.3at", "type": 2, "enabled": true, "state": up(*on)});
            }
            port
        };
        let mut details = self.row();
        details["features"] = json!({});
        details["interfaces"] =
            json!({"ports": self.ports.iter().map(port).collect::<Vec<_>>(), "radios": []});
        if let Some(mac) = self.up {
            details["uplink"] = json!({"deviceId": id_of(mac)});
        }
        details
    }
}

fn client(mac: &str, device: &str) -> Value {
    json!({
        "type": "WIRED", "id": id_of(mac), "name": "SIMULATED", "macAddress": mac,
        "uplinkDeviceId": id_of(device), "access": {"type": "DEFAULT"},
    })
}

fn page(offset: usize, limit: usize, total: usize, rows: &[Value]) -> axum::Json<Value> {
    axum::Json(json!({
        "offset": offset, "limit": limit, "count": rows.len(), "totalCount": total, "data": rows,
    }))
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({"statusCode": status.as_u16(), "code": code, "message": message});
    (status, axum::Json(body)).into_response()
}

/// The MACs of `macAddress.eq('…')` or of `or(…)` around several.
fn macs_of(filter: &str) -> Option<Vec<String>> {
    let inner = filter.strip_prefix("or(").and_then(|f| f.strip_suffix(')')).unwrap_or(filter);
    let mac = |part: &str| Some(part.strip_prefix("macAddress.eq('")?.strip_suffix("')")?.to_owned());
    inner.split(',').map(mac).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |b: Option<u8>| char::from(b?).to_digit(16);
        match byte {
            b'%' => match (hex(rest.next()), hex(rest.next())) {
                (Some(high), Some(low)) => bytes.push((high * 16 + low) as u8),
                _ => bytes.push(b'?'),
            },
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn key(dir: &Path) -> io::Result<(String, PathBuf)> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    let key: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::create_dir_all(dir)?;
    let path = dir.join("network-key");
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    io::Write::write_all(&mut file, key.as_bytes())?;
    Ok((key, path))
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
