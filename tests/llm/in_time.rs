//! The customer waits for nobody longer than the desk allows: retries, `Retry-After`, stalls, the breaker.

use std::time::Duration;

use clubos::llm::NoNomination;
use serde_json::json;
use tokio::time::Instant;

use crate::fake::Play;
use crate::support::{ALL, asked, question};

const BUDGET: Duration = Duration::from_secs(4);

#[tokio::test]
async fn what_passes_by_itself_is_tried_again() {
    for company in ALL {
        for play in [Play::status(500), Play::status(529), Play::status(408), Play::Breaks, Play::Html] {
            let asked = asked("passes", company).await;
            asked.fake.plays([play.clone()]);
            let said = asked.fallback.ask(&question("stuck")).await;
            assert!(said.is_ok(), "{company:?} {play:?}: {said:?}");
            assert_eq!(asked.fake.requests(), 2, "{play:?}");
        }
    }
}

#[tokio::test]
async fn the_provider_says_how_long_to_wait_and_is_heard() {
    for (header, value, least) in [("retry-after", "1", 1_000), ("retry-after-ms", "700", 700)] {
        let asked = asked("wait", ALL[0]).await;
        asked.fake.plays([Play::too_many(header, value)]);
        let started = Instant::now();
        assert!(asked.fallback.ask(&question("stuck")).await.is_ok());
        assert!(started.elapsed() >= Duration::from_millis(least), "{header}");
        assert!(started.elapsed() < BUDGET);
    }
}

#[tokio::test]
async fn a_wait_beyond_the_time_left_is_not_waited() {
    let asked = asked("too-long", ALL[0]).await;
    asked.fake.plays([Play::too_many("retry-after", "20")]);
    let started = Instant::now();
    assert!(matches!(asked.fallback.ask(&question("stuck")).await, Err(NoNomination::Failed(_))));
    assert!(started.elapsed() < Duration::from_secs(1), "nobody waits for what comes too late");
    assert_eq!(asked.fake.requests(), 1);
}

#[tokio::test]
async fn a_provider_that_says_nothing_costs_less_than_four_seconds() {
    let asked = asked("stalls", ALL[1]).await;
    asked.fake.plays([Play::Stalls]);
    let started = Instant::now();
    assert!(matches!(asked.fallback.ask(&question("stuck")).await, Err(NoNomination::Failed(_))));
    assert!(started.elapsed() < BUDGET, "{:?}", started.elapsed());
    assert!(asked.sent()[0].cost.is_none(), "it may have been billed: what was reserved counts");
}

#[tokio::test]
async fn what_a_person_must_mend_is_not_tried_again_and_rests() {
    let quota = json!({"error": {"type": "insufficient_quota", "code": "insufficient_quota"}});
    let credit = json!({"type": "error", "error": {"type": "invalid_request_error",
                        "message": "Your credit balance is too low (simulated)"}});
    for (company, play) in [
        (ALL[0], Play::status(401)),
        (ALL[1], Play::status(403)),
        (ALL[2], Play::status(404)),
        (ALL[0], Play::Error(429, vec![("retry-after", "1".into())], quota.clone())),
        (ALL[1], Play::Error(429, Vec::new(), quota.clone())),
        (ALL[2], Play::Error(400, Vec::new(), credit.clone())),
    ] {
        let asked = asked("for-good", company).await;
        asked.fake.plays([play.clone()]);
        let said = asked.fallback.ask(&question("stuck")).await;
        assert!(matches!(said, Err(NoNomination::ForGood(_))), "{company:?} {play:?}: {said:?}");
        assert_eq!(asked.fallback.ask(&question("stuck")).await, Err(NoNomination::Breaker));
        assert_eq!(asked.fake.requests(), 1, "{company:?} {play:?}");
        assert_eq!(asked.spent().day, 0, "an error is not billed");
    }
}

#[tokio::test]
async fn the_providers_own_word_on_retries_overrides_the_status() {
    let asked = asked("should-retry", ALL[0]).await;
    let never = Play::Error(503, vec![("x-should-retry", "false".into())], json!({}));
    asked.fake.plays([never]);
    assert!(asked.fallback.ask(&question("stuck")).await.is_err());
    assert_eq!(asked.fake.requests(), 1);
}

#[tokio::test]
async fn after_three_failures_it_rests_and_one_good_try_wakes_it() {
    let asked = asked("breaker", ALL[0]).await;
    let bad = || Play::Error(400, Vec::new(), json!({"error": {"message": "simulated"}}));
    asked.fake.plays([bad(), bad(), bad()]);
    for _ in 0..3 {
        assert!(matches!(asked.fallback.ask(&question("stuck")).await, Err(NoNomination::Failed(_))));
    }
    let started = Instant::now();
    assert_eq!(asked.fallback.ask(&question("stuck")).await, Err(NoNomination::Breaker));
    assert!(started.elapsed() < Duration::from_millis(500), "nobody waits for it");
    assert_eq!((asked.fake.requests(), asked.fallback.is_resting()), (3, true));
    asked.clock.advance_to(asked.clock.now() + Duration::from_secs(61));
    assert!(asked.fallback.ask(&question("stuck")).await.is_ok(), "one try");
    assert!(!asked.fallback.is_resting());
    assert!(asked.fallback.ask(&question("stuck!")).await.is_ok());
    let counters: std::collections::BTreeMap<_, _> = asked.fallback.stats().counters().into();
    assert_eq!(
        (counters["asked"], counters["failed"], counters["breaker"], counters["nominated"]),
        (6, 3, 1, 2)
    );
}

#[tokio::test]
async fn nobody_at_the_address_is_no_nomination_in_time() {
    let mut asked = asked("nobody", ALL[0]).await;
    let gone = crate::fake::Fake::start().await;
    let url = gone.url(ALL[0]);
    drop(gone);
    let settings = crate::support::settings(ALL[0], url);
    asked.fallback = crate::support::fallback(settings, crate::fake::KEY, asked.ledger.clone(), &asked.clock);
    let started = Instant::now();
    assert!(matches!(asked.fallback.ask(&question("stuck")).await, Err(NoNomination::Failed(_))));
    assert!(started.elapsed() < BUDGET);
}

#[tokio::test]
async fn a_check_says_whether_key_and_model_are_known_and_sends_no_words() {
    for company in ALL {
        let asked = asked("check", company).await;
        assert_eq!(asked.fallback.check().await, Ok(()), "{company:?}");
        let with = |model: &str, key: &str| {
            let mut settings = crate::support::settings(company, asked.fake.url(company));
            settings.model = model.to_owned();
            crate::support::fallback(settings, key, asked.ledger.clone(), &asked.clock)
        };
        let unknown = with("other-model", crate::fake::KEY).check().await.unwrap_err();
        assert!(unknown.contains("other-model"), "{unknown}");
        let key = with("simulated-model", "sk-wrong").check().await.unwrap_err();
        assert!(key.contains("key"), "{key}");
        assert_eq!(asked.fake.requests(), 0);
    }
}
