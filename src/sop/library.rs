//! A folder of SOP files read, checked and frozen: the [`Library`].
//!
//! All or nothing: one problem anywhere and there is no library, so that the box keeps the one it has.
//! The order of files on disk changes nothing; the fingerprint is over contents only.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::format::{House, Parsed, parse, parse_house};
use super::placeholders::{Source, placeholder};
use super::render::{LONGEST, RenderError, Text, Values, render};
use super::template;
use super::words::{Condition, Word};
use super::{Library, Sop, Status, check, check_texts};
use crate::site::problem::{self, Problem, Problems};

/// Largest SOP file that is read, in bytes: far beyond any sensible one.
const LARGEST_FILE: u64 = 512 * 1024;

/// Why there is no library.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} problem(s) in the SOPs{}", .0.len(), problem::listed(.0))]
pub struct SopProblems(pub Vec<Problem>);

/// The files of a folder as text: path relative to it, and content. Sorted.
pub type Sources = BTreeMap<String, String>;

/// Reads every `.md` of the folder, but for `README.md`. What cannot be read is a problem, and the rest is read on.
pub fn read_sources(dir: &Path) -> (Sources, Vec<Problem>) {
    let mut sources = Sources::new();
    let mut problems = Vec::new();
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(unreadable(&dir.display().to_string(), &error.to_string()));
            return (sources, problems);
        }
    };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_sop_file(path)) {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        match read_one(&path) {
            Ok(text) => {
                sources.insert(name, text);
            }
            Err(why) => problems.push(unreadable(&name, &why)),
        }
    }
    problems.sort();
    (sources, problems)
}

fn is_sop_file(path: &Path) -> bool {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    name.ends_with(".md") && !name.starts_with('.') && name != "README.md"
}

fn read_one(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|e| e.to_string())?.len();
    if size > LARGEST_FILE {
        return Err(format!("{size} bytes, {LARGEST_FILE} at most"));
    }
    std::fs::read_to_string(path).map_err(|e| e.to_string())
}

fn unreadable(file: &str, why: &str) -> Problem {
    Problem {
        file: file.to_owned(),
        line: 0,
        key: String::new(),
        what: format!("cannot be read: {why}"),
        mend: "put a readable UTF-8 file there".to_owned(),
    }
}

/// Everything that could be read, and everything wrong with it.
pub struct Reading {
    pub parsed: Vec<Parsed>,
    pub house: House,
    pub problems: Vec<Problem>,
}

/// Parses and checks files that are already in memory.
pub fn read(sources: &Sources) -> Reading {
    let mut parsed = Vec::new();
    let mut house = None;
    let mut problems = Vec::new();
    let mut broken = Vec::new();
    for (path, text) in sources {
        let mut own = Problems::of(path);
        if path == "house.md" {
            house = Some(parse_house(text, &mut own));
        } else if let Some(one) = parse(path, text, &mut own) {
            parsed.push(one);
        } else {
            broken.push(path.as_str());
        }
        problems.extend(own.into_sorted());
    }
    problems.extend(check::all(&parsed, house.as_ref(), &broken));
    problems.sort();
    problems.dedup();
    Reading { parsed, house: house.unwrap_or_default(), problems }
}

impl Library {
    /// Reads a folder of SOPs.
    ///
    /// # Errors
    /// Every problem of every file, in the order of files and lines.
    pub fn load(dir: &Path) -> Result<Library, SopProblems> {
        let (sources, mut problems) = read_sources(dir);
        match Library::from_sources(&sources) {
            Ok(library) if problems.is_empty() => Ok(library),
            Ok(_) => Err(SopProblems(problems)),
            Err(SopProblems(more)) => {
                problems.extend(more);
                problems.sort();
                Err(SopProblems(problems))
            }
        }
    }

    /// The same from files in memory: a release of SOPs before it is put in place.
    ///
    /// # Errors
    /// Every problem of every file.
    pub fn from_sources(sources: &Sources) -> Result<Library, SopProblems> {
        let reading = read(sources);
        if !reading.problems.is_empty() {
            return Err(SopProblems(reading.problems));
        }
        let live = reading.parsed.into_iter().map(|p| p.sop).filter(|sop| sop.status == Status::Live);
        let sops = live.map(|sop| (sop.id.clone(), Arc::new(sop))).collect();
        Ok(Library { sops, phrases: reading.house.phrases, fingerprint: fingerprint(sources) })
    }

