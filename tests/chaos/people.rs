//! Two people who acknowledge what waits, over the box's own interface.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::random::Random;

pub const PASSWORD: &str = "chaos-of-the-clubhouse";
pub const NAMES: [&str; 2] = ["dana", "sam"];

pub struct People {
    http: Client,
    url: String,
    tokens: Vec<String>,
    /// What the box said was acknowledged, and which of the two asked.
    acknowledged: BTreeMap<i64, Vec<&'static str>>,
}

impl People {
    /// Signs both in. The box must be up.
    pub async fn arrive(url: &str) -> People {
        let http = Client::builder().timeout(Duration::from_secs(5)).build().expect("a client");
        let mut tokens = Vec::new();
        for name in NAMES {
            let body = json!({"name": name, "password": PASSWORD});
            let answer =
                http.post(format!("{url}/api/v1/session")).json(&body).send().await.expect("an answer");
            let answer: Value = answer.json().await.expect("a session");
            tokens.push(answer["token"].as_str().expect("a token").to_owned());
        }
        People { http, url: url.to_owned(), tokens, acknowledged: BTreeMap::new() }
    }

    /// One of the calls that nobody has acknowledged; every other time both press at once. A box that is down
    /// is no promise.
    pub async fn acknowledge_one(&mut self, random: &mut Random) {
        let list = self.http.get(format!("{}/api/v1/escalations", self.url)).bearer_auth(&self.tokens[0]);
        let Ok(answer) = list.send().await else { return };
        let Ok(waiting) = answer.json::<Vec<Value>>().await else { return };
        let fresh: Vec<i64> =
            waiting.iter().filter(|e| e["acked_by"].is_null()).filter_map(|e| e["id"].as_i64()).collect();
        if fresh.is_empty() {
            return;
        }
        let id = *random.pick(&fresh);
        let press = async |who: usize| {
            let path = format!("{}/api/v1/escalations/{id}/ack", self.url);
            let post = self.http.post(path).bearer_auth(&self.tokens[who]).json(&json!({}));
            let status = post.send().await.ok()?.status();
            assert!(
                status.is_success() || status == StatusCode::CONFLICT || status == StatusCode::NOT_FOUND,
                "acknowledging {id}: {status}"
            );
            status.is_success().then_some(NAMES[who])
        };
        let both = random.percent(50);
        let (first, second) = tokio::join!(press(0), async { if both { press(1).await } else { None } });
        let by: Vec<&'static str> = first.into_iter().chain(second).collect();
        if !by.is_empty() {
            self.acknowledged.entry(id).or_default().extend(by);
        }
    }

    pub fn acknowledged(&self) -> &BTreeMap<i64, Vec<&'static str>> {
        &self.acknowledged
    }
}
