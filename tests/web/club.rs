//! A club for one test.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clubos::clock::{Clock, UnixMs};
use clubos::desk::{self, Desk, DeskHandle, Inbound, Options, Parts, Todo};
use clubos::intent::{By, Context, Reading, Slots, Topic, Understand, Verdict};
use clubos::site::load::{LoadMode, read};
use clubos::site::{E164, Site};
use clubos::sop::Library;
use clubos::store::booking::Booking;
use clubos::store::operator::{self, Operator};
use clubos::store::thread::Channel;
use clubos::store::{Reader, Store, booking};
use clubos::web::{self, App, Readiness};
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect::Policy};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

pub const PASSWORD: &str = "a long secret";
/// 2026-11-20 21:04 in Halifax.
pub const START: UnixMs = UnixMs(1_795_223_040_000);
pub const ALEX: &str = "+19025550101";
/// Real time that a condition may take.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Club {
    pub http: Client,
    pub base: String,
    pub clock: Clock,
    pub desk: DeskHandle,
    pub readiness: Readiness,
    pub todos: mpsc::UnboundedReceiver<Todo>,
    pub site: Arc<Site>,
    db: PathBuf,
    dir: PathBuf,
    stop: Option<oneshot::Sender<()>>,
}

/// Readings by words that stand in the text.
struct WrittenDown;

impl Understand for WrittenDown {
    fn read(&self, text: &str, _: &Context) -> Reading {
        let has = |word: &str| text.to_lowercase().contains(word);
        let (intent, decision) = match () {
            () if text == "Yes" => ("chat.affirm", Verdict::Match),
            () if has("frozen") => ("sim.frozen", Verdict::Match),
            () if has("open the") => ("access.locked-out", Verdict::Match),
            () if has("wi-fi") || has("wifi") => ("faq.wifi", Verdict::Match),
            () if has("money back") => ("billing.refund", Verdict::Match),
            () if has("licence") => ("sim.licence-expired", Verdict::Match),
            () => ("out-of-scope", Verdict::None),
        };
        let topic = Topic {
            intent: intent.into(),
            confidence: 0.99,
            decision,
            alternatives: Vec::new(),
            text: text.to_owned(),
            by: By::Model,
        };
        let slots = Slots { at_door: has("open the"), ..Slots::default() };
        Reading { topics: vec![topic], slots, complete: true }
    }

    fn emergency(&self, _: &str) -> Option<Topic> {
        None
    }
}

pub fn minutes(m: u64) -> Duration {
    Duration::from_secs(m * 60)
}

impl Club {
    pub async fn start(name: &str) -> Club {
        Club::start_as(name, |app| app).await
    }

