//! From a guess to a verdict: sure enough for what that SOP may do, or ask, or hand on.

use std::collections::{BTreeMap, BTreeSet};

use super::alarm::Danger;
use super::corpus::OUT_OF_SCOPE;
use super::emergency;
use super::model::Guess;
use super::{By, Candidate, Tense, Topic, Verdict, slots};
use crate::site::Tier;
use crate::sop::{Kind, Library, Sop};

/// Below this a question of ours would be a guess too.
const ASK_FROM: f32 = 0.30;
/// An `ask` names two; the second must be at least this likely.
const SECOND_FROM: f32 = 0.06;
/// From here the best guess is asked about, however unlikely the second.
const ASK_ANYHOW: f32 = 0.60;
/// More likely a stranger's text than one of ours.
const OUTSIDE_FROM: f32 = 0.50;
/// So sure of it that neither a cloud model nor a person need look first.
const SURELY_OUTSIDE: f32 = 0.90;
/// A second reading is asked about before a likelier one that nobody can be asked about, from this share of it on.
const PASSES: f32 = 0.5;
/// An act matches only where the text alone, whatever the scene adds, gives it this much.
const ACT_FROM_TEXT: f32 = 0.30;

/// P(right) from which this SOP matches, 0..=1: the more it may do, the surer.
pub fn match_from(sop: &Sop) -> f32 {
    match (sop.tier(), sop.kind) {
        (Tier::T2 | Tier::T3, _) => 0.84,
        _ if sop.acts() => 0.80,
        (Tier::T1, _) => 0.74,
        // Money and bookings stay with people, but the customer is told so at once.
        (Tier::T0, Kind::Human | Kind::Safety) => 0.66,
        (Tier::T0, Kind::System | Kind::Social) => 0.62,
        (Tier::T0, _) => 0.64,
    }
}

/// How sure a reading of each intent must be to match, and which of them act.
#[derive(Debug, Clone, Default)]
pub struct Strictness {
    from: BTreeMap<String, f32>,
    acts: BTreeSet<String>,
}

impl Strictness {
    pub fn of(library: &Library) -> Strictness {
        let acts = library.sops.iter().filter(|(_, sop)| sop.acts());
        Strictness {
            acts: acts.map(|(id, _)| id.clone()).collect(),
            from: library.sops.iter().map(|(id, sop)| (id.clone(), match_from(sop))).collect(),
        }
    }

    /// P(right) from which `intent` matches, 0..=1.
    pub fn of_intent(&self, intent: &str) -> f32 {
        self.from.get(intent).copied().unwrap_or(0.70)
    }
}

/// What did not just happen ("it froze last week", "what if it freezes") and what speaks to the machine's
/// instructions chooses no act, whoever found it: asked about, or a person. `tense`: of the whole text; each topic goes
/// by that of its own clause. Returns the tense that the acts go by.
pub fn restrain(topics: &mut [Topic], strictness: &Strictness, tense: Tense, injected: bool) -> Tense {
    let mut of_acts = None;
    for topic in topics.iter_mut().filter(|t| strictness.acts.contains(&t.intent)) {
        let own = slots::tense_of(&topic.text, tense);
        of_acts = Some(if of_acts == Some(Tense::Now) { Tense::Now } else { own });
        if topic.decision != Verdict::Match {
            continue;
        }
        if injected {
            topic.decision = Verdict::Fallback;
        } else if own != Tense::Now {
            topic.decision = Verdict::Ask;
        }
    }
    of_acts.unwrap_or(tense)
}

/// The danger that the alarm hears in a text. `guarded`: a rule found idiom, negation or the past around its words.
pub fn alarm(guess: &Guess, guarded: bool) -> Option<Danger> {
    let danger = guess.danger.as_ref()?;
    let other = guess.ranked.first().is_some_and(|(best, _)| !best.starts_with("emergency."));
    let enough = if guarded { danger.in_spite_from } else { danger.ring_from };
    let rings = danger.p >= enough && guess.outside < SURELY_OUTSIDE && !(other && guess.verbatim);
    rings.then(|| danger.clone())
}

