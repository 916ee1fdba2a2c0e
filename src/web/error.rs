//! Errors as the outside sees them: a status, what is wrong, and how to mend it.

use askama::Template;
use axum::Json;
use axum::extract::rejection::{BytesRejection, FormRejection, JsonRejection};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::token::NoRandom;
use crate::desk::{DeskGone, OperateError};
use crate::store::StoreError;

/// An answer that is no success. As JSON: `{"error": {"what", "mend"}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub status: StatusCode,
    pub what: String,
    pub mend: String,
    /// Seconds until it makes sense to try again.
    pub retry_after: Option<u64>,
}

/// The body of every answer that is no success.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    pub error: Problem,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub mend: String,
}

impl Error {
    pub fn new(status: StatusCode, what: impl Into<String>, mend: impl Into<String>) -> Error {
        Error { status, what: what.into(), mend: mend.into(), retry_after: None }
    }

    pub fn unauthorised() -> Error {
        Error::new(
            StatusCode::UNAUTHORIZED,
            "not signed in",
            "sign in at /sign-in or by POST /api/v1/session",
        )
    }

    pub fn forbidden(what: impl Into<String>, mend: impl Into<String>) -> Error {
        Error::new(StatusCode::FORBIDDEN, what, mend)
    }

    pub fn not_found(what: impl Into<String>) -> Error {
        Error::new(StatusCode::NOT_FOUND, what, "look for it in the list")
    }

    pub fn too_many(what: impl Into<String>, wait: std::time::Duration) -> Error {
        let seconds = wait.as_secs().max(1);
        let mend =
            format!("try again in {}", super::view::time::span(std::time::Duration::from_secs(seconds)));
        Error { retry_after: Some(seconds), ..Error::new(StatusCode::TOO_MANY_REQUESTS, what, mend) }
    }

    pub fn too_large(what: impl Into<String>) -> Error {
        Error::new(StatusCode::PAYLOAD_TOO_LARGE, what, "send less at once")
    }

    pub fn invalid(what: impl Into<String>, mend: impl Into<String>) -> Error {
        Error::new(StatusCode::UNPROCESSABLE_ENTITY, what, mend)
    }

    /// A defect or a broken disk. The details are for the log.
    fn internal(error: &dyn std::fmt::Display, what: &str) -> Error {
        tracing::error!(%error, "{what}");
        Error::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            what,
            "try again; if it stays, look at the log of the box",
        )
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let body = ErrorBody { error: Problem { what: self.what, mend: self.mend } };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Error {
        Error::internal(&error, "the database did not answer")
    }
}

impl From<NoRandom> for Error {
    fn from(error: NoRandom) -> Error {
        Error::internal(&error, "no secret could be made")
    }
}

impl From<askama::Error> for Error {
    fn from(error: askama::Error) -> Error {
        Error::internal(&error, "the page could not be made")
    }
}

impl From<tokio::task::JoinError> for Error {
    fn from(error: tokio::task::JoinError) -> Error {
        Error::internal(&error, "the work was broken off")
    }
}

impl From<DeskGone> for Error {
    fn from(_: DeskGone) -> Error {
        Error::new(StatusCode::SERVICE_UNAVAILABLE, "the box is stopping", "try again in a minute")
    }
}

impl From<OperateError> for Error {
    fn from(error: OperateError) -> Error {
        let what = error.to_string();
        match error {
            OperateError::NoThread => Error::not_found(what),
            OperateError::Conflict => Error::new(StatusCode::CONFLICT, what, "nothing was sent twice; go on"),
            OperateError::HeldBy(_) => Error::new(StatusCode::CONFLICT, what, "speak with them first"),
            OperateError::OptedOut => {
                Error::new(StatusCode::CONFLICT, what, "write on the bay screen or call")
            }
            OperateError::Empty => Error::invalid(what, "write something"),
            OperateError::TooLong(_) => Error::too_large(what),
            OperateError::NotCallable(_) => Error::invalid(what, "name one of GET /api/v1/on-call"),
            OperateError::NotYours(_) => Error::forbidden(what, "take it yourself, or ask them"),
            OperateError::Past => Error::invalid(what, "give a time to come, or none"),
            OperateError::NoTarget(_) => Error::invalid(what, "give \"target\", for example bay-2"),
            OperateError::Refused(reason) => {
                let what = format!("not done: {}", crate::policy::reason_in_words(&reason));
                Error::forbidden(what, "wait, or ask somebody who may")
            }
            OperateError::Store(error) => error.into(),
        }
    }
}

impl From<JsonRejection> for Error {
    fn from(rejection: JsonRejection) -> Error {
        let mend = "send a JSON body with the header content-type: application/json";
        unreadable(rejection.status(), rejection.body_text(), mend)
    }
}

impl From<FormRejection> for Error {
    fn from(rejection: FormRejection) -> Error {
        unreadable(rejection.status(), rejection.body_text(), "send the form again")
    }
}

impl From<BytesRejection> for Error {
    fn from(rejection: BytesRejection) -> Error {
        unreadable(rejection.status(), rejection.body_text(), "send it again")
    }
}

fn unreadable(status: StatusCode, text: String, mend: &str) -> Error {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Error::too_large("the request is too large");
    }
    let status = if status == StatusCode::UNSUPPORTED_MEDIA_TYPE { status } else { StatusCode::BAD_REQUEST };
    Error::new(status, format!("the request cannot be read: {text}"), mend)
}

/// The same as a page.
#[derive(Debug)]
pub struct PageError(pub Error);

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    title: &'a str,
    error: &'a Error,
}

impl<E: Into<Error>> From<E> for PageError {
    fn from(error: E) -> PageError {
        PageError(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let error = self.0;
        let title = error.status.canonical_reason().unwrap_or("Something is wrong");
        let Ok(html) = (ErrorPage { title, error: &error }).render() else { return error.into_response() };
        let mut response = (error.status, Html(html)).into_response();
        if let Some(seconds) = error.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
