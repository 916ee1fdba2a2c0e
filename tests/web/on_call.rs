//! On call, on the page and by the API.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::club::{Club, FORM, encode, hidden, minutes};

#[tokio::test]
async fn on_call_is_shown_taken_and_given_back_by_the_api() {
    let club = Club::start("on-call").await;
    assert_eq!(club.get("/api/v1/on-call").send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let dana = club.bearer("dana").await;
    let now = club.json("/api/v1/on-call", &dana).await;
    assert_eq!(now, json!({"on_call": "sam", "people": ["sam", "dana"], "until": null}));
    let put = async |body: Value| {
        let put = club.put("/api/v1/on-call").header("authorization", &dana).json(&body);
        let answer = put.send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    let (status, after) = put(json!({"person": "dana", "until": "2030-01-01T00:00:00Z"})).await;
    assert_eq!((status, &after["on_call"]), (StatusCode::OK, &json!("dana")), "{after}");
    assert_eq!(after["until"], "2030-01-01T00:00:00Z");
    let (_, after) = put(json!({"people": ["sam"]})).await;
    assert_eq!(after["people"], json!(["sam", "dana"]));
    let wrong = [
        json!({"person": "nobody"}),
        json!({"person": "sam", "until": "2001-01-01T00:00:00Z"}),
        json!({"person": "sam", "until": "tomorrow"}),
        json!({"person": "sam", "people": ["sam"]}),
        json!({}),
    ];
    for body in wrong {
        let (status, answer) = put(body.clone()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {answer}");
    }
}

#[tokio::test]
async fn on_call_is_handed_over_on_the_page() {
    let club = Club::start("on-call-page").await;
    let cookie = club.cookie("sam").await;
    let page = async || club.get("/").header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
    let before = page().await;
    assert!(before.contains("<b>sam</b>") && before.contains("Hand over"));
    let csrf = hidden(&before, "csrf");
    let send = async |fields: &[(&str, &str)]| {
        let post = club.post("/on-call").header("cookie", &cookie).header("content-type", FORM);
        post.body(encode(fields)).send().await.unwrap().status()
    };
    assert_eq!(send(&[("csrf", "stolen"), ("person", "dana"), ("hours", "")]).await, StatusCode::FORBIDDEN);
    let fields = [("csrf", csrf.as_str()), ("person", "dana"), ("hours", "many")];
    assert_eq!(send(&fields).await, StatusCode::UNPROCESSABLE_ENTITY);
    let fields = [("csrf", csrf.as_str()), ("person", "dana"), ("hours", "8")];
    assert_eq!(send(&fields).await, StatusCode::SEE_OTHER);
    let after = page().await;
    assert!(after.contains("<b>dana</b> until"), "{after}");
}

#[tokio::test]
async fn a_broken_channel_waits_on_the_page_and_is_acknowledged_there() {
    let club = Club::start("broken-channel").await;
    club.desk
        .call(|desk| desk.channel_health("slack", Err("the token has expired".into())))
        .await
        .unwrap()
        .unwrap();
    let cookie = club.cookie("dana").await;
    let page = async || club.get("/").header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
    let before = page().await;
    assert!(before.contains("the token has expired"));
    let at = before.find("/escalations/").expect("a button");
    let id: i64 = before[at + 13..].split('/').next().unwrap().parse().unwrap();
    let csrf = hidden(&before, "csrf");
    let press = async |act: &str| {
        let post = club.post(&format!("/escalations/{id}/{act}")).header("cookie", &cookie);
        let post = post.header("content-type", FORM).body(encode(&[("csrf", &csrf)]));
        post.send().await.unwrap().status()
    };
    assert_eq!(press("ack").await, StatusCode::SEE_OTHER);
    assert!(page().await.contains("dana looks after it"));
    assert_eq!(press("close").await, StatusCode::SEE_OTHER);
    let dana = club.bearer("dana").await;
    assert_eq!(club.json("/api/v1/escalations", &dana).await, json!([]));
    assert_eq!(press("shout").await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_digest_of_the_day_stands_on_the_page() {
    let club = Club::start("digest").await;
    club.text("what is the wifi password").await;
    for _ in 0..24 {
        club.pass(minutes(60)).await;
    }
    club.until("the digest", |c| clubos::store::digest::all(c).unwrap().into_iter().next()).await;
    let cookie = club.cookie("dana").await;
    let page = club.get("/").header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Daily digest") && page.contains("Yesterday:"), "{page}");
}
