//! What was done to a device is taken back: while it is fresh, by what undoes it, through the gate.

use std::time::Duration;

use clubos::desk::Todo;
use clubos::device::{DeviceEvent, Observation};
use clubos::site::{Outcome, Target};
use clubos::store::effect;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::club::{Club, FORM, encode, hidden, minutes};

/// Longer than the pause between two of the same.
const LATER: Duration = Duration::from_secs(601);

impl Club {
    async fn asked(&self, who: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let answer = self.post(path).header("authorization", who).json(&body).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// Hands out what the desk wants done, and lets the device show it.
    async fn carry_out(&mut self, id: i64, seen: Observation) {
        let target = loop {
            if let Todo::Act(permit) = self.todos.recv().await.unwrap() {
                assert_eq!(permit.effect_id(), id);
                break permit.target().clone();
            }
        };
        self.desk.call(move |desk| desk.effect_sent(id)).await.unwrap().unwrap();
        self.seen(target, seen).await;
        let outcome = self.until("the outcome", |c| effect::get(c, id).unwrap().unwrap().outcome).await;
        assert_eq!(outcome, Outcome::Verified);
    }

    async fn seen(&self, target: Target, observation: Observation) {
        let event = DeviceEvent { target, at: self.clock.now(), observation, simulated: true };
        self.desk.call(move |desk| desk.device(&event)).await.unwrap().unwrap();
    }

    /// Asks for an effect, sees it done; its id.
    async fn done(&mut self, who: &str, body: Value, seen: Observation) -> i64 {
        let (status, row) = self.asked(who, "/api/v1/effects", body).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{row}");
        let id = row["id"].as_i64().unwrap();
        self.carry_out(id, seen).await;
        id
    }

    async fn undo(&self, who: &str, id: i64) -> (StatusCode, Value) {
        self.asked(who, &format!("/api/v1/effects/{id}/undo"), json!({})).await
    }
}

fn thermostat() -> Target {
    Target::new("thermostat")
}

fn set(value: f32) -> Value {
    json!({"effect": "thermostat.set", "target": "thermostat", "value": value})
}

fn set_to(celsius: f32) -> Observation {
    Observation::SetPoint { celsius }
}

fn lights(effect: &str) -> Value {
    json!({"effect": effect, "target": "lights"})
}

#[tokio::test]
async fn lights_that_were_switched_on_are_switched_off_again_through_the_gate() {
    let mut club = Club::start("undo-lights").await;
    let sam = club.bearer("sam").await;
    let id = club.done(&sam, lights("lights.on"), Observation::Lights { on: true }).await;
    let device = club.json("/api/v1/devices/lights", &sam).await;
    assert_eq!(device["undo"][0]["id"], id, "it is offered: {device}");
    assert_eq!(device["undo"][0]["label"], "Switch the lights off");
    let (status, row) = club.undo(&sam, id).await;
    assert_eq!((status, &row["effect"]), (StatusCode::ACCEPTED, &json!("lights.off")), "{row}");
    assert_eq!((&row["approved_by"], &row["target"]), (&json!("sam"), &json!("lights")));
    let new = row["id"].as_i64().unwrap();
    club.carry_out(new, Observation::Lights { on: false }).await;
    let (status, _) = club.undo(&sam, id).await;
    assert_eq!(status, StatusCode::CONFLICT, "something came after it");
    // Taking back the taking back is lights.on once more, and that needs its pause like any other.
    let (status, body) = club.undo(&sam, new).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "the gate has the last word: {body}");
}

#[tokio::test]
async fn a_thermostats_first_setting_goes_back_to_what_it_was_seen_set_to() {
    let mut club = Club::start("undo-thermostat").await;
    let dana = club.bearer("dana").await;
    club.seen(thermostat(), set_to(20.5)).await;
    let first = club.done(&dana, set(23.0), set_to(23.0)).await;
    let device = club.json("/api/v1/devices/thermostat", &dana).await;
    assert_eq!(device["undo"][0]["label"], "Set the temperature (20.5 °C)");
    club.pass(LATER).await;
    let (status, row) = club.undo(&dana, first).await;
    assert_eq!((status, &row["effect"]), (StatusCode::ACCEPTED, &json!("thermostat.set")), "{row}");
    let new = row["id"].as_i64().unwrap();
    assert_eq!(club.read(|c| effect::get(c, new).unwrap().unwrap().value), Some(20.5));
}

