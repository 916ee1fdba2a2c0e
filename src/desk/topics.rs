//! One topic of a turn: from what was understood to what its SOP does about it.

use std::time::Duration;

use super::draft::Draft;
use super::people::{self, Call};
use super::scene::{AMENDS, REMEMBER, Scene};
use super::{Cx, collect, door, hall, ladder, line, phrases};
use crate::intent::{self, Slots, Tense, Topic, Verdict};
use crate::policy::{self};
use crate::site::{Effect, Scope};
use crate::sop::{Kind, Level, Opens, Sop};
use crate::store::episode::{Episode, EpisodeState};
use crate::store::question::Payload;
use crate::store::thread::{self, Mark};
use crate::store::{self, effect, episode, question, ticket};

/// "hello?" is acknowledged once in this time while a person is awaited.
const HELLO_AGAIN: Duration = Duration::from_secs(30 * 60);

/// Intents that only speak of what is under way, and so belong to whoever has it.
const ABOUT_THE_MATTER: &[&str] = &[
    "followup.still-broken",
    "human.request",
    "feedback.complaint",
    "chat.affirm",
    "chat.deny",
    "chat.greeting",
];

/// Runs one topic. Which words, which step, which person: all from its SOP.
pub(super) fn run(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    topic: &Topic,
    slots: &Slots,
) -> store::Result<()> {
    let Some(sop) = cx.library().get(&topic.intent).map(|s| &**s) else {
        return ask_which(cx, scene, draft, topic);
    };
    if sop.kind == Kind::Safety && matches!(topic.decision, Verdict::Emergency | Verdict::Match) {
        return safety(cx, scene, draft, sop);
    }
    if let Some(()) = belongs_to_a_person(cx, scene, draft, topic, sop, slots)? {
        return Ok(());
    }
    match topic.decision {
        Verdict::Match | Verdict::Emergency => matched(cx, scene, draft, sop, topic, slots),
        // Sure what is meant, but it did not just happen: no act, and `matched` says so. One that is unsure is asked.
        Verdict::Ask
            if sop.acts() && slots.tense != Tense::Now && topic.confidence >= intent::match_from(sop) =>
        {
            matched(cx, scene, draft, sop, topic, slots)
        }
        // Unsure, and no cloud model has helped: asked once as well.
        Verdict::Ask | Verdict::Fallback => ask_which(cx, scene, draft, topic),
        Verdict::None => out_of_scope(cx, scene, draft, topic),
    }
}

/// The SOP is known: it is run.
pub(super) fn matched(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    topic: &Topic,
    slots: &Slots,
) -> store::Result<()> {
    if sop.acts() && slots.tense != Tense::Now {
        let phrase = if slots.tense == Tense::Past { "past" } else { "hypothetical" };
        draft.say_phrase(cx, phrase, &phrases::values(cx, scene, None)?);
        return Ok(());
    }
    let own = !slots.bays.is_empty() && slots.bays.iter().all(|bay| scene.is_own_bay(*bay));
    if slots.others_bay && !own && sop.id.starts_with("sim.") {
        return somebody_elses(cx, scene, draft, sop, topic, slots);
    }
    match sop.kind {
        Kind::Act | Kind::Guide => act_or_guide(cx, scene, draft, sop, topic, slots),
        Kind::Answer => answer(cx, scene, draft, sop),
        Kind::Collect if sop.ladder.iter().any(|r| matches!(r.effect.scope(), Scope::Hall(_))) => {
            hall::run(cx, scene, draft, sop, slots, &topic.text)
        }
        Kind::Collect => collect::run(cx, scene, draft, sop, slots, &topic.text),
        Kind::Human => ladder::hand_over(cx, scene, draft, sop, None, "this is for a person to decide"),
        Kind::Safety => safety(cx, scene, draft, sop),
        Kind::Social => social(cx, scene, draft, sop),
        Kind::System => system(cx, scene, draft, sop, topic, slots),
    }
}

fn act_or_guide(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    topic: &Topic,
    slots: &Slots,
) -> store::Result<()> {
    match ladder::first_step(sop).map(Effect::scope) {
        Some(Scope::Door) => door::run(cx, scene, draft, sop, slots),
        Some(Scope::Hall(_)) => hall::run(cx, scene, draft, sop, slots, &topic.text),
        Some(Scope::Bay) => ladder::run(cx, scene, draft, sop, slots, &topic.text),
        None => {
            let mut episode = ladder::open_episode(cx, scene, sop, scene.own_bay())?;
            ladder::advance(cx, scene, draft, sop, &mut episode)
        }
    }
}

