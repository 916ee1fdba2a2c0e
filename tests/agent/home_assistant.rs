//! The club in Home Assistant, seen by a foreign MQTT client that comes in as Home Assistant does.

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::club::Club;
use crate::pc::Pc;
use crate::support::PATIENCE;
use crate::waiting::asked_until;

const ON: &str = "[home_assistant]\ncommands = true\n";
const RESTART: &str = "clubos/v1/ha/do/bay-1/sim.restart";
const BUTTON: &str = "homeassistant/button/clubos_bad-input/bay-1_sim_restart/config";
const STATE: &str = "clubos/v1/ha/state/bay-1";
const CLUB: &str = "clubos/v1/ha/state/club";
const AVAILABILITY: &str = "clubos/v1/ha/availability";

#[derive(Debug, Clone)]
struct Message {
    kept: bool,
    topic: String,
    text: String,
}

impl Message {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// Hears what Home Assistant hears.
struct Home {
    heard: Arc<Mutex<Vec<Message>>>,
    _sub: tokio::process::Child,
}

impl Home {
    fn listen(club: &Club) -> Home {
        let mut sub = club.foreign("mosquitto_sub", "home-assistant");
        sub.args(["-F", "%r %t %p", "-t", "homeassistant/#", "-t", "clubos/v1/ha/#"]);
        let mut sub = sub.stdout(Stdio::piped()).spawn().expect("mosquitto_sub");
        let mut lines = BufReader::new(sub.stdout.take().expect("piped")).lines();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let tell = heard.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let mut parts = line.splitn(3, ' ');
                let (Some(kept), Some(topic)) = (parts.next(), parts.next()) else { continue };
                let text = parts.next().unwrap_or_default().to_owned();
                tell.lock().unwrap().push(Message { kept: kept == "1", topic: topic.to_owned(), text });
            }
        });
        Home { heard, _sub: sub }
    }

    fn all(&self) -> Vec<Message> {
        self.heard.lock().unwrap().clone()
    }

    /// The first message that fits, as soon as it is there.
    async fn hears(&self, what: &str, fits: impl Fn(&Message) -> bool) -> Message {
        let ask = async || self.all().into_iter().find(|message| fits(message));
        asked_until(PATIENCE, ask, || format!("{what}; heard {:#?}", self.all())).await
    }

    async fn result(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.hears(what, |m| m.topic == "clubos/v1/ha/result" && fits(&m.json())).await.json()
    }
}

async fn publish(club: &Club, user: &str, topic: &str, text: &str, more: &[&str]) {
    let mut sent = club.foreign("mosquitto_pub", user);
    let sent = sent.args(["-q", "1", "-t", topic, "-m", text]).args(more).status().await;
    assert!(sent.expect("mosquitto_pub").success());
}

async fn press(club: &Club, topic: &str, text: &str) {
    publish(club, "home-assistant", topic, text, &[]).await;
}

fn asked_for(club: &Club) -> Option<String> {
    club.house.look("SELECT group_concat(effect || ' ' || coalesce(outcome, state)) FROM effect WHERE asked_by = 'home-assistant'")
}

#[tokio::test]
async fn a_late_listener_finds_everything_there_is_and_its_state() {
    let mut club = Club::open(ON).await;
    let home = Home::listen(&club);
    let button = home.hears("the button", |m| m.kept && m.topic == BUTTON).await.json();
    assert_eq!(
        (&button["command_topic"], &button["name"]),
        (&RESTART.into(), &"Restart the simulator".into())
    );
    assert_eq!(
        (&button["availability_topic"], &button["device"]["name"]),
        (&AVAILABILITY.into(), &"Bay 1".into())
    );
    home.hears("it is there", |m| m.kept && m.topic == AVAILABILITY && m.text == "online").await;
    home.hears("the bay", |m| {
        m.topic == STATE && m.json()["condition"] == "online" && m.json()["software"] == "ON"
    })
    .await;
    let state = home.hears("the club", |m| m.kept && m.topic == CLUB).await.json();
    assert_eq!((&state["escalations"], &state["health"]), (&0.into(), &"without model".into()), "{state}");
    let all = home.all();
    assert!(
        !all.iter().any(|m| m.topic.contains("/button/") && m.topic.contains("door")),
        "no door is a button"
    );
    club.pc.kill_agent();
    home.hears("the bay is gone", |m| m.topic == STATE && m.json()["condition"] == "offline").await;
    home.hears("that is a problem", |m| m.topic == CLUB && m.json()["problem"] == "ON").await;
    club.house.down();
    home.hears("the will", |m| !m.kept && m.topic == AVAILABILITY && m.text == "offline").await;
}

#[tokio::test]
async fn a_press_restarts_the_real_process_and_what_was_seen_of_it_is_told() {
    let club = Club::open(ON).await;
    let home = Home::listen(&club);
    home.hears("it is there", |m| m.topic == AVAILABILITY && m.text == "online").await;
    press(&club, RESTART, "PRESS").await;
    let done = home.result("the outcome", |r| r["outcome"] == "verified").await;
    assert_eq!((&done["effect"], &done["target"]), (&"sim.restart".into(), &"bay-1".into()));
    assert_eq!(club.pc.starts().len(), 2);
    assert!(club.pc.starts().last().is_some_and(|pid| Pc::lives(*pid)));
    home.hears("it is kept", |m| m.topic == STATE && m.json()["last_wish"] == "sim.restart: verified").await;
    let by = "SELECT coalesce(approved_by, 'nobody') FROM effect WHERE asked_by = 'home-assistant'";
    assert_eq!(club.house.look(by).as_deref(), Some("nobody"), "no person stands behind it");

    press(&club, RESTART, "PRESS").await;
    let no = home.result("the refusal", |r| r["outcome"] == "refused").await;
    assert_eq!(no["reason"], "done a moment ago; it needs a pause");
    assert_eq!(club.pc.starts().len(), 2);
}

