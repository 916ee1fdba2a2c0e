//! The API's own description (OpenAPI 3.1).

use axum::Json;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{
    agent, bay, bookings, channels, console, demo, devices, effects, escalations, health, notices, on_call,
    proposals, push, session, sops, threads,
};
use crate::web::{auth, events, metrics};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "ClubOS",
        description = "One box in an unstaffed club: its conversations, devices and people. Sign in by POST /api/v1/session, \
                       then send the cookie or the bearer token. Errors are {\"error\": {\"what\", \"mend\"}}."
    ),
    paths(
        session::open, session::close,
        threads::list, threads::one, threads::reply, threads::claim, threads::release, threads::ack,
        threads::approve, threads::refuse,
        escalations::list, escalations::ack, escalations::close,
        on_call::show, on_call::set,
        devices::list, devices::one, devices::screens,
        effects::list, effects::one, effects::request, effects::undo,
        proposals::list, proposals::approve, proposals::dismiss,
        bookings::list, bookings::replace,
        sops::list,
        notices::list, notices::tickets, notices::incidents, notices::status,
        agent::heartbeat, agent::poll, agent::report,
        console::post, bay::list, bay::post,
        channels::list, channels::test, push::key, push::subscribe, push::unsubscribe,
        demo::list, demo::set, demo::line, demo::power,
        serve, health::alive, health::ready, metrics::serve,
        events::staff, events::bay, events::visit,
    ),
    modifiers(&SignIn),
    security(("bearer" = []), ("cookie" = [])),
)]
struct Api;

struct SignIn;

impl Modify for SignIn {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let key = ApiKey::Header(ApiKeyValue::new("x-device-key"));
        components.add_security_scheme("device-key", SecurityScheme::ApiKey(key));
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        components.add_security_scheme(
            "cookie",
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(auth::COOKIE))),
        );
    }
}

/// The description as a document.
pub fn document() -> Document {
    Api::openapi()
}

/// This description.
#[utoipa::path(get, path = "/api/openapi.json", tag = "health", security(()), responses((status = 200, description = "OpenAPI document", content_type = "application/json")))]
pub async fn serve() -> Json<Document> {
    Json(document())
}
