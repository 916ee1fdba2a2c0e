//! A wish from Home Assistant as it is written, before anything is believed.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::json;

use super::BASE;
use crate::clock::UnixMs;
use crate::site::{Effect, Site, Target};

/// What a button sends.
pub const PRESS: &str = "PRESS";
/// Longer payloads are no wish, in bytes.
const LONGEST: usize = 32;
/// So many wishes in a minute, and no more: each is journaled.
const A_MINUTE: usize = 30;

#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    pub target: Target,
    pub effect: Effect,
    /// Degrees Celsius for `thermostat.set`.
    pub value: Option<f32>,
}

/// Why it is none; told, and not journaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoWish {
    #[error("there is no such device here")]
    Device,
    #[error("there is no such effect")]
    Effect,
    #[error("this is no press of a button and no number")]
    Payload,
    #[error("too many wishes at once")]
    TooMany,
}

pub fn topic(target: &Target, effect: Effect) -> String {
    format!("{BASE}/do/{target}/{effect}")
}

/// The topics of all wishes.
pub fn topics() -> String {
    format!("{BASE}/do/+/+")
}

/// Target and effect as they stand in a topic of a wish.
pub fn split(topic: &str) -> Option<(&str, &str)> {
    topic.strip_prefix(BASE)?.strip_prefix("/do/")?.split_once('/')
}

/// Reads a wish. `target` and `effect` are of its topic.
pub fn read(site: &Site, target: &str, effect: &str, payload: &[u8]) -> Result<Wish, NoWish> {
    let effect = Effect::parse(effect).ok_or(NoWish::Effect)?;
    let target = Some(Target::new(target)).filter(|target| site.knows(target)).ok_or(NoWish::Device)?;
    let text =
        std::str::from_utf8(payload).ok().filter(|text| text.len() <= LONGEST).ok_or(NoWish::Payload)?;
    let value = match effect {
        Effect::ThermostatSet => Some(text.trim().parse::<f32>().map_err(|_| NoWish::Payload)?),
        _ if text == PRESS => None,
        _ => return Err(NoWish::Payload),
    };
    Ok(Wish { target, effect, value })
}

/// What is said of a wish that was none.
pub fn not_taken(target: &str, effect: &str, why: NoWish) -> String {
    let short = |text: &str| text.chars().take(64).collect::<String>();
    json!({"id": null, "target": short(target), "effect": short(effect), "state": "ended", "outcome": "refused",
           "reason": why.to_string(), "simulated": false})
    .to_string()
}

/// Counts wishes, so that a loop over there does not fill the journal here.
#[derive(Debug, Default)]
pub struct Pace(VecDeque<UnixMs>);

impl Pace {
    /// Counts one; too many of them in a minute are an error.
    pub fn take(&mut self, now: UnixMs) -> Result<(), NoWish> {
        while self.0.front().is_some_and(|at| now.since(*at) >= Duration::from_secs(60)) {
            self.0.pop_front();
        }
        if self.0.len() >= A_MINUTE {
            return Err(NoWish::TooMany);
        }
        self.0.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::site::{LoadMode, load};

    #[test]
    fn a_wish_names_a_device_an_effect_and_a_press_or_a_number() {
        let site = load(Path::new("tests/sites/clubhouse.toml"), LoadMode::Simulated).unwrap();
        let read = |topic: &str, payload: &str| {
            let (target, effect) = split(topic).unwrap();
            super::read(&site, target, effect, payload.as_bytes())
        };
        let wish = read("clubos/v1/ha/do/bay-2/sim.restart", "PRESS").unwrap();
        assert_eq!(topic(&wish.target, wish.effect), "clubos/v1/ha/do/bay-2/sim.restart");
        let warm = read("clubos/v1/ha/do/thermostat/thermostat.set", "21.5").unwrap();
        assert_eq!(warm.value, Some(21.5));
        assert_eq!(read("clubos/v1/ha/do/bay-77/sim.restart", "PRESS"), Err(NoWish::Device));
        assert_eq!(read("clubos/v1/ha/do/bay-2/bay.explode", "PRESS"), Err(NoWish::Effect));
        for payload in ["", "press", "ON", "{}", "PRESSPRESSPRESSPRESSPRESSPRESSPRESSPRESS"] {
            assert_eq!(read("clubos/v1/ha/do/bay-2/sim.restart", payload), Err(NoWish::Payload), "{payload}");
        }
        assert_eq!(split("clubos/v1/bay/2/cmd"), None);
    }

    #[test]
    fn a_loop_of_wishes_is_stopped_and_a_minute_later_heard_again() {
        let mut pace = Pace::default();
        let at = |seconds: i64| UnixMs(1_000_000 + seconds * 1000);
        for _ in 0..A_MINUTE {
            assert_eq!(pace.take(at(0)), Ok(()));
        }
        assert_eq!(pace.take(at(59)), Err(NoWish::TooMany));
        assert_eq!(pace.take(at(60)), Ok(()));
    }
}
