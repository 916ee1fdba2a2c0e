//! Scenario files: YAML to a [`Scenario`], with every problem named by file, line and mend.
//!
//! All or nothing; a key nobody knows is refused. Keys and their meaning: `docs/scenarios.md`.

mod events;
mod expect;
#[cfg(test)]
mod tests;
pub mod time;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::clock::UnixMs;
use crate::desk::{Line, Nomination};
use crate::simclub::Behaviour;
use crate::site::problem::{Problem, Problems, did_you_mean};
use crate::site::raw::{Fields, Raw, Spot};
use crate::site::{BayId, Effect, LoadMode, Site, Target, load};
use crate::store::booking::Booking;

use super::scenario::{Answer, Llm, Scenario};

/// Why a scenario cannot be run.
#[derive(Debug, thiserror::Error)]
#[error("{} problem(s), the first: {}", .0.len(), .0.first().map(ToString::to_string).unwrap_or_default())]
pub struct ScenarioProblems(pub Vec<Problem>);

/// Reads a scenario file and the site it names.
///
/// # Errors
/// Every problem of the file; or those of the site.
pub fn load_scenario(path: &Path) -> Result<Scenario, ScenarioProblems> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let what = format!("cannot be read: {error}");
        ScenarioProblems(vec![Problem {
            file: file.clone(),
            line: 0,
            key: String::new(),
            what,
            mend: "name a scenario file".into(),
        }])
    })?;
    read_scenario(&file, &text, path.parent().unwrap_or(Path::new(".")))
}

/// The same from a text; `beside` is the folder that the site is looked for from.
///
/// # Errors
/// As [`load_scenario`].
pub fn read_scenario(file: &str, text: &str, beside: &Path) -> Result<Scenario, ScenarioProblems> {
    let mut problems = Problems::of(file);
    let scenario = match crate::sop::yaml::parse(text) {
        Ok(Spot { value: Raw::Table(entries), .. }) => {
            let mut top = Fields::new("", 1, entries, &mut problems);
            let scenario = build(file, &mut top, beside, &mut problems);
            top.finish(&mut problems);
            scenario
        }
        Ok(found) => {
            problems.add(
                found.line,
                "",
                "a scenario is a table of keys",
                "start with `name:`, `site:`, `at:`",
            );
            None
        }
        Err(error) => {
            problems.add(error.line, "", error.what, "mend the YAML");
            None
        }
    };
    match scenario {
        Some(scenario) if problems.is_empty() => Ok(scenario),
        _ => Err(ScenarioProblems(problems.into_sorted())),
    }
}

fn build(file: &str, top: &mut Fields, beside: &Path, problems: &mut Problems) -> Option<Scenario> {
    let name = top.text("name", problems).map(|n| n.value);
    let site = top.need_text("site", "write `site: clubhouse`, or a path", problems);
    let site = site.and_then(|spot| site_of(&spot, beside, problems));
    let at = top.need_text("at", "write the local start, `at: 2026-11-20T21:04:00`", problems);
    let line = top.take("wan").and_then(|found| line_word(&found, "wan", problems));
    let llm = top.take("llm").and_then(|found| llm(found, "llm", problems));
    let bookings_age =
        top.text("bookings_age", problems).and_then(|spot| span(&spot, "bookings_age", problems));
    let until = top.text("until", problems).and_then(|spot| span(&spot, "until", problems));
    let bookings = top.tables("bookings", problems);
    let devices = top.table("devices", problems);
    let events = top.tables("events", problems);
    let expect = top.take("expect");
    // Without a site nothing below can be told right from wrong.
    let site = Arc::new(site?);
    let start = at.and_then(|spot| {
        let parsed =
            time::date_time(&spot.value).and_then(|local| Some((local, time::at_site(&site, local)?)));
        if parsed.is_none() {
            problems.add(
                spot.line,
                "at",
                format!("`{}` is no local date-time", spot.value),
                "write it like 2026-11-20T21:04:00",
            );
        }
        parsed
    });
    let devices = devices.map(|table| behaviours(&site, table, problems)).unwrap_or_default();
    let mut parsed: Vec<_> =
        events.into_iter().filter_map(|table| events::event(&site, table, problems)).collect();
    parsed.sort_by_key(|event| event.at);
    let expect = expect.map(|found| expect::expectations(found, problems)).unwrap_or_default();
    let (local, at) = start?;
    let bookings = bookings.into_iter().filter_map(|table| booking(&site, local, table, problems)).collect();
    Some(Scenario {
        file: file.to_owned(),
        name: name.unwrap_or_else(|| file.to_owned()),
        site,
        at,
        line: line.unwrap_or(Line::Up),
        llm: llm.unwrap_or(Llm::Off),
        bookings,
        bookings_age: bookings_age.unwrap_or(Duration::ZERO),
        devices,
        events: parsed,
        until,
        expect,
    })
}

