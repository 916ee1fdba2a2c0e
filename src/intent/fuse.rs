//! Confidence: P(the best guess is right), from several weak signs at once.
//!
//! Softmax alone is the worst sign of a text from outside (CLASSIFIER study §3); scores, energy and nearness
//! to known phrases, standardised and weighed by a small logistic regression, tell it. The weights come from
//! cross-validation over the training phrases.

use serde::{Deserialize, Serialize};

use super::ensemble::Opinions;
use super::head::{energy, softmax};
use super::index::Nearness;
use super::lbfgs;

pub const SIGNS: usize = 12;

/// The signs of one text.
pub type Signs = [f32; SIGNS];

/// `scores`: the head's raw ones; `together`: all opinions as one.
pub fn signs(
    scores: &[f32],
    opinions: &Opinions,
    together: &[f32],
    temperature: f32,
    best: usize,
    near: &Nearness,
) -> Signs {
    let p = softmax(together, temperature);
    let own = |opinion: &[f32]| opinion[best].max(-12.0);
    let second = p.iter().enumerate().filter(|(k, _)| *k != best).map(|(_, v)| *v).fold(0.0, f32::max);
    let (log1, log2) = (p[best].max(1e-6).ln(), second.max(1e-6).ln());
    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    [
        log1,
        log1 - log2,
        top,
        energy(scores),
        near.nearest,
        near.own_three,
        near.centroid,
        f32::from(u8::from(near.nearest_label == best)),
        near.nearest - near.own_three,
        own(&opinions.head),
        own(&opinions.wording),
        own(&opinions.neighbours),
    ]
}

/// Standardised signs to P(right).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fuse {
    mean: Signs,
    spread: Signs,
    weights: Signs,
    bias: f32,
}

impl Fuse {
    /// Fits on signs seen in cross-validation, whether the guess was right, and how much each row counts.
    pub fn fit(rows: &[(Signs, bool, f32)]) -> Fuse {
        let total: f64 = rows.iter().map(|r| f64::from(r.2)).sum::<f64>().max(1.0);
        let mut mean = [0.0; SIGNS];
        let mut spread = [1.0; SIGNS];
        for i in 0..SIGNS {
            let m: f64 = rows.iter().map(|r| f64::from(r.0[i]) * f64::from(r.2)).sum::<f64>() / total;
            let v: f64 =
                rows.iter().map(|r| (f64::from(r.0[i]) - m).powi(2) * f64::from(r.2)).sum::<f64>() / total;
            mean[i] = m as f32;
            spread[i] = (v.sqrt() as f32).max(1e-4);
        }
        let mut fuse = Fuse { mean, spread, weights: [0.0; SIGNS], bias: 0.0 };
        let standard: Vec<Signs> = rows.iter().map(|r| fuse.standardise(&r.0)).collect();
        let mut parameters = vec![0.0f32; SIGNS + 1];
        lbfgs::minimise(&mut parameters, 100, 1e-7, |p, gradient| {
            gradient.fill(0.0);
            let mut loss = 0.0;
            for (z, (_, right, weight)) in standard.iter().zip(rows) {
                let score = p[SIGNS] + (0..SIGNS).map(|i| p[i] * z[i]).sum::<f32>();
                let probability = logistic(score);
                let truth = f32::from(u8::from(*right));
                let likely = if *right { probability } else { 1.0 - probability };
                loss -= f64::from(likely.max(1e-7).ln() * weight);
                let error = (probability - truth) * weight;
                for i in 0..SIGNS {
                    gradient[i] += error * z[i];
                }
                gradient[SIGNS] += error;
            }
            // A light pull to zero keeps a dozen related signs from fighting one another.
            for i in 0..SIGNS {
                gradient[i] += p[i];
                loss += 0.5 * f64::from(p[i] * p[i]);
            }
            loss
        });
        fuse.weights.copy_from_slice(&parameters[..SIGNS]);
        fuse.bias = parameters[SIGNS];
        fuse
    }

    /// P(right), 0..=1.
    pub fn confidence(&self, signs: &Signs) -> f32 {
        let z = self.standardise(signs);
        logistic(self.bias + (0..SIGNS).map(|i| self.weights[i] * z[i]).sum::<f32>())
    }

    fn standardise(&self, signs: &Signs) -> Signs {
        std::array::from_fn(|i| ((signs[i] - self.mean[i]) / self.spread[i]).clamp(-6.0, 6.0))
    }
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_follows_the_sign_that_tells() {
        let rows: Vec<_> = (0..200)
            .map(|i| {
                let mut s = [0.0; SIGNS];
                s[0] = (i % 10) as f32;
                s[1] = (i % 7) as f32;
                (s, i % 10 >= 5, 1.0)
            })
            .collect();
        let fuse = Fuse::fit(&rows);
        let mut low = [0.0; SIGNS];
        let mut high = low;
        (low[0], high[0]) = (1.0, 8.0);
        assert!(fuse.confidence(&low) < 0.2);
        assert!(fuse.confidence(&high) > 0.8);
    }
}
