//! Acknowledged in one place, silent everywhere.

use clubos::desk::{Acknowledged, Act, Todo};
use clubos::store::escalation;

use crate::club::{Club, minutes, push, slack, who};

const ALEX: &str = "+19025550101";

#[test]
fn acknowledged_anywhere_silences_what_was_called_and_cancels_what_was_not() {
    let mut club = Club::at("silence", "2026-11-20T15:00:00", vec![push(), slack()]);
    club.text(ALEX, "emergency.fire");
    club.until(minutes(1));
    let fire = club.waiting()[0].id;
    assert!(club.silenced.is_empty());
    club.desk.acknowledge(fire, &who("sam")).unwrap();
    club.until(minutes(30));
    assert_eq!(club.silenced.iter().map(|(_, id)| *id).collect::<Vec<_>>(), [fire], "once");
    assert_eq!(club.called.len(), 3, "and nobody was called again");
}

#[test]
fn the_first_to_acknowledge_has_it_and_the_other_is_told_who() {
    let mut club = Club::at("first", "2026-11-20T15:00:00", vec![push()]);
    let thread = club.text(ALEX, "feedback.complaint");
    club.until(minutes(1));
    let matter = club.waiting()[0].id;
    assert_eq!(club.desk.acknowledge(matter, &who("sam")).unwrap(), Acknowledged::First);
    let dana = club.desk.acknowledge(matter, &who("dana")).unwrap();
    assert_eq!(dana, Acknowledged::Already { by: "sam".into() });
    let row = escalation::get(club.desk.store_ref().conn(), matter).unwrap().unwrap();
    assert_eq!(row.acked_by.as_deref(), Some("sam"));
    assert!(club.notices().iter().any(|n| n.contains("dana") && n.contains("sam was first")));
    club.desk.operate(&who("dana"), thread, &Act::Acknowledge).unwrap();
    assert_eq!(club.desk.acknowledge(404, &who("sam")).unwrap(), Acknowledged::NoSuch);
}

#[test]
fn a_call_on_its_way_when_somebody_acknowledges_is_silenced_too() {
    let mut club = Club::at("in-flight", "2026-11-20T15:00:00", vec![slack()]);
    club.text(ALEX, "emergency.fire");
    let alert = club.step().into_iter().find(|t| matches!(t, Todo::Alert(_))).unwrap();
    let fire = club.waiting()[0].id;
    club.desk.acknowledge(fire, &who("sam")).unwrap();
    assert!(club.step().is_empty(), "nothing was shown yet");
    club.carry_out(alert);
    club.until(minutes(1));
    assert_eq!(club.silenced.len(), 1, "what was shown after that says who has it");
}

#[test]
fn a_reply_from_a_person_silences_as_an_acknowledgement_does() {
    let mut club = Club::at("reply", "2026-11-20T15:00:00", vec![push()]);
    let thread = club.text(ALEX, "feedback.complaint");
    club.until(minutes(1));
    let words = Act::Reply { text: "I'm on my way".into(), form_key: None };
    club.desk.operate(&who("dana"), thread, &words).unwrap();
    club.until(minutes(60));
    assert_eq!(club.silenced.len(), 1);
    assert_eq!(club.calls(), ["sam by push"]);
}

#[test]
fn calls_in_mid_send_at_a_kill_are_made_again_only_while_nobody_has_it() {
    let mut club = Club::at("killed", "2026-11-20T15:00:00", vec![push()]);
    club.text(ALEX, "emergency.fire");
    club.until(minutes(1));
    club.text("+19025550102", "feedback.complaint");
    club.clock.advance_to(club.clock.now() + minutes(1) / 2);
    let in_flight = club.step().into_iter().filter(|t| matches!(t, Todo::Alert(_))).count();
    assert_eq!(in_flight, 1, "sam, to the complaint");
    let before = club.called.len();
    let mut club = club.restart();
    club.until(minutes(1) + minutes(1) / 2);
    assert_eq!(&club.calls()[before..], ["sam by push"], "twice called is better than never");
    let mut club = club.restart();
    club.until(minutes(1) + minutes(1) / 2);
    assert_eq!(club.called.len(), before + 1, "what was sent is not sent again");
    club.until(minutes(7) - minutes(1) / 2);
    let in_flight = club.step();
    assert!(in_flight.is_empty());
}