/// The emergency that the alarm heard.
pub fn rung(danger: &Danger, guess: &Guess, text: &str) -> Topic {
    let mut topic = by_rule(&danger.intent, Verdict::Emergency, text, By::Model);
    topic.confidence = danger.p.clamp(0.0, 1.0);
    topic.alternatives[0].confidence = topic.confidence;
    let rest = guess.ranked.iter().filter(|(intent, _)| *intent != danger.intent);
    topic.alternatives.extend(
        rest.take(4).map(|(intent, p)| Candidate {
            intent: intent.clone(),
            confidence: p.min(1.0 - topic.confidence),
        }),
    );
    topic
}

/// What the model's guess about `text` comes to. `words`: the plain text, in which a word of danger makes a person look.
pub fn topic(guess: &Guess, strictness: &Strictness, text: &str, words: &str) -> Topic {
    let (best, p_best) = guess.ranked.first().cloned().unwrap_or((OUT_OF_SCOPE.to_owned(), 0.0));
    let confidence = guess.confidence.clamp(0.0, 1.0);
    // What the best leaves over is shared by the rest as the softmax would.
    let scale = if p_best < 1.0 { (1.0 - confidence) / (1.0 - p_best) } else { 0.0 };
    let rest = guess
        .ranked
        .iter()
        .skip(1)
        .map(|(intent, p)| Candidate { intent: intent.clone(), confidence: (p * scale).min(confidence) });
    let mut alternatives = vec![Candidate { intent: best.clone(), confidence }];
    alternatives.extend(rest);

    let danger = best.starts_with("emergency.");
    let stranger_from = if guess.young { SURELY_OUTSIDE } else { OUTSIDE_FROM };
    if !danger && best != OUT_OF_SCOPE && guess.outside >= stranger_from {
        return stranger(guess.outside, alternatives, text);
    }
    let refused = !danger && !guess.young && guess.outside >= guess.refuse_from;
    // An act that is nearly sure enough is asked about, however far behind the second is.
    let second_from = if confidence >= ASK_ANYHOW { 0.0 } else { SECOND_FROM };
    let second = guess.ranked.iter().skip(1).any(|(intent, p)| askable(intent) && *p >= second_from);
    // The scene may make a procedure likelier; it chooses no act that the words hardly speak of.
    let by_scene = strictness.acts.contains(&best) && guess.alone.is_some_and(|p| p < ACT_FROM_TEXT);
    let decision = if best == OUT_OF_SCOPE {
        if confidence.max(guess.outside) >= 0.5 { Verdict::None } else { Verdict::Fallback }
    } else if let Some(doubt) = doubt(guess, danger, words) {
        // A person looks at what may be danger, and the desk sees by the order why.
        let mut first = vec![Candidate { intent: doubt.intent.clone(), confidence: doubt.p.min(confidence) }];
        first.extend(alternatives.into_iter().filter(|c| c.intent != doubt.intent).take(4));
        alternatives = first;
        Verdict::Fallback
    } else if refused {
        Verdict::Fallback
    } else if confidence >= strictness.of_intent(&best) && !danger && !by_scene {
        Verdict::Match
    } else if confidence >= ASK_FROM && askable(&best) && second {
        // The two that are asked about stand first, unless the second is far behind what it would pass.
        let passed = alternatives.get(1).map_or(0.0, |c| c.confidence);
        let (mut named, rest): (Vec<_>, Vec<_>) = alternatives
            .into_iter()
            .partition(|c| c.intent == best || (askable(&c.intent) && c.confidence >= PASSES * passed));
        named.extend(rest);
        alternatives = named;
        Verdict::Ask
    } else {
        Verdict::Fallback
    };
    Topic { intent: best, confidence, decision, alternatives, text: text.to_owned(), by: By::Model }
}

/// What may be danger although it did not ring: it holds a word of it, and hardly any text of another kind sounds so.
fn doubt<'a>(guess: &'a Guess, danger: bool, plain: &str) -> Option<&'a Danger> {
    let told = guess.danger.as_ref().filter(|d| !danger && !guess.verbatim && d.p >= d.doubt_from)?;
    emergency::has_word(&told.intent, plain).then_some(told)
}