/// `clubhouse` is `tests/sites/clubhouse.toml`, searched upward from the scenario; anything with a slash
/// or an ending is a path, from the scenario's folder or the working directory.
fn site_of(name: &Spot<String>, beside: &Path, problems: &mut Problems) -> Option<Site> {
    let Some(path) = find_site(&name.value, beside) else {
        let what = format!("there is no site `{}`", name.value);
        problems.add(name.line, "site", what, "name one of tests/sites, or write the path of a site.toml");
        return None;
    };
    match load(&path, LoadMode::Simulated) {
        Ok(site) => Some(site),
        Err(wrong) => {
            for problem in wrong.0 {
                problems.add(
                    name.line,
                    "site",
                    format!("the site is not right: {problem}"),
                    "mend the site first",
                );
            }
            None
        }
    }
}

/// The file of a site that is named, or given as a path.
pub fn find_site(name: &str, beside: &Path) -> Option<PathBuf> {
    if name.contains('/') || name.ends_with(".toml") {
        return [beside.join(name), PathBuf::from(name)].into_iter().find(|path| path.is_file());
    }
    let file = Path::new("tests/sites").join(format!("{name}.toml"));
    let from = std::path::absolute(beside).ok();
    let above =
        from.iter().flat_map(|dir| dir.ancestors()).map(|dir| dir.join(&file)).find(|path| path.is_file());
    above.or_else(|| Some(file).filter(|path| path.is_file()))
}

fn span(spot: &Spot<String>, key: &str, problems: &mut Problems) -> Option<Duration> {
    let span = time::duration(&spot.value);
    if span.is_none() {
        problems.add(
            spot.line,
            key,
            format!("`{}` is no duration", spot.value),
            "write it like 30s, 4m, 1h or 1m30s",
        );
    }
    span
}

/// The text of a plain or quoted value.
fn word(found: &Spot<Raw>) -> Option<&str> {
    match &found.value {
        Raw::Text { text, .. } => Some(text.trim()),
        _ => None,
    }
}

fn line_word(found: &Spot<Raw>, key: &str, problems: &mut Problems) -> Option<Line> {
    match word(found) {
        Some("up") => Some(Line::Up),
        Some("down") => Some(Line::Down),
        _ => {
            problems.add(found.line, key, "the line is up or down", "write `wan: up` or `wan: down`");
            None
        }
    }
}

fn llm(found: Spot<Raw>, key: &str, problems: &mut Problems) -> Option<Llm> {
    let line = found.line;
    match found.value {
        Raw::List(items) => {
            let answers = items.into_iter().filter_map(|item| answer(item, key, problems));
            Some(Llm::Answers(answers.collect()))
        }
        Raw::Text { ref text, .. } => match (text.trim(), slow(text)) {
            ("off", _) => Some(Llm::Off),
            ("error", _) => Some(Llm::Error),
            (_, Some(late)) => Some(Llm::Slow(late)),
            _ => wrong_llm(line, key, problems),
        },
        _ => wrong_llm(line, key, problems),
    }
}

fn wrong_llm<T>(line: usize, key: &str, problems: &mut Problems) -> Option<T> {
    problems.add(
        line,
        key,
        "the cloud model does not do this",
        "write off, error, `slow 10s`, or a list of answers {intent, slots, text}",
    );
    None
}

/// `slow 10s`.
fn slow(text: &str) -> Option<Duration> {
    time::duration(text.trim().strip_prefix("slow ")?)
}

