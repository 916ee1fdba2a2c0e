//! Where webhooks come in: the text provider's at `POST /hooks/texts/<provider>`, the door controller's at
//! `POST /hooks/access`.
//!
//! Owns size, pace and answers; believes nobody. The signature over the raw bytes is the only credential,
//! and whoever carries texts or doors checks it ([`TextHooks`], [`AccessHooks`](crate::device::access_hook::AccessHooks)).
//! Of texts, 2xx only after what was told is committed; anything else makes the provider come again.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::app::AppState;
use super::client::Client;
use super::error::Error;
use crate::device::access_hook::NotTaken;

/// Largest body of a webhook, in bytes.
const BODY: usize = 256 * 1024;

/// What takes a provider's webhooks.
#[async_trait]
pub trait TextHooks: Send + Sync {
    /// The last part of the address: `quo`, `twilio`.
    fn provider(&self) -> &str;
    /// Checks and commits. `headers` have names in lower case, `body` is as it came.
    async fn take(&self, headers: &[(String, String)], body: &[u8]) -> HookAnswer;

    /// Counters of the line to the provider since the program started, for `/metrics`.
    fn figures(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }

    /// When the provider was last asked for new texts and answered.
    fn polled_at(&self) -> Option<crate::clock::UnixMs> {
        None
    }
}

/// What became of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookAnswer {
    /// 204: committed, now or before.
    Taken,
    /// 401: unsigned, forged or too old.
    NotBelieved(String),
    /// 400: believed, and not to be read.
    Unreadable(String),
    /// 503: not committed; it is to come again.
    Busy,
}

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/hooks/texts/{provider}", post(take))
        .route("/hooks/access", post(take_access))
        .layer(DefaultBodyLimit::max(BODY))
}

async fn take_access(
    State(app): State<AppState>,
    Client(client): Client,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Error> {
    let hooks = app.access_hooks.as_ref();
    let hooks = hooks.ok_or_else(|| Error::not_found("no webhooks of doors are taken here"))?;
    let now = app.now();
    app.hooks.check(&client, now).map_err(|wait| Error::too_many("too many webhooks", wait))?;
    app.hooks.note(&client, now);
    let signature = headers.get("signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let not_taken = match hooks.take(signature, &body, now) {
        Ok(()) => return Ok(StatusCode::NO_CONTENT),
        Err(not_taken) => not_taken,
    };
    let (status, mend) = match not_taken {
        NotTaken::Forged | NotTaken::Stale => {
            (StatusCode::UNAUTHORIZED, "sign it with the secret this box knows, now")
        }
        NotTaken::Replayed => (StatusCode::CONFLICT, "send each webhook once"),
        NotTaken::Unreadable(_) => (StatusCode::BAD_REQUEST, "send what the controller's documents say"),
    };
    Err(Error::new(status, not_taken.to_string(), mend))
}

async fn take(
    State(app): State<AppState>,
    Path(provider): Path<String>,
    Client(client): Client,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let hooks: Arc<dyn TextHooks> = app
        .text_hooks
        .clone()
        .filter(|hooks| hooks.provider() == provider)
        .ok_or_else(|| Error::not_found("no such provider is configured"))?;
    let now = app.now();
    app.hooks.check(&client, now).map_err(|wait| Error::too_many("too many webhooks", wait))?;
    app.hooks.note(&client, now);
    let headers: Vec<(String, String)> = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    match hooks.take(&headers, &body).await {
        HookAnswer::Taken => Ok(StatusCode::NO_CONTENT.into_response()),
        HookAnswer::NotBelieved(why) => {
            Err(Error::new(StatusCode::UNAUTHORIZED, why, "sign it with the secret this box knows, now"))
        }
        HookAnswer::Unreadable(why) => {
            Err(Error::new(StatusCode::BAD_REQUEST, why, "send what the provider's documents say"))
        }
        HookAnswer::Busy => {
            let again = [(header::RETRY_AFTER, "30")];
            Ok((StatusCode::SERVICE_UNAVAILABLE, again).into_response())
        }
    }
}
