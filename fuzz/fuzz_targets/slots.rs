//! Slots and rules under any bytes, with the sample site's names: never panic, never a bay that was not written
//! down or numbered beyond two digits, degrees within what a hall can have.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use clubos::intent::{Context, PendingKind, Understand, Understanding};
use clubos::site::{self, LoadMode};
use libfuzzer_sys::fuzz_target;

static READER: LazyLock<Understanding> = LazyLock::new(|| {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/sites/clubhouse.toml");
    let site = site::load(&file, LoadMode::Simulated).expect("the sample site");
    Understanding::rules_only(Some(&site))
});

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, rest)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    let pending = [None, Some(PendingKind::Bay), Some(PendingKind::Confirm), Some(PendingKind::Detail)];
    let context = Context {
        pending: pending[usize::from(first & 3)],
        last_intent: (first & 4 != 0).then(|| "sim.frozen".to_owned()),
        closed: first & 8 != 0,
        ..Context::default()
    };
    let reading = READER.read(&text, &context);
    assert!(!reading.topics.is_empty(), "no topic");
    assert!(reading.slots.bays.iter().all(|bay| (1..=99).contains(&bay.0)), "a bay out of range");
    assert!(reading.slots.degrees.is_none_or(|d| (5.0..=35.0).contains(&d)), "degrees out of range");
    assert_eq!(READER.read(&text, &context), reading, "not the same twice");
});
