//! The simulated club: devices that behave, misbehave and lie on command, for the demo, `simulate` and
//! tests. Everything in it says "simulated".
//!
//! Owns the behaviour model, the simulated bay agents and devices behind the broker, the simulated Access controller and
//! network console, the simulated text providers and the demo's broker. May use `device` and below. Never stands in for a device that a site names as real.

pub mod access_server;
pub mod agent;
pub mod behaviour;
pub mod broker;
pub mod carrier;
pub mod control;
pub mod driver;
pub mod fake_ntfy;
pub mod fake_quo;
pub mod fake_slack;
mod fake_slack_check;
pub mod fake_twilio;
pub mod house;
pub mod model;
pub mod mqtt_device;
pub mod network_server;
pub mod signing;
pub mod tasmota;
mod text_server;
pub mod zigbee;

pub use behaviour::Behaviour;
pub use control::SimControl;
pub use driver::SimDriver;
pub use house::{Mains, SimHouse, SimPorts};
pub use model::SimClub;
pub use mqtt_device::SimDeviceLink;
pub use tasmota::{PlugUse, TasmotaPlug};
pub use zigbee::{ZigbeeBridge, ZigbeeDevice};
