//! What the house's names are called to people: the one table of words for effects and targets.
//!
//! Ids (`sim.restart`, `bay-2`) stay in the journal, the API and traces; every sentence that a person
//! reads takes its words from here. Knows no SOP and no page.

use super::{Effect, Scope, Site, Target};

/// An effect in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plain {
    /// As the club's people say it, on a button: "Reboot the computer".
    pub order: &'static str,
    /// As a customer is told, after "to": "reboot the computer".
    pub to_do: &'static str,
    /// As a noun: "reboot of the computer".
    pub deed: &'static str,
}

const fn plain(order: &'static str, to_do: &'static str, deed: &'static str) -> Plain {
    Plain { order, to_do, deed }
}

impl Effect {
    /// The effect in words, without its place.
    pub fn plain(self) -> Plain {
        match self {
            Effect::SimRestart => {
                plain("Restart the simulator", "restart the simulator", "restart of the simulator")
            }
            Effect::RadarReset => plain("Reset the radar", "reset the radar", "reset of the radar"),
            Effect::PcReboot => plain("Reboot the computer", "reboot the computer", "reboot of the computer"),
            Effect::PcWake => plain("Wake the computer", "wake the computer", "waking of the computer"),
            Effect::ProjectorOn => {
                plain("Switch the projector on", "switch on the projector", "switching on of the projector")
            }
            Effect::ProjectorInput => plain(
                "Set the projector's input",
                "set the projector's input",
                "change of the projector's input",
            ),
            Effect::ProjectorOff => plain(
                "Switch the projector off",
                "switch off the projector",
                "switching off of the projector",
            ),
            Effect::ProjectorCycle => plain(
                "Switch the projector off and on",
                "switch the projector off and on",
                "power-cycle of the projector",
            ),
            Effect::TvOn => plain(
                "Switch the side screens on",
                "switch on the side screens",
                "switching on of the side screens",
            ),
            Effect::TvOff => plain(
                "Switch the side screens off",
                "switch off the side screens",
                "switching off of the side screens",
            ),
            Effect::AudioRestart => plain("Restart the music", "restart the music", "restart of the music"),
            Effect::LightsOn => {
                plain("Switch the lights on", "switch on the lights", "switching on of the lights")
            }
            Effect::LightsOff => {
                plain("Switch the lights off", "switch off the lights", "switching off of the lights")
            }
            Effect::ThermostatSet => {
                plain("Set the temperature", "change the temperature", "change of the temperature")
            }
            Effect::DoorUnlock => plain("Unlock", "unlock the door", "unlocking of the door"),
            Effect::PoeCycle => plain(
                "Power-cycle the network port",
                "cut and restore the power",
                "power-cycle of the network port",
            ),
            Effect::OutletCycle => {
                plain("Power-cycle the outlet", "cut and restore the power", "power-cycle of the outlet")
            }
            Effect::NetworkRestart => {
                plain("Restart the network", "restart the network", "restart of the network")
            }
        }
    }
}

impl Site {
    /// "Restart the simulator in bay 2", "Unlock the main door".
    pub fn order(&self, effect: Effect, target: &Target) -> String {
        match effect.scope() {
            Scope::Door => format!("Unlock the {}", self.door_name(target)),
            Scope::Bay | Scope::Hall(_) => format!("{}{}", effect.plain().order, place(target)),
        }
    }

    /// As a customer is told, after "to": "restart the simulator in bay 2", "unlock the main door".
    pub fn to_do(&self, effect: Effect, target: &Target) -> String {
        match effect.scope() {
            Scope::Door => format!("unlock the {}", self.door_name(target)),
            Scope::Bay | Scope::Hall(_) => format!("{}{}", effect.plain().to_do, place(target)),
        }
    }

    /// "restart of the simulator in bay 2", "unlocking of the main door".
    pub fn deed(&self, effect: Effect, target: &Target) -> String {
        match effect.scope() {
            Scope::Door => format!("unlocking of the {}", self.door_name(target)),
            Scope::Bay | Scope::Hall(_) => format!("{}{}", effect.plain().deed, place(target)),
        }
    }

    /// "bay 2", "main door", "lights".
    pub fn name_of(&self, target: &Target) -> String {
        match (target.bay(), self.doors.get(target)) {
            (Some(bay), _) => format!("bay {}", bay.0),
            (None, Some(door)) => door.label.clone(),
            (None, None) => target.as_str().to_owned(),
        }
    }

    fn door_name(&self, target: &Target) -> &str {
        self.doors.get(target).map_or("door", |door| door.label.as_str())
    }
}

fn place(target: &Target) -> String {
    target.bay().map(|bay| format!(" in bay {}", bay.0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::site::{LoadMode, load};

    #[test]
    fn no_id_of_an_effect_is_among_its_words() {
        for effect in Effect::ALL {
            let Plain { order, to_do, deed } = effect.plain();
            for words in [order, to_do, deed] {
                assert!(
                    !words.contains('.') && !words.contains('_') && !words.is_empty(),
                    "{effect}: {words}"
                );
            }
        }
    }

    #[test]
    fn an_effect_is_named_with_its_place() {
        let site = load(Path::new("tests/sites/clubhouse.toml"), LoadMode::Simulated).unwrap();
        let (bay, door) = (Target::new("bay-2"), Target::new("door-main"));
        assert_eq!(site.deed(Effect::SimRestart, &bay), "restart of the simulator in bay 2");
        assert_eq!(site.order(Effect::PoeCycle, &bay), "Power-cycle the network port in bay 2");
        assert_eq!(site.to_do(Effect::DoorUnlock, &door), "unlock the main door");
        assert_eq!(site.order(Effect::LightsOn, &Target::new("lights")), "Switch the lights on");
        assert_eq!(site.name_of(&bay), "bay 2");
    }
}
