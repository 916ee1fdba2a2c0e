//! The alarm: one linear question, "is this danger?", asked of the embedding alone.
//!
//! The head chooses among all intents and so spreads a danger that is told oddly over several of them. This
//! asks only danger or not, is trained on the same rows, and rings from a score that hardly any row of another
//! kind reached when it was held back. Never decides which danger, nor what is done.

use ndarray::{ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::head::Head;

/// A row of danger counts this often: missing one costs more than looking at one too many.
const DANGER_WEIGHT: f32 = 3.0;
/// Share of held-back rows of other kinds that may reach `ring_from`; it needs a word of the danger beside it.
const WITH_WORD: f32 = 0.012;
/// Share that may reach `alone_from`.
const ALONE: f32 = 0.002;

/// A direction in the space of embeddings, and two thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    weights: Vec<u32>,
    bias: u32,
    ring_from: u32,
    alone_from: u32,
}

/// What the alarm says of one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Danger {
    /// The likeliest of the emergencies.
    pub intent: String,
    /// P(danger), 0..=1; not calibrated.
    pub p: f32,
    /// From here with a word of that danger in the text …
    pub ring_from: f32,
    /// … and from here without.
    pub alone_from: f32,
}

/// The direction alone, as cross-validation uses it.
pub struct Direction {
    weights: Vec<f32>,
    bias: f32,
}

impl Direction {
    pub fn fit(x: ArrayView2<'_, f32>, danger: &[bool], weight: &[f32]) -> Direction {
        let y: Vec<usize> = danger.iter().map(|d| usize::from(*d)).collect();
        let weight: Vec<f32> =
            weight.iter().zip(danger).map(|(w, d)| if *d { w * DANGER_WEIGHT } else { *w }).collect();
        let head = Head::train(x, &y, &weight, 2);
        let weights = (&head.weights.row(1) - &head.weights.row(0)).to_vec();
        Direction { weights, bias: head.bias[1] - head.bias[0] }
    }

    /// P(danger), 0..=1.
    pub fn p(&self, x: ArrayView1<'_, f32>) -> f32 {
        p(&self.weights, self.bias, x)
    }
}

fn p(weights: &[f32], bias: f32, x: ArrayView1<'_, f32>) -> f32 {
    let score = bias + x.iter().zip(weights).map(|(a, b)| a * b).sum::<f32>();
    1.0 / (1.0 + (-score).exp())
}

impl Alarm {
    /// `held`: P(danger) of rows that a direction saw which was fitted without them, and whether they are danger.
    /// `None` without rows of both kinds.
    pub fn new(direction: &Direction, held: &[(f32, bool)]) -> Option<Alarm> {
        let mut calm: Vec<f32> = held.iter().filter(|h| !h.1).map(|h| h.0).collect();
        if calm.is_empty() || calm.len() == held.len() {
            return None;
        }
        calm.sort_unstable_by(|a, b| b.total_cmp(a));
        let at = |share: f32| calm[((calm.len() as f32 * share) as usize).min(calm.len() - 1)].max(0.05);
        Some(Alarm {
            weights: direction.weights.iter().map(|w| w.to_bits()).collect(),
            bias: direction.bias.to_bits(),
            ring_from: at(WITH_WORD).to_bits(),
            alone_from: at(ALONE).to_bits(),
        })
    }

    /// What it says of an embedding; `intent`: the likeliest of the emergencies.
    pub fn danger(&self, x: ArrayView1<'_, f32>, intent: String) -> Danger {
        let weights: Vec<f32> = self.weights.iter().map(|w| f32::from_bits(*w)).collect();
        Danger {
            intent,
            p: p(&weights, f32::from_bits(self.bias), x),
            ring_from: f32::from_bits(self.ring_from),
            alone_from: f32::from_bits(self.alone_from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    /// 400 calm rows along one axis, 100 dangerous ones along another, some of each near the middle.
    fn rows() -> (Array2<f32>, Vec<bool>) {
        let mut x = Array2::zeros((500, 3));
        let danger: Vec<bool> = (0..500).map(|i| i % 5 == 0).collect();
        for i in 0..500 {
            let tilt = 0.1 * ((i / 5) % 7) as f32;
            x[[i, usize::from(danger[i])]] = 1.0 - tilt;
            x[[i, usize::from(!danger[i])]] = tilt;
        }
        (x, danger)
    }

    #[test]
    fn it_rings_for_danger_and_keeps_to_its_budget() {
        let (x, danger) = rows();
        let direction = Direction::fit(x.view(), &danger, &[1.0; 500]);
        let held: Vec<(f32, bool)> = (0..500).map(|i| (direction.p(x.row(i)), danger[i])).collect();
        let alarm = Alarm::new(&direction, &held).unwrap();
        let of = |i: usize| alarm.danger(x.row(i), "emergency.fire".into());
        assert!(of(0).p >= of(0).alone_from && of(1).p < of(1).ring_from, "{:?} {:?}", of(0), of(1));
        assert!(of(0).ring_from <= of(0).alone_from);
        let false_alarms = (0..500).filter(|&i| !danger[i] && of(i).p > of(i).ring_from).count();
        assert!(false_alarms as f32 <= 400.0 * WITH_WORD, "{false_alarms}");
        assert!(Alarm::new(&direction, &held[1..5]).is_none(), "no row of danger, no alarm");
    }
}
