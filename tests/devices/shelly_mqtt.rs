//! Shelly behind a real Mosquitto: RPC with a return address, and the first generation's plain topics.

use std::time::Duration;

use clubos::clock::Clock;
use clubos::device::mqtt::{MqttDeviceOptions, MqttDriver};
use clubos::device::verify::Verdict;
use clubos::device::{DeviceEvent, NotSent, Observation};
use clubos::simclub::broker::SimBroker;
use clubos::simclub::shelly_mqtt::{ShellyMqtt, ShellyMqttLink};
use clubos::simclub::shelly_server::Generation;
use clubos::simclub::{Behaviour, SimControl};
use clubos::site::lan::ShellyMqtt as Settings;
use clubos::site::{BayId, Effect, LanDevice, Target};

use crate::support::{Scratch, Seen, eventually};
use crate::things::{Bench, club, unit};

const OUTLET: &[Effect] = &[Effect::OutletCycle];
const LIGHTS: &[Effect] = &[Effect::LightsOn, Effect::LightsOff];
/// Its prefix below what the box may read; the site may name any that its broker lets it read.
const PREFIX: &str = "clubos/test/shellyplusplugs-0200";

struct Club {
    broker: SimBroker,
    control: SimControl,
    plug: ShellyMqtt,
    bench: Bench,
    scratch: Scratch,
}

fn link(broker: &SimBroker, status_ntf: bool) -> ShellyMqttLink {
    let settings = broker.settings();
    let password = std::fs::read_to_string(&settings.password_file).expect("a password");
    ShellyMqttLink {
        host: settings.host,
        port: settings.port,
        user: settings.username,
        password: password.trim().to_owned(),
        prefix: PREFIX.to_owned(),
        status_ntf,
    }
}

async fn start(generation: Generation, target: &str, effects: &[Effect], status_ntf: bool) -> Club {
    let (scratch, control) = (Scratch::new(), club());
    let broker = SimBroker::start(scratch.path(), &[BayId(1)], 0, 0).await.expect("a broker");
    let link = link(&broker, status_ntf);
    let plug = ShellyMqtt::start(&Target::new(target), generation, link, control.clone(), Clock::system());
    let bench = drive(&broker, generation, target, effects).up().await;
    Club { broker, control, plug, bench, scratch }
}

fn drive(broker: &SimBroker, generation: Generation, target: &str, effects: &[Effect]) -> Bench {
    let settings = Settings {
        prefix: PREFIX.to_owned(),
        generation: if generation == Generation::One { 1 } else { 2 },
        channel: 0,
        cycle_seconds: 2,
        playing_above_w: Some(10),
    };
    let options = MqttDeviceOptions {
        grace: Duration::from_millis(300),
        retry: Duration::from_millis(100),
        open_ask: Duration::from_millis(50),
        idle_ask: Duration::from_millis(300),
        ..MqttDeviceOptions::default()
    };
    let (sender, seen) = Seen::new();
    let clock = Clock::system();
    let units = [unit(target, effects, LanDevice::ShellyMqtt(settings))];
    let driver = MqttDriver::start(&broker.settings(), &units, sender, clock.clone(), options);
    Bench { driver: Box::new(driver.expect("a driver")), clock, seen, target: target.to_owned() }
}

impl Club {
    /// One message by a foreign client.
    async fn publish(&self, topic: &str, text: &str, retain: bool) {
        let settings = self.broker.settings();
        let password = std::fs::read_to_string(&settings.password_file).expect("a password");
        let mut command = tokio::process::Command::new("mosquitto_pub");
        command.args(["-h", "127.0.0.1", "-p", &settings.port.to_string(), "-u", &settings.username]);
        command.args(["-P", password.trim(), "-q", "1", "-t", topic, "-m", text]);
        if retain {
            command.arg("-r");
        }
        assert!(command.status().await.expect("mosquitto_pub").success());
    }

