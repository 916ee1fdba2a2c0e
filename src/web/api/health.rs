//! Whether the box lives and is ready, for whatever watches it. Says nothing about anyone.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

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

/// The model is loaded: texts are understood.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, body = HealthBody), (status = 503, body = HealthBody)))]
pub async fn ready(State(app): State<AppState>) -> (StatusCode, Json<HealthBody>) {
    if app.readiness.is_ready() { body(true, "fine") } else { body(false, "the model is being loaded") }
}
