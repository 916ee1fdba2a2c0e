//! Entities that others announce to Home Assistant over the broker (MQTT discovery), read as devices.
//!
//! Single entities (`homeassistant/<component>/[<node>/]<object>/config`) and the form with a whole device
//! (`homeassistant/device/…`, since 2024.11). Short keys, `~`, availability as a topic or a list; keys that are not
//! known are passed over. Only what can be told something is of interest; what this club announces itself is not.

use serde_json::{Map, Value as Json};

use super::News;
use super::abbreviations::{long, long_of_device};
use super::found::{self, Value};
use crate::site::Effect;
use crate::store::proposal::Heard;

pub(super) const TOPICS: [&str; 2] = ["homeassistant/+/+/config", "homeassistant/+/+/+/config"];
const SOURCE: &str = "home-assistant";
/// Entities of one device.
const ENTITIES: usize = 16;
/// A longer announcement is none.
const MOST: usize = 64 * 1024;

type Keys = Map<String, Json>;

/// What a message on such a topic says; nothing where it cannot be read or is of no interest.
pub fn read(topic: &str, payload: &[u8]) -> Vec<News> {
    let Some(path) = topic.strip_prefix("homeassistant/").and_then(|rest| rest.strip_suffix("/config"))
    else {
        return Vec::new();
    };
    let parts: Vec<&str> = path.split('/').collect();
    let is_id = |part: &&str| {
        !part.is_empty()
            && part.len() <= 64
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    let ours = parts.len() == 3 && parts[1].starts_with("clubos_");
    if !(2..=3).contains(&parts.len()) || !parts.iter().all(is_id) || ours || payload.len() > MOST {
        return Vec::new();
    }
    if payload.is_empty() {
        return vec![News::Gone { source: SOURCE, key: path.to_owned() }];
    }
    let Ok(Json::Object(keys)) = serde_json::from_slice(payload) else { return Vec::new() };
    let keys = expanded(keys, long);
    match parts[0] {
        "device" => device(path, &keys),
        component => entity(path, component, &keys).map(News::Found).into_iter().collect(),
    }
}

/// The form with a whole device: what all its entities share stands beside them.
fn device(path: &str, shared: &Keys) -> Vec<News> {
    let Some(Json::Object(components)) = shared.get("components") else { return Vec::new() };
    if !matches!(shared.get("device"), Some(Json::Object(_))) {
        return Vec::new();
    }
    const SHARED: [&str; 7] = [
        "device",
        "availability",
        "availability_topic",
        "payload_available",
        "payload_not_available",
        "state_topic",
        "command_topic",
    ];
    let mut found = Vec::new();
    for (id, component) in components.iter().take(ENTITIES) {
        let Json::Object(component) = component else { continue };
        let own = expanded(component.clone(), long);
        let (Some(platform), true) = (text(&own, "platform"), own.contains_key("unique_id")) else {
            continue;
        };
        // `~` stands for what the component itself says it does.
        let mut keys = with_base(own);
        for key in SHARED {
            if let Some(value) = shared.get(key) {
                keys.entry(key).or_insert_with(|| value.clone());
            }
        }
        let key = format!("{path}/{}", found::clean(id));
        found.extend(entity(&key, &platform, &keys).map(News::Found));
    }
    found
}

/// One entity, if it can be told something.
fn entity(key: &str, component: &str, keys: &Keys) -> Option<Heard> {
    let keys = with_base(keys.clone());
    let (kind, offered, address) = match component {
        "switch" | "light" | "fan" => {
            let topic = found::topic(&text(&keys, "command_topic")?)?;
            let kind = match component {
                "switch" => "a switch",
                "light" => "a light",
                _ => "a fan",
            };
            (kind, switch(component, &topic, &keys), topic)
        }
        "button" => {
            let topic = found::topic(&text(&keys, "command_topic")?)?;
            ("a button", button(&topic, &keys), topic)
        }
        "climate" => {
            let topic = found::topic(&text(&keys, "temperature_command_topic")?)?;
            ("a thermostat", thermostat(&topic, &keys), topic)
        }
        // Doors are opened by the access console alone.
        "lock" | "cover" | "valve" | "siren" => {
            let topic = found::topic(&text(&keys, "command_topic")?)?;
            let kind = match component {
                "lock" => "a lock",
                "cover" => "a cover",
                "valve" => "a valve",
                _ => "a siren",
            };
            (kind, (None, Vec::new()), topic)
        }
        _ => return None,
    };
    let of = of_device(&keys);
    let name = [of.name, text(&keys, "name")].into_iter().flatten().map(|n| found::clean(&n));
    let name = name.filter(|n| !n.is_empty()).collect::<Vec<_>>().join(", ");
    let (keys, can) = offered;
    Some(Heard {
        source: SOURCE,
        key: key.to_owned(),
        name: if name.is_empty() { found::clean(key) } else { found::clean(&name) },
        address,
        seems: [Some(kind.to_owned()), of.model].into_iter().flatten().collect::<Vec<_>>().join(", "),
        keys,
        can,
    })
}

fn switch(component: &str, command: &str, keys: &Keys) -> (Option<String>, Vec<Effect>) {
    let json = match text(keys, "schema").as_deref() {
        None | Some("basic" | "default") => false,
        Some("json") if component == "light" => true,
        Some(_) => return (None, Vec::new()),
    };
    let (on, off, template) = if json {
        (Some(r#"{"state":"ON"}"#.to_owned()), Some(r#"{"state":"OFF"}"#.to_owned()), None)
    } else {
        let template = text(keys, "state_value_template").or_else(|| text(keys, "value_template"));
        let of = |key: &str, default: &str| match keys.get(key) {
            None => Some(default.to_owned()),
            Some(_) => said(keys, key),
        };
        (of("payload_on", "ON"), of("payload_off", "OFF"), template)
    };
    let (Some(on), Some(off)) = (on.and_then(|p| found::payload(&p)), off.and_then(|p| found::payload(&p)))
    else {
        return (None, Vec::new());
    };
    let state = State::of(keys, "state_topic", template.as_deref(), json);
    let state_on =
        said(keys, "state_on").or_else(|| (!json).then(|| on.clone())).and_then(|p| found::payload(&p));
    let state_off =
        said(keys, "state_off").or_else(|| (!json).then(|| off.clone())).and_then(|p| found::payload(&p));
    let there = Availability::of(keys);
    let lines = [
        ("command", Some(Value::Text(command))),
        ("on", Some(Value::Text(&on))),
        ("off", Some(Value::Text(&off))),
        ("state", state.topic.as_deref().map(Value::Text)),
        ("state_pointer", state.pointer.as_deref().map(Value::Text)),
        ("state_on", state_on.as_deref().filter(|on| *on != "ON").map(Value::Text)),
        ("state_off", state_off.as_deref().filter(|off| *off != "OFF").map(Value::Text)),
        ("availability", there.topic.as_deref().map(Value::Text)),
        ("available", there.yes.as_deref().map(Value::Text)),
        ("not_available", there.no.as_deref().map(Value::Text)),
    ];
    found::offer("mqtt-switch", &lines, |effect| {
        matches!(effect, Effect::TvOn | Effect::TvOff | Effect::LightsOn | Effect::LightsOff)
    })
}

/// A press is what starts something over; whether that is a power cycle, people know.
fn button(command: &str, keys: &Keys) -> (Option<String>, Vec<Effect>) {
    let press = match keys.get("payload_press") {
        None => Some("PRESS".to_owned()),
        Some(_) => said(keys, "payload_press").and_then(|p| found::payload(&p)),
    };
    let Some(press) = press else { return (None, Vec::new()) };
    let there = Availability::of(keys);
    let lines = [
        ("command", Some(Value::Text(command))),
        ("cycle", Some(Value::Text(&press))),
        ("availability", there.topic.as_deref().map(Value::Text)),
        ("available", there.yes.as_deref().map(Value::Text)),
        ("not_available", there.no.as_deref().map(Value::Text)),
    ];
    found::offer("mqtt-switch", &lines, |e| matches!(e, Effect::OutletCycle | Effect::AudioRestart))
}

fn thermostat(command: &str, keys: &Keys) -> (Option<String>, Vec<Effect>) {
    let template = text(keys, "temperature_state_template");
    let state = State::of(keys, "temperature_state_topic", template.as_deref(), false);
    let there = Availability::of(keys);
    let lines = [
        ("set", Some(Value::Text(command))),
        ("state", state.topic.as_deref().map(Value::Text)),
        ("state_pointer", state.pointer.as_deref().map(Value::Text)),
        ("availability", there.topic.as_deref().map(Value::Text)),
        ("available", there.yes.as_deref().map(Value::Text)),
        ("not_available", there.no.as_deref().map(Value::Text)),
    ];
    found::offer("mqtt-switch", &lines, |effect| effect == Effect::ThermostatSet)
}

/// Where a device tells what it is. A template that is more than one key of JSON cannot be read here: then nothing is
/// ever verified, which is better than a guess.
#[derive(Default)]
struct State {
    topic: Option<String>,
    pointer: Option<String>,
}

impl State {
    fn of(keys: &Keys, key: &str, template: Option<&str>, json: bool) -> State {
        let Some(topic) = text(keys, key).and_then(|topic| found::topic(&topic)) else {
            return State::default();
        };
        match template {
            None if json => State { topic: Some(topic), pointer: Some("/state".to_owned()) },
            None => State { topic: Some(topic), pointer: None },
            Some(template) => match pointer(template) {
                Some(pointer) => State { topic: Some(topic), pointer: Some(pointer) },
                None => State::default(),
            },
        }
    }
}

/// `{{ value_json.a.b }}` or `{{ value_json['a'] }}` as a JSON pointer (RFC 6901).
fn pointer(template: &str) -> Option<String> {
    let inner = template.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim();
    let mut rest = inner.strip_prefix("value_json")?;
    let mut pointer = String::new();
    while !rest.is_empty() {
        let (key, after) = if let Some(named) = rest.strip_prefix('.') {
            let end = named.find(['.', '[']).unwrap_or(named.len());
            named.split_at(end)
        } else {
            let quote = rest.strip_prefix('[')?.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
            let (key, after) = rest[2..].split_once(quote)?;
            (key, after.strip_prefix(']')?)
        };
        let plain = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "_- /~".contains(c));
        if !plain || pointer.len() > 100 {
            return None;
        }
        pointer.push('/');
        pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
        rest = after;
    }
    (!pointer.is_empty()).then_some(pointer)
}

/// Where a device tells that it is there. Of a list with more than one nothing is taken: which of them counts is the
/// list's own rule.
#[derive(Default)]
struct Availability {
    topic: Option<String>,
    yes: Option<String>,
    no: Option<String>,
}

impl Availability {
    fn of(keys: &Keys) -> Availability {
        let one = match keys.get("availability") {
            Some(Json::Array(list)) => match list.as_slice() {
                [Json::Object(one)] => Some(expanded(one.clone(), long)),
                _ => return Availability::default(),
            },
            Some(Json::Object(one)) => Some(expanded(one.clone(), long)),
            _ => None,
        };
        let (from, key) = one.as_ref().map_or((keys, "availability_topic"), |one| (one, "topic"));
        if one.as_ref().is_some_and(|one| one.contains_key("value_template")) {
            return Availability::default();
        }
        let Some(topic) = text(from, key).map(|t| base_in(keys, &t)).and_then(|t| found::topic(&t)) else {
            return Availability::default();
        };
        let payload =
            |key: &str, usual: &str| said(from, key).filter(|p| p != usual).and_then(|p| found::payload(&p));
        Availability {
            topic: Some(topic),
            yes: payload("payload_available", "online"),
            no: payload("payload_not_available", "offline"),
        }
    }
}

struct OfDevice {
    name: Option<String>,
    /// "Sonoff Basic by Tasmota".
    model: Option<String>,
}

fn of_device(keys: &Keys) -> OfDevice {
    let Some(Json::Object(device)) = keys.get("device") else { return OfDevice { name: None, model: None } };
    let device = expanded(device.clone(), long_of_device);
    let plain = |key: &str| text(&device, key).map(|t| found::clean(&t)).filter(|t| !t.is_empty());
    let model = match (plain("model"), plain("manufacturer")) {
        (Some(model), Some(maker)) => Some(format!("{model} by {maker}")),
        (model, maker) => model.or(maker.map(|maker| format!("by {maker}"))),
    };
    OfDevice { name: text(&device, "name"), model }
}

fn expanded(keys: Keys, long: impl Fn(&str) -> &str) -> Keys {
    let mut all = Keys::new();
    for (key, value) in keys {
        // A key that stands in both forms counts as written out.
        let name = long(&key).to_owned();
        if name == key || !all.contains_key(&name) {
            all.insert(name, value);
        }
    }
    all
}

/// The keys with `~` at the beginning or end of a topic put in.
fn with_base(mut keys: Keys) -> Keys {
    let Some(base) = text(&keys, "~") else { return keys };
    for (key, value) in &mut keys {
        if let (true, Json::String(topic)) = (key.ends_with("_topic"), value) {
            *topic = with(&base, topic);
        }
    }
    keys
}

fn base_in(keys: &Keys, topic: &str) -> String {
    text(keys, "~").map_or_else(|| topic.to_owned(), |base| with(&base, topic))
}

fn with(base: &str, topic: &str) -> String {
    match (topic.strip_prefix('~'), topic.strip_suffix('~')) {
        (Some(rest), _) => format!("{base}{rest}"),
        (None, Some(rest)) => format!("{rest}{base}"),
        (None, None) => topic.to_owned(),
    }
}

fn text(keys: &Keys, key: &str) -> Option<String> {
    keys.get(key)?.as_str().filter(|text| text.len() <= 1024).map(str::to_owned)
}

/// A payload as it would be written: `true` and `1` are texts too.
fn said(keys: &Keys, key: &str) -> Option<String> {
    match keys.get(key)? {
        Json::String(text) => Some(text.clone()).filter(|text| text.len() <= 1024),
        Json::Bool(flag) => Some(if *flag { "True" } else { "False" }.to_owned()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
