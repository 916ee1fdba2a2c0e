//! The text line: what the box itself takes from a text to the handing over of its reply, and what a
//! customer waits, polling and the quiet gap included. The provider is in memory and answers at once.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use clubos::channel::{
    Accepted, Gateway, HearError, Heard, Hook, NotBelieved, SendError, Settings, TextProvider,
};
use clubos::clock::{Clock, UnixMs};
use clubos::desk::{self, Desk, DeskHandle, Options, Parts, Todo};
use clubos::site::E164;
use clubos::store::Store;
use tokio::sync::mpsc;

use crate::{Bench, Times, ms, row};

const TEXTS: usize = 300;
/// Customers who write once each, within a minute: more than a busy evening of a chain.
const CUSTOMERS: usize = 90;
const WITHIN: Duration = Duration::from_secs(60);
/// Beyond the longest turn there is no reply any more.
const LAST_REPLY: Duration = Duration::from_secs(25);
const POLL_EVERY: Duration = Duration::from_secs(2);
const NOW: UnixMs = UnixMs(1_795_460_000_000);

/// Takes everything at once; says to whom and when.
struct AtOnce {
    inbox: Mutex<Vec<Heard>>,
    sent: mpsc::UnboundedSender<(String, Instant)>,
    count: Mutex<u64>,
}

#[async_trait]
impl TextProvider for AtOnce {
    fn name(&self) -> &'static str {
        "at-once"
    }

    async fn send(&self, to: &E164, _: &str) -> Result<Accepted, SendError> {
        let _ = self.sent.send((to.as_str().to_owned(), Instant::now())); // nobody counts any more
        let mut count = self.count.lock().expect("no panic holds it");
        *count += 1;
        Ok(Accepted { provider_id: format!("at-once-{count}") })
    }

    async fn look_up(&self, _: &E164, _: &str, _: UnixMs) -> Result<Option<Accepted>, HearError> {
        Ok(None)
    }

    async fn hear(&self, since: UnixMs, _: &[E164]) -> Result<Vec<Heard>, HearError> {
        let inbox = self.inbox.lock().expect("no panic holds it");
        let new = |h: &&Heard| matches!(h, Heard::Text { at, .. } if *at >= since);
        Ok(inbox.iter().filter(new).cloned().collect())
    }

    fn hook(&self, hook: Hook<'_>) -> Result<Vec<Heard>, NotBelieved> {
        let said = String::from_utf8_lossy(hook.body);
        let (from, body) = said.split_once('|').ok_or(NotBelieved::Unsigned)?;
        Ok(vec![text(from, body, hook.now)])
    }
}

fn text(from: &str, body: &str, at: UnixMs) -> Heard {
    let id = format!("{from}-{}", at.0);
    let from = from.parse().expect("a number");
    Heard::Text { id, from, to: "+19025550100".into(), body: body.into(), media: 0, at }
}

struct Line {
    provider: Arc<AtOnce>,
    gateway: Arc<Gateway>,
    desk: DeskHandle,
    sent: mpsc::UnboundedReceiver<(String, Instant)>,
}

fn line(bench: &Bench, name: &str, clock: &Clock) -> Line {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{name}"));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).expect("a folder");
    let parts = Parts {
        store: Store::open(&dir).expect("a store"),
        site: bench.site.clone(),
        library: bench.library.clone(),
        reader: bench.reader.clone(),
        clock: clock.clone(),
        options: Options { texts: true, ..Options::default() },
    };
    let (desk, mut todos, _) = desk::start(Desk::new(parts).expect("a desk")).expect("a thread");
    let (give, sent) = mpsc::unbounded_channel();
    let provider = Arc::new(AtOnce { inbox: Mutex::default(), sent: give, count: Mutex::default() });
    let settings = Settings {
        poll_every: POLL_EVERY,
        silence_alarm: Duration::from_secs(12 * 3600),
        look_up_for: Duration::from_secs(120),
        webhook_url: None,
        simulated: true,
    };
    let gateway = Gateway::new(provider.clone(), desk.clone(), clock.clone(), settings);
    let carrier = gateway.clone();
    tokio::spawn(async move {
        while let Some(todo) = todos.recv().await {
            if let Todo::Deliver(text) = todo {
                carrier.deliver(text);
            }
        }
    });
    Line { provider, gateway, desk, sent }
}

fn number(n: usize) -> String {
    format!("+1902555{n:04}")
}

pub fn measure(bench: &Bench) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        own_time(bench).await;
        customers_side(bench).await;
    });
    runtime.shutdown_background();
}

/// Webhook in → committed → (the gap, virtual) → decided, committed → handed to the provider.
async fn own_time(bench: &Bench) {
    let clock = Clock::virtual_at(NOW);
    let mut line = line(bench, "texts", &clock);
    let mut times = Vec::with_capacity(TEXTS);
    for n in 0..TEXTS {
        let from = number(n);
        let started = Instant::now();
        line.gateway.hook(&[], format!("{from}|what is the wifi password?").as_bytes()).await;
        clock.advance_to(clock.now() + Duration::from_secs(6));
        let _ = line.desk.call(|_| ()).await; // the desk looks at its clock
        let (to, at) = line.sent.recv().await.expect("a reply");
        assert_eq!(to, from);
        times.push(at - started);
    }
    row(
        "text received → reply handed to the provider",
        &Times::of(times).both(),
        "by webhook; the quiet gap is virtual, the provider answers at once",
    );
}

/// Real time: texts of the live mix, polled, one a customer.
async fn customers_side(bench: &Bench) {
    let clock = Clock::system();
    let mut line = line(bench, "customers", &clock);
    tokio::spawn(line.gateway.clone().run());
    let mut written: HashMap<String, Instant> = HashMap::new();
    for n in 0..CUSTOMERS {
        let from = number(n);
        let body = &bench.texts[n * 7 % bench.texts.len()];
        line.provider.inbox.lock().expect("no panic holds it").push(text(&from, body, clock.now()));
        written.insert(from, Instant::now());
        tokio::time::sleep(WITHIN / CUSTOMERS as u32).await;
    }
    let mut times = Vec::new();
    let end = tokio::time::Instant::now() + LAST_REPLY;
    while let Ok(Some((to, at))) = tokio::time::timeout_at(end, line.sent.recv()).await {
        if let Some(from) = written.remove(&to) {
            times.push(at - from);
        }
    }
    let answered = times.len();
    let times = Times::of(times);
    row(
        "customer's side: text written → reply handed to the provider",
        &format!(
            "p50 {}, p90 {}, p99 {}",
            ms(times.percentile(50)),
            ms(times.percentile(90)),
            ms(times.percentile(99))
        ),
        &format!(
            "polled every 2 s, the quiet gap of 1 or 5 s included; {answered} of {CUSTOMERS} live texts had a reply"
        ),
    );
}
