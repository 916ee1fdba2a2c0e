//! Devices as they are known: reachable or not, what was seen last, what they can do.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::conversation::{EffectView, effect_view};
use super::offer::{self, Offer};
use super::{Look, time, undo, words};
use crate::site::{DriverKind, Target};
use crate::store::device::{self, DeviceStatus};
use crate::store::{self, booking, effect};

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeviceView {
    pub target: String,
    pub label: String,
    /// `online`, `degraded` (a part of it is offline), `offline`, `unknown` (never heard of).
    pub condition: &'static str,
    /// `None`: never heard of.
    pub online: Option<bool>,
    pub reason: Option<String>,
    pub since: Option<String>,
    #[serde(skip)]
    pub since_label: String,
    /// What was seen last, in words.
    pub seen: Vec<String>,
    /// Parts that cannot be reached though the rest can.
    pub parts_offline: Vec<String>,
    pub simulated: bool,
    /// Who has the bay now, by booking.
    pub in_use_until: Option<String>,
    pub can: Vec<Offer>,
    /// What can be taken back, the latest first.
    pub undo: Vec<UndoOffer>,
}

/// Something done to a device that can be taken back: `POST /api/v1/effects/{id}/undo`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UndoOffer {
    /// The effect that is taken back.
    pub id: i64,
    /// What that does: "Turn off the lights".
    pub label: String,
}

/// One device with everything that is known of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeviceDetail {
    #[serde(flatten)]
    pub device: DeviceView,
    /// The last observation of each kind, as the driver told it.
    #[schema(value_type = Object)]
    pub state: Value,
    /// When it was last heard of.
    pub seen_at: Option<String>,
    /// The latest effects on it, latest first.
    pub effects: Vec<EffectView>,
}

/// How many effects are shown of one device.
const EFFECTS: u32 = 10;

/// One target of the site; `None` for one that it does not name.
pub fn one(look: Look<'_>, target: &Target) -> store::Result<Option<DeviceDetail>> {
    if !look.site.knows(target) {
        return Ok(None);
    }
    let known = device::all(look.conn)?;
    let whole = known.iter().find(|s| &s.target == target && s.part.is_empty());
    let effects = effect::recent_on(look.conn, target, EFFECTS)?;
    Ok(Some(DeviceDetail {
        device: view(look, target, &known)?,
        state: whole
            .and_then(|s| serde_json::from_str(&s.state).ok())
            .unwrap_or_else(|| Value::Object(Default::default())),
        seen_at: whole.map(|s| time::rfc3339(s.seen_at)),
        effects: effects.iter().map(|row| effect_view(look, row)).collect(),
    }))
}

/// Every target of the site: bays, doors, hall.
pub fn list(look: Look<'_>) -> store::Result<Vec<DeviceView>> {
    let known = device::all(look.conn)?;
    let bays = look.site.bays.keys().map(|bay| Target::from(*bay));
    let targets = bays.chain(look.site.doors.keys().cloned()).chain(look.site.hall.keys().cloned());
    targets.map(|target| view(look, &target, &known)).collect()
}

fn view(look: Look<'_>, target: &Target, known: &[DeviceStatus]) -> store::Result<DeviceView> {
    let own: Vec<&DeviceStatus> = known.iter().filter(|s| &s.target == target).collect();
    let whole = own.iter().find(|s| s.part.is_empty());
    let now = look.now;
    let in_use_until = match target.bay() {
        Some(bay) => booking::of_bay(look.conn, bay, now, now + std::time::Duration::from_millis(1))?
            .first()
            .map(|b| time::label(look.site, b.ends_at, now)),
        None => None,
    };
    Ok(DeviceView {
        condition: device::condition(own.iter().copied()),
        target: target.as_str().to_owned(),
        label: words::target(look.site, target),
        online: whole.and_then(|s| s.online),
        reason: whole.and_then(|s| s.reason.clone()),
        since: whole.map(|s| time::rfc3339(s.since)),
        since_label: whole.map(|s| time::label(look.site, s.since, now)).unwrap_or_default(),
        seen: whole.map(|s| seen(&s.state)).unwrap_or_default(),
        parts_offline: own
            .iter()
            .filter(|s| !s.part.is_empty() && s.online == Some(false))
            .map(|s| {
                crate::site::Effect::parse(&s.part).map_or(s.part.clone(), |e| words::effect(e).to_owned())
            })
            .collect(),
        simulated: look.simulated || own.iter().any(|s| s.simulated) || simulated_by_site(look, target),
        in_use_until,
        can: offer::of_target(look.site, target),
        undo: undoable(look, target)?,
    })
}

