//! Training: rows to a head, a temperature and a confidence that was checked on phrases held back.
//!
//! Pure arithmetic over embeddings; deterministic. The result can be kept in a file named after everything
//! it depends on, so that the next start with the same SOPs only reads it.

use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::alarm::{Alarm, Direction, Heard};
use super::embeddings::{read_checked, write_checked};
use super::encoder::hex;
use super::ensemble::Opinions;
use super::fuse::{self, Far, Fuse, Gate, Signs};
use super::head::{Head, softmax};
use super::index::{self, Index};
use super::lexical::{Bayes, Features};
use super::young;

/// Raised when the recipe below changes, so that kept heads of an older recipe are not read.
const RECIPE: u32 = 9;
/// Parts for cross-validation.
const FOLDS: usize = 4;
/// Phrases nearer than this (cosine) count as repeats and are held back together.
const REPEAT: f32 = 0.93;
/// Out-of-scope rows count at least this share when confidence is fitted; about what a club's line sees.
const OUTSIDE_SHARE: f32 = 0.15;
/// Share of the club's own (held-back) rows that the gate may refuse. Held-back rows are harder than a live
/// day, since their near repeats are held back too.
const REFUSE: f32 = 0.035;
/// A row from outside counts this often where a direction parts it from the club's own.
const OUTSIDE_WEIGHT: f32 = 2.0;
/// Fewer rows from outside teach no gate.
const FEWEST_OUTSIDE: usize = 40;

/// A trained head.
#[derive(Debug, Clone)]
pub struct Trained {
    pub head: Head,
    /// How many rows each class has.
    pub counts: Vec<usize>,
    pub temperature: f32,
    pub fuse: Fuse,
    /// Absent where there are too few rows from outside.
    pub gate: Option<Gate>,
    /// What parts strangers from customers; absent without rows from outside.
    pub far: Option<Direction>,
    /// Absent without rows of danger.
    pub alarm: Option<Alarm>,
}

/// The rows as numbers.
pub struct Data<'a> {
    pub x: ArrayView2<'a, f32>,
    /// The same rows as n-grams.
    pub grams: &'a [Features],
    /// How many n-grams there are.
    pub vocabulary: usize,
    pub y: &'a [usize],
    pub weight: &'a [f32],
    pub classes: usize,
    /// The class of out-of-scope, if it has rows.
    pub outside: Option<usize>,
    /// Which classes are danger.
    pub danger: &'a [bool],
    /// Of each row, the classes of danger of which it holds a word.
    pub words: &'a [Vec<usize>],
    /// Of each row, how many kinds of words of others' matters it holds.
    pub elsewhere: &'a [f32],
}

impl Data<'_> {
    fn is_danger(&self, row: usize) -> bool {
        self.danger[self.y[row]]
    }

    fn is_outside(&self, row: usize) -> bool {
        Some(self.y[row]) == self.outside
    }
}

pub fn train(data: &Data<'_>) -> Trained {
    let head = Head::train(data.x, data.y, data.weight, data.classes);
    let counts = young::counts(data.y, data.classes);
    let held = held_back(data, &counts);
    let temperature = best_temperature(&held, data.y);
    let rows = fuse_rows(&held, data, temperature);
    let strangers = (0..data.y.len()).filter(|&i| data.is_outside(i)).count();
    let gate = (strangers >= FEWEST_OUTSIDE).then(|| {
        let rows: Vec<_> = held.iter().zip(&rows).map(|(h, r)| (r.0, data.is_outside(h.row), r.2)).collect();
        Gate::fit(&rows, REFUSE)
    });
    let all: Vec<usize> = (0..data.y.len()).collect();
    let (danger, far) = directions(data, data.x, &all, data.weight);
    let heard: Vec<_> = held.iter().map(|h| (h.alarm, data.is_danger(h.row), 1.0)).collect();
    let alarm = danger.and_then(|direction| Alarm::new(direction, &heard));
    Trained { head, counts, temperature, fuse: Fuse::fit(&rows), gate, far, alarm }
}

