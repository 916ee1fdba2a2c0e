//! `clubos eval`: how well labelled texts are read.
//!
//! In: lines `{"text", "accept": [ids], "bay"?, "context"?}`. Out: the figures of the contract, in percent, as text or JSON.
//! The formulas stand at each figure. Beside it: a page for people ([`html`]), cross-validation over the training
//! texts ([`folds`]) and slips of typing ([`noise`]).

pub mod folds;
pub mod html;
pub mod noise;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::intent::{Context, Reading, Understand, Verdict};
use crate::site::BayId;

const OUTSIDE: &str = "out-of-scope";

#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    #[error("line {line}: {detail}; expected {{\"text\", \"accept\": [ids], \"bay\"?}}")]
    Line { line: usize, detail: String },
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("no line to evaluate")]
    Empty,
    #[error(transparent)]
    Intent(#[from] crate::intent::IntentError),
}

/// One labelled text.
#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    pub text: String,
    pub accept: Vec<String>,
    /// Their own bay, as it must be read; `null`: none, or several; absent: not checked.
    #[serde(default, deserialize_with = "present")]
    pub bay: Option<Option<u8>>,
    /// As in `classify`; counts only with `--context`.
    #[serde(default)]
    pub context: Option<Value>,
}

impl Case {
    /// A text and its one label.
    pub fn new(text: String, label: String) -> Case {
        Case { text, accept: vec![label], bay: None, context: None }
    }
}

fn present<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<Option<u8>>, D::Error> {
    Option::<Value>::deserialize(d).and_then(|value| match value {
        None => Ok(Some(None)),
        Some(Value::Number(n)) => n
            .as_u64()
            .and_then(|n| u8::try_from(n).ok())
            .map(|n| Some(Some(n)))
            .ok_or_else(|| serde::de::Error::custom("`bay` is no bay number")),
        // A list of several names no single one; of one it is that one.
        Some(Value::Array(list)) => match list.as_slice() {
            [one] => Ok(Some(one.as_u64().and_then(|n| u8::try_from(n).ok()))),
            _ => Ok(Some(None)),
        },
        Some(_) => Err(serde::de::Error::custom("`bay` is no bay number")),
    })
}

/// Reads the cases of a file; every line must be good.
pub fn cases(input: impl BufRead) -> Result<Vec<Case>, EvalError> {
    let mut cases = Vec::new();
    for (i, line) in input.lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let bad = |detail: String| EvalError::Line { line: i + 1, detail };
        let case: Case = serde_json::from_str(&line).map_err(|e| bad(e.to_string()))?;
        if case.accept.is_empty() {
            return Err(bad("`accept` is empty".into()));
        }
        cases.push(case);
    }
    if cases.is_empty() { Err(EvalError::Empty) } else { Ok(cases) }
}

/// The rows `--train` trains on: the first of `accept` is the label.
pub fn training_rows(cases: &[Case]) -> Vec<(String, String)> {
    cases.iter().map(|c| (c.text.clone(), c.accept[0].clone())).collect()
}

#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub n: usize,
    /// Best guess ∈ accept, of n.
    pub accuracy: f64,
    /// The same over in-scope lines: those whose accept lacks `out-of-scope`.
    pub in_scope_accuracy: f64,
    /// Decision *match* and right, of in-scope.
    pub match_share: f64,
    /// Decision *ask*, of in-scope.
    pub ask_share: f64,
    /// Decision *fallback* or *none*, of in-scope.
    pub in_scope_refused: f64,
    /// Lines whose first accept is `out-of-scope` with decision *fallback* or *none*, or that intent.
    pub oos_recall: f64,
    /// Of the lines read as `out-of-scope` or *none*: those that accept it.
    pub oos_precision: f64,
    /// Decision *match* with intent ∉ accept, of n.
    pub wrong_sop: f64,
    /// The same for act intents, of n.
    pub wrong_act: f64,
    /// Of lines that accept an emergency: decision *emergency* or intent `emergency.*`.
    pub emergency_recall: f64,
    /// The same of lines that accept none.
    pub false_alarms: f64,
    /// Of lines with `bay`: the one own bay read is that one.
    pub bay_right: f64,
    pub per_intent: BTreeMap<String, PerIntent>,
    /// Most frequent first.
    pub confusions: Vec<Confusion>,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct PerIntent {
    pub n: usize,
    /// Best guess ∈ accept, of the lines whose first accept is this intent, percent.
    pub recall: f64,
    /// Of the lines with this best guess: those that accept it, percent.
    pub precision: f64,
    /// Decision *match* (or *emergency*) and right, percent of n.
    pub matched: f64,
}

