//! Mends typing slips: a delete-index speller (every known word is filed under what is left of it when one
//! or two letters are dropped, so a slip is found without scanning the dictionary).
//!
//! Knows the words of the SOPs' examples, the site's own words and the tokenizer's whole words. Never
//! corrects a known word, a name, a number, or a word shorter than four letters.

use std::collections::HashMap;

/// Words of a text longer than this are left alone: nobody means them.
const LONGEST: usize = 24;

pub struct Speller {
    /// Word to how often the examples use it (0 for the tokenizer's words).
    words: HashMap<Box<str>, u32>,
    /// (hash of a word with letters dropped, index of the word in `list`), sorted. General words are filed
    /// with one letter dropped, the club's own with two: 3 MB instead of 30.
    deletes: Vec<(u32, u32)>,
    list: Vec<Box<str>>,
}

impl Speller {
    /// `used`: texts in the club's language, counted. `protected`: words that are right as they are, and
    /// right answers too (site words). `known`: a general word list.
    pub fn new<'a>(
        used: impl IntoIterator<Item = &'a str>,
        protected: impl IntoIterator<Item = &'a str>,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Speller {
        let mut counts: HashMap<Box<str>, u32> = HashMap::new();
        for text in used {
            for word in words(text) {
                *counts.entry(word.into()).or_default() += 1;
            }
        }
        let general: std::collections::HashSet<&str> =
            known.into_iter().filter(|w| w.len() > 2 && w.bytes().all(|b| b.is_ascii_alphabetic())).collect();
        // A word that the examples use once and no dictionary knows may itself be a slip.
        counts.retain(|word, count| *count >= 3 || general.contains(&**word));
        for word in protected.into_iter().flat_map(words) {
            counts.entry(word.into()).or_insert(1);
        }
        for word in general {
            counts.entry(word.into()).or_insert(0);
        }
        let mut list: Vec<Box<str>> = counts.keys().cloned().collect();
        list.sort_unstable();
        let mut deletes: Vec<(u32, u32)> = Vec::new();
        for (i, word) in list.iter().enumerate() {
            let Ok(i) = u32::try_from(i) else { break };
            if (3..=LONGEST).contains(&word.chars().count()) {
                let most = if counts[word] > 0 { reach(word) } else { 1 };
                each_delete(word, most, &mut |key| deletes.push((key, i)));
            }
        }
        deletes.sort_unstable();
        deletes.dedup();
        Speller { words: counts, deletes, list }
    }

    pub fn knows(&self, word: &str) -> bool {
        self.words.contains_key(word) || self.words.contains_key(word.replace('\'', "").as_str())
    }

    /// The word, mended if it is a slip of a known one. `name`: capitalised inside a sentence.
    pub fn correct(&self, word: &str, name: bool) -> String {
        let len = word.chars().count();
        let fixed = name
            || !(4..=LONGEST).contains(&len)
            || !word.chars().all(char::is_alphabetic)
            || self.knows(word);
        if fixed {
            return word.to_owned();
        }
        let most = reach(word);
        let mut best: Option<(usize, std::cmp::Reverse<u32>, &str)> = None;
        each_delete(word, most, &mut |key| {
            let from = self.deletes.partition_point(|(k, _)| *k < key);
            for &(_, i) in self.deletes[from..].iter().take_while(|(k, _)| *k == key) {
                let candidate = &*self.list[i as usize];
                let count = self.words[candidate];
                // Two slips are forgiven only towards words the club uses.
                let limit = if count > 0 { most } else { 1 };
                let Some(distance) = distance_within(word, candidate, limit) else { continue };
                let rank = (distance, std::cmp::Reverse(count), candidate);
                if best.is_none_or(|b| rank < b) {
                    best = Some(rank);
                }
            }
        });
        best.map_or(word, |(_, _, w)| w).to_owned()
    }
}

/// Slips forgiven: one up to five letters, two beyond (CLASSIFIER study §9).
fn reach(word: &str) -> usize {
    if word.chars().count() <= 5 { 1 } else { 2 }
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    super::normalise::tokens(text)
        .filter(|(token, word)| *word && token.chars().all(|c| c.is_alphabetic() || c == '\''))
        .map(|(token, _)| token.to_lowercase())
}

/// Calls `f` with the hash of the word and of every form of it with up to `most` letters dropped.
fn each_delete(word: &str, most: usize, f: &mut dyn FnMut(u32)) {
    let letters: Vec<char> = word.chars().collect();
    let hash = |skip_a: usize, skip_b: usize| {
        let mut h = 0x811c_9dc5_u32;
        for (i, c) in letters.iter().enumerate() {
            if i != skip_a && i != skip_b {
                h = (h ^ u32::from(*c)).wrapping_mul(0x0100_0193);
            }
        }
        h
    };
    let none = letters.len();
    f(hash(none, none));
    for a in 0..letters.len() {
        f(hash(a, none));
        if most > 1 {
            for b in a + 1..letters.len() {
                f(hash(a, b));
            }
        }
    }
}

/// Damerau-Levenshtein distance (adjacent letters swapped count once), if at most `limit`.
fn distance_within(a: &str, b: &str, limit: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut next = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut d = (row[j] + 1).min(next[j - 1] + 1).min(row[j - 1] + same);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                d = d.min(before[j - 2] + 1);
            }
            next[j] = d;
        }
        before = std::mem::replace(&mut row, next);
    }
    (row[b.len()] <= limit).then_some(row[b.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speller() -> Speller {
        Speller::new(
            ["the simulator is frozen", "projector will not turn on", "frozen simulator again", "door"],
            ["harbour"],
            [
                "the",
                "simulator",
                "frozen",
                "projector",
                "floor",
                "flood",
                "again",
                "turn",
                "will",
                "door",
                "screen",
            ],
        )
    }

    #[test]
    fn dropped_doubled_swapped_and_wrong_letters_are_mended() {
        let s = speller();
        for (slip, right) in [
            ("simulater", "simulator"),
            ("forzen", "frozen"),
            ("projecter", "projector"),
            ("scren", "screen"),
            ("froozen", "frozen"),
        ] {
            assert_eq!(s.correct(slip, false), right);
        }
    }

    #[test]
    fn known_words_names_numbers_and_short_words_stay() {
        let s = speller();
        assert_eq!(s.correct("floor", false), "floor");
        assert_eq!(s.correct("harbour", false), "harbour");
        assert_eq!(s.correct("Doro", true), "Doro");
        assert_eq!(s.correct("b2b2", false), "b2b2");
        assert_eq!(s.correct("dor", false), "dor");
    }

    #[test]
    fn nonsense_stays_nonsense() {
        assert_eq!(speller().correct("qwxzvkj", false), "qwxzvkj");
        assert_eq!(speller().correct(&"a".repeat(5000), false).len(), 5000);
    }
}
