//! Web Push received and decrypted by a program that is not ours: npm `web-push-testing` (MIT), which checks
//! the VAPID signature and decrypts as a browser does. `scripts/setup.sh tests` installs it.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use clubos::notify::push::Push;
use clubos::notify::push_key::PushKey;
use clubos::store::push;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::house::{House, PATIENCE, keeps_the_customer_out};

const SCRIPT: &str = "tests/foreign/receiver.cjs";

/// The running receiver.
struct Receiver {
    base: String,
    _child: Child,
}

impl Receiver {
    async fn start() -> Receiver {
        let installed = Path::new("tests/foreign/node_modules/web-push-testing");
        assert!(installed.exists(), "the foreign receiver is missing: run scripts/setup.sh tests");
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("node");
        command.args([SCRIPT, &port.to_string()]).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("node: run scripts/setup.sh tests");
        let receiver = Receiver { base: format!("http://localhost:{port}"), _child: child };
        let up = async {
            while reqwest::Client::new().post(format!("{}/status", receiver.base)).send().await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await; // another program's start: no event to await
            }
        };
        tokio::time::timeout(PATIENCE, up).await.expect("the receiver starts");
        receiver
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let http = reqwest::Client::new();
        let answer = http.post(format!("{}{path}", self.base)).json(body).send().await.unwrap();
        let text = answer.text().await.unwrap();
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }
}

#[tokio::test]
async fn a_foreign_receiver_believes_our_key_and_reads_the_message() {
    let mut house = House::start("push-foreign");
    let receiver = Receiver::start().await;
    let key = Arc::new(PushKey::load_or_make(&house.dir).unwrap());
    let asked = json!({"userVisibleOnly": "true", "applicationServerKey": key.public()});
    let subscription = receiver.post("/subscribe", &asked).await["data"].clone();
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{subscription}")).to_owned();
    let (endpoint, p256dh) = (text(&subscription["endpoint"]), text(&subscription["keys"]["p256dh"]));
    let (auth, hash) = (text(&subscription["keys"]["auth"]), text(&subscription["clientHash"]));
    house.write(move |tx, now| push::put(tx, "dana", &endpoint, &p256dh, &auth, now)).await;
    // The receiver looks at the clock of the machine, so that the box does as well here.
    house.clock.advance_to(clubos::clock::Clock::system().now());
    let board = house.switchboard(vec![Arc::new(Push::new(key, "mailto:staff@club.example").unwrap())]);
    let id = house.escalation("high").await;
    board.call(&house.alert(id, "dana", "push").await).await.unwrap();
    let got = receiver.post("/get-notifications", &json!({"clientHash": hash})).await;
    let message = got["data"]["messages"][0].as_str().unwrap_or_else(|| panic!("{got}"));
    let message: Value = serde_json::from_str(message).unwrap();
    assert_eq!(message["tag"], format!("escalation-{id}"));
    keeps_the_customer_out(&message);
    // Expired: the browser is forgotten.
    receiver.post(&format!("/expire-subscription/{hash}"), &json!({})).await;
    house.pass(Duration::from_secs(300)).await;
    assert!(board.call(&house.alert(id, "dana", "push").await).await.is_err());
    house.until("it is forgotten", |c| push::of(c, "dana").unwrap().is_empty().then_some(())).await;
}
