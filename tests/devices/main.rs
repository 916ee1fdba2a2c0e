//! Drivers against real wires: a real Mosquitto, a real HTTPS controller, simulated devices behind them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says that it failed by panicking"
)]

mod access;
mod agents;
mod bare_broker;
mod broker;
mod discovery;
mod house;
mod http_call;
mod mqtt_bench;
mod mqtt_devices;
mod mqtt_link;
mod mqtt_pcs;
mod mqtt_peers;
mod mqtt_users;
mod ninjaone;
mod pair;
mod peers;
mod projector_bench;
mod projectors;
mod projectors_foreign;
mod projectors_recorded;
mod protect;
mod shelly;
mod shelly_mqtt;
mod support;
mod things;
mod unifi_legacy;
mod unifi_network;
#[path = "../waiting/mod.rs"]
mod waiting;
mod wire;