fn undoable(look: Look<'_>, target: &Target) -> store::Result<Vec<UndoOffer>> {
    let mut offers = Vec::new();
    for row in effect::recent_on(look.conn, target, EFFECTS)? {
        offers.extend(undo::label(look, &row)?.map(|label| UndoOffer { id: row.id, label }));
    }
    Ok(offers)
}

fn simulated_by_site(look: Look<'_>, target: &Target) -> bool {
    if look.site.simulated.contains(target) {
        return true;
    }
    let bay = target.bay().and_then(|bay| look.site.bays.get(&bay));
    let of_bay = bay.is_some_and(|bay| bay.drivers.values().any(|d| *d == DriverKind::Simulated));
    let of_door = look.site.doors.get(target).is_some_and(|d| d.driver == DriverKind::Simulated);
    of_bay || of_door || look.site.hall.get(target).is_some_and(|d| d.driver == DriverKind::Simulated)
}

/// The last observation of each kind, in words; kinds that say nothing to a person are left out.
fn seen(state: &str) -> Vec<String> {
    let state: Value = serde_json::from_str(state).unwrap_or_default();
    state.as_object().into_iter().flatten().filter_map(|(_, seen)| sentence(seen)).collect()
}

fn sentence(seen: &Value) -> Option<String> {
    let yes = |key: &str| seen[key].as_bool();
    let pick = |on: bool, if_on: &str, if_off: &str| Some((if on { if_on } else { if_off }).to_owned());
    match seen["what"].as_str()? {
        "software" => pick(yes("running")?, "software running", "software not running"),
        "radar" => pick(yes("reachable")?, "radar reachable", "radar not reachable"),
        "power" => Some(format!("{} {}", seen["part"].as_str()?, if yes("on")? { "on" } else { "off" })),
        "projector-input" => pick(yes("right")?, "right input", "wrong input"),
        "playing" => pick(yes("playing")?, "playing", "silent"),
        "lights" => pick(yes("on")?, "on", "off"),
        "set-point" => Some(format!("set to {} °C", seen["celsius"].as_f64()?.round())),
        "supply" => pick(yes("on")?, "powered", "no power"),
        "wan" => pick(yes("up")?, "internet line up", "internet line down"),
        "access-points" => Some(format!("{} of {} access points online", seen["online"], seen["total"])),
        "on-network" => pick(yes("present")?, "computer on the network", "computer not on the network"),
        "lock" => pick(yes("unlocked")?, "unlocked", "locked"),
        "position" => pick(yes("open")?, "open", "closed"),
        "uptime" => {
            Some(format!("up {}", time::span(std::time::Duration::from_secs(seen["seconds"].as_u64()?))))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{Observation, Part};

    #[test]
    fn observations_are_said_in_words() {
        let say = |o: Observation| sentence(&serde_json::to_value(o).unwrap());
        assert_eq!(say(Observation::Software { running: false }).as_deref(), Some("software not running"));
        assert_eq!(say(Observation::Power { part: Part::Tv, on: true }).as_deref(), Some("tv on"));
        assert_eq!(say(Observation::Lock { unlocked: true }).as_deref(), Some("unlocked"));
        assert_eq!(say(Observation::SetPoint { celsius: 21.0 }).as_deref(), Some("set to 21 °C"));
        assert_eq!(say(Observation::Acknowledged { effect_id: 1 }), None);
    }
}
