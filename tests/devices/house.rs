//! The sample site on real wires, and the routing of effects to drivers.

use std::path::Path;
use std::time::Duration;

use clubos::clock::Clock;
use clubos::device::agent::FAMILY as AGENT;
use clubos::device::verify::{Verdict, Verification};
use clubos::device::{DeviceError, Drivers, NotSent, Observation, access};
use clubos::policy::{self, Asker, Gate, Request};
use clubos::simclub::driver::FAMILY as SIMULATED;
use clubos::simclub::{Behaviour, SimHouse, SimPorts};
use clubos::site::{DriverKind, Effect, LoadMode, Role, Scope, Site, Target, load};
use clubos::store::{Store, effect};

use crate::support::{Scratch, Seen, Watch, permit};

fn clubhouse() -> Site {
    load(Path::new("tests/sites/clubhouse.toml"), LoadMode::Simulated).expect("the sample site")
}

fn target_of(effect: Effect) -> &'static str {
    match effect.scope() {
        Scope::Bay => "bay-3",
        Scope::Door => "door-main",
        Scope::Hall(name) => name,
    }
}

#[tokio::test]
async fn every_effect_of_the_sample_site_is_verified_on_its_wire() {
    let scratch = Scratch::new();
    let clock = Clock::system();
    let house = SimHouse::start(&clubhouse(), scratch.path(), clock.clone(), 60.0, SimPorts::default()).await;
    let house = house.expect("a simulated club");
    let (sender, mut seen) = Seen::new();
    let (drivers, _wireless) = house.drivers(sender).expect("drivers");
    seen.once("bay-3", |o| matches!(o, Observation::Software { running: true })).await;
    // The reboot last, so that the others need not wait for the PC.
    let (last, others): (Vec<_>, Vec<_>) = Effect::ALL.iter().copied().partition(|e| *e == Effect::PcReboot);
    for (id, effect) in (1..).zip(others.into_iter().chain(last)) {
        let target = target_of(effect);
        let now = clock.now();
        let verification = Verification::begin(effect, Some(21.0), now, &seen.known(target));
        let sent = drivers.act(permit(id, effect, target, now + Duration::from_secs(60))).await;
        sent.unwrap_or_else(|error| panic!("{effect}: {error}"));
        let mut watch = Watch { id, target: Target::new(target), verification };
        assert_eq!(seen.verdict(&mut watch, |_, _| false).await, Verdict::Verified, "{effect}");
    }
    assert!(seen.all.iter().all(|event| event.simulated), "something simulated went without its label");
    let health = drivers.health();
    assert!(health.iter().all(|row| row.simulated && row.online == Some(true)), "{health:?}");
    for (family, target) in
        [(AGENT, "bay-1"), (SIMULATED, "bay-1"), (access::FAMILY, "door-staff"), (SIMULATED, "lights")]
    {
        assert!(
            health.iter().any(|row| row.family == family && row.target.as_str() == target),
            "{family} {target}"
        );
    }
}

#[tokio::test]
async fn in_the_demos_club_nothing_is_without_a_wire() {
    let scratch = Scratch::new();
    let clock = Clock::system();
    let (site, ports) = (clubhouse(), SimPorts::default());
    let house = SimHouse::start_equipped(&site, scratch.path(), clock.clone(), 60.0, ports).await;
    let house = house.expect("a simulated club");
    let site = house.site();
    for effect in Effect::ALL {
        let target = Target::new(target_of(*effect));
        let driver = site.driver(*effect, &target);
        // Waking a PC is the one thing that no pretended wire stands for.
        assert!(*effect == Effect::PcWake || driver != Some(&DriverKind::Simulated), "{effect}");
        assert!(site.pretends(*effect, &target), "{effect} would be told as real");
    }
    let (sender, mut seen) = Seen::new();
    let (drivers, _wireless) = house.drivers(sender).expect("drivers");
    seen.once("audio", |o| *o == Observation::Playing { playing: true }).await;
    seen.once("network", |o| matches!(o, Observation::Uptime { .. })).await;
    for (id, effect, target) in [(1, Effect::AudioRestart, "audio"), (2, Effect::NetworkRestart, "network")] {
        let now = clock.now();
        let verification = Verification::begin(effect, None, now, &seen.known(target));
        drivers.act(permit(id, effect, target, now + Duration::from_secs(60))).await.expect("sent");
        let mut watch = Watch { id, target: Target::new(target), verification };
        assert_eq!(seen.verdict(&mut watch, |_, _| false).await, Verdict::Verified, "{effect}");
    }
    let lies = Target::new("audio");
    house.control().set(&lies, Effect::AudioRestart, Behaviour::Lies);
    let now = clock.now();
    let verification = Verification::begin(Effect::AudioRestart, None, now, &seen.known("audio"));
    drivers.act(permit(3, Effect::AudioRestart, "audio", now + Duration::from_secs(60))).await.expect("sent");
    let mut watch = Watch { id: 3, target: lies, verification };
    let silent = |_: &Verdict, e: &clubos::device::DeviceEvent| {
        e.observation == Observation::Playing { playing: false }
    };
    assert_eq!(seen.verdict(&mut watch, silent).await, Verdict::Acknowledged, "it only says so");
    assert!(seen.all.iter().all(|event| event.simulated), "something simulated went without its label");
}

