//! Shelly over HTTP: both generations, with their log-ins, on simulated plugs seeded with recordings.

use std::time::Duration;

use clubos::clock::Clock;
use clubos::device::verify::Verdict;
use clubos::device::{NotSent, Observation};
use clubos::simclub::shelly_server::{Fault, Generation, ShellyServer};
use clubos::simclub::{Behaviour, SimControl};
use clubos::site::{Effect, LanDevice, Target};
use tokio::net::TcpStream;

use crate::support::{Scratch, eventually};
use crate::things::{Bench, MUDDLED, club, secret};

const BOTH: [Generation; 2] = [Generation::One, Generation::Two];
const OUTLET: &[Effect] = &[Effect::OutletCycle];
const LIGHTS: &[Effect] = &[Effect::LightsOn, Effect::LightsOff];
const PASSWORD: &str = "correct-horse";

/// A locked plug and the driver that knows its password.
struct Club {
    control: SimControl,
    plug: ShellyServer,
    bench: Bench,
    _scratch: Scratch,
}

async fn start(generation: Generation, target: &str, effects: &[Effect]) -> Club {
    start_with(generation, target, effects, |_| {}).await
}

async fn start_with(
    generation: Generation,
    target: &str,
    effects: &[Effect],
    change: impl FnOnce(&mut clubos::site::lan::Shelly),
) -> Club {
    let (control, scratch) = (club(), Scratch::new());
    let plug = server(generation, target, 0, Some(PASSWORD), &control);
    let mut settings = plug.settings(Some(secret(&scratch, "plug", PASSWORD)));
    change(&mut settings);
    let bench = Bench::start(target, effects, LanDevice::Shelly(settings)).up().await;
    Club { control, plug, bench, _scratch: scratch }
}

fn server(
    generation: Generation,
    target: &str,
    port: u16,
    password: Option<&str>,
    control: &SimControl,
) -> ShellyServer {
    let target = Target::new(target);
    ShellyServer::start(&target, port, generation, password, control.clone(), Clock::system())
        .expect("a plug")
}

async fn closed(plug: &ShellyServer) {
    let address = plug.addr();
    let ask = async || TcpStream::connect(address).await.is_err().then_some(());
    crate::waiting::asked_until(crate::support::PATIENCE, ask, || "the port is open".to_owned()).await;
}

#[tokio::test]
async fn a_plug_of_either_generation_is_power_cycled_by_its_own_timer_and_seen_off_and_on() {
    for generation in BOTH {
        let mut club = start(generation, "bay-1", OUTLET).await;
        assert_eq!(club.bench.ends(7, Effect::OutletCycle).await, Verdict::Verified, "{generation:?}");
        let asked = club.plug.asked();
        assert_eq!(asked.first().map(String::as_str), Some("GET /shelly"));
        assert_eq!(asked.iter().filter(|a| *a == "GET /shelly").count(), 1, "asked once which it is");
        if generation == Generation::One {
            let told: Vec<_> = asked.iter().filter(|a| a.contains("turn")).collect();
            assert_eq!(told, ["GET /relay/0?turn=off&timer=2"]);
        }
        assert!(club.bench.seen.all.iter().all(|event| event.simulated), "it calls itself simulated");
        let row = club.bench.health();
        assert_eq!((row.family, row.online, row.simulated), ("Shelly (HTTP)", Some(true), true));
    }
}

#[tokio::test]
async fn lights_and_a_tv_are_switched_and_seen() {
    for generation in BOTH {
        let mut club = start(generation, "lights", LIGHTS).await;
        assert_eq!(club.bench.ends(7, Effect::LightsOff).await, Verdict::Verified);
        assert!(!club.plug.is_on());
        assert_eq!(club.bench.ends(8, Effect::LightsOn).await, Verdict::Verified);
        assert!(club.plug.is_on());
        let mut club = start(generation, "bay-1", &[Effect::TvOn, Effect::TvOff]).await;
        assert_eq!(club.bench.ends(9, Effect::TvOff).await, Verdict::Verified);
        assert!(!club.plug.is_on());
    }
}

