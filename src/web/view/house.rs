//! The house around the conversations: tickets, incidents, notices, the line, the age of the feed.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::bookings::{self, SourceView};
use super::{Look, time};
use crate::store;
use crate::store::journal::{self, Notice};
use crate::store::ticket::{self, Incident, Ticket};

const NOTICES: Duration = Duration::from_secs(3 * 24 * 3600);

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TicketView {
    pub id: i64,
    pub intent: String,
    /// What it is about, in words.
    pub matter: String,
    pub level: String,
    pub bay: Option<u8>,
    pub thread_id: Option<i64>,
    pub detail: String,
    pub opened_at: String,
    #[serde(skip)]
    pub opened_label: String,
    pub parent_id: Option<i64>,
    /// One problem that came up three times in a week.
    pub is_parent: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IncidentView {
    pub id: i64,
    pub what: String,
    pub threads: Vec<i64>,
    pub opened_at: String,
    #[serde(skip)]
    pub opened_label: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NoticeView {
    pub id: i64,
    pub text: String,
    pub thread_id: Option<i64>,
    pub at: String,
    #[serde(skip)]
    pub at_label: String,
}

/// The line and the feed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LinkView {
    /// The line to the internet.
    pub line_up: bool,
    /// When the list of bookings that was not read for longest was read.
    pub feed_at: Option<String>,
    /// Seconds since then.
    pub feed_age_s: Option<u64>,
    pub feed_label: String,
    /// A list is late, too old to open a door by, or cannot be read.
    pub feed_stale: bool,
    /// Every list of bookings by itself.
    pub feeds: Vec<SourceView>,
}

pub fn tickets(look: Look<'_>) -> store::Result<Vec<TicketView>> {
    ticket::open(look.conn)?.into_iter().map(|t| ticket_view(look, t)).collect()
}

fn ticket_view(look: Look<'_>, t: Ticket) -> store::Result<TicketView> {
    Ok(TicketView {
        id: t.id,
        matter: super::words::matter(look.conn, &t.intent)?,
        intent: t.intent,
        level: t.level,
        bay: t.bay.map(|b| b.0),
        thread_id: t.thread_id,
        detail: t.detail,
        opened_at: time::rfc3339(t.opened_at),
        opened_label: time::label(look.site, t.opened_at, look.now),
        parent_id: t.parent_id,
        is_parent: t.is_parent,
    })
}

pub fn incidents(look: Look<'_>) -> store::Result<Vec<IncidentView>> {
    let view = |i: Incident| IncidentView {
        id: i.id,
        what: i.what,
        threads: i.threads,
        opened_at: time::rfc3339(i.opened_at),
        opened_label: time::label(look.site, i.opened_at, look.now),
    };
    Ok(ticket::incidents(look.conn, true)?.into_iter().map(view).collect())
}

/// The latest first.
pub fn notices(look: Look<'_>) -> store::Result<Vec<NoticeView>> {
    let view = |n: Notice| NoticeView {
        id: n.id,
        text: n.text,
        thread_id: n.thread_id,
        at: time::rfc3339(n.at),
        at_label: time::label(look.site, n.at, look.now),
    };
    Ok(journal::notices(look.conn, look.now - NOTICES)?.into_iter().rev().map(view).collect())
}

pub fn link(look: Look<'_>) -> store::Result<LinkView> {
    let feeds = bookings::sources(look)?;
    let stale = feeds.is_empty() || feeds.iter().any(|f| !f.is_good());
    // One that was never read is older than any other.
    let oldest = feeds.iter().max_by_key(|f| f.age_s.unwrap_or(u64::MAX));
    let label = match oldest {
        None => "none yet".to_owned(),
        Some(feed) if feed.error.is_some() => format!("read {}, now failing", feed.age_label),
        Some(feed) if feed.state == "too old" => format!("too old, read {}", feed.age_label),
        Some(feed) => feed.age_label.clone(),
    };
    Ok(LinkView {
        line_up: look.line_up,
        feed_at: oldest.and_then(|f| f.read_at.clone()),
        feed_age_s: oldest.and_then(|f| f.age_s),
        feed_label: label,
        feed_stale: stale,
        feeds,
    })
}
