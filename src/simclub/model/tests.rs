//! Each behaviour against each effect, judged by the same verification that judges real devices.

use super::*;
use crate::device::DeviceEvent;
use crate::device::verify::{Known, Verdict, Verification, door_opened};

const NOW: UnixMs = UnixMs(1_700_000_000_000);

fn club() -> SimClub {
    let mut club = SimClub::new();
    for target in ["bay-2", "door-main", "audio", "lights", "thermostat", "network"] {
        club.add(Target::new(target));
    }
    club
}

fn target_of(effect: Effect) -> Target {
    match effect.scope() {
        Scope::Bay => Target::new("bay-2"),
        Scope::Door => Target::new("door-main"),
        Scope::Hall(name) => Target::new(name),
    }
}

fn event(target: &Target, at: UnixMs, observation: Observation) -> DeviceEvent {
    DeviceEvent { target: target.clone(), at, observation, simulated: true }
}

/// What the house would conclude from a command to this club.
fn run(club: &mut SimClub, effect: Effect) -> Result<Verdict, NotSent> {
    let target = target_of(effect);
    let mut known = Known::default();
    for observation in club.snapshot(NOW, &target) {
        known.note(&event(&target, NOW, observation));
    }
    let mut verification = Verification::begin(effect, Some(22.0), NOW, &known);
    for (at, observation) in club.command(NOW, 5, effect, &target, Some(22.0))? {
        verification.observe(5, &event(&target, at, observation));
    }
    Ok(verification.verdict().clone())
}

fn with(effect: Effect, behaviour: Behaviour) -> Result<Verdict, NotSent> {
    let mut club = club();
    club.set(target_of(effect), effect, behaviour);
    run(&mut club, effect)
}

#[test]
fn every_effect_ends_as_its_behaviour_says() {
    for &effect in Effect::ALL {
        assert_eq!(with(effect, Behaviour::Ok).expect("sent"), Verdict::Verified, "{effect}");
        assert!(matches!(with(effect, Behaviour::Fail).expect("sent"), Verdict::Failed(_)), "{effect}");
        assert_eq!(with(effect, Behaviour::Silent).expect("sent"), Verdict::Pending, "{effect}");
        assert_eq!(with(effect, Behaviour::Lies).expect("sent"), Verdict::Acknowledged, "{effect}");
        assert!(matches!(with(effect, Behaviour::Offline), Err(NotSent::Offline(_))), "{effect}");
        let late = Behaviour::Slow(effect.verify_within());
        assert_ne!(with(effect, late).expect("sent"), Verdict::Verified, "{effect}");
        let quick = Behaviour::Slow(Duration::from_secs(1));
        assert_eq!(with(effect, quick).expect("sent"), Verdict::Verified, "{effect}");
    }
}

#[test]
fn schedules_are_in_order_and_never_in_the_past() {
    for &effect in Effect::ALL {
        let schedule = club().command(NOW, 5, effect, &target_of(effect), Some(22.0)).expect("sent");
        assert!(schedule.iter().all(|(at, _)| *at >= NOW), "{effect}");
        assert!(schedule.is_sorted_by_key(|(at, _)| *at), "{effect}: {schedule:?}");
    }
}

#[test]
fn an_offline_agent_is_offline_for_restart_reset_and_reboot_and_nothing_else() {
    for offline in PC_EFFECTS {
        let mut club = club();
        club.set(Target::new("bay-2"), offline, Behaviour::Offline);
        for effect in PC_EFFECTS {
            assert!(run(&mut club, effect).is_err(), "{effect} while {offline} is offline");
        }
        assert_eq!(run(&mut club, Effect::PoeCycle).expect("sent"), Verdict::Verified);
        assert_eq!(run(&mut club, Effect::ProjectorOn).expect("sent"), Verdict::Verified);
    }
}

