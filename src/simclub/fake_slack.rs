//! A simulated Slack: an incoming webhook, the part of the Web API that messages need, and Socket Mode.
//! Everything it answers says `simulated`.
//!
//! Strict: a request that the real one would refuse is refused and written down as a complaint. Can be slow,
//! wrong, full, expired or gone ([`Fault`]). A simulated person presses a button by [`FakeSlack::press`].

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message as Frame, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::sync::{broadcast, oneshot, watch};

use super::fake_slack_check as check;

/// The tokens and the channel that this Slack knows.
pub const APP_TOKEN: &str = "xapp-simulated-1";
pub const BOT_TOKEN: &str = "xoxb-simulated-1";
pub const CHANNEL: &str = "C0SIMULATED";
const HOOK: &str = "/services/T0SIM/B0SIM/simulated";
/// Slack wants an envelope acknowledged within this.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(3);

/// How it misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 429 with `Retry-After` in seconds.
    TooMany(u32),
    /// 503.
    Unwell,
    /// A web page with 200.
    Html,
    /// Never answers.
    Silent,
    /// The tokens are no longer good.
    Expired,
    /// The webhook was removed (404 `no_service`), or its channel archived (410).
    Gone,
    Archived,
}

/// A message as it stands in the simulated Slack.
#[derive(Debug, Clone)]
pub struct Posted {
    /// Its name in the channel.
    pub ts: String,
    /// The message it is an answer to.
    pub below: Option<String>,
    pub text: String,
    pub blocks: Value,
    /// Through the webhook, else by the bot.
    pub by_webhook: bool,
    /// How often it was changed.
    pub changes: u32,
}

impl Posted {
    /// Buttons that come back: action id and label.
    pub fn buttons(&self) -> Vec<(String, String)> {
        let blocks = self.blocks.as_array().cloned().unwrap_or_default();
        let elements = blocks.iter().filter_map(|b| b["elements"].as_array()).flatten();
        elements
            .filter(|e| e["type"] == "button" && e["url"].is_null())
            .filter_map(|e| {
                Some((e["action_id"].as_str()?.to_owned(), e["text"]["text"].as_str()?.to_owned()))
            })
            .collect()
    }
}

/// The running Slack; it ends with the value.
pub struct FakeSlack {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

struct Shared {
    address: SocketAddr,
    inner: Mutex<Inner>,
    count: AtomicU64,
    /// What every open socket is to send.
    push: broadcast::Sender<Push>,
    /// Counts up whenever something arrived.
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    fault: Option<Fault>,
    posted: Vec<Posted>,
    whispers: Vec<(String, String)>,
    complaints: Vec<String>,
    tickets: Vec<String>,
    sockets: usize,
    waiting: BTreeMap<String, oneshot::Sender<()>>,
    requests: usize,
}

#[derive(Debug, Clone)]
enum Push {
    Text(String),
    /// The connection breaks without a word.
    Drop,
}

impl FakeSlack {
    /// Starts on loopback; port 0 takes a free one.
    ///
    /// # Errors
    /// What the socket says.
    pub async fn start(port: u16) -> io::Result<FakeSlack> {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            address,
            inner: Mutex::default(),
            count: AtomicU64::new(1),
            push: broadcast::Sender::new(64),
            changed: watch::Sender::new(0),
        });
        let app = Router::new()
            .route(HOOK, post(webhook))
            .route("/api/{method}", post(api))
            .route("/link", get(link))
            .with_state(shared.clone());
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                tracing::warn!(%error, "the simulated Slack ended");
            }
        });
        Ok(FakeSlack { address, shared, task })
    }

    pub fn webhook_url(&self) -> String {
        format!("http://{}{HOOK}", self.address)
    }

    pub fn api_base(&self) -> String {
        format!("http://{}/api", self.address)
    }

    pub fn set_fault(&self, fault: Option<Fault>) {
        self.shared.inner().fault = fault;
    }

    /// All messages, oldest first, as they stand now.
    pub fn posted(&self) -> Vec<Posted> {
        self.shared.inner().posted.clone()
    }

    /// What only one user was told: user and text.
    pub fn whispers(&self) -> Vec<(String, String)> {
        self.shared.inner().whispers.clone()
    }

    /// Everything the real Slack would not have taken.
    pub fn complaints(&self) -> Vec<String> {
        self.shared.inner().complaints.clone()
    }

    /// How many requests came in, refused ones too.
    pub fn requests(&self) -> usize {
        self.shared.inner().requests
    }

    pub fn sockets(&self) -> usize {
        self.shared.inner().sockets
    }

    /// Counts up whenever something arrived or a socket came or went.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changed.subscribe()
    }

    /// Sends a `disconnect` frame (`warning`, `refresh_requested`, `too_many_websockets`, `link_disabled`).
    pub fn disconnect(&self, reason: &str) {
        let frame = json!({"type": "disconnect", "reason": reason, "debug_info": {"host": "simulated"}});
        self.shared.send(Push::Text(frame.to_string()));
    }

    /// Breaks every connection without a word.
    pub fn drop_sockets(&self) {
        self.shared.send(Push::Drop);
    }

    /// Sends any text to every socket.
    pub fn send_frame(&self, text: &str) {
        self.shared.send(Push::Text(text.to_owned()));
    }

    /// A simulated person presses a button of a message.
    ///
    /// # Errors
    /// In words: no such button, nobody listens, or the press was not acknowledged within 3 s.
    pub async fn press(&self, ts: &str, action_id: &str, user: &str) -> Result<(), String> {
        let id = format!("simulated-{}", self.shared.count.fetch_add(1, Ordering::Relaxed));
        let (give, take) = oneshot::channel();
        let envelope = {
            let mut inner = self.shared.inner();
            let message = inner.posted.iter().find(|m| m.ts == ts).ok_or("there is no such message")?;
            let envelope = check::envelope(&id, message, action_id, user, CHANNEL)?;
            if inner.sockets == 0 {
                return Err("nobody listens to this Slack's buttons".into());
            }
            inner.waiting.insert(id.clone(), give);
            envelope
        };
        self.shared.send(Push::Text(envelope));
        match tokio::time::timeout(ACKNOWLEDGED_WITHIN, take).await {
            Ok(Ok(())) => Ok(()),
            _ => {
                let why = "a press was not acknowledged within 3 s";
                self.shared.complain(why);
                Err(why.into())
            }
        }
    }
}

