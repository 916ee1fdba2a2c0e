//! A customer's text: only from a SOP's own words, never half filled, never with an invented number.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says that it failed by panicking")]

mod sop_support;

use std::collections::BTreeMap;

use clubos::sop::render::{LONGEST, addresses, numbers};
use clubos::sop::{Library, RenderError, Text, Values, join, render};
use proptest::prelude::*;
use sop_support::{after, good, only};

fn facts() -> BTreeMap<String, String> {
    [
        ("site", "The Clubhouse"),
        ("wifi_password", "fairway-2026"),
        ("booking_url", "https://book.clubhouse.example"),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into()
}

fn said(template: &str, values: &Values) -> String {
    render(template, values).unwrap_or_else(|e| panic!("{template}: {e}")).to_string()
}

#[test]
fn placeholders_are_filled_from_facts_and_case() {
    let values = Values::new(&facts()).set("bay", 2).set("name", "Alex Fraser");
    assert_eq!(said("Hi {name}, bay {bay} at {site}.", &values), "Hi Alex, bay 2 at The Clubhouse.");
}

#[test]
fn an_optional_part_is_left_out_when_a_value_is_missing() {
    let values = Values::new(&facts());
    assert_eq!(said("Hi[[ {name}]]! We're on it.[[ Bay {free_bay} is free.]]", &values), "Hi! We're on it.");
    let values = values.set("free_bay", 3);
    assert_eq!(
        said("Hi[[ {name}]]! We're on it.[[ Bay {free_bay} is free.]]", &values),
        "Hi! We're on it. Bay 3 is free."
    );
    assert_eq!(said("[[{name}, ]]we're on it", &values), "we're on it");
}

#[test]
fn a_missing_value_outside_brackets_stops_the_text() {
    assert_eq!(
        render("Bay {bay} is yours.", &Values::new(&facts())),
        Err(RenderError::Missing("bay".into()))
    );
    let emptied = Values::new(&facts()).set("bay", 2).set("bay", " ");
    assert_eq!(render("Bay {bay} is yours.", &emptied), Err(RenderError::Missing("bay".into())));
}

#[test]
fn a_number_or_address_made_of_two_stops_the_text() {
    let values = Values::new(&facts()).set("bay", 2).set("minutes", 15);
    assert_eq!(render("Bay {bay}{minutes} it is.", &values), Err(RenderError::Unlisted("215".into())));
    assert_eq!(render("In 1{bay} minutes.", &values), Err(RenderError::Unlisted("12".into())));
    assert_eq!(
        render("See {booking_url}/{bay} please.", &values),
        Err(RenderError::Unlisted("https://book.clubhouse.example/2".into()))
    );
    assert_eq!(
        said("Book at {booking_url}, or call 911.", &values),
        "Book at https://book.clubhouse.example, or call 911."
    );
}

#[test]
fn broken_templates_are_errors() {
    for template in [
        "Hi {name",
        "Hi name}",
        "Hi [[ {name}",
        "Hi ]]",
        "[[a [[b]] c]]",
        "{Name}",
        "{}",
        "**Hi**",
        "",
        "[[{name}]]",
    ] {
        assert!(render(template, &Values::new(&facts())).is_err(), "{template:?}");
    }
}

#[test]
fn a_text_that_is_too_long_loses_its_last_optional_part_before_it_fails() {
    let values = Values::new(&facts()).set("free_bay", 3);
    let words = "word ".repeat(92);
    let template = format!("{words}end.[[ First {{free_bay}}.]][[ Bay {{free_bay}} is free.]]");
    let text = said(&template, &values);
    assert!(text.ends_with("First 3."), "{text}");
    assert!(matches!(render(&"word ".repeat(100), &values), Err(RenderError::TooLong(_))));
}

#[test]
fn texts_are_joined_with_a_space_and_never_beyond_the_limit() {
    let values = Values::new(&facts());
    let (short, long) = (render("It failed.", &values).unwrap(), render(&"a".repeat(475), &values).unwrap());
    assert_eq!(join(&[short.clone(), short.clone()]).unwrap().as_str(), "It failed. It failed.");
    assert_eq!(join(&[short, long]), Err(RenderError::TooLong(486)));
    assert_eq!(join(&[]), Err(RenderError::Empty));
}

#[test]
fn a_name_that_is_none_is_not_repeated_to_anybody() {
    for name in ["http://evil.example", "9025550101", "<b>", "x.com", "", "STOP*"] {
        let values = Values::new(&facts()).set("name", name);
        assert_eq!(said("Hi[[ {name}]]!", &values), "Hi!", "{name}");
    }
    let values = Values::new(&facts()).set("name", "Zoë-Anne O’Brien");
    assert_eq!(said("Hi[[ {name}]]!", &values), "Hi Zoë-Anne!");
}

#[test]
fn a_phrase_of_the_house_is_said() {
    let library = Library::from_sources(&good()).unwrap();
    assert_eq!(library.say("greeting", &Values::new(&facts())).unwrap().as_str(), "A phrase.");
    assert!(library.say("no_such_phrase", &Values::new(&facts())).is_err());
}

fn with_answer(text: &str) -> Vec<clubos::site::Problem> {
    after("faq.food.md", "answer: \"A text for bay {bay}.\"", &format!("answer: \"{text}\""))
}

#[test]
fn the_checker_refuses_what_must_not_be_said() {
    for (text, what) in [
        ("Bring {what} you like.", "no placeholder `{what}`"),
        ("The Wi-Fi is {wifi_nam}.", "did you mean `wifi_name`"),
        ("Reply STOP to hear no more.", "makes the carrier block us"),
        ("Reply yes, or text back cancel.", "makes the carrier block us"),
        ("**Food** is fine.", "markdown"),
        ("Food is fine. [ESCALATE]", "internal tag"),
        ("<b>Food</b> is fine.", "internal tag"),
        ("Our SOP says food is fine.", "machine room"),
        ("GPT-4 says food is fine.", "machine room"),
        ("Hi {name}, food is fine.", "may have no value"),
        ("Food is in bay {free_bay}.", "may have no value"),
        ("Your slot starts at {booking_start}.", "may have no value"),
        ("Food is fine {bay", "never closed"),
    ] {
        only(&with_answer(text), "faq.food.md", 13, what);
    }
    only(&with_answer(&"food ".repeat(100)), "faq.food.md", 13, "480 at most");
    only(
        &with_answer("Room {bay}{people_per_bay} has food."),
        "faq.food.md",
        13,
        "comes neither from the template",
    );
}

#[test]
fn a_value_that_may_be_missing_is_fine_in_brackets_or_with_its_variant() {
    assert!(with_answer("Food is fine.[[ Enjoy it, {name}.]]").is_empty());
    let text = "  answer: \"You start at {booking_start}.\"\n  answer.no_booking: \"You have no booking.\"\n";
    assert!(after("faq.food.md", "  answer: \"A text for bay {bay}.\"\n", text).is_empty());
}

#[test]
fn the_bay_stands_outside_brackets_only_where_it_is_needed_or_known() {
    let problems = after("faq.food.md", "needs: [bay]\n", "");
    only(&problems, "faq.food.md", 12, "`{bay}` may have no value here");
    // The texts of a step in a bay always know it; the hand-over does not.
    let problems = after("sim.frozen.md", "needs: [bay]\n", "");
    only(&problems, "sim.frozen.md", 19, "`{bay}` may have no value here");
}

#[test]
fn what_is_said_together_must_fit_together() {
    let failed = format!("failed: \"{}.\"", "It did not work ".repeat(29).trim());
    let problems = after("sim.frozen.md", "failed: \"It did not work.\"", &failed);
    only(&problems, "sim.frozen.md", 17, "together with what follows");
}

#[test]
fn a_site_must_have_the_facts_its_sops_cannot_do_without() {
    let mut sources = good();
    let text = sources.get_mut("faq.wifi.md").unwrap();
    *text = text.replace("A text for bay {bay}.", "Wi-Fi {wifi_name}[[, parking {parking}]], at {site}.");
    let library = Library::from_sources(&sources).unwrap();
    let missing: Vec<_> = library.missing_facts(&facts()).into_iter().collect();
    assert_eq!(missing, [("wifi_name".to_owned(), "faq.wifi.md".to_owned())]);
    let problems = library.site_problems(&facts());
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].key, "facts.wifi_name");
    let mut long = facts();
    long.insert("wifi_name".into(), "w".repeat(500));
    assert!(library.site_problems(&long).iter().any(|p| p.what.contains("characters with these facts")));
}

