//! What people do in a conversation. A person's word silences the automation at once.

use std::time::Duration;

use super::input::{Act, OperateError, Operator};
use super::{Cx, Desk, alerts, decide, draft};
use crate::policy::{self, Asker, Refusal, Request};
use crate::site::{Effect, Outcome, Scope, Target};
use crate::store::effect::{self, NewEffect};
use crate::store::escalation::Escalation;
use crate::store::thread::{self, Channel, Hold, Thread};
use crate::store::{StoreError, episode, escalation, journal, outbox, question, ticket, timer};

/// A hold ends this long after the last sign of the person (DOMAIN 5.9).
const HOLD: Duration = Duration::from_secs(60 * 60);

/// Characters of one text at either provider.
const LONGEST_TEXT: usize = 1600;

type Done = Result<(), OperateError>;

impl Desk {
    /// A signed-in person does something in a conversation.
    ///
    /// # Errors
    /// [`OperateError`]; nothing was done then.
    pub fn operate(&mut self, who: &Operator, thread_id: i64, act: &Act) -> Done {
        let world = &self.world;
        let now = world.clock.now();
        self.store.write(|tx| {
            let cx = Cx { db: tx, world, now };
            let thread = thread::get(cx.db, thread_id)?.ok_or(OperateError::NoThread)?;
            match act {
                Act::Reply { text, form_key } => reply(cx, who, &thread, text, form_key.as_deref()),
                Act::Claim => {
                    if let Some(hold) = thread.held(cx.now).filter(|h| h.by != who.name) {
                        return Err(OperateError::HeldBy(hold.by.clone()));
                    }
                    take_over(cx, who, &thread, "claimed")?;
                    Ok(())
                }
                Act::Acknowledge => Ok(acknowledge(cx, who, thread.id)?),
                Act::Release => release(cx, who, &thread),
                Act::Approve { effect, target, value } => {
                    approve(cx, who, &thread, *effect, target.as_ref(), *value)
                }
                Act::Refuse { effect, target } => refuse(cx, who, &thread, *effect, target.as_ref()),
            }
        })
    }

    /// A person asks for an effect outside a conversation (the devices page, the hub).
    ///
    /// # Errors
    /// [`OperateError::Refused`] with the gate's reason.
    pub fn order(
        &mut self,
        who: &Operator,
        effect: Effect,
        target: &Target,
        value: Option<f32>,
    ) -> Result<i64, OperateError> {
        let (id, verdict) = self.ask(&staff(who), effect, target, value)?;
        verdict.map(|()| id).map_err(|r| OperateError::Refused(r.reason()))
    }

    /// A program asks for an effect in nobody's name (Home Assistant). Journaled whatever the gate says:
    /// the row's id, and the reason if it was refused.
    ///
    /// # Errors
    /// Only the database's.
    pub fn wish(
        &mut self,
        program: &str,
        effect: Effect,
        target: &Target,
        value: Option<f32>,
    ) -> Result<(i64, Result<(), Refusal>), StoreError> {
        self.ask(&Asker::Program { name: program.to_owned() }, effect, target, value)
    }

    fn ask(
        &mut self,
        asker: &Asker,
        effect: Effect,
        target: &Target,
        value: Option<f32>,
    ) -> Result<(i64, Result<(), Refusal>), StoreError> {
        let world = &self.world;
        let now = world.clock.now();
        self.store.write(|tx| {
            let cx = Cx { db: tx, world, now };
            let request = Request { effect, target, value, asker, thread_id: None, episode_id: None };
            policy::authorise(cx.db, cx.gate(), &request, cx.now)
        })
    }
}

fn staff(who: &Operator) -> Asker {
    Asker::Staff { name: who.name.clone(), role: who.role }
}

