//! The words of UniFi Network's older API, the one its own pages use (`/proxy/network/api`): its envelope, devices
//! with the ports that link them, clients, health. Owns reading them; unknown keys and values are normal, nothing
//! here panics on any bytes.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::site::plain_mac;

/// Answers beyond this many bytes are not read. One device of 52 ports takes some 100 kB there.
pub const MAX_BODY: usize = 8 * 1024 * 1024;

/// Why an answer is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum No {
    /// Whoever asks is not signed in any more.
    SignIn,
    /// The console says no, in its own word.
    Refused(String),
    /// Not this API's JSON.
    Unclear(String),
}

/// Opens an answer: success needs `meta.rc` to be `ok`, as errors come with HTTP 200 too.
///
/// # Errors
/// [`No`].
pub fn open(body: &[u8]) -> Result<Vec<Value>, No> {
    let answer: Value = serde_json::from_slice(body)
        .map_err(|error| No::Unclear(format!("not the expected JSON ({error})")))?;
    let word = || -> String {
        let msg = answer["meta"]["msg"].as_str().unwrap_or("no word why");
        msg.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(80).collect()
    };
    match (answer["meta"]["rc"].as_str(), answer["data"].as_array()) {
        (Some("ok"), Some(rows)) => Ok(rows.clone()),
        (Some("error"), _) if word() == "api.err.LoginRequired" => Err(No::SignIn),
        (Some("error"), _) => Err(No::Refused(word())),
        _ => Err(No::Unclear("an envelope without meta.rc and data".to_owned())),
    }
}

/// Whether a refusal means that the account has a second factor.
pub fn wants_second_factor(status: u16, body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    status == 499 || body["meta"]["msg"] == "api.err.Ubic2faTokenRequired"
}

/// The token that changes something must carry, as the session's cookie itself names it.
pub fn csrf_of(jwt: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    let payload: Value = serde_json::from_slice(&payload).ok()?;
    payload["csrfToken"].as_str().map(str::to_owned)
}

/// Which ports link network gear.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    ports: BTreeSet<(String, u16)>,
    /// Devices of which a port leads to other gear that nobody names.
    blurred: BTreeSet<String>,
}

impl Links {
    /// Reads the rows of `stat/device`.
    pub fn read(rows: &[Value]) -> Links {
        let mut links = Links::default();
        for row in rows {
            links.add(row);
        }
        // What hangs on a device without a port being told is only known if the device itself lists it.
        for row in rows {
            let (Some(child), uplink) = (mac(&row["mac"]), uplink(row)) else { continue };
            let Some(parent) = mac(&uplink["uplink_mac"]).filter(|parent| *parent != child) else { continue };
            let wired = uplink["type"].as_str() != Some("wireless");
            let listed = rows.iter().filter(|row| mac(&row["mac"]).as_ref() == Some(&parent)).any(|row| {
                rows_of(&row["downlink_table"]).any(|down| mac(&down["mac"]).as_ref() == Some(&child))
            });
            if wired && port(&uplink["uplink_remote_port"]).is_none() && !listed {
                links.blurred.insert(parent);
            }
        }
        links
    }

    fn add(&mut self, row: &Value) {
        let Some(own) = mac(&row["mac"]) else { return };
        let ports = || rows_of(&row["port_table"]);
        let of = |row: &Value| port(&row["port_idx"]);
        let flagged = ports().filter(|p| p["is_uplink"] == Value::Bool(true)).filter_map(of);
        let mut here: BTreeSet<u16> = flagged.collect();
        here.extend(rows_of(&row["downlink_table"]).filter_map(of));
        let uplink = uplink(row);
        let wired = uplink["type"].as_str() != Some("wireless");
        here.extend(of(uplink).filter(|_| wired));
        // The other members of a bundle of cables.
        let bundled: Vec<u16> = ports()
            .filter(|p| port(&p["aggregated_by"]).is_some_and(|by| here.contains(&by)))
            .filter_map(of)
            .collect();
        here.extend(bundled);
        self.ports.extend(here.into_iter().map(|port| (own.clone(), port)));
        if let (Some(parent), Some(port)) = (mac(&uplink["uplink_mac"]), port(&uplink["uplink_remote_port"]))
        {
            self.ports.insert((parent, port));
        }
    }

