//! The projector drivers, PJLink and BenQ, against simulated projectors on real ports.

use std::time::Duration;

use clubos::device::verify::Verdict;
use clubos::device::{Driver, NotSent, Observation};
use clubos::simclub::Behaviour;
use clubos::simclub::benq_server::Manner;
use clubos::simclub::projector::{Fault, SimLamp};
use clubos::site::{Effect, Target};

use crate::projector_bench::{BAY, BOTH, Bench, EFFECTS, Family, PASSWORD, Server, power, quick};
use crate::support::{eventually, permit};

#[tokio::test]
async fn a_projector_is_listed_with_its_family_and_says_that_it_is_simulated() {
    for (family, name) in [(Family::Pjlink, "projector (PJLink)"), (Family::Benq, "projector (BenQ)")] {
        let mut bench = Bench::start(family);
        bench.seen.once(BAY, |o| *o == power(true)).await;
        bench.seen.once(BAY, |o| *o == Observation::ProjectorInput { right: true }).await;
        eventually("it is there", || bench.health().online == Some(true)).await;
        assert_eq!((bench.health().family, bench.health().simulated), (name, true));
        assert!(bench.seen.all.iter().all(|event| event.simulated), "the site calls it real, it does not");
    }
}

#[tokio::test]
async fn off_on_and_input_are_verified_by_what_the_projector_shows() {
    for family in BOTH {
        let mut bench = Bench::start(family);
        let other = match &bench.server {
            Server::Pjlink(server) => (server.set_input("32"), "31").1,
            Server::Benq(server) => (server.set_input("dp"), "hdmi").1,
        };
        let steps = [Effect::ProjectorInput, Effect::ProjectorOff, Effect::ProjectorOn];
        for (id, effect) in (1..).zip(steps) {
            let mut watch = bench.act(id, effect).await.expect("sent");
            assert_eq!(bench.ends(&mut watch).await, Verdict::Verified, "{family:?} {effect}");
        }
        assert_eq!(bench.server.told(), [format!("input {other}"), "off".into(), "on".into()]);
    }
}

#[tokio::test]
async fn a_power_cycle_is_off_seen_in_standby_and_on() {
    for family in BOTH {
        let mut bench = Bench::start(family);
        let mut watch = bench.act(5, Effect::ProjectorCycle).await.expect("sent");
        assert_eq!(bench.ends(&mut watch).await, Verdict::Verified, "{family:?}");
        assert_eq!((bench.server.told(), bench.server.wrong()), (vec!["off".into(), "on".into()], vec![]));
        assert!(bench.seen.all.iter().any(|event| event.observation == power(false)));
    }
}

#[tokio::test]
async fn nothing_is_switched_on_while_it_cools() {
    for family in BOTH {
        let mut bench = Bench::start(family);
        bench.server.set_lamp(SimLamp::Cooling);
        let begun = bench.server.asked();
        let cools = async {
            eventually("it was asked a few times", || bench.server.asked() > begun + 5).await;
            assert_eq!(bench.server.told(), Vec::<String>::new(), "{family:?}");
            bench.server.set_lamp(SimLamp::Standby);
        };
        let (sent, ()) = tokio::join!(bench.act(6, Effect::ProjectorOn), cools);
        assert_eq!(bench.ends(&mut sent.expect("sent")).await, Verdict::Verified);
        assert_eq!((bench.server.told(), bench.server.wrong()), (vec!["on".into()], vec![]), "{family:?}");
    }
}

#[tokio::test]
async fn a_lamp_that_never_settles_ends_the_wait_and_is_said() {
    for (family, why) in
        [(Family::Pjlink, "still cooling down"), (Family::Benq, "still warming up or cooling")]
    {
        let options = clubos::device::lan::LanOptions { settle: Duration::from_millis(150), ..quick() };
        let mut bench = Bench::start_with(family, 100.0, options, Some(PASSWORD));
        bench.server.set_lamp(SimLamp::Cooling);
        for effect in [Effect::ProjectorOn, Effect::ProjectorInput, Effect::ProjectorCycle] {
            let mut watch = bench.act(7, effect).await.expect("it answered");
            let Verdict::Failed(said) = bench.ends(&mut watch).await else { panic!("{family:?} {effect}") };
            assert!(said.contains(why), "{said}");
        }
        assert!(bench.server.told().is_empty(), "{family:?}");
    }
}

