//! Tickets for the daily round, and incidents that touch many customers at once.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Result;
use crate::clock::UnixMs;
use crate::site::BayId;

#[derive(Debug, Clone)]
pub struct Ticket {
    pub id: i64,
    pub intent: String,
    pub level: String,
    pub bay: Option<BayId>,
    pub thread_id: Option<i64>,
    pub detail: String,
    pub opened_at: UnixMs,
    pub closed_at: Option<UnixMs>,
    pub parent_id: Option<i64>,
    pub is_parent: bool,
}

const COLUMNS: &str = "id, intent, level, bay, thread_id, detail, opened_at, closed_at, parent_id, is_parent";

fn read(row: &Row<'_>) -> rusqlite::Result<Ticket> {
    Ok(Ticket {
        id: row.get(0)?,
        intent: row.get(1)?,
        level: row.get(2)?,
        bay: row.get::<_, Option<u8>>(3)?.map(BayId),
        thread_id: row.get(4)?,
        detail: row.get(5)?,
        opened_at: UnixMs(row.get(6)?),
        closed_at: row.get::<_, Option<i64>>(7)?.map(UnixMs),
        parent_id: row.get(8)?,
        is_parent: row.get(9)?,
    })
}

#[allow(clippy::too_many_arguments, reason = "one column each")]
pub fn insert(
    conn: &Connection,
    intent: &str,
    level: &str,
    bay: Option<BayId>,
    thread_id: Option<i64>,
    episode_id: Option<i64>,
    detail: &str,
    now: UnixMs,
) -> Result<i64> {
    conn.prepare_cached(
        "INSERT INTO ticket (intent, level, bay, thread_id, episode_id, detail, opened_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![intent, level, bay.map(|b| b.0), thread_id, episode_id, detail, now.0])?;
    Ok(conn.last_insert_rowid())
}

fn list(conn: &Connection, tail: &str, args: &[&dyn rusqlite::ToSql]) -> Result<Vec<Ticket>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM ticket {tail}"))?;
    let rows = statement.query_map(args, read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Tickets of the same intent and bay since `since`, parents apart.
pub fn alike(conn: &Connection, intent: &str, bay: Option<BayId>, since: UnixMs) -> Result<Vec<Ticket>> {
    list(
        conn,
        "WHERE intent = ?1 AND bay IS ?2 AND opened_at >= ?3 AND is_parent = 0 ORDER BY id",
        &[&intent, &bay.map(|b| b.0), &since.0],
    )
}

pub fn open(conn: &Connection) -> Result<Vec<Ticket>> {
    list(conn, "WHERE closed_at IS NULL ORDER BY id DESC", &[])
}

/// Tickets of this thread, oldest first.
pub fn of_thread(conn: &Connection, thread_id: i64) -> Result<Vec<Ticket>> {
    list(conn, "WHERE thread_id = ?1 ORDER BY id", &[&thread_id])
}

pub fn get(conn: &Connection, id: i64) -> Result<Option<Ticket>> {
    Ok(list(conn, "WHERE id = ?1", &[&id])?.pop())
}

pub fn all(conn: &Connection) -> Result<Vec<Ticket>> {
    list(conn, "ORDER BY id", &[])
}

/// The latest ticket of this intent on this thread since `since`.
pub fn latest_on_thread(
    conn: &Connection,
    thread_id: i64,
    intent: &str,
    since: UnixMs,
) -> Result<Option<Ticket>> {
    Ok(list(
        conn,
        "WHERE thread_id = ?1 AND intent = ?2 AND opened_at >= ?3 AND is_parent = 0 ORDER BY id DESC LIMIT 1",
        &[&thread_id, &intent, &since.0],
    )?
    .pop())
}

pub fn add_detail(conn: &Connection, id: i64, text: &str) -> Result<()> {
    conn.prepare_cached("UPDATE ticket SET detail = detail || char(10) || ?2 WHERE id = ?1")?
        .execute(params![id, text])?;
    Ok(())
}

/// Makes one parent problem of tickets that keep coming back; returns it.
pub fn make_parent(conn: &Connection, children: &[Ticket], now: UnixMs) -> Result<Option<i64>> {
    let Some(first) = children.first() else { return Ok(None) };
    if let Some(parent) = children.iter().find_map(|t| t.parent_id) {
        for child in children {
            set_parent(conn, child.id, parent)?;
        }
        return Ok(Some(parent));
    }
    let detail = format!("{} reports of the same kind within 7 days", children.len());
    conn.prepare_cached(
        "INSERT INTO ticket (intent, level, bay, detail, opened_at, is_parent) VALUES (?1, 'medium', ?2, ?3, ?4, 1)",
    )?
    .execute(params![first.intent, first.bay.map(|b| b.0), detail, now.0])?;
    let parent = conn.last_insert_rowid();
    for child in children {
        set_parent(conn, child.id, parent)?;
    }
    Ok(Some(parent))
}

fn set_parent(conn: &Connection, id: i64, parent: i64) -> Result<()> {
    conn.prepare_cached("UPDATE ticket SET parent_id = ?2 WHERE id = ?1")?.execute(params![id, parent])?;
    Ok(())
}

pub fn close(conn: &Connection, id: i64, by: &str, now: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "UPDATE ticket SET closed_by = ?2, closed_at = ?3 WHERE id = ?1 AND closed_at IS NULL",
    )?
    .execute(params![id, by, now.0])?;
    Ok(())
}

/// Something that touches many customers: power, the internet.
#[derive(Debug, Clone)]
pub struct Incident {
    pub id: i64,
    pub what: String,
    pub escalation_id: Option<i64>,
    pub opened_at: UnixMs,
    pub closed_at: Option<UnixMs>,
    pub threads: Vec<i64>,
}

fn read_incident(row: &Row<'_>) -> rusqlite::Result<Incident> {
    Ok(Incident {
        id: row.get(0)?,
        what: row.get(1)?,
        escalation_id: row.get(2)?,
        opened_at: UnixMs(row.get(3)?),
        closed_at: row.get::<_, Option<i64>>(4)?.map(UnixMs),
        threads: Vec::new(),
    })
}

pub fn incidents(conn: &Connection, only_open: bool) -> Result<Vec<Incident>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, what, escalation_id, opened_at, closed_at FROM incident WHERE NOT ?1 OR closed_at IS NULL ORDER BY id",
    )?;
    let mut incidents: Vec<Incident> =
        statement.query_map([only_open], read_incident)?.collect::<rusqlite::Result<_>>()?;
    let mut threads = conn
        .prepare_cached("SELECT thread_id FROM incident_thread WHERE incident_id = ?1 ORDER BY thread_id")?;
    for incident in &mut incidents {
        incident.threads =
            threads.query_map([incident.id], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    }
    Ok(incidents)
}

