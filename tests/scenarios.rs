//! Whole conversations, as a club manager can read them: every file of `tests/scenarios` must be met.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clubos::replay::{Setup, simulate};

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
fn every_scenario_is_met() {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = simulate(&files(), &setup(false), &mut out, &mut err).expect("writing to memory");
    let (out, err) = (String::from_utf8_lossy(&out), String::from_utf8_lossy(&err));
    assert_eq!(code, ExitCode::SUCCESS, "{}\n{err}", failures(&out));
}

/// Only what failed: the scenario's name, the expectation, what was seen.
fn failures(out: &str) -> String {
    let mut shown = String::new();
    let mut name = "";
    for line in out.lines() {
        if !line.starts_with(' ') {
            name = line;
        } else if line.trim_start().starts_with("FAIL") {
            shown.push_str(&format!("\n{name}\n{line}\n"));
        } else if !line.trim_start().starts_with("ok") {
            shown.push_str(line);
            shown.push('\n');
        }
    }
    shown.push_str(name);
    shown
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
