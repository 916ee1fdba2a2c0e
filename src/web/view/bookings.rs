//! Bookings as staff see them: who has which bay today and tomorrow, where that is known from and how old
//! it is, and what cannot both be true.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::{Look, time};
use crate::clock::UnixMs;
use crate::store;
use crate::store::booking::{self, Booking};
use crate::store::booking_source::{self as sources, Kind, Source};

/// A list the box looks for itself is late when it was not read for this long.
const LATE: Duration = Duration::from_secs(60 * 60);
/// Conflicts are listed this far ahead.
const AHEAD: Duration = Duration::from_secs(60 * 24 * 3600);

/// Where bookings come from.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SourceView {
    /// `file`, `feed` (pushed), `ical`, `demo`.
    pub name: String,
    #[serde(skip)]
    pub label: &'static str,
    /// `fresh`, `late`, `too old` (no door opens by it), `never read`.
    pub state: &'static str,
    /// When it was read last, changed or not.
    pub read_at: Option<String>,
    /// Seconds since then.
    pub age_s: Option<u64>,
    #[serde(skip)]
    pub age_label: String,
    pub changed_at: Option<String>,
    #[serde(skip)]
    pub changed_label: String,
    /// Why the last try failed.
    pub error: Option<String>,
    #[serde(skip)]
    pub error_label: String,
    pub bookings: i64,
    /// Entries that are no booking, and why.
    pub skipped: i64,
    pub skipped_why: String,
    /// Made by the demo itself, or written down: simulated.
    pub simulated: bool,
}

impl SourceView {
    pub fn is_good(&self) -> bool {
        self.state == "fresh" && self.error.is_none()
    }
}

#[derive(Debug, Clone)]
pub struct BookingView {
    pub bay: u8,
    pub name: String,
    pub phone: Option<String>,
    pub from: String,
    pub from_label: String,
    pub to_label: String,
    pub source: &'static str,
    /// It runs now.
    pub now: bool,
    pub over: bool,
    /// Somebody else is booked there at the same time.
    pub contested: bool,
}

pub struct BayDay {
    pub bay: u8,
    pub bookings: Vec<BookingView>,
}

pub struct Day {
    pub label: String,
    pub bays: Vec<BayDay>,
}

pub struct ConflictView {
    pub bay: u8,
    pub day: String,
    pub one: BookingView,
    pub other: BookingView,
}

pub struct BookingsView {
    pub days: Vec<Day>,
    pub sources: Vec<SourceView>,
    pub conflicts: Vec<ConflictView>,
    pub limit_h: u64,
}

/// A list's name as staff read it.
pub fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "file",
        Kind::Push => "pushed list",
        Kind::Ical => "calendar",
        Kind::Demo => "demo",
        Kind::Scenario => "scenario",
    }
}

/// Every list of bookings and how it does, by name.
pub fn sources(look: Look<'_>) -> store::Result<Vec<SourceView>> {
    Ok(sources::all(look.conn)?.into_iter().map(|source| source_view(look, source)).collect())
}

fn source_view(look: Look<'_>, source: Source) -> SourceView {
    let age = source.age(look.now);
    let ago = |at: UnixMs| format!("{} ago", time::span(look.now.since(at)));
    SourceView {
        label: label(source.kind),
        state: state(look, source.kind, age),
        read_at: source.read_at.map(time::rfc3339),
        age_s: age.map(|age| age.as_secs()),
        age_label: age.map_or_else(|| "never".to_owned(), |age| format!("{} ago", time::span(age))),
        changed_at: source.changed_at.map(time::rfc3339),
        changed_label: source.changed_at.map(ago).unwrap_or_default(),
        error_label: source.error_at.map(ago).unwrap_or_default(),
        error: source.error,
        bookings: source.count,
        skipped: source.skipped,
        skipped_why: source.skipped_why,
        simulated: look.simulated || matches!(source.kind, Kind::Demo | Kind::Scenario),
        name: source.name,
    }
}

fn state(look: Look<'_>, kind: Kind, age: Option<Duration>) -> &'static str {
    let limit = look.site.bookings.limit;
    let late = if kind.is_polled() { LATE } else { limit / 2 };
    match age {
        None => "never read",
        Some(age) if age > limit => "too old",
        Some(age) if age > late => "late",
        Some(_) => "fresh",
    }
}

/// Today and tomorrow by bay, the lists, and what is in conflict.
pub fn page(look: Look<'_>) -> store::Result<BookingsView> {
    let today = look.site.local(look.now).date();
    let mut days = Vec::new();
    for (name, date) in [("Today", Some(today)), ("Tomorrow", today.tomorrow().ok())] {
        let Some(date) = date else { continue };
        let label = format!("{name}, {}", date.strftime("%A %-d %B"));
        days.push(Day { label, bays: bays(look, date)? });
    }
    let conflicts = sources::conflicts(look.conn, look.now, look.now + AHEAD)?;
    Ok(BookingsView {
        days,
        sources: sources(look)?,
        conflicts: conflicts.iter().map(|(one, other)| conflict(look, one, other)).collect(),
        limit_h: look.site.bookings.limit.as_secs() / 3600,
    })
}

/// Every bay of the site, and what touches this day there.
fn bays(look: Look<'_>, date: jiff::civil::Date) -> store::Result<Vec<BayDay>> {
    let start = |date: jiff::civil::Date| {
        let midnight = date.to_datetime(jiff::civil::Time::midnight());
        midnight.to_zoned_datetime(look.site.zone.clone()).map(|z| UnixMs::from(z.timestamp())).ok()
    };
    let (Some(from), Some(to)) = (start(date), date.tomorrow().ok().and_then(start)) else {
        return Ok(Vec::new());
    };
    let all = booking::between(look.conn, from, to)?;
    look.site
        .bays
        .keys()
        .map(|bay| {
            let own = all.iter().filter(|b| b.bay == *bay);
            let bookings = own.map(|b| view(look, b, from)).collect::<store::Result<_>>()?;
            Ok(BayDay { bay: bay.0, bookings })
        })
        .collect()
}

fn view(look: Look<'_>, booking: &Booking, day: UnixMs) -> store::Result<BookingView> {
    let contested = booking::contested(look.conn, booking)?;
    Ok(plain(look, booking, day, contested))
}

/// Times of another day than the one shown carry it.
fn plain(look: Look<'_>, booking: &Booking, day: UnixMs, contested: bool) -> BookingView {
    let shown = look.site.local(day).date();
    let label = |at: UnixMs| {
        let local = look.site.local(at);
        let format = if local.date() == shown { "%H:%M" } else { "%a %H:%M" };
        local.strftime(format).to_string()
    };
    BookingView {
        bay: booking.bay.0,
        name: booking.name.clone(),
        phone: booking.phone.as_ref().map(ToString::to_string),
        from: time::rfc3339(booking.starts_at),
        from_label: label(booking.starts_at),
        to_label: label(booking.ends_at),
        source: label_of(&booking.source),
        now: booking.starts_at <= look.now && look.now < booking.ends_at,
        over: booking.ends_at <= look.now,
        contested,
    }
}

fn label_of(source: &str) -> &'static str {
    label(Kind::of(source))
}

fn conflict(look: Look<'_>, one: &Booking, other: &Booking) -> ConflictView {
    let day = one.starts_at.max(other.starts_at);
    ConflictView {
        bay: one.bay.0,
        day: look.site.local(day).strftime("%A %-d %B").to_string(),
        one: plain(look, one, day, true),
        other: plain(look, other, day, true),
    }
}
