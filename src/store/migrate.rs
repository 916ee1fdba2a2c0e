//! Schema versions: `PRAGMA user_version` counts the migrations that ran.

use std::path::Path;

use rusqlite::Connection;

use super::{Result, StoreError};

/// In order; never changed once released, only added to.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/001.sql"),
    include_str!("schema/002.sql"),
    include_str!("schema/003.sql"),
    include_str!("schema/004.sql"),
    include_str!("schema/005.sql"),
    include_str!("schema/006.sql"),
    include_str!("schema/007.sql"),
    include_str!("schema/008.sql"),
];

/// Refuses a damaged file and one of a newer program.
pub(super) fn check(conn: &Connection, path: &Path) -> Result<()> {
    let damaged = |detail: String| StoreError::Damaged { path: path.to_owned(), detail };
    let verdict: String =
        conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(|e| damaged(e.to_string()))?;
    if verdict != "ok" {
        return Err(damaged(verdict));
    }
    let (found, known) = (version(conn)?, MIGRATIONS.len() as i64);
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    Ok(())
}

/// Runs what is missing, each in its own transaction, after a copy of a file that holds data.
pub(super) fn run(conn: &mut Connection, path: &Path) -> Result<()> {
    let from = version(conn)?;
    if from > 0 && from < MIGRATIONS.len() as i64 {
        let copy = path.with_extension(format!("before-v{}.db", MIGRATIONS.len()));
        if copy.exists() {
            std::fs::remove_file(&copy).map_err(StoreError::Copy)?;
        }
        conn.execute("VACUUM INTO ?1", [copy.to_string_lossy()])?;
    }
    for (index, sql) in MIGRATIONS.iter().enumerate().skip(usize::try_from(from).unwrap_or(0)) {
        let tx = conn.transaction()?;
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "user_version", index as i64 + 1)?;
        tx.commit()?;
    }
    Ok(())
}

fn version(conn: &Connection) -> Result<i64> {
    Ok(conn.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}
