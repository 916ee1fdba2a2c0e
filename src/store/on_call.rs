//! Who is on call, in which order people are called.

use rusqlite::{Connection, OptionalExtension, params};

use super::Result;
use crate::clock::UnixMs;

/// An order of people. The latest one whose time has not run out is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The first is on call.
    pub people: Vec<String>,
    pub since: UnixMs,
    /// `None`: until the next order.
    pub until: Option<UnixMs>,
    pub by: String,
}

pub fn set(conn: &Connection, order: &Order) -> Result<()> {
    conn.prepare_cached("INSERT INTO on_call (people, since, until, by) VALUES (?1, ?2, ?3, ?4)")?.execute(
        params![
            serde_json::to_string(&order.people)?,
            order.since.0,
            order.until.map(|until| until.0),
            order.by
        ],
    )?;
    Ok(())
}

/// The order in force at `now`. `None`: nobody ever changed the site's own.
pub fn at(conn: &Connection, now: UnixMs) -> Result<Option<Order>> {
    Ok(conn
        .prepare_cached(
            "SELECT people, since, until, by FROM on_call WHERE until IS NULL OR until > ?1
             ORDER BY id DESC LIMIT 1",
        )?
        .query_row([now.0], |row| {
            Ok(Order {
                people: serde_json::from_str(&row.get::<_, String>(0)?).unwrap_or_default(),
                since: UnixMs(row.get(1)?),
                until: row.get::<_, Option<i64>>(2)?.map(UnixMs),
                by: row.get(3)?,
            })
        })
        .optional()?)
}
