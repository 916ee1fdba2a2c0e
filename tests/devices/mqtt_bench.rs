//! A bench of devices behind a real Mosquitto: plug, light, thermostat, PCs with other people's agents, a TV and a button.

use std::process::Stdio;
use std::time::Duration;

use clubos::clock::Clock;
use clubos::device::mqtt::{MqttDeviceOptions, MqttDriver, accounts_of};
use clubos::device::verify::Verification;
use clubos::device::{Driver, LanUnit, NotSent, Observation};
use clubos::policy::Permit;
use clubos::simclub::broker::SimBroker;
use clubos::simclub::{PlugUse, SimClub, SimControl, SimDeviceLink, TasmotaPlug, ZigbeeBridge, ZigbeeDevice};
use clubos::site::lan::{HassAgent, Lnxlink, MqttSwitch, Tasmota, Zigbee2mqtt};
use clubos::site::{BayId, Effect, LanDevice, Target};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::support::{PATIENCE, Scratch, Seen, Watch, foreign, password, publish};

pub const PLUG_USER: &str = "tasmota-plug-bay-1";
pub const TV_USER: &str = "switch-tv-4-set-57ca";
pub const HASS_USER: &str = "hass-agent-bay-2";
pub const LNX_USER: &str = "lnxlink-bay-3";

/// The driver with its broker; which simulated devices run is up to the test.
pub struct Club {
    pub broker: SimBroker,
    pub control: SimControl,
    pub clock: Clock,
    pub driver: MqttDriver,
    pub seen: Seen,
    pub scratch: Scratch,
}

fn unit(target: &str, effects: &[Effect], device: LanDevice) -> LanUnit {
    LanUnit { target: Target::new(target), effects: effects.to_vec(), device, simulated: false }
}

pub fn plug(target: &str, topic: &str) -> LanUnit {
    let full_topic = "%prefix%/%topic%/".to_owned();
    let plug = Tasmota { topic: topic.to_owned(), full_topic, relay: 1, off_s: 8 };
    unit(target, &[Effect::OutletCycle], LanDevice::Tasmota(plug))
}

fn zigbee(target: &str, name: &str, effects: &[Effect]) -> LanUnit {
    let device = Zigbee2mqtt {
        base: "zigbee2mqtt".into(),
        name: name.to_owned(),
        state: "state".into(),
        cycle: None,
        setpoint: "occupied_heating_setpoint".into(),
    };
    unit(target, effects, LanDevice::Zigbee2mqtt(device))
}

/// A TV behind a relay of one's own that tells its state.
pub fn tv(target: &str) -> LanUnit {
    let device = MqttSwitch {
        command: Some("tv/4/set".into()),
        on: Some("ON".into()),
        off: Some("OFF".into()),
        cycle: None,
        set: None,
        state: Some("tv/4/state".into()),
        state_pointer: Some("/power".into()),
        state_on: "ON".into(),
        state_off: "OFF".into(),
        availability: Some("tv/4/online".into()),
        available: "yes".into(),
        not_available: "no".into(),
    };
    unit(target, &[Effect::TvOn, Effect::TvOff], LanDevice::MqttSwitch(Box::new(device)))
}

/// A button that tells nothing.
pub fn button() -> LanUnit {
    let device = MqttSwitch {
        command: Some("amp/button".into()),
        on: None,
        off: None,
        cycle: Some("PRESS".into()),
        set: None,
        state: None,
        state_pointer: None,
        state_on: "ON".into(),
        state_off: "OFF".into(),
        availability: None,
        available: "online".into(),
        not_available: "offline".into(),
    };
    unit("audio", &[Effect::AudioRestart], LanDevice::MqttSwitch(Box::new(device)))
}

pub fn hass_agent() -> LanUnit {
    let device = HassAgent {
        prefix: "hass".into(),
        device: "bay-2".into(),
        pc_reboot: Some("button/restart_pc".into()),
        sim_restart: Some("button/restart_sim".into()),
        running: Some("sim_process".into()),
        last_boot: Some("lastboot".into()),
    };
    unit("bay-2", &[Effect::SimRestart, Effect::PcReboot], LanDevice::HassAgent(device))
}

pub fn lnxlink() -> LanUnit {
    let device = Lnxlink {
        prefix: "lnxlink".into(),
        client_id: "bay-3".into(),
        sim_restart: Some("bash/bash_restart_sim".into()),
        sim_restart_payload: "systemctl restart sim".into(),
        running: Some("bash/bash_sim".into()),
        last_boot: Some("boot_time".into()),
    };
    unit("bay-3", &[Effect::SimRestart, Effect::PcReboot], LanDevice::Lnxlink(device))
}

/// One of each.
pub fn all() -> Vec<LanUnit> {
    vec![
        plug("bay-1", "plug-bay-1"),
        hass_agent(),
        lnxlink(),
        tv("bay-4"),
        zigbee("lights", "hall/front light", &[Effect::LightsOn, Effect::LightsOff]),
        zigbee("thermostat", "hall thermostat", &[Effect::ThermostatSet]),
        button(),
    ]
}

