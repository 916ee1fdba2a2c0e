//! People: escalations with all a person needs, tickets and incidents. Calling them: `alerts`.

use std::time::Duration;

use serde_json::{Value, json};

use super::draft::Draft;
use super::scene::Scene;
use super::{Cx, alerts};
use crate::clock::UnixMs;
use crate::site::BayId;
use crate::sop::{Level, Sop};
use crate::store::booking::{self, Booking};
use crate::store::escalation::{self, Escalation, NewEscalation};
use crate::store::{self, device, effect, message, timer};
use crate::store::{booking_source, ticket};

/// Tickets of one intent and bay within this time become one problem (DOMAIN 6).
const PARENT_WITHIN: Duration = Duration::from_secs(7 * 24 * 3600);
const PARENT_FROM: usize = 3;

/// Why a person is called.
pub(super) struct Call<'a> {
    pub intent: &'a str,
    pub level: Level,
    pub reason: &'a str,
    pub episode: Option<i64>,
    pub summary: String,
    /// Everyone is called by then, whatever the ladder says.
    pub due_at: Option<UnixMs>,
}

impl<'a> Call<'a> {
    /// What an SOP's matter in this place is called for, at the SOP's own level.
    pub fn of(cx: Cx<'_>, sop: &'a Sop, bay: Option<BayId>, reason: &'a str) -> Call<'a> {
        let place = bay.map_or_else(|| cx.site().name.clone(), |b| format!("Bay {}", b.0));
        let summary = format!("{place}: {} ({reason})", sop.title);
        Call { intent: &sop.id, level: sop.level, reason, episode: None, summary, due_at: None }
    }

    /// What no SOP is for.
    pub fn plain(cx: Cx<'_>, intent: &'a str, reason: &'a str, what: &str) -> Call<'a> {
        let summary = format!("{}: {what}", cx.site().name);
        Call { intent, level: Level::Medium, reason, episode: None, summary, due_at: None }
    }
}

pub(super) fn level_name(level: Level) -> &'static str {
    match level {
        Level::Low => "low",
        Level::Medium => "medium",
        Level::High => "high",
        Level::Critical => "critical",
    }
}

/// Opens an escalation, or adds to the one that is open for the same matter. The flag says whether it is
/// new: only then is the customer told.
pub(super) fn escalate(cx: Cx<'_>, scene: &Scene, call: &Call<'_>) -> store::Result<(i64, bool)> {
    let open = escalation::open_on_thread(cx.db, scene.thread.id)?;
    let same =
        |e: &&Escalation| e.intent == call.intent || (call.episode.is_some() && e.episode_id == call.episode);
    let money = |e: &&Escalation| e.opened_at == cx.now && is_money(&e.intent) && is_money(call.intent);
    if let Some(known) = open.iter().find(same).or_else(|| open.iter().find(money)) {
        add_words(cx, known, scene)?;
        if known.intent != call.intent {
            escalation::also(cx.db, known.id, &call.summary)?;
        }
        if rank(level_name(call.level)) > rank(&known.level) {
            let timed = timed_as(call.level, scene);
            let at = alerts::first_at(cx, timed);
            escalation::raise(cx.db, known.id, level_name(call.level), timed, at)?;
            timer::set(cx.db, "alert", known.id, at)?;
        }
        return Ok((known.id, false));
    }
    let timed = timed_as(call.level, scene);
    let first_alert_at = alerts::first_at(cx, timed);
    let mut packet = packet(cx, scene, call)?;
    if let Some(due) = call.due_at {
        packet["due_at"] = json!(due);
    }
    let new = NewEscalation {
        thread_id: Some(scene.thread.id),
        episode_id: call.episode,
        intent: call.intent,
        level: level_name(call.level),
        timed_as: timed,
        reason: call.reason,
        summary: &call.summary,
        packet: &packet.to_string(),
        first_alert_at,
    };
    let id = escalation::insert(cx.db, &new, cx.now)?;
    timer::set(cx.db, "alert", id, first_alert_at)?;
    if let Some(due) = call.due_at {
        timer::set(cx.db, "alert-due", id, due.max(cx.now))?;
    }
    Ok((id, true))
}

/// Calls a person for this turn: its messages end as escalated. True if the call is new: only then is the
/// customer told.
pub(super) fn raise(cx: Cx<'_>, scene: &Scene, draft: &mut Draft, call: &Call<'_>) -> store::Result<bool> {
    let (id, new) = escalate(cx, scene, call)?;
    draft.escalated(id);
    Ok(new)
}

/// A double charge and the wish to have it back, in one message, are one person's one call.
fn is_money(intent: &str) -> bool {
    intent.starts_with("billing.")
}

fn rank(level: &str) -> u8 {
    match level {
        "critical" => 3,
        "high" => 2,
        "medium" => 1,
        _ => 0,
    }
}

/// A medium matter of somebody in the building or at the door climbs as a high one.
fn timed_as(level: Level, scene: &Scene) -> &'static str {
    match level {
        Level::Medium if scene.on_site() => "high",
        level => level_name(level),
    }
}

