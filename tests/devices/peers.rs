//! Others' clients against our simulated consoles, and our driver against a mock made from the published document.
//! They need what `tests/peers/unifi.sh` downloads, and run only by it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use clubos::clock::Clock;
use clubos::device::access::{AccessDriver, AccessOptions};
use clubos::device::verify::Verdict;
use clubos::device::{Driver, Observation, pinned_tls};
use clubos::simclub::access_server::AccessServer;
use clubos::simclub::network_server::{NetworkServer, SWITCH};
use clubos::simclub::protect_server::{JPEG, Mood, ProtectServer};
use clubos::simclub::{SimClub, SimControl};
use clubos::site::{AccessController, Effect, Target};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::support::{Scratch, Seen, act};

const DOOR: &str = "door-main";
/// A peer that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(120);

fn python(script: &str) -> Command {
    let python = std::env::var_os("CLUBOS_PEER_PYTHON").expect("tests/peers/unifi.sh starts this");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(script);
    let mut command = Command::new(python);
    command.arg(script).kill_on_drop(true);
    command
}

/// Runs a peer; shows what it said and fails if it failed.
async fn ran(mut command: Command) {
    let ended = tokio::time::timeout(LONGEST, command.output()).await.expect("it hangs").expect("python");
    let said =
        [ended.stdout, ended.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    println!("{said}");
    assert!(ended.status.success(), "the peer failed");
}

fn written(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a secret")
}

fn controller(scratch: &Scratch, clock: &Clock) -> AccessServer {
    let mut club = SimClub::new().with_speed(10.0);
    club.add(Target::new(DOOR));
    let doors = BTreeMap::from([(Target::new(DOOR), "d-1".to_owned())]);
    AccessServer::start(scratch.path(), 0, &doors, SimControl::new(club), clock.clone())
        .expect("a controller")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs what tests/peers/unifi.sh downloads"]
async fn two_clients_of_access_find_unlock_and_follow_our_door() {
    let scratch = Scratch::new();
    let server = controller(&scratch, &Clock::system());
    let settings = server.settings();
    let mut command = python("unifi_access.py");
    command.args([&settings.url, &written(&settings.token_file), "d-1"]);
    ran(command).await;
    assert_eq!(server.unlocks(), [0, 5], "one each, the second with its own correlation");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs what tests/peers/unifi.sh downloads"]
async fn a_client_of_protect_reads_our_cameras_and_takes_a_picture() {
    let scratch = Scratch::new();
    let server = ProtectServer::start(scratch.path(), Mood::Right).expect("a console");
    let settings = server.settings();
    let picture = scratch.path().join("picture.jpg");
    std::fs::write(&picture, JPEG).expect("written");
    for mood in [Mood::Right, Mood::Offline] {
        server.set_mood(mood);
        let mut command = python("unifi_protect.py");
        command.args([&settings.url, &written(&settings.key_file)]).arg(&picture);
        command.args((mood == Mood::Offline).then_some("offline"));
        ran(command).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs what tests/peers/unifi.sh downloads"]
async fn a_client_of_the_older_network_api_reads_our_gear_and_cycles_a_port() {
    let scratch = Scratch::new();
    let server = NetworkServer::start(scratch.path(), Duration::from_millis(300)).expect("a console");
    let account = server.account();
    let mut command = python("unifi_network.py");
    command.args([&server.settings().url, &account.username, &written(&account.password_file)]);
    ran({
        command.args([SWITCH, "5"]);
        command
    })
    .await;
    assert_eq!(server.wrong(), Vec::<String>::new(), "it asked nothing that our console does not have");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs what tests/peers/unifi.sh downloads"]
async fn a_mock_of_the_published_access_document_takes_every_request_of_our_driver() {
    let prism = std::env::var_os("CLUBOS_PEER_PRISM").expect("tests/peers/unifi.sh starts this");
    let document: PathBuf =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/wire/unifi-access/doors.openapi.json");
    let mut command = python("prism_access.py");
    command.arg(prism).arg(document).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut peer = command.spawn().expect("python");
    let mut out = BufReader::new(peer.stdout.take().expect("piped"));
    let mut line = String::new();
    tokio::time::timeout(LONGEST, out.read_line(&mut line)).await.expect("it hangs").expect("a line");
    let ready: Value = serde_json::from_str(&line).expect("it is ready");
    let hex = ready["certificate"].as_str().expect("a certificate");
    let certificate: Vec<u8> =
        (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).expect("hex")).collect();

    let scratch = Scratch::new();
    let token_file = scratch.path().join("token");
    std::fs::write(&token_file, "a-token-of-tests").expect("written");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&token_file, private).expect("private");
    let settings = AccessController {
        url: format!("https://127.0.0.1:{}", ready["port"]),
        token_file,
        certificate_sha256: pinned_tls::fingerprint(&certificate),
        webhook_secret_file: None,
    };
    let (sender, mut seen) = Seen::new();
    let clock = Clock::system();
    let doors = BTreeMap::from([(Target::new(DOOR), "550e8400-e29b-41d4-a716-446655440000".to_owned())]);
    let options = AccessOptions { open_for: Duration::from_secs(3), ..AccessOptions::default() };
    let driver = AccessDriver::start(&settings, doors, sender, clock.clone(), options).expect("a driver");
    let mut watch =
        act(&driver as &dyn Driver, &clock, &seen, 7, Effect::DoorUnlock, DOOR).await.expect("sent");
    let taken = seen.verdict(&mut watch, |verdict, _| *verdict == Verdict::Acknowledged).await;
    assert!(matches!(taken, Verdict::Acknowledged | Verdict::Verified), "{taken:?}");
    assert!(seen.all.iter().any(|e| e.observation == Observation::Acknowledged { effect_id: 7 }));
    let mut asked: Vec<Value> = Vec::new();
    let of = |asked: &[Value], method: &str, end: &str| {
        let path = |row: &Value| {
            row["path"].as_str().unwrap_or_default().split('?').next().unwrap_or_default().ends_with(end)
        };
        asked.iter().filter(|row| row["method"] == method && path(row)).count()
    };
    // The looks that follow an unlock: nothing tells of them here but who is asked.
    let mut next = async || {
        let mut line = String::new();
        let read = tokio::time::timeout(LONGEST, out.read_line(&mut line));
        (read.await.expect("it asks no more").expect("text") > 0)
            .then(|| serde_json::from_str::<Value>(&line).expect("a request"))
    };
    while of(&asked, "GET", "-446655440000") < 2 || of(&asked, "POST", "/system/logs") < 1 {
        asked.push(next().await.expect("it runs on"));
    }
    drop(driver);
    drop(peer.stdin.take());
    while let Some(more) = next().await {
        asked.push(more);
    }
    println!("Prism took {} requests of our driver", asked.len());
    assert!(asked.iter().all(|row| row["status"] == 200), "{asked:#?}");
    assert_eq!(of(&asked, "PUT", "/unlock"), 1);
}
