//! People being called: every channel against a server that is right, slow, wrong, full, expired or gone,
//! and all of them together with a real desk.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says that it failed by panicking"
)]

mod foreign_push;
mod house;
mod ntfy;
mod push;
mod push_service;
mod recorded;
mod site;
mod slack_socket;
mod slack_webhook;
mod switchboard;
mod together;
mod twilio;
