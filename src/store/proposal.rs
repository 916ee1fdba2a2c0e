//! What announced itself on the network, and what staff decided about it.
//!
//! Owns the limits: so many of a source, and an old one that nobody looked at goes. What was decided is not
//! changed by anything that is heard later, but for when it was heard.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Result;
use crate::clock::UnixMs;
use crate::site::{Effect, Target};

/// Rows of one source; what comes beyond is not kept.
pub const MOST: u32 = 100;
/// An open one that was not heard for so long goes.
pub const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// What was heard of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// `mdns`, `home-assistant`, `tasmota`.
    pub source: &'static str,
    pub key: String,
    pub name: String,
    /// Host or topic, as `site.toml` would name it.
    pub address: String,
    pub seems: String,
    /// `driver = …` and what that family needs; `None`: no driver here moves it.
    pub keys: Option<String>,
    pub can: Vec<Effect>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    pub id: i64,
    pub source: String,
    pub key: String,
    pub name: String,
    pub address: String,
    pub seems: String,
    pub keys: Option<String>,
    pub can: Vec<Effect>,
    pub first_seen: UnixMs,
    pub last_seen: UnixMs,
    /// `open`, `dismissed`, `approved`.
    pub state: String,
    pub decided_by: Option<String>,
    pub decided_at: Option<UnixMs>,
    /// Of an approved one.
    pub target: Option<Target>,
    pub effects: Vec<Effect>,
}

const COLUMNS: &str = "id, source, key, name, address, seems, keys, can, first_seen, last_seen, state, decided_by, \
                       decided_at, target, effects";

fn read(row: &Row<'_>) -> rusqlite::Result<Proposal> {
    Ok(Proposal {
        id: row.get(0)?,
        source: row.get(1)?,
        key: row.get(2)?,
        name: row.get(3)?,
        address: row.get(4)?,
        seems: row.get(5)?,
        keys: row.get(6)?,
        can: effects(&row.get::<_, String>(7)?),
        first_seen: UnixMs(row.get(8)?),
        last_seen: UnixMs(row.get(9)?),
        state: row.get(10)?,
        decided_by: row.get(11)?,
        decided_at: row.get::<_, Option<i64>>(12)?.map(UnixMs),
        target: row.get::<_, Option<String>>(13)?.map(Target::new),
        effects: row.get::<_, Option<String>>(14)?.map(|text| effects(&text)).unwrap_or_default(),
    })
}

/// Names of another version that are no effects here are left out.
fn effects(json: &str) -> Vec<Effect> {
    let names: Vec<String> = serde_json::from_str(json).unwrap_or_default();
    names.iter().filter_map(|name| Effect::parse(name)).collect()
}

fn names(effects: &[Effect]) -> String {
    serde_json::json!(effects.iter().map(|effect| effect.name()).collect::<Vec<_>>()).to_string()
}

/// Keeps what was heard. False if there are too many of its source already.
pub fn heard(conn: &Connection, heard: &Heard, now: UnixMs) -> Result<bool> {
    let Heard { source, key, name, address, seems, keys, can } = heard;
    let known = conn
        .prepare_cached("UPDATE proposal SET last_seen = ?3 WHERE source = ?1 AND key = ?2")?
        .execute(params![source, key, now.0])?;
    if known > 0 {
        conn.prepare_cached(
            "UPDATE proposal SET name = ?3, address = ?4, seems = ?5, keys = ?6, can = ?7
             WHERE source = ?1 AND key = ?2 AND state = 'open'",
        )?
        .execute(params![source, key, name, address, seems, keys, names(can)])?;
        return Ok(true);
    }
    conn.prepare_cached("DELETE FROM proposal WHERE state = 'open' AND last_seen < ?1")?
        .execute([(now - KEPT).0])?;
    let count: u32 = conn
        .prepare_cached("SELECT count(*) FROM proposal WHERE source = ?1")?
        .query_row([source], |row| row.get(0))?;
    if count >= MOST {
        return Ok(false);
    }
    conn.prepare_cached(
        "INSERT INTO proposal (source, key, name, address, seems, keys, can, first_seen, last_seen)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
    )?
    .execute(params![source, key, name, address, seems, keys, names(can), now.0])?;
    Ok(true)
}

/// Its source took it back. What was decided stays.
pub fn withdrawn(conn: &Connection, source: &str, key: &str) -> Result<()> {
    // A source's device may have several rows, `key/1` and on.
    conn.prepare_cached(
        "DELETE FROM proposal WHERE source = ?1 AND state = 'open'
         AND (key = ?2 OR substr(key, 1, length(?2) + 1) = ?2 || '/')",
    )?
    .execute(params![source, key])?;
    Ok(())
}

/// All of them: open ones first, then by name.
pub fn all(conn: &Connection) -> Result<Vec<Proposal>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM proposal
         ORDER BY CASE state WHEN 'open' THEN 0 WHEN 'approved' THEN 1 ELSE 2 END, name COLLATE NOCASE, id"
    ))?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn get(conn: &Connection, id: i64) -> Result<Option<Proposal>> {
    Ok(conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM proposal WHERE id = ?1"))?
        .query_row([id], read)
        .optional()?)
}

/// False if it is not open any more, or something else was heard of it since (`keys`).
pub fn approve(
    conn: &Connection,
    id: i64,
    keys: &str,
    target: &Target,
    chosen: &[Effect],
    who: &str,
    now: UnixMs,
) -> Result<bool> {
    let done = conn
        .prepare_cached(
            "UPDATE proposal SET state = 'approved', target = ?3, effects = ?4, decided_by = ?5, decided_at = ?6
             WHERE id = ?1 AND state = 'open' AND keys = ?2",
        )?
        .execute(params![id, keys, target.as_str(), names(chosen), who, now.0])?;
    Ok(done == 1)
}

/// Wanted no more, also after it was approved. False if it was dismissed before.
pub fn dismiss(conn: &Connection, id: i64, who: &str, now: UnixMs) -> Result<bool> {
    let done = conn
        .prepare_cached(
            "UPDATE proposal SET state = 'dismissed', target = NULL, effects = NULL, decided_by = ?2, decided_at = ?3
             WHERE id = ?1 AND state <> 'dismissed'",
        )?
        .execute(params![id, who, now.0])?;
    Ok(done == 1)
}
