//! Texts on their way out: once, whatever the provider does.

use std::sync::atomic::Ordering;

use clubos::channel::{Delivery, HearError, Heard, Refusal};

use crate::line::{ALEX, Club, Next};

const STATES: &str = "SELECT state FROM outbox ORDER BY id";

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_answered_once_and_known_by_the_providers_id() {
    let club = Club::open("answered");
    club.says("m1", "wifi?").await;
    club.until(STATES, &["sent"]).await;
    assert_eq!(club.rows("SELECT provider_id FROM outbox"), ["AC1"]);
    assert_eq!(club.ledger.taken().len(), 1);
    assert_eq!(club.ledger.taken()[0].to, ALEX);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_whose_answer_was_lost_is_found_and_not_repeated() {
    let club = Club::open("found");
    club.next([Next::TakeAndBreak]);
    club.says("m1", "wifi?").await;
    club.until(STATES, &["sent"]).await;
    assert_eq!(club.ledger.taken().len(), 1, "it was there: never again");
    assert_eq!(club.rows("SELECT provider_id FROM outbox"), ["AC1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_surely_not_there_is_repeated_once() {
    let club = Club::open("repeated");
    club.next([Next::Break]);
    club.says("m1", "wifi?").await;
    club.until(STATES, &["sent"]).await;
    assert_eq!(club.ledger.taken().len(), 1);
    assert_eq!(club.rows("SELECT repeated FROM outbox"), ["1"]);
    assert!(club.ledger.looks.load(Ordering::SeqCst) >= 2, "looked for before it was repeated");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_open_after_the_repeat_is_maybe_sent_and_a_persons() {
    let club = Club::open("maybe");
    club.next([Next::Break, Next::Break]);
    club.says("m1", "wifi?").await;
    club.until(STATES, &["maybe"]).await;
    club.until("SELECT intent FROM escalation", &["text-failed"]).await;
    assert_eq!(club.rows("SELECT count(*) FROM notice WHERE text LIKE '%maybe sent%'"), ["1"]);
    assert!(club.ledger.taken().is_empty());
    assert!(club.ledger.next.lock().unwrap().is_empty(), "tried twice, not more");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_provider_cannot_be_asked_nothing_is_repeated() {
    let club = Club::open("unasked");
    club.next([Next::TakeAndBreak]);
    *club.ledger.trouble.lock().unwrap() = Some(HearError::Later { why: "503".into(), after_ms: None });
    club.says("m1", "wifi?").await;
    while club.ledger.looks.load(Ordering::SeqCst) < 5 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(club.states(), ["sending"]);
    *club.ledger.trouble.lock().unwrap() = None;
    club.until(STATES, &["sent"]).await;
    assert_eq!(club.ledger.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_words_sent_before_are_not_taken_for_the_lost_ones() {
    let club = Club::open("same-words");
    club.next([Next::Take, Next::Break]);
    club.says("m1", "wifi?").await;
    club.until(STATES, &["sent"]).await;
    club.pass(600);
    club.says("m2", "wifi again?").await;
    club.until(STATES, &["sent", "sent"]).await;
    let taken = club.ledger.taken();
    assert_eq!(taken.len(), 2, "the second answer is another text: {taken:?}");
    assert_eq!(taken[0].body, taken[1].body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_put_off_waits_in_the_database_and_leaves_then() {
    let club = Club::open("put-off");
    club.next([Next::Later(Some(30_000))]);
    club.says("m1", "wifi?").await;
    club.until(STATES, &["queued"]).await;
    assert_eq!(club.rows("SELECT count(*) FROM timer WHERE kind = 'text'"), ["1"]);
    club.pass(10);
    club.desk.call(|_| ()).await.unwrap();
    assert!(club.ledger.taken().is_empty(), "asked to wait 30 s");
    club.pass(25);
    club.until(STATES, &["sent"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_revoked_is_told_once_and_is_over_when_texts_leave_again() {
    let club = Club::open("revoked");
    club.next([Next::Never(Refusal::Key), Next::Never(Refusal::Key)]);
    club.says("m1", "wifi?").await;
    club.until(STATES, &["failed"]).await;
    club.pass(600);
    club.says("m2", "wifi?").await;
    club.until(STATES, &["failed", "failed"]).await;
    assert_eq!(
        club.rows("SELECT level FROM escalation WHERE intent = 'texts-down'"),
        ["high"],
        "one outage, one call"
    );
    assert_eq!(club.rows("SELECT count(*) FROM notice WHERE text LIKE 'A text could not be sent%'"), ["2"]);
    club.pass(600);
    club.says("m3", "wifi?").await;
    club.until("SELECT closed_by FROM escalation WHERE intent = 'texts-down'", &["box"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_carriers_opt_out_counts_like_the_customers_own() {
    let club = Club::open("carrier");
    club.next([Next::Never(Refusal::OptedOut)]);
    club.says("m1", "wifi?").await;
    club.until("SELECT word FROM consent", &["carrier"]).await;
    club.until("SELECT intent FROM escalation", &["opt-out"]).await;
    club.pass(600);
    club.says("m2", "wifi?").await;
    club.until("SELECT ending FROM message WHERE provider_id = 'm2'", &["silent"]).await;
    assert_eq!(club.states(), ["failed"], "no second text to that number");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_mid_send_is_looked_up_at_the_next_start() {
    let club = Club::open("restart");
    // The program stops between the commit and the sending: nothing ever left.
    club.next([Next::Break]);
    club.says("m1", "wifi?").await;
    club.until(STATES, &["sending"]).await;
    let sent_before = club.ledger.taken().len();
    let club = club.again();
    club.until(STATES, &["sent"]).await;
    assert_eq!((sent_before, club.ledger.taken().len()), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_after_the_send_repeats_nothing() {
    let club = Club::open("restart-after");
    club.next([Next::TakeAndBreak]);
    // The provider cannot be asked until the program has been started again.
    *club.ledger.trouble.lock().unwrap() = Some(HearError::Later { why: "503".into(), after_ms: None });
    club.says("m1", "wifi?").await;
    club.until(STATES, &["sending"]).await;
    let club = club.again();
    *club.ledger.trouble.lock().unwrap() = None;
    club.until(STATES, &["sent"]).await;
    assert_eq!(club.ledger.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_did_not_arrive_calls_a_person_whichever_news_comes_first() {
    let club = Club::open("undelivered");
    club.listen();
    let failed = |id: &str| Heard::Status {
        id: id.into(),
        delivered: Delivery::Failed,
        why: Some("30003 unreachable".into()),
    };
    club.ledger.put(failed("AC1")); // before the answer to our own request
    club.polls(2).await;
    club.says("m1", "wifi?").await;
    club.until("SELECT reason FROM escalation", &["a text did not reach the customer"]).await;
    assert_eq!(club.rows("SELECT count(*) FROM notice WHERE text LIKE '%30003%'"), ["1"]);
}
