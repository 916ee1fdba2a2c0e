//! The page of bookings: who has which bay, and how well that is known.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::{Page, Sent, html};
use crate::web::app::AppState;
use crate::web::auth::{Staff, StaffPage};
use crate::web::error::Error;
use crate::web::view::bookings::{self, BookingsView};

#[derive(Template)]
#[template(path = "bookings.html")]
struct BookingsPage<'a> {
    club: &'a str,
    staff: &'a Staff,
    simulated: bool,
    seen: BookingsView,
}

pub async fn show(State(app): State<AppState>, StaffPage(staff): StaffPage) -> Page {
    let seen = app.view(bookings::page).await?;
    html(&BookingsPage { club: &app.site.name, staff: &staff, simulated: app.simulated(), seen })
}

#[derive(Deserialize)]
pub struct ForgetForm {
    csrf: String,
}

/// Removes a list that no longer comes. Managers only.
pub async fn forget(
    State(app): State<AppState>,
    StaffPage(staff): StaffPage,
    Path(source): Path<String>,
    Sent(form): Sent<ForgetForm>,
) -> Page {
    staff.check_form(&form.csrf)?;
    staff.manager()?;
    let who = staff.operator();
    let gone = app.desk.call(move |desk| desk.forget_bookings(&who, &source)).await.map_err(Error::from)?;
    if !gone.map_err(Error::from)? {
        return Err(Error::not_found("there is no such list of bookings").into());
    }
    Ok(Redirect::to("/bookings").into_response())
}
