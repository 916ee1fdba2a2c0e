//! A SOP file: YAML front matter between two `---` lines, Markdown for staff below.
//!
//! Reads the shape only: keys, types, known words, known effects. What a file must say to be any use is
//! `check`'s business. Every problem is reported, never only the first.

use std::collections::BTreeMap;

use super::intents::intent;
use super::words::Word;
use super::{CounterExample, Kind, Level, Rung, Sop, SopTest, Status, yaml};
use crate::site::Effect;
use crate::site::problem::{Problems, did_you_mean};
use crate::site::raw::{Fields, Raw, Spot};

/// A SOP and where its parts stand, for the checks.
#[derive(Debug, Clone)]
pub struct Parsed {
    pub sop: Sop,
    pub lines: Lines,
}

/// Lines (1-based) of the parts of a file: `replies.handover`, `ladder.1.confirm`, `examples.0`.
#[derive(Debug, Clone, Default)]
pub struct Lines(BTreeMap<String, usize>);

impl Lines {
    fn set(&mut self, part: impl Into<String>, line: usize) {
        self.0.insert(part.into(), line);
    }

    /// The line of a part; 1 where the file has no such part.
    pub fn of(&self, part: &str) -> usize {
        self.0.get(part).copied().unwrap_or(1)
    }
}

/// The two parts of a file.
struct Halves<'a> {
    front: &'a str,
    body: &'a str,
}

/// Reads one SOP file. `path` is relative to the SOP folder. `None` where nothing could be made of it.
pub fn parse(path: &str, text: &str, problems: &mut Problems) -> Option<Parsed> {
    let (mut fields, body) = front_matter(text, problems)?;
    let mut lines = Lines::default();
    let id = take_text(
        &mut fields,
        "id",
        "write `id:` and the intent, equal to the file name",
        &mut lines,
        problems,
    );
    let title =
        take_text(&mut fields, "title", "write `title:` and a few words for staff", &mut lines, problems);
    let label = take_text(
        &mut fields,
        "label",
        "write `label:`, words that finish \"Is it about …?\"",
        &mut lines,
        problems,
    );
    let version = take_version(&mut fields, &mut lines, problems);
    // A word that could not be read is a problem already; what is put in its place must not cause a second.
    let status = word::<Status>(&mut fields, "status", &mut lines, problems).unwrap_or(Status::Live);
    let usual = intent(&id).map_or(Kind::System, |intent| intent.kinds[0]);
    let kind = word::<Kind>(&mut fields, "kind", &mut lines, problems).unwrap_or(usual);
    let level = word::<Level>(&mut fields, "level", &mut lines, problems).unwrap_or(Level::Medium);
    let opens = optional_word(&mut fields, "opens", &mut lines, problems).unwrap_or_else(|| kind.opens());
    let needs = needs(&mut fields, &mut lines, problems);
    let due = fields.whole("due_before_end_min", 1..=120, problems);
    let examples = fields.texts("examples", problems);
    for (n, example) in examples.iter().enumerate() {
        lines.set(format!("examples.{n}"), example.line);
    }
    let sop = Sop {
        id,
        title,
        label,
        version,
        status,
        kind,
        level,
        opens,
        needs,
        due_before_end_min: due.and_then(|d| u32::try_from(d.value).ok()),
        examples: examples.into_iter().map(|e| e.value).collect(),
        counter_examples: counter_examples(&mut fields, &mut lines, problems),
        ladder: ladder(&mut fields, &mut lines, problems),
        replies: texts_of(&mut fields, "replies", &mut lines, problems),
        tests: tests(&mut fields, &mut lines, problems),
        body: body.trim().to_owned(),
        path: path.to_owned(),
    };
    fields.finish(problems);
    Some(Parsed { sop, lines })
}

/// The shared phrases of `house.md`.
#[derive(Debug, Clone, Default)]
pub struct House {
    pub phrases: BTreeMap<String, String>,
    pub lines: Lines,
}

