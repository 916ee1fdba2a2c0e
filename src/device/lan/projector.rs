//! What all projectors share: a lamp that is left in peace while it warms up and cools down.
//!
//! Owns the order of steps for each effect and how long they are waited for; knows no protocol. A projector has no
//! timer of its own, so a power-cycle is off, seen in standby, on: what was switched off is not left off.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, sleep};

use super::super::call::CallError;
use super::super::{Observation, Part};
use super::Told;
use crate::policy::Permit;
use crate::site::Effect;

/// What a lamp does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lamp {
    Standby,
    On,
    Cooling,
    Warming,
    /// It warms up or cools down and does not say which.
    Busy,
}

impl Lamp {
    /// What it proves. While it warms up there is no picture yet, but nor is it off: it proves nothing.
    pub fn power(self) -> Option<Observation> {
        let on = match self {
            Lamp::Standby | Lamp::Cooling => false,
            Lamp::On => true,
            Lamp::Warming | Lamp::Busy => return None,
        };
        Some(Observation::Power { part: Part::Projector, on })
    }

    fn doing(self) -> &'static str {
        match self {
            Lamp::Cooling => "it is still cooling down",
            Lamp::Warming => "it is still warming up",
            Lamp::Standby | Lamp::On | Lamp::Busy => "it is still warming up or cooling down",
        }
    }
}

/// How a projector says no.
#[derive(Debug)]
pub(super) enum Nay {
    /// Later perhaps; nothing was done.
    NotNow(String),
    Call(CallError),
}

impl From<CallError> for Nay {
    fn from(error: CallError) -> Nay {
        Nay::Call(error)
    }
}

impl From<Nay> for CallError {
    fn from(nay: Nay) -> CallError {
        match nay {
            Nay::NotNow(why) => CallError::Refused(format!("not now: {why}")),
            Nay::Call(error) => error,
        }
    }
}

/// One projector in one conversation, which it may break off at any time: each call connects anew if it must.
#[async_trait]
pub(super) trait Remote: Send {
    async fn lamp(&mut self) -> Result<Lamp, CallError>;
    async fn switch(&mut self, on: bool) -> Result<(), Nay>;
    /// Chooses the input that the site names.
    async fn choose(&mut self) -> Result<(), Nay>;
}

/// The longest that [`carry_out`] takes, where a lamp is waited for `settle` at a time.
pub(super) fn longest(effect: Effect, settle: Duration) -> Duration {
    match effect {
        Effect::ProjectorCycle => settle * 5,
        other => other.verify_within(),
    }
}

/// Carries an effect out, step by step.
pub(super) async fn carry_out(
    remote: &mut impl Remote,
    permit: &Permit,
    told: &Told<'_>,
) -> Result<(), CallError> {
    let mut steps = Steps { remote, permit, told };
    match permit.effect() {
        Effect::ProjectorOn => steps.bring(Lamp::On).await,
        Effect::ProjectorOff => steps.bring(Lamp::Standby).await,
        Effect::ProjectorInput => steps.choose().await,
        Effect::ProjectorCycle => steps.cycle().await,
        other => Err(CallError::Refused(format!("a projector cannot do {other}"))),
    }
}

struct Steps<'a, R> {
    remote: &'a mut R,
    permit: &'a Permit,
    told: &'a Told<'a>,
}

impl<R: Remote> Steps<'_, R> {
    /// Waits until the lamp rests, and tells it to go where it is not yet.
    async fn bring(&mut self, wanted: Lamp) -> Result<(), CallError> {
        let until = self.in_a_while(1);
        loop {
            if self.at_rest(until).await? == wanted {
                return Ok(());
            }
            self.told.still_good(self.permit)?;
            match self.remote.switch(wanted == Lamp::On).await {
                Err(Nay::NotNow(_)) if Instant::now() < until => self.pause().await,
                answered => return Ok(answered?),
            }
        }
    }

    async fn choose(&mut self) -> Result<(), CallError> {
        let until = self.in_a_while(1);
        loop {
            if self.at_rest(until).await? == Lamp::Standby {
                return Err(CallError::Refused(
                    "it is off, and an input is only chosen when it is on".into(),
                ));
            }
            self.told.still_good(self.permit)?;
            match self.remote.choose().await {
                Err(Nay::NotNow(_)) if Instant::now() < until => self.pause().await,
                answered => return Ok(answered?),
            }
        }
    }

    async fn cycle(&mut self) -> Result<(), CallError> {
        let until = self.in_a_while(1);
        let mut doubt = CallError::Unclear("it said that it goes off, and stays on".to_owned());
        while self.at_rest(until).await? == Lamp::On {
            self.told.still_good(self.permit)?;
            match self.remote.switch(false).await {
                Ok(()) => break,
                Err(Nay::NotNow(_)) if Instant::now() < until => self.pause().await,
                // It may go off all the same, and then has to come back.
                Err(Nay::Call(error @ (CallError::NoAnswer(_) | CallError::Unclear(_)))) => {
                    doubt = error;
                    break;
                }
                Err(nay) => return Err(nay.into()),
            }
        }
        self.told.left();
        self.come_back(doubt).await
    }

    /// It was told to go off. Waits for standby, switches on and tries again until it takes it; the permit no
    /// longer matters, a lost answer neither. `doubt` is why it may not have heard.
    async fn come_back(&mut self, mut doubt: CallError) -> Result<(), CallError> {
        let (obeys, last) = (self.in_a_while(1), self.in_a_while(3));
        let (mut was_off, mut tried) = (false, false);
        loop {
            match self.remote.lamp().await {
                Ok(Lamp::Standby) => {
                    was_off = true;
                    self.told.saw(Observation::Power { part: Part::Projector, on: false }).await;
                    tried = true;
                    match self.remote.switch(true).await {
                        Ok(()) => return Ok(()),
                        Err(Nay::Call(error @ CallError::Refused(_))) => return Err(error),
                        Err(nay) => doubt = nay.into(),
                    }
                }
                // Its yes got lost.
                Ok(Lamp::On | Lamp::Warming) if tried => return Ok(()),
                Ok(Lamp::On) if !was_off && Instant::now() >= obeys => return Err(doubt),
                Ok(_) => {}
                Err(error) => doubt = error,
            }
            if Instant::now() >= last {
                return Err(CallError::NoAnswer(format!(
                    "it was told to go off and is not back on: {doubt}"
                )));
            }
            self.pause().await;
        }
    }

    /// Waits until the lamp is in standby or on. Nothing was sent yet that does anything.
    async fn at_rest(&mut self, until: Instant) -> Result<Lamp, CallError> {
        let mut waits = None;
        loop {
            match self.remote.lamp().await {
                Ok(lamp @ (Lamp::Standby | Lamp::On)) => return Ok(lamp),
                Ok(lamp) => waits = Some(lamp),
                // One that is known to be busy may miss a question.
                Err(error) if waits.is_none() => return Err(not_sent(error)),
                Err(_) => {}
            }
            if let Some(lamp) = waits.filter(|_| Instant::now() >= until) {
                return Err(CallError::Refused(format!("not now: {}", lamp.doing())));
            }
            self.pause().await;
        }
    }

    fn in_a_while(&self, times: u32) -> Instant {
        Instant::now() + self.told.settle() * times
    }

    async fn pause(&self) {
        sleep(self.told.pause()).await;
    }
}

/// Only questions were asked so far.
fn not_sent(error: CallError) -> CallError {
    match error {
        CallError::NoAnswer(_) | CallError::Unclear(_) => CallError::NotSent(error.to_string()),
        other => other,
    }
}
