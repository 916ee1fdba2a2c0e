//! A pretended plug: its relay, its own timer, and the hand on the simulated club that makes it misbehave.
//!
//! Owns the relay's state. What carries it to a wire is elsewhere ([`super::shelly_server`], [`super::shelly_mqtt`]).
//! Which behaviour counts follows from what it is told: off with a timer is a power cycle of its target.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::control::SimControl;
use super::device_port::lock;
use super::model::Schedule;
use crate::clock::Clock;
use crate::device::{NotSent, Observation};
use crate::site::{Effect, Target};

/// Watts that what hangs on it draws while it is on.
const WATTS: f64 = 40.0;

pub(super) struct Plug {
    pub target: Target,
    pub control: SimControl,
    clock: Clock,
    relay: Mutex<Relay>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Relay {
    pub on: bool,
    /// When it turns back, and after how long in all.
    pub timer: Option<(Instant, Duration)>,
    /// How often it was told something: an older timer has no say any more.
    told: u64,
}

impl Relay {
    pub fn watts(&self) -> f64 {
        if self.on { WATTS } else { 0.0 }
    }
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Done {
    Took {
        was_on: bool,
    },
    Refused(String),
    /// It never says anything.
    Silent,
}

impl Plug {
    pub fn new(target: Target, control: SimControl, clock: Clock) -> Arc<Plug> {
        let relay = Mutex::new(Relay { on: true, timer: None, told: 0 });
        Arc::new(Plug { target, control, clock, relay, changed: watch::Sender::new(0) })
    }

    pub fn relay(&self) -> Relay {
        *lock(&self.relay)
    }

    /// Wakes whenever the relay moves.
    pub fn moves(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Whether it is on the network: an outlet does not hang on the bay's computer.
    pub fn there(&self) -> bool {
        let offline =
            [false, true].into_iter().flat_map(|on| [(on, true), (on, false)]).any(|(on, timed)| {
                let effect = self.effect(on, timed);
                effect.is_some_and(|e| self.control.behaviour(&self.target, e) == super::Behaviour::Offline)
            });
        let bay = self.target.bay().is_some();
        let known = self.control.targets().contains(&self.target);
        !offline && (bay || !known || self.control.reachable(self.clock.now(), &self.target))
    }

    /// Tells the relay, and turns it back after `after` by its own timer. Goes on although nobody waits for it.
    pub async fn turn(self: &Arc<Plug>, on: bool, after: Option<Duration>) -> Done {
        let plug = self.clone();
        let done = tokio::spawn(async move { plug.carry_out(on, after).await }).await;
        done.unwrap_or(Done::Silent)
    }

    async fn carry_out(self: Arc<Plug>, on: bool, after: Option<Duration>) -> Done {
        let was_on = self.relay().on;
        let Some(effect) = self.effect(on, after.is_some()) else { return self.move_now(on, after) };
        let now = self.clock.now();
        let schedule: Schedule = match self.control.command(now, 0, effect, &self.target, None) {
            Ok(schedule) => schedule,
            Err(NotSent::Offline(_)) => return Done::Silent,
            // None of the club's devices: it simply works.
            Err(NotSent::Unsupported(_) | NotSent::Cannot(_)) => return self.move_now(on, after),
        };
        let works = schedule.len() > 1;
        let Some((at, answer)) = schedule.into_iter().next() else { return Done::Silent };
        tokio::time::sleep(at.since(now)).await;
        match answer {
            Observation::Rejected { reason, .. } => Done::Refused(reason),
            _ if works => self.move_now(on, after),
            // A liar.
            _ => Done::Took { was_on },
        }
    }

    fn move_now(self: Arc<Plug>, on: bool, after: Option<Duration>) -> Done {
        let (was_on, told) = {
            let mut relay = lock(&self.relay);
            let was_on = relay.on;
            let timer = after.map(|after| (Instant::now() + after, after));
            *relay = Relay { on, timer, told: relay.told + 1 };
            (was_on, relay.told)
        };
        self.tell();
        if let Some(after) = after {
            tokio::spawn(async move {
                tokio::time::sleep(after).await;
                let mut relay = lock(&self.relay);
                if relay.told == told {
                    *relay = Relay { on: !on, timer: None, told };
                }
                drop(relay);
                self.tell();
            });
        }
        Done::Took { was_on }
    }

    fn tell(&self) {
        self.changed.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// The effect of the club that such a command stands for.
    fn effect(&self, on: bool, timed: bool) -> Option<Effect> {
        match (self.target.as_str(), on, timed) {
            ("audio", false, true) => Some(Effect::AudioRestart),
            ("lights", true, false) => Some(Effect::LightsOn),
            ("lights", false, false) => Some(Effect::LightsOff),
            (_, false, true) if self.target.bay().is_some() => Some(Effect::OutletCycle),
            (_, true, false) if self.target.bay().is_some() => Some(Effect::TvOn),
            (_, false, false) if self.target.bay().is_some() => Some(Effect::TvOff),
            _ => None,
        }
    }
}
