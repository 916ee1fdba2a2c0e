//! Escalations and the alerts that call people to them.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Result;
use crate::clock::UnixMs;

#[derive(Debug, Clone)]
pub struct Escalation {
    pub id: i64,
    pub thread_id: Option<i64>,
    pub episode_id: Option<i64>,
    pub intent: String,
    /// `low`, `medium`, `high`, `critical`.
    pub level: String,
    /// The level whose ladder of alerts it climbs.
    pub timed_as: String,
    pub reason: String,
    pub summary: String,
    /// JSON: everything a person needs to go on.
    pub packet: String,
    pub opened_at: UnixMs,
    pub first_alert_at: UnixMs,
    pub step: u32,
    pub delivered_at: Option<UnixMs>,
    pub acked_by: Option<String>,
    pub acked_at: Option<UnixMs>,
    pub closed_by: Option<String>,
    pub closed_at: Option<UnixMs>,
}

const COLUMNS: &str = "id, thread_id, episode_id, intent, level, timed_as, reason, summary, packet, opened_at, \
                       first_alert_at, step, delivered_at, acked_by, acked_at, closed_by, closed_at";

fn read(row: &Row<'_>) -> rusqlite::Result<Escalation> {
    let at = |i: usize| -> rusqlite::Result<Option<UnixMs>> { Ok(row.get::<_, Option<i64>>(i)?.map(UnixMs)) };
    Ok(Escalation {
        id: row.get(0)?,
        thread_id: row.get(1)?,
        episode_id: row.get(2)?,
        intent: row.get(3)?,
        level: row.get(4)?,
        timed_as: row.get(5)?,
        reason: row.get(6)?,
        summary: row.get(7)?,
        packet: row.get(8)?,
        opened_at: UnixMs(row.get(9)?),
        first_alert_at: UnixMs(row.get(10)?),
        step: row.get(11)?,
        delivered_at: at(12)?,
        acked_by: row.get(13)?,
        acked_at: at(14)?,
        closed_by: row.get(15)?,
        closed_at: at(16)?,
    })
}

#[derive(Debug, Clone)]
pub struct NewEscalation<'a> {
    pub thread_id: Option<i64>,
    pub episode_id: Option<i64>,
    pub intent: &'a str,
    pub level: &'a str,
    pub timed_as: &'a str,
    pub reason: &'a str,
    pub summary: &'a str,
    pub packet: &'a str,
    pub first_alert_at: UnixMs,
}

pub fn insert(conn: &Connection, new: &NewEscalation<'_>, now: UnixMs) -> Result<i64> {
    conn.prepare_cached(
        "INSERT INTO escalation (thread_id, episode_id, intent, level, timed_as, reason, summary, packet, opened_at, first_alert_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        new.thread_id,
        new.episode_id,
        new.intent,
        new.level,
        new.timed_as,
        new.reason,
        new.summary,
        new.packet,
        now.0,
        new.first_alert_at.0
    ])?;
    Ok(conn.last_insert_rowid())
}

/// A second matter of the same call.
pub fn also(conn: &Connection, id: i64, summary: &str) -> Result<()> {
    conn.prepare_cached("UPDATE escalation SET summary = summary || '; ' || ?2 WHERE id = ?1")?
        .execute(params![id, summary])?;
    Ok(())
}

pub fn get(conn: &Connection, id: i64) -> Result<Option<Escalation>> {
    Ok(conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM escalation WHERE id = ?1"))?
        .query_row([id], read)
        .optional()?)
}