/// The gate says it is none of ours, whatever it resembles.
fn stranger(outside: f32, mut alternatives: Vec<Candidate>, text: &str) -> Topic {
    alternatives.retain(|c| c.intent != OUT_OF_SCOPE);
    for candidate in &mut alternatives {
        candidate.confidence = candidate.confidence.min(1.0 - outside);
    }
    alternatives.insert(0, Candidate { intent: OUT_OF_SCOPE.to_owned(), confidence: outside });
    alternatives.truncate(5);
    Topic {
        intent: OUT_OF_SCOPE.to_owned(),
        confidence: outside,
        decision: if outside >= SURELY_OUTSIDE { Verdict::None } else { Verdict::Fallback },
        alternatives,
        text: text.to_owned(),
        by: By::Model,
    }
}

/// Whether "Is it about …?" makes sense for this intent.
fn askable(intent: &str) -> bool {
    intent != OUT_OF_SCOPE
        && !intent.starts_with("chat.")
        && !intent.starts_with("followup.")
        && intent != "feedback.praise"
}

/// A topic found by wording alone.
pub fn by_rule(intent: &str, decision: Verdict, text: &str, by: By) -> Topic {
    let confidence = 0.99;
    let alternatives = vec![Candidate { intent: intent.to_owned(), confidence }];
    Topic { intent: intent.to_owned(), confidence, decision, alternatives, text: text.to_owned(), by }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(best: &str, p: f32, confidence: f32) -> Guess {
        let ranked = vec![
            (best.to_owned(), p),
            ("sim.black-screen".to_owned(), (1.0 - p) * 0.8),
            (OUT_OF_SCOPE.to_owned(), (1.0 - p) * 0.2),
        ];
        Guess {
            ranked,
            confidence,
            outside: 0.0,
            refuse_from: 0.4,
            verbatim: false,
            young: false,
            alone: None,
            danger: None,
        }
    }

    fn strict() -> Strictness {
        Strictness {
            acts: BTreeSet::from(["access.locked-out".to_owned()]),
            from: BTreeMap::from([("access.locked-out".to_owned(), 0.72), ("faq.wifi".to_owned(), 0.56)]),
        }
    }

    #[test]
    fn what_moves_a_door_must_be_surer_than_what_answers() {
        assert_eq!(topic(&guess("faq.wifi", 0.6, 0.6), &strict(), "", "").decision, Verdict::Match);
        let door = topic(&guess("access.locked-out", 0.6, 0.6), &strict(), "", "");
        assert_eq!(door.decision, Verdict::Ask);
        assert_eq!(
            (door.alternatives[0].intent.as_str(), door.alternatives[1].intent.as_str()),
            ("access.locked-out", "sim.black-screen")
        );
    }

    #[test]
    fn no_act_is_chosen_for_the_past_for_what_if_or_for_orders_to_the_machine() {
        let read = |intent: &str, tense, injected| {
            let mut topics = [topic(&guess(intent, 0.9, 0.95), &strict(), "", "")];
            restrain(&mut topics, &strict(), tense, injected);
            topics[0].decision
        };
        assert_eq!(read("access.locked-out", Tense::Now, false), Verdict::Match);
        assert_eq!(read("access.locked-out", Tense::Past, false), Verdict::Ask);
        assert_eq!(read("access.locked-out", Tense::Hypothetical, false), Verdict::Ask);
        assert_eq!(read("access.locked-out", Tense::Now, true), Verdict::Fallback);
        assert_eq!(read("faq.wifi", Tense::Past, true), Verdict::Match);
    }

    #[test]
    fn the_past_of_one_clause_restrains_only_what_was_read_from_it() {
        let read = |text: &str, tense, by| {
            let mut topics =
                [Topic { by, ..topic(&guess("access.locked-out", 0.9, 0.95), &strict(), text, text) }];
            let of_acts = restrain(&mut topics, &strict(), tense, false);
            (topics[0].decision, of_acts)
        };
        let now = (Verdict::Match, Tense::Now);
        assert_eq!(read("the door is locked and we are outside", Tense::Past, By::Model), now);
        assert_eq!(read("door locked", Tense::Past, By::Model), (Verdict::Ask, Tense::Past));
        assert_eq!(read("the door was locked last week", Tense::Now, By::Model), (Verdict::Ask, Tense::Past));
        assert_eq!(read("door locked last week", Tense::Past, By::Context), (Verdict::Ask, Tense::Past));
        assert_eq!(read("door locked last week", Tense::Past, By::Rule), (Verdict::Ask, Tense::Past));
    }

    #[test]
    fn the_scene_alone_chooses_no_act() {
        let of = |alone| {
            topic(&Guess { alone, ..guess("access.locked-out", 0.9, 0.95) }, &strict(), "", "").decision
        };
        assert_eq!(of(None), Verdict::Match);
        assert_eq!(of(Some(0.6)), Verdict::Match);
        assert_eq!(of(Some(0.2)), Verdict::Ask);
        let answer = Guess { alone: Some(0.1), ..guess("faq.wifi", 0.9, 0.95) };
        assert_eq!(topic(&answer, &strict(), "", "").decision, Verdict::Match);
    }

    fn danger(p: f32) -> Danger {
        Danger {
            intent: "emergency.medical".into(),
            p,
            ring_from: 0.5,
            doubt_from: 0.3,
            in_spite_from: 0.95,
            silent_below: 0.01,
        }
    }

    #[test]
    fn the_alarm_rings_when_sure_and_surer_beside_an_idiom_and_not_over_a_known_phrase() {
        let of = |p| Guess { danger: Some(danger(p)), ..guess("sim.frozen", 0.5, 0.5) };
        assert!(alarm(&of(0.7), false).is_some());
        assert!(alarm(&of(0.7), true).is_none());
        assert!(alarm(&of(0.97), true).is_some());
        assert!(alarm(&of(0.4), false).is_none());
        assert!(alarm(&Guess { verbatim: true, ..of(0.99) }, false).is_none());
        assert!(alarm(&Guess { outside: 0.95, ..of(0.99) }, false).is_none());
        let topic = rung(&danger(0.7), &of(0.7), "he went pale");
        assert_eq!(
            (topic.decision, topic.alternatives[1].intent.as_str()),
            (Verdict::Emergency, "sim.frozen")
        );
    }

    #[test]
    fn what_seems_a_strangers_is_asked_about_where_the_intent_is_new() {
        let of = |young, outside| {
            topic(&Guess { young, outside, ..guess("faq.wifi", 0.6, 0.45) }, &strict(), "", "").decision
        };
        assert_eq!((of(false, 0.7), of(true, 0.7)), (Verdict::Fallback, Verdict::Ask));
        assert_eq!(of(true, 0.95), Verdict::None);
    }

    #[test]
    fn unsure_falls_back_and_outside_is_none() {
        assert_eq!(topic(&guess("faq.wifi", 0.3, 0.1), &strict(), "", "").decision, Verdict::Fallback);
        assert_eq!(topic(&guess(OUT_OF_SCOPE, 0.9, 0.9), &strict(), "", "").decision, Verdict::None);
        assert_eq!(topic(&guess(OUT_OF_SCOPE, 0.4, 0.3), &strict(), "", "").decision, Verdict::Fallback);
    }

    #[test]
    fn the_intent_is_the_best_guess_whatever_the_verdict() {
        for confidence in [0.05, 0.4, 0.95] {
            assert_eq!(topic(&guess("faq.wifi", 0.5, confidence), &strict(), "", "").intent, "faq.wifi");
        }
    }

    #[test]
    fn a_stranger_matches_nothing_and_a_doubtful_one_goes_on_to_a_person() {
        let of = |outside| topic(&Guess { outside, ..guess("faq.wifi", 0.9, 0.9) }, &strict(), "", "");
        assert_eq!(of(0.1).decision, Verdict::Match);
        assert_eq!((of(0.45).decision, of(0.45).intent.as_str()), (Verdict::Fallback, "faq.wifi"));
        assert_eq!(of(0.7).decision, Verdict::Fallback);
        assert_eq!((of(0.95).decision, of(0.95).intent.as_str()), (Verdict::None, OUT_OF_SCOPE));
        assert_eq!(of(0.9).alternatives[0].intent, OUT_OF_SCOPE);
    }
}
