//! `[network]` of `site.toml`: the console of the network gear, and what of that gear must never be cut.
//!
//! Owns reading it and its rules. The console's official API does not say which port leads where, so the ports that
//! link network gear are named by people or, with an account for the older API, read from there; a switch of which
//! none is known is not touched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::load_devices::Devices;
use super::problem::Problems;
use super::raw::{Fields, Spot};
use super::{BayId, DriverKind, Effect, Target, load, validate};

/// A UniFi Network console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkConsole {
    /// `https://<console>`.
    pub url: String,
    pub key_file: PathBuf,
    /// SHA-256 of the certificate (DER), lower-case hex; the connection is refused on any other.
    pub certificate_sha256: String,
    /// The site at the console, by its name or internal reference. `None`: the only one there is.
    pub site: Option<String>,
    /// MAC of this box: the console then says which device carries it.
    pub box_mac: Option<String>,
    /// MAC of the device that carries this box.
    pub box_device: Option<String>,
    /// The port there that carries this box.
    pub box_port: Option<u16>,
    /// The gateway's port to the internet.
    pub wan_port: Option<u16>,
    /// Ports that link network gear, by the device's MAC; never cut.
    pub uplinks: Vec<(String, u16)>,
    /// MAC of each bay's PC, where it is to be seen whether it is on the network.
    pub pcs: BTreeMap<BayId, String>,
    /// For the older API, which tells uplinks and whether the internet works.
    pub account: Option<NetworkAccount>,
}

/// A local account at the console, for its older API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkAccount {
    pub username: String,
    pub password_file: PathBuf,
}

/// What of the network gear a driver of this family stands for. MACs in lower case with colons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gear {
    /// A PoE port of a switch.
    Port { device: String, port: u16 },
    /// A whole device, which may be restarted.
    Device { device: String },
    /// Nothing to act on; only the state of the network is seen.
    Watched,
}

/// Reads the table.
pub(super) fn console(top: &mut Fields, beside: &Path, problems: &mut Problems) -> Option<NetworkConsole> {
    let mut table = top.table("network", problems)?;
    let url = table.need_text("url", "write the console's address like \"https://10.0.0.1\"", problems);
    let url = url.filter(|url| validate::https(url, &table.at("url"), problems));
    let key = load::secret_file(&mut table, "key_file", beside, problems);
    let mend = "write the SHA-256 of the console's certificate, 64 hex digits";
    let certificate = table.need_text("certificate_sha256", mend, problems);
    let certificate =
        certificate.and_then(|c| validate::sha256(&c, &table.at("certificate_sha256"), problems));
    let site = table.text("site", problems).map(|site| site.value);
    let box_mac = mac(&mut table, "box_mac", problems);
    let box_device = mac(&mut table, "box_device", problems);
    let box_port = port(&mut table, "box_port", problems);
    let wan_port = port(&mut table, "wan_port", problems);
    let at = table.at("uplinks");
    let written = table.texts("uplinks", problems);
    let uplinks = written.iter().filter_map(|text| uplink(text, &at, problems)).collect();
    let pcs = table.table("pcs", problems).map(|pcs| bay_pcs(pcs, problems)).unwrap_or_default();
    let account = account(&mut table, beside, problems);
    table.finish(problems);
    Some(NetworkConsole {
        url: url?.value.trim_end_matches('/').to_owned(),
        key_file: key?,
        certificate_sha256: certificate?,
        site,
        box_mac,
        box_device,
        box_port,
        wan_port,
        uplinks,
        pcs,
        account,
    })
}

fn account(table: &mut Fields, beside: &Path, problems: &mut Problems) -> Option<NetworkAccount> {
    if !table.has("username") && !table.has("password_file") {
        // Counted among the known keys.
        let _ = (table.take("username"), table.take("password_file"));
        return None;
    }
    let mend = "write the name of a local account at the console, without a second factor";
    let username = table.need_text("username", mend, problems);
    let password_file = load::secret_file(table, "password_file", beside, problems);
    Some(NetworkAccount { username: username?.value, password_file: password_file? })
}

/// Reads the keys `device` and `port` of a driver. A bay has a port, the hall a device or nothing.
pub(super) fn gear(table: &mut Fields, of_a_bay: bool, problems: &mut Problems) -> Option<Gear> {
    if !of_a_bay && !table.has("effects") && !table.has("device") {
        return Some(Gear::Watched);
    }
    if !table.has("device") {
        let mend = "write the MAC of the device, like \"02:00:00:00:00:02\"";
        problems.add(table.line, table.at("device"), "is missing", mend);
    }
    let device = mac(table, "device", problems);
    if !of_a_bay {
        return Some(Gear::Device { device: device? });
    }
    if !table.has("port") {
        problems.add(table.line, table.at("port"), "is missing", "write the number of the PoE port");
    }
    let port = port(table, "port", problems);
    Some(Gear::Port { device: device?, port: port? })
}

