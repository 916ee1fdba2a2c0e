//! Live pages: server-sent events (WHATWG HTML, 9.2). They say *that* something changed; what is shown
//! is read again by the page, so that an event that was missed costs nothing.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use axum::{Extension, Router};
use futures_util::stream::{self, Stream, StreamExt as _};
use tokio::sync::watch;

use super::app::{App, AppState, Closing};
use super::auth::Staff;
use super::client::cookie;
use super::error::Error;
use super::{door, pages, token};
use crate::clock::UnixMs;
use crate::store::{message, operator, presence};

/// How often a silent stream looks whether it may go on.
const LOOK: Duration = Duration::from_secs(15);

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/events", get(staff))
        .route("/api/v1/bay/events", get(bay))
        .route("/api/v1/door/events", get(visit))
}

/// Events of the whole box: `change` whenever something was done.
#[utoipa::path(get, path = "/api/v1/events", tag = "live", responses(
    (status = 200, description = "Server-sent events named `change`", content_type = "text/event-stream"), (status = 401, body = super::error::ErrorBody)))]
pub async fn staff(
    State(app): State<AppState>,
    closing: Option<Extension<Closing>>,
    staff: Staff,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    live(app, Allowed::Session(staff.token_sha256), None, closing)
}

/// Events of one occupancy of a bay: `message` with each text, `change` otherwise. Ends with the presence.
#[utoipa::path(get, path = "/api/v1/bay/events", tag = "bay", responses(
    (status = 200, description = "Server-sent events named `message` and `change`", content_type = "text/event-stream"), (status = 401, body = super::error::ErrorBody)))]
pub async fn bay(
    State(app): State<AppState>,
    closing: Option<Extension<Closing>>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Error> {
    let (key, grant) = pages::bay::grant(&app, &headers).await?.ok_or_else(pages::bay::no_presence)?;
    Ok(live(app, Allowed::Presence(key), Some(grant.thread_id), closing))
}

/// Events of one visit at the door: `change`.
#[utoipa::path(get, path = "/api/v1/door/events", tag = "door", responses(
    (status = 200, description = "Server-sent events named `change`", content_type = "text/event-stream"), (status = 401, body = super::error::ErrorBody)))]
pub async fn visit(
    State(app): State<AppState>,
    closing: Option<Extension<Closing>>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Error> {
    let token = cookie(&headers, door::COOKIE).ok_or_else(Error::unauthorised)?;
    let allowed = Allowed::Visit(token::sha256(token));
    if !allowed.still(&app).await {
        return Err(Error::unauthorised());
    }
    Ok(live(app, allowed, None, closing))
}

/// What lets a stream go on.
enum Allowed {
    Session(String),
    Presence(String),
    Visit(String),
}

impl Allowed {
    async fn still(&self, app: &App) -> bool {
        let look = match self {
            Allowed::Session(key) => {
                let key = key.clone();
                app.look(move |conn, now| Ok(operator::session(conn, &key, now)?.is_some())).await
            }
            Allowed::Presence(key) => {
                let key = key.clone();
                app.look(move |conn, now| Ok(presence::granted(conn, &key, now)?.is_some())).await
            }
            Allowed::Visit(key) => {
                let key = key.clone();
                app.look(move |conn, now| Ok(presence::visit(conn, &key, now)?.is_some())).await
            }
        };
        look.unwrap_or(false)
    }
}

struct Live {
    app: Arc<App>,
    allowed: Allowed,
    changes: watch::Receiver<u64>,
    thread: Option<i64>,
    last_message: Option<i64>,
    ready: Vec<Event>,
    looked: UnixMs,
}

fn live(
    app: AppState,
    allowed: Allowed,
    thread: Option<i64>,
    closing: Option<Extension<Closing>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = app.desk.changes();
    let looked = app.now();
    let first = vec![Event::default().event("hello").data("{}")];
    let live = Live { app, allowed, changes, thread, last_message: None, ready: first, looked };
    let stream = stream::unfold(live, |mut live| async {
        let event = live.next().await?;
        Some((Ok(event), live))
    })
    .take_until(closed(closing));
    Sse::new(stream).keep_alive(KeepAlive::new().interval(LOOK))
}

/// Done when the server closes; never, where there is no server around it.
async fn closed(closing: Option<Extension<Closing>>) {
    match closing {
        Some(Extension(Closing(mut closing))) => {
            let _ = closing.wait_for(|closing| *closing).await; // a server that is gone is closed too
        }
        None => std::future::pending().await,
    }
}

impl Live {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop() {
                return Some(event);
            }
            if self.last_message.is_none() {
                self.last_message = Some(self.newest().await);
            }
            match tokio::time::timeout(LOOK, self.changes.changed()).await {
                Ok(Ok(())) => self.gather().await?,
                Ok(Err(_)) => return None, // the desk has stopped
                Err(_) => {}
            }
            if self.app.now().since(self.looked) >= LOOK {
                self.looked = self.app.now();
                if !self.allowed.still(&self.app).await {
                    return None;
                }
            }
        }
    }

    async fn newest(&self) -> i64 {
        let Some(thread) = self.thread else { return 0 };
        let newest =
            self.app.look(move |conn, _| Ok(message::latest(conn, thread)?.map_or(0, |m| m.id))).await;
        newest.unwrap_or(0)
    }

    /// Queues what is new, last first.
    async fn gather(&mut self) -> Option<()> {
        let version = *self.changes.borrow_and_update();
        if !self.allowed.still(&self.app).await {
            return None;
        }
        self.ready.push(Event::default().event("change").data(format!("{{\"version\":{version}}}")));
        let Some(thread) = self.thread else { return Some(()) };
        let last = self.last_message.unwrap_or(0);
        let new = self.app.look(move |conn, _| message::after(conn, thread, last)).await.unwrap_or_default();
        for message in new.iter().rev() {
            self.last_message = self.last_message.max(Some(message.id));
            let text = pages::bay::BayMessage::from(message);
            if let Ok(event) = Event::default().event("message").json_data(&text) {
                self.ready.push(event);
            }
        }
        Some(())
    }
}
