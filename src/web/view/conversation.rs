//! One conversation: everything that was said and done in it, in order.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::escalation::EscalationView;
use super::offer::{self, Offer};
use super::threads::{self, ThreadLine};
use super::{Look, escalation, time, undo, words};
use crate::clock::UnixMs;
use crate::site::{BayId, Effect, Target};
use crate::store::effect::EffectRow;
use crate::store::journal::Change;
use crate::store::message::{Ending, Message};
use crate::store::outbox::Outgoing;
use crate::store::{
    self, booking, effect, escalation as escalations, journal, message, outbox, question, texting, thread,
    ticket,
};

/// A text of ours is expected to be reported as delivered within this time.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(15 * 60);
/// A provider that reported any delivery within this time reports deliveries.
const REPORTS_WITHIN: Duration = Duration::from_secs(7 * 24 * 3600);
/// Texts shown; older ones stay in the database.
const MOST: u32 = 300;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Conversation {
    pub thread: ThreadLine,
    pub items: Vec<Item>,
    /// The question the box waits for.
    pub question: Option<QuestionView>,
    pub hold: Option<HoldView>,
    pub escalations: Vec<EscalationView>,
    /// Effects that a person may approve or refuse here.
    pub offers: Vec<Offer>,
    /// Everything that could be done on devices of this place.
    pub possible: Vec<Offer>,
    pub booking: Option<String>,
    pub opted_out: bool,
}

