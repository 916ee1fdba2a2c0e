//! Where pairing puts things: the secret's file, and `site.toml` with a copy of the one before.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::{PairError, ask};
use crate::clock::Clock;
use crate::site::edit::Written;
use crate::site::{LoadMode, secret};

/// Where systemd takes the service's secrets from.
const CREDSTORE: &str = "/etc/credstore";

#[derive(Args)]
pub struct Places {
    /// The building
    #[arg(long, default_value = "/etc/clubos/site.toml", value_name = "FILE")]
    pub site: PathBuf,
    /// Where the secret's file goes
    #[arg(long, default_value = CREDSTORE, value_name = "DIR")]
    secrets: PathBuf,
    /// Take the secret from the one line of this file [default: it is asked for, or one line of standard input]
    #[arg(long, value_name = "FILE")]
    secret_from: Option<PathBuf>,
    /// Put it into site.toml too; the file before is kept beside it
    #[arg(long)]
    pub write: bool,
}

impl Places {
    /// The text of `site.toml`.
    pub fn text(&self) -> anyhow::Result<String> {
        text(&self.site)
    }

    pub fn written<'a>(&'a self, text: &'a str) -> Written<'a> {
        written(&self.site, text)
    }

    pub fn secret(&self, what: &str) -> anyhow::Result<String> {
        let secret = match &self.secret_from {
            Some(file) => secret::read(file)?,
            None => ask(what)?,
        };
        if secret.is_empty() || !secret.bytes().all(|b| b.is_ascii_graphic()) {
            let why = "the secret is to be one line of printable text without spaces".to_owned();
            return Err(PairError::Usage(why).into());
        }
        Ok(secret)
    }

    /// The file of a secret of this name, and how `site.toml` names it.
    pub fn secret_file(&self, name: &str) -> (PathBuf, String) {
        if self.secrets == Path::new(CREDSTORE) {
            return (self.secrets.join(format!("clubos.{name}")), name.to_owned());
        }
        let file = self.secrets.join(name);
        let file = std::path::absolute(&file).unwrap_or(file);
        (file.clone(), file.display().to_string())
    }

    /// How the service comes to the secret, where that needs a word.
    pub fn about_secret(&self, name: &str) -> Option<String> {
        const KNOWN: [&str; 5] =
            ["broker-password", "access-token", "network-key", "protect-key", "slack-token"];
        (self.secrets == Path::new(CREDSTORE) && !KNOWN.contains(&name)).then(|| {
            format!(
                "The service needs one line more to see that secret (systemctl edit clubos):\n  [Service]\n  \
                 LoadCredential={name}:clubos.{name}"
            )
        })
    }

    /// Writes `site.toml`, if that was asked for, else says what belongs there.
    pub fn finish(&self, before: &str, after: &str, fragment: &str) -> anyhow::Result<()> {
        if !self.write {
            println!("\nThis belongs into {} (--write puts it there):\n\n{fragment}", self.site.display());
            return Ok(());
        }
        let copy = replace(&self.site, before, after)?;
        println!("\nWritten to {}:\n\n{fragment}", self.site.display());
        println!("The file before is {}. Now: systemctl restart clubos", copy.display());
        Ok(())
    }
}

pub fn text(site: &Path) -> anyhow::Result<String> {
    fs::read_to_string(site).with_context(|| format!("cannot read {}; --site names another", site.display()))
}

pub fn written<'a>(site: &'a Path, text: &'a str) -> Written<'a> {
    Written { file: "site.toml", text, beside: site.parent().unwrap_or(Path::new(".")), mode: LoadMode::Real }
}

/// Writes a file that its owner alone reads.
pub fn keep_secret(file: &Path, secret: &str) -> anyhow::Result<()> {
    let failed = || format!("cannot write {}; run this as root", file.display());
    if let Some(dir) = file.parent().filter(|dir| !dir.exists()) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).with_context(failed)?;
    }
    let fresh = file.with_extension("new");
    let open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh);
    let mut out = open.with_context(failed)?;
    out.set_permissions(fs::Permissions::from_mode(0o600)).with_context(failed)?;
    out.write_all(format!("{secret}\n").as_bytes()).with_context(failed)?;
    out.sync_all().with_context(failed)?;
    fs::rename(&fresh, file).with_context(failed)
}

/// Puts the text in place of the file's, and keeps the one before. Refuses if the file changed meanwhile.
pub fn replace(site: &Path, before: &str, after: &str) -> anyhow::Result<PathBuf> {
    anyhow::ensure!(text(site)? == before, "{} was changed meanwhile; start again", site.display());
    let name = site.file_name().context("site.toml has no name")?.to_string_lossy().into_owned();
    let at = Clock::system().now().timestamp().strftime("%Y%m%dT%H%M%SZ").to_string();
    let copy = site.with_file_name(format!("{name}.before-{at}"));
    fs::copy(site, &copy).with_context(|| format!("cannot write {}", copy.display()))?;
    let fresh = site.with_file_name(format!(".{name}.new"));
    let of = fs::metadata(site)?;
    let write = || -> std::io::Result<()> {
        let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        out.write_all(after.as_bytes())?;
        out.set_permissions(of.permissions())?;
        let now = out.metadata()?;
        if (now.uid(), now.gid()) != (of.uid(), of.gid()) {
            std::os::unix::fs::chown(&fresh, Some(of.uid()), Some(of.gid()))?;
        }
        out.sync_all()?;
        fs::rename(&fresh, site)
    };
    write().with_context(|| format!("cannot write {}", site.display()))?;
    Ok(copy)
}
