//! Texts by Twilio: the same promises as by Quo.

use clubos::channel::twilio::{Twilio, TwilioSettings};
use clubos::channel::{Delivery, HearError, Heard, Refusal, SendError, TextProvider};
use clubos::simclub::carrier::{Asked, SimRefusal, TextFault};
use clubos::simclub::fake_twilio::FakeTwilio;

use crate::support::*;

#[tokio::test]
async fn a_text_is_sent_once_and_read_on_the_phone() {
    let clock = evening();
    let fake = FakeTwilio::start(clock.clone()).unwrap();
    let twilio = twilio(&fake, &clock, PATIENT);
    let words = "Bay 2 is back & running + 100% = good ⛳";
    let accepted = twilio.send(&number(ANN), words).await.unwrap();
    assert_eq!(fake.sent()[0].id, accepted.provider_id);
    assert_eq!(fake.phone(ANN)[0].body, words);
    assert!(twilio.simulated());
    no_complaints(&fake);
}

#[tokio::test]
async fn refusals_for_good_are_told_apart() {
    for (refusal, kind) in [
        (SimRefusal::RevokedKey, Refusal::Key),
        (SimRefusal::NotApproved, Refusal::NotApproved),
        (SimRefusal::NoCredit, Refusal::NoCredit),
        (SimRefusal::OptedOut, Refusal::OptedOut),
        (SimRefusal::BadNumber, Refusal::Text),
    ] {
        let clock = evening();
        let fake = FakeTwilio::start(clock.clone()).unwrap();
        fake.next_sends([TextFault::Refused(refusal)]);
        let error = twilio(&fake, &clock, PATIENT).send(&number(ANN), "hello").await.unwrap_err();
        assert!(matches!(error, SendError::Never { kind: k, .. } if k == kind), "{refusal:?}: {error:?}");
        assert!(fake.sent().is_empty());
    }
}

#[tokio::test]
async fn too_many_requests_and_a_provider_that_is_gone_have_taken_nothing() {
    let clock = evening();
    let mut fake = FakeTwilio::start(clock.clone()).unwrap();
    let twilio = twilio(&fake, &clock, PATIENT);
    fake.next_sends([TextFault::TooMany(Some(9))]);
    let error = twilio.send(&number(ANN), "hello").await.unwrap_err();
    assert!(matches!(error, SendError::Later { after_ms: Some(9_000), .. }), "{error:?}");
    later(&clock, s(9));
    fake.stop().await;
    let error = twilio.send(&number(ANN), "hello").await.unwrap_err();
    assert!(matches!(error, SendError::Later { .. }), "{error:?}");
    fake.resume().unwrap();
    twilio.send(&number(ANN), "hello").await.unwrap();
    assert_eq!(sent(&fake), ["hello"]);
}

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
        let fake = FakeTwilio::start(clock.clone()).unwrap();
        let (sender, seeker) = (twilio(&fake, &clock, patience(fault)), twilio(&fake, &clock, PATIENT));
        fake.next_sends([fault]);
        let error = sender.send(&number(ANN), "Bay 2 is back.").await.unwrap_err();
        assert!(matches!(error, SendError::Unclear(_)), "{fault:?}: {error:?}");
        let found = seeker.look_up(&number(ANN), "Bay 2 is back.", EVENING).await.unwrap();
        assert_eq!(found.is_some(), taken, "{fault:?}");
        if found.is_none() {
            seeker.send(&number(ANN), "Bay 2 is back.").await.unwrap();
        }
        assert_eq!(sent(&fake), ["Bay 2 is back."], "{fault:?}");
        no_complaints(&fake);
    }
}

/// It has no `DateSent` yet, so a list by date would not show it.
#[tokio::test]
async fn a_text_that_waits_in_the_providers_queue_is_found() {
    let clock = evening();
    let fake = FakeTwilio::start(clock.clone()).unwrap();
    fake.next_sends([TextFault::NeverDelivered]);
    let sent = twilio(&fake, &clock, PATIENT).send(&number(ANN), "hello").await.unwrap();
    let restarted = twilio(&fake, &clock, PATIENT);
    assert_eq!(restarted.look_up(&number(ANN), "hello", EVENING).await.unwrap(), Some(sent));
}

