//! A turn is due: it is read, decided, answered, and each of its messages gets its ending.

use std::time::Duration;

use super::draft::Draft;
use super::scene::Scene;
use super::{Cx, Desk, Line, Todo, answers, inbox, topics, words};
use crate::intent::{By, Reading, Slots, Topic, Verdict};
use crate::llm::{Choice, Nomination, Question as FallbackQuestion};
use crate::sop::Kind;
use crate::store::message::{self, Ending, Message};
use crate::store::thread::{self, Channel};
use crate::store::turn::{self, Turn};
use crate::store::{self, journal};

/// The cloud model has this long in all; then the turn is decided without it.
const FALLBACK_WITHIN: Duration = Duration::from_secs(4);
/// Candidates a cloud model may nominate from.
const CANDIDATES: usize = 8;

impl Desk {
    /// Looks at or decides the earliest turn that is due. True if there was one.
    pub(super) fn run_turn(&mut self, todos: &mut Vec<Todo>) -> store::Result<bool> {
        let now = self.world.clock.now();
        let Some(due) = turn::due(self.store.conn(), now)? else { return Ok(false) };
        let asked = self.write(|cx| {
            if due.state == "open" && !inbox::look(cx, &due)? {
                return Ok(None);
            }
            decide(cx, &due, Advice::of(&due))
        })?;
        todos.extend(asked.map(Todo::Ask));
        Ok(true)
    }

    /// The cloud model answered, or could not. An answer to an older look at the turn changes nothing.
    ///
    /// # Errors
    /// Only the database's.
    pub fn fallback_answered(
        &mut self,
        turn_id: i64,
        nonce: &str,
        answer: Result<Nomination, String>,
    ) -> store::Result<()> {
        self.write(|cx| {
            let Some(turn) = turn::get(cx.db, turn_id)? else { return Ok(()) };
            if turn.state != "asking" || turn.nonce.as_deref() != Some(nonce) {
                return Ok(());
            }
            let advice = match answer {
                Ok(nomination) => Advice::Nominated(nomination),
                Err(error) => {
                    tracing::warn!(error, "the cloud model gave no answer");
                    Advice::Nothing
                }
            };
            decide(cx, &turn, advice).map(|_| ())
        })
    }
}

/// What the cloud model has said of this turn.
enum Advice {
    NotAsked,
    /// Asked, and no help.
    Nothing,
    Nominated(Nomination),
}

impl Advice {
    fn of(turn: &Turn) -> Advice {
        if turn.state == "asking" { Advice::Nothing } else { Advice::NotAsked }
    }
}

/// Decides one turn in one transaction. `Some`: the cloud model is to be asked first.
fn decide(cx: Cx<'_>, turn: &Turn, advice: Advice) -> store::Result<Option<FallbackQuestion>> {
    let Some(thread) = thread::get(cx.db, turn.thread_id)? else { return Ok(None) };
    let messages = message::of_turn(cx.db, turn.id)?;
    let mut scene = Scene::load(cx, thread)?;
    scene.delay = inbox::delay(&messages);
    let text = inbox::text_of(&messages);
    let mut reading = read(cx, &scene, &text);
    correction(&scene, &mut reading);
    if let Advice::Nominated(nomination) = &advice {
        nominate(cx, &mut reading, nomination);
    }
    if matches!(advice, Advice::NotAsked) && wants_advice(cx, &scene, &reading) {
        return ask_fallback(cx, turn, &scene, &text, &reading).map(Some);
    }
    let mut draft = Draft::new();
    let emergency = reading.topics.iter().any(|t| t.decision == Verdict::Emergency);
    if let (Some(hold), false) = (scene.thread.held(cx.now), emergency) {
        draft.silent(&format!("{} has this conversation", hold.by));
    } else if text.is_empty() {
        wordless(cx, &scene, &mut draft, &messages)?;
    } else {
        scene.at_door |= reading.slots.at_door;
        converse(cx, &mut scene, &mut draft, &reading, &messages, emergency)?;
    }
    if draft.is_empty() || draft.broken {
        topics::not_understood(cx, &scene, &mut draft)?; // nothing may end as nothing
    }
    draft.finish(cx, &scene, &messages)?;
    record(cx, turn, &scene, &reading, &text)?;
    Ok(None)
}

