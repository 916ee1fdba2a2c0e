//! A simulated NinjaOne on real HTTPS: sessions by both grants, one PC, its reboot. Every name says SIMULATED, every
//! answer carries [`SIMULATED_HEADER`].
//!
//! Owns the pretended account; keeps every request, so that tests can hold it against the published document; can be
//! told to answer badly ([`Trouble`]).

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::access_server::{AccessServerError, certificate};
use crate::device::access::SIMULATED_HEADER;
use crate::site::lan::NinjaOne;

/// The PC's id.
pub const PC: u32 = 4711;
const CLIENT: &str = "SIMULATED-client";

/// How the account misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Tokens only at `/oauth/token`.
    OtherDoor,
    /// Reboots only for a person's token.
    NeedsPerson,
    /// The PC is offline.
    Offline,
    /// 429 to everything but tokens, with these seconds.
    TooMany(u64),
    Html,
    Truncated,
    Huge,
    Redirect,
    /// Takes the reboot and never answers.
    Silent,
    /// Takes no session.
    NoSession,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub content_type: String,
    pub body: String,
}

/// The running account; it ends with the value.
pub struct NinjaOneServer {
    address: SocketAddr,
    fingerprint: String,
    secret_file: PathBuf,
    refresh_file: PathBuf,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

struct Shared {
    secret: String,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    trouble: Option<Trouble>,
    asked: Vec<Asked>,
    refresh: String,
    /// Token, and whether a person stands behind it.
    session: Option<(String, bool)>,
}

impl NinjaOneServer {
    /// Starts on loopback, on a free port. Its secrets are written to `dir`.
    ///
    /// # Errors
    /// [`AccessServerError`]: certificate, files or port cannot be used.
    pub fn start(dir: &Path) -> Result<NinjaOneServer, AccessServerError> {
        let (tls, fingerprint) = certificate()?;
        let (secret, refresh) = (random()?, random()?);
        let secret_file = written(dir, "ninjaone-secret", &secret)?;
        let refresh_file = written(dir, "ninjaone-refresh", &refresh)?;
        let inner = Mutex::new(Inner { refresh, ..Inner::default() });
        let shared = Arc::new(Shared { secret, inner });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let server = axum_server::from_tcp_rustls(listener, tls)?;
        let app = Router::new().fallback(answer).with_state(shared.clone());
        let task = tokio::spawn(async move {
            if let Err(error) = server.serve(app.into_make_service()).await {
                tracing::warn!(%error, "the simulated NinjaOne ended");
            }
        });
        Ok(NinjaOneServer { address, fingerprint, secret_file, refresh_file, shared, task })
    }

    /// The PC as a site names it; as a person or as a program.
    pub fn settings(&self, person: bool) -> NinjaOne {
        NinjaOne {
            host: self.address.to_string(),
            device_id: PC,
            client_id: CLIENT.to_owned(),
            client_secret_file: self.secret_file.clone(),
            refresh_token_file: person.then(|| self.refresh_file.clone()),
            forced: false,
            certificate_sha256: Some(self.fingerprint.clone()),
        }
    }

    pub fn set_trouble(&self, trouble: Option<Trouble>) {
        self.shared.inner().trouble = trouble;
    }

    /// Ends the session before its time.
    pub fn end_session(&self) {
        self.shared.inner().session = None;
    }

    /// Every request, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.inner().asked.clone()
    }

    /// Reboots that were asked for.
    pub fn reboots(&self) -> Vec<Asked> {
        self.asked().into_iter().filter(|asked| asked.path.contains("/reboot/")).collect()
    }

    /// The refresh token that is worth something now.
    pub fn refresh_token(&self) -> String {
        self.shared.inner().refresh.clone()
    }

    /// What must never be said anywhere.
    pub fn secrets(&self) -> Vec<String> {
        let inner = self.shared.inner();
        let token = inner.session.iter().map(|(token, _)| token.clone());
        [self.shared.secret.clone(), inner.refresh.clone()].into_iter().chain(token).collect()
    }
}

