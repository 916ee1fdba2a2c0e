//! The journal of effects: requested, authorised, sent, acknowledged, then exactly one outcome.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Result;
use crate::clock::UnixMs;
use crate::site::{Effect, Outcome, Target};

#[derive(Debug, Clone)]
pub struct EffectRow {
    pub id: i64,
    pub effect: Effect,
    pub target: Target,
    pub value: Option<f32>,
    pub tier: String,
    pub asked_by: String,
    pub approved_by: Option<String>,
    pub thread_id: Option<i64>,
    pub episode_id: Option<i64>,
    pub booking_id: Option<String>,
    /// `requested`, `authorised`, `sent`, `acknowledged`, `ended`.
    pub state: String,
    pub outcome: Option<Outcome>,
    pub reason: Option<String>,
    pub requested_at: UnixMs,
    pub dispatched_at: Option<UnixMs>,
    pub sent_at: Option<UnixMs>,
    pub ended_at: Option<UnixMs>,
    pub deadline_at: Option<UnixMs>,
    pub expires_at: UnixMs,
    pub verification: Option<String>,
    pub opened: Option<bool>,
    pub told: bool,
    pub simulated: bool,
}

const COLUMNS: &str = "id, effect, target, value, tier, asked_by, approved_by, thread_id, episode_id, booking_id, \
                       state, outcome, reason, requested_at, dispatched_at, sent_at, ended_at, deadline_at, \
                       expires_at, verification, opened, told, simulated";

fn read(row: &Row<'_>) -> rusqlite::Result<EffectRow> {
    let at = |i: usize| -> rusqlite::Result<Option<UnixMs>> { Ok(row.get::<_, Option<i64>>(i)?.map(UnixMs)) };
    let name: String = row.get(1)?;
    let effect = Effect::parse(&name).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(
            1,
            rusqlite::types::Type::Text,
            format!("no effect {name}").into(),
        )
    })?;
    Ok(EffectRow {
        id: row.get(0)?,
        effect,
        target: Target::new(row.get::<_, String>(2)?),
        value: row.get::<_, Option<f64>>(3)?.map(|v| v as f32),
        tier: row.get(4)?,
        asked_by: row.get(5)?,
        approved_by: row.get(6)?,
        thread_id: row.get(7)?,
        episode_id: row.get(8)?,
        booking_id: row.get(9)?,
        state: row.get(10)?,
        outcome: row.get::<_, Option<String>>(11)?.and_then(|o| Outcome::parse(&o)),
        reason: row.get(12)?,
        requested_at: UnixMs(row.get(13)?),
        dispatched_at: at(14)?,
        sent_at: at(15)?,
        ended_at: at(16)?,
        deadline_at: at(17)?,
        expires_at: UnixMs(row.get(18)?),
        verification: row.get(19)?,
        opened: row.get(20)?,
        told: row.get(21)?,
        simulated: row.get(22)?,
    })
}

/// Who asks for what, as it is journaled before the gate has spoken.
#[derive(Debug, Clone)]
pub struct NewEffect<'a> {
    pub effect: Effect,
    pub target: &'a Target,
    pub value: Option<f32>,
    pub tier: &'a str,
    pub asked_by: &'a str,
    pub approved_by: Option<&'a str>,
    pub thread_id: Option<i64>,
    pub episode_id: Option<i64>,
    pub booking_id: Option<&'a str>,
    pub simulated: bool,
}

pub fn request(conn: &Connection, new: &NewEffect<'_>, now: UnixMs) -> Result<i64> {
    conn.prepare_cached(
        "INSERT INTO effect (effect, target, value, tier, asked_by, approved_by, thread_id, episode_id, booking_id,
                             state, requested_at, expires_at, simulated)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'requested', ?10, ?11, ?12)",
    )?
    .execute(params![
        new.effect.name(),
        new.target.as_str(),
        new.value.map(f64::from),
        new.tier,
        new.asked_by,
        new.approved_by,
        new.thread_id,
        new.episode_id,
        new.booking_id,
        now.0,
        (now + new.effect.expires_after()).0,
        new.simulated
    ])?;
    Ok(conn.last_insert_rowid())
}

