//! The only way to make a customer's text: a SOP's own words, filled with facts, booking and slots.
//!
//! Owns [`Text`], whose field nobody else can fill. A number or an address that stands neither in the
//! template nor in a value used stops the text (a model or a slip cannot invent one); so do a missing
//! value, markdown, and more than [`LONGEST`] characters.

use std::collections::BTreeMap;
use std::fmt;

use super::template::{self, Part, TemplateError};
use super::tone;

/// Longest text to a customer, in characters: three SMS parts, with room.
pub const LONGEST: usize = 480;

/// Longest value of a slot or a booking, in characters; facts are as long as the site writes them.
const LONGEST_VALUE: usize = 80;

/// A text fit to be sent to a customer. Made by [`render`] and [`join`] only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Text(String);

impl Text {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Text> for String {
    fn from(text: Text) -> String {
        text.0
    }
}

/// Why no text was made. The customer is then handed to a person; nothing half-filled is ever sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    #[error("the template cannot be read: {0}")]
    Template(#[from] TemplateError),
    #[error("`{{{0}}}` has no value")]
    Missing(String),
    #[error("`{0}` comes neither from the template nor from a value")]
    Unlisted(String),
    #[error("{0} stands in the text")]
    Tone(&'static str),
    #[error("{0} characters, {LONGEST} at most")]
    TooLong(usize),
    #[error("nothing is left of the text")]
    Empty,
}

/// What placeholders stand for in one reply: the site's facts, then what the case adds.
#[derive(Debug, Clone, Default)]
pub struct Values(BTreeMap<String, String>);

impl Values {
    /// Starts from the facts of the site (`site.facts`).
    pub fn new(facts: &BTreeMap<String, String>) -> Values {
        Values(
            facts
                .iter()
                .filter(|(_, v)| !v.trim().is_empty())
                .map(|(k, v)| (k.clone(), one_line(v)))
                .collect(),
        )
    }

    /// Sets a placeholder. What is empty, or too odd to be repeated to a customer (a name that is none),
    /// counts as no value.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl fmt::Display) -> Values {
        let value = one_line(&value.to_string());
        let value = if name == "name" { first_name(&value) } else { short(value) };
        match value.filter(|v| !v.is_empty()) {
            Some(value) => self.0.insert(name.to_owned(), value),
            None => self.0.remove(name),
        };
        self
    }

    /// Replaces a fact of the site; an empty one counts as no value.
    #[must_use]
    pub(super) fn set_fact(mut self, name: &str, text: &str) -> Values {
        match one_line(text) {
            empty if empty.is_empty() => self.0.remove(name),
            text => self.0.insert(name.to_owned(), text),
        };
        self
    }

    /// Like [`Values::set`]; `None` leaves the placeholder as it is.
    #[must_use]
    pub fn set_opt(self, name: &str, value: Option<impl fmt::Display>) -> Values {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// Fills a template.
///
/// Where the whole is too long, optional parts are left out from the last one on until it fits.
///
/// # Errors
/// See [`RenderError`]; never panics, whatever the template.
pub fn render(template: &str, values: &Values) -> Result<Text, RenderError> {
    let parts = template::parse(template)?;
    if let Some(wrong) = tone::markdown(template) {
        return Err(RenderError::Tone(wrong));
    }
    let optional = parts.iter().filter(|p| matches!(p, Part::Optional(_))).count();
    let mut longest = 0;
    for keep in (0..=optional).rev() {
        let filled = fill(&parts, keep, values)?;
        let length = filled.text.chars().count();
        longest = longest.max(length);
        if length <= LONGEST {
            guard(&filled, template)?;
            return Ok(Text(filled.text));
        }
    }
    Err(RenderError::TooLong(longest))
}

/// Puts several texts into one, with a space between: what failed, then what comes next.
///
/// # Errors
/// [`RenderError::TooLong`] where together they pass [`LONGEST`]; [`RenderError::Empty`] for none.
pub fn join(texts: &[Text]) -> Result<Text, RenderError> {
    let joined = texts.iter().map(Text::as_str).collect::<Vec<_>>().join(" ");
    match joined.chars().count() {
        0 => Err(RenderError::Empty),
        length if length > LONGEST => Err(RenderError::TooLong(length)),
        _ => Ok(Text(joined)),
    }
}

struct Filled<'a> {
    text: String,
    used: Vec<&'a str>,
}

fn fill<'a>(parts: &[Part<'_>], keep_optional: usize, values: &'a Values) -> Result<Filled<'a>, RenderError> {
    let mut filled = Filled { text: String::new(), used: Vec::new() };
    let mut optional = 0;
    for part in parts {
        match part {
            Part::Words(words) => filled.text.push_str(words),
            Part::Placeholder(name) => {
                let value = values.get(name).ok_or_else(|| RenderError::Missing((*name).to_owned()))?;
                filled.text.push_str(value);
                filled.used.push(value);
            }
            Part::Optional(inner) => {
                optional += 1;
                // A missing value leaves the part out; it is no error here.
                if let (true, Ok(inside)) = (optional <= keep_optional, fill(inner, 0, values)) {
                    filled.text.push_str(&inside.text);
                    filled.used.extend(inside.used);
                }
            }
        }
    }
    filled.text = if keep_optional == 0 && optional == 0 { filled.text } else { tidy(&filled.text) };
    Ok(filled)
}

/// Mends the seams where an optional part was left out: one space between words, none before a stop.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let stop = word.chars().all(|c| matches!(c, '.' | ',' | '!' | '?' | ';' | ':'));
        if !tidy.is_empty() && !stop {
            tidy.push(' ');
        }
        tidy.push_str(word);
    }
    tidy
}