fn list(conn: &Connection, tail: &str, args: &[&dyn rusqlite::ToSql]) -> Result<Vec<Escalation>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM escalation {tail}"))?;
    let rows = statement.query_map(args, read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Escalations of this thread that are not closed, oldest first.
pub fn open_on_thread(conn: &Connection, thread_id: i64) -> Result<Vec<Escalation>> {
    list(conn, "WHERE thread_id = ?1 AND closed_at IS NULL ORDER BY id", &[&thread_id])
}

/// All escalations of this thread, oldest first.
pub fn of_thread(conn: &Connection, thread_id: i64) -> Result<Vec<Escalation>> {
    list(conn, "WHERE thread_id = ?1 ORDER BY id", &[&thread_id])
}

/// All that are not closed; un-acknowledged first, then by age.
pub fn open(conn: &Connection) -> Result<Vec<Escalation>> {
    list(conn, "WHERE closed_at IS NULL ORDER BY acked_at IS NOT NULL, opened_at", &[])
}

/// All of them in order, for `simulate --trace`.
pub fn all(conn: &Connection) -> Result<Vec<Escalation>> {
    list(conn, "ORDER BY id", &[])
}

pub fn set_step(conn: &Connection, id: i64, step: u32) -> Result<()> {
    conn.prepare_cached("UPDATE escalation SET step = ?2 WHERE id = ?1")?.execute(params![id, step])?;
    Ok(())
}

pub fn set_packet(conn: &Connection, id: i64, packet: &str) -> Result<()> {
    conn.prepare_cached("UPDATE escalation SET packet = ?2 WHERE id = ?1")?.execute(params![id, packet])?;
    Ok(())
}

/// Raises the level of an escalation whose matter became more urgent: its ladder begins anew.
pub fn raise(conn: &Connection, id: i64, level: &str, timed_as: &str, first_alert_at: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "UPDATE escalation SET level = ?2, timed_as = ?3, step = 0, first_alert_at = ?4 WHERE id = ?1",
    )?
    .execute(params![id, level, timed_as, first_alert_at.0])?;
    Ok(())
}

/// Nobody has acknowledged these, nor are they closed.
pub fn waiting(conn: &Connection) -> Result<Vec<Escalation>> {
    list(conn, "WHERE closed_at IS NULL AND acked_at IS NULL ORDER BY id", &[])
}

/// Open ones of this kind that belong to no conversation.
pub fn open_of(conn: &Connection, intent: &str) -> Result<Vec<Escalation>> {
    list(conn, "WHERE intent = ?1 AND thread_id IS NULL AND closed_at IS NULL ORDER BY id", &[&intent])
}

/// Somebody looks after it: channels that were called are to be told, if any was.
pub fn silence(conn: &Connection, id: i64) -> Result<()> {
    conn.prepare_cached(
        "UPDATE escalation SET to_silence = 1 WHERE id = ?1
         AND EXISTS (SELECT 1 FROM alert WHERE escalation_id = ?1 AND state = 'sent')",
    )?
    .execute([id])?;
    Ok(())
}

pub fn to_silence(conn: &Connection) -> Result<Vec<Escalation>> {
    list(conn, "WHERE to_silence = 1 ORDER BY id", &[])
}

pub fn silenced(conn: &Connection, id: i64) -> Result<()> {
    conn.prepare_cached("UPDATE escalation SET to_silence = 0 WHERE id = ?1")?.execute([id])?;
    Ok(())
}

pub fn delivered(conn: &Connection, id: i64, now: UnixMs) -> Result<()> {
    conn.prepare_cached("UPDATE escalation SET delivered_at = coalesce(delivered_at, ?2) WHERE id = ?1")?
        .execute(params![id, now.0])?;
    Ok(())
}

/// The first acknowledgement counts. False if somebody was faster.
pub fn acknowledge(conn: &Connection, id: i64, by: &str, now: UnixMs) -> Result<bool> {
    Ok(conn
        .prepare_cached(
            "UPDATE escalation SET acked_by = ?2, acked_at = ?3 WHERE id = ?1 AND acked_at IS NULL",
        )?
        .execute(params![id, by, now.0])?
        == 1)
}

