//! Answers to our own question: a yes counts against exactly one, bound to its action and place.

use super::draft::Draft;
use super::ladder;
use super::scene::Scene;
use super::{Cx, collect, door, inbox, phrases, topics, words};
use crate::intent::{Reading, Topic, Verdict};
use crate::site::{BayId, Effect, Target};
use crate::sop::Sop;
use crate::store::message::Message;
use crate::store::question::{self, Question};
use crate::store::{self, episode, journal};

/// Why a text that says once more what was asked about gets no answer.
const ADDS_NOTHING: &str = "adds to the question that is already asked";

/// Tries the turn as an answer to the open question. `Some`: it was one and has been dealt with; how many
/// topics, from the first on, were the answer.
pub(super) fn take(
    cx: Cx<'_>,
    scene: &mut Scene,
    draft: &mut Draft,
    question: &Question,
    reading: &Reading,
    messages: &[Message],
) -> store::Result<Option<usize>> {
    let text = inbox::text_of(messages);
    let wordy = matches!(question.kind.as_str(), "confirm" | "at-door" | "person") && words::says_yes(&text);
    let heard = &reading.topics[0];
    if wordy && (heard.intent != "chat.affirm" || heard.decision != Verdict::Match) {
        let of_it = usize::from(heard.intent == "chat.affirm");
        let mut yes = reading.clone();
        yes.topics =
            vec![Topic { intent: "chat.affirm".into(), decision: Verdict::Match, ..yes.topics[0].clone() }];
        return Ok(whole(cx, scene, draft, question, &yes, messages)?.then_some(of_it));
    }
    Ok(whole(cx, scene, draft, question, reading, messages)?.then_some(1))
}

/// The first topic as the answer. True if it was one and has been dealt with.
fn whole(
    cx: Cx<'_>,
    scene: &mut Scene,
    draft: &mut Draft,
    question: &Question,
    reading: &Reading,
    messages: &[Message],
) -> store::Result<bool> {
    let top = &reading.topics[0];
    let sure = top.decision == Verdict::Match;
    let said = |id: &str| top.intent == id && sure;
    match question.kind.as_str() {
        "confirm" | "at-door" => confirm(cx, scene, draft, question, reading, messages),
        "bay" => which_bay(cx, scene, draft, question, reading),
        "which" => which_topic(cx, scene, draft, question, reading, messages),
        "detail" => {
            let other = sure
                && Some(&top.intent) != question.payload.intent.as_ref()
                && !top.intent.starts_with("chat.");
            if other {
                return Ok(false);
            }
            question::close(cx.db, scene.thread.id, "answered")?;
            if said("chat.closer") || said("chat.deny") {
                draft.silent("no more detail came");
                return Ok(true);
            }
            let Some(sop) = sop_of(cx, question) else { return Ok(false) };
            collect::detail(cx, scene, draft, sop, &question.payload, &inbox::text_of(messages))?;
            Ok(true)
        }
        "person" if said("chat.affirm") || said("human.request") => {
            question::close(cx.db, scene.thread.id, "answered")?;
            let Some(sop) = sop_of(cx, question) else { return Ok(false) };
            let mut matter = question.episode_id.map(|id| episode::get(cx.db, id)).transpose()?.flatten();
            ladder::hand_over(cx, scene, draft, sop, matter.as_mut(), "the customer asked for a person")?;
            Ok(true)
        }
        "person" if said("chat.deny") => {
            question::close(cx.db, scene.thread.id, "answered")?;
            draft.say_phrase(cx, "confirm_declined", &phrases::values(cx, scene, None)?);
            Ok(true)
        }
        _ => Ok(false),
    }
}

fn sop_of<'a>(cx: Cx<'a>, question: &Question) -> Option<&'a Sop> {
    question.payload.intent.as_ref().and_then(|id| cx.library().get(id)).map(|s| &**s)
}

/// Yes or no to one action.
fn confirm(
    cx: Cx<'_>,
    scene: &mut Scene,
    draft: &mut Draft,
    question: &Question,
    reading: &Reading,
    messages: &[Message],
) -> store::Result<bool> {
    let (Some(sop), Some(effect)) = (sop_of(cx, question), question.payload.effect) else { return Ok(false) };
    let top = &reading.topics[0];
    let sure = top.decision == Verdict::Match;
    let bays: Vec<BayId> = question.payload.targets.iter().filter_map(Target::bay).collect();
    let other_bay = reading.slots.bays.iter().any(|b| !bays.contains(b)) && !bays.is_empty();
    if other_bay && !reading.slots.others_bay {
        question::close(cx.db, scene.thread.id, "cancelled")?;
        learn(cx, scene, "correction")?;
        ladder::run(cx, scene, draft, sop, &reading.slots, "")?; // "sorry, box 3": theirs is asked about
        return Ok(true);
    }
    let here = question.kind == "at-door" && reading.slots.at_door && top.intent != "chat.deny";
    if (top.intent == "chat.affirm" && sure) || here {
        if too_old(cx, effect, question, messages) {
            return ask_again(cx, scene, draft, question, effect);
        }
        question::close(cx.db, scene.thread.id, "answered")?;
        learn(cx, scene, "confirmed")?;
        return agreed(cx, scene, draft, question, sop, effect).map(|()| true);
    }
    if top.intent == "chat.deny" && sure {
        question::close(cx.db, scene.thread.id, "answered")?;
        learn(cx, scene, "declined")?;
        draft.say_phrase(cx, "confirm_declined", &phrases::values(cx, scene, None)?);
        return Ok(true);
    }
    let only_the_bay =
        reading.slots.bays == bays && !bays.is_empty() && top.text.split_whitespace().count() <= 3;
    let leads_there =
        |id: &str| cx.library().get(id).is_some_and(|other| ladder::first_step(other) == Some(effect));
    let same = top.intent == sop.id
        || top.intent == "followup.still-broken"
        || only_the_bay
        || (sure && leads_there(&top.intent));
    let adds = same && scene.amends() && reading.topics.len() == 1;
    if adds {
        draft.silent(ADDS_NOTHING);
    }
    Ok(adds)
}

