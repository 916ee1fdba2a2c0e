//! Messages: every text in and out. An inbound one ends exactly once.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Result;
use crate::clock::UnixMs;

#[derive(Debug, Clone)]
pub struct Message {
    pub id: i64,
    pub thread_id: i64,
    pub inbound: bool,
    /// `customer`, `box`, or an operator's name.
    pub author: String,
    pub body: String,
    pub media: u32,
    pub provider_id: Option<String>,
    pub written_at: UnixMs,
    pub received_at: UnixMs,
    pub turn_id: Option<i64>,
    pub ending: Option<Ending>,
    pub ending_reason: Option<String>,
    /// JSON list of references: `reply:3`, `effect:1`.
    pub ending_refs: Option<String>,
    pub ended_at: Option<UnixMs>,
}

/// What became of an inbound message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    Silent,
    Replied,
    Acted,
    Escalated,
}

impl Ending {
    pub fn name(self) -> &'static str {
        match self {
            Ending::Silent => "silent",
            Ending::Replied => "replied",
            Ending::Acted => "acted",
            Ending::Escalated => "escalated",
        }
    }

    fn parse(name: &str) -> Option<Ending> {
        [Ending::Silent, Ending::Replied, Ending::Acted, Ending::Escalated]
            .into_iter()
            .find(|e| e.name() == name)
    }
}

const COLUMNS: &str = "id, thread_id, direction, author, body, media, provider_id, written_at, received_at, \
                       turn_id, ending, ending_reason, ending_refs, ended_at";

fn read(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: row.get(0)?,
        thread_id: row.get(1)?,
        inbound: row.get::<_, String>(2)? == "in",
        author: row.get(3)?,
        body: row.get(4)?,
        media: row.get(5)?,
        provider_id: row.get(6)?,
        written_at: UnixMs(row.get(7)?),
        received_at: UnixMs(row.get(8)?),
        turn_id: row.get(9)?,
        ending: row.get::<_, Option<String>>(10)?.and_then(|e| Ending::parse(&e)),
        ending_reason: row.get(11)?,
        ending_refs: row.get(12)?,
        ended_at: row.get::<_, Option<i64>>(13)?.map(UnixMs),
    })
}

/// A text that came in.
#[derive(Debug, Clone)]
pub struct NewInbound<'a> {
    pub thread_id: i64,
    pub body: &'a str,
    pub media: u32,
    pub provider_id: Option<&'a str>,
    pub dedupe_key: &'a str,
    /// Same for a text that comes again under another id.
    pub content_key: Option<&'a str>,
    pub written_at: UnixMs,
    pub received_at: UnixMs,
}

