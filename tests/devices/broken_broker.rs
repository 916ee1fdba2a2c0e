//! A broker that takes commands, confirms none, and drops the line: spoken to byte by byte (MQTT 3.1.1).

use std::time::Duration;

use clubos::clock::Clock;
use clubos::device::agent::{AgentDriver, AgentOptions};
use clubos::site::{BayId, Broker, Effect};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{PATIENCE, Scratch, Seen, act};

/// Reads one packet: its first byte and its body.
async fn packet(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let first = stream.read_u8().await.expect("a packet");
    let (mut length, mut shift) = (0_usize, 0);
    loop {
        let byte = stream.read_u8().await.expect("its length");
        length |= usize::from(byte & 0x7F) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.expect("its body");
    (first, body)
}

/// Accepts a client, answers its log-in and subscriptions, and says that bay 1 is online.
async fn welcome(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) =
        tokio::time::timeout(PATIENCE, listener.accept()).await.expect("in time").expect("a client");
    assert_eq!(packet(&mut stream).await.0, 0x10, "CONNECT");
    stream.write_all(&[0x20, 2, 0, 0]).await.expect("CONNACK");
    let (first, body) = packet(&mut stream).await;
    assert_eq!(first, 0x82, "SUBSCRIBE");
    let filters = ["status", "state", "result"].map(|leaf| format!("clubos/v1/bay/1/{leaf}"));
    assert!(filters.iter().all(|f| body.windows(f.len()).any(|w| w == f.as_bytes())), "{body:?}");
    stream.write_all(&[0x90, 5, body[0], body[1], 1, 1, 1]).await.expect("SUBACK");
    let topic = b"clubos/v1/bay/1/status";
    let status = br#"{"v":1,"online":true,"simulated":true}"#;
    let length = 2 + topic.len() + status.len();
    let mut message =
        vec![0x31, u8::try_from(length).expect("short"), 0, u8::try_from(topic.len()).expect("short")];
    message.extend_from_slice(topic);
    message.extend_from_slice(status);
    stream.write_all(&message).await.expect("PUBLISH");
    stream
}

/// The next command on this connection; pings in between are answered.
async fn command(stream: &mut TcpStream) -> serde_json::Value {
    loop {
        let (first, body) = tokio::time::timeout(PATIENCE, packet(stream)).await.expect("a packet in time");
        match first & 0xF0 {
            0xC0 => stream.write_all(&[0xD0, 0]).await.expect("PINGRESP"),
            0x30 => {
                assert_eq!(first & 1, 0, "a command was retained");
                let json = body.iter().position(|b| *b == b'{').expect("JSON");
                return serde_json::from_slice(&body[json..]).expect("a command");
            }
            other => panic!("unexpected packet {other:#x}"),
        }
    }
}

#[tokio::test]
async fn a_command_without_a_receipt_is_left_to_observation_and_never_repeated() {
    let scratch = Scratch::new();
    let password_file = scratch.path().join("password");
    std::fs::write(&password_file, "secret").expect("written");
    std::fs::set_permissions(&password_file, std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .expect("mode");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let host = "127.0.0.1".to_owned();
    let broker = Broker { host, port, username: "clubos".into(), password_file, plain_devices: None };
    let (sender, mut seen) = Seen::new();
    let clock = Clock::system();
    let options = AgentOptions {
        receipt: Duration::from_millis(200),
        retry: Duration::from_millis(50),
        ..AgentOptions::default()
    };
    let driver = AgentDriver::start(&broker, &[BayId(1)], sender, clock.clone(), options).expect("a driver");

    let mut first = welcome(&listener).await;
    seen.online("bay-1", true).await;
    act(&driver, &clock, &seen, 61, Effect::SimRestart, "bay-1").await.expect("may have been sent");
    assert_eq!(command(&mut first).await["id"], 61);
    drop(first);

    let mut second = welcome(&listener).await;
    seen.online("bay-1", true).await;
    act(&driver, &clock, &seen, 62, Effect::SimRestart, "bay-1").await.expect("may have been sent");
    assert_eq!(command(&mut second).await["id"], 62, "an old command was sent again");
}
