//! A bay's own page. The printed code only says which bay; the code on its screen proves presence, and
//! then one can write. Nothing older than this booking or occupancy is shown.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{Page, Sent, checked_text, html};
use crate::desk::{Inbound, Received};
use crate::site::{BayId, Target};
use crate::store::presence::{Grant, granted};
use crate::store::thread::{self, Channel};
use crate::web::app::{App, AppState};
use crate::web::client::{Client, SameSite, check_origin, cookie, set_cookie};
use crate::web::error::{Error, PageError};
use crate::web::presence::{self, Granted, PresenceError};
use crate::web::token;
pub use crate::web::view::bay::BayMessage;
use crate::web::view::bay::{awaits_yes_or_no, messages};
use crate::web::view::time;

pub const COOKIE: &str = "clubos_bay";

#[derive(Template)]
#[template(path = "bay_code.html")]
struct CodePage<'a> {
    club: &'a str,
    /// The bay, if the address says which.
    bay: Option<BayId>,
    action: String,
    problem: Option<&'a str>,
    simulated: bool,
}

#[derive(Template)]
#[template(path = "bay.html")]
struct BayPage<'a> {
    club: &'a str,
    bay: BayId,
    until: String,
    messages: Vec<BayMessage>,
    /// The box has asked something that a yes or a no answers.
    yes_or_no: bool,
    form_key: String,
    simulated: bool,
}

/// The grant that the browser's cookie stands for, with the cookie's key.
///
/// # Errors
/// Only the database's.
pub async fn grant(app: &App, headers: &HeaderMap) -> Result<Option<(String, Grant)>, Error> {
    let Some(token) = cookie(headers, COOKIE) else { return Ok(None) };
    let key = token::sha256(token);
    let look = key.clone();
    let found = app.look(move |conn, now| granted(conn, &look, now)).await?;
    Ok(found.map(|grant| (key, grant)))
}

/// What one gets who has not proven to be there.
pub fn no_presence() -> Error {
    Error::new(StatusCode::UNAUTHORIZED, "the code of the bay's screen is needed", "enter it at /b/<bay>")
}

fn bay_of(app: &App, code: &str) -> Option<BayId> {
    Target::new(code).bay().filter(|bay| app.site.bays.contains_key(bay))
}

pub async fn show(
    State(app): State<AppState>,
    Client(client): Client,
    Path(code): Path<String>,
    headers: HeaderMap,
) -> Page {
    let Some(bay) = bay_of(&app, &code) else { return enter(&app, &client, None, &code).await };
    match grant(&app, &headers).await? {
        Some((_, grant)) if grant.bay == bay => chat(&app, &grant).await,
        _ => ask(&app, Some(bay), None, StatusCode::OK),
    }
}

async fn chat(app: &App, grant: &Grant) -> Page {
    let thread_id = grant.thread_id;
    let (said, yes_or_no) =
        app.view(move |look| Ok((messages(look, thread_id, 0)?, awaits_yes_or_no(look, thread_id)?))).await?;
    html(&BayPage {
        club: &app.site.name,
        bay: grant.bay,
        until: time::label(&app.site, grant.until, app.now()),
        messages: said,
        yes_or_no,
        form_key: token::token()?,
        simulated: app.simulated(),
    })
}

fn ask(app: &App, bay: Option<BayId>, problem: Option<&str>, status: StatusCode) -> Page {
    let action = bay.map_or_else(|| "/b/code".to_owned(), |bay| format!("/b/{bay}"));
    let page = CodePage { club: &app.site.name, bay, action, problem, simulated: app.simulated() };
    let mut response = html(&page)?;
    *response.status_mut() = status;
    Ok(response)
}

#[derive(Deserialize)]
pub struct Code {
    code: String,
}

/// The code as typed into the form.
pub async fn code(
    State(app): State<AppState>,
    Client(client): Client,
    Path(place): Path<String>,
    headers: HeaderMap,
    Sent(form): Sent<Code>,
) -> Page {
    check_origin(&Method::POST, &headers)?;
    enter(&app, &client, bay_of(&app, &place), &form.code).await
}

async fn enter(app: &App, client: &str, bay: Option<BayId>, typed: &str) -> Page {
    let now = app.now();
    app.codes.check(client, now).map_err(|wait| PageError(Error::too_many("too many wrong codes", wait)))?;
    let (typed, simulated) = (typed.to_owned(), app.simulated());
    let entered = app
        .write(move |conn, now| -> Result<_, PresenceError> {
            presence::enter(conn, bay, &typed, simulated, now)
        })
        .await?;
    match entered {
        Some(granted) => Ok(welcome(app, &granted)),
        None => {
            app.codes.note(client, now);
            let problem =
                "This code is not valid, or not any more. Look at the screen in the bay for the new one.";
            ask(app, bay, Some(problem), StatusCode::NOT_FOUND)
        }
    }
}

/// The code leaves the address bar, so that nobody passes it on with a link.
fn welcome(app: &App, granted: &Granted) -> Response {
    let seconds = granted.grant.until.since(app.now()).as_secs();
    let cookie = set_cookie(COOKIE, &granted.token, seconds, SameSite::Strict, app.secure);
    ([(header::SET_COOKIE, cookie)], Redirect::to(&format!("/b/{}", granted.grant.bay))).into_response()
}

#[derive(Deserialize)]
pub struct Text {
    text: String,
    form_key: Option<String>,
}

pub async fn message(
    State(app): State<AppState>,
    Path(code): Path<String>,
    headers: HeaderMap,
    Sent(form): Sent<Text>,
) -> Page {
    check_origin(&Method::POST, &headers)?;
    let Some((_, grant)) = grant(&app, &headers).await? else {
        let problem = "Your time in this bay is over, or your code was. Enter the one on its screen.";
        return ask(&app, bay_of(&app, &code), Some(problem), StatusCode::UNAUTHORIZED);
    };
    say(&app, &grant, checked_text(form.text)?, form.form_key).await?;
    Ok(Redirect::to(&format!("/b/{}#last", grant.bay)).into_response())
}

/// Hands a text from the bay to the desk. `key`: of the form; sent twice, it counts once.
///
/// # Errors
/// 503 while the box stops; the database's: nothing was stored then.
pub async fn say(app: &App, grant: &Grant, text: String, key: Option<String>) -> Result<Received, Error> {
    let (grant, simulated) = (grant.clone(), app.simulated());
    let provider_id =
        key.filter(|k| !k.is_empty() && k.len() <= 128).map(|k| format!("{}-{k}", grant.thread_id));
    let received = app.desk.call(move |desk| -> Result<Received, crate::store::StoreError> {
        let session =
            thread::get(desk.store().conn(), grant.thread_id)?.map(|t| t.session).unwrap_or_default();
        let inbound = Inbound {
            channel: Channel::Bay,
            address: grant.bay.to_string(),
            session,
            presence: Some((grant.bay, grant.until)),
            phone: None,
            body: text,
            media: 0,
            provider_id,
            written_at: desk.now(),
            simulated,
        };
        desk.receive(&inbound)
    });
    Ok(received.await??)
}
