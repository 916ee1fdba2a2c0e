//! Every calendar in `tests/data/ical` gives the instances that a foreign reader finds in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use clubos::clock::UnixMs;
use clubos::feed::{Calendar, Window};

use crate::{site, utc};

/// Moments to look from: both changes of the clock, mid-winter, mid-summer, and days no calendar speaks of.
const LOOKS: [&str; 7] = [
    "2026-10-25T12:00",
    "2026-11-01T04:30",
    "2026-11-20T12:00",
    "2026-12-24T00:00",
    "2027-01-31T23:00",
    "2027-03-13T12:00",
    "2026-07-01T12:00",
];

type Found = Vec<(i64, i64, String)>;

fn files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir("tests/data/ical")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "ics"))
        .collect();
    files.sort();
    files
}

fn ours(file: &Path, window: Window) -> Found {
    let text = std::fs::read_to_string(file).unwrap();
    let calendar = Calendar::read(&text, &site().zone, window).unwrap();
    assert!(calendar.unread.is_empty(), "{}: {:?}", file.display(), calendar.unread);
    let mut found: Found =
        calendar.instances.into_iter().map(|i| (i.start.0 / 1000, i.end.0 / 1000, i.uid)).collect();
    found.sort();
    found
}

fn theirs(file: &Path, window: Window) -> Found {
    let seconds = |at: UnixMs| (at.0 / 1000).to_string();
    let answer = Command::new("run/foreign/bin/python")
        .arg("tests/ical/foreign.py")
        .arg(file)
        .arg(&site().zone_name)
        .args([seconds(window.from), seconds(window.to)])
        .output()
        .unwrap();
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    serde_json::from_slice(&answer.stdout).unwrap()
}

#[test]
fn every_calendar_gives_what_a_foreign_reader_finds_in_it() {
    let made = Command::new("scripts/foreign.sh").status().unwrap();
    assert!(made.success(), "scripts/foreign.sh could not set the foreign reader up");
    let files = files();
    assert!(files.len() >= 9, "{files:?}");
    let mut compared = 0;
    for file in &files {
        let mut of_file = 0;
        for look in LOOKS {
            let window = Window::around(utc(look));
            let (ours, theirs) = (ours(file, window), theirs(file, window));
            assert_eq!(ours, theirs, "{} from {look}", file.display());
            of_file += ours.len();
        }
        assert!(of_file > 0, "{}: no look finds anything", file.display());
        compared += of_file;
    }
    assert!(compared > 1000, "{compared} instances are too few to say anything");
}
