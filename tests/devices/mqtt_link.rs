//! The connection that carries devices behind the broker: kept words, lost receipts, brokers that restart, silence, crowds.

use std::collections::BTreeSet;
use std::time::Duration;

use clubos::clock::{Clock, UnixMs};
use clubos::device::mqtt::{MqttDeviceOptions, MqttDriver};
use clubos::device::verify::Verdict;
use clubos::device::{Driver, LanUnit, NotSent, Observation};
use clubos::policy::Permit;
use clubos::site::{Broker, Effect, Target};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::mqtt_bench::{Club, Ear, PLUG_USER, TV_USER, options, plug, tv};
use crate::support::{PATIENCE, Scratch, Seen, Watch, act};

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

/// Reads one packet: its first byte and its body.
async fn packet(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let first = stream.read_u8().await.expect("a packet");
    let (mut length, mut shift) = (0_usize, 0);
    loop {
        let byte = stream.read_u8().await.expect("its length");
        length |= usize::from(byte & 0x7F) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.expect("its body");
    (first, body)
}

/// The topic of a PUBLISH, the id of its packet, its payload.
fn published(body: &[u8]) -> (String, [u8; 2], Vec<u8>) {
    let length = usize::from(u16::from_be_bytes([body[0], body[1]]));
    let topic = String::from_utf8(body[2..2 + length].to_vec()).expect("text");
    (topic, [body[2 + length], body[3 + length]], body[4 + length..].to_vec())
}

/// A broker spoken to byte by byte (MQTT 3.1.1), and a driver on it.
struct Bare {
    listener: TcpListener,
    driver: MqttDriver,
    seen: Seen,
    clock: Clock,
    _scratch: Scratch,
}

impl Bare {
    async fn start(units: &[LanUnit]) -> Bare {
        let scratch = Scratch::new();
        let password_file = scratch.path().join("password");
        std::fs::write(&password_file, "secret").expect("written");
        std::fs::set_permissions(&password_file, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .expect("mode");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (host, port) = ("127.0.0.1".to_owned(), listener.local_addr().expect("bound").port());
        let broker = Broker { host, port, username: "clubos".into(), password_file, plain_devices: None };
        let (sender, seen) = Seen::new();
        let clock = Clock::system();
        let options = MqttDeviceOptions { receipt: Duration::from_millis(200), ..options() };
        let driver = MqttDriver::start(&broker, units, sender, clock.clone(), options).expect("a driver");
        Bare { listener, driver, seen, clock, _scratch: scratch }
    }

    async fn welcome(&self) -> TcpStream {
        let accepted = tokio::time::timeout(PATIENCE, self.listener.accept()).await;
        let (mut stream, _) = accepted.expect("in time").expect("a client");
        assert_eq!(packet(&mut stream).await.0, 0x10, "CONNECT");
        // It pretends to remember the session, which nobody asked it to.
        stream.write_all(&[0x20, 2, 1, 0]).await.expect("CONNACK");
        stream
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
        let mut stream = bare.welcome().await;
        bare.seen.until("bay-4", |o| matches!(o, Observation::Reachable { online: true, .. })).await;
        bare.act(id, effect, "bay-4").await.expect("may have been sent");
        loop {
            let (first, body) = packet(&mut stream).await;
            if first & 0xF0 == 0x30 {
                assert_eq!(first & 1, 0, "a command was kept");
                let (topic, _, payload) = published(&body);
                assert_eq!(
                    (topic.as_str(), payload.as_slice()),
                    ("tv/4/set", word.as_bytes()),
                    "an old one was repeated"
                );
                break;
            }
        }
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
    let mut stream = bare.welcome().await;
    let (mut subscribes, mut filters, mut asked) = (0, 0, BTreeSet::new());
    while asked.len() < 200 {
        let (first, body) =
            tokio::time::timeout(PATIENCE, packet(&mut stream)).await.expect("a packet in time");
        match first & 0xF0 {
            0x80 => {
                subscribes += 1;
                let codes = count_filters(&body);
                filters += codes;
                let mut answer = vec![0x90, u8::try_from(codes + 2).expect("short")];
                answer.extend([body[0], body[1]]);
                answer.extend(std::iter::repeat_n(1, codes));
                stream.write_all(&answer).await.expect("SUBACK");
            }
            0x30 => {
                let (topic, id, payload) = published(&body);
                assert!(payload.is_empty(), "a question is empty");
                asked.insert(topic);
                stream.write_all(&[0x40, 2, id[0], id[1]]).await.expect("PUBACK");
            }
            0xC0 => stream.write_all(&[0xD0, 0]).await.expect("PINGRESP"),
            other => panic!("unexpected packet {other:#x}"),
        }
    }
    assert_eq!(filters, 1000);
    assert!(subscribes <= 12, "{subscribes} packets to subscribe");
}

/// The filters in a SUBSCRIBE.
fn count_filters(body: &[u8]) -> usize {
    let (mut at, mut count) = (2, 0);
    while at < body.len() {
        at += 3 + usize::from(u16::from_be_bytes([body[at], body[at + 1]]));
        count += 1;
    }
    count
}
