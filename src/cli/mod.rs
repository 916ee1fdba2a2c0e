//! Room under construction.

pub mod sop_check;
