//! Nightly restarts: at the site's hour, never into a bay that is or may be in use.

use std::time::Duration;

use clubos::clock::UnixMs;
use clubos::desk::Todo;
use clubos::site::{BayId, Effect, Housekeeping, Site};
use clubos::store::booking::{self, Booking};
use clubos::store::{booking_source, ticket};

use crate::club::{Club, minutes};

const HOUR: Duration = Duration::from_secs(3600);

fn nightly(site: &mut Site) {
    site.housekeeping = Some(Housekeeping { at: jiff::civil::time(4, 30, 0, 0), effect: Effect::SimRestart });
}

/// A list of bookings read now.
fn read(club: &mut Club, bookings: &[(u8, u64, u64)]) {
    let now = club.clock.now();
    let all: Vec<Booking> = bookings
        .iter()
        .enumerate()
        .map(|(n, (bay, from, to))| Booking {
            id: format!("N{n}"),
            name: "Alex".into(),
            phone: "+19025550101".parse().ok(),
            bay: BayId(*bay),
            starts_at: now + minutes(*from),
            ends_at: now + minutes(*to),
            reference: None,
            pin: None,
            source: "file".into(),
            read_at: now,
        })
        .collect();
    let counts = booking_source::Counts { bookings: all.len(), ..Default::default() };
    club.desk
        .store()
        .write(|tx| {
            booking::replace(tx, &all, "file", now)?;
            booking_source::was_read(tx, "file", booking_source::Kind::of("file"), now, Some(&counts))
        })
        .unwrap();
}

/// Effects on bays in the journal: target, who asked, when (hours after the start).
fn restarts(club: &Club, start: UnixMs) -> Vec<String> {
    let mut statement = club
        .desk
        .store_ref()
        .conn()
        .prepare("SELECT target, asked_by, requested_at FROM effect WHERE effect = 'sim.restart' ORDER BY id")
        .unwrap();
    let rows = statement
        .query_map([], |row| {
            let after = UnixMs(row.get::<_, i64>(2)?).since(start).as_secs() / 60;
            Ok(format!("{} {} {after}", row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })
        .unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn free_bays_at_the_hour_and_a_booked_one_when_it_is_free() {
    // 03:00; the hour is 90 minutes later.
    let mut club = Club::with("night", "2026-11-20T03:00:00", vec![], nightly);
    let start = club.clock.now();
    read(&mut club, &[(2, 30, 120), (3, 100, 160)]);
    club.until(minutes(95));
    assert_eq!(restarts(&club, start), ["bay-1 housekeeping 90", "bay-4 housekeeping 90"]);
    club.until(HOUR * 4);
    let all = restarts(&club, start);
    assert_eq!(all[2..], ["bay-2 housekeeping 135", "bay-3 housekeeping 180"], "a quarter after the end");
    club.until(HOUR * 24);
    assert_eq!(restarts(&club, start).len(), 4, "once a night");
    read(&mut club, &[]);
    club.until(HOUR * 26);
    assert_eq!(restarts(&club, start).len(), 8, "and the next night again");
}

#[test]
fn nothing_is_restarted_where_nobody_knows_who_plays() {
    let mut club = Club::with("night-blind", "2026-11-20T03:00:00", vec![], nightly);
    let start = club.clock.now();
    club.until(HOUR * 8);
    assert!(restarts(&club, start).is_empty(), "no list of bookings was ever read");
    let mut club = Club::with("night-old", "2026-11-20T03:00:00", vec![], nightly);
    let start = club.clock.now();
    read(&mut club, &[]);
    club.until(HOUR * 8);
    assert_eq!(restarts(&club, start).len(), 4);
    club.until(HOUR * 24 * 3);
    let known = restarts(&club, start).len();
    club.until(HOUR * 24 * 6);
    assert_eq!(restarts(&club, start).len(), known, "the list is older than 48 hours");
}

#[test]
fn a_site_without_it_has_none_and_an_overdue_one_runs_only_in_its_window() {
    let mut club = Club::at("night-none", "2026-11-20T03:00:00", vec![]);
    let start = club.clock.now();
    read(&mut club, &[]);
    club.until(HOUR * 8);
    assert!(restarts(&club, start).is_empty());
    for (name, off, count) in [("night-late", HOUR * 3, 4), ("night-off", HOUR * 9, 0)] {
        let mut club = Club::with(name, "2026-11-20T03:00:00", vec![], nightly);
        let start = club.clock.now();
        read(&mut club, &[]);
        club.clock.advance_to(start + off);
        let mut club = club.restart();
        club.until(off + minutes(1));
        assert_eq!(restarts(&club, start).len(), count, "{name}");
    }
}

#[test]
fn what_could_not_be_confirmed_becomes_a_ticket_and_calls_nobody() {
    let mut club = Club::with("night-unknown", "2026-11-20T04:29:00", vec![], nightly);
    read(&mut club, &[(2, 0, 600), (3, 0, 600), (4, 0, 600)]);
    club.clock.advance_to(club.clock.now() + minutes(1));
    let acts: Vec<_> = club
        .step()
        .into_iter()
        .filter_map(|todo| if let Todo::Act(permit) = todo { Some(permit.effect_id()) } else { None })
        .collect();
    let [id] = acts[..] else { panic!("{acts:?}") };
    club.desk.effect_sent(id).unwrap();
    club.until(minutes(20));
    let open = ticket::open(club.desk.store_ref().conn()).unwrap();
    assert_eq!(open.len(), 1, "{open:?}");
    assert!(open[0].detail.contains("could not be confirmed"), "{open:?}");
    assert!(club.waiting().is_empty());
}
