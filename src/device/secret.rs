//! Secrets in files (`*_file` keys). Owns reading them; refuses a file that everybody can read.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Why a secret could not be taken from its file.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("cannot read the secret in {path}: {source}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path} can be read by everybody (mode {mode:o}); make it 0600: chmod 600 {path}")]
    WorldReadable { path: PathBuf, mode: u32 },
    #[error("{path} holds no secret: one line of printable text without spaces is needed")]
    Malformed { path: PathBuf },
}

/// Reads the one line of a secret file.
///
/// # Errors
/// [`SecretError`], which names the file and the way to mend it, never its content.
pub fn read(path: &Path) -> Result<String, SecretError> {
    let unreadable = |source| SecretError::Unreadable { path: path.to_owned(), source };
    let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode() & 0o7777;
    if mode & 0o004 != 0 {
        return Err(SecretError::WorldReadable { path: path.to_owned(), mode });
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let secret = text.trim_end_matches(['\n', '\r']);
    if secret.is_empty() || !secret.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(SecretError::Malformed { path: path.to_owned() });
    }
    Ok(secret.to_owned())
}