fn guard(filled: &Filled<'_>, template: &str) -> Result<(), RenderError> {
    if filled.text.trim().is_empty() {
        return Err(RenderError::Empty);
    }
    let sources = || std::iter::once(template).chain(filled.used.iter().copied());
    for number in numbers(&filled.text) {
        if !sources().any(|source| numbers(source).any(|n| n == number)) {
            return Err(RenderError::Unlisted(number.to_owned()));
        }
    }
    for address in addresses(&filled.text) {
        if !sources().any(|source| addresses(source).any(|a| a == address)) {
            return Err(RenderError::Unlisted(address.to_owned()));
        }
    }
    Ok(())
}

/// The runs of digits in a text.
pub fn numbers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_numeric()).filter(|run| !run.is_empty())
}

/// What a phone would make a link of: `https://…`, `www.…`, `name.tld/…`.
pub fn addresses(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || "()<>[]{}\"'“”‘’,".contains(c))
        .map(|word| word.trim_end_matches(['.', '!', '?', ';', ':']))
        .filter(|word| is_address(word))
}

fn is_address(word: &str) -> bool {
    if word.contains("://") || word.get(..4).is_some_and(|w| w.eq_ignore_ascii_case("www.")) {
        return true;
    }
    let host = word.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((name, end)) = host.rsplit_once('.') else { return false };
    // Small letters only: "round.Then" is a missing space, not an address.
    let ending = (2..=10).contains(&end.len()) && end.chars().all(|c| c.is_ascii_lowercase());
    ending
        && name.chars().any(char::is_alphanumeric)
        && name.chars().all(|c| c.is_alphanumeric() || "-._@:".contains(c))
}

fn one_line(value: &str) -> String {
    let clean: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn short(value: String) -> Option<String> {
    (value.chars().count() <= LONGEST_VALUE).then_some(value)
}

/// The first word of a name, if it is one: letters, hyphen, apostrophe, at most 30 characters.
fn first_name(name: &str) -> Option<String> {
    let first = name.split(' ').next()?;
    let letters = first.chars().all(|c| c.is_alphabetic() || "-'’.".contains(c));
    let right = letters && first.chars().any(char::is_alphabetic) && first.chars().count() <= 30;
    (right && addresses(first).next().is_none()).then(|| first.to_owned())
}
