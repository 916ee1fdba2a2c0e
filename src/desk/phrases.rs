//! What placeholders stand for in a conversation, and the conditions a reply may turn on.

use std::time::Duration;

use super::scene::Scene;
use super::{Cx, Line};
use crate::clock::UnixMs;
use crate::policy::Refusal;
use crate::site::{BayId, Effect, Target};
use crate::sop::{Condition, Values};
use crate::store::{self, booking, device};

/// A bay is offered if it stays free this long.
const FREE_FOR: Duration = Duration::from_secs(30 * 60);
/// A booking this soon after the own one leaves no room to stay.
const NEXT_SOON: Duration = Duration::from_secs(45 * 60);

/// `20:15` in the site's zone.
pub(super) fn clock_time(cx: Cx<'_>, at: UnixMs) -> String {
    cx.site().local(at).strftime("%H:%M").to_string()
}

/// Facts, booking and bays of this conversation.
pub(super) fn values(cx: Cx<'_>, scene: &Scene, bay: Option<BayId>) -> store::Result<Values> {
    let site = cx.site();
    let booking = scene.booking();
    let opens = booking.map(|b| clock_time(cx, b.starts_at - site.policy.entry_before));
    let door = site.customer_doors().next().map(|d| d.label.clone());
    Ok(Values::new(&site.facts)
        .set_opt("name", booking.map(|b| b.name.clone()).filter(|n| !n.is_empty()))
        .set_opt("booked_bay", booking.map(|b| b.bay.0))
        .set_opt("booking_start", booking.map(|b| clock_time(cx, b.starts_at)))
        .set_opt("booking_end", booking.map(|b| clock_time(cx, b.ends_at)))
        .set_opt("window_opens", opens)
        .set_opt("door", door)
        .set_opt("bay", bay.map(|b| b.0))
        .set_opt("free_bay", free_bay(cx, bay)?.map(|b| b.0)))
}

/// A bay nobody has booked for the next while, whose devices answer.
fn free_bay(cx: Cx<'_>, except: Option<BayId>) -> store::Result<Option<BayId>> {
    for bay in cx.site().bays.keys() {
        if Some(*bay) == except {
            continue;
        }
        let taken = !booking::of_bay(cx.db, *bay, cx.now, cx.now + FREE_FOR)?.is_empty();
        let offline = device::get(cx.db, &Target::from(*bay), "")?.is_some_and(|s| s.online == Some(false));
        if !taken && !offline {
            return Ok(Some(*bay));
        }
    }
    Ok(None)
}

/// What holds now, the most telling first.
pub(super) fn conditions(cx: Cx<'_>, scene: &Scene) -> store::Result<Vec<Condition>> {
    let mut holds = Vec::new();
    if cx.world.line == Line::Down {
        holds.push(Condition::WanDown);
    }
    match scene.booking() {
        None => holds.push(Condition::NoBooking),
        Some(own) => {
            let (from, to) = if own.starts_at > cx.now {
                (cx.now, cx.now + Duration::from_millis(1))
            } else {
                (own.ends_at, own.ends_at + NEXT_SOON)
            };
            let others = booking::of_bay(cx.db, own.bay, from, to)?;
            let busy = others.iter().any(|b| b.id != own.id);
            holds.push(if busy { Condition::BayBusy } else { Condition::BayFree });
        }
    }
    if cx.site().is_quiet(cx.now) {
        holds.push(Condition::Quiet);
    }
    if scene.presence.is_some() {
        holds.push(Condition::Presence);
    }
    Ok(holds)
}

/// What an effect is called to a customer, after "to": "restart the simulator in bay 2".
pub(super) fn in_words(cx: Cx<'_>, effect: Effect, target: &Target) -> String {
    cx.site().to_do(effect, target)
}

/// The phrase of `house.md` that tells a refusal, and the value it may need.
pub(super) fn refusal(
    cx: Cx<'_>,
    effect: Effect,
    refusal: &Refusal,
    values: Values,
) -> (&'static str, Values) {
    match refusal {
        Refusal::SafeMode => ("refused_safe_mode", values),
        Refusal::NotHere | Refusal::OutOfRange => ("refused_not_here", values),
        Refusal::StaffOnly if effect == Effect::DoorUnlock => ("refused_staff_door", values),
        Refusal::StaffOnly => ("handover_generic", values),
        Refusal::NotEntitled => ("refused_no_presence", values),
        Refusal::NoBooking => ("refused_no_booking_door", values),
        Refusal::TooEarly { opens } => {
            let opens = clock_time(cx, *opens);
            ("refused_too_early", values.set("window_opens", opens))
        }
        Refusal::TooLate { ended } => {
            let ended = clock_time(cx, *ended);
            ("refused_too_late", values.set("booking_end", ended))
        }
        Refusal::NotAtDoor => ("ask_at_door", values),
        Refusal::Limit => ("refused_limit", values),
        Refusal::BookingsOld => ("refused_bookings_old", values),
        Refusal::Contested => ("refused_contested", values),
        Refusal::BayInUse => ("refused_bay_in_use", values),
        Refusal::Offline => ("refused_offline", values),
        Refusal::Busy { .. } => ("refused_busy", values),
        Refusal::CoolDown { until } => {
            let minutes = until.since(cx.now).as_secs().div_ceil(60).max(1);
            ("refused_cooldown", values.set("minutes", minutes))
        }
        Refusal::Expired => ("refused_expired", values),
        Refusal::Declined { .. } => ("handover_generic", values),
    }
}
