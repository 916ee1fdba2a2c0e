//! A club for one test: a real desk on a real database, on virtual time, and the channels the test brings.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clubos::clock::{Clock, UnixMs};
use clubos::desk::{self, AlertChannel, Desk, DeskHandle, Inbound, Options, Parts, Todo};
use clubos::intent::{By, Context, Reading, Slots, Topic, Understand, Verdict};
use clubos::notify::{Channel, Switchboard};
use clubos::site::load::{LoadMode, read};
use clubos::site::{Role, Site};
use clubos::sop::Library;
use clubos::store::called::{self, Health};
use clubos::store::escalation::{self, Alert, Escalation, NewEscalation};
use clubos::store::operator::{self, Operator};
use clubos::store::thread::Channel as Way;
use clubos::store::{Reader, Store, StoreError};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

/// 2026-11-20 15:04 in Halifax: no quiet hours.
pub const START: UnixMs = UnixMs(1_795_201_440_000);
pub const ALEX: &str = "+19025550101";
pub const DANA: &str = "U0SIMDANA";
pub const SAM: &str = "U0SIMSAM";
/// Real time that a condition may take.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// What a customer wrote, that must not leave the building by itself.
pub const SAID: &str = "my card number is secret";

pub struct House {
    pub desk: DeskHandle,
    pub clock: Clock,
    pub site: Arc<Site>,
    pub dir: PathBuf,
    todos: Option<mpsc::UnboundedReceiver<Todo>>,
    db: PathBuf,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

/// Readings by words that stand in the text.
struct WrittenDown;

impl Understand for WrittenDown {
    fn read(&self, text: &str, _: &Context) -> Reading {
        let licence = text.contains("licence");
        let topic = Topic {
            intent: if licence { "sim.licence-expired" } else { "out-of-scope" }.into(),
            confidence: 0.99,
            decision: if licence { Verdict::Match } else { Verdict::None },
            alternatives: Vec::new(),
            text: text.to_owned(),
            by: By::Model,
        };
        Reading { topics: vec![topic], slots: Slots::default(), complete: true }
    }

    fn emergency(&self, _: &str) -> Option<Topic> {
        None
    }
}

impl House {
    pub fn start(name: &str) -> House {
        House::with(name, Vec::new(), |_| {})
    }