/// A yes that was written before the question, or that took too long, is no yes.
fn too_old(cx: Cx<'_>, effect: Effect, question: &Question, messages: &[Message]) -> bool {
    let written = inbox::last_written(messages);
    written < question.asked_at || cx.now.since(written) > effect.expires_after()
}

fn ask_again(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    question: &Question,
    effect: Effect,
) -> store::Result<bool> {
    let Some(target) = question.payload.targets.first() else { return Ok(false) };
    let values =
        phrases::values(cx, scene, target.bay())?.set("effect", phrases::in_words(cx, effect, target));
    let kind = if question.kind == "at-door" { "at-door" } else { "confirm" };
    draft.say_phrase(cx, if kind == "at-door" { "ask_at_door" } else { "confirm_again" }, &values);
    draft.ask(kind, question.payload.clone(), question.episode_id);
    Ok(true)
}

/// They agreed: exactly the action they were asked about, on exactly that device.
fn agreed(
    cx: Cx<'_>,
    scene: &mut Scene,
    draft: &mut Draft,
    question: &Question,
    sop: &Sop,
    effect: Effect,
) -> store::Result<()> {
    let bay = question.payload.targets.first().and_then(Target::bay);
    let mut matter = match question.episode_id.map(|id| episode::get(cx.db, id)).transpose()?.flatten() {
        Some(matter) => matter,
        None => ladder::open_episode(cx, scene, sop, bay)?,
    };
    matter.thread_id = scene.thread.id;
    if effect == Effect::DoorUnlock {
        scene.at_door = true;
        let Some(target) = question.payload.targets.first() else { return Ok(()) };
        return door::unlock(cx, scene, draft, sop, &mut matter, target);
    }
    ladder::act(cx, scene, draft, sop, &mut matter, effect, &question.payload.targets, question.payload.value)
}

fn which_bay(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    question: &Question,
    reading: &Reading,
) -> store::Result<bool> {
    let Some(sop) = sop_of(cx, question) else { return Ok(false) };
    let top = &reading.topics[0];
    if let Some(bay) = reading.slots.bays.first() {
        let other = top.decision == Verdict::Match && top.intent != sop.id && top.intent.starts_with("sim.");
        let sop = if other { cx.library().get(&top.intent).map_or(sop, |s| &**s) } else { sop };
        question::close(cx.db, scene.thread.id, "answered")?;
        ladder::in_bay(cx, scene, draft, sop, *bay)?;
        return Ok(true);
    }
    let repeats = top.intent == sop.id
        || matches!(top.intent.as_str(), "chat.affirm" | "chat.deny" | "followup.still-broken");
    if top.decision == Verdict::Match && !repeats {
        return Ok(false);
    }
    if scene.amends() && repeats && !top.intent.starts_with("chat.") {
        draft.silent(ADDS_NOTHING);
        return Ok(true);
    }
    question::close(cx.db, scene.thread.id, "answered")?;
    ladder::hand_over(cx, scene, draft, sop, None, "the bay stayed unclear")?;
    Ok(true)
}

fn which_topic(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    question: &Question,
    reading: &Reading,
    messages: &[Message],
) -> store::Result<bool> {
    let options = &question.payload.options;
    let top = &reading.topics[0];
    let by_word = words::ordinal(&inbox::text_of(messages)).and_then(|n| options.get(n));
    let by_yes = (top.intent == "chat.affirm").then(|| options.first()).flatten();
    let by_meaning = options
        .iter()
        .find(|o| top.intent == **o || top.alternatives.first().is_some_and(|c| c.intent == **o));
    if let Some(chosen) = by_word.or(by_meaning).or(by_yes) {
        question::close(cx.db, scene.thread.id, "answered")?;
        let Some(sop) = cx.library().get(chosen) else { return Ok(false) };
        let mut topic = top.clone();
        topic.text.clone_from(&question.payload.about);
        topics::matched(cx, scene, draft, sop, &topic, &reading.slots)?;
        return Ok(true);
    }
    if top.decision == Verdict::Match && !matches!(top.intent.as_str(), "chat.affirm" | "chat.deny") {
        return Ok(false);
    }
    question::close(cx.db, scene.thread.id, "answered")?;
    topics::not_understood(cx, scene, draft)?;
    Ok(true)
}

fn learn(cx: Cx<'_>, scene: &Scene, kind: &str) -> store::Result<()> {
    let intent = scene.episodes.first().map(|e| e.sop_id.as_str());
    let event =
        journal::Learning { kind, thread_id: Some(scene.thread.id), intent, ..journal::Learning::default() };
    journal::learn(cx.db, &event, cx.now)
}
