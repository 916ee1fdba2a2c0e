//! Where customers' words come in and go out over the line: text providers behind one trait.
//!
//! Owns the providers' wire formats, the pace at which they are spoken to, and the polling and webhooks
//! by which texts arrive. May use `desk` and below. Decides nothing about a conversation: what came in
//! goes to the desk, what the desk wrote goes out. No provider takes an idempotency key, so a send that
//! timed out is looked up before it is ever repeated, and what stays unresolved is *maybe sent*.

mod gateway;
mod listen;
mod send;
mod stats;
mod take;
#[cfg(test)]
mod tests;
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
    /// The provider said no for now (429, 503 before it read the body, connection refused): nothing left.
    /// `after_ms` is what it asked to wait.
    #[error("{why}")]
    Later { why: String, after_ms: Option<u64> },
    /// It will never take this text, or none at all until a person mends something.
    #[error("{why}")]
    Never { why: String, kind: Refusal },
    /// No answer, or an answer nobody understands, after the request may have left: it may have been sent.
    #[error("{0}")]
    Unclear(String),
}

/// What a permanent refusal is about, so that people are told the mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The key is wrong or revoked.
    Key,
    /// The account's number is not approved for texting.
    NotApproved,
    /// No credit, or a cap of the account.
    NoCredit,
    /// The recipient opted out at the carrier or provider.
    OptedOut,
    /// The number cannot take texts, or the text itself is refused.
    Text,
}

/// What a provider tells us, by polling or by a webhook.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// A customer's text.
    Text { id: String, from: E164, to: String, body: String, media: u32, at: UnixMs },
    /// A text that left by our number: ours, or one a person wrote in the provider's own app.
    Sent { id: String, to: E164, body: String, at: UnixMs, by_person: Option<String> },
    /// What became of a text we sent.
    Status { id: String, delivered: Delivery, why: Option<String> },
    /// A call nobody took, with what was said on the answering machine.
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

    /// Looks for a text of exactly this body to this number that left at `since` or later: what becomes of
    /// an [`SendError::Unclear`]. `known` are ids of texts that are accounted for: the same words may have
    /// been sent before, and that is another text. `None`: the provider has no such text.
    async fn look_up(
        &self,
        to: &E164,
        body: &str,
        since: UnixMs,
        known: &[String],
    ) -> Result<Option<Accepted>, HearError>;

    /// Everything heard at `since` or later, oldest first; whoever calls knows what it has had before.
    /// `numbers` are those a conversation is open with, for providers that list only by participant.
    async fn hear(&self, since: UnixMs, numbers: &[E164]) -> Result<Vec<Heard>, HearError>;

    /// Reads a webhook. Believed only with a fresh and right signature (compared in constant time).
    fn hook(&self, hook: Hook<'_>) -> Result<Vec<Heard>, NotBelieved>;

    /// By how many milliseconds the provider's clock was ahead of this box's in its last answer (its `Date`
    /// header; whole seconds). `None`: not known.
    fn clock_ahead_ms(&self) -> Option<i64> {
        None
    }
}
