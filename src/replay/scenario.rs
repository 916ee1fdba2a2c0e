//! A scenario: one evening at the club as a file says it, with every name already believed.
//!
//! Owns the meaning of the keys; `parse` owns their spelling. Never runs anything.

use std::sync::Arc;
use std::time::Duration;

use regex::Regex;

use crate::clock::UnixMs;
use crate::desk::{Act, Line, Nomination};
use crate::simclub::Behaviour;
use crate::site::{BayId, E164, Effect, Role, Site, Target};
use crate::store::booking::Booking;

/// One conversation, or several at once, with what must come of it.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The file as it was named on the command line.
    pub file: String,
    /// What it proves; the file's name where it does not say.
    pub name: String,
    pub site: Arc<Site>,
    /// Virtual time starts here.
    pub at: UnixMs,
    pub line: Line,
    pub llm: Llm,
    pub bookings: Vec<Booking>,
    /// How long before the start the bookings were read last.
    pub bookings_age: Duration,
    /// Only what does not work.
    pub devices: Vec<(Target, Effect, Behaviour)>,
    /// In order of time, then of the file.
    pub events: Vec<Event>,
    /// Runs exactly this long instead of until nothing is pending.
    pub until: Option<Duration>,
    pub expect: Vec<Expectation>,
}

/// What the cloud model does.
#[derive(Debug, Clone, PartialEq)]
pub enum Llm {
    /// There is none.
    Off,
    /// Every question fails.
    Error,
    /// Every question fails, this late.
    Slow(Duration),
    /// Answers in order, then errors.
    Answers(Vec<Answer>),
}

/// One scripted answer of the cloud model.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Says(Nomination),
    Error,
    Slow(Duration),
}

/// Something that happens from outside.
#[derive(Debug, Clone)]
pub struct Event {
    /// After the scenario's start.
    pub at: Duration,
    pub what: What,
}

#[derive(Debug, Clone)]
pub enum What {
    Sms {
        from: E164,
        text: Words,
    },
    /// Typed on the bay's own screen or QR page.
    Chat {
        bay: BayId,
        text: Words,
    },
    Operator {
        name: String,
        role: Role,
        thread: Option<String>,
        act: Act,
        twice: bool,
    },
    Line(Line),
    Llm(Llm),
    Device {
        target: Target,
        online: bool,
    },
    /// The program is killed and started on the same data.
    Restart,
}

/// What a customer wrote.
#[derive(Debug, Clone, Default)]
pub struct Words {
    pub body: String,
    /// The provider's message id.
    pub id: Option<String>,
    /// Attachments (photos).
    pub media: u32,
}

/// What must have happened, or must not.
#[derive(Debug, Clone)]
pub struct Expectation {
    pub line: usize,
    /// As a person reads it.
    pub shown: String,
    pub kind: &'static Kind,
    /// Field and what it must be; the kind's own word among them.
    pub fields: Vec<(&'static str, Want)>,
    /// Exactly so often; without it at least once.
    pub times: Option<usize>,
    /// Only what happened earlier than this after the start counts.
    pub before: Option<Duration>,
    pub never: bool,
}

/// A kind of record that can be expected.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    pub name: &'static str,
    /// The field that the first word is about.
    pub first: &'static str,
    /// All its fields.
    pub fields: &'static [&'static str],
}

/// What a field must be.
#[derive(Debug, Clone)]
pub enum Want {
    /// A text: the expression is found somewhere in it.
    Found(Regex),
    /// A name or number: exactly this, or the expression fits all of it.
    Exactly(String, Option<Regex>),
    Null,
}

/// Every kind that `expect:` knows.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "effect",
        first: "effect",
        fields: &[
            "id",
            "target",
            "tier",
            "asked_by",
            "outcome",
            "reason",
            "sent_at",
            "approved_by",
            "thread",
        ],
    },
    Kind { name: "reply", first: "text", fields: &["id", "to", "channel", "by", "sent_at", "thread"] },
    Kind {
        name: "escalation",
        first: "level",
        fields: &["id", "reason", "summary", "intent", "delivered_at", "thread"],
    },
    Kind { name: "alert", first: "to", fields: &["escalation", "channel", "thread"] },
    Kind { name: "ticket", first: "intent", fields: &["id", "level", "bay", "parent", "detail", "thread"] },
    Kind { name: "incident", first: "what", fields: &["id", "threads"] },
    Kind { name: "silent", first: "reason", fields: &["thread"] },
    Kind { name: "notice", first: "text", fields: &["thread"] },
    Kind { name: "hold", first: "by", fields: &["until", "thread"] },
    Kind { name: "release", first: "by", fields: &["thread"] },
    Kind { name: "message", first: "text", fields: &["id", "channel", "provider_id", "thread"] },
    Kind { name: "decision", first: "intents", fields: &["by", "confidence", "messages", "thread"] },
    Kind { name: "ending", first: "as", fields: &["messages", "refs", "thread"] },
];

/// Fields that hold prose: found by an expression anywhere in them.
pub const PROSE: &[&str] = &["text", "reason", "summary", "detail"];
