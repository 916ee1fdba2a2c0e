//! iCalendar (RFC 5545): a text in, the instances of its events within a window out.
//!
//! The text is read by the crate `calcard`, and so are recurrence rules, on a clock without a zone. Putting
//! them together is done here, because a wrong instance opens a door: which change belongs to which
//! series (by UID and RECURRENCE-ID), what EXDATE takes away and RDATE adds, and what a wall clock means
//! in its zone (RFC 5545, 3.3.5: in a gap the offset before it, of an hour that comes twice the first).
//!
//! Nothing is guessed. An event with a part that cannot be read is left out with its whole series, and
//! counted. Everything is bounded: bytes by who fetches, instances by [`MOST`], time by the [`Window`].
//!
//! RFC 5545 3.8.5.3 asks for the same *exact* length of every instance where DTEND is given: one that
//! runs through the night of a clock change ends an hour off on the wall clock. A DURATION in days is
//! nominal.

mod event;
mod expand;
mod recur;
mod zone;

use std::collections::BTreeMap;
use std::time::Duration;

use calcard::icalendar::{ICalendar, ICalendarProperty, ICalendarValue, Uri};
use calcard::{Entry, Parser};

use crate::clock::UnixMs;

/// Instances of one feed at most; more is a mistake in its rules.
pub const MOST: usize = 200_000;

/// Only what touches `[from, to)` is given out.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub from: UnixMs,
    pub to: UnixMs,
}

impl Window {
    /// Two days back, sixty ahead.
    pub fn around(now: UnixMs) -> Window {
        const DAY: Duration = Duration::from_secs(24 * 3600);
        Window { from: now - DAY * 2, to: now + DAY * 60 }
    }
}

/// The text is no calendar that can be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotACalendar {
    #[error("is no calendar: it does not begin with BEGIN:VCALENDAR")]
    Other,
    #[error("is cut off: it does not end with END:VCALENDAR")]
    CutOff,
    #[error("is damaged: {begun} events begin and {ended} end")]
    Torn { begun: usize, ended: usize },
    #[error("has more than {MOST} events in its window")]
    TooMany,
}

/// One event at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    pub uid: String,
    /// Stays the same from one reading to the next, also when the instance is moved: the UID, and for an
    /// instance of a series the start it had by its rule.
    pub id: String,
    pub start: UnixMs,
    /// Not before `start`; the same where the event has no length.
    pub end: UnixMs,
    /// Which event describes it.
    source: usize,
    component: usize,
}

/// What was read.
#[derive(Debug)]
pub struct Calendar {
    calendars: Vec<ICalendar>,
    /// By start, then id.
    pub instances: Vec<Instance>,
    /// Events that could not be read, by what is wrong with them.
    pub unread: BTreeMap<&'static str, usize>,
}

impl Calendar {
    /// Reads a calendar. `site` is the zone of times that name none.
    ///
    /// # Errors
    /// [`NotACalendar`] where the text as a whole cannot be believed.
    pub fn read(text: &str, site: &jiff::tz::TimeZone, window: Window) -> Result<Calendar, NotACalendar> {
        let text = text.trim_start_matches('\u{feff}').trim();
        whole(text)?;
        let mut parser = Parser::new(text);
        let mut calendars = Vec::new();
        loop {
            match parser.entry() {
                Entry::ICalendar(calendar) => calendars.push(calendar),
                Entry::Eof => break,
                Entry::TooManyComponents => return Err(NotACalendar::TooMany),
                _ => {}
            }
        }
        let mut read = Calendar { calendars: Vec::new(), instances: Vec::new(), unread: BTreeMap::new() };
        for (source, calendar) in calendars.iter().enumerate() {
            expand::calendar(calendar, source, site, window, &mut read)?;
        }
        read.instances.sort_by(|a, b| (a.start, &a.id).cmp(&(b.start, &b.id)));
        read.calendars = calendars;
        Ok(read)
    }

    /// The texts of a property of an instance's event, `SUMMARY` or `X-…`; with `;CN` the names.
    pub fn texts(&self, instance: &Instance, property: &str) -> Vec<&str> {
        let Some(component) =
            self.calendars.get(instance.source).and_then(|c| c.components.get(instance.component))
        else {
            return Vec::new();
        };
        let (name, parameter) = property.split_once(';').map_or((property, None), |(n, p)| (n, Some(p)));
        let entries = component.entries.iter().filter(|e| name_of(&e.name).eq_ignore_ascii_case(name));
        match parameter {
            Some(_) => entries
                .flat_map(|e| e.params.iter())
                .filter(|p| p.name == calcard::icalendar::ICalendarParameterName::Cn)
                .filter_map(|p| p.value.as_text())
                .collect(),
            None => entries.flat_map(|e| e.values.iter()).filter_map(text_of).collect(),
        }
    }
}

fn name_of(name: &ICalendarProperty) -> &str {
    name.as_str()
}

fn text_of(value: &ICalendarValue) -> Option<&str> {
    match value {
        ICalendarValue::Uri(Uri::Location(uri)) => Some(uri),
        other => other.as_text(),
    }
}

/// A feed that was cut off on its way would drop customers' bookings: it is refused as a whole.
fn whole(text: &str) -> Result<(), NotACalendar> {
    let starts =
        |line: &str, with: &str| line.get(..with.len()).is_some_and(|l| l.eq_ignore_ascii_case(with));
    if !starts(text, "BEGIN:VCALENDAR") {
        return Err(NotACalendar::Other);
    }
    if !text.lines().next_back().is_some_and(|line| line.trim_end().eq_ignore_ascii_case("END:VCALENDAR")) {
        return Err(NotACalendar::CutOff);
    }
    let count = |what: &str| text.lines().filter(|l| l.trim_end().eq_ignore_ascii_case(what)).count();
    let (begun, ended) = (count("BEGIN:VEVENT"), count("END:VEVENT"));
    if begun == ended { Ok(()) } else { Err(NotACalendar::Torn { begun, ended }) }
}
