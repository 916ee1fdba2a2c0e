//! Who these devices are at the club's own broker: one user each, with its own topics and nothing else.
//!
//! Owns the list of a site. The broker's files are made elsewhere.

use serde::{Deserialize, Serialize};

use super::super::unit::{self, LanUnit};
use super::topics;
use crate::site::Site;

/// One user of the broker. The box may write what it reads and read what it writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub user: String,
    /// Topics, with wildcards, on which it tells.
    pub writes: Vec<String>,
    /// … and on which it is told.
    pub reads: Vec<String>,
}

/// The users of a site, by name. Devices that come in as one program (all of Zigbee2MQTT, the relays of one plug) are
/// one user.
pub fn accounts(site: &Site) -> Vec<Account> {
    accounts_of(&unit::of(site))
}

/// As [`accounts`], of these devices.
pub fn accounts_of(units: &[LanUnit]) -> Vec<Account> {
    let mut all: Vec<Account> = Vec::new();
    for account in units.iter().filter_map(topics).filter_map(|topics| topics.account()) {
        let Some(known) = all.iter_mut().find(|known| known.user == account.user) else {
            all.push(account);
            continue;
        };
        for (list, more) in [(&mut known.writes, account.writes), (&mut known.reads, account.reads)] {
            let fresh: Vec<String> = more.into_iter().filter(|topic| !list.contains(topic)).collect();
            list.extend(fresh);
        }
    }
    all.sort_by(|a, b| a.user.cmp(&b.user));
    all
}

/// The name of a user: the family, and what the device is called there. Two that are written alike but for their
/// punctuation get different names, so that neither reaches the other's topics.
pub(super) fn user(family: &str, name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    if plain == name {
        return if family == name { name.to_owned() } else { format!("{family}-{plain}") };
    }
    format!("{family}-{plain}-{:04x}", checksum(name))
}

/// Fletcher's checksum: the same in every version, which a hash table's is not.
fn checksum(text: &str) -> u16 {
    let (mut low, mut high) = (0_u16, 0_u16);
    for byte in text.bytes() {
        low = (low + u16::from(byte)) % 255;
        high = (high + low) % 255;
    }
    (high << 8) | low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_by_punctuation_or_case_are_different_users() {
        assert_eq!(user("tasmota", "plug-bay-1"), "tasmota-plug-bay-1");
        assert_eq!(user("zigbee2mqtt", "zigbee2mqtt"), "zigbee2mqtt");
        let names = ["a/b", "a-b", "a b", "A-b", "a_b"].map(|name| user("switch", name));
        let unique: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len(), "{names:?}");
        assert!(names.iter().all(|n| n.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')), "{names:?}");
    }
}
