//! Secrets stand in files of their own (`*_file` keys), never in `site.toml`.
//!
//! Owns reading them and finding them: a bare name is looked for among systemd's credentials first, any
//! other relative path beside `site.toml`. Refuses a file that everybody can read.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Why a secret could not be taken from its file. Names the file and the mend, never the content.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("cannot read the secret in {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} can be read by everybody (mode {mode:o}); make it 0600: chmod 600 {}", path.display(), path.display())]
    WorldReadable { path: PathBuf, mode: u32 },
    #[error("{} holds no header: one line like `X-Api-Key: …` is needed", path.display())]
    NoHeader { path: PathBuf },
    #[error("{} holds no secret: one line of printable text without spaces is needed", path.display())]
    Malformed { path: PathBuf },
}

/// Reads the one line of a secret file.
///
/// # Errors
/// See [`SecretError`].
pub fn read(path: &Path) -> Result<String, SecretError> {
    let secret = line(path)?;
    if secret.is_empty() || !secret.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(SecretError::Malformed { path: path.to_owned() });
    }
    Ok(secret)
}

/// Reads a secret file whose one line is a header of HTTP, `Name: value`.
///
/// # Errors
/// See [`SecretError`].
pub fn header(path: &Path) -> Result<(String, String), SecretError> {
    let line = line(path)?;
    let no_header = || SecretError::NoHeader { path: path.to_owned() };
    let (name, value) = line.split_once(':').ok_or_else(no_header)?;
    let value = value.trim();
    let named = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if !named || value.is_empty() || !value.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
        return Err(no_header());
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// The text of a file that not everybody can read, without the line's end.
fn line(path: &Path) -> Result<String, SecretError> {
    let unreadable = |source| SecretError::Unreadable { path: path.to_owned(), source };
    let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode() & 0o7777;
    if mode & 0o007 != 0 {
        return Err(SecretError::WorldReadable { path: path.to_owned(), mode });
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// The service's credentials while it runs, for whoever may read them.
const OF_THE_SERVICE: &str = "/run/credentials/clubos.service";
/// Where systemd takes them from; the files there are called `clubos.<name>`.
const CREDSTORE: &str = "/etc/credstore";

/// Where a `*_file` key points, the same for the service and for a check by hand: a bare name is one of
/// systemd's credentials (`$CREDENTIALS_DIRECTORY`; without it those of the running service, then the
/// credential store), anything else stands beside `site.toml`.
pub fn find(written: &str, beside: &Path) -> PathBuf {
    match std::env::var_os("CREDENTIALS_DIRECTORY") {
        Some(own) => locate(written, beside, Some(Path::new(&own))),
        None => outside(written, beside, Path::new(OF_THE_SERVICE), Path::new(CREDSTORE)),
    }
}

/// [`find`] outside the service.
pub fn outside(written: &str, beside: &Path, service: &Path, store: &Path) -> PathBuf {
    let running = locate(written, beside, Some(service));
    if running.is_file() {
        return running;
    }
    let stored = locate(&format!("clubos.{written}"), store, None);
    let bare = Path::new(written).components().count() == 1 && !written.starts_with('/');
    if bare && stored.is_file() { stored } else { running }
}

/// Where a `*_file` key points: an absolute path as it is; a bare name into `credentials` (systemd's
/// `$CREDENTIALS_DIRECTORY`) if there is such a file; anything else beside `site.toml`.
pub fn locate(written: &str, beside: &Path, credentials: Option<&Path>) -> PathBuf {
    let path = Path::new(written);
    let bare = path.components().count() == 1 && !path.is_absolute();
    let credential = credentials.filter(|_| bare).map(|dir| dir.join(path)).filter(|p| p.is_file());
    credential.unwrap_or_else(|| beside.join(path))
}
