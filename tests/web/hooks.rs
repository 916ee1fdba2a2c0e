//! Webhooks of the door controller: off until wanted, and believed only when signed, fresh and new.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use clubos::device::access::{AccessDriver, AccessOptions};
use clubos::site::AccessController;
use hmac::{Hmac, Mac};
use reqwest::StatusCode;
use sha2::Sha256;

use crate::club::{Club, START};

const SECRET: &str = "SIMULATED-webhook-secret";
const BODY: &str =
    r#"{"event":"access.device.dps_status","data":{"location":{"id":"d-1"},"object":{"status":"open"}}}"#;

fn signed(secret: &str, seconds: i64, body: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    let code = mac.chain_update(format!("{seconds}.{body}")).finalize().into_bytes();
    let hex: String = code.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={seconds},v1={hex}")
}

async fn posted(club: &Club, signature: Option<&str>, body: &str) -> StatusCode {
    let request = club.http.post(format!("{}/hooks/access", club.base)).body(body.to_owned());
    let request = match signature {
        Some(signature) => request.header("Signature", signature),
        None => request,
    };
    request.send().await.unwrap().status()
}

#[tokio::test]
async fn without_a_secret_there_is_no_such_address() {
    let club = Club::start("hooks-off").await;
    let signature = signed(SECRET, START.0 / 1000, BODY);
    assert_eq!(posted(&club, Some(&signature), BODY).await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_webhook_is_taken_when_signed_fresh_and_new() {
    let dir = std::env::temp_dir().join(format!("clubos-web-hooks-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = |name: &str| {
        std::fs::write(dir.join(name), SECRET).unwrap();
        std::fs::set_permissions(dir.join(name), std::fs::Permissions::from_mode(0o600)).unwrap();
        dir.join(name)
    };
    let controller = AccessController {
        url: "https://127.0.0.1:1".to_owned(),
        token_file: file("token"),
        certificate_sha256: "0".repeat(64),
        webhook_secret_file: Some(file("secret")),
    };
    let (events, _seen) = tokio::sync::mpsc::channel(8);
    let clock = clubos::clock::Clock::virtual_at(START);
    let driver =
        AccessDriver::start(&controller, BTreeMap::new(), events, clock, AccessOptions::default()).unwrap();
    let hooks = driver.hooks().unwrap();
    let club = Club::start_as("hooks-on", move |app| app.with_access_hooks(hooks)).await;

    let now = START.0 / 1000;
    let good = signed(SECRET, now, BODY);
    assert_eq!(posted(&club, None, BODY).await, StatusCode::UNAUTHORIZED);
    assert_eq!(posted(&club, Some(&signed("another", now, BODY)), BODY).await, StatusCode::UNAUTHORIZED);
    assert_eq!(posted(&club, Some(&good), "{}").await, StatusCode::UNAUTHORIZED, "of another body");
    assert_eq!(posted(&club, Some(&signed(SECRET, now - 301, BODY)), BODY).await, StatusCode::UNAUTHORIZED);
    assert_eq!(posted(&club, Some(&signed(SECRET, now, "{")), "{").await, StatusCode::BAD_REQUEST);
    assert_eq!(posted(&club, Some(&good), BODY).await, StatusCode::NO_CONTENT);
    assert_eq!(posted(&club, Some(&good), BODY).await, StatusCode::CONFLICT);
    let long = "x".repeat(300 * 1024);
    assert_eq!(posted(&club, Some(&good), &long).await, StatusCode::PAYLOAD_TOO_LARGE);
    let _ = std::fs::remove_dir_all(&dir);
}
