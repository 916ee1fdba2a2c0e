//! The bay agent's driver over a real broker.

use std::time::Duration;

use clubos::clock::{Clock, UnixMs};
use clubos::device::agent::{AgentDriver, AgentOptions};
use clubos::device::verify::Verdict;
use clubos::device::{DeviceEvent, Driver, NotSent, Observation, Part};
use clubos::simclub::Behaviour;
use clubos::site::{BayId, Effect, Target};

use crate::bare_broker::{BareBroker, SUBSCRIBE, command, packet, take_filters, tell_kept};
use crate::support::{BAYS, Bench, Seen, act, eventually, permit};

fn bay_2() -> Target {
    Target::new("bay-2")
}

#[tokio::test]
async fn a_restart_is_verified_and_labelled_simulated() {
    let mut bench = Bench::start().await;
    let mut watch = bench.act(1, Effect::SimRestart, "bay-2").await.expect("sent");
    let verdict = bench.seen.verdict(&mut watch, |_, _| false).await;
    assert_eq!(verdict, Verdict::Verified);
    assert!(bench.seen.all.iter().all(|event| event.simulated));
    assert!(bench.seen.all.iter().any(|e| e.observation == Observation::Acknowledged { effect_id: 1 }));
    assert!(bench.driver.health().iter().all(|row| row.online == Some(true) && row.simulated));
}

#[tokio::test]
async fn every_effect_of_a_bays_agent_is_verified_over_the_wire() {
    let mut bench = Bench::start().await;
    let effects = [
        Effect::RadarReset,
        Effect::ProjectorOff,
        Effect::ProjectorOn,
        Effect::ProjectorInput,
        Effect::ProjectorCycle,
        Effect::TvOff,
        Effect::TvOn,
        Effect::PcReboot,
        Effect::PcWake,
    ];
    for (id, effect) in effects.into_iter().enumerate() {
        let mut watch = bench.act(id as i64 + 1, effect, "bay-1").await.expect("sent");
        assert_eq!(bench.seen.verdict(&mut watch, |_, _| false).await, Verdict::Verified, "{effect}");
    }
}

#[tokio::test]
async fn an_agent_that_lies_is_acknowledged_and_never_verified() {
    let mut bench = Bench::start().await;
    bench.control.set(&bay_2(), Effect::SimRestart, Behaviour::Lies);
    let mut watch = bench.act(1, Effect::SimRestart, "bay-2").await.expect("sent");
    let verdict = bench.seen.verdict(&mut watch, |verdict, _| *verdict == Verdict::Acknowledged).await;
    assert_eq!(verdict, Verdict::Acknowledged);
    // The next sign of life shows the software running, as it did before; that proves nothing.
    bench.control.set(&bay_2(), Effect::TvOn, Behaviour::Ok);
    let verdict =
        bench.seen.verdict(&mut watch, |_, e| matches!(e.observation, Observation::Software { .. })).await;
    assert_eq!(verdict, Verdict::Acknowledged);
}

#[tokio::test]
async fn an_agent_that_fails_says_why() {
    let mut bench = Bench::start().await;
    bench.control.set(&bay_2(), Effect::RadarReset, Behaviour::Fail);
    let mut watch = bench.act(1, Effect::RadarReset, "bay-2").await.expect("sent");
    let verdict = bench.seen.verdict(&mut watch, |_, _| false).await;
    assert!(matches!(verdict, Verdict::Failed(reason) if reason.contains("simulated")));
}

