//! Episodes: one matter of one customer in one place.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Result;
use crate::clock::UnixMs;
use crate::site::{BayId, Effect};

#[derive(Debug, Clone)]
pub struct Episode {
    pub id: i64,
    pub sop_id: String,
    pub thread_id: i64,
    pub bay: Option<BayId>,
    pub booking_id: Option<String>,
    pub state: EpisodeState,
    pub guided: bool,
    /// Effects used up, in order.
    pub tried: Vec<Effect>,
    pub asked_bay: bool,
    pub opened_at: UnixMs,
    pub updated_at: UnixMs,
    pub escalation_id: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpisodeState {
    Open,
    /// A person has it.
    Handed,
    Closed,
}

impl EpisodeState {
    fn name(self) -> &'static str {
        match self {
            EpisodeState::Open => "open",
            EpisodeState::Handed => "handed",
            EpisodeState::Closed => "closed",
        }
    }
}

const COLUMNS: &str = "id, sop_id, thread_id, bay, booking_id, state, guided, tried, asked_bay, opened_at, \
                       updated_at, escalation_id";

fn read(row: &Row<'_>) -> rusqlite::Result<Episode> {
    Ok(Episode {
        id: row.get(0)?,
        sop_id: row.get(1)?,
        thread_id: row.get(2)?,
        bay: row.get::<_, Option<u8>>(3)?.map(BayId),
        booking_id: row.get(4)?,
        state: match row.get::<_, String>(5)?.as_str() {
            "handed" => EpisodeState::Handed,
            "closed" => EpisodeState::Closed,
            _ => EpisodeState::Open,
        },
        guided: row.get(6)?,
        tried: serde_json::from_str(&row.get::<_, String>(7)?).unwrap_or_default(),
        asked_bay: row.get(8)?,
        opened_at: UnixMs(row.get(9)?),
        updated_at: UnixMs(row.get(10)?),
        escalation_id: row.get(11)?,
    })
}

pub fn insert(
    conn: &Connection,
    sop_id: &str,
    sop_version: u32,
    thread_id: i64,
    bay: Option<BayId>,
    booking_id: Option<&str>,
    now: UnixMs,
) -> Result<i64> {
    conn.prepare_cached(
        "INSERT INTO episode (sop_id, sop_version, thread_id, bay, booking_id, state, opened_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, 'open', ?6, ?6)",
    )?
    .execute(params![sop_id, sop_version, thread_id, bay.map(|b| b.0), booking_id, now.0])?;
    Ok(conn.last_insert_rowid())
}

pub fn get(conn: &Connection, id: i64) -> Result<Option<Episode>> {
    Ok(conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM episode WHERE id = ?1"))?
        .query_row([id], read)
        .optional()?)
}

/// Writes back everything that changes in an episode's life.
pub fn save(conn: &Connection, episode: &Episode, now: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "UPDATE episode SET thread_id = ?2, bay = ?3, booking_id = ?4, state = ?5, guided = ?6, tried = ?7,
         asked_bay = ?8, updated_at = ?9, escalation_id = ?10,
         closed_at = CASE WHEN ?5 = 'closed' THEN coalesce(closed_at, ?9) END WHERE id = ?1",
    )?
    .execute(params![
        episode.id,
        episode.thread_id,
        episode.bay.map(|b| b.0),
        episode.booking_id,
        episode.state.name(),
        episode.guided,
        serde_json::to_string(&episode.tried)?,
        episode.asked_bay,
        now.0,
        episode.escalation_id
    ])?;
    Ok(())
}

/// Episodes of this thread that are not closed and were touched since `since`, latest first.
pub fn live_on_thread(conn: &Connection, thread_id: i64, since: UnixMs) -> Result<Vec<Episode>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM episode WHERE thread_id = ?1 AND state <> 'closed' AND updated_at >= ?2
         ORDER BY updated_at DESC, id DESC"
    ))?;
    let rows = statement.query_map(params![thread_id, since.0], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Episodes of this bay that are not closed and were touched since `since`, over all threads, latest first.
pub fn live_in_bay(conn: &Connection, bay: BayId, since: UnixMs) -> Result<Vec<Episode>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM episode WHERE bay = ?1 AND state <> 'closed' AND updated_at >= ?2
         ORDER BY updated_at DESC, id DESC"
    ))?;
    let rows = statement.query_map(params![bay.0, since.0], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Closes one episode: its matter is done.
pub fn close(conn: &Connection, id: i64, now: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "UPDATE episode SET state = 'closed', closed_at = ?2, updated_at = ?2 WHERE id = ?1 AND state <> 'closed'",
    )?
    .execute(params![id, now.0])?;
    Ok(())
}

/// Closes what a person had taken over on this thread: they have given it back.
pub fn close_on_thread(conn: &Connection, thread_id: i64, now: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "UPDATE episode SET state = 'closed', closed_at = ?2, updated_at = ?2 WHERE thread_id = ?1 AND state <> 'closed'",
    )?
    .execute(params![thread_id, now.0])?;
    Ok(())
}
