//! Changes to the text of a `site.toml`: a device more in a bay or the hall, or a console's table.
//!
//! Owns where a piece goes in a file that people wrote, comments and all, and the proof that nothing else came of
//! it: the text before and after is read by the real loader, and they may differ in the wanted device alone.
//! Writes no file.

use std::fmt::Write as _;
use std::path::Path;

use super::load::{self, LoadMode};
use super::{BayId, Effect, Scope, Site, SiteProblems, Target};

/// Why the text cannot be changed so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("the file has no `[[bays]]` with `number = {}`", .0.0)]
    NoBay(BayId),
    #[error("the file has `[hall.{0}]` already; change it by hand")]
    HallTaken(Target),
    #[error("`{0}` is neither a bay nor a device of the hall")]
    NoPlace(Target),
    #[error("no effect is named for it")]
    NoEffect,
    #[error("as the file is now: {0}")]
    Before(SiteProblems),
    #[error("with it: {0}")]
    After(SiteProblems),
    #[error("something else than this device would change; put it in by hand")]
    Elsewhere,
    #[error("the file has `[{0}]` in a form that is not changed from here; put it in by hand")]
    Table(&'static str),
}

/// The text of a file, what it is called, and what it is read for.
#[derive(Debug, Clone, Copy)]
pub struct Written<'a> {
    pub file: &'a str,
    pub text: &'a str,
    /// The folder that relative `*_file` keys start from.
    pub beside: &'a Path,
    pub mode: LoadMode,
}

impl Written<'_> {
    fn read(&self, text: &str) -> Result<Site, SiteProblems> {
        load::read(self.file, text, self.beside, self.mode)
    }
}

/// The device as it stands in the file. `keys`: `driver = …` and what that family needs, a line each.
pub fn device_block(target: &Target, effects: &[Effect], keys: &str) -> String {
    let head = match target.bay() {
        Some(_) => "[[bays.devices]]".to_owned(),
        None => format!("[hall.{target}]"),
    };
    let effects: Vec<String> = effects.iter().map(|effect| format!("\"{effect}\"")).collect();
    format!("{head}\n{}\neffects = [{}]\n", keys.trim_end(), effects.join(", "))
}

/// The text with this device in it, proven by the real loader.
///
/// # Errors
/// [`EditError`]: it cannot stand there, or something else would change.
pub fn with_device(
    now: Written<'_>,
    target: &Target,
    effects: &[Effect],
    keys: &str,
) -> Result<String, EditError> {
    if effects.is_empty() {
        return Err(EditError::NoEffect);
    }
    let before = now.read(now.text).map_err(EditError::Before)?;
    let block = device_block(target, effects, keys);
    let text = match target.bay() {
        Some(bay) => after_bay(now.text, bay, &block)?,
        None if !Effect::ALL.iter().any(|e| e.scope() == hall(target) && e.scope() != Scope::Bay) => {
            return Err(EditError::NoPlace(target.clone()));
        }
        None if before.hall.contains_key(target) => return Err(EditError::HallTaken(target.clone())),
        None => format!("{}\n\n{block}", now.text.trim_end()),
    };
    let after = now.read(&text).map_err(EditError::After)?;
    if only_adds(&before, &after, target, effects) { Ok(text) } else { Err(EditError::Elsewhere) }
}

/// The text with these keys in the table of this name, each in place of one that is there. `keys`: name and value
/// as TOML writes it.
///
/// # Errors
/// [`EditError`]: the loader refuses what comes of it.
pub fn with_table(
    now: Written<'_>,
    table: &'static str,
    keys: &[(&str, String)],
) -> Result<String, EditError> {
    let lines: Vec<&str> = now.text.lines().collect();
    let is_it = |line: &&str| header(line).is_some_and(|name| name == format!("[{table}]"));
    let text = match lines.iter().position(is_it) {
        Some(at) => in_table(&lines, at, keys),
        None => {
            let mut text = format!("{}\n\n[{table}]\n", now.text.trim_end());
            for (key, value) in keys {
                let _ = writeln!(text, "{key} = {value}");
            }
            text
        }
    };
    now.read(&text).map_err(EditError::After)?;
    Ok(text)
}

