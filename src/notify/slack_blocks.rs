//! A card in Slack's Block Kit (docs.slack.dev, "Block Kit reference"), and the fallback text.

use serde_json::{Value, json};

use super::card::{About, clip};
use super::{Call, Card};
use crate::site::Person;

pub const ACKNOWLEDGE: &str = "clubos_acknowledge";
pub const CLAIM: &str = "clubos_claim";
/// A link; Slack tells of the press all the same.
pub const OPEN: &str = "clubos_open";

/// Longest texts: a header 150, a section 3000 characters.
const HEADER: usize = 150;
const SECTION: usize = 2900;

/// What notifications of Slack show: text without blocks.
pub fn fallback(call: &Call) -> String {
    let card = &call.card;
    format!("{} for {}: {}", escape(&card.title()), mentions(&call.people), escape(&card.summary))
}

/// The blocks. `buttons`: with those that come back by Socket Mode.
pub fn card(call: &Call, buttons: bool) -> Value {
    let card = &call.card;
    let mut blocks = body(card);
    let mut elements = Vec::new();
    if let (true, About::Escalation(id)) = (buttons, card.about) {
        elements.push(button(ACKNOWLEDGE, "Acknowledge", id, Some("primary")));
        elements.push(button(CLAIM, "Claim the conversation", id, None));
    }
    if let Some(link) = &card.link {
        let text = json!({"type": "plain_text", "text": "Open"});
        elements.push(json!({"type": "button", "action_id": OPEN, "text": text, "url": link}));
    }
    if !elements.is_empty() {
        blocks.push(json!({"type": "actions", "block_id": "clubos", "elements": elements}));
    }
    let who = format!("Called: {}", mentions(&call.people));
    blocks.push(json!({"type": "context", "elements": [{"type": "mrkdwn", "text": who}]}));
    Value::Array(blocks)
}

/// The blocks once somebody looks after it: no buttons but the link.
pub fn done(card: &Card) -> Value {
    let mut blocks = body(card);
    if let Some(link) = &card.link {
        let text = json!({"type": "plain_text", "text": "Open"});
        let open = json!({"type": "button", "action_id": OPEN, "text": text, "url": link});
        blocks.push(json!({"type": "actions", "block_id": "clubos", "elements": [open]}));
    }
    blocks.push(json!({"type": "context", "elements": [{"type": "mrkdwn", "text": taken(card)}]}));
    Value::Array(blocks)
}

/// "dana looks after it: …"
pub fn taken(card: &Card) -> String {
    let by = card.taken_by.as_deref().unwrap_or("Somebody");
    format!(":white_check_mark: {} looks after it: {}", escape(by), escape(&card.summary))
}

fn body(card: &Card) -> Vec<Value> {
    let title = json!({"type": "plain_text", "text": clip(&card.title(), HEADER)});
    let mut lines: Vec<String> = card.lines().iter().map(|line| escape(line)).collect();
    lines.extend(card.said.iter().map(|said| format!("> {}", escape(said))));
    let text = clip_lines(&lines.join("\n"));
    vec![
        json!({"type": "header", "text": title}),
        json!({"type": "section", "text": {"type": "mrkdwn", "text": text}}),
    ]
}

fn button(action: &str, label: &str, id: i64, style: Option<&str>) -> Value {
    let text = json!({"type": "plain_text", "text": label});
    let mut button = json!({"type": "button", "action_id": action, "text": text, "value": id.to_string()});
    if let Some(style) = style {
        button["style"] = json!(style);
    }
    button
}

/// Who is called, so that Slack rings for them where it knows them.
pub fn mentions(people: &[Person]) -> String {
    let one = |p: &Person| p.slack.as_ref().map_or_else(|| escape(&p.name), |id| format!("<@{id}>"));
    people.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// What is not ours must make no links and no mentions (docs.slack.dev, "Escaping text").
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn clip_lines(text: &str) -> String {
    text.chars().take(SECTION).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_customers_make_no_links_and_ring_for_nobody() {
        assert_eq!(
            escape("<!channel> & <https://evil.example|here>"),
            "&lt;!channel&gt; &amp; &lt;https://evil.example|here&gt;"
        );
    }
}
