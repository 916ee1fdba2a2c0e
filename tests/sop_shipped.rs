//! The SOPs that come with ClubOS: without a problem, and fit to be spoken at the sample site.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says that it failed by panicking")]

use std::path::Path;

use clubos::site::{LoadMode, load};
use clubos::sop::{INTENTS, Library, Values, render};

fn library() -> Library {
    Library::load(Path::new("sops")).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[test]
fn there_is_a_live_sop_for_every_intent() {
    assert_eq!(library().sops.len(), INTENTS.len());
}

#[test]
fn every_text_can_be_said_at_the_sample_site() {
    let library = library();
    let site = load(Path::new("tests/sites/clubhouse.toml"), LoadMode::Simulated).unwrap();
    assert_eq!(library.site_problems(&site.facts), []);
}

/// Bay and door are what a step or a SOP that asked for them knows; nothing else of the case is given.
#[test]
fn every_hand_over_can_be_said_when_little_is_known() {
    let library = library();
    let site = load(Path::new("tests/sites/clubhouse.toml"), LoadMode::Simulated).unwrap();
    for sop in library.sops.values() {
        let values = Values::new(&site.facts).set("bay", 2).set("door", "main door");
        for (key, text) in sop.replies.iter().filter(|(key, _)| !key.contains("booking") && *key != "answer")
        {
            let text = render(text, &values);
            assert!(text.is_ok(), "{} {key}: {text:?}", sop.id);
        }
    }
}
