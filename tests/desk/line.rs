//! Calls wait while the line is down.

use clubos::desk::{Line, Todo};

use crate::club::{Club, minutes, push, slack, who};

const ALEX: &str = "+19025550101";

#[test]
fn after_an_hour_without_a_line_each_person_is_called_once_a_channel() {
    let mut club = Club::at("hour", "2026-11-20T15:00:00", vec![push(), slack()]);
    club.desk.set_line(Line::Down).unwrap();
    club.text(ALEX, "emergency.fire");
    club.text("+19025550102", "feedback.complaint");
    club.until(minutes(61));
    assert!(club.called.is_empty());
    club.desk.set_line(Line::Up).unwrap();
    let fire = club.waiting().iter().find(|e| e.level == "critical").unwrap().id;
    for todo in club.step() {
        club.carry_out(todo);
    }
    let to = |fire_too: bool| {
        let of = club.called.iter().filter(|c| (c.escalation == fire) == fire_too);
        let mut calls: Vec<String> = of.map(|c| format!("{} by {}", c.person, c.channel)).collect();
        calls.sort();
        calls
    };
    let once = ["dana by push", "sam by push", "sam, dana by slack"];
    assert_eq!(to(true), once);
    assert_eq!(to(false), once, "the rungs that went by meanwhile are one call");
}

#[test]
fn what_was_acknowledged_meanwhile_calls_nobody() {
    let mut club = Club::at("meanwhile", "2026-11-20T15:00:00", vec![push(), slack()]);
    club.desk.set_line(Line::Down).unwrap();
    club.text(ALEX, "emergency.fire");
    club.until(minutes(10));
    let fire = club.waiting()[0].id;
    club.desk.acknowledge(fire, &who("dana")).unwrap(); // on the staff page, which needs no line
    club.desk.set_line(Line::Up).unwrap();
    club.until(minutes(60));
    assert!(club.called.is_empty() && club.silenced.is_empty());
}

#[test]
fn a_call_that_the_line_cut_off_waits_and_goes_when_it_is_back() {
    let mut club = Club::at("cut", "2026-11-20T15:00:00", vec![push()]);
    club.text(ALEX, "feedback.complaint");
    club.clock.advance_to(club.clock.now() + minutes(1));
    let Some(Todo::Alert(alert)) = club.step().into_iter().find(|t| matches!(t, Todo::Alert(_))) else {
        panic!("sam is called")
    };
    club.desk.set_line(Line::Down).unwrap();
    club.desk.alert_failed(alert.id, "no route").unwrap();
    club.until(minutes(2));
    assert!(club.called.is_empty());
    club.desk.set_line(Line::Up).unwrap();
    club.until(minutes(3));
    assert_eq!(club.calls(), ["sam by push"]);
}
