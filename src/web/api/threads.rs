//! Conversations, and what people do in them.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Body;
use crate::desk::Act;
use crate::site::{Effect, Target};
use crate::web::app::{App, AppState};
use crate::web::auth::Staff;
use crate::web::error::{Error, ErrorBody};
use crate::web::pages::checked_text;
use crate::web::view::conversation::{self, Conversation};
use crate::web::view::threads::{self, ThreadLine};

/// All conversations: who needs a person first, then the latest.
#[utoipa::path(get, path = "/api/v1/threads", tag = "threads", responses(
    (status = 200, body = [ThreadLine]), (status = 401, body = ErrorBody)))]
pub async fn list(State(app): State<AppState>, _: Staff) -> Result<Json<Vec<ThreadLine>>, Error> {
    app.view(threads::list).await.map(Json)
}

/// One conversation with everything said and done in it.
#[utoipa::path(get, path = "/api/v1/threads/{id}", tag = "threads", params(("id" = i64, Path)), responses(
    (status = 200, body = Conversation), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn one(
    State(app): State<AppState>,
    _: Staff,
    Path(id): Path<i64>,
) -> Result<Json<Conversation>, Error> {
    conversation(&app, id).await.map(Json)
}

async fn conversation(app: &App, id: i64) -> Result<Conversation, Error> {
    let found = app.view(move |look| conversation::view(look, id)).await?;
    found.ok_or_else(|| Error::not_found("there is no such conversation"))
}

/// Does one thing in a conversation, in the person's name.
///
/// # Errors
/// What [`crate::desk::OperateError`] says.
pub async fn operate(app: &App, staff: &Staff, id: i64, act: Act) -> Result<(), Error> {
    let who = staff.operator();
    app.desk.call(move |desk| desk.operate(&who, id, &act)).await?.map_err(Into::into)
}

async fn acted(app: &App, staff: &Staff, id: i64, act: Act) -> Result<Json<Conversation>, Error> {
    operate(app, staff, id, act).await?;
    conversation(app, id).await.map(Json)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyBody {
    /// At most 100 kB.
    pub text: String,
    /// Any text of the caller's own; a second request with the same is a conflict (409), not a second text.
    #[serde(default)]
    pub form_key: Option<String>,
}

/// Answer the customer. Silences the box in this conversation.
#[utoipa::path(post, path = "/api/v1/threads/{id}/reply", tag = "threads", params(("id" = i64, Path)), request_body = ReplyBody, responses(
    (status = 200, body = Conversation), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, body = ErrorBody), (status = 413, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn reply(
    State(app): State<AppState>,
    staff: Staff,
    Path(id): Path<i64>,
    Body(body): Body<ReplyBody>,
) -> Result<Json<Conversation>, Error> {
    let act = Act::Reply { text: checked_text(body.text)?, form_key: body.form_key };
    acted(&app, &staff, id, act).await
}

/// Take the conversation over: the box says nothing more in it for an hour.
#[utoipa::path(post, path = "/api/v1/threads/{id}/claim", tag = "threads", params(("id" = i64, Path)), responses(
    (status = 200, body = Conversation), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn claim(
    State(app): State<AppState>,
    staff: Staff,
    Path(id): Path<i64>,
) -> Result<Json<Conversation>, Error> {
    acted(&app, &staff, id, Act::Claim).await
}

/// Give the conversation back to the box; closes its escalations.
#[utoipa::path(post, path = "/api/v1/threads/{id}/release", tag = "threads", params(("id" = i64, Path)), responses(
    (status = 200, body = Conversation), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn release(
    State(app): State<AppState>,
    staff: Staff,
    Path(id): Path<i64>,
) -> Result<Json<Conversation>, Error> {
    acted(&app, &staff, id, Act::Release).await
}

/// Acknowledge: somebody looks after it, nobody else is called.
#[utoipa::path(post, path = "/api/v1/threads/{id}/ack", tag = "threads", params(("id" = i64, Path)), responses(
    (status = 200, body = Conversation), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn ack(
    State(app): State<AppState>,
    staff: Staff,
    Path(id): Path<i64>,
) -> Result<Json<Conversation>, Error> {
    acted(&app, &staff, id, Act::Acknowledge).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EffectBody {
    #[schema(example = "door.unlock")]
    pub effect: String,
    /// Not needed where the conversation leaves no doubt.
    #[serde(default)]
    #[schema(example = "door-main")]
    pub target: Option<String>,
    /// Degrees Celsius for `thermostat.set`.
    #[serde(default)]
    pub value: Option<f32>,
}

impl EffectBody {
    /// # Errors
    /// 422 for an effect that does not exist.
    pub fn named(&self) -> Result<Effect, Error> {
        let known = || Effect::ALL.iter().map(|e| e.name()).collect::<Vec<_>>().join(", ");
        Effect::parse(&self.effect).ok_or_else(|| {
            Error::invalid(format!("there is no effect {:?}", self.effect), format!("one of {}", known()))
        })
    }
}

/// Do an effect in one's own name. The gate still has its word; what became of it stands in the conversation.
#[utoipa::path(post, path = "/api/v1/threads/{id}/approve", tag = "threads", params(("id" = i64, Path)), request_body = EffectBody, responses(
    (status = 200, body = Conversation), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn approve(
    State(app): State<AppState>,
    staff: Staff,
    Path(id): Path<i64>,
    Body(body): Body<EffectBody>,
) -> Result<Json<Conversation>, Error> {
    let act = Act::Approve { effect: body.named()?, target: body.target.map(Target::new), value: body.value };
    acted(&app, &staff, id, act).await
}

/// Say no to an effect, in one's own name.
#[utoipa::path(post, path = "/api/v1/threads/{id}/refuse", tag = "threads", params(("id" = i64, Path)), request_body = EffectBody, responses(
    (status = 200, body = Conversation), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn refuse(
    State(app): State<AppState>,
    staff: Staff,
    Path(id): Path<i64>,
    Body(body): Body<EffectBody>,
) -> Result<Json<Conversation>, Error> {
    let act = Act::Refuse { effect: body.named()?, target: body.target.map(Target::new) };
    acted(&app, &staff, id, act).await
}
