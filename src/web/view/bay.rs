//! What a customer sees on the bay's page or at the door: their own words and ours, nothing older, no
//! names of staff's tools.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Look, time};
use crate::store::message::Message;
use crate::store::{self, message, outbox, question};

const MOST: u32 = 100;

/// One text as the customer sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BayMessage {
    pub id: i64,
    /// `you`, `club` (the box), or the first name of the person who answers.
    pub by: String,
    pub text: String,
    pub at: String,
    #[serde(skip)]
    pub at_label: String,
}

impl From<&Message> for BayMessage {
    fn from(message: &Message) -> BayMessage {
        let by = match message.author.as_str() {
            "customer" => "you".to_owned(),
            "box" => "club".to_owned(),
            person => super::words::capital(person),
        };
        BayMessage {
            id: message.id,
            by,
            text: message.body.clone(),
            at: time::rfc3339(message.received_at),
            at_label: String::new(),
        }
    }
}

/// Texts of the thread from `from` on. Replies that a person's claim took back were never said.
pub fn messages(look: Look<'_>, thread_id: i64, from: i64) -> store::Result<Vec<BayMessage>> {
    let taken_back: Vec<i64> = outbox::of_thread(look.conn, thread_id)?
        .into_iter()
        .filter(|o| o.state == "cancelled")
        .map(|o| o.message_id)
        .collect();
    let said = message::of_thread(look.conn, thread_id, MOST)?;
    let shown = said.iter().filter(|m| m.id >= from && !taken_back.contains(&m.id));
    let view = |m: &Message| BayMessage {
        at_label: time::label(look.site, m.received_at, look.now),
        ..BayMessage::from(m)
    };
    Ok(shown.map(view).collect())
}

/// Whether a yes or a no is what the box waits for.
pub fn awaits_yes_or_no(look: Look<'_>, thread_id: i64) -> store::Result<bool> {
    let open = question::open_on(look.conn, thread_id)?.filter(|q| q.expires_at > look.now);
    Ok(open.is_some_and(|q| matches!(q.kind.as_str(), "confirm" | "at-door" | "person")))
}
