//! Sending by Quo: what becomes of a text in every kind of answer, and that none is sent twice.

use clubos::channel::api::{ApiError, Patience};
use clubos::channel::quo::Quo;
use clubos::channel::{Refusal, SendError, TextProvider};
use clubos::clock::Clock;
use clubos::simclub::carrier::{Asked, SimRefusal, TextFault};
use clubos::simclub::fake_quo::FakeQuo;

use crate::support::*;

#[tokio::test]
async fn a_text_is_sent_once_and_read_on_the_phone() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    let accepted = quo.send(&number(ANN), "Bay 2 is back. Enjoy! ⛳").await.unwrap();
    let sent = fake.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].id.as_str(), sent[0].to.as_str()), (accepted.provider_id.as_str(), ANN));
    assert_eq!(fake.phone(ANN)[0].body, "Bay 2 is back. Enjoy! ⛳");
    assert!(fake.phone(ANN)[0].from_club && fake.phone(BOB).is_empty());
    assert!(quo.simulated(), "it says so itself");
    no_complaints(&fake);
}

#[tokio::test]
async fn the_longest_text_fits() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    quo(&fake, &clock, PATIENT).send(&number(ANN), &"é".repeat(1600)).await.unwrap();
    no_complaints(&fake);
}

#[tokio::test]
async fn the_box_may_write_as_a_user_of_its_own() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let settings = clubos::channel::quo::QuoSettings { user_id: Some("USbox".into()), ..quo_settings(&fake) };
    Quo::new(settings, clock, PATIENT).unwrap().send(&number(ANN), "hello").await.unwrap();
    no_complaints(&fake);
}

/// Sends into a fault; gives the error.
async fn error(fault: TextFault) -> SendError {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    fake.next_sends([fault]);
    let error = quo(&fake, &clock, patience(fault)).send(&number(ANN), "hello").await.unwrap_err();
    assert!(!error.to_string().contains("555"), "no number in words that reach a log: {error}");
    error
}

#[tokio::test]
async fn refusals_for_good_are_told_apart() {
    for (refusal, kind) in [
        (SimRefusal::RevokedKey, Refusal::Key),
        (SimRefusal::NotApproved, Refusal::NotApproved),
        (SimRefusal::NoCredit, Refusal::NoCredit),
        (SimRefusal::BadNumber, Refusal::Text),
    ] {
        let error = error(TextFault::Refused(refusal)).await;
        assert!(matches!(error, SendError::Never { kind: k, .. } if k == kind), "{refusal:?}: {error:?}");
    }
}

#[tokio::test]
async fn too_many_requests_wait_as_long_as_asked() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    fake.next_sends([TextFault::TooMany(Some(7))]);
    let error = quo.send(&number(ANN), "hello").await.unwrap_err();
    assert!(matches!(error, SendError::Later { after_ms: Some(7_000), .. }), "{error:?}");
    // Within the wait nothing is even asked.
    let error = quo.send(&number(ANN), "hello").await.unwrap_err();
    assert!(matches!(error, SendError::Later { after_ms: Some(7_000), .. }), "{error:?}");
    assert_eq!(fake.requests().len(), 1);
    later(&clock, s(7));
    quo.send(&number(ANN), "hello").await.unwrap();
    assert_eq!(sent(&fake), ["hello"]);
}

#[tokio::test]
async fn a_storm_of_refusals_waits_longer_each_time() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    fake.set_fault(Asked::Send, Some(TextFault::TooMany(None)));
    let mut waits = Vec::new();
    for _ in 0..5 {
        let error = quo.send(&number(ANN), "hello").await.unwrap_err();
        let SendError::Later { after_ms: Some(wait), .. } = error else { panic!("{error:?}") };
        waits.push(wait);
        later(&clock, std::time::Duration::from_millis(wait));
    }
    assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 16_000]);
    fake.set_fault(Asked::Send, None);
    quo.send(&number(ANN), "hello").await.unwrap();
    assert_eq!(sent(&fake), ["hello"]);
}

/// Whatever the answer was: if nobody can say what became of the text, a look says whether it left, and
/// whoever goes by that sends it exactly once.
#[tokio::test]
async fn an_unclear_text_is_looked_up_and_never_sent_twice() {
    for (fault, taken) in [
        (TextFault::Html, false),
        (TextFault::ServerError, false),
        (TextFault::Silent, false),
        (TextFault::Truncated, true),
        (TextFault::Huge, true),
        (TextFault::TakenThenServerError, true),
        (TextFault::TakenThenSilent, true),
        (TextFault::TakenThenReset, true),
    ] {
        let clock = evening();
        let fake = FakeQuo::start(clock.clone()).unwrap();
        let (sender, seeker) = (quo(&fake, &clock, patience(fault)), quo(&fake, &clock, PATIENT));
        fake.next_sends([fault]);
        let began = clock.now();
        let error = sender.send(&number(ANN), "Bay 2 is back.").await.unwrap_err();
        assert!(matches!(error, SendError::Unclear(_)), "{fault:?}: {error:?}");
        let found = seeker.look_up(&number(ANN), "Bay 2 is back.", began).await.unwrap();
        assert_eq!(found.is_some(), taken, "{fault:?}");
        if found.is_none() {
            seeker.send(&number(ANN), "Bay 2 is back.").await.unwrap();
        }
        assert_eq!(sent(&fake), ["Bay 2 is back."], "{fault:?}");
        no_complaints(&fake);
    }
}

