//! From `[notify]` to channels: reads the secrets, makes what can be made, and says what cannot.
//!
//! A secret that is missing takes its own channel away and no other.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::ntfy::Ntfy;
use super::push::Push;
use super::push_key::{KeyError, PushKey};
use super::slack::SlackWebhook;
use super::slack_api::{SLACK, SlackApi};
use super::slack_socket::{Pauses, SlackSocket};
use super::sms::{Carrier, Sms};
use super::twilio::{TWILIO, Twilio};
use super::voice::Voice;
use super::{Channel, NotReached};
use crate::site::Site;
use crate::site::notify::SmsBy;
use crate::site::secret::{self, SecretError};

/// Why a channel of the site could not be made. Names files, never what they hold.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("{0}")]
    Secret(#[from] SecretError),
    #[error("{0}")]
    Key(#[from] KeyError),
    #[error("{0}")]
    Channel(#[from] NotReached),
    #[error("the club has no text provider ([texts]), so that `notify.sms = \"texts\"` cannot work")]
    NoTexts,
}

/// The site's channels.
#[derive(Default)]
pub struct Made {
    /// In the order people are shown them.
    pub channels: Vec<Arc<dyn Channel>>,
    /// What browsers register with, where push is on.
    pub push_key: Option<Arc<PushKey>>,
    /// Channels that the site names and that could not be made.
    pub missing: Vec<(&'static str, SetupError)>,
}

impl Made {
    fn take(&mut self, name: &'static str, made: Result<Option<Arc<dyn Channel>>, SetupError>) {
        match made {
            Ok(channel) => self.channels.extend(channel),
            Err(error) => self.missing.push((name, error)),
        }
    }
}

/// Makes every channel that `[notify]` names. `texts` carries texts for the club, if it has a provider.
pub fn make(site: &Site, state_dir: &Path, texts: Option<Arc<dyn Carrier>>) -> Made {
    let mut made = Made::default();
    if site.notify.push.is_some() {
        match push(site, state_dir) {
            Ok((channel, key)) => {
                made.channels.push(channel);
                made.push_key = Some(key);
            }
            Err(error) => made.missing.push(("push", error)),
        }
    }
    made.take("slack", slack(site));
    made.take("slack-webhook", webhook(site));
    made.take("ntfy", ntfy(site));
    let twilio = twilio(site);
    made.take("sms", sms(site, twilio.as_ref().ok().cloned().flatten(), texts));
    made.take("voice", twilio.map(|twilio| voice(site, twilio)));
    made
}

fn push(site: &Site, state_dir: &Path) -> Result<(Arc<dyn Channel>, Arc<PushKey>), SetupError> {
    let key = Arc::new(PushKey::load_or_make(state_dir)?);
    let contact = site.notify.push.as_ref().map(|push| push.contact.as_str()).unwrap_or_default();
    Ok((Arc::new(Push::new(key.clone(), contact)?), key))
}

fn slack(site: &Site) -> Result<Option<Arc<dyn Channel>>, SetupError> {
    let Some(app) = &site.notify.slack else { return Ok(None) };
    let (app_token, bot_token) = (secret::read(&app.app_token_file)?, secret::read(&app.bot_token_file)?);
    let api = SlackApi::new(SLACK)?;
    Ok(Some(Arc::new(SlackSocket::new(api, &app_token, &bot_token, &app.channel, Pauses::default()))))
}

fn webhook(site: &Site) -> Result<Option<Arc<dyn Channel>>, SetupError> {
    let Some(file) = &site.notify.slack_webhook_file else { return Ok(None) };
    Ok(Some(Arc::new(SlackWebhook::new(&secret::read(file)?)?)))
}

fn ntfy(site: &Site) -> Result<Option<Arc<dyn Channel>>, SetupError> {
    let Some(server) = &site.notify.ntfy else { return Ok(None) };
    let mut own = BTreeMap::new();
    for person in &site.people {
        if let Some(file) = &person.ntfy_topic_file {
            own.insert(person.name.clone(), secret::read(file)?);
        }
    }
    let shared = server.topic_file.as_deref().map(secret::read).transpose()?;
    let token = server.token_file.as_deref().map(secret::read).transpose()?;
    Ok(Some(Arc::new(Ntfy::new(&server.url, shared, own, token)?)))
}

fn twilio(site: &Site) -> Result<Option<Arc<Twilio>>, SetupError> {
    let Some(account) = &site.notify.twilio else { return Ok(None) };
    let secret = secret::read(&account.secret_file)?;
    let twilio = Twilio::new(TWILIO, &account.account, account.api_key.as_deref(), &secret, &account.from)?;
    Ok(Some(Arc::new(twilio)))
}

/// A Twilio that could not be made is complained about once, at the voice.
fn sms(
    site: &Site,
    twilio: Option<Arc<Twilio>>,
    texts: Option<Arc<dyn Carrier>>,
) -> Result<Option<Arc<dyn Channel>>, SetupError> {
    let carrier: Option<Arc<dyn Carrier>> = match site.notify.sms {
        None => None,
        Some(SmsBy::Texts) => Some(texts.ok_or(SetupError::NoTexts)?),
        Some(SmsBy::Twilio) => twilio.map(|twilio| twilio as Arc<dyn Carrier>),
    };
    Ok(carrier.map(|carrier| Arc::new(Sms::new(carrier)) as Arc<dyn Channel>))
}

fn voice(site: &Site, twilio: Option<Arc<Twilio>>) -> Option<Arc<dyn Channel>> {
    let wanted = site.notify.twilio.as_ref().is_some_and(|account| account.voice);
    let twilio = twilio.filter(|_| wanted)?;
    Some(Arc::new(Voice::new(twilio)))
}