#[tokio::test]
async fn a_lamp_that_warms_up_is_not_yet_on_and_is_told_nothing() {
    let mut bench = Bench::start(Family::Pjlink);
    bench.server.set_lamp(SimLamp::Warming);
    // What it was when first looked at does not count.
    let begun = bench.server.asked();
    eventually("it is looked at", || bench.server.asked() > begun + 3).await;
    let warms = async {
        let begun = bench.server.asked();
        eventually("it was asked a few times", || bench.server.asked() > begun + 5).await;
        bench.server.set_lamp(SimLamp::On);
    };
    let (sent, ()) = tokio::join!(bench.act(8, Effect::ProjectorOn), warms);
    let mut watch = sent.expect("it is on by itself");
    let sent_at = bench.clock.now();
    assert_eq!(bench.ends(&mut watch).await, Verdict::Verified);
    assert!(bench.server.told().is_empty(), "there was nothing to tell it");
    let early = bench.seen.all.iter().filter(|e| e.observation == power(false) && e.at <= sent_at);
    assert_eq!(early.count(), 0, "warming up is no standby, or a cycle would be proved by it");
}

#[tokio::test]
async fn a_projector_that_is_off_is_not_told_an_input() {
    for family in BOTH {
        let mut bench = Bench::start(family);
        bench.server.set_lamp(SimLamp::Standby);
        let mut watch = bench.act(9, Effect::ProjectorInput).await.expect("it answered");
        let Verdict::Failed(why) = bench.ends(&mut watch).await else { panic!("{family:?}") };
        assert!(why.contains("it is off"), "{why}");
        assert!(bench.server.told().is_empty());
    }
}

#[tokio::test]
async fn a_permit_that_ran_out_moves_nothing_at_once_or_after_a_wait() {
    for family in BOTH {
        let bench = Bench::start(family);
        for effect in EFFECTS {
            let late = bench.act_within(10, effect, Duration::ZERO).await;
            assert!(
                matches!(late, Err(NotSent::Offline(why)) if why.contains("permit")),
                "{family:?} {effect}"
            );
        }
        bench.server.set_lamp(SimLamp::Cooling);
        let good_for = Duration::from_millis(250);
        let over = bench.clock.now() + good_for;
        let cools = async {
            eventually("the permit is over", || bench.clock.now() > over).await;
            bench.server.set_lamp(SimLamp::Standby);
        };
        let (late, ()) = tokio::join!(bench.act_within(11, Effect::ProjectorOn, good_for), cools);
        assert!(matches!(late, Err(NotSent::Offline(why)) if why.contains("permit")), "{family:?}");
        assert!(bench.server.told().is_empty());
    }
}

#[tokio::test]
async fn what_was_switched_off_is_switched_on_again_even_after_the_permit_ran_out() {
    for family in BOTH {
        // Cooling takes half a second.
        let mut bench = Bench::start_with(family, 10.0, quick(), Some(PASSWORD));
        bench.act_within(12, Effect::ProjectorCycle, Duration::from_millis(300)).await.expect("sent in time");
        bench.seen.once(BAY, |o| *o == power(false)).await;
        bench.server.set_fault(Some(Fault::NotNow));
        eventually("it is told again and again", || bench.server.told().len() > 3).await;
        bench.server.set_fault(None);
        eventually("it is back", || matches!(bench.server.lamp(), SimLamp::Warming | SimLamp::On)).await;
        assert_eq!(bench.server.wrong(), Vec::<String>::new(), "{family:?}");
    }
}

#[tokio::test]
async fn a_projector_that_says_yes_and_does_nothing_proves_nothing() {
    for family in BOTH {
        let mut bench = Bench::start(family);
        bench.set(Effect::ProjectorOff, Behaviour::Lies);
        let mut watch = bench.act(13, Effect::ProjectorOff).await.expect("sent");
        assert_eq!(bench.stands_when(&mut watch, true).await, Verdict::Acknowledged, "{family:?}");
        assert_eq!(bench.server.told(), ["off"]);
    }
}

