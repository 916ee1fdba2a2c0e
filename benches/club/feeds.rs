//! A calendar of ten thousand bookings: read, made into bookings, stored, and looked at again.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use clubos::clock::{Clock, UnixMs};
use clubos::desk::{BookingList, Desk, Options, Parts};
use clubos::feed::{self, Calendar, Window};
use clubos::store::Store;

use crate::{Bench, Times, ms, row, timed};

const BOOKINGS: i64 = 10_000;
const RUNS: usize = 5;
/// 2026-11-20T12:00Z.
const NOW: UnixMs = UnixMs(1_795_176_000_000);
/// One booking after the other on each of four bays.
const EACH_MS: i64 = 30 * 60_000;

/// Ten thousand single events, and a hundred endless weekly series that fall outside the site's bays.
fn text() -> String {
    let mut text = String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n");
    let stamp = |at: UnixMs| {
        at.timestamp().to_zoned_datetime(jiff::tz::TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string()
    };
    for n in 0..BOOKINGS {
        let from = UnixMs(NOW.0 + n / 4 * EACH_MS);
        let _ = write!(
            text,
            "BEGIN:VEVENT\r\nUID:{n}@bench\r\nDTSTART:{}\r\nDTEND:{}\r\nSUMMARY:Bay {} - Guest {n}\r\nDESCRIPTION:Phone: +1902555{:04}\r\nEND:VEVENT\r\n",
            stamp(from),
            stamp(UnixMs(from.0 + EACH_MS)),
            n % 4 + 1,
            100 + n % 100
        );
    }
    for n in 0..100 {
        let _ = write!(
            text,
            "BEGIN:VEVENT\r\nUID:s{n}@bench\r\nDTSTART;TZID=America/Halifax:20200106T{:02}0000\r\nDURATION:PT30M\r\nRRULE:FREQ=WEEKLY\r\nSUMMARY:Cleaning\r\nEND:VEVENT\r\n",
            n % 24
        );
    }
    text + "END:VCALENDAR\r\n"
}

pub fn measure(bench: &Bench) {
    let text = text();
    let window = Window::around(NOW);
    let mut reading = Vec::new();
    let mut mapped = None;
    for _ in 0..RUNS {
        let (time, found) = timed(|| {
            let calendar = Calendar::read(&text, &bench.site.zone, window).expect("a calendar");
            feed::bookings(&calendar, &bench.site)
        });
        reading.push(time);
        mapped = Some(found);
    }
    let mapped = mapped.expect("read");
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-feeds");
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).expect("a folder");
    let parts = Parts {
        store: Store::open(&dir).expect("a store"),
        site: bench.site.clone(),
        library: bench.library.clone(),
        reader: bench.reader.clone(),
        clock: Clock::virtual_at(NOW),
        options: Options::default(),
    };
    let mut desk = Desk::new(parts).expect("a desk");
    let list = BookingList {
        source: "ical".into(),
        bookings: mapped.bookings,
        skipped: 0,
        why: String::new(),
        read_at: NOW,
    };
    let (first, ()) = timed(|| desk.bookings_read(&list).expect("stored"));
    let again: Vec<Duration> =
        (0..RUNS).map(|_| timed(|| desk.bookings_read(&list).expect("stored")).0).collect();
    row(
        "a calendar of 10,000 bookings and 100 endless series read and made into bookings",
        &ms(Times::of(reading).percentile(50)),
        &format!("{:.1} MB of text; not on the desk's thread", text.len() as f64 / 1e6),
    );
    row(
        "10,000 bookings stored, and looked through for conflicts",
        &ms(first),
        &format!("the same list again: {}; on the desk's thread", ms(Times::of(again).percentile(50))),
    );
    drop(desk);
    let _ = std::fs::remove_dir_all(&dir);
}
