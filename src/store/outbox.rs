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
    /// The provider's id, once it took the text.
    pub provider_id: Option<String>,
    /// When the latest try began.
    pub sending_at: Option<UnixMs>,
    /// It was tried once more after a try without an answer.
    pub repeated: bool,
    /// What the provider said became of it: `delivered`, `failed`.
    pub delivery: Option<String>,
}

const SELECT: &str = "SELECT o.id, o.message_id, m.thread_id, o.channel, o.address, m.body, o.state, o.automatic, \
                      o.queued_at, o.sent_at, o.attempts, o.error, o.provider_id, o.sending_at, o.repeated, \
                      (SELECT s.delivery FROM text_status s WHERE s.provider_id = o.provider_id) \
                      FROM outbox o JOIN message m ON m.id = o.message_id";

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
        provider_id: row.get(12)?,
        sending_at: row.get::<_, Option<i64>>(13)?.map(UnixMs),
        repeated: row.get(14)?,
        delivery: row.get(15)?,
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

/// Those of them whose time has come.
pub fn due(conn: &Connection, channel: &str, now: UnixMs) -> Result<Vec<Outgoing>> {
    let mut statement = conn.prepare_cached(&format!(
        "{SELECT} WHERE o.state = 'queued' AND o.channel = ?1 AND coalesce(o.not_before, 0) <= ?2 ORDER BY o.id"
    ))?;
    let rows = statement.query_map(params![channel, now.0], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A try begins: from `now` on the text may have left.
pub fn sending(conn: &Connection, id: i64, now: UnixMs) -> Result<()> {
    conn.prepare_cached("UPDATE outbox SET sending_at = ?2, not_before = NULL WHERE id = ?1")?
        .execute(params![id, now.0])?;
    set_state(conn, id, "sending", None, None)
}

/// Back into the queue, not before a moment.
pub fn later(conn: &Connection, id: i64, why: &str, not_before: UnixMs) -> Result<()> {
    conn.prepare_cached("UPDATE outbox SET state = 'queued', error = ?2, not_before = ?3 WHERE id = ?1")?
        .execute(params![id, why, not_before.0])?;
    Ok(())
}

/// The provider has it under this id.
pub fn accepted(conn: &Connection, id: i64, provider_id: &str, now: UnixMs) -> Result<()> {
    conn.prepare_cached("UPDATE outbox SET provider_id = ?2 WHERE id = ?1")?
        .execute(params![id, provider_id])?;
    set_state(conn, id, "sent", Some(now), None)
}

/// A claim on a provider's id was wrong: the text is as unresolved as before.
pub fn unclaim(conn: &Connection, id: i64) -> Result<()> {
    conn.prepare_cached(
        "UPDATE outbox SET provider_id = NULL, state = 'sending', sent_at = NULL WHERE id = ?1",
    )?
    .execute([id])?;
    Ok(())
}

/// Marks the one repeat. False: it is used up, or the text is not unresolved any more.
pub fn repeat(conn: &Connection, id: i64, now: UnixMs) -> Result<bool> {
    Ok(conn
        .prepare_cached(
            "UPDATE outbox SET repeated = 1, attempts = attempts + 1, sending_at = ?2
             WHERE id = ?1 AND state = 'sending' AND repeated = 0",
        )?
        .execute(params![id, now.0])?
        == 1)
}

pub fn by_provider_id(conn: &Connection, provider_id: &str) -> Result<Option<Outgoing>> {
    Ok(conn
        .prepare_cached(&format!("{SELECT} WHERE o.provider_id = ?1"))?
        .query_row([provider_id], read)
        .optional()?)
}

/// Texts to this address that left or may have left since `since` and have no provider's id yet, oldest first.
pub fn unclaimed(conn: &Connection, address: &str, since: UnixMs) -> Result<Vec<Outgoing>> {
    let mut statement = conn.prepare_cached(&format!(
        "{SELECT} WHERE o.address = ?1 AND o.channel = 'sms' AND o.provider_id IS NULL AND o.queued_at >= ?2
         AND (o.state IN ('sending','maybe','sent') OR o.attempts > 0) AND o.state <> 'cancelled' ORDER BY o.id"
    ))?;
    let rows = statement.query_map(params![address, since.0], read)?;
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