    /// Whether the port links network gear.
    pub fn has(&self, device: &str, port: u16) -> bool {
        self.ports.contains(&(device.to_owned(), port))
    }

    /// Whether all ports of a device that link network gear are known.
    pub fn knows(&self, device: &str) -> bool {
        self.ports.iter().any(|(mac, _)| mac == device) && !self.blurred.contains(device)
    }
}

/// Where a client is plugged in, by the rows of `stat/sta`.
pub fn port_of(rows: &[Value], client: &str) -> Option<(String, u16)> {
    let row = rows.iter().find(|row| mac(&row["mac"]).as_deref() == Some(client))?;
    Some((mac(&row["sw_mac"])?, port(&row["sw_port"])?))
}

/// Whether the line to the internet works, by the rows of `stat/health`. What is neither `ok` nor `error` says nothing.
pub fn internet(rows: &[Value]) -> Option<bool> {
    let of = |name: &str| rows.iter().find(|row| row["subsystem"] == name)?["status"].as_str();
    let status = |name: &str| match of(name) {
        Some("ok") => Some(true),
        Some("error") => Some(false),
        _ => None,
    };
    match (status("wan"), status("www")) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (wan, www) => www.or(wan),
    }
}

/// The way up; of a device that is away, the one it had.
fn uplink(row: &Value) -> &Value {
    if row["uplink"]["uplink_mac"].is_string() || !row["last_uplink"].is_object() {
        &row["uplink"]
    } else {
        &row["last_uplink"]
    }
}

