//! What is known of each device: reachability and the last observation of each kind.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Result;
use crate::clock::UnixMs;
use crate::site::Target;

#[derive(Debug, Clone)]
pub struct DeviceStatus {
    pub target: Target,
    /// Empty: the whole target; else the effect that this part carries.
    pub part: String,
    /// `None`: never heard of.
    pub online: Option<bool>,
    pub reason: Option<String>,
    pub since: UnixMs,
    pub seen_at: UnixMs,
    /// JSON object: kind of observation to the observation.
    pub state: String,
    pub simulated: bool,
}

/// What the parts of one target come to: `online`, `degraded`, `offline` or `unknown`.
pub fn condition<'a>(parts: impl IntoIterator<Item = &'a DeviceStatus>) -> &'static str {
    let (mut whole, mut part_gone) = (None, false);
    for status in parts {
        match status.part.is_empty() {
            true => whole = status.online,
            false => part_gone |= status.online == Some(false),
        }
    }
    match whole {
        Some(true) if part_gone => "degraded",
        Some(true) => "online",
        Some(false) => "offline",
        None => "unknown",
    }
}

const COLUMNS: &str = "target, part, online, reason, since, seen_at, state, simulated";

fn read(row: &Row<'_>) -> rusqlite::Result<DeviceStatus> {
    Ok(DeviceStatus {
        target: Target::new(row.get::<_, String>(0)?),
        part: row.get(1)?,
        online: row.get(2)?,
        reason: row.get(3)?,
        since: UnixMs(row.get(4)?),
        seen_at: UnixMs(row.get(5)?),
        state: row.get(6)?,
        simulated: row.get(7)?,
    })
}

pub fn get(conn: &Connection, target: &Target, part: &str) -> Result<Option<DeviceStatus>> {
    Ok(conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM device_status WHERE target = ?1 AND part = ?2"))?
        .query_row(params![target.as_str(), part], read)
        .optional()?)
}

pub fn all(conn: &Connection) -> Result<Vec<DeviceStatus>> {
    let mut statement =
        conn.prepare_cached(&format!("SELECT {COLUMNS} FROM device_status ORDER BY target, part"))?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Records reachability. True if it changed.
pub fn set_online(
    conn: &Connection,
    target: &Target,
    part: &str,
    online: bool,
    reason: Option<&str>,
    simulated: bool,
    now: UnixMs,
) -> Result<bool> {
    let before = get(conn, target, part)?.and_then(|s| s.online);
    conn.prepare_cached(
        "INSERT INTO device_status (target, part, online, reason, since, seen_at, simulated)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)
         ON CONFLICT (target, part) DO UPDATE SET
           since = CASE WHEN online IS excluded.online THEN since ELSE excluded.since END,
           online = excluded.online, reason = excluded.reason, seen_at = excluded.seen_at, simulated = excluded.simulated",
    )?
    .execute(params![target.as_str(), part, online, reason, now.0, simulated])?;
    Ok(before != Some(online))
}

/// Keeps the last observation of each kind.
pub fn remember(
    conn: &Connection,
    target: &Target,
    kind: &str,
    observation: &str,
    simulated: bool,
    now: UnixMs,
) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO device_status (target, part, since, seen_at, state, simulated)
         VALUES (?1, '', ?4, ?4, json_object(?2, json(?3)), ?5)
         ON CONFLICT (target, part) DO UPDATE SET
           state = json_set(state, '$.\"' || ?2 || '\"', json(?3)), seen_at = excluded.seen_at, simulated = excluded.simulated",
    )?
    .execute(params![target.as_str(), kind, observation, now.0, simulated])?;
    Ok(())
}
