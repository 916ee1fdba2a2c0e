//! The outbox: replies on their way out. The row is the truth; a provider's queue is not.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Result;
use crate::clock::UnixMs;

#[derive(Debug, Clone)]
pub struct Outgoing {
    pub id: i64,
    pub message_id: i64,
    pub thread_id: i64,
    pub channel: String,
    pub address: String,
    pub body: String,
    pub state: String,
    pub automatic: bool,
    pub queued_at: UnixMs,
    pub sent_at: Option<UnixMs>,
    pub attempts: u32,
    pub error: Option<String>,
}

const SELECT: &str = "SELECT o.id, o.message_id, m.thread_id, o.channel, o.address, m.body, o.state, o.automatic, \
                      o.queued_at, o.sent_at, o.attempts, o.error FROM outbox o JOIN message m ON m.id = o.message_id";

fn read(row: &Row<'_>) -> rusqlite::Result<Outgoing> {
    Ok(Outgoing {
        id: row.get(0)?,
        message_id: row.get(1)?,
        thread_id: row.get(2)?,
        channel: row.get(3)?,
        address: row.get(4)?,
        body: row.get(5)?,
        state: row.get(6)?,
        automatic: row.get(7)?,
        queued_at: UnixMs(row.get(8)?),
        sent_at: row.get::<_, Option<i64>>(9)?.map(UnixMs),
        attempts: row.get(10)?,
        error: row.get(11)?,
    })
}

/// Queues a message. `None`: this form was already sent (the second click).
pub fn queue(
    conn: &Connection,
    message_id: i64,
    channel: &str,
    address: &str,
    automatic: bool,
    form_key: Option<&str>,
    now: UnixMs,
) -> Result<Option<i64>> {
    let changed = conn
        .prepare_cached(
            "INSERT INTO outbox (message_id, channel, address, state, automatic, queued_at, form_key)
             VALUES (?1, ?2, ?3, 'queued', ?4, ?5, ?6) ON CONFLICT (form_key) DO NOTHING",
        )?
        .execute(params![message_id, channel, address, automatic, now.0, form_key])?;
    Ok((changed == 1).then(|| conn.last_insert_rowid()))
}

pub fn form_used(conn: &Connection, form_key: &str) -> Result<bool> {
    Ok(conn
        .prepare_cached("SELECT 1 FROM outbox WHERE form_key = ?1")?
        .query_row([form_key], |_| Ok(()))
        .optional()?
        .is_some())
}

pub fn get(conn: &Connection, id: i64) -> Result<Option<Outgoing>> {
    Ok(conn.prepare_cached(&format!("{SELECT} WHERE o.id = ?1"))?.query_row([id], read).optional()?)
}

/// Rows that wait to be sent over `channel`, oldest first.
pub fn queued(conn: &Connection, channel: &str) -> Result<Vec<Outgoing>> {
    let mut statement =
        conn.prepare_cached(&format!("{SELECT} WHERE o.state = 'queued' AND o.channel = ?1 ORDER BY o.id"))?;
    let rows = statement.query_map([channel], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn of_message(conn: &Connection, message_id: i64) -> Result<Option<Outgoing>> {
    Ok(conn
        .prepare_cached(&format!("{SELECT} WHERE o.message_id = ?1"))?
        .query_row([message_id], read)
        .optional()?)
}

/// Moves a row to `state`; `sent_at` only together with `sent`.
pub fn set_state(
    conn: &Connection,
    id: i64,
    state: &str,
    sent_at: Option<UnixMs>,
    error: Option<&str>,
) -> Result<()> {
    conn.prepare_cached(
        "UPDATE outbox SET state = ?2, sent_at = coalesce(?3, sent_at), error = ?4,
         attempts = attempts + (?2 = 'sending') WHERE id = ?1",
    )?
    .execute(params![id, state, sent_at.map(|t| t.0), error])?;
    Ok(())
}

/// A person has taken over: what the box wrote and has not left is not sent any more. Returns how many.
pub fn cancel_automatic(conn: &Connection, thread_id: i64) -> Result<usize> {
    Ok(conn
        .prepare_cached(
            "UPDATE outbox SET state = 'cancelled' WHERE state = 'queued' AND automatic = 1
             AND message_id IN (SELECT id FROM message WHERE thread_id = ?1)",
        )?
        .execute([thread_id])?)
}

/// Rows in `sending` at start: the program died in mid-send. They may have left.
pub fn interrupted(conn: &Connection) -> Result<Vec<Outgoing>> {
    let mut statement = conn.prepare_cached(&format!("{SELECT} WHERE o.state = 'sending' ORDER BY o.id"))?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Everything that was to leave towards this thread, by message.
pub fn of_thread(conn: &Connection, thread_id: i64) -> Result<Vec<Outgoing>> {
    let mut statement = conn.prepare_cached(&format!("{SELECT} WHERE m.thread_id = ?1 ORDER BY o.id"))?;
    let rows = statement.query_map([thread_id], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
