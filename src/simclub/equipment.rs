//! What stands in the simulated club besides agents and doors, each behind the wire that such a thing has: projectors
//! (PJLink in bays with odd numbers, BenQ's own protocol in the others), the side TVs on Tasmota plugs, a Shelly plug
//! and a PoE port of a UniFi switch for each bay's PC, lights and thermostat on Zigbee, the hall's music behind a small API
//! of its own over HTTP, and as its network an access point of that UniFi console.
//!
//! Owns all of it; it ends with the value. Takes the place only of what the site itself calls simulated.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::benq_server::BenqServer;
use super::broker::SimBroker;
use super::control::SimControl;
use super::house::SimHouseError;
use super::mqtt_device::SimDeviceLink;
use super::network_server::{ACCESS_POINT, NetworkServer, SWITCH};
use super::pjlink_server::PjlinkServer;
use super::shelly_server::{Generation, ShellyServer};
use super::tasmota::{PlugUse, TasmotaPlug};
use super::thing_server::{ThingServer, Transport};
use super::zigbee::{ZigbeeBridge, ZigbeeDevice};
use crate::clock::Clock;
use crate::device::mqtt::accounts;
use crate::site::lan::{Benq, Pjlink, Tasmota, Zigbee2mqtt};
use crate::site::{DriverKind, Effect, Gear, LanDevice, NetworkConsole, Site, Target, secret};

/// Base topic of the pretended Zigbee2MQTT.
const ZIGBEE: &str = "zigbee2mqtt";
/// The pretended switch's PoE ports that lead to nothing else.
const POE_PORTS: [u16; 4] = [5, 6, 12, 13];
/// How long a port is dark: longer than the time between two looks while an effect is open.
const DARK: Duration = Duration::from_secs(4);
/// What the pretended projectors and plugs that want a log-in are told.
const PASSWORD: &str = "simulated";

/// Devices at an address of their own.
#[derive(Default)]
pub(super) struct AtAddresses {
    _pjlink: Vec<PjlinkServer>,
    _benq: Vec<BenqServer>,
    _plugs: Vec<ShellyServer>,
    _network: Option<NetworkServer>,
    _audio: Option<ThingServer>,
}

/// Devices behind the broker.
#[derive(Default)]
pub(super) struct BehindBroker {
    _plugs: Vec<TasmotaPlug>,
    _bridge: Option<ZigbeeBridge>,
}

impl AtAddresses {
    /// Starts them and puts the site's simulated effects behind them.
    ///
    /// # Errors
    /// A port or the password's file cannot be used.
    pub fn start(
        site: &mut Site,
        dir: &Path,
        control: &SimControl,
        clock: &Clock,
    ) -> Result<AtAddresses, SimHouseError> {
        let mut started = AtAddresses::default();
        let password = dir.join("equipment-password");
        write_private(&password)?;
        for bay in site.bays.keys().copied().collect::<Vec<_>>() {
            let target = Target::from(bay);
            let projector = if bay.0 % 2 == 1 {
                let login = Some(PASSWORD.to_owned());
                let server = PjlinkServer::start(target.clone(), 0, login, control.clone(), clock.clone())?;
                let at = server.addr();
                started._pjlink.push(server);
                LanDevice::Pjlink(Pjlink {
                    host: at.ip().to_string(),
                    port: at.port(),
                    password_file: Some(password.clone()),
                    input: "31".to_owned(),
                })
            } else {
                let server = BenqServer::start(target.clone(), 0, control.clone(), clock.clone())?;
                let at = server.addr();
                started._benq.push(server);
                LanDevice::Benq(Benq { host: at.ip().to_string(), port: at.port(), input: "hdmi".to_owned() })
            };
            put(site, &target, &projector, |effect| effect.name().starts_with("projector."));
            let plug = ShellyServer::start(
                &target,
                0,
                Generation::Two,
                Some(PASSWORD),
                control.clone(),
                clock.clone(),
            )?;
            let shelly = LanDevice::Shelly(plug.settings(Some(password.clone())));
            started._plugs.push(plug);
            put(site, &target, &shelly, |effect| effect == Effect::OutletCycle);
        }
        started._network = Some(network(site, dir, control)?);
        started._audio = audio(site, control, clock)?;
        Ok(started)
    }
}

/// The hall's music, where the site calls it simulated.
fn audio(site: &mut Site, control: &SimControl, clock: &Clock) -> Result<Option<ThingServer>, SimHouseError> {
    let target = Target::new("audio");
    if !is_simulated(site, &target) {
        return Ok(None);
    }
    let player = ThingServer::start(&target, 0, Transport::Http, None, control.clone(), clock.clone())?;
    put_in_hall(site, &target, DriverKind::Lan(LanDevice::Http(Box::new(player.settings()))));
    Ok(Some(player))
}

