//! What the desk is told and what it says is to be done.

use crate::clock::UnixMs;
use crate::llm::Question;
use crate::policy::Permit;
use crate::site::{BayId, E164, Effect, Role, Target};
use crate::store::digest::DigestCall;
use crate::store::escalation::{Alert, Escalation};
use crate::store::outbox::Outgoing;
use crate::store::thread::Channel;

/// A customer's text as a channel hands it over.
#[derive(Debug, Clone)]
pub struct Inbound {
    pub channel: Channel,
    /// Phone number, or `bay-2`.
    pub address: String,
    /// One occupancy of a bay; empty for texts.
    pub session: String,
    /// The bay whose code the writer holds, and until when that proves presence.
    pub presence: Option<(BayId, UnixMs)>,
    /// The number, where it is known to be theirs.
    pub phone: Option<E164>,
    pub body: String,
    /// Attachments.
    pub media: u32,
    pub provider_id: Option<String>,
    /// The provider's time; the moment of receipt where there is none.
    pub written_at: UnixMs,
    pub simulated: bool,
}

/// The text is committed. It will be answered, acted on, escalated, or silent on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    pub message_id: i64,
    pub thread_id: i64,
    /// It had come in before; nothing was done again.
    pub duplicate: bool,
}

/// The line to the internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    Up,
    Down,
}

/// A channel that calls people, as the ladder of alerts uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertChannel {
    /// `push`, `sms`, `slack`, `ntfy`, `voice`.
    pub name: String,
    pub reach: Reach,
    /// Used only on the last rung of a critical alert (a voice call).
    pub last_rung: bool,
}

impl AlertChannel {
    pub fn per_person(name: &str) -> AlertChannel {
        AlertChannel { name: name.to_owned(), reach: Reach::PerPerson, last_rung: false }
    }

    pub fn site_wide(name: &str) -> AlertChannel {
        AlertChannel { reach: Reach::SiteWide, ..AlertChannel::per_person(name) }
    }

    #[must_use]
    pub fn on_the_last_rung(self) -> AlertChannel {
        AlertChannel { last_rung: true, ..self }
    }
}

/// Whom one call over a channel reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// One person: a phone, a browser.
    PerPerson,
    /// Everybody who looks there: called once for all who are called at the moment. The alert names them
    /// all, see `Alert::people`.
    SiteWide,
}

/// Who was first to look after an escalation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acknowledged {
    /// The one who asks; all others are told and called no more.
    First,
    /// Somebody was faster, or it was this very person before.
    Already { by: String },
    /// There is no such escalation.
    NoSuch,
}

/// What is to go out. The desk has committed it before it says so.
#[derive(Debug)]
pub enum Todo {
    /// Tell a driver, then say `effect_sent` or `effect_not_sent`.
    Act(Permit),
    /// Send a text, then say what came of it: `text_accepted`, `text_later`, `text_refused`, or look it up.
    Deliver(Outgoing),
    /// The program stopped while this text was being sent: look it up, then say what came of it.
    LookUp(Outgoing),
    /// Call a person, then say `alert_sent` or `alert_failed`.
    Alert(Alert),
    /// Somebody looks after it, or it is over: whoever was called needs no more noise. For channels that
    /// can take a call back or change what they show; nothing is said of it afterwards.
    Silence(Escalation),
    /// Send the daily digest, then say `digest_sent` or `digest_failed`.
    Digest(DigestCall),
    /// Ask the cloud model, then say `fallback_answered`.
    Ask(Question),
}

/// What a provider's lasting no is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextRefusal {
    /// No text of ours leaves until a person mends something: the key, the credit, the approval.
    Account,
    /// The recipient opted out at the carrier.
    OptedOut,
    /// This number takes no texts, or this text is refused.
    Text,
}

/// A signed-in person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    pub name: String,
    pub role: Role,
}

/// What a person does in a conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// `form_key` is of the form that was sent; a second click carries the same.
    Reply {
        text: String,
        form_key: Option<String>,
    },
    Claim,
    Acknowledge,
    Release,
    /// Do it in their own name.
    Approve {
        effect: Effect,
        target: Option<Target>,
        value: Option<f32>,
    },
    Refuse {
        effect: Effect,
        target: Option<Target>,
    },
}

/// Why a person's act was not done.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    #[error("there is no such conversation")]
    NoThread,
    #[error("this form was sent already")]
    Conflict,
    #[error("the text is empty")]
    Empty,
    #[error("a text holds at most {0} characters; send it in parts")]
    TooLong(usize),
    #[error("say which one: “{}” could be done in several places", .0.plain().order)]
    NoTarget(Effect),
    #[error("{0} has taken this conversation over")]
    HeldBy(String),
    #[error("this number has opted out of texts; write on the bay screen or call")]
    OptedOut,
    #[error("{0} is not among the people of site.toml, so nobody could call them")]
    NotCallable(String),
    #[error("{0} is on call: only they, a manager, or whoever takes it over themselves may change that")]
    NotYours(String),
    #[error("that time has passed")]
    Past,
    #[error("not allowed: {0}")]
    Refused(String),
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}
