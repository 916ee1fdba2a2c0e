//! The act ladder: one step at a time, each at most once a bay and episode, up to a person.

use super::bays::{self, Bays};
use super::draft::Draft;
use super::effects;
use super::people::{self, Call};
use super::phrases;
use super::scene::{REMEMBER, Scene};
use super::{Cx, door, outage};
use crate::intent::Slots;
use crate::policy::{self, Asker, Refusal, Request};
use crate::site::{BayId, Effect, Scope, Target};
use crate::sop::{Kind, Level, Rung, Sop};
use crate::store::episode::{self, Episode, EpisodeState};
use crate::store::question::Payload;
use crate::store::thread::{self, Mark};
use crate::store::{self, device};

/// A matter in a bay: finds the bay (asking at most once), then takes the next step.
pub(super) fn run(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    slots: &Slots,
    about: &str,
) -> store::Result<()> {
    match bays::which(scene, slots) {
        Bays::One(bay) => in_bay(cx, scene, draft, sop, bay),
        Bays::Two(a, b) => in_two_bays(cx, scene, draft, sop, a, b),
        Bays::Other { named, own } => {
            let values = phrases::values(cx, scene, Some(named))?.set("booked_bay", own.0);
            ask_bay(cx, scene, draft, sop, "ask_bay_or_booked", &values, about)
        }
        Bays::Unknown => {
            let values = phrases::values(cx, scene, None)?;
            ask_bay(cx, scene, draft, sop, "ask_bay", &values, about)
        }
    }
}

/// Asks for the bay; whoever was asked in this matter before is handed to a person instead.
fn ask_bay(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    phrase: &str,
    values: &crate::sop::Values,
    about: &str,
) -> store::Result<()> {
    if scene.thread.asked_bay_at.is_some_and(|at| cx.now.since(at) < REMEMBER) {
        return hand_over(cx, scene, draft, sop, None, "the bay stayed unclear");
    }
    thread::mark(cx.db, scene.thread.id, Mark::AskedBay, cx.now)?;
    draft.say_phrase(cx, phrase, values);
    draft.ask("bay", Payload { about: about.to_owned(), ..Payload::of(&sop.id) }, None);
    Ok(())
}

pub(super) fn in_bay(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    bay: BayId,
) -> store::Result<()> {
    if !cx.site().bays.contains_key(&bay) {
        let values = phrases::values(cx, scene, Some(bay))?;
        return ask_bay(cx, scene, draft, sop, "ask_bay", &values, "");
    }
    if outage::answers(cx, scene, draft, bay)? {
        return Ok(());
    }
    let mut episode = open_episode(cx, scene, sop, Some(bay))?;
    if episode.state == EpisodeState::Handed {
        return with_a_person(cx, scene, draft, &episode);
    }
    advance(cx, scene, draft, sop, &mut episode)
}

/// The episode of this matter in this place: the open one, over whichever thread, or a new one.
pub(super) fn open_episode(
    cx: Cx<'_>,
    scene: &Scene,
    sop: &Sop,
    bay: Option<BayId>,
) -> store::Result<Episode> {
    let booking = scene.active.iter().find(|b| bay.is_none_or(|bay| b.bay == bay)).map(|b| b.id.clone());
    let here = match bay {
        Some(bay) => episode::live_in_bay(cx.db, bay, cx.now - REMEMBER)?,
        None => scene.episodes.clone(),
    };
    let same =
        |e: &&Episode| e.sop_id == sop.id && (e.booking_id == booking || e.thread_id == scene.thread.id);
    if let Some(found) = here.iter().find(same) {
        return Ok(Episode { thread_id: scene.thread.id, ..found.clone() });
    }
    let id = episode::insert(cx.db, &sop.id, sop.version, scene.thread.id, bay, booking.as_deref(), cx.now)?;
    episode::get(cx.db, id)?.ok_or_else(|| rusqlite::Error::QueryReturnedNoRows.into())
}

