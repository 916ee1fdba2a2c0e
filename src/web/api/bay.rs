//! The bay page's own API, for who proved presence there.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};

use super::Body;
use super::console::{ReceivedBody, TextBody};
use crate::web::app::AppState;
use crate::web::client::check_origin;
use crate::web::error::{Error, ErrorBody};
use crate::web::pages::bay::{grant, no_presence, say};
use crate::web::pages::checked_text;
use crate::web::view::bay::{BayMessage, messages};

/// What was said in this booking or occupancy. Needs the cookie that a right screen code gives.
#[utoipa::path(get, path = "/api/v1/bay/messages", tag = "bay", responses(
    (status = 200, body = [BayMessage]), (status = 401, body = ErrorBody)))]
pub async fn list(State(app): State<AppState>, headers: HeaderMap) -> Result<Json<Vec<BayMessage>>, Error> {
    let (_, grant) = grant(&app, &headers).await?.ok_or_else(no_presence)?;
    app.view(move |look| messages(look, grant.thread_id, 0)).await.map(Json)
}

/// Write to the club from the bay.
#[utoipa::path(post, path = "/api/v1/bay/messages", tag = "bay", request_body = TextBody, responses(
    (status = 202, body = ReceivedBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 413, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn post(
    State(app): State<AppState>,
    headers: HeaderMap,
    Body(body): Body<TextBody>,
) -> Result<(StatusCode, Json<ReceivedBody>), Error> {
    check_origin(&Method::POST, &headers)?;
    let (_, grant) = grant(&app, &headers).await?.ok_or_else(no_presence)?;
    let received = say(&app, &grant, checked_text(body.text)?, body.id).await?;
    Ok((StatusCode::ACCEPTED, Json(received.into())))
}