#[tokio::test]
async fn what_a_program_may_not_have_is_refused_and_the_reason_told() {
    let club = Club::open_after(ON, |house| drop(house.book())).await;
    let home = Home::listen(&club);
    home.hears("in use", |m| m.topic == STATE && m.json()["in_use"] == "ON").await;
    let refused = [
        ("bay-1/sim.restart", "PRESS", "somebody else is playing there"),
        ("door-main/door.unlock", "PRESS", "only a person may do this"),
        ("bay-1/radar.reset", "PRESS", "there is no such device here"),
        ("bay-9/sim.restart", "PRESS", "there is no such device here"),
        ("bay-1/bay.explode", "PRESS", "there is no such effect"),
        ("bay-1/pc.reboot", "shutdown /r", "this is no press of a button and no number"),
    ];
    for (wish, text, why) in refused {
        press(&club, &format!("clubos/v1/ha/do/{wish}"), text).await;
        let (target, effect) = wish.split_once('/').unwrap();
        let no = home.result(wish, |r| r["target"] == target && r["effect"] == effect).await;
        assert_eq!((&no["outcome"], &no["reason"]), (&"refused".into(), &why.into()), "{wish}");
    }
    assert_eq!(club.pc.starts().len(), 1, "nothing moved");
    assert_eq!(
        asked_for(&club).as_deref(),
        Some("sim.restart refused,door.unlock refused,radar.reset refused")
    );
    // The software is dead: there is no game to interrupt.
    club.pc.put("broken", "");
    let dead = "SELECT 'dead' FROM device_status WHERE target = 'bay-1' AND json_extract(state, '$.software.running') = 0";
    club.pc.kill_software();
    club.house.found(dead).await;
    press(&club, RESTART, "PRESS").await;
    home.result("it is tried", |r| r["effect"] == "sim.restart" && r["outcome"] != "refused").await;
}

#[tokio::test]
async fn when_home_assistant_starts_everything_is_told_again_and_what_is_no_more_is_taken_away() {
    let club = Club::open_after(ON, |_| {}).await;
    let home = Home::listen(&club);
    home.hears("it is there", |m| m.topic == AVAILABILITY && m.text == "online").await;
    press(&club, "homeassistant/status", "online").await;
    for topic in [BUTTON, STATE, CLUB] {
        home.hears(topic, |m| !m.kept && m.topic == topic).await;
    }
    let old = "homeassistant/button/clubos_bad-input/bay-9_sim_restart/config";
    let foreign = "homeassistant/switch/somebody_else/lamp/config";
    for topic in [old, foreign] {
        publish(&club, "clubos", topic, "{}", &["-r"]).await;
    }
    publish(&club, "home-assistant", RESTART, "PRESS", &["-r"]).await;
    home.result("the press was heard live", |r| r["outcome"] == "verified").await;
    let mut club = club;
    club.broker.stop().await.expect("stopped");
    club.broker.resume().await.expect("back");
    let home = Home::listen(&club);
    home.hears("taken away", |m| m.topic == old && m.text.is_empty()).await;
    home.hears("there again", |m| m.topic == AVAILABILITY && m.text == "online").await;
    press(&club, "clubos/v1/ha/do/bay-1/bay.explode", "PRESS").await;
    home.result("later wishes are heard", |r| r["effect"] == "bay.explode").await;
    assert_eq!(asked_for(&club).as_deref(), Some("sim.restart verified"), "what the broker kept is no wish");
    assert!(!home.all().iter().any(|m| m.topic == foreign && m.text.is_empty()), "somebody else's stays");
}

#[tokio::test]
async fn only_home_assistant_may_wish_and_only_where_the_site_says_so() {
    let club = Club::open("[home_assistant]\n").await;
    let home = Home::listen(&club);
    home.hears("the bay", |m| m.topic == STATE && m.json()["condition"] == "online").await;
    assert!(!home.all().iter().any(|m| m.topic.contains("/button/")), "no button without commands");
    publish(&club, "bay-1", RESTART, "PRESS", &[]).await;
    press(&club, RESTART, "PRESS").await;
    // What is told afterwards was told after the press was passed over.
    press(&club, "homeassistant/status", "online").await;
    home.hears("told again", |m| !m.kept && m.topic == CLUB).await;
    assert_eq!(asked_for(&club), None);
    drop(club);

    let club = Club::open("").await;
    let mut sub = club.foreign("mosquitto_sub", "home-assistant");
    let sub = sub.args(["-t", "homeassistant/#", "-t", "clubos/v1/ha/#", "-W", "2"]).output().await;
    let heard = sub.expect("mosquitto_sub").stdout;
    assert!(heard.is_empty(), "{}", String::from_utf8_lossy(&heard));
}

#[tokio::test]
async fn a_loop_over_there_does_not_fill_the_journal_here() {
    let club = Club::open(ON).await;
    let home = Home::listen(&club);
    home.hears("it is there", |m| m.topic == AVAILABILITY && m.text == "online").await;
    let mut sent = club.foreign("mosquitto_pub", "home-assistant");
    let sent =
        sent.args(["-t", "clubos/v1/ha/do/door-main/door.unlock", "-m", "PRESS", "--repeat", "60"]).status();
    assert!(sent.await.expect("mosquitto_pub").success());
    home.result("stopped", |r| r["reason"] == "too many wishes at once").await;
    let rows = "SELECT count(*) || '' FROM effect WHERE asked_by = 'home-assistant'";
    asked_until(
        Duration::from_secs(5),
        async || (club.house.look(rows)? == "30").then_some(()),
        || "30".into(),
    )
    .await;
}
