//! How people are called, as staff see and set it: channels, the test button, browsers that ring.

use std::sync::Arc;

use async_trait::async_trait;
use clubos::store::{called, push};
use clubos::web::{ChannelName, People};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::club::{Club, FORM, encode, hidden};

const KEY: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

/// Slack works, ntfy does not, voice could not be made.
struct Fixed;

#[async_trait]
impl People for Fixed {
    fn channels(&self) -> Vec<ChannelName> {
        let name = |name, missing: Option<&str>| ChannelName {
            name,
            label: name,
            missing: missing.map(str::to_owned),
        };
        vec![name("slack", None), name("ntfy", None), name("voice", Some("its secret is missing"))]
    }

    fn push_key(&self) -> Option<&str> {
        Some(KEY)
    }

    async fn test(&self, channel: &str, person: &str) -> Result<(), String> {
        if channel == "slack" && person == "sam" { Ok(()) } else { Err("ntfy cannot be reached".into()) }
    }
}

async fn club(name: &str) -> Club {
    Club::start_as(name, |app| app.with_people(Arc::new(Fixed))).await
}

#[tokio::test]
async fn channels_are_shown_with_what_became_of_their_last_calls() {
    let club = club("channels").await;
    let written = club.desk.call(|desk| {
        let now = desk.now();
        desk.store().write(|tx| {
            called::worked(tx, "slack", now)?;
            called::failed(tx, "ntfy", "ntfy cannot be reached", false, now)
        })
    });
    written.await.unwrap().unwrap();
    let sam = club.bearer("sam").await;
    let list = club.json("/api/v1/channels", &sam).await;
    let states: Vec<_> = list.as_array().unwrap().iter().map(|c| c["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["working", "failing", "missing"]);
    assert!(list[0]["delivered_at"].is_string() && list[1]["why"] == "ntfy cannot be reached");
    let cookie = club.cookie("sam").await;
    let page = club.get("/channels").header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("The last call did not arrive") && page.contains("its secret is missing"));
    assert!(page.contains("Ring me on this device"));
}

#[tokio::test]
async fn a_test_goes_to_who_pressed_the_button_and_says_what_became_of_it() {
    let club = club("channel-test").await;
    let sam = club.bearer("sam").await;
    let test = async |name: &str| {
        let post = club.post(&format!("/api/v1/channels/{name}/test")).header("authorization", &sam);
        post.send().await.unwrap()
    };
    assert_eq!(test("slack").await.status(), StatusCode::OK);
    let failed = test("ntfy").await;
    assert_eq!(failed.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(failed.json::<Value>().await.unwrap()["error"]["what"], "ntfy cannot be reached");
    assert_eq!(test("pigeon").await.status(), StatusCode::NOT_FOUND);
    let cookie = club.cookie("dana").await;
    let page = club.get("/channels").header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
    let csrf = hidden(&page, "csrf");
    let press = async |csrf: &str| {
        let post = club.post("/channels/ntfy/test").header("cookie", &cookie).header("content-type", FORM);
        post.body(encode(&[("csrf", csrf)])).send().await.unwrap()
    };
    let answer = press(&csrf).await;
    assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
    assert!(answer.text().await.unwrap().contains("The test did not arrive: ntfy cannot be reached"));
    assert_eq!(press("forged").await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_browser_is_registered_for_who_is_signed_in_and_taken_away_by_them_alone() {
    let club = club("push").await;
    let (sam, dana) = (club.bearer("sam").await, club.bearer("dana").await);
    assert_eq!(club.json("/api/v1/push/key", &sam).await["key"], KEY);
    let endpoint = "https://push.example/send/abc";
    let body = json!({"endpoint": endpoint, "keys": {"p256dh": KEY, "auth": AUTH}});
    let path = "/api/v1/push/subscriptions";
    let put = club.post(path).header("authorization", &sam).json(&body).send().await.unwrap();
    assert_eq!(put.status(), StatusCode::NO_CONTENT);
    let of = |name: &str| club.read(|c| push::of(c, name).unwrap().len());
    assert_eq!((of("sam"), of("dana")), (1, 0));
    let remove = async |who: &str| {
        let delete = club.http.delete(format!("{}{path}", club.base)).header("authorization", who);
        delete.json(&json!({"endpoint": endpoint})).send().await.unwrap().status()
    };
    assert_eq!(remove(&dana).await, StatusCode::NO_CONTENT);
    assert_eq!(of("sam"), 1, "another's browser is not theirs to take away");
    assert_eq!(remove(&sam).await, StatusCode::NO_CONTENT);
    assert_eq!(of("sam"), 0);
    let again = json!({"endpoint": endpoint, "keys": {"p256dh": KEY, "auth": AUTH}, "again": true});
    let again =
        async || club.post(path).header("authorization", &dana).json(&again).send().await.unwrap().status();
    assert_eq!(
        again().await,
        StatusCode::GONE,
        "a browser the box has forgotten is told to set itself up anew"
    );
    assert_eq!(of("dana"), 0);
    club.post(path).header("authorization", &sam).json(&body).send().await.unwrap();
    assert_eq!(again().await, StatusCode::NO_CONTENT);
    assert_eq!((of("sam"), of("dana")), (0, 1), "a browser rings for who signed in on it last");
    let stranger = club.post(path).json(&body).send().await.unwrap();
    assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_box_sends_nothing_into_the_house_for_a_subscription() {
    let club = club("push-ssrf").await;
    let sam = club.bearer("sam").await;
    let endpoints = [
        "http://push.example/x",
        "https://10.20.0.3:12445/api/v1/developer/doors",
        "https://192.0.2.1/x",
        "https://localhost/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://printer.local/x",
        "https://user:pass@push.example/x",
        "file:///etc/passwd",
        "",
    ];
    for endpoint in endpoints {
        let body = json!({"endpoint": endpoint, "keys": {"p256dh": KEY, "auth": AUTH}});
        let post = club.post("/api/v1/push/subscriptions").header("authorization", &sam).json(&body);
        assert_eq!(post.send().await.unwrap().status(), StatusCode::UNPROCESSABLE_ENTITY, "{endpoint}");
    }
    let short = json!({"endpoint": "https://push.example/x", "keys": {"p256dh": AUTH, "auth": AUTH}});
    let post = club.post("/api/v1/push/subscriptions").header("authorization", &sam).json(&short);
    assert_eq!(post.send().await.unwrap().status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn without_push_there_is_no_key_and_the_worker_is_at_the_root() {
    let club = Club::start("push-off").await;
    let sam = club.bearer("sam").await;
    let key = club.get("/api/v1/push/key").header("authorization", &sam).send().await.unwrap();
    assert_eq!(key.status(), StatusCode::CONFLICT);
    let worker = club.get("/push-worker.js").send().await.unwrap();
    assert!(worker.headers()["content-type"].to_str().unwrap().starts_with("text/javascript"));
}
