//! The decision, and the one atomic step around it.

use std::time::Duration;

use rusqlite::Connection;

use super::permit::Permit;
use super::request::{Asker, HOUSE, Refusal, Request};
use crate::clock::UnixMs;
use crate::site::{Effect, Outcome, Scope, Site, Target, Tier};
use crate::store::booking::{self, Booking};
use crate::store::effect::{EffectRow, NewEffect};
use crate::store::{self, booking_source, device, presence};

/// A bay's booking still counts this long after its end (DOMAIN 4, T1).
const AFTER_END: Duration = Duration::from_secs(5 * 60);
/// `thermostat.set` takes 18 to 24 °C.
const CELSIUS: std::ops::RangeInclusive<f32> = 18.0..=24.0;
/// The house acts by itself only so long after a booking and before the next one.
const CLEAR: Duration = Duration::from_secs(15 * 60);
/// How far bookings are looked for around now.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What the gate goes by besides the database.
#[derive(Debug, Clone, Copy)]
pub struct Gate<'a> {
    pub site: &'a Site,
    /// The configuration is bad: no effect is authorised.
    pub safe_mode: bool,
}

/// The tier an effect has on this target: a staff door raises an unlock to T3.
pub fn tier(site: &Site, effect: Effect, target: &Target) -> Tier {
    match site.doors.get(target) {
        Some(door) if effect == Effect::DoorUnlock && door.staff_only => Tier::T3,
        _ => effect.tier(),
    }
}

/// Whether this number may be asked for with this effect.
pub fn in_range(effect: Effect, value: Option<f32>) -> bool {
    effect != Effect::ThermostatSet || value.is_some_and(|v| CELSIUS.contains(&v))
}

/// Would it be let through now? Journals nothing.
pub fn precheck(
    conn: &Connection,
    gate: Gate<'_>,
    request: &Request<'_>,
    now: UnixMs,
) -> store::Result<Result<Option<String>, Refusal>> {
    let entitled = match entitled(conn, gate, request, now)? {
        Ok(booking) => booking,
        Err(refusal) => return Ok(Err(refusal)),
    };
    Ok(available(conn, request, now)?.map(|()| entitled))
}

/// Journals the request and decides it: the row is `authorised` and the device leased, or the row has
/// ended as refused. Run it inside a transaction. Returns the row's id and the verdict.
pub fn authorise(
    conn: &Connection,
    gate: Gate<'_>,
    request: &Request<'_>,
    now: UnixMs,
) -> store::Result<(i64, Result<(), Refusal>)> {
    let verdict = precheck(conn, gate, request, now)?;
    let (asked_by, approved_by) = asked_by(request);
    let new = NewEffect {
        effect: request.effect,
        target: request.target,
        value: request.value,
        tier: tier_name(tier(gate.site, request.effect, request.target)),
        asked_by: &asked_by,
        approved_by: approved_by.as_deref(),
        thread_id: request.thread_id,
        episode_id: request.episode_id,
        booking_id: verdict.as_ref().ok().and_then(|b| b.as_deref()),
        simulated: gate.site.pretends(request.effect, request.target),
    };
    let id = store::effect::request(conn, &new, now)?;
    if let Err(refusal) = verdict {
        store::effect::end(conn, id, Outcome::Refused, Some(&refusal.reason()), now)?;
        return Ok((id, Err(refusal)));
    }
    let length = request.effect.verify_within() + request.effect.expires_after();
    if let Err(effect_id) = store::effect::lease(conn, request.target, id, length, now)? {
        let refusal = Refusal::Busy { effect_id };
        store::effect::end(conn, id, Outcome::Refused, Some(&refusal.reason()), now)?;
        return Ok((id, Err(refusal)));
    }
    store::effect::authorise(conn, id, now)?;
    Ok((id, Ok(())))
}

/// The permit of a row that the gate has authorised and that was handed to no driver yet.
///
/// # Errors
/// [`Refusal::Expired`] once the row's time to be sent has run out, [`Refusal::SafeMode`] in safe mode.
pub fn permit_for(gate: Gate<'_>, row: &EffectRow, now: UnixMs) -> Result<Permit, Refusal> {
    if gate.safe_mode {
        return Err(Refusal::SafeMode);
    }
    if row.state != "authorised" || row.dispatched_at.is_some() || now >= row.expires_at {
        return Err(Refusal::Expired);
    }
    Ok(Permit {
        effect_id: row.id,
        effect: row.effect,
        target: row.target.clone(),
        value: row.value,
        expires_at: row.expires_at,
    })
}

