//! A Zigbee device behind Zigbee2MQTT, which speaks for it on the broker: `driver = "zigbee2mqtt"`.

use serde_json::Value;

use super::super::Effect;
use super::super::problem::Problems;
use super::super::raw::Fields;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zigbee2mqtt {
    /// `mqtt.base_topic` of Zigbee2MQTT.
    pub base: String,
    /// The device's friendly name; it may hold a slash.
    pub name: String,
    /// The key of its JSON that is ON or OFF: `state`, or `state_l1` of a device with several.
    pub state: String,
    /// What is set to make it go off and, by its own timer, on again: JSON. `None`: it cannot do that.
    pub cycle: Option<String>,
    /// The key of its JSON that holds the wanted temperature, in degrees Celsius.
    pub setpoint: String,
}

impl Zigbee2mqtt {
    /// The device's own topic, with what is behind it: `/set`, `/get`, `/availability` or nothing.
    pub fn at(&self, leaf: &str) -> String {
        format!("{}/{}{leaf}", self.base, self.name)
    }
}

pub(super) fn read(table: &mut Fields, problems: &mut Problems) -> Option<Zigbee2mqtt> {
    let name = super::need_topic(table, "name", "write the device's friendly name there", problems);
    let line = table.line;
    let base = super::topic(table, "base", problems);
    if base.as_ref().is_some_and(|base| base.split('/').next() == Some("homeassistant")) {
        let what = "is where Home Assistant's entities are; Zigbee2MQTT would own them all";
        problems.add(
            line,
            table.at("base"),
            what,
            "write mqtt.base_topic of Zigbee2MQTT, like \"zigbee2mqtt\"",
        );
        return None;
    }
    let state = table.text("state", problems);
    let setpoint = table.text("setpoint", problems);
    let cycle = table.text("cycle", problems);
    let state = state.map_or_else(|| "state".to_owned(), |key| key.value);
    if let Some(cycle) = cycle.as_ref().filter(|cycle| !has_timer(&cycle.value, &state)) {
        let what = "holds no timer of the device: it would stay off if the box died";
        let mend =
            "write what makes it go off and on again by itself, like '{\"state\":\"OFF\",\"countdown\":8}'";
        problems.add(cycle.line, table.at("cycle"), what, mend);
        return None;
    }
    Some(Zigbee2mqtt {
        base: base.unwrap_or_else(|| "zigbee2mqtt".to_owned()),
        name: name?,
        state,
        cycle: cycle.map(|cycle| cycle.value),
        setpoint: setpoint.map_or_else(|| "occupied_heating_setpoint".to_owned(), |key| key.value),
    })
}

/// Whether this JSON turns the device off and sets some number beside it, which is its timer.
fn has_timer(json: &str, state: &str) -> bool {
    let Ok(Value::Object(keys)) = serde_json::from_str(json) else { return false };
    keys.get(state).and_then(Value::as_str) == Some("OFF")
        && keys.iter().any(|(key, value)| key != state && value.as_f64().is_some_and(|n| n > 0.0))
}

pub(super) fn lacks(of: &Zigbee2mqtt, effect: Effect) -> Option<(&'static str, &'static str)> {
    let cycles = matches!(effect, Effect::OutletCycle | Effect::AudioRestart);
    let mend = "write the device's own timer, like '{\"state\":\"OFF\",\"countdown\":8}', or leave the effect out: \
                the box never turns off and, later, on again";
    (cycles && of.cycle.is_none()).then_some(("cycle", mend))
}