    fn answers(&self) -> String {
        format!("clubos/v1/shelly/{}/{}/rpc", self.bench.target, PREFIX.replace('/', "-"))
    }
}

#[tokio::test]
async fn a_plug_is_power_cycled_by_its_own_timer_whether_it_tells_its_state_or_is_asked() {
    for status_ntf in [false, true] {
        let mut club = start(Generation::Two, "bay-1", OUTLET, status_ntf).await;
        assert_eq!(club.bench.ends(7, Effect::OutletCycle).await, Verdict::Verified);
        assert!(club.plug.is_on());
        let row = club.bench.health();
        assert_eq!((row.family, row.online, row.simulated), ("Shelly (MQTT)", Some(true), true));
    }
}

#[tokio::test]
async fn music_is_proven_by_its_power() {
    let mut club = start(Generation::Two, "audio", &[Effect::AudioRestart], false).await;
    assert_eq!(club.bench.ends(7, Effect::AudioRestart).await, Verdict::Verified);
}

#[tokio::test]
async fn both_generations_switch_lights_and_are_seen() {
    for generation in [Generation::One, Generation::Two] {
        let mut club = start(generation, "lights", LIGHTS, false).await;
        assert_eq!(club.bench.ends(7, Effect::LightsOff).await, Verdict::Verified, "{generation:?}");
        assert!(!club.plug.is_on());
        assert_eq!(club.bench.ends(8, Effect::LightsOn).await, Verdict::Verified);
    }
}

#[tokio::test]
async fn a_cycle_ends_on_although_the_box_is_gone() {
    let Club { plug, bench, broker, scratch, .. } = start(Generation::Two, "bay-1", OUTLET, false).await;
    bench.act(7, Effect::OutletCycle).await.expect("sent");
    eventually("it is off", || !plug.is_on()).await;
    drop((bench, broker));
    eventually("its own timer switched it on", || plug.is_on()).await;
    drop(scratch);
}

#[tokio::test]
async fn what_it_refuses_fails_what_it_promises_proves_nothing_and_silence_is_neither() {
    let mut club = start(Generation::Two, "bay-1", OUTLET, false).await;
    let bay = Target::new("bay-1");
    club.control.set(&bay, Effect::OutletCycle, Behaviour::Fail);
    let Verdict::Failed(why) = club.bench.ends(7, Effect::OutletCycle).await else { panic!("no failure") };
    assert!(why.contains("RPC error -114"), "{why}");
    club.control.set(&bay, Effect::OutletCycle, Behaviour::Lies);
    let mut watch = club.bench.act(8, Effect::OutletCycle).await.expect("sent");
    let lit = |verdict: &Verdict, event: &DeviceEvent| {
        *verdict == Verdict::Acknowledged && event.observation == Observation::Supply { on: true }
    };
    assert_eq!(club.bench.stands(&mut watch, lit).await, Verdict::Acknowledged);
    club.control.set(&bay, Effect::OutletCycle, Behaviour::Silent);
    let mut watch = club.bench.act(9, Effect::OutletCycle).await.expect("the broker took it");
    let shown = |_: &Verdict, event: &DeviceEvent| event.observation == Observation::Supply { on: true };
    assert_eq!(club.bench.stands(&mut watch, shown).await, Verdict::Pending);
    club.control.set(&bay, Effect::OutletCycle, Behaviour::Slow(Duration::from_secs(20)));
    let mut watch = club.bench.act(10, Effect::OutletCycle).await.expect("the broker took it");
    assert_eq!(club.bench.watched(&mut watch).await, Verdict::Verified);
}

#[tokio::test]
async fn a_plug_that_is_gone_gets_nothing_and_comes_back() {
    for generation in [Generation::One, Generation::Two] {
        let mut club = start(generation, "lights", LIGHTS, false).await;
        club.plug.set_power(false);
        club.bench.seen.online("lights", false).await;
        assert!(club.bench.barred(Effect::LightsOff).await.contains("offline"));
        club.plug.set_power(true);
        club.bench.back().await;
        assert_eq!(club.bench.ends(7, Effect::LightsOff).await, Verdict::Verified);
    }
}

