//! What in an event is bay, phone, name, reference and PIN.

use clubos::feed::{self, Mapped};
use clubos::site::Site;
use clubos::store::booking::Booking;

use crate::{calendar, event, read_now, site, with};

const AT: &str = "DTSTART:20261120T200000Z\nDTEND:20261120T213000Z\n";

fn mapped(site: &Site, lines: &str) -> Mapped {
    feed::bookings(&read_now(&calendar(&event("one@club", &format!("{AT}{lines}")))), site)
}

fn booking(lines: &str) -> Booking {
    let mapped = mapped(&site(), lines);
    assert_eq!(mapped.bookings.len(), 1, "{lines}: {}", mapped.why());
    mapped.bookings.into_iter().next().unwrap()
}

fn phone(lines: &str) -> Option<String> {
    booking(&format!("LOCATION:Bay 2\n{lines}")).phone.map(|p| p.to_string())
}

#[test]
fn an_event_as_booking_systems_write_it_is_a_booking() {
    let found = booking(
        "SUMMARY:Bay 2 - Alex Example\nDESCRIPTION:Name: Alex Example\\nPhone: (902) 555-0101\\nReference: GOLF-77\\nPIN: 4711\\nPlayers: 3",
    );
    assert_eq!((found.bay.0, found.name.as_str()), (2, "Alex Example"));
    assert_eq!(found.phone.unwrap().as_str(), "+19025550101");
    assert_eq!((found.reference.as_deref(), found.pin.as_deref()), (Some("GOLF-77"), Some("4711")));
    assert_eq!(found.id, "ical:one@club");
}

#[test]
fn the_bay_stands_in_many_places() {
    for lines in [
        "X-BAY:2",
        "X-BAY:bay-2",
        "LOCATION:Bay 2",
        "LOCATION:Bay #2\\, ground floor",
        "RESOURCES:Projector,Bay 2",
        "SUMMARY:Simulator 2: Alex",
        "CATEGORIES:BAY 2",
        "SUMMARY:Alex\nDESCRIPTION:Two hours in bay no. 2",
    ] {
        assert_eq!(booking(lines).bay.0, 2, "{lines}");
    }
}

#[test]
fn a_bay_that_is_not_clear_makes_no_booking() {
    for (lines, why) in [
        ("SUMMARY:Alex", "no bay"),
        ("SUMMARY:Bay 1 and bay 2", "more than one bay"),
        ("LOCATION:Bay 9", "a bay this site has not"),
        ("LOCATION:Bay 2 or bay 9", "more than one bay"),
    ] {
        let mapped = mapped(&site(), lines);
        assert!(mapped.bookings.is_empty(), "{lines}");
        assert_eq!(mapped.skipped.get(why), Some(&1), "{lines}: {}", mapped.why());
    }
}

#[test]
fn the_phone_is_where_a_phone_is_said_to_be_and_nowhere_else() {
    let alex = Some("+19025550101".to_owned());
    assert_eq!(phone("X-PHONE:902-555-0101"), alex);
    assert_eq!(phone("ATTENDEE;CN=Alex:tel:+1-902-555-0101"), alex);
    assert_eq!(phone("ATTENDEE:mailto:alex@club.example\nCONTACT:+19025550101"), alex);
    assert_eq!(phone("DESCRIPTION:Players: 2\\nMobile: +1 902 555 0101\\nPaid"), alex);
    assert_eq!(phone("DESCRIPTION:Order 9025550101 of 2026-11-20"), None, "a number, not a phone number");
    assert_eq!(phone("SUMMARY:2026-11-20 20 Alex"), None);
    assert_eq!(phone("DESCRIPTION:Phone: ask at the desk"), None);
}

#[test]
fn without_a_number_the_name_may_still_be_known() {
    let found = booking("LOCATION:Bay 2\nATTENDEE;CN=\"Robin, the second\":mailto:robin@club.example");
    assert_eq!((found.name.as_str(), found.phone), ("Robin, the second", None));
    assert_eq!(booking("SUMMARY:Bay 2 - Sam").name, "Sam");
    assert_eq!(booking("SUMMARY:Kim (bay 2)").name, "Kim");
}

#[test]
fn a_site_says_itself_where_things_stand() {
    let site = with(
        "[bookings]\nbay_from = ['COMMENT ~ spot ([0-9])']\nphone_from = ['X-CELL']\nname_from = ['X-WHO']\n\
         reference_from = ['UID']\ncalling_code = '+44'",
    );
    let mapped = mapped(&site, "COMMENT:spot 3\nX-CELL:020 7946 0101\nX-WHO:Alex\nSUMMARY:Bay 1");
    let found = &mapped.bookings[0];
    assert_eq!((found.bay.0, found.name.as_str()), (3, "Alex"));
    assert_eq!(found.phone.as_ref().unwrap().as_str(), "+442079460101");
    assert_eq!(found.reference.as_deref(), Some("one@club"));
}

#[test]
fn what_is_longer_than_a_day_or_has_no_length_is_no_booking() {
    let days =
        calendar(&event("d", "DTSTART;VALUE=DATE:20261121\nDTEND;VALUE=DATE:20261123\nLOCATION:Bay 2"));
    let none = calendar(&event("n", "DTSTART:20261121T200000Z\nLOCATION:Bay 2"));
    for (text, why) in [(days, "more than a day"), (none, "no length")] {
        let mapped = feed::bookings(&read_now(&text), &site());
        assert_eq!(mapped.why(), format!("1 with {why}"));
    }
}

#[test]
fn a_long_or_odd_uid_becomes_an_id_of_its_own() {
    let long = "x".repeat(300);
    let two = format!(
        "{}{}",
        event(&long, &format!("{AT}LOCATION:Bay 2")),
        event("ö u", &format!("{AT}LOCATION:Bay 3"))
    );
    let mapped = feed::bookings(&read_now(&calendar(&two)), &site());
    let ids: Vec<&str> = mapped.bookings.iter().map(|b| b.id.as_str()).collect();
    assert_eq!(ids.len(), 2);
    assert!(ids.iter().all(|id| id.len() < 64 && id.starts_with("ical:")), "{ids:?}");
    assert_ne!(ids[0], ids[1]);
}