/// Whether the asker may have it at all: safe mode, existence, tier. `Ok` names the booking it rests on.
fn entitled(
    conn: &Connection,
    gate: Gate<'_>,
    request: &Request<'_>,
    now: UnixMs,
) -> store::Result<Result<Option<String>, Refusal>> {
    if gate.safe_mode {
        return Ok(Err(Refusal::SafeMode));
    }
    if gate.site.driver(request.effect, request.target).is_none() {
        return Ok(Err(Refusal::NotHere));
    }
    if !in_range(request.effect, request.value) {
        return Ok(Err(Refusal::OutOfRange));
    }
    let (phone, presence, at_door) = match request.asker {
        Asker::Staff { .. } => return Ok(Ok(None)),
        Asker::House => return in_a_free_bay(conn, gate.site, request, now),
        Asker::Customer { phone, presence, at_door } => (phone, presence, at_door),
        Asker::Program { .. } => return by_itself(conn, gate.site, request, now),
    };
    let bookings = match phone {
        Some(phone) => booking::of_phone(conn, phone, now - DAY, now + DAY)?,
        None => Vec::new(),
    };
    match tier(gate.site, request.effect, request.target) {
        Tier::T0 => Ok(Ok(None)),
        Tier::T1 => in_bay_or_hall(conn, request, *presence, &bookings, now),
        Tier::T2 => at_the_door(conn, gate.site, &bookings, *at_door, now),
        Tier::T3 => Ok(Err(Refusal::StaffOnly)),
    }
}

/// The house acts by itself only on a bay that nobody has booked around then, where nobody has shown that
/// they are, and only while the bookings are known well enough to say so.
fn in_a_free_bay(
    conn: &Connection,
    site: &Site,
    request: &Request<'_>,
    now: UnixMs,
) -> store::Result<Result<Option<String>, Refusal>> {
    let Some(bay) = request.target.bay().filter(|_| request.effect.tier() == Tier::T1) else {
        return Ok(Err(Refusal::StaffOnly));
    };
    let known = booking_source::oldest(&booking_source::all(conn)?, now);
    if known.is_none_or(|age| age > site.bookings.limit) {
        return Ok(Err(Refusal::BookingsOld));
    }
    let until = now + request.effect.verify_within() + CLEAR;
    let booked = booking::of_bay(conn, bay, now - CLEAR, until)?;
    let in_use = !booked.is_empty() || presence::is_anybody_in(conn, bay, now)?;
    Ok(if in_use { Err(Refusal::BayInUse) } else { Ok(None) })
}

/// What no person stands behind. A game is interrupted only where the software is dead anyway.
fn by_itself(
    conn: &Connection,
    site: &Site,
    request: &Request<'_>,
    now: UnixMs,
) -> store::Result<Result<Option<String>, Refusal>> {
    if tier(site, request.effect, request.target) > Tier::T1 {
        return Ok(Err(Refusal::StaffOnly));
    }
    let Some(bay) = request.target.bay().filter(|_| request.effect.interrupts_play()) else {
        return Ok(Ok(None));
    };
    let booked = !booking::of_bay(conn, bay, now, now + Duration::from_millis(1))?.is_empty();
    let in_use = booked || presence::is_anybody_in(conn, bay, now)?;
    let dead = device::get(conn, request.target, "")?.is_some_and(|s| {
        let state: serde_json::Value = serde_json::from_str(&s.state).unwrap_or_default();
        state["software"]["running"] == serde_json::Value::Bool(false)
    });
    Ok(if in_use && !dead { Err(Refusal::BayInUse) } else { Ok(None) })
}

fn in_bay_or_hall(
    conn: &Connection,
    request: &Request<'_>,
    presence: Option<crate::site::BayId>,
    bookings: &[Booking],
    now: UnixMs,
) -> store::Result<Result<Option<String>, Refusal>> {
    let active = |b: &&Booking| b.starts_at <= now && now <= b.ends_at + AFTER_END;
    let Scope::Bay = request.effect.scope() else {
        let booked = bookings.iter().find(active).map(|b| b.id.clone());
        let there = presence.is_some() || booked.is_some();
        return Ok(if there { Ok(booked) } else { Err(Refusal::NotEntitled) });
    };
    let Some(bay) = request.target.bay() else { return Ok(Err(Refusal::NotHere)) };
    if presence == Some(bay) {
        return Ok(Ok(bookings.iter().find(|b| b.bay == bay && active(b)).map(|b| b.id.clone())));
    }
    let Some(own) = bookings.iter().filter(|b| b.bay == bay).find(active) else {
        return Ok(Err(Refusal::NotEntitled));
    };
    if booking::contested(conn, own)? {
        return Ok(Err(Refusal::Contested));
    }
    let overrun = own.ends_at <= now;
    let others = booking::of_bay(conn, bay, now, now + Duration::from_millis(1))?;
    if overrun && others.iter().any(|b| b.phone != own.phone && b.starts_at <= now) {
        return Ok(Err(Refusal::BayInUse));
    }
    Ok(Ok(Some(own.id.clone())))
}

