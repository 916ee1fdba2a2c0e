//! The trained model as one thing: a text goes in, ranked intents with a confidence come out.
//!
//! Puts speller, encoder, head, index and confidence together. Knows no rules and no context.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::{Array2, ArrayView1};

use super::alarm::{Danger, Heard};
use super::corpus::{OUT_OF_SCOPE, Row, Source};
use super::encoder::{DIM, Encoder};
use super::ensemble::Opinions;
use super::error::IntentError;
use super::fuse::{self, Far, Signs};
use super::head::softmax;
use super::index::Index;
use super::lexical::{Bayes, Features, Vocabulary};
use super::prior::Prior;
use super::speller::Speller;
use super::train::{self, Trained, argmax};
use super::warm::{self, Known};
use super::{elsewhere, embeddings, emergency, normalise, young};

/// Texts whose embeddings are kept in memory: "ok" and "thanks" come all day.
const REMEMBERED: usize = 256;

/// Added to the log probability of the intent that a text is an example of, word for word: what staff write
/// into an SOP counts.
const PRECEDENT: f32 = 4.0;

pub struct Model {
    encoder: Arc<Encoder>,
    speller: Speller,
    classes: Vec<String>,
    /// Of each class, what its rows are.
    prints: Vec<u64>,
    /// Whether the head was trained on all of it, and not only learnt on.
    thorough: bool,
    /// The class of out-of-scope, if it has rows.
    outside: Option<usize>,
    /// Which classes are danger.
    danger: Vec<bool>,
    trained: Trained,
    /// Per class (see [`young::lift`]).
    lift: Vec<f32>,
    vocabulary: Vocabulary,
    bayes: Bayes,
    index: Index,
    remembered: Mutex<Remembered>,
}

/// What the model thinks of a text.
#[derive(Debug, Clone)]
pub struct Guess {
    /// Intent and its probability (softmax at the fitted temperature), best first.
    pub ranked: Vec<(String, f32)>,
    /// P(the first is right), 0..=1.
    pub confidence: f32,
    /// P(none of the club's business), 0..=1.
    pub outside: f32,
    /// `outside` from which the text is refused.
    pub refuse_from: f32,
    /// Whether the text stands word for word among the known phrases.
    pub verbatim: bool,
    /// Whether the first is a young intent, of which too little is known to call its texts a stranger's.
    pub young: bool,
    /// P of the first from the text alone, 0..=1, where the scene shifted anything.
    pub alone: Option<f32>,
    /// What the alarm says of it.
    pub danger: Option<Danger>,
}

impl Guess {
    /// Whether the best guess is small talk or a follow-up.
    pub fn is_conversation(&self) -> bool {
        self.ranked.first().is_some_and(|(i, _)| i.starts_with("chat.") || i.starts_with("followup."))
    }
}

