//! Many texts through every fault: whoever keeps to the trait's rules sends each exactly once.

use std::time::Duration;

use clubos::channel::{HearError, SendError, TextProvider};
use clubos::clock::{Clock, UnixMs};
use clubos::simclub::carrier::{Carrier, TextFault};
use clubos::simclub::fake_quo::FakeQuo;
use clubos::simclub::fake_twilio::FakeTwilio;
use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::support::*;

const FAULTS: &[Option<TextFault>] = &[
    None,
    Some(TextFault::Html),
    Some(TextFault::Truncated),
    Some(TextFault::Huge),
    Some(TextFault::TooMany(None)),
    Some(TextFault::TooMany(Some(2))),
    Some(TextFault::ServerError),
    Some(TextFault::TakenThenServerError),
    Some(TextFault::TakenThenReset),
    Some(TextFault::NeverDelivered),
];

/// Sends by the rules: later means again, unclear means look first.
async fn deliver(provider: &dyn TextProvider, clock: &Clock, body: &str) -> String {
    let (to, began) = (number(ANN), clock.now());
    loop {
        let wait = match provider.send(&to, body).await {
            Ok(accepted) => return accepted.provider_id,
            Err(SendError::Later { after_ms, .. }) => after_ms.unwrap_or(1_000),
            Err(SendError::Unclear(_)) => match seek(provider, clock, body, began).await {
                Some(id) => return id,
                None => 1_000,
            },
            Err(SendError::Never { why, .. }) => panic!("{why}"),
        };
        later(clock, Duration::from_millis(wait));
    }
}

async fn seek(provider: &dyn TextProvider, clock: &Clock, body: &str, since: UnixMs) -> Option<String> {
    loop {
        later(clock, s(1));
        match provider.look_up(&number(ANN), body, since).await {
            Ok(found) => return found.map(|accepted| accepted.provider_id),
            Err(HearError::Later { after_ms, .. }) => {
                later(clock, Duration::from_millis(after_ms.unwrap_or(1_000)))
            }
            Err(HearError::Never { why, .. }) => panic!("{why}"),
        }
    }
}

/// Each text meets the faults of its row.
async fn evening_of_faults(
    provider: &dyn TextProvider,
    carrier: &Carrier,
    clock: &Clock,
    rows: &[Vec<usize>],
) {
    let mut ids = Vec::new();
    for (n, row) in rows.iter().enumerate() {
        carrier.next_sends(row.iter().filter_map(|fault| FAULTS[fault % FAULTS.len()]));
        // The same words every second time: an older one must not pass for the lost one.
        let body = if n % 2 == 0 { "On it.".to_owned() } else { format!("text {n}") };
        ids.push(deliver(provider, clock, &body).await);
        later(clock, s(20));
    }
    let sent: Vec<String> = carrier.sent().into_iter().map(|text| text.id).collect();
    assert_eq!(sent, ids, "each once, in order, and known by its id");
    no_complaints(carrier);
}

proptest! {
    #![proptest_config(Config { cases: 8, ..Config::default() })]

    #[test]
    fn every_text_is_sent_exactly_once_whatever_goes_wrong(
        rows in proptest::collection::vec(proptest::collection::vec(0_usize..100, 0..4), 1..15),
        ahead in prop_oneof![Just(0_i64), Just(3_600_000), Just(-3_600_000)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let clock = evening();
            let fake = FakeQuo::start(clock.clone()).unwrap();
            fake.set_clock_ahead(ahead);
            evening_of_faults(&quo(&fake, &clock, PATIENT), &fake, &clock, &rows).await;
            let clock = evening();
            let fake = FakeTwilio::start(clock.clone()).unwrap();
            fake.set_clock_ahead(ahead);
            evening_of_faults(&twilio(&fake, &clock, PATIENT), &fake, &clock, &rows).await;
        });
    }
}
