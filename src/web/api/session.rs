//! Signing in and out for programs.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Body;
use crate::web::app::AppState;
use crate::web::auth::{self, COOKIE, SESSION, Staff};
use crate::web::client::{Client, SameSite, check_origin, set_cookie};
use crate::web::error::{Error, ErrorBody};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    #[schema(example = "dana")]
    pub name: String,
    pub password: String,
}

#[derive(Serialize, ToSchema)]
pub struct SessionBody {
    /// For the header `Authorization: Bearer …`; the same as the cookie.
    pub token: String,
    pub name: String,
    /// `oncall` or `manager`.
    pub role: &'static str,
    /// Seconds until it ends.
    pub expires_in: u64,
}

/// Sign in: a cookie and a bearer token.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = Credentials, responses(
    (status = 200, body = SessionBody), (status = 401, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub async fn open(
    State(app): State<AppState>,
    Client(client): Client,
    headers: HeaderMap,
    Body(body): Body<Credentials>,
) -> Result<impl IntoResponse, Error> {
    check_origin(&Method::POST, &headers)?;
    let signed_in = auth::sign_in(&app, &client, body.name.trim(), body.password).await?;
    let cookie = set_cookie(COOKIE, &signed_in.token, SESSION.as_secs(), SameSite::Lax, app.secure);
    let role = if signed_in.role == crate::site::Role::Manager { "manager" } else { "oncall" };
    let body =
        SessionBody { token: signed_in.token, name: signed_in.name, role, expires_in: SESSION.as_secs() };
    Ok(([(header::SET_COOKIE, cookie)], Json(body)))
}

/// Sign out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses(
    (status = 204), (status = 401, body = ErrorBody)))]
pub async fn close(State(app): State<AppState>, staff: Staff) -> Result<impl IntoResponse, Error> {
    auth::sign_out(&app, &staff).await?;
    let gone = set_cookie(COOKIE, "", 0, SameSite::Lax, app.secure);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, gone)]))
}
