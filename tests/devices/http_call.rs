//! The generic call over HTTP and HTTPS, on a simulated thing with an API of its own.

use std::time::Duration;

use clubos::clock::Clock;
use clubos::device::lan::LanError;
use clubos::device::verify::Verdict;
use clubos::device::{DeviceEvent, NotSent, Observation};
use clubos::simclub::thing_server::{Fault, ThingServer, Transport};
use clubos::simclub::{Behaviour, SimControl};
use clubos::site::lan::HttpCall;
use clubos::site::{Effect, LanDevice, Target};

use crate::support::{PATIENCE, Scratch, eventually};
use crate::things::{Bench, MUDDLED, club, quick, secret};
use crate::waiting::asked_until;

const LIGHTS: &[Effect] = &[Effect::LightsOn, Effect::LightsOff];
const DIAL: &[Effect] = &[Effect::ThermostatSet];

struct Club {
    control: SimControl,
    thing: ThingServer,
    bench: Bench,
}

fn thing(target: &str, transport: Transport, key: Option<&str>, control: &SimControl) -> ThingServer {
    let target = Target::new(target);
    ThingServer::start(&target, 0, transport, key, control.clone(), Clock::system()).expect("a thing")
}

async fn start(target: &str, effects: &[Effect], change: impl FnOnce(&mut HttpCall)) -> Club {
    let control = club();
    let thing = thing(target, Transport::Http, None, &control);
    let mut settings = thing.settings();
    change(&mut settings);
    let bench = Bench::start(target, effects, LanDevice::Http(settings.into())).up().await;
    Club { control, thing, bench }
}

fn shows(seen: Observation) -> impl Fn(&Verdict, &DeviceEvent) -> bool {
    move |_, event| event.observation == seen
}

#[tokio::test]
async fn a_thermostat_is_set_to_the_number_and_read_back() {
    let mut club = start("thermostat", DIAL, |_| {}).await;
    club.bench.seen.once("thermostat", |o| *o == Observation::SetPoint { celsius: 19.0 }).await;
    assert_eq!(club.bench.ends(7, Effect::ThermostatSet).await, Verdict::Verified);
    club.bench.seen.once("thermostat", |o| *o == Observation::SetPoint { celsius: 21.0 }).await;
    assert!(club.thing.asked().contains(&"PUT /target".to_owned()));
    assert!(club.bench.seen.all.iter().all(|event| event.simulated));
    let row = club.bench.health();
    assert_eq!((row.family, row.online, row.simulated), ("HTTP call", Some(true), true));
}

#[tokio::test]
async fn lights_an_outlet_and_an_amplifier_are_moved_by_the_requests_the_site_names() {
    let mut lights = start("lights", LIGHTS, |_| {}).await;
    assert_eq!(lights.bench.ends(7, Effect::LightsOff).await, Verdict::Verified);
    assert_eq!(lights.bench.ends(8, Effect::LightsOn).await, Verdict::Verified);
    let mut outlet = start("bay-1", &[Effect::OutletCycle], |_| {}).await;
    assert_eq!(outlet.bench.ends(9, Effect::OutletCycle).await, Verdict::Verified);
    let mut audio = start("audio", &[Effect::AudioRestart], |_| {}).await;
    assert_eq!(audio.bench.ends(10, Effect::AudioRestart).await, Verdict::Verified);
    assert!(audio.thing.asked().contains(&"POST /restart".to_owned()));
}

#[tokio::test]
async fn a_state_that_is_plain_text_is_read_as_the_site_says() {
    let mut club = start("lights", LIGHTS, |call| {
        call.state_pointer = None;
        call.state_on = "ON".to_owned();
        call.state_off = "Off".to_owned();
        call.state.as_mut().expect("a state").path = "/state.txt".to_owned();
    })
    .await;
    assert_eq!(club.bench.ends(7, Effect::LightsOff).await, Verdict::Verified);
    let mut odd = start("lights", LIGHTS, |_| {}).await;
    let mut call = odd.thing.settings();
    call.state_off = "dark".to_owned();
    odd.bench = Bench::start("lights", LIGHTS, LanDevice::Http(call.into())).up().await;
    odd.bench.act(8, Effect::LightsOff).await.expect("sent");
    odd.bench.down("neither on nor off").await;
}