/// What the words say. At the door's page they are our own: pressing the button says it all, and which door.
fn read(cx: Cx<'_>, scene: &Scene, text: &str) -> Reading {
    if scene.thread.channel == Channel::Door {
        return at_the_door(cx, text);
    }
    cx.world.read(text, &scene.context())
}

fn at_the_door(cx: Cx<'_>, text: &str) -> Reading {
    // The longest label: "north door" stands in "far north door" too.
    let named = cx.site().customer_doors().filter(|door| text.contains(&format!(" {} ", door.label)));
    let door = named.max_by_key(|door| door.label.len()).map(|door| door.target.to_string());
    let topic = Topic {
        intent: "access.locked-out".into(),
        confidence: 1.0,
        decision: Verdict::Match,
        alternatives: Vec::new(),
        text: text.to_owned(),
        by: By::Context,
    };
    Reading { topics: vec![topic], slots: Slots { at_door: true, door, ..Slots::default() }, complete: true }
}

fn converse(
    cx: Cx<'_>,
    scene: &mut Scene,
    draft: &mut Draft,
    reading: &Reading,
    messages: &[Message],
    emergency: bool,
) -> store::Result<()> {
    if emergency {
        for topic in reading.topics.iter().filter(|t| t.decision == Verdict::Emergency) {
            topics::run(cx, scene, draft, topic, &reading.slots)?;
        }
        return Ok(());
    }
    if let Some(question) = scene.question.clone()
        && let Some(used) = answers::take(cx, scene, draft, &question, reading, messages)?
    {
        let besides: Vec<Topic> = reading.topics[used..]
            .iter()
            .filter(|t| t.decision == Verdict::Match && Some(&t.intent) != question.payload.intent.as_ref())
            .filter(|t| !small_talk(&t.intent) && !follows_up(&t.intent))
            .cloned()
            .collect();
        return other_topics(cx, scene, draft, reading, &besides);
    }
    other_topics(cx, scene, draft, reading, &reading.topics)
}

/// Every topic gets its answer or its person; small talk beside a real topic needs none.
fn other_topics(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    reading: &Reading,
    all: &[Topic],
) -> store::Result<()> {
    let real = reading.topics.iter().any(|t| !small_talk(&t.intent) && !follows_up(&t.intent));
    for topic in all {
        if real && (small_talk(&topic.intent) || follows_up(&topic.intent)) {
            continue;
        }
        topics::run(cx, scene, draft, topic, &reading.slots)?;
    }
    Ok(())
}

fn small_talk(intent: &str) -> bool {
    matches!(intent, "chat.greeting" | "chat.closer" | "chat.affirm" | "chat.deny")
}

/// Speaks of a matter under way; beside that matter itself it adds nothing.
fn follows_up(intent: &str) -> bool {
    intent.starts_with("followup.")
}

/// "Sorry, box 3" right after our reply, with no question open: the last matter, in the bay they meant.
fn correction(scene: &Scene, reading: &mut Reading) {
    let corrects = scene.question.is_none() && scene.amends() && reading.slots.correction;
    let Some(last) = scene.episodes.iter().find(|e| e.bay.is_some()).filter(|_| corrects) else { return };
    if reading.slots.bays.is_empty() || reading.topics.iter().any(|t| t.intent.starts_with("emergency.")) {
        return;
    }
    let topic = &mut reading.topics[0];
    topic.intent.clone_from(&last.sop_id);
    topic.decision = Verdict::Match;
    topic.by = By::Context;
    reading.topics.truncate(1);
}

/// Nothing to read: a photo, or nothing at all.
fn wordless(cx: Cx<'_>, scene: &Scene, draft: &mut Draft, messages: &[Message]) -> store::Result<()> {
    if messages.iter().any(|m| m.media > 0) {
        return topics::photo(cx, scene, draft);
    }
    debug_assert!(messages.iter().all(|m| words::is_blank(&m.body)));
    draft.say_phrase(cx, "empty", &super::phrases::values(cx, scene, None)?);
    Ok(())
}

/// What a cloud model may help with: the topic the reader is not sure of.
fn is_unsure(topic: &Topic) -> bool {
    matches!(topic.decision, Verdict::Fallback | Verdict::Ask)
}

fn wants_advice(cx: Cx<'_>, scene: &Scene, reading: &Reading) -> bool {
    let emergency = reading.topics.iter().any(|t| t.decision == Verdict::Emergency);
    let unsure = !emergency && reading.topics.iter().any(is_unsure);
    let free = scene.thread.held(cx.now).is_none() && scene.handed().is_none();
    cx.world.options.fallback && cx.world.line == Line::Up && unsure && free
}

