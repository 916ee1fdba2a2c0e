//! The knobs of a simulated club: let a device fail, lie or go, and cut the line.

use std::collections::HashMap;
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::{Page, Sent, html};
use crate::site::{BayId, Effect};
use crate::store::booking::{self, Booking};
use crate::web::api;
use crate::web::app::{App, AppState, DemoSetting};
use crate::web::auth::{Staff, StaffPage};
use crate::web::view::{time, words};

/// Bookings within this are shown to try things with.
const LOOK_AHEAD: Duration = Duration::from_secs(6 * 3600);
const WORKS: &str = "ok";

/// How a simulated device can behave, and what that means.
const BEHAVIOURS: [(&str, &str); 6] = [
    (WORKS, "works"),
    ("fail", "says that it failed"),
    ("silent", "takes it and falls silent"),
    ("lies", "says yes and does nothing"),
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
    power_on: bool,
    targets: Vec<Place>,
    behaviours: &'static [(&'static str, &'static str)],
    /// Bay and address of its screen, where the code stands that opens the bay's page.
    screens: Vec<(BayId, String)>,
    doors: Vec<(String, String)>,
    bookings: Vec<Guest>,
    /// One knob for the first steps: a restart that is taken and does nothing.
    lie: Option<(String, &'static str)>,
}

/// A booking to try the doors with.
struct Guest {
    name: String,
    bay: u8,
    time: String,
    phone: String,
    proof: String,
}

/// Everything that one device, or one bay, can do.
struct Place {
    target: String,
    label: String,
    settings: Vec<Knob>,
}

impl Place {
    /// How many commands it does not take as a good device would.
    fn changed(&self) -> usize {
        self.settings.iter().filter(|knob| knob.behaviour != WORKS).count()
    }
}

struct Knob {
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
    let bookings = app.look(|conn, now| booking::between(conn, now, now + LOOK_AHEAD)).await?;
    let screens = super::staff::screens(&app).await?;
    html(&DemoPage {
        club: &app.site.name,
        staff: &staff,
        simulated: true,
        line_up: demo.is_line_up(),
        power_on: demo.is_power_on(),
        targets: places(&app, demo.list()),
        behaviours: &BEHAVIOURS,
        lie: screens.get(1).map(|(bay, _)| (bay.to_string(), Effect::SimRestart.name())),
        screens,
        doors: app.site.customer_doors().map(|d| (d.target.to_string(), d.label.clone())).collect(),
        bookings: bookings.iter().map(|b| guest(&app, b)).collect(),
    })
}

fn places(app: &App, settings: Vec<DemoSetting>) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for DemoSetting { target, effect, behaviour } in settings {
        let knob = Knob { effect: effect.name(), label: words::effect(effect), behaviour };
        match places.iter_mut().find(|place| place.target == target.as_str()) {
            Some(place) => place.settings.push(knob),
            None => {
                let label = words::target(&app.site, &target);
                places.push(Place { target: target.to_string(), label, settings: vec![knob] });
            }
        }
    }
    // Bays and doors first: that is what customers write about.
    places.sort_by_key(|place| (!place.target.starts_with("bay-"), !place.target.starts_with("door-")));
    places
}

fn guest(app: &App, booking: &Booking) -> Guest {
    let at = |at| time::label(&app.site, at, app.now());
    let proof = [&booking.reference, &booking.pin].into_iter().flatten();
    Guest {
        name: booking.name.clone(),
        bay: booking.bay.0,
        time: format!("{} to {}", at(booking.starts_at), at(booking.ends_at)),
        phone: booking.phone.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
        proof: proof.cloned().collect::<Vec<_>>().join(" or "),
    }
}

/// The knobs of one place at once: `csrf`, `target`, and an effect's name with its behaviour for each.
pub async fn set(
    State(app): State<AppState>,
    StaffPage(staff): StaffPage,
    Sent(form): Sent<HashMap<String, String>>,
) -> Page {
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    staff.check_form(field("csrf"))?;
    let target = field("target");
    for (name, behaviour) in form.iter().filter(|(name, _)| !matches!(name.as_str(), "csrf" | "target")) {
        api::demo::turn(&app, target, Effect::parse(name), behaviour)?;
    }
    Ok(Redirect::to("/demo").into_response())
}

#[derive(Deserialize)]
pub struct Bare {
    csrf: String,
}

/// Everything works again.
pub async fn mend(State(app): State<AppState>, StaffPage(staff): StaffPage, Sent(form): Sent<Bare>) -> Page {
    staff.check_form(&form.csrf)?;
    let demo = api::demo::control(&app)?;
    for setting in demo.list() {
        api::demo::turn(&app, setting.target.as_str(), Some(setting.effect), WORKS)?;
    }
    demo.line(true);
    demo.power(true);
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

#[derive(Deserialize)]
pub struct Power {
    csrf: String,
    on: bool,
}

pub async fn power(
    State(app): State<AppState>,
    StaffPage(staff): StaffPage,
    Sent(form): Sent<Power>,
) -> Page {
    staff.check_form(&form.csrf)?;
    api::demo::control(&app)?.power(form.on);
    Ok(Redirect::to("/demo").into_response())
}
