//! The JSON API. One file a noun. Not signed in: 401; not allowed: 403; every error says what and how to mend.

pub mod agent;
pub mod bay;
pub mod bookings;
pub mod channels;
pub mod console;
pub mod demo;
pub mod devices;
pub mod effects;
pub mod escalations;
pub mod health;
pub mod notices;
pub mod on_call;
pub mod openapi;
pub mod proposals;
pub mod push;
pub mod session;
pub mod sops;
pub mod threads;

use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::routing::{MethodRouter, delete, get, post, put};
use axum::{Json, Router};
use serde::de::DeserializeOwned;

use super::app::AppState;
use super::error::Error;
use super::pages::TEXT_BODY;

/// Largest feed of bookings: some ten thousand of them.
const FEED_BODY: usize = 2 * 1024 * 1024;

type Entry = (&'static str, &'static [&'static str], MethodRouter<AppState>);

/// Every address of the API with its methods: the router and the documentation are made from this.
fn entries() -> Vec<Entry> {
    let text = DefaultBodyLimit::max(TEXT_BODY);
    let agent = DefaultBodyLimit::max(agent::BODY);
    let feed = DefaultBodyLimit::max(FEED_BODY);
    vec![
        ("/api/v1/session", &["post", "delete"], post(session::open).merge(delete(session::close))),
        ("/api/v1/threads", &["get"], get(threads::list)),
        ("/api/v1/threads/{id}", &["get"], get(threads::one)),
        ("/api/v1/threads/{id}/reply", &["post"], post(threads::reply).layer(text)),
        ("/api/v1/threads/{id}/claim", &["post"], post(threads::claim)),
        ("/api/v1/threads/{id}/release", &["post"], post(threads::release)),
        ("/api/v1/threads/{id}/ack", &["post"], post(threads::ack)),
        ("/api/v1/threads/{id}/approve", &["post"], post(threads::approve)),
        ("/api/v1/threads/{id}/refuse", &["post"], post(threads::refuse)),
        ("/api/v1/escalations", &["get"], get(escalations::list)),
        ("/api/v1/escalations/{id}/ack", &["post"], post(escalations::ack)),
        ("/api/v1/escalations/{id}/close", &["post"], post(escalations::close)),
        ("/api/v1/on-call", &["get", "put"], get(on_call::show).merge(put(on_call::set))),
        ("/api/v1/devices", &["get"], get(devices::list)),
        ("/api/v1/devices/{target}", &["get"], get(devices::one)),
        ("/api/v1/effects", &["get", "post"], get(effects::list).merge(post(effects::request))),
        ("/api/v1/effects/{id}", &["get"], get(effects::one)),
        ("/api/v1/effects/{id}/undo", &["post"], post(effects::undo)),
        ("/api/v1/proposals", &["get"], get(proposals::list)),
        ("/api/v1/proposals/{id}/approve", &["post"], post(proposals::approve)),
        ("/api/v1/proposals/{id}/dismiss", &["post"], post(proposals::dismiss)),
        ("/api/v1/bookings", &["get", "put"], get(bookings::list).merge(put(bookings::replace)).layer(feed)),
        ("/api/v1/sops", &["get"], get(sops::list)),
        ("/api/v1/tickets", &["get"], get(notices::tickets)),
        ("/api/v1/incidents", &["get"], get(notices::incidents)),
        ("/api/v1/notices", &["get"], get(notices::list)),
        ("/api/v1/status", &["get"], get(notices::status)),
        ("/api/v1/screens", &["get"], get(devices::screens)),
        ("/api/v1/console", &["post"], post(console::post).layer(text)),
        ("/api/v1/bay/messages", &["get", "post"], get(bay::list).merge(post(bay::post)).layer(text)),
        ("/api/v1/channels", &["get"], get(channels::list)),
        ("/api/v1/channels/{name}/test", &["post"], post(channels::test)),
        ("/api/v1/push/key", &["get"], get(push::key)),
        (
            "/api/v1/push/subscriptions",
            &["post", "delete"],
            post(push::subscribe).merge(delete(push::unsubscribe)),
        ),
        ("/api/v1/agent/heartbeat", &["post"], post(agent::heartbeat).layer(agent)),
        ("/api/v1/agent/poll", &["get"], get(agent::poll)),
        ("/api/v1/agent/report", &["post"], post(agent::report).layer(agent)),
        ("/api/v1/demo/devices", &["get", "post"], get(demo::list).merge(post(demo::set))),
        ("/api/v1/demo/line", &["post"], post(demo::line)),
        ("/api/v1/demo/power", &["post"], post(demo::power)),
        ("/api/openapi.json", &["get"], get(openapi::serve)),
        ("/healthz", &["get"], get(health::alive)),
        ("/readyz", &["get"], get(health::ready)),
        ("/metrics", &["get"], get(super::metrics::serve)),
    ]
}

/// Streams, which have no end and so no time limit; they have a router of their own.
const STREAMS: [&str; 3] = ["/api/v1/events", "/api/v1/bay/events", "/api/v1/door/events"];

/// Method and path of everything programs may speak to.
pub fn routes() -> Vec<(&'static str, &'static str)> {
    let entries = entries();
    let plain =
        entries.iter().flat_map(|(path, methods, _)| methods.iter().map(move |method| (*method, *path)));
    plain.chain(STREAMS.map(|path| ("get", path))).collect()
}

pub fn router() -> Router<AppState> {
    entries().into_iter().fold(Router::new(), |router, (path, _, methods)| router.route(path, methods))
}

/// A JSON body whose rejection is one of our errors.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let Json(body) = Json::<T>::from_request(request, state).await?;
        Ok(Body(body))
    }
}
