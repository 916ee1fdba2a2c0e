//! The driver of network gear against a console on real HTTPS that checks every request.

use std::collections::BTreeMap;
use std::time::Duration;

use clubos::clock::Clock;
use clubos::device::unifi_network::{NetworkDriver, NetworkError, NetworkOptions};
use clubos::device::verify::Verdict;
use clubos::device::{DeviceHealth, Driver, NotSent, Observation};
use clubos::simclub::network_server::{
    ACCESS_POINT, BOX, FAR_SWITCH, Fault, GATEWAY, NetworkServer, SITE, SWITCH,
};
use clubos::simclub::{Behaviour, SimClub, SimControl};
use clubos::site::{Effect, Gear, NetworkConsole, Target};

use crate::support::{PATIENCE, Scratch, Seen, Watch, act, eventually, permit};

fn quick() -> NetworkOptions {
    NetworkOptions {
        patience: Duration::from_millis(1500),
        open_poll: Duration::from_millis(20),
        idle_poll: Duration::from_millis(50),
        grace: Duration::from_millis(300),
        backoff: Duration::from_millis(50),
        longest_pause: Duration::from_secs(2),
        breaker: 5,
    }
}

struct Bench {
    server: NetworkServer,
    clock: Clock,
    driver: NetworkDriver,
    seen: Seen,
    _scratch: Scratch,
}

impl Bench {
    fn start() -> Bench {
        Bench::start_with(|_| {}).expect("a driver")
    }

    /// Bay 1 on port 5 and bay 2 on port 24 (the box's) of the near switch, bay 3 on port 7 (an uplink),
    /// bay 4 on a port without power, bay 5 behind the far switch; the hall is the gateway.
    fn start_with(change: impl FnOnce(&mut NetworkConsole)) -> Result<Bench, NetworkError> {
        Bench::start_of(GATEWAY, change)
    }

    fn start_of(hall: &str, change: impl FnOnce(&mut NetworkConsole)) -> Result<Bench, NetworkError> {
        let scratch = Scratch::new();
        let clock = Clock::system();
        let server = NetworkServer::start(scratch.path(), Duration::from_millis(300)).expect("a console");
        let port = |device: &str, port| Gear::Port { device: device.to_owned(), port };
        let gear = BTreeMap::from([
            (Target::new("bay-1"), port(SWITCH, 5)),
            (Target::new("bay-2"), port(SWITCH, 24)),
            (Target::new("bay-3"), port(SWITCH, 7)),
            (Target::new("bay-4"), port(SWITCH, 8)),
            (Target::new("bay-5"), port(FAR_SWITCH, 3)),
            (Target::new("network"), Gear::Device { device: hall.to_owned() }),
        ]);
        let (sender, seen) = Seen::new();
        let mut console = server.settings();
        change(&mut console);
        let driver = NetworkDriver::start(&console, gear, sender, clock.clone(), quick())?;
        Ok(Bench { server, clock, driver, seen, _scratch: scratch })
    }

    async fn act(&self, id: i64, effect: Effect, target: &str) -> Result<Watch, NotSent> {
        act(&self.driver, &self.clock, &self.seen, id, effect, target).await
    }

    async fn cycle(&self, id: i64, target: &str) -> Result<Watch, NotSent> {
        self.act(id, Effect::PoeCycle, target).await
    }

    /// Why nothing was sent; fails if something was.
    async fn barred(&self, effect: Effect, target: &str) -> String {
        let before = self.server.actions();
        let Err(NotSent::Offline(why)) = self.act(90, effect, target).await else {
            panic!("{effect} of {target} was sent")
        };
        assert_eq!(self.server.actions(), before);
        why
    }

    async fn ends(&mut self, watch: &mut Watch) -> Verdict {
        tokio::time::timeout(PATIENCE, self.seen.verdict(watch, |_, _| false)).await.expect("an end")
    }

    fn health(&self, target: &str) -> DeviceHealth {
        self.driver.health().into_iter().find(|row| row.target.as_str() == target).expect("a row")
    }

