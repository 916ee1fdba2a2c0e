//! The gate: who may ask for what, right now. The only place that makes a [`Permit`].
//!
//! May use `site` and `store`. [`gate::precheck`] journals nothing; [`gate::authorise`]
//! gathers the facts and journals the verdict inside the caller's transaction, so that lease, cool-down
//! and count are one atomic step. Never talks to a device. Every path to an effect — classifier, cloud
//! model, staff, hub — comes through here.

pub mod gate;
pub mod permit;
mod plain;
mod request;

pub use gate::{Gate, authorise, in_range, permit_for, precheck, tier};
pub use permit::Permit;
pub use plain::reason_in_words;
pub use request::{Asker, HOUSE, Refusal, Request};
