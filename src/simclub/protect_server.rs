//! A simulated UniFi Protect console on real HTTPS: cameras and their snapshots, in the wire form of the local
//! integration API. Every name says SIMULATED, every answer carries [`SIMULATED_HEADER`].
//!
//! Owns the pretended cameras; can be told to answer badly ([`Mood`]).

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::access_server::{AccessServerError, certificate};
use crate::device::access::SIMULATED_HEADER;
use crate::site::{PROTECT_KEPT, Protect};

/// The picture every camera shows: SIMULATED on grey.
pub const JPEG: &[u8] = include_bytes!("simulated.jpg");
/// Its cameras.
pub const CAMERAS: [&str; 2] = ["cam-1", "cam-2"];

/// How it answers when it is asked for a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Right,
    Silent,
    /// The camera is off: 503.
    Offline,
    Html,
    Huge,
    Truncated,
    Redirect,
    TooMany(Option<u64>),
    /// Only the first time.
    OnceTooMany(Option<u64>),
}

/// The running console; it ends with the value.
pub struct ProtectServer {
    address: SocketAddr,
    fingerprint: String,
    key_file: PathBuf,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

struct Shared {
    key: String,
    mood: Mutex<Mood>,
    asked: AtomicUsize,
}

impl ProtectServer {
    /// Starts on loopback, on a free port. Its key is written to `dir`.
    ///
    /// # Errors
    /// [`AccessServerError`]: certificate, files or port cannot be used.
    pub fn start(dir: &Path, mood: Mood) -> Result<ProtectServer, AccessServerError> {
        let (tls, fingerprint) = certificate()?;
        let (key, key_file) = key(dir)?;
        let shared = Arc::new(Shared { key, mood: Mutex::new(mood), asked: AtomicUsize::new(0) });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let server = axum_server::from_tcp_rustls(listener, tls)?;
        let app = Router::new().fallback(answer).with_state(shared.clone());
        let task = tokio::spawn(async move {
            if let Err(error) = server.serve(app.into_make_service()).await {
                tracing::warn!(%error, "the simulated camera console ended");
            }
        });
        Ok(ProtectServer { address, fingerprint, key_file, shared, task })
    }

    /// How the box reaches it; the site names the cameras.
    pub fn settings(&self) -> Protect {
        Protect {
            url: format!("https://{}", self.address),
            key_file: self.key_file.clone(),
            certificate_sha256: self.fingerprint.clone(),
            keep: PROTECT_KEPT,
            cameras: Vec::new(),
        }
    }

    pub fn set_mood(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap_or_else(PoisonError::into_inner) = mood;
    }

    /// How often it was asked for anything.
    pub fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }
}

impl Drop for ProtectServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let nth = shared.asked.fetch_add(1, Ordering::SeqCst);
    let mood = *shared.mood.lock().unwrap_or_else(PoisonError::into_inner);
    let mut response = if headers.get("x-api-key").is_none_or(|key| key.as_bytes() != shared.key.as_bytes()) {
        error(StatusCode::UNAUTHORIZED, "no key of mine")
    } else if method != Method::GET {
        error(StatusCode::NOT_FOUND, "no such request")
    } else {
        routed(&uri, mood, nth).await
    };
    let labels =
        [(SIMULATED_HEADER, "true"), ("ratelimit-policy", "\"10-in-1sec\"; q=10; w=1; pk=:U0lNVUxBVEVE:")];
    for (name, value) in labels {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

async fn routed(uri: &Uri, mood: Mood, nth: usize) -> Response {
    let path = uri.path().strip_prefix("/proxy/protect/integration/v1/").unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    let online = mood != Mood::Offline;
    match parts.as_slice() {
        ["meta", "info"] => axum::Json(json!({"applicationVersion": "7.1.87"})).into_response(),
        ["cameras"] => axum::Json(CAMERAS.map(|id| camera(id, online))).into_response(),
        ["cameras", id] if CAMERAS.contains(id) => axum::Json(camera(id, online)).into_response(),
        ["cameras", id, "snapshot"] if CAMERAS.contains(id) && known(uri.query()) => picture(mood, nth).await,
        _ => error(StatusCode::NOT_FOUND, "no such request"),
    }
}

/// Whether the query is one the API has.
fn known(query: Option<&str>) -> bool {
    let pairs = query.into_iter().flat_map(|query| query.split('&'));
    pairs.into_iter().all(|pair| ["highQuality=true", "highQuality=false", "channel=package"].contains(&pair))
}

async fn picture(mood: Mood, nth: usize) -> Response {
    let jpeg = |bytes: &[u8]| ([("content-type", "image/jpeg")], bytes.to_vec()).into_response();
    let wait = |seconds: Option<u64>| match seconds {
        Some(s) => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", s.to_string())]).into_response(),
        None => StatusCode::TOO_MANY_REQUESTS.into_response(),
    };
    match mood {
        Mood::Right => jpeg(JPEG),
        Mood::Silent => std::future::pending().await,
        Mood::Offline => error(StatusCode::SERVICE_UNAVAILABLE, "the camera is offline"),
        Mood::Html => ([("content-type", "text/html")], "<html>SIMULATED</html>").into_response(),
        Mood::Huge => jpeg(&[JPEG, &vec![0; 10_000_000]].concat()),
        Mood::Truncated => jpeg(JPEG.get(..JPEG.len() - 1).unwrap_or_default()),
        Mood::Redirect => (StatusCode::FOUND, [("location", "https://localhost/login")]).into_response(),
        Mood::OnceTooMany(seconds) if nth == 0 => wait(seconds),
        Mood::OnceTooMany(_) => jpeg(JPEG),
        Mood::TooMany(seconds) => wait(seconds),
    }
}

fn camera(id: &str, online: bool) -> Value {
    json!({
        "id": id, "modelKey": "camera", "state": if online { "CONNECTED" } else { "DISCONNECTED" },
        "name": format!("SIMULATED {id}"), "mac": "020000000301", "isMicEnabled": false, "micVolume": 0,
        "videoMode": "default", "hdrType": "auto", "hasPackageCamera": false, "activePatrolSlot": null,
        "osdSettings": {
            "isNameEnabled": true, "isDateEnabled": true, "isLogoEnabled": false, "isDebugEnabled": false,
            "overlayLocation": "topLeft",
        },
        "ledSettings": {"isEnabled": false, "welcomeLed": false, "floodLed": false},
        "featureFlags": {
            "supportFullHdSnapshot": true, "hasHdr": true, "smartDetectTypes": ["person"],
            "smartDetectAudioTypes": [], "videoModes": ["default"], "hasMic": false, "hasLedStatus": true,
            "hasSpeaker": false,
        },
        "smartDetectSettings": {"objectTypes": [], "audioTypes": []},
    })
}

fn error(status: StatusCode, words: &str) -> Response {
    let body = json!({"error": format!("SIMULATED: {words}"), "name": "API_ERROR"});
    (status, axum::Json(body)).into_response()
}

fn key(dir: &Path) -> io::Result<(String, PathBuf)> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    let key: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::create_dir_all(dir)?;
    let path = dir.join("protect-key");
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    io::Write::write_all(&mut file, key.as_bytes())?;
    Ok((key, path))
}
