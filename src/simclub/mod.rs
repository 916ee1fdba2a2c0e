//! The simulated club: devices that behave, misbehave and lie on command, for the demo, `simulate` and
//! tests. Everything in it says "simulated".
//!
//! Owns the behaviour model, the simulated bay agents, the simulated controllers, consoles, projectors, plugs and things on
//! their wires, the simulated text providers and the demo's broker. May use `device` and below. Never stands in for a
//! device that a site names as real.

pub mod access_server;
pub mod agent;
pub mod behaviour;
pub mod benq_server;
pub mod broker;
pub mod carrier;
pub mod control;
mod device_port;
pub mod driver;
mod equipment;
pub mod fake_ntfy;
pub mod fake_quo;
pub mod fake_slack;
mod fake_slack_check;
pub mod fake_twilio;
pub mod house;
pub mod model;
pub mod mqtt_device;
mod network_legacy;
pub mod network_server;
pub mod ninjaone_server;
pub mod pjlink_server;
mod plug;
pub mod projector;
pub mod protect_server;
pub mod shelly_mqtt;
mod shelly_rpc;
pub mod shelly_server;
pub mod signing;
pub mod tasmota;
mod text_server;
pub mod thing_server;
pub mod zigbee;

pub use behaviour::Behaviour;
pub use control::SimControl;
pub use driver::SimDriver;
pub use house::{Mains, SimHouse, SimPorts};
pub use model::SimClub;
pub use mqtt_device::SimDeviceLink;
pub use tasmota::{PlugUse, TasmotaPlug};
pub use zigbee::{ZigbeeBridge, ZigbeeDevice};
