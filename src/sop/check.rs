//! What a SOP must say to be of any use, file by file and all together.
//!
//! The shape is `format`'s business; the words of single texts are `check_texts`'. Nothing here stops at
//! the first problem.

use std::collections::{BTreeMap, BTreeSet};

use super::check_texts;
use super::format::{House, Parsed};
use super::house::{HOUSE_KEYS, house_key};
use super::intents::{INTENTS, Intent, intent};
use super::words::{Condition, Word};
use super::{Kind, Need, Status, template};
use crate::site::problem::{Problem, Problems, did_you_mean};
use crate::site::{Scope, Tier};

/// Every problem of a set of files. `broken` are those of which nothing could be made, so that their intents
/// are not called missing as well.
pub fn all(parsed: &[Parsed], house: Option<&House>, broken: &[&str]) -> Vec<Problem> {
    let mut found = Vec::new();
    for one in parsed {
        let mut problems = Problems::of(&one.sop.path);
        one_sop(one, &mut problems);
        found.extend(problems.into_sorted());
    }
    found.extend(missing(parsed, broken));
    found.extend(examples_twice(parsed));
    found.extend(house_problems(house));
    found
}

fn one_sop(one: &Parsed, problems: &mut Problems) {
    let (sop, lines) = (&one.sop, &one.lines);
    if sop.path != format!("{}.md", sop.id) {
        let mend = format!("call the file `{}.md`, or mend the id", sop.id);
        problems.add(lines.of("id"), "id", format!("`{}` is not the name of the file", sop.id), mend);
    }
    match intent(&sop.id) {
        None => {
            let guess = did_you_mean(&sop.id, INTENTS.iter().map(|i| i.id));
            let what = format!("there is no intent `{}`{guess}", sop.id);
            problems.add(
                lines.of("id"),
                "id",
                what,
                "use one of the fixed intents; `faq.*` is the place for most answers",
            );
        }
        Some(known) => of_intent(known, one, problems),
    }
    if sop.status == Status::Live && sop.examples.is_empty() {
        problems.add(
            lines.of("status"),
            "examples",
            "a live SOP has no example",
            "write 20 to 40 texts as customers write them",
        );
    }
    ladder(one, problems);
    replies(one, problems);
    counter_examples(one, problems);
    tests(one, problems);
    check_texts::of_sop(one, problems);
}

fn of_intent(known: &Intent, one: &Parsed, problems: &mut Problems) {
    let (sop, lines) = (&one.sop, &one.lines);
    if !known.kinds.contains(&sop.kind) {
        let kinds: Vec<_> = known.kinds.iter().map(|k| k.name()).collect();
        let what = format!("`{}` cannot be of kind `{}`", sop.id, sop.kind.name());
        problems.add(lines.of("kind"), "kind", what, format!("write `kind: {}`", kinds.join("` or `kind: ")));
    }
    let kept = matches!(known.kinds, [Kind::System | Kind::Safety]);
    if kept && sop.status == Status::Retired {
        let what = format!("`{}` cannot be retired: other procedures lean on it", sop.id);
        problems.add(lines.of("status"), "status", what, "write `status: live`");
    }
    if !known.ladder && !sop.ladder.is_empty() {
        let what = format!("a SOP for `{}` has no ladder: it never acts on a device", sop.id);
        problems.add(lines.of("ladder.0"), "ladder", what, "remove the ladder");
    }
}

fn ladder(one: &Parsed, problems: &mut Problems) {
    let (sop, lines) = (&one.sop, &one.lines);
    let mut seen = BTreeSet::new();
    for (n, rung) in sop.ladder.iter().enumerate() {
        let (line, key) = (lines.of(&format!("ladder.{n}")), format!("ladder[{n}]"));
        if !seen.insert(rung.effect) {
            let what = format!("`{}` stands on the ladder twice", rung.effect);
            problems.add(line, &key, what, "keep it once: no step is done twice");
        }
        if rung.effect.interrupts_play() && !rung.staff_only && rung.confirm.is_none() {
            let what = format!("`{}` interrupts play and asks nobody", rung.effect);
            problems.add(line, &key, what, "add `confirm:` that names the bay and what it stops");
        }
        if rung.effect.tier() == Tier::T3 && !rung.staff_only {
            problems.add(
                line,
                &key,
                format!("`{}` is for staff only", rung.effect),
                "add `staff_only: true`",
            );
        }
    }
    if sop.kind == Kind::Act && !sop.acts() {
        let mend = "add a step the box may take, or choose another kind";
        problems.add(lines.of("kind"), "ladder", "kind `act` without a step that the box may take", mend);
    }
}

