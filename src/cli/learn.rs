//! `clubos classify` and `clubos eval`: the understanding by itself.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use super::paths::{self, Paths};
use super::{classify as classify_lines, eval as eval_lines};
use crate::intent::{LoadOptions, Understanding};
use crate::site::{self, LoadMode, Site};
use crate::sop::Library;

pub fn classify(file: Option<&Path>, site: Option<&Path>, paths: &Paths) -> anyhow::Result<ExitCode> {
    let understanding = load(site, paths, None)?.1;
    let out = io::BufWriter::new(io::stdout().lock());
    let bad = match file {
        Some(path) => {
            let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
            classify_lines::run(&understanding, BufReader::new(file), out, io::stderr())?
        }
        None => classify_lines::run(&understanding, io::stdin().lock(), out, io::stderr())?,
    };
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub fn eval(
    file: &Path,
    train: Option<&Path>,
    site: Option<&Path>,
    json: bool,
    paths: &Paths,
) -> anyhow::Result<ExitCode> {
    let cases = cases(file)?;
    let train_on = train.map(cases_of_training).transpose()?;
    let (library, understanding) = load(site, paths, train_on)?;
    let acts: BTreeSet<String> =
        library.sops.values().filter(|sop| sop.acts()).map(|sop| sop.id.clone()).collect();
    let report = eval_lines::evaluate(&understanding, &cases, &acts);
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        eval_lines::print(&report, &mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn cases(path: &Path) -> anyhow::Result<Vec<eval_lines::Case>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    eval_lines::cases(BufReader::new(file)).with_context(|| path.display().to_string())
}

fn cases_of_training(path: &Path) -> anyhow::Result<Vec<(String, String)>> {
    Ok(eval_lines::training_rows(&cases(path)?))
}

/// SOPs, site and trained model. Problems in the SOPs are named and end the command.
fn load(
    site: Option<&Path>,
    paths: &Paths,
    train_on: Option<Vec<(String, String)>>,
) -> anyhow::Result<(Library, Understanding)> {
    let library = Library::load(&paths.sops)
        .with_context(|| format!("the procedures in {} cannot be used", paths.sops.display()))?;
    let file = site.map(Path::to_owned).or_else(paths::sample_site);
    let site: Option<Site> = match file {
        Some(file) => Some(site::load(&file, LoadMode::Simulated)?),
        None => None,
    };
    let cache = paths.cache_dir();
    let understanding = Understanding::load(LoadOptions {
        model_dir: &paths.model,
        cache_dir: cache.as_deref(),
        site: site.as_ref(),
        library: &library,
        train_on,
    })?;
    Ok((library, understanding))
}
