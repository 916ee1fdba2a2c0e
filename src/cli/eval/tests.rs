//! The figures of `eval`, each by hand.

use super::*;
use crate::intent::{By, Candidate, Slots, Topic};

/// Reads "intent|decision|bay" out of the text itself.
struct Written;

impl Understand for Written {
    fn read(&self, text: &str, context: &Context) -> Reading {
        let text = context.last_intent.as_deref().unwrap_or(text);
        let parts: Vec<&str> = text.split('|').collect();
        let decision = serde_json::from_value(Value::from(parts[1])).unwrap();
        let bays = parts.get(2).and_then(|b| b.parse().ok()).map(BayId).into_iter().collect();
        let topic = Topic {
            intent: parts[0].into(),
            confidence: 0.9,
            decision,
            alternatives: vec![Candidate { intent: parts[0].into(), confidence: 0.9 }],
            text: text.into(),
            by: By::Model,
        };
        Reading { topics: vec![topic], slots: Slots { bays, ..Slots::default() }, complete: true }
    }

    fn emergency(&self, _: &str) -> Option<Topic> {
        None
    }
}

fn report(lines: &[&str]) -> Report {
    let cases = cases(lines.join("\n").as_bytes()).unwrap();
    evaluate(&Written, &cases, &BTreeSet::from(["sim.frozen".to_owned()]), false).unwrap()
}

#[test]
fn a_context_counts_only_where_it_is_asked_for() {
    let line =
        r#"{"text":"faq.wifi|match","accept":["sim.frozen"],"context":{"last_intent":"sim.frozen|match"}}"#;
    let accuracy = |contexts| {
        let cases = cases(line.as_bytes()).unwrap();
        evaluate(&Written, &cases, &BTreeSet::new(), contexts).unwrap().accuracy
    };
    assert_eq!((accuracy(false), accuracy(true)), (0.0, 100.0));
    let odd = cases(r#"{"text":"faq.wifi|match","accept":["faq.wifi"],"context":7}"#.as_bytes()).unwrap();
    assert!(evaluate(&Written, &odd, &BTreeSet::new(), false).is_ok());
    let error = evaluate(&Written, &odd, &BTreeSet::new(), true).unwrap_err();
    assert!(error.to_string().starts_with("line 1"), "{error}");
}

#[test]
fn every_figure_follows_its_formula() {
    let r = report(&[
        r#"{"text":"sim.frozen|match|2","accept":["sim.frozen"],"bay":2}"#,
        r#"{"text":"sim.frozen|match|1","accept":["sim.black-screen"],"bay":2}"#,
        r#"{"text":"faq.wifi|match","accept":["faq.food","faq.hours"],"bay":null}"#,
        r#"{"text":"faq.wifi|ask","accept":["faq.wifi"]}"#,
        r#"{"text":"faq.wifi|fallback","accept":["faq.wifi"]}"#,
        r#"{"text":"out-of-scope|none","accept":["out-of-scope"]}"#,
        r#"{"text":"faq.food|fallback","accept":["out-of-scope","faq.food"]}"#,
        r#"{"text":"faq.food|match","accept":["out-of-scope"]}"#,
        r#"{"text":"emergency.fire|emergency","accept":["emergency.fire"]}"#,
        r#"{"text":"emergency.fire|ask","accept":["chat.greeting"]}"#,
    ]);
    assert_eq!(r.n, 10);
    assert_eq!(r.accuracy, 60.0);
    assert_eq!(r.in_scope_accuracy, 57.14);
    assert_eq!(r.match_share, 14.29);
    assert_eq!(r.ask_share, 28.57);
    assert_eq!(r.in_scope_refused, 14.29);
    assert_eq!(r.oos_recall, 66.67);
    assert_eq!(r.oos_precision, 100.0);
    assert_eq!(r.wrong_sop, 30.0);
    assert_eq!(r.wrong_act, 10.0);
    assert_eq!(r.emergency_recall, 100.0);
    assert_eq!(r.false_alarms, 11.11);
    assert_eq!(r.bay_right, 66.67);
    assert_eq!(r.confusions.len(), 4);
}

#[test]
fn json_has_exactly_the_contract_keys() {
    let value =
        serde_json::to_value(report(&[r#"{"text":"faq.wifi|match","accept":["faq.wifi"]}"#])).unwrap();
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    let mut expected = [
        "n",
        "accuracy",
        "in_scope_accuracy",
        "match_share",
        "ask_share",
        "in_scope_refused",
        "oos_recall",
        "oos_precision",
        "wrong_sop",
        "wrong_act",
        "emergency_recall",
        "false_alarms",
        "bay_right",
        "per_intent",
        "confusions",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
}

#[test]
fn a_bad_line_is_named() {
    let error =
        cases("{\"text\":\"a\",\"accept\":[\"b\"]}\n{\"text\":\"a\"}".as_bytes()).unwrap_err().to_string();
    assert!(error.starts_with("line 2: missing field `accept`"), "{error}");
    assert!(matches!(cases("".as_bytes()), Err(EvalError::Empty)));
}
