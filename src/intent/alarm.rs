//! The alarm: one question, "is this danger?", asked beside the head's "which of all intents?".
//!
//! The head spreads a danger that is told oddly over several intents, and takes what only sounds like one for it.
//! This weighs what tells the two apart (a direction in the embeddings, each opinion's odds of danger, how near the
//! known dangers and the known look-alikes lie, a word of that danger) and rings from a score that hardly any
//! held-back row of another kind reached. Never decides which danger, nor what is done.

use ndarray::{ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::ensemble::Opinions;
use super::fuse::{Fuse, SIGNS, Signs};
use super::head::{Head, energy};

/// A row of danger counts this often: missing one costs more than looking at one too many.
const DANGER_WEIGHT: f32 = 3.0;
/// Share of held-back rows of other kinds that may ring with a word of some danger in them …
const RING: f32 = 0.01;
/// … without any …
const ALONE: f32 = 0.002;
/// … or be looked at by a person because they hold a word of the danger and might be it.
const DOUBT: f32 = 0.02;
/// Share that may ring although a rule found idiom, negation or the past around its words.
const IN_SPITE: f32 = 0.0005;
/// Where among the signs it stands whether the text holds a word of any danger.
const ANY_WORD: usize = 9;
/// Share of held-back dangers that may lie below what silences a rule.
const UNHEARD: f32 = 0.004;

/// A direction in the space of embeddings: one kind of row against all others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Direction {
    /// As bits, so that what is read back is what was written.
    weights: Vec<u32>,
    bias: u32,
}

impl Direction {
    /// `raise`: how often a row of that kind counts.
    pub fn fit(x: ArrayView2<'_, f32>, of_kind: &[bool], weight: &[f32], raise: f32) -> Direction {
        let y: Vec<usize> = of_kind.iter().map(|d| usize::from(*d)).collect();
        let weight: Vec<f32> =
            weight.iter().zip(of_kind).map(|(w, d)| if *d { w * raise } else { *w }).collect();
        let head = Head::train(x, &y, &weight, 2);
        let weights = &head.weights.row(1) - &head.weights.row(0);
        Direction {
            weights: weights.iter().map(|w| w.to_bits()).collect(),
            bias: (head.bias[1] - head.bias[0]).to_bits(),
        }
    }

    /// Of danger.
    pub fn of_danger(x: ArrayView2<'_, f32>, danger: &[bool], weight: &[f32]) -> Direction {
        Direction::fit(x, danger, weight, DANGER_WEIGHT)
    }

    /// Log odds that the row is of that kind.
    pub fn score(&self, x: ArrayView1<'_, f32>) -> f32 {
        let weights = self.weights.iter().map(|w| f32::from_bits(*w));
        f32::from_bits(self.bias) + x.iter().zip(weights).map(|(a, b)| a * b).sum::<f32>()
    }
}

/// What is known of one text when the alarm is asked.
pub struct Heard<'a> {
    /// Log odds by the direction.
    pub direction: f32,
    pub opinions: &'a Opinions,
    pub together: &'a [f32],
    /// The head's raw scores.
    pub scores: &'a [f32],
    /// Cosine to the nearest danger and to the nearest row of another kind.
    pub near: (f32, f32),
    /// A word of the likeliest danger, and of any.
    pub word: bool,
    pub any_word: bool,
}

impl Heard<'_> {
    /// `danger`: which classes are. Unused places are 0.
    pub fn signs(&self, danger: &[bool]) -> Signs {
        let mut signs = [0.0; SIGNS];
        let (dangers, others) = self.near;
        let values = [
            self.direction,
            log_odds(self.together, danger),
            log_odds(&self.opinions.head, danger),
            log_odds(&self.opinions.wording, danger),
            log_odds(&self.opinions.neighbours, danger),
            dangers,
            others,
            dangers - others,
            f32::from(u8::from(self.word)),
            f32::from(u8::from(self.any_word)),
            energy(self.scores),
            margin(self.together, danger),
        ];
        signs[..values.len()].copy_from_slice(&values);
        signs
    }
}

/// Log odds of the marked classes against all others, -20..=20.
fn log_odds(logs: &[f32], marked: &[bool]) -> f32 {
    let sum = |kind: bool| {
        let of: Vec<f32> = logs.iter().zip(marked).filter(|(_, m)| **m == kind).map(|(l, _)| *l).collect();
        energy(&of)
    };
    (sum(true) - sum(false)).clamp(-20.0, 20.0)
}

/// The best of the marked classes against the best of all others, -20..=20.
fn margin(logs: &[f32], marked: &[bool]) -> f32 {
    let top = |kind: bool| {
        let of = logs.iter().zip(marked).filter(|(_, m)| **m == kind);
        of.map(|(l, _)| *l).fold(f32::NEG_INFINITY, f32::max)
    };
    (top(true) - top(false)).clamp(-20.0, 20.0)
}

/// Signs of danger to P(danger), and where it rings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    direction: Direction,
    fuse: Fuse,
    ring_from: f32,
    alone_from: f32,
    doubt_from: f32,
    in_spite_from: f32,
    silent_below: f32,
}

