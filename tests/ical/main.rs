//! Calendars of booking systems: read as a foreign reader reads them, made into bookings, fetched.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says that it failed by panicking"
)]

mod events;
mod fetching;
mod foreign;
mod model;
mod time;

use clubos::clock::UnixMs;
use clubos::feed::{Calendar, Window};
use clubos::site::Site;
use clubos::site::load::{LoadMode, read};

/// A moment of UTC, `2026-11-20T21:04`.
pub fn utc(text: &str) -> UnixMs {
    format!("{text}:00Z").parse::<jiff::Timestamp>().unwrap().into()
}

pub fn site() -> Site {
    with("")
}

/// The clubhouse, with more keys at its end.
pub fn with(keys: &str) -> Site {
    let text = format!("{}\n{keys}\n", include_str!("../sites/clubhouse.toml"));
    read("clubhouse.toml", &text, "tests/sites".as_ref(), LoadMode::Simulated).unwrap()
}

/// A calendar with these events.
pub fn calendar(events: &str) -> String {
    format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//ClubOS tests//EN\n{events}\nEND:VCALENDAR\n")
}

/// One event: its lines without BEGIN, END and UID.
pub fn event(uid: &str, lines: &str) -> String {
    format!("BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20261101T000000Z\n{lines}\nEND:VEVENT\n")
}

/// Read around noon of 20 November 2026 (UTC).
pub fn read_now(text: &str) -> Calendar {
    Calendar::read(text, &site().zone, Window::around(utc("2026-11-20T12:00"))).unwrap()
}
