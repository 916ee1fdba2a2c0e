//! The knobs of a simulated club, over the API and on the page.

use std::sync::Arc;

use clubos::cli::knobs::Knobs;
use clubos::clock::Clock;
use clubos::desk::Line;
use clubos::simclub::{Behaviour, Mains, SimClub, SimControl, SimDriver};
use clubos::site::{Effect, Target};
use clubos::web::DemoInfo;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::club::{Club, FORM, encode, hidden, site};

/// A club on real knobs, and the simulated devices they turn.
async fn demo(name: &str) -> (Club, SimControl) {
    let control = SimControl::new(SimClub::from_site(&site()));
    let clock = Clock::system();
    let wireless = SimDriver::new(control.clone(), clock.clone());
    let mains = Mains::new(control.clone(), wireless, Vec::new(), clock);
    let knobs = Arc::new(Knobs::new(control.clone(), mains));
    let info = DemoInfo { control: knobs.clone(), slack: None, accounts: Vec::new() };
    let club = Club::start_as(name, |app| app.with_demo(info)).await;
    knobs.attach(club.desk.clone());
    (club, control)
}

async fn post(club: &Club, path: &str, body: Value) -> (StatusCode, Value) {
    let dana = club.bearer("dana").await;
    let answer = club.post(path).header("authorization", dana).json(&body).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

fn restart(control: &SimControl) -> Behaviour {
    control.behaviour(&Target::new("bay-2"), Effect::SimRestart)
}

#[tokio::test]
async fn every_knob_is_listed_and_turning_one_turns_that_device_alone() {
    let (club, control) = demo("demo-turn").await;
    let dana = club.bearer("dana").await;
    let before = club.json("/api/v1/demo/devices", &dana).await;
    let listed = before.as_array().unwrap();
    assert_eq!(listed.len(), control.list().len());
    assert!(listed.iter().all(|knob| knob["behaviour"] == "ok"));
    let knob = json!({"target": "bay-2", "effect": "sim.restart", "behaviour": "lies"});
    let (status, after) = post(&club, "/api/v1/demo/devices", knob.clone()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(restart(&control), Behaviour::Lies);
    let turned: Vec<&Value> =
        after.as_array().unwrap().iter().filter(|knob| knob["behaviour"] != "ok").collect();
    assert_eq!(turned, [&knob]);
    assert_eq!(club.json("/api/v1/demo/devices", &dana).await, after);
}

#[tokio::test]
async fn what_the_club_does_not_have_is_refused_and_turns_nothing() {
    let (club, control) = demo("demo-refuse").await;
    for (target, effect, behaviour) in [
        ("bay-2", "sim.restart", "sometimes"),
        ("bay-2", "sim.explode", "ok"),
        ("bay-9", "sim.restart", "lies"),
        ("door-main", "sim.restart", "lies"),
    ] {
        let knob = json!({"target": target, "effect": effect, "behaviour": behaviour});
        let (status, body) = post(&club, "/api/v1/demo/devices", knob.clone()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{knob}: {body}");
        assert!(body["error"]["what"].as_str().unwrap().len() > 10, "{body}");
    }
    assert!(control.list().iter().all(|(_, _, behaviour)| *behaviour == Behaviour::Ok));
}

#[tokio::test]
async fn the_line_is_cut_and_mended_for_the_desk_too() {
    let (club, _) = demo("demo-line").await;
    for (up, line) in [(false, Line::Down), (true, Line::Up)] {
        let (status, body) = post(&club, "/api/v1/demo/line", json!({"up": up})).await;
        assert_eq!((status, &body["up"]), (StatusCode::OK, &json!(up)));
        assert_eq!(club.desk.call(|desk| desk.line()).await.unwrap(), line);
    }
}

#[tokio::test]
async fn the_power_fails_for_every_device_at_once_and_comes_back() {
    let (club, control) = demo("demo-power").await;
    let there = || control.targets().iter().filter(|t| control.reachable(Clock::system().now(), t)).count();
    let all = control.targets().len();
    assert!(all > 4 && there() == all);
    for (on, count) in [(false, 0), (true, all)] {
        let (status, body) = post(&club, "/api/v1/demo/power", json!({"on": on})).await;
        assert_eq!((status, &body["on"]), (StatusCode::OK, &json!(on)));
        assert_eq!(there(), count);
    }
    let real = Club::start("demo-power-real").await;
    assert_eq!(post(&real, "/api/v1/demo/power", json!({"on": false})).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nobody_turns_a_knob_who_is_not_signed_in_and_a_real_club_has_none() {
    let (club, control) = demo("demo-closed").await;
    let knob = json!({"target": "bay-2", "effect": "sim.restart", "behaviour": "lies"});
    for (path, body) in [("/api/v1/demo/devices", &knob), ("/api/v1/demo/line", &json!({"up": false}))] {
        let answer = club.post(path).json(body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(club.get("/api/v1/demo/devices").send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(restart(&control), Behaviour::Ok);
    let real = Club::start("demo-real").await;
    assert_eq!(post(&real, "/api/v1/demo/devices", knob).await.0, StatusCode::NOT_FOUND);
    assert_eq!(post(&real, "/api/v1/demo/line", json!({"up": false})).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_page_turns_the_knobs_of_a_place_and_sets_all_right_again() {
    let (club, control) = demo("demo-page").await;
    let cookie = club.cookie("dana").await;
    let page = async || {
        let answer = club.get("/demo").header("cookie", &cookie).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.text().await.unwrap()
    };
    let before = page().await;
    assert!(before.contains("Nothing here is real") && before.contains("Screen of bay 2"));
    assert!(before.contains("4711"), "a guest to try the door with");
    let csrf = hidden(&before, "csrf");
    let send = async |path: &str, fields: &[(&str, &str)]| {
        let form = club.post(path).header("cookie", &cookie).header("content-type", FORM);
        form.header("origin", &club.base).body(encode(fields)).send().await.unwrap().status()
    };
    let fields = [("csrf", csrf.as_str()), ("target", "bay-2"), ("sim.restart", "lies"), ("pc.reboot", "ok")];
    assert_eq!(send("/demo", &fields).await, StatusCode::SEE_OTHER);
    assert_eq!(restart(&control), Behaviour::Lies);
    assert!(page().await.contains("misbehaves in 1 of"));
    assert_eq!(
        send("/demo", &[("csrf", "forged"), ("target", "bay-2"), ("sim.restart", "ok")]).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(restart(&control), Behaviour::Lies, "a forged form turns nothing");
    assert_eq!(send("/demo/mend", &[("csrf", &csrf)]).await, StatusCode::SEE_OTHER);
    assert_eq!(restart(&control), Behaviour::Ok);
}
