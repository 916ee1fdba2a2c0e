//! Turns: bursts of messages that are understood and answered as one.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Result;
use crate::clock::UnixMs;

#[derive(Debug, Clone)]
pub struct Turn {
    pub id: i64,
    pub thread_id: i64,
    /// `open` (gathering), `asking` (the fallback is thinking), `done`.
    pub state: String,
    pub opened_at: UnixMs,
    pub due_at: UnixMs,
    pub cap_at: UnixMs,
    pub decided_at: Option<UnixMs>,
    /// JSON list of intents, once decided.
    pub intents: Option<String>,
    pub by: Option<String>,
    pub reading: Option<String>,
    pub nonce: Option<String>,
    /// Its last message that was looked at; 0: none.
    pub looked: i64,
}

const COLUMNS: &str =
    "id, thread_id, state, opened_at, due_at, cap_at, decided_at, intents, by, reading, nonce, looked";

fn read(row: &Row<'_>) -> rusqlite::Result<Turn> {
    Ok(Turn {
        id: row.get(0)?,
        thread_id: row.get(1)?,
        state: row.get(2)?,
        opened_at: UnixMs(row.get(3)?),
        due_at: UnixMs(row.get(4)?),
        cap_at: UnixMs(row.get(5)?),
        decided_at: row.get::<_, Option<i64>>(6)?.map(UnixMs),
        intents: row.get(7)?,
        by: row.get(8)?,
        reading: row.get(9)?,
        nonce: row.get(10)?,
        looked: row.get(11)?,
    })
}

pub fn insert(conn: &Connection, thread_id: i64, now: UnixMs, due_at: UnixMs, cap_at: UnixMs) -> Result<i64> {
    conn.prepare_cached(
        "INSERT INTO turn (thread_id, state, opened_at, due_at, cap_at) VALUES (?1, 'open', ?2, ?3, ?4)",
    )?
    .execute(params![thread_id, now.0, due_at.0, cap_at.0])?;
    Ok(conn.last_insert_rowid())
}

pub fn get(conn: &Connection, id: i64) -> Result<Option<Turn>> {
    Ok(conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM turn WHERE id = ?1"))?
        .query_row([id], read)
        .optional()?)
}

/// The turn that is still gathering (or being asked about) on this thread.
pub fn open_on(conn: &Connection, thread_id: i64) -> Result<Option<Turn>> {
    Ok(conn
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM turn WHERE thread_id = ?1 AND state <> 'done' ORDER BY id DESC LIMIT 1"
        ))?
        .query_row([thread_id], read)
        .optional()?)
}

/// All turns that are still gathering, oldest first.
pub fn gathering(conn: &Connection) -> Result<Vec<Turn>> {
    let mut statement =
        conn.prepare_cached(&format!("SELECT {COLUMNS} FROM turn WHERE state = 'open' ORDER BY id"))?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The first turn due at `now`.
pub fn due(conn: &Connection, now: UnixMs) -> Result<Option<Turn>> {
    Ok(conn
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM turn WHERE state <> 'done' AND due_at <= ?1 ORDER BY due_at, id LIMIT 1"
        ))?
        .query_row([now.0], read)
        .optional()?)
}

pub fn next_due(conn: &Connection) -> Result<Option<UnixMs>> {
    let next: Option<i64> = conn
        .prepare_cached("SELECT min(due_at) FROM turn WHERE state <> 'done'")?
        .query_row([], |row| row.get(0))?;
    Ok(next.map(UnixMs))
}

/// New words, or a new reader: it is looked at `now`, and an answer of the fallback on the way no longer
/// counts.
pub fn reopen(conn: &Connection, id: i64, now: UnixMs) -> Result<()> {
    conn.prepare_cached("UPDATE turn SET state = 'open', due_at = ?2, nonce = NULL WHERE id = ?1")?
        .execute(params![id, now.0])?;
    Ok(())
}

/// Looked at up to this message, and to be looked at again at `due_at` unless new words come before.
pub fn put_off(conn: &Connection, id: i64, due_at: UnixMs, looked: i64) -> Result<()> {
    conn.prepare_cached("UPDATE turn SET looked = ?3, due_at = ?2 WHERE id = ?1")?
        .execute(params![id, due_at.0, looked])?;
    Ok(())
}

/// The fallback is asked; without an answer by `until` the turn is looked at again.
pub fn asking(conn: &Connection, id: i64, nonce: &str, until: UnixMs) -> Result<()> {
    conn.prepare_cached("UPDATE turn SET state = 'asking', nonce = ?2, due_at = ?3 WHERE id = ?1")?
        .execute(params![id, nonce, until.0])?;
    Ok(())
}

pub fn done(conn: &Connection, id: i64, intents: &str, by: &str, reading: &str, now: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "UPDATE turn SET state = 'done', intents = ?2, by = ?3, reading = ?4, decided_at = ?5 WHERE id = ?1",
    )?
    .execute(params![id, intents, by, reading, now.0])?;
    Ok(())
}

/// All decided turns in order, for `simulate --trace`.
pub fn decided(conn: &Connection) -> Result<Vec<Turn>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM turn WHERE decided_at IS NOT NULL ORDER BY decided_at, id"
    ))?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
