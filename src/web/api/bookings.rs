//! The feed of bookings: the whole list at a time, as JSON or CSV.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::booking;
use crate::web::app::AppState;
use crate::web::auth::Staff;
use crate::web::bookings::{BookingBody, check, from_csv, from_json};
use crate::web::error::{Error, ErrorBody};

/// Name of what came in here, in the `booking` table.
const SOURCE: &str = "feed";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Bookings from yesterday to a month from now.
#[utoipa::path(get, path = "/api/v1/bookings", tag = "bookings", responses(
    (status = 200, body = [BookingBody]), (status = 401, body = ErrorBody)))]
pub async fn list(State(app): State<AppState>, _: Staff) -> Result<Json<Vec<BookingBody>>, Error> {
    let rows = app.look(|conn, now| booking::between(conn, now - DAY, now + DAY * 31)).await?;
    Ok(Json(rows.iter().map(BookingBody::of).collect()))
}

#[derive(Serialize, ToSchema)]
pub struct Stored {
    /// How many bookings the feed has now.
    pub stored: usize,
}

/// Replace the whole feed. All of it is valid, or nothing is stored. Managers only.
#[utoipa::path(put, path = "/api/v1/bookings", tag = "bookings",
    request_body(content((Vec<BookingBody> = "application/json"), (String = "text/csv")), description = "The list, or CSV with the header id,phone,name,bay,from,to,reference,pin"),
    responses((status = 200, body = Stored), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 413, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn replace(
    State(app): State<AppState>,
    staff: Staff,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Stored>, Error> {
    staff.manager()?;
    let bodies = read(&headers, &body?)?;
    let bookings = check(&app.site, &bodies)?;
    let stored = bookings.len();
    app.desk.call(move |desk| desk.put_bookings(&bookings, SOURCE)).await??;
    Ok(Json(Stored { stored }))
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<Vec<BookingBody>, Error> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if kind.starts_with("text/csv") {
        return from_csv(body);
    }
    from_json(body)
}
