//! The house rules, read from the sources: a room imports only from the floors below its own.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says that it failed by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Arrows that would be sideways but are meant.
const ALLOWED_SIDEWAYS: &[(&str, &str)] = &[("replay", "simclub")];

/// Room to floor, from the table at the top of `lib.rs`.
fn floors() -> BTreeMap<String, u8> {
    let text = std::fs::read_to_string("src/lib.rs").unwrap();
    let mut floors = BTreeMap::new();
    for row in text.lines().filter_map(|line| line.strip_prefix("//! |")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let Ok(floor) = cells[0].parse::<u8>() else { continue };
        for name in cells[1]
            .split('`')
            .filter(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        {
            floors.insert(name.to_owned(), floor);
        }
    }
    floors
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The room of a file below `src`: its first folder, or its own name at the top.
fn room_of(path: &Path) -> String {
    let below = path.strip_prefix("src").unwrap();
    let first = below.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// How many `super::` lead from this file to the crate.
fn depth(path: &Path) -> usize {
    let below = path.strip_prefix("src").unwrap();
    let parts = below.components().count();
    if path.file_name().is_some_and(|name| name == "mod.rs") { parts - 1 } else { parts }
}

/// The code without comments and doc comments, so that a sentence about a room is no import.
fn without_comments(text: &str) -> String {
    text.lines()
        .map(|line| {
            line.split_once("//")
                .map_or(line, |(code, _)| if code.matches('"').count() % 2 == 0 { code } else { line })
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Names right behind every `prefix`, also in `prefix{a, b::{c}}`.
fn names_behind(text: &str, prefix: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in text.match_indices(prefix) {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let rest = &text[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) => names.extend(group_heads(group)),
            None => names.push(word(rest)),
        }
    }
    names
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first words of the members of a brace group.
fn group_heads(group: &str) -> Vec<String> {
    let (mut depth, mut member, mut heads) = (0, String::new(), Vec::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(word(std::mem::take(&mut member).trim())),
            _ => {}
        }
        if !(c == ',' && depth == 0) {
            member.push(c);
        }
    }
    heads.push(word(member.trim()));
    heads
}

/// Rooms that a file names by `crate::…` or by `super::` all the way up.
fn imports(path: &Path, text: &str) -> Vec<String> {
    let code = without_comments(text);
    let mut rooms = names_behind(&code, "crate::");
    // A `mod tests { use super::… }` in the file is one floor deeper; both ways up are looked at.
    for up in [depth(path), depth(path) + 1] {
        rooms.extend(names_behind(&code, &"super::".repeat(up)).into_iter().filter(|name| name != "super"));
    }
    rooms
}

/// Why this import breaks the house, if it does.
fn wrong(floors: &BTreeMap<String, u8>, from: &str, to: &str) -> Option<String> {
    let (own, other) = (floors.get(from)?, floors.get(to)?);
    if from == to || from == "cli" || from == "main" || ALLOWED_SIDEWAYS.contains(&(from, to)) {
        return None;
    }
    match other.cmp(own) {
        std::cmp::Ordering::Less => None,
        std::cmp::Ordering::Equal => Some(format!("{from} imports {to}, sideways on floor {own}")),
        std::cmp::Ordering::Greater => {
            Some(format!("{from} (floor {own}) imports {to} (floor {other}), upwards"))
        }
    }
}

#[test]
fn a_room_imports_only_from_the_floors_below_it() {
    let floors = floors();
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    let mut broken = Vec::new();
    let mut arrows = 0;
    for path in &files {
        let text = std::fs::read_to_string(path).unwrap();
        for to in imports(path, &text) {
            arrows += usize::from(floors.contains_key(&to));
            broken
                .extend(wrong(&floors, &room_of(path), &to).map(|why| format!("{}: {why}", path.display())));
        }
    }
    assert!(arrows > 20, "only {arrows} imports were found: this test no longer reads the sources right");
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn every_room_stands_in_the_map() {
    let floors = floors();
    let text = std::fs::read_to_string("src/lib.rs").unwrap();
    let rooms = text.lines().filter_map(|line| line.trim().strip_prefix("pub mod ")?.strip_suffix(';'));
    let missing: Vec<&str> = rooms.filter(|room| !floors.contains_key(*room)).collect();
    assert!(missing.is_empty(), "not in the table of src/lib.rs: {missing:?}");
}

#[test]
fn the_test_itself_sees_arrows_up_and_sideways() {
    let floors = floors();
    let seen = |from: &str, code: &str| {
        let path = PathBuf::from(format!("src/{from}/some.rs"));
        imports(&path, code).iter().filter_map(|to| wrong(&floors, from, to)).count()
    };
    assert_eq!(seen("site", "use crate::store::Db;"), 1);
    assert_eq!(seen("web", "use crate::replay::Run;"), 1);
    assert_eq!(seen("web", "use crate::{desk::Desk, notify, site::{BayId, Target}};"), 1);
    assert_eq!(seen("desk", "fn f() { crate::web::page() }"), 1);
    assert_eq!(seen("desk", "use super::super::web::Page;"), 1);
    assert_eq!(seen("policy", "use crate::sop::Sop;"), 1);
    assert_eq!(seen("replay", "use crate::simclub::Club;"), 0);
    assert_eq!(seen("simclub", "use crate::replay::Run;"), 1);
    assert_eq!(seen("desk", "use crate::policy::Permit; // never crate::web"), 0);
    assert_eq!(seen("cli", "use crate::web::Page;"), 0);
}

#[test]
fn every_file_says_what_it_is_for_and_none_is_too_long() {
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    let mut broken = Vec::new();
    for path in files.iter().filter(|path| !path.ends_with("main.rs")) {
        let text = std::fs::read_to_string(path).unwrap();
        if !text.starts_with("//!") {
            broken.push(format!("{}: does not open with a `//!` that says what it owns", path.display()));
        }
        if text.lines().count() > 800 {
            broken.push(format!("{}: {} lines, 800 at most", path.display(), text.lines().count()));
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

/// The product's part of a file: what stands before its own tests, without comments.
fn product(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let tests = text.find("#[cfg(test)]").or_else(|| text.find("#[cfg(any(test"));
    without_comments(&text[..tests.unwrap_or(text.len())])
}

#[test]
fn only_the_gate_makes_a_permit_and_only_one_wire_hands_it_to_drivers() {
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    let (mut makers, mut callers) = (Vec::new(), Vec::new());
    for path in &files {
        let (code, name) = (product(path), path.to_string_lossy().into_owned());
        let makes = code.contains("for_tests(")
            || code.lines().any(|line| {
                line.contains("Permit {")
                    && !line.contains("struct")
                    && !line.contains("impl")
                    && !line.contains("->")
            });
        if makes {
            makers.push(name.clone());
        }
        if code.contains(".act(permit") {
            callers.push(name);
        }
    }
    assert_eq!(makers, ["src/policy/gate.rs"], "a permit is made elsewhere");
    // The wire from the desk, and the registry that chooses the family.
    assert_eq!(callers, ["src/cli/plug.rs", "src/device/registry.rs"], "somebody else calls a driver");
}
