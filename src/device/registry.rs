//! All drivers of a site. Owns which family carries which effect on which target, as the site says, and
//! starts only the families the site uses. Never guesses a target, never puts a simulated device in the
//! place of a real one.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::access::{AccessDriver, AccessError, AccessOptions};
use super::access_hook::AccessHooks;
use super::agent::{AgentDriver, AgentOptions};
use super::agent_http::{HttpAgentDriver, HttpAgentOptions, HttpAgents};
use super::broker::BrokerError;
use super::lan::{LanDriver, LanError, LanOptions};
use super::mqtt::{MqttDeviceOptions, MqttDriver};
use super::unifi_network::{NetworkDriver, NetworkError, NetworkOptions};
use super::unit::{self, LanUnit};
use super::{DeviceEvent, DeviceHealth, Driver, NotSent};
use crate::clock::Clock;
use crate::policy::Permit;
use crate::site::{BayId, DriverKind, Effect, Gear, Site, Target};

/// Why the devices of a site cannot be driven.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    #[error("the site has devices behind a broker, but site.toml names no broker; add a [broker] table")]
    NoBroker,
    #[error("doors use UniFi Access, but site.toml names no controller; add an [access] table")]
    NoController,
    #[error("network gear uses UniFi Network, but site.toml names no console; add a [network] table")]
    NoConsole,
    #[error("{0} is simulated, and simulated devices are only for `demo`, `simulate` and tests")]
    SimulatedNotAllowed(Target),
    #[error("the broker of the bay agents: {0}")]
    Broker(#[from] BrokerError),
    #[error("the Access controller: {0}")]
    Access(#[from] AccessError),
    #[error("the network console: {0}")]
    Network(#[from] NetworkError),
    #[error(transparent)]
    Lan(#[from] LanError),
}

/// The drivers of one site, running. Dropping it ends them.
pub struct Drivers {
    site: Site,
    agents: Option<AgentDriver>,
    http_agents: Option<HttpAgentDriver>,
    access: Option<AccessDriver>,
    network: Option<NetworkDriver>,
    lan: Option<LanDriver>,
    mqtt: Option<MqttDriver>,
    simulated: Option<Arc<dyn Driver>>,
}

impl Drivers {
    /// Starts the drivers the site needs; what devices do comes out of `events`.
    ///
    /// # Errors
    /// [`DeviceError`]: the site lacks something or holds a simulated device. A device that cannot be
    /// reached is no error here.
    pub fn start(
        site: &Site,
        events: mpsc::Sender<DeviceEvent>,
        clock: Clock,
    ) -> Result<Drivers, DeviceError> {
        match simulated_target(site) {
            Some(target) => Err(DeviceError::SimulatedNotAllowed(target)),
            None => Drivers::start_families(site, events, clock, None),
        }
    }

    /// As [`Drivers::start`], with a driver for the devices that the site calls simulated.
    ///
    /// # Errors
    /// As [`Drivers::start`], but for simulated devices.
    pub fn start_with_simulated(
        site: &Site,
        events: mpsc::Sender<DeviceEvent>,
        clock: Clock,
        simulated: Arc<dyn Driver>,
    ) -> Result<Drivers, DeviceError> {
        Drivers::start_families(site, events, clock, Some(simulated))
    }

    fn start_families(
        site: &Site,
        events: mpsc::Sender<DeviceEvent>,
        clock: Clock,
        simulated: Option<Arc<dyn Driver>>,
    ) -> Result<Drivers, DeviceError> {
        let bays = bays_by(site, &DriverKind::AgentMqtt);
        let agents = if bays.is_empty() {
            None
        } else {
            let broker = site.broker.as_ref().ok_or(DeviceError::NoBroker)?;
            let options = AgentOptions::default();
            Some(AgentDriver::start(broker, &bays, events.clone(), clock.clone(), options)?)
        };
        let bays = bays_by(site, &DriverKind::AgentHttp);
        let http_agents = (!bays.is_empty()).then(|| {
            HttpAgentDriver::start(&bays, events.clone(), clock.clone(), HttpAgentOptions::default())
        });
        let doors = access_doors(site);
        let access = if doors.is_empty() {
            None
        } else {
            let controller = site.access.as_ref().ok_or(DeviceError::NoController)?;
            Some(AccessDriver::start(
                controller,
                doors,
                events.clone(),
                clock.clone(),
                AccessOptions::default(),
            )?)
        };
        let network = network(site, events.clone(), clock.clone())?;
        let (behind, lan): (Vec<LanUnit>, Vec<LanUnit>) =
            unit::of(site).into_iter().partition(|unit| unit.device.family().needs_broker());
        let mqtt = if behind.is_empty() {
            None
        } else {
            let broker = site.broker.as_ref().ok_or(DeviceError::NoBroker)?;
            let options = MqttDeviceOptions::default();
            Some(MqttDriver::start(broker, &behind, events.clone(), clock.clone(), options)?)
        };
        let lan = if lan.is_empty() {
            None
        } else {
            Some(LanDriver::start(lan, events, clock, LanOptions::default())?)
        };
        Ok(Drivers { site: site.clone(), agents, http_agents, access, network, lan, mqtt, simulated })
    }

    /// Hands an authorised effect to the driver the site names for it. Returns once it left the box.
    ///
    /// # Errors
    /// [`NotSent`]: certainly nothing was sent.
    pub async fn act(&self, permit: Permit) -> Result<(), NotSent> {
        let effect = permit.effect();
        match self.route(effect, permit.target()) {
            Some(driver) => driver.act(permit).await,
            None => Err(NotSent::Unsupported(effect)),
        }
    }

    /// The driver that would carry this effect, if the site has one.
    pub fn route(&self, effect: Effect, target: &Target) -> Option<&dyn Driver> {
        match self.site.driver(effect, target)? {
            DriverKind::AgentMqtt => self.agents.as_ref().map(|driver| driver as &dyn Driver),
            DriverKind::AgentHttp => self.http_agents.as_ref().map(|driver| driver as &dyn Driver),
            DriverKind::UnifiAccess { .. } => self.access.as_ref().map(|driver| driver as &dyn Driver),
            DriverKind::UnifiNetwork(_) => self.network.as_ref().map(|driver| driver as &dyn Driver),
            DriverKind::Lan(device) if device.family().needs_broker() => {
                self.mqtt.as_ref().map(|driver| driver as &dyn Driver)
            }
            DriverKind::Lan(_) => self.lan.as_ref().map(|driver| driver as &dyn Driver),
            DriverKind::Simulated => self.simulated.as_deref(),
        }
    }

    /// The side of the agents that ask over HTTP, if the site has any.
    pub fn http_agents(&self) -> Option<HttpAgents> {
        self.http_agents.as_ref().map(HttpAgentDriver::agents)
    }

    /// What takes the door controller's webhooks, if the site names their secret.
    pub fn access_hooks(&self) -> Option<AccessHooks> {
        self.access.as_ref().and_then(AccessDriver::hooks)
    }

    /// Every device with its health, for pages and `/metrics`; a bay may stand in it once per family.
    pub fn health(&self) -> Vec<DeviceHealth> {
        let agents = self.agents.iter().flat_map(Driver::health);
        let http_agents = self.http_agents.iter().flat_map(Driver::health);
        let access = self.access.iter().flat_map(Driver::health);
        let network = self.network.iter().flat_map(Driver::health);
        let simulated = self.simulated.iter().flat_map(|driver| driver.health());
        let simulated =
            simulated.filter(|row| kinds(&self.site, &row.target).contains(&&DriverKind::Simulated));
        let lan = self.lan.iter().flat_map(Driver::health);
        let mqtt = self.mqtt.iter().flat_map(Driver::health);
        let real = agents.chain(http_agents).chain(access).chain(network).chain(lan).chain(mqtt);
        real.chain(simulated).collect()
    }
}

/// The kinds of drivers the site names for a target.
fn kinds<'a>(site: &'a Site, target: &Target) -> Vec<&'a DriverKind> {
    let bay =
        target.bay().and_then(|bay| site.bays.get(&bay)).into_iter().flat_map(|bay| bay.drivers.values());
    let door = site.doors.get(target).map(|door| &door.driver);
    let hall = site.hall.get(target).map(|device| &device.driver);
    bay.chain(door).chain(hall).collect()
}

fn simulated_target(site: &Site) -> Option<Target> {
    let bays = site.bays.keys().map(|bay| Target::from(*bay));
    let mut targets = bays.chain(site.doors.keys().cloned()).chain(site.hall.keys().cloned());
    targets.find(|target| kinds(site, target).contains(&&DriverKind::Simulated))
}

fn bays_by(site: &Site, kind: &DriverKind) -> Vec<BayId> {
    let by_it = |bay: &&BayId| kinds(site, &Target::from(**bay)).contains(&kind);
    site.bays.keys().filter(by_it).copied().collect()
}

fn access_doors(site: &Site) -> BTreeMap<Target, String> {
    let id = |door: &crate::site::Door| match &door.driver {
        DriverKind::UnifiAccess { door_id } => Some((door.target.clone(), door_id.clone())),
        _ => None,
    };
    site.doors.values().filter_map(id).collect()
}

/// The network's driver, where the site names gear of it or wants to see the bays' PCs on it.
fn network(
    site: &Site,
    events: mpsc::Sender<DeviceEvent>,
    clock: Clock,
) -> Result<Option<NetworkDriver>, DeviceError> {
    let bays = site.bays.iter().flat_map(|(bay, of)| of.drivers.values().map(|d| (Target::from(*bay), d)));
    let hall = site.hall.iter().map(|(target, device)| (target.clone(), &device.driver));
    let gear = |(target, kind): (Target, &DriverKind)| match kind {
        DriverKind::UnifiNetwork(gear) => Some((target, gear.clone())),
        _ => None,
    };
    let gear: BTreeMap<Target, Gear> = bays.chain(hall).filter_map(gear).collect();
    match &site.network {
        None if gear.is_empty() => Ok(None),
        None => Err(DeviceError::NoConsole),
        Some(console) if gear.is_empty() && console.pcs.is_empty() => Ok(None),
        Some(console) => {
            Ok(Some(NetworkDriver::start(console, gear, events, clock, NetworkOptions::default())?))
        }
    }
}
