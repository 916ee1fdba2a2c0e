//! What an operator does with a box: HTTPS, copies of the database, people who may sign in, new SOPs, and the
//! broker. All of it with the real program.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says that it failed by panicking"
)]

#[path = "../bad_input/program.rs"]
mod program;
#[path = "../waiting/mod.rs"]
mod waiting;

mod backup;
mod broker;
mod https;
mod operator;
mod pictures;
mod sops;
mod users;
