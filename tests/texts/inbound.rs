//! Texts on their way in: none lost, none twice, whatever the line does.

use clubos::channel::{HearError, Heard, Refusal};

use crate::line::{ALEX, Club, ROBIN, text};

const BODIES: &str = "SELECT body FROM message WHERE direction = 'in' ORDER BY id";

#[tokio::test(flavor = "multi_thread")]
async fn polling_brings_each_text_once_in_the_order_it_was_written() {
    let club = Club::open("order");
    let now = club.clock.now();
    club.ledger.put(text("b", ALEX, "second", now - std::time::Duration::from_secs(5)));
    club.ledger.put(text("a", ALEX, "first", now - std::time::Duration::from_secs(9)));
    club.listen();
    club.until(BODIES, &["first", "second"]).await;
    club.polls(3).await;
    assert_eq!(club.rows(BODIES), ["first", "second"]);
    club.pass(2);
    club.until("SELECT count(*) FROM outbox WHERE state = 'sent'", &["1"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_text_by_poll_by_webhook_and_under_another_id_is_one_text() {
    let club = Club::open("thrice");
    let now = club.clock.now();
    club.says("m1", "hello there").await; // the webhook's moment is `now`
    club.ledger.put(text("m1", ALEX, "hello there", now));
    club.ledger.put(text("m1-again", ALEX, "hello there", now));
    club.ledger.put(text("m2", ALEX, "hello there", now + std::time::Duration::from_secs(1)));
    club.listen();
    club.until(BODIES, &["hello there", "hello there"]).await;
    club.polls(3).await;
    assert_eq!(club.rows("SELECT provider_id FROM message WHERE direction = 'in'"), ["m1", "m2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_goes_on_where_it_stood_after_a_restart() {
    let club = Club::open("cursor");
    club.ledger.put(text("m1", ALEX, "one", club.clock.now()));
    club.listen();
    club.until(BODIES, &["one"]).await;
    let club = club.again();
    club.pass(4 * 3600);
    // Written while the box was off, hours ago.
    club.ledger.put(text("m2", ROBIN, "two", club.clock.now() - std::time::Duration::from_secs(3 * 3600)));
    club.listen();
    club.until(BODIES, &["one", "two"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_before_the_box_was_there_is_not_answered() {
    let club = Club::open("begun");
    club.ledger.put(text(
        "old",
        ALEX,
        "yesterday's",
        club.clock.now() - std::time::Duration::from_secs(3600),
    ));
    club.ledger.put(text("new", ALEX, "today's", club.clock.now()));
    club.listen();
    club.until(BODIES, &["today's"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flapping_line_loses_nothing_and_calls_nobody() {
    let club = Club::open("flapping");
    club.listen();
    for n in 0..6 {
        let trouble =
            (n % 2 == 0).then(|| HearError::Later { why: "connection refused".into(), after_ms: None });
        *club.ledger.trouble.lock().unwrap() = trouble;
        club.ledger.put(text(&format!("m{n}"), ALEX, &format!("text {n}"), club.clock.now()));
        club.polls(1).await;
        club.pass(10);
    }
    club.until("SELECT count(*) FROM message WHERE direction = 'in'", &["6"]).await;
    assert_eq!(club.rows("SELECT count(*) FROM escalation WHERE intent = 'channel.broken'"), ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_cannot_be_read_is_told_once_and_its_return_too() {
    let club = Club::open("deaf");
    let why = "the key is refused".to_owned();
    *club.ledger.trouble.lock().unwrap() = Some(HearError::Never { why, kind: Refusal::Key });
    club.listen();
    club.until("SELECT level FROM escalation WHERE intent = 'channel.broken'", &["medium"]).await;
    *club.ledger.trouble.lock().unwrap() = None;
    club.until("SELECT closed_by FROM escalation WHERE intent = 'channel.broken'", &["box"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_an_hour_wrong_is_said_and_loses_nothing() {
    let club = Club::open("clock");
    club.ledger.ahead_ms.store(-3_600_000, std::sync::atomic::Ordering::SeqCst);
    // Written now, by the provider's right clock; ours is an hour ahead.
    club.ledger.put(text("m1", ALEX, "hello", club.clock.now() - std::time::Duration::from_secs(3600)));
    club.listen();
    club.until(BODIES, &["hello"]).await;
    club.until(
        "SELECT count(*) FROM notice WHERE text LIKE 'The clock of this box is 60 min ahead%'",
        &["1"],
    )
    .await;
    club.polls(3).await;
    assert_eq!(club.rows("SELECT count(*) FROM notice"), ["1"], "said once");
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_day_without_a_text_is_an_alarm_and_a_text_ends_it() {
    let club = Club::open("silence");
    club.listen();
    club.until("SELECT count(*) FROM meta WHERE key = 'texts.begun'", &["1"]).await;
    club.pass(10 * 3600); // 22:00: a long day, but not long enough
    club.polls(3).await;
    assert_eq!(club.rows("SELECT count(*) FROM escalation"), ["0"]);
    club.pass(14 * 3600); // noon: the night does not count
    club.until("SELECT level FROM escalation WHERE intent = 'texts-silent'", &["medium"]).await;
    club.ledger.put(text("m1", ALEX, "hello", club.clock.now()));
    club.until(BODIES, &["hello"]).await;
    club.pass(120);
    club.until("SELECT closed_by FROM escalation WHERE intent = 'texts-silent'", &["box"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attachment_alone_and_twenty_parts_of_emoji_are_taken_whole() {
    let club = Club::open("long");
    let long = "⛳🏌️ the screen says ".repeat(160);
    let Heard::Text { id: _, from, to, body: _, media: _, at } = text("x", ALEX, "", club.clock.now()) else {
        return;
    };
    let photo = Heard::Text { id: "photo".into(), from, to, body: String::new(), media: 1, at };
    club.ledger.put(photo);
    club.ledger.put(text("long", ROBIN, &long, at));
    club.listen();
    club.until("SELECT count(*) FROM message WHERE direction = 'in'", &["2"]).await;
    assert_eq!(club.rows("SELECT body FROM message WHERE provider_id = 'long'"), [long]);
    assert_eq!(club.rows("SELECT media FROM message WHERE provider_id = 'photo'"), ["1"]);
    club.pass(6);
    club.until("SELECT count(*) FROM message WHERE direction = 'in' AND ending IS NULL", &["0"]).await;
    let bodies = club.rows("SELECT body FROM message WHERE direction = 'out'");
    assert!(bodies.iter().all(|b| b.chars().count() <= 480), "answers are the size of a text");
}
