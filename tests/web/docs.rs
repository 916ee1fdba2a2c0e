//! The description of the API, health and metrics.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::Value;

use crate::club::Club;

#[tokio::test]
async fn the_description_lists_every_address_and_no_other() {
    let club = Club::start("openapi").await;
    let document: Value = club.get("/api/openapi.json").send().await.unwrap().json().await.unwrap();
    let paths = document["paths"].as_object().unwrap();
    let described: BTreeSet<(String, String)> = paths
        .iter()
        .flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(|m| (m.clone(), path.clone())))
        .collect();
    let served: BTreeSet<(String, String)> =
        clubos::web::api_routes().into_iter().map(|(m, p)| (m.to_owned(), p.to_owned())).collect();
    assert_eq!(described, served);
    for (method, path) in served {
        let answer = club.http.request(
            method.to_uppercase().parse().unwrap(),
            format!("{}{}", club.base, path.replace("{id}", "1")),
        );
        let status = answer.send().await.unwrap().status();
        assert_ne!(status, StatusCode::NOT_FOUND, "{method} {path}");
        assert_ne!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
    }
}

#[tokio::test]
async fn health_tells_alive_from_ready() {
    let club = Club::start("health").await;
    let status = async |path: &str| club.get(path).send().await.unwrap().status();
    assert_eq!(status("/healthz").await, StatusCode::OK);
    assert_eq!(status("/readyz").await, StatusCode::SERVICE_UNAVAILABLE);
    club.readiness.set_ready();
    assert_eq!(status("/readyz").await, StatusCode::OK);
}

#[tokio::test]
async fn metrics_count_and_name_nobody() {
    let club = Club::start("metrics").await;
    let thread = club.text("what is the wifi password").await;
    club.pass(std::time::Duration::from_secs(2)).await;
    club.until("the reply", |c| {
        clubos::store::message::of_thread(c, thread, 10).unwrap().into_iter().find(|m| !m.inbound)
    })
    .await;
    let text = club.get("/metrics").send().await.unwrap().text().await.unwrap();
    for line in [
        "clubos_messages_total{direction=\"in\",channel=\"sms\"} 1",
        "clubos_turns_total{by=",
        "clubos_turn_latency_seconds_count 1",
        "clubos_line_up 1",
        "clubos_ready 0",
        "# EOF",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    assert!(!text.contains("902555") && !text.contains("Alex") && !text.contains("wifi"));
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_askers_own_language() {
    let club = Club::start("404").await;
    let api = club.get("/api/v1/nothing").send().await.unwrap();
    assert_eq!(api.status(), StatusCode::NOT_FOUND);
    assert!(api.json::<Value>().await.unwrap()["error"]["mend"].is_string());
    let page = club.get("/nothing").send().await.unwrap();
    assert_eq!(page.status(), StatusCode::NOT_FOUND);
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
}
