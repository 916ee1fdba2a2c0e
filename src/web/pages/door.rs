//! The door page, for a phone on the club's Wi-Fi outside: number and booking in, the door's state out.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::{Page, Sent, html, refused};
use crate::site::Door;
use crate::store::presence::{self, Visit};
use crate::store::{StoreError, thread};
use crate::web::app::{App, AppState};
use crate::web::client::{Client, SameSite, check_origin, cookie, set_cookie};
use crate::web::door::{self, COOKIE, Standing, Try};
use crate::web::error::{Error, PageError};
use crate::web::token;
use crate::web::view::bay::{BayMessage, messages};

#[derive(Template)]
#[template(path = "door.html")]
struct DoorPage<'a> {
    club: &'a str,
    door: &'a Door,
    phone: &'a str,
    problem: Option<String>,
    visit: Option<(Standing, Vec<BayMessage>)>,
    simulated: bool,
}

fn known<'a>(app: &'a App, code: &str) -> Result<&'a Door, PageError> {
    door::by_code(&app.site, code).ok_or_else(|| {
        PageError(Error::new(StatusCode::NOT_FOUND, "no door has this page", "scan the code at the door"))
    })
}

/// The visit that the browser's cookie stands for, at this door.
async fn visit(app: &App, headers: &HeaderMap, door: &Door) -> Result<Option<Visit>, Error> {
    let Some(token) = cookie(headers, COOKIE) else { return Ok(None) };
    let key = token::sha256(token);
    let found = app.look(move |conn, now| presence::visit(conn, &key, now)).await?;
    Ok(found.filter(|visit| visit.door == door.target))
}

pub async fn show(State(app): State<AppState>, Path(code): Path<String>, headers: HeaderMap) -> Page {
    let door = known(&app, &code)?;
    let seen = match visit(&app, &headers, door).await? {
        Some(visit) => Some(look(&app, visit).await?),
        None => None,
    };
    page(&app, door, "", None, seen)
}

async fn look(app: &App, visit: Visit) -> Result<(Standing, Vec<BayMessage>), Error> {
    app.view(move |look| {
        let said = messages(look, visit.thread_id, visit.message_id)?;
        let said: Vec<BayMessage> = said.into_iter().filter(|m| m.by != "you").collect();
        Ok((door::standing(look, &visit, !said.is_empty())?, said))
    })
    .await
}

fn page(
    app: &App,
    door: &Door,
    phone: &str,
    problem: Option<String>,
    visit: Option<(Standing, Vec<BayMessage>)>,
) -> Page {
    html(&DoorPage { club: &app.site.name, door, phone, problem, visit, simulated: app.simulated() })
}

#[derive(Deserialize)]
pub struct Ask {
    phone: String,
    proof: String,
}

pub async fn submit(
    State(app): State<AppState>,
    Client(client): Client,
    Path(code): Path<String>,
    headers: HeaderMap,
    Sent(form): Sent<Ask>,
) -> Page {
    check_origin(&Method::POST, &headers)?;
    let door = known(&app, &code)?;
    match begin(&app, client, door, form.phone.clone(), form.proof).await? {
        Begun::Visit(token) => {
            let cookie = set_cookie(COOKIE, &token, door::VISIT.as_secs(), SameSite::Strict, app.secure);
            Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&format!("/d/{code}"))).into_response())
        }
        Begun::TooMany(wait) => {
            let error = Error::too_many("Too many wrong tries", wait);
            let problem = format!("{}; {}. Or text us, or call.", error.what, error.mend);
            refused(page(&app, door, &form.phone, Some(problem), None), &error)
        }
        Begun::Wrong => {
            let (what, mend) =
                ("Number and booking do not belong together", "Look at your confirmation and try again");
            let problem = format!("{what}. {mend}.");
            refused(page(&app, door, &form.phone, Some(problem), None), &Error::forbidden(what, mend))
        }
    }
}

enum Begun {
    Visit(String),
    Wrong,
    TooMany(std::time::Duration),
}

/// One try; a right one is told to the desk at once.
async fn begin(app: &App, client: String, door: &Door, phone: String, proof: String) -> Result<Begun, Error> {
    let tried = app.write(move |conn, now| door::attempt(conn, &client, &phone, &proof, now)).await?;
    let (phone, booking) = match tried {
        Try::Right { phone, booking } => (phone, booking),
        Try::Wrong => return Ok(Begun::Wrong),
        Try::TooMany { wait } => return Ok(Begun::TooMany(wait)),
    };
    let token = token::token()?;
    let inbound = door::asks(door, phone, &booking, false, app.simulated(), app.now());
    let (target, key) = (door.target.clone(), token::sha256(&token));
    app.desk
        .call(move |desk| -> Result<(), StoreError> {
            let received = desk.receive(&inbound)?;
            let visit = door::visit(&target, received.thread_id, received.message_id, desk.now());
            desk.store().write(|tx| presence::open_visit(tx, &key, &visit))
        })
        .await??;
    Ok(Begun::Visit(token))
}

/// It did not open: asked once more, through the same gate.
pub async fn again(State(app): State<AppState>, Path(code): Path<String>, headers: HeaderMap) -> Page {
    check_origin(&Method::POST, &headers)?;
    let door = known(&app, &code)?.clone();
    if let Some(visit) = visit(&app, &headers, &door).await? {
        let simulated = app.simulated();
        app.desk
            .call(move |desk| -> Result<(), StoreError> {
                let Some(thread) = thread::get(desk.store().conn(), visit.thread_id)? else { return Ok(()) };
                let Some(phone) = thread.phone else { return Ok(()) };
                let asks = door::asks(&door, phone, &thread.session, true, simulated, desk.now());
                desk.receive(&asks).map(|_| ())
            })
            .await??;
    }
    Ok(Redirect::to(&format!("/d/{code}")).into_response())
}
