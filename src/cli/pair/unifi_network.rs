//! Pairing a UniFi Network console, by its official local API.

use serde_json::Value;

use super::console::{Console, Look, plain, segment};

pub const CONSOLE: Console = Console {
    name: "the UniFi Network console",
    table: "network",
    secret_key: "key_file",
    secret_name: "network-key",
    made: "Settings, Control Plane, Integrations",
    bearer: false,
    look: Look {
        first: "/proxy/network/integration/v1/sites?offset=0&limit=200",
        then: devices,
        found: gear,
        next: "Still to be written by hand, or no port is ever cut: `uplinks` (ports between network gear) and one of \
               `box_mac` and `box_device`; docs/site.md says how.",
        untried: "a port without power and a device that restarts disturb whoever hangs on them.",
    },
};

/// The devices of its first site; of several, the site is named by hand.
fn devices(sites: &Value) -> Result<Option<String>, String> {
    let sites = sites["data"].as_array().ok_or("a list of sites without sites")?;
    let first = sites.first().ok_or("the key sees no site")?;
    if sites.len() > 1 {
        let names: Vec<String> = sites.iter().map(|site| plain(&site["name"])).collect();
        eprintln!("It has several sites; write `site = …` into [network], one of: {}", names.join(", "));
    }
    let id = first["id"].as_str().and_then(segment).ok_or("a site without an id")?;
    Ok(Some(format!("/proxy/network/integration/v1/sites/{id}/devices?offset=0&limit=200")))
}

fn gear(devices: &Value) -> Result<Vec<String>, String> {
    let devices = devices["data"].as_array().ok_or("a list of devices without devices")?;
    let line = |device: &Value| {
        format!(
            "{}  {} ({}), {}",
            plain(&device["macAddress"]),
            plain(&device["name"]),
            plain(&device["model"]),
            plain(&device["state"])
        )
    };
    Ok(devices.iter().map(line).collect())
}