/// Reads `house.md`: the same front matter with `kind: phrases`, and the phrases under `replies:`.
pub fn parse_house(text: &str, problems: &mut Problems) -> House {
    let mut house = House::default();
    let Some((mut fields, _)) = front_matter(text, problems) else { return house };
    let id = fields.text("id", problems);
    if let Some(id) = id.filter(|id| id.value != "house") {
        problems.add(id.line, "id", "the id of this file is `house`", "write `id: house`");
    }
    fields.text("title", problems);
    fields.whole("version", 1..=1_000_000, problems);
    if let Some(status) = fields.text("status", problems).filter(|status| status.value != "live") {
        problems.add(status.line, "status", "the house phrases are always needed", "write `status: live`");
    }
    if let Some(kind) = fields.text("kind", problems).filter(|kind| kind.value != "phrases") {
        problems.add(kind.line, "kind", "the kind of this file is `phrases`", "write `kind: phrases`");
    }
    house.phrases = texts_of(&mut fields, "replies", &mut house.lines, problems);
    fields.finish(problems);
    house
}

fn front_matter<'a>(text: &'a str, problems: &mut Problems) -> Option<(Fields, &'a str)> {
    let halves = match split(text) {
        Ok(halves) => halves,
        Err((line, what)) => {
            problems.add(
                line,
                "",
                what,
                "put the keys between two lines of three dashes, at the top of the file",
            );
            return None;
        }
    };
    // The front matter starts at line 2 of the file.
    match yaml::parse(halves.front) {
        Ok(Spot { value: Raw::Table(entries), .. }) => {
            let entries = entries.into_iter().map(|e| shift(e, 1)).collect();
            Some((Fields::new("", 1, entries, problems), halves.body))
        }
        Ok(other) => {
            problems.add(
                other.line + 1,
                "",
                "the front matter is no list of keys",
                "write `key: value`, one a line",
            );
            None
        }
        Err(error) => {
            let mend = "check indentation and quotes; a text with a colon or a # stands in double quotes";
            problems.add(error.line + 1, "", error.what, mend);
            None
        }
    }
}

fn split(text: &str) -> Result<Halves<'_>, (usize, &'static str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    if first.trim_end() != "---" {
        return Err((1, "the file does not start with `---`"));
    }
    let mut end = first.len();
    for line in lines {
        if line.trim_end() == "---" {
            return Ok(Halves { front: &text[first.len()..end], body: &text[end + line.len()..] });
        }
        end += line.len();
    }
    Err((text.lines().count().max(1), "the front matter never ends"))
}

fn shift(mut entry: crate::site::raw::Entry, by: usize) -> crate::site::raw::Entry {
    entry.line += by;
    entry.node = shift_node(entry.node, by);
    entry
}

fn shift_node(node: Spot<Raw>, by: usize) -> Spot<Raw> {
    let value = match node.value {
        Raw::List(items) => Raw::List(items.into_iter().map(|i| shift_node(i, by)).collect()),
        Raw::Table(entries) => Raw::Table(entries.into_iter().map(|e| shift(e, by)).collect()),
        plain => plain,
    };
    Spot { value, line: node.line + by }
}

fn take_text(
    fields: &mut Fields,
    key: &'static str,
    mend: &str,
    lines: &mut Lines,
    problems: &mut Problems,
) -> String {
    let Some(found) = fields.need_text(key, mend, problems) else { return String::new() };
    lines.set(key, found.line);
    found.value
}

fn take_version(fields: &mut Fields, lines: &mut Lines, problems: &mut Problems) -> u32 {
    if !fields.has("version") {
        problems.add(1, "version", "is missing", "write `version: 1`, and raise it with every change");
    }
    let Some(found) = fields.whole("version", 1..=1_000_000, problems) else { return 1 };
    lines.set("version", found.line);
    u32::try_from(found.value).unwrap_or(1)
}

fn word<W: Word>(
    fields: &mut Fields,
    key: &'static str,
    lines: &mut Lines,
    problems: &mut Problems,
) -> Option<W> {
    if !fields.has(key) {
        problems.add(fields.line, fields.at(key), "is missing", format!("write one of: {}", W::all()));
    }
    optional_word(fields, key, lines, problems)
}

fn optional_word<W: Word>(
    fields: &mut Fields,
    key: &'static str,
    lines: &mut Lines,
    problems: &mut Problems,
) -> Option<W> {
    let found = fields.text(key, problems)?;
    lines.set(key, found.line);
    known_word(&found, key, problems)
}

fn known_word<W: Word>(found: &Spot<String>, key: &str, problems: &mut Problems) -> Option<W> {
    let known = W::parse(&found.value);
    if known.is_none() {
        let guess = did_you_mean(&found.value, W::WORDS.iter().map(|(name, _)| *name));
        let what = format!("`{}` is not known here{guess}", found.value);
        problems.add(found.line, key, what, format!("write one of: {}", W::all()));
    }
    known
}

