//! `[discovery]`: whether devices that announce themselves on the network are proposed to staff. Without the
//! table nothing is listened for.

use super::problem::Problems;
use super::raw::Fields;

/// What is listened to. What is heard there is only ever proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discovery {
    /// mDNS on the network the box is in. Default true.
    pub mdns: bool,
    /// Announcements on the site's own broker (Home Assistant's, Tasmota's). Default: true where there is one.
    pub mqtt: bool,
}

/// Reads `[discovery]`. `broker` says whether the file has one.
pub fn discovery(top: &mut Fields, broker: bool, problems: &mut Problems) -> Option<Discovery> {
    let mut table = top.table("discovery", problems)?;
    let mdns = table.flag("mdns", problems).unwrap_or(true);
    let mqtt = table.flag("mqtt", problems);
    if mqtt == Some(true) && !broker {
        let mend = "write `[broker]` with host, username and password_file, or leave `mqtt` out";
        problems.add(table.line, table.at("mqtt"), "needs a broker", mend);
    }
    table.finish(problems);
    Some(Discovery { mdns, mqtt: mqtt.unwrap_or(broker) })
}
