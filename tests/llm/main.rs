//! The cloud model as the last resort: what leaves the box, what may come back, time, money, and that nothing
//! said to it or by it moves more than its sender was entitled to.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says that it failed by panicking"
)]

mod answers;
mod fake;
mod foreign;
mod in_time;
mod injections;
mod money;
mod privacy;
mod site;
mod spec;
mod support;