fn replies(one: &Parsed, problems: &mut Problems) {
    let (sop, lines) = (&one.sop, &one.lines);
    let mut required = sop.kind.required().to_vec();
    if sop.kind == Kind::Collect && sop.needs.contains(&Need::Detail) {
        required.push("ask");
    }
    for key in required.into_iter().filter(|key| !sop.replies.contains_key(*key)) {
        let what = format!("kind `{}` must have the reply `{key}`", sop.kind.name());
        problems.add(
            lines.of("kind"),
            format!("replies.{key}"),
            what,
            format!("write `{key}:` under `replies:`"),
        );
    }
    let mut allowed = sop.kind.allowed().to_vec();
    if sop.ladder.iter().any(|rung| rung.effect.scope() == Scope::Door) {
        allowed.push("not_opened");
    }
    for key in sop.replies.keys() {
        let line = lines.of(&format!("replies.{key}"));
        variant_of(key, &allowed, line, &format!("replies.{key}"), problems);
    }
}

/// Complains about a reply key that is neither known nor `known.condition`.
fn variant_of(key: &str, known: &[&str], line: usize, place: &str, problems: &mut Problems) {
    let (plain, condition) =
        key.split_once('.').map_or((key, None), |(plain, condition)| (plain, Some(condition)));
    if !known.contains(&plain) {
        let guess = did_you_mean(plain, known.iter().copied());
        let what = format!("there is no text `{plain}` here{guess}");
        problems.add(line, place, what, format!("remove it; known here: {}", known.join(", ")));
    }
    if let Some(condition) = condition.filter(|c| Condition::parse(c).is_none()) {
        let guess = did_you_mean(condition, Condition::WORDS.iter().map(|(name, _)| *name));
        let what = format!("there is no condition `{condition}`{guess}");
        problems.add(line, place, what, format!("use one of: {}", Condition::all()));
    }
}

fn counter_examples(one: &Parsed, problems: &mut Problems) {
    let own: BTreeSet<String> = one.sop.examples.iter().map(|e| plain(e)).collect();
    for (n, counter) in one.sop.counter_examples.iter().enumerate() {
        let line = one.lines.of(&format!("counter_examples.{n}"));
        let key = format!("counter_examples[{n}]");
        if intent(&counter.is).is_none() {
            let guess = did_you_mean(&counter.is, INTENTS.iter().map(|i| i.id));
            problems.add(
                line,
                &key,
                format!("there is no intent `{}`{guess}", counter.is),
                "name the intent it really is",
            );
        } else if counter.is == one.sop.id {
            problems.add(
                line,
                &key,
                "a counter-example that is this very SOP",
                "move it to `examples`, or name the other intent",
            );
        }
        if own.contains(&plain(&counter.text)) {
            problems.add(line, &key, "the same text is an example of this SOP", "keep it in one place");
        }
    }
}

fn tests(one: &Parsed, problems: &mut Problems) {
    const EXPECT: &[&str] = &["match", "ask", "fallback", "emergency", "none"];
    // What the box knows when the text arrives: its open question, or where the conversation stands.
    const CONTEXT: &[&str] = &["confirm", "bay", "which", "at-door", "detail", "person", "episode", "closed"];
    for (n, test) in one.sop.tests.iter().enumerate() {
        if !EXPECT.contains(&test.expect.as_str()) && intent(&test.expect).is_none() {
            let what = format!("`{}` is nothing that can be expected", test.expect);
            let line = one.lines.of(&format!("tests.{n}"));
            problems.add(
                line,
                format!("tests[{n}]"),
                what,
                format!("write one of {}, or an intent", EXPECT.join(", ")),
            );
        }
        if let Some(context) = test.context.as_deref().filter(|c| !CONTEXT.contains(c)) {
            let line = one.lines.of(&format!("tests.{n}"));
            let what =
                format!("there is no context `{context}`{}", did_you_mean(context, CONTEXT.iter().copied()));
            problems.add(line, format!("tests[{n}]"), what, format!("write one of {}", CONTEXT.join(", ")));
        }
    }
}

