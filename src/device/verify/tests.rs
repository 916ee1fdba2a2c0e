//! Every effect's rule, from both sides: what proves it, and what must not.

use super::*;
use crate::site::Target;
use Observation as O;

const SENT: UnixMs = UnixMs(1_000_000);
const ID: i64 = 7;

fn event(after_seconds: i64, observation: Observation) -> DeviceEvent {
    DeviceEvent {
        target: Target::new("bay-2"),
        at: UnixMs(SENT.0 + after_seconds * 1000),
        observation,
        simulated: true,
    }
}

fn power(part: Part, on: bool) -> O {
    O::Power { part, on }
}

fn known() -> Known {
    let mut known = Known::default();
    known.note(&event(-60, O::Boot { id: "old".into() }));
    known.note(&event(-60, O::Uptime { seconds: 90_000 }));
    known
}

/// Watches `effect` through these observations at these seconds after the send.
fn watch(effect: Effect, seen: &[(i64, O)]) -> Verdict {
    let mut verification = Verification::begin(effect, Some(21.0), SENT, &known());
    for (at, observation) in seen {
        verification.observe(ID, &event(*at, observation.clone()));
        let text = serde_json::to_string(&verification).expect("serialises");
        verification = serde_json::from_str(&text).expect("reads back");
    }
    verification.verdict().clone()
}

fn proof(effect: Effect) -> Vec<(i64, O)> {
    match effect {
        Effect::SimRestart => vec![(3, O::Software { running: false }), (120, O::Software { running: true })],
        Effect::RadarReset => vec![(2, O::Radar { reachable: false }), (45, O::Radar { reachable: true })],
        Effect::PcReboot => vec![(150, O::Boot { id: "new".into() }), (150, O::Software { running: true })],
        Effect::PcWake => vec![(60, O::Reachable { online: true, effect: None, reason: None })],
        Effect::ProjectorOn => vec![(35, power(Part::Projector, true))],
        Effect::ProjectorInput => vec![(3, O::ProjectorInput { right: true })],
        Effect::ProjectorOff => vec![(5, power(Part::Projector, false))],
        Effect::ProjectorCycle => {
            vec![(5, power(Part::Projector, false)), (70, power(Part::Projector, true))]
        }
        Effect::TvOn => vec![(3, power(Part::Tv, true))],
        Effect::TvOff => vec![(3, power(Part::Tv, false))],
        Effect::AudioRestart => vec![(8, O::Playing { playing: true })],
        Effect::LightsOn => vec![(1, O::Lights { on: true })],
        Effect::LightsOff => vec![(1, O::Lights { on: false })],
        Effect::ThermostatSet => vec![(2, O::SetPoint { celsius: 21.0 })],
        Effect::DoorUnlock => vec![(1, O::Lock { unlocked: true })],
        Effect::PoeCycle | Effect::OutletCycle => {
            vec![(2, O::Supply { on: false }), (12, O::Supply { on: true })]
        }
        Effect::NetworkRestart => vec![(90, O::Uptime { seconds: 30 })],
    }
}

/// Every observation there is, in the state a healthy, untouched device shows.
fn untouched() -> Vec<O> {
    vec![
        O::Reachable { online: false, effect: None, reason: None },
        O::Software { running: true },
        O::Radar { reachable: true },
        O::Boot { id: "old".into() },
        O::Software { running: true },
        O::Supply { on: true },
        O::Uptime { seconds: 90_001 },
        O::Lock { unlocked: false },
        O::Position { open: false },
        O::UnlockLogged { effect_id: ID + 1 },
        O::SetPoint { celsius: 19.0 },
    ]
}

#[test]
fn every_effect_is_verified_by_its_proof_and_only_by_all_of_it() {
    for &effect in Effect::ALL {
        let proof = proof(effect);
        assert_eq!(watch(effect, &proof), Verdict::Verified, "{effect}");
        assert_eq!(
            watch(effect, &proof[..proof.len() - 1]),
            Verdict::Pending,
            "{effect} on part of its proof"
        );
    }
}

#[test]
fn a_two_step_proof_in_the_wrong_order_proves_nothing() {
    for &effect in Effect::ALL {
        let mut proof = proof(effect);
        if proof.len() == 2 && effect != Effect::PcReboot {
            proof.reverse();
            assert_eq!(watch(effect, &proof), Verdict::Pending, "{effect}");
        }
    }
    let software_then_boot = [(100, O::Software { running: true }), (150, O::Boot { id: "new".into() })];
    assert_eq!(watch(Effect::PcReboot, &software_then_boot), Verdict::Pending);
}

#[test]
fn one_effects_proof_does_not_verify_another_device_part() {
    assert_eq!(watch(Effect::TvOn, &proof(Effect::ProjectorOn)), Verdict::Pending);
    assert_eq!(watch(Effect::ProjectorOff, &proof(Effect::TvOff)), Verdict::Pending);
    assert_eq!(watch(Effect::SimRestart, &proof(Effect::RadarReset)), Verdict::Pending);
    assert_eq!(watch(Effect::RadarReset, &proof(Effect::PcReboot)), Verdict::Pending);
}

