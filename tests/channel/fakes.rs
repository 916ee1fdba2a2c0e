//! The simulated providers: that they are as strict as they say, so that a silent mistake of ours is seen.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use clubos::channel::{Hook, TextProvider};
use clubos::simclub::fake_quo::FakeQuo;
use clubos::simclub::fake_twilio::FakeTwilio;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use crate::support::*;

/// Sends what is wrong; it must be refused and complained of.
async fn refused(request: RequestBuilder, complaints: impl Fn() -> usize, what: &str) {
    let before = complaints();
    let status = request.send().await.unwrap().status().as_u16();
    assert!((400..500).contains(&status), "{what}: {status}");
    assert_eq!(complaints(), before + 1, "{what}");
}

#[tokio::test]
async fn the_simulated_quo_refuses_every_text_that_is_not_as_the_vendor_says() {
    let fake = FakeQuo::start(evening()).unwrap();
    let http = Client::builder().no_proxy().build().unwrap();
    let good = json!({ "from": fake.number_id, "to": [ANN], "content": "hello" });
    let send = |body: &Value| {
        let request = http.post(format!("{}/v1/messages", fake.url)).header("authorization", &fake.key);
        request.header("content-type", "application/json").body(body.to_string())
    };
    let complaints = || fake.complaints().len();
    assert_eq!(send(&good).send().await.unwrap().status(), 202);
    no_complaints(&fake);
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    for body in [
        with("from", json!("+19025550199")),
        with("to", json!(ANN)),
        with("to", json!([ANN, BOB])),
        with("to", json!(["902 555 0111"])),
        with("content", json!("")),
        with("content", json!(" \n")),
        with("content", json!("x".repeat(1601))),
        with("content", json!(7)),
        with("userId", json!("sam")),
        with("setInboxStatus", json!("open")),
        with("idempotencyKey", json!("1")),
        json!([]),
    ] {
        refused(send(&body), complaints, &body.to_string()).await;
    }
    refused(send(&good).header("x-other", "1"), complaints, "an unknown header").await;
    refused(send(&good).header("quo-api-version", "2026-03-30"), complaints, "a version on v1").await;
    let bearer = http.post(format!("{}/v1/messages", fake.url)).bearer_auth(&fake.key).body("{}");
    refused(bearer, complaints, "Bearer").await;
    refused(http.get(format!("{}/v1/nowhere", fake.url)), complaints, "no such address").await;
    assert_eq!(fake.sent().len(), 1, "nothing of all that was sent");
}

#[tokio::test]
async fn the_simulated_quo_refuses_lists_that_are_not_as_the_vendor_says() {
    let fake = FakeQuo::start(evening()).unwrap();
    let http = Client::builder().no_proxy().build().unwrap();
    let list = |query: &str| {
        let request = http.get(format!("{}/messages?{query}", fake.url)).header("authorization", &fake.key);
        request.header("quo-api-version", "2026-03-30")
    };
    let complaints = || fake.complaints().len();
    let number = format!("phoneNumberId={}", fake.number_id);
    assert_eq!(list(&number).send().await.unwrap().status(), 200);
    for query in ["limit=51", "limit=0", "createdAt%5Bgt%5D=yesterday", "page=2", "after=elsewhere", "to=911"]
    {
        refused(list(&format!("{number}&{query}")), complaints, query).await;
    }
    refused(list("limit=50"), complaints, "no number").await;
    let old = http.get(format!("{}/messages?{number}", fake.url)).header("authorization", &fake.key);
    refused(old, complaints, "no version").await;
}