pub fn close(conn: &Connection, id: i64, by: &str, now: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "UPDATE escalation SET closed_by = ?2, closed_at = ?3 WHERE id = ?1 AND closed_at IS NULL",
    )?
    .execute(params![id, by, now.0])?;
    Ok(())
}

/// One call of one person over one channel.
#[derive(Debug, Clone)]
pub struct Alert {
    pub id: i64,
    pub escalation_id: i64,
    /// One name, or several with commas where the channel is the whole site's; see [`Alert::people`].
    pub person: String,
    pub channel: String,
    pub state: String,
    pub queued_at: UnixMs,
    pub sent_at: Option<UnixMs>,
    pub error: Option<String>,
    /// The step of the ladder it was called on.
    pub round: u32,
}

impl Alert {
    /// Everybody it is meant for.
    pub fn people(&self) -> impl Iterator<Item = &str> {
        self.person.split(", ")
    }
}

fn read_alert(row: &Row<'_>) -> rusqlite::Result<Alert> {
    Ok(Alert {
        id: row.get(0)?,
        escalation_id: row.get(1)?,
        person: row.get(2)?,
        channel: row.get(3)?,
        state: row.get(4)?,
        queued_at: UnixMs(row.get(5)?),
        sent_at: row.get::<_, Option<i64>>(6)?.map(UnixMs),
        error: row.get(7)?,
        round: row.get(8)?,
    })
}

const ALERT: &str =
    "SELECT id, escalation_id, person, channel, state, queued_at, sent_at, error, round FROM alert";

pub fn queue_alert(
    conn: &Connection,
    escalation_id: i64,
    person: &str,
    channel: &str,
    round: u32,
    now: UnixMs,
) -> Result<i64> {
    conn.prepare_cached(
        "INSERT INTO alert (escalation_id, person, channel, state, queued_at, round)
         VALUES (?1, ?2, ?3, 'queued', ?4, ?5)",
    )?
    .execute(params![escalation_id, person, channel, now.0, round])?;
    Ok(conn.last_insert_rowid())
}

/// A call that still waits is meant for these now, on this round.
pub fn readdress(conn: &Connection, id: i64, person: &str, round: u32) -> Result<()> {
    conn.prepare_cached("UPDATE alert SET person = ?2, round = ?3 WHERE id = ?1 AND state = 'queued'")?
        .execute(params![id, person, round])?;
    Ok(())
}

pub fn alert(conn: &Connection, id: i64) -> Result<Option<Alert>> {
    Ok(conn.prepare_cached(&format!("{ALERT} WHERE id = ?1"))?.query_row([id], read_alert).optional()?)
}

pub fn alerts_in(conn: &Connection, state: &str) -> Result<Vec<Alert>> {
    let mut statement = conn.prepare_cached(&format!("{ALERT} WHERE state = ?1 ORDER BY id"))?;
    let rows = statement.query_map([state], read_alert)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn alerts_of(conn: &Connection, escalation_id: i64) -> Result<Vec<Alert>> {
    let mut statement = conn.prepare_cached(&format!("{ALERT} WHERE escalation_id = ?1 ORDER BY id"))?;
    let rows = statement.query_map([escalation_id], read_alert)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn set_alert(
    conn: &Connection,
    id: i64,
    state: &str,
    sent_at: Option<UnixMs>,
    error: Option<&str>,
) -> Result<()> {
    conn.prepare_cached(
        "UPDATE alert SET state = ?2, sent_at = coalesce(?3, sent_at), error = ?4 WHERE id = ?1",
    )?
    .execute(params![id, state, sent_at.map(|t| t.0), error])?;
    Ok(())
}

/// Acknowledged: alerts that have not left are not sent any more.
pub fn cancel_alerts(conn: &Connection, escalation_id: i64) -> Result<()> {
    conn.prepare_cached(
        "UPDATE alert SET state = 'cancelled' WHERE escalation_id = ?1 AND state = 'queued'",
    )?
    .execute([escalation_id])?;
    Ok(())
}
