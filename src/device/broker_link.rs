//! The connection to the broker as drivers share it: that of the bay agents, and that of plugs and the like.
//!
//! Owns the client library. One task polls it and also hands commands over, so that a command goes out only while the
//! connection stands: the library is thrown away with a connection that broke, and all that it still held, so an old
//! command is never sent later, whatever the broker says of the session. Never retains a message. Knows no topic and no
//! payload: what hangs on the connection is a [`Behind`].

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use async_trait::async_trait;
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, MqttOptions, Outgoing, Packet, Publish, QoS,
    SubscribeFilter, SubscribeReasonCode,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::{info, warn};

use super::NotSent;
use super::broker::{self, BrokerError};
use crate::clock::{Clock, UnixMs};
use crate::site::{Broker, secret};

/// Filters in one SUBSCRIBE: far below the client's largest packet (64 KiB).
const FILTERS_A_PACKET: usize = 90;
/// Messages on their way at once, of the 100 that the client library lets wait for the broker's receipt: what came
/// beyond would wait inside it, and might go out late.
const ON_THEIR_WAY: usize = 90;
/// Requests that the client library holds: 200 devices' subscriptions and all that may be on its way.
const REQUESTS: usize = 256;
/// Wait for the broker's answer to a connection, in seconds.
const CONNECT_S: u64 = 5;
/// What the broker had kept is dated this long before the start: an effect may have been sent before it, and none
/// stays open for so long.
const KEPT_AGE_MS: i64 = 3_600_000;

/// What the broker had kept is dated so: nobody knows how old it is, so it proves no command that can still be open.
pub(super) fn kept_at(clock: &Clock) -> UnixMs {
    UnixMs(clock.now().0.saturating_sub(KEPT_AGE_MS))
}

/// What hangs on the connection.
#[async_trait]
pub(super) trait Behind: Send {
    /// An effect on its way to the task that holds the connection.
    type Order: Send;

    /// Whether nobody listens to its events any more.
    fn is_over(&self) -> bool;

    /// The topics that are listened to.
    fn listens(&self) -> Vec<String>;

    /// Gives the order to the link, or answers it.
    async fn hand_over(&mut self, link: &mut BrokerLink, order: Self::Order);

    /// The connection stands and the topics are subscribed to; what the broker kept of them comes next.
    async fn on_connected(&mut self, link: &mut BrokerLink);

    async fn on_publish(&mut self, publish: &Publish);

    /// The connection broke, or there was none. Whether anybody is still there is only known once they are heard again.
    fn on_broken(&mut self, why: &str);

    /// When it has something to do, if the broker's absence is to be reported then.
    fn next_deadline(&self, broker_gone_at: Option<Instant>) -> Option<Instant>;

    async fn on_time(&mut self, link: &mut BrokerLink);
}

/// Where an order's answer goes.
pub(super) type Reply = oneshot::Sender<Result<(), NotSent>>;

/// One message to the broker. Never retained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub topic: String,
    pub payload: Vec<u8>,
}

/// The answer to an order, and how many of its messages are still without the broker's receipt.
struct Open {
    reply: Reply,
    left: usize,
}

pub(super) struct BrokerLink {
    mqtt: MqttOptions,
    /// Whom it carries, for the log.
    whom: &'static str,
    /// A broker that is gone for less is not reported gone.
    grace: Duration,
    /// Pause before connecting again.
    retry: Duration,
    /// Of the connection that stands or is tried now.
    client: Option<AsyncClient>,
    connected: bool,
    /// Effect ids of messages given to the client library, in order; `None`: a question, whose receipt nobody awaits.
    handed_over: VecDeque<Option<i64>>,
    /// Written, by packet id; the broker has not confirmed them yet.
    unreceipted: HashMap<u16, Option<i64>>,
    open: HashMap<i64, Open>,
    gone_at: Option<Instant>,
}

impl BrokerLink {
    /// `name`: of the client at the broker, made unique.
    ///
    /// # Errors
    /// The broker's password file cannot be used, or there are no random numbers.
    pub fn new(
        to: &Broker,
        name: &str,
        whom: &'static str,
        grace: Duration,
        retry: Duration,
    ) -> Result<BrokerLink, BrokerError> {
        let password = secret::read(&to.password_file)?;
        let mut mqtt = MqttOptions::new(broker::client_id(name)?, &to.host, to.port);
        mqtt.set_credentials(&to.username, password)
            .set_clean_session(true)
            .set_keep_alive(Duration::from_secs(15))
            .set_max_packet_size(1024 * 1024, 64 * 1024);
        Ok(BrokerLink {
            mqtt,
            whom,
            grace,
            retry,
            client: None,
            connected: false,
            handed_over: VecDeque::new(),
            unreceipted: HashMap::new(),
            open: HashMap::new(),
            gone_at: None,
        })
    }

    /// Runs until nobody gives orders or listens any more.
    pub async fn run<B: Behind>(mut self, mut behind: B, mut inbox: mpsc::Receiver<B::Order>) {
        let mut connection = self.connect();
        while !behind.is_over() {
            let polled = {
                let mut poll = std::pin::pin!(connection.poll());
                loop {
                    // The poll is kept across orders: cancelling it could restart a log-in half way.
                    let deadline = behind.next_deadline(self.gone_at);
                    tokio::select! {
                        polled = &mut poll => break polled,
                        order = inbox.recv() => match order {
                            Some(order) => behind.hand_over(&mut self, order).await,
                            None => return,
                        },
                        () = until(deadline) => behind.on_time(&mut self).await,
                    }
                }
            };
            match polled {
                Ok(event) => self.on_event(&mut behind, event).await,
                Err(error) => {
                    self.on_broken(&error);
                    behind.on_broken(&format!("broker: {error}"));
                    let again = Instant::now() + self.retry;
                    loop {
                        let deadline = behind.next_deadline(self.gone_at);
                        tokio::select! {
                            () = tokio::time::sleep_until(again) => break,
                            order = inbox.recv() => match order {
                                Some(order) => behind.hand_over(&mut self, order).await,
                                None => return,
                            },
                            () = until(deadline) => behind.on_time(&mut self).await,
                        }
                    }
                    connection = self.connect();
                }
            }
        }
    }