/// Everything a person needs to go on (DOMAIN 6).
fn packet(cx: Cx<'_>, scene: &Scene, call: &Call<'_>) -> store::Result<Value> {
    let said: Vec<String> = message::of_thread(cx.db, scene.thread.id, 12)?
        .into_iter()
        .filter(|m| m.inbound)
        .map(|m| m.body)
        .collect();
    let tried: Vec<Value> = effect::of_thread(cx.db, scene.thread.id)?
        .iter()
        .map(|e| json!({"effect": e.effect.name(), "target": e.target.as_str(), "outcome": e.outcome.map(|o| o.name()),
                        "reason": e.reason, "at": e.requested_at, "simulated": e.simulated}))
        .collect();
    let bay = scene.own_bay().or_else(|| scene.episodes.iter().find_map(|e| e.bay));
    let state = match bay {
        Some(bay) => device::get(cx.db, &bay.into(), "")?,
        None => None,
    };
    let booking = scene.booking();
    let bookings = known_bookings(cx, booking)?;
    Ok(json!({
        "site": cx.site().name,
        "bay": bay.map(|b| b.0),
        "customer": {
            "name": booking.map(|b| b.name.as_str()), "phone": scene.phone.as_ref().map(|p| p.as_str()),
            "booking": booking.map(|b| b.id.as_str()), "channel": scene.thread.channel.name(), "address": scene.thread.address,
            "on_site": scene.on_site(),
        },
        "said": said,
        "tried": tried,
        "device": state.map(|s| json!({"online": s.online, "reason": s.reason, "since": s.since,
            "state": serde_json::from_str::<Value>(&s.state).unwrap_or_default(), "simulated": s.simulated})),
        "bookings": bookings,
        "next_step": next_step(cx, call, bay),
        "waiting_since": cx.now,
    }))
}

/// How well the booking is known: the age of the list it stands in (of all lists, where there is none).
fn known_bookings(cx: Cx<'_>, booking: Option<&Booking>) -> store::Result<Value> {
    let all = booking_source::all(cx.db)?;
    let age = match booking {
        Some(own) if booking_source::Kind::of(&own.source) == booking_source::Kind::Demo => {
            Some(Duration::ZERO)
        }
        Some(own) => Some(cx.now.since(own.read_at)),
        None => booking_source::oldest(&all, cx.now),
    };
    let contested = booking.map(|own| booking::contested(cx.db, own)).transpose()?;
    Ok(json!({
        "age_s": age.map(|age| age.as_secs()),
        "too_old": age.is_none_or(|age| age > cx.site().bookings.limit),
        "contested": contested.unwrap_or(false),
        "source": booking.map(|own| own.source.as_str()),
        "failing": all.iter().any(|source| source.error.is_some()),
    }))
}

/// The step the automation may not take, or a call.
fn next_step(cx: Cx<'_>, call: &Call<'_>, bay: Option<BayId>) -> String {
    let staff_rung = cx.library().get(call.intent).and_then(|sop| sop.ladder.iter().find(|r| r.staff_only));
    match staff_rung {
        Some(rung) => {
            let what = bay.map_or_else(
                || rung.effect.plain().order.to_owned(),
                |bay| cx.site().order(rung.effect, &bay.into()),
            );
            format!("Approve \u{201c}{what}\u{201d}, or call the customer.")
        }
        None => "Answer the customer here or call them.".into(),
    }
}

/// Adds what was said since to an escalation that waits.
fn add_words(cx: Cx<'_>, known: &Escalation, scene: &Scene) -> store::Result<()> {
    let mut packet: Value = serde_json::from_str(&known.packet).unwrap_or_else(|_| json!({}));
    let said: Vec<String> = message::of_thread(cx.db, scene.thread.id, 12)?
        .into_iter()
        .filter(|m| m.inbound)
        .map(|m| m.body)
        .collect();
    packet["said"] = json!(said);
    escalation::set_packet(cx.db, known.id, &packet.to_string())
}

/// More words on a matter that a person has been called to already.
pub(super) fn add_to(cx: Cx<'_>, scene: &Scene, id: i64) -> store::Result<()> {
    match escalation::get(cx.db, id)? {
        Some(known) => add_words(cx, &known, scene),
        None => Ok(()),
    }
}

/// Opens a ticket, or adds to the one of the same matter on this thread.
pub(super) fn open_ticket(
    cx: Cx<'_>,
    scene: &Scene,
    intent: &str,
    bay: Option<BayId>,
    detail: &str,
    episode: Option<i64>,
) -> store::Result<i64> {
    let known = ticket::latest_on_thread(cx.db, scene.thread.id, intent, cx.now - super::scene::REMEMBER)?;
    if let Some(known) = known {
        ticket::add_detail(cx.db, known.id, detail)?;
        return Ok(known.id);
    }
    let id = ticket::insert(cx.db, intent, "low", bay, Some(scene.thread.id), episode, detail, cx.now)?;
    let alike = ticket::alike(cx.db, intent, bay, cx.now - PARENT_WITHIN)?;
    if alike.len() >= PARENT_FROM {
        ticket::make_parent(cx.db, &alike, cx.now)?;
    }
    Ok(id)
}
