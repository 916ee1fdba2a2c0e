//! A simulated ntfy server: JSON publishing to its root. Everything it answers says `simulated`.
//!
//! Strict: what the real one would refuse is refused and written down. Can be full, wrong, silent, or want
//! another token ([`Fault`]).

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::sync::watch;

/// How it misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 429 with `Retry-After` in seconds.
    TooMany(u32),
    /// 500.
    Unwell,
    /// A web page with 200.
    Html,
    /// Never answers.
    Silent,
    /// The token is not good for the topic.
    Forbidden,
}

/// The running server; it ends with the value.
pub struct FakeNtfy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

struct Shared {
    token: Option<String>,
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    fault: Option<Fault>,
    published: Vec<Value>,
    complaints: Vec<String>,
    requests: usize,
}

impl Shared {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FakeNtfy {
    /// Starts on loopback; port 0 takes a free one. `token`: what it wants as a bearer token.
    ///
    /// # Errors
    /// What the socket says.
    pub async fn start(port: u16, token: Option<&str>) -> io::Result<FakeNtfy> {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let token = token.map(str::to_owned);
        let shared = Arc::new(Shared { token, inner: Mutex::default(), changed: watch::Sender::new(0) });
        let app = Router::new().route("/", post(publish)).with_state(shared.clone());
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                tracing::warn!(%error, "the simulated ntfy ended");
            }
        });
        Ok(FakeNtfy { address, shared, task })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn set_fault(&self, fault: Option<Fault>) {
        self.shared.inner().fault = fault;
    }

    /// What was published, oldest first, as it came.
    pub fn published(&self) -> Vec<Value> {
        self.shared.inner().published.clone()
    }

    /// Everything the real one would not have taken.
    pub fn complaints(&self) -> Vec<String> {
        self.shared.inner().complaints.clone()
    }

    /// How many requests came in, refused ones too.
    pub fn requests(&self) -> usize {
        self.shared.inner().requests
    }

    /// Counts up with every request.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changed.subscribe()
    }
}

impl Drop for FakeNtfy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn publish(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let answer = answer(&shared, &headers, &body).await;
    shared.changed.send_modify(|n| *n += 1);
    answer
}

async fn answer(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> Response {
    let fault = {
        let mut inner = shared.inner();
        inner.requests += 1;
        inner.fault
    };
    match fault {
        Some(Fault::TooMany(seconds)) => {
            let head = [(header::RETRY_AFTER, seconds.to_string())];
            return (StatusCode::TOO_MANY_REQUESTS, head, "limit reached").into_response();
        }
        Some(Fault::Unwell) => return (StatusCode::INTERNAL_SERVER_ERROR, "simulated").into_response(),
        Some(Fault::Html) => return "<html>simulated: sign in to this network</html>".into_response(),
        Some(Fault::Silent) => return std::future::pending().await,
        Some(Fault::Forbidden) => return refusal(StatusCode::FORBIDDEN, 40301, "forbidden"),
        None => {}
    }
    let bearer = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let bearer = bearer.and_then(|v| v.strip_prefix("Bearer "));
    if bearer != shared.token.as_deref() {
        return refusal(StatusCode::UNAUTHORIZED, 40101, "unauthorized");
    }
    match check(body) {
        Ok(message) => {
            let mut inner = shared.inner();
            let id = format!("simulated{}", inner.published.len());
            let answer = json!({"id": id, "time": 1_795_223_040, "expires": 1_795_266_240, "event": "message",
                "topic": message["topic"], "message": message["message"], "simulated": true});
            inner.published.push(message);
            axum::Json(answer).into_response()
        }
        Err(why) => {
            shared.inner().complaints.push(why);
            refusal(StatusCode::BAD_REQUEST, 40024, "invalid request: body must be message JSON")
        }
    }
}

fn refusal(status: StatusCode, code: u32, error: &str) -> Response {
    let body = json!({"code": code, "http": status.as_u16(), "error": error, "simulated": true});
    (status, axum::Json(body)).into_response()
}

/// docs.ntfy.sh, "Publish as JSON" and "Action buttons".
fn check(body: &[u8]) -> Result<Value, String> {
    let message: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    const KNOWN: [&str; 8] =
        ["topic", "title", "message", "priority", "tags", "click", "actions", "markdown"];
    for key in message.as_object().ok_or("no object")?.keys() {
        if !KNOWN.contains(&key.as_str()) {
            return Err(format!("there is no field {key}"));
        }
    }
    let topic = message["topic"].as_str().unwrap_or_default();
    let right = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if topic.is_empty() || topic.len() > 64 || !topic.bytes().all(right) {
        return Err("a topic that is none".into());
    }
    if message["message"].as_str().is_none_or(|m| m.is_empty() || m.len() > 4096) {
        return Err("no message, or one of more than 4096 bytes".into());
    }
    if message["priority"].as_i64().is_some_and(|p| !(1..=5).contains(&p)) {
        return Err("a priority outside 1 to 5".into());
    }
    let actions = message["actions"].as_array().cloned().unwrap_or_default();
    let whole = |a: &Value| a["action"] == "view" && a["label"].is_string() && a["url"].is_string();
    if actions.len() > 3 || !actions.iter().all(whole) {
        return Err("actions that are none".into());
    }
    Ok(message)
}
