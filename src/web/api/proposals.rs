//! Devices that announced themselves on the network: what managers decide about them. Approving writes no file and
//! starts no driver: it is checked by the loader of `site.toml`, and what is to stand there is shown.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Body;
use crate::site::edit::{self, EditError, Written};
use crate::site::{Effect, Target};
use crate::store::{journal, proposal};
use crate::web::app::{App, AppState};
use crate::web::auth::Staff;
use crate::web::error::{Error, ErrorBody};
use crate::web::view;
use crate::web::view::proposal::{self as shown, ProposalView};

/// All of them, those that wait for a decision first.
#[utoipa::path(get, path = "/api/v1/proposals", tag = "devices", responses(
    (status = 200, body = [ProposalView]), (status = 401, body = ErrorBody)))]
pub async fn list(State(app): State<AppState>, _: Staff) -> Result<Json<Vec<ProposalView>>, Error> {
    views(&app).await.map(Json)
}

#[derive(Deserialize, ToSchema)]
pub struct Approval {
    #[schema(example = "bay-2")]
    pub target: String,
    /// What it is to carry there.
    #[schema(example = json!(["outlet.cycle"]))]
    pub effects: Vec<String>,
    /// `keys` as they were seen: what announces itself otherwise meanwhile is not approved.
    pub keys: String,
}

/// Approve a device for a place. Managers only. It is checked against `site.toml`; nothing is written there, and
/// nothing acts on it before it stands there and the box was started again. 409 if it was decided, or announced itself
/// otherwise; 422 with what the loader says.
#[utoipa::path(post, path = "/api/v1/proposals/{id}/approve", tag = "devices", params(("id" = i64, Path)),
    request_body = Approval, responses(
    (status = 200, body = ProposalView), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 404, body = ErrorBody), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn approve(
    State(app): State<AppState>,
    staff: Staff,
    Path(id): Path<i64>,
    Body(body): Body<Approval>,
) -> Result<Json<ProposalView>, Error> {
    let effects = body.effects.iter().map(|name| Effect::parse(name)).collect::<Option<Vec<Effect>>>();
    let effects = effects.ok_or_else(|| Error::invalid("there is no such effect", "name some of `can`"))?;
    accept(&app, &staff, id, Target::new(body.target), effects, body.keys).await?;
    view_of(&app, id).await.map(Json)
}

/// Not wanted. Managers only. It stays away however often it announces itself.
#[utoipa::path(post, path = "/api/v1/proposals/{id}/dismiss", tag = "devices", params(("id" = i64, Path)), responses(
    (status = 200, body = ProposalView), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn dismiss(
    State(app): State<AppState>,
    staff: Staff,
    Path(id): Path<i64>,
) -> Result<Json<ProposalView>, Error> {
    refuse(&app, &staff, id).await?;
    view_of(&app, id).await.map(Json)
}

/// # Errors
/// The database's.
pub async fn views(app: &App) -> Result<Vec<ProposalView>, Error> {
    let file = text(app).await;
    app.view(move |look| shown::list(look, &file)).await
}

async fn view_of(app: &App, id: i64) -> Result<ProposalView, Error> {
    let file = text(app).await;
    let found = app.view(move |look| shown::one(look, id, &file)).await?;
    found.ok_or_else(|| Error::not_found("there is no such proposal"))
}

/// The text of `site.toml`; nothing where it cannot be read, which approving says.
async fn text(app: &App) -> String {
    let Some(file) = app.site_file.clone() else { return String::new() };
    let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(&file.path));
    read.await.ok().and_then(Result::ok).unwrap_or_default()
}

/// As [`approve`], for the page.
///
/// # Errors
/// As [`approve`].
pub async fn accept(
    app: &App,
    staff: &Staff,
    id: i64,
    target: Target,
    effects: Vec<Effect>,
    keys: String,
) -> Result<(), Error> {
    staff.manager()?;
    let row = app.look(move |conn, _| proposal::get(conn, id)).await?;
    let row = row.ok_or_else(|| Error::not_found("there is no such proposal"))?;
    if row.keys.is_none() {
        return Err(Error::invalid("no driver here moves this device", "dismiss it"));
    }
    if row.state != "open" || row.keys.as_deref() != Some(&keys) {
        return Err(changed());
    }
    check(app, target.clone(), effects.clone(), keys.clone()).await?;
    let who = staff.name.clone();
    let name = row.name;
    let done = app
        .write(move |conn, now| {
            let done = proposal::approve(conn, id, &keys, &target, &effects, &who, now)?;
            if done {
                let detail = format!("{name} approved for {target}");
                journal::change(conn, &view::change(now, &who, "proposal", &detail))?;
            }
            Ok::<_, crate::store::StoreError>(done)
        })
        .await?;
    if done { Ok(()) } else { Err(changed()) }
}

fn changed() -> Error {
    let what = "this was decided already, or the device announced itself otherwise since";
    Error::new(StatusCode::CONFLICT, what, "load the page again and look at it")
}

/// Whether the file as it stands now takes the device, by its real loader.
async fn check(app: &App, target: Target, effects: Vec<Effect>, keys: String) -> Result<(), Error> {
    let Some(file) = app.site_file.clone() else {
        return Err(Error::new(StatusCode::CONFLICT, "this box runs without a site.toml", "write one first"));
    };
    let checked = tokio::task::spawn_blocking(move || {
        let name = file.path.display().to_string();
        let text = std::fs::read_to_string(&file.path)
            .map_err(|error| Error::invalid(format!("{name} cannot be read: {error}"), "mend that first"))?;
        let beside = file.path.parent().unwrap_or(std::path::Path::new("."));
        let now = Written { file: "site.toml", text: &text, beside, mode: file.mode };
        edit::with_device(now, &target, &effects, &keys).map(drop).map_err(Error::from)
    });
    checked.await?
}

impl From<EditError> for Error {
    fn from(error: EditError) -> Error {
        let mend = match &error {
            EditError::Before(_) => "mend site.toml first: clubos check lists what is wrong",
            EditError::NoEffect => "name some of `can`",
            _ => "choose another place, or write it into site.toml by hand",
        };
        Error::invalid(error.to_string(), mend)
    }
}

/// As [`dismiss`], for the page.
///
/// # Errors
/// As [`dismiss`].
pub async fn refuse(app: &App, staff: &Staff, id: i64) -> Result<(), Error> {
    staff.manager()?;
    let row = app.look(move |conn, _| proposal::get(conn, id)).await?;
    let row = row.ok_or_else(|| Error::not_found("there is no such proposal"))?;
    let who = staff.name.clone();
    let done = app
        .write(move |conn, now| {
            let done = proposal::dismiss(conn, id, &who, now)?;
            if done {
                let detail = format!("{} dismissed", row.name);
                journal::change(conn, &view::change(now, &who, "proposal", &detail))?;
            }
            Ok::<_, crate::store::StoreError>(done)
        })
        .await?;
    if done { Ok(()) } else { Err(changed()) }
}