/// One thing that happened, the oldest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Item {
    Message(MessageView),
    Effect(Box<EffectView>),
    /// A person called, a ticket opened, a conversation claimed …
    Event(EventView),
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MessageView {
    pub id: i64,
    pub inbound: bool,
    /// `customer`, `box`, or an operator.
    pub by: String,
    pub text: String,
    /// Number of attachments.
    pub media: u32,
    pub at: String,
    #[serde(skip)]
    pub at_label: String,
    /// Inbound: `replied`, `acted`, `escalated`, `silent`, or none yet.
    pub ending: Option<&'static str>,
    /// Why it was met with silence.
    pub silent_because: Option<String>,
    /// Outbound: `waits for the line`, `maybe sent` …; empty once it left.
    pub delivery: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EffectView {
    pub id: i64,
    pub effect: String,
    pub target: String,
    pub label: String,
    pub tier: String,
    pub asked_by: String,
    pub approved_by: Option<String>,
    #[serde(skip)]
    pub asked_label: String,
    /// `requested`, `authorised`, `sent`, `acknowledged`, `ended`.
    pub state: String,
    /// `verified`, `failed`, `unknown`, `refused`, `expired`, once it has ended.
    pub outcome: Option<String>,
    pub outcome_label: String,
    pub reason: Option<String>,
    pub requested_at: String,
    pub sent_at: Option<String>,
    pub ended_at: Option<String>,
    #[serde(skip)]
    pub at_label: String,
    pub simulated: bool,
    /// What takes it back, in words, as long as that is offered: `POST /api/v1/effects/{id}/undo`.
    pub undo: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventView {
    pub text: String,
    /// `low` … `critical` for escalations, else empty.
    pub level: String,
    pub at: String,
    #[serde(skip)]
    pub at_label: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QuestionView {
    /// `confirm`, `bay`, `which`, `at-door`, `detail`, `person`.
    pub question: String,
    /// The same in words: "whether to go ahead".
    pub label: &'static str,
    /// What a yes would do, or what there is to choose from.
    pub about: String,
    pub expires_at: String,
    #[serde(skip)]
    pub expires_label: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HoldView {
    pub by: String,
    pub reason: String,
    pub until: String,
    #[serde(skip)]
    pub until_label: String,
}

/// The conversation with this id, if there is one.
pub fn view(look: Look<'_>, id: i64) -> store::Result<Option<Conversation>> {
    let Some(thread) = thread::get(look.conn, id)? else { return Ok(None) };
    let rows = escalations::of_thread(look.conn, id)?;
    let open: Vec<_> = rows.iter().filter(|e| e.closed_at.is_none()).collect();
    let Some(line) = threads::line(look, &thread, &open)? else { return Ok(None) };
    let effects = effect::of_thread(look.conn, id)?;
    let booking = match &thread.phone {
        Some(phone) => booking::of_phone(look.conn, phone, look.now, look.now)?.into_iter().next(),
        None => None,
    };
    let bay = thread.bay.or(booking.as_ref().map(|b| b.bay)).or_else(|| last_bay(&effects));
    let opted_out = match &thread.phone {
        Some(phone) => journal::opted_out(look.conn, phone)?,
        None => false,
    };
    Ok(Some(Conversation {
        thread: line,
        items: items(look, id, &effects)?,
        question: question(look, id)?,
        hold: thread.held(look.now).map(|hold| HoldView {
            by: hold.by.clone(),
            reason: hold.reason.clone(),
            until: time::rfc3339(hold.until),
            until_label: time::label(look.site, hold.until, look.now),
        }),
        escalations: open.iter().map(|e| escalation::view(look, e)).collect::<store::Result<_>>()?,
        offers: offer::pending(look.site, &effects),
        possible: offer::of_place(look.site, bay),
        booking: booking.map(|b| {
            let at = |t| time::label(look.site, t, look.now);
            format!("Bay {}, {} to {}", b.bay.0, at(b.starts_at), at(b.ends_at))
        }),
        opted_out,
    }))
}

fn last_bay(effects: &[EffectRow]) -> Option<BayId> {
    effects.iter().rev().find_map(|e| e.target.bay())
}

fn items(look: Look<'_>, id: i64, effects: &[EffectRow]) -> store::Result<Vec<Item>> {
    let sent = outbox::of_thread(look.conn, id)?;
    let confirms = texting::reports_deliveries(look.conn, look.now - REPORTS_WITHIN)?;
    let mut items: Vec<(UnixMs, Item)> = Vec::new();
    for message in message::of_thread(look.conn, id, MOST)? {
        let out = sent.iter().find(|o| o.message_id == message.id);
        items.push((message.received_at, Item::Message(text(look, message, out, confirms))));
    }
    items
        .extend(effects.iter().map(|row| (row.requested_at, Item::Effect(Box::new(effect_view(look, row))))));
    items.extend(events(look, id)?);
    items.sort_by_key(|(at, item)| (*at, rank(item))); // stable: what was written first stays first
    Ok(items.into_iter().map(|(_, item)| item).collect())
}

/// What one moment brings, in the order of cause: the words, what was done, who was called, the answer.
fn rank(item: &Item) -> u8 {
    match item {
        Item::Message(m) if m.inbound => 0,
        Item::Effect(_) => 1,
        Item::Event(_) => 2,
        Item::Message(_) => 3,
    }
}

fn text(look: Look<'_>, message: Message, out: Option<&Outgoing>, confirms: bool) -> MessageView {
    let silent = message.ending == Some(Ending::Silent);
    MessageView {
        id: message.id,
        inbound: message.inbound,
        by: message.author,
        text: message.body,
        media: message.media,
        at: time::rfc3339(message.received_at),
        at_label: time::label(look.site, message.received_at, look.now),
        ending: message.ending.map(Ending::name),
        silent_because: message.ending_reason.filter(|_| silent),
        delivery: out.map(|o| delivery(look, o, confirms)).unwrap_or_default().to_owned(),
    }
}

/// How it is with a reply. A provider that reports deliveries (`confirms`) and is silent about this one has
/// perhaps not brought it.
fn delivery(look: Look<'_>, out: &Outgoing, confirms: bool) -> &'static str {
    let age = out.sent_at.map(|at| look.now.since(at)).unwrap_or_default();
    match (out.state.as_str(), out.delivery.as_deref()) {
        ("sent", Some("failed")) => "did not arrive",
        ("sent", None) if confirms && out.provider_id.is_some() && age >= CONFIRMED_WITHIN => "not confirmed",
        _ => words::delivery(out, look.line_up),
    }
}

pub fn effect_view(look: Look<'_>, row: &EffectRow) -> EffectView {
    let under_way = match row.state.as_str() {
        "requested" | "authorised" => "about to be sent",
        "sent" => "sent, watching",
        _ => "acknowledged, watching",
    };
    EffectView {
        id: row.id,
        effect: row.effect.name().to_owned(),
        target: row.target.as_str().to_owned(),
        label: look.site.order(row.effect, &row.target),
        tier: row.tier.clone(),
        asked_by: row.asked_by.clone(),
        approved_by: row.approved_by.clone(),
        asked_label: words::asker(look.site, row),
        state: row.state.clone(),
        outcome: row.outcome.map(|o| o.name().to_owned()),
        outcome_label: row.outcome.map_or(under_way, words::outcome).to_owned(),
        reason: row.reason.as_deref().map(words::reason),
        requested_at: time::rfc3339(row.requested_at),
        sent_at: row.sent_at.map(time::rfc3339),
        ended_at: row.ended_at.map(time::rfc3339),
        at_label: time::label(look.site, row.requested_at, look.now),
        simulated: row.simulated || look.simulated,
        // A journal that cannot be read here hides the button, not the effect.
        undo: undo::label(look, row).ok().flatten(),
    }
}

fn events(look: Look<'_>, id: i64) -> store::Result<Vec<(UnixMs, Item)>> {
    let mut events = Vec::new();
    let mut add = |at: UnixMs, text: String, level: &str| {
        let (label, at_text) = (time::label(look.site, at, look.now), time::rfc3339(at));
        events.push((
            at,
            Item::Event(EventView { text, level: level.to_owned(), at: at_text, at_label: label }),
        ));
    };
    for row in escalations::of_thread(look.conn, id)? {
        add(
            row.opened_at,
            format!("A person is called: {}", escalation::here(look, &row.summary)),
            &row.level,
        );
        if let (Some(by), Some(at)) = (&row.acked_by, row.acked_at) {
            add(at, format!("{by} acknowledged"), "");
        }
        if let (Some(by), Some(at)) = (&row.closed_by, row.closed_at) {
            add(at, format!("{by} closed the call"), "");
        }
    }
    for row in ticket::of_thread(look.conn, id)? {
        add(row.opened_at, format!("Ticket {}: {}", row.id, words::matter(look.conn, &row.intent)?), "");
    }
    for row in journal::changes_of(look.conn, id)? {
        add(row.at, deed(look, &row), "");
    }
    Ok(events)
}

/// A line of the change log as a sentence.
fn deed(look: Look<'_>, row: &Change) -> String {
    let who = &row.who;
    let on = || {
        let (effect, target) = row.detail.split_once(' ').unwrap_or((&row.detail, ""));
        let order = |effect| look.site.order(effect, &Target::new(target));
        Effect::parse(effect).map_or_else(|| row.detail.clone(), order)
    };
    match row.what.as_str() {
        "hold" => format!("{who} took over ({})", row.detail),
        "release" => format!("{who} gave it back to the box"),
        "approve" => format!("{who} approved: {}", on()),
        "refuse" => format!("{who} refused: {}", on()),
        what => format!("{who}: {what} {}", row.detail).trim_end().to_owned(),
    }
}

fn question(look: Look<'_>, id: i64) -> store::Result<Option<QuestionView>> {
    let open = question::open_on(look.conn, id)?.filter(|q| q.expires_at > look.now);
    let Some(q) = open else { return Ok(None) };
    let options: Vec<String> =
        q.payload.options.iter().map(|id| words::matter(look.conn, id)).collect::<store::Result<_>>()?;
    Ok(Some({
        let targets: Vec<String> = q.payload.targets.iter().map(|t| words::target(look.site, t)).collect();
        let parts = [
            q.payload.effect.map(|e| words::effect(e).to_owned()).unwrap_or_default(),
            targets.join(" or "),
            options.join(" or "),
        ];
        QuestionView {
            label: words::question(&q.kind),
            question: q.kind,
            about: parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(", "),
            expires_at: time::rfc3339(q.expires_at),
            expires_label: time::label(look.site, q.expires_at, look.now),
        }
    }))
}