#[test]
fn a_bay_without_power_can_only_be_woken_or_power_cycled() {
    let mut club = club();
    club.set_online(NOW, &Target::new("bay-2"), false);
    for effect in [Effect::SimRestart, Effect::PcReboot, Effect::TvOn, Effect::ProjectorOn] {
        assert!(run(&mut club, effect).is_err(), "{effect}");
    }
    assert_eq!(run(&mut club, Effect::PoeCycle).expect("sent"), Verdict::Verified);
    assert_eq!(run(&mut club, Effect::PcWake).expect("sent"), Verdict::Verified);
    assert!(!club.reachable(NOW + Duration::from_secs(30), &Target::new("bay-2")));
    assert!(club.reachable(NOW + Duration::from_secs(61), &Target::new("bay-2")));
}

#[test]
fn a_rebooting_pc_takes_no_command_until_it_is_back() {
    let mut club = club();
    let bay = Target::new("bay-2");
    run(&mut club, Effect::PcReboot).expect("sent");
    let meanwhile = club.command(NOW + Duration::from_secs(60), 6, Effect::SimRestart, &bay, None);
    assert!(matches!(meanwhile, Err(NotSent::Offline(_))));
    assert!(club.command(NOW + Duration::from_secs(151), 7, Effect::SimRestart, &bay, None).is_ok());
}

#[test]
fn a_stuck_door_unlocks_and_does_not_open() {
    let opened = |behaviour| {
        let mut club = club();
        let door = Target::new("door-main");
        club.set(door.clone(), Effect::DoorUnlock, behaviour);
        let schedule = club.command(NOW, 5, Effect::DoorUnlock, &door, None).expect("sent");
        schedule.into_iter().find(|(at, o)| door_opened(&event(&door, *at, o.clone())) == Some(true))
    };
    assert_eq!(opened(Behaviour::Ok).map(|(at, _)| at), Some(NOW + Duration::from_secs(5)));
    assert_eq!(opened(Behaviour::Stuck), None);
    assert_eq!(with(Effect::DoorUnlock, Behaviour::Stuck).expect("sent"), Verdict::Verified);
}

#[test]
fn a_door_that_lies_moves_neither_relay_nor_log() {
    let mut club = club();
    let door = Target::new("door-main");
    club.set(door.clone(), Effect::DoorUnlock, Behaviour::Lies);
    let schedule = club.command(NOW, 5, Effect::DoorUnlock, &door, None).expect("sent");
    assert!(schedule.iter().all(|(_, o)| matches!(o, Observation::Acknowledged { .. })));
}

#[test]
fn a_faster_club_does_the_same_sooner() {
    let mut slow = club();
    let mut fast = club().with_speed(10.0);
    let bay = Target::new("bay-2");
    let normal = slow.command(NOW, 5, Effect::SimRestart, &bay, None).expect("sent");
    let quick = fast.command(NOW, 5, Effect::SimRestart, &bay, None).expect("sent");
    assert_eq!(normal.last().map(|(at, _)| at.since(NOW)), Some(Duration::from_secs(120)));
    assert_eq!(quick.last().map(|(at, _)| at.since(NOW)), Some(Duration::from_secs(12)));
}

#[test]
fn devices_are_asked_only_for_what_their_kind_can_do() {
    let mut club = club();
    for (effect, target) in [
        (Effect::DoorUnlock, "bay-2"),
        (Effect::DoorUnlock, "lights"),
        (Effect::LightsOn, "door-main"),
        (Effect::SimRestart, "lights"),
        (Effect::SimRestart, "bay-9"),
    ] {
        let refused = club.command(NOW, 5, effect, &Target::new(target), None);
        assert!(matches!(refused, Err(NotSent::Unsupported(_))), "{effect} on {target}");
    }
    let listed = club.list();
    assert!(listed.contains(&(Target::new("door-main"), Effect::DoorUnlock, Behaviour::Ok)));
    assert_eq!(listed.iter().filter(|(t, ..)| t.as_str() == "lights").count(), 2);
}
