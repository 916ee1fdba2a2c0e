//! Finds names of people: those the box knows, common first names, what follows "my name is", and capitalised
//! words in mid-sentence that are no words of the house.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

/// First names, one a line; those that are ordinary words too count only when capitalised.
const FIRST: &str = include_str!("first-names.txt");
/// Capitalised words that are nobody's name.
const HOUSE: &str = include_str!("house-words.txt");

static FIRST_NAMES: LazyLock<BTreeSet<&str>> = LazyLock::new(|| words(FIRST, |w| !w.ends_with('*')));
static CAPITALISED_ONLY: LazyLock<BTreeSet<&str>> = LazyLock::new(|| words(FIRST, |w| w.ends_with('*')));
static HOUSE_WORDS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| words(HOUSE, |_| true));

fn words(list: &'static str, keep: impl Fn(&str) -> bool) -> BTreeSet<&'static str> {
    let lines = list.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines.filter(|w| keep(w)).map(|w| w.trim_end_matches('*')).collect()
}

static WORD: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\p{L}[\p{L}\p{M}]*(?:['’-]\p{L}[\p{L}\p{M}]*)*").ok());

/// "My name is …" and its like, before any word; then one or two words.
const SURELY: &[&[&str]] = &[
    &["name", "is"],
    &["name's"],
    &["names"],
    &["call", "me"],
    &["je", "m'appelle"],
    &["nom", "est"],
    &["nom", "c'est"],
    &["prénom", "est"],
    &["mr"],
    &["mrs"],
    &["ms"],
    &["mme"],
    &["mlle"],
    &["booked", "under"],
    &["reservation", "for"],
    &["au", "nom", "de"],
];

#[derive(Debug)]
struct Word<'a> {
    start: usize,
    end: usize,
    text: &'a str,
    lower: String,
    /// At the start of a sentence, where everything is capitalised.
    first: bool,
}

/// Names as byte spans, in no particular order.
pub fn find(text: &str, known: &[String]) -> Vec<(usize, usize)> {
    let words = split(text);
    let known: BTreeSet<String> = known
        .iter()
        .flat_map(|name| split(name).into_iter().map(|w| w.lower).collect::<Vec<_>>())
        .filter(|w| w.chars().count() > 1)
        .collect();
    let shouts = !words.iter().any(|w| w.text.chars().any(char::is_lowercase));
    let mut found = Vec::new();
    for (i, word) in words.iter().enumerate() {
        let stem = without_possessive(&word.lower);
        let capital = word.text.starts_with(char::is_uppercase);
        let listed = FIRST_NAMES.contains(stem) || (capital && !shouts && CAPITALISED_ONLY.contains(stem));
        let house = HOUSE_WORDS.contains(word.lower.as_str()) || HOUSE_WORDS.contains(stem);
        let loud = word.text.chars().filter(|c| c.is_alphabetic()).all(char::is_uppercase);
        let odd = capital && !word.first && !loud && !house;
        if known.contains(&word.lower) || known.contains(stem) || listed || odd || introduced(&words, i) {
            found.push((word.start, word.end));
        }
    }
    found
}

fn split(text: &str) -> Vec<Word<'_>> {
    let Some(regex) = WORD.as_ref() else { return Vec::new() };
    let mut words: Vec<Word<'_>> = Vec::new();
    for found in regex.find_iter(text) {
        let before = &text[words.last().map_or(0, |w| w.end)..found.start()];
        let first =
            words.is_empty() || before.contains(['.', '!', '?', '\n', ':', '"', '“', '…', '(', '*', '•']);
        let lower = found.as_str().to_lowercase().replace('’', "'");
        words.push(Word { start: found.start(), end: found.end(), text: found.as_str(), lower, first });
    }
    words
}

fn without_possessive(word: &str) -> &str {
    word.strip_suffix("'s").unwrap_or(word)
}

/// Whether the words before say that a name comes here, or one word before this one.
fn introduced(words: &[Word<'_>], i: usize) -> bool {
    let after = |i: usize| {
        SURELY.iter().any(|phrase| {
            i >= phrase.len()
                && phrase.iter().zip(&words[i - phrase.len()..i]).all(|(want, w)| w.lower == *want)
        })
    };
    let ordinary = |w: &Word<'_>| HOUSE_WORDS.contains(w.lower.as_str());
    let second = |i: usize| {
        let near = words[i].start - words[i - 1].end == 1;
        near && !ordinary(&words[i - 1]) && after(i - 1) && words[i].text.starts_with(char::is_uppercase)
    };
    !ordinary(&words[i]) && (after(i) || (i > 0 && second(i)))
}
