//! The staff's test console: a text as a customer would write it, answered here and nowhere else.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Body;
use crate::desk::{Inbound, Received};
use crate::store::thread::Channel;
use crate::web::app::{App, AppState};
use crate::web::auth::Staff;
use crate::web::error::{Error, ErrorBody};
use crate::web::pages::checked_text;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TextBody {
    /// At most 100 kB; all of it is stored.
    pub text: String,
    /// The caller's own id; sent twice, the text counts once.
    #[serde(default)]
    pub id: Option<String>,
}

/// The text is stored and will have an ending.
#[derive(Serialize, ToSchema)]
pub struct ReceivedBody {
    pub message_id: i64,
    pub thread_id: i64,
    /// It had come in before.
    pub duplicate: bool,
}

impl From<Received> for ReceivedBody {
    fn from(r: Received) -> ReceivedBody {
        ReceivedBody { message_id: r.message_id, thread_id: r.thread_id, duplicate: r.duplicate }
    }
}

/// Try the box out. The writer has no booking and is in no bay.
#[utoipa::path(post, path = "/api/v1/console", tag = "console", request_body = TextBody, responses(
    (status = 202, body = ReceivedBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 413, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn post(
    State(app): State<AppState>,
    staff: Staff,
    Body(body): Body<TextBody>,
) -> Result<(StatusCode, Json<ReceivedBody>), Error> {
    let received = say(&app, &staff, checked_text(body.text)?).await?;
    Ok((StatusCode::ACCEPTED, Json(received.into())))
}

/// Hands the text to the desk, as a conversation of this person with the box.
///
/// # Errors
/// 503 while the box stops; the database's: nothing was stored then.
pub async fn say(app: &App, staff: &Staff, text: String) -> Result<Received, Error> {
    let (address, simulated) = (staff.name.clone(), app.simulated());
    let received = app.desk.call(move |desk| {
        let inbound = Inbound {
            channel: Channel::Console,
            address,
            session: String::new(),
            presence: None,
            phone: None,
            body: text,
            media: 0,
            provider_id: None,
            written_at: desk.now(),
            simulated,
        };
        desk.receive(&inbound)
    });
    Ok(received.await??)
}