/// The directions of danger and of strangers over the rows `x`, which are `rows` of the data.
fn directions(
    data: &Data<'_>,
    x: ArrayView2<'_, f32>,
    rows: &[usize],
    weight: &[f32],
) -> (Option<Direction>, Option<Direction>) {
    let danger: Vec<bool> = rows.iter().map(|&i| data.is_danger(i)).collect();
    let outside: Vec<bool> = rows.iter().map(|&i| data.is_outside(i)).collect();
    (
        danger.contains(&true).then(|| Direction::of_danger(x, &danger, weight)),
        outside.contains(&true).then(|| Direction::fit(x, &outside, weight, OUTSIDE_WEIGHT)),
    )
}

/// One row as a head saw it that was trained without it.
struct Held {
    row: usize,
    scores: Vec<f32>,
    opinions: Opinions,
    together: Vec<f32>,
    best: usize,
    /// How young the best class is.
    youth: f32,
    near: index::Nearness,
    far: Far,
    /// What the alarm heard; zeros where no row is danger.
    alarm: Signs,
}

fn held_back(data: &Data<'_>, counts: &[usize]) -> Vec<Held> {
    let groups = index::groups(data.x, REPEAT);
    let share = young::share(counts);
    let mut held = Vec::with_capacity(data.y.len());
    // Groups are numbered by a row; a multiplier spreads neighbours over the folds.
    let part = |fold: usize| -> (Vec<usize>, Vec<usize>) {
        (0..data.y.len()).partition(|&i| groups[i].wrapping_mul(2_654_435_761) / 64 % FOLDS == fold)
    };
    for fold in 0..FOLDS {
        let (out, kept) = part(fold);
        read_without(data, &out, &kept, share, &mut held);
    }
    if young::among_mature(counts) {
        for round in 0..young::REHEARSALS {
            let (out, kept) = part(round % FOLDS);
            let kept = young::rehearse(&kept, data.y, counts, data.outside, round);
            read_without(data, &out, &kept, share, &mut held);
        }
    }
    held
}

/// Reads the rows `out` by a head and its companions that were trained on `kept`; `share`: how far the young are lifted.
fn read_without(data: &Data<'_>, out: &[usize], kept: &[usize], share: f32, held: &mut Vec<Held>) {
    if out.is_empty() || kept.is_empty() {
        return;
    }
    let x = data.x.select(Axis(0), kept);
    let y: Vec<usize> = kept.iter().map(|&i| data.y[i]).collect();
    let weight: Vec<f32> = kept.iter().map(|&i| data.weight[i]).collect();
    let counts = young::counts(&y, data.classes);
    let lift = young::lift(&counts, share);
    let head = Head::train(x.view(), &y, &weight, data.classes);
    let (danger, far) = directions(data, x.view(), kept, &weight);
    let outside = data.x.select(Axis(0), out);
    let cosines = outside.dot(&x.t());
    let grams = kept.iter().map(|&i| (&data.grams[i], data.y[i], data.weight[i]));
    let bayes = Bayes::train(grams, data.vocabulary, data.classes);
    let index = Index::new(x, y, data.classes);
    for (n, &row) in out.iter().enumerate() {
        let scores = head.scores(outside.row(n));
        let adjusted = (&scores - &head.prior).to_vec();
        let opinions =
            Opinions::new(&adjusted, &bayes.scores(&data.grams[row]), &index.votes(cosines.row(n)));
        let together = opinions.together(&lift);
        let best = argmax(&together);
        let near = index.nearness(cosines.row(n), outside.row(n), best);
        let scores = scores.to_vec();
        let alarm = danger.as_ref().map_or([0.0; fuse::SIGNS], |direction| {
            let likeliest = likeliest(&together, |k| data.danger[k]);
            let heard = Heard {
                direction: direction.score(outside.row(n)),
                opinions: &opinions,
                together: &together,
                scores: &scores,
                near: index.nearest_of(cosines.row(n), |k| data.danger[k]),
                word: likeliest.is_some_and(|k| data.words[row].contains(&k)),
                any_word: !data.words[row].is_empty(),
            };
            heard.signs(data.danger)
        });
        let far = Far {
            elsewhere: data.elsewhere[row],
            ..far_of(far.as_ref(), &index, outside.row(n), cosines.row(n), data.outside)
        };
        let youth = young::youth(counts[best]);
        held.push(Held { row, scores, opinions, together, best, youth, near, far, alarm });
    }
}

