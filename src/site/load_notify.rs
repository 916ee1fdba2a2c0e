//! `[notify]` of `site.toml`: how people are called. Every secret by file.

use std::path::{Path, PathBuf};

use super::load::{phone_number, secret_file};
use super::notify::{Notify, NtfyServer, PushContact, SlackApp, SmsBy, TwilioAccount};
use super::problem::{Problems, did_you_mean};
use super::raw::{Fields, Spot};

/// Without the section nobody is called but by the staff page.
pub(super) fn notify(top: &mut Fields, beside: &Path, problems: &mut Problems) -> Notify {
    let mut notify = Notify::default();
    let Some(mut table) = top.table("notify", problems) else { return notify };
    let page = table.text("page", problems).filter(|page| {
        let at = table.at("page");
        address(page, &at, "write how staff open the page, like \"http://192.0.2.10:8080\"", problems)
    });
    notify.page = page.map(|page| page.value.trim_end_matches('/').to_owned());
    notify.words = table.flag("words", problems).unwrap_or(false);
    notify.slack_webhook_file = optional_file(&mut table, "slack_webhook_file", beside, problems);
    notify.slack = table.table("slack", problems).and_then(|t| slack(t, beside, problems));
    notify.ntfy = table.table("ntfy", problems).and_then(|t| ntfy(t, beside, problems));
    notify.push = table.table("push", problems).and_then(|t| push(t, problems));
    let has_twilio = table.has("twilio");
    notify.twilio = table.table("twilio", problems).and_then(|t| twilio(t, beside, problems));
    let by = table.text("sms", problems);
    notify.sms = by.and_then(|by| sms(&by, &table.at("sms"), has_twilio, problems));
    table.finish(problems);
    notify
}

fn slack(mut table: Fields, beside: &Path, problems: &mut Problems) -> Option<SlackApp> {
    let app = secret_file(&mut table, "app_token_file", beside, problems);
    let bot = secret_file(&mut table, "bot_token_file", beside, problems);
    let channel = table.need_text("channel", "write the channel's id, like \"C0123456789\"", problems);
    let channel = channel.filter(|channel| {
        let id = slack_id(&channel.value, &['C', 'G']);
        if !id {
            let mend =
                "open the channel's details in Slack; its id stands at the bottom, like \"C0123456789\"";
            problems.add(channel.line, table.at("channel"), "is no id of a Slack channel", mend);
        }
        id
    });
    table.finish(problems);
    Some(SlackApp { app_token_file: app?, bot_token_file: bot?, channel: channel?.value })
}

fn ntfy(mut table: Fields, beside: &Path, problems: &mut Problems) -> Option<NtfyServer> {
    let mend = "write the server's address without a topic, like \"https://ntfy.example\"";
    let url = table.need_text("url", mend, problems);
    let url = url.filter(|url| address(url, &table.at("url"), mend, problems));
    let topic_file = optional_file(&mut table, "topic_file", beside, problems);
    let token_file = optional_file(&mut table, "token_file", beside, problems);
    table.finish(problems);
    Some(NtfyServer { url: url?.value.trim_end_matches('/').to_owned(), topic_file, token_file })
}

fn push(mut table: Fields, problems: &mut Problems) -> Option<PushContact> {
    let mend = "write where a push service may complain, like \"mailto:staff@club.example\"";
    let contact = table.need_text("contact", mend, problems)?;
    let is_mail = contact.value.strip_prefix("mailto:").is_some_and(|m| m.contains('@') && !m.contains(' '));
    let right = is_mail || contact.value.starts_with("https://");
    if !right {
        problems.add(contact.line, table.at("contact"), "is no mailto: or https: address", mend);
    }
    table.finish(problems);
    right.then_some(PushContact { contact: contact.value })
}

fn twilio(mut table: Fields, beside: &Path, problems: &mut Problems) -> Option<TwilioAccount> {
    let account = table.need_text("account", "write the account's SID, AC and 32 hex digits", problems);
    let account = account.filter(|a| sid(a, "AC", &table.at("account"), problems));
    let had_key = table.has("api_key");
    let api_key = table.text("api_key", problems).filter(|k| sid(k, "SK", &table.at("api_key"), problems));
    let secret = secret_file(&mut table, "secret_file", beside, problems);
    let from = table.need_text("from", "write the number that calls, like \"+19025550100\"", problems);
    let from = from.and_then(|from| phone_number(&from, &table.at("from"), problems));
    let voice = table.flag("voice", problems).unwrap_or(true);
    table.finish(problems);
    if had_key && api_key.is_none() {
        return None;
    }
    Some(TwilioAccount {
        account: account?.value,
        api_key: api_key.map(|key| key.value),
        secret_file: secret?,
        from: from?,
        voice,
    })
}

fn sms(by: &Spot<String>, key: &str, has_twilio: bool, problems: &mut Problems) -> Option<SmsBy> {
    match by.value.as_str() {
        "texts" => Some(SmsBy::Texts),
        "twilio" if has_twilio => Some(SmsBy::Twilio),
        "twilio" => {
            let mend = "write `[notify.twilio]`, or `sms = \"texts\"`";
            problems.add(by.line, key, "there is no `[notify.twilio]`", mend);
            None
        }
        other => {
            let guess = did_you_mean(other, ["texts", "twilio"]);
            let what = format!("`{other}` carries no texts{guess}");
            problems.add(by.line, key, what, "write \"texts\" (the customers' provider) or \"twilio\"");
            None
        }
    }
}

/// A person's own Slack id, `U…` or `W…`.
pub(super) fn slack_user(id: &Spot<String>, key: &str, problems: &mut Problems) -> Option<String> {
    if slack_id(&id.value, &['U', 'W']) {
        return Some(id.value.clone());
    }
    let mend = "open the person's profile in Slack, \"Copy member ID\"; it looks like \"U0123456789\"";
    problems.add(id.line, key, "is no id of a Slack member", mend);
    None
}

fn slack_id(id: &str, first: &[char]) -> bool {
    let rest = id.strip_prefix(first);
    rest.is_some_and(|rest| {
        (2..=20).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    })
}

fn sid(text: &Spot<String>, prefix: &str, key: &str, problems: &mut Problems) -> bool {
    let hex = |s: &str| s.len() == 32 && s.bytes().all(|b| b.is_ascii_hexdigit());
    let right = text.value.strip_prefix(prefix).is_some_and(hex);
    if !right {
        let mend = format!("copy it from Twilio's console: {prefix} and 32 hex digits");
        problems.add(text.line, key, format!("is no SID of the kind {prefix}"), mend);
    }
    right
}

fn address(text: &Spot<String>, key: &str, mend: &str, problems: &mut Problems) -> bool {
    let rest = text.value.strip_prefix("https://").or_else(|| text.value.strip_prefix("http://"));
    let right = rest.is_some_and(|rest| !rest.is_empty() && !rest.contains([' ', '@', '#', '?']));
    if !right {
        problems.add(text.line, key, "is no http address", mend);
    }
    right
}

/// A `…_file` key that may be missing.
pub(super) fn optional_file(
    table: &mut Fields,
    key: &'static str,
    beside: &Path,
    problems: &mut Problems,
) -> Option<PathBuf> {
    if table.has(key) {
        return secret_file(table, key, beside, problems);
    }
    let _ = table.take(key); // counted among the known keys
    None
}
