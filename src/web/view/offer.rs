//! What staff may do on devices from where they are: approvals for what the gate left to a person, and
//! the list of everything a place can do.

use serde::Serialize;
use utoipa::ToSchema;

use super::words;
use crate::site::{BayId, Effect, Outcome, Scope, Site, Target, Tier};
use crate::store::effect::EffectRow;

/// An effect that could be done, with the names a form sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Offer {
    pub effect: &'static str,
    pub target: String,
    /// What is done: "Unlock".
    pub name: &'static str,
    /// … and where: "Unlock the main door".
    pub label: String,
    /// Why it needs a person; empty in a plain list.
    pub why: String,
    /// Takes a value (degrees Celsius).
    pub takes_value: bool,
    /// Stops somebody's game.
    pub interrupts: bool,
    pub staff_only: bool,
}

fn offer(site: &Site, effect: Effect, target: &Target, why: String) -> Offer {
    let staff_door = site.doors.get(target).is_some_and(|door| door.staff_only);
    Offer {
        effect: effect.name(),
        target: target.as_str().to_owned(),
        name: words::effect(effect),
        label: site.order(effect, target),
        why,
        takes_value: effect == Effect::ThermostatSet,
        interrupts: effect.interrupts_play(),
        staff_only: effect.tier() == Tier::T3 || staff_door,
    }
}

/// Refusals a person may overrule; offline, busy or cooling down is the device's own no.
const A_PERSON_MAY: [&str; 11] = [
    "staff-only",
    "not-entitled",
    "no-booking",
    "too-early",
    "too-late",
    "not-at-door",
    "limit",
    "bookings-old",
    "contested",
    "bay-in-use",
    "expired",
];

/// Approvals that this conversation waits for, from its effects, oldest first.
pub fn pending(site: &Site, effects: &[EffectRow]) -> Vec<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    for (index, row) in effects.iter().enumerate() {
        let reason = row.reason.as_deref().unwrap_or_default();
        let open = row.outcome == Some(Outcome::Refused) && A_PERSON_MAY.contains(&reason);
        let decided = effects[index + 1..].iter().any(|later| {
            let same = later.effect == row.effect && later.target == row.target;
            let declined = later.reason.as_deref().is_some_and(|r| r.starts_with("refused by"));
            same && (later.approved_by.is_some() || declined || later.outcome != Some(Outcome::Refused))
        });
        if open && !decided && site.driver(row.effect, &row.target).is_some() {
            let new = offer(site, row.effect, &row.target, words::reason(reason));
            offers.retain(|o| (o.effect, &o.target) != (new.effect, &new.target));
            offers.push(new);
        }
    }
    offers
}

/// Everything `target` can do.
pub fn of_target(site: &Site, target: &Target) -> Vec<Offer> {
    let can = |effect: &&Effect| {
        let fits = match effect.scope() {
            Scope::Bay => target.bay().is_some(),
            Scope::Door => site.doors.contains_key(target),
            Scope::Hall(name) => name == target.as_str(),
        };
        fits && site.driver(**effect, target).is_some()
    };
    Effect::ALL.iter().filter(can).map(|effect| offer(site, *effect, target, String::new())).collect()
}

/// What may help in a conversation about `bay`: its own devices, and the doors.
pub fn of_place(site: &Site, bay: Option<BayId>) -> Vec<Offer> {
    let doors = site.doors.keys().flat_map(|door| of_target(site, door));
    doors.chain(bay.into_iter().flat_map(|bay| of_target(site, &bay.into()))).collect()
}
