//! What the fuzz targets hold against any bytes: shared by the coverage-guided targets beside this file and by the
//! random driver of `tests/fuzzing.rs`, which needs no nightly compiler.

use std::path::Path;
use std::sync::LazyLock;

use clubos::clock::UnixMs;
use clubos::device::{access_wire, agent_wire};
use clubos::feed::ical::{Calendar, Window};
use clubos::feed::{map, phone};
use clubos::intent::fuzzing::{cut, for_encoder, plain, tidy};
use clubos::intent::{BookingSign, Context, DeviceSign, PendingKind, Understand, Understanding, Verdict};
use clubos::llm::redact::redact;
use clubos::notify::slack_frames;
use clubos::site::{self, LoadMode, Site};
use clubos::sop::{template, yaml};
use clubos::web;

static SITE: LazyLock<Site> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = ["tests/sites/clubhouse.toml", "../tests/sites/clubhouse.toml"].map(|f| root.join(f));
    let file = file.iter().find(|f| f.is_file()).expect("the sample site");
    site::load(file, LoadMode::Simulated).expect("a good sample site")
});

static READER: LazyLock<Understanding> = LazyLock::new(|| Understanding::rules_only(Some(&SITE)));

/// 24 November 2026, noon: calendars are read around it.
const NOW: UnixMs = UnixMs(1_795_521_600_000);

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

/// Emergency rules and the cutting into clauses: nothing is made up, and what rings comes first.
pub fn danger(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let tidy = tidy(&text);
    let clauses = cut(&tidy);
    assert!((1..=6).contains(&clauses.len()), "{} clauses", clauses.len());
    let mut rest = tidy.as_str();
    for clause in &clauses {
        let at = rest.find(clause).expect("a clause that does not stand in the text, in order");
        rest = &rest[at + clause.len()..];
        assert!(clauses.len() == 1 || !clause.is_empty(), "an empty clause");
    }
    let rings = READER.emergency(&text);
    assert_eq!(rings, READER.emergency(&text), "not the same twice");
    let Some(topic) = rings else { return };
    assert!(topic.intent.starts_with("emergency."), "{} rings", topic.intent);
    let reading = READER.read(&text, &Context::default());
    assert_eq!(reading.topics[0].intent, topic.intent, "what rings does not come first");
    assert_eq!(reading.topics[0].decision, Verdict::Emergency, "what rings is no emergency");
    assert!(reading.complete, "an emergency waits for more words");
}

/// What comes from outside: calendars, the bays' agents, the door controller, Slack, bookings, numbers, redaction,
/// SOP files. The first byte says which.
pub fn wire(bytes: &[u8]) {
    let Some((&kind, rest)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    match kind % 8 {
        0 => calendar(&text),
        1 => {
            let _ = agent_wire::parse_topic(&text);
            let _ = agent_wire::read_status(rest);
            let _ = agent_wire::read_state(rest);
            let _ = agent_wire::read_result(rest);
        }
        2 => {
            let _ = access_wire::notification(&text);
            if let Ok(data) = access_wire::open(200, rest) {
                let _ = (access_wire::door(&data), access_wire::can_unlock(&data));
                for entry in access_wire::log_entries(&data) {
                    let _ = access_wire::shows_unlock(entry, 1, 0);
                }
            }
        }
        3 => drop(slack_frames::read(&text)),
        4 => {
            for csv in [false, true] {
                for booking in web::bookings(&text, csv, &SITE).unwrap_or_default() {
                    assert!(booking.ends_at > booking.starts_at, "a booking that ends before it begins");
                }
            }
        }
        5 => {
            if let Some(number) = phone::e164(&text, "1") {
                let digits = number.as_str().strip_prefix('+').expect("a plus");
                assert!(digits.len() <= 15 && digits.bytes().all(|b| b.is_ascii_digit()), "{digits:?}");
            }
        }
        6 => {
            let redacted = redact(&text, &["Robin Sample".to_owned()]);
            assert_eq!(redacted.restore(&redacted.text), text, "what was taken out does not come back");
        }
        _ => {
            let _ = yaml::parse(&text);
            let _ = template::parse(&text);
        }
    }
}

fn calendar(text: &str) {
    let window = Window::around(NOW);
    let Ok(calendar) = Calendar::read(text, &jiff::tz::TimeZone::UTC, window) else { return };
    for instance in &calendar.instances {
        assert!(instance.end >= instance.start, "ends before it begins");
        assert!(instance.start < window.to && instance.end >= window.from, "outside its window");
        let _ = calendar.texts(instance, "SUMMARY");
    }
    let mapped = map::bookings(&calendar, &SITE);
    assert!(mapped.bookings.len() <= calendar.instances.len(), "bookings nobody made");
}
