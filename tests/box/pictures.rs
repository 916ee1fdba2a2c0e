//! A camera's picture beside a call for a person: from the words of a customer to the staff page, with the real
//! program and a simulated console on real HTTPS.

use clubos::simclub::protect_server::{JPEG, Mood, ProtectServer};
use reqwest::{Client, StatusCode};

use crate::program::Box;
use crate::waiting::asked_until;

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

fn allow(place: &Box, server: &ProtectServer, attach: bool) {
    let settings = server.settings();
    let site = include_str!("../bad_input/site.toml");
    let protect = format!(
        "\n[protect]\nurl = \"{}\"\nkey_file = \"{}\"\ncertificate_sha256 = \"{}\"\n\n\
         [[protect.cameras]]\nid = \"cam-1\"\nplace = \"hall\"\nattach = {attach}\n",
        settings.url,
        settings.key_file.display(),
        settings.certificate_sha256
    );
    std::fs::write(place.dir.join("site.toml"), format!("{site}{protect}")).expect("written");
}

/// The staff page, as soon as it holds this.
async fn shown(place: &Box, http: &Client, token: &str, what: &str) -> String {
    let page = async || {
        let asked = http.get(format!("{}/", place.url)).bearer_auth(token).send().await.ok()?;
        asked.text().await.ok().filter(|page| page.contains(what))
    };
    asked_until(PATIENCE, page, || {
        let log = std::fs::read_to_string(place.dir.join("log")).unwrap_or_default();
        format!("the staff page never showed {what}:\n{log}")
    })
    .await
}

#[tokio::test]
async fn from_the_words_of_a_customer_to_the_picture_on_the_staff_page() {
    let mut place = Box::new().without_model();
    let server = ProtectServer::start(&place.dir, Mood::Right).expect("a console");
    allow(&place, &server, true);
    place.add_user("dana", "manager");
    place.up().await;
    let http = Client::new();
    let token = place.sign_in(&http, &place.url, "dana", super::operator::PASSWORD).await.expect("signed in");
    place.console(&http, &token, "there is a fire in the lobby, smoke everywhere").await.expect("stored");
    let page = shown(&place, &http, &token, "/pictures/").await;
    let address = page.split('"').find(|part| part.contains("/pictures/")).expect("an address");
    let answer =
        http.get(format!("{}{address}", place.url)).bearer_auth(&token).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.bytes().await.expect("a body"), JPEG);
    assert_eq!(server.asked(), 1, "one escalation, one picture");
    let nobody = Client::new().get(format!("{}{address}", place.url)).send().await.expect("an answer");
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    let kept = std::fs::read_dir(place.dir.join("state/snapshots")).expect("a folder").count();
    assert_eq!(kept, 1);
}

#[tokio::test]
async fn a_camera_that_is_off_is_said_and_holds_nobody_up() {
    let mut place = Box::new().without_model();
    let server = ProtectServer::start(&place.dir, Mood::Offline).expect("a console");
    allow(&place, &server, true);
    place.add_user("dana", "manager");
    place.up().await;
    let http = Client::new();
    let token = place.sign_in(&http, &place.url, "dana", super::operator::PASSWORD).await.expect("signed in");
    place.console(&http, &token, "there is a fire in the lobby, smoke everywhere").await.expect("stored");
    let page = shown(&place, &http, &token, "camera offline").await;
    assert!(!page.contains("/pictures/"));
}

#[tokio::test]
async fn a_camera_that_the_site_does_not_allow_is_not_asked() {
    let mut place = Box::new().without_model();
    let server = ProtectServer::start(&place.dir, Mood::Right).expect("a console");
    allow(&place, &server, false);
    place.add_user("dana", "manager");
    place.up().await;
    let http = Client::new();
    let token = place.sign_in(&http, &place.url, "dana", super::operator::PASSWORD).await.expect("signed in");
    place.console(&http, &token, "there is a fire in the lobby, smoke everywhere").await.expect("stored");
    let page = shown(&place, &http, &token, "Fire, smoke or a burning smell").await;
    assert!(!page.contains("/pictures/"));
    assert_eq!(server.asked(), 0);
}