#[tokio::test]
async fn the_simulated_twilio_refuses_what_is_not_as_the_document_says() {
    let fake = FakeTwilio::start(evening()).unwrap();
    let http = Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/2010-04-01/Accounts/{}/Messages.json", fake.url, fake.account_sid);
    let login = |request: RequestBuilder| request.basic_auth(&fake.account_sid, Some(&fake.auth_token));
    let send = |form: &[(&str, &str)]| {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        login(http.post(&url)).header("content-type", "application/x-www-form-urlencoded").body(form)
    };
    let complaints = || fake.complaints().len();
    let from = ("From", fake.number.as_str());
    let (to, body) = (("To", ANN), ("Body", "hello"));
    assert_eq!(send(&[to, from, body]).send().await.unwrap().status(), 201);
    no_complaints(&fake);
    let long = "x".repeat(1601);
    for form in [
        vec![from, body],
        vec![to, body],
        vec![to, from],
        vec![to, from, ("Body", &long)],
        vec![("To", "9025550111"), from, body],
        vec![to, ("From", "+19025550199"), body],
        vec![to, from, body, ("to", ANN)],
        vec![to, to, from, body],
        vec![to, from, body, ("StatusCallback", "club")],
    ] {
        refused(send(&form), complaints, &format!("{form:?}")).await;
    }
    refused(login(http.post(&url)).json(&json!({ "To": ANN })), complaints, "JSON").await;
    refused(login(http.get(format!("{url}?PageSize=1001"))), complaints, "a page too long").await;
    refused(login(http.get(format!("{url}?Since=1"))), complaints, "an unknown parameter").await;
    assert_eq!(fake.sent().len(), 1);
    let stranger = http.get(&url).basic_auth(&fake.account_sid, Some("wrong"));
    assert_eq!(stranger.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn the_simulated_quo_refuses_the_eleventh_request_of_a_second() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    fake.limit_rate(true);
    let http = Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/messages?phoneNumberId={}", fake.url, fake.number_id);
    let mut statuses = Vec::new();
    for n in 0..12 {
        if n == 11 {
            later(&clock, s(1));
        }
        let list = http.get(&url).header("authorization", &fake.key).header("quo-api-version", "2026-03-30");
        statuses.push(list.send().await.unwrap().status().as_u16());
    }
    assert_eq!(statuses[..10], [200; 10]);
    assert_eq!(statuses[10..], [429, 200]);
}

/// The same webhooks, posted over HTTP to a box that believes them: twice, in reverse.
#[tokio::test]
async fn webhooks_are_posted_again_and_out_of_order_on_command() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let provider = Arc::new(quo(&fake, &clock, PATIENT));
    let heard = Arc::new(AtomicUsize::new(0));
    let (reader, count) = (provider.clone(), heard.clone());
    let app = Router::new().route(
        "/hook",
        post(move |headers: HeaderMap, body: Bytes| async move {
            let headers: Vec<(String, String)> = headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
                .collect();
            let hook = Hook { url: "http://127.0.0.1/hook", headers: &headers, body: &body, now: EVENING };
            count.fetch_add(reader.hook(hook).map_or(0, |heard| heard.len()), Ordering::SeqCst);
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });

    fake.post_hooks_to(Some(&url));
    let mut changes = fake.changes();
    fake.customer_writes(ANN, "at once", 0);
    while fake.hook_answers().is_empty() {
        changes.changed().await.unwrap();
    }
    fake.hold_hooks();
    fake.customer_writes(ANN, "one", 0);
    fake.customer_writes(ANN, "two", 0);
    let held = fake.release_hooks(|n| (0..n).rev().chain(0..n).collect()).await;
    assert_eq!(held, 2);
    assert_eq!(fake.hook_answers(), [200; 5]);
    assert_eq!(heard.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn a_phone_shows_the_conversation_as_it_happened() {
    let clock = evening();
    let fake = FakeQuo::start(clock.clone()).unwrap();
    let quo = quo(&fake, &clock, PATIENT);
    fake.customer_writes(ANN, "bay 2 is frozen", 1);
    quo.send(&number(ANN), "On it.").await.unwrap();
    quo.send(&number(BOB), "Not for Ann.").await.unwrap();
    let shown: Vec<(bool, String, u32)> =
        fake.phone(ANN).into_iter().map(|text| (text.from_club, text.body, text.media)).collect();
    assert_eq!(shown, [(false, "bay 2 is frozen".to_owned(), 1), (true, "On it.".to_owned(), 0)]);
}
