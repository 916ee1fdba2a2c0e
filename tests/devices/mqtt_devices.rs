//! Plugs, lights, dials, buttons behind the broker: what they do, fail to do, and pretend.

use clubos::device::verify::Verdict;
use clubos::device::{NotSent, Observation};
use clubos::simclub::Behaviour;
use clubos::site::{Effect, Target};
use std::time::Duration;

use crate::mqtt_bench::{Club, Ear, PLUG_USER, TV_USER};

#[tokio::test]
async fn plug_light_and_thermostat_are_listed_verified_and_labelled_simulated() {
    let mut club = Club::start().await;
    let (_plug, _bridge) = (club.plug().await, club.bridge().await);
    for (id, (effect, target)) in (1..).zip([
        (Effect::OutletCycle, "bay-1"),
        (Effect::LightsOff, "lights"),
        (Effect::LightsOn, "lights"),
        (Effect::ThermostatSet, "thermostat"),
    ]) {
        let mut watch = club.act(id, effect, target).await.expect("sent");
        assert_eq!(club.seen.verdict(&mut watch, |_, _| false).await, Verdict::Verified, "{effect}");
    }
    for (family, target) in [("Tasmota", "bay-1"), ("Zigbee2MQTT", "lights"), ("Zigbee2MQTT", "thermostat")] {
        let row = club.row(target);
        assert_eq!((row.family, row.online, row.simulated), (family, Some(true), true), "{target}");
    }
    assert_eq!(club.row("audio").family, "switch (MQTT)");
}

#[tokio::test]
async fn a_plugs_cycle_is_one_message_whose_timer_is_the_plugs_and_that_nobody_keeps() {
    let mut club = Club::start().await;
    let _plug = club.plug().await;
    let filters = ["cmnd/plug-bay-1/#", "clubos/hello"];
    let mut ear = Ear::start(&club.broker, "observer", &filters, "clubos", "clubos/hello").await;
    club.act(1, Effect::OutletCycle, "bay-1").await.expect("sent");
    let told = loop {
        let told = ear.next().await;
        if told.0 != "cmnd/plug-bay-1/POWER1" {
            break told;
        }
    };
    assert_eq!(told, ("cmnd/plug-bay-1/Backlog0".into(), false, "Power1 0; Delay 80; Power1 1".into()));
}

