//! The fallback: a cloud model that is asked only when the reading is unsure and the line is up.
//!
//! Owns the question and the answer, what leaves the box (redacted, written down before it leaves), time,
//! money and the wires of the providers. A model may nominate one of the candidates, or none; it never
//! writes a customer's text and never moves anything. May use `store`, `site`. The scripted model of
//! `clubos simulate` answers through the same two types.
//!
//! ```text
//! Question ─> redact ─> prompt ─> answer known? ─> breaker ─> reserve (caps, egress log) ─> HTTP ─┐
//! Nomination <─ restore <─ strict answer <─────────────────── settle <── wire <──────────────────┘
//! ```

mod answer;
mod anthropic;
mod ask;
mod breaker;
mod http;
mod ledger;
mod openai_chat;
mod openai_responses;
mod prompt;
pub mod redact;
mod stats;
mod wire;

pub use ask::{Fallback, NoNomination, SetupError};
pub use breaker::Breaker;
pub use ledger::{Ledger, LedgerError};
pub use stats::Stats;

use crate::site::BayId;

/// A question to the cloud model.
#[derive(Debug, Clone)]
pub struct Question {
    pub turn_id: i64,
    /// Ties the answer to this look at the turn; an answer to an older look changes nothing.
    pub nonce: String,
    /// The customer's words: data, never instructions.
    pub text: String,
    /// What may be nominated, the likeliest first.
    pub candidates: Vec<Choice>,
    /// Names that are known to the box (of bookings, of people) and must not leave it.
    pub names: Vec<String>,
}

/// One SOP that may be nominated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub id: String,
    /// What it is about, in a few words of the house.
    pub title: String,
}

/// What the cloud model said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Nomination {
    /// `None`: none of them.
    pub intent: Option<String>,
    pub bay: Option<BayId>,
    pub at_door: bool,
}
