//! The box's side for agents that ask over HTTP, with the real `clubos serve` and its journal.

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::operator::PASSWORD;
use crate::pc::Pc;
use crate::program::Box;
use crate::support::PATIENCE;
use crate::waiting::asked_until;

/// A box with two bays whose agents ask, a manager, and a key for each bay.
struct Club {
    house: Box,
    http: Client,
    token: String,
    keys: [String; 2],
}

impl Club {
    async fn open() -> Club {
        let mut house = Box::new().without_model();
        let site = house.dir.join("site.toml");
        let text = std::fs::read_to_string(&site).expect("a site").replace("agent-mqtt", "agent-http");
        let second = "\n[[bays]]\nnumber = 2\naliases = []\n[[bays.devices]]\ndriver = \"agent-http\"\neffects = [\"sim.restart\"]\n";
        std::fs::write(&site, text + second).expect("written");
        house.add_user("dana", "manager");
        house.up().await;
        let http = Client::new();
        let token = house.sign_in(&http, &house.url, "dana", PASSWORD).await.expect("signed in");
        let keys = ["bay-1", "bay-2"].map(|bay| enrol(&house, bay));
        Club { house, http, token, keys }
    }

    async fn ask(&self, method: Method, leaf: &str, key: &str, body: Option<&str>) -> (StatusCode, Value) {
        let address = format!("{}/api/v1/agent/{leaf}", self.house.url);
        let mut request = self.http.request(method, address).header("x-device-key", key);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        let answer = request.send().await.expect("an answer");
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    async fn heartbeat(&self, bay: usize, body: Value) {
        let said = self.ask(Method::POST, "heartbeat", &self.keys[bay - 1], Some(&body.to_string())).await;
        assert_eq!(said.0, StatusCode::NO_CONTENT, "{}", said.1);
    }

    async fn poll(&self, bay: usize) -> Value {
        let (status, said) = self.ask(Method::GET, "poll", &self.keys[bay - 1], None).await;
        assert_eq!(status, StatusCode::OK, "{said}");
        said
    }

    async fn report(&self, bay: usize, body: Value) -> StatusCode {
        self.ask(Method::POST, "report", &self.keys[bay - 1], Some(&body.to_string())).await.0
    }

    /// Dana asks for a restart; the effect's id.
    async fn order(&self, bay: &str) -> i64 {
        let asked = self.http.post(format!("{}/api/v1/effects", self.house.url)).bearer_auth(&self.token);
        let answer =
            asked.json(&json!({"effect": "sim.restart", "target": bay})).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        let row: Value = answer.json().await.expect("a row");
        row["id"].as_i64().expect("an id")
    }

    async fn fetch(&self, bay: usize) -> Value {
        let ask = async || Some(self.poll(bay).await["command"].clone()).filter(|command| !command.is_null());
        asked_until(PATIENCE, ask, || "no command came".to_owned()).await
    }

    async fn ended(&self, id: i64) -> String {
        let sql = format!(
            "SELECT outcome || ': ' || coalesce(reason, '') FROM effect WHERE id = {id} AND outcome IS NOT NULL"
        );
        self.house.found(&sql).await
    }

    async fn online(&self, bay: usize) {
        self.heartbeat(bay, json!({"version": "older-agent 1", "tps_running": true})).await;
        let sql = format!(
            "SELECT target FROM device_status WHERE target = 'bay-{bay}' AND part = '' AND online = 1"
        );
        self.house.found(&sql).await;
    }
}

fn enrol(house: &Box, bay: &str) -> String {
    let site = house.dir.join("site.toml");
    let (code, said) = house.clubos(&["agent", "enrol", bay, "--site", &site.display().to_string()], "");
    assert_eq!(code, Some(0), "{said}");
    let key = |line: &&str| line.len() == 64 && line.bytes().all(|b| b.is_ascii_hexdigit());
    said.lines().find(key).unwrap_or_else(|| panic!("no key in {said}")).to_owned()
}

#[tokio::test]
async fn a_restart_is_fetched_once_and_verified_by_what_the_agent_reads() {
    let club = Club::open().await;
    club.online(1).await;
    let id = club.order("bay-1").await;
    let ask = async || {
        let (one, other) = tokio::join!(club.poll(1), club.poll(1));
        let got: Vec<Value> = [one, other].into_iter().filter(|said| !said.is_null()).collect();
        (!got.is_empty()).then_some(got)
    };
    let got = asked_until(PATIENCE, ask, || "no command came".to_owned()).await;
    assert_eq!(got.len(), 1, "two who asked at once got it: {got:?}");
    assert_eq!(got[0]["command"]["id"], id);
    assert_eq!(got[0]["command"]["action"], "sim.restart");
    assert!(club.poll(1).await.is_null());
    let state = format!("SELECT state FROM effect WHERE id = {id} AND sent_at IS NOT NULL");
    club.house.found(&state).await;

    // Its own word, and a software that runs as it did before, prove nothing.
    assert_eq!(club.report(1, json!({"command_id": id, "success": true, "message": "OK"})).await, 204);
    club.heartbeat(1, json!({"tps_running": true})).await;
    let acknowledged = format!("SELECT state FROM effect WHERE id = {id} AND state = 'acknowledged'");
    club.house.found(&acknowledged).await;
    assert_eq!(club.house.look(&format!("SELECT outcome FROM effect WHERE id = {id}")), None);
    club.heartbeat(1, json!({"tps_running": false})).await;
    club.heartbeat(1, json!({"tps_running": true})).await;
    assert_eq!(club.ended(id).await, "verified: ");
}

#[tokio::test]
async fn a_failure_is_told_in_the_agents_words_and_only_by_the_agent_that_was_asked() {
    let club = Club::open().await;
    club.online(1).await;
    club.online(2).await;
    let id = club.order("bay-1").await;
    club.fetch(1).await;
    let report = json!({"command_id": id, "success": false, "message": "no such\nprogram"});
    assert_eq!(club.report(2, report.clone()).await, StatusCode::NOT_FOUND, "another device's command");
    assert_eq!(club.report(2, json!({"command_id": 4711, "success": true})).await, StatusCode::NOT_FOUND);
    assert_eq!(club.house.look(&format!("SELECT outcome FROM effect WHERE id = {id}")), None);
    assert_eq!(club.report(1, report).await, StatusCode::NO_CONTENT);
    assert_eq!(club.ended(id).await, "failed: no suchprogram");
}

#[tokio::test]
async fn without_its_own_key_nobody_is_an_agent() {
    let club = Club::open().await;
    for key in ["", "wrong", &club.token, &"a".repeat(10_000)] {
        for (method, leaf) in [(Method::GET, "poll"), (Method::POST, "heartbeat"), (Method::POST, "report")] {
            let (status, said) = club.ask(method, leaf, key, Some("{}")).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{leaf}");
            assert!(said["error"]["mend"].as_str().is_some_and(|mend| mend.contains("enrol")));
        }
    }
    let old = club.keys[0].clone();
    let kept = club.house.look("SELECT group_concat(key_sha256) FROM agent_key").expect("two hashes");
    assert!(!kept.contains(&old), "the key itself is kept");
    let new = enrol(&club.house, "bay-1");
    assert_eq!(club.ask(Method::GET, "poll", &old, None).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(club.ask(Method::GET, "poll", &new, None).await.0, StatusCode::OK);
    let (code, said) = club.house.clubos(&["agent", "list"], "");
    assert!(
        code == Some(0) && said.contains("bay-1") && said.contains("bay-2") && !said.contains(&new),
        "{said}"
    );
    assert_eq!(club.house.clubos(&["agent", "revoke", "bay-1"], "").0, Some(0));
    assert_eq!(club.ask(Method::GET, "poll", &new, None).await.0, StatusCode::UNAUTHORIZED);
    // The key is no way to anything else.
    let staff =
        club.http.get(format!("{}/api/v1/effects", club.house.url)).header("x-device-key", &club.keys[1]);
    assert_eq!(staff.send().await.expect("an answer").status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn who_tries_many_keys_has_to_wait() {
    let club = Club::open().await;
    for _ in 0..30 {
        assert_eq!(club.ask(Method::GET, "poll", "guess", None).await.0, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(club.ask(Method::GET, "poll", "guess", None).await.0, StatusCode::TOO_MANY_REQUESTS);
    assert!(club.poll(1).await.is_null(), "who has the right key is not held up");
}

#[tokio::test]
async fn what_cannot_be_read_changes_nothing() {
    let club = Club::open().await;
    club.online(1).await;
    let id = club.order("bay-1").await;
    club.fetch(1).await;
    let long = format!(r#"{{"message": "{}"}}"#, "x".repeat(20_000));
    let deep = "[".repeat(5_000);
    let mut broken = vec!["", "null", "[]", "{", "{}", "<html>", &long, &deep, r#"{"command_id": "1"}"#];
    let almost = format!(r#"{{"command_id": {id}, "success": "yes"}}"#);
    broken.push(&almost);
    for body in broken {
        let (status, said) = club.ask(Method::POST, "report", &club.keys[0], Some(body)).await;
        assert!(status.is_client_error(), "{status} {said} to {body:.60}");
    }
    for body in [r#"{"tps_running": "yes"}"#, r#"{"boot_id": ""}"#, r#"{"boot_id": "a b"}"#, "{", &long] {
        let (status, said) = club.ask(Method::POST, "heartbeat", &club.keys[0], Some(body)).await;
        assert!(status.is_client_error() || body == long, "{status} {said} to {body:.60}");
    }
    assert_eq!(club.house.look(&format!("SELECT outcome FROM effect WHERE id = {id}")), None);
    assert_eq!(club.report(1, json!({"command_id": id, "success": false})).await, StatusCode::NO_CONTENT);
    assert_eq!(club.ended(id).await, "failed: the agent gave no reason");
}

#[tokio::test]
async fn what_waited_when_the_box_stopped_is_never_handed_out() {
    let mut club = Club::open().await;
    club.online(1).await;
    let id = club.order("bay-1").await;
    club.house
        .found(&format!("SELECT state FROM effect WHERE id = {id} AND dispatched_at IS NOT NULL"))
        .await;
    club.house.down();
    club.house.up().await;
    club.online(1).await;
    assert!(club.poll(1).await.is_null());
    let sent = format!("SELECT sent_at || '' FROM effect WHERE id = {id} AND sent_at IS NOT NULL");
    assert_eq!(club.house.look(&sent), None);
}

#[tokio::test]
async fn an_agent_that_was_never_heard_of_is_offline() {
    let club = Club::open().await;
    let id = club.order("bay-1").await;
    assert_eq!(club.ended(id).await, "refused: offline");
    assert!(club.poll(1).await.is_null());
}

#[tokio::test]
async fn the_real_agent_restarts_a_real_process_over_http() {
    let club = Club::open().await;
    let mut pc = Pc::new();
    pc.put_secret("key", &club.keys[0]);
    let link = format!("[http]\nurl = \"{}\"\nkey_file = \"key\"\npoll_every_s = 1\n", club.house.url);
    pc.configure(1, &link, "");
    let check = pc.command().arg("--check").output().expect("the agent");
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(said.contains("takes the key"), "{said}");
    pc.start_agent();
    let runs = "SELECT target FROM device_status WHERE target = 'bay-1' AND json_extract(state, '$.software.running') = 1";
    club.house.found(runs).await;
    let id = club.order("bay-1").await;
    assert_eq!(club.ended(id).await, "verified: ", "{}", pc.log());
    let starts = pc.starts();
    assert_eq!(starts.len(), 2);
    assert!(!Pc::lives(starts[0]) && Pc::lives(starts[1]));

    pc.kill_agent();
    pc.put_secret("key", "wrong");
    let check = pc.command().arg("--check").output().expect("the agent");
    assert!(String::from_utf8_lossy(&check.stdout).contains("FAILED   box: the box says 401"));
    assert_eq!(check.status.code(), Some(1));
}
