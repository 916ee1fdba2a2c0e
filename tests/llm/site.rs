//! `[llm]` in `site.toml`: read whole, and every mistake named with its line and how to mend it.

use std::path::Path;
use std::time::Duration;

use clubos::site::{LlmCompany, LoadMode, SiteProblems, llm, load};

const GOOD: &str = r#"[llm]
provider = "anthropic"
model = "some-model"
key_file = "llm-key"
input_cents = 100
output_cents = 500
cents_a_day = 50
cents_a_month = 500
"#;

fn read(text: &str) -> Result<clubos::site::CloudModel, SiteProblems> {
    static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let n = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let file = crate::support::folder(&format!("section-{}-{n}", std::process::id())).join("llm.toml");
    std::fs::write(&file, text).unwrap();
    llm::load(&file)
}

#[test]
fn the_section_is_read_and_its_key_stands_beside_the_file() {
    let found = read(GOOD).unwrap();
    assert_eq!((found.provider, found.model.as_str()), (LlmCompany::Anthropic, "some-model"));
    assert_eq!(
        (found.input_cents, found.output_cents, found.cents_a_day, found.cents_a_month),
        (100, 500, 50, 500)
    );
    assert_eq!(found.keep, Duration::from_secs(30 * 24 * 3600));
    assert!(found.key_file.ends_with("llm-key") && found.url.is_none());
}

#[test]
fn a_site_without_the_section_asks_no_model() {
    let site = load(Path::new("tests/sites/clubhouse.toml"), LoadMode::Simulated).unwrap();
    assert!(site.llm.is_none());
}

#[test]
fn every_mistake_is_named_with_its_line() {
    for (from, to, line, names) in [
        ("provider = \"anthropic\"", "provider = \"anthropik\"", 2, "anthropic"),
        ("model = \"some-model\"\n", "", 1, "llm.model"),
        ("input_cents = 100\n", "", 1, "llm.input_cents"),
        ("input_cents = 100", "input_cents = 0.25", 5, "whole number"),
        ("cents_a_day = 50", "cents_a_day = 0", 7, "out of range"),
        ("cents_a_day = 50", "cents_a_day = 501", 1, "cents_a_month"),
        ("key_file = \"llm-key\"", "api_key = \"sk-1\"", 4, "a secret stands in the file itself"),
        ("key_file = \"llm-key\"", "key_file = \"llm-key\"\nurl = \"http://llm.example/v1\"", 5, "https"),
        (
            "key_file = \"llm-key\"",
            "key_file = \"llm-key\"\nurl = \"http://127.0.0.1:1@llm.example/v1\"",
            5,
            "https",
        ),
        ("key_file = \"llm-key\"", "key_file = \"llm-key\"\nkeep = 3", 5, "keep_days"),
    ] {
        let bad = GOOD.replace(from, to);
        assert_ne!(bad, GOOD);
        let problems = read(&bad).unwrap_err();
        let shown = problems.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(problems.0.iter().any(|p| p.line == line), "{to}: line {line} in {shown}");
        assert!(shown.contains(names), "{to}: {names} in {shown}");
    }
    for good in ["http://127.0.0.1:8099/v1", "http://localhost:8099", "https://llm.example/v1"] {
        let url = format!("key_file = \"llm-key\"\nurl = \"{good}\"");
        assert!(read(&GOOD.replace("key_file = \"llm-key\"", &url)).is_ok(), "{good}");
    }
}
