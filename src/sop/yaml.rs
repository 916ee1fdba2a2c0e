//! YAML to the tree of `site::raw`, every value with its line.
//!
//! Takes what a SOP needs and refuses the rest of YAML: no anchors, no aliases, no tags, one document,
//! depth at most 8. A plain `yes`, `no` or `1` stays the text that was written.

use std::iter::Peekable;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};

use crate::site::raw::{Entry, Raw, Spot};

/// Deepest nesting that is read.
const DEPTH: usize = 8;

/// Why the text is no YAML that is read here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct YamlError {
    /// 1-based line within the text given.
    pub line: usize,
    pub what: String,
}

type Events<'a> = Peekable<Parser<'a, StrInput<'a>>>;

/// Reads one YAML document. An empty one is an empty table.
pub fn parse(text: &str) -> Result<Spot<Raw>, YamlError> {
    let mut events = Parser::new_from_str(text).peekable();
    let mut root = None;
    loop {
        match events.peek() {
            None => break,
            Some(Ok((
                Event::Comment(..)
                | Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(..)
                | Event::DocumentEnd,
                _,
            ))) => {
                events.next();
            }
            Some(_) => {
                let found = node(&mut events, DEPTH)?;
                if root.is_some() {
                    return Err(YamlError { line: found.line, what: "a second document".into() });
                }
                root = Some(found);
            }
        }
    }
    Ok(root.unwrap_or(Spot { value: Raw::Table(Vec::new()), line: 1 }))
}

fn next<'a>(events: &mut Events<'a>) -> Result<(Event<'a>, usize), YamlError> {
    loop {
        match events.next() {
            None => return Err(YamlError { line: 0, what: "the text ends too early".into() }),
            Some(Ok((Event::Comment(..), _))) => {}
            Some(Ok((event, span))) => return Ok((event, line(&span))),
            Some(Err(error)) => return Err(told(&error)),
        }
    }
}

fn line(span: &Span) -> usize {
    span.start.line()
}

fn told(error: &ScanError) -> YamlError {
    YamlError { line: error.marker().line(), what: format!("not valid YAML: {}", error.info()) }
}

fn node(events: &mut Events<'_>, depth: usize) -> Result<Spot<Raw>, YamlError> {
    let (event, line) = next(events)?;
    node_from(event, line, events, depth)
}

fn node_from(
    event: Event<'_>,
    line: usize,
    events: &mut Events<'_>,
    depth: usize,
) -> Result<Spot<Raw>, YamlError> {
    let refuse = |what: &str| Err(YamlError { line, what: what.into() });
    if depth == 0 {
        return refuse("nested too deep");
    }
    match event {
        Event::Scalar(_, _, anchor, tag) if anchor != 0 || tag.is_some() => {
            refuse("anchors and tags are not used here")
        }
        Event::Scalar(text, style, ..) => {
            let quoted = style != ScalarStyle::Plain;
            Ok(Spot { value: Raw::Text { text: text.into_owned(), quoted }, line })
        }
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match next(events)? {
                    (Event::SequenceEnd, _) => return Ok(Spot { value: Raw::List(items), line }),
                    (event, at) => items.push(node_from(event, at, events, depth - 1)?),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut entries = Vec::new();
            loop {
                match next(events)? {
                    (Event::MappingEnd, _) => return Ok(Spot { value: Raw::Table(entries), line }),
                    (Event::Scalar(key, ..), at) => {
                        let node = node(events, depth - 1)?;
                        entries.push(Entry { key: key.into_owned(), line: at, node });
                    }
                    (_, at) => return Err(YamlError { line: at, what: "a key must be a plain word".into() }),
                }
            }
        }
        Event::Alias(_) => refuse("aliases are not used here"),
        _ => refuse("the text ends too early"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_may_stand_anywhere() {
        let text = "# what it proves\nname: x # so\n# more\nlist:\n  # inside\n  - a\n# the end\n";
        let found = parse(text).expect("YAML");
        let Raw::Table(entries) = found.value else { panic!("a table") };
        assert_eq!(entries.iter().map(|e| e.key.as_str()).collect::<Vec<_>>(), ["name", "list"]);
    }
}
