//! A channel that does not work stops nobody, and is itself told to people.

use clubos::desk::Line;
use clubos::store::escalation;

use crate::club::{Club, minutes, push, slack, sms, who};

const ALEX: &str = "+19025550101";

#[test]
fn when_nothing_reaches_a_person_the_next_one_is_called_at_once() {
    let mut club = Club::at("lost", "2026-11-20T15:00:00", vec![push(), sms()]);
    club.broken.extend(["push".to_owned()]);
    club.text(ALEX, "feedback.complaint");
    club.until(minutes(1));
    assert_eq!(club.calls(), ["sam by push", "sam by sms"], "the other channel rang for them");
    club.until(minutes(6));
    club.broken.insert("sms".to_owned());
    club.text("+19025550102", "feedback.complaint");
    let before = club.called.len();
    club.until(minutes(7));
    let now: Vec<String> = club.calls()[before..].to_vec();
    assert_eq!(now[..4], ["sam by push", "sam by sms", "dana by push", "dana by sms"], "and nobody waits");
    club.broken.clear();
    let before = club.called.len();
    club.until(minutes(9));
    assert!(club.called.len() > before, "tried again soon while nobody was reached");
}

#[test]
fn a_broken_channel_is_told_once_by_the_others_and_closes_itself() {
    let mut club = Club::at("broken", "2026-11-20T15:00:00", vec![push(), slack()]);
    for _ in 0..3 {
        club.desk.channel_health("slack", Err("the token has expired".into())).unwrap();
    }
    club.until(minutes(1));
    assert_eq!(club.waiting().len(), 1, "once an outage");
    assert_eq!(club.waiting()[0].level, "medium");
    assert_eq!(club.waiting()[0].intent, "channel.broken");
    assert_eq!(club.calls(), ["sam by push"], "not over itself");
    assert_eq!(club.notices().iter().filter(|n| n.contains("the token has expired")).count(), 1);
    club.desk.channel_health("slack", Ok(())).unwrap();
    club.desk.channel_health("slack", Ok(())).unwrap();
    club.until(minutes(120));
    assert!(club.waiting().is_empty());
    assert_eq!(club.calls(), ["sam by push"], "nobody is called to what works again");
    assert_eq!(club.silenced.len(), 1);
    assert_eq!(club.notices().iter().filter(|n| n.contains("again")).count(), 1);
    club.desk.channel_health("slack", Err("gone".into())).unwrap();
    assert_eq!(club.waiting().len(), 1, "the next outage is another one");
}

#[test]
fn two_channels_break_apart_from_each_other() {
    let mut club = Club::at("two", "2026-11-20T15:00:00", vec![push(), slack()]);
    club.desk.channel_health("slack", Err("gone".into())).unwrap();
    club.desk.channel_health("push", Err("gone".into())).unwrap();
    club.desk.channel_health("push", Ok(())).unwrap();
    assert!(club.waiting().len() == 1 && club.waiting()[0].summary.contains("slack"));
}

#[test]
fn while_the_line_is_down_no_channel_is_called_broken() {
    let mut club = Club::at("no-line", "2026-11-20T15:00:00", vec![push(), slack()]);
    club.desk.set_line(Line::Down).unwrap();
    club.desk.channel_health("slack", Err("no route".into())).unwrap();
    assert!(club.waiting().is_empty());
}

#[test]
fn what_belongs_to_no_conversation_is_acknowledged_and_closed_too() {
    let mut club = Club::at("alone", "2026-11-20T15:00:00", vec![push(), slack()]);
    club.desk.channel_health("slack", Err("gone".into())).unwrap();
    club.until(minutes(1));
    let matter = club.waiting()[0].id;
    club.desk.acknowledge(matter, &who("dana")).unwrap();
    club.until(minutes(60));
    assert_eq!(club.calls(), ["sam by push"]);
    assert!(club.desk.close_escalation(matter, &who("dana")).unwrap());
    let row = escalation::get(club.desk.store_ref().conn(), matter).unwrap().unwrap();
    assert_eq!((row.acked_by.as_deref(), row.closed_by.as_deref()), (Some("dana"), Some("dana")));
    assert!(!club.desk.close_escalation(404, &who("dana")).unwrap());
}