#[tokio::test]
async fn without_a_state_nothing_is_proven_and_its_port_says_whether_it_is_there() {
    let mut club = start("lights", LIGHTS, |call| call.state = None).await;
    let mut watch = club.bench.act(7, Effect::LightsOff).await.expect("sent");
    let taken = |verdict: &Verdict, _: &DeviceEvent| *verdict == Verdict::Acknowledged;
    assert_eq!(club.bench.stands(&mut watch, taken).await, Verdict::Acknowledged);
    assert_eq!(club.thing.asked(), ["POST /power"], "it is asked nothing else");
    club.thing.set_power(false);
    club.bench.down("cannot be reached").await;
    club.thing.set_power(true);
    club.bench.back().await;
}

#[tokio::test]
async fn a_secret_header_is_sent_and_a_wrong_one_is_said_without_being_told() {
    let (control, scratch) = (club(), Scratch::new());
    let thing = thing("lights", Transport::Http, Some("s3cret"), &control);
    let mut call = thing.settings();
    call.header_file = Some(secret(&scratch, "key", "X-Api-Key: s3cret\n"));
    let mut bench = Bench::start("lights", LIGHTS, LanDevice::Http(call.clone().into())).up().await;
    assert_eq!(bench.ends(7, Effect::LightsOff).await, Verdict::Verified);
    call.header_file = Some(secret(&scratch, "wrong", "X-Api-Key: 0ther"));
    let mut bench = Bench::start("lights", LIGHTS, LanDevice::Http(call.clone().into()));
    bench.down("HTTP 401").await;
    assert!(!format!("{:?}", bench.health()).contains("0ther"));
    call.header_file = Some(secret(&scratch, "none", "only a word"));
    let refused = Bench::start_with("lights", LIGHTS, LanDevice::Http(call.into()), quick()).err();
    let said = refused.expect("no header").to_string();
    assert!(said.contains("holds no header") && !said.contains("only a word"), "{said}");
}

#[tokio::test]
async fn what_it_refuses_fails_and_what_it_only_promises_proves_nothing() {
    let mut club = start("thermostat", DIAL, |_| {}).await;
    let target = Target::new("thermostat");
    club.control.set(&target, Effect::ThermostatSet, Behaviour::Fail);
    let Verdict::Failed(why) = club.bench.ends(7, Effect::ThermostatSet).await else { panic!("no failure") };
    assert!(why.contains("HTTP 409"), "{why}");
    club.control.set(&target, Effect::ThermostatSet, Behaviour::Lies);
    let mut watch = club.bench.act(8, Effect::ThermostatSet).await.expect("sent");
    let unmoved = |verdict: &Verdict, event: &DeviceEvent| {
        *verdict == Verdict::Acknowledged && event.observation == Observation::SetPoint { celsius: 19.0 }
    };
    assert_eq!(club.bench.stands(&mut watch, unmoved).await, Verdict::Acknowledged);
    club.control.set(&target, Effect::ThermostatSet, Behaviour::Silent);
    let mut watch = club.bench.act(9, Effect::ThermostatSet).await.expect("it may have arrived");
    let looked = shows(Observation::SetPoint { celsius: 19.0 });
    assert_eq!(club.bench.stands(&mut watch, looked).await, Verdict::Pending);
    club.control.set(&target, Effect::ThermostatSet, Behaviour::Slow(Duration::from_secs(20)));
    let mut watch = club.bench.act(10, Effect::ThermostatSet).await.expect("it may have arrived");
    assert_eq!(club.bench.watched(&mut watch).await, Verdict::Verified);
    let told = club.thing.asked().iter().filter(|asked| *asked == "PUT /target").count();
    assert_eq!(told, 4, "each once");
}

