//! A copy of the database that can be trusted, and the way back from one.
//!
//! A copy is taken beside the running box from a reader of its own (one moment's view), checked through,
//! and only then gets its name. A restore takes only what passes the same check, keeps what was there, and
//! makes sure that nothing which may have gone out since is sent again.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::{Reader, Result, Store, StoreError, journal, migrate};
use crate::clock::UnixMs;

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    pub bytes: u64,
    pub threads: u64,
    pub messages: u64,
    /// When the newest message came or went.
    pub newest: Option<UnixMs>,
}

/// Copies the database `db` to `to`, which must not be there yet. The box may be running.
///
/// # Errors
/// [`StoreError::Backup`] with the file; half a copy never gets the name.
pub fn take(db: &Path, to: &Path) -> Result<Summary> {
    let failed = |error: io::Error| problem(to, error.to_string());
    if to.exists() {
        return Err(problem(to, "is there already; name another".into()));
    }
    let part = with(to, ".part");
    // SQLite fills an empty file; made here, so that nobody else can read it at any time.
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)
        .map_err(|e| problem(&part, e.to_string()))?;
    let done = (|| {
        Reader::open(db)?.conn().execute("VACUUM INTO ?1", [part.to_string_lossy()])?;
        let summary = check(&part)?;
        File::open(&part).and_then(|file| file.sync_all()).map_err(failed)?;
        fs::rename(&part, to).map_err(failed)?;
        sync_folder(to).map_err(failed)?;
        Ok(summary)
    })();
    if done.is_err() {
        let _ = fs::remove_file(&part); // what is wrong is said already
    }
    done
}

/// Looks a copy through: every page, every index, every reference, and whether this program knows its schema.
///
/// # Errors
/// [`StoreError::Damaged`], [`StoreError::Newer`].
pub fn check(file: &Path) -> Result<Summary> {
    let damaged = |detail: String| StoreError::Damaged { path: file.to_owned(), detail };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(file, flags)
        .map_err(|source| StoreError::Open { path: file.to_owned(), source })?;
    migrate::check(&conn, file)?;
    let verdict: String = conn
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|e| damaged(e.to_string()))?;
    if verdict != "ok" {
        return Err(damaged(verdict));
    }
    if conn.prepare("PRAGMA foreign_key_check")?.exists([])? {
        return Err(damaged("a row refers to one that is not there".into()));
    }
    let count = |table: &str| -> Result<u64> {
        let found: i64 = conn
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
            .map_err(|e| damaged(e.to_string()))?;
        Ok(found.unsigned_abs())
    };
    let newest: Option<i64> = conn.query_row("SELECT max(received_at) FROM message", [], |row| row.get(0))?;
    Ok(Summary {
        bytes: fs::metadata(file).map_err(|e| damaged(e.to_string()))?.len(),
        threads: count("thread")?,
        messages: count("message")?,
        newest: newest.map(UnixMs),
    })
}

/// What a restore left.
#[derive(Debug)]
pub struct Restored {
    pub summary: Summary,
    /// The database that was there before.
    pub kept: Option<PathBuf>,
}

/// Puts the copy `from` in place of the database in `state_dir`. No box may be running on it.
///
/// Replies that were waiting in the copy may have gone out since: they count as being sent, so that the next
/// start marks them *maybe* for a person instead of sending them. Everybody has to sign in anew.
///
/// # Errors
/// A copy that is not whole, or the disk; the database that was there is then still in place or beside it.
pub fn restore(from: &Path, state_dir: &Path, now: UnixMs) -> Result<Restored> {
    let summary = check(from)?;
    let db = state_dir.join("clubos.db");
    let part = with(&db, ".part");
    let failed = |error: io::Error| problem(&db, error.to_string());
    let mut to =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part).map_err(failed)?;
    io::copy(&mut File::open(from).map_err(|e| problem(from, e.to_string()))?, &mut to).map_err(failed)?;
    to.sync_all().map_err(failed)?;
    let kept = db.exists().then(|| state_dir.join(format!("clubos.before-restore-{}.db", now.0)));
    if let Some(kept) = &kept {
        // With what SQLite has not yet written into it.
        for end in ["-wal", "-shm", ""] {
            if with(&db, end).exists() {
                fs::rename(with(&db, end), with(kept, end)).map_err(failed)?;
            }
        }
    }
    fs::rename(&part, &db).map_err(failed)?;
    sync_folder(&db).map_err(failed)?;
    let mut store = Store::open(state_dir)?;
    store.write(|tx| {
        tx.execute("UPDATE outbox SET state = 'sending' WHERE state = 'queued'", [])?;
        tx.execute("DELETE FROM session", [])?;
        let says = "The database was restored from a copy. What happened after the copy is not in it.";
        journal::notice(tx, None, says, now)
    })?;
    Ok(Restored { summary, kept })
}

fn problem(path: &Path, detail: String) -> StoreError {
    StoreError::Backup { path: path.to_owned(), detail }
}

fn with(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// So that the new name survives a power cut too.
fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
