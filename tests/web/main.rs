//! The pages and the API as their users meet them: a real server on a loopback port, a real desk on a
//! real database, readings that are written down, virtual time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says that it failed by panicking"
)]

mod bay;
mod booking_page;
mod bookings;
mod club;
mod demo;
mod docs;
mod door;
mod hooks;
mod on_call;
mod people;
mod pictures;
mod proposals;
mod signing;
mod staff;
mod undo;
