//! A whole simulated club on real wires: a real broker with a simulated agent a bay, a simulated Access
//! controller, cameras, and the rest without wires or, fully equipped, on such as real ones have. For the demo and for tests of the whole house.
//!
//! Owns all of it; it ends with the value. Takes only devices that the site itself calls simulated.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::access_server::{AccessServer, AccessServerError};
use super::agent::{SimAgent, SimAgentLink, capable};
use super::broker::{SimBroker, SimBrokerError};
use super::control::SimControl;
use super::driver::SimDriver;
use super::equipment::{self, AtAddresses, BehindBroker};
use super::model::SimClub;
use super::protect_server::{CAMERAS, Mood, ProtectServer};
use super::thing_server::ThingError;
use crate::clock::Clock;
use crate::device::broker::bay_user;
use crate::device::mqtt::accounts;
use crate::device::{DeviceError, DeviceEvent, Drivers};
use crate::site::{Camera, DriverKind, Site, Target, secret};

/// Where the simulated club listens, all on loopback; 0 takes a free port.
#[derive(Debug, Clone, Copy, Default)]
pub struct SimPorts {
    pub mqtt: u16,
    pub mqtt_tls: u16,
    pub access: u16,
}

/// Why the simulated club does not run.
#[derive(Debug, thiserror::Error)]
pub enum SimHouseError {
    #[error("the broker: {0}")]
    Broker(#[from] SimBrokerError),
    #[error("a simulated console: {0}")]
    Access(#[from] AccessServerError),
    #[error("the network console: {0}")]
    Network(AccessServerError),
    #[error("a bay's password: {0}")]
    Secret(#[from] secret::SecretError),
    #[error("the hall's music: {0}")]
    Audio(#[from] ThingError),
    #[error("its directory, or a port of its devices: {0}")]
    Dir(#[from] io::Error),
}

/// The switch of the simulated club's mains. Cheap to clone.
#[derive(Clone)]
pub struct Mains {
    control: SimControl,
    wireless: Arc<SimDriver>,
    hall: Vec<Target>,
    clock: Clock,
}

impl Mains {
    /// The switch of devices without wires; [`SimHouse::mains`] gives that of a whole club.
    pub fn new(control: SimControl, wireless: Arc<SimDriver>, hall: Vec<Target>, clock: Clock) -> Mains {
        Mains { control, wireless, hall, clock }
    }

    /// Off: every simulated device goes at once; the box itself runs on.
    pub fn set(&self, on: bool) {
        let now = self.clock.now();
        for target in self.control.targets() {
            self.control.set_online(now, &target, on);
        }
        self.wireless.schedule_snapshot(&self.hall);
    }
}

/// A running simulated club.
pub struct SimHouse {
    site: Site,
    control: SimControl,
    wireless: Arc<SimDriver>,
    clock: Clock,
    broker: SimBroker,
    access: AccessServer,
    cameras: ProtectServer,
    _agents: Vec<SimAgent>,
    _equipment: (AtAddresses, BehindBroker),
}

impl SimHouse {
    /// Starts the club in `dir` with an agent in each bay that carries all of the bay. `speed`: how many times as
    /// fast as real ones its devices react.
    ///
    /// # Errors
    /// [`SimHouseError`].
    pub async fn start(
        site: &Site,
        dir: &Path,
        clock: Clock,
        speed: f64,
        ports: SimPorts,
    ) -> Result<SimHouse, SimHouseError> {
        SimHouse::open(site, dir, clock, speed, ports, false).await
    }

    /// As [`SimHouse::start`], with everything on a wire such as a real one has.
    ///
    /// # Errors
    /// [`SimHouseError`].
    pub async fn start_equipped(
        site: &Site,
        dir: &Path,
        clock: Clock,
        speed: f64,
        ports: SimPorts,
    ) -> Result<SimHouse, SimHouseError> {
        SimHouse::open(site, dir, clock, speed, ports, true).await
    }

    async fn open(
        site: &Site,
        dir: &Path,
        clock: Clock,
        speed: f64,
        ports: SimPorts,
        equipped: bool,
    ) -> Result<SimHouse, SimHouseError> {
        std::fs::create_dir_all(dir)?;
        let control = SimControl::new(SimClub::from_site(site).with_speed(speed));
        let bays: Vec<_> = site.bays.keys().copied().collect();
        let mut site = site.clone();
        let mut at_addresses = AtAddresses::default();
        if equipped {
            at_addresses = AtAddresses::start(&mut site, dir, &control, &clock)?;
            equipment::put_behind_broker(&mut site);
        }
        let users = accounts(&site);
        let broker =
            SimBroker::start_for(&dir.join("broker"), &bays, &users, ports.mqtt, ports.mqtt_tls).await?;
        let behind = BehindBroker::start(&site, &broker, &control, &clock)?;
        let doors = door_ids(&site);
        let access =
            AccessServer::start(&dir.join("access"), ports.access, &doors, control.clone(), clock.clone())?;
        let mut agents = Vec::new();
        for bay in bays {
            let password = secret::read(&broker.secret_file(&bay_user(bay)))?;
            let link = SimAgentLink { host: broker.settings().host, port: broker.port(), password };
            let start = if equipped { SimAgent::start_pc } else { SimAgent::start };
            agents.push(start(bay, link, control.clone(), clock.clone()));
        }
        let mut site = wired(&site, &doors);
        site.broker = Some(broker.settings());
        site.access = Some(access.settings());
        let cameras = ProtectServer::start(&dir.join("cameras"), Mood::Right)?;
        site.protect = Some(cameras.settings());
        let places = site.bays.keys().map(|bay| Target::from(*bay)).chain(site.doors.keys().cloned());
        let places: Vec<Target> = places.chain([Target::new("hall")]).collect();
        let camera = |(place, id): (Target, &&str)| Camera { id: (*id).to_owned(), place };
        let seen = places.into_iter().zip(CAMERAS.iter().cycle()).map(camera).collect();
        if let Some(protect) = &mut site.protect {
            protect.cameras = seen;
        }
        let wireless = SimDriver::new(control.clone(), clock.clone());
        Ok(SimHouse {
            site,
            control,
            wireless,
            clock,
            broker,
            access,
            cameras,
            _agents: agents,
            _equipment: (at_addresses, behind),
        })
    }

    /// The site as the box is to use it: simulated devices behind real wires.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// The mains of the whole club.
    pub fn mains(&self) -> Mains {
        Mains::new(self.control.clone(), self.wireless.clone(), self.wireless_hall(), self.clock.clone())
    }

    /// Devices of the hall that speak no wire.
    fn wireless_hall(&self) -> Vec<Target> {
        let wireless = self.site.hall.values().filter(|device| device.driver == DriverKind::Simulated);
        wireless.map(|device| device.target.clone()).collect()
    }

    /// Makes devices misbehave.
    pub fn control(&self) -> &SimControl {
        &self.control
    }

    pub fn broker(&self) -> &SimBroker {
        &self.broker
    }

    /// Lets a test stop the broker and start it again.
    pub fn broker_mut(&mut self) -> &mut SimBroker {
        &mut self.broker
    }

    pub fn access(&self) -> &AccessServer {
        &self.access
    }

    pub fn cameras(&self) -> &ProtectServer {
        &self.cameras
    }

    /// Starts the box's drivers on this club. The handle carries what the wireless devices show; it ends
    /// when nobody listens to `events` any more.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub fn drivers(
        &self,
        events: mpsc::Sender<DeviceEvent>,
    ) -> Result<(Drivers, JoinHandle<()>), DeviceError> {
        let wireless = self.wireless.clone();
        wireless.schedule_snapshot(&self.wireless_hall());
        let drivers =
            Drivers::start_with_simulated(&self.site, events.clone(), self.clock.clone(), wireless.clone())?;
        Ok((drivers, tokio::spawn(wireless.run(events))))
    }
}

/// The pretended controller's id of every simulated door.
fn door_ids(site: &Site) -> BTreeMap<Target, String> {
    let simulated = site.doors.values().filter(|door| door.driver == DriverKind::Simulated);
    simulated.map(|door| (door.target.clone(), format!("simulated-{}", door.target))).collect()
}

/// Puts simulated bays behind agents and simulated doors behind the controller. They stay what they are:
/// the site goes on calling them simulated.
fn wired(site: &Site, doors: &BTreeMap<Target, String>) -> Site {
    let mut site = site.clone();
    for bay in site.bays.values_mut() {
        for (effect, driver) in &mut bay.drivers {
            if *driver == DriverKind::Simulated && capable(*effect) {
                *driver = DriverKind::AgentMqtt;
                site.simulated.insert(bay.id.into());
            }
        }
    }
    for door in site.doors.values_mut() {
        if let Some(door_id) = doors.get(&door.target) {
            door.driver = DriverKind::UnifiAccess { door_id: door_id.clone() };
            site.simulated.insert(door.target.clone());
        }
    }
    site
}
