//! Bookings, as the outside booking systems feed them: every source its own list, read as one.
//!
//! The same booking may stand in two lists ([`merged`](super::booking_merge)); it is then given out once.
//! Two customers on one bay at once are both given out, and [`contested`] says so.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::booking_merge::{merge, overlap, same_customer, twins};
use super::{Result, effect};
use crate::clock::UnixMs;
use crate::site::{BayId, E164};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    pub id: String,
    /// `None`: the list gives no number that can be used. Such a booking opens no door by itself.
    pub phone: Option<E164>,
    #[serde(default)]
    pub name: String,
    pub bay: BayId,
    pub starts_at: UnixMs,
    pub ends_at: UnixMs,
    /// What the customer has in hand to prove it at the door.
    #[serde(default)]
    pub reference: Option<String>,
    #[serde(default)]
    pub pin: Option<String>,
    /// The list it stands in. Set by what reads the database.
    #[serde(default)]
    pub source: String,
    /// When that list was read last. Set by what reads the database.
    #[serde(default)]
    pub read_at: UnixMs,
}

const COLUMNS: &str = "b.id, b.phone, b.name, b.bay, b.starts_at, b.ends_at, b.reference, b.pin, b.source,
  coalesce(s.read_at, b.updated_at)";
const TABLE: &str = "booking b LEFT JOIN booking_source s ON s.name = b.source";

fn read(row: &Row<'_>) -> rusqlite::Result<Booking> {
    let phone: Option<String> = row.get(1)?;
    let phone = phone.map(|p| p.parse()).transpose().map_err(|_| {
        rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, "phone is not E.164".into())
    })?;
    Ok(Booking {
        id: row.get(0)?,
        phone,
        name: row.get(2)?,
        bay: BayId(row.get(3)?),
        starts_at: UnixMs(row.get(4)?),
        ends_at: UnixMs(row.get(5)?),
        reference: row.get(6)?,
        pin: row.get(7)?,
        source: row.get(8)?,
        read_at: UnixMs(row.get(9)?),
    })
}

fn list(conn: &Connection, tail: &str, args: &[&dyn rusqlite::ToSql]) -> Result<Vec<Booking>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM {TABLE} {tail}"))?;
    let rows = statement.query_map(args, read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn put(conn: &Connection, booking: &Booking, source: &str, now: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "INSERT OR REPLACE INTO booking (id, phone, name, bay, starts_at, ends_at, reference, pin, source, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        booking.id,
        booking.phone.as_ref().map(E164::as_str),
        booking.name,
        booking.bay.0,
        booking.starts_at.0,
        booking.ends_at.0,
        booking.reference,
        booking.pin,
        source,
        now.0
    ])?;
    Ok(())
}

/// Replaces everything that came from `source` by `bookings`: what is not in the list any more is gone.
/// Says whether that changed anything; an unchanged list writes nothing.
pub fn replace(conn: &Connection, bookings: &[Booking], source: &str, now: UnixMs) -> Result<bool> {
    let mut known = list(conn, "WHERE b.source = ?1 ORDER BY b.id", &[&source])?;
    let mut given: Vec<&Booking> = bookings.iter().collect();
    given.sort_by(|a, b| a.id.cmp(&b.id));
    let bare = |b: &Booking| Booking { source: String::new(), read_at: UnixMs(0), ..b.clone() };
    known.iter_mut().for_each(|b| *b = bare(b));
    if known.len() == given.len() && known.iter().zip(&given).all(|(old, new)| *old == bare(new)) {
        return Ok(false);
    }
    conn.prepare_cached("DELETE FROM booking WHERE source = ?1")?.execute([source])?;
    for booking in bookings {
        put(conn, booking, source, now)?;
    }
    Ok(true)
}

/// The booking with this id; if two lists have it, the one read last.
pub fn get(conn: &Connection, id: &str) -> Result<Option<Booking>> {
    Ok(conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM {TABLE} WHERE b.id = ?1 ORDER BY 10 DESC LIMIT 1"))?
        .query_row([id], read)
        .optional()?)
}

/// Bookings of this phone that overlap `[from, to]`, earliest first.
pub fn of_phone(conn: &Connection, phone: &E164, from: UnixMs, to: UnixMs) -> Result<Vec<Booking>> {
    let rows = list(
        conn,
        "WHERE b.phone = ?1 AND b.ends_at >= ?2 AND b.starts_at <= ?3 ORDER BY b.starts_at, b.id",
        &[&phone.as_str(), &from.0, &to.0],
    )?;
    Ok(merge(rows))
}

/// Bookings of this bay that overlap `[from, to)`, earliest first.
pub fn of_bay(conn: &Connection, bay: BayId, from: UnixMs, to: UnixMs) -> Result<Vec<Booking>> {
    Ok(merge(all_of_bay(conn, bay, from, to)?))
}

fn all_of_bay(conn: &Connection, bay: BayId, from: UnixMs, to: UnixMs) -> Result<Vec<Booking>> {
    list(
        conn,
        "WHERE b.bay = ?1 AND b.ends_at > ?2 AND b.starts_at < ?3 ORDER BY b.starts_at, b.id",
        &[&bay.0, &from.0, &to.0],
    )
}

/// All bookings that overlap `[from, to)`.
pub fn between(conn: &Connection, from: UnixMs, to: UnixMs) -> Result<Vec<Booking>> {
    let tail = "WHERE b.ends_at > ?1 AND b.starts_at < ?2 ORDER BY b.starts_at, b.bay, b.id";
    Ok(merge(list(conn, tail, &[&from.0, &to.0])?))
}

/// The bookings of one list that end after `from`, earliest first.
pub fn of_source(conn: &Connection, source: &str, from: UnixMs) -> Result<Vec<Booking>> {
    let tail = "WHERE b.source = ?1 AND b.ends_at > ?2 ORDER BY b.starts_at, b.bay, b.id";
    list(conn, tail, &[&source, &from.0])
}

/// Whether somebody else is booked into the same bay at the same time: a person has to decide.
pub fn contested(conn: &Connection, own: &Booking) -> Result<bool> {
    let others = all_of_bay(conn, own.bay, own.starts_at, own.ends_at)?;
    Ok(others.iter().any(|other| overlap(own, other) && !same_customer(own, other)))
}

/// Unlocks sent on this booking, whichever list it was taken from.
pub fn unlocks_sent(conn: &Connection, own: &Booking) -> Result<u32> {
    let mut ids = vec![own.id.clone()];
    for other in all_of_bay(conn, own.bay, own.starts_at, own.ends_at)? {
        if twins(own, &other) && !ids.contains(&other.id) {
            ids.push(other.id);
        }
    }
    ids.iter().try_fold(0, |sum, id| Ok(sum + effect::unlocks_sent(conn, id)?))
}
