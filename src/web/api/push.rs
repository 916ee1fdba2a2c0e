//! Browsers that ring for the person who is signed in on them (Push API, RFC 8030).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Body;
use crate::store::{StoreError, push};
use crate::web::app::{App, AppState};
use crate::web::auth::Staff;
use crate::web::error::{Error, ErrorBody};

/// Longest address of a browser at its push service.
const LONGEST: usize = 2048;

#[derive(Serialize, ToSchema)]
pub struct KeyBody {
    /// `applicationServerKey`: 65 bytes, base64url without padding.
    pub key: String,
}

/// What browsers register with.
#[utoipa::path(get, path = "/api/v1/push/key", tag = "push", responses(
    (status = 200, body = KeyBody), (status = 401, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn key(State(app): State<AppState>, _: Staff) -> Result<Json<KeyBody>, Error> {
    let key = app.people.push_key().ok_or_else(off)?.to_owned();
    Ok(Json(KeyBody { key }))
}

fn off() -> Error {
    let mend = "write `[notify.push]` with a contact into site.toml";
    Error::new(StatusCode::CONFLICT, "browsers cannot be rung: push is not set up", mend)
}

/// `PushSubscription.toJSON()` as the browser gives it.
#[derive(Deserialize, ToSchema)]
pub struct SubscriptionBody {
    pub endpoint: String,
    pub keys: Keys,
    /// It was registered before: 410 if the box has forgotten it since, because its push service no longer
    /// knows it. The browser then sets itself up anew.
    #[serde(default)]
    pub again: bool,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// The browser's public key, base64url.
    pub p256dh: String,
    /// Its secret for this subscription, base64url.
    pub auth: String,
}

/// Ring me on this device.
#[utoipa::path(post, path = "/api/v1/push/subscriptions", tag = "push", request_body = SubscriptionBody, responses(
    (status = 204), (status = 401, body = ErrorBody), (status = 409, body = ErrorBody), (status = 410, body = ErrorBody),
    (status = 422, body = ErrorBody)))]
pub async fn subscribe(
    State(app): State<AppState>,
    staff: Staff,
    Body(body): Body<SubscriptionBody>,
) -> Result<StatusCode, Error> {
    app.people.push_key().ok_or_else(off)?;
    check_endpoint(&app, &body.endpoint)?;
    let (p256dh, auth) = (key_of(&body.keys.p256dh, 65)?, key_of(&body.keys.auth, 16)?);
    let put = app.write(move |conn, now| {
        let known = !body.again || push::is_known(conn, &body.endpoint)?;
        if known {
            push::put(conn, &staff.name, &body.endpoint, &p256dh, &auth, now)?;
        }
        Ok::<_, StoreError>(known)
    });
    if !put.await? {
        let mend = "subscribe anew and send what the browser gives then";
        return Err(Error::new(
            StatusCode::GONE,
            "this browser was forgotten: its push service lost it",
            mend,
        ));
    }
    tell_desk(&app).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointBody {
    pub endpoint: String,
}

/// No longer ring me on this device.
#[utoipa::path(delete, path = "/api/v1/push/subscriptions", tag = "push", request_body = EndpointBody, responses(
    (status = 204), (status = 401, body = ErrorBody)))]
pub async fn unsubscribe(
    State(app): State<AppState>,
    staff: Staff,
    Body(body): Body<EndpointBody>,
) -> Result<StatusCode, Error> {
    app.write(move |conn, _| push::remove(conn, &staff.name, &body.endpoint).map(|_| ())).await?;
    tell_desk(&app).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The ladder waits for nobody who has no browser.
async fn tell_desk(app: &App) -> Result<(), Error> {
    let told = app.desk.call(|desk| {
        let people = push::people(desk.store_ref().conn())?;
        desk.set_reachable("push", people);
        Ok::<_, StoreError>(())
    });
    told.await?.map_err(Into::into)
}

/// The box sends requests there: a push service on the internet, nothing in the house. A simulated club may
/// ring a push service on its own machine.
fn check_endpoint(app: &App, endpoint: &str) -> Result<(), Error> {
    let wrong = || Error::invalid("this is no address of a push service", "send what the browser gave");
    if endpoint.len() > LONGEST {
        return Err(wrong());
    }
    let url: Url = endpoint.parse().map_err(|_| wrong())?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(wrong());
    }
    let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1"));
    if app.simulated() && here {
        return Ok(());
    }
    let named = url.domain().is_some_and(|name| name.contains('.') && !name.ends_with(".local"));
    if url.scheme() == "https" && named && url.port().is_none() { Ok(()) } else { Err(wrong()) }
}

/// A key of so many bytes; browsers differ in padding.
fn key_of(text: &str, bytes: usize) -> Result<String, Error> {
    let plain = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    let right = BASE64.decode(&plain).is_ok_and(|key| key.len() == bytes);
    if right {
        Ok(plain)
    } else {
        Err(Error::invalid("a key of the subscription is none", "send what the browser gave"))
    }
}
