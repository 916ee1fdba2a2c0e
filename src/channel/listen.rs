//! Polling: what came in since the last look, with an overlap, by the provider's clock.
//!
//! The cursor is durable and only moves forward once everything before it is committed. Providers list
//! late, so each poll looks a minute further back than the cursor, once a minute ten minutes and once an
//! hour a whole day; what was had before is dropped by its id, in memory first and by the desk in any case.
//! The longer looks come after a short one, so that after a stop a busy day delays no customer.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::HearError;
use super::gateway::{Gateway, lock};
use super::stats::ChannelStats;
use super::take::{self, NotTaken};
use super::watch::Watch;
use crate::clock::UnixMs;
use crate::desk::{DeskGone, Line};
use crate::site::E164;
use crate::store::texting;

/// Older than the first look by more than this is not for the box.
const OVERLAP: Duration = Duration::from_secs(10 * 60);
/// The clocks may differ when the box first looks: so far back, and what is old is not for it.
const FIRST_LOOK: Duration = Duration::from_secs(2 * 3600);
/// Committed in one go at most; other work of the desk waits as long.
const TOGETHER: usize = 50;
const LONGEST_BACKOFF: Duration = Duration::from_secs(120);
/// Conversations this old are still asked after, where a provider lists only by participant.
const OPEN_WITHIN: Duration = Duration::from_secs(7 * 24 * 3600);

/// Why a poll brought nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum PollError {
    #[error(transparent)]
    Hear(#[from] HearError),
    #[error(transparent)]
    NotTaken(#[from] NotTaken),
}

/// How far behind the cursor a poll looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Minute,
    TenMinutes,
    Day,
}

impl Reach {
    /// From when a look of this reach lists.
    fn since(self, cursor: UnixMs, now: UnixMs) -> UnixMs {
        match self {
            Reach::Minute => cursor - Duration::from_secs(60),
            Reach::TenMinutes => cursor - OVERLAP,
            Reach::Day => (cursor - OVERLAP).min(now - Duration::from_secs(24 * 3600)),
        }
    }
}

/// When the longer looks are due. None is, before a short one brought something home.
#[derive(Debug, Default)]
struct Looks {
    begun: bool,
    ten_minutes: Option<UnixMs>,
    day: Option<UnixMs>,
}

impl Looks {
    fn next(&self, now: UnixMs) -> Reach {
        let due = |at: Option<UnixMs>, every| at.is_none_or(|at| now.since(at) >= Duration::from_secs(every));
        match self.begun {
            true if due(self.day, 3600) => Reach::Day,
            true if due(self.ten_minutes, 60) => Reach::TenMinutes,
            _ => Reach::Minute,
        }
    }

    fn done(&mut self, reach: Reach, at: UnixMs) {
        self.begun = true;
        match reach {
            Reach::Minute => {}
            Reach::TenMinutes => self.ten_minutes = Some(at),
            Reach::Day => (self.ten_minutes, self.day) = (Some(at), Some(at)),
        }
    }
}

/// From when, and about whom.
struct From {
    since: UnixMs,
    numbers: Vec<E164>,
    /// By the provider's clock; none before the first look.
    begun: Option<UnixMs>,
}

impl Gateway {
    /// Polls until the desk stops. With the line down nobody is asked.
    pub async fn listen(self: Arc<Self>) {
        let mut watch = Watch::default();
        let (mut failures, mut looks) = (0_u32, Looks::default());
        loop {
            let wait = match failures {
                0 => self.settings.poll_every,
                n => self.settings.poll_every.saturating_mul(1 << n.min(6)).min(LONGEST_BACKOFF),
            };
            let paused = UnixMs(self.paused_until.load(Ordering::Relaxed)).since(self.clock.now());
            tokio::time::sleep(wait.max(paused)).await;
            let line = match self.desk.call(|desk| desk.line()).await {
                Ok(line) => line,
                Err(DeskGone) => return,
            };
            if line == Line::Down {
                continue;
            }
            let now = self.clock.now();
            let reach = looks.next(now);
            let polled = self.poll(reach).await;
            match &polled {
                Ok(()) => {
                    failures = 0;
                    looks.done(reach, now);
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    ChannelStats::count(&self.stats.polls_failed);
                    tracing::debug!(%error, failures, "texts could not be read");
                    if let PollError::Hear(HearError::Later { after_ms: Some(ms), .. }) = error {
                        let until = now + Duration::from_millis(*ms).min(LONGEST_BACKOFF * 5);
                        self.paused_until.fetch_max(until.0, Ordering::Relaxed);
                    }
                }
            }
            watch.look(&self, polled.as_ref().err()).await;
        }
    }

