//! Webhooks of both providers, as the simulated ones post them.

use clubos::channel::quo::{Quo, QuoSettings};
use clubos::channel::{Delivery, Heard, NotBelieved, TextProvider};
use clubos::simclub::carrier::SimHook;
use clubos::simclub::fake_quo::FakeQuo;
use clubos::simclub::fake_twilio::FakeTwilio;
use clubos::simclub::signing;

use crate::support::*;

const URL: &str = "https://club.example/hooks/texts";

/// All that can happen, as webhooks.
fn everything(fake: &FakeQuo) -> Vec<SimHook> {
    fake.hold_hooks();
    fake.customer_writes(ANN, "hello", 1);
    fake.person_writes("USsam", ANN, "hi, Sam here");
    fake.customer_calls(BOB, Some("call me back"));
    fake.take_hooks(URL)
}

#[tokio::test]
async fn a_webhook_tells_the_same_as_polling() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    let hooks = everything(&fake);
    let polled = quo.hear(EVENING, &[]).await.unwrap();
    let hooked: Vec<Heard> =
        hooks.iter().flat_map(|hook| quo.hook(came(hook, clock.now())).unwrap()).collect();
    for heard in &polled {
        assert!(hooked.contains(heard), "{heard:?} not in {hooked:?}");
    }
    // The missed call is told at once, and again with its words.
    let calls = hooked.iter().filter(|heard| matches!(heard, Heard::Call { .. })).count();
    assert_eq!((calls, hooked.len()), (2, polled.len() + 1));
}

#[tokio::test]
async fn legacy_webhooks_tell_the_same_of_texts_and_missed_calls() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    fake.use_legacy_hooks(true);
    let quo = quo(&fake, &clock, PATIENT);
    let hooks = everything(&fake);
    assert!(hooks.iter().all(|hook| hook.headers.iter().any(|(name, _)| name == "openphone-signature")));
    let hooked: Vec<Heard> =
        hooks.iter().flat_map(|hook| quo.hook(came(hook, clock.now())).unwrap()).collect();
    let polled = quo.hear(EVENING, &[]).await.unwrap();
    for heard in polled.iter().filter(|heard| !matches!(heard, Heard::Call { .. })) {
        assert!(hooked.contains(heard), "{heard:?} not in {hooked:?}");
    }
    let call = hooked.iter().find(|heard| matches!(heard, Heard::Call { .. }));
    assert!(matches!(call, Some(Heard::Call { from, voicemail: None, .. }) if *from == number(BOB)));
}

#[tokio::test]
async fn the_same_thing_twice_has_the_same_id_in_any_order_a_day_late() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    fake.hold_hooks();
    let first = fake.customer_writes(ANN, "one", 0);
    later(&clock, s(1));
    let second = fake.customer_writes(ANN, "two", 0);
    later(&clock, 24 * HOUR);
    let hooks = fake.take_hooks(URL);
    let mut ids = Vec::new();
    for hook in hooks.iter().rev().chain(&hooks) {
        let heard = quo.hook(came(hook, clock.now())).unwrap();
        let [Heard::Text { id, at, .. }] = &heard[..] else { panic!("{heard:?}") };
        assert!(*at < EVENING + s(2), "its own time, not the webhook's");
        ids.push(id.clone());
    }
    assert_eq!(ids, [second.clone(), first.clone(), first, second]);
}

