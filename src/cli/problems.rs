//! Everything that is wrong with `site.toml` and the SOPs, shown with the line and the mend.

use std::collections::BTreeMap;
use std::path::Path;

use crate::site::{Problem, SiteProblems};
use crate::sop::SopProblems;
use crate::sop::library::read_sources;

/// All problems of a site file.
pub fn of_site(file: &Path, problems: &SiteProblems) -> String {
    let text = std::fs::read_to_string(file).ok();
    let sources: BTreeMap<String, String> =
        problems.0.iter().filter_map(|problem| Some((problem.file.clone(), text.clone()?))).collect();
    shown(&problems.0, &sources)
}

/// All problems of a folder of SOPs.
pub fn of_sops(dir: &Path, problems: &SopProblems) -> String {
    shown(&problems.0, &read_sources(dir).0)
}

fn shown(problems: &[Problem], sources: &BTreeMap<String, String>) -> String {
    let one = |problem: &Problem| problem.shown(sources.get(&problem.file).map(String::as_str));
    let list: String = problems.iter().map(one).collect();
    let count = problems.len();
    format!("{list}{count} problem{} in all", if count == 1 { "" } else { "s" })
}
