//! The list of conversations: who needs a person first, then the latest.

use std::time::Duration;

use rusqlite::Connection;
use serde::Serialize;
use utoipa::ToSchema;

use super::Look;
use super::time;
use crate::store::escalation::{self, Escalation};
use crate::store::thread::{self, Channel, Thread};
use crate::store::{self, booking, message};

const LOOK_BACK: Duration = Duration::from_secs(14 * 24 * 3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const MOST: u32 = 200;
const SNIPPET: usize = 90;

/// A conversation in one line.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ThreadLine {
    pub id: i64,
    /// `sms`, `bay`, `door`, `console`.
    pub channel: &'static str,
    #[serde(skip)]
    pub channel_label: &'static str,
    /// Name, number or bay.
    pub who: String,
    /// What else tells who it is: the number behind a name.
    pub address: String,
    pub bay: Option<u8>,
    /// The latest text, cut short.
    pub snippet: String,
    /// `customer`, `box`, or an operator.
    pub snippet_by: String,
    pub last_at: String,
    #[serde(skip)]
    pub last_label: String,
    /// An open escalation waits for an acknowledgement or an answer.
    pub needs_person: bool,
    /// The highest level of its open escalations.
    pub level: Option<String>,
    /// All of them have been acknowledged.
    pub acknowledged: bool,
    /// How long the oldest of them waits, in seconds.
    pub waits_s: Option<u64>,
    #[serde(skip)]
    pub waits_label: String,
    /// Who has taken it over.
    pub held_by: Option<String>,
    pub simulated: bool,
}

/// All conversations of the last two weeks, and older ones that still need a person.
pub fn list(look: Look<'_>) -> store::Result<Vec<ThreadLine>> {
    let open = escalation::open(look.conn)?;
    let mut threads = thread::recent(look.conn, look.now - LOOK_BACK, MOST)?;
    for id in open.iter().filter_map(|e| e.thread_id) {
        if !threads.iter().any(|t| t.id == id) {
            threads.extend(thread::get(look.conn, id)?);
        }
    }
    let mut lines = Vec::with_capacity(threads.len());
    for thread in &threads {
        let own: Vec<&Escalation> = open.iter().filter(|e| e.thread_id == Some(thread.id)).collect();
        if let Some(line) = line(look, thread, &own)? {
            lines.push((order(&line, thread), line));
        }
    }
    lines.sort_by_key(|(order, _)| *order);
    Ok(lines.into_iter().map(|(_, line)| line).collect())
}

/// Un-acknowledged by level, then acknowledged ones, then the rest; the latest first among equals.
fn order(line: &ThreadLine, thread: &Thread) -> (bool, bool, u8, i64) {
    let level = line.level.as_deref().map_or(0, rank);
    (!line.needs_person, line.acknowledged, u8::MAX - level, -thread.last_at.0)
}

/// `critical` is 4, `low` 1.
pub fn rank(level: &str) -> u8 {
    match level {
        "critical" => 4,
        "high" => 3,
        "medium" => 2,
        _ => 1,
    }
}

/// One line; `None` for a conversation in which nothing was said yet.
pub fn line(look: Look<'_>, thread: &Thread, open: &[&Escalation]) -> store::Result<Option<ThreadLine>> {
    let Some(last) = message::latest(look.conn, thread.id)? else { return Ok(None) };
    let oldest = open.iter().map(|e| e.opened_at).min();
    let waits = oldest.map(|at| look.now.since(at));
    let (who, address) = who(look.conn, thread)?;
    Ok(Some(ThreadLine {
        id: thread.id,
        channel: thread.channel.name(),
        channel_label: super::words::channel(thread.channel),
        who,
        address,
        bay: thread.bay.map(|b| b.0),
        snippet: snippet(&last.body),
        snippet_by: last.author,
        last_at: time::rfc3339(thread.last_at),
        last_label: time::label(look.site, thread.last_at, look.now),
        needs_person: !open.is_empty(),
        level: open.iter().map(|e| e.level.clone()).max_by_key(|level| rank(level)),
        acknowledged: !open.is_empty() && open.iter().all(|e| e.acked_at.is_some()),
        waits_s: waits.map(|w| w.as_secs()),
        waits_label: waits.map(time::span).unwrap_or_default(),
        held_by: thread.held(look.now).map(|h| h.by.clone()),
        simulated: thread.simulated || look.simulated,
    }))
}

/// The customer's name, if a booking around then knows it, and what they are reached by.
pub fn who(conn: &Connection, thread: &Thread) -> store::Result<(String, String)> {
    if thread.channel == Channel::Bay {
        let bay = thread.bay.map_or_else(|| thread.address.clone(), |b| format!("Bay {}", b.0));
        return Ok((bay, "on its screen".to_owned()));
    }
    if thread.channel == Channel::Console {
        return Ok((format!("Test by {}", thread.address), String::new()));
    }
    let Some(phone) = &thread.phone else { return Ok((thread.address.clone(), String::new())) };
    let near = booking::of_phone(conn, phone, thread.last_at - DAY, thread.last_at + DAY)?;
    let name = near.into_iter().map(|b| b.name).rfind(|name| !name.is_empty());
    let number = phone.as_str().to_owned();
    Ok(match name {
        Some(name) => (name, number),
        None => (number, String::new()),
    })
}

fn snippet(body: &str) -> String {
    let flat: Vec<&str> = body.split_whitespace().take(40).collect();
    let flat = flat.join(" ");
    match flat.char_indices().nth(SNIPPET) {
        Some((end, _)) => format!("{}…", &flat[..end]),
        None => flat,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_at_a_letter() {
        assert_eq!(snippet("a  b\nc"), "a b c");
        assert_eq!(snippet(&"é".repeat(200)).chars().count(), SNIPPET + 1);
    }

    #[test]
    fn critical_is_above_all() {
        let mut levels = ["low", "critical", "medium", "high"];
        levels.sort_by_key(|level| rank(level));
        assert_eq!(levels, ["low", "medium", "high", "critical"]);
    }
}
