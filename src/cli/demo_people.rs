//! How people are called in the demo: a simulated Slack and a simulated ntfy on this machine, and real Web
//! Push (the browser's own, where there is internet). Everything says that it is simulated.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;

use crate::notify::ntfy::Ntfy;
use crate::notify::setup;
use crate::notify::slack_api::SlackApi;
use crate::notify::slack_socket::{Pauses, SlackSocket};
use crate::notify::{Channel, Made};
use crate::simclub::fake_ntfy::FakeNtfy;
use crate::simclub::fake_slack::{APP_TOKEN, BOT_TOKEN, CHANNEL, FakeSlack, Posted};
use crate::site::Site;
use crate::site::notify::{Notify, PushContact};
use crate::web;

const TOPIC: &str = "simulated-club";

/// The simulated services; they end with the value.
pub struct SimPeople {
    slack: FakeSlack,
    ntfy: FakeNtfy,
    /// Names and Slack ids of the demo's people.
    people: Vec<(String, String)>,
}

/// Starts the services and makes the channels to them; the people of `site` get simulated Slack ids.
///
/// # Errors
/// No port on this machine.
pub async fn start(site: &mut Site, state_dir: &Path) -> anyhow::Result<(Arc<SimPeople>, Made)> {
    let slack = FakeSlack::start(0).await.context("the simulated Slack")?;
    let ntfy = FakeNtfy::start(0, None).await.context("the simulated ntfy")?;
    let mut people = Vec::new();
    for person in &mut site.people {
        let id = format!("U0SIM{}", person.name.to_uppercase());
        person.slack = Some(id.clone());
        people.push((person.name.clone(), id));
    }
    let contact = PushContact { contact: "mailto:staff@clubhouse.example".to_owned() };
    site.notify = Notify { push: Some(contact), ..Notify::default() };
    let mut made = setup::make(site, state_dir, None);
    let api = SlackApi::new(&slack.api_base())?;
    let socket = SlackSocket::new(api, APP_TOKEN, BOT_TOKEN, CHANNEL, Pauses::default());
    let phone = Ntfy::new(&ntfy.url(), Some(TOPIC.to_owned()), BTreeMap::new(), None)?;
    made.channels.extend([Arc::new(socket) as Arc<dyn Channel>, Arc::new(phone)]);
    Ok((Arc::new(SimPeople { slack, ntfy, people }), made))
}

#[async_trait]
impl web::DemoSlack for SimPeople {
    fn messages(&self) -> Vec<web::SlackMessage> {
        self.slack.posted().iter().rev().map(|posted| shown(posted, &self.people)).collect()
    }

    fn people(&self) -> Vec<String> {
        self.people.iter().map(|(name, _)| name.clone()).collect()
    }

    fn phone(&self) -> Vec<String> {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let published = self.ntfy.published();
        published.iter().rev().map(|m| format!("{}: {}", text(&m["title"]), text(&m["message"]))).collect()
    }

    async fn press(&self, message: &str, button: &str, person: &str) -> Result<(), String> {
        let known = self.people.iter().find(|(name, _)| name == person);
        let (_, user) = known.ok_or_else(|| format!("there is no {person} in this Slack"))?;
        self.slack.press(message, button, user).await
    }
}

fn shown(posted: &Posted, people: &[(String, String)]) -> web::SlackMessage {
    let plain = |text: &str| plain(text, people);
    let blocks = posted.blocks.as_array().cloned().unwrap_or_default();
    let text = |block: &serde_json::Value| block["text"].as_str().unwrap_or_default().to_owned();
    let mut lines = Vec::new();
    let mut title = String::new();
    for block in &blocks {
        match block["type"].as_str() {
            Some("header") => title = text(&block["text"]),
            Some("section") => lines.extend(text(&block["text"]).lines().map(&plain)),
            Some("context") => {
                lines.extend(block["elements"].as_array().into_iter().flatten().map(|e| plain(&text(e))))
            }
            _ => {}
        }
    }
    if blocks.is_empty() {
        lines.push(plain(&posted.text));
    }
    web::SlackMessage {
        id: posted.ts.clone(),
        title,
        lines,
        buttons: posted.buttons(),
        below: posted.below.is_some(),
    }
}

/// Slack's escapes as a person sees them.
fn plain(text: &str, people: &[(String, String)]) -> String {
    let mut text = text.replace(":white_check_mark:", "✔");
    for (name, id) in people {
        text = text.replace(&format!("<@{id}>"), &format!("@{name}"));
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
