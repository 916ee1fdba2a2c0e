//! `clubos backup` and `clubos restore`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;

use super::state_dir;
use crate::clock::{Clock, UnixMs};
use crate::store::backup;

/// How copies in a folder begin.
const NAME: &str = "clubos-";

#[derive(Args)]
pub struct BackupArgs {
    /// The copy to write; or a folder, in which it gets a name with the time (UTC)
    to: PathBuf,
    /// In a folder: keep this many of the newest copies and remove the older ones
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    keep: Option<u16>,
    /// Where the box keeps its state
    #[arg(long, default_value = "/var/lib/clubos", value_name = "DIR")]
    state_dir: PathBuf,
}

#[derive(Args)]
pub struct RestoreArgs {
    /// A copy that `clubos backup` has written
    from: PathBuf,
    /// Where the box keeps its state
    #[arg(long, default_value = "/var/lib/clubos", value_name = "DIR")]
    state_dir: PathBuf,
}

/// The box may be running.
pub fn backup(args: &BackupArgs) -> anyhow::Result<ExitCode> {
    let db = args.state_dir.join("clubos.db");
    if !db.exists() {
        bail!("no database in {}", args.state_dir.display());
    }
    let folder = args.to.is_dir();
    if args.keep.is_some() && !folder {
        bail!("--keep is for a folder, and {} is none", args.to.display());
    }
    let to = if folder { args.to.join(name(Clock::system().now())) } else { args.to.clone() };
    let summary = backup::take(&db, &to)?;
    println!(
        "{}: {} threads, {} messages, {} kB, checked",
        to.display(),
        summary.threads,
        summary.messages,
        summary.bytes / 1024
    );
    if let Some(keep) = args.keep {
        for old in superfluous(&args.to, usize::from(keep))? {
            std::fs::remove_file(&old).with_context(|| format!("cannot remove {}", old.display()))?;
            println!("removed {}", old.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Sorts by time as text does.
fn name(now: UnixMs) -> String {
    let time = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
    format!("{NAME}{}.db", time.strftime("%Y%m%dT%H%M%SZ"))
}

/// All but the newest of the copies; other files are not looked at.
fn superfluous(folder: &Path, keep: usize) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut copies: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            name.strip_prefix(NAME).and_then(|n| n.strip_suffix("Z.db")).is_some_and(is_time)
        })
        .collect();
    copies.sort();
    copies.truncate(copies.len().saturating_sub(keep));
    Ok(copies)
}

fn is_time(text: &str) -> bool {
    text.len() == 15
        && text.bytes().enumerate().all(|(i, b)| if i == 8 { b == b'T' } else { b.is_ascii_digit() })
}

/// The box must be stopped.
pub fn restore(args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    state_dir::make(&args.state_dir)?;
    let _held = state_dir::hold(&args.state_dir).context("stop it first: systemctl stop clubos")?;
    let restored = backup::restore(&args.from, &args.state_dir, Clock::system().now())?;
    // Run as root for a service that is not: what was made here must be the service's.
    for entry in std::fs::read_dir(&args.state_dir)?.flatten().filter(|e| e.path().is_file()) {
        state_dir::give_to_owner(&entry.path(), &args.state_dir)?;
    }
    println!("restored: {} threads, {} messages", restored.summary.threads, restored.summary.messages);
    if let Some(kept) = restored.kept {
        println!("the database before is {}", kept.display());
    }
    println!("everybody has to sign in anew; replies that were waiting in the copy are shown as maybe sent");
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_oldest_copies_go_and_nothing_else() {
        let dir = std::env::temp_dir().join(format!("clubos-copies-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a folder");
        let days = [1_795_000_000_000, 1_795_100_000_000, 1_795_200_000_000];
        let names: Vec<String> = days.into_iter().map(|at| name(UnixMs(at))).collect();
        for file in names.iter().map(String::as_str).chain(["clubos-notes.db", "clubos.db", "a.txt"]) {
            std::fs::write(dir.join(file), "").expect("written");
        }
        assert_eq!(superfluous(&dir, 2).expect("read"), [dir.join(&names[0])]);
        assert!(superfluous(&dir, 3).expect("read").is_empty());
        let _ = std::fs::remove_dir_all(&dir);
    }
}
