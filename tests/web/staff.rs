//! What staff see and do.

use std::time::Duration;

use clubos::store::message;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::club::{Club, minutes};

const SECOND: Duration = Duration::from_secs(1);

async fn page(club: &Club, path: &str) -> String {
    let cookie = club.cookie("dana").await;
    let answer = club.get(path).header("cookie", cookie).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.text().await.unwrap()
}

/// Lets a refund wait for a person; the thread.
async fn escalated(club: &Club) -> i64 {
    let thread = club.text("I want my money back").await;
    club.pass(SECOND * 2).await;
    club.until("the escalation", |c| {
        clubos::store::escalation::open_on_thread(c, thread).unwrap().into_iter().next()
    })
    .await;
    thread
}

#[tokio::test]
async fn what_customers_write_is_text_and_never_markup() {
    let club = Club::start("xss").await;
    let thread = club.text("<script>alert(1)</script> \"><img src=x onerror=alert(2)>").await;
    let page = page(&club, &format!("/?t={thread}")).await;
    assert!(!page.contains("<script>alert") && !page.contains("<img"), "escaped");
    assert!(page.contains("alert(1)"), "and shown");
}

#[tokio::test]
async fn who_needs_a_person_stands_first_with_all_they_need() {
    let club = Club::start("first").await;
    let thread = escalated(&club).await;
    club.pass(minutes(3)).await;
    let dana = club.bearer("dana").await;
    let console = club
        .post("/api/v1/console")
        .header("authorization", &dana)
        .json(&json!({"text": "what is the wifi"}));
    assert_eq!(console.send().await.unwrap().status(), StatusCode::ACCEPTED);
    let threads = club.json("/api/v1/threads", &dana).await;
    assert_eq!(threads[0]["id"], thread, "not the latest, but the one that waits");
    assert_eq!(threads[0]["needs_person"], true);
    assert_eq!(threads[0]["who"], "Alex");
    let escalations = club.json("/api/v1/escalations", &dana).await;
    assert_eq!(escalations[0]["thread_id"], thread);
    assert!(escalations[0]["waits_s"].as_u64().unwrap() >= 180);
    assert!(escalations[0]["said"].to_string().contains("money back"));
    let page = page(&club, "/").await;
    assert!(page.contains("Waiting for a person") && page.contains("waits 3 min"));
    assert!(page.contains("simulated"), "the customer's thread is simulated here");
}

