//! The fuzz targets under a random driver: no coverage guides it, so it finds less than `cargo fuzz` in the same time,
//! but it needs no nightly compiler and runs with every test run.
//!
//! CLUBOS_FUZZ_SECONDS   how long each target runs [default: 1]
//! CLUBOS_SEED           seed of the bytes; printed

#![allow(clippy::expect_used, reason = "a test says that it failed by panicking")]

#[path = "../fuzz/bodies.rs"]
mod bodies;

use std::time::{Duration, Instant};

/// Splitmix64: small, seeded, good enough to throw bytes.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound.max(1) as u64) as usize
    }
}

/// Pieces that texts are put together from, beside plain bytes.
const WORDS: &[&str] = &[
    "bay ",
    "box",
    "2",
    "3",
    " not ",
    "sorry",
    "*",
    " and ",
    "fire",
    "door",
    "\u{200b}",
    "'",
    " if ",
    " ago",
    "\u{202e}",
    "é",
    "🔥",
    "70f",
    ",",
    "\n",
    ". ",
    "first ",
    "the ",
    "guys in ",
    "actually ",
    "don't restart ",
    "its ",
    "n° 4",
    "°",
    "+1 902 555 0101",
    "BK-20431",
    "last week",
    "\"",
    "ﬁ",
    "Ⅳ",
    "\u{0}",
    "yes",
    "no",
    "a",
    " ",
    "e\u{301}",
    "smoke",
];

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

fn drive(target: fn(&[u8])) {
    let seed = number("CLUBOS_SEED", 1);
    let until = Instant::now() + Duration::from_secs(number("CLUBOS_FUZZ_SECONDS", 1));
    let mut random = Random(seed);
    let mut kept: Vec<Vec<u8>> = vec![Vec::new()];
    let mut runs = 0u64;
    while Instant::now() < until {
        let mut bytes = kept[random.below(kept.len())].clone();
        for _ in 0..1 + random.below(11) {
            let at = random.below(bytes.len() + 1);
            match random.below(6) {
                0 => bytes.insert(at, random.below(256) as u8),
                1 if !bytes.is_empty() => {
                    bytes.remove(at.min(bytes.len() - 1));
                }
                2 => bytes.truncate(at),
                3 => bytes.extend_from_within(at..),
                _ => {
                    let word = WORDS[random.below(WORDS.len())];
                    bytes.splice(at..at, word.bytes());
                }
            }
        }
        bytes.truncate(4_096);
        target(&bytes);
        runs += 1;
        let place = random.below(256);
        if place < kept.len() { kept[place] = bytes } else { kept.push(bytes) }
    }
    println!("{runs} texts, seed {seed}");
}

#[test]
fn any_bytes_are_normalised_without_harm() {
    drive(bodies::normalise);
}

#[test]
fn any_bytes_are_read_for_slots_without_harm() {
    drive(bodies::slots);
}

#[test]
fn any_bytes_pass_the_emergency_rules_without_harm() {
    drive(bodies::danger);
}

#[test]
fn any_bytes_from_outside_are_parsed_without_harm() {
    drive(bodies::wire);
}
