//! The program itself: how soon it is up and ready, how much memory it holds, how large it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::program::Box;
use crate::{Times, row};

const WARM_STARTS: usize = 5;
const LOAD: usize = 600;
const AT_ONCE: usize = 8;

pub fn measure() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mut house = Box::new();
        let bay = house.book();
        cold(&mut house).await;
        warm(&mut house).await;
        memory(&mut house, &bay).await;
    });
    let size = std::fs::metadata(env!("CARGO_BIN_EXE_clubos")).expect("the program").len();
    row(
        "program",
        &format!("{:.1} MB", size as f64 / 1e6),
        "as this bench built it, without debug information",
    );
}

async fn start(house: &mut Box) -> (Duration, Duration) {
    let started = Instant::now();
    house.up().await;
    let up = started.elapsed();
    house.says_yes("/readyz").await;
    (up, started.elapsed())
}

async fn cold(house: &mut Box) {
    house.own_cache();
    let (up, ready) = start(house).await;
    house.down();
    let figure = format!("pages and emergency rules {}, model {:.1} s", crate::ms(up), ready.as_secs_f64());
    row("start without any cache", &figure, "the first start ever, after an update of the model");
}

async fn warm(house: &mut Box) {
    let (mut ups, mut readies) = (Vec::new(), Vec::new());
    for _ in 0..WARM_STARTS {
        let (up, ready) = start(house).await;
        house.down();
        ups.push(up);
        readies.push(ready);
    }
    let (up, ready) = (Times::of(ups).percentile(50), Times::of(readies).percentile(50));
    let figure = format!("pages and emergency rules {}, model {:.2} s", crate::ms(up), ready.as_secs_f64());
    row("start, warm", &figure, &format!("median of {WARM_STARTS}"));
}

async fn memory(house: &mut Box, bay: &str) {
    start(house).await;
    let cookie = Arc::new(house.sit_down(bay).await);
    let idle = house.pss_kb();
    let house = &*house;
    let (next, most) = (AtomicUsize::new(0), AtomicUsize::new(idle));
    let started = Instant::now();
    let worker = || async {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= LOAD {
                return;
            }
            let body =
                serde_json::json!({"text": format!("trackman is frozen in the middle of hole {number}")});
            let (status, answer) = house.say(&cookie, body.to_string()).await;
            assert_eq!(status, 202, "{answer}");
            most.fetch_max(house.pss_kb(), Ordering::Relaxed);
        }
    };
    futures_util::future::join_all((0..AT_ONCE).map(|_| worker())).await;
    let rate = LOAD as f64 / started.elapsed().as_secs_f64();
    let mb = |kb: usize| format!("{:.0} MB", kb as f64 / 1024.0);
    row("memory (PSS) with the model, idle", &mb(idle), "");
    let beside = format!(
        "{LOAD} messages over HTTP by {AT_ONCE} at once in one conversation, {rate:.0}/s acknowledged"
    );
    row("memory (PSS), most under load", &mb(most.load(Ordering::Relaxed)), &beside);
}