fn answer(cx: Cx<'_>, scene: &Scene, draft: &mut Draft, sop: &Sop) -> store::Result<()> {
    line::touches(cx, scene, &sop.id)?;
    draft.say_reply(
        sop,
        "answer",
        &phrases::conditions(cx, scene)?,
        &phrases::values(cx, scene, scene.own_bay())?,
    );
    if sop.opens == Opens::Escalation {
        ladder::call(cx, scene, draft, sop, None, "this is for a person to decide")?;
    }
    Ok(())
}

/// The emergency lane: the text at once, everyone is called. Never behind anything else.
fn safety(cx: Cx<'_>, scene: &Scene, draft: &mut Draft, sop: &Sop) -> store::Result<()> {
    let call = Call { level: Level::Critical, ..Call::of(cx, sop, scene.own_bay(), "emergency") };
    let (id, new) = people::escalate(cx, scene, &call)?;
    draft.escalated(id);
    let values = phrases::values(cx, scene, scene.own_bay())?;
    if new {
        draft.say_reply(sop, "safety", &[], &values);
        release_doors(cx, scene, draft)?;
    } else if !scene.amends() {
        draft.say_phrase(cx, "emergency_followup", &values);
    }
    Ok(())
}

/// Doors are released only where the site's policy says so; free exit never depends on it.
fn release_doors(cx: Cx<'_>, scene: &Scene, draft: &mut Draft) -> store::Result<()> {
    if !cx.site().policy.emergency_release {
        return Ok(());
    }
    let asker = policy::Asker::Staff { name: "site policy".into(), role: crate::site::Role::OnCall };
    for door in cx.site().customer_doors() {
        let request = policy::Request {
            effect: Effect::DoorUnlock,
            target: &door.target,
            value: None,
            asker: &asker,
            thread_id: Some(scene.thread.id),
            episode_id: None,
        };
        if let (id, Ok(())) = policy::authorise(cx.db, cx.gate(), &request, cx.now)? {
            draft.acted(id);
        }
    }
    Ok(())
}

/// After a hand-over and before a person spoke (DOMAIN 5.17): words on the handed-over matter are added
/// to it; "hello?" is acknowledged once; other topics are answered as ever. `Some`: it was dealt with.
fn belongs_to_a_person(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    topic: &Topic,
    sop: &Sop,
    slots: &Slots,
) -> store::Result<Option<()>> {
    let Some(handed) = scene.handed() else { return Ok(None) };
    let door_topic =
        sop.ladder.iter().any(|r| r.effect == Effect::DoorUnlock) || topic.intent == "followup.still-broken";
    if door_topic && let Some(mut again) = door::may_ask_again(cx, scene)? {
        return once_more(cx, scene, draft, slots, &mut again).map(Some);
    }
    let same_intent = scene.escalations.iter().any(|e| e.intent == topic.intent);
    let same_sim =
        topic.intent.starts_with("sim.") && handed.intent.starts_with("sim.") && slots.bays.is_empty();
    let unclear = matches!(topic.decision, Verdict::Fallback | Verdict::Ask | Verdict::None);
    let about = ABOUT_THE_MATTER.contains(&topic.intent.as_str()) || same_intent || same_sim || unclear;
    if !about || sop.kind == Kind::Safety {
        return Ok(None);
    }
    people::add_to(cx, scene, handed.id)?;
    draft.escalated(handed.id);
    let hello = matches!(topic.intent.as_str(), "chat.greeting" | "human.request");
    if hello && scene.thread.hello_at.is_none_or(|at| cx.now.since(at) >= HELLO_AGAIN) {
        thread::mark(cx.db, scene.thread.id, Mark::Hello, cx.now)?;
        draft.say_phrase(cx, "handover_ack", &phrases::values(cx, scene, scene.own_bay())?);
    }
    Ok(Some(()))
}

/// The unlock that did not help may be asked for once more, within the two.
fn once_more(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    slots: &Slots,
    episode: &mut Episode,
) -> store::Result<()> {
    let Some(sop) = cx.library().get(&episode.sop_id).cloned() else { return Ok(()) };
    question::close(cx.db, scene.thread.id, "answered")?;
    door::run(cx, scene, draft, &sop, slots)
}

/// Their neighbours' bay is not touched; people are told.
fn somebody_elses(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    topic: &Topic,
    slots: &Slots,
) -> store::Result<()> {
    let bay = slots.bays.first().copied();
    let id = people::open_ticket(cx, scene, &sop.id, bay, &topic.text, None)?;
    draft.ticketed(id);
    let values = phrases::values(cx, scene, None)?.set_opt("other_bay", bay.map(|b| b.0));
    draft.say_phrase(cx, "other_bay", &values);
    Ok(())
}

