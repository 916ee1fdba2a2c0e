//! Presence: the codes on the bays' own screens, the browsers that showed one, tries at the door.

use rusqlite::{Connection, OptionalExtension, params};

use super::Result;
use crate::clock::UnixMs;
use crate::site::{BayId, Target};

/// A code shown on a bay's screen.
#[derive(Debug, Clone)]
pub struct Code {
    pub code: String,
    pub bay: BayId,
    /// The occupancy it was shown to.
    pub session: String,
    pub valid_from: UnixMs,
    pub valid_to: UnixMs,
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Code> {
    Ok(Code {
        code: row.get(0)?,
        bay: BayId(row.get(1)?),
        session: row.get(2)?,
        valid_from: UnixMs(row.get(3)?),
        valid_to: UnixMs(row.get(4)?),
    })
}

pub fn insert_code(conn: &Connection, code: &Code) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO presence_code (code, bay, session, valid_from, valid_to) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![code.code, code.bay.0, code.session, code.valid_from.0, code.valid_to.0])?;
    Ok(())
}

/// The newest code of the bay.
pub fn newest(conn: &Connection, bay: BayId) -> Result<Option<Code>> {
    Ok(conn
        .prepare_cached(
            "SELECT code, bay, session, valid_from, valid_to FROM presence_code WHERE bay = ?1 ORDER BY valid_from DESC LIMIT 1",
        )?
        .query_row([bay.0], read)
        .optional()?)
}

/// The code, if it is valid at `now`.
pub fn find(conn: &Connection, code: &str, now: UnixMs) -> Result<Option<Code>> {
    Ok(conn
        .prepare_cached(
            "SELECT code, bay, session, valid_from, valid_to FROM presence_code WHERE code = ?1 AND valid_from <= ?2 AND valid_to > ?2",
        )?
        .query_row(params![code, now.0], read)
        .optional()?)
}

/// Shortens the life of the bay's codes to `until`: a new booking has begun.
pub fn shorten(conn: &Connection, bay: BayId, until: UnixMs) -> Result<()> {
    conn.prepare_cached("UPDATE presence_code SET valid_to = min(valid_to, ?2) WHERE bay = ?1")?
        .execute(params![bay.0, until.0])?;
    Ok(())
}

/// Forgets codes that ended before `before`.
pub fn prune(conn: &Connection, before: UnixMs) -> Result<()> {
    conn.prepare_cached("DELETE FROM presence_code WHERE valid_to < ?1")?.execute([before.0])?;
    conn.prepare_cached("DELETE FROM presence WHERE until < ?1")?.execute([before.0])?;
    conn.prepare_cached("DELETE FROM door_try WHERE at < ?1")?.execute([before.0])?;
    conn.prepare_cached("DELETE FROM door_visit WHERE until < ?1")?.execute([before.0])?;
    Ok(())
}

/// A browser that proved presence.
#[derive(Debug, Clone)]
pub struct Grant {
    pub bay: BayId,
    pub thread_id: i64,
    pub until: UnixMs,
}

pub fn grant(conn: &Connection, token_sha256: &str, grant: &Grant, now: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "INSERT OR REPLACE INTO presence (token_sha256, bay, thread_id, granted_at, until) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![token_sha256, grant.bay.0, grant.thread_id, now.0, grant.until.0])?;
    Ok(())
}

pub fn granted(conn: &Connection, token_sha256: &str, now: UnixMs) -> Result<Option<Grant>> {
    Ok(conn
        .prepare_cached("SELECT bay, thread_id, until FROM presence WHERE token_sha256 = ?1 AND until > ?2")?
        .query_row(params![token_sha256, now.0], |row| {
            Ok(Grant { bay: BayId(row.get(0)?), thread_id: row.get(1)?, until: UnixMs(row.get(2)?) })
        })
        .optional()?)
}

/// Whether anybody's proof of being in this bay still holds.
pub fn is_anybody_in(conn: &Connection, bay: BayId, now: UnixMs) -> Result<bool> {
    Ok(conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM presence WHERE bay = ?1 AND until > ?2)")?
        .query_row(params![bay.0, now.0], |row| row.get(0))?)
}

/// Somebody else has the bay now: what was granted to other occupancies ends.
pub fn end_others(conn: &Connection, bay: BayId, session: &str, now: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "UPDATE presence SET until = min(until, ?3) WHERE bay = ?1
         AND thread_id IN (SELECT id FROM thread WHERE session <> ?2)",
    )?
    .execute(params![bay.0, session, now.0])?;
    conn.prepare_cached(
        "UPDATE thread SET presence_until = min(presence_until, ?3)
         WHERE channel = 'bay' AND bay = ?1 AND session <> ?2 AND presence_until > ?3",
    )?
    .execute(params![bay.0, session, now.0])?;
    Ok(())
}

/// Records a wrong try at the door.
pub fn door_try(conn: &Connection, client: &str, now: UnixMs) -> Result<()> {
    conn.prepare_cached("INSERT INTO door_try (client, at) VALUES (?1, ?2)")?
        .execute(params![client, now.0])?;
    Ok(())
}

/// How many wrong tries there were after `since`, and when the oldest of them was.
pub fn door_tries(conn: &Connection, client: &str, since: UnixMs) -> Result<(u32, Option<UnixMs>)> {
    Ok(conn
        .prepare_cached("SELECT count(*), min(at) FROM door_try WHERE client = ?1 AND at > ?2")?
        .query_row(params![client, since.0], |row| {
            Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.map(UnixMs)))
        })?)
}

/// A browser that asked for a door with a number and a booking that belong together.
#[derive(Debug, Clone)]
pub struct Visit {
    pub door: Target,
    pub thread_id: i64,
    /// The first text of this visit: nothing older is shown.
    pub message_id: i64,
    pub at: UnixMs,
    pub until: UnixMs,
}

pub fn open_visit(conn: &Connection, token_sha256: &str, visit: &Visit) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO door_visit (token_sha256, door, thread_id, message_id, at, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![token_sha256, visit.door.as_str(), visit.thread_id, visit.message_id, visit.at.0, visit.until.0])?;
    Ok(())
}

pub fn visit(conn: &Connection, token_sha256: &str, now: UnixMs) -> Result<Option<Visit>> {
    Ok(conn
        .prepare_cached(
            "SELECT door, thread_id, message_id, at, until FROM door_visit WHERE token_sha256 = ?1 AND until > ?2",
        )?
        .query_row(params![token_sha256, now.0], |row| {
            Ok(Visit {
                door: Target::new(row.get::<_, String>(0)?),
                thread_id: row.get(1)?,
                message_id: row.get(2)?,
                at: UnixMs(row.get(3)?),
                until: UnixMs(row.get(4)?),
            })
        })
        .optional()?)
}
