//! The connection to the broker: two tasks. One holds the connection and passes on what is heard; the other
//! tells what there is, tells each state that differs from what was told, and hands wishes to the desk.
//!
//! Told again whole: after each connection, and when Home Assistant says that it has started. A configuration
//! of this site that the broker still keeps and that is no more is taken away. A wish that the broker kept is
//! from another time and is not heard.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rumqttc::{AsyncClient, ClientError, Event, EventLoop, LastWill, MqttOptions, Packet, Publish, QoS};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::{info, warn};

use super::states::{self, Around};
use super::wish::{self, Pace};
use super::{BASE, DISCOVERY, NAME, Parts, entities};
use crate::device::broker::{self, BrokerError};
use crate::site::{Broker, secret};
use crate::store::{Reader, effect};

/// Changes that come together are told together.
const TOGETHER: Duration = Duration::from_millis(300);
/// What changes by the clock alone (a booking begins) is looked at this often.
const LOOK: Duration = Duration::from_secs(30);
/// Before connecting again.
const AGAIN: Duration = Duration::from_secs(1);
/// Wishes heard and not yet looked at; more are dropped.
const WAITING: usize = 128;

pub fn start(parts: Parts, commands: bool, broker: &Broker) -> Result<Vec<JoinHandle<()>>, BrokerError> {
    let password = secret::read(&broker.password_file)?;
    let availability = format!("{BASE}/availability");
    let mut mqtt = MqttOptions::new(broker::client_id("clubos-ha")?, &broker.host, broker.port);
    mqtt.set_credentials(&broker.username, password)
        .set_clean_session(true)
        .set_keep_alive(Duration::from_secs(15))
        .set_max_packet_size(1024 * 1024, 64 * 1024)
        .set_last_will(LastWill::new(&availability, "offline", QoS::AtLeastOnce, true));
    let (client, mut connection) = AsyncClient::new(mqtt, 256);
    connection.network_options.set_connection_timeout(5);
    let configs = entities::all(&parts.site, commands);
    let mut own: BTreeSet<String> = configs.keys().cloned().collect();
    own.extend(states::targets(&parts.site).iter().map(|target| format!("{BASE}/state/{target}")));
    own.insert(format!("{BASE}/state/club"));
    let (up, connected) = watch::channel(None);
    let (tell, heard) = mpsc::channel(WAITING);
    let teller = Teller {
        parts: Arc::new(parts),
        client,
        commands,
        availability,
        configs,
        told: BTreeMap::new(),
        open: BTreeSet::new(),
        pace: Pace::default(),
    };
    Ok(vec![tokio::spawn(hold(connection, up, tell, own)), tokio::spawn(teller.run(connected, heard))])
}

/// Something heard that matters.
enum Heard {
    /// Home Assistant has started.
    Birth,
    /// The broker keeps this of us, and it is no more.
    Stale(String),
    Wish {
        target: String,
        effect: String,
        payload: Vec<u8>,
    },
}

