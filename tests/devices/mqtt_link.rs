//! The connection that carries devices behind the broker: kept words, lost receipts, brokers that restart, silence, crowds.

use std::collections::BTreeSet;
use std::time::Duration;

use clubos::clock::{Clock, UnixMs};
use clubos::device::mqtt::{MqttDeviceOptions, MqttDriver};
use clubos::device::verify::Verdict;
use clubos::device::{Driver, LanUnit, NotSent, Observation};
use clubos::policy::Permit;
use clubos::site::{Effect, Target};
use tokio::io::AsyncWriteExt;

use crate::bare_broker::{BareBroker, PUBLISH, SUBSCRIBE, command, packet, published, take_filters};
use crate::mqtt_bench::{Club, Ear, PLUG_USER, TV_USER, options, plug, tv};
use crate::support::{Seen, Watch, act};

#[tokio::test]
async fn what_the_broker_kept_verifies_nothing() {
    let mut club = Club::start().await;
    club.publish(TV_USER, "tv/4/online", "yes", true).await;
    club.publish(TV_USER, "tv/4/state", r#"{"power":"ON"}"#, true).await;
    club.seen.once("bay-4", |o| matches!(o, Observation::Power { on: true, .. })).await;
    let mut watch = club.act(1, Effect::TvOn, "bay-4").await.expect("sent");
    club.broker.stop().await.expect("stopped");
    club.broker.resume().await.expect("back");
    let shown = |o: &Observation| matches!(o, Observation::Power { .. });
    let verdict = club.seen.verdict(&mut watch, |_, e| shown(&e.observation)).await;
    assert_eq!(verdict, Verdict::Pending, "the broker repeated what it had kept");
    club.publish(TV_USER, "tv/4/state", r#"{"power":"ON"}"#, true).await;
    assert_eq!(club.seen.verdict(&mut watch, |_, _| false).await, Verdict::Verified, "told anew, it counts");
}

#[tokio::test]
async fn an_effect_from_before_this_program_started_is_not_verified_by_what_was_kept() {
    let mut club = Club::start().await;
    club.publish(TV_USER, "tv/4/online", "yes", true).await;
    club.publish(TV_USER, "tv/4/state", r#"{"power":"ON"}"#, true).await;
    club.seen.online("bay-4", true).await;
    let mut watch = club.act(1, Effect::TvOn, "bay-4").await.expect("sent");
    let (sender, mut seen) = Seen::new();
    let settings = club.broker.settings();
    let _restarted = MqttDriver::start(&settings, &[tv("bay-4")], sender, club.clock.clone(), options());
    let shown = |o: &Observation| matches!(o, Observation::Power { .. });
    assert_eq!(seen.verdict(&mut watch, |_, e| shown(&e.observation)).await, Verdict::Pending);
}

#[tokio::test]
async fn a_broker_that_restarts_and_forgets_in_mid_command_loses_doubles_and_replays_none() {
    let mut club = Club::start().await;
    let _plug = club.plug().await;
    let filters = ["cmnd/plug-bay-1/#", "clubos/hello"];
    let backlog = "cmnd/plug-bay-1/Backlog0";
    let mut watch = club.act(1, Effect::OutletCycle, "bay-1").await.expect("sent");
    club.broker.stop().await.expect("stopped");
    club.seen.online("bay-1", false).await;
    assert!(matches!(club.act(2, Effect::OutletCycle, "bay-1").await, Err(NotSent::Offline(_))));
    club.broker_forgets().await;
    let mut ear = Ear::start(&club.broker, "observer", &filters, "clubos", "clubos/hello").await;
    club.seen.online("bay-1", true).await;
    // What the plug did meanwhile was missed; nothing that was kept makes up for it.
    let own = club.seen.all.iter().filter(|event| event.target == watch.target);
    let seen: Vec<_> = own.map(|event| watch.verification.observe(1, event)).collect();
    assert!(seen.iter().all(|verdict| !matches!(verdict, Verdict::Failed(_))), "{seen:?}");
    let late = permit(3, Effect::OutletCycle, "bay-1", UnixMs(club.clock.now().0 - 1));
    assert!(matches!(club.driver.act(late).await, Err(NotSent::Offline(_))), "a stale one expires");
    let mut watch = club.act(4, Effect::OutletCycle, "bay-1").await.expect("sent");
    assert_eq!(club.seen.verdict(&mut watch, |_, _| false).await, Verdict::Verified);
    club.publish("clubos", "clubos/hello", "the end", false).await;
    let mut told = 0;
    loop {
        let (topic, _, text) = ear.next().await;
        match (topic.as_str(), text.as_str()) {
            (_, "the end") => break,
            (topic, _) if topic == backlog => told += 1,
            _ => {}
        }
    }
    assert_eq!(told, 1, "only the last one was sent after the restart");
}

#[tokio::test]
async fn a_shorter_absence_than_the_grace_is_not_reported() {
    let mut club = Club::start().await;
    club.publish(PLUG_USER, "tele/plug-bay-1/LWT", "Online", true).await;
    club.seen.online("bay-1", true).await;
    let lines = b"Offline\nOnline\n";
    crate::support::publish_with(&club.broker, PLUG_USER, "tele/plug-bay-1/LWT", lines, &["-l"]).await;
    // Longer than the grace later it still is there.
    club.publish(PLUG_USER, "stat/plug-bay-1/POWER", "OFF", false).await;
    club.seen.until("bay-1", |o| *o == Observation::Supply { on: false }).await;
    club.publish(TV_USER, "tv/4/online", "yes", true).await;
    club.seen.online("bay-4", true).await;
    club.publish(TV_USER, "tv/4/online", "no", true).await;
    club.seen.online("bay-4", false).await;
    let gone = |e: &clubos::device::DeviceEvent| {
        e.target.as_str() == "bay-1" && matches!(e.observation, Observation::Reachable { online: false, .. })
    };
    assert!(!club.seen.all.iter().any(gone));
    assert_eq!(club.row("bay-1").online, Some(true));
}

#[tokio::test]
async fn one_that_answers_nothing_any_more_is_gone_although_its_last_will_is_silent() {
    let patient = MqttDeviceOptions { idle_ask: Duration::from_millis(100), ..options() };
    let mut club = Club::start_with(&[plug("bay-1", "plug-bay-1")], patient).await;
    // Kept by the broker from a better day.
    club.publish(PLUG_USER, "tele/plug-bay-1/LWT", "Online", true).await;
    club.seen.online("bay-1", true).await;
    club.seen.online("bay-1", false).await;
    assert!(matches!(club.act(1, Effect::OutletCycle, "bay-1").await, Err(NotSent::Offline(_))));
    let _plug = club.plug().await;
    let mut watch = club.act(2, Effect::OutletCycle, "bay-1").await.expect("sent");
    assert_eq!(club.seen.verdict(&mut watch, |_, _| false).await, Verdict::Verified);
}

#[tokio::test]
async fn everybody_is_back_after_the_broker_was_away() {
    let mut club = Club::start().await;
    let (_plug, _bridge) = (club.plug().await, club.bridge().await);
    club.seen.once("audio", |o| matches!(o, Observation::Reachable { online: true, .. })).await;
    club.broker.stop().await.expect("stopped");
    for target in ["bay-1", "lights", "thermostat", "audio"] {
        let gone = |o: &Observation| matches!(o, Observation::Reachable { online: false, .. });
        club.seen.once(target, gone).await;
        assert!(club.act(1, Effect::AudioRestart, "audio").await.is_err());
    }
    club.broker_forgets().await;
    let all = ["bay-1", "lights", "thermostat", "audio"];
    crate::support::eventually("all are back", || all.iter().all(|t| club.row(t).online == Some(true))).await;
    club.act(2, Effect::AudioRestart, "audio").await.expect("a button is pressed again");
}

fn permit(id: i64, effect: Effect, target: &str, expires_at: UnixMs) -> Permit {
    Permit::for_tests(id, effect, Target::new(target), None, expires_at)
}

/// A driver on the worst of brokers.
struct Bare {
    broker: BareBroker,
    driver: MqttDriver,
    seen: Seen,
    clock: Clock,
}

impl Bare {
    async fn start(units: &[LanUnit]) -> Bare {
        let broker = BareBroker::start().await;
        let (sender, seen) = Seen::new();
        let clock = Clock::system();
        let options = MqttDeviceOptions { receipt: Duration::from_millis(200), ..options() };
        let driver = MqttDriver::start(&broker.settings(), units, sender, clock.clone(), options);
        Bare { broker, driver: driver.expect("a driver"), seen, clock }
    }

    async fn act(&self, id: i64, effect: Effect, target: &str) -> Result<Watch, NotSent> {
        act(&self.driver, &self.clock, &self.seen, id, effect, target).await
    }
}

#[tokio::test]
async fn a_command_without_a_receipt_is_left_to_observation_and_never_repeated() {
    let mut silent = tv("bay-4");
    if let clubos::site::LanDevice::MqttSwitch(of) = &mut silent.device {
        (of.state, of.availability) = (None, None);
    }
    let mut bare = Bare::start(&[silent]).await;
    for (id, effect, word) in [(1, Effect::TvOn, "ON"), (2, Effect::TvOff, "OFF")] {
        let mut stream = bare.broker.welcome().await;
        bare.seen.until("bay-4", |o| matches!(o, Observation::Reachable { online: true, .. })).await;
        bare.act(id, effect, "bay-4").await.expect("may have been sent");
        let told = command(&mut stream).await;
        assert_eq!(told, ("tv/4/set".to_owned(), word.as_bytes().to_vec()), "an old one was repeated");
        // It is dropped without a receipt, for longer than the grace.
        drop(stream);
        bare.seen.until("bay-4", |o| matches!(o, Observation::Reachable { online: false, .. })).await;
    }
}

#[tokio::test]
async fn two_hundred_devices_are_heard_and_asked_in_few_packets() {
    let units: Vec<LanUnit> =
        (1..=200).map(|n| plug(&format!("bay-{}", n % 99 + 1), &format!("plug-{n}"))).collect();
    let bare = Bare::start(&units).await;
    let mut stream = bare.broker.welcome().await;
    let (mut subscribes, mut filters, mut asked) = (0, 0, BTreeSet::new());
    while asked.len() < 200 {
        let (first, body) = packet(&mut stream).await;
        match first & 0xF0 {
            SUBSCRIBE => {
                subscribes += 1;
                filters += take_filters(&mut stream, &body).await;
            }
            PUBLISH => {
                let (topic, id, payload) = published(&body);
                assert!(payload.is_empty(), "a question is empty");
                asked.insert(topic);
                stream.write_all(&[0x40, 2, id[0], id[1]]).await.expect("PUBACK");
            }
            other => panic!("unexpected packet {other:#x}"),
        }
    }
    assert_eq!(filters, 1000);
    assert!(subscribes <= 12, "{subscribes} packets to subscribe");
}
