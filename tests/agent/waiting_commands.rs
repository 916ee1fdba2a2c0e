//! Commands that wait for an agent to fetch them: one taker, in time, or never.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clubos::clock::{Clock, UnixMs};
use clubos::device::agent_http::{
    Heartbeat, HttpAgentDriver, HttpAgentError, HttpAgentOptions, HttpAgents, Report,
};
use clubos::device::{Driver, NotSent, Observation};
use clubos::site::{BayId, Effect, Target};

use crate::support::{BAYS, PATIENCE, Seen, permit};
use crate::waiting::asked_until;

const BAY: BayId = BayId(1);

fn patient() -> HttpAgentOptions {
    HttpAgentOptions { fetched_within: PATIENCE * 10, ..HttpAgentOptions::default() }
}

async fn driver(clock: &Clock, options: HttpAgentOptions) -> (HttpAgentDriver, Seen) {
    let (events, seen) = Seen::new();
    let driver = HttpAgentDriver::start(&BAYS, events, clock.clone(), options);
    driver.agents().heartbeat(BAY, Heartbeat::default()).await.expect("heard");
    (driver, seen)
}

fn restart(id: i64, expires_at: UnixMs) -> clubos::policy::Permit {
    permit(id, Effect::SimRestart, "bay-1", expires_at)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_ask_at_once_exactly_one_gets_the_command() {
    let clock = Clock::system();
    let (driver, _seen) = driver(&clock, patient()).await;
    let agents = driver.agents();
    for id in 1..=20 {
        let expires = clock.now() + Duration::from_secs(600);
        let act = driver.act(restart(id, expires));
        let left = Arc::new(AtomicBool::new(false));
        let asker = |agents: HttpAgents, left: Arc<AtomicBool>| async move {
            let mut got = Vec::new();
            loop {
                // Once more after it left, so that a second copy would be seen.
                let last = left.load(Ordering::Acquire);
                got.extend(agents.poll(BAY).await.expect("of this site").map(|command| command.id));
                if last {
                    return got;
                }
                tokio::task::yield_now().await;
            }
        };
        let askers: Vec<_> = (0..8).map(|_| tokio::spawn(asker(agents.clone(), left.clone()))).collect();
        act.await.expect("fetched");
        left.store(true, Ordering::Release);
        let mut got = Vec::new();
        for asker in askers {
            got.extend(asker.await.expect("asked"));
        }
        assert_eq!(got, [id]);
    }
}

#[tokio::test]
async fn an_expired_command_is_never_handed_out() {
    let clock = Clock::virtual_at(UnixMs(1_000_000));
    let (driver, _seen) = driver(&clock, patient()).await;
    let agents = driver.agents();
    let expires = clock.now() + Duration::from_secs(60);
    let (sent, ()) = tokio::join!(driver.act(restart(1, expires)), async {
        clock.advance_to(expires);
        assert_eq!(agents.poll(BAY).await, Ok(None));
    });
    assert!(matches!(&sent, Err(NotSent::Offline(why)) if why.contains("expired")), "{sent:?}");
    assert!(matches!(driver.act(restart(2, expires)).await, Err(NotSent::Offline(_))), "too late to offer");
    assert_eq!(agents.poll(BAY).await, Ok(None));
}

#[tokio::test]
async fn what_nobody_fetches_in_time_certainly_did_not_leave() {
    let clock = Clock::system();
    let options =
        HttpAgentOptions { fetched_within: Duration::from_millis(50), ..HttpAgentOptions::default() };
    let (driver, _seen) = driver(&clock, options).await;
    let sent = driver.act(restart(1, clock.now() + Duration::from_secs(60))).await;
    assert!(matches!(&sent, Err(NotSent::Offline(why)) if why.contains("did not fetch")), "{sent:?}");
    assert_eq!(driver.agents().poll(BAY).await, Ok(None), "it was taken back");
}

#[tokio::test]
async fn one_who_gave_up_waiting_leaves_nothing_behind() {
    let clock = Clock::system();
    let (driver, _seen) = driver(&clock, patient()).await;
    let expires = clock.now() + Duration::from_secs(60);
    let gave_up = tokio::time::timeout(Duration::from_millis(20), driver.act(restart(1, expires))).await;
    assert!(gave_up.is_err());
    assert_eq!(driver.agents().poll(BAY).await, Ok(None));
}

#[tokio::test]
async fn an_agent_that_falls_silent_is_away_and_gets_nothing() {
    let clock = Clock::virtual_at(UnixMs(1_000_000));
    let look_every = Duration::from_millis(5);
    let options = HttpAgentOptions { look_every, ..HttpAgentOptions::default() };
    let (driver, mut seen) = driver(&clock, options).await;
    seen.online("bay-1", true).await;
    clock.advance_to(clock.now() + Duration::from_secs(44));
    driver.agents().poll(BAY).await.expect("a sign of life");
    clock.advance_to(clock.now() + Duration::from_secs(45));
    seen.online("bay-1", false).await;
    let sent = driver.act(restart(1, clock.now() + Duration::from_secs(60))).await;
    assert!(matches!(sent, Err(NotSent::Offline(_))));
    let row = driver.health().into_iter().find(|row| row.target == Target::from(BAY)).expect("listed");
    assert_eq!(row.online, Some(false));
    driver.agents().poll(BAY).await.expect("back");
    seen.online("bay-1", true).await;
    let never =
        driver.act(permit(2, Effect::SimRestart, "bay-2", clock.now() + Duration::from_secs(60))).await;
    assert!(matches!(&never, Err(NotSent::Offline(why)) if why.contains("not reported")), "{never:?}");
}

#[tokio::test]
async fn an_agent_is_offered_only_what_it_says_it_can() {
    let clock = Clock::system();
    let (driver, _seen) = driver(&clock, patient()).await;
    let beat = Heartbeat { capabilities: Some(vec!["pc.reboot".into()]), ..Heartbeat::default() };
    driver.agents().heartbeat(BAY, beat).await.expect("heard");
    let expires = clock.now() + Duration::from_secs(60);
    let sent = driver.act(restart(1, expires)).await;
    assert!(matches!(sent, Err(NotSent::Unsupported(Effect::SimRestart))));
}

#[tokio::test]
async fn the_first_report_counts_and_success_is_no_more_than_a_claim() {
    let clock = Clock::system();
    let (driver, mut seen) = driver(&clock, patient()).await;
    let agents = driver.agents();
    let word = |success, message: &str| Report { command_id: 9, success, message: Some(message.to_owned()) };
    agents.report(BAY, word(true, "")).await.expect("taken");
    agents.report(BAY, word(false, "changed my mind")).await.expect("taken, and ignored");
    let event = seen.until("bay-1", |o| matches!(o, Observation::Acknowledged { effect_id: 9 })).await;
    assert!(!event.simulated);
    agents
        .heartbeat(BAY, Heartbeat { tps_running: Some(true), ..Heartbeat::default() })
        .await
        .expect("heard");
    seen.until("bay-1", |o| *o == Observation::Software { running: true }).await;
    assert!(!seen.all.iter().any(|e| matches!(e.observation, Observation::Rejected { .. })));
    let elsewhere = agents.poll(BayId(9)).await;
    assert_eq!(elsewhere, Err(HttpAgentError::NoSuchBay(BayId(9))));
}

#[tokio::test]
async fn a_report_on_what_still_waits_is_refused() {
    let clock = Clock::system();
    let (driver, _seen) = driver(&clock, patient()).await;
    let agents = driver.agents();
    let expires = clock.now() + Duration::from_secs(60);
    let (sent, ()) = tokio::join!(driver.act(restart(5, expires)), async {
        let early = agents.report(BAY, Report { command_id: 5, success: true, message: None }).await;
        assert_eq!(early, Err(HttpAgentError::NotYours));
        let got =
            asked_until(PATIENCE, async || agents.poll(BAY).await.expect("here"), || "no command".into());
        assert_eq!(got.await.id, 5);
    });
    sent.expect("fetched");
}
