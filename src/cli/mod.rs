//! Room under construction.

pub mod classify;
pub mod eval;
pub mod sop_check;
