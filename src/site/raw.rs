//! A file as written, before anything is believed: a tree of values that know their line, and a reader
//! that takes known keys out of it and complains about what is left.
//!
//! Owns no meaning. `site.toml` and the front matter of the SOPs are both read through it, so that both
//! complain alike: every problem, with line, key and mend, never only the first.

use super::problem::{Problems, did_you_mean};

/// A value and the line (1-based) it stands on.
#[derive(Debug, Clone, PartialEq)]
pub struct Spot<T> {
    pub value: T,
    pub line: usize,
}

/// What was written.
#[derive(Debug, Clone, PartialEq)]
pub enum Raw {
    /// Text; `quoted` where the writer made sure that it is text.
    Text {
        text: String,
        quoted: bool,
    },
    Whole(i64),
    Flag(bool),
    List(Vec<Spot<Raw>>),
    Table(Vec<Entry>),
    /// Something neither of the formats here has a use for: a date, a fraction.
    Other(&'static str),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub key: String,
    /// Line of the key.
    pub line: usize,
    pub node: Spot<Raw>,
}

impl Raw {
    fn kind(&self) -> &'static str {
        match self {
            Raw::Text { .. } => "text",
            Raw::Whole(_) => "a number",
            Raw::Flag(_) => "true or false",
            Raw::List(_) => "a list",
            Raw::Table(_) => "a table",
            Raw::Other(what) => what,
        }
    }
}

/// The keys of one table, taken out one by one. Call [`Fields::finish`] last: what nobody asked for is a
/// key that does not exist, and is refused.
#[derive(Debug)]
pub struct Fields {
    /// Path of the table, `bays[1]`; empty at the top.
    path: String,
    pub line: usize,
    left: Vec<Entry>,
    asked: Vec<&'static str>,
}

impl Fields {
    pub fn new(path: impl Into<String>, line: usize, entries: Vec<Entry>, problems: &mut Problems) -> Fields {
        let path = path.into();
        let mut left: Vec<Entry> = Vec::with_capacity(entries.len());
        for entry in entries {
            match left.iter().find(|e| e.key == entry.key) {
                Some(first) => problems.add(
                    entry.line,
                    join(&path, &entry.key),
                    format!("the key stands twice, first in line {}", first.line),
                    "keep one of them",
                ),
                None => left.push(entry),
            }
        }
        Fields { path, line, left, asked: Vec::new() }
    }

