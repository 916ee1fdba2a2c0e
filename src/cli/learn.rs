//! `clubos classify` and `clubos eval`: the understanding by itself.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use super::paths::{self, Paths};
use super::{classify as classify_lines, eval as eval_lines};
use crate::intent::{LoadOptions, Understanding};
use crate::site::{self, LoadMode, Site};
use crate::sop::Library;

pub fn classify(args: &super::ClassifyArgs, paths: &Paths) -> anyhow::Result<ExitCode> {
    let understanding = Setting::load(args.site.as_deref(), paths)?.understanding(None)?;
    let out = io::BufWriter::new(io::stdout().lock());
    let bad = match &args.file {
        Some(path) => {
            let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
            classify_lines::run(&understanding, args.context, BufReader::new(file), out, io::stderr())?
        }
        None => classify_lines::run(&understanding, args.context, io::stdin().lock(), out, io::stderr())?,
    };
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub fn eval(args: &super::EvalArgs, paths: &Paths) -> anyhow::Result<ExitCode> {
    let setting = Setting::load(args.site.as_deref(), paths)?;
    let acts: BTreeSet<String> =
        setting.library.sops.values().filter(|sop| sop.acts()).map(|sop| sop.id.clone()).collect();
    let train_on = args.train.as_deref().map(cases_of_training).transpose()?;
    let (cases, report, title) = match (&args.file, args.cv) {
        (_, Some(parts)) => {
            let rows = match train_on {
                Some(rows) => rows,
                None => Understanding::training_rows(&setting.library, &paths.model)?,
            };
            let folds = eval_lines::folds::Folds { parts, share: args.share, seed: args.seed };
            let report = eval_lines::folds::run(&rows, folds, setting.options(Some(Vec::new())), &acts)?;
            let case = |(text, intent)| eval_lines::Case::new(text, intent);
            let cases = rows.into_iter().map(case).collect();
            (cases, report, format!("{parts}-fold cross-validation"))
        }
        (Some(file), None) => {
            let mut cases = cases(file)?;
            if args.typos > 0.0 {
                with_slips(&mut cases, args.typos, args.seed);
            }
            let understanding = setting.understanding(train_on)?;
            let report = eval_lines::evaluate(&understanding, &cases, &acts, args.context)?;
            (cases, report, file.display().to_string())
        }
        (None, None) => anyhow::bail!("name a file of labelled texts, or --cv"),
    };
    if let Some(path) = &args.html {
        std::fs::write(path, eval_lines::html::page(&title, &report, &cases))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        eval_lines::print(&report, &mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn with_slips(cases: &mut [eval_lines::Case], percent: f64, seed: u64) {
    let mut random = eval_lines::noise::Random(seed);
    let mut all = 0;
    for case in cases.iter_mut() {
        let (text, slips) = eval_lines::noise::slip(&case.text, percent, &mut random);
        case.text = text;
        all += slips;
    }
    eprintln!("{:.2} slips a text (seed {seed})", all as f64 / cases.len().max(1) as f64);
}

fn cases(path: &Path) -> anyhow::Result<Vec<eval_lines::Case>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    eval_lines::cases(BufReader::new(file)).with_context(|| path.display().to_string())
}

fn cases_of_training(path: &Path) -> anyhow::Result<Vec<(String, String)>> {
    Ok(eval_lines::training_rows(&cases(path)?))
}

/// What an understanding is made of here. Problems in the SOPs are named and end the command.
struct Setting<'a> {
    library: Library,
    site: Option<Site>,
    paths: &'a Paths,
    cache: Option<PathBuf>,
    /// A folder of its own for what is trained on other data: the box's own head and embeddings stay.
    aside: Option<PathBuf>,
}

impl<'a> Setting<'a> {
    fn load(site: Option<&Path>, paths: &'a Paths) -> anyhow::Result<Setting<'a>> {
        let library = Library::load(&paths.sops)
            .with_context(|| format!("the procedures in {} cannot be used", paths.sops.display()))?;
        let file = site.map(Path::to_owned).or_else(paths::sample_site);
        let site = file.map(|file| site::load(&file, LoadMode::Simulated)).transpose()?;
        let cache = paths.cache_dir();
        let aside = cache.as_ref().map(|dir| dir.join("eval"));
        Ok(Setting { library, site, paths, cache, aside })
    }

    fn options(&self, train_on: Option<Vec<(String, String)>>) -> LoadOptions<'_> {
        let cache = if train_on.is_some() { &self.aside } else { &self.cache };
        LoadOptions {
            model_dir: &self.paths.model,
            cache_dir: cache.as_deref(),
            site: self.site.as_ref(),
            library: &self.library,
            train_on,
        }
    }

    fn understanding(&self, train_on: Option<Vec<(String, String)>>) -> anyhow::Result<Understanding> {
        Ok(Understanding::load(self.options(train_on))?)
    }
}
