//! What the pages know of the channels to people: names, the key browsers register with, and the test button.
//!
//! The channels themselves live beside this room; `cli` hands them in.

use async_trait::async_trait;

/// A channel as the site names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelName {
    /// `slack`, `ntfy`, `push`, `sms`, `voice` …
    pub name: &'static str,
    /// In words.
    pub label: &'static str,
    /// Why it could not be made; `None` where it works as far as is known.
    pub missing: Option<String>,
}

/// The channels to people.
#[async_trait]
pub trait People: Send + Sync {
    fn channels(&self) -> Vec<ChannelName>;

    /// The box's public key for Web Push (base64url); `None` where push is off.
    fn push_key(&self) -> Option<&str>;

    /// Sends a test to this person.
    ///
    /// # Errors
    /// Why it did not arrive, for the person who pressed the button.
    async fn test(&self, channel: &str, person: &str) -> Result<(), String>;
}

/// A box that calls nobody.
pub(super) struct NobodyCalled;

#[async_trait]
impl People for NobodyCalled {
    fn channels(&self) -> Vec<ChannelName> {
        Vec::new()
    }

    fn push_key(&self) -> Option<&str> {
        None
    }

    async fn test(&self, channel: &str, _: &str) -> Result<(), String> {
        Err(format!("there is no channel {channel}"))
    }
}