fn social(cx: Cx<'_>, scene: &Scene, draft: &mut Draft, sop: &Sop) -> store::Result<()> {
    let values = phrases::values(cx, scene, scene.own_bay())?;
    match sop.id.as_str() {
        "chat.greeting"
            if scene.thread.greeted_at.is_some_and(|at| cx.now.since(at) < AMENDS) || scene.amends() =>
        {
            draft.silent("greeted a moment ago");
        }
        "chat.greeting" => {
            thread::mark(cx.db, scene.thread.id, Mark::Greeted, cx.now)?;
            draft.say_reply(sop, "reply", &[], &values);
        }
        "followup.resolved" => resolved(cx, scene, draft, sop)?,
        _ => match sop.reply("reply", &phrases::conditions(cx, scene)?) {
            Some(text) => draft.say_template(Some(text), &values),
            None => draft.silent("a closing word needs no answer"),
        },
    }
    Ok(())
}

/// It works again: what is asked or not sent yet is called off, the matter closed.
fn resolved(cx: Cx<'_>, scene: &Scene, draft: &mut Draft, sop: &Sop) -> store::Result<()> {
    let values = phrases::values(cx, scene, scene.own_bay())?;
    let pending = scene.question.as_ref().is_some_and(|q| matches!(q.kind.as_str(), "confirm" | "at-door"));
    question::close(cx.db, scene.thread.id, "cancelled")?;
    for matter in &scene.episodes {
        if matter.state == EpisodeState::Open {
            episode::save(cx.db, &Episode { state: EpisodeState::Closed, ..matter.clone() }, cx.now)?;
        }
    }
    for escalation in &scene.escalations {
        people::add_to(cx, scene, escalation.id)?;
    }
    if pending {
        draft.say_phrase(cx, "resolved_cancelled", &values);
    } else {
        draft.say_reply(sop, "reply", &[], &values);
    }
    Ok(())
}

/// Words that lean on other SOPs, without a question of ours to lean on.
fn system(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    topic: &Topic,
    slots: &Slots,
) -> store::Result<()> {
    let values = phrases::values(cx, scene, scene.own_bay())?;
    match sop.id.as_str() {
        "followup.still-broken" => match scene.episodes.first() {
            Some(last) => still_broken(cx, scene, draft, &mut last.clone(), slots),
            None => {
                draft.say_reply(sop, "reply", &[], &values);
                Ok(())
            }
        },
        "chat.affirm" | "chat.deny" if scene.expired.is_some() && sop.id == "chat.affirm" => {
            draft.say_phrase(cx, "question_expired", &values);
            Ok(())
        }
        "chat.affirm" | "chat.deny" if scene.amends() || just_acted(cx, scene)? => {
            draft.silent("repeats an answer that was taken already");
            Ok(())
        }
        "out-of-scope" => out_of_scope(cx, scene, draft, topic),
        _ => {
            draft.say_reply(sop, "reply", &[], &values);
            Ok(())
        }
    }
}

fn just_acted(cx: Cx<'_>, scene: &Scene) -> store::Result<bool> {
    let latest = effect::of_thread(cx.db, scene.thread.id)?.pop();
    Ok(latest.is_some_and(|e| e.state != "ended" || cx.now.since(e.requested_at) < AMENDS))
}

/// "Still nothing": up the ladder of the last matter, never the same step twice.
fn still_broken(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    last: &mut Episode,
    slots: &Slots,
) -> store::Result<()> {
    let Some(sop) = cx.library().get(&last.sop_id).cloned() else { return Ok(()) };
    if last.state == EpisodeState::Handed {
        return ladder::with_a_person(cx, scene, draft, last);
    }
    match (sop.kind, ladder::first_step(&sop).map(Effect::scope)) {
        (_, Some(Scope::Door)) => door::run(cx, scene, draft, &sop, slots),
        (Kind::Act | Kind::Guide, _) => ladder::advance(cx, scene, draft, &sop, last),
        (_, Some(Scope::Hall(_))) => ladder::hand_over(cx, scene, draft, &sop, Some(last), "it did not help"),
        _ => ladder::hand_over(cx, scene, draft, &sop, Some(last), "still not solved"),
    }
}