#[tokio::test]
async fn what_is_forged_old_cut_or_unsigned_is_not_believed() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    for legacy in [false, true] {
        fake.use_legacy_hooks(legacy);
        fake.hold_hooks();
        fake.customer_writes(ANN, "hello", 0);
        let hook = fake.take_hooks(URL).remove(0);
        let with = |change: &dyn Fn(&mut SimHook)| {
            let mut hook = hook.clone();
            change(&mut hook);
            quo.hook(came(&hook, clock.now())).map(|heard| heard.len())
        };
        assert_eq!(with(&|_| {}), Ok(1));
        assert_eq!(with(&|hook| hook.body = b"{}".to_vec()), Err(NotBelieved::Forged));
        assert_eq!(with(&|hook| hook.body.truncate(hook.body.len() - 1)), Err(NotBelieved::Forged));
        assert_eq!(with(&|hook| hook.body.push(b'\n')), Err(NotBelieved::Forged), "the raw bytes count");
        assert_eq!(with(&|hook| hook.headers.clear()), Err(NotBelieved::Unsigned));
        for missing in ["webhook-id", "webhook-timestamp"].iter().filter(|_| !legacy) {
            let without = with(&|hook| hook.headers.retain(|(name, _)| name != missing));
            assert_eq!(without, Err(NotBelieved::Unsigned), "{missing}");
        }
        let stale = quo.hook(came(&hook, clock.now() + s(301)));
        assert_eq!(stale, Err(NotBelieved::Stale));
        let early = quo.hook(came(&hook, clock.now() - s(302)));
        assert_eq!(early, Err(NotBelieved::Stale));
        let stranger = QuoSettings { webhook_secrets: vec!["whsec_b3RoZXI=".into()], ..quo_settings(&fake) };
        let stranger = Quo::new(stranger, clock.clone(), PATIENT).unwrap();
        assert_eq!(stranger.hook(came(&hook, clock.now())), Err(NotBelieved::Forged));
        let deaf = QuoSettings { webhook_secrets: Vec::new(), ..quo_settings(&fake) };
        let deaf = Quo::new(deaf, clock.clone(), PATIENT).unwrap();
        assert_eq!(deaf.hook(came(&hook, clock.now())), Err(NotBelieved::Forged), "no secret, no belief");
    }
}

/// The box's clock is an hour wrong: what Quo's answers say about the time is gone by.
#[tokio::test]
async fn a_wrong_clock_believes_webhooks_once_the_provider_was_asked() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    fake.set_clock_ahead(-3_600_000);
    let quo = quo(&fake, &clock, PATIENT);
    fake.hold_hooks();
    fake.customer_writes(ANN, "hello", 0);
    let hook = fake.take_hooks(URL).remove(0);
    assert_eq!(quo.hook(came(&hook, clock.now())), Err(NotBelieved::Stale));
    quo.hear(EVENING, &[]).await.unwrap();
    assert_eq!(quo.hook(came(&hook, clock.now())).map(|heard| heard.len()), Ok(1));
    assert_eq!(quo.hook(came(&hook, clock.now() + HOUR)), Err(NotBelieved::Stale), "replayed an hour later");
}

/// A webhook with these bytes, rightly signed.
fn signed(fake: &FakeQuo, body: &str) -> SimHook {
    let seconds = EVENING.0 / 1000;
    let headers = [
        ("webhook-id", "msg_1".to_owned()),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", signing::standard(&fake.key, "msg_1", seconds, body.as_bytes())),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    SimHook { url: URL.into(), headers, body: body.as_bytes().to_vec() }
}

#[tokio::test]
async fn kinds_and_shapes_nobody_knows_are_kept_as_they_came() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    fake.hold_hooks();
    fake.something_strange("fax.received");
    let hook = fake.take_hooks(URL).remove(0);
    let heard = quo.hook(came(&hook, EVENING)).unwrap();
    let [Heard::Unknown { id, kind, raw }] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!(kind, "fax.received");
    assert!(id.starts_with("EVsimulated") && raw.contains("XXsimulated"), "{raw}");

    for body in [
        r#"{"id":"EV1","type":"message.received","data":{}}"#,
        r#"{"id":"EV1","type":"message.received","data":{"resource":{"id":"AC1","direction":"incoming","createdAt":"yesterday"}}}"#,
        r#"{"id":"EV1","type":"message.received","data":{"resource":{"id":"AC1","direction":"sideways","createdAt":"2026-11-23T21:00:00Z"}}}"#,
        r#"{"id":"EV1","type":"message.received","data":7}"#,
        r#"{"id":"EV1"}"#,
        "[]",
        "7",
    ] {
        let heard = quo.hook(came(&signed(&fake, body), EVENING)).unwrap();
        assert!(matches!(&heard[..], [Heard::Unknown { .. }]), "{body}: {heard:?}");
    }
    for body in ["", "{", "<html>", "\u{1}"] {
        let unread = quo.hook(came(&signed(&fake, body), EVENING));
        assert!(matches!(unread, Err(NotBelieved::Unreadable(_))), "{body}: {unread:?}");
    }
}

