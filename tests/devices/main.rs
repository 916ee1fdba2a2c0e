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
mod ninjaone;
mod peers;
mod protect;
mod support;
mod unifi_legacy;
mod unifi_network;
#[path = "../waiting/mod.rs"]
mod waiting;
mod wire;
