//! A voice call by Twilio, for what cannot wait.
//!
//! The call only speaks: a key pressed would come back as a webhook, and nobody can reach the box from
//! outside. It says where to acknowledge, twice, and hangs up. That Twilio took the call does not
//! mean that anybody answered, so that the ladder goes on until somebody acknowledges.

use std::sync::Arc;

use async_trait::async_trait;

use super::twilio::Twilio;
use super::{Call, Card, Channel, NotReached};
use crate::desk::AlertChannel;
use crate::site::Person;

/// The phone rings this long, in seconds: most voicemails answer after 25 to 30.
const RINGS: u32 = 25;
/// Longest spoken text, in characters; with it twice over and escaped the TwiML stays below Twilio's 4000.
const LONGEST: usize = 600;

pub struct Voice(Arc<Twilio>);

impl Voice {
    pub fn new(twilio: Arc<Twilio>) -> Voice {
        Voice(twilio)
    }
}

/// What the call says (TwiML: `Say`, `Pause`).
pub fn twiml(card: &Card) -> String {
    let simulated = if card.simulated { "This is simulated. " } else { "" };
    let next = card.next.as_ref().map(|next| format!(" {next}")).unwrap_or_default();
    let what = format!(
        "{simulated}This is Club O S at {}. {}. {}{next} Acknowledge on the staff page or in Slack; until then you are called again.",
        card.site,
        card.title(),
        card.summary,
    );
    let what = escape(&super::card::clip(&what, LONGEST));
    let say = format!("<Say>{what}</Say><Pause length=\"1\"/>");
    format!("<Response><Pause length=\"1\"/>{}</Response>", say.repeat(2))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[async_trait]
impl Channel for Voice {
    fn name(&self) -> &'static str {
        "voice"
    }

    fn label(&self) -> &'static str {
        "Phone call"
    }

    fn kind(&self) -> AlertChannel {
        AlertChannel::per_person(self.name()).on_the_last_rung()
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
        self.0.call(phone, &twiml(&call.card), RINGS).await?;
        Ok(String::new())
    }
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_is_spoken_cannot_command_the_call() {
        assert_eq!(
            escape("</Say><Dial>+1</Dial> & \"x\""),
            "&lt;/Say&gt;&lt;Dial&gt;+1&lt;/Dial&gt; &amp; &quot;x&quot;"
        );
    }
}