#[test]
fn an_agent_that_acknowledges_and_does_nothing_is_never_verified() {
    for &effect in Effect::ALL {
        let mut seen = vec![(1, O::Acknowledged { effect_id: ID })];
        let end = i64::try_from(effect.verify_within().as_secs()).expect("fits");
        for second in (2..=end).step_by(5) {
            seen.extend(untouched().into_iter().map(|o| (second, o)));
        }
        assert_eq!(watch(effect, &seen), Verdict::Acknowledged, "{effect}");
        assert_eq!(watch(effect, &seen[1..]), Verdict::Pending, "{effect}");
    }
}

#[test]
fn what_was_true_before_the_send_proves_nothing() {
    for &effect in Effect::ALL {
        let stale: Vec<_> = proof(effect).into_iter().map(|(at, o)| (at - 400, o)).collect();
        assert_eq!(watch(effect, &stale), Verdict::Pending, "{effect} on retained state from before");
    }
}

#[test]
fn a_first_half_from_before_the_send_does_not_count() {
    assert_eq!(
        watch(
            Effect::SimRestart,
            &[(-1, O::Software { running: false }), (5, O::Software { running: true })]
        ),
        Verdict::Pending
    );
    assert_eq!(
        watch(Effect::PcReboot, &[(-1, O::Boot { id: "new".into() }), (5, O::Software { running: true })]),
        Verdict::Pending
    );
}

#[test]
fn what_comes_after_the_deadline_proves_nothing() {
    for &effect in Effect::ALL {
        let late: Vec<_> = proof(effect).into_iter().map(|(at, o)| (at + 600, o)).collect();
        assert_eq!(watch(effect, &late), Verdict::Pending, "{effect}");
    }
}

#[test]
fn a_refusal_with_our_id_fails_and_one_with_another_id_does_not() {
    let refusal = |effect_id| (1, O::Rejected { effect_id, reason: "busy".into() });
    for &effect in Effect::ALL {
        assert_eq!(watch(effect, &[refusal(ID)]), Verdict::Failed("busy".into()), "{effect}");
        assert_eq!(watch(effect, &[refusal(ID + 1)]), Verdict::Pending, "{effect}");
        assert_eq!(
            watch(effect, &[(1, O::Acknowledged { effect_id: ID + 1 })]),
            Verdict::Pending,
            "{effect}"
        );
    }
}

#[test]
fn an_ended_effect_stays_ended() {
    let mut seen = proof(Effect::TvOn);
    seen.push((4, O::Rejected { effect_id: ID, reason: "late".into() }));
    assert_eq!(watch(Effect::TvOn, &seen), Verdict::Verified);
    let failed = [(1, O::Rejected { effect_id: ID, reason: "no".into() }), (3, power(Part::Tv, true))];
    assert_eq!(watch(Effect::TvOn, &failed), Verdict::Failed("no".into()));
}

#[test]
fn the_wrong_reading_back_proves_nothing() {
    assert_eq!(watch(Effect::ThermostatSet, &[(2, O::SetPoint { celsius: 22.0 })]), Verdict::Pending);
    assert_eq!(watch(Effect::ProjectorInput, &[(3, O::ProjectorInput { right: false })]), Verdict::Pending);
    assert_eq!(watch(Effect::ProjectorInput, &[(3, power(Part::Projector, true))]), Verdict::Pending);
    assert_eq!(watch(Effect::NetworkRestart, &[(90, O::Uptime { seconds: 80_000 })]), Verdict::Pending);
    assert_eq!(
        watch(
            Effect::PcWake,
            &[(9, O::Reachable { online: true, effect: Some(Effect::TvOn), reason: None })]
        ),
        Verdict::Pending
    );
}

#[test]
fn a_door_is_verified_by_the_log_with_our_id_and_by_no_other() {
    assert_eq!(watch(Effect::DoorUnlock, &[(2, O::UnlockLogged { effect_id: ID })]), Verdict::Verified);
    assert_eq!(watch(Effect::DoorUnlock, &[(2, O::UnlockLogged { effect_id: ID + 1 })]), Verdict::Pending);
}

#[test]
fn that_the_door_opened_is_a_second_fact() {
    assert_eq!(watch(Effect::DoorUnlock, &[(5, O::Position { open: true })]), Verdict::Pending);
    assert_eq!(door_opened(&event(5, O::Position { open: true })), Some(true));
    assert_eq!(door_opened(&event(5, O::Position { open: false })), Some(false));
    assert_eq!(door_opened(&event(5, O::Lock { unlocked: true })), None);
}

#[test]
fn without_a_known_boot_the_first_one_seen_is_the_base_line() {
    let mut verification = Verification::begin(Effect::PcReboot, None, SENT, &Known::default());
    verification.observe(ID, &event(1, O::Boot { id: "a".into() }));
    verification.observe(ID, &event(2, O::Software { running: true }));
    assert_eq!(verification.verdict(), &Verdict::Pending);
    verification.observe(ID, &event(150, O::Boot { id: "b".into() }));
    verification.observe(ID, &event(151, O::Software { running: true }));
    assert_eq!(verification.verdict(), &Verdict::Verified);
}

#[test]
fn network_gear_that_started_before_the_send_proves_nothing() {
    let mut verification = Verification::begin(Effect::NetworkRestart, None, SENT, &Known::default());
    verification.observe(ID, &event(10, O::Uptime { seconds: 40 }));
    assert_eq!(verification.verdict(), &Verdict::Pending);
    verification.observe(ID, &event(60, O::Uptime { seconds: 20 }));
    assert_eq!(verification.verdict(), &Verdict::Verified);
}