fn in_table(lines: &[&str], at: usize, keys: &[(&str, String)]) -> String {
    let end = lines.iter().skip(at + 1).position(|line| header(line).is_some());
    let end = end.map_or(lines.len(), |further| at + 1 + further);
    let mut kept: Vec<String> = lines[..=at].iter().map(|line| (*line).to_owned()).collect();
    kept.extend(keys.iter().map(|(key, value)| format!("{key} = {value}")));
    let stays = |line: &&&str| {
        let key = line.split('=').next().unwrap_or_default().trim();
        !(line.contains('=') && keys.iter().any(|(new, _)| *new == key))
    };
    kept.extend(lines[at + 1..end].iter().filter(stays).map(|line| (*line).to_owned()));
    kept.extend(lines[end..].iter().map(|line| (*line).to_owned()));
    kept.join("\n") + "\n"
}

/// `[name]` or `[[name]]` of a line that opens a table, without blanks.
fn header(line: &str) -> Option<String> {
    let line = line.split('#').next().unwrap_or_default().trim();
    (line.starts_with('[') && line.ends_with(']') && !line.contains('='))
        .then(|| line.chars().filter(|c| !c.is_whitespace()).collect())
}

/// The text with a block at the end of a bay's part.
fn after_bay(text: &str, bay: BayId, block: &str) -> Result<String, EditError> {
    let lines: Vec<&str> = text.lines().collect();
    let of_bays = |line: &str| header(line).is_some_and(|h| h.trim_start_matches('[').starts_with("bays."));
    let starts: Vec<usize> =
        (0..lines.len()).filter(|at| header(lines[*at]).as_deref() == Some("[[bays]]")).collect();
    for start in starts {
        let next = (start + 1..lines.len()).find(|at| header(lines[*at]).is_some() && !of_bays(lines[*at]));
        let end = next.unwrap_or(lines.len());
        let number =
            lines[start + 1..end].iter().take_while(|line| header(line).is_none()).find_map(|line| {
                let (key, value) = line.split('#').next().unwrap_or_default().split_once('=')?;
                (key.trim() == "number").then(|| value.trim().parse::<u8>().ok()).flatten()
            });
        if number != Some(bay.0) {
            continue;
        }
        let is_said = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        let last = (start..end).rev().find(|at| is_said(lines[*at])).unwrap_or(start);
        let mut all: Vec<&str> = lines[..=last].to_vec();
        all.push("");
        all.extend(block.lines());
        all.extend(&lines[last + 1..]);
        return Ok(all.join("\n") + "\n");
    }
    Err(EditError::NoBay(bay))
}

fn hall(target: &Target) -> Scope {
    let scopes = Effect::ALL.iter().map(|effect| effect.scope());
    scopes
        .into_iter()
        .find(|scope| matches!(scope, Scope::Hall(name) if *name == target.as_str()))
        .unwrap_or(Scope::Bay)
}