fn ask_fallback(
    cx: Cx<'_>,
    turn: &Turn,
    scene: &Scene,
    text: &str,
    reading: &Reading,
) -> store::Result<FallbackQuestion> {
    let nonce = format!("{}-{}", turn.id, cx.now.0);
    turn::asking(cx.db, turn.id, &nonce, cx.now + FALLBACK_WITHIN)?;
    let unsure = reading.topics.iter().find(|t| is_unsure(t));
    let likely = unsure.into_iter().flat_map(|t| &t.alternatives);
    let sops = likely.filter_map(|c| cx.library().get(&c.intent)).filter(|sop| may_be_nominated(sop.kind));
    let candidates =
        sops.map(|sop| Choice { id: sop.id.clone(), title: sop.title.clone() }).take(CANDIDATES).collect();
    let of_bookings = scene.active.iter().chain(&scene.near).map(|b| b.name.clone());
    let names = of_bookings.chain(cx.site().people.iter().map(|p| p.name.clone())).collect();
    Ok(FallbackQuestion { turn_id: turn.id, nonce, text: text.to_owned(), candidates, names })
}

/// Emergencies, small talk, yes and no are the box's own to hear.
fn may_be_nominated(kind: Kind) -> bool {
    !matches!(kind, Kind::System | Kind::Social | Kind::Safety)
}

/// A nomination names an SOP for the unsure topic. It can never say yes for the customer, never place them
/// at a door, and never raise an alarm: those are theirs to say. What it leads to is asked, gated and
/// verified as ever. A name that is no such SOP helps nobody.
fn nominate(cx: Cx<'_>, reading: &mut Reading, nomination: &Nomination) {
    let Some(topic) = reading.topics.iter_mut().find(|t| is_unsure(t)) else { return };
    let Some(intent) = &nomination.intent else {
        if topic.decision == Verdict::Fallback {
            topic.by = By::Llm;
            topic.decision = Verdict::None;
        }
        return; // between two: the customer is asked
    };
    let kind = cx.library().get(intent).map(|sop| sop.kind);
    if !kind.is_some_and(may_be_nominated) {
        tracing::warn!("the cloud model named something that may not be nominated; it is ignored");
        return;
    }
    topic.by = By::Llm;
    topic.intent.clone_from(intent);
    topic.decision = Verdict::Match;
    if reading.slots.bays.is_empty() {
        reading.slots.bays.extend(nomination.bay);
    }
}

/// The turn is done: what was understood is kept, for the trace and for learning.
fn record(cx: Cx<'_>, turn: &Turn, scene: &Scene, reading: &Reading, text: &str) -> store::Result<()> {
    let intents: Vec<&str> = reading.topics.iter().map(|t| t.intent.as_str()).collect();
    let top = &reading.topics[0];
    let by = match top.by {
        By::Rule => "rule",
        By::Model => "model",
        By::Llm => "llm",
        By::Context => "context",
    };
    turn::done(
        cx.db,
        turn.id,
        &serde_json::to_string(&intents)?,
        by,
        &serde_json::to_string(reading)?,
        cx.now,
    )?;
    let verdict = serde_json::to_value(top.decision)?;
    let event = journal::Learning {
        kind: "reading",
        thread_id: Some(scene.thread.id),
        turn_id: Some(turn.id),
        text: Some(text),
        intent: Some(&top.intent),
        confidence: Some(top.confidence),
        verdict: verdict.as_str(),
        by: Some(by),
        sops_fingerprint: Some(&cx.library().fingerprint),
        ..journal::Learning::default()
    };
    journal::learn(cx.db, &event, cx.now)
}

/// Ends every message of the turns still open on a thread, silently: a person has taken over.
pub(super) fn silence(cx: Cx<'_>, thread_id: i64, reason: &str) -> store::Result<()> {
    while let Some(open) = turn::open_on(cx.db, thread_id)? {
        for message in message::of_turn(cx.db, open.id)? {
            message::end(cx.db, message.id, Ending::Silent, Some(reason), &[], cx.now)?;
        }
        turn::done(cx.db, open.id, "[]", "context", "{}", cx.now)?;
    }
    Ok(())
}