#[tokio::test]
async fn an_older_text_of_the_same_words_is_not_the_lost_one() {
    for ahead in [0, 3_600_000, -3_600_000] {
        let clock = evening();
        let fake = FakeTwilio::start(clock.clone()).unwrap();
        fake.set_clock_ahead(ahead);
        twilio(&fake, &clock, PATIENT).send(&number(ANN), "ok").await.unwrap();
        later(&clock, s(60));
        let twilio = twilio(&fake, &clock, PATIENT);
        fake.next_sends([TextFault::ServerError]);
        twilio.send(&number(ANN), "ok").await.unwrap_err();
        assert_eq!(twilio.look_up(&number(ANN), "ok", clock.now()).await.unwrap(), None, "{ahead}");
        fake.next_sends([TextFault::TakenThenSilent]);
        let impatient = crate::support::twilio(&fake, &clock, patience(TextFault::TakenThenSilent));
        impatient.send(&number(ANN), "ok").await.unwrap_err();
        let found = twilio.look_up(&number(ANN), "ok", clock.now()).await.unwrap();
        assert_eq!(found.map(|found| found.provider_id), fake.sent().pop().map(|text| text.id), "{ahead}");
    }
}

#[tokio::test]
async fn both_ways_of_the_line_are_heard_page_by_page() {
    let clock = evening();
    let fake = FakeTwilio::start(clock.clone()).unwrap();
    let twilio = twilio(&fake, &clock, PATIENT);
    fake.customer_writes(ANN, "too old", 0);
    later(&clock, s(60));
    let since = clock.now();
    let written: Vec<String> = (0..450).map(|n| format!("text {n}")).collect();
    for body in &written {
        fake.customer_writes(ANN, body, 0);
        later(&clock, s(1));
    }
    let id = twilio.send(&number(ANN), "ours").await.unwrap().provider_id;
    let heard = twilio.hear(since, &[]).await.unwrap();
    assert_eq!(bodies(&heard), written);
    assert!(
        heard
            .iter()
            .any(|heard| matches!(heard, Heard::Sent { id: i, body, .. } if *i == id && body == "ours"))
    );
    assert!(heard.contains(&Heard::Status { id, delivered: Delivery::Delivered, why: None }));
    no_complaints(&fake);
}

#[tokio::test]
async fn a_clock_that_is_an_hour_wrong_loses_no_text() {
    for ahead in [3_600_000_i64, -3_600_000] {
        let clock = evening();
        let fake = FakeTwilio::start(clock.clone()).unwrap();
        fake.set_clock_ahead(ahead);
        let twilio = twilio(&fake, &clock, PATIENT);
        twilio.hear(clock.now(), &[]).await.unwrap();
        let began = clock.now();
        later(&clock, s(5));
        fake.customer_writes(ANN, "anyone there?", 0);
        assert_eq!(bodies(&twilio.hear(began, &[]).await.unwrap()), ["anyone there?"], "ahead {ahead}");
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_had_is_tried_later_or_needs_a_person() {
    for (fault, key) in [
        (TextFault::Html, false),
        (TextFault::Truncated, false),
        (TextFault::Huge, false),
        (TextFault::ServerError, false),
        (TextFault::Silent, false),
        (TextFault::Refused(SimRefusal::RevokedKey), true),
    ] {
        let clock = evening();
        let fake = FakeTwilio::start(clock.clone()).unwrap();
        fake.set_fault(Asked::List, Some(fault));
        let error = twilio(&fake, &clock, patience(fault)).hear(EVENING, &[]).await.unwrap_err();
        assert_eq!(matches!(error, HearError::Never { kind: Refusal::Key, .. }), key, "{fault:?}: {error:?}");
    }
}

#[test]
fn accounts_that_cannot_be_right_are_refused() {
    let clock = evening();
    let made = |account: &str, token: Option<&str>| {
        let settings = TwilioSettings {
            base_url: clubos::channel::twilio::BASE.into(),
            account_sid: account.into(),
            auth_token: token.map(str::to_owned),
            api_key: None,
            number: number(ANN),
            messaging_service_sid: None,
            status_callback: None,
        };
        Twilio::new(settings, clock.clone(), PATIENT).map(drop)
    };
    let account = clubos::simclub::fake_twilio::ACCOUNT;
    assert!(made(account, Some("token")).is_ok());
    assert!(made(account, None).is_err());
    assert!(made("AC123", Some("token")).is_err());
    assert!(made(&account.replace("AC", "SK"), Some("token")).is_err());
}
