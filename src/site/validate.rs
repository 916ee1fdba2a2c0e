//! What must hold between the parts of a site: one name for one thing, addresses that are addresses, a
//! carrier for each driver.

use std::collections::BTreeMap;

use super::DriverKind;
use super::load_devices::Devices;
use super::problem::Problems;
use super::raw::Spot;

/// Names customers use for bays and doors; each may mean one thing only.
#[derive(Debug, Default)]
pub struct Names(BTreeMap<String, (String, usize)>);

impl Names {
    /// Takes a name for `owner`. False, with a problem, where it is taken or could mean anything.
    pub fn claim(
        &mut self,
        name: &str,
        owner: &str,
        line: usize,
        key: &str,
        problems: &mut Problems,
    ) -> bool {
        let name = plain(name);
        if let Some(why) = too_vague(&name) {
            problems.add(
                line,
                key,
                format!("\"{name}\" {why}"),
                "write words that can mean nothing else, like \"by the washroom\"",
            );
            return false;
        }
        if let Some((other, at)) = self.0.get(&name) {
            let what = if other == owner {
                format!("\"{name}\" stands twice for {owner}")
            } else {
                format!("\"{name}\" means {owner} and {other} (line {at})")
            };
            problems.add(line, key, what, "keep it where it means one thing, or drop it");
            return false;
        }
        self.0.insert(name, (owner.to_owned(), line));
        true
    }
}

fn plain(name: &str) -> String {
    let lower = name.to_lowercase();
    lower
        .split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Why a name can mean no single bay or door, in words that follow it.
fn too_vague(name: &str) -> Option<&'static str> {
    const NUMBERS: &[&str] = &[
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve", "first", "second", "third", "fourth", "fifth", "un", "deux", "trois", "quatre", "cinq",
    ];
    const PLAIN: &[&str] = &[
        "bay",
        "bays",
        "box",
        "sim",
        "simulator",
        "room",
        "number",
        "no",
        "the",
        "my",
        "our",
        "door",
        "doors",
        "left",
        "right",
        "here",
        "this",
        "that",
        "one",
    ];
    let is_number = |w: &str| NUMBERS.contains(&w) || w.chars().all(|c| c.is_ascii_digit());
    let words: Vec<&str> = name.split(' ').collect();
    if name.chars().count() < 3 {
        Some("is too short to be recognised")
    } else if words.iter().all(|w| is_number(w) || PLAIN.contains(w)) && words.iter().any(|w| is_number(w)) {
        Some("is a number, and numbers mean bays already")
    } else if words.iter().all(|w| PLAIN.contains(w)) {
        Some("could mean any of them")
    } else {
        None
    }
}

/// Bays and doors with the same number or target, two doors on one id of the controller.
pub fn unique(devices: &Devices, problems: &mut Problems) {
    let mut bays = BTreeMap::new();
    for bay in &devices.bays {
        if let Some(first) = bays.insert(bay.value.id, bay.line) {
            let what = format!("bay {} stands twice, first in line {first}", bay.value.id.0);
            problems.add(bay.line, "bays", what, "give each bay its own number");
        }
    }
    for bay in &devices.bays {
        let has = |kind: DriverKind| bay.value.drivers.values().any(|driver| *driver == kind);
        if has(DriverKind::AgentMqtt) && has(DriverKind::AgentHttp) {
            let what = format!("bay {} has an agent over MQTT and one over HTTP", bay.value.id.0);
            problems.add(bay.line, "bays", what, "use one of the two: it says whether the PC is there");
        }
    }
    let (mut targets, mut ids) = (BTreeMap::new(), BTreeMap::new());
    for door in &devices.doors {
        let name = &door.value.target;
        if let Some(first) = targets.insert(name.clone(), door.line) {
            let what = format!("`{name}` stands twice, first in line {first}");
            problems.add(door.line, "doors", what, "give each door its own target");
        }
        if let DriverKind::UnifiAccess { door_id } = &door.value.driver
            && let Some(other) = ids.insert(door_id.clone(), name.clone())
        {
            let what = format!("`{name}` and `{other}` are the same door at the controller");
            problems.add(door.line, "doors", what, "give each its own door_id");
        }
    }
}

