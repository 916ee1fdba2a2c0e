//! The pages. Each works by plain forms and reloading; scripts only make it lively.

pub mod bay;
mod bookings;
mod channels;
mod demo;
mod demo_slack;
mod door;
mod people;
mod proposals;
mod screen;
mod sign_in;
mod staff;
mod thread;

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::{StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use serde::de::DeserializeOwned;

use super::app::AppState;
use super::error::{Error, PageError};

/// Largest text that is taken, in bytes. All of it is stored.
pub const LONGEST_TEXT: usize = 100 * 1024;
/// Body of a request that carries such a text: JSON and forms can make six bytes of one.
pub const TEXT_BODY: usize = 6 * LONGEST_TEXT + 4096;

pub type Page = Result<Response, PageError>;

pub fn router() -> Router<AppState> {
    let text = DefaultBodyLimit::max(TEXT_BODY);
    Router::new()
        .route("/", get(staff::home))
        .route("/sign-in", get(sign_in::form).post(sign_in::submit))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/threads/{id}/reply", post(thread::reply).layer(text))
        .route("/threads/{id}/{act}", post(thread::act))
        .route("/escalations/{id}/{act}", post(people::escalation))
        .route("/escalations/{id}/pictures/{name}", get(people::picture))
        .route("/on-call", post(people::on_call))
        .route("/effects", post(thread::order))
        .route("/effects/{id}/undo", post(thread::undo))
        .route("/tickets/{id}/close", post(thread::close_ticket))
        .route("/console", post(thread::console).layer(text))
        .route("/b/{code}", get(bay::show).post(bay::code))
        .route("/b/{code}/message", post(bay::message).layer(text))
        .route("/screen/{secret}", get(screen::show))
        .route("/d/{code}", get(door::show).post(door::submit))
        .route("/d/{code}/again", post(door::again))
        .route("/proposals", get(proposals::show))
        .route("/proposals/{id}/{act}", post(proposals::decide))
        .route("/bookings", get(bookings::show))
        .route("/bookings/sources/{source}/forget", post(bookings::forget))
        .route("/channels", get(channels::show))
        .route("/channels/{name}/test", post(channels::test))
        .route("/demo", get(demo::show).post(demo::set))
        .route("/demo/slack", get(demo_slack::show).post(demo_slack::press))
        .route("/demo/line", post(demo::line))
        .route("/demo/power", post(demo::power))
        .route("/demo/mend", post(demo::mend))
}

/// Whatever has no page. The API answers in JSON.
pub async fn not_found(uri: Uri) -> Response {
    let error = Error::new(StatusCode::NOT_FOUND, "there is nothing here", "begin at /");
    if uri.path().starts_with("/api/") { error.into_response() } else { PageError(error).into_response() }
}

fn html(template: &impl Template) -> Page {
    Ok(Html(template.render()?).into_response())
}

/// The page with what is wrong on it, so that one can try again where one was.
fn refused(page: Page, error: &Error) -> Page {
    let mut response = page?;
    *response.status_mut() = error.status;
    if let Some(seconds) = error.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

/// A form whose rejection is a page.
pub struct Sent<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let Form(form) =
            Form::<T>::from_request(request, state).await.map_err(|e: FormRejection| Error::from(e))?;
        Ok(Sent(form))
    }
}

/// A text as sent.
///
/// # Errors
/// 413 above [`LONGEST_TEXT`], 422 without a word.
pub fn checked_text(text: String) -> Result<String, Error> {
    if text.len() > LONGEST_TEXT {
        return Err(Error::too_large(format!("the message is longer than {} kB", LONGEST_TEXT / 1024)));
    }
    if text.trim().is_empty() {
        return Err(Error::invalid("the message is empty", "write something"));
    }
    Ok(text)
}
