//! The whole: emergency lane, exact wordings, slots and the trained model as one reader.
//!
//! Cheap to clone. Loading takes seconds (training), so a box starts with [`Understanding::rules_only`] and
//! puts the loaded one in its place. Reading never fails and never panics: what cannot be read is `Fallback`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::corpus::{self, OUT_OF_SCOPE, Row, Source};
use super::emergency::{self, Scan};
use super::encoder::Encoder;
use super::error::IntentError;
use super::model::Model;
use super::prior::Prior;
use super::route::{self, Strictness};
use super::slots::{self, Places};
use super::{By, Context, PendingKind, Reading, Tense, Topic, Understand, Verdict};
use super::{chat, clauses, complete, injection, normalise};
use crate::site::Site;
use crate::sop::Library;

/// What an understanding is made of.
pub struct LoadOptions<'a> {
    /// Folder with `encoder.onnx`, `tokenizer.json`, `runtime/` and, optionally, `data/*.jsonl`.
    pub model_dir: &'a Path,
    /// Folder for embeddings and the trained head; `None` computes them at every start (seconds).
    pub cache_dir: Option<&'a Path>,
    /// Aliases of bays and doors, words of the place.
    pub site: Option<&'a Site>,
    pub library: &'a Library,
    /// Rows to train on instead of the SOPs and the shipped corpus (`eval --train`): (text, intent).
    pub train_on: Option<Vec<(String, String)>>,
}

/// Whether the model may raise the alarm over a text in which no rule did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Open,
    /// Only when very sure: a rule found idiom, negation or hearsay, or it speaks of the past.
    Guarded,
    /// A "what if", or an alarm that already rings.
    Closed,
}

impl Lane {
    fn of(scan: Scan, tense: Tense) -> Lane {
        match (scan, tense) {
            (_, Tense::Hypothetical) => Lane::Closed,
            (Scan::Silent, Tense::Now) => Lane::Open,
            _ => Lane::Guarded,
        }
    }
}

/// Reads customers' texts.
#[derive(Clone)]
pub struct Understanding(Arc<Inner>);

struct Inner {
    places: Places,
    model: Option<Model>,
    strictness: Strictness,
    /// The only intents there are, where the head was trained on other data than the club's: the rules for
    /// small talk and danger then keep quiet about all others.
    only: Option<BTreeSet<String>>,
}

/// An SOP's own example that the model reads as something else.
#[derive(Debug, Clone, PartialEq)]
pub struct Miss {
    pub sop: String,
    pub example: String,
    pub read_as: String,
}

impl Understanding {
    /// Loads encoder and runtime, embeds the phrases and trains the head, or takes it from the cache.
    pub fn load(options: LoadOptions<'_>) -> Result<Understanding, IntentError> {
        let encoder = Arc::new(Encoder::load(options.model_dir)?);
        Understanding::with_encoder(encoder, options, None)
    }

    /// A new understanding for changed SOPs; the encoder in use is kept. Thorough: seconds.
    pub fn retrain(&self, options: LoadOptions<'_>) -> Result<Understanding, IntentError> {
        match &self.0.model {
            Some(model) => Understanding::with_encoder(model.encoder().clone(), options, None),
            None => Understanding::load(options),
        }
    }

    /// The same within a second, where a few SOPs changed: learnt on from this one. [`retrain`](Self::retrain) should
    /// follow.
    pub fn learn_on(&self, options: LoadOptions<'_>) -> Result<Understanding, IntentError> {
        match &self.0.model {
            Some(model) => Understanding::with_encoder(model.encoder().clone(), options, Some(model)),
            None => Understanding::load(options),
        }
    }

    fn with_encoder(
        encoder: Arc<Encoder>,
        options: LoadOptions<'_>,
        before: Option<&Model>,
    ) -> Result<Understanding, IntentError> {
        let (rows, only) = match options.train_on {
            Some(rows) => {
                let only = rows.iter().map(|(_, intent)| intent.clone()).collect();
                let row = |(text, intent)| Row { text, intent, source: Source::Corpus };
                (corpus::without_repeats(rows.into_iter().map(row).collect()), Some(only))
            }
            None => (corpus::rows(options.library, corpus::shipped(options.model_dir)?), None),
        };
        let places = options.site.map(Places::of).unwrap_or_default();
        let model = Model::new(encoder, &rows, &places.words, options.cache_dir, before)?;
        let strictness = Strictness::of(options.library);
        Ok(Understanding(Arc::new(Inner { places, model: Some(model), strictness, only })))
    }

