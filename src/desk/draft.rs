//! A draft: what one turn will say and did, collected over its topics and committed at once.

use std::time::Duration;

use super::Cx;
use super::scene::Scene;
use crate::sop::{self, Condition, Sop, Text, Values, render};
use crate::store::message::{self, Ending, Message};
use crate::store::question::{self, Payload};
use crate::store::thread::{Channel, Thread};
use crate::store::{self, outbox};

/// How long a "yes" counts (DOMAIN 5.9).
pub(super) const QUESTION_LIVES: Duration = Duration::from_secs(10 * 60);

pub(super) struct Draft {
    texts: Vec<Text>,
    refs: Vec<String>,
    ending: Ending,
    reason: Option<String>,
    ask: Option<Ask>,
    /// A text could not be made; a person is to answer instead.
    pub broken: bool,
}

struct Ask {
    kind: &'static str,
    payload: Payload,
    episode_id: Option<i64>,
}

impl Draft {
    pub fn new() -> Draft {
        Draft {
            texts: Vec::new(),
            refs: Vec::new(),
            ending: Ending::Silent,
            reason: None,
            ask: None,
            broken: false,
        }
    }

    fn raise(&mut self, ending: Ending) {
        self.ending = self.ending.max(ending);
    }

    pub fn say(&mut self, text: Text) {
        if !self.texts.contains(&text) {
            self.texts.push(text);
        }
        self.raise(Ending::Replied);
    }

    pub fn acted(&mut self, effect_id: i64) {
        self.refs.push(format!("effect:{effect_id}"));
        self.raise(Ending::Acted);
    }

    /// An effect that was asked for and refused: told, but nothing moved.
    pub fn refused(&mut self, effect_id: i64) {
        self.refs.push(format!("effect:{effect_id}"));
    }

    pub fn escalated(&mut self, escalation_id: i64) {
        self.refs.push(format!("escalation:{escalation_id}"));
        self.raise(Ending::Escalated);
    }

    pub fn ticketed(&mut self, ticket_id: i64) {
        self.refs.push(format!("ticket:{ticket_id}"));
    }

    /// Says nothing, and why.
    pub fn silent(&mut self, reason: &str) {
        self.reason.get_or_insert_with(|| reason.to_owned());
    }

    /// Whether anything at all has come of the turn so far.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.refs.is_empty() && self.reason.is_none()
    }

    pub fn asks(&self) -> bool {
        self.ask.is_some()
    }

    /// Binds the next yes, no or word to this; the first question of a turn stands.
    pub fn ask(&mut self, kind: &'static str, payload: Payload, episode_id: Option<i64>) {
        self.ask.get_or_insert(Ask { kind, payload, episode_id });
    }

    /// A template of a SOP or the house, filled. A text that cannot be made marks the draft broken.
    pub fn say_template(&mut self, template: Option<&str>, values: &Values) {
        match template.map(|t| render(t, values)) {
            Some(Ok(text)) => self.say(text),
            Some(Err(error)) => {
                tracing::error!(%error, "a reply could not be made; a person is asked");
                self.broken = true;
            }
            None => self.broken = true,
        }
    }

    /// A phrase of `house.md`.
    pub fn say_phrase(&mut self, cx: Cx<'_>, key: &str, values: &Values) {
        self.say_template(cx.library().phrase(key, &[]), values);
    }

    pub fn say_reply(&mut self, sop: &Sop, key: &str, conditions: &[Condition], values: &Values) {
        self.say_template(sop.reply(key, conditions), values);
    }

    /// Commits the draft: the replies into the outbox, the question, the endings of the messages.
    pub fn finish(mut self, cx: Cx<'_>, scene: &Scene, messages: &[Message]) -> store::Result<()> {
        let mut asked_in = None;
        if !self.texts.is_empty() && scene.opted_out {
            self.reason = Some("opted out of texts".into());
            self.texts.clear();
            self.ending = if self.ending == Ending::Replied { Ending::Silent } else { self.ending };
        }
        for text in joined(std::mem::take(&mut self.texts)) {
            let id = send(cx, &scene.thread, text.as_str(), "box", true, None)?.unwrap_or_default();
            self.refs.push(format!("reply:{id}"));
            asked_in = Some(id);
        }
        if let (Some(ask), Some(message_id)) = (self.ask, asked_in) {
            let until = cx.now + QUESTION_LIVES;
            let id =
                question::ask(cx.db, scene.thread.id, ask.episode_id, ask.kind, &ask.payload, cx.now, until)?;
            question::set_message(cx.db, id, message_id)?;
        }
        let reason = match (self.ending, self.reason) {
            (Ending::Silent, None) => Some("nothing to say".to_owned()),
            (Ending::Silent, reason) => reason,
            _ => None,
        };
        for message in messages {
            message::end(cx.db, message.id, self.ending, reason.as_deref(), &self.refs, cx.now)?;
        }
        Ok(())
    }
}

/// As few texts as fit: each as long as allowed.
fn joined(texts: Vec<Text>) -> Vec<Text> {
    let mut out: Vec<Text> = Vec::new();
    for text in texts {
        let both = out.last().and_then(|last| sop::join(&[last.clone(), text.clone()]).ok());
        match (both, out.last_mut()) {
            (Some(both), Some(last)) => *last = both,
            _ => out.push(text),
        }
    }
    out
}

/// Commits a text to a customer: the message and its outbox row. A page's thread has it at once; a text
/// waits for its provider. `None`: the form was sent before.
pub(super) fn send(
    cx: Cx<'_>,
    thread: &Thread,
    body: &str,
    author: &str,
    automatic: bool,
    form_key: Option<&str>,
) -> store::Result<Option<i64>> {
    let message_id = message::insert_outbound(cx.db, thread.id, author, body, cx.now)?;
    let channel = thread.channel.name();
    let Some(row) = outbox::queue(cx.db, message_id, channel, &thread.address, automatic, form_key, cx.now)?
    else {
        return Ok(None);
    };
    if thread.channel != Channel::Sms {
        outbox::set_state(cx.db, row, "sent", Some(cx.now), None)?;
    }
    store::thread::touch(cx.db, thread.id, cx.now)?;
    Ok(Some(message_id))
}
