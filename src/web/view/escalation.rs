//! Escalations with all a person needs to go on (level, what was said and tried, next step, how long it waits).

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Look, threads, time, words};
use crate::site::{Effect, Outcome, Target};
use crate::store::escalation::{self, Escalation};
use crate::store::snapshot::{self, Kept};
use crate::store::{self, thread};

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EscalationView {
    pub id: i64,
    pub thread_id: Option<i64>,
    /// `low`, `medium`, `high`, `critical`.
    pub level: String,
    pub intent: String,
    /// What it is about, in words.
    pub matter: String,
    pub reason: String,
    pub summary: String,
    pub who: String,
    pub bay: Option<u8>,
    /// The latest words of the customer.
    pub said: Vec<String>,
    /// What was tried and how it ended, a line each.
    pub tried: Vec<String>,
    /// State of the device, in words.
    pub device: Option<String>,
    /// How old the list of bookings was that this rests on, where that matters.
    pub bookings: Option<String>,
    pub next_step: Option<String>,
    pub opened_at: String,
    #[serde(skip)]
    pub opened_label: String,
    /// Seconds since it was opened.
    pub waits_s: u64,
    #[serde(skip)]
    pub waits_label: String,
    /// A person was reached over the line then.
    pub delivered_at: Option<String>,
    pub acked_by: Option<String>,
    pub closed_by: Option<String>,
    /// Critical or high and nobody has acknowledged: the page blinks and beeps.
    pub alarm: bool,
    /// Addresses of the pictures that cameras took of the place, for those who are signed in.
    pub pictures: Vec<String>,
    /// Cameras that gave none, and why.
    pub without_picture: Vec<String>,
    /// Who was called, how, and what became of it.
    pub alerts: Vec<String>,
}

impl EscalationView {
    /// The last few things the customer said: an answer alone ("yes") says nothing.
    pub fn latest_words(&self) -> &[String] {
        &self.said[self.said.len().saturating_sub(3)..]
    }
}

/// All that are open, the most urgent first.
pub fn open(look: Look<'_>) -> store::Result<Vec<EscalationView>> {
    let mut rows = escalation::open(look.conn)?;
    rows.sort_by_key(|e| (e.acked_at.is_some(), u8::MAX - threads::rank(&e.level), e.opened_at));
    rows.iter().map(|row| view(look, row)).collect()
}

pub fn view(look: Look<'_>, row: &Escalation) -> store::Result<EscalationView> {
    let packet: Value = serde_json::from_str(&row.packet).unwrap_or_default();
    let thread = row.thread_id.map(|id| thread::get(look.conn, id)).transpose()?.flatten();
    let who =
        thread.map(|t| threads::who(look.conn, &t)).transpose()?.map_or_else(String::new, |(who, _)| who);
    let alerts = escalation::alerts_of(look.conn, row.id)?;
    let waits = look.now.since(row.opened_at);
    let (pictures, without_picture) = pictures(look, row.id);
    Ok(EscalationView {
        id: row.id,
        thread_id: row.thread_id,
        level: row.level.clone(),
        intent: row.intent.clone(),
        matter: words::matter(look.conn, &row.intent)?,
        reason: row.reason.clone(),
        summary: here(look, &row.summary),
        who,
        bay: packet["bay"].as_u64().and_then(|b| u8::try_from(b).ok()),
        said: packet["said"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|t| t.as_str().map(str::to_owned))
            .collect(),
        tried: packet["tried"].as_array().into_iter().flatten().map(|t| tried(look, t)).collect(),
        device: device(&packet["device"]),
        bookings: age_of_bookings(&packet["bookings"]),
        next_step: packet["next_step"].as_str().map(str::to_owned),
        opened_at: time::rfc3339(row.opened_at),
        opened_label: time::label(look.site, row.opened_at, look.now),
        waits_s: waits.as_secs(),
        waits_label: time::span(waits),
        delivered_at: row.delivered_at.map(time::rfc3339),
        acked_by: row.acked_by.clone(),
        closed_by: row.closed_by.clone(),
        alarm: row.acked_at.is_none() && row.closed_at.is_none() && threads::rank(&row.level) >= 3,
        pictures,
        without_picture,
        alerts: alerts
            .iter()
            .map(|a| format!("{} {} ({})", words::capital(&a.person), words::alert(&a.state), a.channel))
            .collect(),
    })
}

/// What stands beside it in the state folder; a folder that cannot be read hides no escalation.
fn pictures(look: Look<'_>, id: i64) -> (Vec<String>, Vec<String>) {
    let Some(folder) = snapshot::folder(look.conn) else { return Default::default() };
    let (taken, none): (Vec<Kept>, Vec<Kept>) =
        snapshot::of(&folder, id).unwrap_or_default().into_iter().partition(|kept| kept.is_picture);
    let words = |kept: &Kept| {
        let why = snapshot::read(&folder, id, &kept.name).ok().flatten().unwrap_or_default();
        format!("{}: {}", kept.place, String::from_utf8_lossy(&why))
    };
    let taken = taken.iter().map(|kept| format!("/escalations/{id}/pictures/{}", kept.name)).collect();
    (taken, none.iter().map(words).collect())
}

fn tried(look: Look<'_>, row: &Value) -> String {
    let target = Target::new(text(row, "target"));
    let order = Effect::parse(text(row, "effect"))
        .map_or_else(|| text(row, "effect").to_owned(), |effect| look.site.order(effect, &target));
    let outcome = Outcome::parse(text(row, "outcome")).map_or_else(|| "under way", |o| words::outcome(o));
    let reason = match text(row, "reason") {
        "" => String::new(),
        reason => format!(" ({})", words::reason(reason)),
    };
    let simulated = if row["simulated"].as_bool() == Some(true) { " [simulated]" } else { "" };
    format!("{order}: {outcome}{reason}{simulated}")
}

/// The summary without the name of the site, which everybody on this page knows.
pub(super) fn here(look: Look<'_>, summary: &str) -> String {
    let own = summary.strip_prefix(look.site.name.as_str()).and_then(|rest| rest.strip_prefix(": "));
    words::capital(own.unwrap_or(summary))
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_default()
}

/// "read 50 h ago, which is too old": what was known when the person was called.
fn age_of_bookings(bookings: &Value) -> Option<String> {
    let age = bookings.get("age_s")?.as_u64().map(Duration::from_secs);
    let read = age.map_or_else(|| "never read".to_owned(), |age| format!("read {} before", time::span(age)));
    let old = if bookings["too_old"].as_bool() == Some(true) { ", too old to open a door by" } else { "" };
    let contested = if bookings["contested"].as_bool() == Some(true) {
        "; two customers are booked there at once"
    } else {
        ""
    };
    Some(format!("{read}{old}{contested}"))
}

fn device(state: &Value) -> Option<String> {
    let reach = match state.get("online")?.as_bool() {
        Some(true) => "online",
        Some(false) => "offline",
        None => "never heard of",
    };
    let reason = state["reason"].as_str().map(|r| format!(" ({r})")).unwrap_or_default();
    let simulated = if state["simulated"].as_bool() == Some(true) { " [simulated]" } else { "" };
    Some(format!("{reach}{reason}{simulated}"))
}
