//! The grammar of a customer's text: plain words, `{placeholders}` and `[[parts left out when a
//! placeholder in them has no value]]`. Optional parts do not nest.

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    Words(&'a str),
    Placeholder(&'a str),
    /// Holds words and placeholders only.
    Optional(Vec<Part<'a>>),
}

/// Why a template cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("a `{{` is never closed")]
    OpenBrace,
    #[error("a `}}` stands alone")]
    StrayBrace,
    #[error("`{{{0}}}` is no placeholder name")]
    BadName(String),
    #[error("a `[[` is never closed")]
    OpenBrackets,
    #[error("`]]` stands alone")]
    StrayBrackets,
    #[error("a `[[` stands inside another")]
    Nested,
}

/// Reads a template.
///
/// # Errors
/// Braces or brackets that do not pair, and names that are not lower-case words.
pub fn parse(template: &str) -> Result<Vec<Part<'_>>, TemplateError> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(start) = rest.find("[[") {
        flat(&rest[..start], &mut parts)?;
        let inside = &rest[start + 2..];
        let end = inside.find("]]").ok_or(TemplateError::OpenBrackets)?;
        if inside[..end].contains("[[") {
            return Err(TemplateError::Nested);
        }
        let mut optional = Vec::new();
        flat(&inside[..end], &mut optional)?;
        parts.push(Part::Optional(optional));
        rest = &inside[end + 2..];
    }
    flat(rest, &mut parts)?;
    Ok(parts)
}

fn flat<'a>(mut text: &'a str, parts: &mut Vec<Part<'a>>) -> Result<(), TemplateError> {
    while let Some(start) = text.find('{') {
        words(&text[..start], parts)?;
        let inside = &text[start + 1..];
        let end = inside.find('}').ok_or(TemplateError::OpenBrace)?;
        let name = &inside[..end];
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            return Err(TemplateError::BadName(name.to_owned()));
        }
        parts.push(Part::Placeholder(name));
        text = &inside[end + 1..];
    }
    words(text, parts)
}

fn words<'a>(text: &'a str, parts: &mut Vec<Part<'a>>) -> Result<(), TemplateError> {
    if text.contains('}') {
        return Err(TemplateError::StrayBrace);
    }
    if text.contains("]]") {
        return Err(TemplateError::StrayBrackets);
    }
    if !text.is_empty() {
        parts.push(Part::Words(text));
    }
    Ok(())
}

/// Every placeholder of a template with whether it stands in brackets; nothing for a broken template.
pub fn names(template: &str) -> Vec<(&str, bool)> {
    let mut found = Vec::new();
    for part in parse(template).unwrap_or_default() {
        match part {
            Part::Placeholder(name) => found.push((name, false)),
            Part::Optional(inner) => found.extend(inner.into_iter().filter_map(|p| match p {
                Part::Placeholder(name) => Some((name, true)),
                Part::Words(_) | Part::Optional(_) => None,
            })),
            Part::Words(_) => {}
        }
    }
    found
}