fn rows_of(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn mac(value: &Value) -> Option<String> {
    plain_mac(value.as_str()?)
}

/// A port's number; some versions write it as text.
fn port(value: &Value) -> Option<u16> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    u16::try_from(number).ok().filter(|port| *port > 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn recorded(text: &str) -> Value {
        serde_json::from_str(text).expect("JSON")
    }

    fn club() -> Vec<Value> {
        [
            include_str!("../../tests/data/wire/aiounifi/gateway_usg3.json"),
            include_str!("../../tests/data/wire/aiounifi/switch_8_port.json"),
            include_str!("../../tests/data/wire/aiounifi/switch_16_port_poe.json"),
            include_str!("../../tests/data/wire/aiounifi/access_point_ac_pro.json"),
        ]
        .map(recorded)
        .to_vec()
    }

    const SMALL: &str = "f0:9f:11:22:33:44";
    const LARGE: &str = "fc:ec:da:11:22:33";
    const GATEWAY: &str = "78:8a:20:33:44:55";

    #[test]
    fn recorded_devices_tell_the_ports_that_link_them() {
        let links = Links::read(&club());
        for (device, port) in [(SMALL, 2), (SMALL, 5), (SMALL, 6), (LARGE, 1)] {
            assert!(links.has(device, port), "{device}/{port}");
        }
        for (device, port) in [(SMALL, 1), (SMALL, 7), (LARGE, 2), (LARGE, 3)] {
            assert!(!links.has(device, port), "{device}/{port}");
        }
        assert!(links.knows(SMALL) && links.knows(LARGE));
        assert!(!links.knows(GATEWAY), "the small switch hangs on it at a port that nobody names");
        assert!(!links.knows("02:00:00:00:00:99"));
    }

    #[test]
    fn a_whole_recorded_answer_is_read() {
        let usw = recorded(include_str!("../../tests/data/wire/unpoller/usw.json"));
        let body = json!({"meta": {"rc": "ok"}, "data": [usw]}).to_string();
        let links = Links::read(&open(body.as_bytes()).expect("success"));
        assert!(links.has("22:22:00:22:22:00", 24) && links.has("22:22:00:22:22:00", 13));
        assert!(!links.has("22:22:00:22:22:00", 1));
    }

    #[test]
    fn bundles_wireless_ways_and_devices_that_are_away_are_understood() {
        let rows = [
            json!({"mac": "02:00:00:00:00:01", "port_table": [
                {"port_idx": 1, "is_uplink": true}, {"port_idx": "2", "aggregated_by": 1}, {"port_idx": 3, "aggregated_by": false}
            ]}),
            json!({"mac": "02:00:00:00:00:02", "uplink": {},
                   "last_uplink": {"uplink_mac": "02:00:00:00:00:01", "uplink_remote_port": 7, "port_idx": 4}}),
            json!({"mac": "02:00:00:00:00:03", "uplink": {"type": "wireless", "uplink_mac": "02:00:00:00:00:01"}}),
            json!({"mac": 7, "port_table": "x", "uplink": [], "downlink_table": {}}),
        ];
        let links = Links::read(&rows);
        let has = |port| links.has("02:00:00:00:00:01", port);
        assert!(has(1) && has(2) && has(7) && !has(3));
        assert!(links.has("02:00:00:00:00:02", 4));
        assert!(links.knows("02:00:00:00:00:01"), "a way over the air takes no port");
    }

    #[test]
    fn the_line_to_the_internet_is_read_from_the_recorded_health() {
        let recorded: Value =
            serde_json::from_str(include_str!("../../tests/data/wire/unpoller/stat-health.json"))
                .expect("JSON");
        let rows = open(recorded.to_string().as_bytes()).expect("success");
        assert_eq!(internet(&rows), Some(true), "a broken VPN is no broken line");
        let health = |wan: &str, www: &str| {
            [json!({"subsystem": "wan", "status": wan}), json!({"subsystem": "www", "status": www})]
        };
        assert_eq!(internet(&health("ok", "error")), Some(false));
        assert_eq!(internet(&health("error", "unknown")), Some(false));
        assert_eq!(internet(&health("unknown", "unknown")), None);
        assert_eq!(internet(&[]), None);
    }

    #[test]
    fn clients_are_found_at_their_port() {
        let rows = [recorded(include_str!("../../tests/data/wire/aiounifi/wired_client.json"))];
        assert_eq!(port_of(&rows, "ac:cc:de:12:34:56"), Some((LARGE.to_owned(), 3)));
        assert_eq!(port_of(&rows, "ac:cc:de:12:34:57"), None);
    }

    #[test]
    fn success_needs_the_word_ok() {
        let no = |body: &str| open(body.as_bytes()).expect_err("no success");
        assert_eq!(no(r#"{"meta":{"rc":"error","msg":"api.err.LoginRequired"},"data":[]}"#), No::SignIn);
        assert_eq!(
            no(r#"{"meta":{"rc":"error","msg":"api.err.NoPermission"}}"#),
            No::Refused("api.err.NoPermission".into())
        );
        for garbage in [
            "",
            "<html>",
            "[]",
            "null",
            r#"{"data":[]}"#,
            r#"{"meta":{"rc":"ok"}}"#,
            r#"{"meta":{"rc":"ok"},"da"#,
        ] {
            assert!(matches!(no(garbage), No::Unclear(_)), "{garbage}");
        }
    }

    #[test]
    fn the_second_factor_and_the_tokens_name_are_read() {
        assert!(wants_second_factor(499, b"") && !wants_second_factor(401, b""));
        assert!(wants_second_factor(400, br#"{"meta":{"rc":"error","msg":"api.err.Ubic2faTokenRequired"}}"#));
        let jwt = format!("e30.{}.x", URL_SAFE_NO_PAD.encode(r#"{"csrfToken":"abc"}"#));
        assert_eq!(csrf_of(&jwt).as_deref(), Some("abc"));
        for other in ["", "a.b.c", "..", "e30.e30.x"] {
            assert_eq!(csrf_of(other), None);
        }
    }
}
