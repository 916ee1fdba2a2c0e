//! What the entities show: read from the database, nothing of any customer in it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{BASE, Health, NAME};
use crate::clock::UnixMs;
use crate::desk::Line;
use crate::device::Part;
use crate::policy;
use crate::site::{DriverKind, Site, Target};
use crate::store::device::DeviceStatus;
use crate::store::effect::EffectRow;
use crate::store::{self, Reader, booking, device, effect, escalation, presence};

/// What is not in the database.
#[derive(Debug, Clone, Copy)]
pub struct Around {
    pub now: UnixMs,
    pub line: Line,
    pub health: Health,
}

/// Everything of the site that can be shown.
pub fn targets(site: &Site) -> Vec<Target> {
    let bays = site.bays.keys().map(|bay| Target::from(*bay));
    bays.chain(site.doors.keys().cloned()).chain(site.hall.keys().cloned()).collect()
}

pub fn is_simulated(site: &Site, target: &Target) -> bool {
    let bay = target.bay().and_then(|bay| site.bays.get(&bay));
    let mut drivers = bay
        .into_iter()
        .flat_map(|bay| bay.drivers.values())
        .chain(site.doors.get(target).map(|door| &door.driver))
        .chain(site.hall.get(target).map(|hall| &hall.driver));
    site.simulated.contains(target) || drivers.any(|driver| *driver == DriverKind::Simulated)
}

pub fn power_key(part: Part) -> &'static str {
    match part {
        Part::Projector => "projector",
        Part::Tv => "tv",
    }
}

/// Topic to payload of every state, in one moment's view.
pub fn all(db: &Path, site: &Site, around: Around) -> store::Result<BTreeMap<String, String>> {
    let reader = Reader::open(db)?;
    let view = reader.conn().unchecked_transaction()?;
    let known = device::all(&view)?;
    let mut states = BTreeMap::new();
    let mut problem = around.health != Health::Ok;
    for target in targets(site) {
        let parts: Vec<&DeviceStatus> = known.iter().filter(|status| status.target == target).collect();
        let condition = device::condition(parts.iter().copied());
        problem |= condition == "offline" || condition == "degraded";
        let state = of_target(&view, site, &target, &parts, condition, around.now)?;
        states.insert(format!("{BASE}/state/{target}"), state.to_string());
    }
    let open = escalation::open(&view)?;
    let club = json!({
        "escalations": open.len(),
        "waiting": open.iter().filter(|escalation| escalation.acked_by.is_none()).count(),
        "health": around.health.name(),
        "internet": on(around.line == Line::Up),
        "problem": on(problem),
    });
    states.insert(format!("{BASE}/state/club"), club.to_string());
    Ok(states)
}

fn of_target(
    conn: &Connection,
    site: &Site,
    target: &Target,
    parts: &[&DeviceStatus],
    condition: &str,
    now: UnixMs,
) -> store::Result<Value> {
    let whole = parts.iter().find(|status| status.part.is_empty());
    let mut state = json!({
        "condition": condition,
        "reason": whole.and_then(|status| status.reason.clone()),
        "since": whole.map(|status| status.since.timestamp().to_string()),
        "simulated": is_simulated(site, target) || parts.iter().any(|status| status.simulated),
    });
    if let Some(bay) = target.bay() {
        let booked = !booking::of_bay(conn, bay, now, now + Duration::from_millis(1))?.is_empty();
        state["in_use"] = on(booked || presence::is_anybody_in(conn, bay, now)?).into();
    }
    let seen: Value = whole.and_then(|status| serde_json::from_str(&status.state).ok()).unwrap_or_default();
    for (_, seen) in seen.as_object().into_iter().flatten() {
        if let Some((key, value)) = shown(seen) {
            state[key] = value;
        }
    }
    let last = effect::last_asked_by(conn, target, NAME)?;
    state["last_wish"] = last.map_or_else(|| "none".to_owned(), |row| in_short(&row)).into();
    Ok(state)
}

/// One observation as a value of an entity; those that say nothing to a person are left out.
fn shown(seen: &Value) -> Option<(&'static str, Value)> {
    let flag = |key: &str| Some(Value::from(on(seen[key].as_bool()?)));
    Some(match seen["what"].as_str()? {
        "software" => ("software", flag("running")?),
        "radar" => ("radar", flag("reachable")?),
        "power" if seen["part"] == "tv" => (power_key(Part::Tv), flag("on")?),
        "power" => (power_key(Part::Projector), flag("on")?),
        "playing" => ("playing", flag("playing")?),
        "lights" => ("lights", flag("on")?),
        "set-point" => ("set_point", seen["celsius"].as_f64().map(|c| (c * 10.0).round() / 10.0)?.into()),
        "lock" => ("unlocked", flag("unlocked")?),
        "position" => ("open", flag("open")?),
        _ => return None,
    })
}

fn on(is: bool) -> &'static str {
    if is { "ON" } else { "OFF" }
}

/// "sim.restart: refused, the device is offline".
fn in_short(row: &EffectRow) -> String {
    let state = row.outcome.map_or(row.state.as_str(), |outcome| outcome.name());
    let why = row.reason.as_deref().map(|reason| format!(", {}", policy::reason_in_words(reason)));
    // A state of Home Assistant holds 255 characters.
    format!("{}: {state}{}", row.effect, why.unwrap_or_default()).chars().take(200).collect()
}

/// What became of a wish, for the topic `result`.
pub fn result(row: &EffectRow) -> String {
    json!({
        "id": row.id,
        "target": row.target.as_str(),
        "effect": row.effect.name(),
        "state": row.state,
        "outcome": row.outcome.map(|outcome| outcome.name()),
        "reason": row.reason.as_deref().map(policy::reason_in_words),
        "simulated": row.simulated,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Observation;

    #[test]
    fn observations_become_what_home_assistant_reads() {
        let say = |o: Observation| shown(&serde_json::to_value(o).unwrap());
        assert_eq!(say(Observation::Software { running: false }), Some(("software", "OFF".into())));
        assert_eq!(say(Observation::Power { part: Part::Tv, on: true }), Some(("tv", "ON".into())));
        assert_eq!(say(Observation::SetPoint { celsius: 21.04 }), Some(("set_point", 21.0.into())));
        assert_eq!(say(Observation::Boot { id: "x".into() }), None);
    }
}
