//! A turn is read when it is looked at, and that reading is the one it is decided by.

use std::sync::atomic::Ordering;
use std::time::Duration;

use clubos::desk::Todo;
use clubos::store::message;

use crate::club::{Club, minutes, push};

const ALEX: &str = "+19025550101";

#[test]
fn a_burst_is_read_once_and_the_same_reading_decides() {
    let mut club = Club::at("burst", "2026-11-20T15:00:00", vec![push()]);
    for _ in 0..19 {
        club.text(ALEX, "well");
    }
    let thread = club.text(ALEX, "faq.wifi");
    club.until(minutes(1));
    assert_eq!(club.reader.reads.load(Ordering::Relaxed), 1, "twenty texts in one go are one reading");
    let all = message::of_thread(club.desk.store_ref().conn(), thread, 50).unwrap();
    assert!(all.iter().filter(|m| m.inbound).all(|m| m.ending.is_some()));
    assert_eq!(all.iter().filter(|m| !m.inbound).count(), 1, "and one answer");
}

#[test]
fn new_words_are_read_afresh_and_put_the_answer_off() {
    let mut club = Club::at("afresh", "2026-11-20T15:00:00", vec![push()]);
    let thread = club.text(ALEX, "faq.hours");
    club.until(Duration::from_millis(700));
    club.text(ALEX, "faq.wifi");
    let replies = |club: &Club| {
        let all = message::of_thread(club.desk.store_ref().conn(), thread, 50).unwrap();
        all.into_iter().filter(|m| !m.inbound).map(|m| m.body).collect::<Vec<_>>()
    };
    club.until(Duration::from_millis(1_600));
    assert!(replies(&club).is_empty(), "a second of quiet counts from the last text");
    club.until(Duration::from_millis(1_800));
    assert_eq!(club.reader.reads.load(Ordering::Relaxed), 3, "each text by itself, then both");
    assert!(replies(&club)[0].contains("Clubhouse-Guest"), "{:?}", replies(&club));
}

#[test]
fn texts_that_trickle_in_are_read_by_themselves_and_the_whole_once_they_stop() {
    let mut club = Club::at("trickle", "2026-11-20T15:00:00", vec![push()]);
    let thread = club.text(ALEX, "well");
    for n in 1..20 {
        club.until(Duration::from_millis(300 * n));
        club.text(ALEX, if n == 19 { "faq.wifi" } else { "well" });
    }
    club.until(minutes(1));
    let words = club.reader.words.load(Ordering::Relaxed);
    assert_eq!(words, 20 + 2, "the twenty together, and what differs in them alone");
    let all = message::of_thread(club.desk.store_ref().conn(), thread, 50).unwrap();
    assert_eq!(all.iter().filter(|m| !m.inbound).count(), 1);
}

#[test]
fn an_emergency_anywhere_in_a_burst_waits_for_nothing() {
    let mut club = Club::at("urgent", "2026-11-20T15:00:00", vec![push()]);
    club.text(ALEX, "emergency.fire");
    club.text(ALEX, "emergency.fire");
    let todos = club.step();
    assert!(todos.iter().any(|t| matches!(t, Todo::Alert(_))), "{todos:?}");
}

#[test]
fn a_text_that_was_committed_when_the_box_died_has_its_quiet_gap_and_its_answer() {
    let mut club = Club::at("died", "2026-11-20T15:00:00", vec![push()]);
    let thread = club.text(ALEX, "faq.wifi");
    let mut club = club.restart();
    let answered = |club: &Club| {
        let all = message::of_thread(club.desk.store_ref().conn(), thread, 50).unwrap();
        all.iter().any(|m| !m.inbound)
    };
    club.until(Duration::from_millis(900));
    assert!(!answered(&club));
    club.until(minutes(1));
    assert!(answered(&club));
}