/// Between two: asked once, then a person. What is asked about is never an emergency, nor words that only
/// lean on other matters; of a pair with such a one, the other is asked about alone.
fn ask_which(cx: Cx<'_>, scene: &Scene, draft: &mut Draft, topic: &Topic) -> store::Result<()> {
    let pair: Vec<&Sop> =
        topic.alternatives.iter().filter_map(|c| cx.library().get(&c.intent)).map(|s| &**s).take(2).collect();
    let likely = if topic.decision == Verdict::Ask { pair.len() } else { 1 };
    if pair.iter().take(likely).any(|sop| sop.kind == Kind::Safety) {
        return perhaps_an_emergency(cx, scene, draft);
    }
    let offered: Vec<&Sop> = pair
        .into_iter()
        .filter(|sop| {
            !matches!(sop.kind, Kind::System | Kind::Safety | Kind::Social) && !sop.label.is_empty()
        })
        .collect();
    let asked = question::latest(cx.db, scene.thread.id)?
        .is_some_and(|q| q.kind == "which" && cx.now.since(q.asked_at) < REMEMBER);
    if asked || draft.asks() {
        return not_understood(cx, scene, draft);
    }
    let values = phrases::values(cx, scene, None)?;
    match offered.as_slice() {
        [a, b] => {
            let values = values.set("option_a", &a.label).set("option_b", &b.label);
            draft.say_phrase(cx, "ask_which", &values);
        }
        [only] => draft.say_phrase(cx, "ask_whether", &values.set("option_a", &only.label)),
        _ => return not_understood(cx, scene, draft),
    }
    let options = offered.iter().map(|sop| sop.id.clone()).collect();
    draft.ask("which", Payload { options, about: topic.text.clone(), ..Payload::default() }, None);
    Ok(())
}

/// The rules heard no emergency, but the model takes one for likely: nobody guesses, a person looks at once.
fn perhaps_an_emergency(cx: Cx<'_>, scene: &Scene, draft: &mut Draft) -> store::Result<()> {
    let what = "a message that may be about an emergency";
    let call = Call { level: Level::High, ..Call::plain(cx, "unclear", "perhaps an emergency", what) };
    told(cx, scene, draft, &call, "handover_danger")
}

/// A person reads it.
pub(super) fn not_understood(cx: Cx<'_>, scene: &Scene, draft: &mut Draft) -> store::Result<()> {
    let call = Call::plain(cx, "unclear", "not understood", "a message that was not understood");
    told(cx, scene, draft, &call, "handover_unsure")
}

/// Calls a person, and says so in this phrase of the house.
fn told(cx: Cx<'_>, scene: &Scene, draft: &mut Draft, call: &Call<'_>, phrase: &str) -> store::Result<()> {
    if people::raise(cx, scene, draft, call)? {
        draft.say_phrase(cx, phrase, &phrases::values(cx, scene, scene.own_bay())?);
    }
    Ok(())
}

/// One short honest line, once in half an hour.
fn out_of_scope(cx: Cx<'_>, scene: &Scene, draft: &mut Draft, topic: &Topic) -> store::Result<()> {
    let values = phrases::values(cx, scene, None)?;
    let said = cx.library().phrase("out_of_scope", &[]).and_then(|t| crate::sop::render(t, &values).ok());
    let again = said.is_some_and(|text| {
        scene
            .last_reply
            .as_ref()
            .is_some_and(|(at, body)| body == text.as_str() && cx.now.since(*at) < REMEMBER)
    });
    if again {
        draft.silent("out of scope, said so already");
        return Ok(());
    }
    tracing::debug!(intent = topic.intent, "out of scope");
    draft.say_phrase(cx, "out_of_scope", &values);
    Ok(())
}

/// A picture without words: into the ticket that asked for one, else to a person.
pub(super) fn photo(cx: Cx<'_>, scene: &Scene, draft: &mut Draft) -> store::Result<()> {
    if let Some(question) = scene.question.as_ref().filter(|q| q.kind == "detail")
        && let Some(sop) = question.payload.intent.as_ref().and_then(|id| cx.library().get(id))
    {
        question::close(cx.db, scene.thread.id, "answered")?;
        return collect::detail(cx, scene, draft, sop, &question.payload, "(a photo)");
    }
    for recent in ticket::open(cx.db)?.into_iter().filter(|t| t.thread_id == Some(scene.thread.id)) {
        if cx.now.since(recent.opened_at) < REMEMBER {
            ticket::add_detail(cx.db, recent.id, "(a photo)")?;
            draft.ticketed(recent.id);
            draft.silent("the photo was added to the ticket");
            return Ok(());
        }
    }
    let call = Call::plain(cx, "photo", "a photo without words", "a photo without words");
    told(cx, scene, draft, &call, "photo_only")
}
