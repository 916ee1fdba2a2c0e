//! Consent to texts (DOMAIN 5.11): opt-out by word, by sentence or at the carrier, back in, and HELP.
//!
//! An emergency is heard whatever else a text says, and whoever has opted out.

use std::time::Duration;

use super::people::{self, Call};
use super::scene::Scene;
use super::{Cx, draft, inbox, phrases, words};
use crate::site::E164;
use crate::sop::{self, Level};
use crate::store::message::{self, Ending};
use crate::store::thread::{Channel, Thread};
use crate::store::{self, journal, outbox, question};

/// HELP is answered with the same lines once in this time; after that a person is meant.
const INFO_ONCE_IN: Duration = Duration::from_secs(24 * 3600);

/// Opt-out, opt-in and HELP. True if the text was one and has its ending.
pub(super) fn heed(cx: Cx<'_>, thread: &Thread, message_id: i64, body: &str) -> store::Result<bool> {
    let (Channel::Sms, Some(phone)) = (thread.channel, &thread.phone) else { return Ok(false) };
    if words::opt_in(body) && journal::opt_in(cx.db, phone)? {
        let notice = "A number that had opted out of texts has opted in again.";
        journal::notice(cx.db, Some(thread.id), notice, cx.now)?;
        let reason = Some("opted in again; the carrier confirms it");
        message::end(cx.db, message_id, Ending::Silent, reason, &[], cx.now)?;
        return Ok(true);
    }
    if let Some(word) = words::opt_out(body) {
        let notice = format!(
            "Opt-out: the customer texted {} and gets no more texts; the bay screen still works.",
            word.to_uppercase()
        );
        return leaves(cx, thread, message_id, &word, &notice, body);
    }
    if words::revokes(body) {
        let notice = "Opt-out: the customer asked for no more texts; the bay screen still works.";
        return leaves(cx, thread, message_id, "in their own words", notice, body);
    }
    if words::asks_info(body) && !inbox::is_emergency(cx, body) {
        return inform(cx, thread, phone, message_id);
    }
    Ok(false)
}

/// Records the opt-out. The text has its ending, unless it is an emergency too: that goes on.
fn leaves(
    cx: Cx<'_>,
    thread: &Thread,
    message_id: i64,
    word: &str,
    notice: &str,
    body: &str,
) -> store::Result<bool> {
    let escalation = opt_out(cx, thread, word, notice)?;
    if inbox::is_emergency(cx, body) {
        return Ok(false);
    }
    let refs = [format!("escalation:{escalation}")];
    message::end(cx.db, message_id, Ending::Escalated, None, &refs, cx.now)?;
    Ok(true)
}

/// This number gets no more texts: what waits is called off, an open question is a no, people are told.
pub(super) fn opt_out(cx: Cx<'_>, thread: &Thread, word: &str, notice: &str) -> store::Result<i64> {
    if let Some(phone) = &thread.phone {
        journal::opt_out(cx.db, phone, word, cx.now)?;
    }
    question::close(cx.db, thread.id, "answered")?;
    journal::notice(cx.db, Some(thread.id), notice, cx.now)?;
    outbox::cancel_automatic(cx.db, thread.id)?;
    let scene = Scene::load(cx, thread.clone())?;
    let call = Call {
        intent: "opt-out",
        level: Level::Medium,
        reason: "the customer opted out of texts",
        episode: None,
        summary: notice.to_owned(),
        due_at: None,
    };
    Ok(people::escalate(cx, &scene, &call)?.0)
}

/// HELP and INFO: who texts here and how to go on, exactly once. Asked again, they are words like any.
fn inform(cx: Cx<'_>, thread: &Thread, phone: &E164, message_id: i64) -> store::Result<bool> {
    let key = format!("info.{}", phone.as_str());
    let given: i64 = journal::meta(cx.db, &key)?.and_then(|at| at.parse().ok()).unwrap_or(0);
    let again = given > 0 && cx.now.0 - given < INFO_ONCE_IN.as_millis() as i64;
    if again || thread.held(cx.now).is_some() || journal::opted_out(cx.db, phone)? {
        return Ok(false);
    }
    let scene = Scene::load(cx, thread.clone())?;
    let values = phrases::values(cx, &scene, None)?;
    let text = cx.library().phrase("info", &[]).map(|template| sop::render(template, &values));
    let Some(Ok(text)) = text else { return Ok(false) };
    let Some(reply) = draft::send(cx, thread, text.as_str(), "box", true, None)? else { return Ok(false) };
    journal::set_meta(cx.db, &key, &cx.now.0.to_string())?;
    message::end(cx.db, message_id, Ending::Replied, None, &[format!("reply:{reply}")], cx.now)?;
    Ok(true)
}