#[tokio::test]
async fn claim_holds_release_gives_back_ack_stops_the_calls() {
    let club = Club::start("claim").await;
    let thread = escalated(&club).await;
    let (dana, sam) = (club.bearer("dana").await, club.bearer("sam").await);
    let post = async |who: &str, act: &str| {
        let post = club.post(&format!("/api/v1/threads/{thread}/{act}")).header("authorization", who);
        post.send().await.unwrap()
    };
    let acked: Value = post(&sam, "ack").await.json().await.unwrap();
    assert_eq!(acked["thread"]["acknowledged"], true);
    let claimed: Value = post(&dana, "claim").await.json().await.unwrap();
    assert_eq!(claimed["hold"]["by"], "dana");
    assert_eq!(post(&sam, "claim").await.status(), StatusCode::CONFLICT);
    let released: Value = post(&dana, "release").await.json().await.unwrap();
    assert!(released["hold"].is_null() && released["escalations"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_second_click_on_send_is_a_conflict_and_not_a_second_text() {
    let club = Club::start("conflict").await;
    let thread = escalated(&club).await;
    let dana = club.bearer("dana").await;
    let send = async || {
        let body = json!({"text": "I am looking into it", "form_key": "form-1"});
        let post =
            club.post(&format!("/api/v1/threads/{thread}/reply")).header("authorization", &dana).json(&body);
        post.send().await.unwrap().status()
    };
    assert_eq!(send().await, StatusCode::OK);
    assert_eq!(send().await, StatusCode::CONFLICT);
    let said = club.read(|c| message::of_thread(c, thread, 50).unwrap());
    assert_eq!(said.iter().filter(|m| m.author == "dana").count(), 1);
}

#[tokio::test]
async fn staff_act_through_the_gate_in_their_own_name() {
    let club = Club::start("effects").await;
    let sam = club.bearer("sam").await;
    let ask = async |body: Value| {
        let answer =
            club.post("/api/v1/effects").header("authorization", &sam).json(&body).send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    let (status, effect) = ask(json!({"effect": "door.unlock", "target": "door-main"})).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert_eq!(effect["approved_by"], "sam");
    let (status, body) = ask(json!({"effect": "door.unlock", "target": "door-main"})).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{body}");
    assert_eq!(
        ask(json!({"effect": "door.unlock", "target": "door-9"})).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        ask(json!({"effect": "door.lockdown", "target": "door-main"})).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn an_event_comes_when_a_reply_is_there_to_be_read() {
    let club = Club::start("events").await;
    let dana = club.bearer("dana").await;
    let answer = club.get("/api/v1/events").header("authorization", &dana).send().await.unwrap();
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    let mut events = answer;
    let thread = club.text("what is the wifi password").await;
    club.pass(SECOND * 2).await;
    let seen = async {
        let mut text = String::new();
        loop {
            text.push_str(&String::from_utf8_lossy(&events.chunk().await.unwrap().unwrap()));
            let replied =
                club.read(|c| message::of_thread(c, thread, 10).unwrap().iter().any(|m| !m.inbound));
            if replied && text.contains("event: change") {
                return;
            }
        }
    };
    tokio::time::timeout(SECOND * 20, seen).await.expect("an event after the reply");
}

#[tokio::test]
async fn looking_at_a_page_is_no_change() {
    let club = Club::start("no-loop").await;
    let cookie = club.cookie("dana").await;
    let look = async || club.get("/").header("cookie", &cookie).send().await.unwrap().status();
    look().await; // the first look makes the screens' secrets
    let changes = club.desk.changes();
    let before = *changes.borrow();
    for _ in 0..10 {
        assert_eq!(look().await, StatusCode::OK);
        assert_eq!(club.get("/healthz").send().await.unwrap().status(), StatusCode::OK);
    }
    let told = *changes.borrow() - before;
    assert!(
        told <= 1,
        "told {told} times (once may be of the sign-in), and every open page would look for ever"
    );
}

#[tokio::test]
async fn unsent_texts_say_what_they_wait_for() {
    let club = Club::start("waiting").await;
    club.desk.call(|desk| desk.set_line(clubos::desk::Line::Down)).await.unwrap().unwrap();
    let thread = club.text("what is the wifi password").await;
    club.pass(SECOND * 2).await;
    club.until("the reply", |c| message::of_thread(c, thread, 10).unwrap().into_iter().find(|m| !m.inbound))
        .await;
    let page = page(&club, &format!("/?t={thread}")).await;
    assert!(page.contains("waits for the line") && page.contains("internet down"));
}

/// What a person reads of a page: no tags, no values of fields.
fn visible(page: &str) -> String {
    page.split('<')
        .filter_map(|part| part.split_once('>'))
        .map(|(_, text)| text)
        .collect::<Vec<_>>()
        .join(" ")
}

#[tokio::test]
async fn no_internal_word_reaches_a_person() {
    let club = Club::start("words").await;
    let thread = club.text("open the door please").await;
    club.pass(SECOND * 2).await;
    club.until("the unlock", |c| {
        let rows = clubos::store::effect::of_thread(c, thread).unwrap();
        rows.into_iter().find(|row| row.dispatched_at.is_some())
    })
    .await;
    club.pass(minutes(1)).await; // nobody saw the door: unknown, and a person is called
    club.until("the escalation", |c| {
        clubos::store::escalation::open_on_thread(c, thread).unwrap().into_iter().next()
    })
    .await;
    let dana = club.bearer("dana").await;
    let escalations = club.json("/api/v1/escalations", &dana).await;
    let summary = escalations[0]["summary"].as_str().unwrap();
    assert!(summary.contains("unlocking of the main door could not be confirmed"), "{summary}");
    let seen = visible(&page(&club, &format!("/?t={thread}")).await);
    assert!(seen.contains("Unlock the main door"), "{seen}");
    let ids = clubos::site::Effect::ALL.iter().map(|e| e.name());
    for id in ids.chain(clubos::sop::INTENTS.iter().map(|i| i.id).filter(|id| id.contains('.'))) {
        assert!(!seen.contains(id), "{id} stands on the page");
    }
    assert!(!seen.contains("T2") && !seen.contains("ladder"), "the house's own words stand on the page");
    assert_eq!(
        club.json(&format!("/api/v1/threads/{thread}"), &dana).await["escalations"][0]["intent"],
        "access.locked-out",
        "programs keep the ids"
    );
}

#[tokio::test]
async fn closing_one_call_leaves_the_others_waiting() {
    let club = Club::start("close-one").await;
    let thread = escalated(&club).await;
    club.text("your licence has expired it says").await;
    club.pass(SECOND * 2).await;
    let open = |c: &rusqlite::Connection| clubos::store::escalation::open_on_thread(c, thread).unwrap();
    let both = club.until("the second call", |c| Some(open(c)).filter(|open| open.len() == 2)).await;
    let dana = club.bearer("dana").await;
    let close = club.post(&format!("/api/v1/escalations/{}/close", both[0].id));
    let closed: Value = close.header("authorization", &dana).send().await.unwrap().json().await.unwrap();
    assert_eq!(closed["closed_by"], "dana");
    let left = club.read(open);
    assert_eq!(left.iter().map(|e| e.id).collect::<Vec<_>>(), [both[1].id]);
    assert!(left[0].acked_by.is_none(), "nobody has said that they look after the other");
    // The page's button does the same.
    let cookie = club.cookie("dana").await;
    let page = club.get(&format!("/?t={thread}")).header("cookie", &cookie).send().await.unwrap();
    let csrf = crate::club::hidden(&page.text().await.unwrap(), "csrf");
    let form = club.post(&format!("/escalations/{}/close", both[1].id)).header("cookie", &cookie);
    let form = form.header("content-type", crate::club::FORM).header("origin", &club.base);
    let form = form.body(crate::club::encode(&[("csrf", &csrf)])).send().await.unwrap();
    assert_eq!(form.status(), StatusCode::SEE_OTHER);
    assert!(club.read(open).is_empty());
}