impl Model {
    /// `before`: the model to learn on from, within a second, where little changed; nothing is kept of it in the cache.
    pub fn new(
        encoder: Arc<Encoder>,
        rows: &[Row],
        site_words: &[String],
        cache_dir: Option<&Path>,
        before: Option<&Model>,
    ) -> Result<Model, IntentError> {
        let classes: Vec<String> =
            rows.iter().map(|r| r.intent.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        if classes.len() < 2 {
            return Err(IntentError::TooFewIntents(classes.len()));
        }
        let known = encoder.words();
        let speller = Speller::new(
            rows.iter().map(|r| r.text.as_str()),
            site_words.iter().map(String::as_str),
            known.iter().map(String::as_str),
        );
        let texts: Vec<String> = rows.iter().map(|r| clean(&speller, &r.text)).collect();
        let y: Vec<usize> = rows.iter().filter_map(|r| classes.binary_search(&r.intent).ok()).collect();
        let weight: Vec<f32> = rows.iter().map(|r| weight(r.source)).collect();

        let vectors = embeddings::embed_all(&encoder, &texts, cache_dir)?;
        let x = Array2::from_shape_vec((vectors.len(), DIM), vectors.concat())
            .map_err(|e| IntentError::Encoder(e.to_string()))?;
        let named = texts.iter().zip(rows).zip(&weight).map(|((t, r), w)| (t.clone(), r.intent.clone(), *w));
        let fingerprint = train::fingerprint(encoder.id(), named);
        let outside = classes.iter().position(|c| c == OUT_OF_SCOPE);
        let danger: Vec<bool> = classes.iter().map(|c| c.starts_with("emergency.")).collect();
        let words: Vec<Vec<usize>> =
            texts.iter().map(|t| words_of_danger(&classes, &danger, &normalise::plain(t))).collect();
        let elsewhere: Vec<f32> = texts.iter().map(|t| elsewhere::kinds(&normalise::plain(t))).collect();
        let vocabulary = Vocabulary::new(texts.iter().map(String::as_str));
        let grams: Vec<Features> = texts.iter().map(|t| vocabulary.features(t)).collect();
        let data = train::Data {
            x: x.view(),
            grams: &grams,
            vocabulary: vocabulary.len(),
            y: &y,
            weight: &weight,
            classes: classes.len(),
            outside,
            danger: &danger,
            words: &words,
            elsewhere: &elsewhere,
        };
        let prints = prints(&texts, &y, &weight, classes.len());
        let known = |before: &Model| -> Known {
            let of = |(class, print): (&String, &u64)| {
                let was = before.classes.binary_search(class).ok();
                (was, was.is_some_and(|was| before.prints[was] == *print))
            };
            classes.iter().zip(&prints).map(of).collect()
        };
        let kept = cache_dir.and_then(|dir| train::load(dir, &fingerprint));
        let thorough = kept.is_some() || before.is_none();
        let quick = || warm::learn_on(&before?.trained, &known(before?), &data);
        let trained = match kept.or_else(quick) {
            Some(trained) => trained,
            None => {
                let fresh = train::train(&data);
                if let Some(dir) = cache_dir {
                    train::save(dir, &fingerprint, &fresh);
                }
                fresh
            }
        };
        let rows = grams.iter().zip(&y).zip(&weight).map(|((f, k), w)| (f, *k, *w));
        let bayes = Bayes::train(rows, vocabulary.len(), classes.len());
        let index = Index::new(x, y, classes.len());
        Ok(Model {
            encoder,
            speller,
            classes,
            prints,
            thorough,
            outside,
            danger,
            lift: young::lift(&trained.counts, young::share(&trained.counts)),
            trained,
            vocabulary,
            bayes,
            index,
            remembered: Mutex::default(),
        })
    }

    pub fn is_thorough(&self) -> bool {
        self.thorough
    }

    pub fn encoder(&self) -> &Arc<Encoder> {
        &self.encoder
    }

    /// The text with slips mended, as the encoder reads it.
    pub fn clean(&self, text: &str) -> String {
        clean(&self.speller, text)
    }

    /// Ranks the intents for which `allowed` holds, as the scene of `prior` makes them more or less likely.
    pub fn guess(
        &self,
        text: &str,
        allowed: &dyn Fn(&str) -> bool,
        prior: &Prior,
    ) -> Result<Guess, IntentError> {
        let text = self.clean(text);
        let x = self.embed(&text)?;
        let x = ArrayView1::from(&x[..]);
        let scores = self.trained.head.scores(x);
        let adjusted = (&scores - &self.trained.head.prior).to_vec();
        let scores = scores.to_vec();
        let cosines = self.index.cosines(x);
        let wording = self.bayes.scores(&self.vocabulary.features(&text));
        let opinions = Opinions::new(&adjusted, &wording, &self.index.votes(cosines.view()));
        let mut together = opinions.together(&self.lift);
        let danger = self.danger(&text, x, &scores, &opinions, &together, cosines.view(), allowed);
        for (k, class) in self.classes.iter().enumerate() {
            if !allowed(class) {
                together[k] = -1e4;
            }
        }
        let verbatim = self.index.verbatim(cosines.view());
        if let Some(class) = verbatim {
            together[class] += PRECEDENT;
        }
        let temperature = self.trained.temperature;
        let alone = self.consider(prior, &mut together);
        let best = argmax(&together);
        let near = self.index.nearness(cosines.view(), x, best);
        let far = Far {
            elsewhere: elsewhere::kinds(&normalise::plain(&text)),
            ..train::far_of(self.trained.far.as_ref(), &self.index, x, cosines.view(), self.outside)
        };
        let youth = young::youth(self.trained.counts[best]);
        let signs: Signs =
            fuse::signs(&scores, &opinions, &together, temperature, best, self.outside, (&near, far), youth);
        let p = softmax(&together, temperature);
        let mut order: Vec<usize> = (0..p.len()).collect();
        order.sort_by(|a, b| p[*b].total_cmp(&p[*a]).then(a.cmp(b)));
        let ranked = order.into_iter().take(5).map(|k| (self.classes[k].clone(), p[k])).collect();
        // What staff wrote down word for word is the club's business.
        let gate = self.trained.gate.as_ref().filter(|_| verbatim != Some(best));
        Ok(Guess {
            ranked,
            confidence: self.trained.fuse.confidence(&signs),
            outside: gate.map_or(0.0, |g| g.outside(&signs)),
            refuse_from: gate.map_or(1.0, |g| g.refuse_from),
            verbatim: verbatim == Some(best),
            young: youth < 0.0,
            alone: alone.map(|p| p[best]),
            danger,
        })
    }

    /// What the alarm says of a text, whatever a rule may have found; `None` without one.
    pub fn alarm(&self, text: &str) -> Option<Danger> {
        self.guess(text, &|_| true, &Prior::default()).ok()?.danger
    }

    /// Lets the scene shift the scores, unless the text alone means danger. The probabilities of the text alone.
    fn consider(&self, prior: &Prior, together: &mut [f32]) -> Option<Vec<f32>> {
        if prior.is_empty() || self.classes[argmax(together)].starts_with("emergency.") {
            return None;
        }
        let alone = softmax(together, self.trained.temperature);
        prior.shift(together, &self.classes, &alone, self.trained.temperature);
        Some(alone)
    }

    #[expect(clippy::too_many_arguments, reason = "what one text is known by")]
    fn danger(
        &self,
        text: &str,
        x: ArrayView1<'_, f32>,
        scores: &[f32],
        opinions: &Opinions,
        together: &[f32],
        cosines: ArrayView1<'_, f32>,
        allowed: &dyn Fn(&str) -> bool,
    ) -> Option<Danger> {
        let alarm = self.trained.alarm.as_ref()?;
        let likeliest = train::likeliest(together, |k| self.danger[k] && allowed(&self.classes[k]))?;
        let words = words_of_danger(&self.classes, &self.danger, &normalise::plain(text));
        let heard = Heard {
            direction: alarm.direction(x),
            opinions,
            together,
            scores,
            near: self.index.nearest_of(cosines, |k| self.danger[k]),
            word: words.contains(&likeliest),
            any_word: !words.is_empty(),
        };
        Some(alarm.danger(&heard.signs(&self.danger), self.classes[likeliest].clone()))
    }

    fn embed(&self, text: &str) -> Result<Arc<[f32]>, IntentError> {
        if let Some(known) = self.remembered.lock().unwrap_or_else(PoisonError::into_inner).get(text) {
            return Ok(known);
        }
        let fresh: Arc<[f32]> = self.encoder.encode(text)?.into();
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).put(text, fresh.clone());
        Ok(fresh)
    }
}

