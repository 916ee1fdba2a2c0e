//! Texts on their way out: handed to the provider once, and what is known of each from then on.
//!
//! Owns the states of the outbox. The rule: what may have left is never simply sent again. A try without
//! an answer stays `sending` until the text was found at the provider, or was surely not there and was
//! tried once more, or is given to a person as *maybe sent*.

use std::time::Duration;

use serde_json::json;

use super::people::{self, Call};
use super::scene::Scene;
use super::{Cx, Desk, Line, TextRefusal, Todo, alerts, consent};
use crate::clock::UnixMs;
use crate::sop::Level;
use crate::store::escalation::{self, NewEscalation};
use crate::store::outbox::{self, Outgoing};
use crate::store::{self, journal, texting, thread, timer};

/// How far back an unanswered try may lie and still be recognised in what the provider lists.
const CLAIMS_FOR: Duration = Duration::from_secs(24 * 3600);
/// A name for "no text leaves", among the calls of the whole house.
const TEXTS_DOWN: &str = "texts-down";

/// After a start: what was in mid-send may have left. With a provider it is looked up; without one a
/// person is shown it.
pub(super) fn resume(cx: Cx<'_>) -> store::Result<Vec<Outgoing>> {
    let rows = outbox::interrupted(cx.db)?;
    if cx.world.options.texts {
        return Ok(rows);
    }
    for row in &rows {
        maybe(cx, row, "the program stopped while it was being sent")?;
    }
    Ok(Vec::new())
}

impl Desk {
    /// Texts that wait and can go: one [`Todo`] each, marked so that none is handed out twice. Those that
    /// were in mid-send at the last stop are looked up first.
    pub(super) fn send_texts(&mut self, todos: &mut Vec<Todo>) -> store::Result<()> {
        if self.world.line == Line::Down || !self.world.options.texts {
            return Ok(());
        }
        todos.extend(std::mem::take(&mut self.interrupted).into_iter().map(Todo::LookUp));
        let now = self.world.clock.now();
        if outbox::due(self.store.conn(), "sms", now)?.is_empty() {
            return Ok(());
        }
        let rows = self.write(|cx| {
            let rows = outbox::due(cx.db, "sms", cx.now)?;
            for row in &rows {
                outbox::sending(cx.db, row.id, cx.now)?;
                timer::clear(cx.db, "text", row.id)?;
            }
            Ok(rows)
        })?;
        todos.extend(rows.into_iter().map(Todo::Deliver));
        Ok(())
    }

    /// The text has left, by a channel that gives texts no id.
    ///
    /// # Errors
    /// Only the database's; the text is not sent again for it.
    pub fn delivered(&mut self, outbox_id: i64) -> store::Result<()> {
        self.write(|cx| {
            outbox::set_state(cx.db, outbox_id, "sent", Some(cx.now), None)?;
            match outbox::get(cx.db, outbox_id)? {
                Some(row) => question_runs(cx, &row),
                None => Ok(()),
            }
        })
    }

    /// The provider has the text under this id. False: that id is another text's, already accounted for.
    ///
    /// # Errors
    /// Only the database's; the text is not sent again for it.
    pub fn text_accepted(&mut self, outbox_id: i64, provider_id: &str) -> store::Result<bool> {
        self.write(|cx| accepted(cx, outbox_id, provider_id, false))
    }

    /// The same, said by the provider in answer to the sending itself: this beats what was concluded from
    /// words that were alike.
    ///
    /// # Errors
    /// Only the database's; the text is not sent again for it.
    pub fn text_answered(&mut self, outbox_id: i64, provider_id: &str) -> store::Result<bool> {
        self.write(|cx| accepted(cx, outbox_id, provider_id, true))
    }

    /// It did not leave; it may go at `not_before`. A person who has taken over meanwhile keeps it in.
    ///
    /// # Errors
    /// Only the database's.
    pub fn text_later(&mut self, outbox_id: i64, why: &str, not_before: UnixMs) -> store::Result<()> {
        self.write(|cx| {
            let Some(row) = unresolved(cx, outbox_id)? else { return Ok(()) };
            let held = thread::get(cx.db, row.thread_id)?.is_some_and(|t| t.held(cx.now).is_some());
            if row.automatic && held {
                return outbox::set_state(cx.db, row.id, "cancelled", None, Some(why));
            }
            outbox::later(cx.db, row.id, why, not_before)?;
            timer::set(cx.db, "text", row.id, not_before)
        })
    }

