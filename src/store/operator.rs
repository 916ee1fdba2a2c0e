//! Operators and their sessions.

use rusqlite::{Connection, OptionalExtension, params};

use super::Result;
use crate::clock::UnixMs;

#[derive(Debug, Clone)]
pub struct Operator {
    pub name: String,
    /// `oncall` or `manager`.
    pub role: String,
    /// PHC string (argon2id).
    pub password_hash: String,
}

pub fn put(conn: &Connection, operator: &Operator, now: UnixMs) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO operator (name, role, password_hash, created_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (name) DO UPDATE SET role = excluded.role, password_hash = excluded.password_hash, disabled_at = NULL",
    )?
    .execute(params![operator.name, operator.role, operator.password_hash, now.0])?;
    Ok(())
}

pub fn get(conn: &Connection, name: &str) -> Result<Option<Operator>> {
    Ok(conn
        .prepare_cached(
            "SELECT name, role, password_hash FROM operator WHERE name = ?1 AND disabled_at IS NULL",
        )?
        .query_row([name], |row| {
            Ok(Operator { name: row.get(0)?, role: row.get(1)?, password_hash: row.get(2)? })
        })
        .optional()?)
}

/// Someone who may sign in, or could once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub name: String,
    pub role: String,
    pub created_at: UnixMs,
    pub disabled_at: Option<UnixMs>,
    /// Sessions open now.
    pub sessions: u32,
}

/// Everybody, by name.
pub fn list(conn: &Connection, now: UnixMs) -> Result<Vec<Listed>> {
    let mut statement = conn.prepare_cached(
        "SELECT o.name, o.role, o.created_at, o.disabled_at,
           (SELECT count(*) FROM session s WHERE s.operator = o.name AND s.expires_at > ?1) FROM operator o ORDER BY o.name",
    )?;
    let rows = statement.query_map([now.0], |row| {
        Ok(Listed {
            name: row.get(0)?,
            role: row.get(1)?,
            created_at: UnixMs(row.get(2)?),
            disabled_at: row.get::<_, Option<i64>>(3)?.map(UnixMs),
            sessions: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Lets nobody in under this name any more, and ends every session of it. Says whether there is such a name.
pub fn disable(conn: &Connection, name: &str, now: UnixMs) -> Result<bool> {
    end_sessions(conn, name)?;
    let changed = conn
        .prepare_cached("UPDATE operator SET disabled_at = coalesce(disabled_at, ?2) WHERE name = ?1")?
        .execute(params![name, now.0])?;
    Ok(changed > 0)
}

/// Lets them in again, with the password they had. Says whether there is such a name.
pub fn enable(conn: &Connection, name: &str) -> Result<bool> {
    let changed =
        conn.prepare_cached("UPDATE operator SET disabled_at = NULL WHERE name = ?1")?.execute([name])?;
    Ok(changed > 0)
}

/// Another password; whoever was signed in with the one before is out. Says whether there is such a name.
pub fn set_password(conn: &Connection, name: &str, password_hash: &str) -> Result<bool> {
    end_sessions(conn, name)?;
    let changed = conn
        .prepare_cached("UPDATE operator SET password_hash = ?2 WHERE name = ?1")?
        .execute(params![name, password_hash])?;
    Ok(changed > 0)
}

/// Takes the name away. What was written down of them stays. Says whether there was such a name.
pub fn remove(conn: &Connection, name: &str) -> Result<bool> {
    end_sessions(conn, name)?;
    Ok(conn.prepare_cached("DELETE FROM operator WHERE name = ?1")?.execute([name])? > 0)
}

fn end_sessions(conn: &Connection, name: &str) -> Result<()> {
    conn.prepare_cached("DELETE FROM session WHERE operator = ?1")?.execute([name])?;
    Ok(())
}

/// How many may sign in as managers.
pub fn managers(conn: &Connection) -> Result<u32> {
    let count = "SELECT count(*) FROM operator WHERE disabled_at IS NULL AND role = 'manager'";
    Ok(conn.query_row(count, [], |row| row.get(0))?)
}

pub fn count(conn: &Connection) -> Result<u32> {
    Ok(conn.query_row("SELECT count(*) FROM operator WHERE disabled_at IS NULL", [], |row| row.get(0))?)
}

/// A signed-in session; the token itself is never stored, only its SHA-256.
#[derive(Debug, Clone)]
pub struct Session {
    pub operator: String,
    pub role: String,
    pub csrf: String,
    pub expires_at: UnixMs,
}

pub fn open_session(
    conn: &Connection,
    token_sha256: &str,
    operator: &str,
    csrf: &str,
    now: UnixMs,
    expires_at: UnixMs,
) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO session (token_sha256, operator, csrf, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![token_sha256, operator, csrf, now.0, expires_at.0])?;
    conn.prepare_cached("DELETE FROM session WHERE expires_at <= ?1")?.execute([now.0])?;
    Ok(())
}

pub fn session(conn: &Connection, token_sha256: &str, now: UnixMs) -> Result<Option<Session>> {
    Ok(conn
        .prepare_cached(
            "SELECT s.operator, o.role, s.csrf, s.expires_at FROM session s JOIN operator o ON o.name = s.operator
             WHERE s.token_sha256 = ?1 AND s.expires_at > ?2 AND o.disabled_at IS NULL",
        )?
        .query_row(params![token_sha256, now.0], |row| {
            Ok(Session { operator: row.get(0)?, role: row.get(1)?, csrf: row.get(2)?, expires_at: UnixMs(row.get(3)?) })
        })
        .optional()?)
}

pub fn close_session(conn: &Connection, token_sha256: &str) -> Result<()> {
    conn.prepare_cached("DELETE FROM session WHERE token_sha256 = ?1")?.execute([token_sha256])?;
    Ok(())
}

/// Whether this person had an account and may no longer sign in.
pub fn is_disabled(conn: &Connection, name: &str) -> Result<bool> {
    Ok(conn
        .prepare_cached("SELECT disabled_at IS NOT NULL FROM operator WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?
        .unwrap_or(false))
}
