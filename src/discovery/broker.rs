//! Announcements on the site's own broker. Listens only; writes nothing there.
//!
//! Announcements are kept by the broker, so all of them come after each connection. One that is larger than can be
//! taken breaks the connection: then the rest is looked at in a minute again, not in a loop.

use std::time::Duration;

use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use super::{News, home_assistant, tasmota};
use crate::device::broker::{self, BrokerError};
use crate::site::{Broker, secret};

/// Largest message; the club's own broker lets through 64 KiB.
const LARGEST: usize = 1024 * 1024;
/// Before connecting again.
const AGAIN: Duration = Duration::from_secs(5);
const AGAIN_AFTER_GARBAGE: Duration = Duration::from_secs(60);

pub(super) fn listen(at: &Broker, tell: mpsc::Sender<News>) -> Result<JoinHandle<()>, BrokerError> {
    let password = secret::read(&at.password_file)?;
    let mut mqtt = MqttOptions::new(broker::client_id("clubos-discovery")?, &at.host, at.port);
    mqtt.set_credentials(&at.username, password)
        .set_clean_session(true)
        .set_keep_alive(Duration::from_secs(30))
        .set_max_packet_size(LARGEST, 64 * 1024);
    let (client, mut connection) = AsyncClient::new(mqtt, 16);
    connection.network_options.set_connection_timeout(5);
    Ok(tokio::spawn(async move {
        let mut silent = false;
        while !tell.is_closed() {
            match connection.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    silent = false;
                    let topics = home_assistant::TOPICS.into_iter().chain([tasmota::TOPICS]);
                    for topic in topics {
                        if let Err(error) = client.try_subscribe(topic, QoS::AtMostOnce) {
                            warn!(%error, "announcements on the broker are not heard");
                        }
                    }
                }
                Ok(Event::Incoming(Packet::Publish(publish))) => {
                    for news in read(&publish.topic, &publish.payload) {
                        drop(tell.try_send(news)); // a flood is dropped
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    let garbage = matches!(error, rumqttc::ConnectionError::MqttState(_));
                    if !silent {
                        silent = true;
                        info!(%error, "no announcements from the broker for now");
                    }
                    tokio::time::sleep(if garbage { AGAIN_AFTER_GARBAGE } else { AGAIN }).await;
                }
            }
        }
    }))
}

fn read(topic: &str, payload: &[u8]) -> Vec<News> {
    if topic.starts_with("tasmota/") {
        return tasmota::read(topic, payload);
    }
    home_assistant::read(topic, payload)
}
