//! Signing in, and what one may without.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::club::{Club, FORM, PASSWORD, encode, hidden, minutes};

#[tokio::test]
async fn a_page_leads_to_signing_in_and_the_api_says_401() {
    let club = Club::start("401").await;
    let page = club.get("/").send().await.unwrap();
    assert_eq!(page.status(), StatusCode::SEE_OTHER);
    assert_eq!(page.headers()["location"], "/sign-in");
    for path in [
        "threads",
        "escalations",
        "devices",
        "effects",
        "bookings",
        "sops",
        "notices",
        "events",
        "bay/messages",
    ] {
        let answer = club.get(&format!("/api/v1/{path}")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
        let body: Value = answer.json().await.unwrap();
        assert!(!body["error"]["what"].as_str().unwrap().is_empty(), "{path}");
        assert!(!body["error"]["mend"].as_str().unwrap().is_empty(), "{path}");
    }
    let unlock = json!({"effect": "door.unlock", "target": "door-main"});
    let answer = club.post("/api/v1/effects").json(&unlock).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(club.json_len("/api/v1/effects").await, 0);
}

impl Club {
    async fn json_len(&self, path: &str) -> usize {
        let bearer = self.bearer("dana").await;
        self.json(path, &bearer).await.as_array().unwrap().len()
    }
}

#[tokio::test]
async fn the_cookie_and_the_bearer_token_both_sign_in_until_signing_out() {
    let club = Club::start("sign-in").await;
    let cookie = club.cookie("dana").await;
    let page = club.get("/").header("cookie", &cookie).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let csp = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(csp.contains("default-src 'self'") && !csp.contains("unsafe"), "{csp}");
    assert_eq!(page.headers()["cache-control"], "no-store");

    let bearer = club.bearer("dana").await;
    assert!(club.json("/api/v1/threads", &bearer).await.is_array());
    let out = club.http.delete(format!("{}/api/v1/session", club.base)).header("authorization", &bearer);
    assert_eq!(out.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    let after = club.get("/api/v1/threads").header("authorization", &bearer).send().await.unwrap();
    assert_eq!(after.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours() {
    let club = Club::start("session-end").await;
    let bearer = club.bearer("sam").await;
    club.pass(minutes(12 * 60 + 1)).await;
    let late = club.get("/api/v1/threads").header("authorization", &bearer).send().await.unwrap();
    assert_eq!(late.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn after_five_wrong_passwords_even_the_right_one_waits_ten_minutes() {
    let club = Club::start("throttle").await;
    let go = async |password: &str| {
        let answer = club.post("/api/v1/session").json(&json!({"name": "dana", "password": password}));
        answer.send().await.unwrap().status()
    };
    for _ in 0..5 {
        assert_eq!(go("wrong").await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(go(PASSWORD).await, StatusCode::TOO_MANY_REQUESTS);
    let sam = json!({"name": "sam", "password": PASSWORD});
    assert_eq!(club.post("/api/v1/session").json(&sam).send().await.unwrap().status(), StatusCode::OK);
    club.pass(minutes(10)).await;
    assert_eq!(go(PASSWORD).await, StatusCode::OK);
}

#[tokio::test]
async fn a_name_that_does_not_exist_gets_the_same_answer_as_a_wrong_password() {
    let club = Club::start("same-answer").await;
    let go = async |name: &str| {
        let answer = club.post("/api/v1/session").json(&json!({"name": name, "password": "wrong"}));
        let answer = answer.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    assert_eq!(go("dana").await, go("nobody").await);
}

#[tokio::test]
async fn on_call_staff_may_not_what_managers_may() {
    let club = Club::start("403").await;
    let sam = club.bearer("sam").await;
    let screens = club.get("/api/v1/screens").header("authorization", &sam).send().await.unwrap();
    assert_eq!(screens.status(), StatusCode::FORBIDDEN);
    let feed =
        club.put("/api/v1/bookings").header("authorization", &sam).json(&json!([])).send().await.unwrap();
    assert_eq!(feed.status(), StatusCode::FORBIDDEN);
    let dana = club.bearer("dana").await;
    assert_eq!(club.json("/api/v1/screens", &dana).await.as_array().unwrap().len(), 4);
    let page =
        club.get("/").header("cookie", club.cookie("sam").await).send().await.unwrap().text().await.unwrap();
    assert!(!page.contains("/screen/"), "the screens' addresses are secrets");
}

#[tokio::test]
async fn a_form_of_another_session_or_site_changes_nothing() {
    let club = Club::start("csrf").await;
    let thread = club.text("what is the wifi password").await;
    let cookie = club.cookie("dana").await;
    let page = club.get(&format!("/?t={thread}")).header("cookie", &cookie).send().await.unwrap();
    let csrf = hidden(&page.text().await.unwrap(), "csrf");
    let claim = async |csrf: &str, origin: &str| {
        let post = club.post(&format!("/threads/{thread}/claim")).header("cookie", &cookie);
        let post = post.header("content-type", FORM).header("origin", origin).body(encode(&[("csrf", csrf)]));
        post.send().await.unwrap().status()
    };
    assert_eq!(claim("stolen", &club.base).await, StatusCode::FORBIDDEN);
    assert_eq!(claim(&csrf, "http://evil.example").await, StatusCode::FORBIDDEN);
    assert!(club.read(|c| clubos::store::thread::get(c, thread).unwrap().unwrap().hold.is_none()));
    assert_eq!(claim(&csrf, &club.base).await, StatusCode::SEE_OTHER);
    assert!(club.read(|c| clubos::store::thread::get(c, thread).unwrap().unwrap().hold.is_some()));

    let api = club.post(&format!("/api/v1/threads/{thread}/release")).header("cookie", &cookie);
    let form = api.header("content-type", FORM).body("a=b").send().await.unwrap();
    assert_eq!(form.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "no form of another site reaches the API");
}

#[tokio::test]
async fn a_disabled_person_hears_nothing_more_on_a_stream_that_was_open() {
    let club = Club::start("disabled").await;
    let sam = club.bearer("sam").await;
    let mut events = club.get("/api/v1/events").header("authorization", &sam).send().await.unwrap();
    let hello = events.chunk().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&hello).contains("hello"));
    let disabled = club.desk.call(|desk| {
        let now = desk.now();
        desk.store().write(|tx| clubos::store::operator::disable(tx, "sam", now))
    });
    assert!(disabled.await.unwrap().unwrap(), "there is such a person");
    // The clock of this club stands still: only what is done can make the stream look.
    club.text("is anybody there").await;
    let ended = async { while events.chunk().await.unwrap().is_some() {} };
    tokio::time::timeout(std::time::Duration::from_secs(20), ended).await.expect("the stream ends");
}
