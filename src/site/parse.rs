//! TOML to the tree of `raw`, every key and value with its line. Broken lines are complained about one by
//! one; what can still be read is read on.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problems;
use super::raw::{Entry, Raw, Spot};

/// Reads a TOML text into the entries of its top table.
pub fn parse(text: &str, problems: &mut Problems) -> Vec<Entry> {
    let lines = LineStarts::of(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let line = error.span().map_or(0, |span| lines.line(span.start));
        let mend = "write `key = value`; texts stand in double quotes, lists in [ ]";
        problems.add(line, "", format!("not valid TOML: {}", error.message().replace('\n', "; ")), mend);
    }
    let mut entries = entries(table.get_ref(), &lines);
    entries.sort_by_key(|entry| entry.line);
    entries
}

fn entries(table: &DeTable<'_>, lines: &LineStarts) -> Vec<Entry> {
    table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            line: lines.line(key.span().start),
            node: node(value, lines),
        })
        .collect()
}

fn node(value: &Spanned<DeValue<'_>>, lines: &LineStarts) -> Spot<Raw> {
    let raw = match value.get_ref() {
        DeValue::String(text) => Raw::Text { text: text.to_string(), quoted: true },
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            i64::from_str_radix(&digits, number.radix()).map_or(Raw::Other("a number too large"), Raw::Whole)
        }
        DeValue::Boolean(flag) => Raw::Flag(*flag),
        DeValue::Float(_) => Raw::Other("a fraction"),
        DeValue::Datetime(_) => Raw::Other("a date or time without quotes"),
        DeValue::Array(items) => Raw::List(items.iter().map(|item| node(item, lines)).collect()),
        DeValue::Table(table) => Raw::Table(entries(table, lines)),
    };
    Spot { value: raw, line: lines.line(value.span().start) }
}

/// Byte offsets at which lines start.
struct LineStarts(Vec<usize>);

impl LineStarts {
    fn of(text: &str) -> LineStarts {
        LineStarts(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    /// The 1-based line of a byte offset.
    fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }
}