    /// A shared phrase's template; a variant for one of the conditions is tried first, in their order.
    pub fn phrase(&self, key: &str, conditions: &[Condition]) -> Option<&str> {
        variant(&self.phrases, key, conditions)
    }

    /// A shared phrase, filled.
    ///
    /// # Errors
    /// As [`render`]; [`RenderError::Empty`] for a phrase that does not exist.
    pub fn say(&self, key: &str, values: &Values) -> Result<Text, RenderError> {
        render(self.phrase(key, &[]).ok_or(RenderError::Empty)?, values)
    }

    /// Facts that a live text needs outside brackets and the site does not have, each with a file that needs it.
    pub fn missing_facts(&self, facts: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut missing = BTreeMap::new();
        let of_sops =
            self.sops.values().flat_map(|sop| sop.texts().map(|(_, text)| (sop.path.as_str(), text)));
        let of_house = self.phrases.values().map(|text| ("house.md", text.as_str()));
        for (file, text) in of_sops.chain(of_house) {
            for (name, optional) in template::names(text) {
                let fact = placeholder(name).is_some_and(|p| p.source == Source::Fact);
                if fact && !optional && facts.get(name).is_none_or(|value| value.trim().is_empty()) {
                    missing.entry(name.to_owned()).or_insert_with(|| file.to_owned());
                }
            }
        }
        missing
    }
}

impl Library {
    /// What keeps these SOPs from being spoken at a site with these facts: a fact that a live text cannot
    /// do without, a text that grows too long with the site's own words.
    pub fn site_problems(&self, facts: &BTreeMap<String, String>) -> Vec<Problem> {
        let mut problems = Problems::of("site.toml");
        for (fact, file) in self.missing_facts(facts) {
            let mend = format!("write `{fact} = \"…\"` under `[facts]`, or put the part in [[ ]] in {file}");
            problems.add(
                0,
                format!("facts.{fact}"),
                format!("is missing, and {file} cannot do without it"),
                mend,
            );
        }
        let values =
            facts.iter().fold(check_texts::samples(), |values, (name, text)| values.set_fact(name, text));
        for sop in self.sops.values() {
            for (place, text) in sop.texts() {
                if let Err(RenderError::TooLong(length)) = render(text, &values) {
                    let what = format!(
                        "`{place}` of {} has {length} characters with these facts, {LONGEST} at most",
                        sop.path
                    );
                    problems.add(0, "facts", what, "shorten the facts that stand in it");
                }
            }
        }
        problems.into_sorted()
    }
}

fn fingerprint(sources: &Sources) -> String {
    let mut hash = Sha256::new();
    for (path, text) in sources {
        // Lengths keep "a" + "bc" apart from "ab" + "c".
        hash.update((path.len() as u64).to_le_bytes());
        hash.update(path);
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn variant<'a>(texts: &'a BTreeMap<String, String>, key: &str, conditions: &[Condition]) -> Option<&'a str> {
    let mut variants = conditions.iter().map(|c| texts.get(&format!("{key}.{}", c.name())));
    variants.find_map(|text| text).or_else(|| texts.get(key)).map(String::as_str)
}

impl Sop {
    /// The reply for `key`; a variant for one of the conditions is tried first, in the order given.
    pub fn reply(&self, key: &str, conditions: &[Condition]) -> Option<&str> {
        variant(&self.replies, key, conditions)
    }

    /// Every customer's text of this SOP with its place: `replies.handover`, `ladder.0.confirm`.
    pub fn texts(&self) -> impl Iterator<Item = (String, &str)> {
        let rungs = self.ladder.iter().enumerate().flat_map(|(n, rung)| {
            let texts = [
                ("confirm", rung.confirm.as_deref()),
                ("sent", rung.sent.as_deref()),
                ("done", Some(rung.done.as_str())),
                ("failed", Some(rung.failed.as_str())),
                ("unknown", Some(rung.unknown.as_str())),
            ];
            texts.into_iter().filter_map(move |(key, text)| Some((format!("ladder.{n}.{key}"), text?)))
        });
        rungs.chain(self.replies.iter().map(|(key, text)| (format!("replies.{key}"), text.as_str())))
    }
}