#[tokio::test]
async fn a_cycle_that_stays_on_is_not_switched_on_and_is_said() {
    for family in BOTH {
        let options = clubos::device::lan::LanOptions { settle: Duration::from_millis(200), ..quick() };
        let bench = Bench::start_with(family, 100.0, options, Some(PASSWORD));
        bench.set(Effect::ProjectorCycle, Behaviour::Lies);
        bench.act(14, Effect::ProjectorCycle).await.expect("sent");
        eventually("it is said", || bench.says("stays on")).await;
        assert_eq!(bench.server.told(), ["off"], "{family:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_failed_in_plain_words() {
    for (family, fail) in [(Family::Pjlink, "failure of its own (ERR4)"), (Family::Benq, "Unsupported item")]
    {
        let mut bench = Bench::start(family);
        // Or it would be right already.
        match &bench.server {
            Server::Pjlink(server) => server.set_input("32"),
            Server::Benq(server) => server.set_input("dp"),
        }
        for (id, effect) in (20..).zip([Effect::ProjectorOff, Effect::ProjectorInput, Effect::ProjectorCycle])
        {
            bench.set(effect, Behaviour::Fail);
            let mut watch = bench.act(id, effect).await.expect("it answered");
            let Verdict::Failed(why) = bench.ends(&mut watch).await else { panic!("{family:?} {effect}") };
            assert!(why.contains(fail), "{why}");
        }
        assert_eq!(bench.server.lamp(), SimLamp::On);
    }
}

#[tokio::test]
async fn not_now_is_tried_again_for_a_while_and_then_failed() {
    for family in BOTH {
        let options = clubos::device::lan::LanOptions { settle: Duration::from_millis(200), ..quick() };
        let mut bench = Bench::start_with(family, 100.0, options, Some(PASSWORD));
        bench.server.set_fault(Some(Fault::NotNow));
        let mut watch = bench.act(23, Effect::ProjectorOff).await.expect("it answered");
        let Verdict::Failed(why) = bench.ends(&mut watch).await else { panic!("{family:?}") };
        assert!(why.contains("not now"), "{why}");
        assert!(bench.server.told().len() > 1, "{family:?}");
    }
}

#[tokio::test]
async fn a_slow_answer_is_no_failure_and_nothing_is_told_twice() {
    for family in BOTH {
        let mut bench = Bench::start(family);
        // A second, which is longer than the box waits for an answer.
        bench.set(Effect::ProjectorOff, Behaviour::Slow(Duration::from_secs(100)));
        let mut watch = bench.act(24, Effect::ProjectorOff).await.expect("it may have been heard");
        assert_eq!(bench.ends(&mut watch).await, Verdict::Verified, "{family:?}");
        assert_eq!(bench.server.told(), ["off"]);
    }
}

#[tokio::test]
async fn a_command_that_is_never_answered_is_neither_refused_nor_repeated() {
    for family in BOTH {
        let mut bench = Bench::start(family);
        bench.seen.online(BAY, true).await;
        bench.set(Effect::ProjectorOff, Behaviour::Silent);
        let watch = bench.act(25, Effect::ProjectorOff).await.expect("it may have been heard");
        eventually("it is said", || bench.says("no answer")).await;
        assert_eq!(*watch.verification.verdict(), Verdict::Pending);
        bench.seen.until(BAY, |o| *o == power(true)).await;
        assert_eq!(bench.server.told(), ["off"], "{family:?}");
    }
}

#[tokio::test]
async fn an_answer_that_got_lost_is_made_good_by_looking() {
    for family in BOTH {
        let mut bench = Bench::start(family);
        bench.server.set_fault(Some(Fault::HangsUp));
        let mut watch = bench.act(26, Effect::ProjectorCycle).await.expect("sent");
        assert_eq!(bench.ends(&mut watch).await, Verdict::Verified, "{family:?}");
        assert_eq!((bench.server.told(), bench.server.wrong()), (vec!["off".into(), "on".into()], vec![]));
    }
}

#[tokio::test]
async fn bad_answers_never_act_are_said_and_it_recovers() {
    for family in BOTH {
        for fault in
            [Fault::Silent, Fault::HalfClosed, Fault::Html, Fault::Endless, Fault::Unknown, Fault::Other]
        {
            let mut bench = Bench::start(family);
            bench.seen.online(BAY, true).await;
            bench.server.set_fault(Some(fault));
            bench.seen.online(BAY, false).await;
            let why = bench.barred(Effect::ProjectorOff).await;
            assert!(!why.is_empty() && why.len() < 300, "{family:?} {fault:?}: {why}");
            bench.server.set_fault(None);
            bench.seen.online(BAY, true).await;
            let mut watch = bench.act(30, Effect::ProjectorOff).await.expect("sent");
            assert_eq!(bench.ends(&mut watch).await, Verdict::Verified, "{family:?} {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_projector_that_is_gone_is_said_and_comes_back() {
    for family in BOTH {
        let mut bench = Bench::start(family);
        bench.seen.online(BAY, true).await;
        bench.server.stop().await;
        let gone = bench.seen.online(BAY, false).await;
        let of = |o: &Observation| matches!(o, Observation::Reachable { effect: Some(e), .. } if EFFECTS.contains(e));
        assert!(of(&gone.observation), "the projector, not the whole bay");
        assert!(bench.barred(Effect::ProjectorCycle).await.contains("cannot be reached"));
        bench.server.come_back();
        bench.seen.online(BAY, true).await;
        let mut watch = bench.act(31, Effect::ProjectorCycle).await.expect("sent");
        assert_eq!(bench.ends(&mut watch).await, Verdict::Verified, "{family:?}");
    }
}

#[tokio::test]
async fn the_demos_plug_takes_it_away_and_brings_it_back() {
    for family in BOTH {
        let mut bench = Bench::start(family);
        let target = Target::new(BAY);
        bench.seen.online(BAY, true).await;
        bench.control.set_online(bench.clock.now(), &target, false);
        bench.seen.online(BAY, false).await;
        bench.barred(Effect::ProjectorOff).await;
        bench.control.set_online(bench.clock.now(), &target, true);
        bench.seen.online(BAY, true).await;
        bench.set(Effect::ProjectorOn, Behaviour::Offline);
        bench.seen.online(BAY, false).await;
    }
}

#[tokio::test]
async fn only_what_a_projector_can_do_on_its_own_bay_is_sent() {
    for family in BOTH {
        let bench = Bench::start(family);
        let later = bench.clock.now() + Duration::from_secs(60);
        for (effect, target) in [(Effect::PcReboot, BAY), (Effect::ProjectorOff, "bay-2")] {
            let refused = bench.driver.act(permit(32, effect, target, later)).await;
            assert!(matches!(refused, Err(NotSent::Unsupported(_))), "{family:?} {effect} {target}");
        }
        assert!(bench.server.told().is_empty());
    }
}

#[tokio::test]
async fn a_wrong_password_is_said_plainly_and_never_shown() {
    let mut bench = Bench::start_with(Family::Pjlink, 100.0, quick(), Some("guess-7731"));
    bench.seen.online(BAY, false).await;
    assert!(bench.says("the password is wrong (ERRA)") && !bench.says("guess-7731"));
    let mut watch = bench.act(33, Effect::ProjectorOff).await.expect("it answered");
    let Verdict::Failed(why) = bench.ends(&mut watch).await else { panic!("not failed") };
    assert!(why.contains("ERRA"), "{why}");
    assert!(bench.server.told().is_empty());
}

#[tokio::test]
async fn without_a_password_for_one_that_wants_it_nothing_is_sent_and_the_mend_is_said() {
    let bench = Bench::start_with(Family::Pjlink, 100.0, quick(), None);
    assert!(bench.barred(Effect::ProjectorOff).await.contains("`password_file`"));
}

#[tokio::test]
async fn another_salt_than_it_reckons_with_is_a_wrong_password() {
    let bench = Bench::start(Family::Pjlink);
    for fault in [Fault::WrongSalt, Fault::WrongPassword] {
        bench.server.set_fault(Some(fault));
        eventually("it is said", || bench.says("ERRA")).await;
    }
    assert!(bench.server.told().is_empty());
}

#[tokio::test]
async fn what_ails_a_projector_is_told_with_its_health() {
    let bench = Bench::start(Family::Pjlink);
    let Server::Pjlink(server) = &bench.server else { panic!("PJLink") };
    server.set_errors("020010");
    eventually("it is said", || bench.says("error: lamp; warning: filter")).await;
    assert_eq!(bench.health().online, Some(true), "it is there all the same");
}

#[tokio::test]
async fn benq_firmware_of_every_manner_is_driven_and_told_once() {
    for manner in
        [Manner::EchoAndAnswer, Manner::AnswerOnly, Manner::EchoOnly, Manner::Twice, Manner::Nothing]
    {
        let mut bench = Bench::start(Family::Benq);
        let Server::Benq(server) = &bench.server else { panic!("BenQ") };
        server.set_manner(manner);
        let mut watch = bench.act(40, Effect::ProjectorOff).await.expect("sent");
        assert_eq!(bench.ends(&mut watch).await, Verdict::Verified, "{manner:?}");
        assert_eq!(bench.server.told(), ["off"], "{manner:?}");
    }
}

#[tokio::test]
async fn an_echo_is_not_taken_for_the_answer() {
    for manner in [Manner::EchoAndAnswer, Manner::Twice] {
        let mut bench = Bench::start(Family::Benq);
        let Server::Benq(server) = &bench.server else { panic!("BenQ") };
        server.set_manner(manner);
        server.set_fault(Some(Fault::Broken));
        let mut watch = bench.act(41, Effect::ProjectorOff).await.expect("it answered");
        let Verdict::Failed(why) = bench.ends(&mut watch).await else { panic!("the echo was believed") };
        assert!(why.contains("Unsupported item"), "{why}");
    }
}
