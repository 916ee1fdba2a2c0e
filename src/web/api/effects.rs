//! Effects: the journal, and requests of staff outside any conversation.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::Body;
use super::threads::EffectBody;
use crate::site::{Effect, Target};
use crate::store::effect;
use crate::web::app::{App, AppState};
use crate::web::auth::Staff;
use crate::web::error::{Error, ErrorBody};
use crate::web::view::conversation::{EffectView, effect_view};
use crate::web::view::{Look, undo as taking_back};

/// How many of the latest are listed.
const LATEST: u32 = 200;

/// The latest effects, latest first.
#[utoipa::path(get, path = "/api/v1/effects", tag = "effects", responses(
    (status = 200, body = [EffectView]), (status = 401, body = ErrorBody)))]
pub async fn list(State(app): State<AppState>, _: Staff) -> Result<Json<Vec<EffectView>>, Error> {
    let list = |look: Look<'_>| {
        Ok(effect::recent(look.conn, LATEST)?.iter().map(|row| effect_view(look, row)).collect())
    };
    app.view(list).await.map(Json)
}

/// One effect, and what became of it.
#[utoipa::path(get, path = "/api/v1/effects/{id}", tag = "effects", params(("id" = i64, Path)), responses(
    (status = 200, body = EffectView), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn one(
    State(app): State<AppState>,
    _: Staff,
    Path(id): Path<i64>,
) -> Result<Json<EffectView>, Error> {
    let row =
        app.view(move |look| Ok(effect::get(look.conn, id)?.map(|row| effect_view(look, &row)))).await?;
    row.map(Json).ok_or_else(|| Error::not_found("there is no such effect"))
}

/// Ask for an effect by name, through the gate like everyone. 403 with the gate's reason if it says no.
#[utoipa::path(post, path = "/api/v1/effects", tag = "effects", request_body = EffectBody, responses(
    (status = 202, body = EffectView), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn request(
    State(app): State<AppState>,
    staff: Staff,
    Body(body): Body<EffectBody>,
) -> Result<(StatusCode, Json<EffectView>), Error> {
    let effect = body.named()?;
    let target = body.target.map(Target::new);
    let target = target.filter(|t| app.site.knows(t)).ok_or_else(|| {
        Error::invalid("there is no such device", "give \"target\": see /api/v1/devices for the names")
    })?;
    let id = order(&app, &staff, effect, target, body.value).await?;
    let row =
        app.view(move |look| Ok(effect::get(look.conn, id)?.map(|row| effect_view(look, &row)))).await?;
    row.map(|row| (StatusCode::ACCEPTED, Json(row))).ok_or_else(|| Error::not_found("the effect is gone"))
}

/// Take back the last thing that was done to a device. 409 where nothing undoes it, or something came after it.
#[utoipa::path(post, path = "/api/v1/effects/{id}/undo", tag = "effects", params(("id" = i64, Path)), responses(
    (status = 202, body = EffectView), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn undo(
    State(app): State<AppState>,
    staff: Staff,
    Path(id): Path<i64>,
) -> Result<(StatusCode, Json<EffectView>), Error> {
    let new = take_back(&app, &staff, id).await?;
    let row =
        app.view(move |look| Ok(effect::get(look.conn, new)?.map(|row| effect_view(look, &row)))).await?;
    row.map(|row| (StatusCode::ACCEPTED, Json(row))).ok_or_else(|| Error::not_found("the effect is gone"))
}

/// As [`undo`], for the page. Returns the new effect's id.
///
/// # Errors
/// 404, 409, or 403 with the gate's reason.
pub async fn take_back(app: &App, staff: &Staff, id: i64) -> Result<i64, Error> {
    let found = app.view(move |look| {
        let Some(row) = effect::get(look.conn, id)? else { return Ok(None) };
        Ok(Some(taking_back::of(look.conn, &row, look.now)?))
    });
    let undo = found.await?.ok_or_else(|| Error::not_found("there is no such effect"))?;
    let undo = undo.ok_or_else(|| {
        let mend = "look at the device and order what you want";
        Error::new(StatusCode::CONFLICT, "this cannot be taken back any more", mend)
    })?;
    order(app, staff, undo.effect, undo.target, undo.value).await
}

/// Through the gate, in the person's name. Returns the effect's id.
///
/// # Errors
/// 403 with the gate's reason.
pub async fn order(
    app: &App,
    staff: &Staff,
    effect: Effect,
    target: Target,
    value: Option<f32>,
) -> Result<i64, Error> {
    let who = staff.operator();
    app.desk.call(move |desk| desk.order(&who, effect, &target, value)).await?.map_err(Into::into)
}
