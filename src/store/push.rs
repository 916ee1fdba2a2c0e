//! Browsers that ring for a person (Web Push subscriptions).

use rusqlite::{Connection, Row, params};

use super::Result;
use crate::clock::UnixMs;

/// A browser's own address and keys, as it gave them (Push API, `PushSubscription.toJSON()`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub id: i64,
    pub operator: String,
    /// URL at the browser vendor's push service. Whoever knows it and our key can ring: never logged.
    pub endpoint: String,
    /// Its public key, base64url without padding, 65 bytes.
    pub p256dh: String,
    /// Its secret for this subscription, base64url without padding, 16 bytes.
    pub auth: String,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Subscription> {
    Ok(Subscription {
        id: row.get(0)?,
        operator: row.get(1)?,
        endpoint: row.get(2)?,
        p256dh: row.get(3)?,
        auth: row.get(4)?,
    })
}

/// A browser belongs to who signed in on it last.
pub fn put(
    conn: &Connection,
    operator: &str,
    endpoint: &str,
    p256dh: &str,
    auth: &str,
    now: UnixMs,
) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO push_subscription (operator, endpoint, p256dh, auth, created_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (endpoint) DO UPDATE SET operator = excluded.operator, p256dh = excluded.p256dh, auth = excluded.auth",
    )?
    .execute(params![operator, endpoint, p256dh, auth, now.0])?;
    Ok(())
}

/// Whether the box rings this browser, for whomever.
pub fn is_known(conn: &Connection, endpoint: &str) -> Result<bool> {
    let found =
        conn.prepare_cached("SELECT 1 FROM push_subscription WHERE endpoint = ?1")?.exists([endpoint])?;
    Ok(found)
}

/// The browsers of a person who may still sign in.
pub fn of(conn: &Connection, operator: &str) -> Result<Vec<Subscription>> {
    let mut statement = conn.prepare_cached(
        "SELECT p.id, p.operator, p.endpoint, p.p256dh, p.auth FROM push_subscription p
         JOIN operator o ON o.name = p.operator
         WHERE p.operator = ?1 AND o.disabled_at IS NULL ORDER BY p.id",
    )?;
    let rows = statement.query_map([operator], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Who has a browser that rings.
pub fn people(conn: &Connection) -> Result<Vec<String>> {
    let mut statement = conn.prepare_cached(
        "SELECT DISTINCT p.operator FROM push_subscription p JOIN operator o ON o.name = p.operator
         WHERE o.disabled_at IS NULL ORDER BY p.operator",
    )?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The person takes their browser away. False if it was not theirs.
pub fn remove(conn: &Connection, operator: &str, endpoint: &str) -> Result<bool> {
    let gone = conn
        .prepare_cached("DELETE FROM push_subscription WHERE operator = ?1 AND endpoint = ?2")?
        .execute(params![operator, endpoint])?;
    Ok(gone == 1)
}

/// The push service says that it no longer exists.
pub fn gone(conn: &Connection, id: i64) -> Result<()> {
    conn.prepare_cached("DELETE FROM push_subscription WHERE id = ?1")?.execute([id])?;
    Ok(())
}
