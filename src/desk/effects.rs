//! Effects on their way: handed to a driver once, watched until they end, exactly one outcome each.

use std::time::Duration;

use super::{Cx, Desk, Todo, alerts, digest, housekeeping, line, outage, outcome};
use crate::device::verify::{Known, Verdict, Verification};
use crate::device::{DeviceEvent, NotSent, Observation};
use crate::policy::{self, Permit};
use crate::site::{Effect, Outcome, Target};
use crate::store::effect::EffectRow;
use crate::store::episode::Episode;
use crate::store::{self, device, effect, journal, thread, timer, turn};

/// A door that unlocked should open within this.
pub(super) const OPENS_WITHIN: Duration = Duration::from_secs(30);

impl Desk {
    /// Hands every authorised effect to its driver, once. True if there was one.
    pub(super) fn dispatch_effects(&mut self, todos: &mut Vec<Todo>) -> store::Result<bool> {
        if effect::undispatched(self.store.conn())?.is_empty() {
            return Ok(false);
        }
        let permits = self.write(|cx| {
            let mut permits = Vec::new();
            for row in effect::undispatched(cx.db)? {
                permits.extend(dispatch(cx, &row)?);
            }
            Ok(permits)
        })?;
        todos.extend(permits.into_iter().map(Todo::Act));
        Ok(true)
    }

    /// The command left the box.
    ///
    /// # Errors
    /// Only the database's.
    pub fn effect_sent(&mut self, effect_id: i64) -> store::Result<()> {
        self.write(|cx| {
            let Some(row) = effect::get(cx.db, effect_id)? else { return Ok(()) };
            let deadline = cx.now + row.effect.verify_within();
            if effect::sent(cx.db, effect_id, deadline, cx.now)? {
                timer::set(cx.db, "effect", effect_id, deadline)?;
                outcome::sent(cx, &row)?;
            }
            Ok(())
        })
    }

    /// The command certainly did not leave the box.
    ///
    /// # Errors
    /// Only the database's.
    pub fn effect_not_sent(&mut self, effect_id: i64, why: &NotSent) -> store::Result<()> {
        let (outcome, reason) = match why {
            NotSent::Offline(_) => (Outcome::Refused, "offline"),
            NotSent::Unsupported(_) => (Outcome::Refused, "not-here"),
            NotSent::Cannot(why) => (Outcome::Refused, why.as_str()),
        };
        self.write(|cx| end(cx, effect_id, outcome, Some(reason)))
    }

    /// Something was seen.
    ///
    /// # Errors
    /// Only the database's.
    pub fn device(&mut self, event: &DeviceEvent) -> store::Result<()> {
        self.write(|cx| {
            remember(cx, event)?;
            for row in effect::open_on(cx.db, &event.target)? {
                if row.dispatched_at.is_some() {
                    judge(cx, &row, event)?;
                }
            }
            if let Observation::Position { open: true } = event.observation {
                door_opened(cx, &event.target)?;
            }
            outage::seen(cx, event)
        })
    }

    /// Runs the earliest timer that is due. True if there was one.
    pub(super) fn run_timer(&mut self) -> store::Result<bool> {
        let now = self.world.clock.now();
        let Some(due) = timer::due(self.store.conn(), now)? else { return Ok(false) };
        self.write(|cx| {
            match due.kind.as_str() {
                "effect" => deadline(cx, due.reference)?,
                "door-open" => not_opened(cx, due.reference)?,
                "alert" => alerts::climb(cx, due.reference)?,
                "alert-due" => alerts::due_now(cx, due.reference)?,
                digest::TIMER => digest::due(cx)?,
                line::TIMER => line::due(cx)?,
                outage::TIMER => outage::due(cx)?,
                housekeeping::TIMER => housekeeping::due(cx, due.reference)?,
                "hold" => release_hold(cx, due.reference)?,
                "text" => timer::clear(cx.db, "text", due.reference)?, // it goes with what waits
                other => {
                    tracing::error!(kind = other, "a timer of an unknown kind is dropped");
                    timer::clear(cx.db, other, due.reference)?;
                }
            }
            Ok(())
        })?;
        Ok(true)
    }
}

fn dispatch(cx: Cx<'_>, row: &EffectRow) -> store::Result<Option<Permit>> {
    match policy::permit_for(cx.gate(), row, cx.now) {
        Err(refusal) => {
            end(cx, row.id, Outcome::Expired, Some(&refusal.reason()))?;
            Ok(None)
        }
        Ok(permit) => {
            let known = known(cx, &row.target)?;
            let verification = Verification::begin(row.effect, row.value, cx.now, &known);
            let deadline = cx.now + row.effect.verify_within();
            effect::dispatch(cx.db, row.id, &serde_json::to_string(&verification)?, deadline, cx.now)?;
            timer::set(cx.db, "effect", row.id, deadline)?;
            Ok(Some(permit))
        }
    }
}

/// What was known of the device before the command: a new boot id is new only against the old one.
fn known(cx: Cx<'_>, target: &Target) -> store::Result<Known> {
    let mut known = Known::default();
    let Some(status) = device::get(cx.db, target, "")? else { return Ok(known) };
    let state: std::collections::BTreeMap<String, Observation> =
        serde_json::from_str(&status.state).unwrap_or_default();
    for observation in state.into_values() {
        known.note(&DeviceEvent {
            target: target.clone(),
            at: status.seen_at,
            observation,
            simulated: status.simulated,
        });
    }
    Ok(known)
}

