//! The older API of UniFi Network beside the official one, against a console that is strict with sessions and tokens.

use std::collections::BTreeMap;
use std::time::Duration;

use clubos::clock::Clock;
use clubos::device::unifi_network::{NetworkDriver, NetworkError, NetworkOptions};
use clubos::device::verify::Verdict;
use clubos::device::{Driver, NotSent, Observation};
use clubos::simclub::network_server::{FAR_SWITCH, Fault, NetworkServer, SWITCH};
use clubos::site::{Effect, Gear, NetworkConsole, Target};

use crate::support::{PATIENCE, Scratch, Seen, Watch, act, eventually};
use crate::waiting::asked_until;

struct Bench {
    server: NetworkServer,
    clock: Clock,
    driver: NetworkDriver,
    seen: Seen,
    _scratch: Scratch,
}

impl Bench {
    /// Nobody names an uplink or the box's port. Bay 1 hangs on port 5, bay 2 on the box's, bay 3 on one that leads
    /// to the far switch, bay 4 on an access point's, bay 5 on the far switch.
    async fn start() -> Bench {
        let mut bench = Bench::start_with(|_, _| {}).expect("a driver");
        bench.seen.once("network", |o| *o == Observation::Wan { up: true }).await;
        bench
    }

    fn start_with(change: impl FnOnce(&NetworkServer, &mut NetworkConsole)) -> Result<Bench, NetworkError> {
        let scratch = Scratch::new();
        let clock = Clock::system();
        let server = NetworkServer::start(scratch.path(), Duration::from_millis(300)).expect("a console");
        let port = |device: &str, port| Gear::Port { device: device.to_owned(), port };
        let gear = BTreeMap::from([
            (Target::new("bay-1"), port(SWITCH, 5)),
            (Target::new("bay-2"), port(SWITCH, 24)),
            (Target::new("bay-3"), port(SWITCH, 7)),
            (Target::new("bay-4"), port(SWITCH, 12)),
            (Target::new("bay-5"), port(FAR_SWITCH, 3)),
            (Target::new("network"), Gear::Watched),
        ]);
        let (sender, seen) = Seen::new();
        let mut console = server.settings();
        console.uplinks.clear();
        console.box_port = None;
        console.wan_port = None;
        console.account = Some(server.account());
        change(&server, &mut console);
        let options = NetworkOptions {
            patience: Duration::from_millis(1500),
            open_poll: Duration::from_millis(20),
            idle_poll: Duration::from_millis(150),
            grace: Duration::from_secs(30),
            backoff: Duration::from_millis(50),
            longest_pause: Duration::from_secs(2),
            breaker: 5,
        };
        let driver = NetworkDriver::start(&console, gear, sender, clock.clone(), options)?;
        Ok(Bench { server, clock, driver, seen, _scratch: scratch })
    }

    async fn cycle(&self, id: i64, target: &str) -> Result<Watch, NotSent> {
        act(&self.driver, &self.clock, &self.seen, id, Effect::PoeCycle, target).await
    }

    async fn barred(&self, target: &str) -> String {
        let Err(NotSent::Offline(why)) = self.cycle(90, target).await else { panic!("{target} was cut") };
        assert_eq!(self.server.actions().iter().filter(|what| !what.ends_with("/login")).count(), 0);
        why
    }

    async fn ends(&mut self, watch: &mut Watch) -> Verdict {
        tokio::time::timeout(PATIENCE, self.seen.verdict(watch, |_, _| false)).await.expect("an end")
    }

    fn last_error(&self) -> String {
        let rows = self.driver.health();
        let row = rows.into_iter().find(|row| row.target.as_str() == "network").expect("a row");
        row.last_error.unwrap_or_default()
    }

    async fn says(&self, what: &str) {
        eventually(what, || self.last_error().contains(what)).await;
    }
}

#[tokio::test]
async fn the_console_tells_the_uplinks_and_the_boxs_port_and_nobody_names_them() {
    let mut bench = Bench::start().await;
    assert!(bench.barred("bay-2").await.contains("carries this box, as the console shows"));
    assert!(bench.barred("bay-3").await.contains("carries other network gear, as the console shows"));
    assert!(bench.barred("bay-4").await.contains("carries other network gear, as the console shows"));
    for (id, bay) in [(7, "bay-1"), (8, "bay-5")] {
        let mut watch = bench.cycle(id, bay).await.expect("sent");
        assert_eq!(bench.ends(&mut watch).await, Verdict::Verified, "{bay}");
    }
    assert_eq!(bench.server.wrong(), Vec::<String>::new());
}

#[tokio::test]
async fn what_the_console_told_is_not_believed_for_ever() {
    let bench = Bench::start().await;
    bench.server.legacy().want_second_factor(true);
    bench.server.legacy().end_session();
    let forgotten = async || bench.barred("bay-3").await.contains("network.uplinks").then_some(());
    asked_until(PATIENCE, forgotten, || "old uplinks are still believed".to_owned()).await;
}

#[tokio::test]
async fn the_line_to_the_internet_is_told_by_the_health_and_not_by_a_cable() {
    let mut bench = Bench::start().await;
    bench.server.legacy().set_internet(false);
    bench.seen.once("network", |o| *o == Observation::Wan { up: false }).await;
    bench.server.legacy().set_internet(true);
    bench.seen.until("network", |o| *o == Observation::Wan { up: true }).await;
    assert_eq!(bench.server.legacy().log_ins(), 1, "one session for all of it");
}