#[tokio::test]
async fn one_that_lies_or_keeps_silent_is_never_verified() {
    let mut club = Club::start().await;
    let (_plug, _bridge) = (club.plug().await, club.bridge().await);
    for (id, behaviour) in [(1, Behaviour::Lies), (2, Behaviour::Silent)] {
        club.control.set(&Target::new("bay-1"), Effect::OutletCycle, behaviour);
        club.control.set(&Target::new("lights"), Effect::LightsOff, behaviour);
        let mut cycle = club.act(id, Effect::OutletCycle, "bay-1").await.expect("sent");
        let mut lights = club.act(id, Effect::LightsOff, "lights").await.expect("sent");
        // It shows what it is: on, as before.
        club.publish(PLUG_USER, "stat/plug-bay-1/POWER", "ON", false).await;
        let shown = |o: &Observation| matches!(o, Observation::Supply { .. });
        let verdict = club.seen.verdict(&mut cycle, |_, e| shown(&e.observation)).await;
        assert_eq!(verdict, Verdict::Pending, "{behaviour}");
        club.publish("zigbee2mqtt", "zigbee2mqtt/hall/front light", r#"{"state":"ON"}"#, false).await;
        let shown = |o: &Observation| matches!(o, Observation::Lights { .. });
        let verdict = club.seen.verdict(&mut lights, |_, e| shown(&e.observation)).await;
        assert_eq!(verdict, Verdict::Pending, "{behaviour}");
    }
}

#[tokio::test]
async fn a_plug_that_refuses_says_so_and_works_again_afterwards() {
    let mut club = Club::start().await;
    let _plug = club.plug().await;
    club.control.set(&Target::new("bay-1"), Effect::OutletCycle, Behaviour::Fail);
    let mut watch = club.act(1, Effect::OutletCycle, "bay-1").await.expect("sent");
    let verdict = club.seen.verdict(&mut watch, |_, _| false).await;
    assert!(
        matches!(&verdict, Verdict::Failed(why) if why.contains("does not know the command")),
        "{verdict:?}"
    );
    club.control.set(&Target::new("bay-1"), Effect::OutletCycle, Behaviour::Ok);
    let mut watch = club.act(2, Effect::OutletCycle, "bay-1").await.expect("sent");
    assert_eq!(club.seen.verdict(&mut watch, |_, _| false).await, Verdict::Verified);
}

#[tokio::test]
async fn a_light_that_fails_shows_what_it_still_is_and_works_again_afterwards() {
    let mut club = Club::start().await;
    let _bridge = club.bridge().await;
    club.control.set(&Target::new("lights"), Effect::LightsOff, Behaviour::Fail);
    let mut watch = club.act(1, Effect::LightsOff, "lights").await.expect("sent");
    let shown = |o: &Observation| matches!(o, Observation::Lights { .. });
    assert_eq!(club.seen.verdict(&mut watch, |_, e| shown(&e.observation)).await, Verdict::Pending);
    club.control.set(&Target::new("lights"), Effect::LightsOff, Behaviour::Ok);
    let mut watch = club.act(2, Effect::LightsOff, "lights").await.expect("sent");
    assert_eq!(club.seen.verdict(&mut watch, |_, _| false).await, Verdict::Verified);
}

#[tokio::test]
async fn slow_ones_are_waited_for() {
    let mut club = Club::start().await;
    let (_plug, _bridge) = (club.plug().await, club.bridge().await);
    let slow = Behaviour::Slow(Duration::from_secs(40));
    for (id, effect, target) in [
        (1, Effect::OutletCycle, "bay-1"),
        (2, Effect::LightsOff, "lights"),
        (3, Effect::ThermostatSet, "thermostat"),
    ] {
        club.control.set(&Target::new(target), effect, slow);
        let mut watch = club.act(id, effect, target).await.expect("sent");
        // Asked meanwhile, it tells what it still is.
        let asked = club.seen.until(target, |o| !matches!(o, Observation::Reachable { .. })).await;
        assert_eq!(watch.verification.observe(id, &asked), Verdict::Pending, "{effect}");
        assert_eq!(club.seen.verdict(&mut watch, |_, _| false).await, Verdict::Verified, "{effect}");
    }
}

#[tokio::test]
async fn one_that_is_gone_is_told_nothing_and_one_that_returns_is_told_again() {
    let mut club = Club::start().await;
    let (_plug, _bridge) = (club.plug().await, club.bridge().await);
    for (id, effect, target) in [
        (1, Effect::OutletCycle, "bay-1"),
        (3, Effect::LightsOff, "lights"),
        (5, Effect::ThermostatSet, "thermostat"),
    ] {
        club.control.set(&Target::new(target), effect, Behaviour::Offline);
        club.seen.online(target, false).await;
        assert_eq!(club.row(target).online, Some(false));
        let refused = club.act(id, effect, target).await;
        assert!(matches!(refused, Err(NotSent::Offline(_))), "{target}");
        club.control.set(&Target::new(target), effect, Behaviour::Ok);
        club.seen.online(target, true).await;
        let mut watch = club.act(id + 1, effect, target).await.expect("sent");
        assert_eq!(club.seen.verdict(&mut watch, |_, _| false).await, Verdict::Verified, "{effect}");
    }
}

#[tokio::test]
async fn zigbee_devices_are_gone_with_the_program_that_speaks_for_them() {
    let mut club = Club::start().await;
    let bridge = club.bridge().await;
    drop(bridge);
    for target in ["lights", "thermostat"] {
        let gone = |o: &Observation| matches!(o, Observation::Reachable { online: false, .. });
        club.seen.once(target, gone).await;
    }
    assert!(matches!(club.act(1, Effect::LightsOn, "lights").await, Err(NotSent::Offline(_))));
}

#[tokio::test]
async fn a_button_that_tells_nothing_is_pressed_once_and_never_verified() {
    let mut club = Club::start().await;
    club.seen.once("audio", |o| matches!(o, Observation::Reachable { online: true, .. })).await;
    let mut ear = Ear::start(&club.broker, "observer", &["amp/button"], "clubos", "amp/button").await;
    let watch = club.act(1, Effect::AudioRestart, "audio").await.expect("sent");
    assert_eq!(ear.next().await, ("amp/button".into(), false, "PRESS".into()));
    assert_eq!(*watch.verification.verdict(), Verdict::Pending);
    club.publish("clubos", "amp/button", "the end", false).await;
    assert_eq!(ear.next().await.2, "the end", "it was pressed twice");
}

#[tokio::test]
async fn a_switch_of_ones_own_is_driven_by_the_topics_of_the_site() {
    let mut club = Club::start().await;
    assert!(matches!(club.act(1, Effect::TvOn, "bay-4").await, Err(NotSent::Offline(_))), "never heard of");
    club.publish(TV_USER, "tv/4/online", "yes", true).await;
    club.seen.online("bay-4", true).await;
    let mut ear = Ear::start(&club.broker, TV_USER, &["tv/4/set"], "clubos", "tv/4/set").await;
    let mut watch = club.act(2, Effect::TvOn, "bay-4").await.expect("sent");
    assert_eq!(ear.next().await.2, "ON");
    club.publish(TV_USER, "tv/4/state", r#"{"power":"on"}"#, false).await;
    assert_eq!(club.seen.verdict(&mut watch, |_, _| false).await, Verdict::Verified);
    club.publish(TV_USER, "tv/4/online", "no", true).await;
    club.seen.online("bay-4", false).await;
    assert!(matches!(club.act(3, Effect::TvOff, "bay-4").await, Err(NotSent::Offline(_))));
}

#[tokio::test]
async fn what_a_device_cannot_do_or_the_site_does_not_name_is_refused() {
    let mut club = Club::start().await;
    let (_plug, _bridge) = (club.plug().await, club.bridge().await);
    for (effect, target) in [
        (Effect::PoeCycle, "bay-1"),
        (Effect::TvOn, "bay-1"),
        (Effect::OutletCycle, "bay-2"),
        (Effect::OutletCycle, "bay-9"),
        (Effect::AudioRestart, "lights"),
        (Effect::DoorUnlock, "door-main"),
    ] {
        let refused = club.act(1, effect, target).await;
        assert!(matches!(refused, Err(NotSent::Unsupported(e)) if e == effect), "{effect} {target}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_counted_and_ignored() {
    let mut club = Club::start().await;
    let (plug, bridge) = (club.plug().await, club.bridge().await);
    drop((plug, bridge));
    let mut count = 0;
    for payload in ["MAYBE", "{", "[[[[", "{\"POWER\":7}"] {
        club.publish(PLUG_USER, "stat/plug-bay-1/POWER", payload, false).await;
        count += 1;
    }
    for payload in ["not json", "{\"state\":\"DIM\"}", "[]"] {
        club.publish("zigbee2mqtt", "zigbee2mqtt/hall/front light", payload, false).await;
    }
    // Unknown keys and other commands' answers are no mistake.
    club.publish(PLUG_USER, "stat/plug-bay-1/RESULT", r#"{"Dimmer":40,"new":{"a":[1]}}"#, false).await;
    club.publish(PLUG_USER, "stat/plug-bay-1/POWER", "OFF", false).await;
    club.seen.once("bay-1", |o| *o == Observation::Supply { on: false }).await;
    club.publish("zigbee2mqtt", "zigbee2mqtt/hall/front light", r#"{"state":"OFF","new":1}"#, false).await;
    club.seen.once("lights", |o| *o == Observation::Lights { on: false }).await;
    assert_eq!(club.row("bay-1").malformed, count);
    assert_eq!(club.row("lights").malformed, 3);
}
