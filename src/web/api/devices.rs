//! Devices and the bays' screens.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::site::Target;
use crate::web::app::AppState;
use crate::web::auth::Staff;
use crate::web::error::{Error, ErrorBody};
use crate::web::presence::{self, PresenceError};
use crate::web::view::device::{self, DeviceDetail, DeviceView};

/// Every bay, door and hall device with what is known of it.
#[utoipa::path(get, path = "/api/v1/devices", tag = "devices", responses(
    (status = 200, body = [DeviceView]), (status = 401, body = ErrorBody)))]
pub async fn list(State(app): State<AppState>, _: Staff) -> Result<Json<Vec<DeviceView>>, Error> {
    app.view(device::list).await.map(Json)
}

/// One device: its last state, and its latest effects with what became of them.
#[utoipa::path(get, path = "/api/v1/devices/{target}", tag = "devices", params(("target" = String, Path)), responses(
    (status = 200, body = DeviceDetail), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn one(
    State(app): State<AppState>,
    _: Staff,
    Path(target): Path<String>,
) -> Result<Json<DeviceDetail>, Error> {
    let target = Target::new(target);
    let found = app.view(move |look| device::one(look, &target)).await?;
    found.map(Json).ok_or_else(|| Error::not_found("there is no such device"))
}

/// Where the PC of a bay finds the page it shows.
#[derive(Serialize, ToSchema)]
pub struct ScreenBody {
    #[schema(example = "bay-2")]
    pub bay: String,
    /// Holds a secret: for that PC only.
    pub path: String,
}

/// The pages that the bays' PCs show. Managers only.
#[utoipa::path(get, path = "/api/v1/screens", tag = "devices", responses(
    (status = 200, body = [ScreenBody]), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)))]
pub async fn screens(State(app): State<AppState>, staff: Staff) -> Result<Json<Vec<ScreenBody>>, Error> {
    staff.manager()?;
    let site = app.site.clone();
    let paths =
        app.write(move |conn, _| -> Result<_, PresenceError> { presence::screen_paths(conn, &site) }).await?;
    Ok(Json(paths.into_iter().map(|(bay, path)| ScreenBody { bay: bay.to_string(), path }).collect()))
}
