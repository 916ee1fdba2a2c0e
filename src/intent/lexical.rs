//! The words themselves: a multinomial naive Bayes over word and letter n-grams (tf-idf weighted).
//!
//! The encoder reads meaning and blurs wording ("link" of the door, "link" of the web); n-grams read wording
//! and know no meaning. Together they err less: on phrases of other authors 87 % right became 92 %.
//! Training is counting.

use std::collections::HashMap;

/// How much of the whole corpus is mixed into each intent's words, in weighted n-grams (Dirichlet smoothing, Zhai and
/// Lafferty 2001): an intent with few phrases then speaks like everybody where it says nothing, instead of lacking
/// every everyday word.
const BACKGROUND: f32 = 30.0;
/// Kept off zero in the background.
const UNSEEN: f32 = 0.01;
/// Letter n-grams, within words with their edges.
const LETTERS: std::ops::RangeInclusive<usize> = 2..=5;

/// A text as weighted features: (feature, weight), sorted by feature.
pub type Features = Vec<(u32, f32)>;

/// Knows which n-grams there are and how telling each is.
pub struct Vocabulary {
    /// n-gram hash to its number and inverse document frequency.
    of: HashMap<u64, (u32, f32)>,
}

impl Vocabulary {
    /// Word n-grams count from one text on, letter n-grams from two.
    pub fn new<'a>(texts: impl Iterator<Item = &'a str>) -> Vocabulary {
        let mut seen: HashMap<u64, u32> = HashMap::new();
        let mut count = 0u32;
        for text in texts {
            count += 1;
            let (words, letters) = grams(text);
            for key in words.keys().chain(letters.keys()) {
                *seen.entry(*key).or_default() += 1;
            }
        }
        let mut keys: Vec<(u64, u32)> = seen.into_iter().filter(|(k, n)| *n > 1 || k & 1 == 1).collect();
        keys.sort_unstable();
        let idf = |n: u32| ((1.0 + count as f32) / (1.0 + n as f32)).ln() + 1.0;
        let of = keys.into_iter().zip(0u32..).map(|((key, n), i)| (key, (i, idf(n)))).collect();
        Vocabulary { of }
    }

    pub fn len(&self) -> usize {
        self.of.len()
    }

    pub fn features(&self, text: &str) -> Features {
        let (words, letters) = grams(text);
        let mut features = Features::new();
        for grams in [words, letters] {
            let from = features.len();
            for (key, n) in grams {
                if let Some((i, idf)) = self.of.get(&key) {
                    features.push((*i, (1.0 + (n as f32).ln()) * idf));
                }
            }
            // Sorted before summing: the same text gives the same bits.
            features[from..].sort_unstable_by_key(|f| f.0);
            let length = features[from..].iter().map(|f| f.1 * f.1).sum::<f32>().sqrt().max(1e-6);
            features[from..].iter_mut().for_each(|f| f.1 /= length);
        }
        features.sort_unstable_by_key(|f| f.0);
        features
    }
}

/// n-gram counts: words and pairs of words (odd keys), letters (even keys).
fn grams(text: &str) -> (HashMap<u64, u32>, HashMap<u64, u32>) {
    let (mut words, mut letters) = (HashMap::new(), HashMap::new());
    let mut before: Option<u64> = None;
    for word in text.split(|c: char| !(c.is_alphanumeric() || c == '\'')).filter(|w| !w.is_empty()) {
        let key = hash(word.bytes());
        *words.entry(key | 1).or_default() += 1;
        if let Some(before) = before {
            *words
                .entry(before.rotate_left(17).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ key | 1)
                .or_default() += 1;
        }
        before = Some(key);
        let edged: Vec<char> = std::iter::once(' ').chain(word.chars().take(32)).chain([' ']).collect();
        for n in LETTERS {
            for gram in edged.windows(n) {
                let key = hash(gram.iter().flat_map(|c| u32::from(*c).to_le_bytes()));
                *letters.entry(key & !1).or_default() += 1;
            }
        }
    }
    (words, letters)
}

fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    let h = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    h ^ (h >> 29)
}

/// Counts of features by intent.
pub struct Bayes {
    /// Feature to (class, log gain over a feature unseen there).
    gains: Vec<Vec<(u16, f32)>>,
    /// Per class: log probability of an unseen feature, less that of the background.
    unseen: Vec<f32>,
}

impl Bayes {
    pub fn train<'a>(
        rows: impl Iterator<Item = (&'a Features, usize, f32)>,
        vocabulary: usize,
        classes: usize,
    ) -> Bayes {
        let mut counts: Vec<Vec<(u16, f32)>> = vec![Vec::new(); vocabulary];
        let mut totals = vec![0.0f32; classes];
        for (features, class, weight) in rows {
            let class_id = u16::try_from(class).unwrap_or(u16::MAX);
            for (feature, value) in features {
                totals[class] += value * weight;
                let list = &mut counts[*feature as usize];
                match list.iter_mut().find(|(k, _)| *k == class_id) {
                    Some((_, n)) => *n += value * weight,
                    None => list.push((class_id, value * weight)),
                }
            }
        }
        let all = totals.iter().sum::<f32>() + UNSEEN * vocabulary as f32;
        for list in &mut counts {
            let everywhere = (list.iter().map(|(_, n)| n).sum::<f32>() + UNSEEN) / all;
            let mixed = BACKGROUND * everywhere;
            list.iter_mut().for_each(|(_, n)| *n = (*n + mixed).ln() - mixed.ln());
        }
        // What every class shares (the log of the background) changes no comparison and is left out.
        let unseen = totals.iter().map(|t| BACKGROUND.ln() - (t + BACKGROUND).ln()).collect();
        Bayes { gains: counts, unseen }
    }

    /// Log likelihood per class, less that of the background.
    pub fn scores(&self, features: &Features) -> Vec<f32> {
        let all: f32 = features.iter().map(|f| f.1).sum();
        let mut scores: Vec<f32> = self.unseen.iter().map(|u| u * all).collect();
        for (feature, value) in features {
            for (class, gain) in &self.gains[*feature as usize] {
                scores[usize::from(*class)] += gain * value;
            }
        }
        scores
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wording_tells_intents_apart_also_with_a_slip() {
        let texts = [
            "the simulator is frozen",
            "simulator froze again",
            "what is the wifi password",
            "wifi code please",
        ];
        let vocabulary = Vocabulary::new(texts.iter().copied());
        let rows: Vec<Features> = texts.iter().map(|t| vocabulary.features(t)).collect();
        let bayes =
            Bayes::train(rows.iter().zip([0, 0, 1, 1]).map(|(f, k)| (f, k, 1.0)), vocabulary.len(), 2);
        for (text, class) in [("simulater is frozen", 0), ("wifi passwrd", 1)] {
            let s = bayes.scores(&vocabulary.features(text));
            assert!(s[class] > s[1 - class], "{text}: {s:?}");
        }
    }

    #[test]
    fn nothing_known_says_nothing() {
        let vocabulary = Vocabulary::new(["abc def"].into_iter());
        assert!(vocabulary.features("").is_empty());
        assert!(vocabulary.features("\u{0}\u{202e}").is_empty());
    }
}
