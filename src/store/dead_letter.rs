//! Hits that could not be folded, with the reason; they can be replayed.

use rusqlite::Connection;

use super::error::Error;

/// Longest reason kept, characters.
const ERROR_MAX: usize = 1_024;

/// # Errors
/// SQLite's.
pub fn insert(
    conn: &Connection,
    inbox_id: i64,
    failed_ms: i64,
    error: &str,
    body: &[u8],
) -> Result<(), Error> {
    let error: String = error.chars().take(ERROR_MAX).collect();
    conn.prepare_cached(
        "insert or replace into dead_letter (inbox_id, failed_ms, error, body) values (?1, ?2, ?3, ?4)",
    )?
    .execute((inbox_id, failed_ms, error, body))?;
    Ok(())
}

/// A letter as it lies there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    pub inbox_id: i64,
    pub failed_ms: i64,
    pub error: String,
    pub body: Vec<u8>,
}

/// The oldest letters after `after`.
///
/// # Errors
/// SQLite's.
pub fn list(conn: &Connection, after: i64, limit: u32) -> Result<Vec<DeadLetter>, Error> {
    let mut statement = conn.prepare_cached(
        "select inbox_id, failed_ms, error, body from dead_letter where inbox_id > ?1 order by inbox_id limit ?2",
    )?;
    let rows = statement.query_map((after, limit), |row| {
        Ok(DeadLetter {
            inbox_id: row.get(0)?,
            failed_ms: row.get(1)?,
            error: row.get(2)?,
            body: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// # Errors
/// SQLite's.
pub fn count(conn: &Connection) -> Result<i64, Error> {
    Ok(conn.query_row("select count(*) from dead_letter", [], |row| row.get(0))?)
}

/// # Errors
/// SQLite's.
pub fn delete(conn: &Connection, inbox_id: i64) -> Result<(), Error> {
    conn.prepare_cached("delete from dead_letter where inbox_id = ?1")?.execute([inbox_id])?;
    Ok(())
}
