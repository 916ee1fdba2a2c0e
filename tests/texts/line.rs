//! A desk, a gateway, and a provider that keeps a ledger and answers as it is told.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use clubos::channel::{
    Accepted, Gateway, HearError, Heard, Hook, NotBelieved, Refusal, SendError, Settings, TextProvider,
};
use clubos::clock::{Clock, UnixMs};
use clubos::desk::{self, Desk, DeskHandle, Options, Parts, Todo};
use clubos::intent::{By, Context, Reading, Slots, Topic, Understand, Verdict};
use clubos::site::load::{LoadMode, read};
use clubos::site::{E164, Site};
use clubos::sop::Library;
use clubos::store::{Reader, Store};

pub const ALEX: &str = "+19025550101";
pub const ROBIN: &str = "+19025550102";
const PATIENCE: Duration = Duration::from_secs(20);

/// What the provider does with the next text.
#[derive(Debug, Clone)]
pub enum Next {
    Take,
    /// It is taken, and the answer is lost.
    TakeAndBreak,
    /// It is lost, and nobody says so.
    Break,
    Later(Option<u64>),
    Never(Refusal),
}

#[derive(Debug, Clone)]
pub struct Taken {
    pub id: String,
    pub to: String,
    pub body: String,
    pub at: UnixMs,
}

#[derive(Default)]
pub struct Ledger {
    pub next: Mutex<VecDeque<Next>>,
    pub taken: Mutex<Vec<Taken>>,
    pub heard: Mutex<Vec<Heard>>,
    pub looks: AtomicU32,
    pub polls: AtomicU32,
    /// What polls and look-ups are answered with.
    pub trouble: Mutex<Option<HearError>>,
    pub ahead_ms: AtomicI64,
    known: Mutex<Vec<String>>,
}

impl Ledger {
    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    pub fn put(&self, heard: Heard) {
        self.heard.lock().unwrap().push(heard);
    }

    fn take(&self, to: &E164, body: &str, at: UnixMs) -> Accepted {
        let mut taken = self.taken.lock().unwrap();
        let id = format!("AC{}", taken.len() + 1);
        taken.push(Taken { id: id.clone(), to: to.as_str().into(), body: body.into(), at });
        Accepted { provider_id: id }
    }