#[derive(Debug, Clone, Serialize)]
pub struct Confusion {
    pub expected: String,
    pub got: String,
    pub n: usize,
    /// How many of them were decided as a match.
    pub matched: usize,
    pub examples: Vec<String>,
}

/// Reads every case. `acts`: the intents whose ladder has an effect. `contexts`: each in its line's context; else every
/// line stands alone.
///
/// # Errors
/// A context that cannot be read, by its case.
pub fn evaluate(
    understand: &dyn Understand,
    cases: &[Case],
    acts: &BTreeSet<String>,
    contexts: bool,
) -> Result<Report, EvalError> {
    let mut readings: Vec<Reading> = Vec::with_capacity(cases.len());
    for (i, case) in cases.iter().enumerate() {
        let context = match case.context.clone().filter(|_| contexts) {
            Some(value) => serde_json::from_value(value)
                .map_err(|e| EvalError::Line { line: i + 1, detail: format!("`context`: {e}") })?,
            None => Context::default(),
        };
        readings.push(understand.read(&case.text, &context));
    }
    Ok(judge(cases, &readings, acts))
}

/// The figures of cases and how each was read.
pub fn judge(cases: &[Case], readings: &[Reading], acts: &BTreeSet<String>) -> Report {
    let lines: Vec<Judged<'_>> =
        cases.iter().zip(readings).map(|(case, reading)| Judged { case, reading }).collect();
    let inside = |l: &Judged<'_>| !l.case.accept.iter().any(|a| a == OUTSIDE);
    let outside = |l: &Judged<'_>| l.case.accept[0] == OUTSIDE;
    let wrong_match = |l: &Judged<'_>| l.decision() == Verdict::Match && !l.right();
    let danger = |l: &Judged<'_>| l.case.accept.iter().any(|a| a.starts_with("emergency."));
    let all = |_: &Judged<'_>| true;
    Report {
        n: lines.len(),
        accuracy: share(&lines, all, |l| l.right()),
        in_scope_accuracy: share(&lines, inside, |l| l.right()),
        match_share: share(&lines, inside, |l| l.decision() == Verdict::Match && l.right()),
        ask_share: share(&lines, inside, |l| l.decision() == Verdict::Ask),
        in_scope_refused: share(&lines, inside, |l| l.refused()),
        oos_recall: share(&lines, outside, |l| l.refused() || l.intent() == OUTSIDE),
        oos_precision: share(
            &lines,
            |l| l.intent() == OUTSIDE || l.decision() == Verdict::None,
            |l| !inside(l),
        ),
        wrong_sop: share(&lines, all, wrong_match),
        wrong_act: share(&lines, all, |l| wrong_match(l) && acts.contains(l.intent())),
        emergency_recall: share(&lines, danger, |l| l.rings()),
        false_alarms: share(&lines, |l| !danger(l), |l| l.rings()),
        bay_right: share(
            &lines,
            |l| l.case.bay.is_some(),
            |l| l.case.bay.is_some_and(|bay| l.reading.slots.own_bay() == bay.map(BayId)),
        ),
        per_intent: per_intent(&lines),
        confusions: confusions(&lines),
    }
}

struct Judged<'a> {
    case: &'a Case,
    reading: &'a Reading,
}

impl Judged<'_> {
    fn intent(&self) -> &str {
        &self.reading.topics[0].intent
    }

    fn decision(&self) -> Verdict {
        self.reading.topics[0].decision
    }

    fn right(&self) -> bool {
        self.case.accept.iter().any(|a| a == self.intent())
    }

    fn refused(&self) -> bool {
        matches!(self.decision(), Verdict::Fallback | Verdict::None)
    }

    fn rings(&self) -> bool {
        self.decision() == Verdict::Emergency || self.intent().starts_with("emergency.")
    }
}

