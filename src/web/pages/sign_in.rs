//! Signing in and out.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{Page, Sent, html, refused};
use crate::web::app::{App, AppState};
use crate::web::auth::{self, COOKIE, SESSION, SignedIn, StaffPage};
use crate::web::client::{Client, SameSite, check_origin, set_cookie};
use crate::web::error::Error;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    club: &'a str,
    name: &'a str,
    problem: Option<String>,
    accounts: &'a [(String, String)],
}

#[derive(Deserialize)]
pub struct SignIn {
    name: String,
    password: String,
}

pub async fn form(State(app): State<AppState>) -> Page {
    html(&page(&app, "", None))
}

fn page<'a>(app: &'a App, name: &'a str, problem: Option<String>) -> SignInPage<'a> {
    let accounts = app.demo.as_ref().map(|demo| demo.accounts.as_slice()).unwrap_or_default();
    SignInPage { club: &app.site.name, name, problem, accounts }
}

pub async fn submit(
    State(app): State<AppState>,
    Client(client): Client,
    headers: HeaderMap,
    Sent(form): Sent<SignIn>,
) -> Page {
    check_origin(&Method::POST, &headers)?;
    match auth::sign_in(&app, &client, form.name.trim(), form.password).await {
        Ok(signed_in) => Ok(welcome(&app, &signed_in)),
        Err(error)
            if error.status == StatusCode::UNAUTHORIZED || error.status == StatusCode::TOO_MANY_REQUESTS =>
        {
            again(&app, &form.name, &error)
        }
        Err(error) => Err(error.into()),
    }
}

fn welcome(app: &App, signed_in: &SignedIn) -> Response {
    let cookie = set_cookie(COOKIE, &signed_in.token, SESSION.as_secs(), SameSite::Lax, app.secure);
    ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
}

fn again(app: &App, name: &str, error: &Error) -> Page {
    let problem = format!("{}: {}", crate::web::view::words::capital(&error.what), error.mend);
    refused(html(&page(app, name, Some(problem))), error)
}

#[derive(Deserialize)]
pub struct SignOut {
    csrf: String,
}

pub async fn sign_out(
    State(app): State<AppState>,
    StaffPage(staff): StaffPage,
    Sent(form): Sent<SignOut>,
) -> Page {
    staff.check_form(&form.csrf)?;
    auth::sign_out(&app, &staff).await?;
    let gone = set_cookie(COOKIE, "", 0, SameSite::Lax, app.secure);
    Ok(([(header::SET_COOKIE, gone)], Redirect::to("/sign-in")).into_response())
}
