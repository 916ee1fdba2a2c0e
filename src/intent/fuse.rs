//! Confidence: P(the best guess is right), from several weak signs at once.
//!
//! Softmax alone is the worst sign of a text from outside (CLASSIFIER study §3); scores, energy and nearness
//! to known phrases, standardised and weighed by a small logistic regression, tell it. The weights come from
//! cross-validation over the training phrases. The same signs, weighed anew, tell whether a text is any of the
//! club's business at all: asked as a question of its own it finds far more strangers than "is the best guess
//! right?" does (at 3 % of the club's own texts refused 85 % instead of 64 %, held-back rows).

use serde::{Deserialize, Serialize};

use super::ensemble::Opinions;
use super::head::{energy, softmax};
use super::index::Nearness;
use super::lbfgs;

pub const SIGNS: usize = 20;

/// The signs of one text.
pub type Signs = [f32; SIGNS];

/// `scores`: the head's raw ones; `together`: all opinions as one; `outside`: the class of out-of-scope; `youth`: how
/// young the best class is ([`super::young::youth`]).
#[expect(clippy::too_many_arguments, reason = "what one text is known by")]
pub fn signs(
    scores: &[f32],
    opinions: &Opinions,
    together: &[f32],
    temperature: f32,
    best: usize,
    outside: Option<usize>,
    (near, far): (&Nearness, Far),
    youth: f32,
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
        outside.map_or(0.0, |o| p[o].max(1e-6).ln()),
        outside.map_or(0.0, |o| opinions.head[o].max(-15.0)),
        outside.map_or(0.0, |o| opinions.wording[o].max(-15.0)),
        outside.map_or(0.0, |o| opinions.neighbours[o].max(-15.0)),
        far.direction,
        far.nearer,
        far.elsewhere,
        youth,
    ]
}

/// What the embedding alone says of a stranger; zeros where none is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Far {
    /// Log odds of the direction that parts strangers from customers.
    pub direction: f32,
    /// How much nearer (cosine) the nearest stranger lies than the nearest customer.
    pub nearer: f32,
    /// Kinds of words of others' matters, 0..=3.
    pub elsewhere: f32,
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

/// Who is a stranger, and from where on the box does not act on a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    fuse: Fuse,
    /// P(outside), 0..=1, from which a text is refused.
    pub refuse_from: f32,
}

impl Gate {
    /// Fits on held-back signs, whether the row is from outside, and how much it counts. `refuse`: the share
    /// of the club's own rows that may be refused.
    pub fn fit(rows: &[(Signs, bool, f32)], refuse: f32) -> Gate {
        let fuse = Fuse::fit(rows);
        let mut inside: Vec<f32> = rows.iter().filter(|r| !r.1).map(|r| fuse.confidence(&r.0)).collect();
        inside.sort_unstable_by(|a, b| b.total_cmp(a));
        let at = (inside.len() as f32 * refuse) as usize;
        let refuse_from = inside.get(at).copied().unwrap_or(1.0).clamp(0.05, 0.95);
        Gate { fuse, refuse_from }
    }

    /// P(outside), 0..=1.
    pub fn outside(&self, signs: &Signs) -> f32 {
        self.fuse.confidence(signs)
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

    #[test]
    fn the_gate_refuses_the_share_of_our_own_that_it_may() {
        let rows: Vec<_> = (0..400)
            .map(|i| {
                let mut s = [0.0; SIGNS];
                s[3] = (i % 100) as f32;
                // One in ten of the strangers looks like us, and the other way round.
                (s, (i % 100 >= 80) != (i % 10 == 0), 1.0)
            })
            .collect();
        let gate = Gate::fit(&rows, 0.05);
        let ours: Vec<_> = rows.iter().filter(|r| !r.1).collect();
        let refused = ours.iter().filter(|r| gate.outside(&r.0) > gate.refuse_from).count();
        assert!(refused * 100 <= ours.len() * 5, "{refused} of {}", ours.len());
        let mut far = [0.0; SIGNS];
        far[3] = 99.0;
        assert!(gate.outside(&far) > gate.outside(&[0.0; SIGNS]));
    }
}
