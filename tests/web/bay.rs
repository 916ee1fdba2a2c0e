//! The bay's page: code, presence, chat.

use std::time::Duration;

use clubos::store::message;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::club::{Club, FORM, cookie_of, encode, minutes};

impl Club {
    /// Where the code of the bay's screen leads now.
    async fn link(&self, bay: u8) -> String {
        let (site, now) = (self.site.clone(), self.clock.now());
        let links = self
            .desk
            .call(move |desk| desk.store().write(|tx| clubos::web::bay_paths(tx, &site, now)))
            .await
            .unwrap()
            .unwrap();
        links.into_iter().find(|(b, _)| b.0 == bay).unwrap().1
    }

    /// Proves presence in the bay; the cookie.
    async fn present(&self, bay: u8) -> String {
        let answer = self.get(&self.link(bay).await).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert_eq!(
            answer.headers()["location"],
            format!("/b/bay-{bay}").as_str(),
            "the code leaves the address"
        );
        let set = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
        cookie_of(&answer)
    }

    async fn say(&self, cookie: &str, text: &str) -> StatusCode {
        let post = self.post("/api/v1/bay/messages").header("cookie", cookie).json(&json!({"text": text}));
        post.send().await.unwrap().status()
    }

    async fn said(&self, cookie: &str) -> Vec<String> {
        let answer = self.get("/api/v1/bay/messages").header("cookie", cookie).send().await.unwrap();
        let said: Value = answer.json().await.unwrap();
        said.as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn the_printed_code_only_says_which_bay() {
    let club = Club::start("printed").await;
    let page = club.get("/b/bay-2").send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let text = page.text().await.unwrap();
    assert!(text.contains("Bay 2") && text.contains("Code on the screen"));
    let post = club.post("/b/bay-2/message").header("content-type", FORM).body(encode(&[("text", "hi")]));
    assert_eq!(post.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(club.say("", "restart it").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_code_typed_into_the_form_proves_presence() {
    let club = Club::start("typed").await;
    let link = club.link(2).await;
    let code = link.strip_prefix("/b/").unwrap().to_lowercase();
    let type_it = async |bay: u8| {
        let form = encode(&[("code", &code)]);
        club.post(&format!("/b/bay-{bay}")).header("content-type", FORM).body(form).send().await.unwrap()
    };
    assert_eq!(type_it(3).await.status(), StatusCode::NOT_FOUND, "it is bay 2's");
    let cookie = cookie_of(&type_it(2).await);
    let page = club.get("/b/bay-2").header("cookie", cookie).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Your message") && page.contains("until 22:00"));
}

#[tokio::test]
async fn one_writes_reads_the_answer_and_it_comes_by_itself() {
    let club = Club::start("chat").await;
    let cookie = club.present(2).await;
    let mut events = club.get("/api/v1/bay/events").header("cookie", &cookie).send().await.unwrap();
    assert_eq!(club.say(&cookie, "what is the wifi password?").await, StatusCode::ACCEPTED);
    club.pass(Duration::from_secs(2)).await;
    let came = async {
        let mut text = String::new();
        while !text.contains("fairway-2026") {
            text.push_str(&String::from_utf8_lossy(&events.chunk().await.unwrap().unwrap()));
        }
    };
    tokio::time::timeout(Duration::from_secs(20), came).await.expect("the answer comes by itself");
    let said = club.said(&cookie).await;
    assert_eq!(said[0], "what is the wifi password?");
    assert!(said[1].contains("fairway-2026"));
}

#[tokio::test]
async fn presence_and_what_was_said_end_with_the_booking() {
    let club = Club::start("ends").await;
    let cookie = club.present(2).await;
    club.say(&cookie, "a private matter").await;
    club.pass(minutes(57)).await;
    assert_eq!(club.say(&cookie, "still here").await, StatusCode::UNAUTHORIZED);
    let next = club.present(2).await;
    assert!(club.said(&next).await.is_empty(), "whoever comes next sees nothing older");
}

#[tokio::test]
async fn an_old_code_is_good_for_ten_minutes_more() {
    let club = Club::start("old-code").await;
    let link = club.link(2).await;
    let go = async || club.get(&link).send().await.unwrap().status();
    club.pass(minutes(19)).await;
    assert_ne!(club.link(2).await, link);
    assert_eq!(go().await, StatusCode::SEE_OTHER);
    club.pass(minutes(1)).await;
    assert_eq!(go().await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn guessing_codes_is_stopped_after_ten_in_a_minute() {
    let club = Club::start("guessing").await;
    let right = club.link(2).await;
    let go = async |path: &str| club.get(path).send().await.unwrap().status();
    for n in 0..10 {
        assert_eq!(go(&format!("/b/00000000{n}")).await, StatusCode::NOT_FOUND);
    }
    assert_eq!(go("/b/AAAAAAAAA").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(go(&right).await, StatusCode::TOO_MANY_REQUESTS);
    club.pass(minutes(1)).await;
    assert_eq!(go(&club.link(2).await).await, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_screen_shows_the_code_to_its_own_pc_only() {
    let club = Club::start("screen").await;
    let dana = club.bearer("dana").await;
    let screens = club.json("/api/v1/screens", &dana).await;
    let path =
        screens.as_array().unwrap().iter().find(|s| s["bay"] == "bay-2").unwrap()["path"].as_str().unwrap();
    let page = club.get(path).send().await.unwrap().text().await.unwrap();
    let code = club.link(2).await.strip_prefix("/b/").unwrap().to_owned();
    assert!(page.contains(&code) && page.contains("<svg"), "{page}");
    assert_eq!(club.get("/screen/bay-2").send().await.unwrap().status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_hundred_kilobytes_are_stored_whole_and_more_is_413() {
    let club = Club::start("large").await;
    let cookie = club.present(2).await;
    let long = "é\n".repeat(100 * 1024 / 3);
    assert_eq!(club.say(&cookie, &long).await, StatusCode::ACCEPTED);
    let thread =
        club.read(|c| clubos::store::thread::recent(c, clubos::clock::UnixMs(0), 1).unwrap().remove(0).id);
    assert_eq!(club.read(|c| message::latest(c, thread).unwrap().unwrap().body), long);
    for size in [100 * 1024 + 1, 2 * 1024 * 1024] {
        let post = club
            .post("/api/v1/bay/messages")
            .header("cookie", &cookie)
            .json(&json!({"text": "x".repeat(size)}));
        let answer = post.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE, "{size}");
        assert!(answer.text().await.unwrap().contains("\"mend\""));
    }
}

#[tokio::test]
async fn what_is_no_json_is_refused_in_json() {
    let club = Club::start("binary").await;
    let cookie = club.present(2).await;
    let bad: [(&[u8], &str, StatusCode); 4] = [
        (b"\x00\xff\xfe\x01", "application/json", StatusCode::BAD_REQUEST),
        (b"{\"text\": 7}", "application/json", StatusCode::BAD_REQUEST),
        (b"\x00\xff", "application/octet-stream", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (b"{\"text\": \"  \"}", "application/json", StatusCode::UNPROCESSABLE_ENTITY),
    ];
    for (body, kind, status) in bad {
        let post = club.post("/api/v1/bay/messages").header("cookie", &cookie).header("content-type", kind);
        let answer = post.body(body).send().await.unwrap();
        assert_eq!(answer.status(), status, "{body:?}");
        assert!(answer.json::<Value>().await.unwrap()["error"]["what"].is_string());
    }
}

#[tokio::test]
async fn the_same_form_sent_twice_is_one_message_and_the_same_words_twice_are_two() {
    let club = Club::start("twice").await;
    let cookie = club.present(2).await;
    let send = async |key: &str| {
        let form = encode(&[("text", "yes"), ("form_key", key)]);
        let post =
            club.post("/b/bay-2/message").header("cookie", &cookie).header("content-type", FORM).body(form);
        assert_eq!(post.send().await.unwrap().status(), StatusCode::SEE_OTHER);
    };
    send("a").await;
    send("a").await;
    assert_eq!(club.said(&cookie).await.len(), 1);
    send("b").await;
    assert_eq!(club.said(&cookie).await.iter().filter(|t| *t == "yes").count(), 2);
}

#[tokio::test]
async fn a_yes_or_no_that_is_waited_for_has_its_buttons() {
    let club = Club::start("quick").await;
    let cookie = club.present(2).await;
    let page = async || {
        let answer = club.get("/b/bay-2").header("cookie", &cookie).send().await.unwrap();
        answer.text().await.unwrap()
    };
    assert!(!page().await.contains("value=\"Yes\""), "nothing was asked");
    assert_eq!(club.say(&cookie, "the simulator is frozen").await, StatusCode::ACCEPTED);
    club.pass(Duration::from_secs(2)).await;
    club.until("the question", |c| {
        c.query_row("SELECT id FROM question WHERE state = 'open'", [], |row| row.get::<_, i64>(0)).ok()
    })
    .await;
    let asked = page().await;
    assert!(asked.contains("value=\"Yes\"") && asked.contains("value=\"No\""));
    let key = crate::club::hidden(&asked, "form_key");
    let form = club.post("/b/bay-2/message").header("cookie", &cookie).header("content-type", FORM);
    let form = form.header("origin", &club.base).body(encode(&[("form_key", &key), ("text", "Yes")]));
    assert_eq!(form.send().await.unwrap().status(), StatusCode::SEE_OTHER);
    club.pass(Duration::from_secs(2)).await;
    club.until("the restart", |c| {
        c.query_row("SELECT id FROM effect WHERE effect = 'sim.restart'", [], |row| row.get::<_, i64>(0)).ok()
    })
    .await;
    assert!(!page().await.contains("value=\"Yes\""), "answered");
}
