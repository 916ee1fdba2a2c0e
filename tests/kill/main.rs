//! The kill test: the real program is killed with SIGKILL at random points, again and again on the same
//! state, while customers write over its pages and commands flow over a real broker to a simulated club
//! that survives. Nothing may be lost, answered twice, sent twice or forgotten. Everything is on loopback.
//!
//! 20 kills; 200 with `CLUBOS_SOAK=1`. `CLUBOS_SEED` brings back the same customers and kill points (as far
//! as the machine's own timing allows). Waits at random are the kill points themselves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says that it failed by panicking"
)]

mod club;
mod ledger;
mod random;
mod visitors;
#[path = "../waiting/mod.rs"]
mod waiting;
mod watch;

use std::collections::BTreeMap;
use std::time::Duration;

use clubos::clock::{Clock, UnixMs};
use serde_json::{Value, json};
use tokio::time::sleep;

use club::{Club, DOORS};
use ledger::Ledger;
use random::Random;
use visitors::{Guest, People};
use waiting::{asked_until, asked_within};

const PLAYERS: u8 = 6;
/// How soon after it happened something must be noticed, where the kill is to come right behind it.
const AT_ONCE: Duration = Duration::from_millis(1);

/// How large the run is.
struct Scale {
    kills: u32,
    /// Bays that are played in, and bays whose guests come to the door.
    played: u8,
    guests: u8,
    soak: bool,
}