/// Holds the connection until the program ends.
async fn hold(
    mut connection: EventLoop,
    up: watch::Sender<Option<u64>>,
    tell: mpsc::Sender<Heard>,
    own: BTreeSet<String>,
) {
    let (mut count, mut silent) = (0, false);
    while !tell.is_closed() {
        match connection.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                info!("connected to the broker, for Home Assistant");
                (count, silent) = (count + 1, false);
                let _ = up.send(Some(count)); // nobody waits while the program ends
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                if let Some(heard) = hear(&publish, &own)
                    && tell.try_send(heard).is_err()
                {
                    warn!("more was heard over the broker than could be looked at; the rest is dropped");
                }
            }
            Ok(_) => {}
            Err(error) => {
                if !silent {
                    silent = true;
                    info!(%error, "no connection to the broker, for Home Assistant");
                }
                let _ = up.send(None);
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

fn hear(publish: &Publish, own: &BTreeSet<String>) -> Option<Heard> {
    let topic = publish.topic.as_str();
    if topic == format!("{DISCOVERY}/status") {
        return (!publish.retain && publish.payload.as_ref() == b"online").then_some(Heard::Birth);
    }
    match wish::split(topic) {
        Some(_) if publish.retain => {
            warn!("a wish that the broker kept is not heard; buttons must not retain");
            None
        }
        Some((target, effect)) => Some(Heard::Wish {
            target: target.to_owned(),
            effect: effect.to_owned(),
            payload: publish.payload.to_vec(),
        }),
        None => {
            let stale = publish.retain && !publish.payload.is_empty() && !own.contains(topic);
            stale.then(|| Heard::Stale(topic.to_owned()))
        }
    }
}

/// Nothing more can be told: the connection's task has ended.
type Told = Result<(), ClientError>;

struct Teller {
    parts: Arc<Parts>,
    client: AsyncClient,
    commands: bool,
    availability: String,
    configs: BTreeMap<String, String>,
    /// States as they were told last.
    told: BTreeMap<String, String>,
    /// Wishes that have not ended.
    open: BTreeSet<i64>,
    pace: Pace,
}

impl Teller {
    async fn run(mut self, mut connected: watch::Receiver<Option<u64>>, mut heard: mpsc::Receiver<Heard>) {
        let mut changes = self.parts.desk.changes();
        let mut due = Instant::now();
        loop {
            let is_up = connected.borrow().is_some();
            let done = tokio::select! {
                changed = connected.changed() => match changed {
                    Ok(()) if connected.borrow_and_update().is_some() => self.greet().await,
                    Ok(()) => Ok(()),
                    Err(_) => return,
                },
                Some(heard) = heard.recv() => self.on_heard(heard).await,
                changed = changes.changed() => match changed {
                    Ok(()) => { due = due.min(Instant::now() + TOGETHER); Ok(()) }
                    Err(_) => return, // the desk has stopped
                },
                () = tokio::time::sleep_until(due), if is_up => {
                    due = Instant::now() + LOOK;
                    self.tell_states().await
                }
            };
            if done.is_err() {
                return;
            }
        }
    }

    /// A new session: what is listened to, and everything there is.
    async fn greet(&mut self) -> Told {
        let site = &self.parts.site;
        for topic in [format!("{DISCOVERY}/status"), entities::own(site), format!("{BASE}/state/+")] {
            self.client.subscribe(topic, QoS::AtMostOnce).await?;
        }
        if self.commands {
            // At most once, and only while we are here: a wish is never doubled and never late.
            self.client.subscribe(wish::topics(), QoS::AtMostOnce).await?;
        }
        self.tell_all().await
    }

    async fn tell_all(&mut self) -> Told {
        for (topic, config) in &self.configs {
            self.client.publish(topic, QoS::AtLeastOnce, true, config.as_bytes()).await?;
        }
        self.told.clear();
        self.tell_states().await?;
        self.client.publish(&self.availability, QoS::AtLeastOnce, true, "online").await
    }

    async fn tell_states(&mut self) -> Told {
        let Ok(line) = self.parts.desk.call(|desk| desk.line()).await else { return Ok(()) };
        let (parts, open) = (self.parts.clone(), self.open.clone());
        let read = tokio::task::spawn_blocking(move || {
            let around = Around { now: parts.clock.now(), line, health: (parts.health)() };
            let reader = Reader::open(&parts.db)?;
            let rows = open.iter().map(|id| effect::get(reader.conn(), *id));
            let rows = rows.collect::<Result<Vec<_>, _>>()?;
            Ok::<_, crate::store::StoreError>((states::all(&parts.db, &parts.site, around)?, rows))
        });
        let (states, rows) = match read.await {
            Ok(Ok(read)) => read,
            Ok(Err(error)) => {
                warn!(%error, "the states for Home Assistant could not be read");
                return Ok(());
            }
            Err(_) => return Ok(()), // the program is ending
        };
        for (topic, state) in states {
            if self.told.get(&topic) != Some(&state) {
                self.client.publish(&topic, QoS::AtLeastOnce, true, state.as_bytes()).await?;
                self.told.insert(topic, state);
            }
        }
        for row in rows.into_iter().flatten().filter(|row| row.outcome.is_some()) {
            self.open.remove(&row.id);
            self.tell_result(states::result(&row)).await?;
        }
        Ok(())
    }

    async fn tell_result(&self, result: String) -> Told {
        self.client.publish(format!("{BASE}/result"), QoS::AtLeastOnce, false, result).await
    }

    async fn on_heard(&mut self, heard: Heard) -> Told {
        match heard {
            Heard::Birth => self.tell_all().await,
            Heard::Stale(topic) => self.client.publish(topic, QoS::AtLeastOnce, true, "").await,
            Heard::Wish { target, effect, payload } => {
                let now = self.parts.clock.now();
                let read = wish::read(&self.parts.site, &target, &effect, &payload);
                match read.and_then(|wish| self.pace.take(now).map(|()| wish)) {
                    Ok(wish) => self.carry_out(wish).await,
                    Err(why) => self.tell_result(wish::not_taken(&target, &effect, why)).await,
                }
            }
        }
    }

    async fn carry_out(&mut self, wish: wish::Wish) -> Told {
        let asked = self.parts.desk.call(move |desk| {
            let (id, _) = desk.wish(NAME, wish.effect, &wish.target, wish.value)?;
            effect::get(desk.store_ref().conn(), id)
        });
        match asked.await {
            Ok(Ok(Some(row))) => {
                info!(effect = %row.effect, target = %row.target, state = row.state, "a wish from Home Assistant");
                if row.outcome.is_none() {
                    self.open.insert(row.id);
                }
                self.tell_result(states::result(&row)).await
            }
            Ok(Ok(None)) | Err(_) => Ok(()),
            Ok(Err(error)) => {
                warn!(%error, "a wish from Home Assistant could not be stored; it is not done");
                Ok(())
            }
        }
    }
}