#[tokio::test]
async fn nothing_is_sent_to_an_agent_whose_last_will_spoke() {
    let mut bench = Bench::start().await;
    bench.control.set(&bay_2(), Effect::SimRestart, Behaviour::Offline);
    bench.seen.online("bay-2", false).await;
    for effect in [Effect::SimRestart, Effect::RadarReset, Effect::PcReboot] {
        let refused = bench.act(1, effect, "bay-2").await;
        assert!(matches!(refused, Err(NotSent::Offline(_))), "{effect}");
    }
    assert!(bench.act(2, Effect::SimRestart, "bay-1").await.is_ok());
    let row = bench.driver.health().into_iter().find(|row| row.target == bay_2()).expect("listed");
    assert_eq!(row.online, Some(false));
    bench.control.set(&bay_2(), Effect::SimRestart, Behaviour::Ok);
    bench.seen.online("bay-2", true).await;
}

#[tokio::test]
async fn a_pc_that_is_off_is_woken_by_a_magic_packet() {
    let mut bench = Bench::start().await;
    bench.control.set_online(bench.clock.now(), &bay_2(), false);
    bench.seen.online("bay-2", false).await;
    let mut watch = bench.act(1, Effect::PcWake, "bay-2").await.expect("sent");
    assert_eq!(bench.seen.verdict(&mut watch, |_, _| false).await, Verdict::Verified);
}

