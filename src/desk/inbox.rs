//! The inbox: a text is committed, deduplicated and put into a turn before anything else happens to it.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::scene::Scene;
use super::words;
use super::{Cx, Desk, Inbound, Received, consent};
use crate::clock::UnixMs;
use crate::intent::{Reading, Verdict};
use crate::store::message::NewInbound;
use crate::store::thread::{Channel, Thread};
use crate::store::turn::{self, Turn};
use crate::store::{self, message, thread};

/// A turn that is sure and complete is answered after this much quiet (DOMAIN 5.2).
const QUIET_SURE: Duration = Duration::from_secs(1);
/// A fragment or an unsure one after this much.
const QUIET_UNSURE: Duration = Duration::from_secs(5);
/// … and in any case this long after its first message.
const LONGEST_TURN: Duration = Duration::from_secs(15);
/// A text that was written this shortly before came by polling.
const POLLED_WITHIN: Duration = Duration::from_secs(10);
/// What is read of one turn; the whole text is kept.
const LONGEST_READ: usize = 2_000;

impl Desk {
    /// Commits a text. When this returns, the text cannot be lost any more and the channel may acknowledge.
    ///
    /// # Errors
    /// Only the database's: nothing was stored, the channel must not acknowledge.
    pub fn receive(&mut self, inbound: &Inbound) -> store::Result<Received> {
        self.write(|cx| {
            let key = dedupe_key(inbound);
            if let Some(message_id) = message::by_dedupe_key(cx.db, &key)? {
                let thread_id = message::get(cx.db, message_id)?.map_or(0, |m| m.thread_id);
                return Ok(Received { message_id, thread_id, duplicate: true });
            }
            let content = content_key(inbound);
            let same = content.as_deref().map(|key| message::by_content_key(cx.db, key)).transpose()?;
            if let Some(known) = same.flatten() {
                // The provider delivered it twice, under two ids.
                let thread_id = message::get(cx.db, known)?.map_or(0, |m| m.thread_id);
                return Ok(Received { message_id: known, thread_id, duplicate: true });
            }
            let thread = open_thread(cx, inbound)?;
            let new = NewInbound {
                thread_id: thread.id,
                body: &inbound.body,
                media: inbound.media,
                provider_id: inbound.provider_id.as_deref(),
                dedupe_key: &key,
                content_key: content.as_deref(),
                written_at: inbound.written_at.min(cx.now),
                received_at: cx.now,
            };
            let message_id = message::insert_inbound(cx.db, &new)?.unwrap_or_default();
            if !consent::heed(cx, &thread, message_id, &inbound.body)? {
                take_in(cx, &thread, message_id)?;
            }
            Ok(Received { message_id, thread_id: thread.id, duplicate: false })
        })
    }
}

/// Provider id, else (from, to, body, provider time): never the text alone, "yes" twice is legitimate.
fn dedupe_key(inbound: &Inbound) -> String {
    let channel = inbound.channel.name();
    if let Some(id) = &inbound.provider_id {
        return format!("{channel}:{id}");
    }
    format!("{channel}#{}", fingerprint(inbound))
}

/// A text of a provider's is the same under whatever id, if sender, words and the provider's time are.
fn content_key(inbound: &Inbound) -> Option<String> {
    let provided = inbound.channel == Channel::Sms && inbound.provider_id.is_some();
    provided.then(|| fingerprint(inbound))
}

fn fingerprint(inbound: &Inbound) -> String {
    let mut hash = Sha256::new();
    for part in [inbound.address.as_bytes(), inbound.session.as_bytes(), inbound.body.as_bytes()] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update(inbound.written_at.0.to_le_bytes());
    hash.update(inbound.media.to_le_bytes());
    let digest = hash.finalize();
    digest.iter().take(16).map(|b| format!("{b:02x}")).collect()
}

fn open_thread(cx: Cx<'_>, inbound: &Inbound) -> store::Result<Thread> {
    let bay = inbound.presence.map(|(bay, _)| bay);
    let id = thread::open(
        cx.db,
        inbound.channel,
        &inbound.address,
        &inbound.session,
        bay,
        inbound.phone.as_ref(),
        cx.now,
        inbound.simulated,
    )?;
    if let Some((_, until)) = inbound.presence {
        thread::set_presence(cx.db, id, until)?;
    }
    thread::get(cx.db, id)?.ok_or_else(|| rusqlite::Error::QueryReturnedNoRows.into())
}

/// Puts a committed message into the thread's turn. It is looked at right after what came in together was
/// committed: a burst is read once, not once a message.
pub(super) fn take_in(cx: Cx<'_>, thread: &Thread, message_id: i64) -> store::Result<()> {
    let turn_id = match turn::open_on(cx.db, thread.id)? {
        Some(turn) => turn.id,
        None => turn::insert(cx.db, thread.id, cx.now, cx.now, cx.now + LONGEST_TURN)?,
    };
    message::assign(cx.db, message_id, turn_id)?;
    turn::reopen(cx.db, turn_id, cx.now)
}

