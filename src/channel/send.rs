//! One text on its way out: one try, and what follows a try without an answer.
//!
//! No provider takes an idempotency key. So a try that nobody answered is looked for, several times over
//! about two minutes; only if it is surely not there is it tried once more, and what stays open after that
//! is *maybe sent* and a person's. Two texts are worse than one that a person looks at.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::gateway::{Gateway, Job};
use super::stats::ChannelStats;
use super::{Refusal, SendError};
use crate::clock::UnixMs;
use crate::desk::TextRefusal;
use crate::site::E164;
use crate::store::outbox::Outgoing;
use crate::store::texting;

/// The provider's clock may be this far from ours, and the text is still found.
const CLOCKS_DIFFER: Duration = Duration::from_secs(2 * 3600);
/// Between tries that the provider put off without saying for how long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// When a text is looked for, in shares of the time it is looked for in all.
const LOOKS: [f64; 5] = [0.01, 0.05, 0.2, 0.5, 1.0];
/// A program that was stopped sends nothing any more: what it sent shows up within this time.
const AFTER_RESTART: Duration = Duration::from_secs(20);
/// Looks that fail (the line is down) are made again this often …
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// … until a person is better placed to find out.
const GIVE_UP_AFTER: u32 = 20;

impl Gateway {
    pub(super) async fn work(self: &Arc<Self>, job: Job) {
        match job {
            Job::Send(text) => self.try_once(text).await,
            Job::LookUp(text) => {
                let gateway = self.clone();
                let within = AFTER_RESTART.min(self.settings.look_up_for);
                tokio::spawn(async move { gateway.resolve(text, within).await });
            }
        }
    }

    /// One try. The row is `sending`: the desk has committed that before it said so.
    async fn try_once(self: &Arc<Self>, text: Outgoing) {
        let Ok(to) = text.address.parse::<E164>() else {
            let why = "the number is no phone number".to_owned();
            return self.refused(text.id, why, TextRefusal::Text).await;
        };
        let now = self.clock.now();
        let paused = UnixMs(self.paused_until.load(Ordering::Relaxed));
        if paused > now {
            return self.put_off(text.id, "the provider asked to wait".into(), paused).await;
        }
        match self.provider.send(&to, &text.body).await {
            Ok(accepted) => {
                ChannelStats::count(&self.stats.sent);
                let id = text.id;
                self.settle(move |desk| {
                    desk.text_answered(id, &accepted.provider_id)?;
                    desk.texts_leave()
                })
                .await;
            }
            Err(SendError::Later { why, after_ms }) => {
                let asked = after_ms.map(Duration::from_millis);
                let pause = asked.unwrap_or_else(|| backoff(text.attempts)).min(LONGEST_PAUSE * 10);
                let until = self.clock.now() + pause;
                if asked.is_some() {
                    self.paused_until.fetch_max(until.0, Ordering::Relaxed);
                }
                self.put_off(text.id, why, until).await;
            }
            Err(SendError::Never { why, kind }) => self.refused(text.id, why, refusal(kind)).await,
            Err(SendError::Unclear(why)) => {
                ChannelStats::count(&self.stats.unclear);
                tracing::warn!(text = text.id, why, "a text got no answer; it is looked for");
                let (gateway, within) = (self.clone(), self.settings.look_up_for);
                tokio::spawn(async move { gateway.resolve(text, within).await });
            }
        }
    }

    async fn put_off(&self, id: i64, why: String, until: UnixMs) {
        ChannelStats::count(&self.stats.put_off);
        self.settle(move |desk| desk.text_later(id, &why, until)).await;
    }

    async fn refused(&self, id: i64, why: String, kind: TextRefusal) {
        ChannelStats::count(&self.stats.refused);
        tracing::warn!(text = id, why, "a text was refused for good");
        self.settle(move |desk| desk.text_refused(id, &why, kind)).await;
    }

    /// Finds out whether a text left, and does what follows.
    async fn resolve(self: Arc<Self>, text: Outgoing, within: Duration) {
        let Ok(to) = text.address.parse::<E164>() else { return };
        let since = text.sending_at.unwrap_or(text.queued_at) - CLOCKS_DIFFER;
        let mut before = 0.0;
        let mut missing = 0; // looks in a row that surely did not find it
        for share in LOOKS {
            tokio::time::sleep(within.mul_f64(share - before)).await;
            before = share;
            match self.look(&to, &text, since).await {
                Look::Found => return,
                Look::Missing => missing += 1,
                Look::Failed => missing = 0,
            }
        }
        for _ in 0..GIVE_UP_AFTER {
            if missing >= 2 {
                return self.once_more(text).await;
            }
            tokio::time::sleep(LOOK_AGAIN.min(within)).await;
            match self.look(&to, &text, since).await {
                Look::Found => return,
                Look::Missing => missing += 1,
                Look::Failed => missing = 0,
            }
        }
        self.give_up(text.id, "the provider could not be asked whether it left").await;
    }

    async fn look(&self, to: &E164, text: &Outgoing, since: UnixMs) -> Look {
        let address = text.address.clone();
        let known = self.desk.call(move |desk| texting::known_ids(desk.store_ref().conn(), &address)).await;
        let Ok(Ok(known)) = known else { return Look::Failed };
        self.provider.account_for(&known);
        match self.provider.look_up(to, &text.body, since).await {
            Ok(Some(accepted)) => {
                let id = text.id;
                let ours = self.settle(move |desk| desk.text_accepted(id, &accepted.provider_id)).await;
                if ours != Some(true) {
                    return Look::Missing;
                }
                ChannelStats::count(&self.stats.found);
                Look::Found
            }
            Ok(None) => Look::Missing,
            Err(error) => {
                tracing::debug!(%error, "a text could not be looked for");
                Look::Failed
            }
        }
    }

    /// It is surely not there: the one repeat, or a person.
    async fn once_more(self: &Arc<Self>, text: Outgoing) {
        let id = text.id;
        match self.settle(move |desk| desk.text_repeats(id)).await {
            Some(true) => {
                ChannelStats::count(&self.stats.repeated);
                tracing::warn!(text = id, "a text never reached the provider; it is sent once more");
                let now = self.clock.now();
                let again = Outgoing { sending_at: Some(now), repeated: true, ..text };
                self.deliver(again);
            }
            Some(false) => self.give_up(id, "it got no answer twice and is not at the provider").await,
            None => {}
        }
    }

    async fn give_up(&self, id: i64, why: &'static str) {
        ChannelStats::count(&self.stats.maybe);
        self.settle(move |desk| desk.text_maybe(id, why)).await;
    }
}

enum Look {
    /// It is there, and noted.
    Found,
    /// The provider answered, and it is not there.
    Missing,
    /// Nothing was learned.
    Failed,
}

/// 1 s, 2 s, 4 s … 60 s.
fn backoff(attempts: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << attempts.saturating_sub(1).min(8));
    doubled.min(LONGEST_PAUSE)
}

fn refusal(kind: Refusal) -> TextRefusal {
    match kind {
        Refusal::Key | Refusal::NotApproved | Refusal::NoCredit => TextRefusal::Account,
        Refusal::OptedOut => TextRefusal::OptedOut,
        Refusal::Text => TextRefusal::Text,
    }
}
