//! Several lists as one: who may do what by them, and what people are told.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clubos::clock::{Clock, UnixMs};
use clubos::desk::{BookingList, Desk, NotRead, Options, Parts};
use clubos::intent::Understanding;
use clubos::policy::{self, Asker, Gate, Refusal, Request};
use clubos::site::{BayId, E164, Effect, Target};
use clubos::sop::Library;
use clubos::store::booking::{self, Booking};
use clubos::store::{Store, booking_source, journal};

use crate::{site, utc};

const ALEX: &str = "+19025550101";
const ROBIN: &str = "+19025550102";
const HOUR: Duration = Duration::from_secs(3600);

struct House {
    desk: Desk,
    clock: Clock,
    dir: PathBuf,
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn now() -> UnixMs {
    utc("2026-11-21T01:00")
}

fn house(name: &str) -> House {
    let dir = std::env::temp_dir().join(format!("clubos-bookings-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    let site = Arc::new(site());
    let clock = Clock::virtual_at(now());
    let desk = Desk::new(Parts {
        store: Store::open(&dir).unwrap(),
        library: Arc::new(Library::load("sops".as_ref()).unwrap()),
        reader: Arc::new(Understanding::rules_only(Some(&site))),
        site,
        clock: clock.clone(),
        options: Options::default(),
    })
    .unwrap();
    House { desk, clock, dir }
}

/// Bay 2 from half an hour before [`now`] to an hour after it, moved by `minutes`.
fn at(id: &str, phone: Option<&str>, minutes: i64) -> Booking {
    let moment = |m: i64| UnixMs(now().0 + (m + minutes) * 60_000);
    Booking {
        id: id.into(),
        phone: phone.map(|p| p.parse().unwrap()),
        name: String::new(),
        bay: BayId(2),
        starts_at: moment(-30),
        ends_at: moment(60),
        reference: None,
        pin: None,
        source: String::new(),
        read_at: UnixMs(0),
    }
}

impl House {
    fn list(&mut self, source: &str, bookings: &[Booking]) {
        self.desk.put_bookings(bookings, source).unwrap();
    }

    fn asks(&self, phone: &str, effect: Effect, target: &str) -> Result<Option<String>, Refusal> {
        let phone: E164 = phone.parse().unwrap();
        let asker = Asker::Customer { phone: Some(phone), presence: None, at_door: true };
        let target = Target::new(target);
        let request = Request {
            effect,
            target: &target,
            value: None,
            asker: &asker,
            thread_id: None,
            episode_id: None,
        };
        let gate = Gate { site: self.desk.site(), safe_mode: false };
        policy::precheck(self.desk.store_ref().conn(), gate, &request, self.clock.now()).unwrap()
    }

    fn door(&self, phone: &str) -> Result<Option<String>, Refusal> {
        self.asks(phone, Effect::DoorUnlock, "door-main")
    }

    fn notices(&self) -> Vec<String> {
        let all = journal::notices(self.desk.store_ref().conn(), UnixMs(0)).unwrap();
        all.into_iter().map(|n| n.text).collect()
    }

    fn pass(&mut self, time: Duration) {
        self.clock.advance_to(self.clock.now() + time);
        self.desk.look_at_bookings().unwrap();
    }
}

#[test]
fn a_door_opens_by_a_list_within_its_limit_and_not_a_minute_later() {
    let mut house = house("limit");
    let long = Booking { ends_at: now() + HOUR * 60, ..at("B1", Some(ALEX), 0) };
    house.list("file", &[long]);
    house.pass(HOUR * 48);
    assert_eq!(house.door(ALEX), Ok(Some("B1".into())));
    assert!(house.notices().is_empty());
    house.pass(Duration::from_secs(60));
    assert_eq!(house.door(ALEX), Err(Refusal::BookingsOld));
    assert_eq!(house.asks(ALEX, Effect::SimRestart, "bay-2"), Ok(Some("B1".into())), "the bay is theirs");
    assert_eq!(house.notices().len(), 1, "people are told once");
    house.pass(HOUR);
    assert_eq!(house.notices().len(), 1);
}

#[test]
fn a_list_that_is_read_and_unchanged_stays_fresh() {
    let mut house = house("unchanged");
    let long = Booking { ends_at: now() + HOUR * 60, ..at("B1", Some(ALEX), 0) };
    house.list("file", std::slice::from_ref(&long));
    house.pass(HOUR * 47);
    house.desk.bookings_unchanged("file").unwrap();
    house.pass(HOUR * 10);
    assert_eq!(house.door(ALEX), Ok(Some("B1".into())));
    let source = booking_source::get(house.desk.store_ref().conn(), "file").unwrap().unwrap();
    assert_eq!((source.read_at, source.changed_at), (Some(now() + HOUR * 47), Some(now())));
    house.list("file", &[long]);
    let source = booking_source::get(house.desk.store_ref().conn(), "file").unwrap().unwrap();
    assert_eq!(
        (source.read_at, source.changed_at),
        (Some(now() + HOUR * 57), Some(now())),
        "the same list again"
    );
}

#[test]
fn the_fresher_of_two_lists_that_agree_counts() {
    let mut house = house("agree");
    let long = |id| Booking { ends_at: now() + HOUR * 60, ..at(id, Some(ALEX), 0) };
    house.list("file", &[long("B1")]);
    house.list("ical", &[long("ical:x")]);
    house.pass(HOUR * 40);
    house.list("ical", &[long("ical:x")]);
    house.pass(HOUR * 10);
    assert_eq!(house.door(ALEX), Ok(Some("B1".into())));
    assert!(house.notices().iter().all(|n| n.contains("(file)")), "{:?}", house.notices());
}

#[test]
fn two_customers_on_one_bay_need_a_person_for_door_and_bay() {
    let mut house = house("conflict");
    house.list("file", &[at("B1", Some(ALEX), 0)]);
    assert!(house.door(ALEX).is_ok());
    house.list("ical", &[at("ical:x", Some(ROBIN), 20)]);
    for phone in [ALEX, ROBIN] {
        assert_eq!(house.door(phone), Err(Refusal::Contested));
        assert_eq!(house.asks(phone, Effect::SimRestart, "bay-2"), Err(Refusal::Contested));
    }
    let notices = house.notices();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].starts_with("Two bookings for bay 2 at once"), "{notices:?}");
    assert!(!notices[0].contains("902555"), "no number");
    house.list("ical", &[at("ical:x", Some(ROBIN), 20)]);
    assert_eq!(house.notices().len(), 1, "told once");
    let both = booking::of_bay(house.desk.store_ref().conn(), BayId(2), now(), now() + HOUR).unwrap();
    assert_eq!(both.len(), 2, "both are shown");
    house.list("ical", &[at("ical:x", Some(ROBIN), 60 + 30)]);
    assert!(house.door(ALEX).is_ok(), "back to back is no conflict");
}

#[test]
fn presence_in_the_bay_still_counts_where_bookings_are_in_conflict() {
    let mut house = house("presence");
    house.list("file", &[at("B1", Some(ALEX), 0)]);
    house.list("ical", &[at("ical:x", Some(ROBIN), 0)]);
    let asker = Asker::Customer { phone: None, presence: Some(BayId(2)), at_door: false };
    let target = Target::new("bay-2");
    let request = Request {
        effect: Effect::SimRestart,
        target: &target,
        value: None,
        asker: &asker,
        thread_id: None,
        episode_id: None,
    };
    let gate = Gate { site: house.desk.site(), safe_mode: false };
    assert!(policy::precheck(house.desk.store_ref().conn(), gate, &request, now()).unwrap().is_ok());
}

#[test]
fn a_booking_without_a_number_opens_no_door_and_people_are_told_once() {
    let mut house = house("no-number");
    house.list("ical", &[at("ical:x", None, 0)]);
    assert_eq!(house.door(ALEX), Err(Refusal::NoBooking));
    let notices = house.notices();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].contains("no phone number"), "{notices:?}");
    house.list("ical", &[at("ical:x", None, 0), at("ical:y", None, 300)]);
    assert_eq!(house.notices().len(), 2, "only of the new one");
    house.list("file", &[at("B1", Some(ALEX), 0)]);
    assert_eq!(house.door(ALEX), Ok(Some("B1".into())), "another list knows the number");
}

