//! A smallest set of SOP files without a problem, to break one thing at a time.

use std::fmt::Write as _;

use clubos::site::Problem;
use clubos::sop::house::HOUSE_KEYS;
use clubos::sop::library::{Sources, read};
use clubos::sop::words::Word;
use clubos::sop::{INTENTS, Intent, Kind};

/// A file for every intent, and `house.md`.
pub fn good() -> Sources {
    let mut sources: Sources = INTENTS.iter().map(|i| (format!("{}.md", i.id), file(i))).collect();
    sources.insert("house.md".into(), house());
    sources
}

fn file(intent: &Intent) -> String {
    let kind = intent.kinds[0];
    let mut text = format!(
        "---\nid: {id}\ntitle: About {id}\nlabel: \"the matter of {id}\"\nversion: 1\nstatus: live\nkind: {kind}\nlevel: medium\n\
         needs: [bay]\nexamples:\n  - \"something about {id}\"\n",
        id = intent.id,
        kind = kind.name()
    );
    if kind == Kind::Act {
        text.push_str(LADDER);
    }
    text.push_str("replies:\n");
    for key in kind.required() {
        let _ = writeln!(text, "  {key}: \"A text for bay {{bay}}.\"");
    }
    if kind.required().is_empty() {
        text.push_str("  reply: \"You're welcome.\"\n");
    }
    text.push_str("---\nWhy it is done this way.\n");
    text
}

pub const LADDER: &str = "ladder:\n  - effect: sim.restart\n    confirm: \"Restart bay {bay}? It stops the round. Reply YES or NO.\"\n    \
     sent: \"Restarting bay {bay}.\"\n    done: \"Bay {bay} is running.\"\n    failed: \"It did not work.\"\n    unknown: \"I could not confirm it.\"\n";

fn house() -> String {
    let mut text = String::from(
        "---\nid: house\ntitle: House phrases\nversion: 1\nstatus: live\nkind: phrases\nreplies:\n",
    );
    for key in HOUSE_KEYS {
        let named: String = key.must_name.iter().map(|name| format!(" {{{name}}}")).collect();
        let _ = writeln!(text, "  {}: \"A phrase{named}.\"", key.key);
    }
    text + "---\n"
}

/// The problems after `from` was replaced by `to` in one file of the good set.
pub fn after(file: &str, from: &str, to: &str) -> Vec<Problem> {
    let mut sources = good();
    let text = sources.get_mut(file).unwrap_or_else(|| panic!("no file {file}"));
    assert!(text.contains(from), "{file} has no {from:?}:\n{text}");
    *text = text.replacen(from, to, 1);
    read(&sources).problems
}

/// Asserts that exactly one problem is found, in `file` at `line`, and that its words hold `what`.
#[track_caller]
pub fn only(problems: &[Problem], file: &str, line: usize, what: &str) {
    assert_eq!(problems.len(), 1, "{problems:#?}");
    let problem = &problems[0];
    assert_eq!((problem.file.as_str(), problem.line), (file, line), "{problem}");
    assert!(problem.what.contains(what), "{problem}");
    assert!(!problem.mend.is_empty(), "{problem}");
}
