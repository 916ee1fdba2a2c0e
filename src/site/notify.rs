//! How people are called, as written in `[notify]`: types. Whom and when is the desk's.

use std::path::PathBuf;

use super::E164;

/// The section `[notify]`. Without it nobody is called but by the staff page.
#[derive(Debug, Clone, Default)]
pub struct Notify {
    /// Where links in a call lead: the staff page, `http://192.0.2.10:8080`.
    pub page: Option<String>,
    /// Whether the customer's own words go to Slack, ntfy and push. Default false.
    pub words: bool,
    /// File with the address of a Slack incoming webhook.
    pub slack_webhook_file: Option<PathBuf>,
    pub slack: Option<SlackApp>,
    pub ntfy: Option<NtfyServer>,
    pub push: Option<PushContact>,
    pub twilio: Option<TwilioAccount>,
    /// Who carries texts to people's phones.
    pub sms: Option<SmsBy>,
}

/// A Slack app in Socket Mode.
#[derive(Debug, Clone)]
pub struct SlackApp {
    /// `xapp-…`, scope `connections:write`.
    pub app_token_file: PathBuf,
    /// `xoxb-…`, scope `chat:write`.
    pub bot_token_file: PathBuf,
    /// Id of the channel the calls are written to, `C…`.
    pub channel: String,
}

#[derive(Debug, Clone)]
pub struct NtfyServer {
    /// The server's root, `https://ntfy.example`.
    pub url: String,
    /// File with the name of the topic for everybody who has none of their own.
    pub topic_file: Option<PathBuf>,
    /// File with an access token, `tk_…`.
    pub token_file: Option<PathBuf>,
}

/// Web Push is on; the key is made on the box.
#[derive(Debug, Clone)]
pub struct PushContact {
    /// Whom a push service writes to when something is wrong (RFC 8292, `sub`): `mailto:…` or `https:…`.
    pub contact: String,
}

#[derive(Debug, Clone)]
pub struct TwilioAccount {
    /// `AC…`
    pub account: String,
    /// An API key, `SK…`; without it `secret_file` holds the account's auth token.
    pub api_key: Option<String>,
    pub secret_file: PathBuf,
    /// The number that calls and texts.
    pub from: E164,
    /// Whether it calls by voice. Default true.
    pub voice: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmsBy {
    /// The provider of the customers' texts.
    Texts,
    /// The account of `[notify.twilio]`.
    Twilio,
}
