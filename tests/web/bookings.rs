//! The feed of bookings.

use clubos::store::booking;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::club::{Club, START, minutes};

async fn send(club: &Club, body: Value) -> (StatusCode, String) {
    let dana = club.bearer("dana").await;
    let answer = club.put("/api/v1/bookings").header("authorization", dana).json(&body).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

fn one(id: &str, bay: Value, from: &str, to: &str) -> Value {
    json!({"id": id, "phone": "+19025550105", "name": "Robin", "bay": bay, "from": from, "to": to, "pin": 815})
}

fn stored(club: &Club) -> Vec<String> {
    let rows = club.read(|c| booking::between(c, START - minutes(3000), START + minutes(3000)).unwrap());
    rows.into_iter().map(|b| b.id).collect()
}

#[tokio::test]
async fn a_feed_replaces_the_feed_before_and_is_read_back() {
    let club = Club::start("feed").await;
    let (status, text) =
        send(&club, json!([one("F1", json!(3), "2026-11-20T23:00", "2026-11-21T00:30")])).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let again = json!([one("F2", json!("bay-3"), "2026-11-20T23:00:00-04:00", "2026-11-21T04:30:00Z")]);
    assert_eq!(send(&club, again).await.0, StatusCode::OK);
    assert_eq!(stored(&club), ["B1", "F2"], "what came from elsewhere stays");
    let dana = club.bearer("dana").await;
    let list = club.json("/api/v1/bookings", &dana).await;
    let f2 = list.as_array().unwrap().iter().find(|b| b["id"] == "F2").unwrap();
    assert_eq!(
        (&f2["from"], &f2["bay"], &f2["pin"]),
        (&json!("2026-11-21T03:00:00Z"), &json!("bay-3"), &json!("815"))
    );
}

#[tokio::test]
async fn one_wrong_booking_and_nothing_is_stored() {
    let club = Club::start("feed-wrong").await;
    let good = one("G", json!(3), "2026-11-20T23:00", "2026-11-20T23:30");
    let with = |field: &str, value: Value| {
        let mut bad = one("X", json!(4), "2026-11-20T23:00", "2026-11-20T23:30");
        bad[field] = value;
        bad
    };
    let cases = [
        (with("bay", json!(9)), "bookings[1].bay"),
        (with("bay", json!("bay-300")), "bookings[1].bay"),
        (with("phone", json!("call me")), "bookings[1].phone"),
        (with("from", json!("tomorrow")), "bookings[1].from"),
        (with("from", json!("2026-11-20")), "bookings[1].from"),
        (with("to", json!("2026-11-20T22:00")), "bookings[1].to"),
        (with("id", json!("G")), "bookings[1].id"),
        (with("bay", json!(3)), "bookings[1].from"),
        (json!({"id": "X"}), "bookings[1]"),
        (with("colour", json!("red")), "bookings[1]"),
    ];
    for (bad, place) in cases {
        let (status, text) = send(&club, json!([good, bad])).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{place}: {text}");
        assert!(text.contains(place), "{place}: {text}");
        assert_eq!(stored(&club), ["B1"], "{place}");
    }
    assert_eq!(send(&club, json!({"id": "X"})).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn back_to_back_is_no_overlap() {
    let club = Club::start("feed-next").await;
    let feed = json!([
        one("H2", json!(3), "2026-11-20T23:00", "2026-11-21T00:00"),
        one("H1", json!(3), "2026-11-20T22:00", "2026-11-20T23:00"),
        one("H3", json!(4), "2026-11-20T22:30", "2026-11-20T23:30"),
    ]);
    assert_eq!(send(&club, feed).await.0, StatusCode::OK);
}

#[tokio::test]
async fn csv_is_the_same_feed() {
    let club = Club::start("feed-csv").await;
    let dana = club.bearer("dana").await;
    let put = async |text: &str| {
        let put =
            club.put("/api/v1/bookings").header("authorization", &dana).header("content-type", "text/csv");
        let answer = put.body(text.to_owned()).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    let good =
        "id,phone,bay,from,to,name\nC1,902-555-0105,1,2026-11-20T23:00,2026-11-20T23:30,\"Lee, Robin\"\n";
    assert_eq!(put(good).await.0, StatusCode::OK);
    let names = club.read(|c| booking::get(c, "C1").unwrap().unwrap().name);
    assert_eq!(names, "Lee, Robin");
    let (status, text) = put("id,phone,bay,from,to\nC2,nobody,1,2026-11-20T23:00,2026-11-20T23:30\n").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text.contains("bookings[0].phone"), "{text}");
    assert!(club.read(|c| booking::get(c, "C1").unwrap()).is_some(), "nothing was stored, nothing lost");
}
