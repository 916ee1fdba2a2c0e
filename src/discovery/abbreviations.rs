//! The short forms of Home Assistant's MQTT discovery, of the keys that are read here. A key that is not read needs
//! no long form; a test holds this list against the whole recorded vocabulary.

/// Short form and key.
const SHORT: &[(&str, &str)] = &[
    ("avty", "availability"),
    ("avty_t", "availability_topic"),
    ("cmd_t", "command_topic"),
    ("cmps", "components"),
    ("dev", "device"),
    ("p", "platform"),
    ("pl_avail", "payload_available"),
    ("pl_not_avail", "payload_not_available"),
    ("pl_off", "payload_off"),
    ("pl_on", "payload_on"),
    ("pl_prs", "payload_press"),
    ("stat_off", "state_off"),
    ("stat_on", "state_on"),
    ("stat_t", "state_topic"),
    ("stat_val_tpl", "state_value_template"),
    ("t", "topic"),
    ("temp_cmd_t", "temperature_command_topic"),
    ("temp_stat_t", "temperature_state_topic"),
    ("temp_stat_tpl", "temperature_state_template"),
    ("uniq_id", "unique_id"),
    ("val_tpl", "value_template"),
];

/// … within `device`.
const SHORT_OF_DEVICE: &[(&str, &str)] = &[("mdl", "model"), ("mf", "manufacturer"), ("ids", "identifiers")];

pub(super) fn long(key: &str) -> &str {
    SHORT.iter().find(|(short, _)| *short == key).map_or(key, |(_, long)| long)
}

pub(super) fn long_of_device(key: &str) -> &str {
    SHORT_OF_DEVICE.iter().find(|(short, _)| *short == key).map_or(key, |(_, long)| long)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_short_form_of_a_key_that_is_read_is_the_recorded_one() {
        let text = std::fs::read_to_string("tests/data/wire/home-assistant/mqtt_discovery_vocabulary.json");
        let recorded: serde_json::Value = serde_json::from_str(&text.unwrap()).unwrap();
        for (table, own) in [("ABBREVIATIONS", SHORT), ("DEVICE_ABBREVIATIONS", SHORT_OF_DEVICE)] {
            let recorded = recorded[table].as_object().unwrap();
            for (short, long) in own {
                assert_eq!(recorded.get(*short).and_then(|l| l.as_str()), Some(*long), "{short}");
            }
            let read: Vec<&str> = own.iter().map(|(_, long)| *long).collect();
            let missing: Vec<_> = recorded
                .iter()
                .filter(|(short, long)| {
                    read.contains(&long.as_str().unwrap())
                        && !own.iter().any(|(known, _)| known == short)
                        && long.as_str() != Some(short.as_str())
                })
                .collect();
            assert!(missing.is_empty(), "short forms that are not known here: {missing:?}");
        }
    }
}
