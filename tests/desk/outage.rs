//! Every device gone at once is one outage; a short absence, or devices that were away before, are none.

use clubos::device::{DeviceEvent, Observation};
use clubos::site::Target;
use clubos::store::ticket;

use crate::club::{Club, minutes, push};

const ALL: [&str; 6] = ["bay-1", "bay-2", "bay-3", "bay-4", "lights", "audio"];

fn set(club: &mut Club, targets: &[&str], online: bool) {
    for target in targets {
        let event = DeviceEvent {
            target: Target::new(*target),
            at: club.clock.now(),
            observation: Observation::Reachable { online, effect: None, reason: None },
            simulated: true,
        };
        club.desk.device(&event).unwrap();
    }
}

fn open(club: &Club) -> usize {
    ticket::incidents(club.desk.store_ref().conn(), true).unwrap().len()
}

#[test]
fn all_gone_is_one_call_and_it_ends_by_itself_when_half_are_back() {
    let mut club = Club::at("outage", "2026-11-20T15:00:00", vec![push()]);
    set(&mut club, &ALL, true);
    set(&mut club, &["door-main"], true); // on the battery
    club.until(minutes(10));
    set(&mut club, &ALL, false);
    club.until(minutes(11));
    assert_eq!((open(&club), club.waiting().len()), (1, 1));
    assert_eq!(club.calls(), ["sam by push"], "a high matter");
    set(&mut club, &ALL[..2], true);
    assert_eq!(open(&club), 1, "two of six");
    let mut club = club.restart();
    set(&mut club, &ALL[..3], true);
    assert_eq!((open(&club), club.waiting().len()), (0, 0));
    assert!(club.notices().iter().any(|notice| notice.contains("3 of 6")), "{:?}", club.notices());
}

#[test]
fn a_broker_that_starts_anew_is_no_outage() {
    let mut club = Club::at("outage-short", "2026-11-20T15:00:00", vec![push()]);
    set(&mut club, &ALL, true);
    set(&mut club, &ALL, false);
    club.until(minutes(1) / 4);
    set(&mut club, &ALL, true);
    club.until(minutes(5));
    assert_eq!((open(&club), club.waiting().len()), (0, 0));
}

#[test]
fn devices_that_were_away_before_neither_make_nor_hide_one() {
    let mut club = Club::at("outage-before", "2026-11-20T15:00:00", vec![push()]);
    set(&mut club, &ALL, true);
    set(&mut club, &ALL[..2], false);
    club.until(minutes(30));
    set(&mut club, &ALL[2..], false);
    club.until(minutes(31));
    assert_eq!(open(&club), 1, "four of six went together, the others long before");
    let mut club = Club::at("outage-slow", "2026-11-20T15:00:00", vec![push()]);
    set(&mut club, &ALL, true);
    for (n, target) in ALL.iter().enumerate() {
        club.until(minutes(5 * (n as u64 + 1)));
        set(&mut club, &[*target], false);
    }
    club.until(minutes(60));
    assert_eq!(open(&club), 0, "one by one: no power failure looks like that");
}

#[test]
fn what_a_customer_reported_is_closed_by_people_alone() {
    let mut club = Club::at("outage-told", "2026-11-20T15:00:00", vec![push()]);
    set(&mut club, &ALL, true);
    club.text("+19025550101", "facility.power");
    club.until(minutes(1));
    assert_eq!(open(&club), 1);
    set(&mut club, &ALL, false);
    club.until(minutes(5));
    assert_eq!(open(&club), 1, "it is the same outage");
    set(&mut club, &ALL, true);
    assert_eq!(open(&club), 1);
}