#[tokio::test]
async fn what_is_simulated_is_journaled_as_simulated_on_whatever_wire_it_hangs() {
    let scratch = Scratch::new();
    let clock = Clock::system();
    let house = SimHouse::start(&clubhouse(), scratch.path(), clock.clone(), 60.0, SimPorts::default()).await;
    let house = house.expect("a simulated club");
    let mut store = Store::open(scratch.path()).expect("a store");
    let gate = Gate { site: house.site(), safe_mode: false };
    let asker = Asker::Staff { name: "dana".into(), role: Role::Manager };
    for effect in Effect::ALL {
        let target = Target::new(target_of(*effect));
        assert_eq!(clubhouse().driver(*effect, &target), Some(&DriverKind::Simulated));
        let request = Request {
            effect: *effect,
            target: &target,
            value: Some(21.0),
            asker: &asker,
            thread_id: None,
            episode_id: None,
        };
        let (id, _) = store.write(|tx| policy::authorise(tx, gate, &request, clock.now())).expect("the gate");
        let row = effect::get(store.conn(), id).expect("the journal").expect("its row");
        assert!(row.simulated, "{effect} would be told as real");
    }
    assert_eq!(house.site().driver(Effect::DoorUnlock, &Target::new("door-main")).map(wire), Some("https"));
    let mut real = house.site().clone();
    real.simulated.clear();
    assert!(
        !real.pretends(Effect::SimRestart, &Target::new("bay-3")),
        "a real agent is not called simulated"
    );
}

fn wire(kind: &DriverKind) -> &'static str {
    match kind {
        DriverKind::AgentMqtt => "mqtt",
        DriverKind::UnifiAccess { .. } => "https",
        _ => "none",
    }
}

#[tokio::test]
async fn a_simulated_device_is_refused_outside_the_demo() {
    let (sender, _seen) = Seen::new();
    let refused = Drivers::start(&clubhouse(), sender, Clock::system());
    assert!(matches!(refused, Err(DeviceError::SimulatedNotAllowed(_))));
}

#[tokio::test]
async fn a_site_without_the_broker_or_controller_it_needs_is_refused() {
    let mut site = clubhouse();
    site.bays.values_mut().for_each(|bay| bay.drivers.retain(|effect, _| *effect == Effect::SimRestart));
    site.bays
        .values_mut()
        .for_each(|bay| bay.drivers.values_mut().for_each(|kind| *kind = DriverKind::AgentMqtt));
    site.hall.clear();
    site.doors.clear();
    let (sender, _seen) = Seen::new();
    assert!(matches!(Drivers::start(&site, sender.clone(), Clock::system()), Err(DeviceError::NoBroker)));
    site.bays.clear();
    site.doors = clubhouse().doors;
    site.doors.values_mut().for_each(|door| door.driver = DriverKind::UnifiAccess { door_id: "d".into() });
    assert!(matches!(Drivers::start(&site, sender, Clock::system()), Err(DeviceError::NoController)));
}

#[tokio::test]
async fn what_the_site_does_not_name_is_never_acted_on() {
    let scratch = Scratch::new();
    let clock = Clock::system();
    let mut site = clubhouse();
    site.hall.remove(&Target::new("lights"));
    let house = SimHouse::start(&site, scratch.path(), clock.clone(), 60.0, SimPorts::default()).await;
    let (sender, _seen) = Seen::new();
    let (drivers, _wireless) = house.expect("a club").drivers(sender).expect("drivers");
    for (effect, target) in [
        (Effect::LightsOn, "lights"),
        (Effect::SimRestart, "bay-9"),
        (Effect::SimRestart, "door-main"),
        (Effect::DoorUnlock, "door-roof"),
        (Effect::AudioRestart, "lights"),
    ] {
        let refused = drivers.act(permit(1, effect, target, clock.now() + Duration::from_secs(60))).await;
        assert!(matches!(refused, Err(NotSent::Unsupported(e)) if e == effect), "{effect} {target}");
    }
}