/// Percent of the lines in `of` for which `is` holds; 0 of none is 0.
fn share(lines: &[Judged<'_>], of: impl Fn(&Judged<'_>) -> bool, is: impl Fn(&Judged<'_>) -> bool) -> f64 {
    let of: Vec<&Judged<'_>> = lines.iter().filter(|l| of(l)).collect();
    let n = of.iter().filter(|l| is(l)).count();
    percent(n, of.len())
}

fn percent(n: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { (n as f64 * 10_000.0 / of as f64).round() / 100.0 }
}

fn per_intent(lines: &[Judged<'_>]) -> BTreeMap<String, PerIntent> {
    let intents: BTreeSet<&str> = lines.iter().map(|l| l.case.accept[0].as_str()).collect();
    let row = |intent: &str| {
        let own = |l: &Judged<'_>| l.case.accept[0] == intent;
        let sure = |l: &Judged<'_>| matches!(l.decision(), Verdict::Match | Verdict::Emergency) && l.right();
        PerIntent {
            n: lines.iter().filter(|l| own(l)).count(),
            recall: share(lines, own, |l| l.right()),
            precision: share(lines, |l| l.intent() == intent, |l| l.right()),
            matched: share(lines, own, sure),
        }
    };
    intents.into_iter().map(|intent| (intent.to_owned(), row(intent))).collect()
}

fn confusions(lines: &[Judged<'_>]) -> Vec<Confusion> {
    let mut pairs: BTreeMap<(&str, &str), Confusion> = BTreeMap::new();
    for line in lines.iter().filter(|l| !l.right()) {
        let (expected, got) = (line.case.accept[0].as_str(), line.intent());
        let new = || Confusion {
            expected: expected.into(),
            got: got.into(),
            n: 0,
            matched: 0,
            examples: Vec::new(),
        };
        let pair = pairs.entry((expected, got)).or_insert_with(new);
        pair.n += 1;
        pair.matched += usize::from(line.decision() == Verdict::Match);
        if pair.examples.len() < 3 {
            pair.examples.push(line.case.text.clone());
        }
    }
    let mut confusions: Vec<Confusion> = pairs.into_values().collect();
    confusions.sort_by_key(|c| std::cmp::Reverse(c.n));
    confusions
}

/// The report for people.
pub fn print(report: &Report, mut out: impl Write) -> std::io::Result<()> {
    writeln!(out, "{} texts", report.n)?;
    for (name, value) in [
        ("accuracy", report.accuracy),
        ("in-scope accuracy", report.in_scope_accuracy),
        ("matched and right (in-scope)", report.match_share),
        ("asked (in-scope)", report.ask_share),
        ("refused (in-scope)", report.in_scope_refused),
        ("out-of-scope recall", report.oos_recall),
        ("out-of-scope precision", report.oos_precision),
        ("wrong SOP", report.wrong_sop),
        ("wrong act", report.wrong_act),
        ("emergency recall", report.emergency_recall),
        ("false alarms", report.false_alarms),
        ("bay right", report.bay_right),
    ] {
        writeln!(out, "  {name:<30}{value:>7.2} %")?;
    }
    writeln!(out, "\n{:<28}{:>5}{:>9}{:>11}{:>9}", "intent", "n", "recall", "precision", "matched")?;
    for (intent, row) in &report.per_intent {
        writeln!(
            out,
            "{intent:<28}{:>5}{:>9.1}{:>11.1}{:>9.1}",
            row.n, row.recall, row.precision, row.matched
        )?;
    }
    if !report.confusions.is_empty() {
        writeln!(out, "\n{:<28}{:<28}{:>4}{:>9}", "expected", "read as", "n", "matched")?;
    }
    for pair in &report.confusions {
        writeln!(out, "{:<28}{:<28}{:>4}{:>9}", pair.expected, pair.got, pair.n, pair.matched)?;
        for example in &pair.examples {
            writeln!(out, "      {example:?}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
