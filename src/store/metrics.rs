//! Numbers about everything, for the metrics page. Holds no customer's data.

use rusqlite::Connection;

use super::Result;

/// How often each value of a column (or pair of columns) stands in a table.
pub type Tally = Vec<(String, String, i64)>;

#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Direction (`in`, `out`) and channel.
    pub messages: Tally,
    /// Who decided (`rule`, `model`, `llm`, `context`); the second is empty.
    pub turns: Tally,
    /// Effect and outcome; `open` has not ended.
    pub effects: Tally,
    /// Level; the second is `open` or `closed`.
    pub escalations: Tally,
    /// State of the outbox and channel.
    pub outbox: Tally,
    pub tickets_open: i64,
    pub unacknowledged: i64,
    pub devices_offline: i64,
    /// Milliseconds from a turn being due to its decision being committed.
    pub latencies: Vec<i64>,
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
        effects: tally(conn, "SELECT effect, coalesce(outcome, 'open'), count(*) FROM effect GROUP BY 1, 2")?,
        escalations: tally(
            conn,
            "SELECT level, CASE WHEN closed_at IS NULL THEN 'open' ELSE 'closed' END, count(*) FROM escalation GROUP BY 1, 2",
        )?,
        outbox: tally(conn, "SELECT state, channel, count(*) FROM outbox GROUP BY 1, 2")?,
        tickets_open: one(conn, "SELECT count(*) FROM ticket WHERE closed_at IS NULL")?,
        unacknowledged: one(
            conn,
            "SELECT count(*) FROM escalation WHERE closed_at IS NULL AND acked_at IS NULL",
        )?,
        devices_offline: one(conn, "SELECT count(*) FROM device_status WHERE online = 0")?,
        latencies: latencies.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?,
    })
}
