//! How each channel to people fares, and what it showed for an escalation that can be taken back.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Result;
use crate::clock::UnixMs;

/// What is known of a channel by what became of its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing was sent since it was configured.
    Untried,
    /// The last call arrived at its server.
    Working,
    /// The last call did not.
    Failing,
    /// Its server said that it is gone for good: nothing is tried until it is configured anew, but for tests.
    Dead,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Untried => "untried",
            State::Working => "working",
            State::Failing => "failing",
            State::Dead => "dead",
        }
    }

    fn parse(name: &str) -> State {
        match name {
            "working" => State::Working,
            "failing" => State::Failing,
            "dead" => State::Dead,
            _ => State::Untried,
        }
    }
}

/// A channel's row.
#[derive(Debug, Clone)]
pub struct Health {
    pub name: String,
    pub state: State,
    pub delivered_at: Option<UnixMs>,
    pub failed_at: Option<UnixMs>,
    /// Why the last failure was one.
    pub why: Option<String>,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Health> {
    let at = |i: usize| -> rusqlite::Result<Option<UnixMs>> { Ok(row.get::<_, Option<i64>>(i)?.map(UnixMs)) };
    let state: String = row.get(1)?;
    Ok(Health {
        name: row.get(0)?,
        state: State::parse(&state),
        delivered_at: at(2)?,
        failed_at: at(3)?,
        why: row.get(4)?,
    })
}

/// The channel is configured this way (`config` is a digest). Another way than before: it may be tried again.
pub fn configured(conn: &Connection, name: &str, config: &str) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO channel_health (name, state, config) VALUES (?1, 'untried', ?2)
         ON CONFLICT (name) DO UPDATE SET
           state = CASE WHEN config = excluded.config THEN state ELSE 'untried' END, config = excluded.config",
    )?
    .execute(params![name, config])?;
    Ok(())
}

pub fn health(conn: &Connection, name: &str) -> Result<Option<Health>> {
    Ok(conn
        .prepare_cached(
            "SELECT name, state, delivered_at, failed_at, why FROM channel_health WHERE name = ?1",
        )?
        .query_row([name], read)
        .optional()?)
}

pub fn worked(conn: &Connection, name: &str, now: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO channel_health (name, state, delivered_at) VALUES (?1, 'working', ?2)
         ON CONFLICT (name) DO UPDATE SET state = 'working', delivered_at = excluded.delivered_at",
    )?
    .execute(params![name, now.0])?;
    Ok(())
}

/// What was broken beside the calls themselves is mended: nothing was delivered by that.
pub fn mended(conn: &Connection, name: &str) -> Result<()> {
    conn.prepare_cached(
        "UPDATE channel_health SET state = CASE WHEN delivered_at IS NULL THEN 'untried' ELSE 'working' END
         WHERE name = ?1 AND state IN ('failing', 'dead')",
    )?
    .execute([name])?;
    Ok(())
}

/// `dead`: its server said that it is gone for good.
pub fn failed(conn: &Connection, name: &str, why: &str, dead: bool, now: UnixMs) -> Result<()> {
    let state = if dead { State::Dead } else { State::Failing };
    conn.prepare_cached(
        "INSERT INTO channel_health (name, state, failed_at, why) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (name) DO UPDATE SET state = excluded.state, failed_at = excluded.failed_at, why = excluded.why",
    )?
    .execute(params![name, state.name(), now.0, why])?;
    Ok(())
}

/// Something that a channel shows people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub escalation_id: i64,
    pub channel: String,
    /// The channel's own name of it: Slack's `channel ts`. May be empty.
    pub mark: String,
    pub shown_at: UnixMs,
}

/// The channel shows this escalation. The first mark stays.
pub fn shown(conn: &Connection, escalation_id: i64, channel: &str, mark: &str, now: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO shown_call (escalation_id, channel, mark, shown_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (escalation_id, channel) DO UPDATE SET
           mark = CASE WHEN mark = '' THEN excluded.mark ELSE mark END, silenced_at = NULL",
    )?
    .execute(params![escalation_id, channel, mark, now.0])?;
    Ok(())
}

pub fn shown_by(conn: &Connection, escalation_id: i64, channel: &str) -> Result<Option<Shown>> {
    Ok(conn
        .prepare_cached(
            "SELECT escalation_id, channel, mark, shown_at FROM shown_call WHERE escalation_id = ?1 AND channel = ?2",
        )?
        .query_row(params![escalation_id, channel], read_shown)
        .optional()?)
}

fn read_shown(row: &Row<'_>) -> rusqlite::Result<Shown> {
    Ok(Shown {
        escalation_id: row.get(0)?,
        channel: row.get(1)?,
        mark: row.get(2)?,
        shown_at: UnixMs(row.get(3)?),
    })
}

/// What is still shown although somebody looks after it, or it is closed.
pub fn to_silence(conn: &Connection) -> Result<Vec<Shown>> {
    let mut statement = conn.prepare_cached(
        "SELECT s.escalation_id, s.channel, s.mark, s.shown_at FROM shown_call s
         JOIN escalation e ON e.id = s.escalation_id
         WHERE s.silenced_at IS NULL AND (e.acked_at IS NOT NULL OR e.closed_at IS NOT NULL)
         ORDER BY s.escalation_id, s.channel",
    )?;
    let rows = statement.query_map([], read_shown)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn silenced(conn: &Connection, escalation_id: i64, channel: &str, now: UnixMs) -> Result<()> {
    conn.prepare_cached("UPDATE shown_call SET silenced_at = ?3 WHERE escalation_id = ?1 AND channel = ?2")?
        .execute(params![escalation_id, channel, now.0])?;
    Ok(())
}
