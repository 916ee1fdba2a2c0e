//! The gateway: stands between the desk and one text provider.
//!
//! Owns the order in which texts to one number leave, what is done about a try without an answer, the
//! polling, and the taking of webhooks. Holds nothing that must survive: every fact is the desk's (outbox,
//! cursor, webhooks seen), so that a kill at any point loses and repeats nothing.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::stats::ChannelStats;
use super::{Hook, NotBelieved, TextProvider};
use crate::clock::Clock;
use crate::desk::{Desk, DeskGone, DeskHandle};
use crate::site::Texts;
use crate::store::outbox::Outgoing;
use crate::store::{StoreError, texting};

/// A commit that fails (a full disk) is tried again this often; what is reported is not lost for it.
const COMMIT_AGAIN: Duration = Duration::from_secs(1);

/// After a defect, before reading begins again.
const AFTER_DEFECT: Duration = Duration::from_secs(5);

/// How a gateway behaves. All of it from `site.toml`.
#[derive(Debug, Clone)]
pub struct Settings {
    pub poll_every: Duration,
    /// By day, nothing coming in for this long is an alarm.
    pub silence_alarm: Duration,
    /// A try without an answer is looked for this long before it is repeated once.
    pub look_up_for: Duration,
    /// The address the provider signs.
    pub webhook_url: Option<String>,
    /// Everything on this line is simulated.
    pub simulated: bool,
}

impl Settings {
    pub fn of(texts: &Texts) -> Settings {
        Settings {
            poll_every: texts.poll_every,
            silence_alarm: texts.silence_alarm,
            look_up_for: texts.look_up_for,
            webhook_url: texts.webhook_url.clone(),
            simulated: false,
        }
    }
}

/// One text line. Made once, shared by whatever sends, polls and takes webhooks.
pub struct Gateway {
    pub(super) provider: Arc<dyn TextProvider>,
    pub(super) desk: DeskHandle,
    pub(super) clock: Clock,
    pub(super) settings: Settings,
    pub(super) stats: Arc<ChannelStats>,
    /// Texts in order, by number; a lane is there while somebody works on it.
    lanes: Mutex<HashMap<String, VecDeque<Job>>>,
    /// The provider asked to be left alone until then (Unix ms).
    pub(super) paused_until: AtomicI64,
    /// Ids that are committed already, so that the overlap of polls costs no commit.
    pub(super) had: Mutex<Had>,
}

/// The latest ids, a bounded number of them.
#[derive(Default)]
pub(super) struct Had {
    ids: HashSet<String>,
    order: VecDeque<String>,
}

impl Had {
    const MOST: usize = 20_000;

    pub fn contains(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    pub fn insert(&mut self, id: String) {
        if self.ids.insert(id.clone()) {
            self.order.push_back(id);
        }
        while self.order.len() > Had::MOST {
            if let Some(oldest) = self.order.pop_front() {
                self.ids.remove(&oldest);
            }
        }
    }
}

/// What is to be done about one text.
#[derive(Debug)]
pub(super) enum Job {
    Send(Outgoing),
    LookUp(Outgoing),
}

/// What became of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookVerdict {
    /// Committed (now or before): it need not come again.
    Taken,
    NotBelieved(NotBelieved),
    /// It could not be committed: it is to come again.
    Busy,
}

impl Gateway {
    pub fn new(
        provider: Arc<dyn TextProvider>,
        desk: DeskHandle,
        clock: Clock,
        settings: Settings,
    ) -> Arc<Gateway> {
        Arc::new(Gateway {
            provider,
            desk,
            clock,
            settings,
            stats: Arc::default(),
            lanes: Mutex::default(),
            paused_until: AtomicI64::new(0),
            had: Mutex::default(),
        })
    }

