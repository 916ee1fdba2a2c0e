//! On call: who is called first, and handing it over.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Body;
use crate::clock::UnixMs;
use crate::web::app::{App, AppState};
use crate::web::auth::Staff;
use crate::web::error::{Error, ErrorBody};
use crate::web::view::on_call::{self, OnCallView};

/// Who is on call now, and who is called after them.
#[utoipa::path(get, path = "/api/v1/on-call", tag = "people", responses(
    (status = 200, body = OnCallView), (status = 401, body = ErrorBody)))]
pub async fn show(State(app): State<AppState>, _: Staff) -> Result<Json<OnCallView>, Error> {
    app.view(on_call::on_call).await.map(Json)
}

/// One of `person` and `people`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OnCallBody {
    /// Takes the place of whoever is on call, who takes theirs.
    #[serde(default)]
    #[schema(example = "dana")]
    pub person: Option<String>,
    /// The whole order; whoever is not named stands last.
    #[serde(default)]
    pub people: Option<Vec<String>>,
    /// RFC 3339. Without it: until it is changed.
    #[serde(default)]
    #[schema(example = "2026-11-24T08:00:00Z")]
    pub until: Option<String>,
}

/// Take or hand over on-call, or set the order. What rings already rings for whoever is on call then.
#[utoipa::path(put, path = "/api/v1/on-call", tag = "people", request_body = OnCallBody, responses(
    (status = 200, body = OnCallView), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 422, body = ErrorBody)))]
pub async fn set(
    State(app): State<AppState>,
    staff: Staff,
    Body(body): Body<OnCallBody>,
) -> Result<Json<OnCallView>, Error> {
    let until = body.until.as_deref().map(moment).transpose()?;
    match (body.person, body.people) {
        (Some(person), None) => hand_over(&app, &staff, person, until).await?,
        (None, Some(people)) => {
            let who = staff.operator();
            app.desk.call(move |desk| desk.set_on_call(&who, &people, until)).await??;
        }
        _ => return Err(Error::invalid("who is on call?", "give either \"person\" or \"people\"")),
    }
    app.view(on_call::on_call).await.map(Json)
}

/// # Errors
/// What [`crate::desk::OperateError`] says.
pub async fn hand_over(app: &App, staff: &Staff, to: String, until: Option<UnixMs>) -> Result<(), Error> {
    let who = staff.operator();
    app.desk.call(move |desk| desk.hand_over_on_call(&who, &to, until)).await??;
    Ok(())
}

fn moment(text: &str) -> Result<UnixMs, Error> {
    let read = text.parse::<jiff::Timestamp>().map(UnixMs::from);
    read.map_err(|_| Error::invalid("\"until\" is no time", "write it like 2026-11-24T08:00:00Z"))
}