    fn trouble(&self) -> Result<(), HearError> {
        self.trouble.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

/// Once the program that holds it is dead, it gets no answer any more.
struct InMemory(Arc<Ledger>, Clock, Arc<AtomicBool>);

impl InMemory {
    async fn alive(&self) {
        if self.2.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl TextProvider for InMemory {
    fn name(&self) -> &'static str {
        "in-memory"
    }

    async fn send(&self, to: &E164, body: &str) -> Result<Accepted, SendError> {
        self.alive().await;
        let next = self.0.next.lock().unwrap().pop_front().unwrap_or(Next::Take);
        let unclear = || SendError::Unclear("no answer within 10 s".into());
        match next {
            Next::Take => Ok(self.0.take(to, body, self.1.now())),
            Next::TakeAndBreak => {
                self.0.take(to, body, self.1.now());
                Err(unclear())
            }
            Next::Break => Err(unclear()),
            Next::Later(after_ms) => Err(SendError::Later { why: "too many requests".into(), after_ms }),
            Next::Never(kind) => Err(SendError::Never { why: format!("refused: {kind:?}"), kind }),
        }
    }

    async fn look_up(&self, to: &E164, body: &str, since: UnixMs) -> Result<Option<Accepted>, HearError> {
        self.alive().await;
        self.0.looks.fetch_add(1, Ordering::SeqCst);
        self.0.trouble()?;
        let found = self.0.taken().into_iter().find(|t| {
            t.to == to.as_str()
                && t.body == body
                && t.at >= since
                && !self.0.known.lock().unwrap().contains(&t.id)
        });
        Ok(found.map(|t| Accepted { provider_id: t.id }))
    }

    fn account_for(&self, ids: &[String]) {
        self.0.known.lock().unwrap().extend(ids.iter().cloned());
    }

    async fn hear(&self, since: UnixMs, _: &[E164]) -> Result<Vec<Heard>, HearError> {
        self.0.polls.fetch_add(1, Ordering::SeqCst);
        self.0.trouble()?;
        let mut heard = self.0.heard.lock().unwrap().clone();
        heard.retain(|h| match h {
            Heard::Text { at, .. } | Heard::Sent { at, .. } | Heard::Call { at, .. } => *at >= since,
            _ => true,
        });
        heard.extend(self.0.taken().into_iter().map(|t| Heard::Sent {
            id: t.id,
            to: t.to.parse().unwrap(),
            body: t.body,
            at: t.at,
            by_person: None,
        }));
        Ok(heard)
    }

    /// A "signature" that only this test knows; the body names what was heard.
    fn hook(&self, hook: Hook<'_>) -> Result<Vec<Heard>, NotBelieved> {
        match hook.header("x-signature") {
            Some("right") => {}
            Some(_) => return Err(NotBelieved::Forged),
            None => return Err(NotBelieved::Unsigned),
        }
        let said = std::str::from_utf8(hook.body).map_err(|e| NotBelieved::Unreadable(e.to_string()))?;
        match said.split_once('|') {
            Some((id, body)) => Ok(vec![text(id, ALEX, body, hook.now)]),
            None => {
                Ok(vec![Heard::Unknown { id: said.into(), kind: "fax.received".into(), raw: said.into() }])
            }
        }
    }

    fn clock_ahead_ms(&self) -> Option<i64> {
        Some(self.0.ahead_ms.load(Ordering::SeqCst))
    }
}

pub fn text(id: &str, from: &str, body: &str, at: UnixMs) -> Heard {
    let to = "+19025550100".to_owned();
    Heard::Text { id: id.into(), from: from.parse().unwrap(), to, body: body.into(), media: 0, at }
}

/// Knows fire, and takes everything else for a question about the Wi-Fi.
struct Simple;

fn topic(intent: &str, decision: Verdict, text: &str) -> Topic {
    Topic {
        intent: intent.into(),
        confidence: 0.99,
        decision,
        alternatives: Vec::new(),
        text: text.to_owned(),
        by: By::Rule,
    }
}

impl Understand for Simple {
    fn read(&self, text: &str, _: &Context) -> Reading {
        let found = self.emergency(text);
        let topics = vec![found.unwrap_or_else(|| topic("faq.wifi", Verdict::Match, text))];
        Reading { topics, slots: Slots::default(), complete: true }
    }

    fn emergency(&self, text: &str) -> Option<Topic> {
        text.contains("fire").then(|| topic("emergency.fire", Verdict::Emergency, text))
    }
}

pub struct Club {
    pub ledger: Arc<Ledger>,
    pub desk: DeskHandle,
    pub gateway: Arc<Gateway>,
    pub clock: Clock,
    pub db: PathBuf,
    pub dir: PathBuf,
    dead: Arc<AtomicBool>,
    tasks: Mutex<Vec<tokio::task::JoinHandle<()>>>,
}

pub fn site() -> Site {
    let text = include_str!("../sites/clubhouse.toml");
    read("clubhouse.toml", text, ".".as_ref(), LoadMode::Simulated).unwrap()
}

fn settings() -> Settings {
    Settings {
        poll_every: Duration::from_millis(20),
        silence_alarm: Duration::from_secs(12 * 3600),
        look_up_for: Duration::from_millis(300),
        webhook_url: None,
        simulated: true,
    }
}

impl Club {
    /// A fresh club, its clock at about noon in Halifax.
    pub fn open(name: &str) -> Club {
        let dir = std::env::temp_dir().join(format!("clubos-texts-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Club::on(dir, Clock::virtual_at(UnixMs(1_795_190_640_000)), Arc::default())
    }

    /// The program again on the same data; the provider went on.
    pub fn again(mut self) -> Club {
        self.dead.store(true, Ordering::SeqCst);
        self.tasks.lock().unwrap().drain(..).for_each(|task| task.abort());
        let (dir, clock, ledger) = (std::mem::take(&mut self.dir), self.clock.clone(), self.ledger.clone());
        drop(self);
        Club::on(dir, clock, ledger)
    }

    fn on(dir: PathBuf, clock: Clock, ledger: Arc<Ledger>) -> Club {
        let store = Store::open(&dir).unwrap();
        let db = store.path().to_owned();
        let parts = Parts {
            store,
            site: Arc::new(site()),
            library: Arc::new(Library::load("sops".as_ref()).unwrap()),
            reader: Arc::new(Simple),
            clock: clock.clone(),
            options: Options { texts: true, ..Options::default() },
        };
        let (desk, mut todos, _) = desk::start(Desk::new(parts).unwrap()).unwrap();
        let dead = Arc::new(AtomicBool::new(false));
        let provider = Arc::new(InMemory(ledger.clone(), clock.clone(), dead.clone()));
        let gateway = Gateway::new(provider, desk.clone(), clock.clone(), settings());
        let carrier = gateway.clone();
        let carrying = tokio::spawn(async move {
            while let Some(todo) = todos.recv().await {
                match todo {
                    Todo::Deliver(text) => carrier.deliver(text),
                    Todo::LookUp(text) => carrier.look_up(text),
                    _ => {}
                }
            }
        });
        Club { ledger, desk, gateway, clock, db, dir, dead, tasks: Mutex::new(vec![carrying]) }
    }

    pub fn listen(&self) {
        self.tasks.lock().unwrap().push(tokio::spawn(self.gateway.clone().listen()));
    }

    pub fn next(&self, next: impl IntoIterator<Item = Next>) {
        self.ledger.next.lock().unwrap().extend(next);
    }

    /// A customer's text, by webhook, and the quiet gap after it.
    pub async fn says(&self, id: &str, body: &str) {
        let signed =
            [("x-signature".to_owned(), "right".to_owned()), ("webhook-id".to_owned(), format!("h-{id}"))];
        let taken = self.gateway.hook(&signed, format!("{id}|{body}").as_bytes()).await;
        assert_eq!(taken, clubos::channel::HookVerdict::Taken);
        self.pass(2);
    }

    pub fn pass(&self, seconds: u64) {
        self.clock.advance_to(self.clock.now() + Duration::from_secs(seconds));
    }

    /// Rows of one column each.
    pub fn rows(&self, sql: &str) -> Vec<String> {
        let reader = Reader::open(&self.db).unwrap();
        let mut statement = reader.conn().prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, rusqlite::types::Value>(0)).unwrap();
        rows.map(|value| match value.unwrap() {
            rusqlite::types::Value::Text(text) => text,
            rusqlite::types::Value::Integer(n) => n.to_string(),
            other => format!("{other:?}"),
        })
        .collect()
    }

    pub fn states(&self) -> Vec<String> {
        self.rows("SELECT state FROM outbox ORDER BY id")
    }

    /// Waits until the query gives these rows.
    #[track_caller]
    pub fn until<'a>(&'a self, sql: &'a str, wanted: &'a [&'a str]) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let waited = tokio::time::timeout(PATIENCE, async {
                while self.rows(sql) != wanted {
                    let _ = self.desk.call(|_| ()).await; // time may have moved on: the desk looks again
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            });
            if waited.await.is_err() {
                panic!("{caller}: {sql} gives {:?}, not {wanted:?}", self.rows(sql));
            }
        }
    }

    /// Waits until the provider was polled `more` times again.
    pub async fn polls(&self, more: u32) {
        let wanted = self.ledger.polls.load(Ordering::SeqCst) + more;
        let waited = tokio::time::timeout(PATIENCE, async {
            while self.ledger.polls.load(Ordering::SeqCst) < wanted {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        waited.await.expect("the provider is polled");
    }
}

impl Drop for Club {
    fn drop(&mut self) {
        if !std::thread::panicking() && !self.dir.as_os_str().is_empty() {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}