/// Intents without a file, or with a draft only. A retired one is a decision and stays silent.
fn missing(parsed: &[Parsed], broken: &[&str]) -> Vec<Problem> {
    let decided: BTreeSet<&str> =
        parsed.iter().filter(|p| p.sop.status != Status::Draft).map(|p| p.sop.id.as_str()).collect();
    let lacking = INTENTS
        .iter()
        .filter(|i| !decided.contains(i.id) && !broken.contains(&format!("{}.md", i.id).as_str()));
    lacking
        .map(|i| Problem {
            file: format!("{}.md", i.id),
            line: 0,
            key: String::new(),
            what: format!("no live SOP for `{}`", i.id),
            mend: "write it, set it `live`, or retire it with a file that says `status: retired`".to_owned(),
        })
        .collect()
}

/// The same text as an example twice, in one SOP or in two: the model could not tell them apart.
fn examples_twice(parsed: &[Parsed]) -> Vec<Problem> {
    let mut first: BTreeMap<String, (&str, usize)> = BTreeMap::new();
    let mut found = Vec::new();
    for one in parsed.iter().filter(|p| p.sop.status != Status::Retired) {
        let mut problems = Problems::of(&one.sop.path);
        for (n, example) in one.sop.examples.iter().enumerate() {
            let line = one.lines.of(&format!("examples.{n}"));
            match first.get(&plain(example)) {
                // "YES" beside "yes" in one SOP is how people write; the very same text is a slip.
                Some((path, _)) if *path == one.sop.path && !one.sop.examples[..n].contains(example) => {}
                Some((path, at)) => {
                    let what = format!("\"{example}\" is already an example in {path}:{at}");
                    problems.add(line, "examples", what, "keep it where it belongs");
                }
                None => {
                    first.insert(plain(example), (one.sop.path.as_str(), line));
                }
            }
        }
        found.extend(problems.into_sorted());
    }
    found
}

/// Small letters and digits only, single spaces. What has none of them (an emoji, a lone "?") stays as it is.
fn plain(text: &str) -> String {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’'))
        .filter(|w| !w.is_empty())
        .collect();
    if words.is_empty() { lower } else { words.join(" ").replace('’', "'") }
}

fn house_problems(house: Option<&House>) -> Vec<Problem> {
    let mut problems = Problems::of("house.md");
    let Some(house) = house else {
        problems.add(0, "", "there is no `house.md`", "write it: the phrases that belong to no single SOP");
        return problems.into_sorted();
    };
    let known: Vec<&str> = HOUSE_KEYS.iter().map(|k| k.key).collect();
    for key in known.iter().filter(|key| !house.phrases.contains_key(**key)) {
        problems.add(1, format!("replies.{key}"), "is missing", format!("write `{key}:` under `replies:`"));
    }
    for (key, text) in &house.phrases {
        let place = format!("replies.{key}");
        let line = house.lines.of(&place);
        variant_of(key, &known, line, &place, &mut problems);
        check_texts::of_text(text, line, &place, &mut problems);
        let names: Vec<&str> = template::names(text).into_iter().map(|(name, _)| name).collect();
        let must = key.split('.').next().and_then(house_key).map_or(&[][..], |k| k.must_name);
        for name in must.iter().filter(|name| !names.contains(name)) {
            problems.add(
                line,
                &place,
                format!("`{{{name}}}` must stand in this text"),
                "name it: the question is about it",
            );
        }
    }
    problems.into_sorted()
}
