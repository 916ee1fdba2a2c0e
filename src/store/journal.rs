//! What is written down for people and for learning: notices, the change log, consent, learning events.

use rusqlite::{Connection, OptionalExtension, params};

use super::Result;
use crate::clock::UnixMs;
use crate::site::E164;

#[derive(Debug, Clone)]
pub struct Notice {
    pub id: i64,
    pub at: UnixMs,
    pub thread_id: Option<i64>,
    pub text: String,
}

/// Something staff should see: an opt-out, a conflict, a stale feed.
pub fn notice(conn: &Connection, thread_id: Option<i64>, text: &str, now: UnixMs) -> Result<()> {
    conn.prepare_cached("INSERT INTO notice (at, thread_id, text) VALUES (?1, ?2, ?3)")?
        .execute(params![now.0, thread_id, text])?;
    Ok(())
}

pub fn notices(conn: &Connection, since: UnixMs) -> Result<Vec<Notice>> {
    let mut statement =
        conn.prepare_cached("SELECT id, at, thread_id, text FROM notice WHERE at >= ?1 ORDER BY id")?;
    let rows = statement.query_map([since.0], |row| {
        Ok(Notice { id: row.get(0)?, at: UnixMs(row.get(1)?), thread_id: row.get(2)?, text: row.get(3)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// One line of the change log: who did what.
#[derive(Debug, Clone)]
pub struct Change {
    pub at: UnixMs,
    pub who: String,
    /// `hold`, `release`, `approve`, `refuse`, `bookings`, `sops`, `user` …
    pub what: String,
    pub detail: String,
    pub thread_id: Option<i64>,
    pub until: Option<UnixMs>,
}

pub fn change(conn: &Connection, change: &Change) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO change_log (at, who, what, detail, thread_id, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        change.at.0,
        change.who,
        change.what,
        change.detail,
        change.thread_id,
        change.until.map(|t| t.0)
    ])?;
    Ok(())
}

pub fn changes(conn: &Connection, since: UnixMs) -> Result<Vec<Change>> {
    let mut statement = conn.prepare_cached(
        "SELECT at, who, what, detail, thread_id, until FROM change_log WHERE at >= ?1 ORDER BY id",
    )?;
    let rows = statement.query_map([since.0], |row| {
        Ok(Change {
            at: UnixMs(row.get(0)?),
            who: row.get(1)?,
            what: row.get(2)?,
            detail: row.get(3)?,
            thread_id: row.get(4)?,
            until: row.get::<_, Option<i64>>(5)?.map(UnixMs),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What people did in this conversation, oldest first.
pub fn changes_of(conn: &Connection, thread_id: i64) -> Result<Vec<Change>> {
    let mut statement = conn.prepare_cached(
        "SELECT at, who, what, detail, thread_id, until FROM change_log WHERE thread_id = ?1 ORDER BY id",
    )?;
    let rows = statement.query_map([thread_id], |row| {
        Ok(Change {
            at: UnixMs(row.get(0)?),
            who: row.get(1)?,
            what: row.get(2)?,
            detail: row.get(3)?,
            thread_id: row.get(4)?,
            until: row.get::<_, Option<i64>>(5)?.map(UnixMs),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn opt_out(conn: &Connection, phone: &E164, word: &str, now: UnixMs) -> Result<()> {
    conn.prepare_cached("INSERT OR REPLACE INTO consent (phone, opted_out_at, word) VALUES (?1, ?2, ?3)")?
        .execute(params![phone.as_str(), now.0, word])?;
    Ok(())
}

pub fn opt_in(conn: &Connection, phone: &E164) -> Result<bool> {
    Ok(conn.prepare_cached("DELETE FROM consent WHERE phone = ?1")?.execute([phone.as_str()])? == 1)
}

pub fn opted_out(conn: &Connection, phone: &E164) -> Result<bool> {
    Ok(conn
        .prepare_cached("SELECT 1 FROM consent WHERE phone = ?1")?
        .query_row([phone.as_str()], |_| Ok(()))
        .optional()?
        .is_some())
}

/// One thing the box can learn from later.
#[derive(Debug, Clone, Default)]
pub struct Learning<'a> {
    /// `reading`, `confirmed`, `declined`, `resolved`, `still-broken`, `claimed`, `correction`.
    pub kind: &'a str,
    pub thread_id: Option<i64>,
    pub turn_id: Option<i64>,
    pub text: Option<&'a str>,
    pub intent: Option<&'a str>,
    pub confidence: Option<f32>,
    pub verdict: Option<&'a str>,
    pub right_intent: Option<&'a str>,
    pub by: Option<&'a str>,
    pub sops_fingerprint: Option<&'a str>,
}

pub fn learn(conn: &Connection, event: &Learning<'_>, now: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO learning_event (at, kind, thread_id, turn_id, text, intent, confidence, verdict, right_intent, by, sops_fingerprint)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        now.0,
        event.kind,
        event.thread_id,
        event.turn_id,
        event.text,
        event.intent,
        event.confidence.map(f64::from),
        event.verdict,
        event.right_intent,
        event.by,
        event.sops_fingerprint
    ])?;
    Ok(())
}

pub fn meta(conn: &Connection, key: &str) -> Result<Option<String>> {
    Ok(conn
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?)
}

pub fn set_meta(conn: &Connection, key: &str, value: &str) -> Result<()> {
    conn.prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?
        .execute(params![key, value])?;
    Ok(())
}
