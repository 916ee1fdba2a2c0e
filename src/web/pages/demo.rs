//! The knobs of a simulated club: let a device fail, lie or go, and cut the line.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::{Page, Sent, html};
use crate::site::Effect;
use crate::web::api;
use crate::web::app::AppState;
use crate::web::auth::{Staff, StaffPage};
use crate::web::view::words;

/// How a simulated device can behave, and what that means.
const BEHAVIOURS: [(&str, &str); 6] = [
    ("ok", "works"),
    ("fail", "says that it failed"),
    ("silent", "takes it and says nothing"),
    ("lies", "says done, nothing happens"),
    ("offline", "cannot be reached"),
    ("slow 90s", "works after 90 s"),
];

#[derive(Template)]
#[template(path = "demo.html")]
struct DemoPage<'a> {
    club: &'a str,
    staff: &'a Staff,
    simulated: bool,
    line_up: bool,
    targets: Vec<Place>,
    behaviours: &'static [(&'static str, &'static str)],
}

struct Place {
    label: String,
    settings: Vec<Knob>,
}

struct Knob {
    target: String,
    effect: &'static str,
    label: &'static str,
    behaviour: String,
}

impl Knob {
    /// Whether the behaviour is one of those on offer (a scenario can set others).
    fn listed(&self) -> bool {
        BEHAVIOURS.iter().any(|(value, _)| *value == self.behaviour)
    }
}

pub async fn show(State(app): State<AppState>, StaffPage(staff): StaffPage) -> Page {
    let demo = api::demo::control(&app)?;
    let mut targets: Vec<Place> = Vec::new();
    for setting in demo.list() {
        let label = words::target(&app.site, &setting.target);
        let knob = Knob {
            target: setting.target.to_string(),
            effect: setting.effect.name(),
            label: words::effect(setting.effect),
            behaviour: setting.behaviour,
        };
        match targets.iter_mut().find(|place| place.label == label) {
            Some(place) => place.settings.push(knob),
            None => targets.push(Place { label, settings: vec![knob] }),
        }
    }
    html(&DemoPage {
        club: &app.site.name,
        staff: &staff,
        simulated: true,
        line_up: demo.is_line_up(),
        targets,
        behaviours: &BEHAVIOURS,
    })
}

#[derive(Deserialize)]
pub struct Set {
    csrf: String,
    target: String,
    effect: String,
    behaviour: String,
}

pub async fn set(State(app): State<AppState>, StaffPage(staff): StaffPage, Sent(form): Sent<Set>) -> Page {
    staff.check_form(&form.csrf)?;
    let effect = Effect::parse(&form.effect);
    api::demo::turn(&app, &form.target, effect, &form.behaviour)?;
    Ok(Redirect::to("/demo").into_response())
}

#[derive(Deserialize)]
pub struct Line {
    csrf: String,
    up: bool,
}

pub async fn line(State(app): State<AppState>, StaffPage(staff): StaffPage, Sent(form): Sent<Line>) -> Page {
    staff.check_form(&form.csrf)?;
    api::demo::control(&app)?.line(form.up);
    Ok(Redirect::to("/demo").into_response())
}
