//! What announces itself, as it was recorded and as somebody hostile would send it.

use clubos::device::broker;
use clubos::discovery::mdns::Service;
use clubos::discovery::{News, home_assistant, mdns, tasmota};
use clubos::site::edit::{self, Written};
use clubos::site::{Effect, LoadMode, Target};
use clubos::store::proposal::Heard;
use serde_json::{Value, json};

const MOST: usize = 10_000_000;

fn found(news: Vec<News>) -> Vec<Heard> {
    news.into_iter()
        .map(|news| match news {
            News::Found(heard) => heard,
            News::Gone { key, .. } => panic!("{key} was taken back"),
        })
        .collect()
}

fn one(component: &str, config: &Value) -> Heard {
    let topic = format!("homeassistant/{component}/node/thing/config");
    let mut all = found(home_assistant::read(&topic, config.to_string().as_bytes()));
    assert_eq!(all.len(), 1, "{config}");
    all.remove(0)
}

fn none(component: &str, config: &Value) {
    let topic = format!("homeassistant/{component}/node/thing/config");
    assert_eq!(home_assistant::read(&topic, config.to_string().as_bytes()), [], "{config}");
}

/// What a proposal offers is what the loader takes, for a place where nothing does it yet.
fn loads(heard: &Heard, target: &str, effects: &[Effect]) {
    let text = std::fs::read_to_string("tests/sites/clubhouse.toml").unwrap();
    let text = text
        .replace("effects = [\"tv.on\", \"tv.off\"]", "effects = [\"tv.off\"]")
        .replace("effects = [\"poe.cycle\", \"outlet.cycle\"]", "effects = [\"poe.cycle\"]")
        .replace("[hall.thermostat]\ndriver = \"simulated\"\neffects = [\"thermostat.set\"]\n", "")
        + "\n[broker]\nhost = \"127.0.0.1\"\nusername = \"clubos\"\npassword_file = \"none\"\n";
    let now = Written { file: "site.toml", text: &text, beside: "tests".as_ref(), mode: LoadMode::Simulated };
    let keys = heard.keys.as_deref().unwrap();
    let with = edit::with_device(now, &Target::new(target), effects, keys);
    assert!(with.is_ok(), "{}\n{keys}", with.unwrap_err());
}

#[test]
fn the_recorded_tasmota_is_read_and_one_with_relays_is_proposed_relay_by_relay() {
    let text = std::fs::read_to_string("tests/data/wire/tasmota/discovery_config_default.json").unwrap();
    let recorded: Value = serde_json::from_str(&text).unwrap();
    let topic = recorded["topic"].as_str().unwrap();
    let read = |config: &Value| tasmota::read(topic, config.to_string().as_bytes());
    assert_eq!(read(&recorded["payload"]), [], "as recorded it has no relay");
    let mut config = recorded["payload"].clone();
    config["rl"] = json!([1, 0, 2, 3, 0, 0, 0, 0]);
    let all = found(read(&config));
    assert_eq!(
        all.iter().map(|h| (h.key.as_str(), h.name.as_str())).collect::<Vec<_>>(),
        [("00000049A3BC/1", "Test"), ("00000049A3BC/3", "Milk")]
    );
    assert_eq!(all[0].address, "tasmota_49A3BC");
    assert_eq!(all[0].seems, "a relay with Tasmota, Sonoff Basic, at 192.168.15.10");
    let keys =
        "driver = \"tasmota\"\ntopic = \"tasmota_49A3BC\"\nfull_topic = \"%topic%/%prefix%/\"\nrelay = 1";
    assert_eq!(all[0].keys.as_deref(), Some(keys));
    loads(&all[0], "bay-2", &[Effect::OutletCycle]);
    config["tp"] = json!(["c", "s", "t"]);
    assert_eq!(found(read(&config))[0].keys, None, "prefixes of its own cannot be written down");
    let gone = tasmota::read(topic, b"");
    assert_eq!(gone, [News::Gone { source: "tasmota", key: "00000049A3BC".into() }]);
}

