//! A push service for the tests: strict in its headers (RFC 8030, 8188, 8292), told what to answer, and a
//! browser of our own that decrypts.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::Value;
use tokio::sync::watch;
use web_push_native::Auth;
use web_push_native::p256::SecretKey;
use web_push_native::p256::elliptic_curve::sec1::ToEncodedPoint;

pub struct Taken {
    pub ttl: u32,
    pub urgency: String,
    pub topic: String,
    pub message: Value,
}

struct Inner {
    answer: StatusCode,
    taken: Vec<Taken>,
    complaints: Vec<String>,
    requests: usize,
}

/// A push service with one browser.
pub struct PushService {
    pub endpoint: String,
    pub p256dh: String,
    pub auth: String,
    inner: Arc<Mutex<Inner>>,
    changed: watch::Sender<u64>,
}

type Shared = (Arc<Mutex<Inner>>, watch::Sender<u64>, SecretKey, [u8; 16], String);

impl PushService {
    pub async fn start() -> PushService {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let secret = SecretKey::from_slice(&[7; 32]).unwrap();
        let public = secret.public_key().to_encoded_point(false);
        let inner =
            Inner { answer: StatusCode::CREATED, taken: Vec::new(), complaints: Vec::new(), requests: 0 };
        let inner = Arc::new(Mutex::new(inner));
        let changed = watch::Sender::new(0);
        let shared: Shared = (inner.clone(), changed.clone(), secret, [9; 16], origin.clone());
        let app = Router::new().route("/push/browser", post(take)).with_state(shared);
        tokio::spawn(async move { axum::serve(listener, app).await });
        PushService {
            endpoint: format!("{origin}/push/browser"),
            p256dh: BASE64.encode(public.as_bytes()),
            auth: BASE64.encode([9; 16]),
            inner,
            changed,
        }
    }

    pub fn answer(&self, status: u16) {
        self.inner.lock().unwrap().answer = StatusCode::from_u16(status).unwrap();
    }

    pub fn requests(&self) -> usize {
        self.inner.lock().unwrap().requests
    }

    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Looks at what came, in order.
    pub fn taken<T>(&self, look: impl FnOnce(&[Taken]) -> T) -> T {
        let inner = self.inner.lock().unwrap();
        assert!(inner.complaints.is_empty(), "{:?}", inner.complaints);
        look(&inner.taken)
    }
}

async fn take(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let (inner, changed, secret, auth, origin) = shared;
    let answer = {
        let mut inner = inner.lock().unwrap();
        inner.requests += 1;
        match (inner.answer, check(&headers, &body, &secret, &auth, &origin)) {
            (StatusCode::CREATED, Ok(taken)) => {
                inner.taken.push(taken);
                StatusCode::CREATED
            }
            (StatusCode::CREATED, Err(why)) => {
                inner.complaints.push(why);
                StatusCode::BAD_REQUEST
            }
            (other, _) => other,
        }
    };
    changed.send_modify(|n| *n += 1);
    answer.into_response()
}

fn check(
    headers: &HeaderMap,
    body: &[u8],
    secret: &SecretKey,
    auth: &[u8],
    origin: &str,
) -> Result<Taken, String> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    if text("content-encoding") != "aes128gcm" || body.len() > 4096 {
        return Err("encoding or length".into());
    }
    let ttl = text("ttl").parse().map_err(|_| "TTL is required")?;
    let topic = text("topic");
    if topic.len() > 32 || !topic.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return Err(format!("topic {topic}"));
    }
    let urgency = text("urgency");
    if !["very-low", "low", "normal", "high"].contains(&urgency.as_str()) {
        return Err(format!("urgency {urgency}"));
    }
    let vapid = text("authorization");
    let token = vapid.strip_prefix("vapid t=").and_then(|v| v.split(", k=").next()).ok_or("no VAPID")?;
    let claims = token.split('.').nth(1).and_then(|c| BASE64.decode(c).ok()).ok_or("no claims")?;
    let claims: Value = serde_json::from_slice(&claims).map_err(|e| e.to_string())?;
    if claims["aud"] != origin || !claims["sub"].as_str().unwrap_or_default().starts_with("mailto:") {
        return Err(format!("claims {claims}"));
    }
    let plain =
        web_push_native::decrypt(body.to_vec(), secret, Auth::from_slice(auth)).map_err(|e| e.to_string())?;
    let message = serde_json::from_slice(&plain).map_err(|e| e.to_string())?;
    Ok(Taken { ttl, urgency, topic, message })
}