fn reply(cx: Cx<'_>, who: &Operator, thread: &Thread, text: &str, form_key: Option<&str>) -> Done {
    let text = text.trim();
    if text.is_empty() {
        return Err(OperateError::Empty);
    }
    if thread.channel == Channel::Sms && text.chars().count() > LONGEST_TEXT {
        return Err(OperateError::TooLong(LONGEST_TEXT));
    }
    if form_key.is_some_and(|key| outbox::form_used(cx.db, key).unwrap_or(false)) {
        return Err(OperateError::Conflict);
    }
    if let (Channel::Sms, Some(phone)) = (thread.channel, &thread.phone)
        && journal::opted_out(cx.db, phone)?
    {
        return Err(OperateError::OptedOut);
    }
    take_over(cx, who, thread, "answered")?;
    draft::send(cx, thread, text, &who.name, false, form_key)?.ok_or(OperateError::Conflict)?;
    Ok(())
}

/// The conversation is theirs: open turns end silently, unsent automatic texts do not leave, the pending
/// question is off, escalations are acknowledged, and a hold keeps the automation out.
pub(super) fn take_over(cx: Cx<'_>, who: &Operator, thread: &Thread, reason: &str) -> Result<(), StoreError> {
    let fresh = thread.held(cx.now).is_none_or(|h| h.by != who.name);
    let hold = Hold { by: who.name.clone(), reason: reason.to_owned(), until: cx.now + HOLD };
    thread::set_hold(cx.db, thread.id, Some(&hold))?;
    timer::set(cx.db, "hold", thread.id, hold.until)?;
    decide::silence(cx, thread.id, &format!("{} has this conversation", who.name))?;
    outbox::cancel_automatic(cx.db, thread.id)?;
    question::close(cx.db, thread.id, "cancelled")?;
    if fresh {
        log(cx, who, "hold", reason, thread.id, Some(hold.until))?;
    }
    acknowledge(cx, who, thread.id)
}

pub(super) fn acknowledge(cx: Cx<'_>, who: &Operator, thread_id: i64) -> Result<(), StoreError> {
    for open in escalation::open_on_thread(cx.db, thread_id)? {
        if !alerts::acknowledge(cx, &open, &who.name)? && open.acked_by.as_deref() != Some(&who.name) {
            let by = open.acked_by.unwrap_or_default();
            journal::notice(
                cx.db,
                Some(thread_id),
                &format!("{} acknowledged too; {by} was first.", who.name),
                cx.now,
            )?;
        }
    }
    Ok(())
}

/// The automation may speak again; what the person had is closed, so that a later visit starts afresh.
fn release(cx: Cx<'_>, who: &Operator, thread: &Thread) -> Done {
    thread::set_hold(cx.db, thread.id, None)?;
    timer::clear(cx.db, "hold", thread.id)?;
    for open in escalation::open_on_thread(cx.db, thread.id)? {
        finish(cx, who, &open)?;
    }
    episode::close_on_thread(cx.db, thread.id, cx.now)?;
    log(cx, who, "release", "released", thread.id, None)?;
    Ok(())
}

/// One matter is done, and so is the incident it told of. Whatever else waits in its conversation still
/// waits.
pub(super) fn finish(cx: Cx<'_>, who: &Operator, own: &Escalation) -> Result<(), StoreError> {
    alerts::acknowledge(cx, own, &who.name)?;
    alerts::close(cx, own, &who.name)?;
    ticket::close_incident_of(cx.db, own.id, &who.name, cx.now)?;
    match (own.episode_id, own.thread_id) {
        (Some(episode), _) => episode::close(cx.db, episode, cx.now),
        (None, Some(thread)) if escalation::open_on_thread(cx.db, thread)?.is_empty() => {
            episode::close_on_thread(cx.db, thread, cx.now)
        }
        (None, _) => Ok(()),
    }
}

