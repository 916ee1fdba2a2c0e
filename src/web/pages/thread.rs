//! The staff page's forms. Each does one thing and leads back to where it was sent from.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::{Page, Sent, checked_text};
use crate::desk::Act;
use crate::site::{Effect, Target};
use crate::store::{effect, journal, ticket};
use crate::web::app::AppState;
use crate::web::auth::StaffPage;
use crate::web::error::Error;
use crate::web::{api, view};

#[derive(Deserialize)]
pub struct Reply {
    csrf: String,
    form_key: String,
    text: String,
}

pub async fn reply(
    State(app): State<AppState>,
    StaffPage(staff): StaffPage,
    Path(id): Path<i64>,
    Sent(form): Sent<Reply>,
) -> Page {
    staff.check_form(&form.csrf)?;
    let act = Act::Reply { text: checked_text(form.text)?, form_key: Some(form.form_key) };
    api::threads::operate(&app, &staff, id, act).await?;
    Ok(back(Some(id)))
}

#[derive(Deserialize)]
pub struct ActForm {
    csrf: String,
    effect: Option<String>,
    target: Option<String>,
    value: Option<String>,
}

pub async fn act(
    State(app): State<AppState>,
    StaffPage(staff): StaffPage,
    Path((id, act)): Path<(i64, String)>,
    Sent(form): Sent<ActForm>,
) -> Page {
    staff.check_form(&form.csrf)?;
    let act = match act.as_str() {
        "claim" => Act::Claim,
        "release" => Act::Release,
        "ack" => Act::Acknowledge,
        "approve" => Act::Approve {
            effect: named(form.effect.as_deref())?,
            target: target(form.target),
            value: value(form.value.as_deref())?,
        },
        "refuse" => Act::Refuse { effect: named(form.effect.as_deref())?, target: target(form.target) },
        _ => return Err(Error::not_found("there is no such button").into()),
    };
    api::threads::operate(&app, &staff, id, act).await?;
    Ok(back(Some(id)))
}

/// An effect from the list of devices, outside any conversation.
pub async fn order(
    State(app): State<AppState>,
    StaffPage(staff): StaffPage,
    Sent(form): Sent<ActForm>,
) -> Page {
    staff.check_form(&form.csrf)?;
    let (effect, value) = (named(form.effect.as_deref())?, value(form.value.as_deref())?);
    let target = target(form.target).ok_or_else(|| Error::invalid("no device was named", "choose one"))?;
    api::effects::order(&app, &staff, effect, target, value).await?;
    Ok(back(None))
}

#[derive(Deserialize)]
pub struct Bare {
    csrf: String,
}

/// Takes back the last thing that was done to a device.
pub async fn undo(
    State(app): State<AppState>,
    StaffPage(staff): StaffPage,
    Path(id): Path<i64>,
    Sent(form): Sent<Bare>,
) -> Page {
    staff.check_form(&form.csrf)?;
    let new = api::effects::take_back(&app, &staff, id).await?;
    let thread = app.view(move |look| Ok(effect::get(look.conn, new)?.and_then(|row| row.thread_id))).await?;
    Ok(back(thread))
}

pub async fn close_ticket(
    State(app): State<AppState>,
    StaffPage(staff): StaffPage,
    Path(id): Path<i64>,
    Sent(form): Sent<Bare>,
) -> Page {
    staff.check_form(&form.csrf)?;
    app.write(move |conn, now| {
        ticket::close(conn, id, &staff.name, now)?;
        journal::change(conn, &view::change(now, &staff.name, "ticket", &format!("closed {id}")))
    })
    .await?;
    Ok(back(None))
}

#[derive(Deserialize)]
pub struct Console {
    csrf: String,
    text: String,
}

pub async fn console(
    State(app): State<AppState>,
    StaffPage(staff): StaffPage,
    Sent(form): Sent<Console>,
) -> Page {
    staff.check_form(&form.csrf)?;
    let received = api::console::say(&app, &staff, checked_text(form.text)?).await?;
    Ok(back(Some(received.thread_id)))
}

fn named(effect: Option<&str>) -> Result<Effect, Error> {
    effect
        .and_then(Effect::parse)
        .ok_or_else(|| Error::invalid("there is no such effect", "choose one of the list"))
}

fn target(target: Option<String>) -> Option<Target> {
    target.filter(|t| !t.is_empty()).map(Target::new)
}

fn value(value: Option<&str>) -> Result<Option<f32>, Error> {
    let Some(text) = value.map(str::trim).filter(|t| !t.is_empty()) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Error::invalid("the value is no number", "write degrees Celsius"))
}

fn back(thread: Option<i64>) -> axum::response::Response {
    let to = thread.map_or_else(|| "/".to_owned(), |id| format!("/?t={id}#last"));
    Redirect::to(&to).into_response()
}
