//! What Home Assistant is told that there is: one configuration an entity. Follows from the site alone.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::states;
use super::wish;
use super::{BASE, DISCOVERY, Health};
use crate::device::Part;
use crate::policy;
use crate::site::{Effect, Site, Target, Tier};

/// The topics of everything this site ever announced; no other site's.
pub fn own(site: &Site) -> String {
    format!("{DISCOVERY}/+/{}/+/config", node(site))
}

fn node(site: &Site) -> String {
    format!("clubos_{}", site.id)
}

/// Topic to configuration, of every entity. With `commands` also what can be pressed there.
pub fn all(site: &Site, commands: bool) -> BTreeMap<String, String> {
    let mut told = Told { site, all: BTreeMap::new() };
    told.club();
    for target in states::targets(site) {
        told.target(&target);
        for effect in Effect::ALL.iter().filter(|effect| commands && may_be_wished(site, **effect, &target)) {
            told.wish(*effect, &target);
        }
    }
    told.all
}

/// What a program may ask for at all; the gate decides again each time.
fn may_be_wished(site: &Site, effect: Effect, target: &Target) -> bool {
    site.driver(effect, target).is_some() && policy::tier(site, effect, target) <= Tier::T1
}

struct Told<'a> {
    site: &'a Site,
    all: BTreeMap<String, String>,
}

