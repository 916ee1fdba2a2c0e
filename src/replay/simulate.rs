//! `clubos simulate`: scenario files in, verdicts out.
//!
//! Loads SOPs and model once for all files, runs the files in order, prints every expectation. The same
//! files give the same output, byte by byte.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use super::expect::judge;
use super::parse::{ScenarioProblems, load_scenario};
use super::run::{Engine, RunError, run};
use super::scenario::Scenario;
use crate::intent::{IntentError, LoadOptions, Understanding};
use crate::site::Site;
use crate::sop::{Library, SopProblems};

/// An expectation failed.
const FAILED: u8 = 1;
/// A file, the SOPs or the model could not be read: nothing was proven.
const UNUSABLE: u8 = 2;

/// What scenarios are run with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Folder of the SOPs.
    pub sops: PathBuf,
    /// Folder of the encoder and its runtime.
    pub model_dir: PathBuf,
    /// Folder for embeddings and the trained head, so that the next run starts at once.
    pub cache_dir: Option<PathBuf>,
    /// Print the trace as JSON Lines; the expectations then go to the error stream.
    pub trace: bool,
}

/// Why nothing could be run.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("{0}")]
    Sops(#[from] SopProblems),
    #[error("no understanding from {path}: {source}")]
    Model { path: PathBuf, source: IntentError },
}

/// SOPs and understanding, loaded once and trained again only for another site's names.
pub struct Engines {
    setup: Setup,
    library: Arc<Library>,
    readers: BTreeMap<String, Understanding>,
}

impl Engines {
    /// # Errors
    /// Every problem of the SOPs.
    pub fn new(setup: &Setup) -> Result<Engines, SetupError> {
        let library = Arc::new(Library::load(&setup.sops)?);
        Ok(Engines { setup: setup.clone(), library, readers: BTreeMap::new() })
    }

    pub fn library(&self) -> &Arc<Library> {
        &self.library
    }

    /// The engine for this site.
    ///
    /// # Errors
    /// The model cannot be loaded.
    pub fn of(&mut self, site: &Site) -> Result<Engine, SetupError> {
        if !self.readers.contains_key(&site.id) {
            let options = LoadOptions {
                model_dir: &self.setup.model_dir,
                cache_dir: self.setup.cache_dir.as_deref(),
                site: Some(site),
                library: &self.library,
                train_on: None,
            };
            let loaded = match self.readers.values().next() {
                Some(other) => other.retrain(options),
                None => Understanding::load(options),
            };
            let path = || self.setup.model_dir.clone();
            let reader = loaded.map_err(|source| SetupError::Model { path: path(), source })?;
            self.readers.insert(site.id.clone(), reader);
        }
        Ok(Engine { library: self.library.clone(), reader: Arc::new(self.readers[&site.id].clone()) })
    }
}

/// How the files of one call did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    scenarios: usize,
    expectations: usize,
    failed: usize,
    broken: usize,
}

/// Runs every file and prints every expectation. Exit code 0: all were met; 1: one was not; 2: a file, the
/// SOPs or the model could not be used, and nothing is proven.
///
/// # Errors
/// Only those of `out` and `err`.
pub fn simulate(
    files: &[PathBuf],
    setup: &Setup,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<ExitCode> {
    let mut engines = match Engines::new(setup) {
        Ok(engines) => engines,
        Err(error) => return unusable(&error, err),
    };
    let Some(scenarios) = read_all(files, err)? else { return Ok(ExitCode::from(UNUSABLE)) };
    let mut sum = Sum::default();
    for scenario in &scenarios {
        let engine = match engines.of(&scenario.site) {
            Ok(engine) => engine,
            Err(error) => return unusable(&error, err),
        };
        let report: &mut dyn Write = if setup.trace { &mut *err } else { &mut *out };
        writeln!(report, "{}: {}", scenario.file, scenario.name)?;
        let mut lines = Vec::new();
        match one(scenario, &engine, report, &mut lines) {
            Ok(done) => {
                sum.scenarios += 1;
                sum.expectations += done.expectations;
                sum.failed += done.failed;
            }
            Err(Trouble::Run(error)) => {
                sum.broken += 1;
                writeln!(report, "  FAIL  could not be run: {error}")?;
            }
            Err(Trouble::Io(error)) => return Err(error),
        }
        if setup.trace {
            for line in lines {
                writeln!(out, "{line}")?;
            }
        }
    }
    let report: &mut dyn Write = if setup.trace { err } else { out };
    let Sum { scenarios, expectations, failed, broken } = sum;
    writeln!(report, "{scenarios} scenarios, {expectations} expectations, {failed} failed")?;
    Ok(match (broken, failed) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::from(FAILED),
        _ => ExitCode::from(UNUSABLE),
    })
}

enum Trouble {
    Run(RunError),
    Io(io::Error),
}

fn one(
    scenario: &Scenario,
    engine: &Engine,
    report: &mut dyn Write,
    lines: &mut Vec<String>,
) -> Result<Sum, Trouble> {
    let records = run(scenario, engine).map_err(Trouble::Run)?;
    lines.extend(records.iter().map(|record| record.line(scenario.at)));
    let mut sum = Sum::default();
    for expectation in &scenario.expect {
        let verdict = judge(expectation, &records, scenario.at);
        sum.expectations += 1;
        sum.failed += usize::from(!verdict.met);
        writeln!(report, "{}", verdict.shown).map_err(Trouble::Io)?;
    }
    Ok(sum)
}

/// All files, or every problem of every file.
fn read_all(files: &[PathBuf], err: &mut dyn Write) -> io::Result<Option<Vec<Scenario>>> {
    let mut scenarios = Vec::with_capacity(files.len());
    let mut wrong = files.is_empty();
    if wrong {
        writeln!(err, "no scenario: name at least one .yaml file")?;
    }
    for file in files {
        match load_scenario(file) {
            Ok(scenario) => scenarios.push(scenario),
            Err(ScenarioProblems(problems)) => {
                wrong = true;
                print_problems(file, &problems, err)?;
            }
        }
    }
    Ok((!wrong).then_some(scenarios))
}

fn print_problems(file: &Path, problems: &[crate::site::Problem], err: &mut dyn Write) -> io::Result<()> {
    let source = std::fs::read_to_string(file).ok();
    for problem in problems {
        writeln!(err, "{}", problem.shown(source.as_deref()))?;
    }
    Ok(())
}

fn unusable(error: &SetupError, err: &mut dyn Write) -> io::Result<ExitCode> {
    match error {
        SetupError::Sops(SopProblems(problems)) => {
            for problem in problems {
                writeln!(err, "{problem}")?;
            }
        }
        SetupError::Model { .. } => writeln!(err, "{error}")?,
    }
    Ok(ExitCode::from(UNUSABLE))
}
