//! Cross-validation over the training texts, by the product's own training: every text is read by a head that never
//! saw it. The figures say which recipe is better; how good the box is, only texts by other authors say.

use std::collections::BTreeSet;

use super::{Case, EvalError, Report, judge};
use crate::intent::{Context, LoadOptions, Reading, Understand, Understanding};

/// How the texts are divided.
#[derive(Debug, Clone, Copy)]
pub struct Folds {
    /// Parts, 2..=20.
    pub parts: u64,
    /// Percent of what is kept that is trained on, 1..=100: how accuracy grows with data.
    pub share: u64,
    pub seed: u64,
}

/// Reads every row by a head trained on the other parts. `options.train_on` is replaced by them.
pub fn run(
    rows: &[(String, String)],
    folds: Folds,
    options: LoadOptions<'_>,
    acts: &BTreeSet<String>,
) -> Result<Report, EvalError> {
    let mut cases = Vec::with_capacity(rows.len());
    let mut readings: Vec<Reading> = Vec::with_capacity(rows.len());
    let mut understanding: Option<Understanding> = None;
    for part in 0..folds.parts {
        let (out, kept): (Vec<_>, Vec<_>) = rows.iter().partition(|row| folds.part(&row.0) == part);
        let kept: Vec<(String, String)> =
            kept.into_iter().filter(|row| folds.taken(&row.0)).cloned().collect();
        if out.is_empty() || kept.is_empty() {
            continue;
        }
        let options = LoadOptions { train_on: Some(kept), ..options };
        let trained = match &understanding {
            Some(before) => before.retrain(options)?,
            None => Understanding::load(options)?,
        };
        for (text, intent) in out {
            readings.push(trained.read(text, &Context::default()));
            cases.push(Case::new(text.clone(), intent.clone()));
        }
        understanding = Some(trained);
    }
    if cases.is_empty() { Err(EvalError::Empty) } else { Ok(judge(&cases, &readings, acts)) }
}

impl Folds {
    fn part(&self, text: &str) -> u64 {
        draw(self.seed, text) % self.parts.max(2)
    }

    fn taken(&self, text: &str) -> bool {
        draw(self.seed ^ 0x5eed, text) % 100 < self.share
    }
}

/// A number that depends on nothing but seed and text (FNV-1a, mixed).
fn draw(seed: u64, text: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let hash = text.bytes().fold(start, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    (hash ^ (hash >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 17
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_shares_are_about_even_and_the_same_each_time() {
        let folds = Folds { parts: 5, share: 25, seed: 1 };
        let texts: Vec<String> = (0..2_000).map(|i| format!("text number {i}")).collect();
        for part in 0..5 {
            let n = texts.iter().filter(|t| folds.part(t) == part).count();
            assert!((330..470).contains(&n), "part {part}: {n}");
            let taken = texts.iter().filter(|t| folds.part(t) == part && folds.taken(t)).count();
            assert!((60..140).contains(&taken), "part {part}: {taken} taken");
        }
        let other = Folds { seed: 2, ..folds };
        assert!(texts.iter().any(|t| folds.part(t) != other.part(t)));
    }
}