    /// Emergency lane, exact wordings and slots, while the encoder is loading or missing.
    pub fn rules_only(site: Option<&Site>) -> Understanding {
        let places = site.map(Places::of).unwrap_or_default();
        Understanding(Arc::new(Inner { places, model: None, strictness: Strictness::default(), only: None }))
    }

    /// What the head is trained on for this library and model folder: (text, intent), in a fixed order. For
    /// measuring by cross-validation.
    pub fn training_rows(library: &Library, model_dir: &Path) -> Result<Vec<(String, String)>, IntentError> {
        let rows = corpus::rows(library, corpus::shipped(model_dir)?);
        Ok(rows.into_iter().map(|row| (row.text, row.intent)).collect())
    }

    /// Whether the head was trained thoroughly, and not only [learnt on](Self::learn_on).
    pub fn is_thorough(&self) -> bool {
        self.0.model.as_ref().is_none_or(Model::is_thorough)
    }

    pub fn has_model(&self) -> bool {
        self.0.model.is_some()
    }

    /// Examples that the emergency rules claim for another SOP, whatever a model would be trained on. Quick.
    pub fn rules_test(library: &Library) -> Vec<Miss> {
        let claimed = |id: &str, example: &str| match emergency::scan(example) {
            Scan::Fires(intent) if intent != id && clauses::split(example).len() < 2 => {
                Some(Miss { sop: id.to_owned(), example: example.to_owned(), read_as: intent.to_owned() })
            }
            _ => None,
        };
        let live = library.sops.iter().filter(|(_, sop)| sop.status == crate::sop::Status::Live);
        live.flat_map(|(id, sop)| sop.examples.iter().filter_map(move |e| claimed(id, e))).collect()
    }

    /// Every live SOP's own examples must be read as that SOP; those that are not.
    pub fn self_test(&self, library: &Library) -> Vec<Miss> {
        self.self_test_while(library, || true)
    }

    /// The same, given up as soon as `go_on` says no; it is asked before each example.
    pub fn self_test_while(&self, library: &Library, go_on: impl Fn() -> bool) -> Vec<Miss> {
        let mut misses = Vec::new();
        for (id, sop) in library.sops.iter().filter(|(_, s)| s.status == crate::sop::Status::Live) {
            for example in &sop.examples {
                if !go_on() {
                    return misses;
                }
                let reading = self.read(example, &Context::default());
                if !reading.topics.iter().any(|t| t.intent == *id) {
                    let read_as = reading.topics.first().map(|t| t.intent.clone()).unwrap_or_default();
                    misses.push(Miss { sop: id.clone(), example: example.clone(), read_as });
                }
            }
        }
        misses
    }
}

impl Understand for Understanding {
    fn read(&self, text: &str, context: &Context) -> Reading {
        self.0.read(text, context)
    }

    fn emergency(&self, text: &str) -> Option<Topic> {
        match self.0.scan(text) {
            Scan::Fires(intent) => Some(route::by_rule(intent, Verdict::Emergency, text, By::Rule)),
            Scan::Guarded | Scan::Silent => None,
        }
    }
}

impl Inner {
    fn read(&self, text: &str, context: &Context) -> Reading {
        let tidy = normalise::tidy(text);
        let plain = normalise::plain(&tidy);
        let mut slots = slots::read(&tidy, &self.places, context.pending == Some(PendingKind::Bay));
        let scan = self.scan(&tidy);
        let complete = complete::is_complete(&plain);
        let mut topics = match scan {
            Scan::Fires(intent) => self.emergency_topics(intent, &tidy),
            Scan::Guarded | Scan::Silent => {
                let lane = Lane::of(scan, slots.tense);
                self.by_wording(&tidy, &plain, context)
                    .filter(|t| self.exists(&t.intent))
                    .map(|t| vec![t])
                    .unwrap_or_else(|| {
                        let topics = self.by_model(&tidy, lane, context);
                        with_context(topics, &tidy, context)
                    })
            }
        };
        slots.tense =
            route::restrain(&mut topics, &self.strictness, slots.tense, injection::is_attempt(&plain));
        let complete = complete || matches!(topics[0].decision, Verdict::Emergency);
        Reading { topics, slots, complete }
    }

