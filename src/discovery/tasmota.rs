//! Tasmota's own announcements: `tasmota/discovery/<MAC>/config`, retained, one a device, JSON.
//!
//! A proposal a relay. Source: the message hatasmota's tests record.

use serde::Deserialize;

use super::News;
use super::found::{self, Value};
use crate::store::proposal::Heard;

pub(super) const TOPICS: &str = "tasmota/discovery/+/config";
const SOURCE: &str = "tasmota";
/// A longer announcement is none.
const MOST: usize = 16 * 1024;
/// Relays of one device.
const RELAYS: usize = 8;

/// What is read of it.
#[derive(Deserialize)]
struct Config {
    /// Its own topic.
    t: String,
    /// How topics are made.
    ft: String,
    /// The prefixes: command, state, telemetry.
    #[serde(default)]
    tp: Vec<String>,
    /// What each output is: 0 nothing, 1 relay, 2 light.
    #[serde(default)]
    rl: Vec<u8>,
    /// Names of the outputs.
    #[serde(default, rename = "fn")]
    names: Vec<Option<String>>,
    #[serde(default)]
    dn: Option<String>,
    #[serde(default)]
    md: Option<String>,
    #[serde(default)]
    ip: Option<String>,
}

/// What a message on such a topic says; nothing where it cannot be read.
pub fn read(topic: &str, payload: &[u8]) -> Vec<News> {
    let Some(mac) = topic.strip_prefix("tasmota/discovery/").and_then(|rest| rest.strip_suffix("/config"))
    else {
        return Vec::new();
    };
    if mac.len() != 12 || !mac.bytes().all(|b| b.is_ascii_hexdigit()) || payload.len() > MOST {
        return Vec::new();
    }
    let key = mac.to_ascii_uppercase();
    if payload.is_empty() {
        return vec![News::Gone { source: SOURCE, key }];
    }
    let Ok(config) = serde_json::from_slice::<Config>(payload) else { return Vec::new() };
    let outputs = config.rl.iter().take(RELAYS).enumerate().filter(|(_, kind)| **kind == 1 || **kind == 2);
    outputs.filter_map(|(nth, _)| one(&config, &key, nth)).map(News::Found).collect()
}

fn one(config: &Config, key: &str, nth: usize) -> Option<Heard> {
    let topic = found::topic(&config.t)?;
    let full = config.ft.as_str();
    let usual = full == "%prefix%/%topic%/";
    let known = ["cmnd", "stat", "tele"];
    // Prefixes of its own cannot be written in `site.toml`.
    let plain = config.tp.is_empty() || config.tp.iter().map(String::as_str).eq(known);
    let relay = u64::try_from(nth).ok()? + 1;
    let full_topic = found::payload(full).filter(|_| !usual);
    let (keys, can) = if plain {
        let keys = [
            ("topic", Some(Value::Text(&topic))),
            ("full_topic", full_topic.as_deref().map(Value::Text)),
            ("relay", Some(Value::Whole(relay))),
        ];
        found::offer("tasmota", &keys, |_| true)
    } else {
        (None, Vec::new())
    };
    let called = config.names.get(nth).cloned().flatten().or_else(|| config.dn.clone());
    let model = config.md.as_deref().map(found::clean).filter(|m| !m.is_empty());
    let ip: Option<std::net::IpAddr> = config.ip.as_deref().and_then(|ip| ip.parse().ok());
    let seems = format!(
        "a relay with Tasmota, {}{}",
        model.unwrap_or_else(|| "of no model that it names".to_owned()),
        ip.map(|ip| format!(", at {ip}")).unwrap_or_default()
    );
    Some(Heard {
        source: SOURCE,
        key: format!("{key}/{relay}"),
        name: called
            .map(|name| found::clean(&name))
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| found::clean(&topic)),
        address: topic,
        seems,
        keys,
        can,
    })
}