    /// Path of a key of this table, as shown in problems.
    pub fn at(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// A value of any kind, as written: for keys whose meaning depends on it.
    pub fn take(&mut self, key: &'static str) -> Option<Spot<Raw>> {
        self.asked.push(key);
        let at = self.left.iter().position(|e| e.key == key)?;
        let entry = self.left.remove(at);
        // An empty table or list has no place of its own in some formats: the key's line serves.
        let line = if entry.node.line == 0 { entry.line } else { entry.node.line };
        Some(Spot { value: entry.node.value, line })
    }

    /// Whether the key is there, without taking it.
    pub fn has(&self, key: &str) -> bool {
        self.left.iter().any(|e| e.key == key)
    }

    fn wrong(&self, key: &str, found: &Spot<Raw>, wanted: &str, problems: &mut Problems) {
        let what = format!("{wanted} is wanted here, not {}", found.value.kind());
        problems.add(found.line, self.at(key), what, format!("write {wanted}"));
    }

    /// Optional text, trimmed. Present but empty is a problem.
    pub fn text(&mut self, key: &'static str, problems: &mut Problems) -> Option<Spot<String>> {
        let found = self.take(key)?;
        match found.value {
            Raw::Text { text, .. } if text.trim().is_empty() => {
                problems.add(found.line, self.at(key), "the text is empty", "write it, or leave the key out");
                None
            }
            Raw::Text { text, .. } => Some(Spot { value: text.trim().to_owned(), line: found.line }),
            value => {
                self.wrong(key, &Spot { value, line: found.line }, "text in quotes", problems);
                None
            }
        }
    }

    /// Text that must be there; `mend` says what to write.
    pub fn need_text(
        &mut self,
        key: &'static str,
        mend: &str,
        problems: &mut Problems,
    ) -> Option<Spot<String>> {
        if !self.has(key) {
            self.asked.push(key);
            problems.add(self.line, self.at(key), "is missing", mend);
            return None;
        }
        self.text(key, problems)
    }

    /// An optional whole number within `range`.
    pub fn whole(
        &mut self,
        key: &'static str,
        range: std::ops::RangeInclusive<i64>,
        problems: &mut Problems,
    ) -> Option<Spot<i64>> {
        let found = self.take(key)?;
        let number = match &found.value {
            Raw::Whole(n) => Some(*n),
            Raw::Text { text, quoted: false } => text.parse().ok(),
            _ => None,
        };
        match number {
            Some(n) if range.contains(&n) => Some(Spot { value: n, line: found.line }),
            Some(n) => {
                let mend = format!("write a whole number from {} to {}", range.start(), range.end());
                problems.add(found.line, self.at(key), format!("{n} is out of range"), mend);
                None
            }
            None => {
                self.wrong(key, &found, "a whole number", problems);
                None
            }
        }
    }

    /// An optional `true` or `false`.
    pub fn flag(&mut self, key: &'static str, problems: &mut Problems) -> Option<bool> {
        let found = self.take(key)?;
        match &found.value {
            Raw::Flag(flag) => Some(*flag),
            Raw::Text { text, quoted: false } if text == "true" => Some(true),
            Raw::Text { text, quoted: false } if text == "false" => Some(false),
            _ => {
                self.wrong(key, &found, "true or false", problems);
                None
            }
        }
    }

    /// A list of texts; missing is empty.
    pub fn texts(&mut self, key: &'static str, problems: &mut Problems) -> Vec<Spot<String>> {
        let Some(found) = self.take(key) else { return Vec::new() };
        let Raw::List(items) = found.value else {
            self.wrong(key, &found, "a list of texts", problems);
            return Vec::new();
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            match item.value {
                Raw::Text { text, .. } if !text.trim().is_empty() => {
                    texts.push(Spot { value: text.trim().to_owned(), line: item.line });
                }
                Raw::Text { .. } => problems.add(item.line, self.at(key), "an empty text", "remove the line"),
                value => self.wrong(key, &Spot { value, line: item.line }, "text in quotes", problems),
            }
        }
        texts
    }

    /// An optional table.
    pub fn table(&mut self, key: &'static str, problems: &mut Problems) -> Option<Fields> {
        let found = self.take(key)?;
        match found.value {
            Raw::Table(entries) => Some(Fields::new(self.at(key), found.line, entries, problems)),
            value => {
                self.wrong(key, &Spot { value, line: found.line }, "a table", problems);
                None
            }
        }
    }

    /// A list of tables; missing is empty.
    pub fn tables(&mut self, key: &'static str, problems: &mut Problems) -> Vec<Fields> {
        let Some(found) = self.take(key) else { return Vec::new() };
        let Raw::List(items) = found.value else {
            self.wrong(key, &found, "a list of tables", problems);
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(items.len());
        for (n, item) in items.into_iter().enumerate() {
            match item.value {
                Raw::Table(entries) => {
                    tables.push(Fields::new(format!("{}[{n}]", self.at(key)), item.line, entries, problems));
                }
                value => self.wrong(key, &Spot { value, line: item.line }, "a table", problems),
            }
        }
        tables
    }

    /// Every key that is left, as texts: for tables whose keys are names (facts, replies).
    pub fn all_texts(mut self, problems: &mut Problems) -> Vec<(String, Spot<String>)> {
        let mut all = Vec::with_capacity(self.left.len());
        for entry in std::mem::take(&mut self.left) {
            match entry.node.value {
                Raw::Text { text, .. } if !text.trim().is_empty() => {
                    all.push((entry.key, Spot { value: text.trim().to_owned(), line: entry.line }));
                }
                Raw::Text { .. } => {
                    problems.add(
                        entry.line,
                        self.at(&entry.key),
                        "the text is empty",
                        "write it, or leave the key out",
                    );
                }
                value => {
                    self.wrong(&entry.key, &Spot { value, line: entry.line }, "text in quotes", problems)
                }
            }
        }
        all
    }

    /// Every key that is left, each with a table below it: for tables whose keys are names (hall devices).
    pub fn all_tables(mut self, problems: &mut Problems) -> Vec<(String, Fields)> {
        let mut all = Vec::with_capacity(self.left.len());
        for entry in std::mem::take(&mut self.left) {
            let path = self.at(&entry.key);
            match entry.node.value {
                Raw::Table(entries) => {
                    all.push((entry.key, Fields::new(path, entry.line, entries, problems)))
                }
                value => self.wrong(&entry.key, &Spot { value, line: entry.line }, "a table", problems),
            }
        }
        all
    }

    /// Refuses what was not asked for.
    pub fn finish(self, problems: &mut Problems) {
        for entry in &self.left {
            let guess = did_you_mean(&entry.key, self.asked.iter().copied());
            let mend = format!("remove it; known here: {}", self.asked.join(", "));
            problems.add(entry.line, self.at(&entry.key), format!("there is no such key{guess}"), mend);
        }
    }
}

fn join(path: &str, key: &str) -> String {
    match (path, key) {
        ("", key) => key.to_owned(),
        (path, "") => path.to_owned(),
        (path, key) => format!("{path}.{key}"),
    }
}
