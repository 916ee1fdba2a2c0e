//! The embeddings of the training phrases, kept in a file so that a start need not compute them again.
//!
//! The file's name carries the encoder's id; a record is the SHA-256 of the text (16 bytes) and 384 numbers
//! (f32, little endian), the whole closed by a checksum. A damaged file is thrown away, never trusted.
//! Without a folder everything is computed. Never read for customers' messages: those stay in memory.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::encoder::{DIM, Encoder};
use super::error::IntentError;

const RECORD: usize = 16 + DIM * 4;

type Key = [u8; 16];

/// The embedding of each text, from the cache or fresh; new ones are added to the cache.
pub fn embed_all(
    encoder: &Encoder,
    texts: &[String],
    cache_dir: Option<&Path>,
) -> Result<Vec<Vec<f32>>, IntentError> {
    let path = cache_dir.map(|dir| file(dir, encoder.id()));
    let mut known = path.as_deref().map(load).unwrap_or_default();
    let before = known.len();
    for text in texts {
        if let Entry::Vacant(place) = known.entry(key(text)) {
            place.insert(encoder.encode(text)?);
        }
    }
    let grown = known.len() > before;
    if known.len() > 2 * texts.len() {
        let used: HashSet<Key> = texts.iter().map(|t| key(t)).collect();
        known.retain(|key, _| used.contains(key));
    }
    if let Some(path) = path.filter(|_| grown) {
        // A cache that cannot be written costs time at the next start, nothing else.
        if let Err(e) = save(&path, &known) {
            tracing::warn!(path = %path.display(), error = %e, "embeddings could not be kept");
        }
    }
    Ok(texts.iter().map(|t| known[&key(t)].clone()).collect())
}

fn file(dir: &Path, encoder: &str) -> PathBuf {
    dir.join(format!("embeddings-{}.bin", &encoder[..16]))
}

fn key(text: &str) -> Key {
    let digest = Sha256::digest(text.as_bytes());
    let mut key = [0; 16];
    key.copy_from_slice(&digest[..16]);
    key
}

fn load(path: &Path) -> HashMap<Key, Vec<f32>> {
    let Some(bytes) = read_checked(path) else { return HashMap::new() };
    if bytes.len() % RECORD != 0 {
        return HashMap::new();
    }
    bytes
        .chunks_exact(RECORD)
        .map(|record| {
            let mut key = [0; 16];
            key.copy_from_slice(&record[..16]);
            let values =
                record[16..].chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            (key, values)
        })
        .collect()
}

fn save(path: &Path, known: &HashMap<Key, Vec<f32>>) -> std::io::Result<()> {
    let mut keys: Vec<&Key> = known.keys().collect();
    keys.sort_unstable();
    let mut bytes = Vec::with_capacity(known.len() * RECORD + 32);
    for key in keys {
        bytes.extend_from_slice(key);
        bytes.extend(known[key].iter().flat_map(|v| v.to_le_bytes()));
    }
    write_checked(path, bytes)
}

/// The content of a file that ends in the SHA-256 of what comes before; `None` if it does not.
pub(super) fn read_checked(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = std::fs::read(path).ok()?;
    let body = bytes.len().checked_sub(32)?;
    let right = Sha256::digest(&bytes[..body]).as_slice() == &bytes[body..];
    bytes.truncate(body);
    right.then_some(bytes)
}

/// Writes beside the file and renames, so that a cut leaves the old one.
pub(super) fn write_checked(path: &Path, mut bytes: Vec<u8>) -> std::io::Result<()> {
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest);
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    std::fs::write(&beside, &bytes)?;
    std::fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_comes_back_and_a_damaged_file_does_not() {
        let dir = std::env::temp_dir().join(format!("clubos-embeddings-{}", std::process::id()));
        let path = file(&dir, "0123456789abcdef0123");
        let known = HashMap::from([(key("a"), vec![0.5; DIM]), (key("b"), vec![-1.0; DIM])]);
        save(&path, &known).unwrap();
        assert_eq!(load(&path), known);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[20] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(load(&path).is_empty());
        std::fs::write(&path, &bytes[..100]).unwrap();
        assert!(load(&path).is_empty());
        std::fs::remove_dir_all(dir).unwrap();
    }
}
