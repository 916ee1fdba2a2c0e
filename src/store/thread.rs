//! Threads: one conversation with one customer over one channel.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Result;
use crate::clock::UnixMs;
use crate::site::{BayId, E164};

/// How the customer's words come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    Sms,
    /// The bay's own page: presence is proven.
    Bay,
    /// The page at the door.
    Door,
    /// Staff trying the box out.
    Console,
}

impl Channel {
    pub fn name(self) -> &'static str {
        match self {
            Channel::Sms => "sms",
            Channel::Bay => "bay",
            Channel::Door => "door",
            Channel::Console => "console",
        }
    }

    fn parse(name: &str) -> Channel {
        match name {
            "sms" => Channel::Sms,
            "bay" => Channel::Bay,
            "door" => Channel::Door,
            _ => Channel::Console, // the schema's CHECK leaves nothing else
        }
    }
}

#[derive(Debug, Clone)]
pub struct Thread {
    pub id: i64,
    pub channel: Channel,
    /// Phone number, or `bay-2`.
    pub address: String,
    /// One occupancy of a bay; empty for SMS.
    pub session: String,
    pub bay: Option<BayId>,
    pub phone: Option<E164>,
    pub opened_at: UnixMs,
    pub last_at: UnixMs,
    pub closed_at: Option<UnixMs>,
    pub presence_until: Option<UnixMs>,
    pub hold: Option<Hold>,
    pub asked_bay_at: Option<UnixMs>,
    pub hello_at: Option<UnixMs>,
    pub greeted_at: Option<UnixMs>,
    pub simulated: bool,
}

/// A person has taken the conversation over; the automation is silent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub by: String,
    pub reason: String,
    pub until: UnixMs,
}

impl Thread {
    /// The hold in force at `now`.
    pub fn held(&self, now: UnixMs) -> Option<&Hold> {
        self.hold.as_ref().filter(|hold| hold.until > now)
    }

    /// Presence in the bay as proven by its code, still good at `now`.
    pub fn presence(&self, now: UnixMs) -> Option<BayId> {
        self.bay.filter(|_| self.presence_until.is_some_and(|until| until > now))
    }
}

const COLUMNS: &str = "id, channel, address, session, bay, phone, opened_at, last_at, closed_at, presence_until, \
                       hold_by, hold_reason, hold_until, asked_bay_at, hello_at, greeted_at, simulated";

fn read(row: &Row<'_>) -> rusqlite::Result<Thread> {
    let at = |i: usize| -> rusqlite::Result<Option<UnixMs>> { Ok(row.get::<_, Option<i64>>(i)?.map(UnixMs)) };
    let hold = match (row.get::<_, Option<String>>(10)?, at(12)?) {
        (Some(by), Some(until)) => {
            Some(Hold { by, reason: row.get::<_, Option<String>>(11)?.unwrap_or_default(), until })
        }
        _ => None,
    };
    Ok(Thread {
        id: row.get(0)?,
        channel: Channel::parse(&row.get::<_, String>(1)?),
        address: row.get(2)?,
        session: row.get(3)?,
        bay: row.get::<_, Option<u8>>(4)?.map(BayId),
        phone: row.get::<_, Option<String>>(5)?.and_then(|p| p.parse().ok()),
        opened_at: UnixMs(row.get(6)?),
        last_at: UnixMs(row.get(7)?),
        closed_at: at(8)?,
        presence_until: at(9)?,
        hold,
        asked_bay_at: at(13)?,
        hello_at: at(14)?,
        greeted_at: at(15)?,
        simulated: row.get(16)?,
    })
}

pub fn get(conn: &Connection, id: i64) -> Result<Option<Thread>> {
    Ok(conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM thread WHERE id = ?1"))?
        .query_row([id], read)
        .optional()?)
}

pub fn find(conn: &Connection, channel: Channel, address: &str, session: &str) -> Result<Option<Thread>> {
    Ok(conn
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM thread WHERE channel = ?1 AND address = ?2 AND session = ?3"
        ))?
        .query_row(params![channel.name(), address, session], read)
        .optional()?)
}

/// Threads with anything newer than `since`, latest first.
pub fn recent(conn: &Connection, since: UnixMs, limit: u32) -> Result<Vec<Thread>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM thread WHERE last_at >= ?1 ORDER BY last_at DESC, id DESC LIMIT ?2"
    ))?;
    let rows = statement.query_map(params![since.0, limit], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The thread's row, made if it is new. Returns its id.
#[allow(clippy::too_many_arguments, reason = "one column each")]
pub fn open(
    conn: &Connection,
    channel: Channel,
    address: &str,
    session: &str,
    bay: Option<BayId>,
    phone: Option<&E164>,
    now: UnixMs,
    simulated: bool,
) -> Result<i64> {
    conn.prepare_cached(
        "INSERT INTO thread (channel, address, session, bay, phone, opened_at, last_at, simulated)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)
         ON CONFLICT (channel, address, session) DO UPDATE SET last_at = excluded.last_at",
    )?
    .execute(params![
        channel.name(),
        address,
        session,
        bay.map(|b| b.0),
        phone.map(E164::as_str),
        now.0,
        simulated
    ])?;
    Ok(conn
        .prepare_cached("SELECT id FROM thread WHERE channel = ?1 AND address = ?2 AND session = ?3")?
        .query_row(params![channel.name(), address, session], |row| row.get(0))?)
}

pub fn set_hold(conn: &Connection, id: i64, hold: Option<&Hold>) -> Result<()> {
    conn.prepare_cached("UPDATE thread SET hold_by = ?2, hold_reason = ?3, hold_until = ?4 WHERE id = ?1")?
        .execute(params![id, hold.map(|h| &h.by), hold.map(|h| &h.reason), hold.map(|h| h.until.0)])?;
    Ok(())
}

pub fn set_presence(conn: &Connection, id: i64, until: UnixMs) -> Result<()> {
    conn.prepare_cached("UPDATE thread SET presence_until = ?2 WHERE id = ?1")?
        .execute(params![id, until.0])?;
    Ok(())
}

pub fn touch(conn: &Connection, id: i64, now: UnixMs) -> Result<()> {
    conn.prepare_cached("UPDATE thread SET last_at = max(last_at, ?2) WHERE id = ?1")?
        .execute(params![id, now.0])?;
    Ok(())
}

pub fn close(conn: &Connection, id: i64, now: UnixMs) -> Result<()> {
    conn.prepare_cached("UPDATE thread SET closed_at = ?2 WHERE id = ?1 AND closed_at IS NULL")?
        .execute(params![id, now.0])?;
    Ok(())
}

/// Remembers when something was said, so that it is not said again too soon.
pub fn mark(conn: &Connection, id: i64, what: Mark, now: UnixMs) -> Result<()> {
    let column = match what {
        Mark::AskedBay => "asked_bay_at",
        Mark::Hello => "hello_at",
        Mark::Greeted => "greeted_at",
    };
    conn.prepare_cached(&format!("UPDATE thread SET {column} = ?2 WHERE id = ?1"))?
        .execute(params![id, now.0])?;
    Ok(())
}

/// What [`mark`] remembers.
#[derive(Debug, Clone, Copy)]
pub enum Mark {
    AskedBay,
    Hello,
    Greeted,
}

/// Whether somebody's proof of being in this bay still holds.
pub fn is_present(conn: &Connection, bay: BayId, now: UnixMs) -> Result<bool> {
    Ok(conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM thread WHERE bay = ?1 AND presence_until > ?2)")?
        .query_row(params![bay.0, now.0], |row| row.get(0))?)
}