#[test]
fn an_entity_of_home_assistant_is_read_with_short_keys_base_and_availability() {
    let short = json!({
        "~": "plug/7", "name": "Relay", "cmd_t": "~/set", "stat_t": "~/state", "val_tpl": "{{ value_json.state }}",
        "pl_on": "1", "pl_off": "0", "stat_on": "on", "stat_off": "off", "uniq_id": "p7", "future_key": {"a": [1]},
        "avty_t": "~/status", "pl_avail": "up", "pl_not_avail": "down",
        "dev": {"ids": ["p7"], "name": "Bar plug", "mf": "Maker", "mdl": "P1"},
    });
    let heard = one("switch", &short);
    assert_eq!((heard.name.as_str(), heard.seems.as_str()), ("Bar plug, Relay", "a switch, P1 by Maker"));
    assert_eq!((heard.key.as_str(), heard.address.as_str()), ("switch/node/thing", "plug/7/set"));
    assert_eq!(
        heard.keys.as_deref().unwrap(),
        "driver = \"mqtt-switch\"\ncommand = \"plug/7/set\"\non = \"1\"\noff = \"0\"\nstate = \"plug/7/state\"\n\
         state_pointer = \"/state\"\nstate_on = \"on\"\nstate_off = \"off\"\navailability = \"plug/7/status\"\n\
         available = \"up\"\nnot_available = \"down\""
    );
    loads(&heard, "bay-2", &[Effect::TvOn]);
    let long = json!({
        "name": "Relay", "command_topic": "plug/7/set", "state_topic": "plug/7/state",
        "value_template": "{{value_json['state']}}", "payload_on": "1", "payload_off": "0", "state_on": "on",
        "state_off": "off", "availability": [{"t": "plug/7/status", "pl_avail": "up", "payload_not_available": "down"}],
        "device": {"identifiers": ["p7"], "name": "Bar plug", "manufacturer": "Maker", "model": "P1"},
    });
    assert_eq!(one("switch", &long).keys, heard.keys, "the same in full");
    let plain = one("switch", &json!({"command_topic": "a/set", "state_topic": "a"}));
    assert_eq!(
        plain.keys.as_deref().unwrap(),
        "driver = \"mqtt-switch\"\ncommand = \"a/set\"\non = \"ON\"\noff = \"OFF\"\nstate = \"a\""
    );
    assert_eq!(plain.name, "switch/node/thing", "one without a name is called by its topic");
}