pub fn open_incident(conn: &Connection, what: &str) -> Result<Option<Incident>> {
    Ok(conn
        .prepare_cached(
            "SELECT id, what, escalation_id, opened_at, closed_at FROM incident WHERE what = ?1 AND closed_at IS NULL ORDER BY id DESC LIMIT 1",
        )?
        .query_row([what], read_incident)
        .optional()?)
}

/// Without an escalation nobody is called for it.
pub fn insert_incident(
    conn: &Connection,
    what: &str,
    escalation_id: Option<i64>,
    now: UnixMs,
) -> Result<i64> {
    conn.prepare_cached("INSERT INTO incident (what, escalation_id, opened_at) VALUES (?1, ?2, ?3)")?
        .execute(params![what, escalation_id, now.0])?;
    Ok(conn.last_insert_rowid())
}

/// Adds a thread to the incident. False if it was there already.
pub fn join_incident(conn: &Connection, incident_id: i64, thread_id: i64) -> Result<bool> {
    Ok(conn
        .prepare_cached("INSERT OR IGNORE INTO incident_thread (incident_id, thread_id) VALUES (?1, ?2)")?
        .execute(params![incident_id, thread_id])?
        == 1)
}

pub fn close_incident(conn: &Connection, id: i64, by: &str, now: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "UPDATE incident SET closed_at = ?3, closed_by = ?2 WHERE id = ?1 AND closed_at IS NULL",
    )?
    .execute(params![id, by, now.0])?;
    Ok(())
}

/// Closes the incident that this escalation tells of, if it is one.
pub fn close_incident_of(conn: &Connection, escalation_id: i64, by: &str, now: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "UPDATE incident SET closed_at = ?3, closed_by = ?2 WHERE escalation_id = ?1 AND closed_at IS NULL",
    )?
    .execute(params![escalation_id, by, now.0])?;
    Ok(())
}
