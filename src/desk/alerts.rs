//! Calling people: who is called on which rung, over which channels, until somebody acknowledges.
//!
//! The ladder (DOMAIN 6) is a row's `step` and a timer; a rung's calls are one *round* of alerts. Alerts
//! wait in the database while the line is down and leave when it is back, if nobody has acknowledged by
//! then: one a person and channel, however many rungs went by.
//!
//! | timed as | 1st rung | 2nd | 3rd | then |
//! |---|---|---|---|---|
//! | critical | everyone, every channel but the last rung's | 2 min: the last rung's (voice) too | | every 2 min |
//! | high | on call | 5 min: the next | 15 min: everyone | every 15 min |
//! | medium | on call | 30 min: the next | 60 min: everyone | every 60 min, never in quiet hours |
//! | low | the daily digest | | | |

use std::time::Duration;

use serde_json::Value;

use super::health::BROKEN;
use super::input::{Acknowledged, AlertChannel, Reach};
use super::{Cx, Desk, Line, Operator, Todo, digest, on_call, operate};
use crate::clock::UnixMs;
use crate::store::escalation::{self, Alert, Escalation};
use crate::store::{self, timer};

const MINUTE: Duration = Duration::from_secs(60);
/// A round that reached nobody is tried again after this.
const AGAIN: Duration = Duration::from_secs(2 * 60);
/// From this step on everyone is called.
const EVERYONE: u32 = 2;

/// When the first rung is called: at once, or after the quiet hours (DOMAIN 5.12).
pub(super) fn first_at(cx: Cx<'_>, timed_as: &str) -> UnixMs {
    if timed_as == "medium" || timed_as == "low" { after_quiet(cx, cx.now) } else { cx.now }
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

/// The escalation, if nobody has acknowledged or closed it.
fn waits(cx: Cx<'_>, id: i64) -> store::Result<Option<Escalation>> {
    Ok(escalation::get(cx.db, id)?.filter(|e| e.acked_at.is_none() && e.closed_at.is_none()))
}

/// The next rung: who is called now, and when the next one is due.
pub(super) fn climb(cx: Cx<'_>, id: i64) -> store::Result<()> {
    timer::clear(cx.db, "alert", id)?;
    let Some(matter) = waits(cx, id)? else { return Ok(()) };
    let people = on_call::order(cx.db, cx.site(), cx.now)?.people;
    let since = |minutes: u32| matter.first_alert_at.max(matter.opened_at) + MINUTE * minutes;
    let (called, next): (&[String], UnixMs) = match (matter.timed_as.as_str(), matter.step) {
        ("critical", _) => (&people[..], cx.now + MINUTE * 2),
        ("high", 0) => (first(&people), since(5)),
        ("high", 1) => (second(&people), since(15)),
        ("high", _) => (&people[..], cx.now + MINUTE * 15),
        ("medium", 0) => (first(&people), since(30)),
        ("medium", 1) => (second(&people), since(60)),
        ("medium", _) => (&people[..], cx.now + MINUTE * 60),
        _ => return Ok(()),
    };
    let calls = call(cx, &matter, called, last_rung(&matter.timed_as, matter.step))?;
    escalation::set_step(cx.db, id, matter.step + 1)?;
    // Nobody on this rung has a channel: waiting for them would be silence.
    let unreachable = calls == 0 && matter.step < EVERYONE && !cx.world.options.alert_channels.is_empty();
    let next = if unreachable { cx.now } else { next };
    let next = if matter.timed_as == "medium" { after_quiet(cx, next) } else { next };
    timer::set(cx.db, "alert", id, next.max(cx.now + Duration::from_millis(1)))
}

/// The moment a matter is due by: everyone is called, whatever rung it is on.
pub(super) fn due_now(cx: Cx<'_>, id: i64) -> store::Result<()> {
    timer::clear(cx.db, "alert-due", id)?;
    let Some(matter) = waits(cx, id)? else { return Ok(()) };
    let people = on_call::order(cx.db, cx.site(), cx.now)?.people;
    call(cx, &matter, &people, false).map(drop)
}

/// Somebody else is on call now: what waits and has begun to ring rings for them too.
pub(super) fn ring_for(cx: Cx<'_>, person: &str) -> store::Result<()> {
    for matter in escalation::waiting(cx.db)? {
        let rings = match matter.timed_as.as_str() {
            "high" => matter.step > 0,
            "medium" => matter.step > 0 && !cx.site().is_quiet(cx.now),
            _ => false,
        };
        let theirs = |a: &Alert| {
            a.people().any(|p| p == person) && !matches!(a.state.as_str(), "failed" | "cancelled")
        };
        if rings && !escalation::alerts_of(cx.db, matter.id)?.iter().any(theirs) {
            call(cx, &matter, &[person.to_owned()], false)?;
        }
    }
    Ok(())
}

fn first(people: &[String]) -> &[String] {
    &people[..people.len().min(1)]
}

fn second(people: &[String]) -> &[String] {
    if people.len() > 1 { &people[1..2] } else { first(people) }
}

/// Critical, and the first calls went un-acknowledged for two minutes.
fn last_rung(timed_as: &str, step: u32) -> bool {
    timed_as == "critical" && step >= 1
}

/// Channels this matter may be called over.
fn channels<'a>(
    cx: Cx<'a>,
    matter: &Escalation,
    last_rung: bool,
) -> impl Iterator<Item = &'a AlertChannel> + use<'a> {
    let packet: Value = serde_json::from_str(&matter.packet).unwrap_or_default();
    let broken = (matter.intent == BROKEN).then(|| packet["channel"].as_str().map(str::to_owned)).flatten();
    cx.world
        .options
        .alert_channels
        .iter()
        .filter(move |c| (!c.last_rung || last_rung) && broken.as_ref() != Some(&c.name))
}

