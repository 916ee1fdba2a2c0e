//! The cloud model that `site.toml` names: its key, its ledger on the desk's database, its place in the box.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;

use crate::clock::{Clock, UnixMs};
use crate::desk::{Desk, DeskHandle};
use crate::llm::{Fallback, Ledger, LedgerError};
use crate::site::{CloudModel, Site, secret};
use crate::store::llm::{self as table, Caps, Ended, NewCall};
use crate::store::{self, StoreError};

/// How often what is too old to be kept is forgotten, besides at the start.
const FORGET_EVERY: Duration = Duration::from_secs(6 * 3600);
/// Without `[llm]` what was sent earlier is kept this long.
const KEPT_WITHOUT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Settings and key.
pub struct Cloud {
    settings: CloudModel,
    key: String,
}

/// The cloud model of the site, if it has one.
///
/// # Errors
/// A key that cannot be read.
pub fn model(site: &Site) -> anyhow::Result<Option<Cloud>> {
    let Some(settings) = site.llm.clone() else { return Ok(None) };
    let key = secret::read(&settings.key_file).context("llm.key_file")?;
    Ok(Some(Cloud { settings, key }))
}

impl Cloud {
    /// Ready to be asked.
    ///
    /// # Errors
    /// An address that is none.
    pub fn start(self, desk: &DeskHandle, site: &Site, clock: &Clock) -> anyhow::Result<Arc<Fallback>> {
        let ledger = Arc::new(DeskLedger(desk.clone()));
        self.over(ledger, site, clock)
    }

    fn over(self, ledger: Arc<dyn Ledger>, site: &Site, clock: &Clock) -> anyhow::Result<Arc<Fallback>> {
        let fallback = Fallback::new(self.settings, &self.key, ledger, clock.clone(), site.zone.clone())?;
        Ok(Arc::new(fallback))
    }
}

/// The ledger in the box's database, whose one writer is the desk's.
struct DeskLedger(DeskHandle);

impl DeskLedger {
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> store::Result<T> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let done = self.0.call(move |desk: &mut Desk| desk.store().write(|tx| work(tx))).await;
        done.map_err(|gone| LedgerError(gone.to_string()))?
            .map_err(|e: StoreError| LedgerError(e.to_string()))
    }
}

#[async_trait]
impl Ledger for DeskLedger {
    async fn answer(&self, key: &str, now: UnixMs) -> Result<Option<String>, LedgerError> {
        let key = key.to_owned();
        let found = self.0.call(move |desk| table::answer(desk.store_ref().conn(), &key, now)).await;
        found.map_err(|gone| LedgerError(gone.to_string()))?.map_err(|error| LedgerError(error.to_string()))
    }

    async fn reserve(&self, call: NewCall, caps: Caps) -> Result<Option<i64>, LedgerError> {
        self.write(move |tx| table::reserve(tx, &call, caps)).await
    }

    async fn settle(
        &self,
        id: i64,
        ended: Ended,
        keep: Option<(String, String)>,
        now: UnixMs,
    ) -> Result<(), LedgerError> {
        self.write(move |tx| {
            table::settle(tx, id, &ended, now)?;
            match &keep {
                Some((key, answer)) => table::keep_answer(tx, key, answer, now),
                None => Ok(()),
            }
        })
        .await
    }
}

/// Forgets what is too old, now and every six hours, also where no model is configured any more.
pub async fn forget(desk: DeskHandle, keep: Option<Duration>) {
    let mut tick = tokio::time::interval(FORGET_EVERY);
    let keep = keep.unwrap_or(KEPT_WITHOUT);
    loop {
        tick.tick().await;
        let told = desk.tell(move |desk| {
            let now = desk.now();
            if let Err(error) = desk.store().write(|tx| table::prune(tx, now - keep, now)) {
                tracing::warn!(%error, "what was sent to the cloud model could not be forgotten");
            }
        });
        if told.is_err() {
            return;
        }
    }
}

/// Whether provider, key and model answer. Sends no words and costs nothing.
///
/// # Errors
/// What is wrong, for a person.
pub fn check(site: &Site) -> Result<String, String> {
    let Some(cloud) = model(site).map_err(|problem| format!("{problem:#}"))? else {
        return Ok("off: site.toml has no [llm], so no words leave the box for a model".to_owned());
    };
    let (name, model) = (cloud.settings.provider.name(), cloud.settings.model.clone());
    let caps =
        format!("{} cents a day, {} a month", cloud.settings.cents_a_day, cloud.settings.cents_a_month);
    let fallback = cloud.over(Arc::new(NoLedger), site, &Clock::system()).map_err(|e| format!("{e:#}"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(fallback.check()).map_err(|why| format!("{name}: {why}"))?;
    Ok(format!("{name} knows {model}; at most {caps}"))
}

/// A check asks nothing that is billed; if it tried, it would find the door shut.
struct NoLedger;

#[async_trait]
impl Ledger for NoLedger {
    async fn answer(&self, _: &str, _: UnixMs) -> Result<Option<String>, LedgerError> {
        Ok(None)
    }

    async fn reserve(&self, _: NewCall, _: Caps) -> Result<Option<i64>, LedgerError> {
        Ok(None)
    }

    async fn settle(
        &self,
        _: i64,
        _: Ended,
        _: Option<(String, String)>,
        _: UnixMs,
    ) -> Result<(), LedgerError> {
        Ok(())
    }
}