fn at_the_door(
    conn: &Connection,
    site: &Site,
    bookings: &[Booking],
    at_door: bool,
    now: UnixMs,
) -> store::Result<Result<Option<String>, Refusal>> {
    let opens = |b: &Booking| b.starts_at - site.policy.entry_before;
    let closes = |b: &Booking| b.ends_at + site.policy.entry_after;
    let mut open = bookings.iter().filter(|b| opens(b) <= now && now <= closes(b)).peekable();
    if open.peek().is_none() {
        let next = bookings.iter().filter(|b| opens(b) > now).min_by_key(|b| b.starts_at);
        let last = bookings.iter().filter(|b| closes(b) < now).max_by_key(|b| b.ends_at);
        return Ok(Err(match (next, last) {
            (Some(next), _) => Refusal::TooEarly { opens: opens(next) },
            (None, Some(last)) => Refusal::TooLate { ended: last.ends_at },
            (None, None) => Refusal::NoBooking,
        }));
    }
    // The first booking that lets them in; else why the last one does not.
    let mut why = Refusal::NoBooking;
    for booking in open {
        match stands(conn, site, booking, now)? {
            Ok(()) if !at_door => return Ok(Err(Refusal::NotAtDoor)),
            Ok(()) => return Ok(Ok(Some(booking.id.clone()))),
            Err(refusal) => why = refusal,
        }
    }
    Ok(Err(why))
}

/// Whether a door may open by this booking without a person: its list is fresh enough, nobody else has the
/// bay then, and its unlocks are not used up.
fn stands(
    conn: &Connection,
    site: &Site,
    booking: &Booking,
    now: UnixMs,
) -> store::Result<Result<(), Refusal>> {
    let demo = booking_source::Kind::of(&booking.source) == booking_source::Kind::Demo;
    if !demo && now.since(booking.read_at) > site.bookings.limit {
        return Ok(Err(Refusal::BookingsOld));
    }
    if booking::contested(conn, booking)? {
        return Ok(Err(Refusal::Contested));
    }
    let left = booking::unlocks_sent(conn, booking)? < site.policy.unlocks_per_booking;
    Ok(if left { Ok(()) } else { Err(Refusal::Limit) })
}

/// Whether the device can be used now: reachable, not leased, cooled down.
fn available(conn: &Connection, request: &Request<'_>, now: UnixMs) -> store::Result<Result<(), Refusal>> {
    let wakes = request.effect == Effect::PcWake;
    for part in ["", request.effect.name()] {
        let offline = device::get(conn, request.target, part)?.is_some_and(|s| s.online == Some(false));
        if offline && !(wakes && part.is_empty()) {
            return Ok(Err(Refusal::Offline));
        }
    }
    if let Some(effect_id) = store::effect::leased(conn, request.target, now)? {
        return Ok(Err(Refusal::Busy { effect_id }));
    }
    if let Some(sent) = store::effect::last_sent(conn, request.effect, request.target)? {
        let until = sent + request.effect.cooldown();
        if until > now {
            return Ok(Err(Refusal::CoolDown { until }));
        }
    }
    Ok(Ok(()))
}

fn asked_by(request: &Request<'_>) -> (String, Option<String>) {
    match request.asker {
        Asker::Customer { phone: Some(phone), .. } => (phone.as_str().to_owned(), None),
        Asker::Customer { presence: Some(bay), .. } => (bay.to_string(), None),
        Asker::Customer { .. } => ("customer".to_owned(), None),
        Asker::Staff { name, .. } => (name.clone(), Some(name.clone())),
        Asker::House => (HOUSE.to_owned(), None),
        Asker::Program { name } => (name.clone(), None),
    }
}

pub(super) fn tier_name(tier: Tier) -> &'static str {
    match tier {
        Tier::T0 => "T0",
        Tier::T1 => "T1",
        Tier::T2 => "T2",
        Tier::T3 => "T3",
    }
}
