//! A plug or relay with Tasmota's firmware, behind the broker: `driver = "tasmota"`.

use super::super::problem::Problems;
use super::super::raw::Fields;

/// How Tasmota names its topics unless it is told otherwise (`FullTopic`).
const FULL_TOPIC: &str = "%prefix%/%topic%/";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tasmota {
    /// Its own topic, as `Topic` on the device's page.
    pub topic: String,
    /// How its topics are made of prefix and own topic.
    pub full_topic: String,
    /// Which of its relays, 1 to 8.
    pub relay: u8,
    /// A power cycle leaves it off this long, in seconds, 2 to 30.
    pub off_s: u8,
}

impl Tasmota {
    /// A topic of the device: `cmnd`, `stat` or `tele`, and what is behind it.
    pub fn at(&self, prefix: &str, leaf: &str) -> String {
        let stem = self.full_topic.replace("%prefix%", prefix).replace("%topic%", &self.topic);
        format!("{}/{leaf}", stem.trim_end_matches('/'))
    }
}

pub(super) fn read(table: &mut Fields, problems: &mut Problems) -> Option<Tasmota> {
    let topic = super::need_topic(table, "topic", "write the device's Topic, like \"plug-bay-1\"", problems);
    let full_topic = table.text("full_topic", problems);
    let relay = table.whole("relay", 1..=8, problems);
    let off_s = table.whole("off_s", 2..=30, problems);
    if let Some(full) = full_topic.as_ref().filter(|full| !is_full_topic(&full.value)) {
        let what = format!("`{}` does not make a topic for each device", full.value);
        let mend = "write it as on the device, with %prefix% and %topic%: \"%prefix%/%topic%/\"";
        problems.add(full.line, table.at("full_topic"), what, mend);
        return None;
    }
    Some(Tasmota {
        topic: topic?,
        full_topic: full_topic.map_or_else(|| FULL_TOPIC.to_owned(), |full| full.value),
        relay: relay.and_then(|n| u8::try_from(n.value).ok()).unwrap_or(1),
        off_s: off_s.and_then(|n| u8::try_from(n.value).ok()).unwrap_or(8),
    })
}

/// Both marks once, nothing of the box's own before them.
fn is_full_topic(full: &str) -> bool {
    let once = |mark| full.matches(mark).count() == 1;
    let plain = full.replace("%prefix%", "p").replace("%topic%", "t");
    once("%prefix%") && once("%topic%") && super::is_topic(plain.trim_end_matches('/'))
}