#[tokio::test]
async fn a_shorter_absence_than_the_grace_is_not_reported() {
    let mut bench = Bench::start().await;
    let status = |online: bool| format!(r#"{{"v":1,"online":{online},"agent":"x","capabilities":[]}}"#);
    let lines = format!("{}\n{}\n", status(false), status(true));
    bench.publish_lines("bay-2", "clubos/v1/bay/2/status", &lines).await;
    bench.seen.online("bay-2", true).await;
    bench.publish("bay-1", "clubos/v1/bay/1/state", br#"{"v":1,"at":1,"boot_id":"marker"}"#, false).await;
    bench.seen.until("bay-1", |o| *o == Observation::Boot { id: "marker".into() }).await;
    assert!(
        !bench.seen.all.iter().any(|e| matches!(e.observation, Observation::Reachable { online: false, .. }))
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_counted_and_ignored() {
    let mut bench = Bench::start().await;
    bench.agents.clear();
    bench.seen.online("bay-2", false).await;
    let long = vec![b'x'; 20_000];
    let broken: [&[u8]; 6] = [b"", b"not json", b"\xff\xfe\x00", b"{\"v\":9,\"at\":1}", b"[[[[", &long];
    for payload in broken {
        for leaf in ["status", "state", "result"] {
            bench.publish("bay-2", &format!("clubos/v1/bay/2/{leaf}"), payload, leaf != "result").await;
        }
    }
    bench.publish("clubos", "clubos/v1/bay/77/status", br#"{"v":1,"online":true}"#, true).await;
    let before = bench.seen.all.len();
    bench.publish("bay-2", "clubos/v1/bay/2/state", br#"{"v":1,"at":1,"boot_id":"after"}"#, false).await;
    bench.seen.until("bay-2", |o| *o == Observation::Boot { id: "after".into() }).await;
    assert_eq!(bench.seen.all.len(), before + 1, "{:?}", &bench.seen.all[before..]);
    let row = bench.driver.health().into_iter().find(|row| row.target == bay_2()).expect("listed");
    assert_eq!(row.malformed, 18);
}

#[tokio::test]
async fn the_agent_refuses_a_command_it_does_not_know() {
    let mut bench = Bench::start().await;
    let command = format!(
        r#"{{"v":1,"id":99,"action":"bay.explode","value":null,"expires_at":{}}}"#,
        bench.clock.now().0 + 60_000
    );
    bench.publish("clubos", "clubos/v1/bay/2/cmd", command.as_bytes(), false).await;
    let event = bench.seen.until("bay-2", |o| matches!(o, Observation::Rejected { effect_id: 99, .. })).await;
    assert!(
        matches!(event.observation, Observation::Rejected { reason, .. } if reason.contains("unknown command"))
    );
}

#[tokio::test]
async fn the_agent_ignores_expired_and_repeated_commands() {
    let mut bench = Bench::start().await;
    let now = bench.clock.now().0;
    let command = |id: i64, expires: i64| {
        format!(r#"{{"v":1,"id":{id},"action":"tv.on","value":null,"expires_at":{expires}}}"#).into_bytes()
    };
    for (id, expires) in [(1, now - 1), (2, now + 60_000), (2, now + 60_000), (3, now + 60_000)] {
        bench.publish("clubos", "clubos/v1/bay/2/cmd", &command(id, expires), false).await;
    }
    let taken = |seen: &[DeviceEvent], id| {
        seen.iter().filter(|e| e.observation == Observation::Acknowledged { effect_id: id }).count()
    };
    while taken(&bench.seen.all, 2) == 0 || taken(&bench.seen.all, 3) == 0 {
        bench.seen.until("bay-2", |o| matches!(o, Observation::Acknowledged { .. })).await;
    }
    let all = &bench.seen.all;
    assert_eq!((taken(all, 1), taken(all, 2)), (0, 1), "{all:?}");
}

#[tokio::test]
async fn a_large_club_hears_its_last_bay_too() {
    let bays: Vec<BayId> = (1..=99).map(BayId).collect();
    let mut bench = Bench::without_agents_in(&bays).await;
    for bay in [1, 50, 99] {
        let user = format!("bay-{bay}");
        let status = br#"{"v":1,"online":true}"#;
        bench.publish(&user, &format!("clubos/v1/bay/{bay}/status"), status, true).await;
        bench.seen.online(&user, true).await;
    }
}

#[tokio::test]
async fn a_driver_offers_only_what_the_agent_announced_and_the_site_has() {
    let bench = Bench::start().await;
    assert!(matches!(
        bench.act(1, Effect::PoeCycle, "bay-2").await,
        Err(NotSent::Unsupported(Effect::PoeCycle))
    ));
    assert!(matches!(bench.act(1, Effect::SimRestart, "bay-9").await, Err(NotSent::Unsupported(_))));
    assert!(matches!(bench.act(1, Effect::DoorUnlock, "door-main").await, Err(NotSent::Unsupported(_))));
    let late = permit(1, Effect::SimRestart, "bay-2", UnixMs(bench.clock.now().0 - 1));
    assert!(matches!(bench.driver.act(late).await, Err(NotSent::Offline(_))));
}

#[tokio::test]
async fn a_command_refused_while_the_broker_was_away_is_never_sent_later() {
    let mut bench = Bench::start().await;
    bench.broker.stop().await.expect("stopped");
    bench.seen.online("bay-2", false).await;
    assert!(matches!(bench.act(41, Effect::SimRestart, "bay-2").await, Err(NotSent::Offline(_))));
    bench.broker.resume().await.expect("back");
    bench.seen.online("bay-2", true).await;
    let mut watch = bench.act(42, Effect::SimRestart, "bay-2").await.expect("sent");
    assert_eq!(bench.seen.verdict(&mut watch, |_, _| false).await, Verdict::Verified);
    assert!(!bench.seen.all.iter().any(|e| e.observation == Observation::Acknowledged { effect_id: 41 }));
}

#[tokio::test]
async fn state_kept_by_the_broker_from_before_a_command_verifies_nothing() {
    let mut bench = Bench::start().await;
    bench.agents.clear();
    bench.seen.online("bay-2", false).await;
    // Written in the future by a clock that runs wild, and kept by the broker.
    for at in [1, bench.clock.now().0 - 1000, bench.clock.now().0 + 3_600_000] {
        let state = format!(r#"{{"v":1,"at":{at},"tv":{{"on":true}},"boot_id":"kept-{at}"}}"#);
        bench.publish("bay-2", "clubos/v1/bay/2/state", state.as_bytes(), true).await;
        bench.seen.until("bay-2", |o| *o == Observation::Boot { id: format!("kept-{at}") }).await;
        let sent = bench.clock.now();
        bench.broker.stop().await.expect("stopped");
        bench.broker.resume().await.expect("back");
        let again = bench.seen.until("bay-2", |o| *o == Observation::Boot { id: format!("kept-{at}") }).await;
        assert!(again.at <= sent, "dated {} though it was true before {sent}", again.at);
    }
}

#[tokio::test]
async fn both_bays_are_online_again_after_the_broker_restarted() {
    let mut bench = Bench::start().await;
    bench.broker.stop().await.expect("stopped");
    for bay in BAYS {
        bench
            .seen
            .once(&bay.to_string(), |o| matches!(o, Observation::Reachable { online: false, .. }))
            .await;
    }
    bench.broker.resume().await.expect("back");
    eventually("both online", || bench.driver.health().iter().all(|row| row.online == Some(true))).await;
}

#[tokio::test]
async fn an_agent_that_never_reported_gets_nothing() {
    let bench = Bench::without_agents().await;
    let bay = Target::from(BayId(1));
    let refused = bench.act(1, Effect::SimRestart, bay.as_str()).await;
    assert!(matches!(refused, Err(NotSent::Offline(_))));
    assert!(
        refused.is_err_and(
            |error| error.to_string().contains("broker") || error.to_string().contains("reported")
        )
    );
    assert!(bench.driver.health().iter().all(|row| row.online.is_none()));
}

#[tokio::test]
async fn a_command_without_a_receipt_is_left_to_observation_and_never_repeated() {
    let broker = BareBroker::start().await;
    let (sender, mut seen) = Seen::new();
    let clock = Clock::system();
    let options = AgentOptions {
        receipt: Duration::from_millis(200),
        retry: Duration::from_millis(50),
        ..AgentOptions::default()
    };
    let driver = AgentDriver::start(&broker.settings(), &[BayId(1)], sender, clock.clone(), options);
    let driver = driver.expect("a driver");
    for id in [61, 62] {
        let mut stream = broker.welcome().await;
        let (first, filters) = packet(&mut stream).await;
        assert_eq!((first & 0xF0, take_filters(&mut stream, &filters).await), (SUBSCRIBE, 3));
        let status = r#"{"v":1,"online":true,"simulated":true}"#;
        tell_kept(&mut stream, "clubos/v1/bay/1/status", status).await;
        seen.online("bay-1", true).await;
        act(&driver, &clock, &seen, id, Effect::SimRestart, "bay-1").await.expect("may have been sent");
        let (topic, told) = command(&mut stream).await;
        let told: serde_json::Value = serde_json::from_slice(&told).expect("a command");
        assert_eq!((topic.as_str(), &told["id"]), ("clubos/v1/bay/1/cmd", &id.into()), "an old one again");
        // It is dropped without a receipt.
    }
}

#[tokio::test]
async fn what_was_kept_verifies_nothing_to_a_box_that_starts_although_it_is_dated_after_the_command() {
    let mut bench = Bench::start().await;
    bench.agents.clear();
    bench.publish("bay-2", "clubos/v1/bay/2/status", br#"{"v":1,"online":true}"#, true).await;
    bench.seen.online("bay-2", true).await;
    let mut watch = bench.act(51, Effect::TvOn, "bay-2").await.expect("sent");
    // Read before the command, by a clock that runs ahead a little.
    let state = format!(r#"{{"v":1,"at":{},"tv":{{"on":true}}}}"#, bench.clock.now().0);
    bench.publish("bay-2", "clubos/v1/bay/2/state", state.as_bytes(), true).await;
    let (sender, mut seen) = Seen::new();
    let settings = bench.broker.settings();
    let _restarted =
        AgentDriver::start(&settings, &[BayId(2)], sender, bench.clock.clone(), AgentOptions::default());
    let shown = |o: &Observation| matches!(o, Observation::Power { part: Part::Tv, on: true });
    let verdict = seen.verdict(&mut watch, |_, event| shown(&event.observation)).await;
    assert_eq!(verdict, Verdict::Pending, "told anew, it would count");
}
