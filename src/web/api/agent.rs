//! Bay agents that ask over HTTP: heartbeat, look for a command, report. `docs/agent-protocol.md`.
//!
//! The header `X-Device-Key` says which bay speaks; nothing in a body or an address does.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Serialize;
use utoipa::ToSchema;

use super::Body;
use crate::device::agent_http::{Heartbeat, HttpAgentError, HttpAgents, HttpCommand, Report};
use crate::site::{BayId, Target};
use crate::store::{agent_key, effect};
use crate::web::app::{App, AppState};
use crate::web::client::Client;
use crate::web::error::{Error, ErrorBody};
use crate::web::token;

/// Largest body of an agent, in bytes.
pub const BODY: usize = 16 * 1024;
/// Longest key that is looked at.
const LONGEST_KEY: usize = 256;

/// The bay whose agent speaks. 401 without its key.
pub struct Device(BayId);

impl FromRequestParts<AppState> for Device {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Device, Error> {
        let Ok(Client(client)) = Client::from_request_parts(parts, app).await;
        let now = app.now();
        let key = parts.headers.get("x-device-key").and_then(|key| key.to_str().ok()).unwrap_or_default();
        let known = if key.is_empty() || key.len() > LONGEST_KEY {
            None
        } else {
            let sha = token::sha256(key);
            app.look(move |conn, _| agent_key::bay_of(conn, &sha)).await?
        };
        if let Some(bay) = known {
            return Ok(Device(bay));
        }
        app.device_keys.check(&client, now).map_err(|wait| Error::too_many("too many wrong keys", wait))?;
        app.device_keys.note(&client, now);
        let mend = "send the header x-device-key with what `clubos agent enrol` showed for this bay";
        Err(Error::new(StatusCode::UNAUTHORIZED, "the device key is missing or wrong", mend))
    }
}

/// What an agent reads on its PC. Only what was read; `null` or absent is unknown.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes `device::agent_http::Heartbeat` for the API's documentation")]
pub struct HeartbeatBody {
    #[schema(example = "acme-agent 2.3")]
    version: Option<String>,
    tps_version: Option<String>,
    /// Whether the simulator software runs.
    tps_running: Option<bool>,
    radar_ip: Option<String>,
    radar_reachable: Option<bool>,
    /// One boot of the PC; without it no reboot can be proved.
    boot_id: Option<String>,
    /// Names of effects it can do.
    capabilities: Option<Vec<String>>,
    simulated: Option<bool>,
}

/// The command that waited.
#[derive(Serialize, ToSchema)]
pub struct PollBody {
    #[schema(value_type = Object, example = json!({"id": 4711, "action": "sim.restart", "expires_at": 1795291800000_i64}))]
    command: HttpCommand,
}

/// An agent's word on a command.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes `device::agent_http::Report` for the API's documentation")]
pub struct ReportBody {
    command_id: i64,
    /// The agent's own claim; no proof.
    success: bool,
    message: Option<String>,
}

/// What the agent reads now. At least every 15 s and at every change.
#[utoipa::path(post, path = "/api/v1/agent/heartbeat", tag = "agents", security(("device-key" = [])), request_body = HeartbeatBody, responses(
    (status = 204, description = "taken"), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub async fn heartbeat(
    State(app): State<AppState>,
    Device(bay): Device,
    body: Result<Body<Heartbeat>, Error>,
) -> Result<StatusCode, Error> {
    let agents = agents(&app, bay)?;
    let Body(beat) = body.inspect_err(|error| agents.malformed(bay, &error.what))?;
    let taken = agents.heartbeat(bay, beat).await;
    taken.inspect_err(|error| agents.malformed(bay, &error.to_string()))?;
    Ok(StatusCode::NO_CONTENT)
}

/// The command that waits for this bay, handed out once; `null` if there is none.
#[utoipa::path(get, path = "/api/v1/agent/poll", tag = "agents", security(("device-key" = [])), responses(
    (status = 200, body = Option<PollBody>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub async fn poll(State(app): State<AppState>, Device(bay): Device) -> Result<Json<Option<PollBody>>, Error> {
    let command = agents(&app, bay)?.poll(bay).await?;
    Ok(Json(command.map(|command| PollBody { command })))
}

/// How a command ended, as far as the agent knows. Again is no harm: the first word counts.
#[utoipa::path(post, path = "/api/v1/agent/report", tag = "agents", security(("device-key" = [])), request_body = ReportBody, responses(
    (status = 204, description = "taken"), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub async fn report(
    State(app): State<AppState>,
    Device(bay): Device,
    body: Result<Body<Report>, Error>,
) -> Result<StatusCode, Error> {
    let agents = agents(&app, bay)?;
    let Body(report) = body.inspect_err(|error| agents.malformed(bay, &error.what))?;
    let id = report.command_id;
    let target = Target::from(bay);
    // The journal knows also what was handed out before the box was restarted.
    let own = move |row: effect::EffectRow| row.target == target && row.dispatched_at.is_some();
    if !app.look(move |conn, _| effect::get(conn, id)).await?.is_some_and(own) {
        return Err(HttpAgentError::NotYours.into());
    }
    agents.report(bay, report).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn agents(app: &App, bay: BayId) -> Result<&HttpAgents, Error> {
    let known = app.agents.as_ref().filter(|agents| agents.knows(bay));
    known.ok_or_else(|| HttpAgentError::NoSuchBay(bay).into())
}

impl From<HttpAgentError> for Error {
    fn from(error: HttpAgentError) -> Error {
        let what = error.to_string();
        match error {
            HttpAgentError::NoSuchBay(_) => {
                let mend = "write `driver = \"agent-http\"` for the bay in site.toml, and see that the box is not in safe mode";
                Error::new(StatusCode::NOT_FOUND, what, mend)
            }
            HttpAgentError::Malformed(_) => {
                Error::new(StatusCode::BAD_REQUEST, what, "send what docs/agent-protocol.md says")
            }
            HttpAgentError::NotYours => {
                Error::new(StatusCode::NOT_FOUND, what, "report only what poll handed out")
            }
        }
    }
}