/// Inserts an inbound message; `None` if one with this dedupe key is already there.
pub fn insert_inbound(conn: &Connection, new: &NewInbound<'_>) -> Result<Option<i64>> {
    let changed = conn
        .prepare_cached(
            "INSERT INTO message (thread_id, direction, author, body, media, provider_id, dedupe_key, written_at, received_at, content_key)
             VALUES (?1, 'in', 'customer', ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (dedupe_key) DO NOTHING",
        )?
        .execute(params![
            new.thread_id,
            new.body,
            new.media,
            new.provider_id,
            new.dedupe_key,
            new.written_at.0,
            new.received_at.0,
            new.content_key
        ])?;
    Ok((changed == 1).then(|| conn.last_insert_rowid()))
}

pub fn by_dedupe_key(conn: &Connection, key: &str) -> Result<Option<i64>> {
    Ok(conn
        .prepare_cached("SELECT id FROM message WHERE dedupe_key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?)
}

/// A text with these words by this sender at this moment of the provider's.
pub fn by_content_key(conn: &Connection, key: &str) -> Result<Option<i64>> {
    Ok(conn
        .prepare_cached("SELECT id FROM message WHERE content_key = ?1 LIMIT 1")?
        .query_row([key], |row| row.get(0))
        .optional()?)
}

/// Notes the provider's id of a text that a person wrote in the provider's own app.
pub fn set_provider_id(conn: &Connection, id: i64, provider_id: &str) -> Result<()> {
    conn.prepare_cached("UPDATE message SET provider_id = ?2 WHERE id = ?1")?
        .execute(params![id, provider_id])?;
    Ok(())
}

pub fn insert_outbound(
    conn: &Connection,
    thread_id: i64,
    author: &str,
    body: &str,
    now: UnixMs,
) -> Result<i64> {
    conn.prepare_cached(
        "INSERT INTO message (thread_id, direction, author, body, written_at, received_at)
         VALUES (?1, 'out', ?2, ?3, ?4, ?4)",
    )?
    .execute(params![thread_id, author, body, now.0])?;
    Ok(conn.last_insert_rowid())
}

pub fn get(conn: &Connection, id: i64) -> Result<Option<Message>> {
    Ok(conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM message WHERE id = ?1"))?
        .query_row([id], read)
        .optional()?)
}

pub fn assign(conn: &Connection, id: i64, turn_id: i64) -> Result<()> {
    conn.prepare_cached("UPDATE message SET turn_id = ?2 WHERE id = ?1")?.execute(params![id, turn_id])?;
    Ok(())
}

pub fn of_turn(conn: &Connection, turn_id: i64) -> Result<Vec<Message>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM message WHERE turn_id = ?1 AND direction = 'in' ORDER BY id"
    ))?;
    let rows = statement.query_map([turn_id], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The latest `limit` messages of a thread, oldest first.
pub fn of_thread(conn: &Connection, thread_id: i64, limit: u32) -> Result<Vec<Message>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT * FROM (SELECT {COLUMNS} FROM message WHERE thread_id = ?1 ORDER BY id DESC LIMIT ?2) ORDER BY id"
    ))?;
    let rows = statement.query_map(params![thread_id, limit], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Messages without an ending that belong to no turn: a crash came between. Oldest first.
pub fn unassigned(conn: &Connection) -> Result<Vec<Message>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM message WHERE direction = 'in' AND ending IS NULL AND turn_id IS NULL ORDER BY id"
    ))?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Gives a message its ending; a second ending changes nothing.
pub fn end(
    conn: &Connection,
    id: i64,
    ending: Ending,
    reason: Option<&str>,
    refs: &[String],
    now: UnixMs,
) -> Result<()> {
    conn.prepare_cached(
        "UPDATE message SET ending = ?2, ending_reason = ?3, ending_refs = ?4, ended_at = ?5
         WHERE id = ?1 AND ending IS NULL",
    )?
    .execute(params![id, ending.name(), reason, serde_json::to_string(refs)?, now.0])?;
    Ok(())
}

/// When the box last wrote to this thread by itself, and what.
pub fn last_automatic(conn: &Connection, thread_id: i64) -> Result<Option<(UnixMs, String)>> {
    Ok(conn
        .prepare_cached(
            "SELECT received_at, body FROM message WHERE thread_id = ?1 AND direction = 'out' AND author = 'box'
             ORDER BY id DESC LIMIT 1",
        )?
        .query_row([thread_id], |row| Ok((UnixMs(row.get(0)?), row.get(1)?)))
        .optional()?)
}

/// The latest text of a thread, either way.
pub fn latest(conn: &Connection, thread_id: i64) -> Result<Option<Message>> {
    Ok(conn
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM message WHERE thread_id = ?1 ORDER BY id DESC LIMIT 1"
        ))?
        .query_row([thread_id], read)
        .optional()?)
}

/// Texts of a thread with an id above `after`, oldest first, at most 200.
pub fn after(conn: &Connection, thread_id: i64, after: i64) -> Result<Vec<Message>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM message WHERE thread_id = ?1 AND id > ?2 ORDER BY id LIMIT 200"
    ))?;
    let rows = statement.query_map(params![thread_id, after], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