    /// It will not leave. People are told: once for what concerns the whole line, else for this customer.
    ///
    /// # Errors
    /// Only the database's.
    pub fn text_refused(&mut self, outbox_id: i64, why: &str, kind: TextRefusal) -> store::Result<()> {
        self.write(|cx| {
            let Some(row) = unresolved(cx, outbox_id)? else { return Ok(()) };
            outbox::set_state(cx.db, row.id, "failed", None, Some(why))?;
            let notice = format!("A text could not be sent: {why}");
            journal::notice(cx.db, Some(row.thread_id), &notice, cx.now)?;
            match kind {
                TextRefusal::OptedOut => carrier_opt_out(cx, &row),
                TextRefusal::Text => not_reached(cx, &row, &notice),
                TextRefusal::Account => {
                    let summary = format!("No text leaves the club: {why}. Customers who wrote wait.");
                    house_call(cx, TEXTS_DOWN, Level::High, "texts cannot be sent", &summary)
                }
            }
        })
    }

    /// There is no provider (the configuration has none): failed, and said.
    ///
    /// # Errors
    /// Only the database's.
    pub fn not_delivered(&mut self, outbox_id: i64, why: &str) -> store::Result<()> {
        self.write(|cx| {
            let Some(row) = outbox::get(cx.db, outbox_id)? else { return Ok(()) };
            outbox::set_state(cx.db, row.id, "failed", None, Some(why))?;
            journal::notice(cx.db, Some(row.thread_id), &format!("A text could not be sent: {why}"), cx.now)
        })
    }

    /// It is surely not at the provider: it may be tried once more, now. False: that was done before, or
    /// it has turned up meanwhile.
    ///
    /// # Errors
    /// Only the database's; it must not be tried then.
    pub fn text_repeats(&mut self, outbox_id: i64) -> store::Result<bool> {
        self.write(|cx| outbox::repeat(cx.db, outbox_id, cx.now))
    }

    /// Whether it was sent cannot be found out: a person is asked to look. Never sent again by the box.
    ///
    /// # Errors
    /// Only the database's.
    pub fn text_maybe(&mut self, outbox_id: i64, why: &str) -> store::Result<()> {
        self.write(|cx| match unresolved(cx, outbox_id)? {
            Some(row) => maybe(cx, &row, why),
            None => Ok(()),
        })
    }

    /// What the provider says became of a text. It may speak of one whose id is not known here yet.
    ///
    /// # Errors
    /// Only the database's.
    pub fn text_status(
        &mut self,
        provider_id: &str,
        delivered: bool,
        why: Option<&str>,
    ) -> store::Result<()> {
        self.write(|cx| {
            let word = if delivered { "delivered" } else { "failed" };
            let news = texting::set_status(cx.db, provider_id, word, why, cx.now)?;
            match outbox::by_provider_id(cx.db, provider_id)? {
                Some(row) if news && !delivered => undelivered(cx, &row, why),
                _ => Ok(()),
            }
        })
    }

    /// A text has left: no text is refused for what concerns the whole line (any more).
    ///
    /// # Errors
    /// Only the database's.
    pub fn texts_leave(&mut self) -> store::Result<()> {
        if !escalation::open(self.store.conn())?.iter().any(|e| e.intent == TEXTS_DOWN) {
            return Ok(());
        }
        self.write(|cx| {
            if house_over(cx, TEXTS_DOWN)? {
                journal::notice(cx.db, None, "Texts leave again.", cx.now)?;
            }
            Ok(())
        })
    }

    /// Something about the text line that staff should see; `call` opens a medium matter with that name.
    ///
    /// # Errors
    /// Only the database's.
    pub fn texts_notice(&mut self, text: &str, call: Option<&str>) -> store::Result<()> {
        self.write(|cx| {
            journal::notice(cx.db, None, text, cx.now)?;
            match call {
                Some(intent) => house_call(cx, intent, Level::Medium, text, text),
                None => Ok(()),
            }
        })
    }

    /// A matter of the whole text line is over.
    ///
    /// # Errors
    /// Only the database's.
    pub fn texts_over(&mut self, intent: &str) -> store::Result<()> {
        if !escalation::open(self.store.conn())?.iter().any(|e| e.thread_id.is_none() && e.intent == intent) {
            return Ok(());
        }
        self.write(|cx| house_over(cx, intent).map(drop))
    }
}

/// The row, as long as nobody knows what became of it.
fn unresolved(cx: Cx<'_>, outbox_id: i64) -> store::Result<Option<Outgoing>> {
    Ok(outbox::get(cx.db, outbox_id)?.filter(|row| row.state == "sending"))
}

