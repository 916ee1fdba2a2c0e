//! The gate: who may ask for what, right now. The only place that makes a [`Permit`].
//!
//! May use `site` and `store`. Pure over the facts it is given; never talks to a device.

pub mod permit;

pub use permit::Permit;
