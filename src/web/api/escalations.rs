//! Escalations: what waits for a person.

use axum::Json;
use axum::extract::{Path, State};

use super::threads::operate;
use crate::desk::Act;
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
    let row = row(&app, id).await?;
    match row.thread_id {
        Some(thread) => operate(&app, &staff, thread, Act::Acknowledge).await?,
        None => {
            app.write(move |conn, now| {
                table::acknowledge(conn, id, &staff.name, now)?;
                table::cancel_alerts(conn, id)
            })
            .await?;
        }
    }
    view(&app, id).await
}

/// Close: the matter is done. What else waits in the same conversation still waits.
#[utoipa::path(post, path = "/api/v1/escalations/{id}/close", tag = "escalations", params(("id" = i64, Path)), responses(
    (status = 200, body = EscalationView), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn close(
    State(app): State<AppState>,
    staff: Staff,
    Path(id): Path<i64>,
) -> Result<Json<EscalationView>, Error> {
    close_one(&app, &staff, id).await?;
    view(&app, id).await
}

/// Closes one escalation, in the person's name.
///
/// # Errors
/// 404 if there is none.
pub async fn close_one(app: &App, staff: &Staff, id: i64) -> Result<Option<i64>, Error> {
    let row = row(app, id).await?;
    let by = staff.name.clone();
    match row.thread_id {
        Some(thread) => operate(app, staff, thread, Act::CloseEscalation { id }).await?,
        None => {
            app.write(move |conn, now| {
                table::acknowledge(conn, id, &by, now)?;
                table::cancel_alerts(conn, id)?;
                table::close(conn, id, &by, now)
            })
            .await?;
        }
    }
    Ok(row.thread_id)
}

async fn row(app: &App, id: i64) -> Result<table::Escalation, Error> {
    let row = app.look(move |conn, _| table::get(conn, id)).await?;
    row.ok_or_else(|| Error::not_found("there is no such escalation"))
}

async fn view(app: &App, id: i64) -> Result<Json<EscalationView>, Error> {
    let row = row(app, id).await?;
    app.view(move |look| escalation::view(look, &row)).await.map(Json)
}
