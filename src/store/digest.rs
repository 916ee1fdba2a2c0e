//! The daily digest: its texts, how they went out, and the figures they are made from.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Result;
use crate::clock::UnixMs;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    pub id: i64,
    /// Site-local date it was made on: `2026-11-23`.
    pub day: String,
    pub text: String,
    pub made_at: UnixMs,
}

/// A digest on its way over one channel.
#[derive(Debug, Clone)]
pub struct DigestCall {
    pub id: i64,
    pub digest_id: i64,
    /// One name, or several with commas where the channel is the whole site's.
    pub person: String,
    pub channel: String,
    pub text: String,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Digest> {
    Ok(Digest { id: row.get(0)?, day: row.get(1)?, text: row.get(2)?, made_at: UnixMs(row.get(3)?) })
}

/// Keeps a day's digest. `None`: that day has one.
pub fn insert(conn: &Connection, day: &str, text: &str, now: UnixMs) -> Result<Option<i64>> {
    let changed = conn
        .prepare_cached("INSERT OR IGNORE INTO digest (day, text, made_at) VALUES (?1, ?2, ?3)")?
        .execute(params![day, text, now.0])?;
    Ok((changed == 1).then(|| conn.last_insert_rowid()))
}

/// The latest one made since `since`.
pub fn latest(conn: &Connection, since: UnixMs) -> Result<Option<Digest>> {
    Ok(conn
        .prepare_cached(
            "SELECT id, day, text, made_at FROM digest WHERE made_at >= ?1 ORDER BY id DESC LIMIT 1",
        )?
        .query_row([since.0], read)
        .optional()?)
}

pub fn all(conn: &Connection) -> Result<Vec<Digest>> {
    let mut statement = conn.prepare_cached("SELECT id, day, text, made_at FROM digest ORDER BY id")?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn queue(conn: &Connection, digest_id: i64, person: &str, channel: &str, now: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO digest_call (digest_id, person, channel, state, queued_at) VALUES (?1, ?2, ?3, 'queued', ?4)",
    )?
    .execute(params![digest_id, person, channel, now.0])?;
    Ok(())
}

const CALL: &str = "SELECT c.id, c.digest_id, c.person, c.channel, d.text FROM digest_call c
                    JOIN digest d ON d.id = c.digest_id";

fn read_call(row: &Row<'_>) -> rusqlite::Result<DigestCall> {
    Ok(DigestCall {
        id: row.get(0)?,
        digest_id: row.get(1)?,
        person: row.get(2)?,
        channel: row.get(3)?,
        text: row.get(4)?,
    })
}

pub fn calls_in(conn: &Connection, state: &str) -> Result<Vec<DigestCall>> {
    let mut statement = conn.prepare_cached(&format!("{CALL} WHERE c.state = ?1 ORDER BY c.id"))?;
    let rows = statement.query_map([state], read_call)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn call(conn: &Connection, id: i64) -> Result<Option<DigestCall>> {
    Ok(conn.prepare_cached(&format!("{CALL} WHERE c.id = ?1"))?.query_row([id], read_call).optional()?)
}

/// Channels this person was sent this digest over, or was to be.
pub fn channels_of(conn: &Connection, digest_id: i64, person: &str) -> Result<Vec<String>> {
    let mut statement =
        conn.prepare_cached("SELECT channel FROM digest_call WHERE digest_id = ?1 AND person = ?2")?;
    let rows = statement.query_map(params![digest_id, person], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn set_call(
    conn: &Connection,
    id: i64,
    state: &str,
    sent_at: Option<UnixMs>,
    error: Option<&str>,
) -> Result<()> {
    conn.prepare_cached(
        "UPDATE digest_call SET state = ?2, sent_at = coalesce(?3, sent_at), error = ?4 WHERE id = ?1",
    )?
    .execute(params![id, state, sent_at.map(|t| t.0), error])?;
    Ok(())
}

/// What happened between two moments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    pub messages: u32,
    /// Messages that ended with a person called.
    pub escalated: u32,
    pub escalations: u32,
    pub effects_verified: u32,
    /// Failed or unknown.
    pub effects_in_doubt: u32,
}

pub fn figures(conn: &Connection, from: UnixMs, to: UnixMs) -> Result<Figures> {
    let count = |sql: &str| -> Result<u32> {
        Ok(conn.prepare_cached(sql)?.query_row([from.0, to.0], |row| row.get(0))?)
    };
    Ok(Figures {
        messages: count(
            "SELECT count(*) FROM message WHERE direction = 'in' AND received_at >= ?1 AND received_at < ?2",
        )?,
        escalated: count(
            "SELECT count(*) FROM message WHERE direction = 'in' AND received_at >= ?1 AND received_at < ?2
             AND ending = 'escalated'",
        )?,
        escalations: count("SELECT count(*) FROM escalation WHERE opened_at >= ?1 AND opened_at < ?2")?,
        effects_verified: count(
            "SELECT count(*) FROM effect WHERE ended_at >= ?1 AND ended_at < ?2 AND outcome = 'verified'",
        )?,
        effects_in_doubt: count(
            "SELECT count(*) FROM effect WHERE ended_at >= ?1 AND ended_at < ?2
             AND outcome IN ('failed', 'unknown')",
        )?,
    })
}