/// Looks at a turn whose moment has come. True if it is to be decided now; else it is put off to its time.
///
/// The first look reads it all. Words that are added to it are looked through for an emergency by
/// themselves; the whole is read again when they have stopped coming: once a burst, not once a message.
pub(super) fn look(cx: Cx<'_>, open: &Turn) -> store::Result<bool> {
    let Some(thread) = thread::get(cx.db, open.thread_id)? else { return Ok(true) };
    let messages = message::of_turn(cx.db, open.id)?;
    let Some(last) = messages.last() else { return Ok(true) };
    let cap = open.opened_at + LONGEST_TURN;
    let seen = messages.iter().filter(|m| m.id <= open.looked).count();
    if thread.channel == Channel::Door || messages[seen..].iter().any(|m| is_emergency(cx, &m.body)) {
        return Ok(true);
    }
    let scene = Scene::load(cx, thread)?;
    let settled = (last.received_at + QUIET_SURE).min(cap);
    let gathering = 0 < seen && seen < messages.len() && cx.now < settled;
    let of = if gathering { &messages[seen..] } else { &messages[..] };
    let reading = cx.world.read(&text_of(of), &scene.context());
    if reading.topics.iter().any(|t| t.decision == Verdict::Emergency) {
        return Ok(true);
    }
    let gap = quiet_gap(&reading).saturating_sub(on_its_way(&scene.thread, last));
    let quiet = if gathering { settled } else { (last.received_at + gap).min(cap) };
    let due = cx.world.awaits_reader.map_or(quiet, |until| quiet.max(until));
    if due > cx.now {
        turn::put_off(cx.db, open.id, due, last.id)?;
    }
    Ok(due <= cx.now)
}

/// Whether these words speak of an emergency, by the rules or the model.
pub(super) fn is_urgent(cx: Cx<'_>, thread: &Thread, body: &str) -> store::Result<bool> {
    if is_emergency(cx, body) {
        return Ok(true);
    }
    let scene = Scene::load(cx, thread.clone())?;
    let reading = cx.world.read(limited(body), &scene.context());
    Ok(reading.topics.iter().any(|t| t.decision == Verdict::Emergency))
}

/// The reader has changed, or a better one is on its way: each open turn is looked at afresh.
pub(super) fn look_again(cx: Cx<'_>) -> store::Result<()> {
    for open in turn::gathering(cx.db)? {
        turn::reopen(cx.db, open.id, cx.now)?;
    }
    Ok(())
}

pub(super) fn is_emergency(cx: Cx<'_>, body: &str) -> bool {
    cx.world.reader.emergency(limited(body)).is_some()
}

/// How long a text has been quiet before it came in: a provider that is asked every few seconds would have
/// told of a newer one too. More than that is no polling but a line that was down.
fn on_its_way(thread: &Thread, last: &message::Message) -> Duration {
    let time = last.received_at.since(last.written_at);
    if thread.channel == Channel::Sms && time <= POLLED_WITHIN { time } else { Duration::ZERO }
}

fn quiet_gap(reading: &Reading) -> Duration {
    let sure = reading.topics.iter().all(|t| t.decision == Verdict::Match);
    if sure && reading.complete { QUIET_SURE } else { QUIET_UNSURE }
}

/// The words of a turn as they are read: one line a message, the first [`LONGEST_READ`] characters.
pub(super) fn text_of(messages: &[message::Message]) -> String {
    let bodies: Vec<&str> = messages.iter().map(|m| m.body.trim()).filter(|b| !words::is_blank(b)).collect();
    limited(&bodies.join("\n")).to_owned()
}

fn limited(text: &str) -> &str {
    match text.char_indices().nth(LONGEST_READ) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// How long the oldest message of a turn took from its writer to the box.
pub(super) fn delay(messages: &[message::Message]) -> Duration {
    messages.iter().map(|m| m.received_at.since(m.written_at)).max().unwrap_or_default()
}

/// After a start: messages that were committed but never put into a turn.
pub(super) fn adopt(cx: Cx<'_>) -> store::Result<()> {
    for message in message::unassigned(cx.db)? {
        if let Some(thread) = thread::get(cx.db, message.thread_id)? {
            take_in(cx, &thread, message.id)?;
        }
    }
    Ok(())
}

/// When the writer of this turn last wrote, by the provider's clock.
pub(super) fn last_written(messages: &[message::Message]) -> UnixMs {
    messages.iter().map(|m| m.written_at).max().unwrap_or_default()
}
