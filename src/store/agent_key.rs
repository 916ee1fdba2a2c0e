//! Keys of the bays' agents that ask over HTTP. Only hashes are kept.

use rusqlite::{Connection, OptionalExtension, params};

use super::Result;
use crate::clock::UnixMs;
use crate::site::BayId;

/// Sets the bay's key; the one before is good no more.
pub fn put(conn: &Connection, bay: BayId, key_sha256: &str, now: UnixMs) -> Result<()> {
    conn.prepare_cached("INSERT OR REPLACE INTO agent_key (bay, key_sha256, made_at) VALUES (?1, ?2, ?3)")?
        .execute(params![bay.0, key_sha256, now.0])?;
    Ok(())
}

/// Whose key this is.
pub fn bay_of(conn: &Connection, key_sha256: &str) -> Result<Option<BayId>> {
    Ok(conn
        .prepare_cached("SELECT bay FROM agent_key WHERE key_sha256 = ?1")?
        .query_row([key_sha256], |row| row.get(0).map(BayId))
        .optional()?)
}

/// The bays that have a key, and since when.
pub fn list(conn: &Connection) -> Result<Vec<(BayId, UnixMs)>> {
    let mut statement = conn.prepare_cached("SELECT bay, made_at FROM agent_key ORDER BY bay")?;
    let rows = statement.query_map([], |row| Ok((BayId(row.get(0)?), UnixMs(row.get(1)?))))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Takes the bay's key away. False if it had none.
pub fn remove(conn: &Connection, bay: BayId) -> Result<bool> {
    Ok(conn.prepare_cached("DELETE FROM agent_key WHERE bay = ?1")?.execute([bay.0])? == 1)
}
