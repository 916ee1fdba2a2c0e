//! The desk by itself: what it reads, and how it calls people until somebody looks after it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says that it failed by panicking"
)]

mod acknowledge;
mod channels;
mod club;
mod digest;
mod housekeeping;
mod ladder;
mod line;
mod on_call;
mod outage;
mod reading;
