//! The daily digest: once a day at the site's hour, if there is something to say.

use std::time::Duration;

use clubos::desk::{Line, Todo};

use crate::club::{Club, minutes, push, slack, sms};

const ALEX: &str = "+19025550101";
const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn the_digest_comes_at_eight_with_what_is_open_and_how_yesterday_went() {
    let mut club = Club::at("eight", "2026-11-20T15:00:00", vec![push(), slack()]);
    club.text(ALEX, "facility.supplies");
    club.text("+19025550102", "faq.wifi");
    club.until(HOUR * 17 - minutes(1));
    assert!(club.digests.is_empty());
    club.until(HOUR * 17);
    let [(after, person, channel, text)] = &club.digests[..] else { panic!("{:?}", club.digests) };
    assert_eq!((*after, person.as_str(), channel.as_str()), (HOUR * 17, "sam, dana", "slack"));
    assert!(text.contains("2026-11-21") && text.contains("1 open ticket"), "{text}");
    assert!(text.contains("Yesterday: 2 message(s)"), "{text}");
    assert!(!text.contains(ALEX), "no customer's number: {text}");
    club.until(HOUR * (17 + 24));
    assert_eq!(club.digests.len(), 2, "the ticket is still open");
}

#[test]
fn a_day_with_nothing_to_say_has_no_digest() {
    let mut club = Club::at("nothing", "2026-11-20T15:00:00", vec![slack()]);
    club.until(HOUR * 72);
    assert!(club.digests.is_empty());
}

#[test]
fn it_comes_at_eight_on_the_days_the_clocks_change() {
    // 2026-11-01 has 25 hours in Halifax, 2026-03-08 has 23.
    for (name, start, hours) in [("autumn", "2026-10-31T08:30:00", 24), ("spring", "2026-03-07T08:30:00", 22)]
    {
        let mut club = Club::at(name, start, vec![slack()]);
        club.text(ALEX, "facility.supplies");
        club.until(HOUR * hours + minutes(29));
        assert!(club.digests.is_empty(), "{name}: {:?}", club.digests);
        club.until(HOUR * hours + minutes(30));
        assert_eq!(club.digests.len(), 1, "{name}");
        club.until(HOUR * (hours + 24) + minutes(30));
        assert_eq!(club.digests.len(), 2, "{name}: and the day after again");
    }
}

#[test]
fn neither_a_restart_nor_a_night_off_doubles_it() {
    let mut club = Club::at("restarts", "2026-11-20T15:00:00", vec![slack()]);
    club.text(ALEX, "facility.supplies");
    club.until(HOUR * 16);
    club.clock.advance_to(club.clock.now() + HOUR * 2); // off at eight
    let mut club = club.restart();
    club.until(HOUR * 18);
    assert_eq!(club.digests.len(), 1, "late is better than not");
    let mut club = club.restart();
    club.until(HOUR * 19);
    assert_eq!(club.digests.len(), 1);
    club.until(HOUR * 17 + HOUR * 24);
    assert_eq!(club.digests.len(), 2, "and at eight again");
}

#[test]
fn it_waits_for_the_line_and_goes_by_another_channel_if_one_is_broken() {
    let mut club = Club::at("ways", "2026-11-20T15:00:00", vec![push(), sms(), slack()]);
    club.text(ALEX, "facility.supplies");
    club.broken.insert("slack".to_owned());
    club.broken.insert("push".to_owned());
    club.until(HOUR * 16);
    club.desk.set_line(Line::Down).unwrap();
    club.until(HOUR * 18);
    assert!(club.digests.is_empty());
    club.desk.set_line(Line::Up).unwrap();
    club.until(HOUR * 18 + minutes(1));
    let to: Vec<String> = club.digests.iter().map(|(_, p, c, _)| format!("{p} by {c}")).collect();
    assert_eq!(to, ["sam by sms", "dana by sms"]);
}

#[test]
fn a_site_may_have_none() {
    let off = |site: &mut clubos::site::Site| site.hours.digest = None;
    let mut club = Club::with("off", "2026-11-20T15:00:00", vec![slack()], off);
    club.text(ALEX, "facility.supplies");
    club.until(HOUR * 48);
    assert!(club.digests.is_empty());
}

#[test]
fn a_digest_in_mid_send_at_a_kill_is_sent_again_and_one_that_was_sent_is_not() {
    let mut club = Club::at("digest-killed", "2026-11-20T15:00:00", vec![slack()]);
    club.text(ALEX, "facility.supplies");
    club.until(HOUR * 17 - minutes(1));
    club.clock.advance_to(club.clock.now() + minutes(1));
    let in_flight = club.step().into_iter().filter(|t| matches!(t, Todo::Digest(_))).count();
    assert_eq!(in_flight, 1);
    let mut club = club.restart();
    club.until(HOUR * 17 + minutes(1));
    assert_eq!(club.digests.len(), 1, "made again: it may never have left");
    let mut club = club.restart();
    club.until(HOUR * 18);
    assert_eq!(club.digests.len(), 1);
}