fn needs(fields: &mut Fields, lines: &mut Lines, problems: &mut Problems) -> Vec<super::Need> {
    let found = fields.texts("needs", problems);
    if let Some(first) = found.first() {
        lines.set("needs", first.line);
    }
    found.iter().filter_map(|need| known_word(need, "needs", problems)).collect()
}

fn counter_examples(fields: &mut Fields, lines: &mut Lines, problems: &mut Problems) -> Vec<CounterExample> {
    let mut all = Vec::new();
    for mut table in fields.tables("counter_examples", problems) {
        lines.set(format!("counter_examples.{}", all.len()), table.line);
        let text = table.need_text("text", "write what the customer writes", problems);
        let is = table.need_text("is", "write the id of the intent it is", problems);
        table.finish(problems);
        if let (Some(text), Some(is)) = (text, is) {
            all.push(CounterExample { text: text.value, is: is.value });
        }
    }
    all
}

fn ladder(fields: &mut Fields, lines: &mut Lines, problems: &mut Problems) -> Vec<Rung> {
    let mut rungs = Vec::new();
    for mut table in fields.tables("ladder", problems) {
        if let Some(rung) = rung(&mut table, rungs.len(), lines, problems) {
            rungs.push(rung);
        }
        table.finish(problems);
    }
    rungs
}

fn rung(table: &mut Fields, n: usize, lines: &mut Lines, problems: &mut Problems) -> Option<Rung> {
    lines.set(format!("ladder.{n}"), table.line);
    let effect = table.need_text("effect", "write the effect of this step, like `sim.restart`", problems);
    let staff_only = table.flag("staff_only", problems).unwrap_or(false);
    let mut text = |key: &'static str, problems: &mut Problems| {
        let found = table.text(key, problems)?;
        lines.set(format!("ladder.{n}.{key}"), found.line);
        Some(found.value)
    };
    let (confirm, sent) = (text("confirm", problems), text("sent", problems));
    let mut must = |key: &'static str| {
        if !table.has(key) {
            problems.add(
                table.line,
                table.at(key),
                "is missing",
                format!("write what the customer is told when it {}", ended(key)),
            );
        }
        let found = table.text(key, problems)?;
        lines.set(format!("ladder.{n}.{key}"), found.line);
        Some(found.value)
    };
    let (done, failed, unknown) = (must("done"), must("failed"), must("unknown"));
    let effect = effect?;
    let Some(known) = Effect::parse(&effect.value) else {
        let guess = did_you_mean(&effect.value, Effect::ALL.iter().map(|e| e.name()));
        let names: Vec<_> = Effect::ALL.iter().map(|e| e.name()).collect();
        let what = format!("`{}` is no effect{guess}", effect.value);
        problems.add(effect.line, table.at("effect"), what, format!("write one of: {}", names.join(", ")));
        return None;
    };
    Some(Rung { effect: known, staff_only, confirm, sent, done: done?, failed: failed?, unknown: unknown? })
}

fn ended(key: &str) -> &'static str {
    match key {
        "done" => "was seen to work",
        "failed" => "failed",
        _ => "could not be confirmed",
    }
}

fn texts_of(
    fields: &mut Fields,
    key: &'static str,
    lines: &mut Lines,
    problems: &mut Problems,
) -> BTreeMap<String, String> {
    let Some(table) = fields.table(key, problems) else { return BTreeMap::new() };
    let mut texts = BTreeMap::new();
    for (name, found) in table.all_texts(problems) {
        lines.set(format!("{key}.{name}"), found.line);
        texts.insert(name, found.value);
    }
    texts
}

fn tests(fields: &mut Fields, lines: &mut Lines, problems: &mut Problems) -> Vec<SopTest> {
    let mut all = Vec::new();
    for mut table in fields.tables("tests", problems) {
        lines.set(format!("tests.{}", all.len()), table.line);
        let say = table.need_text("say", "write what the customer writes", problems);
        let context = table.text("context", problems);
        let expect = table.need_text("expect", "write what must come of it, like `match`", problems);
        table.finish(problems);
        if let (Some(say), Some(expect)) = (say, expect) {
            all.push(SopTest { say: say.value, context: context.map(|c| c.value), expect: expect.value });
        }
    }
    all
}
