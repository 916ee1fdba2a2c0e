//! `clubos sop check DIR`: what is wrong with a folder of SOPs, with the line and the mend; on request also
//! whether the model, trained on them, reads their own examples as it should.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::paths::{Paths, sample_site};
use crate::intent::{LoadOptions, Understanding};
use crate::site::{self, LoadMode};
use crate::sop::library::{read, read_sources};
use crate::sop::{Library, Status};

/// Shows every problem on `out`. The exit code: 0 for none, 1 otherwise.
///
/// # Errors
/// Only those of writing to `out`.
pub fn run(dir: &Path, out: &mut dyn Write) -> io::Result<u8> {
    let (sources, unreadable) = read_sources(dir);
    let reading = read(&sources);
    let problems: Vec<_> = unreadable.into_iter().chain(reading.problems).collect();
    for problem in &problems {
        writeln!(out, "{}", problem.shown(sources.get(&problem.file).map(String::as_str)))?;
    }
    if problems.is_empty() {
        let live = reading.parsed.iter().filter(|p| p.sop.status == Status::Live).count();
        let examples: usize = reading.parsed.iter().map(|p| p.sop.examples.len()).sum();
        writeln!(out, "{}: {live} live SOPs with {examples} examples, no problem found", dir.display())?;
        return Ok(0);
    }
    let files: std::collections::BTreeSet<&str> = problems.iter().map(|p| p.file.as_str()).collect();
    writeln!(out, "{} problem(s) in {} file(s)", problems.len(), files.len())?;
    Ok(1)
}

/// Trains on the SOPs of `dir` and shows each example that is read as another. The exit code: 0 for none.
///
/// # Errors
/// No model, or SOPs that [`run`] complains about.
pub fn examples(dir: &Path, site: Option<PathBuf>, paths: &Paths, out: &mut dyn Write) -> anyhow::Result<u8> {
    let library = Library::load(dir)?;
    let mut misses = Understanding::rules_test(&library);
    if misses.is_empty() {
        let site = site.or_else(sample_site).and_then(|file| site::load(&file, LoadMode::Simulated).ok());
        let cache = paths.cache_dir();
        let understanding = Understanding::load(LoadOptions {
            model_dir: &paths.model,
            cache_dir: cache.as_deref(),
            site: site.as_ref(),
            library: &library,
            train_on: None,
        })?;
        misses = understanding.self_test(&library);
    }
    for miss in &misses {
        writeln!(out, "{}: the example \"{}\" is read as {}", miss.sop, miss.example, miss.read_as)?;
    }
    let says = match misses.len() {
        0 => "every example is read as its own SOP".to_owned(),
        n => format!(
            "{n} example(s) are read as another SOP; put them where they belong, or say them differently"
        ),
    };
    writeln!(out, "{says}")?;
    Ok(u8::from(!misses.is_empty()))
}