    /// The provider's name: `quo`, `twilio`.
    pub fn name(&self) -> &'static str {
        self.provider.name()
    }

    pub fn stats(&self) -> Arc<ChannelStats> {
        self.stats.clone()
    }

    /// Sends a text: after those to the same number that were handed over before. Returns at once.
    pub fn deliver(self: &Arc<Self>, text: Outgoing) {
        self.enqueue(text.address.clone(), Job::Send(text));
    }

    /// Finds out what became of a text that was in mid-send when the program stopped. Returns at once.
    pub fn look_up(self: &Arc<Self>, text: Outgoing) {
        self.enqueue(text.address.clone(), Job::LookUp(text));
    }

    fn enqueue(self: &Arc<Self>, address: String, job: Job) {
        let mut lanes = lock(&self.lanes);
        if let Some(lane) = lanes.get_mut(&address) {
            lane.push_back(job);
            return;
        }
        lanes.insert(address.clone(), VecDeque::from([job]));
        let gateway = self.clone();
        tokio::spawn(async move {
            while let Some(job) = gateway.next_of(&address) {
                gateway.clone().one(job).await;
            }
        });
    }

    /// A task of its own, so that a defect in one text's way stops no other: it may have left, and is
    /// looked for.
    async fn one(self: Arc<Self>, job: Job) {
        let (Job::Send(text) | Job::LookUp(text)) = &job;
        let (text, gateway) = (text.clone(), self.clone());
        if tokio::spawn(async move { gateway.work(job).await }).await.is_err_and(|end| end.is_panic()) {
            tracing::error!(text = text.id, "a defect stopped the sending of a text; it is looked for");
            self.work(Job::LookUp(text)).await;
        }
    }

    /// Listens until the desk stops; a defect in what was heard does not make the box deaf.
    pub async fn run(self: Arc<Self>) {
        loop {
            let mut listening = tokio::task::JoinSet::new(); // ends with this task
            listening.spawn(self.clone().listen());
            match listening.join_next().await {
                Some(Err(end)) if end.is_panic() => {
                    tracing::error!("a defect stopped the reading of texts; it begins again");
                    tokio::time::sleep(AFTER_DEFECT).await;
                }
                _ => return,
            }
        }
    }

    fn next_of(&self, address: &str) -> Option<Job> {
        let mut lanes = lock(&self.lanes);
        let job = lanes.get_mut(address).and_then(VecDeque::pop_front);
        if job.is_none() {
            lanes.remove(address);
        }
        job
    }

    /// Takes a webhook: believed by its signature alone, committed before this returns `Taken`.
    pub async fn hook(&self, headers: &[(String, String)], body: &[u8]) -> HookVerdict {
        let url = self.settings.webhook_url.as_deref().unwrap_or_default();
        let hook = Hook { url, headers, body, now: self.clock.now() };
        let id = hook_id(&hook);
        let heard = match self.provider.hook(hook) {
            Ok(heard) => heard,
            Err(why) => {
                ChannelStats::count(&self.stats.hooks_refused);
                tracing::info!(provider = self.name(), %why, "a webhook was not believed");
                return HookVerdict::NotBelieved(why);
            }
        };
        ChannelStats::count(&self.stats.hooks);
        let known = id.clone();
        match self.desk.call(move |desk| texting::hook_seen(desk.store_ref().conn(), &known)).await {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => {
                ChannelStats::count(&self.stats.hooks_again);
                return HookVerdict::Taken;
            }
            Ok(Err(_)) | Err(_) => return HookVerdict::Busy,
        }
        if self.take(heard).await.is_err() {
            return HookVerdict::Busy;
        }
        let seen = self.desk.call(move |desk| {
            let now = desk.now();
            desk.store().write(|tx| texting::see_hook(tx, &id, now))
        });
        if matches!(seen.await, Ok(Ok(()))) { HookVerdict::Taken } else { HookVerdict::Busy }
    }

    /// Tells the desk, again and again until it is committed: a store failure after a send is not a send
    /// failure. `None` while the program stops.
    pub(super) async fn settle<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Desk) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Option<T> {
        let work = Arc::new(work);
        loop {
            let this = work.clone();
            match self.desk.call(move |desk| this(desk)).await {
                Ok(Ok(done)) => return Some(done),
                Ok(Err(error)) => tracing::error!(%error, "what the text line reported could not be stored"),
                Err(DeskGone) => return None,
            }
            tokio::time::sleep(COMMIT_AGAIN).await;
        }
    }
}

/// What tells one delivery of a webhook from the next: the provider's own id of it, else its bytes.
fn hook_id(hook: &Hook<'_>) -> String {
    use sha2::{Digest, Sha256};
    let named = hook.header("webhook-id").or_else(|| hook.header("i-twilio-idempotency-token"));
    match named {
        Some(id) => format!("id:{}", id.chars().take(200).collect::<String>()),
        None => {
            let digest = Sha256::digest(hook.body);
            format!("sha256:{}", digest.iter().map(|b| format!("{b:02x}")).collect::<String>())
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
