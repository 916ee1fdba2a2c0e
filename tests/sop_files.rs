//! SOP files: what a good one becomes, and what is said about a bad one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says that it failed by panicking")]

mod sop_support;

use clubos::site::Effect;
use clubos::sop::library::{Sources, read};
use clubos::sop::{Condition, INTENTS, Kind, Library, Need, Opens};
use sop_support::{LADDER, after, good, only};

fn library(sources: &Sources) -> Library {
    Library::from_sources(sources).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[test]
fn a_good_folder_becomes_a_library_with_every_intent() {
    let library = library(&good());
    assert_eq!(library.sops.len(), INTENTS.len());
    let sop = library.get("sim.frozen").unwrap();
    assert_eq!((sop.kind, sop.opens, sop.version), (Kind::Act, Opens::Nothing, 1));
    assert_eq!(sop.needs, [Need::Bay]);
    assert_eq!(sop.ladder[0].effect, Effect::SimRestart);
    assert_eq!(sop.ladder[0].done, "Bay {bay} is running.");
    assert_eq!(sop.body, "Why it is done this way.");
    assert_eq!(sop.path, "sim.frozen.md");
    assert_eq!(library.phrase("greeting", &[]), Some("A phrase."));
}

#[test]
fn the_list_of_intents_holds_each_once() {
    let mut ids: Vec<_> = INTENTS.iter().map(|i| i.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 56);
}

#[test]
fn a_kind_opens_what_it_opens_by_default_and_the_file_may_say_otherwise() {
    let mut sources = good();
    assert_eq!(library(&sources).get("lost-found").unwrap().opens, Opens::Ticket);
    assert_eq!(library(&sources).get("emergency.fire").unwrap().opens, Opens::Escalation);
    let text = sources.get_mut("lost-found.md").unwrap();
    *text = text.replace("level: medium", "level: medium\nopens: escalation");
    assert_eq!(library(&sources).get("lost-found").unwrap().opens, Opens::Escalation);
}

#[test]
fn a_retired_sop_is_no_problem_and_matches_no_more() {
    let mut sources = good();
    let text = sources.get_mut("faq.food.md").unwrap();
    *text = text.replace("status: live", "status: retired");
    let library = library(&sources);
    assert!(library.get("faq.food").is_none());
    assert_eq!(library.sops.len(), INTENTS.len() - 1);
}

#[test]
fn the_fingerprint_changes_with_any_file_and_with_nothing_else() {
    let sources = good();
    assert_eq!(library(&sources).fingerprint, library(&sources).fingerprint);
    for file in ["faq.food.md", "house.md"] {
        let mut changed = sources.clone();
        changed.get_mut(file).unwrap().push_str("\nOne more line.\n");
        assert_ne!(library(&sources).fingerprint, library(&changed).fingerprint, "{file}");
    }
    assert_eq!(library(&sources).fingerprint.len(), 64);
}

#[test]
fn a_reply_is_chosen_by_the_first_condition_that_has_a_variant() {
    let mut sources = good();
    let text = sources.get_mut("access.early.md").unwrap();
    *text =
        text.replace("replies:\n", "replies:\n  answer.bay_free: \"Free.\"\n  answer.wan_down: \"Down.\"\n");
    let library = library(&sources);
    let sop = library.get("access.early").unwrap();
    assert_eq!(
        sop.reply("answer", &[Condition::Quiet, Condition::BayFree, Condition::WanDown]),
        Some("Free.")
    );
    assert_eq!(sop.reply("answer", &[Condition::WanDown, Condition::BayFree]), Some("Down."));
    assert_eq!(sop.reply("answer", &[Condition::Presence]), Some("A text for bay {bay}."));
    assert_eq!(sop.reply("handover", &[Condition::WanDown]), None);
}

#[test]
fn a_folder_is_read_from_disk_and_a_readme_is_no_sop() {
    let dir = std::env::temp_dir().join(format!("clubos-sops-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    for (name, text) in good() {
        std::fs::write(dir.join(name), text).unwrap();
    }
    std::fs::write(dir.join("README.md"), "Not a SOP.").unwrap();
    let loaded = Library::load(&dir).unwrap();
    assert_eq!(loaded.fingerprint, library(&good()).fingerprint);
    std::fs::write(dir.join("faq.food.md"), [0xff, 0xfe, 0x00]).unwrap();
    let problems = Library::load(&dir).unwrap_err().0;
    assert!(
        problems.iter().any(|p| p.file == "faq.food.md" && p.what.contains("cannot be read")),
        "{problems:#?}"
    );
    std::fs::remove_dir_all(&dir).unwrap();
    assert!(Library::load(&dir).is_err());
}

#[test]
fn an_unknown_key_is_refused_with_the_likely_one() {
    only(&after("sim.frozen.md", "title:", "tittle: x\ntitle:"), "sim.frozen.md", 3, "did you mean `title`");
    let problems = after("sim.frozen.md", "    sent:", "    send:");
    only(&problems, "sim.frozen.md", 15, "did you mean `sent`");
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    only(&after("faq.food.md", "title:", "id: faq.food\ntitle:"), "faq.food.md", 3, "first in line 2");
}

#[test]
fn missing_keys_are_all_named_at_once() {
    let problems =
        after("faq.food.md", "title: About faq.food\nlabel: \"the matter of faq.food\"\nversion: 1\n", "");
    let keys: Vec<_> = problems.iter().map(|p| p.key.as_str()).collect();
    assert_eq!(keys, ["label", "title", "version"]);
}

#[test]
fn a_missing_reply_of_the_kind_is_named() {
    only(
        &after("sim.login.md", "  handover: \"A text for bay {bay}.\"\n", ""),
        "sim.login.md",
        7,
        "must have the reply `handover`",
    );
    only(
        &after("lost-found.md", "needs: [bay]", "needs: [bay, detail]"),
        "lost-found.md",
        7,
        "must have the reply `ask`",
    );
}

#[test]
fn a_reply_key_that_nobody_would_say_is_refused() {
    only(
        &after("faq.food.md", "replies:\n", "replies:\n  guide: \"Hi.\"\n"),
        "faq.food.md",
        13,
        "no text `guide`",
    );
    only(
        &after("faq.food.md", "replies:\n", "replies:\n  answer.rainy: \"Hi.\"\n"),
        "faq.food.md",
        13,
        "no condition `rainy`",
    );
    only(
        &after("sim.frozen.md", "replies:\n", "replies:\n  not_opened: \"Hi.\"\n"),
        "sim.frozen.md",
        20,
        "no text `not_opened`",
    );
}

#[test]
fn words_outside_the_vocabulary_are_refused() {
    only(&after("faq.food.md", "status: live", "status: alive"), "faq.food.md", 6, "did you mean `live`");
    only(&after("faq.food.md", "needs: [bay]", "needs: [bay, bays]"), "faq.food.md", 9, "did you mean `bay`");
    only(&after("faq.food.md", "level: medium", "level: urgent"), "faq.food.md", 8, "`urgent` is not known");
}

#[test]
fn a_version_below_one_is_refused() {
    only(&after("faq.food.md", "version: 1", "version: 0"), "faq.food.md", 5, "out of range");
    only(&after("faq.food.md", "version: 1", "version: one"), "faq.food.md", 5, "a whole number");
}

#[test]
fn an_unknown_effect_is_refused_with_the_likely_one() {
    let problems = after("sim.frozen.md", "effect: sim.restart", "effect: sim.restrat");
    assert!(
        problems.iter().any(|p| p.line == 13 && p.what.contains("did you mean `sim.restart`")),
        "{problems:#?}"
    );
}

#[test]
fn an_id_that_is_not_the_file_name_or_no_intent_is_refused() {
    let mut sources = good();
    let text = sources.remove("faq.food.md").unwrap();
    sources.insert("food.md".into(), text);
    only(&read(&sources).problems, "food.md", 2, "not the name of the file");
    let problems = after("faq.food.md", "id: faq.food", "id: faq.foods");
    assert!(
        problems.iter().any(|p| p.what.contains("no intent `faq.foods` (did you mean `faq.food`?)")),
        "{problems:#?}"
    );
    assert!(problems.iter().any(|p| p.what.contains("no live SOP for `faq.food`")), "{problems:#?}");
}

#[test]
fn an_intent_without_a_live_sop_is_named() {
    let mut sources = good();
    sources.remove("sim.camera.md");
    only(&read(&sources).problems, "sim.camera.md", 0, "no live SOP for `sim.camera`");
    only(&after("sim.camera.md", "status: live", "status: draft"), "sim.camera.md", 0, "no live SOP");
}

#[test]
fn system_and_safety_rows_cannot_be_retired() {
    for id in ["chat.affirm", "out-of-scope", "emergency.fire"] {
        let file = format!("{id}.md");
        only(&after(&file, "status: live", "status: retired"), &file, 6, "cannot be retired");
    }
}

#[test]
fn a_ladder_stands_only_where_devices_may_be_touched() {
    for id in ["chat.affirm", "billing.refund", "emergency.trapped", "sim.login"] {
        let file = format!("{id}.md");
        let problems = after(&file, "replies:\n", &format!("{LADDER}replies:\n"));
        assert!(problems.iter().any(|p| p.what.contains("has no ladder")), "{problems:#?}");
    }
    let problems = after("sim.ball-not-registering.md", "replies:\n", &format!("{LADDER}replies:\n"));
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn a_kind_is_fixed_by_the_intent() {
    let problems = after("booking.change.md", "kind: human", "kind: social");
    assert!(
        problems.iter().any(|p| p.line == 7 && p.what.contains("cannot be of kind `social`")),
        "{problems:#?}"
    );
    let either = after("facility.audio.md", "kind: act", "kind: collect");
    assert!(!either.iter().any(|p| p.key == "kind"), "{either:#?}");
}

#[test]
fn the_same_step_twice_is_refused() {
    let twice = LADDER.replace("ladder:\n", "");
    only(
        &after("sim.frozen.md", "replies:\n", &format!("{twice}replies:\n")),
        "sim.frozen.md",
        19,
        "stands on the ladder twice",
    );
}

#[test]
fn a_step_that_interrupts_play_must_ask() {
    let confirm = "    confirm: \"Restart bay {bay}? It stops the round. Reply YES or NO.\"\n";
    only(&after("sim.frozen.md", confirm, ""), "sim.frozen.md", 13, "interrupts play and asks nobody");
}

#[test]
fn a_step_of_staff_must_be_marked_as_theirs() {
    let poe = LADDER.replace("ladder:\n", "").replace("sim.restart", "poe.cycle");
    only(
        &after("sim.frozen.md", "replies:\n", &format!("{poe}replies:\n")),
        "sim.frozen.md",
        19,
        "for staff only",
    );
    let marked = poe.replace("effect: poe.cycle", "effect: poe.cycle\n    staff_only: true");
    let problems = after("sim.frozen.md", "replies:\n", &format!("{marked}replies:\n"));
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn an_act_without_a_step_for_the_box_is_refused() {
    let marked = after("sim.frozen.md", "effect: sim.restart", "effect: sim.restart\n    staff_only: true");
    only(&marked, "sim.frozen.md", 7, "without a step that the box may take");
}

#[test]
fn an_example_in_two_sops_is_refused_whatever_its_dress() {
    let problems = after("faq.food.md", "something about faq.food", "Something about... FAQ hours!");
    only(&problems, "faq.hours.md", 11, "already an example in faq.food.md:11");
}

#[test]
fn the_very_same_example_twice_in_one_sop_is_refused_and_other_spellings_are_not() {
    let twice = "  - \"something about faq.food\"\n  - \"something about faq.food\"\n";
    only(
        &after("faq.food.md", "  - \"something about faq.food\"\n", twice),
        "faq.food.md",
        12,
        "already an example",
    );
    let dressed = "  - \"something about faq.food\"\n  - \"SOMETHING about faq.food!\"\n";
    assert!(after("faq.food.md", "  - \"something about faq.food\"\n", dressed).is_empty());
}

#[test]
fn a_live_sop_without_examples_is_refused_and_a_retired_one_is_not() {
    only(
        &after("faq.food.md", "examples:\n  - \"something about faq.food\"\n", ""),
        "faq.food.md",
        6,
        "no example",
    );
    let retired = "status: retired\nkind: answer\nlevel: medium\nneeds: [bay]\n";
    let live = "status: live\nkind: answer\nlevel: medium\nneeds: [bay]\nexamples:\n  - \"something about faq.food\"\n";
    assert!(after("faq.food.md", live, retired).is_empty());
}

#[test]
fn counter_examples_name_another_intent_that_exists() {
    let with = |line: &str| {
        after("faq.food.md", "replies:\n", &format!("counter_examples:\n  - {line}\nreplies:\n"))
    };
    assert!(with("{text: \"is the range open\", is: faq.hours}").is_empty());
    only(&with("{text: \"is the range open\", is: faq.hour}"), "faq.food.md", 13, "did you mean `faq.hours`");
    only(&with("{text: \"is the range open\", is: faq.food}"), "faq.food.md", 13, "this very SOP");
    only(
        &with("{text: \"something about faq.food\", is: faq.hours}"),
        "faq.food.md",
        13,
        "is an example of this SOP",
    );
    only(&with("{text: \"is the range open\"}"), "faq.food.md", 13, "is missing");
}

#[test]
fn tests_of_a_sop_expect_what_can_come_of_a_text() {
    let with = |line: &str| after("faq.food.md", "replies:\n", &format!("tests:\n  - {line}\nreplies:\n"));
    assert!(with("{say: \"any food\", expect: match}").is_empty());
    assert!(with("{say: \"yes\", context: confirm, expect: chat.affirm}").is_empty());
    only(&with("{say: \"any food\", expect: maybe}"), "faq.food.md", 13, "nothing that can be expected");
    only(
        &with("{say: \"any food\", context: confrim, expect: match}"),
        "faq.food.md",
        13,
        "did you mean `confirm`",
    );
}

#[test]
fn the_house_phrases_must_all_be_there() {
    only(&after("house.md", "  ask_bay: \"A phrase.\"\n", ""), "house.md", 1, "is missing");
    only(&after("house.md", "replies:\n", "replies:\n  hello: \"Hi.\"\n"), "house.md", 8, "no text `hello`");
    only(&after("house.md", "{option_b}", "the other"), "house.md", 10, "`{option_b}` must stand");
    let mut sources = good();
    sources.remove("house.md");
    only(&read(&sources).problems, "house.md", 0, "no `house.md`");
}

#[test]
fn a_file_cut_off_anywhere_in_its_front_matter_is_a_problem_and_never_a_panic() {
    let sources = good();
    let whole = &sources["sim.frozen.md"];
    let end = whole.rfind("---").unwrap();
    for cut in (0..end).step_by(3).filter(|cut| whole.is_char_boundary(*cut)) {
        let mut cut_off = sources.clone();
        cut_off.insert("sim.frozen.md".into(), whole[..cut].to_owned());
        let problems = read(&cut_off).problems;
        assert!(problems.iter().any(|p| p.file == "sim.frozen.md"), "cut at {cut}");
    }
}

#[test]
fn yaml_that_is_none_is_named_with_its_line() {
    let problems = after("faq.food.md", "title: About faq.food", "title: \"About faq.food");
    assert!(
        problems.iter().any(|p| p.file == "faq.food.md" && p.what.contains("not valid YAML")),
        "{problems:#?}"
    );
    let problems = after("faq.food.md", "title: About", "title: &a About");
    assert!(problems.iter().any(|p| p.line == 3 && p.what.contains("anchors and tags")), "{problems:#?}");
    let mut sources = good();
    sources.insert("faq.food.md".into(), "id: faq.food\n".into());
    assert!(
        read(&sources).problems.iter().any(|p| p.line == 1 && p.what.contains("does not start with `---`"))
    );
}

#[test]
fn a_file_from_windows_is_read_like_any_other() {
    let mut sources = good();
    let text = sources.get_mut("sim.frozen.md").unwrap();
    *text = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    assert!(read(&sources).problems.is_empty(), "{:#?}", read(&sources).problems);
}

#[test]
fn the_command_shows_file_line_problem_and_mend() {
    let dir = std::env::temp_dir().join(format!("clubos-sopcheck-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    for (name, text) in good() {
        std::fs::write(dir.join(name), text).unwrap();
    }
    let mut out = Vec::new();
    assert_eq!(clubos::cli::sop_check::run(&dir, &mut out).unwrap(), 0);
    assert!(String::from_utf8(out).unwrap().contains("56 live SOPs"));
    let broken = good()["faq.food.md"].replace("level: medium", "level: urgent");
    std::fs::write(dir.join("faq.food.md"), broken).unwrap();
    let mut out = Vec::new();
    assert_eq!(clubos::cli::sop_check::run(&dir, &mut out).unwrap(), 1);
    let shown = String::from_utf8(out).unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    assert!(
        shown.contains("faq.food.md:8: level\n  8 | level: urgent\n    | `urgent` is not known here\n"),
        "{shown}"
    );
    assert!(shown.contains("= mend: write one of: low, medium, high, critical"), "{shown}");
}
