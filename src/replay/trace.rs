//! The trace: what happened, read out of the database after a run.
//!
//! Owns the records and their ids as the contract of `clubos simulate --trace` has them. Reads only.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::record::{Record, seconds, sort};
use crate::clock::UnixMs;
use crate::store::message::{Ending, Message};
use crate::store::{self, effect, escalation, journal, message, outbox, thread, ticket, turn};

/// Everything that happened up to `end`, in order of time.
///
/// # Errors
/// Only the database's.
pub fn records(conn: &Connection, start: UnixMs, end: UnixMs) -> store::Result<Vec<Record>> {
    let trace = Trace { conn, start, end, threads: threads(conn)? };
    let mut records = Vec::new();
    trace.messages(&mut records)?;
    trace.decisions(&mut records)?;
    trace.effects(&mut records)?;
    trace.people(&mut records)?;
    trace.tickets(&mut records)?;
    trace.journal(&mut records)?;
    sort(&mut records);
    Ok(records)
}

fn threads(conn: &Connection) -> store::Result<BTreeMap<i64, String>> {
    let all = thread::recent(conn, UnixMs(i64::MIN), u32::MAX)?;
    Ok(all.into_iter().map(|thread| (thread.id, thread.address)).collect())
}

struct Trace<'a> {
    conn: &'a Connection,
    start: UnixMs,
    end: UnixMs,
    /// Address of each thread.
    threads: BTreeMap<i64, String>,
}