    /// `channels`: what the desk's ladder calls over.
    pub fn with(name: &str, channels: Vec<AlertChannel>, edit: impl FnOnce(&mut Site)) -> House {
        let _ = rustls::crypto::ring::default_provider().install_default(); // once a process is enough
        let dir = std::env::temp_dir().join(format!("clubos-notify-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        let mut store = Store::open(&dir).unwrap();
        for (name, role) in [("dana", "manager"), ("sam", "oncall")] {
            let operator = Operator { name: name.into(), role: role.into(), password_hash: "-".into() };
            store.write(|tx| operator::put(tx, &operator, START)).unwrap();
        }
        let text = include_str!("../sites/clubhouse.toml");
        let mut site = read("clubhouse.toml", text, "tests/sites".as_ref(), LoadMode::Simulated).unwrap();
        for person in &mut site.people {
            person.slack = Some(if person.role == Role::Manager { DANA } else { SAM }.to_owned());
        }
        edit(&mut site);
        let site = Arc::new(site);
        let clock = Clock::virtual_at(START);
        let db = store.path().to_owned();
        let options = Options { texts: true, alert_channels: channels, ..Options::default() };
        let parts = Parts {
            store,
            site: site.clone(),
            library: Arc::new(Library::load("sops".as_ref()).unwrap()),
            reader: Arc::new(WrittenDown),
            clock: clock.clone(),
            options,
        };
        let (desk, todos, _) = desk::start(Desk::new(parts).unwrap()).unwrap();
        House { desk, clock, site, dir, todos: Some(todos), db, tasks: Vec::new() }
    }

    /// The channels, met and attended.
    pub fn switchboard(&mut self, channels: Vec<Arc<dyn Channel>>) -> Arc<Switchboard> {
        let board = Switchboard::new(
            channels,
            self.desk.clone(),
            self.db.clone(),
            self.site.clone(),
            self.clock.clone(),
            Some("http://192.0.2.10:8080".into()),
        );
        self.tasks.extend(board.start());
        board
    }

    /// The desk's alerts go to the channels from now on, as they do in the box.
    pub fn carry_alerts(&mut self, board: Arc<Switchboard>) {
        let mut todos = self.todos.take().unwrap();
        let desk = self.desk.clone();
        self.tasks.push(tokio::spawn(async move {
            while let Some(todo) = todos.recv().await {
                let (board, desk) = (board.clone(), desk.clone());
                let alert = match todo {
                    Todo::Alert(alert) => alert,
                    Todo::Digest(call) => {
                        board.digest(&call).await.unwrap();
                        desk.tell(move |desk| desk.digest_sent(call.id).unwrap()).unwrap();
                        continue;
                    }
                    _ => continue,
                };
                tokio::spawn(async move {
                    let (id, result) = (alert.id, board.call(&alert).await);
                    let _ = desk.tell(move |desk| match result {
                        Ok(()) => desk.alert_sent(id).unwrap(),
                        Err(why) => desk.alert_failed(id, &why.to_string()).unwrap(),
                    });
                });
            }
        }));
    }

    /// A customer's text by SMS; its thread.
    pub async fn text(&self, body: &str) -> i64 {
        let inbound = Inbound {
            channel: Way::Sms,
            address: ALEX.into(),
            session: String::new(),
            presence: None,
            phone: Some(ALEX.parse().unwrap()),
            body: body.to_owned(),
            media: 0,
            provider_id: None,
            written_at: self.clock.now(),
            simulated: true,
        };
        self.desk.call(move |desk| desk.receive(&inbound)).await.unwrap().unwrap().thread_id
    }

    /// Moves the clock and lets the desk do what has become due.
    pub async fn pass(&self, time: Duration) {
        self.clock.advance_to(self.clock.now() + time);
        self.desk.call(|_| ()).await.unwrap();
    }

    /// An escalation of this level in a conversation, without the desk's ladder.
    pub async fn escalation(&self, level: &'static str) -> i64 {
        let thread = self.text(SAID).await;
        self.write(move |tx, now| {
            let packet = json!({
                "site": "The Clubhouse, Harbour Road", "bay": 2,
                "customer": {"name": "Alex", "phone": ALEX},
                "said": [SAID],
                "tried": [{"effect": "sim.restart", "target": "bay-2", "outcome": "unknown", "simulated": true}],
                "device": {"online": true, "reason": null},
                "next_step": "Answer the customer here or call them.",
            });
            let new = NewEscalation {
                thread_id: Some(thread),
                episode_id: None,
                intent: "sim.frozen",
                level,
                timed_as: level,
                reason: "the ladder is used up",
                summary: "Bay 2: simulator frozen (the ladder is used up), called +1 902 555 0101",
                packet: &packet.to_string(),
                first_alert_at: now,
            };
            escalation::insert(tx, &new, now)
        })
        .await
    }

    /// A call to this person, as the ladder queues it.
    pub async fn alert(&self, escalation_id: i64, person: &'static str, channel: &'static str) -> Alert {
        self.alerts(escalation_id, vec![person], channel).await.remove(0)
    }

    /// One wave.
    pub async fn alerts(&self, id: i64, people: Vec<&'static str>, channel: &'static str) -> Vec<Alert> {
        self.write(move |tx, now| {
            let round = escalation::alerts_of(tx, id)?.len() as u32 + 1;
            let queue = |person: &&str| -> Result<Alert, StoreError> {
                let alert = escalation::queue_alert(tx, id, person, channel, round, now)?;
                escalation::set_alert(tx, alert, "sending", None, None)?;
                Ok(escalation::alert(tx, alert)?.unwrap())
            };
            people.iter().map(queue).collect()
        })
        .await
    }

    pub async fn acknowledge(&self, id: i64, by: &'static str) {
        self.write(move |tx, now| escalation::acknowledge(tx, id, by, now)).await;
    }

    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection, UnixMs) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        let done = self.desk.call(move |desk| {
            let now = desk.now();
            desk.store().write(|tx| work(tx, now))
        });
        done.await.unwrap().unwrap()
    }

    pub fn read<T>(&self, work: impl FnOnce(&rusqlite::Connection) -> T) -> T {
        work(Reader::open(&self.db).unwrap().conn())
    }

    pub fn row(&self, id: i64) -> Escalation {
        self.read(|c| escalation::get(c, id).unwrap().unwrap())
    }

    /// Waits until the database shows something.
    pub async fn until<T>(&self, what: &str, look: impl Fn(&rusqlite::Connection) -> Option<T>) -> T {
        let mut changes = self.desk.changes();
        let seen = async {
            loop {
                if let Some(found) = self.read(&look) {
                    return found;
                }
                changes.changed().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, seen).await.unwrap_or_else(|_| panic!("never came: {what}"))
    }

    /// Waits until this channel's health is so.
    pub async fn health(&self, channel: &str, state: called::State) -> Health {
        let look =
            |c: &rusqlite::Connection| called::health(c, channel).unwrap().filter(|h| h.state == state);
        self.until(&format!("{channel} {}", state.name()), look).await
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Waits until a fake shows something.
pub async fn until<T>(what: &str, mut changes: watch::Receiver<u64>, look: impl Fn() -> Option<T>) -> T {
    let seen = async {
        loop {
            changes.mark_unchanged();
            if let Some(found) = look() {
                return found;
            }
            changes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.unwrap_or_else(|_| panic!("never came: {what}"))
}

/// No number, name or word of the customer is in it.
pub fn keeps_the_customer_out(sent: &Value) {
    let text = sent.to_string();
    for private in [SAID, "Alex", "555 0101", "5550101"] {
        assert!(!text.contains(private), "{private} in {text}");
    }
    assert!(text.contains("Bay 2") && text.contains("could not be confirmed"), "{text}");
}
