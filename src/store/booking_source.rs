//! Where bookings come from, and how old each list is.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Result;
use super::booking::{self, Booking};
use super::booking_merge::{overlapping, same_customer};
use crate::clock::UnixMs;

/// How a list reaches the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file on the box, looked at again and again.
    File,
    /// Pushed over the API.
    Push,
    /// A calendar that the box fetches.
    Ical,
    /// Made by the demo itself: it does not get old.
    Demo,
    /// Written down in a scenario.
    Scenario,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::File => "file",
            Kind::Push => "push",
            Kind::Ical => "ical",
            Kind::Demo => "demo",
            Kind::Scenario => "scenario",
        }
    }

    fn parse(name: &str) -> Kind {
        match name {
            "file" => Kind::File,
            "ical" => Kind::Ical,
            "demo" => Kind::Demo,
            "scenario" => Kind::Scenario,
            _ => Kind::Push,
        }
    }

    /// The kind of the list that goes by this name.
    pub fn of(source: &str) -> Kind {
        Kind::parse(source)
    }

    /// Whether the box itself looks whether there is something new.
    pub fn is_polled(self) -> bool {
        matches!(self, Kind::File | Kind::Ical)
    }
}

/// A list of bookings, and how it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub name: String,
    pub kind: Kind,
    /// Last read without an error, changed or not; `None`: never.
    pub read_at: Option<UnixMs>,
    pub changed_at: Option<UnixMs>,
    /// Why the last try failed. Names no secret.
    pub error: Option<String>,
    /// Since when tries fail.
    pub error_at: Option<UnixMs>,
    /// Bookings in the list.
    pub count: i64,
    /// Entries of the list that are no booking.
    pub skipped: i64,
    /// What is wrong with them, in words.
    pub skipped_why: String,
    pub too_old_told: bool,
}

impl Source {
    /// Time since the list was read; the demo's is always fresh. `None`: it was never read.
    pub fn age(&self, now: UnixMs) -> Option<Duration> {
        match self.kind {
            Kind::Demo => Some(Duration::ZERO),
            _ => self.read_at.map(|at| now.since(at)),
        }
    }
}

const COLUMNS: &str = "name, kind, read_at, changed_at, error, error_at, count, skipped, skipped_why,
  too_old_told";

fn read(row: &Row<'_>) -> rusqlite::Result<Source> {
    let moment =
        |i: usize| -> rusqlite::Result<Option<UnixMs>> { Ok(row.get::<_, Option<i64>>(i)?.map(UnixMs)) };
    let kind: String = row.get(1)?;
    Ok(Source {
        name: row.get(0)?,
        kind: Kind::parse(&kind),
        read_at: moment(2)?,
        changed_at: moment(3)?,
        error: row.get(4)?,
        error_at: moment(5)?,
        count: row.get(6)?,
        skipped: row.get(7)?,
        skipped_why: row.get(8)?,
        too_old_told: row.get(9)?,
    })
}

pub fn get(conn: &Connection, name: &str) -> Result<Option<Source>> {
    Ok(conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM booking_source WHERE name = ?1"))?
        .query_row([name], read)
        .optional()?)
}

/// All of them, by name.
pub fn all(conn: &Connection) -> Result<Vec<Source>> {
    let mut statement =
        conn.prepare_cached(&format!("SELECT {COLUMNS} FROM booking_source ORDER BY name"))?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The time since the list that was not read for longest was read; `None` if there is no list, or one
/// that never was.
pub fn oldest(sources: &[Source], now: UnixMs) -> Option<Duration> {
    sources.iter().map(|s| s.age(now)).collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// What is in a list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts<'a> {
    pub bookings: usize,
    pub skipped: usize,
    pub why: &'a str,
}

/// The list was read. `changed`: its content is another than before.
pub fn was_read(
    conn: &Connection,
    name: &str,
    kind: Kind,
    at: UnixMs,
    changed: Option<&Counts<'_>>,
) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO booking_source (name, kind, read_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, read_at = excluded.read_at,
           error = NULL, error_at = NULL, too_old_told = 0",
    )?
    .execute(params![name, kind.name(), at.0])?;
    if let Some(counts) = changed {
        conn.prepare_cached(
            "UPDATE booking_source SET changed_at = ?2, count = ?3, skipped = ?4, skipped_why = ?5 WHERE name = ?1",
        )?
        .execute(params![name, at.0, counts.bookings as i64, counts.skipped as i64, counts.why])?;
    }
    Ok(())
}

/// A try to read the list failed. Says whether the one before had not.
pub fn failed(conn: &Connection, name: &str, kind: Kind, why: &str, now: UnixMs) -> Result<bool> {
    let fresh = get(conn, name)?.is_none_or(|s| s.error.is_none());
    conn.prepare_cached(
        "INSERT INTO booking_source (name, kind, error, error_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (name) DO UPDATE SET error = excluded.error,
           error_at = coalesce(booking_source.error_at, excluded.error_at)",
    )?
    .execute(params![name, kind.name(), why, now.0])?;
    Ok(fresh)
}

pub fn set_too_old_told(conn: &Connection, name: &str) -> Result<()> {
    conn.prepare_cached("UPDATE booking_source SET too_old_told = 1 WHERE name = ?1")?.execute([name])?;
    Ok(())
}

/// The list and its bookings are no more. Says whether there was one.
pub fn forget(conn: &Connection, name: &str) -> Result<bool> {
    conn.prepare_cached("DELETE FROM booking WHERE source = ?1")?.execute([name])?;
    Ok(conn.prepare_cached("DELETE FROM booking_source WHERE name = ?1")?.execute([name])? == 1)
}

/// Pairs of different customers on one bay at once, among what overlaps `[from, to)`.
pub fn conflicts(conn: &Connection, from: UnixMs, to: UnixMs) -> Result<Vec<(Booking, Booking)>> {
    let list = booking::between(conn, from, to)?;
    let pairs = overlapping(&list).into_iter().filter(|(a, b)| !same_customer(&list[*a], &list[*b]));
    Ok(pairs.map(|(a, b)| (list[a].clone(), list[b].clone())).collect())
}

/// Remembers that people were told of `what` about `key`. Says whether that is new.
pub fn tell_once(conn: &Connection, what: &str, key: &str, now: UnixMs) -> Result<bool> {
    let mut statement =
        conn.prepare_cached("INSERT OR IGNORE INTO booking_told (what, key, at) VALUES (?1, ?2, ?3)")?;
    Ok(statement.execute(params![what, key, now.0])? == 1)
}

/// Forgets what was told before `before`.
pub fn forget_told(conn: &Connection, before: UnixMs) -> Result<()> {
    conn.prepare_cached("DELETE FROM booking_told WHERE at < ?1")?.execute([before.0])?;
    Ok(())
}