/// Of each class one number over its rows, in their order.
fn prints(texts: &[String], y: &[usize], weight: &[f32], classes: usize) -> Vec<u64> {
    let mut hashers = vec![DefaultHasher::new(); classes];
    for ((text, k), weight) in texts.iter().zip(y).zip(weight) {
        (text, weight.to_bits()).hash(&mut hashers[*k]);
    }
    hashers.iter().map(Hasher::finish).collect()
}

/// The classes of danger of which the text holds a word.
fn words_of_danger(classes: &[String], danger: &[bool], plain: &str) -> Vec<usize> {
    (0..classes.len()).filter(|&k| danger[k] && emergency::has_word(&classes[k], plain)).collect()
}

fn clean(speller: &Speller, text: &str) -> String {
    normalise::for_encoder(text, |word, name| speller.correct(word, name))
}

/// How much a row counts. What the club's staff wrote counts more than the shipped corpus.
fn weight(source: Source) -> f32 {
    match source {
        Source::Example | Source::CounterExample => 1.5,
        Source::Title | Source::Corpus => 1.0,
    }
}

/// The embeddings of the latest texts, oldest thrown out first.
#[derive(Default)]
struct Remembered {
    of: HashMap<String, Arc<[f32]>>,
    order: VecDeque<String>,
}

impl Remembered {
    fn get(&self, text: &str) -> Option<Arc<[f32]>> {
        self.of.get(text).cloned()
    }

    fn put(&mut self, text: &str, value: Arc<[f32]>) {
        if self.of.insert(text.to_owned(), value).is_some() {
            return;
        }
        self.order.push_back(text.to_owned());
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.of.remove(&oldest);
        }
    }
}