fn remember(cx: Cx<'_>, event: &DeviceEvent) -> store::Result<()> {
    match &event.observation {
        Observation::Reachable { online, effect, reason } => {
            let part = effect.map_or("", Effect::name);
            let changed = device::set_online(
                cx.db,
                &event.target,
                part,
                *online,
                reason.as_deref(),
                event.simulated,
                cx.now,
            )?;
            if changed && !online {
                tracing::warn!(target_device = %event.target, part, "device is offline");
            }
            Ok(())
        }
        Observation::Acknowledged { .. }
        | Observation::Rejected { .. }
        | Observation::UnlockLogged { .. } => Ok(()),
        other => {
            let json = serde_json::to_value(other)?;
            // A bay has two parts with power: the one does not wipe out the other.
            let part = json["part"].as_str().map(|part| format!("-{part}")).unwrap_or_default();
            let kind = format!("{}{part}", json["what"].as_str().unwrap_or("other"));
            device::remember(cx.db, &event.target, &kind, &json.to_string(), event.simulated, cx.now)
        }
    }
}

fn judge(cx: Cx<'_>, row: &EffectRow, event: &DeviceEvent) -> store::Result<()> {
    let Some(mut verification) =
        row.verification.as_deref().and_then(|v| serde_json::from_str::<Verification>(v).ok())
    else {
        return Ok(());
    };
    let verdict = verification.observe(row.id, event);
    match verdict {
        Verdict::Verified => end(cx, row.id, Outcome::Verified, None),
        Verdict::Failed(reason) => end(cx, row.id, Outcome::Failed, Some(&reason)),
        Verdict::Pending | Verdict::Acknowledged => {
            let acknowledged = verdict == Verdict::Acknowledged;
            effect::progress(cx.db, row.id, acknowledged, &serde_json::to_string(&verification)?)
        }
    }
}

/// The one ending of an effect, and what the customer is told of it.
pub(super) fn end(cx: Cx<'_>, effect_id: i64, outcome: Outcome, reason: Option<&str>) -> store::Result<()> {
    timer::clear(cx.db, "effect", effect_id)?;
    if !effect::end(cx.db, effect_id, outcome, reason, cx.now)? {
        return Ok(());
    }
    let Some(row) = effect::get(cx.db, effect_id)? else { return Ok(()) };
    let sensor = cx.site().doors.get(&row.target).is_some_and(|d| d.has_position);
    if row.effect == Effect::DoorUnlock && outcome == Outcome::Verified && sensor && row.opened.is_none() {
        let sent = row.sent_at.or(row.dispatched_at).unwrap_or(cx.now);
        timer::set(cx.db, "door-open", effect_id, sent + OPENS_WITHIN)?;
    }
    outcome::ended(cx, &row)
}

/// Nothing proved it in time: unknown, not done.
fn deadline(cx: Cx<'_>, effect_id: i64) -> store::Result<()> {
    timer::clear(cx.db, "effect", effect_id)?;
    end(cx, effect_id, Outcome::Unknown, Some("nothing was observed in time"))
}

fn door_opened(cx: Cx<'_>, target: &Target) -> store::Result<()> {
    for row in effect::recent(cx.db, 20)? {
        let sent = row.sent_at.or(row.dispatched_at);
        let fresh = sent.is_some_and(|at| cx.now.since(at) <= OPENS_WITHIN * 2);
        if row.effect == Effect::DoorUnlock && &row.target == target && fresh {
            effect::set_opened(cx.db, row.id, true)?;
            timer::clear(cx.db, "door-open", row.id)?;
        }
    }
    Ok(())
}

fn not_opened(cx: Cx<'_>, effect_id: i64) -> store::Result<()> {
    timer::clear(cx.db, "door-open", effect_id)?;
    effect::set_opened(cx.db, effect_id, false)?;
    match effect::get(cx.db, effect_id)? {
        Some(row) if row.opened == Some(false) => outcome::not_opened(cx, &row),
        _ => Ok(()),
    }
}

/// A hold ran out without a sign of the person.
fn release_hold(cx: Cx<'_>, thread_id: i64) -> store::Result<()> {
    timer::clear(cx.db, "hold", thread_id)?;
    let Some(thread) = thread::get(cx.db, thread_id)? else { return Ok(()) };
    match thread.hold {
        Some(hold) if hold.until > cx.now => timer::set(cx.db, "hold", thread_id, hold.until),
        Some(hold) => {
            thread::set_hold(cx.db, thread_id, None)?;
            let change = journal::Change {
                at: cx.now,
                who: hold.by,
                what: "release".into(),
                detail: "no sign of the person for an hour".into(),
                thread_id: Some(thread_id),
                until: None,
            };
            journal::change(cx.db, &change)
        }
        None => Ok(()),
    }
}

/// The step of this episode that has been let through and has not ended.
pub(super) fn under_way(cx: Cx<'_>, episode: &Episode) -> store::Result<Option<EffectRow>> {
    Ok(effect::of_episode(cx.db, episode.id)?.into_iter().find(|e| e.state != "ended"))
}

/// After a start: what was handed to a driver may have left. It is watched until its deadline and never
/// handed over again; what was only requested never left.
pub(super) fn resume(cx: Cx<'_>) -> store::Result<()> {
    for row in effect::open(cx.db)? {
        match (row.state.as_str(), row.dispatched_at) {
            ("requested", _) => {
                end(cx, row.id, Outcome::Expired, Some("the box stopped before it was decided"))?
            }
            (_, Some(dispatched)) => {
                let deadline = row.deadline_at.unwrap_or(dispatched + row.effect.verify_within());
                timer::set(cx.db, "effect", row.id, deadline)?;
            }
            (_, None) => {}
        }
    }
    // A turn whose question to the cloud model was on the way is looked at again.
    if let Some(due) = turn::next_due(cx.db)? {
        tracing::debug!(due = %due, "turns wait to be decided");
    }
    Ok(())
}
