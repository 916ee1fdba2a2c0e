//! Understanding: a customer's text to intents, confidence and slots.
//!
//! Owns normalisation, the emergency lane, the encoder, the head and the slots. May use `sop`, `site`
//! and `store`. Never decides what is done about what it understood.

mod alarm;
mod chat;
mod clauses;
mod complete;
mod corpus;
mod elsewhere;
mod embeddings;
mod emergency;
mod encoder;
mod ensemble;
mod error;
mod fuse;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub mod fuzzing;
mod head;
mod index;
mod injection;
mod lbfgs;
mod lexical;
mod model;
mod normalise;
mod pattern;
mod prior;
mod route;
mod slots;
mod speller;
mod train;
mod understanding;
mod warm;
mod young;

#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub use encoder::environment_in_use;
pub use error::IntentError;
pub use prior::{BookingSign, DeviceSign};
pub use route::match_from;
pub use train::HEAD_FILE;
pub use understanding::{LoadOptions, Miss, Understanding};

use serde::{Deserialize, Serialize};

use crate::site::BayId;

/// What was understood of one turn.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub struct Reading {
    /// Every topic found, the most urgent first; never empty.
    pub topics: Vec<Topic>,
    pub slots: Slots,
    /// False for what looks like the beginning of a longer message ("hey", "so", a trailing comma).
    pub complete: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub struct Topic {
    /// Always the best guess, or `out-of-scope`.
    pub intent: String,
    /// P(right), 0..=1.
    pub confidence: f32,
    pub decision: Verdict,
    /// Best first; holds at least the two named by an `ask`.
    pub alternatives: Vec<Candidate>,
    /// The clause this topic was read from.
    pub text: String,
    pub by: By,
}

#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub struct Candidate {
    pub intent: String,
    pub confidence: f32,
}

/// How sure the reading is, and so where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Sure enough for that SOP's tier.
    Match,
    /// Between the named alternatives.
    Ask,
    /// Unsure: a cloud model or a person.
    Fallback,
    /// Found by the emergency lane.
    Emergency,
    /// Out of scope.
    None,
}

/// Who found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    Rule,
    Model,
    Llm,
    Context,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq)]
pub struct Slots {
    /// The customer's own bay(s) as named, in order; a correction ("sorry, box 3") leaves only the corrected one.
    pub bays: Vec<BayId>,
    /// The bay named is somebody else's ("the guys beside us in 3").
    pub others_bay: bool,
    /// "sorry, I meant", "*3".
    pub correction: bool,
    /// The named door's target, by its aliases; `None` also for plain "the door".
    pub door: Option<String>,
    /// They say they stand at the door now.
    pub at_door: bool,
    /// Too hot (`Some(true)`) or too cold (`Some(false)`).
    pub too_hot: Option<bool>,
    /// Degrees Celsius asked for.
    pub degrees: Option<f32>,
    /// "music too loud", "neighbours noisy".
    pub too_loud: bool,
    /// Lights asked to be switched off or dimmed.
    pub lights_off: bool,
    pub tense: Tense,
    /// A phone number or booking reference in the text.
    pub phone: Option<String>,
    pub reference: Option<String>,
}

impl Slots {
    /// The customer's own bay where exactly one is named: none for somebody else's, none for several.
    pub fn own_bay(&self) -> Option<BayId> {
        match self.bays[..] {
            [bay] if !self.others_bay => Some(bay),
            _ => None,
        }
    }
}

/// When the thing written about happens. Only `Now` may lead to an action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tense {
    #[default]
    Now,
    /// "what do I do if it freezes".
    Hypothetical,
    /// "it froze last week".
    Past,
}

/// What the desk knows that changes the meaning of the words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Context {
    /// A question of ours is open on this thread.
    pub pending: Option<PendingKind>,
    /// The SOP of the episode under way on this thread.
    pub last_intent: Option<String>,
    /// Our last reply closed the matter.
    pub closed: bool,
    /// How the devices of their own bay are; `None`: no bay, or nothing heard of it.
    pub device: Option<DeviceSign>,
    /// Their booking; `None`: nobody the box could know.
    pub booking: Option<BookingSign>,
    /// The site's quiet hours.
    pub quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PendingKind {
    /// Yes or no to one action on one bay or door.
    Confirm,
    /// Which bay?
    Bay,
    /// Which of two topics?
    Which,
    /// Are you at the door?
    AtDoor,
    /// A detail for a ticket, in free words.
    Detail,
    /// Would you like a person?
    Person,
}

/// Reads texts. Implemented by `Understanding` (the real one); a trait so that the desk can be tested
/// against readings that are written down.
pub trait Understand: Send + Sync {
    fn read(&self, text: &str, context: &Context) -> Reading;
    /// Only the emergency rules, for a message that must not wait for anything.
    fn emergency(&self, text: &str) -> Option<Topic>;
}
