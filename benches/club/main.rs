//! Figures of the box, as ratios beside something of the same run where possible. Prints a Markdown table.
//!
//! `cargo bench` (a model must be there: `make model`). Takes about two minutes; a busy machine shows in
//! the p99. `cargo bench --bench club -- texts` measures the text line alone, `-- fleet` the program with two hundred devices (five minutes). The quiet gap that the desk waits for further texts is virtual here: it is a choice, no speed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement that cannot be made stops"
)]

mod feeds;
mod fleet;
#[path = "../../tests/bad_input/program.rs"]
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
mod program;
mod reading;
mod running;
mod texts;
mod turns;
#[path = "../../tests/waiting/mod.rs"]
mod waiting;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clubos::intent::{LoadOptions, Understanding};
use clubos::site::{LoadMode, Site};
use clubos::sop::Library;

/// What the measurements share.
pub struct Bench {
    pub site: Arc<Site>,
    pub library: Arc<Library>,
    pub reader: Arc<Understanding>,
    /// Texts that no SOP holds.
    pub texts: Vec<String>,
}

fn main() {
    if std::env::args().any(|arg| arg == "fleet") {
        println!("| what | figure | beside |\n|---|---|---|");
        return fleet::measure();
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = Arc::new(Library::load(&here.join("sops")).expect("the SOPs"));
    let site =
        clubos::site::load(&here.join("tests/sites/clubhouse.toml"), LoadMode::Simulated).expect("the site");
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("understanding");
    std::fs::create_dir_all(&cache).expect("a folder");
    let options = LoadOptions {
        model_dir: &here.join("models"),
        cache_dir: Some(&cache),
        site: Some(&site),
        library: &library,
        train_on: None,
    };
    let reader = Arc::new(Understanding::load(options).expect("the model: `make model` builds it"));
    let live = std::fs::read_to_string(here.join("tests/data/live.jsonl")).expect("the live texts");
    let text = |line: &str| {
        serde_json::from_str::<serde_json::Value>(line).ok()?["text"].as_str().map(str::to_owned)
    };
    let texts = live.lines().filter_map(text).collect();
    let bench = Bench { site: Arc::new(site), library, reader, texts };
    println!("| what | figure | beside |\n|---|---|---|");
    if std::env::args().any(|arg| arg == "texts") {
        return texts::measure(&bench);
    }
    turns::measure(&bench);
    texts::measure(&bench);
    reading::measure(&bench);
    feeds::measure(&bench);
    drop(bench);
    running::measure();
    fleet::measure();
}

pub fn row(what: &str, figure: &str, beside: &str) {
    println!("| {what} | {figure} | {beside} |");
}

/// Sorted times of runs.
pub struct Times(Vec<Duration>);

impl Times {
    pub fn of(mut all: Vec<Duration>) -> Times {
        all.sort_unstable();
        Times(all)
    }

    /// The time that `percent` of all runs stay below.
    pub fn percentile(&self, percent: usize) -> Duration {
        self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)]
    }

    pub fn total(&self) -> Duration {
        self.0.iter().sum()
    }

    pub fn both(&self) -> String {
        format!("p50 {}, p99 {}", ms(self.percentile(50)), ms(self.percentile(99)))
    }
}

pub fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1_000.0)
}

pub fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let started = Instant::now();
    let done = work();
    (started.elapsed(), done)
}
