//! Finds what is personal in a text: spans, in order, none over another.

use std::sync::LazyLock;

use regex::Regex;

use super::{Kind, names};

/// Bytes `start..end` of the text.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    pub start: usize,
    pub end: usize,
    pub kind: Kind,
}

/// One shape; group 1 is what is replaced, else the whole match.
struct Shape {
    kind: Kind,
    regex: Regex,
}

/// In order: what a shape has taken, later ones leave alone.
static SHAPES: LazyLock<Vec<Shape>> = LazyLock::new(|| {
    let streets =
        "street|road|avenue|lane|boulevard|crescent|highway|parkway|terrace|st|rd|ave|blvd|hwy|cres";
    let french = "rue|avenue|av|boulevard|boul|chemin|route|rang|place|allée|allee|côte|cote";
    let digit = "(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|zéro|un|deux|trois|quatre|cinq|sept|huit|neuf)";
    let small = "(?:one|two|three|four|five|six|seven|eight|nine|ten|un|une|deux|trois|quatre|cinq|sept|huit|neuf|dix)";
    let place =
        "bay|bays|box|booth|sim|simulator|lane|room|number|baie|cabine|simulateur|salle|numéro|numero";
    let ends = "com|ca|net|org|io|me|co|fr|uk|us|app|link|ly|gg|info|biz|example|dev|xyz";
    [
        // What looks like a placeholder already is none of ours.
        (Kind::Code, r"\[\p{L}+_?\p{N}*\]".to_owned()),
        (Kind::Email, r"(?i)[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+".to_owned()),
        (Kind::Email, r"(?i)\b[\p{L}\p{N}._-]+\s*(?:\(at\)|\[at\]|\sat\s|arobase)\s*[\p{L}\p{N}-]+\s*(?:\(dot\)|\[dot\]|\sdot\s|\spoint\s|\.)\s*[\p{L}]{2,12}\b".to_owned()),
        (Kind::Link, r"(?i)\b(?:https?://|www\.)\S+".to_owned()),
        (Kind::Link, format!(r"(?i)\b[\p{{L}}\p{{N}}-]+(?:\.[\p{{L}}\p{{N}}-]+)*\.(?:{ends})\b(?:/\S*)?")),
        (Kind::Name, r"(?:^|\s)(@[\p{L}\p{N}_.]{2,})".to_owned()),
        (Kind::Address, format!(r"(?i)\b\p{{Nd}}+[\p{{L}}]?,?\s+(?:[\p{{L}}'’.-]+\s+){{1,3}}?(?:{streets})\b\.?")),
        (Kind::Address, format!(r"(?i)\b\p{{Nd}}+[\p{{L}}]?,?\s+(?:{french})\b\.?(?:\s+(?:de|du|des|la|le|les|l'|d'))*\s+[\p{{L}}'’-]+(?:\s+\p{{Lu}}[\p{{L}}'’-]+)*")),
        (Kind::Address, format!(r"\b(?:\p{{Lu}}[\p{{L}}'’-]*\s+){{1,3}}(?i:{streets}|drive|court|way)\b")),
        (Kind::Code, r"(?i)\b[A-Z]\d[A-Z][\s-]?\d[A-Z]\d\b".to_owned()),
        (Kind::Number, r"\+?\(?\p{Nd}(?:[\s().\u{2010}-\u{2015}-]{0,3}\p{Nd}){6,}".to_owned()),
        (Kind::Number, format!(r"(?i)\b{digit}(?:[\s,.-]+{digit}){{2,}}\b")),
        (Kind::Number, format!(r"(?i)\b(?:{place})\s+#?({small})\b")),
        // "bay2", "18holes", "10pm", "2nd": the word may stay.
        (Kind::Number, r"\b\p{L}{2,}(\p{Nd}{1,2})\b".to_owned()),
        (Kind::Number, r"\b(\p{Nd}{1,2})\p{L}{1,7}\b".to_owned()),
        (Kind::Code, r"[\p{L}\p{Nd}_-]*(?:\p{L}[_-]*\p{Nd}|\p{Nd}[_-]*\p{L})[\p{L}\p{Nd}_-]*".to_owned()),
        (Kind::Number, r"[\p{Nd}\p{Nl}\p{No}]+".to_owned()),
    ]
    .into_iter()
    .filter_map(|(kind, pattern)| Regex::new(&pattern).ok().map(|regex| Shape { kind, regex }))
    .collect()
});

/// Everything personal, in order.
pub fn spans(text: &str, known: &[String]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for shape in SHAPES.iter() {
        for found in shape.regex.captures_iter(text) {
            if let Some(part) = found.get(1).or_else(|| found.get(0)) {
                take(&mut spans, Span { start: part.start(), end: part.end(), kind: shape.kind });
            }
        }
    }
    for (start, end) in names::find(text, known) {
        take(&mut spans, Span { start, end, kind: Kind::Name });
    }
    spans.sort_by_key(|span| span.start);
    spans
}

/// Keeps a span, unless another one has a part of it.
fn take(spans: &mut Vec<Span>, new: Span) {
    let free = spans.iter().all(|old| new.end <= old.start || old.end <= new.start);
    if free && new.start < new.end {
        spans.push(new);
    }
}

/// The number that such a span says, in digits or as a small number word.
pub fn number(text: &str) -> Option<u64> {
    const WORDS: [&[&str]; 11] = [
        &["zero", "zéro"],
        &["one", "un", "une"],
        &["two", "deux"],
        &["three", "trois"],
        &["four", "quatre"],
        &["five", "cinq"],
        &["six"],
        &["seven", "sept"],
        &["eight", "huit"],
        &["nine", "neuf"],
        &["ten", "dix"],
    ];
    let lower = text.to_lowercase();
    let word = WORDS.iter().position(|words| words.contains(&lower.as_str()));
    lower.parse().ok().or_else(|| u64::try_from(word?).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_is_in_use() {
        assert_eq!(SHAPES.len(), 17, "a pattern that does not compile would leave something personal in");
    }
}
