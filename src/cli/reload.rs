//! New SOPs (and a renewed certificate) without a restart: SIGHUP, `systemctl reload clubos`.
//!
//! All or nothing: read, checked, learnt and tried on their own examples beside the running box, then put
//! in place in one step. What was learnt within a second is then trained thoroughly, and takes its place if it reads
//! the examples as well. A set that is not right changes nothing; staff and the log are told what is wrong.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{Mutex, Notify};

use super::safe;
use crate::desk::{DeskGone, DeskHandle};
use crate::intent::{HEAD_FILE, IntentError, LoadOptions, Miss, Understanding};
use crate::site::Site;
use crate::sop::library::SopProblems;
use crate::sop::{Library, Sop};
use crate::store::StoreError;
use crate::store::journal::{self, Change};
use crate::telemetry;
use crate::web::Certificate;

/// Wrong examples that are named; the rest is counted.
const NAMED: usize = 5;

/// The reader in use. Who holds the lock is training: one at a time.
pub type InUse = Arc<Mutex<Option<Understanding>>>;

/// What a reload needs of the box.
#[derive(Clone)]
pub struct Reload {
    pub desk: DeskHandle,
    pub sops_dir: PathBuf,
    pub state_dir: PathBuf,
    pub model_dir: PathBuf,
    pub cache_dir: PathBuf,
    pub site: Arc<Site>,
    /// Nothing moves until a restart, however good the SOPs are.
    pub safe_mode: bool,
    pub in_use: InUse,
    pub certificate: Option<Certificate>,
}

