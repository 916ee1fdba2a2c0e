//! Times as a scenario writes them: durations and local date-times.

use std::time::Duration;

use jiff::civil::{Date, DateTime, Time};

use crate::clock::UnixMs;
use crate::site::Site;

/// `30s`, `4m`, `1h`, `1m30s`, `2d`, `0.5s`, `500ms`, `0`.
pub fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut total = 0.0_f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let number: f64 = rest[..digits].parse().ok()?;
        let unit_end =
            rest[digits..].find(|c: char| !c.is_ascii_alphabetic()).map_or(rest.len(), |n| digits + n);
        total += number * unit_ms(&rest[digits..unit_end])?;
        rest = &rest[unit_end..];
    }
    (!text.trim().is_empty() && total <= 366.0 * 86_400_000.0)
        .then(|| Duration::from_millis(total.round() as u64))
}

fn unit_ms(unit: &str) -> Option<f64> {
    Some(match unit {
        "ms" => 1.0,
        "s" => 1_000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        _ => return None,
    })
}

/// A local date-time, `2026-11-20T21:04:00`. In the hour that comes twice, the first one is meant.
pub fn date_time(text: &str) -> Option<DateTime> {
    text.trim().parse().ok()
}

/// A time of day, `20:30` or `20:30:15`.
pub fn time(text: &str) -> Option<Time> {
    let text = text.trim();
    let (hour, rest) = text.split_once(':')?;
    let (minute, second) = rest.split_once(':').unwrap_or((rest, "0"));
    Time::new(hour.parse().ok()?, minute.parse().ok()?, second.parse().ok()?, 0).ok()
}

/// A time of day on `date`, or a full local date-time.
pub fn moment_on(text: &str, date: Date) -> Option<DateTime> {
    match time(text) {
        Some(time) => Some(date.to_datetime(time)),
        None => date_time(text),
    }
}

/// The moment this wall clock shows `at` at the site.
pub fn at_site(site: &Site, at: DateTime) -> Option<UnixMs> {
    Some(UnixMs::from(at.to_zoned_datetime(site.zone.clone()).ok()?.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let seconds = |text| duration(text).map(|d| d.as_secs_f64());
        assert_eq!(seconds("0s"), Some(0.0));
        assert_eq!(seconds("90s"), Some(90.0));
        assert_eq!(seconds("1m30s"), Some(90.0));
        assert_eq!(seconds("1h"), Some(3600.0));
        assert_eq!(seconds("0.5s"), Some(0.5));
        assert_eq!(seconds("2d"), Some(172_800.0));
        for wrong in ["", "s", "30", "4x", "-1s", "1m 30s"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_time_of_day_belongs_to_the_date_given() {
        let date = Date::constant(2026, 11, 20);
        assert_eq!(moment_on("20:30", date), date_time("2026-11-20T20:30:00"));
        assert_eq!(moment_on("2026-11-19T23:00", date), date_time("2026-11-19T23:00:00"));
        assert_eq!(moment_on("25:30", date), None);
    }
}