pub fn options() -> MqttDeviceOptions {
    MqttDeviceOptions {
        grace: Duration::from_millis(300),
        retry: Duration::from_millis(100),
        open_ask: Duration::from_millis(200),
        ..MqttDeviceOptions::default()
    }
}

impl Club {
    pub async fn start() -> Club {
        Club::start_with(&all(), options()).await
    }

    pub async fn start_with(units: &[LanUnit], options: MqttDeviceOptions) -> Club {
        let scratch = Scratch::new();
        let broker = SimBroker::start_for(scratch.path(), &[BayId(1)], &accounts_of(units), 0, 0).await;
        let broker = broker.expect("a broker");
        let clock = Clock::system();
        let mut club = SimClub::new().with_speed(40.0);
        units.iter().for_each(|unit| club.add(unit.target.clone()));
        let (sender, seen) = Seen::new();
        let driver =
            MqttDriver::start(&broker.settings(), units, sender, clock.clone(), options).expect("a driver");
        Club { broker, control: SimControl::new(club), clock, driver, seen, scratch }
    }

    fn link(&self, user: &str) -> SimDeviceLink {
        let password = password(&self.broker, user);
        SimDeviceLink { host: "127.0.0.1".into(), port: self.broker.port(), user: user.to_owned(), password }
    }

    /// Plugs the simulated plug in and waits until the driver sees it.
    pub async fn plug(&mut self) -> TasmotaPlug {
        let (link, control, clock) = (self.link(PLUG_USER), self.control.clone(), self.clock.clone());
        let plug =
            TasmotaPlug::start(Target::new("bay-1"), "plug-bay-1", PlugUse::Outlet, link, control, clock);
        self.seen.online("bay-1", true).await;
        plug
    }

    /// Starts the simulated bridge with light and thermostat and waits until the driver sees both.
    pub async fn bridge(&mut self) -> ZigbeeBridge {
        let devices = vec![
            ZigbeeDevice::light(Target::new("lights"), "hall/front light"),
            ZigbeeDevice::thermostat(Target::new("thermostat"), "hall thermostat"),
        ];
        let (link, control, clock) = (self.link("zigbee2mqtt"), self.control.clone(), self.clock.clone());
        let bridge = ZigbeeBridge::start("zigbee2mqtt", devices, link, control, clock);
        let there = |o: &Observation| matches!(o, Observation::Reachable { online: true, .. });
        self.seen.once("lights", there).await;
        self.seen.once("thermostat", there).await;
        bridge
    }

    /// Sends an effect the way the desk does: watch first, then act. A temperature is one that is not in force yet.
    pub async fn act(&self, id: i64, effect: Effect, target: &str) -> Result<Watch, NotSent> {
        let (now, value) = (self.clock.now(), Some(19.5));
        let verification = Verification::begin(effect, value, now, &self.seen.known(target));
        let target = Target::new(target);
        let expires_at = now + Duration::from_secs(60);
        self.driver.act(Permit::for_tests(id, effect, target.clone(), value, expires_at)).await?;
        Ok(Watch { id, target, verification })
    }

    pub async fn publish(&self, user: &str, topic: &str, payload: &str, kept: bool) {
        publish(&self.broker, user, topic, payload.as_bytes(), kept).await;
    }

    /// Stops the broker, forgets all that it kept, and starts it again.
    pub async fn broker_forgets(&mut self) {
        self.broker.stop().await.expect("stopped");
        std::fs::remove_dir_all(self.scratch.path().join("data")).expect("it had written");
        std::fs::create_dir(self.scratch.path().join("data")).expect("a directory");
        self.broker.resume().await.expect("back");
    }

    pub fn row(&self, target: &str) -> clubos::device::DeviceHealth {
        let rows = self.driver.health();
        rows.into_iter().find(|row| row.target.as_str() == target).expect("listed")
    }
}

/// A foreign client that listens; ready once a word to it came through.
pub struct Ear {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Ear {
    /// Listens as `user`; `via` is a topic of the filter that `from` may write.
    pub async fn start(broker: &SimBroker, user: &str, filters: &[&str], from: &str, via: &str) -> Ear {
        let mut command = foreign(broker, "mosquitto_sub", user, &["-q", "1", "-F", "%t|%r|%p"]);
        for filter in filters {
            command.args(["-t", filter]);
        }
        let mut child = command.stdout(Stdio::piped()).spawn().expect("mosquitto_sub");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut ear = Ear { _child: child, lines };
        loop {
            publish(broker, from, via, b"hello?", false).await;
            let line = tokio::time::timeout(Duration::from_millis(200), ear.lines.next_line()).await;
            if line.is_ok() {
                return ear;
            }
        }
    }

    /// The next message that is no greeting: its topic, whether it was kept, its text.
    pub async fn next(&mut self) -> (String, bool, String) {
        loop {
            let line =
                tokio::time::timeout(PATIENCE, self.lines.next_line()).await.expect("a message in time");
            let line = line.expect("readable").expect("still running");
            let mut parts = line.splitn(3, '|');
            let (topic, kept, text) =
                (parts.next().expect("topic"), parts.next(), parts.next().unwrap_or_default());
            if text != "hello?" {
                return (topic.to_owned(), kept == Some("1"), text.to_owned());
            }
        }
    }
}
