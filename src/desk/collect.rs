//! Collecting: what people need to know to take care of something later.

use std::time::Duration;

use super::Cx;
use super::door;
use super::draft::Draft;
use super::ladder;
use super::people::{self, Call};
use super::phrases;
use super::scene::Scene;
use super::words;
use crate::intent::Slots;
use crate::policy::{self, Refusal};
use crate::site::{Effect, Target};
use crate::sop::{Condition, Level, Need, Opens, Sop};
use crate::store::question::Payload;
use crate::store::{self, ticket};

/// A report of fewer words lacks what a person needs.
const ENOUGH_WORDS: usize = 9;
/// … where the bay is known: of fewer than this.
const FEW_WORDS: usize = 4;

pub(super) fn run(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    slots: &Slots,
    about: &str,
) -> store::Result<()> {
    if sop.ladder.iter().any(|r| r.effect == Effect::DoorUnlock) {
        return missing_link(cx, scene, draft, sop, slots);
    }
    let bay = slots.bays.first().copied().or_else(|| scene.own_bay());
    match sop.opens {
        Opens::Incident => return incident(cx, scene, draft, sop),
        Opens::Escalation => return escalation(cx, scene, draft, sop),
        Opens::Ticket | Opens::Nothing => {}
    }
    let values = phrases::values(cx, scene, bay)?;
    if sop.id == "facility.damage" && words::door_left_open(about) {
        let call = Call { level: Level::High, ..Call::of(cx, sop, bay, "a door may leave the site open") };
        if people::raise(cx, scene, draft, &call)? {
            draft.say_reply(sop, "received", &[Condition::DoorOpen], &values);
        }
        return Ok(());
    }
    let id = people::open_ticket(cx, scene, &sop.id, bay, about, None)?;
    draft.ticketed(id);
    draft.say_reply(sop, "received", &phrases::conditions(cx, scene)?, &values);
    let short = about.split_whitespace().count() < if bay.is_some() { FEW_WORDS } else { ENOUGH_WORDS };
    if sop.needs.contains(&Need::Detail) && short && !draft.asks() && sop.replies.contains_key("ask") {
        draft.say_reply(sop, "ask", &[], &values);
        draft.ask("detail", Payload { ticket: Some(id), ..Payload::of(&sop.id) }, None);
    }
    Ok(())
}

/// The detail that was asked for came.
pub(super) fn detail(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    payload: &Payload,
    text: &str,
) -> store::Result<()> {
    if let Some(id) = payload.ticket {
        ticket::add_detail(cx.db, id, text)?;
        draft.ticketed(id);
    }
    draft.say_reply(sop, "thanks", &[], &phrases::values(cx, scene, scene.own_bay())?);
    Ok(())
}

fn escalation(cx: Cx<'_>, scene: &Scene, draft: &mut Draft, sop: &Sop) -> store::Result<()> {
    let due_at = sop.due_before_end_min.and_then(|minutes| {
        let own = scene.active.first()?;
        Some(own.ends_at - Duration::from_secs(u64::from(minutes) * 60))
    });
    let call = Call { due_at, ..Call::of(cx, sop, scene.own_bay(), "a person has to decide") };
    if people::raise(cx, scene, draft, &call)? {
        draft.say_reply(
            sop,
            "received",
            &phrases::conditions(cx, scene)?,
            &phrases::values(cx, scene, scene.own_bay())?,
        );
    }
    Ok(())
}

/// No link or code came. Verified and at the door, they are let in; the link is sent again by people.
fn missing_link(cx: Cx<'_>, scene: &Scene, draft: &mut Draft, sop: &Sop, slots: &Slots) -> store::Result<()> {
    const AGAIN: &str = "the door link has to be sent again";
    let door = cx.site().customer_doors().next().map(|d| d.target.clone());
    let mut episode = ladder::open_episode(cx, scene, sop, None)?;
    let verdict = match &door {
        Some(door) => precheck(cx, scene, &episode, door)?,
        None => Err(Refusal::NotHere),
    };
    if matches!(verdict, Ok(_) | Err(Refusal::NotAtDoor)) {
        let call = Call::of(cx, sop, None, AGAIN);
        if people::raise(cx, scene, draft, &call)? {
            let values = phrases::values(cx, scene, None)?;
            draft.say_reply(sop, "received", &phrases::conditions(cx, scene)?, &values);
        }
        return door::run(cx, scene, draft, sop, slots);
    }
    if ladder::call(cx, scene, draft, sop, Some(&mut episode), AGAIN)? {
        let values = phrases::values(cx, scene, None)?;
        draft.say_reply(sop, "received", &phrases::conditions(cx, scene)?, &values);
    }
    Ok(())
}

fn precheck(
    cx: Cx<'_>,
    scene: &Scene,
    episode: &store::episode::Episode,
    door: &Target,
) -> store::Result<Result<Option<String>, Refusal>> {
    let asker = scene.asker();
    let request = ladder::request(Effect::DoorUnlock, door, None, &asker, scene, episode);
    policy::precheck(cx.db, cx.gate(), &request, cx.now)
}

/// One incident for everyone it touches, instead of many tickets.
fn incident(cx: Cx<'_>, scene: &Scene, draft: &mut Draft, sop: &Sop) -> store::Result<()> {
    let what = sop.id.rsplit('.').next().unwrap_or(&sop.id);
    let values = phrases::values(cx, scene, scene.own_bay())?;
    if let Some(open) = ticket::open_incident(cx.db, what)? {
        return join_incident(cx, scene, draft, &open);
    }
    let call = Call::of(cx, sop, scene.own_bay(), "an incident");
    let (escalation, _) = people::escalate(cx, scene, &call)?;
    let id = ticket::insert_incident(cx.db, what, Some(escalation), cx.now)?;
    ticket::join_incident(cx.db, id, scene.thread.id)?;
    draft.escalated(escalation);
    draft.say_reply(sop, "received", &phrases::conditions(cx, scene)?, &values);
    Ok(())
}

/// One more whom an open incident touches: told once that it is known.
pub(super) fn join_incident(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    open: &ticket::Incident,
) -> store::Result<()> {
    let fresh = ticket::join_incident(cx.db, open.id, scene.thread.id)?;
    if let Some(id) = open.escalation_id {
        people::add_to(cx, scene, id)?;
        draft.escalated(id);
    }
    if fresh {
        draft.say_phrase(cx, "incident_known", &phrases::values(cx, scene, scene.own_bay())?);
    }
    Ok(())
}
