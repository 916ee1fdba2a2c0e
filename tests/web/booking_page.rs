//! The page of bookings, and how old they are wherever that is said.

use clubos::desk::{BookingList, NotRead};
use clubos::site::BayId;
use clubos::store::booking::Booking;
use reqwest::StatusCode;
use serde_json::Value;

use crate::club::{Club, FORM, START, alex, encode, hidden, minutes};

fn robin(id: &str, bay: u8, from: u64, phone: Option<&str>) -> Booking {
    Booking {
        id: id.into(),
        phone: phone.map(|p| p.parse().unwrap()),
        name: "Robin <b>".into(),
        bay: BayId(bay),
        starts_at: START + minutes(from),
        ends_at: START + minutes(from + 60),
        ..alex()
    }
}

async fn list(club: &Club, source: &str, bookings: Vec<Booking>, skipped: usize) {
    let list = BookingList {
        source: source.to_owned(),
        bookings,
        skipped,
        why: if skipped > 0 { format!("{skipped} with no bay") } else { String::new() },
        read_at: club.clock.now(),
    };
    club.desk.call(move |desk| desk.bookings_read(&list)).await.unwrap().unwrap();
}

async fn page(club: &Club, name: &str, path: &str) -> String {
    let cookie = club.cookie(name).await;
    let answer = club.get(path).header("cookie", cookie).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.text().await.unwrap()
}

#[tokio::test]
async fn the_page_of_bookings_is_for_people_who_are_signed_in() {
    let club = Club::start("bookings-closed").await;
    let answer = club.get("/bookings").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn today_and_tomorrow_stand_by_bay_with_where_each_is_known_from() {
    let club = Club::start("bookings-days").await;
    list(&club, "file", vec![alex(), robin("R1", 3, 12 * 60, None)], 0).await;
    list(&club, "ical", vec![robin("ical:far", 3, 72 * 60, None)], 2).await;
    let page = page(&club, "sam", "/bookings").await;
    assert!(page.contains("Today, Friday 20 November") && page.contains("Tomorrow, Saturday 21 November"));
    assert!(page.contains("20:30 to 22:00") && page.contains("Alex"), "{page}");
    assert!(page.contains("09:04 to 10:04") && page.contains("no phone number"));
    assert!(page.contains("Robin &#60;b&#62;") || page.contains("Robin &lt;b&gt;"), "names are text");
    assert!(page.contains("2 entries are no booking: 2 with no bay"));
    assert!(!page.contains("Remove this list"), "only a manager, and only one that does not come");
}

#[tokio::test]
async fn two_customers_on_one_bay_stand_there_both() {
    let club = Club::start("bookings-conflict").await;
    list(&club, "file", vec![alex()], 0).await;
    list(&club, "ical", vec![robin("ical:r", 2, 0, Some("+19025550102"))], 0).await;
    let page = page(&club, "sam", "/bookings").await;
    assert!(page.contains("Two customers on one bay"));
    assert!(page.contains("+19025550101") && page.contains("+19025550102"));
    let dana = club.bearer("dana").await;
    let notices = club.json("/api/v1/notices", &dana).await;
    assert!(notices.to_string().contains("Two bookings for bay 2 at once"), "{notices}");
}

#[tokio::test]
async fn how_old_the_bookings_are_is_said_everywhere() {
    let club = Club::start("bookings-age").await;
    list(&club, "ical", vec![alex()], 0).await;
    club.pass(minutes(49 * 60)).await;
    let problem = NotRead { why: "the calendar's server answers 410 Gone".into(), lasting: true };
    club.desk.call(move |desk| desk.bookings_not_read("ical", &problem)).await.unwrap().unwrap();
    club.desk.call(|desk| desk.look_at_bookings()).await.unwrap().unwrap();

    let dana = club.bearer("dana").await;
    let status = club.json("/api/v1/status", &dana).await;
    assert_eq!((&status["feed_age_s"], &status["feed_stale"]), (&Value::from(49 * 3600), &Value::from(true)));
    assert_eq!(status["feeds"][0]["state"], "too old");
    let ready: Value = club.get("/readyz").send().await.unwrap().json().await.unwrap();
    assert_eq!(ready["bookings"][0]["age_s"], 49 * 3600);
    assert_eq!(
        (&ready["bookings"][0]["too_old"], &ready["bookings"][0]["failing"]),
        (&Value::from(true), &Value::from(true))
    );
    let metrics = club.get("/metrics").send().await.unwrap().text().await.unwrap();
    for line in [
        "clubos_booking_feed_age_seconds{source=\"ical\"} 176400",
        "clubos_booking_feed_failing{source=\"ical\"} 1",
        "clubos_booking_feed_bookings{source=\"ical\"} 1",
        "clubos_booking_feed_limit_seconds 172800",
        "clubos_escalations_open{level=\"critical\"} 0",
        "clubos_escalation_oldest_unacknowledged_seconds 0",
        "clubos_outbox_depth 0",
    ] {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
    let home = page(&club, "dana", "/").await;
    assert!(home.contains("bookings: read 2 d 1 h ago, now failing"), "{home}");
    let own = page(&club, "dana", "/bookings").await;
    assert!(own.contains("too old") && own.contains("410 Gone"));
    let notices = club.json("/api/v1/notices", &dana).await.to_string();
    assert!(notices.contains("cannot be read") && notices.contains("no door opens by them"), "{notices}");
}

#[tokio::test]
async fn a_person_who_is_called_sees_how_old_the_bookings_are() {
    let club = Club::start("bookings-packet").await;
    list(&club, "ical", vec![alex()], 0).await;
    club.pass(minutes(10)).await;
    let thread = club.text("I want my money back").await;
    club.pass(minutes(1)).await;
    club.until("the escalation", |c| {
        clubos::store::escalation::open_on_thread(c, thread).unwrap().into_iter().next()
    })
    .await;
    let dana = club.bearer("dana").await;
    let escalations = club.json("/api/v1/escalations", &dana).await;
    let said = escalations[0]["bookings"].as_str().unwrap();
    assert!(said.starts_with("read 10 min before") || said.starts_with("read 11 min before"), "{said}");
}

#[tokio::test]
async fn a_manager_removes_a_list_that_no_longer_comes() {
    let club = Club::start("bookings-forget").await;
    list(&club, "file", vec![alex()], 0).await;
    club.pass(minutes(50 * 60)).await;
    let cookie = club.cookie("dana").await;
    let shown = club.get("/bookings").header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
    let csrf = hidden(&shown, "csrf");
    let forget = async |cookie: &str, csrf: &str| {
        let form = encode(&[("csrf", csrf)]);
        let request = club.post("/bookings/sources/file/forget").header("cookie", cookie);
        request.header("content-type", FORM).body(form).send().await.unwrap().status()
    };
    assert_eq!(forget(&cookie, "wrong").await, StatusCode::FORBIDDEN);
    assert_eq!(forget(&cookie, &csrf).await, StatusCode::SEE_OTHER);
    assert!(club.read(|c| clubos::store::booking_source::get(c, "file").unwrap().is_none()));
}