/// A person stands behind an effect by name. The gate still checks the device; the entitlement is theirs.
fn approve(
    cx: Cx<'_>,
    who: &Operator,
    thread: &Thread,
    effect: Effect,
    target: Option<&Target>,
    value: Option<f32>,
) -> Done {
    let target = target_for(cx, thread, effect, target)?;
    acknowledge(cx, who, thread.id)?;
    let asked = effect::of_thread(cx.db, thread.id)?
        .into_iter()
        .rev()
        .find(|e| e.effect == effect && e.target == target);
    let matter = match asked.as_ref().and_then(|e| e.episode_id) {
        Some(id) => Some(id),
        None => {
            episode::live_on_thread(cx.db, thread.id, cx.now - super::scene::REMEMBER)?.first().map(|e| e.id)
        }
    };
    let asker = staff(who);
    let value = value.or_else(|| asked.and_then(|e| e.value));
    let request = Request {
        effect,
        target: &target,
        value,
        asker: &asker,
        thread_id: Some(thread.id),
        episode_id: matter,
    };
    let (_, verdict) = policy::authorise(cx.db, cx.gate(), &request, cx.now)?;
    log(cx, who, "approve", &format!("{effect} {target}"), thread.id, None)?;
    if let Err(refusal) = verdict {
        journal::notice(
            cx.db,
            Some(thread.id),
            &format!("The {} was refused: {}.", cx.site().deed(effect, &target), refusal.in_words()),
            cx.now,
        )?;
    }
    Ok(())
}

/// A person says no: journaled as an effect that was refused, with their name.
fn refuse(cx: Cx<'_>, who: &Operator, thread: &Thread, effect: Effect, target: Option<&Target>) -> Done {
    let target = target_for(cx, thread, effect, target)?;
    acknowledge(cx, who, thread.id)?;
    let refusal = Refusal::Declined { by: who.name.clone() };
    let new = NewEffect {
        effect,
        target: &target,
        value: None,
        tier: tier_name(effect),
        asked_by: &thread.address,
        approved_by: None,
        thread_id: Some(thread.id),
        episode_id: None,
        booking_id: None,
        simulated: cx.site().pretends(effect, &target),
    };
    let id = effect::request(cx.db, &new, cx.now)?;
    effect::end(cx.db, id, Outcome::Refused, Some(&refusal.reason()), cx.now)?;
    log(cx, who, "refuse", &format!("{effect} {target}"), thread.id, None)?;
    Ok(())
}

fn tier_name(effect: Effect) -> &'static str {
    match effect.tier() {
        crate::site::Tier::T0 => "T0",
        crate::site::Tier::T1 => "T1",
        crate::site::Tier::T2 => "T2",
        crate::site::Tier::T3 => "T3",
    }
}

/// The target that was named, else the one this conversation is about; never a guess between two.
fn target_for(
    cx: Cx<'_>,
    thread: &Thread,
    effect: Effect,
    named: Option<&Target>,
) -> Result<Target, OperateError> {
    if let Some(target) = named {
        return Ok(target.clone());
    }
    let asked = effect::of_thread(cx.db, thread.id)?.into_iter().rev().find(|e| e.effect == effect);
    if let Some(row) = asked {
        return Ok(row.target);
    }
    match effect.scope() {
        Scope::Hall(name) => Ok(Target::new(name)),
        Scope::Door => {
            let doors: Vec<&Target> = cx.site().customer_doors().map(|d| &d.target).collect();
            match doors.as_slice() {
                [only] => Ok((*only).clone()),
                _ => Err(OperateError::NoTarget(effect)),
            }
        }
        Scope::Bay => {
            let scene = super::scene::Scene::load(cx, thread.clone())?;
            let bay = scene.episodes.iter().find_map(|e| e.bay).or_else(|| scene.own_bay());
            bay.map(Target::from).ok_or(OperateError::NoTarget(effect))
        }
    }
}

fn log(
    cx: Cx<'_>,
    who: &Operator,
    what: &str,
    detail: &str,
    thread_id: i64,
    until: Option<crate::clock::UnixMs>,
) -> Result<(), StoreError> {
    let change = journal::Change {
        at: cx.now,
        who: who.name.clone(),
        what: what.to_owned(),
        detail: detail.to_owned(),
        thread_id: Some(thread_id),
        until,
    };
    journal::change(cx.db, &change)
}
