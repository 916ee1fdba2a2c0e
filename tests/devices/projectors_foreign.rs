//! Projectors and foreign PJLink programs. `tests/peers/pjlink.py` runs these two and brings the programs; without
//! it they are skipped, and prove nothing.

use std::net::SocketAddr;
use std::process::Stdio;

use clubos::clock::Clock;
use clubos::device::verify::Verdict;
use clubos::simclub::pjlink_server::PjlinkServer;
use clubos::simclub::{SimClub, SimControl};
use clubos::site::{Effect, Target};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

use crate::projector_bench::{BAY, Family, PASSWORD, device, drive, power, quick, secret};
use crate::support::{Scratch, Seen, act, eventually};

/// The peer's script, in a Python that has the foreign programs.
fn peer(role: &str) -> Command {
    let python = std::env::var("CLUBOS_PEER_PYTHON").expect("run by tests/peers/pjlink.py");
    let mut command = Command::new(python);
    command.args(["tests/peers/pjlink.py", role]).kill_on_drop(true);
    command
}

#[tokio::test]
#[ignore = "needs foreign programs: tests/peers/pjlink.py"]
async fn a_foreign_projector_is_controlled_with_a_password() {
    let mut emulator =
        peer("emulator").arg(PASSWORD).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a peer");
    let mut tell = emulator.stdin.take().expect("piped");
    let mut lines = BufReader::new(emulator.stdout.take().expect("piped")).lines();
    let address = lines.next_line().await.expect("read").expect("an address");
    let address: SocketAddr = address.parse().expect("an address");
    println!("the emulator listens at {address}");
    let scratch = Scratch::new();
    let clock = Clock::system();
    let start = |password: &str| {
        let file = secret(&scratch, password);
        drive(device(Family::Pjlink, address, Some(file)), clock.clone(), quick())
    };
    let (driver, mut seen): (_, Seen) = start("wrong");
    seen.online(BAY, false).await;
    use clubos::device::Driver;
    println!("with a wrong password: {}", driver.health()[0].last_error.clone().unwrap_or_default());
    eventually("ERRA is said", || driver.health()[0].last_error.as_deref().unwrap_or("").contains("ERRA"))
        .await;
    drop(driver);
    let (driver, mut seen) = start(PASSWORD);
    seen.once(BAY, |o| *o == power(false)).await;
    let steps = [Effect::ProjectorOn, Effect::ProjectorInput, Effect::ProjectorCycle, Effect::ProjectorOff];
    for (id, effect) in (1..).zip(steps) {
        let mut watch = act(&driver, &clock, &seen, id, effect, BAY).await.expect("sent");
        let verdict = seen.verdict(&mut watch, |_, _| false).await;
        println!("{effect}: {verdict:?}");
        assert_eq!(verdict, Verdict::Verified, "{effect}");
    }
    tell.write_all(b"fail\n").await.expect("told");
    assert_eq!(lines.next_line().await.expect("read").as_deref(), Some("ready"));
    let mut watch = act(&driver, &clock, &seen, 9, Effect::ProjectorOn, BAY).await.expect("it answered");
    let verdict = seen.verdict(&mut watch, |_, _| false).await;
    println!("with ERR4: {verdict:?}");
    assert!(matches!(verdict, Verdict::Failed(why) if why.contains("ERR4")));
    drop(tell);
    let told = lines.next_line().await.expect("read").expect("what it was told");
    println!("the emulator was told: {told}");
    assert_eq!(told, "POWR 1, INPT 31, POWR 0, POWR 1, POWR 0, POWR 1");
    assert!(emulator.wait().await.expect("ended").success());
}

#[tokio::test]
#[ignore = "needs foreign programs: tests/peers/pjlink.py"]
async fn a_foreign_client_controls_the_simulated_projector() {
    let mut club = SimClub::new().with_speed(100.0);
    club.add(Target::new(BAY));
    let server = PjlinkServer::start(
        Target::new(BAY),
        0,
        Some(PASSWORD.to_owned()),
        SimControl::new(club),
        Clock::system(),
    )
    .expect("a projector");
    let client = peer("client").arg(server.addr().to_string()).arg(PASSWORD).status().await;
    assert!(client.expect("ended").success());
    assert_eq!(server.told(), ["off", "on", "input 32"]);
}
