//! Errors leave for Sentry scrubbed, and only where a project is named: a sink on loopback looks at them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says that it failed by panicking")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use clubos::telemetry;

/// Takes requests, answers 200, and hands each on.
fn sink() -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (send, requests) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = send.send(one(stream)); // the test has ended
        }
    });
    (port, requests)
}

fn one(mut stream: TcpStream) -> String {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&seen).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|l| {
                l.to_ascii_lowercase().strip_prefix("content-length:").map(|n| n.trim().to_owned())
            });
            if length.and_then(|n| n.parse::<usize>().ok()).is_some_and(|n| body.len() >= n) {
                break;
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(n) => seen.extend_from_slice(&buffer[..n]),
        }
    }
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
    String::from_utf8_lossy(&seen).into_owned()
}

#[test]
fn an_error_leaves_scrubbed_and_a_warning_does_not() {
    let _ = rustls::crypto::ring::default_provider().install_default(); // once a process is enough
    let (port, requests) = sink();
    telemetry::init(false);
    tracing::error!("before anybody asked for it: +19025550100");
    let sending = telemetry::errors::start(&format!("http://0123456789abcdef@127.0.0.1:{port}/42")).unwrap();
    tracing::warn!("only a warning about +19025550101");
    tracing::error!(
        error = "cannot write /var/lib/clubos/clubos.db for +1 902 555 0102",
        phone = "+19025550103",
        body = "please open the door",
        "a text to +19025550104 was lost"
    );
    let request = requests.recv_timeout(Duration::from_secs(20)).unwrap();
    let (head, envelope) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /api/42/envelope/ "), "{head}");
    assert!(
        head.to_ascii_lowercase().contains("x-sentry-auth: sentry sentry_key=0123456789abcdef"),
        "{head}"
    );
    assert!(envelope.contains("a text to [number] was lost"), "{envelope}");
    assert!(envelope.contains("cannot write [path] for [number]"), "{envelope}");
    assert!(envelope.contains("clubos@"), "{envelope}");
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    for secret in ["902", "open the door", "before anybody", "only a warning", "server_name", "/var/lib"] {
        assert!(!envelope.contains(secret), "{secret} in {envelope}");
    }
    assert!(host.trim().is_empty() || !envelope.contains(host.trim()), "the machine's name in {envelope}");
    let panicked = std::thread::spawn(|| panic!("lost +19025550105 in a panic")).join();
    assert!(panicked.is_err());
    let request = requests.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(request.contains("lost [number] in a panic") && !request.contains("5550105"), "{request}");
    drop(sending);
}

#[test]
fn what_is_no_project_is_refused() {
    for dsn in ["", "not a dsn", "https://sentry.example/42"] {
        assert!(telemetry::errors::start(dsn).is_err(), "{dsn}");
    }
}
