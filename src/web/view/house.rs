//! The house around the conversations: tickets, incidents, notices, the line, the age of the feed.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::{Look, time};
use crate::store::journal::{self, Notice};
use crate::store::ticket::{self, Incident, Ticket};
use crate::store::{self, booking};

const NOTICES: Duration = Duration::from_secs(3 * 24 * 3600);
/// A feed older than this is stale.
const STALE: Duration = Duration::from_secs(60 * 60);

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
    /// When bookings came in last.
    pub feed_at: Option<String>,
    /// Seconds since then.
    pub feed_age_s: Option<u64>,
    pub feed_label: String,
    pub feed_stale: bool,
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
    let feed = booking::updated_at(look.conn)?;
    let age = feed.map(|at| look.now.since(at));
    Ok(LinkView {
        line_up: look.line_up,
        feed_at: feed.map(time::rfc3339),
        feed_age_s: age.map(|a| a.as_secs()),
        feed_label: age.map_or_else(|| "never".to_owned(), |a| format!("{} ago", time::span(a))),
        feed_stale: age.is_none_or(|a| a > STALE),
    })
}