impl Drop for FakeSlack {
    fn drop(&mut self) {
        self.task.abort();
        self.shared.send(Push::Drop);
    }
}

impl Shared {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, push: Push) {
        let _ = self.push.send(push); // nobody may listen
    }

    fn complain(&self, what: impl Into<String>) {
        self.inner().complaints.push(what.into());
        self.tell();
    }

    fn tell(&self) {
        self.changed.send_modify(|n| *n += 1);
    }

    fn next_ts(&self) -> String {
        format!("1795223040.{:06}", self.count.fetch_add(1, Ordering::Relaxed))
    }
}

/// What every request gets while something is wrong.
async fn spoilt(shared: &Shared) -> Option<Response> {
    let fault = {
        let mut inner = shared.inner();
        inner.requests += 1;
        inner.fault
    };
    shared.tell();
    Some(match fault? {
        Fault::TooMany(seconds) => {
            let head = [(header::RETRY_AFTER, seconds.to_string())];
            (StatusCode::TOO_MANY_REQUESTS, head, "rate_limited").into_response()
        }
        Fault::Unwell => (StatusCode::SERVICE_UNAVAILABLE, "simulated").into_response(),
        Fault::Html => "<html>simulated: sign in to this network</html>".into_response(),
        Fault::Silent => std::future::pending().await,
        Fault::Expired | Fault::Gone | Fault::Archived => return None,
    })
}

async fn webhook(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(spoilt) = spoilt(&shared).await {
        return spoilt;
    }
    let fault = shared.inner().fault;
    match fault {
        Some(Fault::Gone) => return (StatusCode::NOT_FOUND, "no_service").into_response(),
        Some(Fault::Archived) => return (StatusCode::GONE, "channel_is_archived").into_response(),
        _ => {}
    }
    let body = match check::message(&headers, &body) {
        Ok(body) => body,
        Err(why) => {
            shared.complain(format!("webhook: {why}"));
            return (StatusCode::BAD_REQUEST, "invalid_payload").into_response();
        }
    };
    if !body["channel"].is_null() || !body["thread_ts"].is_null() {
        shared.complain("webhook: a webhook writes to its own channel only");
    }
    post_message(&shared, &body, true);
    "ok".into_response()
}

fn post_message(shared: &Shared, body: &Value, by_webhook: bool) -> String {
    let ts = shared.next_ts();
    shared.inner().posted.push(Posted {
        ts: ts.clone(),
        below: body["thread_ts"].as_str().map(str::to_owned),
        text: body["text"].as_str().unwrap_or_default().to_owned(),
        blocks: body["blocks"].clone(),
        by_webhook,
        changes: 0,
    });
    shared.tell();
    ts
}

fn error(word: &str) -> Response {
    axum::Json(json!({"ok": false, "error": word, "simulated": true})).into_response()
}