/// Whether this channel can reach this person at all.
pub(super) fn reaches(cx: Cx<'_>, channel: &AlertChannel, person: &str) -> bool {
    if let Some(people) = cx.world.reachable.get(&channel.name) {
        return people.iter().any(|p| p == person);
    }
    let by_phone = matches!(channel.name.as_str(), "sms" | "voice");
    !by_phone || cx.site().people.iter().any(|p| p.name == person && p.phone.is_some())
}

/// Queues one round of calls. How many calls these people have waiting then.
fn call(cx: Cx<'_>, matter: &Escalation, people: &[String], last_rung: bool) -> store::Result<usize> {
    let all = escalation::alerts_of(cx.db, matter.id)?;
    let round = all.iter().map(|a| a.round).max().unwrap_or(0) + 1;
    let waiting: Vec<&Alert> = all.iter().filter(|a| a.state == "queued").collect();
    let mut calls = 0;
    for channel in channels(cx, matter, last_rung).filter(|_| !people.is_empty()) {
        match channel.reach {
            Reach::SiteWide => {
                calls += 1;
                call_all(cx, matter, &channel.name, people, round, &waiting)?;
            }
            Reach::PerPerson => {
                for person in people.iter().filter(|person| reaches(cx, channel, person)) {
                    calls += 1;
                    match waiting.iter().find(|a| a.channel == channel.name && &a.person == person) {
                        Some(waits) => escalation::readdress(cx.db, waits.id, person, round)?,
                        None => {
                            escalation::queue_alert(cx.db, matter.id, person, &channel.name, round, cx.now)?;
                        }
                    }
                }
            }
        }
    }
    Ok(calls)
}

/// One call for all of them; one that still waits for the line is meant for these as well.
fn call_all(
    cx: Cx<'_>,
    matter: &Escalation,
    channel: &str,
    people: &[String],
    round: u32,
    waiting: &[&Alert],
) -> store::Result<()> {
    match waiting.iter().find(|a| a.channel == channel) {
        Some(waits) => {
            let mut both: Vec<&str> = waits.people().collect();
            both.extend(
                people.iter().map(String::as_str).filter(|p| !waits.people().any(|known| known == *p)),
            );
            escalation::readdress(cx.db, waits.id, &both.join(", "), round)
        }
        None => {
            escalation::queue_alert(cx.db, matter.id, &people.join(", "), channel, round, cx.now).map(drop)
        }
    }
}

/// A call that did not get through. Its people were called over every other channel of theirs on the same
/// rung; if nobody of the round is left to hope for, the next rung is called at once.
fn lost(cx: Cx<'_>, matter: &Escalation, failed: &Alert) -> store::Result<()> {
    let hope =
        |a: &Alert| a.round == failed.round && matches!(a.state.as_str(), "queued" | "sending" | "sent");
    if matter.timed_as == "critical" || escalation::alerts_of(cx.db, matter.id)?.iter().any(hope) {
        return Ok(()); // a critical matter rings again within two minutes anyway
    }
    let sooner = if matter.step <= EVERYONE { cx.now } else { cx.now + AGAIN };
    let sooner = if matter.timed_as == "medium" { after_quiet(cx, sooner) } else { sooner };
    timer::set(cx.db, "alert", matter.id, sooner)
}

/// A person has taken it: nobody else is called, and who was called is told. True if they were first.
pub(super) fn acknowledge(cx: Cx<'_>, matter: &Escalation, by: &str) -> store::Result<bool> {
    let fresh = escalation::acknowledge(cx.db, matter.id, by, cx.now)?;
    quiet(cx, matter.id)?;
    if fresh {
        escalation::silence(cx.db, matter.id)?;
    }
    Ok(fresh)
}

/// It is over.
pub(super) fn close(cx: Cx<'_>, matter: &Escalation, by: &str) -> store::Result<()> {
    quiet(cx, matter.id)?;
    if matter.acked_at.is_none() {
        escalation::silence(cx.db, matter.id)?;
    }
    escalation::close(cx.db, matter.id, by, cx.now)
}

fn quiet(cx: Cx<'_>, id: i64) -> store::Result<()> {
    timer::clear(cx.db, "alert", id)?;
    timer::clear(cx.db, "alert-due", id)?;
    escalation::cancel_alerts(cx.db, id)
}