impl Scale {
    fn of_run() -> Scale {
        match std::env::var("CLUBOS_SOAK").is_ok_and(|v| v == "1") {
            true => Scale { kills: 200, played: 54, guests: 40, soak: true },
            false => Scale { kills: 20, played: 24, guests: 16, soak: false },
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whenever_the_box_is_killed_nothing_is_lost_and_nothing_is_done_twice() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let seed = random::seed();
    println!("CLUBOS_SEED={seed}");
    let (scale, mut random) = (Scale::of_run(), Random::new(seed));
    let mut club = Club::start(scale.played + scale.guests).await;
    club.spawn();
    println!("ready after {:?}", club.up("/readyz").await);

    let (stop, stopped) = tokio::sync::watch::channel(false);
    let guests: Vec<Guest> = (0..scale.guests).map(guest).collect();
    let people = People::arrive(&club.url, &bookings(&scale, &guests), stopped).await;
    let tasks = come_in(&people, &scale, guests, &mut random);

    let (mut ledger, mut kinds) = (Ledger::default(), BTreeMap::new());
    let mut after_broker = None;
    let (mut kill, mut enough) = (0, false);
    // A quick machine is through before much has happened: it goes on, within bounds.
    while kill < scale.kills || (!enough && kill < 3 * scale.kills) {
        kill += 1;
        if kill == scale.kills / 3 {
            after_broker = Some(break_the_broker(&mut club).await);
        }
        let kind = point(&mut club, &people, &mut random).await;
        club.kill().await;
        *kinds.entry(kind).or_insert(0) += 1;
        let wrong = ledger.check(&club.database(), &people.promises());
        assert!(wrong.is_empty(), "seed {seed}, kill {kill} ({kind}):\n{}", wrong.join("\n"));
        enough = much_happened(&ledger::counts(&club.database()), &club);
        club.spawn();
    }
    club.up("/readyz").await;
    stop.send(true).expect("somebody is there");
    for task in tasks {
        task.await.expect("no visitor was turned away");
    }
    quiet(&club, scale.soak).await;
    club.stop().await;

    let mut wrong = ledger.check(&club.database(), &people.promises());
    wrong.extend(ledger::wires(&club.database(), &club.observer.commands(), &club.house.access().unlocks()));
    assert!(wrong.is_empty(), "seed {seed}, at the end:\n{}", wrong.join("\n"));
    let counts = ledger::counts(&club.database());
    println!("{kill} kills {kinds:?}; {} calls to people; {counts:?}", club.pager.calls());
    assert!(much_happened(&counts, &club), "too little happened, seed {seed}: {counts:?}");
    let bays = club.observer.commands().len();
    assert!(after_broker.is_some_and(|before| bays > before), "no command after the broker came back");
}

/// Whether the run meant something: messages, replies, effects, unlocks and calls to people.
fn much_happened(counts: &ledger::Counts, club: &Club) -> bool {
    let moved = counts.sent > 10 && counts.verified > 5 && counts.unlocks > 3;
    counts.messages > 100 && moved && counts.escalations > 3 && club.pager.calls() > 3
}

/// Lets the box live until a random point: in its start, at any moment, or right after something left it.
async fn point(club: &mut Club, people: &People, random: &mut Random) -> &'static str {
    let kind = random.below(100);
    if kind < 15 {
        sleep(random.millis(0, 700)).await;
        return "in the start";
    }
    club.up("/healthz").await;
    if kind < 35 {
        sleep(random.millis(0, 4_000)).await;
        return "at any moment";
    }
    let (commands, acks, calls) = (club.commands(), people.acks(), club.pager.calls());
    let (name, slack) = match kind {
        35..70 => ("after a command", 60),
        70..90 => ("after an acknowledgement", 8),
        _ => ("after a call to a person", 20),
    };
    let happened = async || {
        let happened = match name {
            "after a command" => club.commands() > commands,
            "after an acknowledgement" => people.acks() > acks,
            _ => club.pager.calls() > calls,
        };
        happened.then_some(())
    };
    let _ = asked_within(Duration::from_secs(8), AT_ONCE, happened).await; // nothing came: killed all the same
    sleep(random.millis(0, slack)).await;
    name
}

/// Stops the broker right after a command crossed it, and starts it again. How many had crossed it.
async fn break_the_broker(club: &mut Club) -> usize {
    club.up("/readyz").await;
    let before = club.observer.commands().len();
    let more = async || Some(club.observer.commands().len()).filter(|crossed| *crossed > before);
    let crossed = asked_within(Duration::from_secs(60), AT_ONCE, more).await.expect("a command in a minute");
    club.house.broker_mut().stop().await.expect("the broker ends");
    club.house.broker_mut().resume().await.expect("the broker starts");
    crossed
}

/// Waits until nothing is left to do; in the soak, until every effect has its outcome too.
async fn quiet(club: &Club, effects_too: bool) {
    let left = || ledger::unrest(&club.database(), Clock::system().now().0, effects_too);
    let patience = Duration::from_secs(if effects_too { 480 } else { 40 });
    asked_until(patience, async || left().is_empty().then_some(()), || format!("stuck: {}", left())).await;
}

fn come_in(
    people: &People,
    scale: &Scale,
    guests: Vec<Guest>,
    random: &mut Random,
) -> Vec<tokio::task::JoinHandle<()>> {
    let mut tasks = Vec::new();
    for player in 1..=PLAYERS {
        let bays = (player..=scale.played).step_by(PLAYERS.into()).map(|bay| format!("bay-{bay}")).collect();
        tasks.push(tokio::spawn(people.clone().play(format!("player{player}"), bays, random.fork())));
    }
    tasks.push(tokio::spawn(people.clone().knock(guests, &DOORS, random.fork())));
    tasks.push(tokio::spawn(people.clone().manage(random.fork())));
    tasks
}

fn guest(number: u8) -> Guest {
    Guest { phone: format!("902 555 01{:02}", 10 + number), booking: format!("GUEST-{number:03}") }
}

/// Every played bay is booked for hours; every guest's bay begins in a few minutes.
fn bookings(scale: &Scale, guests: &[Guest]) -> Value {
    let now = Clock::system().now();
    let at = |minutes: i64| UnixMs(now.0 + minutes * 60_000).to_string();
    let played = (1..=scale.played).map(|bay| {
        json!({"id": format!("PLAY-{bay:03}"), "phone": format!("+1902555010{}", bay % PLAYERS + 1), "bay": bay,
               "from": at(-30), "to": at(300)})
    });
    let coming = guests.iter().zip(scale.played + 1..).map(|(guest, bay)| {
        let phone = guest.phone.replace(' ', "");
        json!({"id": guest.booking, "phone": format!("+1{phone}"), "bay": bay, "reference": guest.booking,
               "from": at(5), "to": at(120)})
    });
    played.chain(coming).collect()
}
