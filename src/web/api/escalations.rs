//! Escalations: what waits for a person.

use axum::Json;
use axum::extract::{Path, State};

use crate::desk::Acknowledged;
use crate::store::escalation as table;
use crate::web::app::{App, AppState};
use crate::web::auth::Staff;
use crate::web::error::{Error, ErrorBody};
use crate::web::view::escalation::{self, EscalationView};

/// All that are open, the most urgent first.
#[utoipa::path(get, path = "/api/v1/escalations", tag = "escalations", responses(
    (status = 200, body = [EscalationView]), (status = 401, body = ErrorBody)))]
pub async fn list(State(app): State<AppState>, _: Staff) -> Result<Json<Vec<EscalationView>>, Error> {
    app.view(escalation::open).await.map(Json)
}

/// Acknowledge: somebody looks after it, nobody else is called.
#[utoipa::path(post, path = "/api/v1/escalations/{id}/ack", tag = "escalations", params(("id" = i64, Path)), responses(
    (status = 200, body = EscalationView), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn ack(
    State(app): State<AppState>,
    staff: Staff,
    Path(id): Path<i64>,
) -> Result<Json<EscalationView>, Error> {
    acknowledge(&app, &staff, id).await?;
    view(&app, id).await
}

/// The first to say so has it; whoever comes later is shown who that is.
///
/// # Errors
/// 404.
pub async fn acknowledge(app: &App, staff: &Staff, id: i64) -> Result<(), Error> {
    let who = staff.operator();
    match app.desk.call(move |desk| desk.acknowledge(id, &who)).await?? {
        Acknowledged::NoSuch => Err(none()),
        Acknowledged::First | Acknowledged::Already { .. } => Ok(()),
    }
}

/// Close: the matter is done. What else waits in the same conversation still waits.
#[utoipa::path(post, path = "/api/v1/escalations/{id}/close", tag = "escalations", params(("id" = i64, Path)), responses(
    (status = 200, body = EscalationView), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn close(
    State(app): State<AppState>,
    staff: Staff,
    Path(id): Path<i64>,
) -> Result<Json<EscalationView>, Error> {
    finish(&app, &staff, id).await?;
    view(&app, id).await
}

/// # Errors
/// 404.
pub async fn finish(app: &App, staff: &Staff, id: i64) -> Result<(), Error> {
    let who = staff.operator();
    let there = app.desk.call(move |desk| desk.close_escalation(id, &who)).await??;
    if there { Ok(()) } else { Err(none()) }
}

fn none() -> Error {
    Error::not_found("there is no such escalation")
}

async fn row(app: &App, id: i64) -> Result<table::Escalation, Error> {
    let row = app.look(move |conn, _| table::get(conn, id)).await?;
    row.ok_or_else(none)
}

async fn view(app: &App, id: i64) -> Result<Json<EscalationView>, Error> {
    let row = row(app, id).await?;
    app.view(move |look| escalation::view(look, &row)).await.map(Json)
}
