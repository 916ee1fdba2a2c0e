//! Anything behind the broker that is switched by one message and tells its state in another:
//! `driver = "mqtt-switch"`. For what no other family here speaks to (ESPHome, a relay of one's own).

use super::super::Effect;
use super::super::problem::Problems;
use super::super::raw::Fields;

/// Topics and payloads, as the device's own papers name them. Payloads are compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MqttSwitch {
    /// Where it is told. `None`: it is only told a number.
    pub command: Option<String>,
    /// What turns it on and off. `None`: it cannot be told that.
    pub on: Option<String>,
    pub off: Option<String>,
    /// What makes it go off and, by its own timer, on again.
    pub cycle: Option<String>,
    /// Where it is told a number; the payload is that number.
    pub set: Option<String>,
    /// Where it tells what it is. Without it nothing is ever verified: what it does ends *unknown*.
    pub state: Option<String>,
    /// JSON pointer (RFC 6901) to the value in the state's payload; without it the payload is the value.
    pub state_pointer: Option<String>,
    /// The values that mean on and off.
    pub state_on: String,
    pub state_off: String,
    /// Where it tells that it is there.
    pub availability: Option<String>,
    pub available: String,
    pub not_available: String,
}

pub(super) fn read(table: &mut Fields, problems: &mut Problems) -> Option<MqttSwitch> {
    let mut text = |key, problems: &mut Problems| table.text(key, problems).map(|text| text.value);
    let on = text("on", problems);
    let off = text("off", problems);
    let cycle = text("cycle", problems);
    let state_on = text("state_on", problems).unwrap_or_else(|| "ON".to_owned());
    let state_off = text("state_off", problems).unwrap_or_else(|| "OFF".to_owned());
    let available = text("available", problems).unwrap_or_else(|| "online".to_owned());
    let not_available = text("not_available", problems).unwrap_or_else(|| "offline".to_owned());
    let state_pointer = super::pointer(table, "state_pointer", problems);
    let command = super::topic(table, "command", problems);
    let set = super::topic(table, "set", problems);
    let state = super::topic(table, "state", problems);
    let availability = super::topic(table, "availability", problems);
    Some(MqttSwitch {
        command,
        on,
        off,
        cycle,
        set,
        state,
        state_pointer,
        state_on,
        state_off,
        availability,
        available,
        not_available,
    })
}

pub(super) fn lacks(of: &MqttSwitch, effect: Effect) -> Option<(&'static str, &'static str)> {
    let (key, there, mend) = match effect {
        Effect::ThermostatSet => ("set", of.set.is_some(), "write the topic it is told a number on"),
        _ if of.command.is_none() => ("command", false, "write the topic it is told on"),
        Effect::TvOn | Effect::LightsOn => ("on", of.on.is_some(), "write the payload that turns it on"),
        Effect::TvOff | Effect::LightsOff => ("off", of.off.is_some(), "write the payload that turns it off"),
        _ => (
            "cycle",
            of.cycle.is_some(),
            "write the payload that makes it go off and, by its own timer, on again, or leave the effect out",
        ),
    };
    (!there).then_some((key, mend))
}
