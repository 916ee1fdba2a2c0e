//! Three opinions on one text, as one: the head (meaning), n-grams (wording), neighbours (precedent).

/// Shares of the log probabilities; set on rows of other sittings (whole files held back; the optimum is flat).
const HEAD: f32 = 0.6;
const WORDING: f32 = 0.15;
const NEIGHBOURS: f32 = 0.25;

/// The opinions on one text, each a log probability per class.
pub struct Opinions {
    pub head: Vec<f32>,
    pub wording: Vec<f32>,
    pub neighbours: Vec<f32>,
}

impl Opinions {
    /// From raw scores; any offset per opinion is taken off.
    pub fn new(head: &[f32], wording: &[f32], neighbours: &[f32]) -> Opinions {
        Opinions {
            head: log_softmax(head),
            wording: log_softmax(wording),
            neighbours: log_softmax(neighbours),
        }
    }

    /// All as one; `lift`: added per class (see [`super::young`]).
    pub fn together(&self, lift: &[f32]) -> Vec<f32> {
        let each = self.head.iter().zip(&self.wording).zip(&self.neighbours).zip(lift);
        each.map(|(((h, w), n), lift)| HEAD * h + WORDING * w + NEIGHBOURS * n + lift).collect()
    }
}

fn log_softmax(scores: &[f32]) -> Vec<f32> {
    let energy = super::head::energy(scores);
    scores.iter().map(|s| s - energy).collect()
}
