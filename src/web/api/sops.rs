//! The procedures that are live.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::sop::Sop;
use crate::web::app::AppState;
use crate::web::auth::Staff;
use crate::web::error::{Error, ErrorBody};

#[derive(Serialize, ToSchema)]
pub struct SopBody {
    #[schema(example = "sim.frozen")]
    pub id: String,
    pub title: String,
    pub version: u32,
    /// `act`, `guide`, `answer`, `collect`, `human`, `safety`, `social`, `system`.
    pub kind: String,
    pub examples: usize,
    /// Effects of its ladder, in order.
    pub ladder: Vec<&'static str>,
}

impl From<&Sop> for SopBody {
    fn from(sop: &Sop) -> SopBody {
        SopBody {
            id: sop.id.clone(),
            title: sop.title.clone(),
            version: sop.version,
            kind: format!("{:?}", sop.kind).to_lowercase(),
            examples: sop.examples.len(),
            ladder: sop.ladder.iter().map(|rung| rung.effect.name()).collect(),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct SopsBody {
    /// Changes when any procedure changes.
    pub fingerprint: String,
    pub sops: Vec<SopBody>,
}

/// The procedures that are live, by id.
#[utoipa::path(get, path = "/api/v1/sops", tag = "sops", responses(
    (status = 200, body = SopsBody), (status = 401, body = ErrorBody)))]
pub async fn list(State(app): State<AppState>, _: Staff) -> Result<Json<SopsBody>, Error> {
    let library = app.desk.call(|desk| desk.library().clone()).await?;
    let sops = library.sops.values().map(|sop| SopBody::from(sop.as_ref())).collect();
    Ok(Json(SopsBody { fingerprint: library.fingerprint.clone(), sops }))
}
