//! What is kept of an announcement: words of a stranger, cut to size, and the lines of `site.toml` that would use it.
//!
//! Nothing here is believed. A topic of the box's own is nobody else's to name: whoever approved it would let a
//! stranger choose what the box tells its bays.

use crate::site::{Effect, LanFamily};
use crate::store::proposal::Heard;

/// Longest name or description that is kept, in characters.
const LONGEST: usize = 80;
/// Longest topic or payload.
const LONGEST_VALUE: usize = 200;

/// Something heard on the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A device is there.
    Found(Heard),
    /// Its source took it back, with everything below its key.
    Gone { source: &'static str, key: String },
}

/// One line without anything that hides or moves other text.
pub(super) fn clean(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let plain: String = text.chars().take(4 * LONGEST).map(|c| if hidden(c) { ' ' } else { c }).collect();
    let short: String =
        plain.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect();
    short.trim_end().to_owned()
}

/// A topic that a device may name for itself.
pub(super) fn topic(text: &str) -> Option<String> {
    let plain = !text.is_empty()
        && text.len() <= LONGEST_VALUE
        && text.split('/').all(|level| !level.is_empty() && level.trim() == level)
        && !text.chars().any(|c| c.is_control() || matches!(c, '+' | '#'));
    let first = text.split('/').next().unwrap_or_default().to_lowercase();
    let own = first.starts_with("clubos") || first == "homeassistant";
    (plain && !own && !text.starts_with('$')).then(|| text.to_owned())
}

/// A payload of a device.
pub(super) fn payload(text: &str) -> Option<String> {
    let plain = !text.trim().is_empty() && text.len() <= LONGEST_VALUE && !text.chars().any(char::is_control);
    (plain && text.trim() == text).then(|| text.to_owned())
}

/// The lines of `site.toml` for a device of this family, and what it could carry; none of both where this program has
/// no such family.
pub(super) fn offer(
    family: &str,
    keys: &[(&str, Option<Value<'_>>)],
    fits: impl Fn(Effect) -> bool,
) -> (Option<String>, Vec<Effect>) {
    let Some(known) = LanFamily::parse(family) else { return (None, Vec::new()) };
    let can: Vec<Effect> = Effect::ALL.iter().copied().filter(|e| known.carries(*e) && fits(*e)).collect();
    if can.is_empty() {
        return (None, can);
    }
    let mut lines = vec![format!("driver = \"{family}\"")];
    lines.extend(keys.iter().filter_map(|(key, value)| {
        Some(match value.as_ref()? {
            Value::Text(text) => format!("{key} = {}", quoted(text)),
            Value::Whole(number) => format!("{key} = {number}"),
        })
    }));
    (Some(lines.join("\n")), can)
}

/// A value as `site.toml` writes it.
pub(super) enum Value<'a> {
    Text(&'a str),
    Whole(u64),
}

/// A text as TOML writes it, on one line.
fn quoted(text: &str) -> String {
    let escaped = text.chars().fold(String::new(), |mut out, c| {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {}
            c => out.push(c),
        }
        out
    });
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_words_are_one_short_line() {
        assert_eq!(clean("  Plug\r\n<b>\u{202e}x\u{0}  bay 2 "), "Plug <b> x bay 2");
        assert_eq!(clean(&"a".repeat(10_000)).len(), LONGEST);
        assert_eq!(quoted("a\"b\\c\nd"), "\"a\\\"b\\\\cd\"");
    }

    #[test]
    fn nobody_names_a_topic_of_the_box_for_a_device_of_theirs() {
        for wrong in
            ["clubos/v1/bay/1/cmd", "homeassistant/x", "$SYS/x", "a/+/b", "a/#", "", "/a", "a/", "a\nb"]
        {
            assert_eq!(topic(wrong), None, "{wrong}");
        }
        assert!(topic(&"a".repeat(201)).is_none());
        assert_eq!(topic("stat/plug/POWER").as_deref(), Some("stat/plug/POWER"));
    }
}
