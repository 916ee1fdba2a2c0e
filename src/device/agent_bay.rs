//! What one bay's agent said last, and how its messages are dated.
//!
//! A retained message is dated by the agent's own time stamp, everything else by the box's clock: what
//! was true before a command can so never verify it. Pure; talks to nobody.

use std::time::Duration;

use tokio::time::Instant;

use super::agent_wire::{Status, Wake};
use super::{NotSent, Observation};
use crate::clock::UnixMs;
use crate::site::Effect;

#[derive(Debug, Default)]
pub(super) struct BayView {
    /// `None` until its status was heard on this connection.
    pub online: Option<bool>,
    capabilities: Option<Vec<String>>,
    pub wake: Option<Wake>,
    pub simulated: bool,
    /// How far the agent's clock runs ahead of ours, in ms, learnt from live messages.
    ahead: Option<i64>,
    /// When its absence is to be reported.
    pub gone_at: Option<Instant>,
    /// Until when an effect is being watched, so that every word of the agent counts.
    pub watched_until: UnixMs,
}

impl BayView {
    /// Takes in a status and says what it shows.
    pub fn status(&mut self, status: Status, grace: Duration) -> Vec<Observation> {
        self.simulated = status.simulated;
        // A last will without the record still belongs to the PC that announced one.
        self.wake = status.wake.or(self.wake.take().filter(|_| !status.online));
        self.online = Some(status.online);
        if !status.online {
            self.gone_at.get_or_insert_with(|| Instant::now() + grace);
            return Vec::new();
        }
        self.capabilities = status.capabilities;
        self.gone_at = None;
        let reachable = Observation::Reachable { online: true, effect: None, reason: None };
        std::iter::once(reachable).chain(status.boot_id.map(|id| Observation::Boot { id })).collect()
    }

    /// Whether the agent can be given this command.
    pub fn takes(&self, effect: Effect) -> Result<(), NotSent> {
        match self.online {
            None => return Err(NotSent::Offline("the bay's agent has not reported yet".to_owned())),
            Some(false) => return Err(NotSent::Offline("the bay's agent is offline".to_owned())),
            Some(true) => {}
        }
        let able = self.capabilities.as_ref().is_none_or(|all| all.iter().any(|c| c == effect.name()));
        if able { Ok(()) } else { Err(NotSent::Unsupported(effect)) }
    }

    /// When a live message's content was true: now. Learns how the agent's clock stands.
    pub fn live(&mut self, written: Option<i64>, now: UnixMs) -> UnixMs {
        if let Some(written) = written {
            self.ahead = Some(written.saturating_sub(now.0));
        }
        now
    }

    /// When a message that the broker kept was true: when the agent wrote it, in the box's time. One
    /// without a date, or with one from the future, is taken to be as old as `oldest`.
    pub fn kept(&self, written: Option<i64>, now: UnixMs, oldest: UnixMs) -> UnixMs {
        let at = written.map(|at| at.saturating_sub(self.ahead.unwrap_or(0).max(0)));
        at.filter(|at| *at <= now.0).map_or(oldest, UnixMs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs(100_000);
    const STARTED: UnixMs = UnixMs(10_000);

    #[test]
    fn a_kept_message_is_as_old_as_its_writer_says() {
        let view = BayView::default();
        assert_eq!(view.kept(Some(90_000), NOW, STARTED), UnixMs(90_000));
        assert_eq!(view.kept(None, NOW, STARTED), STARTED);
        assert_eq!(view.kept(Some(100_001), NOW, STARTED), STARTED, "written in the future");
        assert_eq!(view.kept(Some(i64::MIN), NOW, STARTED), UnixMs(i64::MIN));
    }

    #[test]
    fn a_clock_that_runs_ahead_makes_nothing_younger() {
        let mut view = BayView::default();
        assert_eq!(view.live(Some(NOW.0 + 50_000), NOW), NOW);
        assert_eq!(view.kept(Some(NOW.0 + 50_000), UnixMs(NOW.0 + 60_000), STARTED), NOW);
        view.live(Some(NOW.0 - 50_000), NOW);
        assert_eq!(
            view.kept(Some(90_000), NOW, STARTED),
            UnixMs(90_000),
            "one that is behind only proves less"
        );
    }
}