#[tokio::test]
async fn whatever_nonsense_it_answers_it_is_called_offline_with_the_reason_and_comes_back() {
    let mut club = start("lights", LIGHTS, |_| {}).await;
    let nonsense = [
        (Fault::Html, "a web page"),
        (Fault::Truncated, "no JSON"),
        (Fault::Huge, "more than"),
        (Fault::WrongShape, "nothing at /on"),
        (Fault::HalfClosed, "no answer"),
        (Fault::Redirect, "302, we do not go"),
        (Fault::Silent, "no answer"),
        (Fault::ActsAndFails, "502"),
    ];
    club.bench.bears(|fault| club.thing.set_fault(fault), &nonsense).await;
    assert_eq!(club.bench.ends(7, Effect::LightsOff).await, Verdict::Verified);
}

#[tokio::test]
async fn a_command_that_is_answered_with_nonsense_is_left_to_what_is_seen() {
    for answer in MUDDLED {
        let mut club = start("lights", LIGHTS, |_| {}).await;
        club.bench.goes_by_what_it_sees(|fault| club.thing.set_fault(fault), answer).await;
    }
}

#[tokio::test]
async fn a_command_too_often_fails_and_the_thing_is_left_alone() {
    for after in [Some(1), None] {
        let mut club = start("lights", LIGHTS, |call| call.state = None).await;
        club.thing.set_fault(Some(Fault::TooMany(after)));
        let Verdict::Failed(why) = club.bench.ends(7, Effect::LightsOff).await else { panic!("no failure") };
        assert!(why.contains("429"), "{why}");
        if after.is_some() {
            assert!(club.bench.barred(Effect::LightsOff).await.contains("it asked for patience"));
            assert_eq!(club.thing.asked().len(), 1);
        }
        club.thing.set_fault(None);
        let sent = async || club.bench.act(8, Effect::LightsOff).await.ok().map(drop);
        asked_until(PATIENCE, sent, || "it is left alone for ever".to_owned()).await;
    }
}

#[tokio::test]
async fn a_thing_that_is_gone_gets_nothing() {
    let mut club = start("lights", LIGHTS, |_| {}).await;
    club.thing.set_power(false);
    club.bench.down("cannot be reached").await;
    assert!(club.bench.barred(Effect::LightsOff).await.contains("cannot be reached"));
    club.thing.set_power(true);
    club.bench.back().await;
    assert_eq!(club.bench.ends(7, Effect::LightsOff).await, Verdict::Verified);
}

#[tokio::test]
async fn only_the_pinned_certificate_is_spoken_to_and_its_dates_do_not_count() {
    let control = club();
    for transport in [Transport::Https, Transport::HttpsExpired] {
        let thing = thing("lights", transport, None, &control);
        let call = thing.settings();
        assert!(call.url.starts_with("https:"));
        let mut bench = Bench::start("lights", LIGHTS, LanDevice::Http(call.clone().into())).up().await;
        assert_eq!(bench.ends(7, Effect::LightsOff).await, Verdict::Verified, "{transport:?}");
        let mut changed = call;
        changed.certificate_sha256 = Some("ab".repeat(32));
        let mut bench = Bench::start("lights", LIGHTS, LanDevice::Http(changed.into()));
        bench.down("cannot be reached, certificate").await;
        assert!(bench.barred(Effect::LightsOn).await.contains("certificate"));
    }
}

#[tokio::test]
async fn a_pin_that_is_none_is_said_with_the_device() {
    let mut call = thing("lights", Transport::Https, None, &club()).settings();
    call.certificate_sha256 = Some("no pin".to_owned());
    let refused = Bench::start_with("lights", LIGHTS, LanDevice::Http(call.into()), quick()).err();
    assert!(matches!(&refused, Some(LanError::Http { target, .. }) if target.as_str() == "lights"));
}

#[tokio::test]
async fn a_permit_that_ran_out_and_an_effect_the_site_does_not_name_move_nothing() {
    let club = start("lights", LIGHTS, |call| call.state = None).await;
    assert!(club.bench.expired(Effect::LightsOff).await.contains("ran out"));
    let other = club.bench.act(8, Effect::OutletCycle).await.err();
    assert!(matches!(other, Some(NotSent::Unsupported(Effect::OutletCycle))));
    eventually("nothing was asked", || club.thing.asked().is_empty()).await;
}
