//! What is wrong with the text line as a whole: it cannot be read, it is strangely quiet, a clock is off.

use std::time::Duration;

use super::gateway::Gateway;
use super::listen::{PollError, lasting};
use crate::clock::UnixMs;
use crate::site::Site;
use crate::store::texting;

/// Polls that failed for this long are told to people; a flapping line is not.
const TELL_AFTER: Duration = Duration::from_secs(5 * 60);
/// Clocks that differ by more than this are told, by less than half of it are right again.
const CLOCK_OFF: Duration = Duration::from_secs(120);
/// In steps of this the hours of the day are counted.
const STEP: Duration = Duration::from_secs(15 * 60);
/// How often it is looked at how quiet it is.
const QUIET_EVERY: Duration = Duration::from_secs(60);
const SILENCE: &str = "texts-silent";

/// What has been told already.
#[derive(Debug, Default)]
pub(super) struct Watch {
    failing_since: Option<UnixMs>,
    /// Whether it was told last that the line works; none before the first poll.
    told_well: Option<bool>,
    told_clock: bool,
    told_silence: bool,
    looked_at: Option<UnixMs>,
}

impl Watch {
    /// After each poll.
    pub async fn look(&mut self, gateway: &Gateway, error: Option<&PollError>) {
        let now = gateway.clock.now();
        self.health(gateway, error, now).await;
        if error.is_none() {
            self.clocks(gateway).await;
        }
        if self.looked_at.is_none_or(|at| now.since(at) >= QUIET_EVERY) {
            self.looked_at = Some(now);
            self.silence(gateway, now).await;
        }
    }

    /// The one place at which the line's health is told.
    async fn health(&mut self, gateway: &Gateway, error: Option<&PollError>, now: UnixMs) {
        let name = gateway.name();
        let Some(error) = error else {
            self.failing_since = None;
            if self.told_well != Some(true) {
                self.told_well = Some(true);
                gateway.settle(move |desk| desk.channel_health(name, Ok(()))).await;
            }
            return;
        };
        let since = *self.failing_since.get_or_insert(now);
        let why = lasting(error);
        if self.told_well == Some(false) || (why.is_none() && now.since(since) < TELL_AFTER) {
            return;
        }
        self.told_well = Some(false);
        tracing::warn!(%error, provider = name, "texts cannot be read");
        let why = why.unwrap_or_else(|| format!("texts cannot be read: {error}"));
        gateway.settle(move |desk| desk.channel_health(name, Err(why.clone()))).await;
    }

    async fn clocks(&mut self, gateway: &Gateway) {
        let Some(ahead) = gateway.provider.clock_ahead_ms() else { return };
        let off = Duration::from_millis(ahead.unsigned_abs());
        if off < CLOCK_OFF / 2 {
            self.told_clock = false;
        }
        if off < CLOCK_OFF || self.told_clock {
            return;
        }
        self.told_clock = true;
        let which = if ahead > 0 { "behind" } else { "ahead of" };
        let text = format!(
            "The clock of this box is {} min {which} the text provider's: codes, bookings and doors go by it.",
            off.as_secs() / 60
        );
        tracing::warn!(ahead_ms = ahead, "the clock of this box is wrong");
        gateway.settle(move |desk| desk.texts_notice(&text, None)).await;
    }

    async fn silence(&mut self, gateway: &Gateway, now: UnixMs) {
        let longest = gateway.settings.silence_alarm;
        let found = gateway.desk.call(move |desk| {
            let db = desk.store_ref().conn();
            let last = texting::last_in(db)?.max(texting::begun(db)?);
            Ok::<_, crate::store::StoreError>(last.map(|last| by_day(desk.site(), last, now, longest)))
        });
        let Ok(Ok(Some(quiet))) = found.await else { return };
        if quiet < longest {
            if std::mem::take(&mut self.told_silence) || quiet < STEP {
                gateway.settle(|desk| desk.texts_over(SILENCE)).await;
            }
            return;
        }
        if std::mem::replace(&mut self.told_silence, true) {
            return;
        }
        let hours = longest.as_secs() / 3600;
        let text =
            format!("No text has come in for {hours} hours of the day: text the club's number to try it.");
        gateway
            .settle(move |desk| {
                let open = crate::store::escalation::open(desk.store_ref().conn())?;
                if open.iter().any(|e| e.intent == SILENCE) {
                    return Ok(());
                }
                desk.texts_notice(&text, Some(SILENCE))
            })
            .await;
    }
}

/// How much of the time between two moments was not in quiet hours; counted up to a little over `enough`.
pub(super) fn by_day(site: &Site, from: UnixMs, to: UnixMs, enough: Duration) -> Duration {
    let (mut at, mut sum) = (from, Duration::ZERO);
    while at < to && sum <= enough {
        let step = STEP.min(to.since(at));
        if !site.is_quiet(at) {
            sum += step;
        }
        at = at + step;
    }
    sum
}
