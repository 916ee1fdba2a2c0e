//! What a scenario file may say, and how it is told that it says something else.

use std::path::Path;
use std::time::Duration;

use super::super::scenario::{Answer, Llm, Scenario, What};
use super::*;
use crate::desk::Act;

const HEAD: &str = "name: x\nsite: clubhouse\nat: 2026-11-20T21:04:00\n";

fn read(rest: &str) -> Result<Scenario, ScenarioProblems> {
    read_scenario("x.yaml", &format!("{HEAD}{rest}"), Path::new(env!("CARGO_MANIFEST_DIR")))
}

fn right(rest: &str) -> Scenario {
    read(rest).unwrap_or_else(|problems| panic!("{:#?}", problems.0))
}

fn told(rest: &str) -> String {
    let problems = read(rest).expect_err(rest).0;
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

fn events(lines: &str) -> Vec<What> {
    right(&format!("events:\n{lines}")).events.into_iter().map(|event| event.what).collect()
}

#[test]
fn the_contracts_own_example_is_read() {
    let scenario = right(
        "wan: up\nllm: off\n\
         bookings: [{id: B1, phone: \"+19025550101\", name: Alex, bay: 2, from: \"20:30\", to: \"22:00\"}]\n\
         devices:\n  bay-2: {sim.restart: lies, pc.reboot: ok}\n  door-main: {door.unlock: slow 90s}\n\
         events:\n  - {at: 30s, from: \"+19025550101\", sms: \"yes\"}\n  - {at: 0s, bay: 2, chat: \"frozen\"}\n\
         expect:\n  - {effect: sim.restart, target: bay-2, times: 1, outcome: unknown}\n  - {never: {effect: door.unlock}}\n",
    );
    let booking = &scenario.bookings[0];
    assert_eq!(booking.ends_at.since(booking.starts_at), Duration::from_secs(90 * 60));
    assert_eq!(scenario.at.since(booking.starts_at), Duration::from_secs(34 * 60));
    assert_eq!(scenario.devices.len(), 3);
    assert!(matches!(scenario.events[0].what, What::Chat { .. }), "events are in order of time");
    assert!(scenario.expect[1].never);
}

#[test]
fn a_booking_that_ends_before_it_starts_ends_the_next_day() {
    let over_midnight =
        right("bookings: [{id: B1, phone: \"+19025550101\", bay: 2, from: \"23:00\", to: \"01:30\"}]\n");
    let booking = &over_midnight.bookings[0];
    assert_eq!(booking.ends_at.since(booking.starts_at), Duration::from_secs(150 * 60));
    let dated = "bookings: [{id: B1, phone: \"+19025550101\", bay: 2, from: \"2026-10-31T23:30:00\", to: \"03:00\"}]\n";
    let clocks_go_back = &right(dated).bookings[0].clone();
    assert_eq!(clocks_go_back.ends_at.since(clocks_go_back.starts_at), Duration::from_secs(270 * 60));
}

#[test]
fn operators_do_one_thing_each() {
    let what = events(
        "  - {at: 1s, operator: dana, reply: \"On my way\", twice: true}\n  - {at: 2s, operator: sam, claim: true}\n  \
         - {at: 3s, operator: dana, approve: poe.cycle, target: bay-2, thread: bay-2}\n",
    );
    assert!(matches!(&what[0], What::Operator { act: Act::Reply { .. }, twice: true, .. }));
    assert!(matches!(&what[1], What::Operator { act: Act::Claim, thread: None, .. }));
    assert!(
        matches!(&what[2], What::Operator { act: Act::Approve { .. }, thread: Some(thread), .. } if thread == "bay-2")
    );
    assert!(told("events:\n  - {at: 1s, operator: dana}\n").contains("the operator does nothing"));
    assert!(told("events:\n  - {at: 1s, operator: danna, claim: true}\n").contains("did you mean `dana`"));
}

#[test]
fn the_cloud_model_is_scripted() {
    let scenario = right(
        "llm: [{intent: sim.frozen, slots: {bay: 2}, text: \"hi\"}, {intent: none}, error, slow 10s]\n",
    );
    let Llm::Answers(answers) = scenario.llm else { panic!("a list") };
    assert!(
        matches!(&answers[0], Answer::Says(said) if said.intent.as_deref() == Some("sim.frozen") && said.bay == Some(BayId(2)))
    );
    assert!(matches!(&answers[1], Answer::Says(said) if said.intent.is_none()));
    assert_eq!(&answers[2..], [Answer::Error, Answer::Slow(Duration::from_secs(10))]);
    assert_eq!(right("llm: slow 10s\n").llm, Llm::Slow(Duration::from_secs(10)));
    assert!(told("llm: maybe\n").contains("x.yaml:4: llm"));
}

#[test]
fn an_empty_text_and_a_photo_are_texts() {
    let what = events(
        "  - {at: 1s, from: \"+19025550101\", sms: \"\", media: 1}\n  - {at: 2s, bay: 2, chat: \"  \", id: M1}\n",
    );
    assert!(matches!(&what[0], What::Sms { text, .. } if text.body.is_empty() && text.media == 1));
    assert!(
        matches!(&what[1], What::Chat { text, .. } if text.body == "  " && text.id.as_deref() == Some("M1"))
    );
}

#[test]
fn every_wrong_key_is_named_with_line_and_mend() {
    let wrong = told(
        "bookngs: []\ndevices:\n  bay-9: {sim.restart: ok}\n  bay-2: {sim.restrat: ok, pc.reboot: sometimes}\n\
         events:\n  - {at: soon, from: \"+19025550101\", sms: \"x\"}\n  - {at: 1s, sms: \"x\"}\n  - {at: 1s}\n\
         expect:\n  - {replay: \"x\"}\n  - {reply: \"(\"}\n  - {effect: sim.restart, tgt: bay-2}\n",
    );
    for part in [
        "x.yaml:4: bookngs: there is no such key (did you mean `bookings`?)",
        "the site has no `bay-9`",
        "there is no effect `sim.restrat` (did you mean `sim.restart`?)",
        "`sometimes` is no behaviour",
        "`soon` is no duration",
        "events[1].from: is missing",
        "nothing happens here",
        "nothing known is expected here",
        "`(` is no regular expression",
        "`effect` has no such field",
    ] {
        assert!(wrong.contains(part), "{part} is not in:\n{wrong}");
    }
}

#[test]
fn an_unknown_site_says_where_sites_are() {
    let text = "name: x\nsite: nowhere\nat: 2026-11-20T21:04:00\n";
    let problems = read_scenario("x.yaml", text, Path::new(".")).expect_err("no site").0;
    assert!(
        problems[0].to_string().contains("x.yaml:2: site: there is no site `nowhere`"),
        "{}",
        problems[0]
    );
}
