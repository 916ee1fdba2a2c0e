//! How a simulated device behaves towards one effect. Words of `devices:` in a scenario and of the demo
//! page; owns their parsing, decides nothing else.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What a simulated device does with a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Behaviour {
    /// Works, in the time such a device takes.
    #[default]
    Ok,
    /// Refuses the command.
    Fail,
    /// Takes the command and never says or does anything.
    Silent,
    /// Acknowledges and does nothing: for a door neither relay nor log moves.
    Lies,
    /// Cannot be reached, so nothing is sent. On a restart, reset or reboot: the bay's agent is offline.
    Offline,
    /// Works, with everything (the acknowledgement too) this much later.
    Slow(Duration),
    /// A door that unlocks and does not open. Any other device: as `Lies`.
    Stuck,
}

/// The text names no behaviour.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no behaviour; use ok, fail, silent, lies, offline, stuck or slow with a time (slow 90s)")]
pub struct NoBehaviour(String);

impl FromStr for Behaviour {
    type Err = NoBehaviour;

    fn from_str(text: &str) -> Result<Behaviour, NoBehaviour> {
        let mut words = text.split_whitespace();
        let behaviour = match (words.next(), words.next(), words.next()) {
            (Some("ok"), None, _) => Some(Behaviour::Ok),
            (Some("fail"), None, _) => Some(Behaviour::Fail),
            (Some("silent"), None, _) => Some(Behaviour::Silent),
            (Some("lies"), None, _) => Some(Behaviour::Lies),
            (Some("offline"), None, _) => Some(Behaviour::Offline),
            (Some("stuck"), None, _) => Some(Behaviour::Stuck),
            (Some("slow"), Some(time), None) => duration(time).map(Behaviour::Slow),
            _ => None,
        };
        behaviour.ok_or_else(|| NoBehaviour(text.to_owned()))
    }
}

/// `90s`, `2m`, `500ms`; at most a day.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    let duration = match &text[digits..] {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.checked_mul(60)?),
        _ => return None,
    };
    (duration <= Duration::from_secs(86_400)).then_some(duration)
}

impl fmt::Display for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Behaviour::Ok => f.write_str("ok"),
            Behaviour::Fail => f.write_str("fail"),
            Behaviour::Silent => f.write_str("silent"),
            Behaviour::Lies => f.write_str("lies"),
            Behaviour::Offline => f.write_str("offline"),
            Behaviour::Slow(by) if by.subsec_millis() != 0 => write!(f, "slow {}ms", by.as_millis()),
            Behaviour::Slow(by) => write!(f, "slow {}s", by.as_secs()),
            Behaviour::Stuck => f.write_str("stuck"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_behaviour_is_read_back_as_written() {
        for text in ["ok", "fail", "silent", "lies", "offline", "stuck", "slow 90s", "slow 1500ms"] {
            let behaviour: Behaviour = text.parse().expect(text);
            assert_eq!(behaviour.to_string(), text);
        }
        assert_eq!("slow  2m".parse(), Ok(Behaviour::Slow(Duration::from_secs(120))));
    }

    #[test]
    fn other_words_are_refused_by_name() {
        for text in [
            "",
            "OK",
            "slow",
            "slow 90",
            "slow s",
            "slow 90s please",
            "ok now",
            "slow 99999999999999999999s",
            "slow 18446744073709551615m",
        ] {
            let error = text.parse::<Behaviour>().expect_err(text);
            assert!(error.to_string().contains(text), "{error}");
        }
    }
}
