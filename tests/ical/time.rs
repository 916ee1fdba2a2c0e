//! What a wall clock means, what a series is, and what cannot be believed.

use clubos::feed::{Calendar, NotACalendar, Window};
use proptest::prelude::*;

use crate::{calendar, event, read_now, site, utc};

/// Starts and ends, in UTC, by start.
fn times(text: &str, around: &str) -> Vec<(String, String)> {
    let read = Calendar::read(text, &site().zone, Window::around(utc(around))).unwrap();
    read.instances.iter().map(|i| (i.start.to_string(), i.end.to_string())).collect()
}

fn pair(from: &str, to: &str) -> (String, String) {
    (format!("{from}:00Z"), format!("{to}:00Z"))
}

#[test]
fn a_time_in_the_gap_of_spring_counts_with_the_offset_before_it() {
    let text = calendar(&event(
        "gap",
        "DTSTART;TZID=America/Halifax:20270314T023000\nDTEND;TZID=America/Halifax:20270314T040000",
    ));
    assert_eq!(times(&text, "2027-03-13T12:00"), [pair("2027-03-14T06:30", "2027-03-14T07:00")]);
}

#[test]
fn of_the_hour_that_comes_twice_the_first_is_meant() {
    let text = calendar(&event(
        "fold",
        "DTSTART;TZID=America/Halifax:20261101T013000\nDTEND;TZID=America/Halifax:20261101T030000",
    ));
    assert_eq!(times(&text, "2026-11-01T00:00"), [pair("2026-11-01T04:30", "2026-11-01T07:00")]);
}

#[test]
fn a_zone_the_calendar_defines_itself_has_gap_and_fold_too() {
    let zone = "BEGIN:VTIMEZONE\nTZID:Club clock\nBEGIN:STANDARD\nDTSTART:20201101T020000\n\
                RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU\nTZOFFSETFROM:-0300\nTZOFFSETTO:-0400\nEND:STANDARD\n\
                BEGIN:DAYLIGHT\nDTSTART:20210314T020000\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU\n\
                TZOFFSETFROM:-0400\nTZOFFSETTO:-0300\nEND:DAYLIGHT\nEND:VTIMEZONE\n";
    let at = |day: &str| event(day, &format!("DTSTART;TZID=Club clock:{day}T013000\nDURATION:PT1H"));
    let fold = calendar(&format!("{zone}{}", at("20261101")));
    assert_eq!(times(&fold, "2026-11-01T00:00"), [pair("2026-11-01T04:30", "2026-11-01T05:30")]);
    let gap = event("gap", "DTSTART;TZID=Club clock:20270314T023000\nDURATION:PT1H");
    let gap = calendar(&format!("{zone}{gap}"));
    assert_eq!(times(&gap, "2027-03-13T12:00"), [pair("2027-03-14T06:30", "2027-03-14T07:30")]);
}

#[test]
fn instances_of_a_series_last_exactly_as_long_as_the_first() {
    let text = calendar(&event(
        "night",
        "DTSTART;TZID=America/Halifax:20261024T230000\nDTEND;TZID=America/Halifax:20261025T030000\n\
         RRULE:FREQ=WEEKLY;COUNT=2",
    ));
    // The night of 31 October has an hour more: four hours after 23:00 the wall shows 02:00.
    assert_eq!(
        times(&text, "2026-10-30T12:00"),
        [pair("2026-11-01T02:00", "2026-11-01T06:00")],
        "RFC 5545, 3.8.5.3"
    );
}

#[test]
fn a_day_is_from_midnight_to_midnight_though_it_has_25_hours() {
    let text = calendar(&event("day", "DTSTART;VALUE=DATE:20261101"));
    assert_eq!(times(&text, "2026-11-01T00:00"), [pair("2026-11-01T03:00", "2026-11-02T04:00")]);
}

#[test]
fn a_moved_instance_is_known_by_its_old_time_whatever_its_sequence() {
    let series = event("s", "DTSTART:20261118T200000Z\nDTEND:20261118T210000Z\nRRULE:FREQ=DAILY;COUNT=5");
    let moved = event(
        "s",
        "SEQUENCE:7\nRECURRENCE-ID:20261120T200000Z\nDTSTART:20261122T080000Z\nDTEND:20261122T090000Z",
    );
    let read = read_now(&calendar(&format!("{moved}{series}")));
    let ids: Vec<&str> = read.instances.iter().map(|i| i.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "s/20261118T200000Z",
            "s/20261119T200000Z",
            "s/20261121T200000Z",
            "s/20261120T200000Z",
            "s/20261122T200000Z"
        ]
    );
}

#[test]
fn a_series_with_a_part_that_cannot_be_read_gives_nothing() {
    let good = event("good", "DTSTART:20261120T200000Z\nDTEND:20261120T210000Z");
    let series = event("s", "DTSTART:20261118T200000Z\nDTEND:20261118T210000Z\nRRULE:FREQ=DAILY;COUNT=5");
    let lost = event(
        "s",
        "RECURRENCE-ID:20261120T200000Z\nDTSTART;TZID=Nowhere:20261122T080000\nDTEND;TZID=Nowhere:20261122T090000",
    );
    let read = read_now(&calendar(&format!("{good}{series}{lost}")));
    assert_eq!(read.instances.len(), 1, "only the event that has nothing to do with it");
    assert_eq!(read.unread.get("a time zone that nobody knows"), Some(&1));
}