#[tokio::test]
async fn music_is_proven_by_its_power_alone() {
    for generation in BOTH {
        let mut club =
            start_with(generation, "audio", &[Effect::AudioRestart], |at| at.playing_above_w = Some(10))
                .await;
        assert_eq!(club.bench.ends(7, Effect::AudioRestart).await, Verdict::Verified, "{generation:?}");
        // It draws 40 W: never more than this.
        let mut silent =
            start_with(generation, "audio", &[Effect::AudioRestart], |at| at.playing_above_w = Some(100))
                .await;
        let mut watch = silent.bench.act(8, Effect::AudioRestart).await.expect("sent");
        let quiet = |_: &Verdict, e: &clubos::device::DeviceEvent| {
            e.observation == Observation::Playing { playing: false }
        };
        silent.bench.stands(&mut watch, quiet).await;
        eventually("it is on again", || silent.plug.is_on()).await;
        assert_eq!(silent.bench.stands(&mut watch, quiet).await, Verdict::Acknowledged);
    }
}

#[tokio::test]
async fn a_cycle_ends_on_although_the_box_is_gone() {
    for generation in BOTH {
        let Club { plug, bench, .. } = start(generation, "bay-1", OUTLET).await;
        bench.act(7, Effect::OutletCycle).await.expect("sent");
        assert!(!plug.is_on());
        drop(bench);
        eventually("its own timer switched it on", || plug.is_on()).await;
    }
}

#[tokio::test]
async fn what_the_plug_refuses_fails_in_its_own_words() {
    for (generation, words) in [(Generation::One, "HTTP 400"), (Generation::Two, "RPC error -114")] {
        let mut club = start(generation, "bay-1", OUTLET).await;
        club.control.set(&Target::new("bay-1"), Effect::OutletCycle, Behaviour::Fail);
        let Verdict::Failed(why) = club.bench.ends(7, Effect::OutletCycle).await else {
            panic!("no failure")
        };
        assert!(why.contains(words) && why.contains("refused it (simulated)"), "{why}");
        club.control.set(&Target::new("bay-1"), Effect::OutletCycle, Behaviour::Ok);
        assert_eq!(club.bench.ends(8, Effect::OutletCycle).await, Verdict::Verified, "and recovers");
    }
}

#[tokio::test]
async fn a_plug_that_says_yes_and_does_nothing_proves_nothing() {
    for generation in BOTH {
        let mut club = start(generation, "bay-1", OUTLET).await;
        club.control.set(&Target::new("bay-1"), Effect::OutletCycle, Behaviour::Lies);
        let mut watch = club.bench.act(7, Effect::OutletCycle).await.expect("sent");
        let lit = |v: &Verdict, e: &clubos::device::DeviceEvent| {
            *v == Verdict::Acknowledged && e.observation == Observation::Supply { on: true }
        };
        assert_eq!(club.bench.stands(&mut watch, lit).await, Verdict::Acknowledged);
        assert!(club.plug.is_on());
    }
}

#[tokio::test]
async fn a_slow_plug_is_verified_by_what_is_seen_and_told_once() {
    for generation in BOTH {
        let mut club = start(generation, "bay-1", OUTLET).await;
        // A second at this speed, longer than an answer is awaited.
        let slow = Behaviour::Slow(Duration::from_secs(20));
        club.control.set(&Target::new("bay-1"), Effect::OutletCycle, slow);
        let mut watch = club.bench.act(7, Effect::OutletCycle).await.expect("it may have arrived");
        assert_eq!(club.bench.watched(&mut watch).await, Verdict::Verified);
        if generation == Generation::One {
            let told = club.plug.asked().iter().filter(|asked| asked.contains("turn")).count();
            assert_eq!(told, 1, "never a second time");
        }
    }
}

