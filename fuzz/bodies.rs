//! What the fuzz targets hold against any bytes: shared by the coverage-guided targets beside this file and by the
//! random driver of `tests/fuzzing.rs`, which needs no nightly compiler.

use std::path::Path;
use std::sync::LazyLock;

use clubos::intent::fuzzing::{for_encoder, plain, tidy};
use clubos::intent::{BookingSign, Context, DeviceSign, PendingKind, Understand, Understanding};
use clubos::site::{self, LoadMode};

static READER: LazyLock<Understanding> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = ["tests/sites/clubhouse.toml", "../tests/sites/clubhouse.toml"].map(|f| root.join(f));
    let file = file.iter().find(|f| f.is_file()).expect("the sample site");
    Understanding::rules_only(Some(&site::load(file, LoadMode::Simulated).expect("a good sample site")))
});

/// Never panics, stays within its bounds, and says the same twice.
pub fn normalise(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let tidy_once = tidy(&text);
    assert!(tidy_once.chars().count() <= 2_000, "longer than the bound");
    assert!(
        !tidy_once.contains('\u{200b}') && !tidy_once.contains('\u{202e}'),
        "an invisible character stayed"
    );
    assert!(!tidy_once.contains("  "), "a double space stayed");
    let plain_once = plain(&text);
    assert!(!plain_once.contains('\''), "an apostrophe stayed");
    assert_eq!(plain_once, plain(&text), "not the same twice");
    let read = for_encoder(&text);
    assert_eq!(read, for_encoder(&text), "not the same twice");
}

/// Slots and rules with the sample site's names: never a bay beyond two digits, degrees within what a hall can have.
/// The first byte says what is known of the scene.
pub fn slots(bytes: &[u8]) {
    let Some((&first, rest)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    let pending = [None, Some(PendingKind::Bay), Some(PendingKind::Confirm), Some(PendingKind::Detail)];
    let device = [None, Some(DeviceSign::Offline), Some(DeviceSign::SoftwareDead), Some(DeviceSign::Well)];
    let context = Context {
        pending: pending[usize::from(first & 3)],
        last_intent: (first & 4 != 0).then(|| "sim.frozen".to_owned()),
        closed: first & 8 != 0,
        device: device[usize::from(first >> 4 & 3)],
        booking: (first & 64 != 0).then_some(BookingSign::Running),
        quiet: first & 128 != 0,
    };
    let reading = READER.read(&text, &context);
    assert!(!reading.topics.is_empty(), "no topic");
    assert!(reading.slots.bays.iter().all(|bay| (1..=99).contains(&bay.0)), "a bay out of range");
    assert!(reading.slots.degrees.is_none_or(|d| (5.0..=35.0).contains(&d)), "degrees out of range");
    assert_eq!(READER.read(&text, &context), reading, "not the same twice");
}