#[test]
fn unlocks_are_counted_over_both_lists_of_one_booking() {
    let mut house = house("unlocks");
    house.list("file", &[at("B1", Some(ALEX), 0)]);
    house.list("ical", &[at("ical:x", Some(ALEX), 0)]);
    let own = booking::of_phone(house.desk.store_ref().conn(), &ALEX.parse().unwrap(), now(), now()).unwrap();
    assert_eq!(own.len(), 1, "given out once");
    let sent = |house: &mut House, id: &str| {
        let sql = "INSERT INTO effect (effect, target, tier, asked_by, booking_id, state, outcome, requested_at, sent_at, expires_at)
                   VALUES ('door.unlock', 'door-main', 'T2', 'customer', ?1, 'ended', 'verified', 0, 0, 0)";
        house.desk.store().conn().execute(sql, [id]).unwrap();
    };
    sent(&mut house, "B1");
    assert!(house.door(ALEX).is_ok());
    sent(&mut house, "ical:x");
    assert_eq!(house.door(ALEX), Err(Refusal::Limit));
}

#[test]
fn a_list_that_cannot_be_read_keeps_the_last_and_people_hear_of_it() {
    let mut house = house("failing");
    house.list("ical", &[at("ical:x", Some(ALEX), 0)]);
    let passing = NotRead { why: "the calendar's server cannot be reached".into(), lasting: false };
    house.desk.bookings_not_read("ical", &passing).unwrap();
    assert!(house.notices().is_empty(), "a line that flaps wakes nobody");
    assert!(house.door(ALEX).is_ok());
    house.pass(HOUR / 2);
    house.desk.bookings_not_read("ical", &passing).unwrap();
    house.desk.bookings_not_read("ical", &passing).unwrap();
    assert_eq!(house.notices().len(), 1);
    house.desk.bookings_unchanged("ical").unwrap();
    assert_eq!(house.notices().len(), 2, "and that it is read again");
    let lasting = NotRead { why: "the calendar's server answers 410 Gone".into(), lasting: true };
    house.desk.bookings_not_read("ical", &lasting).unwrap();
    assert_eq!(house.notices().len(), 3, "what will not pass is said at once");
}

