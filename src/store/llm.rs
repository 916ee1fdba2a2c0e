//! Requests to the cloud model: what left the box, what it may cost and did cost; answers kept for repeats.
//!
//! Money is in millionths of a cent (`i64`), so that a token times a price in cents for a million tokens is exact.

use rusqlite::{Connection, OptionalExtension, params};

use super::Result;
use crate::clock::UnixMs;

/// Rows are kept this long for the figures: 400 days, in milliseconds. Their bytes go much earlier.
const ROWS_KEPT_MS: i64 = 400 * 24 * 3600 * 1000;
/// Answers are used again for this long: 30 days, in milliseconds.
const ANSWERS_KEPT_MS: i64 = 30 * 24 * 3600 * 1000;

/// A request that is about to leave.
#[derive(Debug, Clone)]
pub struct NewCall {
    pub turn_id: i64,
    pub at: UnixMs,
    /// Of the site, `YYYY-MM-DD`.
    pub day: String,
    pub provider: String,
    pub model: String,
    /// Exactly what is sent.
    pub body: Vec<u8>,
    /// The most it can cost, in millionths of a cent.
    pub reserve: i64,
}

/// How a request ended.
#[derive(Debug, Clone, Default)]
pub struct Ended {
    pub outcome: &'static str,
    /// `None`: not known, what was reserved counts.
    pub cost: Option<i64>,
    pub input_tokens: Option<i64>,
    pub output_tokens: Option<i64>,
}

/// The most that may be spent, in millionths of a cent.
#[derive(Debug, Clone, Copy)]
pub struct Caps {
    pub day: i64,
    pub month: i64,
}

/// What was spent or is reserved, in millionths of a cent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    pub day: i64,
    pub month: i64,
}

/// Spent on this day of the site, and in its month.
///
/// # Errors
/// Only the database's.
pub fn spent(conn: &Connection, day: &str) -> Result<Spent> {
    let month = day.get(..7).unwrap_or(day);
    let mut statement = conn.prepare_cached(
        "SELECT coalesce(sum(coalesce(cost, reserved)) FILTER (WHERE day = ?1), 0),
                coalesce(sum(coalesce(cost, reserved)), 0)
         FROM llm_call WHERE day >= ?2 || '-01' AND day <= ?2 || '-31'",
    )?;
    Ok(statement.query_row(params![day, month], |r| Ok(Spent { day: r.get(0)?, month: r.get(1)? }))?)
}

/// Writes the request down before it leaves, if its reserve is within the caps. `None`: it is not, and the
/// request must not leave. To be called in a transaction of its own.
///
/// # Errors
/// Only the database's.
pub fn reserve(conn: &Connection, call: &NewCall, caps: Caps) -> Result<Option<i64>> {
    let spent = spent(conn, &call.day)?;
    if spent.day + call.reserve > caps.day || spent.month + call.reserve > caps.month {
        return Ok(None);
    }
    conn.prepare_cached(
        "INSERT INTO llm_call (turn_id, at, day, provider, model, body, reserved) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![call.turn_id, call.at.0, call.day, call.provider, call.model, call.body, call.reserve])?;
    Ok(Some(conn.last_insert_rowid()))
}

/// What became of a request.
///
/// # Errors
/// Only the database's.
pub fn settle(conn: &Connection, id: i64, ended: &Ended, now: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "UPDATE llm_call SET outcome = ?2, cost = ?3, input_tokens = ?4, output_tokens = ?5, ended_at = ?6 WHERE id = ?1",
    )?
    .execute(params![id, ended.outcome, ended.cost, ended.input_tokens, ended.output_tokens, now.0])?;
    Ok(())
}

/// What was answered to the same question lately.
///
/// # Errors
/// Only the database's.
pub fn answer(conn: &Connection, key: &str, now: UnixMs) -> Result<Option<String>> {
    let mut statement = conn.prepare_cached("SELECT answer FROM llm_answer WHERE key = ?1 AND at > ?2")?;
    Ok(statement.query_row(params![key, now.0 - ANSWERS_KEPT_MS], |r| r.get(0)).optional()?)
}

/// Keeps a good answer for the same question.
///
/// # Errors
/// Only the database's.
pub fn keep_answer(conn: &Connection, key: &str, answer: &str, now: UnixMs) -> Result<()> {
    conn.prepare_cached("INSERT OR REPLACE INTO llm_answer (key, answer, at) VALUES (?1, ?2, ?3)")?
        .execute(params![key, answer, now.0])?;
    Ok(())
}

/// Forgets what is too old: the bytes sent before `bytes_before`, old answers, very old rows.
///
/// # Errors
/// Only the database's.
pub fn prune(conn: &Connection, bytes_before: UnixMs, now: UnixMs) -> Result<()> {
    conn.execute("UPDATE llm_call SET body = NULL WHERE body IS NOT NULL AND at < ?1", [bytes_before.0])?;
    conn.execute("DELETE FROM llm_call WHERE at < ?1", [now.0 - ROWS_KEPT_MS])?;
    conn.execute("DELETE FROM llm_answer WHERE at < ?1", [now.0 - ANSWERS_KEPT_MS])?;
    Ok(())
}

/// One row of the egress log, as a person reads it.
#[derive(Debug, Clone)]
pub struct Sent {
    pub id: i64,
    pub at: UnixMs,
    pub provider: String,
    pub model: String,
    /// `None` once it is too old to be kept.
    pub body: Option<Vec<u8>>,
    pub reserved: i64,
    pub cost: Option<i64>,
    pub outcome: Option<String>,
}

/// The latest requests, the newest first.
///
/// # Errors
/// Only the database's.
pub fn latest(conn: &Connection, most: u32) -> Result<Vec<Sent>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, at, provider, model, body, reserved, cost, outcome FROM llm_call ORDER BY id DESC LIMIT ?1",
    )?;
    let rows = statement.query_map([most], |r| {
        Ok(Sent {
            id: r.get(0)?,
            at: UnixMs(r.get(1)?),
            provider: r.get(2)?,
            model: r.get(3)?,
            body: r.get(4)?,
            reserved: r.get(5)?,
            cost: r.get(6)?,
            outcome: r.get(7)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Requests by how they ended; those under way or cut off by a kill are `open`.
///
/// # Errors
/// Only the database's.
pub fn outcomes(conn: &Connection) -> Result<Vec<(String, String, i64)>> {
    let mut statement = conn.prepare_cached(
        "SELECT coalesce(outcome, 'open'), '', count(*) FROM llm_call GROUP BY 1 ORDER BY 1",
    )?;
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
