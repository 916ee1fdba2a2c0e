//! The staff page's forms about people: who is on call, and escalations of no conversation.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{Page, Sent};
use crate::store::snapshot;
use crate::web::api;
use crate::web::app::AppState;
use crate::web::auth::{Staff, StaffPage};
use crate::web::error::Error;

/// Longest time the form hands over for, in hours; longer is "until it is changed".
const LONGEST_H: u64 = 7 * 24;

#[derive(Deserialize)]
pub struct OnCall {
    csrf: String,
    person: String,
    /// Hours from now; empty: until it is changed.
    hours: String,
}

pub async fn on_call(
    State(app): State<AppState>,
    StaffPage(staff): StaffPage,
    Sent(form): Sent<OnCall>,
) -> Page {
    staff.check_form(&form.csrf)?;
    let hours = match form.hours.trim() {
        "" => None,
        text => Some(text.parse().ok().filter(|h| (1..=LONGEST_H).contains(h)).ok_or_else(|| {
            Error::invalid("the hours are no number", format!("write 1 to {LONGEST_H}, or nothing"))
        })?),
    };
    let until = hours.map(|h| app.clock.now() + Duration::from_secs(h * 3600));
    api::on_call::hand_over(&app, &staff, form.person, until).await?;
    Ok(Redirect::to("/").into_response())
}

#[derive(Deserialize)]
pub struct Bare {
    csrf: String,
}

pub async fn escalation(
    State(app): State<AppState>,
    StaffPage(staff): StaffPage,
    Path((id, act)): Path<(i64, String)>,
    Sent(form): Sent<Bare>,
) -> Page {
    staff.check_form(&form.csrf)?;
    match act.as_str() {
        "ack" => api::escalations::acknowledge(&app, &staff, id).await?,
        "close" => api::escalations::finish(&app, &staff, id).await?,
        _ => return Err(Error::not_found("there is no such button").into()),
    }
    Ok(Redirect::to("/#escalations").into_response())
}

/// A camera's picture of the place, for staff alone; never stored by a browser.
pub async fn picture(
    State(app): State<AppState>,
    _: Staff,
    Path((id, name)): Path<(i64, String)>,
) -> Result<Response, Error> {
    let found = app.look(move |conn, _| {
        let folder = snapshot::folder(conn).filter(|_| name.ends_with(".jpg"));
        Ok(folder.and_then(|folder| snapshot::read(&folder, id, &name).ok().flatten()))
    });
    let bytes = found.await?.ok_or_else(|| Error::not_found("there is no such picture"))?;
    let headers = [(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, bytes).into_response())
}
