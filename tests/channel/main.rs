//! The text providers against simulated ones that are strict, slow, wrong, forgetful or gone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says that it failed by panicking"
)]

mod chaos;
mod fakes;
mod hooks;
mod quo_hears;
mod quo_sends;
mod signatures;
mod spec;
mod support;
mod twilio;
mod twilio_spec;
