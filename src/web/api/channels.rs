//! Channels to people: how each fares, and the test button.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use crate::web::app::{App, AppState};
use crate::web::auth::Staff;
use crate::web::error::{Error, ErrorBody};
use crate::web::view::channel::{self, ChannelView};

/// How each channel fares: last delivered, last failed and why.
#[utoipa::path(get, path = "/api/v1/channels", tag = "channels", responses(
    (status = 200, body = [ChannelView]), (status = 401, body = ErrorBody)))]
pub async fn list(State(app): State<AppState>, _: Staff) -> Result<Json<Vec<ChannelView>>, Error> {
    views(&app).await.map(Json)
}

/// All of them, as they stand now.
///
/// # Errors
/// Only the database's.
pub async fn views(app: &App) -> Result<Vec<ChannelView>, Error> {
    let names = app.people.channels();
    app.view(move |look| channel::list(look, &names)).await
}

/// Send a test to yourself over one channel.
#[utoipa::path(post, path = "/api/v1/channels/{name}/test", tag = "channels", params(("name" = String, Path)), responses(
    (status = 200, body = ChannelView), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody), (status = 502, body = ErrorBody)))]
pub async fn test(
    State(app): State<AppState>,
    staff: Staff,
    Path(name): Path<String>,
) -> Result<Json<ChannelView>, Error> {
    send(&app, &staff, &name).await?;
    let view = views(&app).await?.into_iter().find(|view| view.name == name);
    view.map(Json).ok_or_else(|| Error::not_found("there is no such channel"))
}

/// Sends the test.
///
/// # Errors
/// 404 for a channel that the site does not name, 502 with the reason if it did not arrive.
pub async fn send(app: &App, staff: &Staff, name: &str) -> Result<(), Error> {
    if !app.people.channels().iter().any(|c| c.name == name) {
        return Err(Error::not_found("there is no such channel"));
    }
    let sent = app.people.test(name, &staff.name).await;
    sent.map_err(|why| Error::new(StatusCode::BAD_GATEWAY, why, "mend it and send another test"))
}
