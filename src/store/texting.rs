//! What text providers told us: statuses, webhooks taken, unknown shapes, and where reading stands.

use rusqlite::{Connection, OptionalExtension, params};

use super::Result;
use crate::clock::UnixMs;
use crate::site::E164;

/// Webhooks are known again for this long: 28 days, in milliseconds.
const HOOKS_KEPT_MS: i64 = 28 * 24 * 3600 * 1000;
/// Numbers that are asked after at most, for providers that list only by participant.
const MOST_NUMBERS: u32 = 50;

/// Whether a text of this provider's id is known, in or out.
pub fn is_known(conn: &Connection, provider_id: &str) -> Result<bool> {
    Ok(conn
        .prepare_cached(
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM outbox WHERE provider_id = ?1)
             OR EXISTS (SELECT 1 FROM message WHERE provider_id = ?1)",
        )?
        .query_row([provider_id], |_| Ok(()))
        .optional()?
        .is_some())
}

/// Ids of the latest 100 texts to this address that are accounted for: a look-up must find another one.
pub fn known_ids(conn: &Connection, address: &str) -> Result<Vec<String>> {
    let mut statement = conn.prepare_cached(
        "SELECT coalesce(o.provider_id, m.provider_id) FROM message m JOIN thread t ON t.id = m.thread_id
         LEFT JOIN outbox o ON o.message_id = m.id
         WHERE t.channel = 'sms' AND t.address = ?1 AND m.direction = 'out'
         AND (o.provider_id IS NOT NULL OR m.provider_id IS NOT NULL) ORDER BY m.id DESC LIMIT 100",
    )?;
    let rows = statement.query_map([address], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Notes what became of a text. `delivered` is the last word. True if this is news.
pub fn set_status(
    conn: &Connection,
    provider_id: &str,
    delivery: &str,
    why: Option<&str>,
    now: UnixMs,
) -> Result<bool> {
    let changed = conn
        .prepare_cached(
            "INSERT INTO text_status (provider_id, delivery, why, at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (provider_id) DO UPDATE SET delivery = excluded.delivery, why = excluded.why, at = excluded.at
             WHERE text_status.delivery = 'failed' AND excluded.delivery = 'delivered'",
        )?
        .execute(params![provider_id, delivery, why, now.0])?;
    Ok(changed == 1)
}

/// What the provider said became of a text, and why.
pub fn status(conn: &Connection, provider_id: &str) -> Result<Option<(String, Option<String>)>> {
    Ok(conn
        .prepare_cached("SELECT delivery, why FROM text_status WHERE provider_id = ?1")?
        .query_row([provider_id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

/// Whether the provider reports deliveries at all: it has done so since `since`.
pub fn reports_deliveries(conn: &Connection, since: UnixMs) -> Result<bool> {
    Ok(conn
        .prepare_cached("SELECT 1 FROM text_status WHERE at >= ?1 LIMIT 1")?
        .query_row([since.0], |_| Ok(()))
        .optional()?
        .is_some())
}

pub fn hook_seen(conn: &Connection, id: &str) -> Result<bool> {
    Ok(conn
        .prepare_cached("SELECT 1 FROM hook_seen WHERE id = ?1")?
        .query_row([id], |_| Ok(()))
        .optional()?
        .is_some())
}

/// Notes a webhook as taken, and forgets those of 28 days ago.
pub fn see_hook(conn: &Connection, id: &str, now: UnixMs) -> Result<()> {
    conn.prepare_cached("DELETE FROM hook_seen WHERE at < ?1")?.execute([now.0 - HOOKS_KEPT_MS])?;
    conn.prepare_cached("INSERT OR IGNORE INTO hook_seen (id, at) VALUES (?1, ?2)")?
        .execute(params![id, now.0])?;
    Ok(())
}

/// Keeps what nobody here understands. `None`: it is known; else how many of its kind came since `since`.
pub fn keep_unknown(
    conn: &Connection,
    (id, provider, kind, raw): (&str, &str, &str, &str),
    since: UnixMs,
    now: UnixMs,
) -> Result<Option<u32>> {
    let before = conn
        .prepare_cached("SELECT count(*) FROM text_unknown WHERE provider = ?1 AND kind = ?2 AND at >= ?3")?
        .query_row(params![provider, kind, since.0], |row| row.get(0))?;
    let changed = conn
        .prepare_cached(
            "INSERT OR IGNORE INTO text_unknown (id, provider, kind, raw, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![id, provider, kind, raw, now.0])?;
    Ok((changed == 1).then_some(before))
}

/// When a customer's text last came in.
pub fn last_in(conn: &Connection) -> Result<Option<UnixMs>> {
    let at: Option<i64> = conn
        .prepare_cached(
            "SELECT m.received_at FROM message m JOIN thread t ON t.id = m.thread_id
             WHERE t.channel = 'sms' AND m.direction = 'in' ORDER BY m.id DESC LIMIT 1",
        )?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(at.map(UnixMs))
}

/// Whether this conversation had a text of the customer's since `since`, calls apart.
pub fn wrote_since(conn: &Connection, thread_id: i64, since: UnixMs) -> Result<bool> {
    Ok(conn
        .prepare_cached(
            "SELECT 1 FROM message WHERE thread_id = ?1 AND direction = 'in' AND received_at >= ?2
             AND dedupe_key NOT LIKE 'call:%' LIMIT 1",
        )?
        .query_row(params![thread_id, since.0], |_| Ok(()))
        .optional()?
        .is_some())
}

/// Numbers with a conversation since `since`, the latest first.
pub fn numbers(conn: &Connection, since: UnixMs) -> Result<Vec<E164>> {
    let mut statement = conn.prepare_cached(
        "SELECT address FROM thread WHERE channel = 'sms' AND last_at >= ?1 ORDER BY last_at DESC LIMIT ?2",
    )?;
    let rows = statement.query_map(params![since.0, MOST_NUMBERS], |row| row.get::<_, String>(0))?;
    let addresses: Vec<String> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(addresses.iter().filter_map(|a| a.parse().ok()).collect())
}

fn moment(conn: &Connection, key: &str) -> Result<Option<UnixMs>> {
    Ok(super::journal::meta(conn, key)?.and_then(|v| v.parse().ok()).map(UnixMs))
}

/// Up to where the provider's list has been read, by its own clock.
pub fn cursor(conn: &Connection) -> Result<Option<UnixMs>> {
    moment(conn, "texts.cursor")
}

/// Moves the cursor forward; never back.
pub fn set_cursor(conn: &Connection, at: UnixMs) -> Result<()> {
    if cursor(conn)?.is_none_or(|known| known < at) {
        super::journal::set_meta(conn, "texts.cursor", &at.0.to_string())?;
    }
    Ok(())
}

/// What was written before this moment was not for the box: somebody answered it by hand. Set once.
pub fn begun(conn: &Connection) -> Result<Option<UnixMs>> {
    moment(conn, "texts.begun")
}

pub fn set_begun(conn: &Connection, at: UnixMs) -> Result<()> {
    super::journal::set_meta(conn, "texts.begun", &at.0.to_string())
}