#[test]
fn what_cannot_be_read_is_counted_and_the_rest_is_read() {
    let good = event("good", "DTSTART:20261120T200000Z\nDTEND:20261120T210000Z");
    let bad = [
        event("1", "DTSTART:20261340T200000Z\nDTEND:20261120T210000Z"),
        event("2", "DTSTART:20261120T200000Z\nDTEND:20261119T210000Z"),
        event("3", "DTSTART:20261120T200000Z\nDTEND:20261120T210000Z\nRRULE:FREQ=SOMETIMES"),
        event("4", "DTSTART:20261120T200000Z\nDTEND:20261120T210000Z\nRRULE:FREQ=SECONDLY"),
        event("5", "DTEND:20261120T210000Z"),
        "BEGIN:VEVENT\nDTSTART:20261120T200000Z\nDTEND:20261120T210000Z\nEND:VEVENT\n".to_owned(),
    ];
    let read = read_now(&calendar(&format!("{good}{}", bad.concat())));
    assert_eq!(read.instances.len(), 1);
    assert_eq!(read.unread.values().sum::<usize>(), bad.len(), "{:?}", read.unread);
}

#[test]
fn a_calendar_that_was_cut_off_or_is_none_is_refused_as_a_whole() {
    let refused =
        |text: &str| Calendar::read(text, &site().zone, Window::around(utc("2026-11-20T12:00"))).unwrap_err();
    let whole = calendar(&event("a", "DTSTART:20261120T200000Z\nDTEND:20261120T210000Z"));
    assert_eq!(refused("<!doctype html><title>Sign in</title>"), NotACalendar::Other);
    assert_eq!(refused(""), NotACalendar::Other);
    assert_eq!(refused(&whole[..whole.len() - 20]), NotACalendar::CutOff);
    let torn = whole.replace("END:VEVENT\n", "");
    assert_eq!(refused(&torn), NotACalendar::Torn { begun: 1, ended: 0 });
}

#[test]
fn lines_end_as_they_like_and_a_mark_at_the_beginning_is_no_matter() {
    let text = calendar(&event("a", "DTSTART:20261120T200000Z\nDTEND:20261120T\n 210000Z"));
    for text in [text.clone(), text.replace('\n', "\r\n"), format!("\u{feff}{text}\n\n")] {
        assert_eq!(read_now(&text).instances.len(), 1);
    }
}

#[test]
fn an_endless_series_ends_with_the_window() {
    let text = calendar(&event("e", "DTSTART:19700101T200000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY"));
    let read = read_now(&text);
    assert_eq!(read.instances.len(), 62, "two days back and sixty ahead");
}

#[test]
fn a_calendar_that_takes_events_back_holds_none() {
    let text = calendar(&event("a", "DTSTART:20261120T200000Z\nDTEND:20261120T210000Z"));
    let text = text.replace("VERSION:2.0", "VERSION:2.0\nMETHOD:CANCEL");
    assert!(read_now(&text).instances.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the wall shows is the same wall again where it exists once, at most an hour off in the gap,
    /// and never an hour too late in the fold.
    #[test]
    fn a_wall_clock_is_read_as_the_zone_means_it(minute in 0_i64..(500 * 1440)) {
        let wall = jiff::civil::date(2026, 1, 1).at(0, 0, 0, 0) + jiff::Span::new().minutes(minute);
        let text = calendar(&event("p", &format!(
            "DTSTART;TZID=America/Halifax:{}\nDURATION:PT1H", wall.strftime("%Y%m%dT%H%M%S"))));
        let zone = site().zone;
        let around = wall.to_zoned_datetime(zone.clone()).unwrap().timestamp();
        let read = Calendar::read(&text, &zone, Window::around(around.into())).unwrap();
        prop_assert_eq!(read.instances.len(), 1);
        let start = read.instances[0].start;
        prop_assert_eq!(read.instances[0].end.0 - start.0, 3_600_000);
        let shown = start.timestamp().to_zoned_datetime(zone.clone()).datetime();
        let off = wall.until(shown).unwrap().total(jiff::Unit::Minute).unwrap();
        prop_assert!(off.abs() < 0.01 || (off - 60.0).abs() < 0.01, "{} became {}", wall, shown);
        // An hour earlier the wall did not show the same: the first of two was taken.
        let before = (start - std::time::Duration::from_secs(3600)).timestamp().to_zoned_datetime(zone).datetime();
        prop_assert_ne!(before, wall);
    }

    /// Nothing that comes over the wire brings the reader down.
    #[test]
    fn no_text_brings_the_reader_down(lines in proptest::collection::vec("[ -~]{0,60}|BEGIN:VEVENT|END:VEVENT|RRULE:[A-Z=;0-9,+-]{0,40}|DTSTART:[0-9TZ]{0,20}|EXDATE;VALUE=[A-Z]{0,9}:[0-9TZ,]{0,20}|DURATION:[PTHMSDW0-9-]{0,12}", 0..20)) {
        let text = calendar(&lines.join("\n"));
        let _ = Calendar::read(&text, &site().zone, Window::around(utc("2026-11-20T12:00")));
    }
}
