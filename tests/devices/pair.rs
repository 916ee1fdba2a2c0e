//! `clubos pair` with the real program against simulated consoles and devices: what goes wrong is said, and nothing is
//! stored before the test went well.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use clubos::clock::{Clock, UnixMs};
use clubos::device::pinned_tls;
use clubos::simclub::access_server::{self, AccessServer};
use clubos::simclub::network_server::{self, NetworkServer};
use clubos::simclub::{SimClub, SimControl};
use clubos::site::{LoadMode, Target, load};

use crate::support::Scratch;

/// The example file with no consoles yet, and room for what pairing writes.
struct Bench {
    scratch: Scratch,
    site: PathBuf,
}

impl Bench {
    fn new() -> Bench {
        let scratch = Scratch::new();
        let site = scratch.path().join("site.toml");
        std::fs::write(&site, include_str!("../bad_input/site.toml")).unwrap();
        Bench { scratch, site }
    }

    fn secrets(&self) -> PathBuf {
        self.scratch.path().join("secrets")
    }

    /// Runs it with this on its standard input; exit code, and all it said.
    async fn pair(&self, arguments: &[&str], input: &str) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clubos"));
        command.arg("pair").args(arguments).arg("--site").arg(&self.site);
        command.arg("--secrets").arg(self.secrets());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let input = format!("{input}\n");
        tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap();
            // It may have ended without asking for anything.
            let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
            let out = child.wait_with_output().unwrap();
            let said =
                String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
            (out.status.code(), said)
        })
        .await
        .unwrap()
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.site).unwrap()
    }

    fn stored(&self) -> Vec<String> {
        let found = std::fs::read_dir(self.secrets()).into_iter().flatten().flatten();
        found.map(|file| file.file_name().to_string_lossy().into_owned()).collect()
    }
}

fn key(of: &std::path::Path) -> String {
    std::fs::read_to_string(of).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_network_console_is_tested_pinned_and_written_down() {
    let bench = Bench::new();
    let console = NetworkServer::start(bench.scratch.path(), Duration::from_millis(10)).unwrap();
    let of = console.settings();
    let before = bench.text();
    let print = of.certificate_sha256.as_str();
    let (code, said) = bench.pair(&["unifi-network", &of.url], &key(&of.key_file)).await;
    assert_eq!(code, Some(2), "nobody confirms the certificate: {said}");
    assert!(said.contains(print), "{said}");
    let wrong = ["unifi-network", &of.url, "--fingerprint", &"ab".repeat(32), "--write"];
    let (code, said) = bench.pair(&wrong, &key(&of.key_file)).await;
    assert!(code == Some(4) && said.contains("the certificate is not the one you named"), "{said}");
    let right = ["unifi-network", &of.url, "--fingerprint", print, "--write"];
    let (code, said) = bench.pair(&right, "a-wrong-key").await;
    assert!(code == Some(3) && said.contains("it refuses the key (HTTP 401)"), "{said}");
    console.set_fault(Some(network_server::Fault::Html));
    let (code, said) = bench.pair(&right, &key(&of.key_file)).await;
    assert!(code == Some(1) && said.contains("answers with a web page"), "{said}");
    console.set_fault(Some(network_server::Fault::Redirect));
    let (code, said) = bench.pair(&right, &key(&of.key_file)).await;
    assert!(code == Some(1) && said.contains("sends us elsewhere"), "{said}");
    console.set_fault(None);
    assert_eq!((bench.text(), bench.stored()), (before.clone(), Vec::new()), "nothing was stored so far");

    let (code, said) = bench.pair(&right, &key(&of.key_file)).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("02:00:00:00:00:02") && said.contains("uplinks"), "{said}");
    assert!(!said.contains(&key(&of.key_file)), "the key is not repeated");
    let file = bench.secrets().join("network-key");
    assert_eq!(key(&file), key(&of.key_file));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let site = load::read("site.toml", &bench.text(), bench.scratch.path(), LoadMode::Real).unwrap();
    let written = site.network.unwrap();
    assert_eq!(
        (written.url, written.key_file, written.certificate_sha256.as_str()),
        (of.url.clone(), file, print)
    );
    let copies = std::fs::read_dir(bench.scratch.path()).unwrap().flatten();
    let copy = copies.map(|f| f.path()).find(|p| p.to_string_lossy().contains("site.toml.before-")).unwrap();
    assert_eq!(std::fs::read_to_string(copy).unwrap(), before, "the file before is kept");
    assert_eq!(console.wrong(), Vec::<String>::new(), "every request was one of the published API");
}

#[tokio::test]
async fn an_access_console_shows_its_doors_and_opens_none() {
    let bench = Bench::new();
    let clock = Clock::virtual_at(UnixMs(0));
    let control = SimControl::new(SimClub::new());
    let doors = BTreeMap::from([(Target::new("door-main"), "door-1".to_owned())]);
    let console = AccessServer::start(bench.scratch.path(), 0, &doors, control, clock).unwrap();
    let of = console.settings();
    let right = ["unifi-access", &of.url, "--fingerprint", &of.certificate_sha256];
    let (code, said) = bench.pair(&right, &key(&of.token_file)).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("door door-1") && said.contains("[access]") && said.contains("--write"), "{said}");
    assert!(console.unlocks().is_empty());
    let (code, said) = bench.pair(&right, "wrong").await;
    assert_eq!(code, Some(3), "{said}");
    console.set_fault(Some(access_server::Fault::Truncated));
    let (code, said) = bench.pair(&right, &key(&of.token_file)).await;
    assert!(code == Some(1) && said.contains("it is no JSON"), "{said}");
}

