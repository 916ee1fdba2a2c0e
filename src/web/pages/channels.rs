//! The channels to people: do they work, since when not, and a test to oneself.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::{Page, Sent, html, refused};
use crate::web::api::channels;
use crate::web::app::{App, AppState};
use crate::web::auth::{Staff, StaffPage};
use crate::web::error::Error;
use crate::web::view::channel::ChannelView;
use crate::web::view::on_call::{self, OnCallView};

#[derive(Template)]
#[template(path = "channels.html")]
struct ChannelsPage<'a> {
    club: &'a str,
    staff: &'a Staff,
    simulated: bool,
    channels: Vec<ChannelView>,
    push: bool,
    on_call: OnCallView,
    problem: Option<&'a Error>,
}

pub async fn show(State(app): State<AppState>, StaffPage(staff): StaffPage) -> Page {
    page(&app, &staff, None).await
}

async fn page(app: &App, staff: &Staff, problem: Option<&Error>) -> Page {
    html(&ChannelsPage {
        club: &app.site.name,
        staff,
        simulated: app.simulated(),
        channels: channels::views(app).await?,
        on_call: app.view(on_call::on_call).await?,
        push: app.people.push_key().is_some(),
        problem,
    })
}

#[derive(Deserialize)]
pub struct Test {
    csrf: String,
}

pub async fn test(
    State(app): State<AppState>,
    StaffPage(staff): StaffPage,
    Path(name): Path<String>,
    Sent(form): Sent<Test>,
) -> Page {
    staff.check_form(&form.csrf)?;
    match channels::send(&app, &staff, &name).await {
        Ok(()) => Ok(Redirect::to("/channels").into_response()),
        Err(error) => refused(page(&app, &staff, Some(&error)).await, &error),
    }
}
