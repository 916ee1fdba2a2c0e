//! The link over MQTT: last will, retained status and state, commands in, results out.
//!
//! Clean session and a random client id, always. A retained command is ignored. After every connect
//! everything is announced anew.

use std::time::Duration;

use rumqttc::{AsyncClient, Event, LastWill, MqttOptions, Packet, QoS, TlsConfiguration, Transport};
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

use super::config::{Config, Mqtt, secret};
use super::wire::{self, CommandResult, State, Status, VERSION};
use super::{Answer, Order, Seen, tls};
use crate::clock::Clock;

const KEEP_ALIVE: Duration = Duration::from_secs(10);
const HEARTBEAT: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_secs(1);
const CONNECT_S: u64 = 5;

/// How the broker is reached, with what goes into the last will.
///
/// # Errors
/// Password or certificate cannot be used.
pub fn options(link: &Mqtt, bay: u8, will: Vec<u8>) -> Result<MqttOptions, String> {
    let user = link.username.clone().unwrap_or_else(|| format!("bay-{bay}"));
    let mut random = [0_u8; 8];
    getrandom::fill(&mut random).map_err(|error| format!("no random numbers: {error}"))?;
    let id: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut options = MqttOptions::new(format!("{user}-{id}"), &link.host, link.port);
    options
        .set_credentials(user, secret(&link.password_file)?)
        .set_clean_session(true)
        .set_keep_alive(KEEP_ALIVE)
        .set_max_packet_size(64 * 1024, 64 * 1024)
        .set_last_will(LastWill::new(topic(bay, "status"), will, QoS::AtLeastOnce, true));
    if let Some(certificate) = &link.certificate {
        let config = tls::trusting(certificate)?;
        options.set_transport(Transport::Tls(TlsConfiguration::Rustls(config.into())));
    }
    Ok(options)
}

fn topic(bay: u8, leaf: &str) -> String {
    format!("clubos/v1/bay/{bay}/{leaf}")
}

struct Link<'a> {
    config: &'a Config,
    boot_id: Option<String>,
    clock: Clock,
    client: AsyncClient,
}

/// Runs for ever.
///
/// # Errors
/// As [`options`].
pub async fn run(
    link: &Mqtt,
    config: &Config,
    boot_id: Option<String>,
    clock: Clock,
    mut seen: watch::Receiver<Seen>,
    orders: mpsc::Sender<Order>,
) -> Result<(), String> {
    let will = status(config, boot_id.as_deref(), None);
    let (client, mut connection) = AsyncClient::new(options(link, config.bay, will)?, 64);
    connection.network_options.set_connection_timeout(CONNECT_S);
    let link = Link { config, boot_id, clock, client };
    let (answers, mut answered) = mpsc::unbounded_channel();
    let mut waiting: Vec<(i64, Answer)> = Vec::new();
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    let mut connected = false;
    loop {
        let polled = {
            let mut poll = std::pin::pin!(connection.poll());
            loop {
                // The poll is kept: cancelling it could restart a log-in half way.
                tokio::select! {
                    polled = &mut poll => break polled,
                    Ok(()) = seen.changed() => if connected { link.state(*seen.borrow_and_update()) },
                    _ = heartbeat.tick() => if connected { link.state(*seen.borrow()) },
                    Some((id, answer)) = answered.recv() => match connected {
                        true => link.result(id, &answer),
                        false => waiting.push((id, answer)),
                    },
                }
            }
        };
        match polled {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                info!("connected to the broker");
                connected = true;
                link.announce(*seen.borrow_and_update());
                waiting.drain(..).for_each(|(id, answer)| link.result(id, &answer));
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => match wire::command(&publish.payload) {
                Some(command) if !publish.retain => {
                    let order = Order { command, answers: answers.clone() };
                    if orders.try_send(order).is_err() {
                        warn!("too many commands at once; one is dropped");
                    }
                }
                _ => warn!("a command that is retained or cannot be read is ignored"),
            },
            Ok(_) => {}
            Err(error) => {
                if connected {
                    warn!(%error, "the connection to the broker is lost");
                } else {
                    info!(%error, "no connection to the broker");
                }
                connected = false;
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// The status; without a date it is the last will.
fn status(config: &Config, boot_id: Option<&str>, at: Option<i64>) -> Vec<u8> {
    let capabilities = config.capabilities();
    wire::json(&Status {
        v: VERSION,
        online: at.is_some(),
        agent: &wire::agent(),
        boot_id,
        capabilities: &capabilities,
        at,
        wake: config.pc.wake.as_ref(),
    })
}

impl Link<'_> {
    fn announce(&self, seen: Seen) {
        if let Err(error) = self.client.try_subscribe(topic(self.config.bay, "cmd"), QoS::AtLeastOnce) {
            warn!(%error, "cannot subscribe");
        }
        let now = self.clock.now().0;
        self.publish("status", true, status(self.config, self.boot_id.as_deref(), Some(now)));
        self.state(seen);
    }

    fn state(&self, seen: Seen) {
        let state = State {
            v: VERSION,
            at: self.clock.now().0,
            software: seen.software,
            radar: seen.radar,
            boot_id: self.boot_id.as_deref(),
        };
        self.publish("state", true, wire::json(&state));
    }

    fn result(&self, id: i64, answer: &Answer) {
        let (status, reason) = match answer {
            Answer::Accepted => ("accepted", None),
            Answer::Done => ("done", None),
            Answer::Rejected(why) => ("rejected", Some(why.as_str())),
            Answer::Failed(why) => ("failed", Some(why.as_str())),
        };
        self.publish("result", false, wire::json(&CommandResult { v: VERSION, id, status, reason }));
    }

    fn publish(&self, leaf: &str, retain: bool, payload: Vec<u8>) {
        if let Err(error) =
            self.client.try_publish(topic(self.config.bay, leaf), QoS::AtLeastOnce, retain, payload)
        {
            warn!(leaf, %error, "cannot publish");
        }
    }
}
