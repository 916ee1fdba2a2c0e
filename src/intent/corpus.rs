//! What the head is trained on: the live SOPs' examples, titles and counter-examples, and the shipped corpus.
//!
//! A row names an intent; rows of an intent that has no live SOP are dropped, so that retiring an SOP also
//! retires its corpus. A text that stands under two intents keeps the first: the SOPs come before the corpus.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use serde::Deserialize;

use super::error::IntentError;
use crate::sop::{Library, Status};

/// The intent of everything that is none of the club's business.
pub const OUT_OF_SCOPE: &str = "out-of-scope";

#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub text: String,
    pub intent: String,
    pub source: Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Example,
    Title,
    CounterExample,
    Corpus,
}

#[derive(Deserialize)]
struct Line {
    text: String,
    intent: String,
}

/// All rows for this library, in a fixed order.
pub fn rows(library: &Library, corpus: Vec<Row>) -> Vec<Row> {
    let live: BTreeMap<&str, _> = library
        .sops
        .iter()
        .filter(|(_, s)| s.status == Status::Live)
        .map(|(id, s)| (id.as_str(), s))
        .collect();
    let row =
        |text: &str, intent: &str, source| Row { text: text.to_owned(), intent: intent.to_owned(), source };
    let mut rows = Vec::new();
    for (id, sop) in &live {
        rows.extend(sop.examples.iter().map(|e| row(e, id, Source::Example)));
    }
    for sop in live.values() {
        let named =
            sop.counter_examples.iter().filter(|c| live.contains_key(c.is.as_str()) || c.is == OUT_OF_SCOPE);
        rows.extend(named.map(|c| row(&c.text, &c.is, Source::CounterExample)));
    }
    for (id, sop) in live.iter().filter(|(id, _)| **id != OUT_OF_SCOPE) {
        rows.push(row(&sop.title, id, Source::Title));
    }
    rows.extend(
        corpus.into_iter().filter(|r| live.contains_key(r.intent.as_str()) || r.intent == OUT_OF_SCOPE),
    );
    without_repeats(rows)
}

/// Keeps the first row of each text (compared without case, marks and spaces).
pub fn without_repeats(rows: Vec<Row>) -> Vec<Row> {
    let mut seen = HashSet::new();
    rows.into_iter()
        .filter(|r| {
            let key: String =
                super::normalise::plain(&r.text).chars().filter(|c| c.is_alphanumeric()).collect();
            !key.is_empty() && seen.insert(key)
        })
        .collect()
}

/// The shipped corpus: `data/*.jsonl` beside the model, `{"text", "intent"}` a line; none is no error.
pub fn shipped(model_dir: &Path) -> Result<Vec<Row>, IntentError> {
    let folder = model_dir.join("data");
    let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let mut files: Vec<_> = entries.flatten().map(|e| e.path()).collect();
    files.retain(|p| p.extension().is_some_and(|e| e == "jsonl"));
    files.sort();
    let mut rows = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path)
            .map_err(|source| IntentError::Io { path: path.clone(), source })?;
        for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            let line: Line = serde_json::from_str(line).map_err(|e| IntentError::Corpus {
                path: path.clone(),
                line: i + 1,
                detail: e.to_string(),
            })?;
            rows.push(Row { text: line.text, intent: line.intent, source: Source::Corpus });
        }
    }
    Ok(rows)
}