    fn asked_only_what_exists(&self) {
        assert_eq!(self.server.wrong(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_port_is_power_cycled_and_seen_dark_and_lit_again() {
    let mut bench = Bench::start();
    let mut watch = bench.cycle(7, "bay-1").await.expect("sent");
    assert_eq!(bench.ends(&mut watch).await, Verdict::Verified);
    let switch = format!("7a000000-0000-4000-8000-{}", SWITCH.replace(':', ""));
    let path = format!(
        "POST /proxy/network/integration/v1/sites/{SITE}/devices/{switch}/interfaces/ports/5/actions"
    );
    assert_eq!(bench.server.actions(), [path]);
    assert!(bench.seen.all.iter().all(|event| event.simulated));
    bench.asked_only_what_exists();
}

#[tokio::test]
async fn the_gateway_is_restarted_and_its_uptime_begins_anew() {
    let mut bench = Bench::start();
    bench.seen.once("network", |o| matches!(o, Observation::Uptime { seconds } if *seconds >= 1000)).await;
    let mut watch = bench.act(8, Effect::NetworkRestart, "network").await.expect("sent");
    assert_eq!(bench.ends(&mut watch).await, Verdict::Verified);
    assert_eq!(bench.server.actions().len(), 1);
    bench.asked_only_what_exists();
}

#[tokio::test]
async fn the_simulated_gear_follows_the_club_it_stands_for() {
    let mut bench = Bench::start_of(ACCESS_POINT, |_| {}).expect("a driver");
    let hall = Target::new("network");
    let mut club = SimClub::new();
    club.add(hall.clone());
    let control = SimControl::new(club);
    bench.server.follow(control.clone(), BTreeMap::new(), [(ACCESS_POINT, hall.clone())].into());
    bench.seen.online("network", true).await;
    control.set(&hall, Effect::NetworkRestart, Behaviour::Fail);
    let mut watch = bench.act(8, Effect::NetworkRestart, "network").await.expect("asked");
    assert!(matches!(bench.ends(&mut watch).await, Verdict::Failed(_)));
    control.set_online(bench.clock.now(), &hall, false);
    let gone = bench.seen.online("network", false).await;
    let said = |o: &Observation| matches!(o, Observation::Reachable { reason: Some(why), .. } if why.contains("OFFLINE"));
    assert!(said(&gone.observation), "{gone:?}");
    control.set_online(bench.clock.now(), &hall, true);
    bench.seen.online("network", true).await;
}

#[tokio::test]
async fn a_console_that_says_yes_and_does_nothing_proves_nothing() {
    let mut bench = Bench::start();
    bench.server.set_fault(Some(Fault::Lies));
    let mut watch = bench.cycle(9, "bay-1").await.expect("sent");
    let lit = |v: &Verdict, e: &clubos::device::DeviceEvent| {
        *v == Verdict::Acknowledged && e.observation == Observation::Supply { on: true }
    };
    assert_eq!(bench.seen.verdict(&mut watch, lit).await, Verdict::Acknowledged);
}

#[tokio::test]
async fn a_502_from_a_console_that_acted_is_verified_by_what_is_seen() {
    let mut bench = Bench::start();
    bench.server.set_fault(Some(Fault::ActsAndFails));
    let mut watch = bench.cycle(10, "bay-1").await.expect("it may have acted, so it is not refused");
    assert_eq!(bench.ends(&mut watch).await, Verdict::Verified);
    assert_eq!(bench.server.actions().len(), 1, "never a second time");
}

#[tokio::test]
async fn line_access_points_and_the_bays_computer_are_seen() {
    let mut bench = Bench::start();
    bench.server.set_page(2);
    bench.seen.once("network", |o| *o == Observation::Wan { up: true }).await;
    bench.seen.once("network", |o| *o == Observation::AccessPoints { online: 2, total: 2 }).await;
    bench.seen.once("bay-1", |o| *o == Observation::OnNetwork { present: true }).await;
    bench.server.set_link(GATEWAY, 9, false);
    bench.server.set_state("02:00:00:00:00:05", "CONNECTION_INTERRUPTED");
    bench.server.connect(clubos::simclub::network_server::PC, None);
    bench.seen.once("network", |o| *o == Observation::Wan { up: false }).await;
    bench.seen.once("network", |o| *o == Observation::AccessPoints { online: 1, total: 2 }).await;
    bench.seen.once("bay-1", |o| *o == Observation::OnNetwork { present: false }).await;
    bench.asked_only_what_exists();
}

#[tokio::test]
async fn a_switch_that_is_away_takes_the_ports_with_it_and_not_the_bay() {
    let mut bench = Bench::start();
    bench.server.set_state(FAR_SWITCH, "OFFLINE");
    let gone = bench.seen.online("bay-5", false).await;
    let part = Observation::Reachable {
        online: false,
        effect: Some(Effect::PoeCycle),
        reason: Some("the console says OFFLINE".to_owned()),
    };
    assert_eq!(gone.observation, part);
    assert!(bench.barred(Effect::PoeCycle, "bay-5").await.contains("OFFLINE"));
    bench.server.set_state(FAR_SWITCH, "A_NEW_WORD");
    eventually("an unknown state is said", || {
        bench.health("bay-5").last_error.is_some_and(|e| e.contains("A_NEW_WORD"))
    })
    .await;
    bench.server.set_state(FAR_SWITCH, "ONLINE");
    bench.seen.online("bay-5", true).await;
    let mut watch = bench.cycle(11, "bay-5").await.expect("sent");
    assert_eq!(bench.ends(&mut watch).await, Verdict::Verified);
}

#[tokio::test]
async fn a_state_that_nobody_knows_is_said_and_is_no_absence() {
    let mut bench = Bench::start();
    bench.seen.online("bay-5", true).await;
    bench.server.set_state(FAR_SWITCH, "A_NEW_WORD");
    let said = || bench.health("bay-5").last_error.is_some_and(|error| error.contains("A_NEW_WORD"));
    eventually("it is said", said).await;
    assert_eq!(bench.health("bay-5").online, Some(true));
    let mut watch = bench.cycle(12, "bay-5").await.expect("sent");
    assert_eq!(bench.ends(&mut watch).await, Verdict::Verified);
}

#[tokio::test]
async fn uplinks_and_the_boxs_own_port_are_never_cut() {
    let bench = Bench::start();
    assert!(bench.barred(Effect::PoeCycle, "bay-2").await.contains("carries this box"));
    assert!(bench.barred(Effect::PoeCycle, "bay-3").await.contains("uplink"));
    assert!(bench.barred(Effect::PoeCycle, "bay-4").await.contains("gives no power"));
    bench.asked_only_what_exists();
}

#[tokio::test]
async fn what_is_not_known_is_refused_with_what_to_do() {
    let bench = Bench::start_with(|console| console.uplinks.clear()).expect("a driver");
    assert!(bench.barred(Effect::PoeCycle, "bay-1").await.contains("network.uplinks"));
    let bench = Bench::start_with(|console| console.box_port = None).expect("a driver");
    assert!(bench.barred(Effect::PoeCycle, "bay-1").await.contains("network.box_port"));
    let bench = Bench::start_with(|console| console.box_mac = None).expect("a driver");
    assert!(bench.barred(Effect::PoeCycle, "bay-1").await.contains("network.box_device"));
    let bench = Bench::start_with(|console| console.box_device = Some(GATEWAY.to_owned())).expect("a driver");
    assert!(bench.barred(Effect::PoeCycle, "bay-1").await.contains("sees this box at"));
    let bench = Bench::start();
    bench.server.connect(BOX, None);
    assert!(bench.barred(Effect::PoeCycle, "bay-1").await.contains("which device carries this box"));
    let bench = Bench::start_with(|console| console.site = Some("elsewhere".to_owned())).expect("a driver");
    assert!(bench.barred(Effect::PoeCycle, "bay-1").await.contains("network.site"));
}

#[tokio::test]
async fn what_carries_the_box_or_its_way_out_is_never_restarted() {
    let bench = Bench::start_of(SWITCH, |_| {}).expect("a driver");
    assert!(bench.barred(Effect::NetworkRestart, "network").await.contains("carries this box"));
    bench.server.connect(BOX, Some(FAR_SWITCH));
    assert!(bench.barred(Effect::NetworkRestart, "network").await.contains("way to the gateway"));
    let bench = Bench::start();
    bench.server.connect(BOX, Some(GATEWAY));
    assert!(bench.barred(Effect::NetworkRestart, "network").await.contains("carries this box"));
    let mut bench = Bench::start_of(FAR_SWITCH, |_| {}).expect("a driver");
    let mut watch = bench.act(12, Effect::NetworkRestart, "network").await.expect("beside the box's way");
    assert_eq!(bench.ends(&mut watch).await, Verdict::Verified);
}

#[tokio::test]
async fn bad_answers_never_panic_never_act_and_are_said_and_it_recovers() {
    for fault in [
        Fault::Html,
        Fault::Truncated,
        Fault::Huge,
        Fault::WrongShape,
        Fault::WrongPage,
        Fault::Redirect,
        Fault::Silent,
    ] {
        let mut bench = Bench::start();
        bench.seen.online("bay-1", true).await;
        bench.server.set_fault(Some(fault));
        bench.seen.online("bay-1", false).await;
        let why = bench.barred(Effect::PoeCycle, "bay-1").await;
        assert!(!why.is_empty() && why.len() < 500, "{fault:?}: {why}");
        bench.server.set_fault(None);
        bench.seen.online("bay-1", true).await;
        let mut watch = bench.cycle(20, "bay-1").await.expect("sent");
        assert_eq!(bench.ends(&mut watch).await, Verdict::Verified, "{fault:?}");
        bench.asked_only_what_exists();
    }
}

#[tokio::test]
async fn a_console_that_fails_again_and_again_is_left_alone_for_a_while() {
    let bench = Bench::start();
    bench.server.set_fault(Some(Fault::Html));
    let left_alone = || {
        let asked = bench.server.asked();
        asked.windows(2).any(|w| w[1].0.duration_since(w[0].0) >= Duration::from_millis(390))
    };
    eventually("longer and longer pauses", left_alone).await;
    let why = bench.barred(Effect::PoeCycle, "bay-1").await;
    assert!(why.contains("in a row") && why.contains("asked again in"), "{why}");
}

#[tokio::test]
async fn a_429_is_waited_out_as_long_as_it_says() {
    let bench = Bench::start();
    bench.server.set_fault(Some(Fault::TooMany(Some(1))));
    eventually("three tries", || bench.server.asked().len() >= 3 && pauses(&bench, 2)).await;
    assert!(bench.barred(Effect::PoeCycle, "bay-1").await.contains("429"));
}

/// Whether so many of the last gaps between requests are a second or more.
fn pauses(bench: &Bench, wanted: usize) -> bool {
    let asked = bench.server.asked();
    let gaps: Vec<Duration> = asked.windows(2).map(|w| w[1].0.duration_since(w[0].0)).collect();
    gaps.len() >= wanted && gaps.iter().rev().take(wanted).all(|gap| *gap >= Duration::from_millis(990))
}

#[tokio::test]
async fn a_429_without_a_time_is_backed_off_longer_and_longer() {
    let mut bench = Bench::start();
    bench.server.set_fault(Some(Fault::TooMany(None)));
    let begun = bench.server.asked().len();
    eventually("five tries", || bench.server.asked().len() >= begun + 6).await;
    let asked = bench.server.asked();
    let last: Vec<Duration> = asked.windows(2).rev().take(3).map(|w| w[1].0.duration_since(w[0].0)).collect();
    assert!(last[0] > last[1] && last[1] > last[2], "{last:?}");
    bench.server.set_fault(None);
    bench.seen.online("bay-1", true).await;
}

#[tokio::test]
async fn a_console_that_is_gone_is_said_and_comes_back() {
    let mut bench = Bench::start();
    bench.seen.online("network", true).await;
    bench.server.stop().await;
    bench.seen.online("network", false).await;
    bench.barred(Effect::PoeCycle, "bay-1").await;
    bench.server.come_back(false).expect("back");
    bench.seen.online("network", true).await;
    let mut watch = bench.cycle(30, "bay-1").await.expect("sent");
    assert_eq!(bench.ends(&mut watch).await, Verdict::Verified);
}

#[tokio::test]
async fn another_certificate_is_refused_and_said() {
    let mut bench = Bench::start();
    bench.seen.online("bay-1", true).await;
    bench.server.stop().await;
    let before = bench.server.asked().len();
    bench.server.come_back(true).expect("back as another");
    let said = || bench.health("bay-1").last_error.is_some_and(|e| e.contains("another certificate"));
    eventually("the certificate is said", said).await;
    bench.seen.online("bay-1", false).await;
    bench.barred(Effect::PoeCycle, "bay-1").await;
    assert_eq!(bench.server.asked().len(), before, "not one request, and so no key, went to another device");
}

#[tokio::test]
async fn a_wrong_key_is_said_and_never_shown() {
    let scratch = Scratch::new();
    let path = scratch.path().join("key");
    std::fs::write(&path, "not-the-key\n").expect("written");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("mode");
    let bench = Bench::start_with(|console| console.key_file = path.clone()).expect("a driver");
    let why = bench.barred(Effect::PoeCycle, "bay-1").await;
    assert!(why.contains("401") && !why.contains("not-the-key"), "{why}");
}

#[tokio::test]
async fn only_the_sites_gear_is_acted_on_and_only_in_time() {
    let bench = Bench::start();
    let now = bench.clock.now();
    let later = now + Duration::from_secs(60);
    for (effect, target) in [
        (Effect::PoeCycle, "bay-9"),
        (Effect::PcReboot, "bay-1"),
        (Effect::PoeCycle, "network"),
        (Effect::NetworkRestart, "bay-1"),
    ] {
        let refused = bench.driver.act(permit(50, effect, target, later)).await;
        assert!(matches!(refused, Err(NotSent::Unsupported(_))), "{effect} {target}");
    }
    let late = bench.driver.act(permit(51, Effect::PoeCycle, "bay-1", now)).await;
    assert!(matches!(late, Err(NotSent::Offline(_))));
    assert!(bench.server.actions().is_empty());
}
