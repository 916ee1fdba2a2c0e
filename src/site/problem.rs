//! What is wrong with a file a person wrote, and how to mend it.
//!
//! Owns the one shape of such a complaint (for `site.toml` and the SOPs) and how it is shown with the
//! line it stands on. Never reads a file.

use std::fmt;
use std::ops::Deref;

/// One thing wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// As the person knows it: `site.toml`, `sim.frozen.md`.
    pub file: String,
    /// 1-based; 0 where the file as a whole is meant.
    pub line: usize,
    /// The key it stands at (`bays[1].aliases`), empty where none.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// How to put it right.
    pub mend: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}; {}", self.what, self.mend)
    }
}

impl Problem {
    /// The problem with the line it stands on, for a terminal:
    ///
    /// ```text
    /// site.toml:12: bays[1].aliases
    ///   12 | aliases = ["by the bar"]
    ///      | two bays are called "by the bar"
    ///      = mend: give each bay its own name
    /// ```
    pub fn shown(&self, source: Option<&str>) -> String {
        let place = match (self.line, self.key.as_str()) {
            (0, "") => self.file.clone(),
            (0, key) => format!("{}: {key}", self.file),
            (line, "") => format!("{}:{line}", self.file),
            (line, key) => format!("{}:{line}: {key}", self.file),
        };
        let number = if self.line > 0 { self.line.to_string() } else { String::new() };
        let gap = " ".repeat(number.len());
        let line = source.and_then(|text| text.lines().nth(self.line.checked_sub(1)?));
        let excerpt = line.map_or_else(String::new, |line| format!("  {number} | {}\n", clip(line)));
        format!("{place}\n{excerpt}  {gap} | {}\n  {gap} = mend: {}\n", self.what, self.mend)
    }
}

/// All of them, a line each, to stand behind "3 problem(s)".
pub fn listed(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("\n  {problem}")).collect()
}

/// The first 100 characters: a text of a SOP fits a terminal no other way.
fn clip(line: &str) -> String {
    match line.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// Collects what is wrong with one file.
#[derive(Debug)]
pub struct Problems {
    file: String,
    list: Vec<Problem>,
}

impl Problems {
    pub fn of(file: impl Into<String>) -> Problems {
        Problems { file: file.into(), list: Vec::new() }
    }

    pub fn add(
        &mut self,
        line: usize,
        key: impl Into<String>,
        what: impl Into<String>,
        mend: impl Into<String>,
    ) {
        let file = self.file.clone();
        self.list.push(Problem { file, line, key: key.into(), what: what.into(), mend: mend.into() });
    }

    /// In the order of the file, each once.
    pub fn into_sorted(mut self) -> Vec<Problem> {
        self.list.sort();
        self.list.dedup();
        self.list
    }
}

impl Deref for Problems {
    type Target = [Problem];
    fn deref(&self) -> &[Problem] {
        &self.list
    }
}

/// " (did you mean `wifi_name`?)" where one of the known words is close, else nothing.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(word, k), k))
        .filter(|(distance, k)| *distance <= 1 + k.len() / 4)
        .min()
        .map_or_else(String::new, |(_, k)| format!(" (did you mean `{k}`?)"))
}
