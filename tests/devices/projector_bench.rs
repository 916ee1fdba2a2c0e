//! A simulated projector of either family on a real port, and the box's driver in front of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clubos::clock::Clock;
use clubos::device::lan::{LanDriver, LanOptions};
use clubos::device::verify::Verdict;
use clubos::device::{DeviceHealth, Driver, LanUnit, NotSent, Observation, Part};
use clubos::simclub::benq_server::BenqServer;
use clubos::simclub::pjlink_server::PjlinkServer;
use clubos::simclub::projector::{Fault, SimLamp};
use clubos::simclub::{Behaviour, SimClub, SimControl};
use clubos::site::lan::{Benq, Pjlink};
use clubos::site::{Effect, LanDevice, Target};

use crate::support::{PATIENCE, Scratch, Seen, Watch, act, permit};

pub const BAY: &str = "bay-1";
pub const PASSWORD: &str = "JBMIAProjectorLink";

pub const EFFECTS: [Effect; 4] =
    [Effect::ProjectorOn, Effect::ProjectorOff, Effect::ProjectorInput, Effect::ProjectorCycle];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    Pjlink,
    Benq,
}

pub const BOTH: [Family; 2] = [Family::Pjlink, Family::Benq];

pub enum Server {
    Pjlink(PjlinkServer),
    Benq(BenqServer),
}

macro_rules! either {
    ($self:ident, $server:ident => $does:expr) => {
        match $self {
            Server::Pjlink($server) => $does,
            Server::Benq($server) => $does,
        }
    };
}

impl Server {
    pub fn addr(&self) -> SocketAddr {
        either!(self, server => server.addr())
    }

    pub fn set_fault(&self, fault: Option<Fault>) {
        either!(self, server => server.set_fault(fault))
    }

    pub fn lamp(&self) -> SimLamp {
        either!(self, server => server.lamp())
    }

    pub fn set_lamp(&self, lamp: SimLamp) {
        either!(self, server => server.set_lamp(lamp))
    }

    pub fn told(&self) -> Vec<String> {
        either!(self, server => server.told())
    }

    pub fn wrong(&self) -> Vec<String> {
        either!(self, server => server.wrong())
    }

    pub fn asked(&self) -> u64 {
        either!(self, server => server.asked())
    }

    pub async fn stop(&mut self) {
        either!(self, server => server.stop().await)
    }

    pub fn come_back(&mut self) {
        either!(self, server => server.come_back()).expect("back");
    }
}

pub fn quick() -> LanOptions {
    LanOptions {
        patience: Duration::from_millis(400),
        open_poll: Duration::from_millis(20),
        idle_poll: Duration::from_millis(50),
        grace: Duration::from_millis(300),
        backoff: Duration::from_millis(50),
        longest_pause: Duration::from_millis(500),
        settle: Duration::from_secs(10),
        ..LanOptions::default()
    }
}

pub struct Bench {
    pub server: Server,
    pub control: SimControl,
    pub clock: Clock,
    pub driver: LanDriver,
    pub seen: Seen,
    _scratch: Scratch,
}

impl Bench {
    /// A projector that is on; its lamp is a hundred times as fast as a real one.
    pub fn start(family: Family) -> Bench {
        Bench::start_with(family, 100.0, quick(), Some(PASSWORD))
    }

    /// `password`: what stands in the box's file; the projector wants [`PASSWORD`].
    pub fn start_with(family: Family, speed: f64, options: LanOptions, password: Option<&str>) -> Bench {
        let clock = Clock::system();
        let mut club = SimClub::new().with_speed(speed);
        let target = Target::new(BAY);
        club.add(target.clone());
        let control = SimControl::new(club);
        let scratch = Scratch::new();
        let server = match family {
            Family::Pjlink => Server::Pjlink(
                PjlinkServer::start(target, 0, Some(PASSWORD.to_owned()), control.clone(), clock.clone())
                    .expect("a projector"),
            ),
            Family::Benq => Server::Benq(
                BenqServer::start(target, 0, control.clone(), clock.clone()).expect("a projector"),
            ),
        };
        let file = password.map(|password| secret(&scratch, password));
        let device = device(family, server.addr(), file);
        let (driver, seen) = drive(device, clock.clone(), options);
        Bench { server, control, clock, driver, seen, _scratch: scratch }
    }

    pub async fn act(&self, id: i64, effect: Effect) -> Result<Watch, NotSent> {
        act(&self.driver, &self.clock, &self.seen, id, effect, BAY).await
    }

    pub async fn act_within(&self, id: i64, effect: Effect, good_for: Duration) -> Result<(), NotSent> {
        self.driver.act(permit(id, effect, BAY, self.clock.now() + good_for)).await
    }

    pub async fn ends(&mut self, watch: &mut Watch) -> Verdict {
        tokio::time::timeout(PATIENCE, self.seen.verdict(watch, |_, _| false)).await.expect("an end")
    }

    /// Follows until the lamp was seen so again, and says where the effect stands then.
    pub async fn stands_when(&mut self, watch: &mut Watch, on: bool) -> Verdict {
        let shown = |verdict: &Verdict, event: &clubos::device::DeviceEvent| {
            *verdict == Verdict::Acknowledged && event.observation == power(on)
        };
        tokio::time::timeout(PATIENCE, self.seen.verdict(watch, shown)).await.expect("a look")
    }

    /// Why nothing was sent; fails if something was.
    pub async fn barred(&self, effect: Effect) -> String {
        let before = self.server.told();
        let Err(NotSent::Offline(why)) = self.act(90, effect).await else { panic!("{effect} was sent") };
        assert_eq!(self.server.told(), before);
        why
    }

    pub fn set(&self, effect: Effect, behaviour: Behaviour) {
        self.control.set(&Target::new(BAY), effect, behaviour);
    }

    pub fn health(&self) -> DeviceHealth {
        self.driver.health().remove(0)
    }

    pub fn says(&self, what: &str) -> bool {
        self.health().last_error.is_some_and(|error| error.contains(what))
    }
}

pub fn power(on: bool) -> Observation {
    Observation::Power { part: Part::Projector, on }
}

pub fn device(family: Family, at: SocketAddr, password_file: Option<PathBuf>) -> LanDevice {
    let (host, port) = (at.ip().to_string(), at.port());
    match family {
        Family::Pjlink => LanDevice::Pjlink(Pjlink { host, port, password_file, input: "31".to_owned() }),
        Family::Benq => LanDevice::Benq(Benq { host, port, input: "hdmi".to_owned() }),
    }
}

/// The box's driver of one real device at bay 1.
pub fn drive(device: LanDevice, clock: Clock, options: LanOptions) -> (LanDriver, Seen) {
    let unit = LanUnit { target: Target::new(BAY), effects: EFFECTS.to_vec(), device, simulated: false };
    let (sender, seen) = Seen::new();
    (LanDriver::start(vec![unit], sender, clock, options).expect("a driver"), seen)
}

pub fn secret(scratch: &Scratch, text: &str) -> PathBuf {
    let path = scratch.path().join("password");
    std::fs::write(&path, text).expect("written");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("mode");
    path
}
