//! The driver of simulated devices that speak no wire of their own (hall, sockets; in `simulate` all of
//! them). Owns the queue of observations that are due later. Never waits in `act`; on virtual time the
//! caller drains it with [`SimDriver::take_due`], on the wall clock [`SimDriver::run`] does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::{Notify, mpsc};

use super::control::SimControl;
use super::model::Schedule;
use crate::clock::{Clock, UnixMs};
use crate::device::{DeviceEvent, DeviceHealth, Driver, NotSent};
use crate::policy::Permit;
use crate::site::{Effect, Target};

/// Family name of every simulated device without a wire.
pub const FAMILY: &str = "simulated";

pub struct SimDriver {
    control: SimControl,
    clock: Clock,
    queue: Mutex<Queue>,
    wake: Notify,
}

#[derive(Default)]
struct Queue {
    /// By time, then by order of arrival, so that equal moments keep their order.
    due: BTreeMap<(UnixMs, u64), DeviceEvent>,
    arrivals: u64,
}

impl SimDriver {
    pub fn new(control: SimControl, clock: Clock) -> Arc<SimDriver> {
        Arc::new(SimDriver { control, clock, queue: Mutex::default(), wake: Notify::new() })
    }

    /// When the next observation is due, if any is.
    pub fn next_due(&self) -> Option<UnixMs> {
        self.queue().due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes out all that is due by `now`, in order.
    pub fn take_due(&self, now: UnixMs) -> Vec<DeviceEvent> {
        let mut queue = self.queue();
        let later = queue.due.split_off(&(UnixMs(now.0 + 1), 0));
        std::mem::replace(&mut queue.due, later).into_values().collect()
    }

    /// Puts what is to be seen of a target into the queue, e.g. from [`SimControl::set_online`].
    pub fn schedule(&self, target: &Target, schedule: Schedule) {
        let mut queue = self.queue();
        for (at, observation) in schedule {
            let arrival = queue.arrivals;
            queue.arrivals += 1;
            let event = DeviceEvent { target: target.clone(), at, observation, simulated: true };
            queue.due.insert((at, arrival), event);
        }
        drop(queue);
        self.wake.notify_one();
    }

    /// Puts what these targets show now into the queue, for a first look at them.
    pub fn schedule_snapshot(&self, targets: &[Target]) {
        let now = self.clock.now();
        for target in targets {
            let seen = self.control.snapshot(now, target);
            self.schedule(target, seen.into_iter().map(|observation| (now, observation)).collect());
        }
    }

    /// Acts on a simulated device without a permit's wrapping; for `Driver::act` and replays of it.
    fn command(&self, id: i64, effect: Effect, target: &Target, value: Option<f32>) -> Result<(), NotSent> {
        let schedule = self.control.command(self.clock.now(), id, effect, target, value)?;
        self.schedule(target, schedule);
        Ok(())
    }

    /// Sends observations on as they fall due on the system clock, until nobody listens.
    pub async fn run(self: Arc<Self>, events: mpsc::Sender<DeviceEvent>) {
        loop {
            for event in self.take_due(self.clock.now()) {
                if events.send(event).await.is_err() {
                    return;
                }
            }
            match self.next_due() {
                Some(at) => {
                    let wait = at.since(self.clock.now());
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = self.wake.notified() => {}
                    }
                }
                None => self.wake.notified().await,
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Driver for SimDriver {
    async fn act(&self, permit: Permit) -> Result<(), NotSent> {
        if self.clock.now() >= permit.expires_at() {
            return Err(NotSent::Offline("the permit ran out before it could be sent".to_owned()));
        }
        self.command(permit.effect_id(), permit.effect(), permit.target(), permit.value())
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn health(&self) -> Vec<DeviceHealth> {
        let now = self.clock.now();
        let health = |target: Target| DeviceHealth {
            family: FAMILY,
            online: Some(self.control.reachable(now, &target)),
            target,
            since: None,
            last_error: None,
            malformed: 0,
            simulated: true,
        };
        self.control.targets().into_iter().map(health).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::device::Observation;
    use crate::simclub::{Behaviour, SimClub};

    const START: UnixMs = UnixMs(1_000_000);

    fn driver() -> (Arc<SimDriver>, SimControl, Clock) {
        let clock = Clock::virtual_at(START);
        let mut club = SimClub::new();
        club.add(Target::new("lights"));
        let control = SimControl::new(club);
        (SimDriver::new(control.clone(), clock.clone()), control, clock)
    }

    fn permit(expires_at: UnixMs) -> Permit {
        Permit::for_tests(3, Effect::LightsOn, Target::new("lights"), None, expires_at)
    }

    #[tokio::test]
    async fn on_virtual_time_observations_come_out_when_they_are_due() {
        let (driver, _, clock) = driver();
        driver.act(permit(START + Duration::from_secs(60))).await.expect("sent");
        assert!(driver.take_due(clock.now()).is_empty());
        let mut seen = Vec::new();
        while let Some(due) = driver.next_due() {
            clock.advance_to(due);
            seen.extend(driver.take_due(clock.now()));
        }
        assert!(seen.iter().all(|event| event.simulated) && seen.is_sorted_by_key(|event| event.at));
        let last = seen.last().expect("something was seen");
        assert_eq!(
            (last.at, &last.observation),
            (START + Duration::from_secs(1), &Observation::Lights { on: true })
        );
    }

    #[tokio::test]
    async fn nothing_is_sent_to_what_is_offline_or_after_the_permit_ran_out() {
        let (driver, control, _) = driver();
        assert!(matches!(driver.act(permit(START)).await, Err(NotSent::Offline(_))));
        control.set(&Target::new("lights"), Effect::LightsOn, Behaviour::Offline);
        let refused = driver.act(permit(START + Duration::from_secs(60))).await;
        assert!(matches!(refused, Err(NotSent::Offline(_))));
        assert_eq!(driver.next_due(), None);
    }
}
