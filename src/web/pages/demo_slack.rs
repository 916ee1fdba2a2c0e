//! The simulated Slack of a demo: what people were sent, and its buttons. Without one: 404.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::{Page, Sent, html, refused};
use crate::web::app::{App, AppState};
use crate::web::auth::{Staff, StaffPage};
use crate::web::error::Error;
use crate::web::people::{DemoSlack, SlackMessage};

#[derive(Template)]
#[template(path = "demo_slack.html")]
struct SlackPage<'a> {
    club: &'a str,
    staff: &'a Staff,
    messages: Vec<SlackMessage>,
    people: Vec<String>,
    phone: Vec<String>,
    problem: Option<&'a Error>,
}

fn slack(app: &App) -> Result<Arc<dyn DemoSlack>, Error> {
    let slack = app.demo.as_ref().and_then(|demo| demo.slack.clone());
    slack.ok_or_else(|| Error::not_found("there is no simulated Slack here"))
}

pub async fn show(State(app): State<AppState>, StaffPage(staff): StaffPage) -> Page {
    page(&app, &staff, None)
}

fn page(app: &App, staff: &Staff, problem: Option<&Error>) -> Page {
    let slack = slack(app)?;
    html(&SlackPage {
        club: &app.site.name,
        staff,
        messages: slack.messages(),
        people: slack.people(),
        phone: slack.phone(),
        problem,
    })
}

#[derive(Deserialize)]
pub struct Press {
    csrf: String,
    message: String,
    button: String,
    person: String,
}

pub async fn press(
    State(app): State<AppState>,
    StaffPage(staff): StaffPage,
    Sent(form): Sent<Press>,
) -> Page {
    staff.check_form(&form.csrf)?;
    let pressed = slack(&app)?.press(&form.message, &form.button, &form.person).await;
    match pressed {
        Ok(()) => Ok(Redirect::to("/demo/slack").into_response()),
        Err(why) => {
            let error = Error::invalid(why, "look whether the message still has its buttons");
            refused(page(&app, &staff, Some(&error)), &error)
        }
    }
}
