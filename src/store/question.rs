//! The one pending question of a thread.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::Result;
use crate::clock::UnixMs;
use crate::site::{Effect, Target};

#[derive(Debug, Clone)]
pub struct Question {
    pub id: i64,
    pub thread_id: i64,
    pub episode_id: Option<i64>,
    pub turn_id: Option<i64>,
    /// `confirm`, `bay`, `which`, `at-door`, `detail`, `person`.
    pub kind: String,
    pub payload: Payload,
    pub state: String,
    pub asked_at: UnixMs,
    pub expires_at: UnixMs,
}

/// What the answer is bound to.
#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq)]
pub struct Payload {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// One target, or two where one question named both.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f32>,
    /// SOP ids a "which?" chooses between.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// SOP that waits for the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<i64>,
    /// The customer's words the question was about, for the person who may get them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
}

impl Payload {
    /// For the SOP that waits for the answer.
    pub fn of(sop: &str) -> Payload {
        Payload { intent: Some(sop.to_owned()), ..Payload::default() }
    }

    /// For one effect on these devices.
    pub fn to_do(effect: Effect, targets: Vec<Target>, sop: &str) -> Payload {
        Payload { effect: Some(effect), targets, ..Payload::of(sop) }
    }
}

const COLUMNS: &str = "id, thread_id, episode_id, turn_id, kind, payload, state, asked_at, expires_at";

fn read(row: &Row<'_>) -> rusqlite::Result<Question> {
    Ok(Question {
        id: row.get(0)?,
        thread_id: row.get(1)?,
        episode_id: row.get(2)?,
        turn_id: row.get(3)?,
        kind: row.get(4)?,
        payload: serde_json::from_str(&row.get::<_, String>(5)?).unwrap_or_default(),
        state: row.get(6)?,
        asked_at: UnixMs(row.get(7)?),
        expires_at: UnixMs(row.get(8)?),
    })
}

/// Asks; a question still open on the thread is replaced by this one.
pub fn ask(
    conn: &Connection,
    thread_id: i64,
    episode_id: Option<i64>,
    kind: &str,
    payload: &Payload,
    now: UnixMs,
    expires_at: UnixMs,
) -> Result<i64> {
    close(conn, thread_id, "cancelled")?;
    conn.prepare_cached(
        "INSERT INTO question (thread_id, episode_id, kind, payload, state, asked_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, 'open', ?5, ?6)",
    )?
    .execute(params![
        thread_id,
        episode_id,
        kind,
        serde_json::to_string(payload)?,
        now.0,
        expires_at.0
    ])?;
    Ok(conn.last_insert_rowid())
}

/// The open question of the thread, expired or not.
pub fn open_on(conn: &Connection, thread_id: i64) -> Result<Option<Question>> {
    Ok(conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM question WHERE thread_id = ?1 AND state = 'open'"))?
        .query_row([thread_id], read)
        .optional()?)
}

/// The latest question of the thread, whatever became of it.
pub fn latest(conn: &Connection, thread_id: i64) -> Result<Option<Question>> {
    Ok(conn
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM question WHERE thread_id = ?1 ORDER BY id DESC LIMIT 1"
        ))?
        .query_row([thread_id], read)
        .optional()?)
}

/// Ends the open question of the thread as `answered`, `expired` or `cancelled`.
pub fn close(conn: &Connection, thread_id: i64, state: &str) -> Result<()> {
    conn.prepare_cached("UPDATE question SET state = ?2 WHERE thread_id = ?1 AND state = 'open'")?
        .execute(params![thread_id, state])?;
    Ok(())
}

/// The reply that asks left late (the line was down): its time runs from then.
pub fn asked_late(conn: &Connection, message_id: i64, now: UnixMs, expires_at: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "UPDATE question SET asked_at = ?2, expires_at = ?3 WHERE message_id = ?1 AND state = 'open'",
    )?
    .execute(params![message_id, now.0, expires_at.0])?;
    Ok(())
}

pub fn set_message(conn: &Connection, id: i64, message_id: i64) -> Result<()> {
    conn.prepare_cached("UPDATE question SET message_id = ?2 WHERE id = ?1")?
        .execute(params![id, message_id])?;
    Ok(())
}
