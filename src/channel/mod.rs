//! Where customers' words come in and go out over the line: text providers behind one trait.
//!
//! Owns the providers' wire formats, the pace at which they are spoken to, and the polling and webhooks
//! by which texts arrive. May use `desk` and below. Decides nothing about a conversation: what came in
//! goes to the desk, what the desk wrote goes out. No provider takes an idempotency key, so a send that
//! timed out is looked up before it is ever repeated, and what stays unresolved is *maybe sent*.

pub mod api;
mod gateway;
mod given;
mod listen;
pub mod pace;
pub mod quo;
mod quo_hook;
mod quo_wire;
mod send;
pub mod signature;
mod stats;
mod take;
pub mod twilio;
mod twilio_wire;
mod watch;

use async_trait::async_trait;

pub use gateway::{Gateway, HookVerdict, Settings};
pub use stats::ChannelStats;

use crate::clock::UnixMs;
use crate::site::E164;

/// A text the provider has taken. That it was delivered is a later fact ([`Heard::Status`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The provider's id of the text.
    pub provider_id: String,
}

/// Why a text was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The provider said no for now (429), or no connection was made (refused, no name, no TLS), or our own
    /// pace has no room: nothing was taken. `after_ms` is how long to wait, where it is known.
    #[error("{why}")]
    Later { why: String, after_ms: Option<u64> },
    /// It will never take this text, or none at all until a person mends something.
    #[error("{why}")]
    Never { why: String, kind: Refusal },
    /// No answer, or one nobody understands, or any 5xx, after the request may have left: it may have been
    /// sent. [`TextProvider::look_up`] before anything else.
    #[error("{0}")]
    Unclear(String),
}

/// What a permanent refusal is about, so that people are told the mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The key is wrong or revoked, or its user may not use the number.
    Key,
    /// The account's number is not approved for texting, or is not the account's.
    NotApproved,
    /// No credit, or a cap of the account (a day's number of texts).
    NoCredit,
    /// The recipient opted out at the carrier or provider.
    OptedOut,
    /// The number cannot take texts, or the text itself is refused.
    Text,
}

/// What a provider tells us, by polling or by a webhook. The same thing may be heard any number of times,
/// in any order, days late: `id` is the provider's and the same by either way. `at` is the provider's own
/// time, never the box's (a webhook of Twilio's carries none: there it is the time of arrival).
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// A customer's text.
    Text { id: String, from: E164, to: String, body: String, media: u32, at: UnixMs },
    /// A text that left by our number: ours, or one a person wrote in the provider's own app. Ours is known
    /// by its id; while a send of ours is unclear, by number and body too. `by_person` is the provider's
    /// user: a text by the API carries one as well (the key's), so it proves nothing by itself.
    Sent { id: String, to: E164, body: String, at: UnixMs, by_person: Option<String> },
    /// What became of a text we sent.
    Status { id: String, delivered: Delivery, why: Option<String> },
    /// A call nobody took, with what was said on the answering machine. By webhooks the same `id` is heard
    /// twice: first without, later with the words.
    Call { id: String, from: E164, voicemail: Option<String>, at: UnixMs },
    /// A shape we do not know: kept as it came and shown to people.
    Unknown { id: String, kind: String, raw: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    Delivered,
    /// It will not arrive.
    Failed,
}

/// Why nothing could be heard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HearError {
    #[error("{why}")]
    Later { why: String, after_ms: Option<u64> },
    /// Nothing will be heard until a person mends something (the key).
    #[error("{why}")]
    Never { why: String, kind: Refusal },
}

/// Why a webhook was not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotBelieved {
    #[error("the signature is missing")]
    Unsigned,
    #[error("the signature is wrong")]
    Forged,
    #[error("it was signed too long ago, or by a clock that is wrong")]
    Stale,
    #[error("the body cannot be read: {0}")]
    Unreadable(String),
}

/// A webhook as it came in: the raw bytes are what is signed.
#[derive(Debug, Clone, Copy)]
pub struct Hook<'a> {
    /// The URL as the provider knows it (Twilio signs it).
    pub url: &'a str,
    /// Names in lower case.
    pub headers: &'a [(String, String)],
    pub body: &'a [u8],
    pub now: UnixMs,
}

impl Hook<'_> {
    /// The first header of this (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// A company that carries texts. One file a provider.
#[async_trait]
pub trait TextProvider: Send + Sync {
    /// Name in the journal and on the page: `quo`, `twilio`.
    fn name(&self) -> &'static str;

    /// Hands one text (1-1600 characters) to one recipient. Never repeats by itself.
    async fn send(&self, to: &E164, body: &str) -> Result<Accepted, SendError>;

    /// Looks for a text of exactly this body to this number that left at `since` (the box's time) or later:
    /// what becomes of an [`SendError::Unclear`]. `None`: the provider has no such text. Of several the newest
    /// is meant, and never one this process was given as [`Accepted`]; an id the journal has already belongs
    /// to another text. A provider may need a few seconds to show what it has taken.
    async fn look_up(&self, to: &E164, body: &str, since: UnixMs) -> Result<Option<Accepted>, HearError>;

    /// These texts are accounted for: none of them is one that is looked for, though the words be the same.
    fn account_for(&self, _ids: &[String]) {}

    /// Everything heard at `since` or later, oldest first; whoever calls knows what it has had before.
    /// `since` is the provider's time (the `at` of something heard) or the box's; where the clocks differ
    /// more is listed, never less. What becomes of a text shows only while it is itself in the window.
    /// `numbers` are those a conversation is open with, for providers that list only by participant.
    async fn hear(&self, since: UnixMs, numbers: &[E164]) -> Result<Vec<Heard>, HearError>;

    /// Reads a webhook. Believed only with a fresh and right signature (compared in constant time).
    fn hook(&self, hook: Hook<'_>) -> Result<Vec<Heard>, NotBelieved>;

    /// How far the provider's clock is ahead of the box's (negative: behind), in ms, as last seen in an
    /// answer's `Date` (RFC 9110, whole seconds). `None`: not seen yet.
    fn clock_ahead_ms(&self) -> Option<i64> {
        None
    }

    /// Whether it called itself simulated in its last answer.
    fn simulated(&self) -> bool {
        false
    }
}
