//! `clubos classify`: JSON Lines in, JSON Lines out, order kept.
//!
//! In: `{"id", "text"}`, and with `--context` also `"context": {"pending"?, "last_intent"?, "closed"?, "device"?,
//! "booking"?, "quiet"?}` of that line; without it that field may be anything. Out: `{"id", "decision", "intent", "confidence", "alternatives", "intents", "slots"}`.
//! A line that cannot be read is named on the error stream, the rest is answered, and the end is a failure.

use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::intent::{Candidate, Context, Reading, Slots, Tense, Understand, Verdict};

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    id: Value,
    text: String,
    /// Looked at only where contexts count, so that an odd one fails nothing else.
    #[serde(default)]
    context: Option<Value>,
}

impl Line {
    fn context(&mut self, counts: bool) -> Result<Context, serde_json::Error> {
        match self.context.take().filter(|value| counts && !value.is_null()) {
            Some(value) => serde_json::from_value(value),
            None => Ok(Context::default()),
        }
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    id: Value,
    decision: Verdict,
    intent: &'a str,
    confidence: f32,
    alternatives: &'a [Candidate],
    intents: Vec<&'a str>,
    slots: Map<String, Value>,
}

/// Answers every line of `input`; returns how many lines could not be read. `contexts`: a line's context counts;
/// else every line stands alone.
pub fn run(
    understand: &dyn Understand,
    contexts: bool,
    input: impl BufRead,
    mut output: impl Write,
    mut errors: impl Write,
) -> std::io::Result<usize> {
    let mut bad = 0;
    for (number, line) in input.split(b'\n').enumerate() {
        let line = line?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let read = serde_json::from_slice::<Line>(&line)
            .and_then(|mut line| line.context(contexts).map(|context| (line, context)));
        match read {
            Ok((line, context)) => {
                let reading = understand.read(&line.text, &context);
                serde_json::to_writer(&mut output, &answer(line.id, &reading))?;
                output.write_all(b"\n")?;
                output.flush()?; // whoever asks line by line waits for this one
            }
            Err(e) => {
                bad += 1;
                writeln!(errors, "line {}: {e}; expected {{\"id\", \"text\"}}", number + 1)?;
            }
        }
    }
    Ok(bad)
}

fn answer(id: Value, reading: &Reading) -> Answer<'_> {
    let first = &reading.topics[0];
    Answer {
        id,
        decision: first.decision,
        intent: &first.intent,
        confidence: first.confidence,
        alternatives: &first.alternatives,
        intents: reading.topics.iter().map(|t| t.intent.as_str()).collect(),
        slots: slots(&reading.slots),
    }
}

/// Only the slots that were filled.
fn slots(slots: &Slots) -> Map<String, Value> {
    let mut map = Map::new();
    let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
    if let Some(bay) = slots.own_bay() {
        put("bay", json!(bay));
    } else if !slots.bays.is_empty() {
        put("bays", json!(slots.bays));
    }
    for (key, set) in [
        ("others_bay", slots.others_bay),
        ("correction", slots.correction),
        ("at_door", slots.at_door),
        ("too_loud", slots.too_loud),
        ("lights_off", slots.lights_off),
    ] {
        if set {
            put(key, json!(true));
        }
    }
    if let Some(door) = &slots.door {
        put("door", json!(door));
    }
    if let Some(hot) = slots.too_hot {
        put("too_hot", json!(hot));
    }
    if let Some(degrees) = slots.degrees {
        put("degrees", json!(degrees));
    }
    if slots.tense != Tense::Now {
        put("tense", json!(slots.tense));
    }
    if let Some(phone) = &slots.phone {
        put("phone", json!(phone));
    }
    if let Some(reference) = &slots.reference {
        put("reference", json!(reference));
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::Understanding;

    fn classify(input: &str) -> (Vec<Value>, String, usize) {
        classify_with(false, input)
    }

    fn classify_with(contexts: bool, input: &str) -> (Vec<Value>, String, usize) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let bad =
            run(&Understanding::rules_only(None), contexts, input.as_bytes(), &mut out, &mut err).unwrap();
        let lines =
            String::from_utf8(out).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        (lines, String::from_utf8(err).unwrap(), bad)
    }

    #[test]
    fn answers_carry_exactly_the_contract_keys_in_order_of_the_lines() {
        let (lines, _, bad) =
            classify("{\"id\":1,\"text\":\"smoke in box 2\"}\n\n{\"id\":\"b\",\"text\":\"thanks\"}\n");
        assert_eq!(bad, 0);
        let mut keys: Vec<&String> = lines[0].as_object().unwrap().keys().collect();
        keys.sort();
        assert_eq!(keys, ["alternatives", "confidence", "decision", "id", "intent", "intents", "slots"]);
        assert_eq!(lines[0]["decision"], "emergency");
        assert_eq!(lines[0]["intent"], "emergency.fire");
        assert_eq!(lines[0]["slots"]["bay"], 2);
        assert_eq!((&lines[1]["id"], &lines[1]["intent"]), (&json!("b"), &json!("chat.closer")));
    }

    #[test]
    fn a_bad_line_is_named_and_the_others_are_answered() {
        let (lines, errors, bad) =
            classify("{\"id\":1,\"text\":\"hi\"}\n{\"id\":2}\n{\"id\":3,\"text\":\"ok\"}");
        assert_eq!((lines.len(), bad), (2, 1));
        assert!(errors.starts_with("line 2: missing field `text`"), "{errors}");
    }

    #[test]
    fn a_lines_context_counts_only_where_it_is_asked_for() {
        let line = r#"{"id":1,"text":"ok","context":{"pending":"confirm","last_intent":"sim.frozen"}}"#;
        assert_eq!(classify_with(true, line).0[0]["intent"], "chat.affirm");
        assert_eq!(classify_with(false, line).0[0]["intent"], "chat.closer");
        let (lines, errors, bad) =
            classify_with(true, r#"{"id":1,"text":"ok","context":{"pending":"soon"}}"#);
        assert_eq!((lines.len(), bad), (0, 1));
        assert!(errors.contains("soon"), "{errors}");
    }

    #[test]
    fn an_odd_context_fails_nothing_where_contexts_do_not_count() {
        for odd in [r#"{"pending":"soon"}"#, r#""bay 2""#, "7", r#"{"weather":"wet"}"#, "null", "[]"] {
            let (lines, errors, bad) = classify(&format!(r#"{{"id":1,"text":"thanks","context":{odd}}}"#));
            assert_eq!((lines.len(), bad), (1, 0), "{odd}: {errors}");
        }
    }
}
