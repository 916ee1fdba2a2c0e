//! The database: schema, migrations, one writer, queries by table.
//!
//! Owns the SQLite file. May use `site` and `clock`. Decides nothing; every rule about what may be
//! written when is the desk's and the gate's.
//!
//! One [`Store`] is the only writer; any number of [`Reader`]s look on. WAL, `synchronous = FULL`: what
//! was committed survives a power cut. Queries are plain functions over a [`Connection`], one file a
//! table, so that the desk can combine them in one transaction.

pub mod agent_key;
pub mod backup;
pub mod booking;
mod booking_merge;
pub mod booking_source;
pub mod called;
pub mod device;
pub mod digest;
pub mod effect;
pub mod episode;
pub mod escalation;
pub mod journal;
pub mod llm;
pub mod message;
pub mod metrics;
mod migrate;
pub mod on_call;
pub mod operator;
pub mod outbox;
pub mod presence;
pub mod proposal;
pub mod push;
pub mod question;
pub mod snapshot;
pub mod sops;
pub mod texting;
pub mod thread;
pub mod ticket;
pub mod timer;
pub mod turn;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

/// What can go wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot open the database {path}: {source}")]
    Open { path: PathBuf, source: rusqlite::Error },
    #[error(
        "the database {path} was written by a newer ClubOS (schema {found}, this program knows {known}); \
         install that version or restore a backup"
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("the database {path} is damaged ({detail}); restore a backup")]
    Damaged { path: PathBuf, detail: String },
    #[error("cannot copy the database before the migration: {0}")]
    Copy(#[source] std::io::Error),
    #[error("{path}: {detail}")]
    Backup { path: PathBuf, detail: String },
    #[error("database: {0}")]
    Sql(#[from] rusqlite::Error),
    #[error("a stored value is not readable: {0}")]
    Json(#[from] serde_json::Error),
}

pub type Result<T> = std::result::Result<T, StoreError>;

/// The one writer.
#[derive(Debug)]
pub struct Store {
    conn: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens or creates `clubos.db` in `state_dir`, checks it, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Newer`] for a database of a newer program, [`StoreError::Damaged`] if SQLite's
    /// `quick_check` complains.
    pub fn open(state_dir: &Path) -> Result<Store> {
        let path = state_dir.join("clubos.db");
        let open = |source| StoreError::Open { path: path.clone(), source };
        make_private(&path);
        let mut conn = Connection::open(&path).map_err(open)?;
        configure(&conn).map_err(|e| damaged_or(e, &path))?;
        migrate::check(&conn, &path)?;
        migrate::run(&mut conn, &path)?;
        Ok(Store { conn, path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads outside a transaction, in the writer's own view.
    pub fn conn(&self) -> &Connection {
        &self.conn
    }

    /// Runs `work` in one immediate transaction: all of it is committed (with fsync), or nothing.
    pub fn write<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let tx =
            self.conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::Sql)?;
        let done = work(&tx)?;
        tx.commit().map_err(StoreError::Sql)?;
        Ok(done)
    }

    /// A second, read-only view of the same file.
    pub fn reader(&self) -> Result<Reader> {
        Reader::open(&self.path)
    }
}

/// A read-only connection; cheap enough to have one a request.
#[derive(Debug)]
pub struct Reader(Connection);

impl Reader {
    pub fn open(path: &Path) -> Result<Reader> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)
            .map_err(|source| StoreError::Open { path: path.to_owned(), source })?;
        conn.busy_timeout(Duration::from_secs(5))?;
        Ok(Reader(conn))
    }

    pub fn conn(&self) -> &Connection {
        &self.0
    }
}

/// A new file is its owner's alone, and so are the two that SQLite puts beside it. That it cannot be made is
/// said by opening it.
fn make_private(path: &Path) {
    use std::os::unix::fs::OpenOptionsExt;
    let _ = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
}

fn configure(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", "ON")?;
    conn.set_prepared_statement_cache_capacity(128);
    Ok(())
}

fn damaged_or(error: rusqlite::Error, path: &Path) -> StoreError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    match error.sqlite_error_code() {
        Some(DatabaseCorrupt | NotADatabase) => {
            StoreError::Damaged { path: path.to_owned(), detail: error.to_string() }
        }
        _ => StoreError::Open { path: path.to_owned(), source: error },
    }
}