    pub fn is_connected(&self) -> bool {
        self.connected
    }

    /// Whether the broker is away for longer than the grace.
    pub fn is_gone(&self, now: Instant) -> bool {
        self.gone_at.is_some_and(|at| at <= now)
    }

    /// Sends an effect's messages; answers the order with the broker's receipt of the last one.
    pub fn send(&mut self, id: i64, messages: Vec<Message>, reply: Reply) {
        let mut handed = 0;
        for message in messages {
            if self.publish(message, Some(id)) {
                handed += 1;
            } else if handed == 0 {
                let full = NotSent::Offline("the link to the broker is full".to_owned());
                // A closed receiver is a caller that gave up waiting.
                return drop(reply.send(Err(full)));
            }
        }
        self.open.insert(id, Open { reply, left: handed });
    }

    /// False: there was no room, and it is not sent. `of`: the effect whose receipt is awaited.
    pub fn publish(&mut self, message: Message, of: Option<i64>) -> bool {
        let room = self.on_their_way() < ON_THEIR_WAY;
        let Some(client) = self.client.as_ref().filter(|_| room) else { return false };
        let sent = client.try_publish(message.topic, QoS::AtLeastOnce, false, message.payload);
        if sent.is_ok() {
            self.handed_over.push_back(of);
        }
        sent.is_ok()
    }

    /// Messages that the broker has not confirmed yet.
    pub fn on_their_way(&self) -> usize {
        self.handed_over.len() + self.unreceipted.len()
    }

    fn connect(&mut self) -> EventLoop {
        let (client, mut connection) = AsyncClient::new(self.mqtt.clone(), REQUESTS);
        connection.network_options.set_connection_timeout(CONNECT_S);
        self.client = Some(client);
        connection
    }

    async fn on_event<B: Behind>(&mut self, behind: &mut B, event: Event) {
        match event {
            Event::Incoming(Packet::ConnAck(_)) => {
                self.on_connected(&behind.listens());
                behind.on_connected(self).await;
            }
            Event::Incoming(Packet::Publish(publish)) => behind.on_publish(&publish).await,
            Event::Incoming(Packet::PubAck(ack)) => {
                if let Some(Some(id)) = self.unreceipted.remove(&ack.pkid) {
                    self.receipt(id);
                }
            }
            Event::Incoming(Packet::SubAck(ack))
                if ack.return_codes.contains(&SubscribeReasonCode::Failure) =>
            {
                warn!(
                    whom = self.whom,
                    "the broker refuses to let the box hear them; run `clubos broker init` again"
                );
            }
            Event::Outgoing(Outgoing::Publish(packet)) => {
                if let Some(of) = self.handed_over.pop_front() {
                    self.unreceipted.insert(packet, of);
                }
            }
            _ => {}
        }
    }

    fn receipt(&mut self, id: i64) {
        let Some(open) = self.open.get_mut(&id) else { return };
        open.left = open.left.saturating_sub(1);
        if open.left == 0
            && let Some(open) = self.open.remove(&id)
        {
            drop(open.reply.send(Ok(())));
        }
    }

    /// Subscribing anew makes the broker repeat what it kept.
    fn on_connected(&mut self, topics: &[String]) {
        info!(whom = self.whom, "connected to the broker");
        self.connected = true;
        self.gone_at = None;
        let Some(client) = &self.client else { return };
        for packet in topics.chunks(FILTERS_A_PACKET) {
            let filters = packet.iter().map(|topic| SubscribeFilter::new(topic.clone(), QoS::AtLeastOnce));
            if let Err(error) = client.try_subscribe_many(filters) {
                warn!(whom = self.whom, %error, "cannot subscribe to their topics");
            }
        }
    }

    fn on_broken(&mut self, error: &ConnectionError) {
        if self.connected || self.gone_at.is_none() {
            info!(whom = self.whom, %error, "no connection to the broker");
        }
        let gone_at = Instant::now() + self.grace;
        self.gone_at = Some(self.gone_at.filter(|_| !self.connected).unwrap_or(gone_at));
        self.connected = false;
        self.handed_over.clear();
        self.unreceipted.clear();
        // They may have arrived before the line broke: not refused, but left to observation.
        for (_, open) in self.open.drain() {
            drop(open.reply.send(Ok(())));
        }
    }
}

/// Gives an order to the task that holds the connection, and waits for its answer.
///
/// # Errors
/// [`NotSent`]: certainly nothing was sent.
pub(super) async fn order<T>(
    orders: &mpsc::Sender<T>,
    receipt: Duration,
    order: impl FnOnce(Reply) -> T,
) -> Result<(), NotSent> {
    let (reply, answer) = oneshot::channel();
    let busy = |_| NotSent::Offline("the link to the broker is busy or down".to_owned());
    orders.try_send(order(reply)).map_err(busy)?;
    match tokio::time::timeout(receipt, answer).await {
        Ok(Ok(result)) => result,
        // No receipt: it may or may not have arrived. What is seen next decides. An order that still waits is dropped,
        // as its asker is gone.
        Ok(Err(_)) | Err(_) => Ok(()),
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
