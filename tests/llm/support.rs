//! A fallback on a simulated provider, with a ledger in a database of its own.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use clubos::clock::{Clock, UnixMs};
use clubos::llm::{Choice, Fallback, Ledger, LedgerError, Question};
use clubos::site::{CloudModel, LlmCompany};
use clubos::store::Store;
use clubos::store::llm::{self, Caps, Ended, NewCall, Sent, Spent};

use crate::fake::{Fake, KEY};

pub const ALL: [LlmCompany; 3] = [LlmCompany::OpenAi, LlmCompany::OpenAiChat, LlmCompany::Anthropic];

/// The ledger on a database that nobody else has open.
pub struct StoreLedger(pub Mutex<Store>);

#[async_trait]
impl Ledger for StoreLedger {
    async fn answer(&self, key: &str, now: UnixMs) -> Result<Option<String>, LedgerError> {
        llm::answer(self.0.lock().unwrap().conn(), key, now).map_err(|e| LedgerError(e.to_string()))
    }

    async fn reserve(&self, call: NewCall, caps: Caps) -> Result<Option<i64>, LedgerError> {
        let mut store = self.0.lock().unwrap();
        store.write(|tx| llm::reserve(tx, &call, caps)).map_err(|e| LedgerError(e.to_string()))
    }

    async fn settle(
        &self,
        id: i64,
        ended: Ended,
        keep: Option<(String, String)>,
        now: UnixMs,
    ) -> Result<(), LedgerError> {
        let mut store = self.0.lock().unwrap();
        let done = store.write(|tx| {
            llm::settle(tx, id, &ended, now)?;
            keep.iter().try_for_each(|(key, answer)| llm::keep_answer(tx, key, answer, now))
        });
        done.map_err(|e| LedgerError(e.to_string()))
    }
}

/// A fallback, the provider it asks, and its database.
pub struct Asked {
    pub fallback: Arc<Fallback>,
    pub fake: Fake,
    pub ledger: Arc<StoreLedger>,
    pub clock: Clock,
}

pub fn settings(company: LlmCompany, url: String) -> CloudModel {
    CloudModel {
        provider: company,
        model: "simulated-model".to_owned(),
        key_file: PathBuf::from("unused"),
        url: Some(url),
        input_cents: 100,
        output_cents: 400,
        cents_a_day: 100,
        cents_a_month: 1_000,
        keep: Duration::from_secs(30 * 24 * 3600),
    }
}

pub fn folder(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("llm-{name}"));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

pub async fn asked(name: &str, company: LlmCompany) -> Asked {
    asked_with(name, company, |_| {}).await
}

/// On 24 November 2026, noon at the club.
pub async fn asked_with(name: &str, company: LlmCompany, change: impl FnOnce(&mut CloudModel)) -> Asked {
    let fake = Fake::start().await;
    let dir = folder(&format!("{name}-{}", company.name()));
    let ledger = Arc::new(StoreLedger(Mutex::new(Store::open(&dir).unwrap())));
    let clock = Clock::virtual_at(UnixMs::from("2026-11-24T16:00:00Z".parse::<jiff::Timestamp>().unwrap()));
    let mut settings = settings(company, fake.url(company));
    change(&mut settings);
    let fallback = fallback(settings, KEY, ledger.clone(), &clock);
    Asked { fallback, fake, ledger, clock }
}

pub fn fallback(settings: CloudModel, key: &str, ledger: Arc<dyn Ledger>, clock: &Clock) -> Arc<Fallback> {
    let _ = rustls::crypto::ring::default_provider().install_default(); // once a process is enough
    let zone = jiff::tz::TimeZone::get("America/Halifax").unwrap();
    Arc::new(Fallback::new(settings, key, ledger, clock.clone(), zone).unwrap())
}

impl Asked {
    pub fn spent(&self) -> Spent {
        llm::spent(self.ledger.0.lock().unwrap().conn(), &self.fallback.day()).unwrap()
    }

    /// The egress log, the oldest first.
    pub fn sent(&self) -> Vec<Sent> {
        let mut rows = llm::latest(self.ledger.0.lock().unwrap().conn(), 1000).unwrap();
        rows.reverse();
        rows
    }
}

/// Between a frozen simulator and a black screen.
pub fn question(text: &str) -> Question {
    let choice = |id: &str, title: &str| Choice { id: id.to_owned(), title: title.to_owned() };
    Question {
        turn_id: 1,
        nonce: "1-1".to_owned(),
        text: text.to_owned(),
        candidates: vec![
            choice("sim.frozen", "Frozen simulator"),
            choice("sim.black-screen", "Black screen"),
        ],
        names: vec!["Robin".to_owned()],
    }
}
