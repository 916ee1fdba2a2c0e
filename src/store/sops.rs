//! SOPs as they were loaded: every version that ever spoke to a customer can be read again.

use rusqlite::{Connection, OptionalExtension, params};

use super::Result;
use crate::clock::UnixMs;

/// One SOP file as it stood when it was loaded.
#[derive(Debug, Clone)]
pub struct Loaded<'a> {
    pub id: &'a str,
    pub title: &'a str,
    pub kind: &'a str,
    pub status: &'a str,
    pub version: u32,
    pub sha256: &'a str,
    pub source: &'a str,
    pub by: &'a str,
}

pub fn record(conn: &Connection, sop: &Loaded<'_>, now: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO sop (id, title, kind, status, version, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE SET title = excluded.title, kind = excluded.kind, status = excluded.status,
           version = excluded.version, updated_at = excluded.updated_at",
    )?
    .execute(params![sop.id, sop.title, sop.kind, sop.status, sop.version, now.0])?;
    conn.prepare_cached(
        "INSERT OR IGNORE INTO sop_version (sop_id, version, sha256, source, loaded_at, published_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![sop.id, sop.version, sop.sha256, sop.source, now.0, sop.by])?;
    Ok(())
}

/// The title of a SOP that was ever loaded.
pub fn title(conn: &Connection, id: &str) -> Result<Option<String>> {
    Ok(conn
        .prepare_cached("SELECT title FROM sop WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?)
}
