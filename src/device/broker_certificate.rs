//! The broker's own certificate, which the agents on the bays' PCs are told to trust.
//!
//! Owns `broker.crt` and `broker.key`. Signed by itself and without an end: nothing in the house may stop
//! because a date has passed. Replaced only on request.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::broker::{BrokerError, share, write_private};

/// Chain and key in the broker's directory.
pub fn files(dir: &Path) -> (PathBuf, PathBuf) {
    (dir.join("broker.crt"), dir.join("broker.key"))
}

/// Makes a certificate for these names and addresses, in place of one that is there. `group` may read it.
///
/// # Errors
/// A name that cannot stand in a certificate, or the disk.
pub fn make(dir: &Path, names: &[String], group: Option<u32>) -> Result<(PathBuf, PathBuf), BrokerError> {
    let made = rcgen::generate_simple_self_signed(names);
    let made = made.map_err(|error| BrokerError::Certificate(error.to_string()))?;
    fs::create_dir_all(dir).map_err(|source| BrokerError::Write { path: dir.to_owned(), source })?;
    let (certificate, key) = files(dir);
    for (path, text) in [(&key, made.signing_key.serialize_pem()), (&certificate, made.cert.pem())] {
        write_private(path, &text)?;
        share(path, group)?;
    }
    Ok((certificate, key))
}

/// SHA-256 of the certificate as 64 hexadecimal digits, as `openssl x509 -fingerprint -sha256` counts it.
pub fn fingerprint(pem: &str) -> Option<String> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(body.trim()).ok().filter(|der| !der.is_empty())?;
    Some(Sha256::digest(&der).iter().map(|byte| format!("{byte:02x}")).collect())
}
