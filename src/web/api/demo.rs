//! The knobs of a simulated club. Without one: 404.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Body;
use crate::site::{Effect, Target};
use crate::web::app::{App, AppState, DemoControl, DemoSetting};
use crate::web::auth::Staff;
use crate::web::error::{Error, ErrorBody};

/// The demo's knobs.
///
/// # Errors
/// 404 in a real club.
pub fn control(app: &App) -> Result<&dyn DemoControl, Error> {
    let demo = app.demo.as_ref().ok_or_else(|| Error::not_found("this is no simulated club"))?;
    Ok(demo.control.as_ref())
}

/// How one simulated device takes one command.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingBody {
    #[schema(example = "bay-2")]
    pub target: String,
    #[schema(example = "sim.restart")]
    pub effect: String,
    /// `ok`, `fail`, `silent`, `lies`, `offline`, `slow 90s`.
    #[schema(example = "lies")]
    pub behaviour: String,
}

impl From<DemoSetting> for SettingBody {
    fn from(s: DemoSetting) -> SettingBody {
        SettingBody {
            target: s.target.to_string(),
            effect: s.effect.name().to_owned(),
            behaviour: s.behaviour,
        }
    }
}

/// Turns one knob.
///
/// # Errors
/// 404 in a real club, 422 for what the club does not have.
pub fn turn(app: &App, target: &str, effect: Option<Effect>, behaviour: &str) -> Result<(), Error> {
    let control = control(app)?;
    let effect =
        effect.ok_or_else(|| Error::invalid("there is no such effect", "see /api/v1/demo/devices"))?;
    let setting = DemoSetting { target: Target::new(target), effect, behaviour: behaviour.to_owned() };
    control.set(&setting).map_err(|what| Error::invalid(what, "see /api/v1/demo/devices"))
}

/// How the simulated devices behave.
#[utoipa::path(get, path = "/api/v1/demo/devices", tag = "demo", responses(
    (status = 200, body = [SettingBody]), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn list(State(app): State<AppState>, _: Staff) -> Result<Json<Vec<SettingBody>>, Error> {
    Ok(Json(control(&app)?.list().into_iter().map(Into::into).collect()))
}

/// Let a simulated device work, fail, lie, be slow or go.
#[utoipa::path(post, path = "/api/v1/demo/devices", tag = "demo", request_body = SettingBody, responses(
    (status = 200, body = [SettingBody]), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn set(
    State(app): State<AppState>,
    staff: Staff,
    Body(body): Body<SettingBody>,
) -> Result<Json<Vec<SettingBody>>, Error> {
    turn(&app, &body.target, Effect::parse(&body.effect), &body.behaviour)?;
    list(State(app), staff).await
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LineBody {
    pub up: bool,
}

/// Cut the simulated line to the internet, or mend it.
#[utoipa::path(post, path = "/api/v1/demo/line", tag = "demo", request_body = LineBody, responses(
    (status = 200, body = LineBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn line(
    State(app): State<AppState>,
    _: Staff,
    Body(body): Body<LineBody>,
) -> Result<Json<LineBody>, Error> {
    let control = control(&app)?;
    control.line(body.up);
    Ok(Json(LineBody { up: control.is_line_up() }))
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PowerBody {
    pub on: bool,
}

/// Let the mains of the simulated club fail (every device goes at once; the box runs on), or come back.
#[utoipa::path(post, path = "/api/v1/demo/power", tag = "demo", request_body = PowerBody, responses(
    (status = 200, body = PowerBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn power(
    State(app): State<AppState>,
    _: Staff,
    Body(body): Body<PowerBody>,
) -> Result<Json<PowerBody>, Error> {
    let control = control(&app)?;
    control.power(body.on);
    Ok(Json(PowerBody { on: control.is_power_on() }))
}