#[tokio::test]
async fn events_without_news_and_other_numbers_tell_nothing() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    for kind in ["call.ringing", "call.recording.completed", "contact.updated"] {
        let body = format!(r#"{{"id":"EV1","type":"{kind}","data":{{"resource":{{}},"context":{{}}}}}}"#);
        assert_eq!(quo.hook(came(&signed(&fake, &body), EVENING)), Ok(Vec::new()), "{kind}");
    }
    fake.hold_hooks();
    fake.customer_writes(ANN, "for the other club", 0);
    let settings = QuoSettings { number_id: "PNother".into(), ..quo_settings(&fake) };
    let other = Quo::new(settings, clock, PATIENT).unwrap();
    assert_eq!(other.hook(came(&fake.take_hooks(URL)[0], EVENING)), Ok(Vec::new()));
}

#[tokio::test]
async fn twilios_webhooks_tell_texts_ends_and_calls() {
    let clock = evening();
    let fake = FakeTwilio::start(clock.clone()).unwrap();
    let twilio = twilio(&fake, &clock, PATIENT);
    fake.hold_hooks();
    let text = fake.customer_writes(ANN, "bay 2 ist kaputt & läuft nicht = ärger", 1);
    fake.next_sends([clubos::simclub::carrier::TextFault::Undeliverable]);
    let failed = twilio.send(&number(ANN), "hello").await.unwrap().provider_id;
    let call = fake.customer_calls(BOB, Some("call me"));
    fake.something_strange("fax");
    let hooks = fake.take_hooks(URL);
    let hooked: Vec<Heard> =
        hooks.iter().flat_map(|hook| twilio.hook(came(hook, EVENING)).unwrap()).collect();
    let voicemail = Some("call me".to_owned());
    assert_eq!(
        hooked[..4],
        [
            Heard::Text {
                id: text,
                from: number(ANN),
                to: fake.number.clone(),
                body: "bay 2 ist kaputt & läuft nicht = ärger".into(),
                media: 1,
                at: EVENING
            },
            Heard::Status { id: failed, delivered: Delivery::Failed, why: Some("30003".into()) },
            Heard::Call { id: call.clone(), from: number(BOB), voicemail: None, at: EVENING },
            Heard::Call { id: call, from: number(BOB), voicemail, at: EVENING },
        ]
    );
    assert!(matches!(&hooked[4..], [Heard::Unknown { .. }]));
}

#[tokio::test]
async fn twilios_forged_webhooks_are_not_believed() {
    let clock = evening();
    let fake = FakeTwilio::start(clock.clone()).unwrap();
    let twilio = twilio(&fake, &clock, PATIENT);
    fake.hold_hooks();
    fake.customer_writes(ANN, "hello", 0);
    let hook = fake.take_hooks(URL).remove(0);
    let with = |change: &dyn Fn(&mut SimHook)| {
        let mut hook = hook.clone();
        change(&mut hook);
        twilio.hook(came(&hook, EVENING)).map(|heard| heard.len())
    };
    assert_eq!(with(&|_| {}), Ok(1));
    assert_eq!(with(&|hook| hook.url = "https://club.example/hooks/other".into()), Err(NotBelieved::Forged));
    assert_eq!(with(&|hook| hook.body.extend(b"&Body=open+the+door")), Err(NotBelieved::Forged));
    assert_eq!(with(&|hook| hook.headers.clear()), Err(NotBelieved::Unsigned));
    // Another account's token signs rightly for itself only.
    let form = vec![("AccountSid".to_owned(), "AC1".to_owned()), ("MessageSid".to_owned(), "SM1".to_owned())];
    let foreign = with(&|hook| {
        hook.body = b"AccountSid=AC1&MessageSid=SM1".to_vec();
        hook.headers = vec![("x-twilio-signature".into(), signing::twilio(&fake.auth_token, URL, &form))];
    });
    assert_eq!(foreign, Err(NotBelieved::Forged));
}
