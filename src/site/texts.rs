//! `[texts]`: the provider that carries customers' texts, and the number they write to.
//!
//! Owns reading and checking the section. Knows no provider's wire, and holds no secret: only where it is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::E164;
use super::load::{phone_number, secret_file};
use super::problem::{Problems, did_you_mean};
use super::raw::{Fields, Spot};
use super::{secret, validate};

/// How texts come in and go out.
#[derive(Debug, Clone)]
pub struct Texts {
    pub provider: TextCompany,
    /// The club's number, as customers write to it.
    pub number: E164,
    /// Twilio: the account (`AC…`).
    pub account: Option<String>,
    /// Quo: the id of the number (`PN…`).
    pub number_id: Option<String>,
    /// Quo: the user the box writes as (`US…`), if it has one of its own.
    pub user_id: Option<String>,
    pub key_file: PathBuf,
    /// What webhooks are signed with; more than one while it is being changed. Twilio signs with the key.
    pub webhook_secret_files: Vec<PathBuf>,
    /// The address at which the provider reaches this box, through a tunnel or relay; it is signed.
    pub webhook_url: Option<String>,
    /// Where the provider is spoken to; its own address unless said.
    pub api_url: Option<String>,
    /// Default 2 s: two requests of the ten a second that a key may make.
    pub poll_every: Duration,
    /// By day, nothing coming in for this long is an alarm. Default 12 h.
    pub silence_alarm: Duration,
    /// A try without an answer is looked for this long before it is repeated once. Default 2 min.
    pub look_up_for: Duration,
}

/// Who carries the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextCompany {
    /// Quo, formerly OpenPhone.
    Quo,
    Twilio,
}

impl TextCompany {
    pub fn name(self) -> &'static str {
        match self {
            TextCompany::Quo => "quo",
            TextCompany::Twilio => "twilio",
        }
    }
}

pub(super) fn texts(top: &mut Fields, beside: &Path, problems: &mut Problems) -> Option<Texts> {
    let mut table = top.table("texts", problems)?;
    let provider = table.need_text("provider", "write \"quo\" or \"twilio\"", problems);
    let provider = provider.and_then(|p| company(&p, &table.at("provider"), problems));
    let number = table.need_text("number", "write the club's number like \"+19025550100\"", problems);
    let number = number.and_then(|n| phone_number(&n, &table.at("number"), problems));
    let account = table.text("account", problems).map(|a| a.value);
    if provider == Some(TextCompany::Twilio) && account.is_none() {
        problems.add(table.line, table.at("account"), "is missing", "write Twilio's account id, \"AC…\"");
    }
    let number_id = table.text("number_id", problems).map(|id| id.value);
    if provider == Some(TextCompany::Quo) && number_id.is_none() {
        problems.add(
            table.line,
            table.at("number_id"),
            "is missing",
            "write the number's id at Quo, \"PN…\"",
        );
    }
    let user_id = table.text("user_id", problems).map(|id| id.value);
    let key_file = secret_file(&mut table, "key_file", beside, problems);
    let webhook_secret_files = table.texts("webhook_secret_files", problems);
    let webhook_url = table.text("webhook_url", problems);
    let webhook_url = webhook_url.filter(|url| validate::https(url, &table.at("webhook_url"), problems));
    let api_url = table.text("api_url", problems);
    let api_url = api_url.filter(|url| safe_address(url, &table.at("api_url"), problems));
    let poll_every = seconds(&mut table, "poll_every_s", 1..=300, 2, problems);
    let look_up_for = seconds(&mut table, "look_up_for_s", 5..=600, 120, problems);
    let silence = table.whole("silence_alarm_h", 1..=168, problems).map_or(12, |hours| hours.value);
    table.finish(problems);
    Some(Texts {
        provider: provider?,
        number: number?,
        account,
        number_id,
        user_id,
        key_file: key_file?,
        webhook_secret_files: webhook_secret_files.iter().map(|f| secret::find(&f.value, beside)).collect(),
        webhook_url: webhook_url.map(|url| url.value.trim_end_matches('/').to_owned()),
        api_url: api_url.map(|url| url.value.trim_end_matches('/').to_owned()),
        poll_every,
        silence_alarm: Duration::from_secs(u64::try_from(silence).unwrap_or(12) * 3600),
        look_up_for,
    })
}

fn company(name: &Spot<String>, key: &str, problems: &mut Problems) -> Option<TextCompany> {
    let known = [TextCompany::Quo, TextCompany::Twilio];
    let found = known.into_iter().find(|c| c.name() == name.value);
    if found.is_none() {
        let guess = did_you_mean(&name.value, known.map(TextCompany::name));
        let what = format!("there is no text provider `{}`{guess}", name.value);
        problems.add(name.line, key, what, "write \"quo\" or \"twilio\"");
    }
    found
}

/// Keys go over https only, or to this very machine (a relay, a test).
fn safe_address(url: &Spot<String>, key: &str, problems: &mut Problems) -> bool {
    let here = ["http://127.0.0.1:", "http://localhost:"].iter().any(|own| url.value.starts_with(own));
    here || validate::https(url, key, problems)
}

fn seconds(
    table: &mut Fields,
    key: &'static str,
    range: std::ops::RangeInclusive<i64>,
    default: u64,
    problems: &mut Problems,
) -> Duration {
    let found = table.whole(key, range, problems).and_then(|s| u64::try_from(s.value).ok());
    Duration::from_secs(found.unwrap_or(default))
}