    /// One look at what came in.
    pub(super) async fn poll(&self, reach: Reach) -> Result<(), PollError> {
        ChannelStats::count(&self.stats.polls);
        let From { since, numbers, begun } = self.from(reach).await?;
        let mut heard = self.provider.hear(since, &numbers).await?;
        let begun = match begun {
            Some(begun) => begun,
            None => self.begin().await?,
        };
        heard.sort_by_key(|one| take::moment(one).unwrap_or_default()); // stable: as listed, where no time
        let latest = heard.iter().filter_map(take::moment).max();
        heard.retain(|one| {
            let old = take::moment(one).is_some_and(|at| at < begun - OVERLAP);
            !old && !lock(&self.had).contains(&take::key(one))
        });
        while !heard.is_empty() {
            let rest = heard.split_off(heard.len().min(TOGETHER));
            let batch = std::mem::replace(&mut heard, rest);
            let keys: Vec<String> = batch.iter().map(take::key).collect();
            self.take(batch).await?;
            let mut had = lock(&self.had);
            keys.into_iter().for_each(|key| had.insert(key));
        }
        let now = self.clock.now();
        if let Some(at) = latest.map(|at| at.min(now)) {
            let moved = self.desk.call(move |desk| {
                if texting::cursor(desk.store_ref().conn())?.is_some_and(|known| known >= at) {
                    return Ok(());
                }
                desk.store().write(|tx| texting::set_cursor(tx, at))
            });
            moved.await.map_err(NotTaken::from)?.map_err(NotTaken::from)?;
        }
        self.stats.polled_at.store(now.0, Ordering::Relaxed);
        Ok(())
    }

    async fn from(&self, reach: Reach) -> Result<From, NotTaken> {
        let found = self.desk.call(move |desk| {
            let now = desk.now();
            let db = desk.store_ref().conn();
            let cursor = texting::cursor(db)?;
            let since = match cursor {
                Some(at) => reach.since(at, now),
                None => now - FIRST_LOOK,
            };
            Ok::<From, crate::store::StoreError>(From {
                since,
                numbers: texting::numbers(db, now - OPEN_WITHIN)?,
                begun: texting::begun(db)?,
            })
        });
        Ok(found.await??)
    }

    /// The first look of all: what was written long before it, people have answered.
    async fn begin(&self) -> Result<UnixMs, NotTaken> {
        let begun = UnixMs(self.clock.now().0 + self.provider.clock_ahead_ms().unwrap_or(0));
        self.desk.call(move |desk| desk.store().write(|tx| texting::set_begun(tx, begun))).await??;
        Ok(begun)
    }
}

/// Whether anything of this is worth a person's while by itself.
pub(super) fn lasting(error: &PollError) -> Option<String> {
    match error {
        PollError::Hear(HearError::Never { why, .. }) => Some(why.clone()),
        PollError::Hear(HearError::Later { .. }) | PollError::NotTaken(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_looks_come_in_their_turn_and_never_first() {
        let (mut looks, mut now) = (Looks::default(), UnixMs(1_700_000_000_000));
        let mut seen = Vec::new();
        for _ in 0..3 {
            seen.push(looks.next(now)); // as long as nothing could be read
        }
        for _ in 0..200 {
            let reach = looks.next(now);
            seen.push(reach);
            looks.done(reach, now);
            now = now + Duration::from_secs(30);
        }
        let of = |reach| seen.iter().filter(|seen| **seen == reach).count();
        assert_eq!(
            seen[..6],
            [Reach::Minute, Reach::Minute, Reach::Minute, Reach::Minute, Reach::Day, Reach::Minute]
        );
        assert_eq!((of(Reach::Day), of(Reach::TenMinutes) > 90), (2, true), "{seen:?}");
    }
}
