//! One occurrence of a run, as `--trace` prints it and as expectations look at it.

use serde_json::{Map, Value};

use crate::clock::UnixMs;

/// Kinds in the order in which they are shown when they happened at the same moment.
const ORDER: &[&str] = &[
    "message",
    "decision",
    "hold",
    "release",
    "effect",
    "escalation",
    "ticket",
    "incident",
    "alert",
    "reply",
    "silent",
    "ending",
    "notice",
];

/// One record. Everything in it came from simulated devices and texts, and says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub at: UnixMs,
    pub kind: &'static str,
    /// The phone, or `bay-2` for a bay page.
    pub thread: Option<String>,
    pub fields: Map<String, Value>,
}

impl Record {
    pub fn new(at: UnixMs, kind: &'static str, thread: Option<String>, fields: Value) -> Record {
        let fields = match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        Record { at, kind, thread, fields }
    }

    /// A field's value, the thread among them.
    pub fn get(&self, field: &str) -> Option<Value> {
        match field {
            "thread" => self.thread.clone().map(Value::String),
            field => self.fields.get(field).cloned(),
        }
    }

    /// The line of the trace. `start` is the scenario's `at`.
    pub fn line(&self, start: UnixMs) -> String {
        Value::Object(self.object(start)).to_string()
    }

    /// The same of one conversation among many.
    pub fn line_of(&self, start: UnixMs, conversation: &Value) -> String {
        let mut line = self.object(start);
        line.insert("conversation".into(), conversation.clone());
        Value::Object(line).to_string()
    }

    fn object(&self, start: UnixMs) -> Map<String, Value> {
        let mut line = self.fields.clone();
        line.insert("t".into(), seconds(start, self.at));
        line.insert("kind".into(), self.kind.into());
        line.insert("simulated".into(), true.into());
        if let Some(thread) = &self.thread {
            line.insert("thread".into(), thread.clone().into());
        }
        line
    }
}

/// Seconds from the start, to the millisecond.
pub fn seconds(start: UnixMs, at: UnixMs) -> Value {
    Value::from((at.0 - start.0) as f64 / 1000.0)
}

/// In order of time; at one moment causes before what follows from them.
pub fn sort(records: &mut [Record]) {
    let rank = |record: &Record| ORDER.iter().position(|kind| *kind == record.kind);
    records.sort_by_key(|record| (record.at, rank(record))); // stable: ids keep their order
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_says_when_what_where_and_that_it_is_simulated() {
        let record = Record::new(UnixMs(91_500), "notice", Some("bay-2".into()), json!({"text": "hello"}));
        let line: Value = serde_json::from_str(&record.line(UnixMs(1_000))).expect("JSON");
        assert_eq!(
            line,
            json!({"t": 90.5, "kind": "notice", "simulated": true, "thread": "bay-2", "text": "hello"})
        );
    }

    #[test]
    fn at_one_moment_a_message_stands_before_its_reply() {
        let at = |kind, ms| Record::new(UnixMs(ms), kind, None, json!({}));
        let mut records = vec![at("reply", 5), at("ending", 5), at("message", 5), at("notice", 1)];
        sort(&mut records);
        let kinds: Vec<&str> = records.iter().map(|r| r.kind).collect();
        assert_eq!(kinds, ["notice", "message", "reply", "ending"]);
    }
}
