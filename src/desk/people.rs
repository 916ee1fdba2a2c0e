//! People: escalations with all a person needs, the ladder of alerts, tickets and incidents.

use std::time::Duration;

use serde_json::{Value, json};

use super::scene::Scene;
use super::{Cx, Desk, Line, Todo};
use crate::clock::UnixMs;
use crate::site::{BayId, Role};
use crate::sop::Level;
use crate::store::escalation::{self, Escalation, NewEscalation};
use crate::store::ticket;
use crate::store::{self, device, effect, message, timer};

const MINUTE: Duration = Duration::from_secs(60);
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
    if let Some(known) = open.iter().find(same) {
        add_words(cx, known, scene)?;
        if rank(level_name(call.level)) > rank(&known.level) {
            escalation::raise(cx.db, known.id, level_name(call.level), timed_as(call.level, scene))?;
            timer::set(cx.db, "alert", known.id, cx.now)?;
        }
        return Ok((known.id, false));
    }
    let timed = timed_as(call.level, scene);
    let first_alert_at = if timed == "medium" || timed == "low" { after_quiet(cx, cx.now) } else { cx.now };
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

/// A matter of the whole house and no conversation: the text line, a feed. Opened once until it is over.
pub(super) fn house_call(
    cx: Cx<'_>,
    intent: &str,
    level: Level,
    reason: &str,
    summary: &str,
) -> store::Result<()> {
    if escalation::open(cx.db)?.iter().any(|e| e.thread_id.is_none() && e.intent == intent) {
        return Ok(());
    }
    let level = level_name(level);
    let first_alert_at = if level == "medium" || level == "low" { after_quiet(cx, cx.now) } else { cx.now };
    let packet = json!({"site": cx.site().name, "bay": null, "customer": null, "said": [], "tried": [],
        "device": null, "next_step": "See the status page and the provider's own page.", "waiting_since": cx.now});
    let new = NewEscalation {
        thread_id: None,
        episode_id: None,
        intent,
        level,
        timed_as: level,
        reason,
        summary,
        packet: &packet.to_string(),
        first_alert_at,
    };
    let id = escalation::insert(cx.db, &new, cx.now)?;
    timer::set(cx.db, "alert", id, first_alert_at)
}

/// The matter of the whole house is over by itself: nobody need be called any more.
pub(super) fn house_over(cx: Cx<'_>, intent: &str) -> store::Result<bool> {
    let mut any = false;
    for open in escalation::open(cx.db)?.iter().filter(|e| e.thread_id.is_none() && e.intent == intent) {
        acknowledge(cx, open, "box")?;
        escalation::close(cx.db, open.id, "box", cx.now)?;
        any = true;
    }
    Ok(any)
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

/// `at`, or the end of the quiet hours it falls into.
fn after_quiet(cx: Cx<'_>, at: UnixMs) -> UnixMs {
    if !cx.site().is_quiet(at) {
        return at;
    }
    let local = cx.site().local(at);
    let end = cx.site().hours.quiet_to;
    let day = if local.time() < end { local.date() } else { local.date().tomorrow().unwrap_or(local.date()) };
    day.to_datetime(end).to_zoned_datetime(cx.site().zone.clone()).map_or(at, |z| UnixMs::from(z.timestamp()))
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
        "next_step": next_step(cx, call),
        "waiting_since": cx.now,
    }))
}