impl Trace<'_> {
    fn thread(&self, id: Option<i64>) -> Option<String> {
        self.threads.get(&id?).cloned()
    }

    fn seconds(&self, at: Option<UnixMs>) -> Value {
        at.map_or(Value::Null, |at| seconds(self.start, at))
    }

    fn messages(&self, records: &mut Vec<Record>) -> store::Result<()> {
        for id in self.threads.keys() {
            let all = message::of_thread(self.conn, *id, u32::MAX)?;
            for message in &all {
                let record = if message.inbound { self.inbound(message)? } else { self.reply(message)? };
                records.extend(record);
            }
            self.endings(&all, records);
        }
        Ok(())
    }

    fn inbound(&self, message: &Message) -> store::Result<Option<Record>> {
        let channel = thread::get(self.conn, message.thread_id)?.map(|t| t.channel.name());
        let fields = json!({
            "id": message.id, "text": message.body, "channel": channel, "provider_id": message.provider_id,
        });
        Ok(Some(Record::new(message.received_at, "message", self.thread(Some(message.thread_id)), fields)))
    }

    fn reply(&self, message: &Message) -> store::Result<Option<Record>> {
        let Some(row) = outbox::of_message(self.conn, message.id)? else { return Ok(None) };
        let fields = json!({
            "id": message.id, "to": row.address, "text": message.body, "channel": row.channel,
            "by": message.author, "sent_at": self.seconds(row.sent_at),
        });
        Ok(Some(Record::new(message.received_at, "reply", self.thread(Some(message.thread_id)), fields)))
    }

    /// One `ending` for all the messages that ended as one, and the silence where it was one.
    fn endings(&self, messages: &[Message], records: &mut Vec<Record>) {
        let mut groups: Vec<(&Message, Vec<i64>)> = Vec::new();
        let alike = |a: &Message, b: &Message| {
            (a.turn_id, a.ending, a.ended_at, &a.ending_reason, &a.ending_refs)
                == (b.turn_id, b.ending, b.ended_at, &b.ending_reason, &b.ending_refs)
        };
        for message in messages.iter().filter(|m| m.inbound && m.ending.is_some()) {
            match groups.iter_mut().find(|(first, _)| alike(first, message)) {
                Some((_, ids)) => ids.push(message.id),
                None => groups.push((message, vec![message.id])),
            }
        }
        for (first, ids) in groups {
            let Some((ending, at)) = first.ending.zip(first.ended_at) else { continue };
            let thread = self.thread(Some(first.thread_id));
            if ending == Ending::Silent {
                let reason = json!({"reason": first.ending_reason});
                records.push(Record::new(at, "silent", thread.clone(), reason));
            }
            let refs: Value =
                first.ending_refs.as_deref().and_then(|r| serde_json::from_str(r).ok()).unwrap_or_default();
            let fields = json!({"messages": ids, "as": ending.name(), "refs": refs});
            records.push(Record::new(at, "ending", thread, fields));
        }
    }

    fn decisions(&self, records: &mut Vec<Record>) -> store::Result<()> {
        for turn in turn::decided(self.conn)? {
            let Some(at) = turn.decided_at else { continue };
            let of_turn: Vec<i64> = message::of_turn(self.conn, turn.id)?.iter().map(|m| m.id).collect();
            let reading: Value = parsed(turn.reading.as_deref());
            let fields = json!({
                "messages": of_turn,
                "intents": parsed(turn.intents.as_deref()),
                "confidence": reading.pointer("/topics/0/confidence").and_then(Value::as_f64).map(rounded),
                "by": turn.by,
            });
            records.push(Record::new(at, "decision", self.thread(Some(turn.thread_id)), fields));
        }
        Ok(())
    }

    fn effects(&self, records: &mut Vec<Record>) -> store::Result<()> {
        let mut all = effect::recent(self.conn, u32::MAX)?;
        all.sort_by_key(|row| row.id);
        for row in all {
            let Some((at, outcome)) = row.ended_at.zip(row.outcome) else { continue };
            let mut fields = json!({
                "id": row.id, "effect": row.effect.name(), "target": row.target.as_str(), "tier": row.tier,
                "asked_by": row.asked_by, "outcome": outcome.name(), "sent_at": self.seconds(row.sent_at),
            });
            if let Some(reason) = &row.reason {
                fields["reason"] = json!(reason);
            }
            if let Some(by) = &row.approved_by {
                fields["approved_by"] = json!(by);
            }
            records.push(Record::new(at, "effect", self.thread(row.thread_id), fields));
        }
        Ok(())
    }

    fn people(&self, records: &mut Vec<Record>) -> store::Result<()> {
        for one in escalation::all(self.conn)? {
            let thread = self.thread(one.thread_id);
            for alert in escalation::alerts_of(self.conn, one.id)? {
                let Some(at) = alert.sent_at else { continue };
                let fields = json!({"escalation": one.id, "to": alert.person, "channel": alert.channel});
                records.push(Record::new(at, "alert", thread.clone(), fields));
            }
            let fields = json!({
                "id": one.id, "level": one.level, "reason": one.reason, "summary": one.summary, "intent": one.intent,
                "delivered_at": self.seconds(one.delivered_at),
            });
            records.push(Record::new(one.opened_at, "escalation", thread, fields));
        }
        Ok(())
    }

    /// A problem that several tickets belong to is no ticket of its own: staff are shown it as a notice.
    fn tickets(&self, records: &mut Vec<Record>) -> store::Result<()> {
        let all = ticket::all(self.conn)?;
        for one in &all {
            if one.is_parent {
                let text = format!("problem {}: {} ({})", one.id, one.intent, one.detail);
                records.push(Record::new(one.opened_at, "notice", None, json!({"text": text})));
                continue;
            }
            let mut fields =
                json!({"id": one.id, "intent": one.intent, "level": one.level, "detail": one.detail});
            if let Some(bay) = one.bay {
                fields["bay"] = json!(bay.0);
            }
            if let Some(parent) = one.parent_id {
                fields["parent"] = json!(parent);
            }
            records.push(Record::new(one.opened_at, "ticket", self.thread(one.thread_id), fields));
        }
        for one in ticket::incidents(self.conn, false)? {
            let threads: Vec<String> = one.threads.iter().filter_map(|id| self.thread(Some(*id))).collect();
            let fields = json!({"id": one.id, "what": one.what, "threads": threads});
            records.push(Record::new(one.closed_at.unwrap_or(self.end), "incident", None, fields));
        }
        Ok(())
    }

    fn journal(&self, records: &mut Vec<Record>) -> store::Result<()> {
        for notice in journal::notices(self.conn, UnixMs(i64::MIN))? {
            let fields = json!({"text": notice.text});
            records.push(Record::new(notice.at, "notice", self.thread(notice.thread_id), fields));
        }
        for digest in store::digest::all(self.conn)? {
            records.push(Record::new(digest.made_at, "notice", None, json!({"text": digest.text})));
        }
        for change in journal::changes(self.conn, UnixMs(i64::MIN))? {
            let thread = self.thread(change.thread_id);
            let record = match change.what.as_str() {
                "hold" => ("hold", json!({"by": change.who, "until": self.seconds(change.until)})),
                "release" => ("release", json!({"by": change.who})),
                _ => continue,
            };
            records.push(Record::new(change.at, record.0, thread, record.1));
        }
        Ok(())
    }
}

fn parsed(text: Option<&str>) -> Value {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Probabilities to four places: more is noise.
fn rounded(p: f64) -> f64 {
    (p * 10_000.0).round() / 10_000.0
}
