//! Pictures beside escalations: files in `snapshots/` beside the database, `<escalation>-<Unix ms>-<place>.jpg`;
//! `.txt` in the place of `.jpg` says why there is no picture.
//!
//! Owns their names. They stand in no backup and go nowhere; [`prune`] deletes them.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::clock::UnixMs;

/// One that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub name: String,
    pub escalation: i64,
    pub at: UnixMs,
    /// `bay-2`, `door-main`, `hall`.
    pub place: String,
    /// False: the file holds words.
    pub is_picture: bool,
}

/// What is to be kept.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    Jpeg(&'a [u8]),
    /// Why there is no picture.
    Words(&'a str),
}

/// Where the pictures of this database are; `None`: it is in no file.
pub fn folder(conn: &Connection) -> Option<PathBuf> {
    beside(Path::new(conn.path()?))
}

/// Where the pictures of the database in this file are.
pub fn beside(db: &Path) -> Option<PathBuf> {
    Some(db.parent()?.join("snapshots"))
}

/// Keeps one, readable by its owner alone.
///
/// # Errors
/// The file system's.
pub fn keep(folder: &Path, escalation: i64, at: UnixMs, place: &str, content: Content<'_>) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let (ending, bytes) = match content {
        Content::Jpeg(bytes) => ("jpg", bytes),
        Content::Words(words) => ("txt", words.as_bytes()),
    };
    let name = folder.join(format!("{escalation}-{}-{place}.{ending}", at.0));
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(name)?;
    file.write_all(bytes)
}

fn read_name(name: &str) -> Option<Kept> {
    let (stem, ending) = name.rsplit_once('.')?;
    let mut parts = stem.splitn(3, '-');
    let escalation = parts.next()?.parse().ok()?;
    let at = UnixMs(parts.next()?.parse().ok()?);
    let place = parts.next()?.to_owned();
    let is_picture = match ending {
        "jpg" => true,
        "txt" => false,
        _ => return None,
    };
    Some(Kept { name: name.to_owned(), escalation, at, place, is_picture })
}

fn all(folder: &Path) -> io::Result<Vec<Kept>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut kept = Vec::new();
    for entry in entries {
        kept.extend(entry?.file_name().to_str().and_then(read_name));
    }
    kept.sort_by(|a, b| (a.at, &a.name).cmp(&(b.at, &b.name)));
    Ok(kept)
}

/// Those of one escalation, oldest first.
///
/// # Errors
/// The file system's.
pub fn of(folder: &Path, escalation: i64) -> io::Result<Vec<Kept>> {
    Ok(all(folder)?.into_iter().filter(|kept| kept.escalation == escalation).collect())
}

/// The content of one, if it belongs to this escalation. The name is looked up, never used as a path.
///
/// # Errors
/// The file system's.
pub fn read(folder: &Path, escalation: i64, name: &str) -> io::Result<Option<Vec<u8>>> {
    let known = of(folder, escalation)?.into_iter().find(|kept| kept.name == name);
    known.map(|kept| fs::read(folder.join(kept.name))).transpose()
}

/// Deletes those from before this moment; how many.
///
/// # Errors
/// The file system's.
pub fn prune(folder: &Path, before: UnixMs) -> io::Result<usize> {
    let old: Vec<Kept> = all(folder)?.into_iter().filter(|kept| kept.at < before).collect();
    for kept in &old {
        fs::remove_file(folder.join(&kept.name))?;
    }
    Ok(old.len())
}
