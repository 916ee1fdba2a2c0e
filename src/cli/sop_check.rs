//! `clubos sop check DIR`: what is wrong with a folder of SOPs, with the line and the mend.

use std::io::{self, Write};
use std::path::Path;

use crate::sop::Status;
use crate::sop::library::{read, read_sources};

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
