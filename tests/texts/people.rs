//! People on the same number: texts from the provider's own app, and calls.

use clubos::channel::Heard;

use crate::line::{ALEX, Club, ROBIN, text};

const ENDINGS: &str = "SELECT ending FROM message WHERE direction = 'in' ORDER BY id";

#[tokio::test(flavor = "multi_thread")]
async fn our_own_texts_come_back_and_change_nothing() {
    let club = Club::open("own");
    club.listen();
    club.says("m1", "wifi?").await;
    club.until("SELECT state FROM outbox", &["sent"]).await;
    club.polls(3).await;
    assert_eq!(club.rows("SELECT count(*) FROM message WHERE direction = 'out'"), ["1"]);
    assert_eq!(club.rows("SELECT count(*) FROM thread WHERE hold_by IS NOT NULL"), ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_from_the_phone_app_is_a_persons_and_holds_the_conversation() {
    let club = Club::open("app");
    club.listen();
    let (to, at) = (ALEX.parse().unwrap(), club.clock.now());
    let body = "Hi Alex, Dana here. On my way.".to_owned();
    club.ledger.put(Heard::Sent { id: "AC900".into(), to, body, at, by_person: Some("Dana".into()) });
    club.until("SELECT hold_by FROM thread", &["Dana"]).await;
    assert_eq!(club.rows("SELECT author FROM message WHERE direction = 'out'"), ["Dana"]);
    club.says("m1", "wifi?").await;
    club.until(ENDINGS, &["silent"]).await;
    club.polls(2).await;
    assert!(club.ledger.taken().is_empty(), "the box keeps out of it");
    assert_eq!(club.rows("SELECT count(*) FROM message WHERE direction = 'out'"), ["1"], "kept once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_to_our_own_people_is_no_conversation() {
    let club = Club::open("staff");
    let staff = crate::line::site().people.iter().find_map(|p| p.phone.clone()).unwrap();
    let at = club.clock.now();
    let body = "high: bay 2 needs you".to_owned();
    club.ledger.put(Heard::Sent { id: "AC901".into(), to: staff, body, at, by_person: None });
    club.listen();
    club.polls(3).await;
    assert_eq!(club.rows("SELECT count(*) FROM thread"), ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missed_call_is_a_ticket_and_a_call_to_a_person_but_no_text_to_a_stranger() {
    let club = Club::open("call");
    club.listen();
    let (from, at) = (ROBIN.parse().unwrap(), club.clock.now());
    club.ledger.put(Heard::Call { id: "C1".into(), from, voicemail: None, at });
    club.until("SELECT intent FROM ticket", &["callback"]).await;
    club.until("SELECT level FROM escalation", &["medium"]).await;
    assert_eq!(club.rows(ENDINGS), ["escalated"]);
    // The recording follows the call: the same matter.
    let from = ROBIN.parse().unwrap();
    let said = "this is Robin, I would like to book lessons";
    club.ledger.put(Heard::Call { id: "C1".into(), from, voicemail: Some(said.into()), at });
    club.until("SELECT count(*) FROM message WHERE body LIKE 'Voicemail: this is Robin%'", &["1"]).await;
    club.polls(2).await;
    assert_eq!(club.rows("SELECT count(*) FROM escalation"), ["1"]);
    assert_eq!(club.rows("SELECT count(*) FROM ticket"), ["1"]);
    assert!(club.ledger.taken().is_empty(), "perhaps a landline: never texted with us");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_texts_with_us_is_told_by_text() {
    let club = Club::open("caller");
    club.listen();
    club.says("m1", "wifi?").await;
    club.until("SELECT state FROM outbox", &["sent"]).await;
    let (from, at) = (ALEX.parse().unwrap(), club.clock.now());
    club.ledger.put(Heard::Call { id: "C1".into(), from, voicemail: None, at });
    club.until("SELECT state FROM outbox ORDER BY id", &["sent", "sent"]).await;
    assert!(club.ledger.taken()[1].body.contains("call"), "{:?}", club.ledger.taken()[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_on_the_answering_machine_is_an_emergency() {
    let club = Club::open("voicemail");
    club.listen();
    let (from, at) = (ROBIN.parse().unwrap(), club.clock.now());
    let said = Some("there is a fire in bay 2".to_owned());
    club.ledger.put(Heard::Call { id: "C1".into(), from, voicemail: said, at });
    club.until("SELECT level FROM escalation", &["critical"]).await;
    club.until("SELECT state FROM outbox", &["sent"]).await;
    assert!(club.ledger.taken()[0].body.contains("911"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_from_a_number_that_opted_out_reaches_people_and_texts_nobody() {
    let club = Club::open("opted-out");
    club.listen();
    club.says("m1", "please stop texting me").await;
    club.until("SELECT count(*) FROM consent", &["1"]).await;
    club.ledger.put(text("m2", ALEX, "fire in bay 2!", club.clock.now()));
    club.until("SELECT level FROM escalation ORDER BY id", &["medium", "critical"]).await;
    club.until(ENDINGS, &["escalated", "escalated"]).await;
    assert!(club.ledger.taken().is_empty());
}
