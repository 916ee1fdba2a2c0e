//! Durable timers: one row for each thing that is to be looked at later.

use rusqlite::{Connection, OptionalExtension, params};

use super::Result;
use crate::clock::UnixMs;

/// A timer that is due. `reference` is the id of the row that `kind` speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    pub kind: String,
    pub reference: i64,
    pub due_at: UnixMs,
}

/// Sets or moves the timer of this kind for this row.
pub fn set(conn: &Connection, kind: &str, reference: i64, due_at: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO timer (kind, ref, due_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (kind, ref) DO UPDATE SET due_at = excluded.due_at",
    )?
    .execute(params![kind, reference, due_at.0])?;
    Ok(())
}

pub fn clear(conn: &Connection, kind: &str, reference: i64) -> Result<()> {
    conn.prepare_cached("DELETE FROM timer WHERE kind = ?1 AND ref = ?2")?
        .execute(params![kind, reference])?;
    Ok(())
}

/// The earliest timer that is due at `now`.
pub fn due(conn: &Connection, now: UnixMs) -> Result<Option<Timer>> {
    Ok(conn
        .prepare_cached(
            "SELECT kind, ref, due_at FROM timer WHERE due_at <= ?1 ORDER BY due_at, kind, ref LIMIT 1",
        )?
        .query_row([now.0], |row| {
            Ok(Timer { kind: row.get(0)?, reference: row.get(1)?, due_at: UnixMs(row.get(2)?) })
        })
        .optional()?)
}

/// When the next timer is due.
pub fn next(conn: &Connection) -> Result<Option<UnixMs>> {
    let next: Option<i64> =
        conn.prepare_cached("SELECT min(due_at) FROM timer")?.query_row([], |row| row.get(0))?;
    Ok(next.map(UnixMs))
}

/// Kinds and moments of all timers, for `simulate` (which ones are still pending?) and the status page.
pub fn all(conn: &Connection) -> Result<Vec<Timer>> {
    let mut statement =
        conn.prepare_cached("SELECT kind, ref, due_at FROM timer ORDER BY due_at, kind, ref")?;
    let rows = statement.query_map([], |row| {
        Ok(Timer { kind: row.get(0)?, reference: row.get(1)?, due_at: UnixMs(row.get(2)?) })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