/// After a start: a call in mid-send is made again if nobody has acknowledged. Twice called is better than
/// never.
pub(super) fn resume(cx: Cx<'_>) -> store::Result<()> {
    for alert in escalation::alerts_in(cx.db, "sending")? {
        let state = if waits(cx, alert.escalation_id)?.is_some() { "queued" } else { "cancelled" };
        escalation::set_alert(cx.db, alert.id, state, None, None)?;
    }
    digest::resume(cx)
}

impl Desk {
    /// Calls, silences and digests that can go now: one [`Todo`] each, marked so that none is handed out
    /// twice.
    pub(super) fn send_calls(&mut self, todos: &mut Vec<Todo>) -> store::Result<()> {
        let db = self.store.conn();
        let none = escalation::alerts_in(db, "queued")?.is_empty()
            && escalation::to_silence(db)?.is_empty()
            && store::digest::calls_in(db, "queued")?.is_empty();
        if self.world.line == Line::Down || none {
            return Ok(());
        }
        let (alerts, silenced, digests) = self.write(|cx| {
            let alerts = escalation::alerts_in(cx.db, "queued")?;
            for alert in &alerts {
                escalation::set_alert(cx.db, alert.id, "sending", None, None)?;
            }
            let silenced = escalation::to_silence(cx.db)?;
            for matter in &silenced {
                escalation::silenced(cx.db, matter.id)?;
            }
            let digests = store::digest::calls_in(cx.db, "queued")?;
            for call in &digests {
                store::digest::set_call(cx.db, call.id, "sending", None, None)?;
            }
            Ok((alerts, silenced, digests))
        })?;
        todos.extend(alerts.into_iter().map(Todo::Alert));
        todos.extend(silenced.into_iter().map(Todo::Silence));
        todos.extend(digests.into_iter().map(Todo::Digest));
        Ok(())
    }

    /// The alert reached the person's channel.
    ///
    /// # Errors
    /// Only the database's.
    pub fn alert_sent(&mut self, alert_id: i64) -> store::Result<()> {
        self.write(|cx| {
            escalation::set_alert(cx.db, alert_id, "sent", Some(cx.now), None)?;
            let Some(alert) = escalation::alert(cx.db, alert_id)? else { return Ok(()) };
            escalation::delivered(cx.db, alert.escalation_id, cx.now)?;
            if waits(cx, alert.escalation_id)?.is_none() {
                escalation::silence(cx.db, alert.escalation_id)?; // taken while the call was on its way
            }
            Ok(())
        })
    }

    /// The alert did not reach the channel. Its people are called over their others on the same rung; if none
    /// of these is left, the next ones are called at once. If the line is down it waits.
    ///
    /// # Errors
    /// Only the database's.
    pub fn alert_failed(&mut self, alert_id: i64, why: &str) -> store::Result<()> {
        self.write(|cx| {
            let Some(alert) = escalation::alert(cx.db, alert_id)? else { return Ok(()) };
            let Some(matter) = waits(cx, alert.escalation_id)? else {
                return escalation::set_alert(cx.db, alert_id, "failed", None, Some(why));
            };
            if cx.world.line == Line::Down {
                return escalation::set_alert(cx.db, alert_id, "queued", None, Some(why));
            }
            escalation::set_alert(cx.db, alert_id, "failed", None, Some(why))?;
            lost(cx, &matter, &alert)
        })
    }

    /// Somebody looks after it, from wherever they were called: a button in Slack, a press in a browser, a
    /// key on the phone. Everything that waits in the same conversation is theirs too.
    ///
    /// # Errors
    /// Only the database's.
    pub fn acknowledge(&mut self, escalation_id: i64, who: &Operator) -> store::Result<Acknowledged> {
        self.write(|cx| {
            let Some(matter) = escalation::get(cx.db, escalation_id)? else {
                return Ok(Acknowledged::NoSuch);
            };
            match matter.thread_id {
                Some(thread) => operate::acknowledge(cx, who, thread)?,
                None => acknowledge(cx, &matter, &who.name).map(drop)?,
            }
            Ok(match matter.acked_by.or(matter.closed_by) {
                Some(by) => Acknowledged::Already { by },
                None => Acknowledged::First,
            })
        })
    }

    /// It is done; others of the same conversation go on. False: there is none.
    ///
    /// # Errors
    /// Only the database's.
    pub fn close_escalation(&mut self, escalation_id: i64, who: &Operator) -> store::Result<bool> {
        self.write(|cx| {
            let Some(matter) = escalation::get(cx.db, escalation_id)? else { return Ok(false) };
            operate::finish(cx, who, &matter)?;
            Ok(true)
        })
    }

    /// Who can be reached over a channel (who has a browser that takes pushes). Until told, everybody with
    /// a phone over `sms` and `voice`, everybody at all over the others.
    pub fn set_reachable(&mut self, channel: &str, people: Vec<String>) {
        self.world.reachable.insert(channel.to_owned(), people);
    }
}