    /// With pages made otherwise than those of a plain real club.
    pub async fn start_as(name: &str, make: impl FnOnce(App) -> App) -> Club {
        let _ = rustls::crypto::ring::default_provider().install_default(); // once a process is enough
        let dir = std::env::temp_dir().join(format!("clubos-web-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        let mut store = Store::open(&dir).unwrap();
        let hash = web::hash_password(PASSWORD).unwrap();
        for (name, role) in [("dana", "manager"), ("sam", "oncall")] {
            let operator = Operator { name: name.into(), role: role.into(), password_hash: hash.clone() };
            store.write(|tx| operator::put(tx, &operator, START)).unwrap();
        }
        store.write(|tx| booking::replace(tx, &[alex()], "test", START)).unwrap();
        let site = Arc::new(site());
        let clock = Clock::virtual_at(START);
        let db = store.path().to_owned();
        let parts = Parts {
            store,
            site: site.clone(),
            library: Arc::new(Library::load("sops".as_ref()).unwrap()),
            reader: Arc::new(WrittenDown),
            clock: clock.clone(),
            options: Options { texts: true, ..Options::default() },
        };
        let (desk, todos, _) = desk::start(Desk::new(parts).unwrap()).unwrap();
        let readiness = Readiness::loading();
        let app = make(App::new(desk.clone(), db.clone(), site.clone(), clock.clone(), readiness.clone()));
        let listener = std::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(web::serve_on(web::router(app), listener, async {
            let _ = stopped.await;
        }));
        let http = Client::builder().redirect(Policy::none()).build().unwrap();
        Club { http, base, clock, desk, readiness, todos, site, db, dir, stop: Some(stop) }
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.base))
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.base))
    }

    pub fn put(&self, path: &str) -> RequestBuilder {
        self.http.put(format!("{}{path}", self.base))
    }

    /// Signs in for the API.
    pub async fn bearer(&self, name: &str) -> String {
        let answer = self.post("/api/v1/session").json(&json!({"name": name, "password": PASSWORD}));
        let body: Value = answer.send().await.unwrap().json().await.unwrap();
        format!("Bearer {}", body["token"].as_str().unwrap())
    }

    /// Signs in on the page; the cookie.
    pub async fn cookie(&self, name: &str) -> String {
        let form = [("name", name), ("password", PASSWORD)];
        let answer =
            self.post("/sign-in").header("content-type", FORM).body(encode(&form)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        cookie_of(&answer)
    }

    /// Moves the clock and lets the desk do what has become due.
    pub async fn pass(&self, time: Duration) {
        self.clock.advance_to(self.clock.now() + time);
        self.desk.call(|_| ()).await.unwrap();
    }

    pub fn read<T>(&self, work: impl FnOnce(&rusqlite::Connection) -> T) -> T {
        work(Reader::open(&self.db).unwrap().conn())
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

    /// A text by SMS, put into a turn and, after `pass`, answered.
    pub async fn text(&self, body: &str) -> i64 {
        let phone: E164 = ALEX.parse().unwrap();
        let inbound = Inbound {
            channel: Channel::Sms,
            address: ALEX.into(),
            session: String::new(),
            presence: None,
            phone: Some(phone),
            body: body.to_owned(),
            media: 0,
            provider_id: None,
            written_at: self.clock.now(),
            simulated: true,
        };
        let received = self.desk.call(move |desk| desk.receive(&inbound)).await.unwrap().unwrap();
        received.thread_id
    }

    pub async fn json(&self, path: &str, bearer: &str) -> Value {
        let answer = self.get(path).header("authorization", bearer).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }
}

impl Drop for Club {
    fn drop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

pub fn site() -> Site {
    let text = include_str!("../sites/clubhouse.toml");
    read("clubhouse.toml", text, "tests/sites".as_ref(), LoadMode::Simulated).unwrap()
}

/// Bay 2 from 20:30 to 22:00.
pub fn alex() -> Booking {
    Booking {
        id: "B1".into(),
        phone: Some(ALEX.parse().unwrap()),
        name: "Alex".into(),
        bay: clubos::site::BayId(2),
        starts_at: START - minutes(34),
        ends_at: START + minutes(56),
        reference: Some("GOLF-77".into()),
        pin: Some("4711".into()),
        source: String::new(),
        read_at: UnixMs(0),
    }
}

pub const FORM: &str = "application/x-www-form-urlencoded";

/// A form's body.
pub fn encode(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| {
        text.bytes().fold(String::new(), |mut out, b| {
            if b.is_ascii_alphanumeric() {
                out.push(char::from(b))
            } else {
                out.push_str(&format!("%{b:02X}"))
            }
            out
        })
    };
    fields.iter().map(|(k, v)| format!("{}={}", escape(k), escape(v))).collect::<Vec<_>>().join("&")
}

/// `name=value` of the cookie that an answer sets.
pub fn cookie_of(answer: &Response) -> String {
    let set = answer.headers()["set-cookie"].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

/// The value of the first hidden field with this name in a page.
pub fn hidden(page: &str, name: &str) -> String {
    let at = page.find(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no field {name}"));
    let rest = &page[at..];
    let value = rest.split("value=\"").nth(1).unwrap();
    value.split('"').next().unwrap().to_owned()
}