/// A console with a switch that has a port for each bay, as far as they go, and what the hall's `network` restarts.
fn network(site: &mut Site, dir: &Path, control: &SimControl) -> Result<NetworkServer, SimHouseError> {
    let folder = dir.join("network");
    std::fs::create_dir_all(&folder)?;
    let server = NetworkServer::start(&folder, DARK).map_err(SimHouseError::Network)?;
    let mut on_ports = BTreeMap::new();
    for (bay, port) in site.bays.values_mut().zip(POE_PORTS) {
        let Some(driver) = bay.drivers.get_mut(&Effect::PoeCycle) else { continue };
        if *driver == DriverKind::Simulated {
            *driver = DriverKind::UnifiNetwork(Gear::Port { device: SWITCH.to_owned(), port });
            site.simulated.insert(bay.id.into());
            on_ports.insert(port, Target::from(bay.id));
        }
    }
    let hall = Target::new("network");
    put_in_hall(site, &hall, DriverKind::UnifiNetwork(Gear::Device { device: ACCESS_POINT.to_owned() }));
    server.follow(control.clone(), on_ports, [(ACCESS_POINT, hall)].into());
    // The pretended line is the box's own and no cable of this gateway.
    site.network = Some(NetworkConsole { wan_port: None, ..server.settings() });
    Ok(server)
}

/// Puts the site's simulated effects behind devices of the broker, so that it knows their users before it starts.
pub(super) fn put_behind_broker(site: &mut Site) {
    for bay in site.bays.keys().copied().collect::<Vec<_>>() {
        let target = Target::from(bay);
        let tv = LanDevice::Tasmota(Tasmota {
            topic: tv_topic(&target),
            full_topic: "%prefix%/%topic%/".to_owned(),
            relay: 1,
            off_s: 8,
        });
        put(site, &target, &tv, |effect| matches!(effect, Effect::TvOn | Effect::TvOff));
    }
    for name in ["lights", "thermostat"] {
        let device = LanDevice::Zigbee2mqtt(Zigbee2mqtt {
            base: ZIGBEE.to_owned(),
            name: name.to_owned(),
            state: "state".to_owned(),
            cycle: None,
            setpoint: "occupied_heating_setpoint".to_owned(),
        });
        put_in_hall(site, &Target::new(name), DriverKind::Lan(device));
    }
}

impl BehindBroker {
    /// Starts the devices that [`put_behind_broker`] named.
    ///
    /// # Errors
    /// A password of the broker cannot be read.
    pub fn start(
        site: &Site,
        broker: &SimBroker,
        control: &SimControl,
        clock: &Clock,
    ) -> Result<BehindBroker, secret::SecretError> {
        let link = |user: &str| {
            let password = secret::read(&broker.secret_file(user))?;
            Ok(SimDeviceLink {
                host: broker.settings().host,
                port: broker.port(),
                user: user.to_owned(),
                password,
            })
        };
        let mut started = BehindBroker::default();
        let users: Vec<String> = accounts(site).into_iter().map(|account| account.user).collect();
        for bay in site.bays.keys() {
            let target = Target::from(*bay);
            let topic = tv_topic(&target);
            let user = format!("tasmota-{topic}");
            if users.contains(&user) {
                let plug = TasmotaPlug::start(
                    target,
                    &topic,
                    PlugUse::Tv,
                    link(&user)?,
                    control.clone(),
                    clock.clone(),
                );
                started._plugs.push(plug);
            }
        }
        let is_zigbee = |target: &Target| {
            let driver = site.hall.get(target).map(|hall| &hall.driver);
            matches!(driver, Some(DriverKind::Lan(LanDevice::Zigbee2mqtt(_))))
        };
        let (lights, thermostat) = (Target::new("lights"), Target::new("thermostat"));
        let mut devices = Vec::new();
        if is_zigbee(&lights) {
            devices.push(ZigbeeDevice::light(lights, "lights"));
        }
        if is_zigbee(&thermostat) {
            devices.push(ZigbeeDevice::thermostat(thermostat, "thermostat"));
        }
        if !devices.is_empty() {
            let bridge = ZigbeeBridge::start(ZIGBEE, devices, link(ZIGBEE)?, control.clone(), clock.clone());
            started._bridge = Some(bridge);
        }
        Ok(started)
    }
}

fn tv_topic(bay: &Target) -> String {
    format!("tv-{bay}")
}

/// Puts a bay's simulated effects of this kind behind a device.
fn put(site: &mut Site, target: &Target, device: &LanDevice, which: impl Fn(Effect) -> bool) {
    let Some(bay) = target.bay().and_then(|bay| site.bays.get_mut(&bay)) else { return };
    for (effect, driver) in &mut bay.drivers {
        if which(*effect) && *driver == DriverKind::Simulated {
            *driver = DriverKind::Lan(device.clone());
            site.simulated.insert(target.clone());
        }
    }
}

/// Puts what the hall has there behind a wire, if the site calls it simulated.
fn put_in_hall(site: &mut Site, target: &Target, driver: DriverKind) {
    if let Some(hall) = site.hall.get_mut(target).filter(|hall| hall.driver == DriverKind::Simulated) {
        hall.driver = driver;
        site.simulated.insert(target.clone());
    }
}

fn is_simulated(site: &Site, target: &Target) -> bool {
    site.hall.get(target).is_some_and(|hall| hall.driver == DriverKind::Simulated)
}

fn write_private(path: &Path) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(PASSWORD.as_bytes())
}
