//! Bookings, as the outside booking system feeds them.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::Result;
use crate::clock::UnixMs;
use crate::site::{BayId, E164};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    pub id: String,
    pub phone: E164,
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
}

const COLUMNS: &str = "id, phone, name, bay, starts_at, ends_at, reference, pin";

fn read(row: &Row<'_>) -> rusqlite::Result<Booking> {
    let phone: String = row.get(1)?;
    let phone = phone.parse().map_err(|_| {
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
    })
}

fn list(conn: &Connection, tail: &str, args: &[&dyn rusqlite::ToSql]) -> Result<Vec<Booking>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM booking {tail}"))?;
    let rows = statement.query_map(args, read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn put(conn: &Connection, booking: &Booking, source: &str, now: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO booking (id, phone, name, bay, starts_at, ends_at, reference, pin, source, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (id) DO UPDATE SET phone = excluded.phone, name = excluded.name, bay = excluded.bay,
           starts_at = excluded.starts_at, ends_at = excluded.ends_at, reference = excluded.reference,
           pin = excluded.pin, source = excluded.source, updated_at = excluded.updated_at",
    )?
    .execute(params![
        booking.id,
        booking.phone.as_str(),
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

/// Replaces everything that came from `source` by `bookings`: what is not in the feed any more is gone.
pub fn replace(conn: &Connection, bookings: &[Booking], source: &str, now: UnixMs) -> Result<()> {
    conn.prepare_cached("DELETE FROM booking WHERE source = ?1")?.execute([source])?;
    for booking in bookings {
        put(conn, booking, source, now)?;
    }
    Ok(())
}

pub fn get(conn: &Connection, id: &str) -> Result<Option<Booking>> {
    Ok(conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM booking WHERE id = ?1"))?
        .query_row([id], read)
        .optional()?)
}

/// Bookings of this phone that overlap `[from, to]`, earliest first.
pub fn of_phone(conn: &Connection, phone: &E164, from: UnixMs, to: UnixMs) -> Result<Vec<Booking>> {
    list(
        conn,
        "WHERE phone = ?1 AND ends_at >= ?2 AND starts_at <= ?3 ORDER BY starts_at, id",
        &[&phone.as_str(), &from.0, &to.0],
    )
}

/// Bookings of this bay that overlap `[from, to)`, earliest first.
pub fn of_bay(conn: &Connection, bay: BayId, from: UnixMs, to: UnixMs) -> Result<Vec<Booking>> {
    list(
        conn,
        "WHERE bay = ?1 AND ends_at > ?2 AND starts_at < ?3 ORDER BY starts_at, id",
        &[&bay.0, &from.0, &to.0],
    )
}

/// All bookings that overlap `[from, to)`.
pub fn between(conn: &Connection, from: UnixMs, to: UnixMs) -> Result<Vec<Booking>> {
    list(conn, "WHERE ends_at > ?1 AND starts_at < ?2 ORDER BY starts_at, bay, id", &[&from.0, &to.0])
}

/// When the feed was last written; `None` if there never was one.
pub fn updated_at(conn: &Connection) -> Result<Option<UnixMs>> {
    let at: Option<i64> =
        conn.prepare_cached("SELECT max(updated_at) FROM booking")?.query_row([], |row| row.get(0))?;
    Ok(at.map(UnixMs))
}