#[tokio::test]
async fn a_provider_that_breaks_off_while_it_is_asked_is_unclear() {
    let clock = evening();
    let mut fake = FakeQuo::start(clock.clone()).unwrap();
    let provider = quo(&fake, &clock, PATIENT);
    fake.next_sends([TextFault::TakenThenSilent]);
    let mut changes = fake.changes();
    let sending = tokio::spawn(async move { provider.send(&number(ANN), "hello").await });
    while fake.sent().is_empty() {
        changes.changed().await.unwrap();
    }
    fake.stop().await;
    let error = sending.await.unwrap().unwrap_err();
    assert!(matches!(error, SendError::Unclear(_)), "{error:?}");
    fake.resume().unwrap();
    let found = quo(&fake, &clock, PATIENT).look_up(&number(ANN), "hello", EVENING).await.unwrap();
    assert!(found.is_some());
}

#[tokio::test]
async fn a_provider_that_is_gone_has_taken_nothing() {
    let clock = evening();
    let mut fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    fake.stop().await;
    let error = quo.send(&number(ANN), "hello").await.unwrap_err();
    assert!(matches!(error, SendError::Later { .. }), "{error:?}");
    fake.resume().unwrap();
    quo.send(&number(ANN), "hello").await.unwrap();
    assert_eq!(sent(&fake), ["hello"]);
}

#[tokio::test]
async fn a_name_that_nobody_knows_has_taken_nothing() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let settings =
        clubos::channel::quo::QuoSettings { base_url: "https://quo.invalid".into(), ..quo_settings(&fake) };
    let quo = Quo::new(settings, clock, PATIENT).unwrap();
    let error = quo.send(&number(ANN), "hello").await.unwrap_err();
    assert!(matches!(error, SendError::Later { .. }), "{error:?}");
}

/// "Ok" may be said twice: the earlier one is not the one that got lost.
#[tokio::test]
async fn an_older_text_of_the_same_words_is_not_the_lost_one() {
    for ahead in [0, 3_600_000, -3_600_000] {
        let clock = evening();
        let fake = FakeQuo::start(clock.clone()).unwrap();
        fake.set_clock_ahead(ahead);
        quo(&fake, &clock, PATIENT).send(&number(ANN), "Door is open.").await.unwrap();
        quo(&fake, &clock, PATIENT).send(&number(BOB), "Door is open.").await.unwrap();
        later(&clock, s(60));
        // A process that has just started and remembers nothing.
        let provider = quo(&fake, &clock, PATIENT);
        let began = clock.now();
        fake.next_sends([TextFault::ServerError]);
        provider.send(&number(ANN), "Door is open.").await.unwrap_err();
        let found = provider.look_up(&number(ANN), "Door is open.", began).await.unwrap();
        assert_eq!(found, None, "clock ahead by {ahead} ms");

        fake.next_sends([TextFault::TakenThenServerError]);
        provider.send(&number(ANN), "Door is open.").await.unwrap_err();
        let found = provider.look_up(&number(ANN), "Door is open.", began).await.unwrap();
        let newest = fake.sent().pop().map(|text| text.id);
        assert_eq!(found.map(|found| found.provider_id), newest, "clock ahead by {ahead} ms");
    }
}

#[tokio::test]
async fn a_text_that_was_confirmed_is_not_the_lost_one() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    quo.send(&number(ANN), "hello").await.unwrap();
    fake.next_sends([TextFault::ServerError]);
    quo.send(&number(ANN), "hello").await.unwrap_err();
    assert_eq!(quo.look_up(&number(ANN), "hello", EVENING).await.unwrap(), None);
}

#[tokio::test]
async fn what_the_carrier_does_later_is_no_answer_to_sending() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    fake.next_sends([TextFault::NeverDelivered, TextFault::DeliveredTwice, TextFault::Slow(s(0))]);
    for body in ["one", "two", "three"] {
        quo.send(&number(ANN), body).await.unwrap();
    }
    let shown: Vec<String> = fake.phone(ANN).into_iter().map(|text| text.body).collect();
    assert_eq!(shown, ["two", "two", "three"]);
    assert_eq!(sent(&fake), ["one", "two", "three"]);
}

/// On the machine's own clock: twenty-five at once take turns, ten in a second.
#[tokio::test]
async fn no_second_sees_more_than_ten_requests() {
    evening();
    let clock = Clock::system();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    let (to, began) = (number(ANN), clock.now());
    let sends = (0..25).map(|_| quo.send(&to, "hello"));
    let answers = futures_util::future::join_all(sends).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let mut came = fake.requests();
    came.sort();
    assert_eq!(came.len(), 25);
    assert!(came[10].since(began) >= s(1), "the eleventh");
    assert!(came[20].since(began) >= s(2), "the twenty-first");
}

#[test]
fn addresses_and_ids_that_cannot_be_right_are_refused() {
    let clock = evening();
    let settings = |url: &str, key: &str, id: &str| clubos::channel::quo::QuoSettings {
        base_url: url.into(),
        api_key: key.into(),
        number: number(ANN),
        number_id: id.into(),
        user_id: None,
        webhook_secrets: Vec::new(),
        reading: Default::default(),
    };
    let made = |url: &str, key: &str, id: &str| {
        Quo::new(settings(url, key, id), clock.clone(), Patience::default()).map(drop)
    };
    assert!(made("https://api.quo.com", "key", "PN1").is_ok());
    assert!(made("http://127.0.0.1:9", "key", "PN1").is_ok());
    assert!(made("http://localhost:9", "key", "PN1").is_ok());
    for url in ["http://api.quo.com", "api.quo.com", "ftp://127.0.0.1", "http://127.0.0.1.example", ""] {
        assert!(matches!(made(url, "key", "PN1"), Err(ApiError::Url(_))), "{url}");
    }
    assert!(made("https://api.quo.com", "two\nlines", "PN1").is_err());
    assert!(made("https://api.quo.com", "", "PN1").is_err());
    assert!(made("https://api.quo.com", "key", "+19025550100").is_err());
}
