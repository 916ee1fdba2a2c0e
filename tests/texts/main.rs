//! The text line: what leaves, what comes in, and what becomes of both on bad days. The provider here is a
//! ledger in memory that answers as each test says; the providers' wires have tests of their own.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says that it failed by panicking")]

mod hooks;
mod inbound;
mod line;
mod outbound;
mod pages;
mod people;
