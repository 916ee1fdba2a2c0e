//! The chaos run: customers text through a simulated Quo that fails in every way it can, webhooks come late,
//! twice, out of order or never, and the real program is killed with SIGKILL in the middle of it. At the end
//! the provider's own ledger is held against the box's: every text ended exactly once, none of ours was
//! sent twice, every call to a person is acknowledged or still climbing. Two people acknowledge some of what
//! waits, now and then the same call at the same time. Everything is on loopback.
//!
//! 160 texts and 40 faults; 2,000 and 300 with `CLUBOS_SOAK=1`. `CLUBOS_SEED` brings back the same customers
//! and faults (as far as the machine's own timing allows). Waits at random are how customers write.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says that it failed by panicking"
)]

mod faults;
mod house;
mod ledger;
mod people;
#[path = "../kill/random.rs"]
#[allow(dead_code, reason = "shared with the kill test, which uses all of it")]
mod random;

use std::time::Duration;

use clubos::clock::Clock;
use clubos::simclub::fake_quo::FakeQuo;
use tokio::time::{Instant, sleep};

use house::House;
use random::Random;

/// How large the run is.
struct Scale {
    texts: u32,
    faults: u32,
    kills: u32,
    /// Between two texts, ms at most: the provider takes ten requests a second, for sends and looks alike.
    gap: u64,
    /// How long what was begun may take to settle.
    settle: Duration,
}

impl Scale {
    fn of_run() -> Scale {
        match std::env::var("CLUBOS_SOAK").is_ok_and(|v| v == "1") {
            true => {
                Scale { texts: 2_000, faults: 300, kills: 30, gap: 520, settle: Duration::from_secs(400) }
            }
            false => Scale { texts: 160, faults: 40, kills: 3, gap: 260, settle: Duration::from_secs(150) },
        }
    }
}

const WORDS: [&str; 12] = [
    "what is the wifi password?",
    "how much is it per hour",
    "where do I park",
    "are you open tonight",
    "can i talk to a person",
    "i want a refund please",
    "thanks!",
    "do you have left handed clubs",
    "⛳️ is there food",
    "how many people can play in one bay",
    "we found a glove in here",
    "how early can i get in",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_provider_does_every_text_ends_once_and_none_is_sent_twice() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let seed = random::seed();
    println!("CLUBOS_SEED={seed}");
    let (scale, mut random) = (Scale::of_run(), Random::new(seed));
    let mut quo = FakeQuo::start(Clock::system()).expect("a simulated Quo");
    let mut house = House::new(&quo);
    house.add_people().await;
    house.spawn();
    house.up().await;
    let mut people = people::People::arrive(house.url()).await;
    quo.post_hooks_to(Some(&house.hook_url()));

    let (every, mut faults) = ((scale.texts / scale.faults).max(1), faults::Tally::new(house.hook_url()));
    let mut written = ledger::Written::new();
    let kill_every = scale.texts / (scale.kills + 1);
    for n in 1..=scale.texts {
        let customer = format!("+1902555{:04}", 110 + random.below(70));
        let words = random.pick(&WORDS);
        // A tenth are repeats of the very same words, which are texts of their own.
        let text = if random.percent(10) { (*words).to_owned() } else { format!("{words} ({n})") };
        written.insert(quo.customer_writes(&customer, &text, u32::from(random.percent(2))));
        if random.percent(1) {
            quo.person_writes("USdana", &customer, &format!("Dana here, looking at it ({n})"));
        }
        if n % every == 0 {
            faults.one(&mut quo, &mut random).await;
        }
        if random.percent(8) {
            people.acknowledge_one(&mut random).await;
        }
        if n % kill_every == 0 && n / kill_every <= scale.kills {
            house.kill().await;
            sleep(random.millis(0, 1_500)).await; // texts come in while it is dead
            house.spawn();
        }
        sleep(random.millis(20, scale.gap)).await;
    }
    faults.over(&mut quo).await;
    house.up().await;

    people.acknowledge_one(&mut random).await;
    let limit = Instant::now() + scale.settle;
    let mut open = ledger::open(&house.database(), &written);
    while !open.is_empty() && Instant::now() < limit {
        sleep(Duration::from_millis(500)).await;
        open = ledger::open(&house.database(), &written);
    }
    let mut wrong = open;
    wrong.extend(ledger::wrong(&house.database(), &written, quo.carrier()));
    wrong.extend(ledger::forgotten(&house.database(), people.acknowledged()));
    wrong.extend(quo.complaints().into_iter().map(|c| format!("the provider complains: {c}")));
    let counts = ledger::counts(&house.database(), quo.carrier());
    let acknowledged = people.acknowledged().len();
    println!(
        "{} texts, {} kills, {acknowledged} calls acknowledged, faults {faults}; {counts}",
        scale.texts, scale.kills
    );
    if !wrong.is_empty() {
        house.keep();
    }
    assert!(wrong.is_empty(), "seed {seed}:\n{}", wrong.join("\n"));
    assert!(acknowledged > 0, "nobody acknowledged anything, seed {seed}");
    assert!(faults.count() >= scale.faults, "too little went wrong, seed {seed}: {faults}");
    house.kill().await;
}