#[tokio::test]
async fn a_silent_plug_is_neither_refused_nor_verified() {
    for generation in BOTH {
        let mut club = start(generation, "bay-1", OUTLET).await;
        club.control.set(&Target::new("bay-1"), Effect::OutletCycle, Behaviour::Silent);
        let mut watch = club.bench.act(7, Effect::OutletCycle).await.expect("it may have arrived");
        let shown =
            |_: &Verdict, e: &clubos::device::DeviceEvent| e.observation == Observation::Supply { on: true };
        assert_eq!(club.bench.stands(&mut watch, shown).await, Verdict::Pending);
    }
}

#[tokio::test]
async fn whatever_nonsense_it_answers_it_is_called_offline_with_the_reason_and_comes_back() {
    let nonsense = [
        (Fault::Html, "no JSON"),
        (Fault::Truncated, "no JSON"),
        (Fault::Huge, "more than"),
        (Fault::WrongShape, ""),
        (Fault::HalfClosed, "no answer"),
        (Fault::Redirect, "302, we do not go"),
        (Fault::Silent, "no answer"),
        (Fault::ActsAndFails, "502"),
    ];
    for generation in BOTH {
        let mut club = start(generation, "bay-1", OUTLET).await;
        club.bench.bears(|fault| club.plug.set_fault(fault), &nonsense).await;
        assert_eq!(club.bench.ends(7, Effect::OutletCycle).await, Verdict::Verified);
    }
}

#[tokio::test]
async fn a_command_that_is_answered_with_nonsense_is_left_to_what_is_seen() {
    for generation in BOTH {
        for answer in MUDDLED {
            let mut club = start(generation, "lights", LIGHTS).await;
            club.bench.goes_by_what_it_sees(|fault| club.plug.set_fault(fault), answer).await;
        }
    }
}

#[tokio::test]
async fn asked_too_often_it_is_left_alone_for_as_long_as_it_says() {
    for generation in BOTH {
        for (after, least) in [(Some(1), 1000), (None, 50)] {
            let mut club = start(generation, "lights", LIGHTS).await;
            let begun = tokio::time::Instant::now();
            club.plug.set_fault(Some(Fault::TooMany(after)));
            let held = async || match club.bench.act(7, Effect::LightsOff).await {
                Err(NotSent::Offline(why)) if why.contains("it asked for patience (HTTP 429)") => Some(()),
                _ => None,
            };
            crate::waiting::asked_until(crate::support::PATIENCE, held, || "never held".to_owned()).await;
            let asked = club.plug.asked().len();
            club.plug.set_fault(None);
            eventually("it is asked again", || club.plug.asked().len() > asked).await;
            assert!(begun.elapsed() >= Duration::from_millis(least), "{:?}", begun.elapsed());
            assert_eq!(club.bench.ends(8, Effect::LightsOff).await, Verdict::Verified);
        }
    }
}

#[tokio::test]
async fn a_plug_that_is_gone_gets_nothing_and_is_asked_anew_what_it_is_when_it_is_back() {
    for generation in BOTH {
        let mut club = start(generation, "bay-1", OUTLET).await;
        club.plug.set_power(false);
        closed(&club.plug).await;
        assert!(club.bench.barred(Effect::OutletCycle).await.contains("cannot be reached"));
        club.bench.down("cannot be reached").await;
        let before = club.plug.asked().len();
        club.plug.set_power(true);
        club.bench.back().await;
        assert_eq!(club.plug.asked()[before], "GET /shelly");
        assert_eq!(club.bench.ends(7, Effect::OutletCycle).await, Verdict::Verified);
    }
}

#[tokio::test]
async fn the_clubs_hand_takes_a_plug_off_the_network() {
    let mut club = start(Generation::Two, "lights", LIGHTS).await;
    club.control.set(&Target::new("lights"), Effect::LightsOn, Behaviour::Offline);
    club.bench.down("cannot be reached").await;
    club.control.set(&Target::new("lights"), Effect::LightsOn, Behaviour::Ok);
    club.bench.back().await;
}

