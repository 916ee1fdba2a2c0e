//! The procedures: what ClubOS does about each situation, as files a club manager can read and change.
//!
//! Owns the file format, its checker, the library of live SOPs, and the only way to make a customer's
//! text ([`Text`]). May use `site` and `store`. Never decides anything and never acts.

pub mod check;
mod check_texts;
pub mod format;
pub mod house;
pub mod intents;
pub mod library;
pub mod placeholders;
pub mod render;
mod rescue;
pub mod template;
pub mod tone;
pub mod words;
pub mod yaml;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use intents::{INTENTS, Intent, intent};
pub use library::SopProblems;
pub use render::{RenderError, Text, Values, join, render};
pub use words::Condition;

use crate::site::{Effect, Tier};

/// One procedure. The id is the intent id (`sim.frozen`).
#[derive(Debug, Clone, PartialEq)]
pub struct Sop {
    pub id: String,
    pub title: String,
    /// A few words that finish "Is it about …?": "a frozen simulator".
    pub label: String,
    pub version: u32,
    pub status: Status,
    pub kind: Kind,
    /// The level when this SOP calls a person.
    pub level: Level,
    /// What the SOP opens by itself when it runs, besides its ladder.
    pub opens: Opens,
    /// Slots it cannot go on without.
    pub needs: Vec<Need>,
    /// The escalation is due this many minutes before the session ends (booking.extend: 10).
    pub due_before_end_min: Option<u32>,
    pub examples: Vec<String>,
    pub counter_examples: Vec<CounterExample>,
    pub ladder: Vec<Rung>,
    /// Reply key to template; see `docs/sops.md` for the keys of each kind.
    pub replies: BTreeMap<String, String>,
    pub tests: Vec<SopTest>,
    /// The Markdown below the front matter, for staff.
    pub body: String,
    /// File it came from, relative to the SOP folder.
    pub path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Draft,
    Live,
    Retired,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Act,
    Guide,
    Answer,
    Collect,
    Human,
    Safety,
    Social,
    System,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Low,
    Medium,
    High,
    Critical,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opens {
    Nothing,
    Ticket,
    Escalation,
    Incident,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    Bay,
    AtDoor,
    Detail,
}

/// A message that looks like this SOP and is another one.
#[derive(Debug, Clone, PartialEq)]
pub struct CounterExample {
    pub text: String,
    pub is: String,
}

/// One step of an act ladder and what is said at each of its ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Rung {
    pub effect: Effect,
    /// Only a person may take this rung; the automation skips it.
    pub staff_only: bool,
    /// Asked before an effect that interrupts play; also how the rung is offered after another failed.
    pub confirm: Option<String>,
    /// Said once the command left the box. Empty for effects that end within seconds.
    pub sent: Option<String>,
    pub done: String,
    pub failed: String,
    pub unknown: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SopTest {
    pub say: String,
    pub context: Option<String>,
    pub expect: String,
}

impl Sop {
    /// Whether the automation may act on a device for this SOP.
    pub fn acts(&self) -> bool {
        self.ladder.iter().any(|rung| !rung.staff_only)
    }

    /// The highest tier on its ladder; strictness of matching rises with it.
    pub fn tier(&self) -> Tier {
        self.ladder.iter().filter(|r| !r.staff_only).map(|r| r.effect.tier()).max().unwrap_or(Tier::T0)
    }
}

/// The live SOPs and the house's shared phrases, immutable; a new version is a new library.
#[derive(Debug, Clone, PartialEq)]
pub struct Library {
    pub sops: BTreeMap<String, Arc<Sop>>,
    /// `sops/house.md`: phrases that belong to no single SOP (ask_bay, refused_offline …).
    pub phrases: BTreeMap<String, String>,
    /// Hash over everything above; changes when any file changes.
    pub fingerprint: String,
}

impl Library {
    pub fn get(&self, id: &str) -> Option<&Arc<Sop>> {
        self.sops.get(id)
    }
}