pub fn get(conn: &Connection, id: i64) -> Result<Option<EffectRow>> {
    Ok(conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM effect WHERE id = ?1"))?
        .query_row([id], read)
        .optional()?)
}

fn list(conn: &Connection, tail: &str, args: &[&dyn rusqlite::ToSql]) -> Result<Vec<EffectRow>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM effect {tail}"))?;
    let rows = statement.query_map(args, read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Effects on `target` that have not ended, oldest first.
pub fn open_on(conn: &Connection, target: &Target) -> Result<Vec<EffectRow>> {
    list(conn, "WHERE state <> 'ended' AND target = ?1 ORDER BY id", &[&target.as_str()])
}

/// All effects that have not ended, oldest first.
pub fn open(conn: &Connection) -> Result<Vec<EffectRow>> {
    list(conn, "WHERE state <> 'ended' ORDER BY id", &[])
}

/// Authorised effects that no driver has been given yet.
pub fn undispatched(conn: &Connection) -> Result<Vec<EffectRow>> {
    list(conn, "WHERE state = 'authorised' AND dispatched_at IS NULL ORDER BY id", &[])
}

pub fn of_episode(conn: &Connection, episode_id: i64) -> Result<Vec<EffectRow>> {
    list(conn, "WHERE episode_id = ?1 ORDER BY id", &[&episode_id])
}

pub fn of_thread(conn: &Connection, thread_id: i64) -> Result<Vec<EffectRow>> {
    list(conn, "WHERE thread_id = ?1 ORDER BY id", &[&thread_id])
}

/// The latest `limit` effects, latest first.
pub fn recent(conn: &Connection, limit: u32) -> Result<Vec<EffectRow>> {
    list(conn, "ORDER BY id DESC LIMIT ?1", &[&limit])
}

/// The latest `limit` effects on `target`, latest first.
pub fn recent_on(conn: &Connection, target: &Target, limit: u32) -> Result<Vec<EffectRow>> {
    list(conn, "WHERE target = ?1 ORDER BY id DESC LIMIT ?2", &[&target.as_str(), &limit])
}

/// The last effect on `target` that was asked for under this name.
pub fn last_asked_by(conn: &Connection, target: &Target, name: &str) -> Result<Option<EffectRow>> {
    let rows = list(
        conn,
        "WHERE target = ?1 AND asked_by = ?2 ORDER BY id DESC LIMIT 1",
        &[&target.as_str(), &name],
    )?;
    Ok(rows.into_iter().next())
}

/// When `effect` was last handed to the driver of `target`; what certainly never left does not count.
pub fn last_sent(conn: &Connection, effect: Effect, target: &Target) -> Result<Option<UnixMs>> {
    let at: Option<i64> = conn
        .prepare_cached(
            "SELECT max(coalesce(sent_at, dispatched_at)) FROM effect WHERE effect = ?1 AND target = ?2
                         AND coalesce(outcome, '') NOT IN ('refused', 'expired')",
        )?
        .query_row(params![effect.name(), target.as_str()], |row| row.get(0))?;
    Ok(at.map(UnixMs))
}

/// Unlocks that were sent for this booking without a person (whatever became of them, refused ones apart).
pub fn unlocks_sent(conn: &Connection, booking_id: &str) -> Result<u32> {
    Ok(conn
        .prepare_cached(
            "SELECT count(*) FROM effect WHERE effect = 'door.unlock' AND booking_id = ?1 AND approved_by IS NULL
             AND coalesce(sent_at, dispatched_at) IS NOT NULL AND coalesce(outcome, '') NOT IN ('refused', 'expired', 'failed')",
        )?
        .query_row([booking_id], |row| row.get(0))?)
}

pub fn authorise(conn: &Connection, id: i64, now: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "UPDATE effect SET state = 'authorised', authorised_at = ?2 WHERE id = ?1 AND state = 'requested'",
    )?
    .execute(params![id, now.0])?;
    Ok(())
}

