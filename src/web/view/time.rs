//! Times as people read them.

use std::time::Duration;

use crate::clock::UnixMs;
use crate::site::Site;

/// `21:04`; with the day if it is another one, with the date beyond a week.
pub fn label(site: &Site, at: UnixMs, now: UnixMs) -> String {
    let (then, today) = (site.local(at), site.local(now));
    let format = if then.date() == today.date() {
        "%H:%M"
    } else if now.since(at).max(at.since(now)) < Duration::from_secs(6 * 24 * 3600) {
        "%a %H:%M"
    } else {
        "%-d %b %Y %H:%M"
    };
    then.strftime(format).to_string()
}

/// For programs: RFC 3339 in UTC.
pub fn rfc3339(at: UnixMs) -> String {
    at.timestamp().to_string()
}

/// A length of time in its two largest units: `45 s`, `3 min`, `2 h 5 min`, `4 d`.
pub fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min"),
        3600..86_400 if minutes % 60 > 0 => format!("{hours} h {} min", minutes % 60),
        3600..86_400 => format!("{hours} h"),
        _ if hours % 24 > 0 && days < 3 => format!("{days} d {} h", hours % 24),
        _ => format!("{days} d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_read_as_people_say_them() {
        let of = |s| span(Duration::from_secs(s));
        assert_eq!(of(0), "0 s");
        assert_eq!(of(59), "59 s");
        assert_eq!(of(185), "3 min");
        assert_eq!(of(7500), "2 h 5 min");
        assert_eq!(of(7200), "2 h");
        assert_eq!(of(90_000), "1 d 1 h");
        assert_eq!(of(345_600), "4 d");
    }
}