async fn api(
    State(shared): State<Arc<Shared>>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(spoilt) = spoilt(&shared).await {
        return spoilt;
    }
    let fault = shared.inner().fault;
    if fault == Some(Fault::Expired) {
        return error("token_expired");
    }
    let token = if method == "apps.connections.open" { APP_TOKEN } else { BOT_TOKEN };
    if check::bearer(&headers) != Some(token) {
        shared.complain(format!("{method}: not the token it wants"));
        return error("invalid_auth");
    }
    if fault == Some(Fault::Archived) && method != "apps.connections.open" {
        return error("is_archived");
    }
    match answer(&shared, &method, &headers, &body) {
        Ok(answer) => axum::Json(answer).into_response(),
        Err((word, why)) => {
            shared.complain(format!("{method}: {why}"));
            error(word)
        }
    }
}

/// # Errors
/// Slack's word, and what was wrong.
fn answer(
    shared: &Shared,
    method: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Value, (&'static str, String)> {
    let wrong = |why: String| ("invalid_arguments", why);
    if method == "apps.connections.open" {
        let ticket = format!("simulated-ticket-{}", shared.count.fetch_add(1, Ordering::Relaxed));
        shared.inner().tickets.push(ticket.clone());
        return Ok(json!({"ok": true, "url": format!("ws://{}/link?ticket={ticket}", shared.address)}));
    }
    let body = check::message(headers, body).map_err(wrong)?;
    if body["channel"] != CHANNEL {
        return Err(("channel_not_found", format!("channel {}", body["channel"])));
    }
    let found = |ts: &Value| shared.inner().posted.iter().position(|m| Some(m.ts.as_str()) == ts.as_str());
    match method {
        "chat.postMessage" => {
            if !body["thread_ts"].is_null() && found(&body["thread_ts"]).is_none() {
                return Err(("thread_not_found", "an answer below no message".into()));
            }
            let ts = post_message(shared, &body, false);
            Ok(json!({"ok": true, "channel": CHANNEL, "ts": ts, "simulated": true}))
        }
        "chat.update" => {
            let at = found(&body["ts"]).ok_or(("message_not_found", format!("ts {}", body["ts"])))?;
            let mut inner = shared.inner();
            let message = &mut inner.posted[at];
            message.text = body["text"].as_str().unwrap_or_default().to_owned();
            message.blocks = body["blocks"].clone();
            message.changes += 1;
            let ts = message.ts.clone();
            drop(inner);
            shared.tell();
            Ok(json!({"ok": true, "channel": CHANNEL, "ts": ts, "simulated": true}))
        }
        "chat.postEphemeral" => {
            let user = body["user"].as_str().ok_or_else(|| wrong("no user".into()))?;
            let text = body["text"].as_str().unwrap_or_default();
            shared.inner().whispers.push((user.to_owned(), text.to_owned()));
            shared.tell();
            Ok(json!({"ok": true, "message_ts": shared.next_ts(), "simulated": true}))
        }
        _ => Err(("unknown_method", "a method that this Slack does not know".into())),
    }
}

#[derive(serde::Deserialize)]
struct Ticket {
    ticket: String,
}

async fn link(
    State(shared): State<Arc<Shared>>,
    axum::extract::Query(ticket): axum::extract::Query<Ticket>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let known = {
        let mut inner = shared.inner();
        let at = inner.tickets.iter().position(|t| *t == ticket.ticket);
        at.map(|at| inner.tickets.remove(at)).is_some()
    };
    if !known {
        shared.complain("a socket with a ticket that is unknown or used up");
        return StatusCode::FORBIDDEN.into_response();
    }
    upgrade.on_upgrade(move |socket| serve(shared, socket))
}

async fn serve(shared: Arc<Shared>, mut socket: WebSocket) {
    let mut push = shared.push.subscribe();
    shared.inner().sockets += 1;
    shared.tell();
    let hello = json!({"type": "hello", "num_connections": 1, "debug_info": {"host": "simulated", "approximate_connection_time": 18060},
        "connection_info": {"app_id": "A0SIM"}});
    let mut open = socket.send(Frame::text(hello.to_string())).await.is_ok();
    while open {
        open = tokio::select! {
            told = push.recv() => match told {
                Ok(Push::Text(text)) => {
                    let closing = text.contains("\"disconnect\"");
                    socket.send(Frame::text(text)).await.is_ok() && !closing
                }
                Ok(Push::Drop) | Err(_) => false,
            },
            heard = socket.recv() => match heard {
                Some(Ok(Frame::Text(text))) => { acknowledged(&shared, &text); true }
                Some(Ok(Frame::Close(_)) | Err(_)) | None => false,
                Some(Ok(_)) => true,
            },
        };
    }
    shared.inner().sockets -= 1;
    shared.tell();
}

fn acknowledged(shared: &Shared, text: &str) {
    let frame: Value = serde_json::from_str(text).unwrap_or_default();
    let id = frame["envelope_id"].as_str().unwrap_or_default();
    let waiting = shared.inner().waiting.remove(id);
    match waiting {
        Some(waiting) => {
            let _ = waiting.send(()); // the person may have given up
        }
        None => shared.complain("an acknowledgement of no envelope"),
    }
}
