//! The hand on the simulated club: tests and the demo page make devices lie with it. Owns sharing of the
//! one [`SimClub`]; cheap to clone, all clones steer the same club.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::behaviour::Behaviour;
use super::model::{Schedule, SimClub, unreadable};
use crate::clock::UnixMs;
use crate::device::{NotSent, Observation};
use crate::site::{Effect, Target};

#[derive(Debug, Clone)]
pub struct SimControl {
    club: Arc<Mutex<SimClub>>,
    changed: Arc<watch::Sender<u64>>,
}

impl SimControl {
    pub fn new(club: SimClub) -> SimControl {
        SimControl { club: Arc::new(Mutex::new(club)), changed: Arc::new(watch::Sender::new(0)) }
    }

    /// Sets how a device behaves towards an effect from the next command on.
    pub fn set(&self, target: &Target, effect: Effect, behaviour: Behaviour) {
        self.club().set(target.clone(), effect, behaviour);
        self.tell();
    }

    /// Plugs a device in or out.
    pub fn set_online(&self, now: UnixMs, target: &Target, online: bool) -> Schedule {
        let seen = self.club().set_online(now, target, online);
        self.tell();
        seen
    }

    pub fn behaviour(&self, target: &Target, effect: Effect) -> Behaviour {
        self.club().behaviour(target, effect)
    }

    /// Every simulated device, every effect it has, and how it behaves now.
    pub fn list(&self) -> Vec<(Target, Effect, Behaviour)> {
        self.club().list()
    }

    pub fn targets(&self) -> Vec<Target> {
        self.club().targets().cloned().collect()
    }

    pub fn snapshot(&self, now: UnixMs, target: &Target) -> Vec<Observation> {
        self.club().snapshot(now, target)
    }

    pub fn reachable(&self, now: UnixMs, target: &Target) -> bool {
        self.club().reachable(now, target)
    }

    /// See [`SimClub::command`].
    ///
    /// # Errors
    /// The device is offline, or is none that can do this; nothing was sent.
    pub fn command(
        &self,
        now: UnixMs,
        effect_id: i64,
        effect: Effect,
        target: &Target,
        value: Option<f32>,
    ) -> Result<Schedule, NotSent> {
        self.club().command(now, effect_id, effect, target, value)
    }

    /// See [`SimClub::command_own`].
    ///
    /// # Errors
    /// The device is offline, or is none that can do this.
    pub(super) fn command_own(
        &self,
        now: UnixMs,
        effect: Effect,
        target: &Target,
    ) -> Result<Schedule, NotSent> {
        self.club().command_own(now, effect, target)
    }

    /// Whether the target has power.
    pub(super) fn powered(&self, target: &Target) -> bool {
        self.club().powered(target)
    }

    /// Whether a part of a bay (`projector`, `tv`) can be read back now.
    pub(super) fn readable(&self, target: &Target, part: &str) -> bool {
        !unreadable(&self.club(), target).contains(part)
    }

    /// Whether a device is plugged in, whatever else is wrong with it.
    pub(super) fn is_plugged(&self, target: &Target) -> bool {
        self.club().is_plugged(target)
    }

    /// Wakes whenever a behaviour or a plug was changed by hand.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn tell(&self) {
        self.changed.send_modify(|n| *n = n.wrapping_add(1));
    }

    fn club(&self) -> MutexGuard<'_, SimClub> {
        self.club.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
