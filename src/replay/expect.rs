//! Whether what was expected happened. Looks only at the records; prints what was seen where it did not.

use serde_json::Value;

use super::record::{Record, seconds};
use super::scenario::{Expectation, Want};
use crate::clock::UnixMs;

/// One expectation's verdict.
#[derive(Debug, Clone)]
pub struct Verdict {
    pub met: bool,
    /// `ok` or `FAIL` line, with what was seen below a failed one.
    pub shown: String,
}

/// Most records of the same kind that are shown below a failed expectation.
const SHOWN: usize = 12;

/// Judges one expectation by the records of the run.
pub fn judge(expectation: &Expectation, records: &[Record], start: UnixMs) -> Verdict {
    let count = records.iter().filter(|record| counts(expectation, record, start)).count();
    let happened = match expectation.times {
        Some(times) => count == times,
        None => count > 0,
    };
    let met = happened != expectation.never;
    if met {
        return Verdict { met, shown: format!("  ok    {}", expectation.shown) };
    }
    let mut shown = format!("  FAIL  line {}: {} (seen {count} times)", expectation.line, expectation.shown);
    let alike: Vec<&Record> = records.iter().filter(|record| record.kind == expectation.kind.name).collect();
    for record in alike.iter().take(SHOWN) {
        shown.push_str("\n        ");
        shown.push_str(&record.line(start));
    }
    if alike.is_empty() {
        shown.push_str(&format!("\n        no {} at all", expectation.kind.name));
    }
    Verdict { met, shown }
}

fn counts(expectation: &Expectation, record: &Record, start: UnixMs) -> bool {
    record.kind == expectation.kind.name
        && left_or_asked_about(expectation, record)
        && in_time(expectation, record, start)
        && expectation.fields.iter().all(|(field, want)| fits(want, record.get(field).as_ref()))
}

/// An effect counts if it left the box, unless the expectation speaks of its outcome.
fn left_or_asked_about(expectation: &Expectation, record: &Record) -> bool {
    let about = |field| expectation.fields.iter().any(|(name, _)| *name == field);
    record.kind != "effect" || about("outcome") || about("sent_at") || record.fields["sent_at"].is_number()
}

fn in_time(expectation: &Expectation, record: &Record, start: UnixMs) -> bool {
    let Some(before) = expectation.before else { return true };
    let happened = match record.kind {
        "reply" | "effect" => record.fields["sent_at"].as_f64(),
        _ => seconds(start, record.at).as_f64(),
    };
    happened.is_some_and(|at| at < before.as_secs_f64())
}

fn fits(want: &Want, found: Option<&Value>) -> bool {
    match found {
        Some(Value::Array(items)) => items.iter().any(|item| fits(want, Some(item))),
        Some(Value::String(text)) => fits_text(want, text),
        Some(Value::Number(number)) => fits_number(want, number.as_f64()),
        Some(Value::Bool(flag)) => fits_text(want, if *flag { "true" } else { "false" }),
        Some(Value::Null) | None => matches!(want, Want::Null),
        Some(Value::Object(_)) => false,
    }
}

fn fits_text(want: &Want, text: &str) -> bool {
    match want {
        Want::Found(regex) => regex.is_match(text),
        Want::Exactly(name, regex) => {
            name == text || regex.as_ref().is_some_and(|regex| regex.is_match(text))
        }
        Want::Null => false,
    }
}

fn fits_number(want: &Want, number: Option<f64>) -> bool {
    let Some(number) = number else { return false };
    let Want::Exactly(text, _) = want else { return false };
    match text.parse::<f64>() {
        Ok(wanted) => (wanted - number).abs() < 0.000_5,
        Err(_) => fits_text(want, &number.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::parse::read_scenario;
    use super::*;

    const START: UnixMs = UnixMs(0);

    fn expectation(text: &str) -> Expectation {
        let yaml = format!("name: x\nsite: clubhouse\nat: 2026-11-20T21:04:00\nexpect:\n  - {{{text}}}\n");
        let beside = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut scenario = read_scenario("x.yaml", &yaml, beside).unwrap_or_else(|e| panic!("{:#?}", e.0));
        scenario.expect.remove(0)
    }

    fn met(text: &str, records: &[Record]) -> bool {
        judge(&expectation(text), records, START).met
    }

    fn effect(outcome: &str, sent_at: Value) -> Record {
        let fields =
            json!({"effect": "sim.restart", "target": "bay-2", "outcome": outcome, "sent_at": sent_at});
        Record::new(UnixMs(240_000), "effect", Some("+19025550101".into()), fields)
    }

    fn reply(text: &str, sent_at: Value) -> Record {
        let fields = json!({"text": text, "to": "+19025550101", "by": "box", "sent_at": sent_at});
        Record::new(UnixMs(1_000), "reply", Some("+19025550101".into()), fields)
    }

    #[test]
    fn an_effect_without_outcome_counts_only_when_it_left_the_box() {
        let refused = [effect("refused", Value::Null)];
        assert!(!met("effect: sim.restart", &refused));
        assert!(met("never: {effect: sim.restart}", &refused));
        assert!(met("effect: sim.restart, outcome: refused", &refused));
        assert!(met("effect: sim.restart, target: bay-2", &[effect("unknown", json!(31.0))]));
        assert!(!met("effect: sim.restart, target: bay-3", &[effect("unknown", json!(31.0))]));
    }

    #[test]
    fn times_is_exact_and_without_it_once_is_enough() {
        let two = [reply("Restarting now", json!(1.0)), reply("Restarting again", json!(2.0))];
        assert!(met("reply: \"(?i)restart\"", &two));
        assert!(met("reply: \"(?i)restart\", times: 2", &two));
        assert!(!met("reply: \"(?i)restart\", times: 1", &two));
        assert!(met("reply: \"nothing of it\", times: 0", &two));
    }

    #[test]
    fn before_asks_when_it_left_and_what_never_left_fails_it() {
        assert!(met("reply: a, before: 1m", &[reply("a", json!(59.9))]));
        assert!(!met("reply: a, before: 1m", &[reply("a", json!(61.0))]));
        assert!(!met("reply: a, before: 1m", &[reply("a", Value::Null)]));
        assert!(met("effect: sim.restart, before: 1m", &[effect("verified", json!(31.0))]));
    }

    #[test]
    fn prose_is_searched_and_names_are_compared() {
        let records = [reply("I've told our team", json!(1.0))];
        assert!(met("reply: \"told our\", to: \"+19025550101\"", &records));
        assert!(!met("reply: \"told our\", to: \"+1902555010\"", &records));
        assert!(met("reply: team, thread: \"+19025550101\"", &records));
        let escalation = [Record::new(START, "escalation", None, json!({"level": "high"}))];
        assert!(met("escalation: high", &escalation));
        assert!(!met("escalation: hig", &escalation));
        assert!(met("escalation: \"high|critical\"", &escalation));
    }

    #[test]
    fn a_failed_one_shows_what_was_seen() {
        let verdict = judge(&expectation("reply: hello"), &[reply("goodbye", json!(1.0))], START);
        assert!(!verdict.met);
        assert!(verdict.shown.contains("FAIL") && verdict.shown.contains("goodbye"), "{}", verdict.shown);
        assert!(judge(&expectation("alert: dana"), &[], START).shown.contains("no alert at all"));
    }
}