/// A driver needs the system it speaks through.
pub fn needs_carriers(devices: &Devices, broker: bool, access: bool, problems: &mut Problems) {
    let agent = devices.bays.iter().find(|b| b.value.drivers.values().any(|d| *d == DriverKind::AgentMqtt));
    if let Some(bay) = agent.filter(|_| !broker) {
        problems.add(
            bay.line,
            "broker",
            "`agent-mqtt` needs a broker",
            "write `[broker]` with host, username and password_file",
        );
    }
    let bays = devices.bays.iter().flat_map(|bay| bay.value.drivers.values().map(|d| (bay.line, d)));
    let hall = devices.hall.iter().map(|device| (device.line, &device.value.driver));
    let behind = bays.chain(hall).find_map(|(line, kind)| match kind {
        DriverKind::Lan(device) if device.family().needs_broker() => Some((line, device.family())),
        _ => None,
    });
    if let Some((line, family)) = behind.filter(|_| !broker) {
        problems.add(
            line,
            "broker",
            format!("`{}` needs a broker", family.name()),
            "write `[broker]` with host, username and password_file",
        );
    }
    let unifi = devices.doors.iter().find(|d| matches!(d.value.driver, DriverKind::UnifiAccess { .. }));
    if let Some(door) = unifi.filter(|_| !access) {
        let mend = "write `[access]` with url, token_file and certificate_sha256";
        problems.add(door.line, "access", "`unifi-access` needs a controller", mend);
    }
}

/// A short name for ids and people: `clubhouse`, `dana`.
pub fn short_name(name: &Spot<String>, key: &str, problems: &mut Problems) -> bool {
    let right = name.value.len() <= 32
        && name.value.starts_with(|c: char| c.is_ascii_lowercase())
        && name.value.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !right {
        problems.add(
            name.line,
            key,
            format!("`{}` is no short name", name.value),
            "use small letters, digits and hyphens, 32 at most",
        );
    }
    right
}

/// `door-` and a short name.
pub fn door_target(target: &Spot<String>, key: &str, problems: &mut Problems) -> bool {
    let name = target.value.strip_prefix("door-").unwrap_or_default();
    let right = !name.is_empty()
        && name.len() <= 32
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !right {
        problems.add(
            target.line,
            key,
            format!("`{}` is no name of a door", target.value),
            "write \"door-\" and small letters, like \"door-main\"",
        );
    }
    right
}

/// A host name or address without scheme, port or path.
pub fn host(host: &Spot<String>, key: &str, problems: &mut Problems) -> bool {
    let ipv6 = host.value.parse::<std::net::Ipv6Addr>().is_ok();
    let right = ipv6 || host.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
    if !right {
        problems.add(
            host.line,
            key,
            format!("`{}` is no host", host.value),
            "write the name or address only, like \"10.20.0.1\"",
        );
    }
    right
}

/// An `https://` address.
pub fn https(url: &Spot<String>, key: &str, problems: &mut Problems) -> bool {
    let rest = url.value.strip_prefix("https://").unwrap_or_default();
    let right = !rest.is_empty() && !rest.contains(['@', ' ', '?', '#']);
    if !right {
        problems.add(
            url.line,
            key,
            "is no https address",
            "write it like \"https://10.0.0.2:12445\", without a user or a query",
        );
    }
    right
}

/// A SHA-256 as 64 hex digits, with or without colons, to lower case without.
pub fn sha256(text: &Spot<String>, key: &str, problems: &mut Problems) -> Option<String> {
    let hex: String = text.value.chars().filter(|c| *c != ':').map(|c| c.to_ascii_lowercase()).collect();
    let right = hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    if !right {
        problems.add(text.line, key, "is no SHA-256", "write 64 hex digits, with or without colons");
    }
    right.then_some(hex)
}

/// A fact as customers will read it: one line, not too long, an address where one is meant.
pub fn fact(name: &str, text: &Spot<String>, problems: &mut Problems) {
    let key = format!("facts.{name}");
    if text.value.chars().any(char::is_control) {
        problems.add(text.line, &key, "holds a line break or control character", "write it in one line");
    }
    if text.value.chars().count() > 160 {
        problems.add(
            text.line,
            &key,
            "is longer than 160 characters",
            "shorten it: it is sent as part of a text",
        );
    }
    if name == "booking_url" && !text.value.starts_with("https://") {
        problems.add(
            text.line,
            &key,
            "is no https address",
            "write it in full, like \"https://book.club.example\"",
        );
    }
}
