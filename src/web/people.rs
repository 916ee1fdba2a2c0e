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

/// A message as the simulated Slack shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlackMessage {
    pub id: String,
    /// Empty where it has none.
    pub title: String,
    pub lines: Vec<String>,
    /// Buttons that do something: id and label.
    pub buttons: Vec<(String, String)>,
    /// An answer below another message.
    pub below: bool,
}

/// The simulated Slack and phone of a demo, for visitors to look at and press.
#[async_trait]
pub trait DemoSlack: Send + Sync {
    /// The latest first.
    fn messages(&self) -> Vec<SlackMessage>;

    /// Who can press.
    fn people(&self) -> Vec<String>;

    /// What rang on the simulated phone, the latest first.
    fn phone(&self) -> Vec<String>;

    /// # Errors
    /// Why nothing came of it, for a visitor.
    async fn press(&self, message: &str, button: &str, person: &str) -> Result<(), String>;
}