impl Drop for NinjaOneServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn grant(&self, body: &[u8]) -> Response {
        let form = form(body);
        let is = |key: &str, value: &str| form.iter().any(|(k, v)| k == key && v == value);
        let mut inner = self.inner();
        let known = is("client_id", CLIENT) && is("client_secret", &self.secret);
        let program = is("grant_type", "client_credentials") && is("scope", "monitoring management");
        let person = is("grant_type", "refresh_token") && is("refresh_token", &inner.refresh);
        if !known || !(program || person) {
            let error = if known { "invalid_grant" } else { "invalid_client" };
            return (StatusCode::BAD_REQUEST, axum::Json(json!({"error": error}))).into_response();
        }
        let token = random().unwrap_or_default();
        let mut answer = json!({
            "access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": "monitoring management",
        });
        if person {
            // It changes every time, and the old one is worth nothing.
            inner.refresh = random().unwrap_or_default();
            answer["refresh_token"] = json!(inner.refresh);
        }
        inner.session = Some((token, person));
        axum::Json(answer).into_response()
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let trouble = {
        let mut inner = shared.inner();
        let text = |name| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        inner.asked.push(Asked {
            method: method.to_string(),
            path: uri.to_string(),
            content_type: text(header::CONTENT_TYPE),
            body: String::from_utf8_lossy(&body).into_owned(),
        });
        inner.trouble
    };
    let mut response = routed(&shared, trouble, &method, uri.path(), &headers, &body).await;
    response
        .headers_mut()
        .insert(HeaderName::from_static(SIMULATED_HEADER), HeaderValue::from_static("true"));
    response
}

async fn routed(
    shared: &Shared,
    trouble: Option<Trouble>,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    let html = [(header::CONTENT_TYPE, "text/html")];
    match (method, path) {
        (&Method::POST, "/ws/oauth/token") if trouble == Some(Trouble::OtherDoor) => {
            return StatusCode::METHOD_NOT_ALLOWED.into_response();
        }
        (&Method::POST, "/oauth/token") if trouble != Some(Trouble::OtherDoor) => {
            return StatusCode::METHOD_NOT_ALLOWED.into_response();
        }
        (&Method::POST, "/ws/oauth/token" | "/oauth/token") => return shared.grant(body),
        _ => {}
    }
    let bearer = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()?.strip_prefix("Bearer "));
    let person = shared.inner().session.as_ref().filter(|(t, _)| bearer == Some(t.as_str())).map(|(_, p)| *p);
    let Some(person) = person.filter(|_| trouble != Some(Trouble::NoSession)) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    match trouble {
        Some(Trouble::TooMany(seconds)) => {
            return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds.to_string())]).into_response();
        }
        Some(Trouble::Html) => return (html, "<html>SIMULATED</html>").into_response(),
        Some(Trouble::Truncated) => return r#"{"id":4711,"offl"#.into_response(),
        Some(Trouble::Huge) => return "x".repeat(10_000_000).into_response(),
        Some(Trouble::Redirect) => {
            return (StatusCode::FOUND, [(header::LOCATION, "https://localhost/login")]).into_response();
        }
        _ => {}
    }
    let device = format!("/v2/device/{PC}");
    match (method, path.strip_prefix(&device)) {
        (&Method::GET, Some("")) => axum::Json(json!({
            "id": PC, "nodeClass": "WINDOWS_WORKSTATION", "approvalStatus": "APPROVED",
            "offline": trouble == Some(Trouble::Offline), "displayName": "SIMULATED", "systemName": "SIMULATED",
            "lastContact": 1_796_000_000.5,
        }))
        .into_response(),
        (&Method::POST, Some("/reboot/NORMAL" | "/reboot/FORCED")) => match trouble {
            Some(Trouble::NeedsPerson) if !person => {
                (StatusCode::FORBIDDEN, axum::Json(json!({"resultCode": "FAILURE"}))).into_response()
            }
            Some(Trouble::Silent) => std::future::pending().await,
            _ => StatusCode::NO_CONTENT.into_response(),
        },
        _ => (StatusCode::NOT_FOUND, axum::Json(json!({"resultCode": "DEVICE_NOT_FOUND"}))).into_response(),
    }
}

/// A form's pairs. What a client of these writes needs no decoding but of the space.
fn form(body: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(body);
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.replace('+', " ").replace("%20", " "))).collect()
}

fn random() -> io::Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn written(dir: &Path, name: &str, secret: &str) -> io::Result<PathBuf> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::create_dir_all(dir)?;
    let path = dir.join(name);
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    io::Write::write_all(&mut file, secret.as_bytes())?;
    Ok(path)
}