/// The step the automation may not take, or a call.
fn next_step(cx: Cx<'_>, call: &Call<'_>) -> String {
    let staff_rung = cx.library().get(call.intent).and_then(|sop| sop.ladder.iter().find(|r| r.staff_only));
    match staff_rung {
        Some(rung) => format!("Approve {} or call the customer.", rung.effect),
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

/// The next step of an escalation's ladder: who is called now, and when the next step is due.
pub(super) fn climb(cx: Cx<'_>, id: i64) -> store::Result<()> {
    timer::clear(cx.db, "alert", id)?;
    let Some(escalation) = escalation::get(cx.db, id)? else { return Ok(()) };
    if escalation.acked_at.is_some() || escalation.closed_at.is_some() {
        return Ok(());
    }
    let people = on_call(cx);
    let since = |minutes: u32| escalation.first_alert_at.max(escalation.opened_at) + MINUTE * minutes;
    let (called, next): (&[String], UnixMs) = match (escalation.timed_as.as_str(), escalation.step) {
        ("critical", _) => (&people[..], cx.now + MINUTE * 2),
        ("high", 0) => (first(&people), since(5)),
        ("high", 1) => (second(&people), since(15)),
        ("high", _) => (&people[..], cx.now + MINUTE * 15),
        ("medium", 0) => (first(&people), since(30)),
        ("medium", 1) => (second(&people), since(60)),
        ("medium", _) => (&people[..], cx.now + MINUTE * 60),
        _ => return Ok(()), // low: on the staff page, nobody is called
    };
    call_people(cx, id, called)?;
    escalation::set_step(cx.db, id, escalation.step + 1)?;
    let next = if escalation.timed_as == "medium" { after_quiet(cx, next) } else { next };
    timer::set(cx.db, "alert", id, next.max(cx.now + Duration::from_millis(1)))
}

/// The moment a matter is due by: everyone who has not been reached is called.
pub(super) fn due_now(cx: Cx<'_>, id: i64) -> store::Result<()> {
    timer::clear(cx.db, "alert-due", id)?;
    let waits = escalation::get(cx.db, id)?.is_some_and(|e| e.acked_at.is_none() && e.closed_at.is_none());
    if waits { call_people(cx, id, &on_call(cx)) } else { Ok(()) }
}

/// On call first, then managers.
fn on_call(cx: Cx<'_>) -> Vec<String> {
    let people = &cx.site().people;
    let of = |role: Role| people.iter().filter(move |p| p.role == role).map(|p| p.name.clone());
    of(Role::OnCall).chain(of(Role::Manager)).collect()
}

fn first(people: &[String]) -> &[String] {
    &people[..people.len().min(1)]
}

fn second(people: &[String]) -> &[String] {
    if people.len() > 1 { &people[1..2] } else { first(people) }
}

fn call_people(cx: Cx<'_>, id: i64, people: &[String]) -> store::Result<()> {
    let waiting = escalation::alerts_in(cx.db, "queued")?;
    for person in people {
        for channel in &cx.world.options.alert_channels {
            let same = |a: &&escalation::Alert| {
                a.escalation_id == id && &a.person == person && &a.channel == channel
            };
            if waiting.iter().find(same).is_none() {
                escalation::queue_alert(cx.db, id, person, channel, cx.now)?;
            }
        }
    }
    Ok(())
}

/// A person has taken it: nobody else is called.
pub(super) fn acknowledge(cx: Cx<'_>, escalation: &Escalation, by: &str) -> store::Result<bool> {
    let fresh = escalation::acknowledge(cx.db, escalation.id, by, cx.now)?;
    timer::clear(cx.db, "alert", escalation.id)?;
    timer::clear(cx.db, "alert-due", escalation.id)?;
    escalation::cancel_alerts(cx.db, escalation.id)?;
    Ok(fresh)
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

/// After a start: whoever was being called is called again.
pub(super) fn resume(cx: Cx<'_>) -> store::Result<()> {
    for alert in escalation::alerts_in(cx.db, "sending")? {
        escalation::set_alert(cx.db, alert.id, "queued", None, None)?; // twice called is better than never
    }
    Ok(())
}

impl Desk {
    pub(super) fn send_alerts(&mut self, todos: &mut Vec<Todo>) -> store::Result<()> {
        if self.world.line == Line::Down || escalation::alerts_in(self.store.conn(), "queued")?.is_empty() {
            return Ok(());
        }
        let alerts = self.write(|cx| {
            let alerts = escalation::alerts_in(cx.db, "queued")?;
            for alert in &alerts {
                escalation::set_alert(cx.db, alert.id, "sending", None, None)?;
            }
            Ok(alerts)
        })?;
        todos.extend(alerts.into_iter().map(Todo::Alert));
        Ok(())
    }

    /// The alert reached the person's channel.
    ///
    /// # Errors
    /// Only the database's.
    pub fn alert_sent(&mut self, alert_id: i64) -> store::Result<()> {
        self.write(|cx| {
            escalation::set_alert(cx.db, alert_id, "sent", Some(cx.now), None)?;
            match escalation::alert(cx.db, alert_id)? {
                Some(alert) => escalation::delivered(cx.db, alert.escalation_id, cx.now),
                None => Ok(()),
            }
        })
    }

    /// The alert did not reach the channel; the ladder goes on by itself.
    ///
    /// # Errors
    /// Only the database's.
    pub fn alert_failed(&mut self, alert_id: i64, why: &str) -> store::Result<()> {
        self.write(|cx| escalation::set_alert(cx.db, alert_id, "failed", None, Some(why)))
    }
}