fn answer(item: Spot<Raw>, key: &str, problems: &mut Problems) -> Option<Answer> {
    let line = item.line;
    let entries = match item.value {
        Raw::Table(entries) => entries,
        Raw::Text { text, .. } if text.trim() == "error" => return Some(Answer::Error),
        Raw::Text { text, .. } => match slow(&text) {
            Some(late) => return Some(Answer::Slow(late)),
            None => return wrong_llm(line, key, problems),
        },
        _ => return wrong_llm(line, key, problems),
    };
    let mut fields = Fields::new(key, line, entries, problems);
    let intent = fields.text("intent", problems).map(|spot| spot.value);
    let mut said =
        Nomination { intent: intent.filter(|i| i != "none" && i != "null"), ..Nomination::default() };
    // What else a model might say is read and dropped, as the strict schema does.
    if let Some(Spot { value: Raw::Table(slots), .. }) = fields.take("slots") {
        for slot in &slots {
            match (slot.key.as_str(), word(&slot.node)) {
                ("bay", Some(number)) => said.bay = number.parse().ok().map(BayId),
                ("at_door", Some(flag)) => said.at_door = flag == "true",
                _ => {}
            }
        }
    }
    // Its own words never reach a customer; they stand in the file to show that.
    drop(fields.take("text"));
    drop(fields.take("confidence"));
    fields.finish(problems);
    Some(Answer::Says(said))
}

fn behaviours(site: &Site, table: Fields, problems: &mut Problems) -> Vec<(Target, Effect, Behaviour)> {
    let mut all = Vec::new();
    for (name, effects) in table.all_tables(problems) {
        let target = Target::new(&name);
        if !site.knows(&target) {
            problems.add(
                effects.line,
                effects.at(""),
                format!("the site has no `{name}`"),
                "name a target of the site: bay-2, door-main, audio",
            );
            continue;
        }
        for (key, spot) in effects.all_texts(problems) {
            let place = format!("devices.{name}.{key}");
            let Some(effect) = Effect::parse(&key) else {
                let guess = did_you_mean(&key, Effect::ALL.iter().map(|e| e.name()));
                problems.add(
                    spot.line,
                    place,
                    format!("there is no effect `{key}`{guess}"),
                    "name an effect of the house",
                );
                continue;
            };
            match spot.value.parse() {
                Ok(behaviour) => all.push((target.clone(), effect, behaviour)),
                Err(error) => problems.add(spot.line, place, format!("{error}"), "write one of these"),
            }
        }
    }
    all
}

fn booking(
    site: &Site,
    start: jiff::civil::DateTime,
    mut table: Fields,
    problems: &mut Problems,
) -> Option<Booking> {
    let id = table.need_text("id", "write the booking's id", problems);
    let phone = table.need_text("phone", "write the customer's number in quotes", problems);
    let bay = table.whole("bay", 1..=99, problems);
    if bay.is_none() {
        problems.add(table.line, table.at("bay"), "the booking names no bay", "write `bay: 2`");
    }
    let from = table.need_text("from", "write the start, \"20:30\"", problems);
    let to = table.need_text("to", "write the end, \"22:00\"", problems);
    let name = table.text("name", problems).map(|s| s.value).unwrap_or_default();
    let reference = table.text("reference", problems).map(|s| s.value);
    let pin = table.text("pin", problems).map(|s| s.value);
    let place = table.at("phone");
    let (from_place, to_place) = (table.at("from"), table.at("to"));
    table.finish(problems);
    let bay = BayId(u8::try_from(bay?.value).ok()?);
    let phone = phone.and_then(|spot| events::phone(&spot, &place, problems))?;
    let (from, to) = (from?, to?);
    let Some(starts) = time::moment_on(&from.value, start.date()) else {
        problems.add(from.line, from_place, "is no time", "write \"20:30\" or 2026-11-20T20:30:00");
        return None;
    };
    let Some(mut ends) = time::moment_on(&to.value, starts.date()) else {
        problems.add(to.line, to_place, "is no time", "write \"22:00\" or 2026-11-20T22:00:00");
        return None;
    };
    if ends <= starts && time::time(&to.value).is_some() {
        ends = ends.tomorrow().ok()?;
    }
    if ends <= starts {
        problems.add(to.line, to_place, "the booking ends before it starts", "swap the times");
        return None;
    }
    let (starts_at, ends_at) = (time::at_site(site, starts)?, time::at_site(site, ends)?);
    Some(Booking {
        id: id?.value,
        phone: Some(phone),
        name,
        bay,
        starts_at,
        ends_at,
        reference,
        pin,
        source: String::new(),
        read_at: UnixMs(0),
    })
}
