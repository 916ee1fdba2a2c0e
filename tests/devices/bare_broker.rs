//! A broker spoken to byte by byte (MQTT 3.1.1), to be as bad as none on the market: it pretends to remember a session
//! that nobody asked it to keep, confirms no command, and drops the line.

use clubos::site::Broker;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{PATIENCE, Scratch};
use crate::things::secret;

pub const SUBSCRIBE: u8 = 0x80;
pub const PUBLISH: u8 = 0x30;
pub const PING: u8 = 0xC0;

pub struct BareBroker {
    listener: TcpListener,
    scratch: Scratch,
}

impl BareBroker {
    pub async fn start() -> BareBroker {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        BareBroker { listener, scratch: Scratch::new() }
    }

    /// How the box comes in.
    pub fn settings(&self) -> Broker {
        Broker {
            host: "127.0.0.1".to_owned(),
            port: self.listener.local_addr().expect("bound").port(),
            username: "clubos".into(),
            password_file: secret(&self.scratch, "password", "secret"),
            plain_devices: None,
        }
    }

    /// The next client, logged in.
    pub async fn welcome(&self) -> TcpStream {
        let accepted = tokio::time::timeout(PATIENCE, self.listener.accept()).await;
        let (mut stream, _) = accepted.expect("in time").expect("a client");
        assert_eq!(packet(&mut stream).await.0, 0x10, "CONNECT");
        // With a session that is remembered, which is a lie.
        stream.write_all(&[0x20, 2, 1, 0]).await.expect("CONNACK");
        stream
    }
}

/// The next packet that is no question for a sign of life: its first byte and its body.
pub async fn packet(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    loop {
        let read = async {
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
        };
        let (first, body) = tokio::time::timeout(PATIENCE, read).await.expect("a packet in time");
        if first & 0xF0 != PING {
            return (first, body);
        }
        stream.write_all(&[0xD0, 0]).await.expect("PINGRESP");
    }
}

/// Takes every filter of a SUBSCRIBE; how many there were.
pub async fn take_filters(stream: &mut TcpStream, body: &[u8]) -> usize {
    let (mut at, mut count) = (2, 0);
    while at < body.len() {
        at += 3 + usize::from(u16::from_be_bytes([body[at], body[at + 1]]));
        count += 1;
    }
    let mut answer = vec![0x90, u8::try_from(count + 2).expect("short"), body[0], body[1]];
    answer.extend(std::iter::repeat_n(1, count));
    stream.write_all(&answer).await.expect("SUBACK");
    count
}

/// The topic of a PUBLISH, the id of its packet, its payload.
pub fn published(body: &[u8]) -> (String, [u8; 2], Vec<u8>) {
    let length = usize::from(u16::from_be_bytes([body[0], body[1]]));
    let topic = String::from_utf8(body[2..2 + length].to_vec()).expect("text");
    (topic, [body[2 + length], body[3 + length]], body[4 + length..].to_vec())
}

/// The next command on this connection, which goes without a receipt; subscriptions before it are taken.
pub async fn command(stream: &mut TcpStream) -> (String, Vec<u8>) {
    loop {
        let (first, body) = packet(stream).await;
        match first & 0xF0 {
            SUBSCRIBE => drop(take_filters(stream, &body).await),
            PUBLISH => {
                assert_eq!(first & 1, 0, "a command was retained");
                let (topic, _, payload) = published(&body);
                return (topic, payload);
            }
            other => panic!("unexpected packet {other:#x}"),
        }
    }
}

/// Tells a message that was kept.
pub async fn tell_kept(stream: &mut TcpStream, topic: &str, payload: &str) {
    let length = u8::try_from(2 + topic.len() + payload.len()).expect("short");
    let topic_length = u16::try_from(topic.len()).expect("short").to_be_bytes();
    let mut message = vec![0x31, length];
    message.extend(topic_length);
    message.extend(topic.bytes().chain(payload.bytes()));
    stream.write_all(&message).await.expect("PUBLISH");
}
