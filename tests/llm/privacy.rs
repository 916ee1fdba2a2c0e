//! What leaves the box, to the byte, and that it holds nothing personal.

use clubos::llm::redact::redact;
use clubos::store::llm;
use proptest::prelude::*;

use crate::support::{ALL, asked, question};

#[tokio::test]
async fn the_egress_log_holds_exactly_the_bytes_that_were_sent() {
    for company in ALL {
        let asked = asked("bytes", company).await;
        asked.fake.plays([crate::fake::Play::status(500)]);
        asked.fallback.ask(&question("Robin here, box 2 is stuck, call +1 902 555 0101")).await.unwrap();
        let logged: Vec<Vec<u8>> = asked.sent().into_iter().map(|sent| sent.body.unwrap()).collect();
        assert_eq!(logged, asked.fake.bodies(), "{company:?}");
        assert_eq!(logged.len(), 2, "each try is a row");
        let text = String::from_utf8(logged[0].clone()).unwrap();
        for personal in ["Robin", "902", "0101", "box 2"] {
            assert!(!text.contains(personal), "{company:?}: {personal} left the box in {text}");
        }
        assert!(text.contains("[NAME_1] here, box [NUMBER_1] is stuck"));
        assert!(!text.contains(crate::fake::KEY), "the key is no part of it");
    }
}

#[tokio::test]
async fn bytes_are_forgotten_after_their_time_and_what_they_cost_is_not() {
    let asked = asked("forgotten", ALL[0]).await;
    asked.fallback.ask(&question("stuck")).await.unwrap();
    let (spent, now) = (asked.spent(), asked.clock.now());
    let day = std::time::Duration::from_secs(24 * 3600);
    let prune = |at: clubos::clock::UnixMs| {
        let mut store = asked.ledger.0.lock().unwrap();
        store.write(|tx| llm::prune(tx, at - 30 * day, at)).unwrap();
    };
    prune(now + 29 * day);
    assert!(asked.sent()[0].body.is_some());
    prune(now + 31 * day);
    assert!(asked.sent()[0].body.is_none());
    assert_eq!(asked.spent(), spent);
    prune(now + 401 * day);
    assert!(asked.sent().is_empty());
}

/// Pieces of texts, personal ones among them.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z ]{0,12}",
        "\\PC{0,8}",
        Just("Robin Sample".to_owned()),
        Just("robin".to_owned()),
        "\\+1 ?\\(?902\\)?[ -]?555[ -]?01[0-9]{2}",
        "[a-z]{2,6}(\\.[a-z]{2,5})?@[a-z]{3,8}\\.(com|example|ca)",
        "[0-9]{1,9}",
        "[A-Z]{1,3}[0-9]{2,4}[A-Z]?",
        "[1-9][0-9]{0,3} (old|high|new) (mill|bridge) (road|street)",
        Just("[NAME_1] [NUMBER_2]".to_owned()),
        Just("https://club.example/x?code=1".to_owned()),
        "(bay|box|baie) ?[1-9]",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_text_is_restored_from_its_redaction(pieces in prop::collection::vec(piece(), 0..8), glue in "[ ,.!\\n]{1,2}") {
        let text = pieces.join(&glue);
        let redacted = redact(&text, &["Robin Sample".to_owned()]);
        prop_assert_eq!(redacted.restore(&redacted.text), text);
    }

    #[test]
    fn no_digit_address_or_known_name_leaves(pieces in prop::collection::vec(piece(), 0..8)) {
        let text = pieces.join(" , ");
        let redacted = redact(&text, &["Robin Sample".to_owned()]).text;
        let placeholder = regex::Regex::new(r"\[(NAME|NUMBER|ADDRESS|EMAIL|LINK|CODE)_[0-9]+\]").unwrap();
        let rest = placeholder.replace_all(&redacted, "").to_string();
        let digits = rest.chars().any(|c| c.is_ascii_digit());
        prop_assert!(!digits, "a digit left: {}", rest);
        prop_assert!(!regex::Regex::new(r"[\w.]@\w+\.\w").unwrap().is_match(&rest), "an address left: {}", rest);
        let words: Vec<String> = rest.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
        prop_assert!(!words.iter().any(|w| w == "robin" || w == "sample"), "a name left: {}", rest);
        prop_assert!(!rest.contains("https://"), "a link left: {}", rest);
    }
}
