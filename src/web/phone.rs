//! The demo's phones: a page that looks like a simulated customer's phone, to text the club with.
//!
//! Only in the demo, which listens on loopback alone; everywhere else there is no such page. Needs no
//! sign-in: the numbers and their owners are invented. The texts go through the simulated provider and
//! come in like any, nothing is handed to the desk from here.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;

use super::app::{App, AppState};
use super::client::check_origin;
use super::error::{Error, PageError};
use super::pages::{Sent, checked_text};
use super::view::time;
use crate::clock::UnixMs;

/// The simulated customers and what is on their phones.
pub trait DemoPhone: Send + Sync {
    fn owners(&self) -> Vec<PhoneOwner>;
    /// Texts to and from this number, oldest first.
    fn screen(&self, number: &str) -> Vec<PhoneLine>;
    fn write(&self, number: &str, text: &str);
    /// Calls the club; nobody takes it.
    fn call(&self, number: &str, voicemail: Option<&str>);
}

/// A simulated customer.
#[derive(Debug, Clone)]
pub struct PhoneOwner {
    /// An invented number.
    pub number: String,
    pub name: String,
    /// "bay 2 until 21:30", "no booking".
    pub about: String,
}

impl PhoneOwner {
    /// Where this phone is shown.
    fn page(&self) -> String {
        format!("/demo/phone?as={}", self.number.replace('+', "%2B"))
    }
}

/// One text on a phone.
#[derive(Debug, Clone)]
pub struct PhoneLine {
    pub from_club: bool,
    pub text: String,
    pub at: UnixMs,
}

#[derive(Template)]
#[template(path = "phone.html")]
struct PhonePage<'a> {
    club: &'a str,
    owners: Vec<PhoneOwner>,
    owner: PhoneOwner,
    lines: Vec<Line>,
    line_up: bool,
}

struct Line {
    from_club: bool,
    text: String,
    at: String,
    at_label: String,
}

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/demo/phone", get(show).post(write))
        .route("/demo/phone/call", axum::routing::post(call))
}

#[derive(Deserialize)]
struct Whose {
    #[serde(rename = "as")]
    number: Option<String>,
}

async fn show(State(app): State<AppState>, Query(whose): Query<Whose>) -> Result<Response, PageError> {
    let phone = phone(&app)?;
    let owners = phone.owners();
    let owner = owner(&app, whose.number.as_deref())?;
    let now = app.now();
    let line = |line: PhoneLine| Line {
        from_club: line.from_club,
        text: line.text,
        at: time::rfc3339(line.at),
        at_label: time::label(&app.site, line.at, now),
    };
    let lines = phone.screen(&owner.number).into_iter().map(line).collect();
    let line_up = app.is_line_up().await?;
    let page = PhonePage { club: &app.site.name, owners, owner, lines, line_up };
    let html = page.render().map_err(Error::from)?;
    Ok(Html(html).into_response())
}

#[derive(Deserialize)]
struct Words {
    #[serde(rename = "as")]
    number: String,
    #[serde(default)]
    text: String,
}

async fn write(
    State(app): State<AppState>,
    headers: HeaderMap,
    Sent(words): Sent<Words>,
) -> Result<Redirect, PageError> {
    check_origin(&Method::POST, &headers)?;
    let owner = owner(&app, Some(&words.number))?;
    let text = checked_text(words.text)?;
    phone(&app)?.write(&owner.number, &text);
    Ok(back(&owner))
}

async fn call(
    State(app): State<AppState>,
    headers: HeaderMap,
    Sent(words): Sent<Words>,
) -> Result<Redirect, PageError> {
    check_origin(&Method::POST, &headers)?;
    let owner = owner(&app, Some(&words.number))?;
    let said = words.text.trim();
    phone(&app)?.call(&owner.number, (!said.is_empty()).then_some(said));
    Ok(back(&owner))
}

fn phone(app: &App) -> Result<&dyn DemoPhone, Error> {
    app.phone.as_deref().ok_or_else(|| Error::not_found("this is no simulated club"))
}

/// One of the simulated customers; the first where none is named.
fn owner(app: &App, number: Option<&str>) -> Result<PhoneOwner, Error> {
    let wanted = |owner: &PhoneOwner| number.is_none_or(|number| owner.number == number);
    phone(app)?.owners().into_iter().find(wanted).ok_or_else(|| Error::not_found("no such phone"))
}

fn back(owner: &PhoneOwner) -> Redirect {
    Redirect::to(&owner.page())
}