#[tokio::test]
async fn the_broker_may_restart_in_between() {
    let mut club = start(Generation::Two, "lights", LIGHTS, false).await;
    club.broker.stop().await.expect("stopped");
    club.bench.seen.online("lights", false).await;
    assert!(club.bench.barred(Effect::LightsOff).await.contains("not connected"));
    club.broker.resume().await.expect("back");
    club.bench.back().await;
    assert_eq!(club.bench.ends(7, Effect::LightsOff).await, Verdict::Verified);
}

#[tokio::test]
async fn forged_kept_and_broken_answers_prove_nothing() {
    let mut club = start(Generation::Two, "bay-1", OUTLET, false).await;
    club.control.set(&Target::new("bay-1"), Effect::OutletCycle, Behaviour::Silent);
    let mut watch = club.bench.act(7, Effect::OutletCycle).await.expect("the broker took it");
    let answers = club.answers();
    for odd in [
        "<html>",
        "{\"id\":1,\"resu",
        "[]",
        "{\"id\":\"8\",\"result\":{\"was_on\":true}}",
        "{\"id\":9,\"result\":{\"was_on\":true}}",
        "{\"id\":1,\"result\":{\"id\":1,\"output\":false}}",
        "{\"id\":1,\"result\":{\"output\":\"off\"}}",
        "{\"id\":1,\"error\":{\"code\":-105}}",
        "{\"id\":8}",
        &"x".repeat(100_000),
    ] {
        club.publish(&answers, odd, false).await;
    }
    club.publish(&format!("{PREFIX}/status/switch:0"), "{\"output\":null}", false).await;
    club.publish(&format!("{PREFIX}/online"), "perhaps", false).await;
    let kept = "{\"id\":8,\"result\":{\"was_on\":true}}";
    club.publish(&answers, kept, true).await;
    club.bench.seen.once("bay-1", |o| *o == Observation::Acknowledged { effect_id: 7 }).await;
    let fed = club.bench.seen.all.clone().into_iter().map(|e| watch.verification.observe(7, &e)).last();
    assert_eq!(fed, Some(Verdict::Acknowledged), "taken, as it said, and no more");
    // The rest was counted, and it is still there.
    assert!(club.bench.health().last_error.is_some());
    club.control.set(&Target::new("bay-1"), Effect::OutletCycle, Behaviour::Ok);
    assert_eq!(club.bench.ends(8, Effect::OutletCycle).await, Verdict::Verified);
}

#[tokio::test]
async fn what_the_broker_kept_says_nothing_of_now() {
    let club = start(Generation::Two, "lights", LIGHTS, false).await;
    club.plug.set_power(false);
    club.publish(&format!("{PREFIX}/status/switch:0"), "{\"id\":0,\"output\":false}", true).await;
    let mut late = drive(&club.broker, Generation::Two, "lights", LIGHTS);
    late.seen.online("lights", false).await;
    assert!(!late.seen.all.iter().any(|event| matches!(event.observation, Observation::Lights { .. })));
}

#[tokio::test]
async fn the_first_generation_cycles_nothing_over_the_broker_and_no_permit_lasts_for_ever() {
    let club = start(Generation::One, "bay-1", OUTLET, false).await;
    let refused = club.bench.act(7, Effect::OutletCycle).await.err();
    assert!(matches!(refused, Some(NotSent::Unsupported(Effect::OutletCycle))));
    assert!(club.plug.is_on());
    let club = start(Generation::Two, "lights", LIGHTS, false).await;
    assert!(club.bench.expired(Effect::LightsOff).await.contains("ran out"));
    assert!(club.plug.is_on());
}