#[tokio::test]
async fn what_is_no_console_is_said_to_be_none() {
    let bench = Bench::new();
    for (url, code, says) in [
        ("http://127.0.0.1", 2, "is no address of a console"),
        ("https://127.0.0.1:1/x", 2, "is no address of a console"),
        ("https://127.0.0.1:1", 1, "nothing answers there"),
    ] {
        let (ended, said) = bench.pair(&["protect", url], "key").await;
        assert!(ended == Some(code) && said.contains(says), "{url}: {said}");
    }
    // Something that speaks, but no TLS.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
        }
    });
    let (code, said) = bench.pair(&["protect", &url], "key").await;
    assert!(code == Some(1) && said.contains("speaks no TLS"), "{said}");
}

#[tokio::test]
async fn an_expired_certificate_is_said_and_the_fingerprint_still_counts() {
    let bench = Bench::new();
    let mut asked = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    asked.not_before = rcgen::date_time_ymd(2019, 1, 1);
    asked.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let own = rcgen::KeyPair::generate().unwrap();
    let made = asked.self_signed(&own).unwrap();
    let pem = rustls::pki_types::PrivatePkcs8KeyDer::from(own.serialize_der());
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.der().clone()], pem.into())
        .unwrap();
    let tls = axum_server::tls_rustls::RustlsConfig::from_config(std::sync::Arc::new(tls));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let cameras = r#"[{"id":"cam-1","name":"Bay 2 SIMULATED","state":"CONNECTED"}]"#;
    let app = axum::Router::new().route(
        "/proxy/protect/integration/v1/cameras",
        axum::routing::get(async move || ([("content-type", "application/json")], cameras)),
    );
    tokio::spawn(axum_server::from_tcp_rustls(listener, tls).unwrap().serve(app.into_make_service()));
    let print = pinned_tls::fingerprint(made.der());
    let (code, said) = bench.pair(&["protect", &url, "--fingerprint", &print, "--write"], "a-key").await;
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("it is not good today") && said.contains("camera cam-1  Bay 2 SIMULATED"),
        "{said}"
    );
    assert!(
        load::read("site.toml", &bench.text(), bench.scratch.path(), LoadMode::Real)
            .unwrap()
            .protect
            .is_some()
    );
}

/// A projector that answers its questions; on `wanted` what it was told.
fn projector() -> (u16, std::sync::Arc<std::sync::Mutex<Vec<String>>>) {
    use std::io::Read as _;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = heard.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let told = told.clone();
            std::thread::spawn(move || {
                let mut buffer = [0; 256];
                while let Ok(n @ 1..) = stream.read(&mut buffer) {
                    let text = String::from_utf8_lossy(&buffer[..n]).into_owned();
                    told.lock().unwrap().push(text.trim().to_owned());
                    let answer = if text.contains("pow") { "*POW=ON#" } else { "*SOUR=HDMI#" };
                    let _ = stream.write_all(format!("\r>{}\r\n{answer}\r\n", text.trim()).as_bytes());
                }
            });
        }
    });
    (port, heard)
}

#[tokio::test]
async fn a_projector_is_looked_at_by_its_own_driver_and_told_nothing() {
    let bench = Bench::new();
    let (port, heard) = projector();
    let port = format!("port={port}");
    let all = ["benq", "bay-1", "--set", "host=127.0.0.1", "--set", &port, "--set", "input=hdmi", "--write"];
    let (code, said) = bench.pair(&all, "").await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("It answers: power on=true part=projector") || said.contains("on=true"), "{said}");
    let heard = heard.lock().unwrap().clone();
    assert!(!heard.is_empty() && heard.iter().all(|line| line.contains("=?#")), "questions only: {heard:?}");
    let site = load::read("site.toml", &bench.text(), bench.scratch.path(), LoadMode::Real).unwrap();
    assert!(site.driver(clubos::site::Effect::ProjectorCycle, &Target::new("bay-1")).is_some());
    let (code, said) = bench.pair(&all, "").await;
    assert!(code == Some(2) && said.contains("not done there already"), "{said}");
}

#[tokio::test]
async fn a_device_that_is_not_there_or_written_wrong_is_not_configured() {
    let bench = Bench::new();
    let before = bench.text();
    let set = |host: &'static str| {
        ["benq", "bay-1", "--set", host, "--set", "port=1", "--set", "input=hdmi", "--write"].to_vec()
    };
    let (code, said) = bench.pair(&set("host=127.0.0.1"), "").await;
    assert!(code == Some(1) && said.contains("cannot be reached"), "{said}");
    let (code, said) = bench.pair(&["benq", "bay-1", "--set", "host=127.0.0.1", "--write"], "").await;
    assert!(code == Some(78) && said.contains("input"), "{said}");
    let (code, said) = bench.pair(&["benq", "bay-77", "--set", "host=127.0.0.1"], "").await;
    assert_eq!(code, Some(78), "{said}");
    let (code, said) = bench.pair(&["benq", "bay-1", "--set", "password=x"], "").await;
    assert!(code == Some(2) && said.contains("a password is asked for"), "{said}");
    assert_eq!(bench.text(), before);
}
