//! Hearing by Quo, by polling: everything, once, in order, however the provider and the clocks behave.

use std::collections::BTreeSet;

use clubos::channel::quo::{Quo, QuoSettings, Reading};
use clubos::channel::{Delivery, HearError, Heard, Refusal, TextProvider};
use clubos::clock::UnixMs;
use clubos::simclub::carrier::{Asked, SimRefusal, TextFault};
use clubos::simclub::fake_quo::FakeQuo;

use crate::support::*;

#[tokio::test]
async fn a_customers_text_is_heard_as_it_was_written() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    let id = fake.customer_writes(ANN, "trackman is frozen 😩\nbay 2", 0);
    let heard = quo.hear(EVENING, &[]).await.unwrap();
    let text = Heard::Text {
        id,
        from: number(ANN),
        to: fake.number.clone(),
        body: "trackman is frozen 😩\nbay 2".into(),
        media: 0,
        at: EVENING,
    };
    assert_eq!(heard, [text]);
    no_complaints(&fake);
}

#[tokio::test]
async fn pages_are_read_to_the_end_oldest_first() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    let written: Vec<String> = (0..120).map(|n| format!("text {n}")).collect();
    for (n, body) in written.iter().enumerate() {
        fake.customer_writes(if n % 2 == 0 { ANN } else { BOB }, body, 0);
        later(&clock, s(1));
    }
    let heard = quo.hear(EVENING, &[]).await.unwrap();
    assert_eq!(bodies(&heard), written);
    let ids: BTreeSet<String> = heard.iter().map(|heard| format!("{heard:?}")).collect();
    assert_eq!(ids.len(), 120, "each once");
    no_complaints(&fake);
}

#[tokio::test]
async fn what_is_older_is_not_heard_again_and_the_moment_itself_is() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    fake.customer_writes(ANN, "before", 0);
    later(&clock, s(60));
    fake.customer_writes(ANN, "then", 0);
    assert_eq!(bodies(&quo.hear(EVENING + s(60), &[]).await.unwrap()), ["then"]);
}

#[tokio::test]
async fn a_photo_without_words_and_an_empty_text_are_heard() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    fake.customer_writes(ANN, "", 2);
    let heard = quo.hear(EVENING, &[]).await.unwrap();
    assert!(matches!(&heard[..], [Heard::Text { body, media: 2, .. }] if body.is_empty()), "{heard:?}");
}

#[tokio::test]
async fn a_persons_answer_in_the_providers_app_is_heard_with_their_name() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    let id = fake.person_writes("USsam", ANN, "I'll come over");
    let heard = quo.hear(EVENING, &[]).await.unwrap();
    assert_eq!(
        heard,
        [
            Heard::Sent {
                id: id.clone(),
                to: number(ANN),
                body: "I'll come over".into(),
                at: EVENING,
                by_person: Some("USsam".into())
            },
            Heard::Status { id, delivered: Delivery::Delivered, why: None },
        ]
    );
}

#[tokio::test]
async fn what_became_of_our_text_is_heard_where_anybody_knows() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    fake.next_sends([TextFault::NeverDelivered, TextFault::Undeliverable]);
    let lost = quo.send(&number(ANN), "lost").await.unwrap().provider_id;
    let failed = quo.send(&number(ANN), "failed").await.unwrap().provider_id;
    let heard = quo.hear(EVENING, &[]).await.unwrap();
    let status = |wanted: &str| {
        heard.iter().find_map(|heard| match heard {
            Heard::Status { id, delivered, .. } if id == wanted => Some(*delivered),
            _ => None,
        })
    };
    assert_eq!((status(&lost), status(&failed)), (None, Some(Delivery::Failed)));
    assert!(heard.iter().any(|heard| matches!(heard, Heard::Sent { id, .. } if *id == lost)), "its own id");
}

#[tokio::test]
async fn a_sender_that_is_no_number_is_shown_to_people() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    let id = fake.customer_writes("22395", "Your code is", 0);
    fake.customer_writes(ANN, "hello", 0);
    let heard = quo.hear(EVENING, &[]).await.unwrap();
    assert_eq!(bodies(&heard), ["hello"], "one that cannot be read stops no other");
    assert!(heard.iter().any(|heard| matches!(heard, Heard::Unknown { id: i, .. } if *i == id)));
}

/// The box's clock is an hour fast or slow: `since` is what it believes, and nothing may be missed.
#[tokio::test]
async fn a_clock_that_is_an_hour_wrong_loses_no_text() {
    for ahead in [3_600_000_i64, -3_600_000] {
        let clock = evening();
        let fake = FakeQuo::start(clock.clone()).unwrap();
        fake.set_clock_ahead(ahead);
        let quo = quo(&fake, &clock, PATIENT);
        quo.hear(clock.now(), &[]).await.unwrap();
        let began = clock.now();
        later(&clock, s(5));
        fake.customer_writes(ANN, "anyone there?", 0);
        assert_eq!(bodies(&quo.hear(began, &[]).await.unwrap()), ["anyone there?"], "ahead {ahead}");
        let seen = quo.clock_ahead_ms().unwrap();
        assert!((seen - ahead).abs() <= 1_000, "people can be told: {seen}");
    }
}

