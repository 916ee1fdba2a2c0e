//! The PJLink driver against recorded answers (`tests/data/wire/SOURCES.md`), good and bad.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use clubos::clock::Clock;
use clubos::device::lan::LanDriver;
use clubos::device::verify::Verdict;
use clubos::device::{Driver, Observation};
use clubos::site::Effect;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::projector_bench::{BAY, Family, device, drive, power, quick};
use crate::support::{Seen, act, eventually};

fn exchanges() -> Vec<(String, String)> {
    let text = include_str!("../data/wire/pjlink/aiopjlink_exchanges.json");
    let recorded: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    let pair = |pair: &serde_json::Value| (text(&pair["request"]), text(&pair["response"]));
    recorded["exchanges"].as_array().expect("a list").iter().map(pair).collect()
}

/// A projector that answers from a list, and `ERR1` to what does not stand in it.
#[derive(Clone, Default)]
struct Player(Arc<Mutex<HashMap<String, String>>>);

impl Player {
    /// Plays one recorded exchange from now on; fails where there is none such.
    fn plays(&self, request: &str, response: &str) {
        let pair = (request.to_owned(), response.to_owned());
        assert!(exchanges().contains(&pair), "{pair:?} was not recorded");
        self.0.lock().unwrap().insert(pair.0, pair.1);
    }

    async fn start(&self) -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let player = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut stream = BufReader::new(stream);
                let mut answer = "PJLINK 0\r".to_owned();
                while stream.write_all(answer.as_bytes()).await.is_ok() {
                    let mut line = Vec::new();
                    if stream.read_until(b'\r', &mut line).await.unwrap_or(0) == 0 {
                        break;
                    }
                    let line = String::from_utf8(line).expect("text");
                    let recorded = player.0.lock().unwrap().get(&line).cloned();
                    answer = recorded.unwrap_or_else(|| format!("{}=ERR1\r", &line[..6]));
                }
            }
        });
        address
    }
}

async fn bench() -> (Player, LanDriver, Seen, Clock) {
    let player = Player::default();
    player.plays("%1POWR ?\r", "%1POWR=1\r");
    player.plays("%1INPT ?\r", "%1INPT=31\r");
    let clock = Clock::system();
    let (driver, seen) = drive(device(Family::Pjlink, player.start().await, None), clock.clone(), quick());
    (player, driver, seen, clock)
}

#[tokio::test]
async fn recorded_answers_are_seen_for_what_they_say() {
    let (player, driver, mut seen, _) = bench().await;
    player.plays("%1ERST ?\r", "%1ERST=101020\r");
    player.plays("%1INF1 ?\r", "%1INF1=EPSON\r");
    seen.once(BAY, |o| *o == power(true)).await;
    seen.once(BAY, |o| *o == Observation::ProjectorInput { right: true }).await;
    let trouble =
        || driver.health()[0].last_error.as_deref() == Some("error: filter; warning: fan, temperature");
    eventually("its errors are told", trouble).await;
    player.plays("%1POWR ?\r", "%1POWR=0\r");
    seen.until(BAY, |o| *o == power(false)).await;
    assert!(seen.all.iter().all(|event| !event.simulated), "a recorded maker is no simulated one");
}

#[tokio::test]
async fn recorded_nonsense_is_said_and_takes_the_projector_offline() {
    for (response, said) in [("%1POWR=A\r", "its power is `A`"), ("%1ROWP=A\r", "%1ROWP=A")] {
        let (player, driver, mut seen, _) = bench().await;
        seen.online(BAY, true).await;
        player.plays("%1POWR ?\r", response);
        seen.online(BAY, false).await;
        let error = driver.health()[0].last_error.clone().expect("an error");
        assert!(error.contains(said), "{error}");
    }
}

#[tokio::test]
async fn recorded_refusals_fail_the_effect_and_an_unknown_yes_proves_nothing() {
    let (player, driver, mut seen, clock) = bench().await;
    player.plays("%1POWR 0\r", "%1POWR=ERR4\r");
    let mut watch = act(&driver, &clock, &seen, 1, Effect::ProjectorOff, BAY).await.expect("it answered");
    let Verdict::Failed(why) = seen.verdict(&mut watch, |_, _| false).await else { panic!("not failed") };
    assert!(why.contains("ERR4"), "{why}");
    player.plays("%1POWR 0\r", "%1POWR=UGH\r");
    let mut watch = act(&driver, &clock, &seen, 2, Effect::ProjectorOff, BAY).await.expect("perhaps taken");
    let shown = seen.verdict(&mut watch, |_, event| event.observation == power(true)).await;
    assert_eq!(shown, Verdict::Pending);
    player.plays("%1POWR 0\r", "%1POWR=OK\r");
    let mut watch = act(&driver, &clock, &seen, 3, Effect::ProjectorOff, BAY).await.expect("sent");
    player.plays("%1POWR ?\r", "%1POWR=2\r");
    assert_eq!(seen.verdict(&mut watch, |_, _| false).await, Verdict::Verified, "its picture is gone");
}
