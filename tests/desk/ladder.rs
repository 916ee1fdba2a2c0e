//! Who is called when, until somebody acknowledges (DOMAIN 6).

use clubos::desk::Acknowledged;

use crate::club::{Club, minutes, push, slack, sms, voice, who};

const ALEX: &str = "+19025550101";

#[test]
fn critical_calls_everyone_everywhere_at_night_and_by_voice_from_the_second_round_on() {
    let mut club = Club::at("critical", "2026-11-20T23:30:00", vec![push(), slack(), voice()]);
    club.text(ALEX, "emergency.fire");
    club.until(minutes(5));
    assert_eq!(club.calls_at(minutes(0)), ["sam by push", "dana by push", "sam, dana by slack"]);
    assert!(club.calls_at(minutes(1)).is_empty());
    let louder = ["sam by push", "dana by push", "sam, dana by slack", "sam by voice", "dana by voice"];
    assert_eq!(club.calls_at(minutes(2)), louder, "un-acknowledged for two minutes");
    assert_eq!(club.calls_at(minutes(4)), louder, "and again");
    let fire = club.waiting()[0].id;
    assert_eq!(club.desk.acknowledge(fire, &who("dana")).unwrap(), Acknowledged::First);
    let before = club.called.len();
    club.until(minutes(60));
    assert_eq!(club.called.len(), before, "nobody is called any more");
}

#[test]
fn high_climbs_and_is_never_silent() {
    let mut club = Club::at("high", "2026-11-20T23:30:00", vec![push(), voice()]);
    club.text(ALEX, "feedback.complaint");
    club.until(minutes(121));
    assert_eq!(club.calls_at(minutes(0)), ["sam by push"]);
    assert_eq!(club.calls_at(minutes(5)), ["dana by push"]);
    for quarter in 1..=8 {
        assert_eq!(club.calls_at(minutes(15 * quarter)), ["sam by push", "dana by push"]);
    }
    assert!(club.called.iter().all(|c| c.channel != "voice"), "a voice call is for critical matters");
}

#[test]
fn medium_waits_for_the_morning_and_then_climbs() {
    let mut club = Club::at("medium", "2026-11-20T07:00:00", vec![push()]);
    club.text(ALEX, "billing.promo");
    club.until(minutes(60 + 61));
    assert_eq!(club.called.len(), 4);
    assert_eq!(club.calls_at(minutes(60)), ["sam by push"]);
    assert_eq!(club.calls_at(minutes(90)), ["dana by push"]);
    assert_eq!(club.calls_at(minutes(120)), ["sam by push", "dana by push"]);
}

#[test]
fn a_matter_that_becomes_more_urgent_begins_its_ladder_anew() {
    let mut club = Club::at("raised", "2026-11-20T15:00:00", vec![push()]);
    club.text(ALEX, "billing.promo");
    club.until(minutes(20));
    assert_eq!(club.calls(), ["sam by push"]);
    club.text(ALEX, "emergency.medical");
    club.until(minutes(21));
    assert_eq!(club.calls_at(minutes(20)), ["sam by push", "dana by push"]);
}

#[test]
fn whoever_has_no_way_to_be_reached_is_passed_over_at_once() {
    let no_phone = |site: &mut clubos::site::Site| site.people[1].phone = None; // sam
    let mut club = Club::with("no-phone", "2026-11-20T15:00:00", vec![sms()], no_phone);
    club.text(ALEX, "feedback.complaint");
    club.until(minutes(1));
    assert_eq!(club.calls(), ["dana by sms"], "five minutes of waiting for nobody would be silence");
}

#[test]
fn a_channel_that_knows_its_people_calls_no_others() {
    let mut club = Club::at("known", "2026-11-20T15:00:00", vec![push(), sms()]);
    club.desk.set_reachable("push", vec!["dana".into()]);
    club.text(ALEX, "emergency.fire");
    club.until(minutes(1));
    assert_eq!(club.calls(), ["dana by push", "sam by sms", "dana by sms"]);
}
