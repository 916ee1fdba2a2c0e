//! A pattern over the whole site: when every device goes within two minutes it is the power, or the club's own
//! network, and not the devices. One incident answers everyone it touches.
//!
//! Doors are not counted: like the box they hang on the battery, so that people get in and out.
//! Devices that were away long before say nothing. A grace passes before people are called, so that a broker
//! that starts anew is no power failure. It ends by itself when half of the devices answer again.

use std::time::Duration;

use serde_json::json;

use super::draft::Draft;
use super::people::level_name;
use super::scene::Scene;
use super::{Cx, alerts, collect};
use crate::clock::UnixMs;
use crate::device::{DeviceEvent, Observation};
use crate::site::{BayId, Target};
use crate::sop::Level;
use crate::store::device::DeviceStatus;
use crate::store::escalation::{self, NewEscalation};
use crate::store::ticket;
use crate::store::{self, device, journal, timer};

/// The timer's kind; there is one.
pub(super) const TIMER: &str = "outage";
/// The incident, and the SOP it is called for.
const WHAT: &str = "power";
const SOP: &str = "facility.power";
/// Devices that went within this time of each other went together.
const TOGETHER: Duration = Duration::from_secs(2 * 60);
/// So long they must stay away.
const GRACE: Duration = Duration::from_secs(30);
/// Fewer than this are no pattern.
const ENOUGH: usize = 3;

/// A device came or went.
pub(super) fn seen(cx: Cx<'_>, event: &DeviceEvent) -> store::Result<()> {
    match event.observation {
        Observation::Reachable { online: true, effect: None, .. } => back(cx),
        Observation::Reachable { online: false, effect: None, .. } => {
            let set = timer::all(cx.db)?.iter().any(|timer| timer.kind == TIMER);
            if set || gone_together(&known(cx)?).is_none() || ticket::open_incident(cx.db, WHAT)?.is_some() {
                return Ok(());
            }
            timer::set(cx.db, TIMER, 0, cx.now + GRACE)
        }
        _ => Ok(()),
    }
}

/// The grace is over.
pub(super) fn due(cx: Cx<'_>) -> store::Result<()> {
    timer::clear(cx.db, TIMER, 0)?;
    let devices = known(cx)?;
    let Some(since) = gone_together(&devices) else { return Ok(()) };
    if ticket::open_incident(cx.db, WHAT)?.is_some() {
        return Ok(());
    }
    let level = level_name(cx.library().get(SOP).map_or(Level::High, |sop| sop.level));
    let reason = "every device of the club went within two minutes";
    let summary = format!("{}: {reason}; the power, or the club's own network, is out", cx.site().name);
    let simulated = devices.iter().any(|device| device.simulated);
    let packet = json!({
        "site": cx.site().name,
        "device": {"online": false, "reason": reason, "since": since, "simulated": simulated},
        "next_step": "Call the club's neighbours or the electricity company; send somebody if it stays dark. \
                      This closes by itself when the devices answer again.",
        "waiting_since": cx.now,
    });
    let new = NewEscalation {
        thread_id: None,
        episode_id: None,
        intent: SOP,
        level,
        timed_as: level,
        reason,
        summary: &summary,
        packet: &packet.to_string(),
        first_alert_at: alerts::first_at(cx, level),
    };
    let id = escalation::insert(cx.db, &new, cx.now)?;
    ticket::insert_incident(cx.db, WHAT, Some(id), cx.now)?;
    timer::set(cx.db, "alert", id, new.first_alert_at)?;
    tracing::error!(devices = devices.len(), "every device went at once: the power or the network is out");
    journal::notice(cx.db, None, &format!("{summary}."), cx.now)
}

/// A device answers again: what the box opened by itself it closes when half of them do.
fn back(cx: Cx<'_>) -> store::Result<()> {
    let Some(incident) = ticket::open_incident(cx.db, WHAT)? else { return Ok(()) };
    let escalation = incident.escalation_id.map(|id| escalation::get(cx.db, id)).transpose()?.flatten();
    // One that a customer's words opened is for people to close.
    let Some(own) = escalation.filter(|e| e.thread_id.is_none()) else { return Ok(()) };
    let devices = known(cx)?;
    let answer = devices.iter().filter(|device| device.online == Some(true)).count();
    if answer * 2 < devices.len() {
        return Ok(());
    }
    alerts::close(cx, &own, "box")?;
    ticket::close_incident_of(cx.db, own.id, "box", cx.now)?;
    let said = format!("Devices answer again ({answer} of {}); the outage is closed.", devices.len());
    journal::notice(cx.db, None, &said, cx.now)
}

/// While the outage lasts, a matter in a bay that is dark is part of it. True: everything is said.
pub(super) fn answers(cx: Cx<'_>, scene: &Scene, draft: &mut Draft, bay: BayId) -> store::Result<bool> {
    let dark = device::get(cx.db, &bay.into(), "")?.is_some_and(|device| device.online == Some(false));
    match ticket::open_incident(cx.db, WHAT)? {
        Some(open) if dark => collect::join_incident(cx, scene, draft, &open).map(|()| true),
        _ => Ok(false),
    }
}

/// Bays and the hall's devices that were ever heard of.
fn known(cx: Cx<'_>) -> store::Result<Vec<DeviceStatus>> {
    let site = cx.site();
    let ours = |target: &Target| {
        target.bay().is_some_and(|bay| site.bays.contains_key(&bay)) || site.hall.contains_key(target)
    };
    let mut all = device::all(cx.db)?;
    all.retain(|row| row.part.is_empty() && row.online.is_some() && ours(&row.target));
    Ok(all)
}

/// Since when all are gone, if most of them went together.
fn gone_together(devices: &[DeviceStatus]) -> Option<UnixMs> {
    if devices.iter().any(|device| device.online != Some(false)) {
        return None;
    }
    let last = devices.iter().map(|device| device.since).max()?;
    let together = devices.iter().filter(|device| last.since(device.since) <= TOGETHER).count();
    (together >= ENOUGH && together * 2 > devices.len()).then_some(last)
}
