//! Devices that announced themselves: looked at by staff, decided by managers, used by nothing before.

use clubos::site::{Effect, LoadMode, Target};
use clubos::store::effect;
use clubos::store::proposal::{self, Heard};
use clubos::web::SiteFile;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::club::{Club, FORM, START, encode, hidden};

const KEYS: &str = "driver = \"mqtt-switch\"\ncommand = \"plug/set\"\non = \"ON\"\noff = \"OFF\"";

/// The sample club without lights, so that something is free.
fn file(name: &str) -> std::path::PathBuf {
    let text = std::fs::read_to_string("tests/sites/clubhouse.toml").unwrap();
    let lights = "[hall.lights]\ndriver = \"simulated\"\neffects = [\"lights.on\", \"lights.off\"]\n";
    assert!(text.contains(lights));
    let text = text.replace(lights, "")
        + "\n[broker]\nhost = \"127.0.0.1\"\nusername = \"clubos\"\npassword_file = \"none\"\n";
    let path = std::env::temp_dir().join(format!("clubos-proposals-{name}-{}.toml", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

async fn club(name: &str) -> (Club, std::path::PathBuf) {
    let path = file(name);
    let site = SiteFile { path: path.clone(), mode: LoadMode::Simulated };
    (Club::start_as(name, |app| app.with_site_file(site)).await, path)
}

impl Club {
    async fn hear(&self, key: &str, name: &str, keys: Option<&str>) -> i64 {
        let heard = Heard {
            source: "home-assistant",
            key: key.to_owned(),
            name: name.to_owned(),
            address: "plug/set".to_owned(),
            seems: "a light".to_owned(),
            keys: keys.map(str::to_owned),
            can: vec![Effect::LightsOn, Effect::LightsOff],
        };
        self.desk
            .call(move |desk| desk.store().write(|tx| proposal::heard(tx, &heard, START)))
            .await
            .unwrap()
            .unwrap();
        self.read(|c| proposal::all(c).unwrap().into_iter().find(|row| row.key == key).unwrap().id)
    }

    async fn decide(&self, who: &str, id: i64, act: &str, body: Value) -> (StatusCode, Value) {
        let path = format!("/api/v1/proposals/{id}/{act}");
        let answer = self.post(&path).header("authorization", who).json(&body).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }
}

fn approval(target: &str, effects: &[&str]) -> Value {
    json!({"target": target, "effects": effects, "keys": KEYS})
}

#[tokio::test]
async fn a_manager_approves_it_for_a_place_and_the_file_stays_as_it_was() {
    let (club, path) = club("proposal-approve").await;
    let before = std::fs::read_to_string(&path).unwrap();
    let id = club.hear("light/a", "Lamp", Some(KEYS)).await;
    let (dana, sam) = (club.bearer("dana").await, club.bearer("sam").await);
    let lights = approval("lights", &["lights.on", "lights.off"]);
    assert_eq!(club.decide(&sam, id, "approve", lights.clone()).await.0, StatusCode::FORBIDDEN);
    let (status, shown) = club.decide(&dana, id, "approve", lights.clone()).await;
    assert_eq!(status, StatusCode::OK, "{shown}");
    assert_eq!(
        shown["fragment"],
        format!("[hall.lights]\n{KEYS}\neffects = [\"lights.on\", \"lights.off\"]\n")
    );
    assert_eq!((&shown["state"], &shown["decided_by"]), (&json!("approved"), &json!("dana")));
    assert_eq!(shown["in_file"], false);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before, "no file is written by the box");
    assert_eq!(club.decide(&dana, id, "approve", lights).await.0, StatusCode::CONFLICT, "decided already");
    let said = club.read(|c| clubos::store::journal::changes(c, START).unwrap());
    assert!(
        said.iter().any(|change| change.what == "proposal" && change.detail == "Lamp approved for lights")
    );
}

#[tokio::test]
async fn what_the_loader_refuses_is_not_approved() {
    let (club, _) = club("proposal-refused").await;
    let id = club.hear("light/a", "Lamp", Some(KEYS)).await;
    let dana = club.bearer("dana").await;
    for (target, effects, says) in [
        ("bay-2", &["tv.on"][..], "two devices of bay 2 carry `tv.on`"),
        ("lights", &["thermostat.set"][..], "is nothing lights can do"),
        ("lights", &[][..], "no effect"),
        ("bay-77", &["tv.on"][..], "number = 77"),
        ("door-main", &["lights.on"][..], "neither a bay nor a device of the hall"),
    ] {
        let (status, body) = club.decide(&dana, id, "approve", approval(target, effects)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{target}: {body}");
        assert!(body["error"]["what"].as_str().unwrap().contains(says), "{target}: {body}");
    }
    let none = club.hear("lock/a", "A lock", None).await;
    let (status, _) = club.decide(&dana, none, "approve", approval("lights", &["lights.on"])).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "no driver moves it");
    assert!(club.read(|c| proposal::all(c).unwrap()).iter().all(|row| row.state == "open"));
}

#[tokio::test]
async fn what_announces_itself_otherwise_meanwhile_is_not_what_was_approved() {
    let (club, _) = club("proposal-changed").await;
    let id = club.hear("light/a", "Lamp", Some(KEYS)).await;
    club.hear("light/a", "Lamp", Some(&KEYS.replace("plug/set", "other/set"))).await;
    let dana = club.bearer("dana").await;
    let lights = approval("lights", &["lights.on", "lights.off"]);
    assert_eq!(club.decide(&dana, id, "approve", lights.clone()).await.0, StatusCode::CONFLICT);
    club.hear("light/a", "Lamp", Some(KEYS)).await;
    assert_eq!(club.decide(&dana, id, "approve", lights).await.0, StatusCode::OK);
    club.hear("light/a", "Lamp", Some(&KEYS.replace("plug/set", "other/set"))).await;
    let row = club.read(|c| proposal::get(c, id).unwrap().unwrap());
    assert_eq!(row.keys.as_deref(), Some(KEYS), "what was approved stays what it was");
}

#[tokio::test]
async fn neither_a_proposal_nor_an_approval_can_be_acted_on() {
    let (club, _) = club("proposal-no-target").await;
    let id = club.hear("light/a", "Lamp", Some(KEYS)).await;
    let dana = club.bearer("dana").await;
    let devices = club.json("/api/v1/devices", &dana).await;
    let act = async |target: &str| {
        let body = json!({"effect": "lights.on", "target": target});
        let answer = club.post("/api/v1/effects").header("authorization", &dana).json(&body);
        answer.send().await.unwrap().status()
    };
    for target in ["light/a", "Lamp", "plug/set", "hall"] {
        assert_eq!(act(target).await, StatusCode::UNPROCESSABLE_ENTITY, "{target}");
    }
    club.decide(&dana, id, "approve", approval("lights", &["lights.on", "lights.off"])).await;
    assert_eq!(club.json("/api/v1/devices", &dana).await, devices, "no device more");
    let lamp = Target::new("lights");
    let carried = club.site.driver(Effect::LightsOn, &lamp).cloned();
    assert_eq!(carried, Some(clubos::site::DriverKind::Simulated), "the running club is what it was");
    assert!(club.read(|c| effect::recent(c, 10).unwrap()).is_empty());
}

#[tokio::test]
async fn what_was_dismissed_stays_away_however_often_it_is_heard() {
    let (club, _) = club("proposal-dismiss").await;
    let id = club.hear("light/a", "Lamp", Some(KEYS)).await;
    let (dana, sam) = (club.bearer("dana").await, club.bearer("sam").await);
    assert_eq!(club.decide(&sam, id, "dismiss", json!({})).await.0, StatusCode::FORBIDDEN);
    assert_eq!(club.decide(&dana, id, "dismiss", json!({})).await.0, StatusCode::OK);
    assert_eq!(club.decide(&dana, id, "dismiss", json!({})).await.0, StatusCode::CONFLICT);
    club.hear("light/a", "Lamp again", Some(KEYS)).await;
    let list = club.json("/api/v1/proposals", &sam).await;
    assert_eq!((list.as_array().unwrap().len(), &list[0]["state"]), (1, &json!("dismissed")));
    assert_eq!(club.decide(&dana, 4711, "dismiss", json!({})).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_flood_of_announcements_is_cut_off() {
    let (club, _) = club("proposal-flood").await;
    let kept = club
        .desk
        .call(|desk| {
            let one = |n: u32| Heard {
                source: "mdns",
                key: format!("device-{n}"),
                name: "x".into(),
                address: "10.0.0.1".into(),
                seems: "x".into(),
                keys: None,
                can: Vec::new(),
            };
            (0..300)
                .filter(|n| desk.store().write(|tx| proposal::heard(tx, &one(*n), START)).unwrap())
                .count()
        })
        .await
        .unwrap();
    assert_eq!(kept, proposal::MOST as usize);
    club.hear("light/a", "Lamp", Some(KEYS)).await;
    assert_eq!(
        club.read(|c| proposal::all(c).unwrap()).len(),
        kept + 1,
        "another source has room of its own"
    );
    let old = START + proposal::KEPT + std::time::Duration::from_secs(1);
    let fresh = Heard {
        source: "mdns",
        key: "new".into(),
        name: "new".into(),
        address: "10.0.0.2".into(),
        seems: "x".into(),
        keys: None,
        can: Vec::new(),
    };
    let taken = club.desk.call(move |desk| desk.store().write(|tx| proposal::heard(tx, &fresh, old))).await;
    assert!(taken.unwrap().unwrap(), "those not heard for a month are gone");
}

#[tokio::test]
async fn the_page_shows_a_strangers_words_as_text_and_takes_a_choice() {
    let (club, _) = club("proposal-page").await;
    let id = club.hear("light/a", "<script>alert(1)</script>", Some(KEYS)).await;
    let (dana, sam) = (club.cookie("dana").await, club.cookie("sam").await);
    let page = async |cookie: &str| {
        club.get("/proposals").header("cookie", cookie).send().await.unwrap().text().await.unwrap()
    };
    let shown = page(&dana).await;
    assert!(shown.contains("alert(1)") && !shown.contains("<script>alert"), "escaped");
    let of_sam = page(&sam).await;
    assert!(of_sam.contains("A manager decides") && !of_sam.contains("/approve"), "no button for others");
    let home = club.get("/").header("cookie", &dana).send().await.unwrap().text().await.unwrap();
    assert!(home.contains("New devices on the network (1)"));
    let send = async |act: &str, fields: &[(&str, &str)]| {
        let form = club.post(&format!("/proposals/{id}/{act}")).header("content-type", FORM);
        form.header("cookie", &dana).body(encode(fields)).send().await.unwrap()
    };
    let csrf = hidden(&shown, "csrf");
    assert_eq!(send("dismiss", &[("csrf", "x")]).await.status(), StatusCode::FORBIDDEN);
    let none = send("approve", &[("csrf", &csrf), ("use", ""), ("keys", KEYS)]).await;
    assert_eq!(none.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.text().await.unwrap().contains("no place was chosen"));
    let sent = KEYS.replace('\n', "\r\n");
    let fields = [("csrf", csrf.as_str()), ("use", "lights lights.on,lights.off"), ("keys", sent.as_str())];
    assert_eq!(send("approve", &fields).await.status(), StatusCode::SEE_OTHER);
    let after = page(&dana).await;
    assert!(after.contains("clubos pair approved --write") && after.contains("[hall.lights]"), "{after}");
}
