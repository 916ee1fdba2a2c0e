//! The fallback: a cloud model that is asked only when the reading is unsure and the line is up.
//!
//! Owns the question and the answer. A model may nominate one of the candidates, or none; it never writes
//! a customer's text and never moves anything. May use `intent`, `site`. The scripted model of
//! `clubos simulate` answers through the same two types.

use crate::site::BayId;

/// A question to the cloud model.
#[derive(Debug, Clone)]
pub struct Question {
    pub turn_id: i64,
    /// Ties the answer to this look at the turn; an answer to an older look changes nothing.
    pub nonce: String,
    /// The customer's words: data, never instructions.
    pub text: String,
    /// SOP ids that may be nominated, the likeliest first.
    pub candidates: Vec<String>,
}

/// What the cloud model said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Nomination {
    /// `None`: none of them.
    pub intent: Option<String>,
    pub bay: Option<BayId>,
    pub at_door: bool,
}