#[tokio::test]
async fn a_thermostat_turned_by_hand_goes_back_to_that_and_nowhere_where_nothing_or_too_much_was_seen() {
    let mut club = Club::start("undo-by-hand").await;
    let dana = club.bearer("dana").await;
    let first = club.done(&dana, set(20.0), set_to(20.0)).await;
    assert_eq!(club.undo(&dana, first).await.0, StatusCode::CONFLICT, "what was before was never seen");
    for (by_hand, offered) in [(22.0, json!("Set the temperature (22 °C)")), (27.5, Value::Null)] {
        club.seen(thermostat(), set_to(by_hand)).await;
        club.pass(LATER).await;
        club.done(&dana, set(19.0), set_to(19.0)).await;
        let device = club.json("/api/v1/devices/thermostat", &dana).await;
        assert_eq!(device["undo"][0]["label"], offered, "{by_hand}");
    }
}

#[tokio::test]
async fn a_restart_has_nothing_that_undoes_it() {
    let mut club = Club::start("undo-restart").await;
    let dana = club.bearer("dana").await;
    let restart = json!({"effect": "audio.restart", "target": "audio"});
    let id = club.done(&dana, restart, Observation::Playing { playing: true }).await;
    assert_eq!(club.undo(&dana, id).await.0, StatusCode::CONFLICT);
    assert_eq!(club.json("/api/v1/devices/audio", &dana).await["undo"], json!([]));
    assert_eq!(club.undo(&dana, 4711).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn after_an_hour_it_is_no_undo_any_more() {
    let mut club = Club::start("undo-old").await;
    let dana = club.bearer("dana").await;
    let id = club.done(&dana, lights("lights.on"), Observation::Lights { on: true }).await;
    club.pass(minutes(59)).await;
    assert_eq!(club.json("/api/v1/devices/lights", &dana).await["undo"][0]["id"], id);
    club.pass(minutes(2)).await;
    assert_eq!(club.json("/api/v1/devices/lights", &dana).await["undo"], json!([]));
    assert_eq!(club.undo(&dana, id).await.0, StatusCode::CONFLICT);
    let rows = club.read(|c| effect::recent_on(c, &Target::new("lights"), 10).unwrap());
    assert_eq!(rows.len(), 1, "nothing more was asked for");
}

#[tokio::test]
async fn what_was_not_seen_done_is_not_taken_back() {
    let mut club = Club::start("undo-unseen").await;
    let dana = club.bearer("dana").await;
    let (_, row) = club.asked(&dana, "/api/v1/effects", lights("lights.on")).await;
    let id = row["id"].as_i64().unwrap();
    assert_eq!(club.undo(&dana, id).await.0, StatusCode::CONFLICT, "it is under way");
    while !matches!(club.todos.recv().await.unwrap(), Todo::Act(_)) {}
    club.desk.call(move |desk| desk.effect_sent(id)).await.unwrap().unwrap();
    club.pass(minutes(1)).await;
    club.until("the outcome", |c| effect::get(c, id).unwrap().unwrap().outcome).await;
    assert_eq!(club.undo(&dana, id).await.0, StatusCode::CONFLICT, "it ended unknown");
}

#[tokio::test]
async fn the_button_on_the_page_needs_its_session_and_does_the_same() {
    let mut club = Club::start("undo-form").await;
    let dana = club.bearer("dana").await;
    let id = club.done(&dana, lights("lights.on"), Observation::Lights { on: true }).await;
    let cookie = club.cookie("dana").await;
    let page = club.get("/").header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
    assert!(page.contains(&format!("action=\"/effects/{id}/undo\"")), "a button is there");
    let send = async |csrf: &str| {
        let form = club.post(&format!("/effects/{id}/undo")).header("content-type", FORM);
        form.header("cookie", &cookie).body(encode(&[("csrf", csrf)])).send().await.unwrap().status()
    };
    assert_eq!(send("of-another").await, StatusCode::FORBIDDEN);
    let none =
        club.post(&format!("/effects/{id}/undo")).header("content-type", FORM).body(encode(&[("csrf", "x")]));
    let none = none.send().await.unwrap();
    assert_eq!(none.headers()["location"], "/sign-in", "nobody is signed in");
    let rows = || club.read(|c| effect::recent_on(c, &Target::new("lights"), 10).unwrap().len());
    assert_eq!(rows(), 1);
    assert_eq!(send(&hidden(&page, "csrf")).await, StatusCode::SEE_OTHER);
    assert_eq!(rows(), 2);
}
