//! Who is signed in, and the ways to sign in and out.
//!
//! A session is a random token; the database holds its SHA-256. It comes back as a cookie (pages) or a
//! bearer token (programs). What a cookie is to change is refused if it came from another site's page.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::app::{App, AppState};
use super::client::{check_origin, cookie};
use super::error::Error;
use super::password::is_password;
use super::{token, view};
use crate::desk::Operator;
use crate::site::Role;
use crate::store::{journal, operator};

pub const COOKIE: &str = "clubos_session";
/// How long one is signed in.
pub const SESSION: Duration = Duration::from_secs(12 * 3600);
/// Longest name or password that is looked at.
const LONGEST: usize = 256;

/// A signed-in person. As an extractor of API handlers: 401 without.
#[derive(Debug, Clone)]
pub struct Staff {
    pub name: String,
    pub role: Role,
    pub csrf: String,
    pub token_sha256: String,
}

impl Staff {
    pub fn operator(&self) -> Operator {
        Operator { name: self.name.clone(), role: self.role }
    }

    pub fn is_manager(&self) -> bool {
        self.role == Role::Manager
    }

    /// # Errors
    /// 403 for everyone but managers.
    pub fn manager(&self) -> Result<(), Error> {
        if self.is_manager() {
            return Ok(());
        }
        Err(Error::forbidden("only a manager may do this", "ask a manager"))
    }

    /// # Errors
    /// 403, if the form was not made for this session.
    pub fn check_form(&self, csrf: &str) -> Result<(), Error> {
        if token::same(&self.csrf, csrf) {
            return Ok(());
        }
        Err(Error::forbidden("this form is not of your session", "load the page again and send it once more"))
    }
}

impl FromRequestParts<AppState> for Staff {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Staff, Error> {
        let (token, by_cookie) = session_token(&parts.headers).ok_or_else(Error::unauthorised)?;
        if by_cookie {
            check_origin(&parts.method, &parts.headers)?;
        }
        let token_sha256 = token::sha256(token);
        let key = token_sha256.clone();
        let session = app.look(move |conn, now| operator::session(conn, &key, now)).await?;
        let session = session.ok_or_else(Error::unauthorised)?;
        if by_cookie && !is_page(parts) {
            check_no_form(&parts.method, &parts.headers)?;
        }
        let role = if session.role == "manager" { Role::Manager } else { Role::OnCall };
        Ok(Staff { name: session.operator, role, csrf: session.csrf, token_sha256 })
    }
}

fn session_token(headers: &HeaderMap) -> Option<(&str, bool)> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer "));
    bearer.map(|token| (token.trim(), false)).or_else(|| Some((cookie(headers, COOKIE)?, true)))
}

fn is_page(parts: &Parts) -> bool {
    !parts.uri.path().starts_with("/api/")
}

/// The API takes no forms: another site could send one with the cookie and no question asked.
fn check_no_form(method: &Method, headers: &HeaderMap) -> Result<(), Error> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let form = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
    if method.is_safe() || !form.iter().any(|f| kind.starts_with(f)) {
        return Ok(());
    }
    let what = "the API takes no forms";
    Err(Error::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, what, "send content-type: application/json"))
}

/// A signed-in person on a page; others are sent to sign in.
pub struct StaffPage(pub Staff);

impl FromRequestParts<AppState> for StaffPage {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<StaffPage, Response> {
        match Staff::from_request_parts(parts, app).await {
            Ok(staff) => Ok(StaffPage(staff)),
            Err(error) if error.status == StatusCode::UNAUTHORIZED => {
                Err(Redirect::to("/sign-in").into_response())
            }
            Err(error) => Err(super::error::PageError(error).into_response()),
        }
    }
}

/// A session that has just begun.
#[derive(Debug)]
pub struct SignedIn {
    pub token: String,
    pub name: String,
    pub role: Role,
}

/// Checks a name and a password.
///
/// # Errors
/// 401 for a wrong one, 429 after 5 wrong ones in 10 min.
pub async fn sign_in(app: &App, client: &str, name: &str, password: String) -> Result<SignedIn, Error> {
    let now = app.now();
    let key = format!("{client} {name}");
    app.passwords
        .check(&key, now)
        .and(app.guests.check(client, now))
        .map_err(|wait| Error::too_many("too many wrong passwords", wait))?;
    // Counted before the slow look, so that many at once are counted too; a right one is not held against anyone.
    app.passwords.note(&key, now);
    app.guests.note(client, now);
    let known = if name.len() > LONGEST || password.len() > LONGEST {
        None
    } else {
        let name = name.to_owned();
        app.look(move |conn, _| operator::get(conn, &name)).await?
    };
    let hash = known.as_ref().map(|o| o.password_hash.clone());
    let right = tokio::task::spawn_blocking(move || is_password(&password, hash.as_deref())).await?;
    let Some(operator) = known.filter(|_| right) else {
        tracing::warn!("a sign-in with a wrong name or password");
        return Err(Error::new(
            StatusCode::UNAUTHORIZED,
            "name or password is wrong",
            "try again, or ask a manager",
        ));
    };
    app.passwords.forgive(&key, now);
    app.guests.forgive(client, now);
    open_session(app, operator).await
}

async fn open_session(app: &App, operator: operator::Operator) -> Result<SignedIn, Error> {
    let (token, csrf) = (token::token()?, token::token()?);
    let (key, name) = (token::sha256(&token), operator.name.clone());
    app.write(move |conn, now| {
        operator::open_session(conn, &key, &name, &csrf, now, now + SESSION)?;
        journal::change(conn, &view::change(now, &name, "sign-in", ""))
    })
    .await?;
    let role = if operator.role == "manager" { Role::Manager } else { Role::OnCall };
    Ok(SignedIn { token, name: operator.name, role })
}

/// Ends the session.
///
/// # Errors
/// Only the database's.
pub async fn sign_out(app: &App, staff: &Staff) -> Result<(), Error> {
    let key = staff.token_sha256.clone();
    app.write(move |conn, _| operator::close_session(conn, &key)).await
}