#[test]
fn lights_buttons_and_thermostats_are_what_the_loader_takes() {
    let light = one("light", &json!({"schema": "json", "command_topic": "l/set", "state_topic": "l"}));
    assert!(light.keys.as_deref().unwrap().contains(r#"on = "{\"state\":\"ON\"}""#), "{light:?}");
    assert!(light.keys.as_deref().unwrap().contains("state_pointer = \"/state\""));
    let button = one("button", &json!({"cmd_t": "plug/cycle", "pl_prs": "GO"}));
    assert_eq!(button.can, [Effect::AudioRestart, Effect::OutletCycle]);
    loads(&button, "bay-2", &[Effect::OutletCycle]);
    let climate = one(
        "climate",
        &json!({"temp_cmd_t": "t/set", "temp_stat_t": "t", "temp_stat_tpl": "{{ value_json.a[\"b/c\"] }}"}),
    );
    assert!(climate.keys.as_deref().unwrap().contains("state_pointer = \"/a/b~1c\""), "{climate:?}");
    loads(&climate, "thermostat", &[Effect::ThermostatSet]);
    let template =
        json!({"command_topic": "a/set", "state_topic": "a", "value_template": "{% if value %}x{% endif %}"});
    let guess = one("switch", &template);
    assert!(!guess.keys.unwrap().contains("state ="), "a template that is a program is not guessed at");
}

#[test]
fn the_form_with_a_whole_device_is_read_entity_by_entity() {
    let config = json!({
        "dev": {"ids": ["gw"], "name": "Gateway"}, "o": {"name": "x"}, "avty_t": "gw/up", "~": "never/used",
        "cmps": {
            "one": {"p": "switch", "uniq_id": "1", "~": "gw/1", "cmd_t": "~/set", "name": "One"},
            "two": {"p": "switch", "uniq_id": "2", "cmd_t": "gw/2/set"},
            "no-id": {"p": "switch", "cmd_t": "gw/3/set"},
            "sensor": {"p": "sensor", "uniq_id": "4", "stat_t": "gw/4"},
            "gone": {"p": "switch"},
        },
    });
    let all = found(home_assistant::read("homeassistant/device/gw/config", config.to_string().as_bytes()));
    let seen: Vec<_> = all.iter().map(|h| (h.key.as_str(), h.address.as_str())).collect();
    assert_eq!(seen, [("device/gw/one", "gw/1/set"), ("device/gw/two", "gw/2/set")]);
    assert!(all.iter().all(|h| h.keys.as_deref().unwrap().contains("availability = \"gw/up\"")), "shared");
    let many: serde_json::Map<String, Value> = (0..500)
        .map(|n| {
            (format!("c{n}"), json!({"p": "switch", "uniq_id": n.to_string(), "cmd_t": format!("a/{n}")}))
        })
        .collect();
    let flood = json!({"dev": {"ids": ["x"]}, "cmps": many});
    let all = home_assistant::read("homeassistant/device/x/config", flood.to_string().as_bytes());
    assert_eq!(all.len(), 16, "so many of one device and no more");
    none("device", &json!({"cmps": {"a": {"p": "switch", "uniq_id": "1", "cmd_t": "a"}}}));
}

#[test]
fn our_own_entities_and_what_cannot_be_told_anything_are_no_news() {
    let config = json!({"command_topic": "a/set"}).to_string();
    let own = "homeassistant/button/clubos_clubhouse/bay-2_sim-restart/config";
    assert_eq!(home_assistant::read(own, config.as_bytes()), []);
    for sensor in ["sensor", "binary_sensor", "device_automation", "camera", "nonsense"] {
        none(sensor, &json!({"state_topic": "a", "command_topic": "a/set"}));
    }
    let lock = one("lock", &json!({"command_topic": "front/set"}));
    assert_eq!((lock.keys, lock.can), (None, Vec::new()), "doors are opened by the access console alone");
}

#[test]
fn a_hostile_announcement_is_nothing_or_harmless() {
    // The box may write to its own topics: who got it to name them would choose what it tells the bays.
    for topic in ["clubos/v1/bay/1/cmd", "homeassistant/x", "$SYS/x", "a/+", "#", "", "a\u{0}b"] {
        none("switch", &json!({"command_topic": topic}));
    }
    none("switch", &json!({"~": "clubos/v1/bay/1", "command_topic": "~/cmd"}));
    none("switch", &json!({"~": "clubos/v1/bay/1/", "command_topic": "cmd~"}));
    none("switch", &json!({"~": "a".repeat(500), "command_topic": "~/x"}));
    let odd = one("switch", &json!({"~": {"a": 1}, "command_topic": "a/set", "state_topic": "clubos/v1/x"}));
    assert!(!odd.keys.unwrap().contains("clubos"), "nor is it listened to");
    for wrong in [
        json!({}),
        json!([]),
        json!("x"),
        json!({"command_topic": 7}),
        json!({"command_topic": ["a"]}),
        json!({"cmd_t": null}),
    ] {
        none("switch", &wrong);
    }
    let html = b"<html><body>SIMULATED</body></html>";
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep = format!("{{\"command_topic\":\"a\",\"x\":{}1{}}}", "{\"y\":".repeat(5000), "}".repeat(5000));
    let huge = format!("{{\"command_topic\":\"a\",\"x\":\"{}\"}}", "a".repeat(MOST));
    for payload in [&html[..], nested.as_bytes(), deep.as_bytes(), huge.as_bytes(), &[0xff, 0xfe, 0x00]] {
        assert_eq!(home_assistant::read("homeassistant/switch/a/b/config", payload), []);
        assert_eq!(tasmota::read("tasmota/discovery/00000049A3BC/config", payload), []);
    }
    let config = json!({"command_topic": "a/set"}).to_string();
    for topic in [
        "homeassistant/switch/config",
        "homeassistant/switch/a/b/c/config",
        "homeassistant/switch/../config",
        "homeassistant//a/config",
        "other/switch/a/config",
    ] {
        assert_eq!(home_assistant::read(topic, config.as_bytes()), [], "{topic}");
    }
    assert_eq!(tasmota::read("tasmota/discovery/../config", b"{}"), []);
    let loud = one(
        "switch",
        &json!({"name": format!("<b>\"x\"\n\u{202e}{}", "n".repeat(9999)), "command_topic": "a/\"\\b", "payload_on": "\"]\n[[doors]]"}),
    );
    assert!(loud.name.chars().count() <= 80 && !loud.name.contains('\n') && !loud.name.contains('\u{202e}'));
    assert_eq!(loud.keys, None, "a payload with a line break is not taken");
    let quotes = one("switch", &json!({"command_topic": "a/\"\\b", "payload_on": "\"] #"}));
    loads(&quotes, "bay-2", &[Effect::TvOn]);
}

#[test]
fn by_mdns_only_known_names_at_addresses_of_the_house_are_news() {
    let service = |kind, instance, address: &str| Service {
        kind,
        instance,
        addresses: vec![address.parse().unwrap()],
        port: 80,
        generation: Some("2"),
        app: Some("PlugUS"),
    };
    let plug =
        mdns::read(&service("_shelly._tcp.local.", "ShellyPlugUS-083AF2013B08", "10.20.0.41")).unwrap();
    assert_eq!((plug.key.as_str(), plug.address.as_str()), ("shellyplugus-083af2013b08", "10.20.0.41"));
    assert_eq!(plug.seems, "a plug or relay by Shelly, PlugUS, generation 2");
    let same = mdns::read(&service("_http._tcp.local.", "ShellyPlugUS-083AF2013B08", "10.20.0.41")).unwrap();
    assert_eq!(same.key, plug.key, "one device, one proposal");
    assert!(mdns::read(&service("_http._tcp.local.", "office-printer", "10.20.0.9")).is_none());
    assert!(
        mdns::read(&service("_shelly._tcp.local.", "shelly-x", "203.0.113.7")).is_none(),
        "not of the house"
    );
    assert!(
        mdns::read(&service("_shelly._tcp.local.", "shelly-x", "127.0.0.1")).is_none(),
        "nor the box itself"
    );
    let nameless = mdns::read(&service("_shelly._tcp.local.", "\u{0}\n", "10.20.0.41")).unwrap();
    assert_eq!(nameless.name, "10.20.0.41");
}

/// Over a real broker: what it keeps is proposed, what is taken back goes, and the box writes nothing there.
#[tokio::test]
async fn what_a_real_broker_keeps_is_proposed_and_taken_back() {
    use clubos::clock::{Clock, UnixMs};
    use clubos::desk::{self, Desk, Options, Parts};
    use clubos::intent::Understanding;
    use clubos::simclub::broker::SimBroker;
    use clubos::site::{BayId, Broker, Discovery};
    use clubos::sop::Library;
    use clubos::store::{Reader, Store, proposal};
    use rumqttc::QoS;

    let scratch = crate::support::Scratch::new();
    let broker = SimBroker::start(scratch.path(), &[BayId(1)], 0, 0).await.unwrap();
    let text = std::fs::read_to_string("tests/sites/clubhouse.toml").unwrap();
    let mut site =
        clubos::site::load::read("clubhouse.toml", &text, "tests".as_ref(), LoadMode::Simulated).unwrap();
    site.discovery = Some(Discovery { mdns: false, mqtt: true });
    site.broker = Some(Broker {
        host: "127.0.0.1".into(),
        port: broker.port(),
        username: broker::BOX_USER.into(),
        password_file: broker.secret_file(broker::BOX_USER),
        plain_devices: None,
    });
    let site = std::sync::Arc::new(site);
    let mut mqtt = rumqttc::MqttOptions::new("third-party", "127.0.0.1", broker.port());
    let secret = std::fs::read_to_string(broker.secret_file(broker::BOX_USER)).unwrap();
    mqtt.set_credentials(broker::BOX_USER, secret.trim());
    let (third, mut connection) = rumqttc::AsyncClient::new(mqtt, 16);
    tokio::spawn(async move { while connection.poll().await.is_ok() {} });
    let lamp = "homeassistant/light/third/lamp/config";
    let own = "homeassistant/light/clubos_clubhouse/lamp/config";
    for topic in [lamp, own] {
        third.publish(topic, QoS::AtLeastOnce, true, r#"{"cmd_t":"lamp/set","name":"Lamp"}"#).await.unwrap();
    }
    third.publish("homeassistant/light/third/html/config", QoS::AtLeastOnce, true, "<html>").await.unwrap();

    let store = Store::open(scratch.path()).unwrap();
    let db = store.path().to_owned();
    let clock = Clock::virtual_at(UnixMs(1_795_223_040_000));
    let parts = Parts {
        store,
        site: site.clone(),
        library: std::sync::Arc::new(Library::load("sops".as_ref()).unwrap()),
        reader: std::sync::Arc::new(Understanding::rules_only(Some(&site))),
        clock: clock.clone(),
        options: Options::default(),
    };
    let (desk, _todos, _) = desk::start(Desk::new(parts).unwrap()).unwrap();
    let tasks =
        clubos::discovery::start(clubos::discovery::Parts { desk: desk.clone(), site, clock }).unwrap();
    let rows = || proposal::all(Reader::open(&db).unwrap().conn()).unwrap();
    let once = async |what: &str, fits: &dyn Fn(&[proposal::Proposal]) -> bool| {
        let look = async || fits(&rows()).then_some(());
        crate::waiting::asked_until(crate::support::PATIENCE, look, || format!("{what}: {:?}", rows())).await;
    };
    once("the lamp is proposed", &|rows| rows.len() == 1 && rows[0].name == "Lamp").await;
    third.publish(lamp, QoS::AtLeastOnce, true, "").await.unwrap();
    once("the lamp is taken back", &|rows| rows.is_empty()).await;
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
}