/// The next step of the ladder: guide first, then effect by effect, then a person.
pub(super) fn advance(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    episode: &mut Episode,
) -> store::Result<()> {
    if let Some(under_way) = effects::under_way(cx, episode)? {
        let what = phrases::in_words(cx, under_way.effect, &under_way.target);
        draft.say_phrase(cx, "still_working", &phrases::values(cx, scene, episode.bay)?.set("effect", what));
        return episode::save(cx.db, episode, cx.now);
    }
    let values = phrases::values(cx, scene, episode.bay)?;
    if sop.kind == Kind::Guide && !episode.guided {
        episode.guided = true;
        draft.say_reply(sop, "guide", &phrases::conditions(cx, scene)?, &values);
        return episode::save(cx.db, episode, cx.now);
    }
    if sop.kind == Kind::Act && !episode.guided {
        episode.guided = true;
        if let Some(guide) = sop.reply("guide", &phrases::conditions(cx, scene)?) {
            draft.say_template(Some(guide), &values);
        }
    }
    let Some(rung) = next_rung(cx, sop, episode)? else {
        return hand_over(cx, scene, draft, sop, Some(episode), "every step has been tried");
    };
    let Some(target) = target_of(rung.effect, episode.bay) else {
        return hand_over(cx, scene, draft, sop, Some(episode), "the device is unclear");
    };
    let asker = scene.asker();
    let request = request(rung.effect, &target, None, &asker, scene, episode);
    match policy::precheck(cx.db, cx.gate(), &request, cx.now)? {
        Err(refusal) => refused(cx, scene, draft, sop, episode, &request, &refusal),
        Ok(_) if must_ask(cx, rung.effect, &target)? || late(scene, rung.effect) => {
            ask_first(cx, scene, draft, rung, &target, episode)
        }
        Ok(_) => act(cx, scene, draft, sop, episode, rung.effect, std::slice::from_ref(&target), None),
    }
}

/// Whether the text took so long to reach the box that what it asks for must be asked again.
pub(super) fn late(scene: &Scene, effect: Effect) -> bool {
    scene.delay > effect.expires_after()
}

/// An effect that interrupts play asks once, unless the agent itself reports the software dead.
fn must_ask(cx: Cx<'_>, effect: Effect, target: &Target) -> store::Result<bool> {
    if !effect.interrupts_play() {
        return Ok(false);
    }
    let status = device::get(cx.db, target, "")?;
    let dead = status.is_some_and(|s| {
        let state: serde_json::Value = serde_json::from_str(&s.state).unwrap_or_default();
        s.online == Some(true) && state["software"]["running"] == serde_json::Value::Bool(false)
    });
    Ok(!dead)
}

fn ask_first(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    rung: &Rung,
    target: &Target,
    episode: &mut Episode,
) -> store::Result<()> {
    let what = phrases::in_words(cx, rung.effect, target);
    let values = phrases::values(cx, scene, episode.bay)?.set("effect", what);
    if late(scene, rung.effect) {
        draft.say_phrase(cx, "confirm_again", &values);
    } else {
        say_offer(cx, draft, rung, &values);
    }
    let payload = Payload::to_do(rung.effect, vec![target.clone()], &episode.sop_id);
    draft.ask("confirm", payload, Some(episode.id));
    episode::save(cx.db, episode, cx.now)
}

/// The step's own question, else the house's.
fn say_offer(cx: Cx<'_>, draft: &mut Draft, rung: &Rung, values: &crate::sop::Values) {
    match &rung.confirm {
        Some(confirm) => draft.say_template(Some(confirm), values),
        None => draft.say_phrase(cx, "next_offer", values),
    }
}

fn in_two_bays(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    a: BayId,
    b: BayId,
) -> store::Result<()> {
    let mut episode = open_episode(cx, scene, sop, Some(a))?;
    let Some(rung) = next_rung(cx, sop, &episode)? else {
        return hand_over(cx, scene, draft, sop, Some(&mut episode), "every step has been tried");
    };
    let both = format!("{} and {}", a.0, b.0);
    let values = phrases::values(cx, scene, Some(a))?.set("bay", &both);
    say_offer(cx, draft, rung, &values);
    let payload = Payload::to_do(rung.effect, vec![a.into(), b.into()], &sop.id);
    draft.ask("confirm", payload, Some(episode.id));
    episode::save(cx.db, &episode, cx.now)
}

