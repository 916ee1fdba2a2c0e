//! The house around the conversations: notices, tickets, incidents, the line and the feed.

use axum::Json;
use axum::extract::State;

use crate::store;
use crate::web::app::{App, AppState};
use crate::web::auth::Staff;
use crate::web::error::{Error, ErrorBody};
use crate::web::view::Look;
use crate::web::view::house::{self, IncidentView, LinkView, NoticeView, TicketView};

async fn seen<T: Send + 'static>(
    app: &App,
    work: fn(Look<'_>) -> store::Result<T>,
) -> Result<Json<T>, Error> {
    app.view(work).await.map(Json)
}

/// What staff should know of the last three days, latest first.
#[utoipa::path(get, path = "/api/v1/notices", tag = "house", responses(
    (status = 200, body = [NoticeView]), (status = 401, body = ErrorBody)))]
pub async fn list(State(app): State<AppState>, _: Staff) -> Result<Json<Vec<NoticeView>>, Error> {
    seen(&app, house::notices).await
}

/// Tickets that are open, latest first.
#[utoipa::path(get, path = "/api/v1/tickets", tag = "house", responses(
    (status = 200, body = [TicketView]), (status = 401, body = ErrorBody)))]
pub async fn tickets(State(app): State<AppState>, _: Staff) -> Result<Json<Vec<TicketView>>, Error> {
    seen(&app, house::tickets).await
}

/// Incidents that are open.
#[utoipa::path(get, path = "/api/v1/incidents", tag = "house", responses(
    (status = 200, body = [IncidentView]), (status = 401, body = ErrorBody)))]
pub async fn incidents(State(app): State<AppState>, _: Staff) -> Result<Json<Vec<IncidentView>>, Error> {
    seen(&app, house::incidents).await
}

/// The line to the internet and the age of the bookings.
#[utoipa::path(get, path = "/api/v1/status", tag = "house", responses(
    (status = 200, body = LinkView), (status = 401, body = ErrorBody)))]
pub async fn status(State(app): State<AppState>, _: Staff) -> Result<Json<LinkView>, Error> {
    seen(&app, house::link).await
}