/// Whether the sites differ in exactly this device.
fn only_adds(before: &Site, after: &Site, target: &Target, effects: &[Effect]) -> bool {
    let drivers = |site: &Site| {
        let bays = site.bays.values().flat_map(|bay| {
            let id = bay.id;
            bay.drivers.iter().map(move |(effect, kind)| (Target::from(id), *effect, format!("{kind:?}")))
        });
        let doors = site
            .doors
            .values()
            .map(|door| (door.target.clone(), Effect::DoorUnlock, format!("{:?}", door.driver)));
        let hall = site.hall.values().flat_map(|device| {
            let of = format!("{:?}", device.driver);
            device.effects.iter().map(move |effect| (device.target.clone(), *effect, of.clone()))
        });
        bays.chain(doors).chain(hall).collect::<std::collections::BTreeSet<_>>()
    };
    let (old, new) = (drivers(before), drivers(after));
    let added: Vec<_> = new.difference(&old).map(|(target, effect, _)| (target.clone(), *effect)).collect();
    let wanted = |(place, effect): &(Target, Effect)| place == target && effects.contains(effect);
    old.is_subset(&new) && added.len() == effects.len() && added.iter().all(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Written<'_> {
        Written { file: "site.toml", text, beside: Path::new("."), mode: LoadMode::Simulated }
    }

    const BENQ: &str = "driver = \"benq\"\nhost = \"10.20.0.31\"\ninput = \"hdmi\"";

    /// The sample club with a projector less in bay 1.
    fn club() -> String {
        let text = std::fs::read_to_string("tests/sites/clubhouse.toml").unwrap();
        let projector =
            "effects = [\"projector.on\", \"projector.input\", \"projector.off\", \"projector.cycle\"]";
        text.replacen(projector, "effects = [\"projector.input\"]", 1)
    }

    #[test]
    fn a_device_goes_to_its_bay_and_the_rest_of_the_file_stays_as_it_was() {
        let (club, target) = (club(), Target::new("bay-1"));
        let text =
            with_device(written(&club), &target, &[Effect::ProjectorOn, Effect::ProjectorOff], BENQ).unwrap();
        let site = load::read("site.toml", &text, Path::new("."), LoadMode::Simulated).unwrap();
        assert!(matches!(
            site.driver(Effect::ProjectorOn, &target),
            Some(super::super::DriverKind::Lan(device)) if device.family().name() == "benq"
        ));
        assert!(site.driver(Effect::ProjectorCycle, &target).is_none(), "what was not named");
        let added: Vec<&str> = text.lines().filter(|line| !club.lines().any(|old| old == *line)).collect();
        assert_eq!(added.len(), 5, "the head, driver, host, input, effects: {added:?}");
        let gone = club.lines().filter(|line| !text.lines().any(|new| new == *line)).count();
        assert_eq!(gone, 0, "every line of the file before is there");
    }

    #[test]
    fn what_the_loader_refuses_is_refused() {
        let club = club();
        let taken = with_device(written(&club), &Target::new("bay-1"), &[Effect::ProjectorInput], BENQ);
        assert!(matches!(taken, Err(EditError::After(_))), "two devices of a bay carry it: {taken:?}");
        let cannot = with_device(written(&club), &Target::new("bay-1"), &[Effect::SimRestart], BENQ);
        assert!(matches!(cannot, Err(EditError::After(_))));
        let bay = with_device(written(&club), &Target::new("bay-77"), &[Effect::ProjectorOn], BENQ);
        assert_eq!(bay, Err(EditError::NoBay(BayId(77))));
        let place = with_device(written(&club), &Target::new("door-main"), &[Effect::ProjectorOn], BENQ);
        assert!(matches!(place, Err(EditError::NoPlace(_))));
        assert_eq!(with_device(written(&club), &Target::new("bay-1"), &[], BENQ), Err(EditError::NoEffect));
        let twice = format!(
            "{BENQ}\n[[doors]]\ntarget = \"door-x\"\nlabel = \"x\"\nstaff_only = true\ndriver = \"simulated\""
        );
        let more = with_device(written(&club), &Target::new("bay-1"), &[Effect::ProjectorOn], &twice);
        assert!(more.is_err(), "keys that open another table: {more:?}");
    }

    #[test]
    fn a_console_that_is_paired_anew_keeps_the_keys_it_had() {
        let print = "ab".repeat(32);
        let keys =
            |url: &str| [("url", format!("\"{url}\"")), ("certificate_sha256", format!("\"{print}\""))];
        let first = "[network] # the console\nurl = \"https://10.0.0.1\"\nkey_file = \"network-key\"\n\
                     certificate_sha256 = \"old\"\nuplinks = [\"02:00:00:00:00:02/1\"]\n";
        let club = format!("{}\n{first}", club());
        let text = with_table(written(&club), "network", &keys("https://10.0.0.9")).unwrap();
        let site = load::read("site.toml", &text, Path::new("."), LoadMode::Simulated).unwrap();
        let console = site.network.unwrap();
        assert_eq!(
            (console.url.as_str(), console.certificate_sha256.as_str()),
            ("https://10.0.0.9", &*print)
        );
        assert_eq!(console.uplinks.len(), 1, "what people wrote stays");
        assert!(text.contains("[network] # the console"));
    }
}