    /// The rules over the text as written and, where they find nothing, over the text with slips mended.
    fn scan(&self, text: &str) -> Scan {
        let plain = normalise::plain(text);
        let scan = match (emergency::scan_plain(&plain), &self.model) {
            (Scan::Silent, Some(model)) => {
                let mended = normalise::plain(&model.clean(text));
                if mended == plain { Scan::Silent } else { emergency::scan_plain(&mended) }
            }
            (scan, _) => scan,
        };
        match scan {
            Scan::Fires(intent) if !self.exists(intent) => Scan::Silent,
            Scan::Fires(_) if self.heard_wrongly(text) => Scan::Guarded,
            scan => scan,
        }
    }

    /// Whether the alarm hears nothing at all in a text, nor in any clause of it, in which a rule heard danger.
    fn heard_wrongly(&self, text: &str) -> bool {
        let Some(model) = &self.model else { return false };
        let silent = |part: &str| model.alarm(part).is_some_and(|d| d.p < d.silent_below);
        silent(text) && clauses::split(text).into_iter().all(silent)
    }

    /// Whether the intent is one of those there are.
    fn exists(&self, intent: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(intent))
    }

    /// The emergency first, then what else was said.
    fn emergency_topics(&self, intent: &str, text: &str) -> Vec<Topic> {
        let mut topics = vec![route::by_rule(intent, Verdict::Emergency, text, By::Rule)];
        let clauses = clauses::split(text);
        if clauses.len() > 1 {
            let others = clauses
                .iter()
                .filter(|c| emergency::scan(c) == Scan::Silent)
                .filter_map(|c| self.sure(c, Lane::Closed, &Prior::default()));
            for topic in others.filter(|t| t.intent != OUT_OF_SCOPE && clauses::urgency(&t.intent) < 9) {
                add(&mut topics, topic);
            }
        }
        topics
    }

    /// What is certain from the wording alone.
    fn by_wording(&self, text: &str, plain: &str, context: &Context) -> Option<Topic> {
        let rule = |intent: &str, by| route::by_rule(intent, Verdict::Match, text, by);
        if normalise::is_reaction(text) {
            return Some(rule("chat.closer", By::Rule));
        }
        if slots::is_only_a_bay(text, &self.places) && context.pending == Some(PendingKind::Bay) {
            return context.last_intent.as_deref().map(|last| rule(last, By::Context));
        }
        if let Some(intent) = chat::redirect(plain, context) {
            return Some(rule(intent, By::Rule));
        }
        if let Some(intent) = chat::fragment(plain, context) {
            return Some(rule(intent, By::Context));
        }
        chat::exact(plain, context).map(|intent| rule(intent, By::Rule))
    }

    fn by_model(&self, text: &str, lane: Lane, context: &Context) -> Vec<Topic> {
        let Some(whole) = self.guess(text, lane, context, &Prior::of(context)) else {
            return vec![unread(text)];
        };
        let clauses = clauses::split(text);
        if clauses.len() < 2 {
            return vec![whole];
        }
        let mut topics: Vec<Topic> = Vec::new();
        // "No one is hurt" is said of the whole text.
        let unhurt = emergency::nobody_hurt(text);
        for clause in clauses {
            // What guards one clause, or puts it in the past, says nothing about the next.
            let own = match lane {
                Lane::Open => Lane::Open,
                _ => Lane::of(emergency::scan(clause), slots::tense_of(clause, Tense::Now)),
            };
            let own = if own == Lane::Open && unhurt { Lane::Guarded } else { own };
            let Some(topic) = self.sure(clause, own, &Prior::of_place(context)) else { continue };
            let family_told = topic.intent.starts_with("booking.") && !clauses::asks(clause);
            if topic.intent != OUT_OF_SCOPE && clauses::urgency(&topic.intent) < 9 && !family_told {
                add(&mut topics, topic);
            }
        }
        let whole_is_sure = matches!(whole.decision, Verdict::Match | Verdict::Emergency);
        match topics.len() {
            0 => return vec![whole],
            // The clauses add nothing to a whole that is sure.
            1 if whole_is_sure && topics[0].decision != Verdict::Emergency => return vec![whole],
            _ => {}
        }
        if whole_is_sure && clauses::urgency(&whole.intent) < 9 {
            add(&mut topics, whole.clone());
        }
        topics.sort_by_key(|t| (clauses::urgency(&t.intent), t.intent != whole.intent));
        topics
    }

    fn guess(&self, text: &str, lane: Lane, context: &Context, prior: &Prior) -> Option<Topic> {
        let model = self.model.as_ref()?;
        let plain = normalise::plain(text);
        let back = context.last_intent.is_none() && chat::is_back(&plain);
        let weather = emergency::is_weather(text);
        let allowed = |intent: &str| match intent {
            "followup.resolved" => !back,
            _ if !intent.starts_with("emergency.") => true,
            _ if lane == Lane::Closed => false,
            "emergency.flood" if weather => false,
            _ if weather && !emergency::has_word(intent, &plain) => false,
            "emergency.trapped" => !emergency::is_outside(text),
            _ => true,
        };
        let guess = model.guess(text, &allowed, prior).and_then(|guess| {
            if let Some(danger) = route::alarm(&guess, lane == Lane::Guarded) {
                return Ok((guess, Some(danger)));
            }
            // What does not ring is read as what else it may be.
            let calm = |intent: &str| !intent.starts_with("emergency.") && allowed(intent);
            let danger = guess.ranked.first().is_some_and(|(best, _)| best.starts_with("emergency."));
            let guess = if danger { model.guess(text, &calm, prior)? } else { guess };
            Ok((guess, None))
        });
        match guess {
            Ok((guess, Some(danger))) => Some(route::rung(&danger, &guess, text)),
            Ok((mut guess, None)) => {
                // An answer in few words looks like anybody's; to our question it is none of a stranger's.
                let under_way = context.pending.is_some() || context.last_intent.is_some();
                if under_way && guess.is_conversation() {
                    guess.outside = 0.0;
                }
                // Where a rule found idiom or the past, its words are no reason to look.
                let words = if lane == Lane::Open { plain.as_str() } else { "" };
                Some(route::topic(&guess, &self.strictness, text, words))
            }
            Err(e) => {
                tracing::warn!(error = %e, "the encoder failed; the message is read by rules alone");
                None
            }
        }
    }

    /// The clause's topic, if the model is sure of it.
    fn sure(&self, clause: &str, lane: Lane, prior: &Prior) -> Option<Topic> {
        let small_talk = chat::exact(&normalise::plain(clause), &Context::default()).is_some();
        let topic = (!small_talk).then(|| self.guess(clause, lane, &Context::default(), prior)).flatten()?;
        matches!(topic.decision, Verdict::Match | Verdict::Emergency).then_some(topic)
    }
}

/// A topic joins the list once.
fn add(topics: &mut Vec<Topic>, topic: Topic) {
    if !topics.iter().any(|t| t.intent == topic.intent) {
        topics.push(topic);
    }
}

/// What we asked last changes what an unsure answer means.
fn with_context(topics: Vec<Topic>, text: &str, context: &Context) -> Vec<Topic> {
    let Some(last) = &context.last_intent else { return topics };
    let first = &topics[0];
    let other_topic = first.decision == Verdict::Emergency
        || (first.decision == Verdict::Match
            && (first.confidence >= 0.85 || clauses::urgency(&first.intent) < 3));
    if context.pending == Some(PendingKind::Detail) && !other_topic {
        return vec![route::by_rule(last, Verdict::Match, text, By::Context)];
    }
    topics
}

/// Nothing could be read: a person decides.
fn unread(text: &str) -> Topic {
    let mut topic = route::by_rule(OUT_OF_SCOPE, Verdict::Fallback, text, By::Rule);
    topic.confidence = 0.0;
    topic.alternatives.clear();
    topic
}
