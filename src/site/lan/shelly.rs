//! A plug or relay by Shelly at an address of its own: `driver = "shelly"`. Which generation it is it says itself.

use std::path::{Path, PathBuf};

use super::super::problem::Problems;
use super::super::raw::Fields;
use super::super::secret;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelly {
    pub host: String,
    pub port: u16,
    /// Its output, counted from 0.
    pub channel: u8,
    /// Password of its user `admin`, if one is set.
    pub password_file: Option<PathBuf>,
    /// How long a power cycle leaves it off: 2 to 120 s.
    pub cycle_seconds: u8,
    /// Music plays while it draws more than this. `None`: an `audio.restart` is never proven.
    pub playing_above_w: Option<u32>,
}

pub(super) fn read(table: &mut Fields, beside: &Path, problems: &mut Problems) -> Option<Shelly> {
    let host = super::host(table, problems);
    let port = super::port(table, 80, problems);
    let password = table.text("password_file", problems);
    Some(Shelly {
        port,
        channel: channel(table, problems),
        password_file: password.map(|written| secret::find(&written.value, beside)),
        cycle_seconds: cycle_seconds(table, problems),
        playing_above_w: playing_above(table, problems),
        host: host?,
    })
}

pub(super) fn channel(table: &mut Fields, problems: &mut Problems) -> u8 {
    small(table, "channel", 0..=7, 0, problems)
}

pub(super) fn cycle_seconds(table: &mut Fields, problems: &mut Problems) -> u8 {
    small(table, "cycle_seconds", 2..=120, 8, problems)
}

pub(super) fn playing_above(table: &mut Fields, problems: &mut Problems) -> Option<u32> {
    let watts = table.whole("playing_above_w", 1..=3680, problems)?;
    u32::try_from(watts.value).ok()
}

pub(super) fn small(
    table: &mut Fields,
    key: &'static str,
    range: std::ops::RangeInclusive<i64>,
    default: u8,
    problems: &mut Problems,
) -> u8 {
    let found = table.whole(key, range, problems);
    found.and_then(|found| u8::try_from(found.value).ok()).unwrap_or(default)
}
