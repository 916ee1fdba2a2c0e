//! On call: taken, handed over, and back.

use clubos::clock::UnixMs;
use clubos::desk::OperateError;
use clubos::site::{Person, Role};
use clubos::store::journal;

use crate::club::{Club, minutes, push, who};

const ALEX: &str = "+19025550101";

#[test]
fn whoever_takes_on_call_is_called_first_until_then_and_it_is_written_down() {
    let mut club = Club::at("taken", "2026-11-20T10:00:00", vec![push()]);
    assert_eq!(club.desk.on_call().unwrap().people, ["sam", "dana"], "as site.toml has it");
    let until = club.clock.now() + minutes(60);
    let after = club.desk.hand_over_on_call(&who("dana"), "dana", Some(until)).unwrap();
    assert_eq!((after.people, after.until), (vec!["dana".to_owned(), "sam".to_owned()], Some(until)));
    club.text(ALEX, "feedback.complaint");
    club.until(minutes(6));
    assert_eq!(club.calls(), ["dana by push", "sam by push"]);
    let changes = journal::changes(club.desk.store_ref().conn(), UnixMs(0)).unwrap();
    let change = changes.iter().find(|c| c.what == "on-call").unwrap();
    assert_eq!((change.who.as_str(), change.until), ("dana", Some(until)));
    assert!(change.detail.contains("dana, sam") && change.detail.contains("before: sam, dana"));
    let mut club = club.restart();
    assert_eq!(club.desk.on_call().unwrap().people[0], "dana");
    club.until(minutes(61));
    assert_eq!(club.desk.on_call().unwrap().people, ["sam", "dana"], "and back by itself");
}

#[test]
fn what_rings_already_rings_for_the_new_one_at_once() {
    let mut club = Club::at("rings", "2026-11-20T10:00:00", vec![push()]);
    club.text(ALEX, "billing.promo");
    club.until(minutes(2));
    assert_eq!(club.calls(), ["sam by push"]);
    club.desk.hand_over_on_call(&who("sam"), "dana", None).unwrap();
    club.until(minutes(3));
    assert_eq!(club.calls(), ["sam by push", "dana by push"]);
}

#[test]
fn three_people_change_places_and_strangers_and_the_past_are_refused() {
    let third = |site: &mut clubos::site::Site| {
        let phone = "+19025550192".parse().ok();
        let mut kim: Person = site.people[0].clone();
        (kim.name, kim.role, kim.phone) = ("kim".into(), Role::Manager, phone);
        site.people.push(kim);
    };
    let mut club = Club::with("three", "2026-11-20T10:00:00", vec![push()], third);
    assert_eq!(club.desk.on_call().unwrap().people, ["sam", "dana", "kim"]);
    let after = club.desk.hand_over_on_call(&who("sam"), "kim", None).unwrap();
    assert_eq!(after.people, ["kim", "dana", "sam"]);
    let after = club.desk.set_on_call(&who("dana"), &["dana".into()], None).unwrap();
    assert_eq!(after.people, ["dana", "sam", "kim"], "whoever is not named stands last");
    let stranger = club.desk.hand_over_on_call(&who("sam"), "nobody", None);
    assert!(matches!(stranger, Err(OperateError::NotCallable(name)) if name == "nobody"));
    let past = club.desk.hand_over_on_call(&who("sam"), "sam", Some(club.clock.now()));
    assert!(matches!(past, Err(OperateError::Past)));
    assert_eq!(club.desk.on_call().unwrap().people[0], "dana");
}

#[test]
fn nobody_moves_a_third_persons_duty_but_anybody_may_take_it() {
    let third = |site: &mut clubos::site::Site| {
        let mut kim: Person = site.people[0].clone();
        (kim.name, kim.role) = ("kim".into(), Role::OnCall);
        site.people.push(kim);
    };
    let mut club = Club::with("third-person", "2026-11-20T10:00:00", vec![push()], third);
    assert_eq!(club.desk.on_call().unwrap().people[0], "sam");
    let away = club.desk.hand_over_on_call(&who("kim"), "dana", None);
    assert!(matches!(away, Err(OperateError::NotYours(whose)) if whose == "sam"));
    let order = club.desk.set_on_call(&who("kim"), &["kim".into()], None);
    assert!(matches!(order, Err(OperateError::NotYours(whose)) if whose == "sam"));
    assert_eq!(club.desk.on_call().unwrap().people[0], "sam");
    club.desk.hand_over_on_call(&who("kim"), "kim", None).unwrap();
    assert_eq!(club.desk.on_call().unwrap().people[0], "kim", "taken, not given");
    club.desk.hand_over_on_call(&who("kim"), "sam", None).unwrap();
    assert_eq!(club.desk.on_call().unwrap().people[0], "sam", "and handed back by whoever has it");
}