/// The first step the automation may take for an SOP, whatever the site has.
pub(super) fn first_step(sop: &Sop) -> Option<Effect> {
    sop.ladder.iter().find(|rung| !rung.staff_only).map(|rung| rung.effect)
}

/// The first step that the automation may take, that exists here, and that was not used up in this bay.
pub(super) fn next_rung<'s>(cx: Cx<'_>, sop: &'s Sop, episode: &Episode) -> store::Result<Option<&'s Rung>> {
    let mut tried = episode.tried.clone();
    if let Some(bay) = episode.bay {
        for other in episode::live_in_bay(cx.db, bay, cx.now - REMEMBER)? {
            if other.booking_id == episode.booking_id {
                tried.extend(other.tried);
            }
        }
    }
    Ok(sop.ladder.iter().find(|rung| {
        let here =
            target_of(rung.effect, episode.bay).is_some_and(|t| cx.site().driver(rung.effect, &t).is_some());
        !rung.staff_only && here && !tried.contains(&rung.effect)
    }))
}

pub(super) fn target_of(effect: Effect, bay: Option<BayId>) -> Option<Target> {
    match effect.scope() {
        Scope::Bay => bay.map(Target::from),
        Scope::Hall(name) => Some(Target::new(name)),
        Scope::Door => None,
    }
}

pub(super) fn request<'a>(
    effect: Effect,
    target: &'a Target,
    value: Option<f32>,
    asker: &'a Asker,
    scene: &Scene,
    episode: &Episode,
) -> Request<'a> {
    Request { effect, target, value, asker, thread_id: Some(scene.thread.id), episode_id: Some(episode.id) }
}

/// Asks the gate and journals; the driver gets it once this is committed. The customer hears of it when
/// it was sent, and of its outcome.
#[allow(clippy::too_many_arguments, reason = "the one place where conversation and effect meet")]
pub(super) fn act(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    episode: &mut Episode,
    effect: Effect,
    targets: &[Target],
    value: Option<f32>,
) -> store::Result<()> {
    let asker = scene.asker();
    for target in targets {
        let request = request(effect, target, value, &asker, scene, episode);
        let (id, verdict) = policy::authorise(cx.db, cx.gate(), &request, cx.now)?;
        match verdict {
            Ok(()) => {
                draft.acted(id);
                if !episode.tried.contains(&effect) {
                    episode.tried.push(effect);
                }
            }
            Err(refusal) => {
                draft.refused(id);
                tell_refusal(cx, scene, draft, sop, episode, effect, target, &refusal)?;
            }
        }
    }
    episode::save(cx.db, episode, cx.now)
}

/// A request that the gate has refused already when it was looked at: journaled as such, then told.
fn refused(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    episode: &mut Episode,
    request: &Request<'_>,
    refusal: &Refusal,
) -> store::Result<()> {
    let (id, _) = policy::authorise(cx.db, cx.gate(), request, cx.now)?;
    draft.refused(id);
    tell_refusal(cx, scene, draft, sop, episode, request.effect, request.target, refusal)?;
    episode::save(cx.db, episode, cx.now)
}