/// Handed to the driver: from here on it may have left, and is never handed over again.
pub fn dispatch(
    conn: &Connection,
    id: i64,
    verification: &str,
    deadline_at: UnixMs,
    now: UnixMs,
) -> Result<()> {
    conn.prepare_cached(
        "UPDATE effect SET dispatched_at = ?2, verification = ?3, deadline_at = ?4 WHERE id = ?1 AND dispatched_at IS NULL",
    )?
    .execute(params![id, now.0, verification, deadline_at.0])?;
    Ok(())
}

/// It left the box. False if that was known already or it has ended.
pub fn sent(conn: &Connection, id: i64, deadline_at: UnixMs, now: UnixMs) -> Result<bool> {
    Ok(conn
        .prepare_cached(
            "UPDATE effect SET state = CASE state WHEN 'authorised' THEN 'sent' ELSE state END, sent_at = ?2, deadline_at = ?3
             WHERE id = ?1 AND sent_at IS NULL AND state <> 'ended'",
        )?
        .execute(params![id, now.0, deadline_at.0])?
        == 1)
}

pub fn progress(conn: &Connection, id: i64, acknowledged: bool, verification: &str) -> Result<()> {
    conn.prepare_cached(
        "UPDATE effect SET verification = ?3, state = CASE WHEN ?2 THEN 'acknowledged' ELSE state END
         WHERE id = ?1 AND state <> 'ended'",
    )?
    .execute(params![id, acknowledged, verification])?;
    Ok(())
}

/// The one ending. False if it has ended before.
pub fn end(conn: &Connection, id: i64, outcome: Outcome, reason: Option<&str>, now: UnixMs) -> Result<bool> {
    let ended = conn
        .prepare_cached(
            "UPDATE effect SET state = 'ended', outcome = ?2, reason = ?3, ended_at = ?4 WHERE id = ?1 AND state <> 'ended'",
        )?
        .execute(params![id, outcome.name(), reason, now.0])?
        == 1;
    conn.prepare_cached("DELETE FROM lease WHERE effect_id = ?1")?.execute([id])?;
    Ok(ended)
}

pub fn set_opened(conn: &Connection, id: i64, opened: bool) -> Result<()> {
    conn.prepare_cached("UPDATE effect SET opened = ?2 WHERE id = ?1 AND opened IS NULL")?
        .execute(params![id, opened])?;
    Ok(())
}

pub fn set_told(conn: &Connection, id: i64) -> Result<()> {
    conn.prepare_cached("UPDATE effect SET told = 1 WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Takes the lease of `target` for `effect_id` until `now + length`. `Err(other)` names the effect that has it.
pub fn lease(
    conn: &Connection,
    target: &Target,
    effect_id: i64,
    length: Duration,
    now: UnixMs,
) -> Result<std::result::Result<(), i64>> {
    let holder: Option<i64> = conn
        .prepare_cached("SELECT effect_id FROM lease WHERE target = ?1 AND until > ?2")?
        .query_row(params![target.as_str(), now.0], |row| row.get(0))
        .optional()?;
    if let Some(other) = holder.filter(|id| *id != effect_id) {
        return Ok(Err(other));
    }
    conn.prepare_cached(
        "INSERT INTO lease (target, effect_id, until) VALUES (?1, ?2, ?3)
         ON CONFLICT (target) DO UPDATE SET effect_id = excluded.effect_id, until = excluded.until",
    )?
    .execute(params![target.as_str(), effect_id, (now + length).0])?;
    Ok(Ok(()))
}

pub fn leased(conn: &Connection, target: &Target, now: UnixMs) -> Result<Option<i64>> {
    Ok(conn
        .prepare_cached("SELECT effect_id FROM lease WHERE target = ?1 AND until > ?2")?
        .query_row(params![target.as_str(), now.0], |row| row.get(0))
        .optional()?)
}