#[tokio::test]
async fn a_missed_call_waits_for_its_words_and_is_told_without_them_in_the_end() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    let silent = fake.customer_calls(ANN, None);
    let spoken = fake.customer_calls(BOB, Some("the door will not open"));
    let heard = quo.hear(EVENING, &[]).await.unwrap();
    let words = Some("the door will not open".to_owned());
    assert_eq!(heard, [Heard::Call { id: spoken, from: number(BOB), voicemail: words, at: EVENING }]);
    // Two minutes on, whatever `since` is by then.
    later(&clock, s(121));
    let heard = quo.hear(clock.now(), &[]).await.unwrap();
    let told: Vec<&Heard> = heard
        .iter()
        .filter(|heard| matches!(heard, Heard::Call { from, .. } if *from == number(ANN)))
        .collect();
    assert_eq!(told, [&Heard::Call { id: silent, from: number(ANN), voicemail: None, at: EVENING }]);
    assert!(quo.hear(clock.now(), &[]).await.unwrap().is_empty(), "once");
    no_complaints(&fake);
}

#[tokio::test]
async fn calls_that_cannot_be_listed_cost_no_text_and_are_told_later() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    fake.customer_calls(BOB, Some("call me"));
    fake.customer_writes(ANN, "hello", 0);
    fake.set_fault(Asked::Calls, Some(TextFault::ServerError));
    let heard = quo.hear(EVENING, &[]).await.unwrap();
    assert!(matches!(&heard[..], [Heard::Text { .. }]), "{heard:?}");
    // The gateway is hours on by now; the call is not lost.
    later(&clock, HOUR);
    fake.set_fault(Asked::Calls, None);
    let heard = quo.hear(clock.now(), &[]).await.unwrap();
    assert!(heard.iter().any(|heard| matches!(heard, Heard::Call { .. })), "{heard:?}");
}

#[tokio::test]
async fn people_are_told_once_that_calls_cannot_be_listed_at_all() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    fake.set_fault(Asked::Calls, Some(TextFault::Refused(SimRefusal::NotApproved)));
    let mut told = 0;
    for _ in 0..3 {
        told += quo.hear(EVENING, &[]).await.unwrap().len();
        later(&clock, s(5));
    }
    assert_eq!(told, 1);
}

#[tokio::test]
async fn a_list_that_cannot_be_had_is_tried_later_or_needs_a_person() {
    for (fault, mend) in [
        (TextFault::Html, None),
        (TextFault::Truncated, None),
        (TextFault::Huge, None),
        (TextFault::ServerError, None),
        (TextFault::Silent, None),
        (TextFault::TakenThenReset, None),
        (TextFault::TooMany(Some(3)), None),
        (TextFault::Refused(SimRefusal::RevokedKey), Some(Refusal::Key)),
        (TextFault::Refused(SimRefusal::NoCredit), Some(Refusal::NoCredit)),
    ] {
        let clock = evening();
        let fake = FakeQuo::start(clock.clone()).unwrap();
        fake.customer_writes(ANN, "hello", 0);
        fake.set_fault(Asked::List, Some(fault));
        let error = quo(&fake, &clock, patience(fault)).hear(EVENING, &[]).await.unwrap_err();
        match (&error, mend) {
            (HearError::Never { kind, .. }, Some(mend)) => assert_eq!(*kind, mend, "{fault:?}"),
            (HearError::Later { after_ms, .. }, None) => {
                let asked = matches!(fault, TextFault::TooMany(_)).then_some(3_000);
                assert_eq!(*after_ms, asked, "{fault:?}");
            }
            _ => panic!("{fault:?}: {error:?}"),
        }
        // And then it is heard after all.
        fake.set_fault(Asked::List, None);
        later(&clock, s(10));
        assert_eq!(bodies(&quo(&fake, &clock, PATIENT).hear(EVENING, &[]).await.unwrap()), ["hello"]);
    }
}

#[tokio::test]
async fn a_wrong_key_needs_a_person() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let settings = QuoSettings { api_key: "another".into(), ..quo_settings(&fake) };
    let quo = Quo::new(settings, clock, PATIENT).unwrap();
    let error = quo.hear(EVENING, &[]).await.unwrap_err();
    assert!(matches!(error, HearError::Never { kind: Refusal::Key, .. }), "{error:?}");
}

#[tokio::test]
async fn by_v1_the_open_conversations_are_heard() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let settings = QuoSettings { reading: Reading::V1, ..quo_settings(&fake) };
    let quo = Quo::new(settings, clock.clone(), PATIENT).unwrap();
    for n in 0..60 {
        fake.customer_writes(ANN, &format!("{n}"), 0);
        later(&clock, s(1));
    }
    fake.customer_writes(BOB, "new here", 0);
    let heard = quo.hear(EVENING, &[number(ANN)]).await.unwrap();
    assert_eq!(bodies(&heard).len(), 60, "all pages of hers, nothing of his");
    fake.next_sends([TextFault::TakenThenServerError]);
    quo.send(&number(ANN), "hello").await.unwrap_err();
    assert!(quo.look_up(&number(ANN), "hello", clock.now()).await.unwrap().is_some());
    no_complaints(&fake);
}

#[tokio::test]
async fn the_line_may_flap_between_any_two_requests() {
    let clock = evening();
    let mut fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    let mut heard: BTreeSet<String> = BTreeSet::new();
    let mut since = UnixMs(0);
    for n in 0..8 {
        fake.customer_writes(ANN, &format!("{n}"), 0);
        if n % 2 == 0 {
            fake.stop().await;
        }
        if let Ok(new) = quo.hear(since, &[]).await {
            heard.extend(bodies(&new).into_iter().map(str::to_owned));
            since = clock.now();
        }
        if n % 2 == 0 {
            fake.resume().unwrap();
        }
        later(&clock, s(10));
    }
    assert_eq!(heard.len(), 8);
}
