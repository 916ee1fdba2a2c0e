//! Whole conversations, as a club manager can read them: every file of `tests/scenarios` must be met.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says that it failed by panicking")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clubos::replay::{Engines, Record, Setup, judge, load_scenario, run, simulate};

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn setup(trace: bool) -> Setup {
    let model_dir = here().join("models");
    assert!(model_dir.join("encoder.onnx").is_file(), "no model: run `make model` first");
    let cache_dir = Some(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("understanding"));
    Setup { sops: here().join("sops"), model_dir, cache_dir, trace }
}

fn files() -> Vec<PathBuf> {
    let dir = here().join("tests/scenarios");
    let entries = std::fs::read_dir(dir).expect("the folder is there");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    files.sort();
    files
}

#[test]
fn every_scenario_is_met_and_keeps_the_rules_that_always_hold() {
    let mut engines = Engines::new(&setup(false)).expect("the SOPs are right");
    let mut wrong = String::new();
    for file in files() {
        let scenario = load_scenario(&file).unwrap_or_else(|problems| panic!("{:#?}", problems.0));
        let engine = engines.of(&scenario.site).expect("the model loads");
        let records = run(&scenario, &engine).expect("a scenario runs to its end");
        let verdicts = scenario.expect.iter().map(|expectation| judge(expectation, &records, scenario.at));
        let mut failed: Vec<String> = verdicts.filter(|v| !v.met).map(|v| v.shown).collect();
        failed.extend(always(&records));
        if !failed.is_empty() {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            wrong.push_str(&format!("\n{name}: {}\n{}\n", scenario.name, failed.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What must hold in every conversation, whatever its file expects (domain rules 5.3, 5.14, 4).
fn always(records: &[Record]) -> Vec<String> {
    let of = |kind: &'static str| records.iter().filter(move |record| record.kind == kind);
    let mut wrong = Vec::new();
    for message in of("message") {
        let id = &message.fields["id"];
        let ended =
            of("ending").filter(|e| e.fields["messages"].as_array().is_some_and(|ids| ids.contains(id)));
        let times = ended.count();
        if times != 1 {
            wrong.push(format!("  FAIL  message {id} has {times} endings: {}", message.fields["text"]));
        }
    }
    for reply in of("reply").filter(|reply| reply.fields["by"] == "box") {
        let text = reply.fields["text"].as_str().unwrap_or_default();
        let marks = ["**", "__", "{", "}", "[[", "]]", "<", "`"];
        if text.trim().is_empty()
            || text.chars().count() > 480
            || marks.iter().any(|mark| text.contains(mark))
        {
            wrong.push(format!("  FAIL  no text for a customer: {text:?}"));
        }
    }
    for effect in of("effect") {
        let never_left = effect.fields["sent_at"].is_null();
        if never_left && !["refused", "expired"].iter().any(|outcome| effect.fields["outcome"] == *outcome) {
            wrong.push(format!("  FAIL  it never left and yet it ended as {}", effect.fields["outcome"]));
        }
    }
    wrong
}

#[test]
fn the_same_file_gives_the_same_trace_and_every_record_says_simulated() {
    let file = here().join("tests/scenarios/frozen-restart-done.yaml");
    let trace = || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        simulate(std::slice::from_ref(&file), &setup(true), &mut out, &mut err).expect("writing to memory");
        String::from_utf8(out).expect("UTF-8")
    };
    let first = trace();
    let mut last = 0.0;
    for line in first.lines() {
        let record: serde_json::Value = serde_json::from_str(line).expect("a JSON line");
        assert_eq!(record["simulated"], true, "{line}");
        assert!(record["kind"].is_string(), "{line}");
        let t = record["t"].as_f64().expect("a time");
        assert!(t >= last, "out of order: {line}");
        last = t;
    }
    assert!(first.lines().any(|line| line.contains("\"kind\":\"effect\"")), "{first}");
    assert_eq!(first, trace());
}

#[test]
fn a_key_nobody_knows_is_refused_with_its_line() {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("wrong.yaml");
    let site = here().join("tests/sites/clubhouse.toml");
    let text = format!("name: x\nsite: {}\nat: 2026-11-20T21:04:00\nevnts: []\n", site.display());
    std::fs::write(&file, text).expect("a file");
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = simulate(&[file], &setup(false), &mut out, &mut err).expect("writing to memory");
    let err = String::from_utf8_lossy(&err);
    assert_eq!(code, ExitCode::from(2));
    assert!(err.contains("wrong.yaml:4: evnts") && err.contains("did you mean `events`"), "{err}");
}
