//! The text provider that `site.toml` names, with its secrets.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use crate::channel::api::Patience;
use crate::channel::quo::{self, Quo, QuoSettings, Reading};
use crate::channel::twilio::{self, Twilio, TwilioSettings};
use crate::channel::{Settings, TextProvider};
use crate::clock::Clock;
use crate::site::{Site, TextCompany, secret};

const HOUR: Duration = Duration::from_secs(3600);

/// Who carries texts, and how.
pub type Line = (Arc<dyn TextProvider>, Settings);

/// The provider, if the site has one.
///
/// # Errors
/// A secret that cannot be read, an address or id that is none.
pub fn provider(site: &Site, clock: &Clock) -> anyhow::Result<Option<Line>> {
    let Some(texts) = &site.texts else { return Ok(None) };
    let key = secret::read(&texts.key_file).context("texts.key_file")?;
    let base = |own: &str| texts.api_url.clone().unwrap_or_else(|| own.to_owned());
    let provider: Arc<dyn TextProvider> = match texts.provider {
        TextCompany::Quo => {
            let secrets = texts.webhook_secret_files.iter().map(|file| secret::read(file));
            let settings = QuoSettings {
                base_url: base(quo::BASE),
                api_key: key,
                number: texts.number.clone(),
                number_id: texts.number_id.clone().unwrap_or_default(),
                user_id: texts.user_id.clone(),
                webhook_secrets: secrets.collect::<Result<_, _>>().context("texts.webhook_secret_files")?,
                reading: Reading::default(),
            };
            Arc::new(Quo::new(settings, clock.clone(), Patience::default()).context("[texts]")?)
        }
        TextCompany::Twilio => {
            let settings = TwilioSettings {
                base_url: base(twilio::BASE),
                account_sid: texts.account.clone().unwrap_or_default(),
                auth_token: Some(key),
                api_key: None,
                number: texts.number.clone(),
                messaging_service_sid: None,
                status_callback: texts.webhook_url.clone(),
            };
            Arc::new(Twilio::new(settings, clock.clone(), Patience::default()).context("[texts]")?)
        }
    };
    Ok(Some((provider, Settings::of(texts))))
}

/// Whether the provider answers with the key this box has. Sends nothing.
///
/// # Errors
/// What is wrong, for a person.
pub fn check(site: &Site) -> Result<String, String> {
    let clock = Clock::system();
    let Some((line, _)) = provider(site, &clock).map_err(|problem| format!("{problem:#}"))? else {
        return Ok("none: site.toml has no [texts], so no text comes in or goes out".to_owned());
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let heard = runtime.block_on(line.hear(clock.now() - HOUR, &[]));
    let heard = heard.map_err(|error| format!("{} does not answer: {error}", line.name()))?;
    let off = line.clock_ahead_ms().unwrap_or(0).unsigned_abs() / 1000;
    match off {
        0..=120 => Ok(format!("{} answers; {} things in the last hour", line.name(), heard.len())),
        _ => Err(format!("{} answers, but the clock of this box is {off} s off", line.name())),
    }
}
