//! Numbers about everything, for the metrics page. Holds no customer's data.

use rusqlite::Connection;

use super::Result;

/// How often each value of a column (or pair of columns) stands in a table.
pub type Tally = Vec<(String, String, i64)>;

/// What only ever grows.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Direction (`in`, `out`) and channel.
    pub messages: Tally,
    /// Who decided (`rule`, `model`, `llm`, `context`); the second is empty.
    pub turns: Tally,
    /// Effect and outcome, of those that have ended.
    pub effects: Tally,
    /// Level; the second is empty.
    pub escalations: Tally,
    /// Texts to customers by channel and how they ended (`sent`, `failed`, `maybe`, `cancelled`).
    pub texts: Tally,
    /// Calls to people by channel and how they ended (`sent`, `failed`, `cancelled`).
    pub alerts: Tally,
    /// What the provider says became of texts (`delivered`, `failed`); the second is empty.
    pub deliveries: Tally,
    /// Milliseconds from a turn being due to its decision being committed.
    pub latencies: Vec<i64>,
}

/// How it is now.
#[derive(Debug, Clone, Default)]
pub struct Now {
    /// Effects that have not ended; the second is empty.
    pub effects_open: Tally,
    /// Open escalations by level; the second is empty.
    pub escalations_open: Tally,
    /// Of those the ones nobody has acknowledged; the second is empty.
    pub unacknowledged: Tally,
    /// When the oldest of these was opened, Unix ms.
    pub oldest_unacknowledged: Option<i64>,
    /// State (`queued`, `sending`) and channel of what has not left.
    pub outbox: Tally,
    /// The same of calls to people.
    pub alerts_waiting: Tally,
    /// Channels to people: name, state, and when a call last arrived, Unix ms.
    pub channels: Vec<(String, String, Option<i64>)>,
    pub tickets_open: i64,
    pub incidents_open: i64,
    pub devices_offline: i64,
}

fn tally(conn: &Connection, sql: &str) -> Result<Tally> {
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn one(conn: &Connection, sql: &str) -> Result<i64> {
    Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

pub fn counts(conn: &Connection) -> Result<Counts> {
    let mut latencies =
        conn.prepare_cached("SELECT max(0, decided_at - due_at) FROM turn WHERE decided_at IS NOT NULL")?;
    Ok(Counts {
        messages: tally(
            conn,
            "SELECT m.direction, t.channel, count(*) FROM message m JOIN thread t ON t.id = m.thread_id GROUP BY 1, 2",
        )?,
        turns: tally(
            conn,
            "SELECT coalesce(by, 'none'), '', count(*) FROM turn WHERE state = 'done' GROUP BY 1",
        )?,
        effects: tally(
            conn,
            "SELECT effect, outcome, count(*) FROM effect WHERE outcome IS NOT NULL GROUP BY 1, 2",
        )?,
        escalations: tally(conn, "SELECT level, '', count(*) FROM escalation GROUP BY 1")?,
        texts: tally(
            conn,
            "SELECT channel, state, count(*) FROM outbox WHERE state NOT IN ('queued','sending') GROUP BY 1, 2",
        )?,
        alerts: tally(
            conn,
            "SELECT channel, state, count(*) FROM alert WHERE state NOT IN ('queued','sending') GROUP BY 1, 2",
        )?,
        deliveries: tally(conn, "SELECT delivery, '', count(*) FROM text_status GROUP BY 1")?,
        latencies: latencies.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?,
    })
}

fn channels(conn: &Connection) -> Result<Vec<(String, String, Option<i64>)>> {
    let mut statement =
        conn.prepare_cached("SELECT name, state, delivered_at FROM channel_health ORDER BY name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn now(conn: &Connection) -> Result<Now> {
    let waits = "closed_at IS NULL AND acked_at IS NULL";
    Ok(Now {
        effects_open: tally(
            conn,
            "SELECT effect, '', count(*) FROM effect WHERE outcome IS NULL GROUP BY 1",
        )?,
        escalations_open: tally(
            conn,
            "SELECT level, '', count(*) FROM escalation WHERE closed_at IS NULL GROUP BY 1",
        )?,
        unacknowledged: tally(
            conn,
            &format!("SELECT level, '', count(*) FROM escalation WHERE {waits} GROUP BY 1"),
        )?,
        oldest_unacknowledged: conn
            .prepare_cached(&format!("SELECT min(opened_at) FROM escalation WHERE {waits}"))?
            .query_row([], |row| row.get(0))?,
        outbox: tally(
            conn,
            "SELECT state, channel, count(*) FROM outbox WHERE state IN ('queued','sending') GROUP BY 1, 2",
        )?,
        alerts_waiting: tally(
            conn,
            "SELECT state, channel, count(*) FROM alert WHERE state IN ('queued','sending') GROUP BY 1, 2",
        )?,
        channels: channels(conn)?,
        tickets_open: one(conn, "SELECT count(*) FROM ticket WHERE closed_at IS NULL")?,
        incidents_open: one(conn, "SELECT count(*) FROM incident WHERE closed_at IS NULL")?,
        devices_offline: one(conn, "SELECT count(*) FROM device_status WHERE online = 0")?,
    })
}
