//! Channels to people, put together: the site's own for `serve`, and what the pages know of them.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use crate::channel::{Refusal, SendError, TextProvider};
use crate::notify::sms::Carrier;
use crate::notify::{Made, NotReached, Switchboard, setup};
use crate::site::{E164, Site};
use crate::web;

/// The site's channels. What cannot be made is logged, and shown on the page.
pub fn make(site: &Site, state_dir: &Path, texts: Option<Arc<dyn TextProvider>>) -> Made {
    let texts = texts.map(|provider| Arc::new(ByProvider(provider)) as Arc<dyn Carrier>);
    let made = setup::make(site, state_dir, texts);
    for (channel, error) in &made.missing {
        tracing::error!(channel, %error, "a channel to people cannot be used");
    }
    made
}

/// Whether each channel of the site could be made, for `clubos check`. Writes nothing, sends nothing.
pub fn check(site: &Site) -> Vec<(&'static str, Result<String, String>)> {
    let push = site.notify.push.as_ref().map(|_| ("push", Ok("its key is made at the first start".into())));
    let mut without_push = site.clone();
    without_push.notify.push = None;
    let made = setup::make(&without_push, Path::new("."), Some(Arc::new(Nobody)));
    let label = |label: &str| Ok(format!("{label}: set up; send a test from /channels"));
    let right = made.channels.iter().map(|c| (c.name(), label(c.label())));
    let wrong = made.missing.iter().map(|(name, error)| (*name, Err(error.to_string())));
    push.into_iter().chain(right).chain(wrong).collect()
}

/// Stands in a check for the text provider, which is looked at by itself.
struct Nobody;

#[async_trait]
impl Carrier for Nobody {
    fn config(&self) -> String {
        String::new()
    }

    async fn text(&self, _: &E164, _: &str) -> Result<(), NotReached> {
        Err(NotReached::Refused("a check sends nothing".into()))
    }
}

/// Texts to people's phones by the provider of the customers' texts.
struct ByProvider(Arc<dyn TextProvider>);

#[async_trait]
impl Carrier for ByProvider {
    fn config(&self) -> String {
        self.0.name().to_owned()
    }

    async fn text(&self, to: &E164, body: &str) -> Result<(), NotReached> {
        let Err(error) = self.0.send(to, body).await else { return Ok(()) };
        let by = self.0.name();
        Err(match error {
            SendError::Later { why, after_ms } => {
                NotReached::Later { why, after: after_ms.map(std::time::Duration::from_millis) }
            }
            SendError::Never { kind: Refusal::OptedOut, .. } => {
                NotReached::NoAddress(format!("this phone has opted out of texts at {by}; send it START"))
            }
            SendError::Never { kind: Refusal::Text, why } => NotReached::NoAddress(why),
            SendError::Never { why, .. } => NotReached::Refused(why),
            // Called twice is better than never: what may have left is sent again.
            SendError::Unclear(why) => NotReached::Later { why, after: None },
        })
    }
}

/// What the pages may do with the channels.
pub struct Staffroom {
    pub switchboard: Arc<Switchboard>,
    pub push_key: Option<String>,
    /// Channels that could not be made, and why.
    pub missing: Vec<(&'static str, String)>,
}

#[async_trait]
impl web::People for Staffroom {
    fn channels(&self) -> Vec<web::ChannelName> {
        let made = self.switchboard.channels().into_iter();
        let made = made.map(|(name, label)| web::ChannelName { name, label, missing: None });
        let missing = self.missing.iter();
        let missing =
            missing.map(|(name, why)| web::ChannelName { name, label: name, missing: Some(why.clone()) });
        made.chain(missing).collect()
    }

    fn push_key(&self) -> Option<&str> {
        self.push_key.as_deref()
    }

    async fn test(&self, channel: &str, person: &str) -> Result<(), String> {
        self.switchboard.test(channel, person).await.map_err(|why| why.to_string())
    }
}
