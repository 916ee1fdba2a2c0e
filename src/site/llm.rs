//! `[llm]`: the cloud model that may be asked when the box is unsure.
//!
//! Owns reading and checking the section. Knows no provider's wire, and holds no secret: only where it is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::load::{SiteProblems, secret_file, without_secrets};
use super::problem::{Problems, did_you_mean};
use super::raw::{Fields, Spot};
use super::{parse, validate};

/// Whom to ask, what it costs, and how much of it there may be.
#[derive(Debug, Clone)]
pub struct CloudModel {
    pub provider: LlmCompany,
    /// The model's name at the provider.
    pub model: String,
    pub key_file: PathBuf,
    /// Where the provider is spoken to; its own address unless said.
    pub url: Option<String>,
    /// Price of a million tokens, in cents (of whatever currency the provider bills in).
    pub input_cents: i64,
    pub output_cents: i64,
    /// The most that is spent on one day of the site, in the same cents.
    pub cents_a_day: i64,
    /// … and in one month.
    pub cents_a_month: i64,
    /// How long the exact bytes sent are kept. Default 30 days.
    pub keep: Duration,
}

/// Whose API is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LlmCompany {
    /// OpenAI's Responses.
    OpenAi,
    /// OpenAI's Chat Completions, which others speak too.
    OpenAiChat,
    /// Anthropic's Messages.
    Anthropic,
}

impl LlmCompany {
    const ALL: [LlmCompany; 3] = [LlmCompany::OpenAi, LlmCompany::OpenAiChat, LlmCompany::Anthropic];

    pub fn name(self) -> &'static str {
        match self {
            LlmCompany::OpenAi => "openai",
            LlmCompany::OpenAiChat => "openai-chat",
            LlmCompany::Anthropic => "anthropic",
        }
    }
}

/// The section `[llm]` alone, from a file that may hold nothing else.
///
/// # Errors
/// Every problem of the file; that there is no such section is one.
pub fn load(path: &Path) -> Result<CloudModel, SiteProblems> {
    let name = path.display().to_string();
    let mut problems = Problems::of(&name);
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| {
        problems.add(0, "llm", format!("cannot be read: {error}"), "name a file with `[llm]`");
        String::new()
    });
    let entries = without_secrets(parse::parse(&text, &mut problems), "", &mut problems);
    let mut top = Fields::new("", 1, entries, &mut problems);
    if !top.has("llm") && problems.is_empty() {
        problems.add(0, "llm", "is missing", "write `[llm]` with provider, model, key_file, prices and caps");
    }
    let found = llm(&mut top, path.parent().unwrap_or(Path::new(".")), &mut problems);
    top.finish(&mut problems);
    match found {
        Some(found) if problems.is_empty() => Ok(found),
        _ => Err(SiteProblems(problems.into_sorted())),
    }
}

const DAY: u64 = 24 * 3600;
/// Prices and caps are whole cents; nothing of this house costs more.
const MOST_CENTS: i64 = 1_000_000;

/// Without the section no word leaves the box for a model.
pub(super) fn llm(top: &mut Fields, beside: &Path, problems: &mut Problems) -> Option<CloudModel> {
    let mut table = top.table("llm", problems)?;
    let provider =
        table.need_text("provider", "write \"openai\", \"openai-chat\" or \"anthropic\"", problems);
    let provider = provider.and_then(|p| company(&p, &table.at("provider"), problems));
    let model = table.need_text("model", "write the model's name as the provider spells it", problems);
    let key_file = secret_file(&mut table, "key_file", beside, problems);
    let url = table.text("url", problems).filter(|url| safe_address(url, &table.at("url"), problems));
    let price = "write the price of a million tokens in whole cents, as the provider's price list says";
    let input_cents = cents(&mut table, "input_cents", price, problems);
    let output_cents = cents(&mut table, "output_cents", price, problems);
    let cap = "write how many cents may be spent at most";
    let day = cents(&mut table, "cents_a_day", cap, problems);
    let month = cents(&mut table, "cents_a_month", cap, problems);
    let keep = table.whole("keep_days", 1..=365, problems).map_or(30, |days| days.value);
    if let (Some(day), Some(month)) = (day, month)
        && day > month
    {
        let mend = "write a month's cap that is at least the day's";
        problems.add(table.line, table.at("cents_a_month"), "is less than `cents_a_day`", mend);
    }
    table.finish(problems);
    Some(CloudModel {
        provider: provider?,
        model: model?.value,
        key_file: key_file?,
        url: url.map(|url| url.value.trim_end_matches('/').to_owned()),
        input_cents: input_cents?,
        output_cents: output_cents?,
        cents_a_day: day?,
        cents_a_month: month?,
        keep: Duration::from_secs(u64::try_from(keep).unwrap_or(30) * DAY),
    })
}

fn company(name: &Spot<String>, key: &str, problems: &mut Problems) -> Option<LlmCompany> {
    let found = LlmCompany::ALL.into_iter().find(|c| c.name() == name.value);
    if found.is_none() {
        let guess = did_you_mean(&name.value, LlmCompany::ALL.map(LlmCompany::name));
        let what = format!("there is no provider `{}`{guess}", name.value);
        problems.add(name.line, key, what, "write \"openai\", \"openai-chat\" or \"anthropic\"");
    }
    found
}

/// Prices and caps have no default: a wrong price would make the caps worth nothing.
fn cents(table: &mut Fields, key: &'static str, mend: &str, problems: &mut Problems) -> Option<i64> {
    if !table.has(key) {
        problems.add(table.line, table.at(key), "is missing", mend);
    }
    table.whole(key, 1..=MOST_CENTS, problems).map(|found| found.value)
}

/// Words and key go over https only, or to this very machine (a relay, a test).
fn safe_address(url: &Spot<String>, key: &str, problems: &mut Problems) -> bool {
    let own = ["http://127.0.0.1:", "http://localhost:"];
    let here = own.iter().filter_map(|own| url.value.strip_prefix(own)).any(|rest| {
        let port = rest.split('/').next().unwrap_or_default();
        !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) && !rest.contains(['?', '#', ' '])
    });
    here || validate::https(url, key, problems)
}