#[tokio::test]
async fn another_generation_at_the_same_address_is_found_out() {
    let Club { control, plug, mut bench, _scratch } = start(Generation::One, "lights", LIGHTS).await;
    let port = plug.addr().port();
    drop(plug);
    bench.down("").await;
    let new = async || {
        let target = Target::new("lights");
        let (control, clock) = (control.clone(), Clock::system());
        ShellyServer::start(&target, port, Generation::Two, Some(PASSWORD), control, clock).ok()
    };
    let plug = crate::waiting::asked_until(crate::support::PATIENCE, new, || "port in use".to_owned()).await;
    bench.back().await;
    assert_eq!(bench.ends(7, Effect::LightsOff).await, Verdict::Verified);
    assert!(!plug.is_on());
}

#[tokio::test]
async fn an_old_nonce_and_another_realm_are_answered_anew() {
    let mut club = start(Generation::Two, "lights", LIGHTS).await;
    club.plug.forget_nonces();
    assert_eq!(club.bench.ends(7, Effect::LightsOff).await, Verdict::Verified);
    club.plug.set_realm("another \"realm\"");
    assert_eq!(club.bench.ends(8, Effect::LightsOn).await, Verdict::Verified);
    assert_eq!(club.bench.health().online, Some(true));
}

#[tokio::test]
async fn a_wrong_password_is_said_and_moves_nothing() {
    for generation in BOTH {
        let mut club = start(generation, "lights", LIGHTS).await;
        club.plug.set_password(Some("another"));
        club.bench.down("wrong password, password_file").await;
        let Verdict::Failed(why) = club.bench.ends(7, Effect::LightsOff).await else { panic!("no failure") };
        assert!(why.contains("wrong password"), "{why}");
        assert!(club.plug.is_on());
        club.plug.set_password(Some(PASSWORD));
        club.bench.back().await;
        assert_eq!(club.bench.ends(8, Effect::LightsOff).await, Verdict::Verified);
    }
}

#[tokio::test]
async fn a_plug_that_wants_a_password_and_has_none_in_the_site_says_so() {
    for generation in BOTH {
        let control = club();
        let plug = server(generation, "lights", 0, Some(PASSWORD), &control);
        let mut bench = Bench::start("lights", LIGHTS, LanDevice::Shelly(plug.settings(None)));
        bench.down("wants a password, password_file").await;
        plug.set_password(None);
        bench.back().await;
        assert_eq!(bench.ends(7, Effect::LightsOff).await, Verdict::Verified, "without a log-in");
    }
}

#[tokio::test]
async fn an_open_plug_is_not_told_the_password() {
    for generation in BOTH {
        let (control, scratch) = (club(), Scratch::new());
        let plug = server(generation, "lights", 0, None, &control);
        let settings = plug.settings(Some(secret(&scratch, "plug", PASSWORD)));
        let mut bench = Bench::start("lights", LIGHTS, LanDevice::Shelly(settings)).up().await;
        assert_eq!(bench.ends(7, Effect::LightsOff).await, Verdict::Verified);
        assert_eq!(plug.logins(), 0);
        plug.set_password(Some(PASSWORD));
        assert_eq!(bench.ends(8, Effect::LightsOn).await, Verdict::Verified, "{generation:?}, locked since");
        assert!(plug.logins() > 0);
    }
}

#[tokio::test]
async fn a_channel_it_does_not_have_is_said() {
    for (generation, words) in [(Generation::One, "no relay 3"), (Generation::Two, "RPC error -105")] {
        let control = club();
        let plug = server(generation, "lights", 0, None, &control);
        let mut settings = plug.settings(None);
        settings.channel = 3;
        let mut bench = Bench::start("lights", LIGHTS, LanDevice::Shelly(settings));
        bench.down(words).await;
    }
}

#[tokio::test]
async fn a_permit_that_ran_out_moves_nothing() {
    for generation in BOTH {
        let club = start(generation, "lights", LIGHTS).await;
        assert!(club.bench.expired(Effect::LightsOff).await.contains("ran out"));
        assert!(club.plug.is_on());
        let other = club.bench.act(8, Effect::OutletCycle).await.err();
        assert!(
            matches!(other, Some(NotSent::Unsupported(Effect::OutletCycle))),
            "the site names no such effect"
        );
    }
}