/// Why the SOPs before stay.
#[derive(Debug, thiserror::Error)]
enum NotTaken {
    #[error("{0}")]
    Sops(#[from] SopProblems),
    #[error("they do not fit this site: {0}")]
    Site(String),
    #[error("the model could not be trained on them: {0}")]
    Model(#[from] IntentError),
    #[error("{count} of their own examples would be read as something else: {named}")]
    Examples { count: usize, named: String },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Gone(#[from] DeskGone),
}

impl Reload {
    /// Reads again whenever it is asked to. Asked twice while it reads, it reads once more.
    pub async fn whenever(self, asked: Arc<Notify>) {
        loop {
            asked.notified().await;
            let this = self.clone();
            if let Err(error) = tokio::task::spawn_blocking(move || this.once()).await {
                tracing::error!(%error, "the reload ended early; what was in place stays");
            }
        }
    }

    fn once(&self) {
        self.certificate();
        telemetry::status("reading the SOPs again");
        let said = match self.sops() {
            Ok(said) => {
                tracing::info!("{said}");
                said
            }
            Err(NotTaken::Gone(_)) => return,
            Err(why) => {
                tracing::error!(%why, "the new SOPs are not taken; the ones before stay");
                format!("The new SOPs are not taken, the ones before stay: {why}")
            }
        };
        telemetry::status("ready");
        let told = self.desk.tell(move |desk| {
            let now = desk.now();
            if let Err(error) = desk.store().write(|tx| journal::notice(tx, None, &said, now)) {
                tracing::error!(%error, "staff could not be told about the SOPs");
            }
        });
        if told.is_err() {
            tracing::debug!("the desk has stopped");
        }
        self.thoroughly();
    }

    fn certificate(&self) {
        match self.certificate.as_ref().map(Certificate::read_again) {
            None => {}
            Some(Ok(())) => tracing::info!("the certificate was read again"),
            Some(Err(error)) => tracing::error!(%error, "the certificate before stays"),
        }
    }

    /// Puts the folder's SOPs in place; what became of it, for people.
    fn sops(&self) -> Result<String, NotTaken> {
        let mut in_use = self.in_use.blocking_lock();
        let library = Library::load(&self.sops_dir)?;
        // In safe mode the site may be one that knows nothing; no SOP is to blame for that.
        let problems = if self.safe_mode { Vec::new() } else { library.site_problems(&self.site.facts) };
        if let [first, more @ ..] = problems.as_slice() {
            return Err(NotTaken::Site(format!("{first} (and {} more)", more.len())));
        }
        let before = Handle::current().block_on(self.desk.call(|desk| desk.library().clone()))?;
        if before.fingerprint == library.fingerprint {
            return Ok("The SOPs were read again; nothing in them has changed.".into());
        }
        no_new(Understanding::rules_test(&library), || Understanding::rules_test(&before))?;
        let head = KeptHead::of(&self.cache_dir);
        let reader = match &*in_use {
            Some(reader) => reader.learn_on(self.options(&library))?,
            None => Understanding::load(self.options(&library))?,
        };
        if !reads_alike(&before, &library) {
            let already = || in_use.as_ref().map(|reader| reader.self_test(&before)).unwrap_or_default();
            no_new(reader.self_test(&library), already).inspect_err(|_| head.put_back())?;
        }
        let said = changes(&before, &library);
        let library = Arc::new(library);
        let (placed, taught, dir, says) =
            (library.clone(), Arc::new(reader.clone()), self.sops_dir.clone(), said.clone());
        Handle::current().block_on(self.desk.call(move |desk| {
            desk.set_library(placed.clone(), taught);
            let now = desk.now();
            safe::record(desk.store(), &placed, &dir, now);
            desk.store().write(|tx| {
                let who = "reload".to_owned();
                let change =
                    Change { at: now, who, what: "sops".into(), detail: says, thread_id: None, until: None };
                journal::change(tx, &change)
            })?;
            desk.no_better_reader()
        }))??;
        *in_use = Some(reader);
        if self.safe_mode {
            return Ok(format!("{said} The box stays in safe mode until it is restarted."));
        }
        safe::remember_sops(&self.sops_dir, &self.state_dir);
        Ok(said)
    }
}

impl Reload {
    fn options<'a>(&'a self, library: &'a Library) -> LoadOptions<'a> {
        LoadOptions {
            model_dir: &self.model_dir,
            cache_dir: Some(&self.cache_dir),
            site: Some(&self.site),
            library,
            train_on: None,
        }
    }

    /// Puts a reader that was trained on everything in the place of one that was only learnt on, unless it reads the
    /// SOPs' own examples worse.
    fn thoroughly(&self) {
        let mut in_use = self.in_use.blocking_lock();
        let Some(quick) = in_use.as_ref().filter(|reader| !reader.is_thorough()) else { return };
        let handle = Handle::current();
        let Ok(library) = handle.block_on(self.desk.call(|desk| desk.library().clone())) else { return };
        let better = match quick.retrain(self.options(&library)) {
            Ok(better) => better,
            Err(error) => {
                tracing::error!(%error, "the SOPs could not be trained thoroughly; what was learnt quickly stays");
                return;
            }
        };
        if let Err(why) = no_new(better.self_test(&library), || quick.self_test(&library)) {
            tracing::warn!(%why, "the thorough training reads examples worse; what was learnt quickly stays");
            return;
        }
        let taught = Arc::new(better.clone());
        if handle.block_on(self.desk.call(move |desk| desk.set_library(library, taught))).is_ok() {
            tracing::info!("the new SOPs are trained thoroughly");
            *in_use = Some(better);
        }
    }
}

/// The trained head in the cache: only one is kept there, and that of a set that is not taken would make the
/// next start slow.
struct KeptHead {
    file: PathBuf,
    bytes: Option<Vec<u8>>,
}

impl KeptHead {
    fn of(cache_dir: &Path) -> KeptHead {
        let file = cache_dir.join(HEAD_FILE);
        KeptHead { bytes: std::fs::read(&file).ok(), file }
    }

    fn put_back(&self) {
        if let Some(Err(error)) = self.bytes.as_ref().map(|bytes| std::fs::write(&self.file, bytes)) {
            tracing::debug!(%error, "the head is trained anew at the next start");
        }
    }
}

/// A set whose own examples are read as another SOP, and were not before, is worse than the one in place.
fn no_new(misses: Vec<Miss>, already: impl FnOnce() -> Vec<Miss>) -> Result<(), NotTaken> {
    if misses.is_empty() {
        return Ok(());
    }
    let already = already();
    let known = |miss: &Miss| already.iter().any(|old| old.sop == miss.sop && old.example == miss.example);
    let misses: Vec<Miss> = misses.into_iter().filter(|miss| !known(miss)).collect();
    if misses.is_empty() {
        return Ok(());
    }
    let named: Vec<String> =
        misses.iter().take(NAMED).map(|m| format!("“{}” of {} as {}", m.example, m.sop, m.read_as)).collect();
    Err(NotTaken::Examples { count: misses.len(), named: named.join("; ") })
}

/// Whether only words to customers differ, which no reading depends on.
fn reads_alike(before: &Library, after: &Library) -> bool {
    let silent = |library: &Library| -> Vec<Sop> {
        let silent = |sop: &Arc<Sop>| Sop {
            version: 0,
            label: String::new(),
            replies: BTreeMap::new(),
            tests: Vec::new(),
            body: String::new(),
            path: String::new(),
            ..Sop::clone(sop)
        };
        library.sops.values().map(silent).collect()
    };
    silent(before) == silent(after)
}

fn changes(before: &Library, after: &Library) -> String {
    let versions = |library: &Library| -> BTreeMap<String, u32> {
        library.sops.iter().map(|(id, sop)| (id.to_string(), sop.version)).collect()
    };
    let (old, new) = (versions(before), versions(after));
    let mut parts = Vec::new();
    for (id, version) in &new {
        match old.get(id) {
            None => parts.push(format!("{id} is new")),
            Some(was) if was != version => parts.push(format!("{id} is version {version}")),
            Some(_) if before.sops.get(id.as_str()) != after.sops.get(id.as_str()) => {
                parts.push(format!("{id} has changed"));
            }
            Some(_) => {}
        }
    }
    parts.extend(old.keys().filter(|id| !new.contains_key(*id)).map(|id| format!("{id} is gone")));
    let what =
        if parts.is_empty() { "only texts of the house have changed".into() } else { parts.join(", ") };
    format!("New SOPs are in place: {} live; {what}.", new.len())
}
