//! The `expect:` of a scenario.

use regex::Regex;

use crate::site::problem::{Problems, did_you_mean};
use crate::site::raw::{Entry, Raw, Spot};

use super::super::scenario::{Expectation, KINDS, Kind, PROSE, Want};
use super::span;

pub fn expectations(found: Spot<Raw>, problems: &mut Problems) -> Vec<Expectation> {
    let Raw::List(items) = found.value else {
        problems.add(
            found.line,
            "expect",
            "a list is wanted here",
            "write one expectation a line, each after a dash",
        );
        return Vec::new();
    };
    items
        .into_iter()
        .enumerate()
        .filter_map(|(n, item)| one(item, &format!("expect[{n}]"), false, problems))
        .collect()
}

fn one(item: Spot<Raw>, place: &str, never: bool, problems: &mut Problems) -> Option<Expectation> {
    let line = item.line;
    let Raw::Table(entries) = item.value else {
        problems.add(
            line,
            place,
            "an expectation is a table",
            "write it like {reply: \"restart\", to: \"+19025550101\"}",
        );
        return None;
    };
    if !never && entries.len() == 1 && entries[0].key == "never" {
        let inner = entries.into_iter().next()?;
        return one(inner.node, &format!("{place}.never"), true, problems);
    }
    let Some(kind) = entries.iter().find_map(|entry| KINDS.iter().find(|kind| kind.name == entry.key)) else {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        let mend = format!("begin with never or one of {}", names.join(", "));
        problems.add(line, place, "nothing known is expected here", mend);
        return None;
    };
    let shown = format!("{}{}", if never { "never " } else { "" }, shown(&entries));
    let mut expectation =
        Expectation { line, shown, kind, fields: Vec::new(), times: None, before: None, never };
    for entry in entries {
        field(&mut expectation, entry, place, problems);
    }
    Some(expectation)
}

fn field(expectation: &mut Expectation, entry: Entry, place: &str, problems: &mut Problems) {
    let (line, key) = (entry.line, format!("{place}.{}", entry.key));
    let Raw::Text { text, quoted } = entry.node.value else {
        problems.add(line, key, "a text or number is wanted here", "write it in quotes");
        return;
    };
    let kind = expectation.kind;
    match entry.key.as_str() {
        "times" => match text.parse() {
            Ok(times) => expectation.times = Some(times),
            Err(_) => problems.add(line, key, format!("`{text}` is no count"), "write a whole number"),
        },
        "before" => expectation.before = span(&Spot { value: text, line }, &key, problems),
        name => match name_of(kind, name) {
            Some(field) => {
                if let Some(want) = want(field, &text, quoted, line, &key, problems) {
                    expectation.fields.push((field, want));
                }
            }
            None => {
                let known = kind.fields.iter().copied().chain([kind.first, "times", "before"]);
                let guess = did_you_mean(name, known.clone());
                let what = format!("`{}` has no such field{guess}", kind.name);
                problems.add(
                    line,
                    key,
                    what,
                    format!("remove it; known here: {}", known.collect::<Vec<_>>().join(", ")),
                );
            }
        },
    }
}

/// The field a key is about: the kind's own word is its first field.
fn name_of(kind: &Kind, key: &str) -> Option<&'static str> {
    if key == kind.name || key == kind.first {
        return KINDS.iter().find(|k| k.name == kind.name).map(|k| k.first);
    }
    KINDS.iter().find(|k| k.name == kind.name)?.fields.iter().copied().find(|field| *field == key)
}

fn want(
    field: &str,
    text: &str,
    quoted: bool,
    line: usize,
    key: &str,
    problems: &mut Problems,
) -> Option<Want> {
    if !quoted && (text == "null" || text == "~") {
        return Some(Want::Null);
    }
    if !PROSE.contains(&field) {
        // A phone number is no expression; what compiles must fit as a whole.
        return Some(Want::Exactly(text.to_owned(), Regex::new(&format!("^(?:{text})$")).ok()));
    }
    match Regex::new(text) {
        Ok(regex) => Some(Want::Found(regex)),
        Err(_) => {
            problems.add(
                line,
                key,
                format!("`{text}` is no regular expression"),
                "write \\+ \\( \\? \\$ for the signs themselves",
            );
            None
        }
    }
}

fn shown(entries: &[Entry]) -> String {
    let text = |entry: &Entry| match &entry.node.value {
        Raw::Text { text, quoted: true } => format!("{}: {text:?}", entry.key),
        Raw::Text { text, .. } => format!("{}: {text}", entry.key),
        _ => entry.key.clone(),
    };
    entries.iter().map(text).collect::<Vec<_>>().join(", ")
}