#[test]
fn a_list_that_was_removed_takes_its_bookings_along() {
    let mut house = house("removed");
    house.list("file", &[at("B1", Some(ALEX), 0)]);
    house.list("ical", &[at("ical:x", Some(ROBIN), 200)]);
    let dana = clubos::desk::Operator { name: "dana".into(), role: clubos::site::Role::Manager };
    assert!(house.desk.forget_bookings(&dana, "file").unwrap());
    assert!(!house.desk.forget_bookings(&dana, "file").unwrap());
    assert_eq!(house.door(ALEX), Err(Refusal::NoBooking));
    let left = booking_source::all(house.desk.store_ref().conn()).unwrap();
    assert_eq!(left.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["ical"]);
}

#[test]
fn a_whole_list_is_taken_with_its_entries_that_are_none() {
    let mut house = house("skipped");
    let list = BookingList {
        source: "ical".into(),
        bookings: vec![at("ical:x", Some(ALEX), 0)],
        skipped: 2,
        why: "2 with no bay".into(),
        read_at: now(),
    };
    house.desk.bookings_read(&list).unwrap();
    let source = booking_source::get(house.desk.store_ref().conn(), "ical").unwrap().unwrap();
    assert_eq!((source.count, source.skipped, source.skipped_why.as_str()), (1, 2, "2 with no bay"));
}

#[test]
fn bookings_of_a_database_from_before_keep_their_place_and_age() {
    let dir = std::env::temp_dir().join(format!("clubos-bookings-old-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    let old = rusqlite::Connection::open(dir.join("clubos.db")).unwrap();
    old.execute_batch(include_str!("../../src/store/schema/001.sql")).unwrap();
    let sql = "INSERT INTO booking VALUES ('B1', '+19025550101', 'Alex', 2, ?1, ?2, 'GOLF-77', NULL, ?3, ?4)";
    let (from, to) = (now().0 - 1000, now().0 + 1000);
    old.execute(sql, rusqlite::params![from, to, "feed", now().0 - 5000]).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    drop(old);
    let store = Store::open(&dir).unwrap();
    let kept = booking::get(store.conn(), "B1").unwrap().unwrap();
    assert_eq!((kept.source.as_str(), kept.read_at), ("feed", UnixMs(now().0 - 5000)));
    let source = booking_source::get(store.conn(), "feed").unwrap().unwrap();
    assert_eq!((source.kind, source.count), (booking_source::Kind::Push, 1));
    drop(store);
    let _ = std::fs::remove_dir_all(&dir);
}

#[test]
fn ten_thousand_bookings_are_one_list_like_any_other() {
    let mut house = house("many");
    let many: Vec<Booking> = (0..10_000)
        .map(|n: i64| Booking {
            bay: BayId(1 + (n % 4) as u8),
            ..at(&format!("ical:{n}"), Some(ALEX), n / 4 * 90)
        })
        .collect();
    house.list("ical", &many);
    assert!(house.notices().is_empty(), "back to back is no conflict");
    let robins = Booking { bay: BayId(1), ..at("B1", Some(ROBIN), 500 * 90) };
    house.list("file", &[robins]);
    assert_eq!(house.notices().len(), 1, "the one among ten thousand");
    house.list("ical", &many[..5000]);
    assert_eq!(booking_source::get(house.desk.store_ref().conn(), "ical").unwrap().unwrap().count, 5000);
}
