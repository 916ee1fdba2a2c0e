//! Lists of bookings come in, and people are told once of what in them needs a person: two customers on
//! one bay, customers without a number, a list that cannot be read or has become too old.

use std::time::Duration;

use super::{Cx, Desk, Operator};
use crate::clock::UnixMs;
use crate::store::booking::{self, Booking};
use crate::store::booking_source::{self as sources, Kind, Source};
use crate::store::{self, journal};

/// How far ahead conflicts and missing numbers are looked for.
const AHEAD: Duration = Duration::from_secs(60 * 24 * 3600);
/// What was told is kept this long, so that nothing is told twice.
const REMEMBER_TOLD: Duration = Duration::from_secs(120 * 24 * 3600);
/// A source that passes troubles keep from being read is told of after this long.
const PATIENCE: Duration = Duration::from_secs(30 * 60);
/// More than this many at once are one notice.
const EACH: usize = 3;

/// A whole list, as it was read.
#[derive(Debug, Clone)]
pub struct BookingList {
    /// `file`, `feed` (pushed), `ical`, `demo`, `scenario`.
    pub source: String,
    pub bookings: Vec<Booking>,
    /// Entries that are no booking: their bay or time could not be told.
    pub skipped: usize,
    /// What is wrong with them, in words.
    pub why: String,
    pub read_at: UnixMs,
}

/// Why a list could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRead {
    /// For people; names no secret.
    pub why: String,
    /// It will not pass by itself: the address is wrong, the file is bad.
    pub lasting: bool,
}

impl Desk {
    /// Replaces the bookings of one source by a list that was read just now.
    ///
    /// # Errors
    /// Only the database's: the old bookings stay.
    pub fn put_bookings(&mut self, bookings: &[Booking], source: &str) -> store::Result<()> {
        let read_at = self.now();
        self.bookings_read(&BookingList {
            source: source.to_owned(),
            bookings: bookings.to_vec(),
            skipped: 0,
            why: String::new(),
            read_at,
        })
    }

    /// A list was read. The same as before only makes it fresh.
    ///
    /// # Errors
    /// Only the database's: the old bookings stay.
    pub fn bookings_read(&mut self, list: &BookingList) -> store::Result<()> {
        self.write(|cx| {
            let before = sources::get(cx.db, &list.source)?;
            let changed = booking::replace(cx.db, &list.bookings, &list.source, list.read_at)?;
            let differs = changed
                || before.as_ref().is_none_or(|s| s.changed_at.is_none() || s.skipped_why != list.why);
            let counts =
                sources::Counts { bookings: list.bookings.len(), skipped: list.skipped, why: &list.why };
            let counts = differs.then_some(&counts);
            sources::was_read(cx.db, &list.source, Kind::of(&list.source), list.read_at, counts)?;
            readable_again(cx, before.as_ref())?;
            if differs {
                log_change(cx, &list.source, list)?;
                tell_conflicts(cx)?;
                tell_without_number(cx)?;
                sources::forget_told(cx.db, cx.now - REMEMBER_TOLD)?;
            }
            Ok(())
        })
    }

    /// The source was looked at, and says that nothing has changed.
    ///
    /// # Errors
    /// Only the database's.
    pub fn bookings_unchanged(&mut self, source: &str) -> store::Result<()> {
        self.write(|cx| {
            let before = sources::get(cx.db, source)?;
            sources::was_read(cx.db, source, Kind::of(source), cx.now, None)?;
            readable_again(cx, before.as_ref())
        })
    }

    /// A source could not be read: its last list stays, and gets older.
    ///
    /// # Errors
    /// Only the database's.
    pub fn bookings_not_read(&mut self, source: &str, problem: &NotRead) -> store::Result<()> {
        self.write(|cx| {
            sources::failed(cx.db, source, Kind::of(source), &problem.why, cx.now)?;
            let since = sources::get(cx.db, source)?.and_then(|s| s.error_at).unwrap_or(cx.now);
            let patient = !problem.lasting && cx.now.since(since) < PATIENCE;
            if patient || !sources::tell_once(cx.db, "failing", &format!("{source}@{}", since.0), cx.now)? {
                return Ok(());
            }
            let text = format!(
                "Bookings ({}) cannot be read: {}. The last list stays in use.",
                in_words(source),
                problem.why
            );
            journal::notice(cx.db, None, &text, cx.now)
        })
    }

    /// Tells people, once each, of lists that have become too old to open a door by.
    ///
    /// # Errors
    /// Only the database's.
    pub fn look_at_bookings(&mut self) -> store::Result<()> {
        let now = self.now();
        let limit = self.site().bookings.limit;
        let too_old = |s: &Source| !s.too_old_told && s.age(now).is_some_and(|age| age > limit);
        if !sources::all(self.store.conn())?.iter().any(too_old) {
            return Ok(());
        }
        self.write(|cx| {
            for source in sources::all(cx.db)?.iter().filter(|s| too_old(s)) {
                sources::set_too_old_told(cx.db, &source.name)?;
                let text = format!(
                    "Bookings ({}) were last read more than {} h ago: no door opens by them any more without a person.",
                    in_words(&source.name),
                    limit.as_secs() / 3600
                );
                journal::notice(cx.db, None, &text, cx.now)?;
            }
            Ok(())
        })
    }