#[tokio::test]
async fn an_old_console_cycles_a_port_by_its_older_api_with_the_token_of_the_day() {
    let mut bench = Bench::start().await;
    bench.server.set_fault(Some(Fault::Old));
    for id in 11..14 {
        let mut watch = bench.cycle(id, "bay-1").await.expect("sent");
        assert_eq!(bench.ends(&mut watch).await, Verdict::Verified, "with token {id}");
        bench.server.legacy().change_token();
        eventually("the new token is handed out", || bench.server.legacy().is_token_told()).await;
    }
    let commands = bench.server.actions();
    let commands = commands.iter().filter(|what| what.ends_with("/cmd/devmgr")).count();
    assert_eq!((commands, bench.server.legacy().log_ins()), (3, 1));
    assert_eq!(bench.server.wrong(), Vec::<String>::new());
}

#[tokio::test]
async fn a_session_that_ended_is_opened_once_more_in_the_background_and_never_while_somebody_waits() {
    let named = |_: &NetworkServer, console: &mut NetworkConsole| {
        console.uplinks = vec![(SWITCH.to_owned(), 1)];
        console.box_port = Some(24);
    };
    let mut bench = Bench::start_with(named).expect("a driver");
    bench.seen.once("network", |o| *o == Observation::Wan { up: true }).await;
    bench.server.legacy().end_session();
    eventually("a second log-in", || bench.server.legacy().log_ins() == 2).await;
    bench.server.set_fault(Some(Fault::Old));
    let mut watch = bench.cycle(21, "bay-1").await.expect("sent");
    assert_eq!(bench.ends(&mut watch).await, Verdict::Verified);
    // With no session and none to be had, a command is refused and logs nobody in.
    bench.server.legacy().want_second_factor(true);
    bench.server.legacy().end_session();
    bench.says("second factor").await;
    let before = bench.server.legacy().log_ins();
    match bench.cycle(22, "bay-1").await {
        Err(NotSent::Offline(why)) => assert!(why.contains("nobody is signed in"), "{why}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("sent without a session"),
    }
    assert_eq!(bench.server.legacy().log_ins(), before);
}

#[tokio::test]
async fn a_second_factor_is_told_plainly_and_the_account_is_left_alone() {
    let bench = Bench::start_with(|server, _| server.legacy().want_second_factor(true)).expect("a driver");
    bench.says("name a local account without one").await;
    let looks = bench.server.asked().len();
    eventually("more looks at the rest", || bench.server.asked().len() > looks + 20).await;
    assert_eq!(bench.server.legacy().log_ins(), 1, "consoles lock accounts");
    assert!(
        !bench.last_error().contains(&std::fs::read_to_string(bench.server.account().password_file).unwrap())
    );
}

#[tokio::test]
async fn a_wrong_password_is_told_and_not_tried_again_at_once() {
    let bench = Bench::start_with(|_, console| {
        let account = console.account.as_mut().expect("an account");
        account.username = "somebody".to_owned();
    })
    .expect("a driver");
    bench.says("does not take `network.username` (HTTP 403)").await;
    let looks = bench.server.asked().len();
    eventually("more looks at the rest", || bench.server.asked().len() > looks + 20).await;
    assert_eq!(bench.server.legacy().log_ins(), 1);
}

#[tokio::test]
async fn a_429_without_a_time_is_waited_out_longer_each_time() {
    let mut bench = Bench::start_with(|server, _| server.legacy().ask_for_patience(3)).expect("a driver");
    bench.seen.once("network", |o| *o == Observation::Wan { up: true }).await;
    assert_eq!(bench.server.legacy().log_ins(), 4);
    let asked = bench.server.asked();
    let at: Vec<_> = asked.iter().filter(|(_, what)| what.ends_with("/login")).map(|(at, _)| *at).collect();
    let pauses: Vec<_> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses[0] >= Duration::from_millis(50) && pauses[2] >= Duration::from_millis(200), "{pauses:?}");
}

#[tokio::test]
async fn bad_answers_are_survived_and_what_is_right_is_read_again() {
    for fault in [
        Fault::Html,
        Fault::Truncated,
        Fault::Huge,
        Fault::WrongShape,
        Fault::Redirect,
        Fault::Silent,
        Fault::TooMany(None),
        Fault::TooMany(Some(1)),
    ] {
        let mut bench = Bench::start().await;
        bench.server.set_fault(Some(fault));
        bench.says("older API").await;
        bench.server.set_fault(None);
        bench.server.legacy().set_internet(false);
        bench.seen.until("network", |o| *o == Observation::Wan { up: false }).await;
    }
}

#[tokio::test]
async fn another_certificate_gets_neither_the_password_nor_the_session() {
    let mut bench = Bench::start().await;
    bench.server.stop().await;
    bench.server.come_back(true).expect("back");
    let log_ins = bench.server.legacy().log_ins();
    let asked = bench.server.asked().len();
    bench.says("another certificate").await;
    assert_eq!((bench.server.legacy().log_ins(), bench.server.asked().len()), (log_ins, asked));
}
