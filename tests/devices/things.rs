//! What the tests of plugs and things on the LAN share: a simulated club, a driver that is in a hurry, one device.

use std::time::Duration;

use clubos::clock::Clock;
use clubos::device::lan::{LanDriver, LanError, LanOptions};
use clubos::device::verify::Verdict;
use clubos::device::{DeviceEvent, DeviceHealth, Driver, LanUnit, NotSent, Observation};
use clubos::simclub::thing_server::Fault;
use clubos::simclub::{SimClub, SimControl};
use clubos::site::{Effect, LanDevice, Target};

use crate::support::{PATIENCE, Scratch, Seen, Watch, act, eventually, permit};

/// A driver in a hurry: waits at most 700 ms for an answer.
pub fn quick() -> LanOptions {
    LanOptions {
        patience: Duration::from_millis(700),
        open_poll: Duration::from_millis(30),
        idle_poll: Duration::from_millis(50),
        grace: Duration::from_millis(300),
        backoff: Duration::from_millis(50),
        longest_pause: Duration::from_secs(2),
        breaker: 20,
        ..LanOptions::default()
    }
}

/// Devices of each kind, twenty times as fast as real ones.
pub fn club() -> SimControl {
    let mut club = SimClub::new().with_speed(20.0);
    for target in ["bay-1", "lights", "audio", "thermostat"] {
        club.add(Target::new(target));
    }
    SimControl::new(club)
}

/// A file that only its owner can read.
pub fn secret(scratch: &Scratch, name: &str, text: &str) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = scratch.path().join(name);
    std::fs::write(&path, text).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("mode");
    path
}

/// Answers to a command that say nothing, and whether the device acted.
pub const MUDDLED: [(Fault, bool); 6] = [
    (Fault::ActsAndFails, true),
    (Fault::ActsInSilence, true),
    (Fault::Html, false),
    (Fault::HalfClosed, false),
    (Fault::Redirect, false),
    (Fault::Huge, false),
];

/// The driver of one device.
pub struct Bench {
    pub driver: Box<dyn Driver>,
    pub clock: Clock,
    pub seen: Seen,
    pub target: String,
}

impl Bench {
    pub fn start(target: &str, effects: &[Effect], device: LanDevice) -> Bench {
        Bench::start_with(target, effects, device, quick()).expect("a driver")
    }

    pub fn start_with(
        target: &str,
        effects: &[Effect],
        device: LanDevice,
        options: LanOptions,
    ) -> Result<Bench, LanError> {
        let (sender, seen) = Seen::new();
        let clock = Clock::system();
        let unit = unit(target, effects, device);
        let driver = Box::new(LanDriver::start(vec![unit], sender, clock.clone(), options)?);
        Ok(Bench { driver, clock, seen, target: target.to_owned() })
    }

    /// Waits until the device was reached.
    pub async fn up(mut self) -> Bench {
        let target = self.target.clone();
        self.seen.once(&target, |o| matches!(o, Observation::Reachable { online: true, .. })).await;
        self
    }

    pub async fn act(&self, id: i64, effect: Effect) -> Result<Watch, NotSent> {
        act(self.driver.as_ref(), &self.clock, &self.seen, id, effect, &self.target).await
    }

    /// Sends it and waits until it is verified or failed.
    pub async fn ends(&mut self, id: i64, effect: Effect) -> Verdict {
        let mut watch = self.act(id, effect).await.unwrap_or_else(|error| panic!("{effect}: {error}"));
        self.watched(&mut watch).await
    }

    pub async fn watched(&mut self, watch: &mut Watch) -> Verdict {
        tokio::time::timeout(PATIENCE, self.seen.verdict(watch, |_, _| false)).await.expect("an end")
    }

    /// Feeds the watch until `stop`, and says where the effect stands then.
    pub async fn stands(
        &mut self,
        watch: &mut Watch,
        stop: impl Fn(&Verdict, &DeviceEvent) -> bool,
    ) -> Verdict {
        tokio::time::timeout(PATIENCE, self.seen.verdict(watch, stop)).await.expect("in time")
    }

    /// Why nothing was sent.
    pub async fn barred(&self, effect: Effect) -> String {
        match self.act(90, effect).await {
            Err(NotSent::Offline(why)) => why,
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("{effect} was sent"),
        }
    }

    /// Whether a permit that ran out moves anything.
    pub async fn expired(&self, effect: Effect) -> String {
        let late = permit(91, effect, &self.target, self.clock.now());
        self.driver.act(late).await.expect_err("it ran out").to_string()
    }

    pub fn health(&self) -> DeviceHealth {
        self.driver.health().pop().expect("a row")
    }

    /// Waits until the device is called offline for a reason that has all these words.
    pub async fn down(&mut self, words: &str) {
        let target = self.target.clone();
        self.seen.online(&target, false).await;
        eventually(words, || {
            let said = self.health().last_error.unwrap_or_default();
            words.split(", ").all(|word| said.contains(word))
        })
        .await;
        assert_eq!(self.health().online, Some(false));
    }

    /// It answers one nonsense after the other: called offline each time, for a reason that has these words, and back.
    pub async fn bears(&mut self, set_fault: impl Fn(Option<Fault>), nonsense: &[(Fault, &str)]) {
        for (fault, words) in nonsense {
            set_fault(Some(*fault));
            self.down(words).await;
            set_fault(None);
            self.back().await;
        }
    }

    /// Lights that are told to go off, which is answered with nonsense: what is seen of them counts.
    pub async fn goes_by_what_it_sees(
        &mut self,
        set_fault: impl Fn(Option<Fault>),
        (fault, acts): (Fault, bool),
    ) {
        set_fault(Some(fault));
        let mut watch = self.act(7, Effect::LightsOff).await.expect("it may have arrived");
        set_fault(None);
        if acts {
            assert_eq!(self.watched(&mut watch).await, Verdict::Verified, "{fault:?}");
        } else {
            let on = |_: &Verdict, e: &DeviceEvent| e.observation == Observation::Lights { on: true };
            assert_eq!(self.stands(&mut watch, on).await, Verdict::Pending, "{fault:?}");
        }
    }

    pub async fn back(&mut self) {
        let target = self.target.clone();
        self.seen.online(&target, true).await;
    }
}

pub fn unit(target: &str, effects: &[Effect], device: LanDevice) -> LanUnit {
    LanUnit { target: Target::new(target), effects: effects.to_vec(), device, simulated: false }
}