/// What must hold between the devices and the console. `named`: whether there is a `[network]` at all.
pub(super) fn fits(
    devices: &Devices,
    named: bool,
    console: Option<&NetworkConsole>,
    problems: &mut Problems,
) {
    let bays = devices.bays.iter().flat_map(|bay| {
        bay.value
            .drivers
            .iter()
            .map(move |(effect, kind)| (bay.line, Target::from(bay.value.id), *effect, kind))
    });
    for (line, target, effect, kind) in bays {
        let DriverKind::UnifiNetwork(gear) = kind else { continue };
        if effect != Effect::PoeCycle {
            let what = format!("`unifi-network` cannot do `{effect}`");
            problems.add(line, "bays", what, "leave it `poe.cycle` alone");
        }
        needs(line, named, problems);
        if let (Some(console), Gear::Port { device, port }) = (console, gear)
            && let Some(why) = console.spares(device, *port, console.account.is_some())
        {
            let mend = "name another port here, or mend [network]";
            problems.add(line, "bays", format!("the port of {target} {why}"), mend);
        }
    }
    for hall in devices.hall.iter().filter(|h| matches!(h.value.driver, DriverKind::UnifiNetwork(_))) {
        needs(hall.line, named, problems);
    }
    for bay in console.into_iter().flat_map(|console| console.pcs.keys()) {
        if !devices.bays.iter().any(|known| known.value.id == *bay) {
            let what = format!("there is no {bay}");
            problems.add(0, "network.pcs", what, "name bays that stand in `[[bays]]`");
        }
    }
}

impl NetworkConsole {
    /// Why a port is never cut, as far as the file says; words that follow "the port". `told`: the console itself
    /// tells the uplinks of this device.
    pub fn spares(&self, device: &str, port: u16, told: bool) -> Option<String> {
        let mut links = self.uplinks.iter().filter(|(mac, _)| mac == device).peekable();
        if links.peek().is_none() && !told {
            return Some(format!(
                "is on {device}, of which no uplink is known: the console does not tell it; \
                 name its ports to other network gear in `network.uplinks`"
            ));
        }
        if links.any(|(_, link)| *link == port) {
            return Some("is an uplink: it carries other network gear".to_owned());
        }
        let carries_box = self.box_device.as_deref() == Some(device) && self.box_port == Some(port);
        carries_box.then(|| "carries this box".to_owned())
    }
}

fn needs(line: usize, named: bool, problems: &mut Problems) {
    if !named {
        let mend = "write `[network]` with url, key_file and certificate_sha256";
        problems.add(line, "network", "`unifi-network` needs a console", mend);
    }
}

fn bay_pcs(pcs: Fields, problems: &mut Problems) -> BTreeMap<BayId, String> {
    let mut found = BTreeMap::new();
    for (name, text) in pcs.all_texts(problems) {
        let key = format!("network.pcs.{name}");
        let address = parse_mac(&text, &key, problems);
        match Target::new(name.as_str()).bay() {
            Some(bay) => found.extend(address.map(|address| (bay, address))),
            None => problems.add(text.line, key, "is no bay", "write `bay-1 = \"02:…\"`"),
        }
    }
    found
}

fn mac(table: &mut Fields, key: &'static str, problems: &mut Problems) -> Option<String> {
    let text = table.text(key, problems)?;
    parse_mac(&text, &table.at(key), problems)
}

fn port(table: &mut Fields, key: &'static str, problems: &mut Problems) -> Option<u16> {
    table.whole(key, 1..=128, problems).and_then(|port| u16::try_from(port.value).ok())
}

/// `<MAC>/<port>`.
fn uplink(text: &Spot<String>, key: &str, problems: &mut Problems) -> Option<(String, u16)> {
    let Some((device, port)) = text.value.split_once('/') else {
        problems.add(text.line, key, "is no port", "write \"<MAC of the device>/<port>\"");
        return None;
    };
    let device = parse_mac(&Spot { value: device.to_owned(), line: text.line }, key, problems)?;
    let Some(port) = port.trim().parse().ok().filter(|port| (1..=128).contains(port)) else {
        problems.add(text.line, key, format!("`{port}` is no port"), "write a number from 1 to 128");
        return None;
    };
    Some((device, port))
}

fn parse_mac(text: &Spot<String>, key: &str, problems: &mut Problems) -> Option<String> {
    let found = plain_mac(&text.value);
    if found.is_none() {
        let what = format!("`{}` is no MAC address", text.value);
        problems.add(text.line, key, what, "write six pairs of hex digits, like \"02:00:00:00:00:02\"");
    }
    found
}

/// A MAC address in lower case with colons, from the forms people and devices write.
pub fn plain_mac(text: &str) -> Option<String> {
    let hex: String = text.chars().filter(|c| !":-.".contains(*c)).collect::<String>().to_ascii_lowercase();
    if hex.len() != 12 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let pairs: Vec<&str> = (0..6).filter_map(|n| hex.get(n * 2..n * 2 + 2)).collect();
    Some(pairs.join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mac_addresses_are_read_in_the_forms_people_paste() {
        for form in ["02:00:00:00:00:AB", "02-00-00-00-00-ab", "0200.0000.00ab", "0200000000ab"] {
            assert_eq!(plain_mac(form).as_deref(), Some("02:00:00:00:00:ab"), "{form}");
        }
        for wrong in ["", "02:00:00:00:00", "02:00:00:00:00:zz", "é20000000000"] {
            assert_eq!(plain_mac(wrong), None, "{wrong}");
        }
    }
}