impl Told<'_> {
    fn club(&mut self) {
        let names: Vec<&str> = Health::ALL.iter().map(|health| health.name()).collect();
        let state = format!("{BASE}/state/club");
        self.add("sensor", "club", "escalations", "Open calls for people", &state, json!({
            "value_template": "{{ value_json.escalations }}", "state_class": "measurement", "icon": "mdi:account-alert",
        }));
        self.add("sensor", "club", "waiting", "Calls nobody looks after", &state, json!({
            "value_template": "{{ value_json.waiting }}", "state_class": "measurement", "icon": "mdi:bell-alert",
        }));
        self.add(
            "sensor",
            "club",
            "health",
            "Health",
            &state,
            json!({
                "value_template": "{{ value_json.health }}", "device_class": "enum", "options": names,
            }),
        );
        self.add(
            "binary_sensor",
            "club",
            "internet",
            "Internet",
            &state,
            json!({
                "value_template": "{{ value_json.internet }}", "device_class": "connectivity",
            }),
        );
        self.add(
            "binary_sensor",
            "club",
            "problem",
            "Problem",
            &state,
            json!({
                "value_template": "{{ value_json.problem }}", "device_class": "problem",
            }),
        );
    }

    fn target(&mut self, target: &Target) {
        let site = self.site;
        let name = target.as_str();
        let state = format!("{BASE}/state/{name}");
        self.add(
            "sensor",
            name,
            "state",
            "State",
            &state,
            json!({
                "value_template": "{{ value_json.condition }}", "device_class": "enum",
                "options": ["online", "degraded", "offline", "unknown"], "json_attributes_topic": state,
            }),
        );
        self.add(
            "sensor",
            name,
            "last_wish",
            "Last wish",
            &state,
            json!({
                "value_template": "{{ value_json.last_wish }}", "icon": "mdi:gesture-tap-button",
            }),
        );
        let mut flag = |key: &str, words: &str, class: Option<&str>| {
            let more = json!({"value_template": format!("{{{{ value_json.get('{key}') }}}}"), "device_class": class});
            self.add("binary_sensor", name, key, words, &state, more);
        };
        let can = |effect: Effect| site.driver(effect, target).is_some();
        if target.bay().is_some() {
            flag("in_use", "In use", Some("occupancy"));
            if can(Effect::SimRestart) {
                flag("software", "Simulator software", Some("running"));
            }
            if can(Effect::RadarReset) {
                flag("radar", "Radar", Some("connectivity"));
            }
            if can(Effect::ProjectorOn) || can(Effect::ProjectorCycle) {
                flag(states::power_key(Part::Projector), "Projector", Some("power"));
            }
            if can(Effect::TvOn) {
                flag(states::power_key(Part::Tv), "TV", Some("power"));
            }
        }
        if let Some(door) = site.doors.get(target) {
            flag("unlocked", "Lock", Some("lock"));
            if door.has_position {
                flag("open", "Door", Some("door"));
            }
        }
        if can(Effect::LightsOn) {
            flag("lights", "Lights", Some("light"));
        }
        if can(Effect::AudioRestart) {
            flag("playing", "Music", Some("sound"));
        }
    }

    fn wish(&mut self, effect: Effect, target: &Target) {
        let name = target.as_str();
        let key = effect.name().replace('.', "_");
        let words = effect.plain().order;
        let topic = wish::topic(target, effect);
        if effect == Effect::ThermostatSet {
            let state = format!("{BASE}/state/{name}");
            return self.add("number", name, &key, words, &state, json!({
                "command_topic": topic, "value_template": "{{ value_json.get('set_point') }}", "min": 18, "max": 24,
                "step": 0.5, "mode": "box", "device_class": "temperature", "unit_of_measurement": "°C",
            }));
        }
        self.add(
            "button",
            name,
            &key,
            words,
            "",
            json!({"command_topic": topic, "payload_press": wish::PRESS}),
        );
    }

    fn add(&mut self, component: &str, of: &str, key: &str, name: &str, state: &str, more: Value) {
        let node = node(self.site);
        let object = format!("{of}_{key}");
        let mut config = json!({
            "name": name,
            "unique_id": format!("{node}_{object}"),
            "availability_topic": format!("{BASE}/availability"),
            "device": self.device(of),
            "origin": {"name": "ClubOS", "sw_version": env!("CARGO_PKG_VERSION")},
        });
        if !state.is_empty() {
            config["state_topic"] = state.into();
        }
        if let Value::Object(more) = more {
            for (key, value) in more.into_iter().filter(|(_, value)| !value.is_null()) {
                config[key.as_str()] = value;
            }
        }
        self.all.insert(format!("{DISCOVERY}/{component}/{node}/{object}/config"), config.to_string());
    }

    fn device(&self, of: &str) -> Value {
        let node = node(self.site);
        if of == "club" {
            return json!({"identifiers": [node], "name": self.site.name, "manufacturer": "ClubOS", "model": "box",
                          "sw_version": env!("CARGO_PKG_VERSION")});
        }
        let target = Target::new(of);
        let mut name = self.site.name_of(&target);
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let simulated = states::is_simulated(self.site, &target);
        let kind = match (target.bay(), self.site.doors.contains_key(&target)) {
            (Some(_), _) => "bay",
            (None, true) => "door",
            (None, false) => "hall device",
        };
        let (name, model) = match simulated {
            true => (format!("{name} (simulated)"), format!("simulated {kind}")),
            false => (name, kind.to_owned()),
        };
        json!({"identifiers": [format!("{node}_{of}")], "name": name, "manufacturer": "ClubOS", "model": model,
               "via_device": node})
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::site::{LoadMode, load};

    fn clubhouse() -> Site {
        load(Path::new("tests/sites/clubhouse.toml"), LoadMode::Simulated).unwrap()
    }

    #[test]
    fn every_topic_and_id_is_one_that_home_assistant_reads() {
        let site = clubhouse();
        let all = all(&site, true);
        let mut ids = std::collections::BTreeSet::new();
        for (topic, config) in &all {
            let parts: Vec<&str> = topic.split('/').collect();
            assert!(matches!(parts.as_slice(), [DISCOVERY, _, _, _, "config"]), "{topic}");
            let right = |part: &&str| part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            assert!(parts.iter().all(right), "{topic}");
            let config: Value = serde_json::from_str(config).unwrap();
            assert!(ids.insert(config["unique_id"].as_str().unwrap().to_owned()), "{topic}");
            assert!(
                config["device"]["identifiers"][0].is_string() && config["availability_topic"].is_string()
            );
        }
        assert!(all.len() > 40, "{}", all.len());
    }

    #[test]
    fn no_door_and_nothing_that_needs_a_person_can_be_pressed() {
        let all = all(&clubhouse(), true);
        let pressed: Vec<&String> =
            all.iter().filter(|(_, c)| c.contains("command_topic")).map(|(t, _)| t).collect();
        assert!(pressed.iter().any(|topic| topic.ends_with("/bay-2_sim_restart/config")));
        for never in ["door", "poe_cycle", "outlet_cycle", "network_restart", "lights_off"] {
            assert!(!pressed.iter().any(|topic| topic.contains(never)), "{never}: {pressed:?}");
        }
    }

    #[test]
    fn without_commands_nothing_can_be_pressed() {
        assert!(!all(&clubhouse(), false).values().any(|config| config.contains("command_topic")));
    }

    #[test]
    fn what_is_simulated_says_so_in_its_name() {
        let all = all(&clubhouse(), false);
        let config = &all["homeassistant/sensor/clubos_clubhouse/bay-2_state/config"];
        assert!(config.contains("Bay 2 (simulated)"), "{config}");
    }
}