fn accepted(cx: Cx<'_>, outbox_id: i64, provider_id: &str, sure: bool) -> store::Result<bool> {
    let Some(row) = outbox::get(cx.db, outbox_id)? else { return Ok(true) };
    if row.provider_id.as_deref() == Some(provider_id) {
        return Ok(true);
    }
    match outbox::by_provider_id(cx.db, provider_id)? {
        Some(other) if sure && other.address == row.address => outbox::unclaim(cx.db, other.id)?,
        Some(_) => return Ok(false),
        None if texting::is_known(cx.db, provider_id)? => return Ok(false), // a person's own text
        None => {}
    }
    outbox::accepted(cx.db, row.id, provider_id, cx.now)?;
    question_runs(cx, &row)?;
    match texting::status(cx.db, provider_id)? {
        Some((delivery, why)) if delivery == "failed" => undelivered(cx, &row, why.as_deref())?,
        _ => {}
    }
    Ok(true)
}

/// A text of ours that the provider lists: it belongs to the oldest try of these words without an id.
pub(super) fn claim(cx: Cx<'_>, to: &str, body: &str, provider_id: &str) -> store::Result<bool> {
    let alike = |row: &Outgoing| same_words(&row.body, body);
    match outbox::unclaimed(cx.db, to, cx.now - CLAIMS_FOR)?.into_iter().find(alike) {
        Some(row) => accepted(cx, row.id, provider_id, false),
        None => Ok(false),
    }
}

/// Providers trim and re-wrap what they carry.
fn same_words(ours: &str, theirs: &str) -> bool {
    ours.split_whitespace().eq(theirs.split_whitespace())
}

/// A question's ten minutes run from when it left.
fn question_runs(cx: Cx<'_>, row: &Outgoing) -> store::Result<()> {
    let until = cx.now + super::draft::QUESTION_LIVES;
    store::question::asked_late(cx.db, row.message_id, cx.now, until)
}

fn maybe(cx: Cx<'_>, row: &Outgoing, why: &str) -> store::Result<()> {
    outbox::set_state(cx.db, row.id, "maybe", None, Some(why))?;
    let notice = format!("A reply was maybe sent, please look: {why}");
    journal::notice(cx.db, Some(row.thread_id), &notice, cx.now)?;
    if cx.world.options.texts { not_reached(cx, row, &notice) } else { Ok(()) }
}

/// The provider took it and could not bring it.
fn undelivered(cx: Cx<'_>, row: &Outgoing, why: Option<&str>) -> store::Result<()> {
    let notice =
        format!("A text did not reach the customer: {}", why.unwrap_or("the provider gives no reason"));
    journal::notice(cx.db, Some(row.thread_id), &notice, cx.now)?;
    not_reached(cx, row, &notice)
}

/// The customer has perhaps no answer: a person is to find another way.
fn not_reached(cx: Cx<'_>, row: &Outgoing, summary: &str) -> store::Result<()> {
    let Some(thread) = thread::get(cx.db, row.thread_id)? else { return Ok(()) };
    let scene = Scene::load(cx, thread)?;
    let call = Call {
        intent: "text-failed",
        level: Level::Medium,
        reason: "a text did not reach the customer",
        episode: None,
        summary: summary.to_owned(),
        due_at: None,
    };
    people::escalate(cx, &scene, &call).map(drop)
}

/// The carrier knows that this number wants no texts: the same as if they had told us.
fn carrier_opt_out(cx: Cx<'_>, row: &Outgoing) -> store::Result<()> {
    let Some(thread) = thread::get(cx.db, row.thread_id)? else { return Ok(()) };
    consent::opt_out(cx, &thread, "carrier", "Opt-out: the carrier says that this number wants no texts.")
        .map(drop)
}

/// A matter of the whole house and no conversation. Opened once until it is over.
fn house_call(cx: Cx<'_>, intent: &str, level: Level, reason: &str, summary: &str) -> store::Result<()> {
    if escalation::open(cx.db)?.iter().any(|e| e.thread_id.is_none() && e.intent == intent) {
        return Ok(());
    }
    let level = people::level_name(level);
    let packet = json!({"site": cx.site().name, "next_step": "See the provider's own page, and text the club's number.",
        "waiting_since": cx.now});
    let new = NewEscalation {
        thread_id: None,
        episode_id: None,
        intent,
        level,
        timed_as: level,
        reason,
        summary,
        packet: &packet.to_string(),
        first_alert_at: alerts::first_at(cx, level),
    };
    let id = escalation::insert(cx.db, &new, cx.now)?;
    timer::set(cx.db, "alert", id, new.first_alert_at)
}

/// The matter of the whole house is over by itself: nobody need be called any more.
fn house_over(cx: Cx<'_>, intent: &str) -> store::Result<bool> {
    let mut any = false;
    for open in escalation::open(cx.db)?.iter().filter(|e| e.thread_id.is_none() && e.intent == intent) {
        alerts::close(cx, open, "box")?;
        any = true;
    }
    Ok(any)
}
