//! Pictures beside calls for people: taken when an escalation is new, beside it, never before it; deleted in time.
//!
//! They stay in the state folder: no channel, log or model sees them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;

use crate::clock::{Clock, UnixMs};
use crate::desk::DeskHandle;
use crate::device::protect::{ProtectClient, ProtectOptions, Snapshot};
use crate::site::{PROTECT_KEPT, Site};
use crate::store::escalation::{self, Escalation};
use crate::store::snapshot::{self, Content};
use crate::store::{self, Reader};

const PRUNE_EVERY: Duration = Duration::from_secs(3600);
/// An older escalation shows nothing of its moment any more.
const FRESH: Duration = Duration::from_secs(120);

/// Starts what the site wants; what is too old is deleted in any case.
pub fn watch(desk: &DeskHandle, db: &Path, site: &Arc<Site>, clock: &Clock) -> Vec<JoinHandle<()>> {
    let Some(folder) = snapshot::beside(db) else { return Vec::new() };
    let keep = site.protect.as_ref().map_or(PROTECT_KEPT, |protect| protect.keep);
    let mut tasks = vec![tokio::spawn(forget(folder.clone(), clock.clone(), keep))];
    let Some(protect) = site.protect.as_ref().filter(|protect| !protect.cameras.is_empty()) else {
        return tasks;
    };
    match ProtectClient::new(protect, ProtectOptions::default()) {
        Ok(client) => {
            let (client, db) = (Arc::new(client), db.to_owned());
            tasks.push(tokio::spawn(take(desk.clone(), db, folder, site.clone(), clock.clone(), client)));
        }
        Err(error) => tracing::error!(%error, "no pictures are taken"),
    }
    tasks
}

async fn forget(folder: PathBuf, clock: Clock, keep: Duration) {
    let mut tick = tokio::time::interval(PRUNE_EVERY);
    loop {
        tick.tick().await;
        if let Err(error) = snapshot::prune(&folder, clock.now() - keep) {
            tracing::warn!(%error, "old pictures could not be deleted");
        }
    }
}

async fn take(
    desk: DeskHandle,
    db: PathBuf,
    folder: PathBuf,
    site: Arc<Site>,
    clock: Clock,
    client: Arc<ProtectClient>,
) {
    let mut changes = desk.changes();
    drop(desk);
    let mut seen = 0;
    loop {
        match new_ones(&db, seen, clock.now()) {
            Ok(new) => {
                for row in new {
                    seen = seen.max(row.id);
                    let work = (folder.clone(), site.clone(), clock.clone(), client.clone());
                    tokio::spawn(async move { attach(&work.0, &work.1, &work.2, &work.3, &row).await });
                }
            }
            Err(error) => tracing::warn!(%error, "new escalations could not be read for their pictures"),
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}

fn new_ones(db: &Path, seen: i64, now: UnixMs) -> store::Result<Vec<Escalation>> {
    let reader = Reader::open(db)?;
    let open = escalation::open(reader.conn())?;
    Ok(open.into_iter().filter(|row| row.id > seen && now.since(row.opened_at) <= FRESH).collect())
}

async fn attach(folder: &Path, site: &Site, clock: &Clock, client: &ProtectClient, row: &Escalation) {
    let places = places(row);
    let done = snapshot::of(folder, row.id).unwrap_or_default();
    for camera in site.protect.iter().flat_map(|protect| &protect.cameras) {
        let place = camera.place.as_str();
        if !places.iter().any(|p| p == place) || done.iter().any(|kept| kept.place == place) {
            continue;
        }
        let answer = client.snapshot(&camera.id).await;
        let words;
        let content = match &answer {
            Ok(Snapshot::Jpeg(bytes)) => Content::Jpeg(bytes),
            Ok(Snapshot::Offline) => Content::Words("camera offline"),
            Err(why) => {
                tracing::warn!(escalation = row.id, place, error = %why, "no picture");
                words = why.to_string();
                Content::Words(&words)
            }
        };
        if let Err(error) = snapshot::keep(folder, row.id, clock.now(), place, content) {
            tracing::warn!(%error, "a picture could not be kept");
        }
    }
}

/// Where a picture helps a person: matters of the place only. Money, bookings and talk are none, nor is
/// somebody who is ill.
fn places(row: &Escalation) -> Vec<String> {
    let of_a_place = ["sim.", "access.", "facility.", "emergency."].iter().any(|m| row.intent.starts_with(m));
    if !of_a_place || row.intent == "emergency.medical" {
        return Vec::new();
    }
    let packet: Value = serde_json::from_str(&row.packet).unwrap_or_default();
    let tried = packet["tried"].as_array().into_iter().flatten().filter_map(|t| t["target"].as_str());
    let mut places: Vec<String> = tried.filter(|t| t.starts_with("door-")).map(str::to_owned).collect();
    if !row.intent.starts_with("access.") {
        places.extend(packet["bay"].as_u64().map(|bay| format!("bay-{bay}")));
    }
    if places.is_empty() && !row.intent.starts_with("sim.") {
        places.push("hall".to_owned());
    }
    places
}