/// Says why not, and offers what remains: the next step, or a person.
#[allow(clippy::too_many_arguments, reason = "a refusal is told from the whole case")]
pub(super) fn tell_refusal(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    episode: &mut Episode,
    effect: Effect,
    target: &Target,
    refusal: &Refusal,
) -> store::Result<()> {
    if effect == Effect::DoorUnlock {
        return door::tell_refusal(cx, scene, draft, sop, episode, refusal);
    }
    let values =
        phrases::values(cx, scene, episode.bay)?.set("effect", phrases::in_words(cx, effect, target));
    let (phrase, values) = phrases::refusal(cx, effect, refusal, values);
    draft.say_phrase(cx, phrase, &values);
    match refusal {
        Refusal::Busy { .. } | Refusal::Expired => Ok(()),
        Refusal::SafeMode | Refusal::StaffOnly | Refusal::Contested | Refusal::Declined { .. } => {
            call(cx, scene, draft, sop, Some(episode), &refusal.reason()).map(|_| ())
        }
        Refusal::Offline | Refusal::NotHere | Refusal::OutOfRange => {
            if !episode.tried.contains(&effect) {
                episode.tried.push(effect);
            }
            match next_available(cx, scene, sop, episode)? {
                Some(rung) => offer(cx, scene, draft, rung, episode),
                None => hand_over(cx, scene, draft, sop, Some(episode), &refusal.reason()),
            }
        }
        _ => {
            draft.say_phrase(cx, "ask_person", &values);
            draft.ask("person", Payload::of(&sop.id), Some(episode.id));
            Ok(())
        }
    }
}

/// The next step that the gate would let through now.
fn next_available<'s>(
    cx: Cx<'_>,
    scene: &Scene,
    sop: &'s Sop,
    episode: &mut Episode,
) -> store::Result<Option<&'s Rung>> {
    let asker = scene.asker();
    while let Some(rung) = next_rung(cx, sop, episode)? {
        let Some(target) = target_of(rung.effect, episode.bay) else { return Ok(None) };
        let request = request(rung.effect, &target, None, &asker, scene, episode);
        if policy::precheck(cx.db, cx.gate(), &request, cx.now)?.is_ok() {
            return Ok(Some(rung));
        }
        episode.tried.push(rung.effect);
    }
    Ok(None)
}

/// Offers a step after another did not help: always asked, whether it interrupts or not.
pub(super) fn offer(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    rung: &Rung,
    episode: &mut Episode,
) -> store::Result<()> {
    match target_of(rung.effect, episode.bay) {
        Some(target) => ask_first(cx, scene, draft, rung, &target, episode),
        None => Ok(()),
    }
}

/// After a step that failed: the next one is offered, or a person called.
pub(super) fn after_failure(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    episode: &mut Episode,
) -> store::Result<()> {
    match next_available(cx, scene, sop, episode)? {
        Some(rung) => offer(cx, scene, draft, rung, episode),
        None => hand_over(cx, scene, draft, sop, Some(episode), "every step has been tried"),
    }
}

/// Calls a person and tells the customer, once a hand-over.
pub(super) fn hand_over(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    episode: Option<&mut Episode>,
    reason: &str,
) -> store::Result<()> {
    let bay = episode.as_ref().and_then(|e| e.bay).or_else(|| scene.own_bay());
    if call(cx, scene, draft, sop, episode, reason)? {
        let values = phrases::values(cx, scene, bay)?;
        match sop.reply("handover", &phrases::conditions(cx, scene)?) {
            Some(text) => draft.say_template(Some(text), &values),
            None => draft.say_phrase(cx, "handover_generic", &values),
        }
    }
    Ok(())
}

/// Calls a person without a word to the customer (the text that says so is the caller's). True if new.
pub(super) fn call(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    episode: Option<&mut Episode>,
    reason: &str,
) -> store::Result<bool> {
    let place = episode.as_ref().and_then(|e| e.bay).or_else(|| scene.own_bay());
    let episode_id = episode.as_ref().map(|e| e.id);
    let call =
        Call { episode: episode_id, level: sop.level.max(Level::Medium), ..Call::of(cx, sop, place, reason) };
    let (id, new) = people::escalate(cx, scene, &call)?;
    draft.escalated(id);
    if let Some(episode) = episode {
        episode.state = EpisodeState::Handed;
        episode.escalation_id = Some(id);
        episode::save(cx.db, episode, cx.now)?;
    }
    Ok(new)
}

/// The matter is with a person already: the words are added, nothing is done.
pub(super) fn with_a_person(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    episode: &Episode,
) -> store::Result<()> {
    if let Some(id) = episode.escalation_id.or_else(|| scene.handed().map(|e| e.id)) {
        people::add_to(cx, scene, id)?;
        draft.escalated(id);
    }
    Ok(())
}
