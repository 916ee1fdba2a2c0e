//! Drivers against real wires: a real Mosquitto, a real HTTPS controller, simulated devices behind them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says that it failed by panicking"
)]

mod access;
mod agents;
mod broken_broker;
mod broker;
mod house;
mod http_call;
mod protect;
mod shelly;
mod shelly_mqtt;
mod support;
mod things;
mod unifi_network;
#[path = "../waiting/mod.rs"]
mod waiting;
mod wire;
