//! Bad input against the real program: strange texts, broken files. Each gets a clear error or a clear
//! answer; nothing is lost and nothing moves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says that it failed by panicking"
)]

mod program;
#[path = "../waiting/mod.rs"]
mod waiting;

use program::{Box, halve, said};
use serde_json::json;

const CONFIGURATION: Option<i32> = Some(78);

#[tokio::test]
async fn strange_texts_are_refused_clearly_or_kept_whole_and_ended() {
    let mut house = Box::new();
    let bay = house.book();
    house.up().await;
    house.says_yes("/readyz").await;
    let cookie = house.sit_down(&bay).await;
    let longest = "trackman ".repeat(12_000)[..100 * 1024].to_owned();
    for (what, body, status) in [
        ("nothing", json!({"text": ""}).to_string().into_bytes(), 422),
        ("white space", json!({"text": " \n\t"}).to_string().into_bytes(), 422),
        ("longer than 100 kB", json!({"text": format!("{longest}x")}).to_string().into_bytes(), 413),
        ("no JSON", b"\x00\xff\xfe\x01".to_vec(), 400),
        ("broken UTF-8", b"{\"text\": \"\xc3\x28\"}".to_vec(), 400),
        ("half a surrogate", br#"{"text": "\ud800"}"#.to_vec(), 400),
        ("a number", json!({"text": 7}).to_string().into_bytes(), 400),
    ] {
        let (got, answer) = house.say(&cookie, body).await;
        assert_eq!(got, status, "{what}: {answer}");
        assert!(answer.to_string().len() > 20, "{what}: an error says what and how to mend, not {answer}");
    }
    for (what, text) in [
        ("zero-width", "\u{200b}\u{200d}\u{feff}".to_owned()),
        ("control characters", "\u{0}\u{1}\u{1b}[31m\u{7f}".to_owned()),
        ("right to left", "المحاكي متوقف \u{202e}nezorf si namkcart".to_owned()),
        ("emoji", "🏌️‍♂️🔥⛳".to_owned()),
        ("100 kB", longest),
        ("markup", "<script>alert(1)</script> {{bay}} ' ; DROP TABLE message; --".to_owned()),
    ] {
        let (got, answer) = house.say(&cookie, json!({"text": text}).to_string()).await;
        assert_eq!(got, 202, "{what}: {answer}");
        let id = answer["message_id"].as_i64().expect("an id");
        let kept = house.look(&format!("SELECT body FROM message WHERE id = {id}"));
        assert!(kept.as_deref() == Some(&text), "{what} was not kept whole");
        house.found(&format!("SELECT ending FROM message WHERE id = {id} AND ending IS NOT NULL")).await;
    }
    let moved = "SELECT effect FROM effect WHERE dispatched_at IS NOT NULL";
    assert_eq!(house.look(moved), None, "nothing of this may move a device");
    let marked = "SELECT body FROM message WHERE author = 'box' AND (body LIKE '%{%' OR body LIKE '%<%' OR length(body) > 480)";
    assert_eq!(house.look(marked), None, "no customer is answered with that");
}

#[test]
fn a_database_of_a_newer_program_is_left_alone() {
    let house = Box::new().without_model();
    house.book();
    let db = rusqlite::Connection::open(house.database()).expect("it opens");
    db.pragma_update(None, "user_version", 99).expect("written");
    drop(db);
    let before = std::fs::read(house.database()).expect("readable");
    let (code, text) = house.refuses(&[]);
    assert_eq!(code, CONFIGURATION, "{text}");
    assert!(text.contains("newer ClubOS") && text.contains("99"), "{text}");
    assert_eq!(std::fs::read(house.database()).expect("readable"), before, "it was written to");
    let (code, text) = house.check();
    assert!(code != Some(0) && text.contains("FAILED   database"), "{text}");
}

#[test]
fn a_damaged_database_is_named_and_not_served() {
    for (what, at, length) in [("its head", 0, 64), ("a page in the middle", 20_000, 4_000)] {
        let house = Box::new();
        house.book();
        let mut bytes = std::fs::read(house.database()).expect("readable");
        bytes[at..at + length].fill(0xa5);
        std::fs::write(house.database(), bytes).expect("written");
        let (code, text) = house.refuses(&[]);
        assert_eq!(code, CONFIGURATION, "{what}: {text}");
        assert!(text.contains("damaged") && text.contains("backup"), "{what}: {text}");
    }
}

#[tokio::test]
async fn with_half_a_model_the_box_starts_and_emergencies_work() {
    let mut house = Box::new();
    let bay = house.book();
    halve(&house.dir.join("models/encoder.onnx"));
    house.up().await;
    let cookie = house.sit_down(&bay).await;
    emergency(&house, &cookie).await;
    let (status, answer) = house.say(&cookie, json!({"text": "trackman is frozen"}).to_string()).await;
    assert_eq!(status, 202);
    let ending =
        format!("SELECT ending FROM message WHERE id = {} AND ending IS NOT NULL", answer["message_id"]);
    assert_eq!(house.found(&ending).await, "escalated", "what the rules cannot read goes to a person");
    let ready = reqwest::get(format!("{}/readyz", house.url)).await.expect("an answer");
    assert_eq!(ready.status().as_u16(), 503, "without a model it is not ready");
    let (code, text) = house.check();
    assert!(code != Some(0) && text.contains("FAILED   model"), "{text}");
}

#[tokio::test]
async fn with_half_a_site_nothing_opens_and_emergencies_work() {
    safe_mode("site.toml").await;
}

#[tokio::test]
async fn with_half_a_procedure_nothing_opens_and_emergencies_work() {
    safe_mode("sops/access.locked-out.md").await;
}

#[tokio::test]
async fn with_bad_procedures_and_no_good_copy_emergencies_work() {
    for (what, sops) in [("one is cut in half", Some("sim.frozen.md")), ("all are gone", None)] {
        let mut house = Box::new().without_model();
        let bay = house.book();
        match sops {
            Some(file) => halve(&house.dir.join("sops").join(file)),
            None => std::fs::remove_dir_all(house.dir.join("sops")).expect("removed"),
        }
        let (code, text) = house.refuses(&["--strict"]);
        assert_eq!(code, CONFIGURATION, "{what}: {text}");
        house.up().await;
        let cookie = house.sit_down(&bay).await;
        emergency(&house, &cookie).await;
        let text = json!({"text": "trackman is frozen"}).to_string();
        let (status, answer) = house.say(&cookie, text).await;
        assert_eq!(status, 202, "{what}");
        let id = &answer["message_id"];
        house.found(&format!("SELECT ending FROM message WHERE id = {id} AND ending IS NOT NULL")).await;
        assert_eq!(house.look("SELECT effect FROM effect WHERE dispatched_at IS NOT NULL"), None, "{what}");
        house.down();
    }
}

#[tokio::test]
async fn a_procedure_that_was_taken_away_is_not_among_the_last_good_ones() {
    let mut house = Box::new().without_model();
    house.up().await;
    house.down();
    let kept = house.dir.join("state/last-good/sops");
    assert!(kept.join("faq.food.md").exists());
    let retired = std::fs::read_to_string(house.dir.join("sops/faq.food.md")).expect("readable");
    assert!(retired.contains("status: live"));
    let extra = kept.join("faq.gone.md");
    std::fs::write(&extra, retired).expect("written"); // as a file that was in sops/ at an earlier start
    house.up().await;
    house.down();
    assert!(!extra.exists() && kept.join("faq.food.md").exists() && kept.join("house.md").exists());
    assert!(!house.dir.join("state/last-good/sops.old").exists());
}

#[test]
fn a_check_shows_everything_that_is_wrong() {
    let house = Box::new().without_model();
    for file in ["faq.food.md", "faq.hours.md"] {
        let path = house.dir.join("sops").join(file);
        let text = std::fs::read_to_string(&path).expect("readable").replace("status: live", "status: alive");
        std::fs::write(path, text).expect("written");
    }
    let site = house.dir.join("site.toml");
    let text = std::fs::read_to_string(&site).expect("readable");
    std::fs::write(&site, format!("{text}\n[nonsense]\n[rubbish]\n")).expect("written");
    for (code, text) in [house.check(), house.refuses(&["--strict"])] {
        assert_eq!(code, CONFIGURATION, "{text}");
        assert!(text.contains("faq.food.md") && text.contains("faq.hours.md"), "{text}");
    }
    let (_, text) = house.check();
    assert!(text.contains("nonsense") && text.contains("rubbish"), "{text}");
    assert!(text.matches("= mend: ").count() >= 4, "{text}");
}

/// A good start first, so that there is a last good configuration; then `file` is cut in half.
async fn safe_mode(file: &str) {
    let mut house = Box::new().without_model();
    let bay = house.book();
    house.up().await;
    house.down();
    halve(&house.dir.join(file));

    let (code, text) = house.refuses(&["--strict"]);
    assert_eq!(code, CONFIGURATION, "{text}");
    let name = file.rsplit('/').next().expect("a name");
    assert!(text.contains(name) && text.lines().count() < 60, "it names {name}: {text}");
    assert!(text.contains("= mend: "), "with the way to mend it: {text}");
    let (code, text) = house.check();
    assert_eq!(code, CONFIGURATION, "{text}");

    house.up().await;
    let cookie = house.sit_down(&bay).await;
    emergency(&house, &cookie).await;
    let form = "phone=9025550101&proof=golf77";
    let press = reqwest::Client::new().post(format!("{}/d/door-main", house.url)).body(form);
    let press =
        press.header("content-type", "application/x-www-form-urlencoded").send().await.expect("an answer");
    assert!(press.status().is_success() || press.status().is_redirection(), "{}", press.status());
    let unlock = "SELECT outcome || ' ' || (sent_at IS NULL AND dispatched_at IS NULL) FROM effect
                  WHERE effect = 'door.unlock' AND outcome IS NOT NULL";
    assert_eq!(house.found(unlock).await, "refused 1");
    house.found("SELECT reason FROM escalation WHERE intent = 'access.locked-out'").await;
    house.found("SELECT body FROM message m JOIN thread t ON t.id = m.thread_id WHERE t.channel = 'door' AND author = 'box'").await;
}

/// An emergency at the bay gets its text, and people are called.
async fn emergency(house: &Box, cookie: &str) {
    let (status, answer) =
        house.say(cookie, json!({"text": "my friend collapsed and is not breathing"}).to_string()).await;
    assert_eq!(status, 202, "{answer}");
    house.found("SELECT body FROM message WHERE author = 'box' AND body LIKE '%911%'").await;
    house.found("SELECT e.id || '' FROM escalation e JOIN timer t ON t.ref = e.id AND t.kind = 'alert' WHERE level = 'critical'").await;
}

#[test]
fn half_a_scenario_is_an_error_with_its_line() {
    let house = Box::new();
    let file = house.dir.join("half.yaml");
    std::fs::write(
        &file,
        "name: x\nsite: clubhouse\nat: 2026-11-20T21:04:00\nevents:\n  - {at: 0s, from: \"+1902",
    )
    .expect("written");
    let (code, text) = said(house.command().arg("simulate").arg(&file).output().expect("the program"));
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("half.yaml:5"), "{text}");
}
