//! A plug or relay by Shelly behind the broker: `driver = "shelly-mqtt"`.

use super::super::Effect;
use super::super::problem::Problems;
use super::super::raw::Fields;
use super::shelly;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellyMqtt {
    /// The topic it uses: `shellyplusplugs-aabbccddeeff`; of the first generation `shellies/shellyplug-s-DDEEFF`.
    pub prefix: String,
    /// 1, or 2 for the second and all later ones.
    pub generation: u8,
    /// Its output, counted from 0.
    pub channel: u8,
    /// How long a power cycle leaves it off: 2 to 120 s.
    pub cycle_seconds: u8,
    /// Music plays while it draws more than this. `None`: an `audio.restart` is never proven.
    pub playing_above_w: Option<u32>,
}

pub(super) fn read(table: &mut Fields, problems: &mut Problems) -> Option<ShellyMqtt> {
    if !table.has("prefix") {
        let mend = "write its MQTT prefix, like \"shellyplusplugs-aabbccddeeff\"";
        problems.add(table.line, table.at("prefix"), "is missing", mend);
    }
    let prefix = super::topic(table, "prefix", problems);
    Some(ShellyMqtt {
        generation: shelly::small(table, "generation", 1..=2, 2, problems),
        channel: shelly::channel(table, problems),
        cycle_seconds: shelly::cycle_seconds(table, problems),
        playing_above_w: shelly::playing_above(table, problems),
        prefix: prefix?,
    })
}

/// The first generation has no timer over the broker.
pub(super) fn lacks(of: &ShellyMqtt, effect: Effect) -> Option<(&'static str, &'static str)> {
    let cycles = matches!(effect, Effect::OutletCycle | Effect::AudioRestart);
    let mend = "the first generation has no timer over the broker: use `driver = \"shelly\"`";
    (of.generation == 1 && cycles).then_some(("generation", mend))
}
