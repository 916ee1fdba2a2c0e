//! Whether the box lives and is ready, for whatever watches it. Says nothing about anyone.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::booking_source;
use crate::web::app::AppState;

/// The desk answers within this, or something is wrong with it.
const ANSWERS: Duration = Duration::from_secs(5);

#[derive(Serialize, ToSchema)]
pub struct HealthBody {
    pub ok: bool,
    /// What is wrong, or `fine`.
    pub detail: &'static str,
}

fn body(ok: bool, detail: &'static str) -> (StatusCode, Json<HealthBody>) {
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(HealthBody { ok, detail }))
}

/// The process runs and the desk answers.
#[utoipa::path(get, path = "/healthz", tag = "health", responses(
    (status = 200, body = HealthBody), (status = 503, body = HealthBody)))]
pub async fn alive(State(app): State<AppState>) -> (StatusCode, Json<HealthBody>) {
    match tokio::time::timeout(ANSWERS, app.desk.call(|_| ())).await {
        Ok(Ok(())) => body(true, "fine"),
        Ok(Err(_)) => body(false, "the desk has stopped"),
        Err(_) => body(false, "the desk does not answer"),
    }
}

#[derive(Serialize, ToSchema)]
pub struct ReadyBody {
    pub ok: bool,
    /// What is wrong, or `fine`.
    pub detail: &'static str,
    /// Lists of bookings. One that is too old leaves the box ready: doors then wait for a person.
    pub bookings: Vec<FeedAge>,
}

#[derive(Serialize, ToSchema)]
pub struct FeedAge {
    pub source: String,
    /// Seconds since it was read; `null`: never.
    pub age_s: Option<u64>,
    /// No door opens by it any more.
    pub too_old: bool,
    /// The last try to read it failed.
    pub failing: bool,
}

/// The model is loaded: texts are understood. And how old the bookings are.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, body = ReadyBody), (status = 503, body = ReadyBody)))]
pub async fn ready(State(app): State<AppState>) -> (StatusCode, Json<ReadyBody>) {
    let limit = app.site.bookings.limit;
    let looked = app.look(move |conn, now| {
        let age = |source: booking_source::Source| {
            let age = source.age(now);
            FeedAge {
                age_s: age.map(|age| age.as_secs()),
                too_old: age.is_none_or(|age| age > limit),
                failing: source.error.is_some(),
                source: source.name,
            }
        };
        Ok(booking_source::all(conn)?.into_iter().map(age).collect::<Vec<_>>())
    });
    let (ok, detail, bookings) = match looked.await {
        Err(_) => (false, "the database cannot be read", Vec::new()),
        Ok(bookings) if !app.readiness.is_ready() => (false, "the model is being loaded", bookings),
        Ok(bookings) => (true, "fine", bookings),
    };
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(ReadyBody { ok, detail, bookings }))
}
