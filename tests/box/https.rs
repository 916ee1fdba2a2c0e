//! The pages over HTTPS beside HTTP.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::{Certificate, Client, StatusCode};
use serde_json::json;

use crate::operator::PASSWORD;
use crate::program::Box;

/// A box with a certificate for `localhost`, and its second address.
fn with_certificate() -> (Box, String) {
    let mut house = Box::new().without_model();
    renew(&house);
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let file = |name: &str| house.dir.join(name).display().to_string();
    house.arguments = ["--tls-cert", &file("box.crt"), "--tls-key", &file("box.key"), "--listen-tls"]
        .map(str::to_owned)
        .into_iter()
        .chain([format!("127.0.0.1:{port}")])
        .collect();
    (house, format!("https://localhost:{port}"))
}

fn key(house: &Box) -> PathBuf {
    house.dir.join("box.key")
}

/// A new certificate and its key, in the place of those before.
fn renew(house: &Box) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    std::fs::write(key(house), made.signing_key.serialize_pem()).expect("written");
    std::fs::write(house.dir.join("box.crt"), made.cert.pem()).expect("written");
    mode(house, 0o600);
}

fn mode(house: &Box, mode: u32) {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
    std::fs::set_permissions(key(house), mode).expect("its mode");
}

/// A client that trusts exactly the certificate that lies there now.
fn trusting(house: &Box) -> Client {
    let pem = std::fs::read(house.dir.join("box.crt")).expect("a certificate");
    let pem = Certificate::from_pem(&pem).expect("PEM");
    Client::builder()
        .tls_certs_only([pem])
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client")
}

#[tokio::test]
async fn where_a_certificate_is_there_both_addresses_serve_and_cookies_of_https_are_for_https_only() {
    let (mut house, https) = with_certificate();
    house.add_user("dana", "manager");
    house.up().await;
    let http = trusting(&house);
    let page = http.get(format!("{https}/sign-in")).send().await.expect("the page over HTTPS");
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.headers().get("strict-transport-security").is_none(), "HTTP stays open beside it");
    let mut cookies = Vec::new();
    for url in [&https, &house.url] {
        let body = json!({"name": "dana", "password": PASSWORD});
        let answer = http.post(format!("{url}/api/v1/session")).json(&body).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{url}");
        cookies.push(answer.headers()["set-cookie"].to_str().expect("text").to_owned());
    }
    assert!(
        cookies[0].starts_with("__Host-clubos_session=") && cookies[0].contains("; Secure"),
        "{}",
        cookies[0]
    );
    assert!(cookies[1].starts_with("clubos_session=") && !cookies[1].contains("Secure"), "{}", cookies[1]);
    let cookie = cookies[0].split(';').next().expect("a cookie");
    let threads = http.get(format!("{https}/api/v1/threads")).header("cookie", cookie).send().await;
    assert_eq!(threads.expect("an answer").status(), StatusCode::OK);
}

#[tokio::test]
async fn wrong_passwords_over_both_addresses_are_counted_together() {
    let (mut house, https) = with_certificate();
    house.add_user("dana", "manager");
    house.up().await;
    let http = trusting(&house);
    for n in 0..5 {
        let url = if n % 2 == 0 { &https } else { &house.url };
        assert_eq!(house.sign_in(&http, url, "dana", "wrong password").await, Err(StatusCode::UNAUTHORIZED));
    }
    for url in [&https, &house.url] {
        assert_eq!(house.sign_in(&http, url, "dana", PASSWORD).await, Err(StatusCode::TOO_MANY_REQUESTS));
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_served_after_a_reload_and_half_a_one_is_not() {
    let (mut house, https) = with_certificate();
    house.up().await;
    let before = trusting(&house);
    let health = format!("{https}/healthz");
    assert!(before.get(&health).send().await.is_ok());
    let whole = std::fs::read(house.dir.join("box.crt")).expect("a certificate");
    std::fs::write(house.dir.join("box.crt"), &whole[..whole.len() / 2]).expect("written");
    house.signal("HUP");
    said_in_the_log(&house, "the certificate before stays").await;
    std::fs::write(house.dir.join("box.crt"), &whole).expect("written");
    assert!(trusting(&house).get(&health).send().await.is_ok(), "the one before is still served");
    renew(&house);
    assert!(trusting(&house).get(&health).send().await.is_err(), "not read yet");
    house.signal("HUP");
    said_in_the_log(&house, "the certificate was read again").await;
    assert!(trusting(&house).get(&health).send().await.is_ok());
}

async fn said_in_the_log(house: &Box, what: &str) {
    let started = Instant::now();
    let log = || std::fs::read_to_string(house.dir.join("log")).expect("a log");
    while !log().contains(what) {
        assert!(started.elapsed() < Duration::from_secs(60), "never said: {what}\n{}", log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_key_that_others_can_read_ends_a_strict_start_and_else_https_only() {
    let (mut house, https) = with_certificate();
    mode(&house, 0o644);
    let (code, said) = house.refuses(&["--strict"]);
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("chmod 600"), "{said}");
    house.up().await;
    assert!(trusting(&house).get(format!("{https}/healthz")).send().await.is_err());
}
