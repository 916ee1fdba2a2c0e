//! Where people are called: one file a channel.
//!
//! Owns the channels to people, their health, and taking a call back once somebody looks after it. May use
//! `desk`, `store`, `site`. Decides nothing about whom to call and when: the desk's ladder does. A broken
//! channel never stops a reply or an action. The staff page is the LAN alarm and needs nothing here.
//!
//! What leaves the building says where, how urgent, what was tried and what to do next. The customer's name
//! and number never; their own words only to Slack and push, and only where the site says so
//! (`notify.words`); never over ntfy, whose topics anybody may read who knows their name.
//!
//! ```text
//! Todo::Alert ─> Switchboard ─┬─ same line, same wave: one call ─> Channel::call ─> health
//!                             └─ too many calls, no answer: again, while nobody has acknowledged
//! acknowledged anywhere ─> Switchboard::silence ─> Channel::silence of all that showed it
//! ```

pub mod card;
pub mod health;
mod http;
pub mod ntfy;
pub mod push;
pub mod push_key;
pub mod setup;
pub mod silence;
pub mod slack;
pub mod slack_api;
pub mod slack_blocks;
pub mod slack_frames;
pub mod slack_socket;
pub mod sms;
pub mod switchboard;
pub mod twilio;
pub mod voice;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use card::Card;
pub use health::Health;
pub use setup::{Made, SetupError};
pub use switchboard::Switchboard;

use crate::clock::Clock;
use crate::desk::{AlertChannel, DeskHandle};
use crate::site::{Person, Site};
use crate::store::called::Shown;

/// What channels may know of the house.
#[derive(Clone)]
pub struct Reception {
    pub desk: DeskHandle,
    pub db: PathBuf,
    pub site: Arc<Site>,
    pub clock: Clock,
    pub health: Health,
}

/// Why a call did not reach its person. The texts are for staff: what is wrong and how to mend it, without
/// secrets, addresses or numbers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotReached {
    /// The person has no address on this channel. Says nothing about the channel.
    #[error("{0}")]
    NoAddress(String),
    /// No for now. `after` is what the server asked to wait.
    #[error("{why}")]
    Later { why: String, after: Option<Duration> },
    /// It will not take this call, nor most likely the next; a person has to mend something.
    #[error("{0}")]
    Refused(String),
    /// Its server says that it is gone for good. Not tried again until it is configured anew.
    #[error("{0}")]
    Dead(String),
}

/// One call: a card for the people who are on the same line.
#[derive(Debug, Clone)]
pub struct Call {
    /// At least one; more only where they share a line (a Slack channel, a topic).
    pub people: Vec<Person>,
    pub card: Card,
    /// What this channel showed for the same escalation before.
    pub shown: Option<Shown>,
}

impl Call {
    /// "dana", "dana and sam".
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.people.iter().map(|p| p.name.as_str()).collect();
        names.join(" and ")
    }
}

/// One way to reach people over the line.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Name in the journal, in the API and on the page: `ntfy`.
    fn name(&self) -> &'static str;

    /// In words: `Slack`.
    fn label(&self) -> &'static str;

    /// How the desk's ladder uses it: a call for each person, or one for all.
    fn kind(&self) -> AlertChannel {
        AlertChannel::per_person(self.name())
    }

    /// A digest of how it is configured, secrets included: another one means that a dead channel may live.
    fn config(&self) -> String;

    /// The line this person is on; people on one line are called together. `Err` says what is missing.
    fn line(&self, person: &Person) -> Result<String, String>;

    /// Calls. `Ok` once the channel's server has it, with the channel's own name of what it shows (may be
    /// empty). Never repeats by itself.
    async fn call(&self, call: &Call) -> Result<String, NotReached>;

    /// The desk stands: what a channel needs of it, it takes here. Called once, before anything else.
    fn meet(&self, reception: &Reception) {
        let _ = reception;
    }

    /// Whatever goes on beside the calls (a connection that brings presses of buttons). Returns when there
    /// is nothing of the kind, or when the desk has stopped.
    async fn attend(&self) {}

    /// Whether [`Channel::silence`] does something.
    fn can_silence(&self) -> bool {
        false
    }

    /// Somebody looks after it: what was shown says so, and rings no more.
    async fn silence(&self, card: &Card, shown: &Shown) -> Result<(), NotReached> {
        let _ = (card, shown);
        Ok(())
    }
}

/// SHA-256 of how a channel is configured, as hex.
pub(crate) fn digest(parts: &[&str]) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}