/// Pieces of templates, good and bad.
fn template() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z ,.!?']{0,12}",
        "[0-9]{1,4}",
        Just("{bay}".to_owned()),
        Just("{minutes}".to_owned()),
        Just("{name}".to_owned()),
        Just("{booking_url}".to_owned()),
        Just("{wifi_password}".to_owned()),
        Just("[[".to_owned()),
        Just("]]".to_owned()),
        Just("https://x.example/".to_owned()),
        Just("www.".to_owned()),
        Just(".com".to_owned()),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_template_panics_and_none_says_an_unlisted_number_or_address(
        template in template(),
        bay in prop::option::of(0u32..200),
        minutes in prop::option::of("[0-9]{1,3}"),
        name in prop::option::of(".{0,20}"),
    ) {
        let values = Values::new(&facts()).set_opt("bay", bay).set_opt("minutes", minutes).set_opt("name", name);
        if let Ok(text) = render(&template, &values) {
            let sources: Vec<String> = std::iter::once(template.clone())
                .chain(["bay", "minutes", "name", "booking_url", "wifi_password"].iter().filter_map(|n| values.get(n).map(str::to_owned)))
                .collect();
            for number in numbers(text.as_str()) {
                prop_assert!(sources.iter().any(|s| numbers(s).any(|n| n == number)), "{number} in {text}");
            }
            for address in addresses(text.as_str()) {
                prop_assert!(sources.iter().any(|s| s.contains(address)), "{address} in {text}");
            }
            prop_assert!(text.as_str().chars().count() <= LONGEST);
            prop_assert!(!text.as_str().trim().is_empty());
            prop_assert!(!text.as_str().contains("[["));
        }
    }

    #[test]
    fn joined_texts_never_pass_the_limit(parts in prop::collection::vec("[a-z]{1,200}", 0..5)) {
        let texts: Vec<Text> = parts.iter().filter_map(|p| render(p, &Values::default()).ok()).collect();
        if let Ok(text) = join(&texts) {
            prop_assert!(text.as_str().chars().count() <= LONGEST);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_text_as_a_sop_is_a_problem_and_never_a_panic(text in "(---\n)?(.{0,40}\n){0,6}(---\n)?.{0,10}") {
        let mut sources = good();
        sources.insert("faq.food.md".into(), text);
        let problems = clubos::sop::library::read(&sources).problems;
        prop_assert!(!problems.is_empty());
    }
}