    /// A person removes a list that no longer comes, and its bookings. Says whether there was one.
    ///
    /// # Errors
    /// Only the database's.
    pub fn forget_bookings(&mut self, who: &Operator, source: &str) -> store::Result<bool> {
        self.write(|cx| {
            let gone = sources::forget(cx.db, source)?;
            if gone {
                change(cx, &who.name, format!("the list {source} was removed"))?;
            }
            Ok(gone)
        })
    }
}

/// A list's name as staff read it.
fn in_words(source: &str) -> &str {
    match Kind::of(source) {
        Kind::File => "file",
        Kind::Push => "pushed list",
        Kind::Ical => "calendar",
        Kind::Demo => "demo",
        Kind::Scenario => "scenario",
    }
}

fn change(cx: Cx<'_>, who: &str, detail: String) -> store::Result<()> {
    let change = journal::Change {
        at: cx.now,
        who: who.to_owned(),
        what: "bookings".into(),
        detail,
        thread_id: None,
        until: None,
    };
    journal::change(cx.db, &change)
}

fn log_change(cx: Cx<'_>, source: &str, list: &BookingList) -> store::Result<()> {
    let skipped = match list.skipped {
        0 => String::new(),
        n => format!(", {n} entries that are none: {}", list.why),
    };
    change(cx, source, format!("{} bookings{skipped}", list.bookings.len()))
}

/// Those who were told that a list cannot be read are told that it can.
fn readable_again(cx: Cx<'_>, before: Option<&Source>) -> store::Result<()> {
    let Some(before) = before.filter(|s| s.error.is_some()) else { return Ok(()) };
    let since = before.error_at.unwrap_or(cx.now);
    // Not new: it was told.
    if sources::tell_once(cx.db, "failing", &format!("{}@{}", before.name, since.0), cx.now)? {
        return Ok(());
    }
    journal::notice(cx.db, None, &format!("Bookings ({}) are read again.", in_words(&before.name)), cx.now)
}

fn tell_conflicts(cx: Cx<'_>) -> store::Result<()> {
    let mut fresh = Vec::new();
    for (one, other) in sources::conflicts(cx.db, cx.now, cx.now + AHEAD)? {
        let key = format!("{}|{}", key_of(&one), key_of(&other));
        if sources::tell_once(cx.db, "conflict", &key, cx.now)? {
            fresh.push((one, other));
        }
    }
    if fresh.len() > EACH {
        let text = format!(
            "{} times two bookings are for the same bay at once. A person decides who has it; they stand on the page Bookings.",
            fresh.len()
        );
        return journal::notice(cx.db, None, &text, cx.now);
    }
    for (one, other) in &fresh {
        let text = format!(
            "Two bookings for bay {} at once: {} and {}. A person decides who has it; nothing is done by them until then.",
            one.bay.0,
            shown(cx, one),
            shown(cx, other)
        );
        journal::notice(cx.db, None, &text, cx.now)?;
    }
    Ok(())
}

fn tell_without_number(cx: Cx<'_>) -> store::Result<()> {
    let mut fresh = Vec::new();
    for booking in booking::between(cx.db, cx.now, cx.now + AHEAD)? {
        if booking.phone.is_none() && sources::tell_once(cx.db, "no-phone", &key_of(&booking), cx.now)? {
            fresh.push(booking);
        }
    }
    let Some(first) = fresh.first() else { return Ok(()) };
    let text = match fresh.len() {
        1 => format!(
            "A booking has no phone number that can be used: bay {}, {}. The door does not open for it by itself.",
            first.bay.0,
            shown(cx, first)
        ),
        n => format!(
            "{n} bookings have no phone number that can be used, the first: bay {}, {}. The door does not open for them by itself.",
            first.bay.0,
            shown(cx, first)
        ),
    };
    journal::notice(cx.db, None, &text, cx.now)
}

/// The same booking at the same time: told once.
fn key_of(booking: &Booking) -> String {
    format!("{}/{}@{}", booking.source, booking.id, booking.starts_at.0)
}

/// `Alex, Fri 20 Nov 20:30 to 22:00 (calendar)`.
fn shown(cx: Cx<'_>, booking: &Booking) -> String {
    let (from, to) = (cx.site().local(booking.starts_at), cx.site().local(booking.ends_at));
    let name = if booking.name.is_empty() { "no name" } else { &booking.name };
    format!(
        "{name}, {} to {} ({})",
        from.strftime("%a %-d %b %H:%M"),
        to.strftime("%H:%M"),
        in_words(&booking.source)
    )
}
