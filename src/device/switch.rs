//! What a thing that can only be on, off or set to a number does for an effect, and what its state shows.
//!
//! Owns the translation between effects and the verbs of plugs, relays, buttons and dials. Pure.

use super::{Observation, Part};
use crate::site::Effect;

/// What such a thing can be told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Verb {
    On,
    Off,
    /// Off and, by the device's own timer, on again: it comes back although the box should die meanwhile.
    Cycle,
    /// A number: degrees Celsius.
    Set(f32),
}

/// The verb that carries an effect out; `None`: such a thing cannot do it.
pub(super) fn verb(effect: Effect, value: Option<f32>) -> Option<Verb> {
    match effect {
        Effect::TvOn | Effect::LightsOn => Some(Verb::On),
        Effect::TvOff | Effect::LightsOff => Some(Verb::Off),
        Effect::OutletCycle | Effect::PoeCycle | Effect::AudioRestart => Some(Verb::Cycle),
        Effect::ThermostatSet => value.map(Verb::Set),
        _ => None,
    }
}

/// What being on or off says of what the site uses the thing for.
pub(super) fn shows(effects: &[Effect], on: bool) -> Vec<Observation> {
    let mut seen = Vec::new();
    for effect in effects {
        let shown = match effect {
            Effect::OutletCycle | Effect::PoeCycle => Observation::Supply { on },
            Effect::TvOn | Effect::TvOff => Observation::Power { part: Part::Tv, on },
            Effect::LightsOn | Effect::LightsOff => Observation::Lights { on },
            _ => continue,
        };
        if !seen.contains(&shown) {
            seen.push(shown);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plug_of_two_effects_shows_one_fact() {
        assert_eq!(shows(&[Effect::LightsOn, Effect::LightsOff], true), [Observation::Lights { on: true }]);
        assert_eq!(shows(&[Effect::AudioRestart], true), [], "power alone does not prove that music plays");
    }

    #[test]
    fn no_plug_restarts_software_or_opens_a_door() {
        for effect in [Effect::SimRestart, Effect::DoorUnlock, Effect::NetworkRestart, Effect::ProjectorCycle]
        {
            assert_eq!(verb(effect, None), None);
        }
        assert_eq!(verb(Effect::ThermostatSet, None), None, "a set point needs its number");
    }
}