/// What the embedding alone says of a stranger; the words are the caller's.
pub fn far_of(
    direction: Option<&Direction>,
    index: &Index,
    x: ArrayView1<'_, f32>,
    cosines: ArrayView1<'_, f32>,
    outside: Option<usize>,
) -> Far {
    let Some(direction) = direction else { return Far::default() };
    let (strangers, customers) = index.nearest_of(cosines, |k| Some(k) == outside);
    Far { direction: direction.score(x), nearer: strangers - customers, elsewhere: 0.0 }
}

/// The likeliest class of those for which `of` holds.
pub fn likeliest(together: &[f32], of: impl Fn(usize) -> bool) -> Option<usize> {
    (0..together.len()).filter(|k| of(*k)).max_by(|a, b| together[*a].total_cmp(&together[*b]))
}

/// The temperature at which held-back rows were likeliest, by golden section on 0.2..=3.
fn best_temperature(held: &[Held], y: &[usize]) -> f32 {
    let loss = |t: f32| -> f64 {
        held.iter().map(|h| -f64::from(softmax(&h.together, t)[y[h.row]].max(1e-7).ln())).sum()
    };
    let (mut low, mut high) = (0.2f32, 3.0f32);
    let ratio = 0.618_034;
    for _ in 0..12 {
        let (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
        if loss(a) < loss(b) { high = b } else { low = a }
    }
    (low + high) / 2.0
}

fn fuse_rows(held: &[Held], data: &Data<'_>, temperature: f32) -> Vec<(Signs, bool, f32)> {
    let outside = data.y.iter().filter(|&&k| Some(k) == data.outside).count() as f32;
    let inside = data.y.len() as f32 - outside;
    let raise = (OUTSIDE_SHARE * inside / ((1.0 - OUTSIDE_SHARE) * outside.max(1.0))).clamp(1.0, 5.0);
    held.iter()
        .map(|h| {
            let truth = data.y[h.row];
            let weight = if Some(truth) == data.outside { raise } else { 1.0 };
            (
                fuse::signs(
                    &h.scores,
                    &h.opinions,
                    &h.together,
                    temperature,
                    h.best,
                    data.outside,
                    (&h.near, h.far),
                    h.youth,
                ),
                h.best == truth,
                weight,
            )
        })
        .collect()
}

pub fn argmax(values: &[f32]) -> usize {
    values.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(k, _)| k)
}