/// What the alarm says of one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Danger {
    /// The likeliest of the emergencies.
    pub intent: String,
    /// P(danger), 0..=1; not calibrated.
    pub p: f32,
    /// It rings from here (higher where the text holds no word of any danger) …
    pub ring_from: f32,
    /// … a person looks from here, where the text holds a word of it …
    pub doubt_from: f32,
    /// … from here also where a rule found idiom, negation or the past …
    pub in_spite_from: f32,
    /// … and below this a rule that heard a word of danger heard wrongly.
    pub silent_below: f32,
}

impl Alarm {
    /// `held`: signs of rows that a direction and heads saw which were fitted without them, whether they are danger,
    /// and how much each counts. `None` without rows of both kinds.
    pub fn new(direction: Direction, held: &[(Signs, bool, f32)]) -> Option<Alarm> {
        let fuse = Fuse::fit(held);
        let of = |danger: bool| -> Vec<f32> {
            let mut p: Vec<f32> =
                held.iter().filter(|h| h.1 == danger).map(|h| fuse.confidence(&h.0)).collect();
            p.sort_unstable_by(|a, b| b.total_cmp(a));
            p
        };
        let (calm, dangers) = (of(false), of(true));
        let at = |share: f32| calm.get((calm.len() as f32 * share) as usize).copied();
        // Of the calm rows that do, or do not, hold a word: a share of all of them.
        let at_of = |word: bool, share: f32| -> Option<f32> {
            let mut p: Vec<f32> = held
                .iter()
                .filter(|h| !h.1 && (h.0[ANY_WORD] > 0.5) == word)
                .map(|h| fuse.confidence(&h.0))
                .collect();
            p.sort_unstable_by(|a, b| b.total_cmp(a));
            p.get((calm.len() as f32 * share) as usize).copied().or(at(share))
        };
        let lowest = dangers.iter().rev().nth((dangers.len() as f32 * UNHEARD) as usize);
        Some(Alarm {
            direction,
            ring_from: at_of(true, RING)?,
            alone_from: at_of(false, ALONE)?.max(at_of(true, RING)?),
            doubt_from: at_of(true, DOUBT)?,
            in_spite_from: at(IN_SPITE)?,
            silent_below: lowest.copied()?.min(at(RING)?),
            fuse,
        })
    }

    /// Log odds by the direction alone.
    pub fn direction(&self, x: ArrayView1<'_, f32>) -> f32 {
        self.direction.score(x)
    }

    /// `intent`: the likeliest of the emergencies.
    pub fn danger(&self, signs: &Signs, intent: String) -> Danger {
        Danger {
            intent,
            p: self.fuse.confidence(signs),
            ring_from: if signs[ANY_WORD] > 0.5 { self.ring_from } else { self.alone_from },
            doubt_from: self.doubt_from,
            in_spite_from: self.in_spite_from,
            silent_below: self.silent_below,
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

    fn signs(direction: f32) -> Signs {
        let logs = [-0.1 * direction, 0.1 * direction];
        let opinions = Opinions::new(&logs, &logs, &logs);
        let heard = Heard {
            direction,
            opinions: &opinions,
            together: &logs,
            scores: &logs,
            near: (0.5, 0.5),
            word: false,
            any_word: false,
        };
        heard.signs(&[false, true])
    }

    #[test]
    fn it_rings_for_danger_and_keeps_to_its_budget() {
        let (x, danger) = rows();
        let direction = Direction::of_danger(x.view(), &danger, &[1.0; 500]);
        let held: Vec<_> = (0..500).map(|i| (signs(direction.score(x.row(i))), danger[i], 1.0)).collect();
        let alarm = Alarm::new(direction.clone(), &held).unwrap();
        let of = |i: usize| alarm.danger(&held[i].0, "emergency.fire".into());
        assert!(of(0).p >= of(0).ring_from && of(1).p < of(1).ring_from, "{:?} {:?}", of(0), of(1));
        assert!(of(0).silent_below <= of(0).ring_from && of(0).ring_from <= of(0).in_spite_from);
        let false_alarms = (0..500).filter(|&i| !danger[i] && of(i).p > of(i).ring_from).count();
        assert!(false_alarms as f32 <= 400.0 * RING, "{false_alarms}");
        let unheard = (0..500).filter(|&i| danger[i] && of(i).p < of(i).silent_below).count();
        assert!(unheard as f32 <= 100.0 * UNHEARD, "{unheard}");
        assert!(Alarm::new(direction, &held[1..5]).is_none(), "no row of danger, no alarm");
    }

    #[test]
    fn odds_are_of_the_marked_against_the_rest() {
        let third = (1.0f32 / 3.0).ln();
        let odds = log_odds(&[third, third, third], &[true, false, false]);
        assert!((odds - 0.5f32.ln()).abs() < 1e-5, "{odds}");
        assert!((margin(&[-1.0, -2.0, -4.0], &[false, true, true]) + 1.0).abs() < 1e-6);
        assert_eq!(log_odds(&[0.0, -1e4], &[false, true]), -20.0);
    }
}
