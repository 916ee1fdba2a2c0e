//! A text to a person's phone, by whoever carries texts for the club.
//!
//! Says level, place, what it is about, and where to look. Texts are not taken back: one more text that says
//! "taken care of" would ring as well.

use std::sync::Arc;

use async_trait::async_trait;

use super::card::clip;
use super::twilio::Twilio;
use super::{Call, Card, Channel, NotReached};
use crate::site::{E164, Person};

/// Two SMS at most.
const LONGEST: usize = 300;

/// Whoever carries texts to people's phones: the site's text provider, or an account of its own.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// A digest of its configuration.
    fn config(&self) -> String;

    /// # Errors
    /// [`NotReached`] in words for staff.
    async fn text(&self, to: &E164, body: &str) -> Result<(), NotReached>;
}

#[async_trait]
impl Carrier for Twilio {
    fn config(&self) -> String {
        Twilio::config(self)
    }

    async fn text(&self, to: &E164, body: &str) -> Result<(), NotReached> {
        Twilio::text(self, to, body).await
    }
}

pub struct Sms(Arc<dyn Carrier>);

impl Sms {
    pub fn new(carrier: Arc<dyn Carrier>) -> Sms {
        Sms(carrier)
    }
}

/// "ClubOS High: Bay 2. … http://…"
pub fn text(card: &Card) -> String {
    let link = card.link.as_ref().map(|link| format!(" {link}")).unwrap_or_default();
    let room = LONGEST.saturating_sub(link.chars().count());
    let next = card.next.as_ref().map(|next| format!(" {next}")).unwrap_or_default();
    let body = clip(&format!("ClubOS {}. {}{next}", card.title(), card.summary), room);
    format!("{body}{link}")
}

#[async_trait]
impl Channel for Sms {
    fn name(&self) -> &'static str {
        "sms"
    }

    fn label(&self) -> &'static str {
        "Text message (SMS)"
    }

    fn config(&self) -> String {
        self.0.config()
    }

    fn line(&self, person: &Person) -> Result<String, String> {
        let phone = person.phone.as_ref().map(|phone| phone.as_str().to_owned());
        phone.ok_or_else(|| format!("{} has no phone in site.toml", person.name))
    }

    async fn call(&self, call: &Call) -> Result<String, NotReached> {
        let phone = call.people.first().and_then(|person| person.phone.as_ref());
        let phone = phone.ok_or_else(|| NotReached::NoAddress("no phone in site.toml".into()))?;
        self.0.text(phone, &text(&call.card)).await?;
        Ok(String::new())
    }
}
