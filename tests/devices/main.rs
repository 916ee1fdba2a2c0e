//! Drivers against real wires: a real Mosquitto, a real HTTPS controller, simulated devices behind them.

mod access;
mod agents;
mod broker;
mod support;