/// What a kept head must have been made of to be read again.
pub fn fingerprint(encoder: &str, rows: impl Iterator<Item = (String, String, f32)>) -> String {
    let mut hash = Sha256::new();
    hash.update(RECIPE.to_le_bytes());
    hash.update(encoder.as_bytes());
    for (text, label, weight) in rows {
        for part in [text.as_bytes(), label.as_bytes(), &weight.to_le_bytes()] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    hex(hash.finalize().as_slice())
}

/// The file form; numbers as bits, so that what is read is what was written.
#[derive(Serialize, Deserialize)]
struct Kept {
    fingerprint: String,
    classes: usize,
    weights: Vec<u32>,
    bias: Vec<u32>,
    prior: Vec<u32>,
    counts: Vec<usize>,
    temperature: u32,
    fuse: Fuse,
    gate: Option<Gate>,
    far: Option<Direction>,
    alarm: Option<Alarm>,
}

/// The head's file in the cache.
pub const HEAD_FILE: &str = "head.json";

fn file(dir: &Path) -> PathBuf {
    dir.join(HEAD_FILE)
}

/// The head kept in `dir`, if it was made of exactly this.
pub fn load(dir: &Path, fingerprint: &str) -> Option<Trained> {
    let kept: Kept = serde_json::from_slice(&read_checked(&file(dir))?).ok()?;
    if kept.fingerprint != fingerprint || kept.classes == 0 {
        return None;
    }
    let floats = |bits: &[u32]| -> Vec<f32> { bits.iter().map(|b| f32::from_bits(*b)).collect() };
    let dims = kept.weights.len() / kept.classes;
    let weights = Array2::from_shape_vec((kept.classes, dims), floats(&kept.weights)).ok()?;
    let head =
        Head { weights, bias: Array1::from(floats(&kept.bias)), prior: Array1::from(floats(&kept.prior)) };
    Some(Trained {
        head,
        counts: kept.counts,
        temperature: f32::from_bits(kept.temperature),
        fuse: kept.fuse,
        gate: kept.gate,
        far: kept.far,
        alarm: kept.alarm,
    })
}

/// Keeps a head in `dir`; a failure costs time at the next start and nothing else.
pub fn save(dir: &Path, fingerprint: &str, trained: &Trained) {
    let bits = |values: &mut dyn Iterator<Item = &f32>| -> Vec<u32> { values.map(|v| v.to_bits()).collect() };
    let kept = Kept {
        fingerprint: fingerprint.to_owned(),
        classes: trained.head.bias.len(),
        weights: bits(&mut trained.head.weights.iter()),
        bias: bits(&mut trained.head.bias.iter()),
        prior: bits(&mut trained.head.prior.iter()),
        counts: trained.counts.clone(),
        temperature: trained.temperature.to_bits(),
        fuse: trained.fuse.clone(),
        gate: trained.gate.clone(),
        far: trained.far.clone(),
        alarm: trained.alarm.clone(),
    };
    let written =
        serde_json::to_vec(&kept).map_err(std::io::Error::from).and_then(|b| write_checked(&file(dir), b));
    if let Err(e) = written {
        tracing::warn!(dir = %dir.display(), error = %e, "the trained head could not be kept");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> (Array2<f32>, Vec<usize>) {
        let mut x = Array2::zeros((90, 6));
        let mut y = Vec::new();
        for i in 0..90 {
            x[[i, i % 3]] = 1.0;
            x[[i, 3 + i % 2]] = 0.1 * ((i * 7 % 11) as f32);
            let length = x.row(i).dot(&x.row(i)).sqrt();
            x.row_mut(i).mapv_inplace(|v| v / length);
            y.push(i % 3);
        }
        (x, y)
    }

    #[test]
    fn a_kept_head_comes_back_bit_for_bit_and_only_for_the_same_rows() {
        let (x, y) = data();
        let grams: Vec<Features> = y.iter().map(|k| vec![(*k as u32, 1.0)]).collect();
        let data = Data {
            x: x.view(),
            grams: &grams,
            vocabulary: 3,
            y: &y,
            weight: &[1.0; 90],
            classes: 3,
            outside: Some(2),
            danger: &[false, true, false],
            words: &vec![Vec::new(); 90],
            elsewhere: &[0.0; 90],
        };
        let trained = train(&data);
        let dir = std::env::temp_dir().join(format!("clubos-head-{}", std::process::id()));
        save(&dir, "a", &trained);
        let again = load(&dir, "a").unwrap();
        assert_eq!(again.head.weights, trained.head.weights);
        assert_eq!((again.fuse, again.gate, again.far), (trained.fuse, trained.gate, trained.far));
        assert!(trained.alarm.is_some() && again.alarm == trained.alarm);
        assert!(load(&dir, "b").is_none());
        std::fs::remove_dir_all(dir).unwrap();
    }
}
