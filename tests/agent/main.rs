//! The real `clubos-agent` on this machine, with a real process in the place of the simulator software: over a
//! real broker, over HTTP, and through the whole box.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says that it failed by panicking"
)]

mod club;
mod device_command;
mod home_assistant;
mod over_http;
mod over_mqtt;
mod pair_try;
mod pc;
mod waiting_commands;
mod whole_box;

#[allow(dead_code, reason = "the tests of the operator's work use the rest")]
#[path = "../box/operator.rs"]
mod operator;
#[allow(dead_code, reason = "the tests of bad input use the rest")]
#[path = "../bad_input/program.rs"]
mod program;
#[allow(dead_code, reason = "the tests of the drivers use the rest")]
#[path = "../devices/support.rs"]
mod support;
#[path = "../waiting/mod.rs"]
mod waiting;
