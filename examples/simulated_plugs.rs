//! Two simulated Shelly plugs on loopback, for foreign clients to try (`tests/peers/shelly.py`).
//!
//! usage: `simulated_plugs PASSWORD GEN2_PORT GEN1_PORT`; a port of 0 takes a free one. Tells both ports in one line
//! and runs until its input ends.

use std::io::Read as _;

use anyhow::Context as _;
use clubos::clock::Clock;
use clubos::simclub::shelly_server::{Generation, ShellyServer};
use clubos::simclub::{SimClub, SimControl};
use clubos::site::Target;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [password, gen2, gen1] = args.as_slice() else {
        anyhow::bail!("usage: simulated_plugs PASSWORD GEN2_PORT GEN1_PORT");
    };
    let mut club = SimClub::new().with_speed(20.0);
    let targets = [Target::new("bay-1"), Target::new("bay-2")];
    targets.iter().for_each(|target| club.add(target.clone()));
    let control = SimControl::new(club);
    let mut plugs = Vec::new();
    for (target, port, generation) in
        [(&targets[0], gen2, Generation::Two), (&targets[1], gen1, Generation::One)]
    {
        let port = port.parse().context("a port")?;
        let (control, clock) = (control.clone(), Clock::system());
        plugs.push(ShellyServer::start(target, port, generation, Some(password), control, clock)?);
    }
    println!("{} {}", plugs[0].addr().port(), plugs[1].addr().port());
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
