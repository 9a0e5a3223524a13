//! Dead letters: hits that could not be folded, each with the reason. They can be replayed.

use rusqlite::{Connection, OptionalExtension, Row};

use crate::store::error::Error;

/// Longest reason that is stored, in characters.
const ERROR_MAX: usize = 1_024;

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

/// Records that folding failed again.
pub fn update(conn: &Connection, inbox_id: i64, failed_ms: i64, error: &str) -> Result<(), Error> {
    let error: String = error.chars().take(ERROR_MAX).collect();
    conn.prepare_cached("update dead_letter set failed_ms = ?2, error = ?3 where inbox_id = ?1")?
        .execute((inbox_id, failed_ms, error))?;
    Ok(())
}

/// The ids of the oldest `limit` dead letters with `after < id <= end`.
pub fn list_ids(conn: &Connection, after: i64, end: i64, limit: u32) -> Result<Vec<i64>, Error> {
    let mut statement = conn.prepare_cached(
        "select inbox_id from dead_letter where inbox_id > ?1 and inbox_id <= ?2 order by inbox_id limit ?3",
    )?;
    let rows = statement.query_map((after, end, limit), |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The hit as it was in the inbox.
pub fn find_body(conn: &Connection, inbox_id: i64) -> Result<Option<Vec<u8>>, Error> {
    let mut statement = conn.prepare_cached("select body from dead_letter where inbox_id = ?1")?;
    Ok(statement.query_row([inbox_id], |row| row.get(0)).optional()?)
}

/// How many dead letters there are, and how many bytes their hits have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub count: u64,
    pub bytes: u64,
}

pub fn totals(conn: &Connection) -> Result<Totals, Error> {
    let mut statement =
        conn.prepare_cached("select count(*), coalesce(sum(length(body)), 0) from dead_letter")?;
    let number = |value: i64| u64::try_from(value).unwrap_or(0);
    let totals = |row: &Row<'_>| Ok(Totals { count: number(row.get(0)?), bytes: number(row.get(1)?) });
    Ok(statement.query_row([], totals)?)
}

/// Deletes the oldest `limit` dead letters with `id <= end`. Answers how many there were.
pub fn delete_oldest(conn: &Connection, end: i64, limit: u32) -> Result<usize, Error> {
    let sql = "delete from dead_letter where inbox_id in
               (select inbox_id from dead_letter where inbox_id <= ?1 order by inbox_id limit ?2)";
    Ok(conn.prepare_cached(sql)?.execute((end, limit))?)
}

pub fn delete(conn: &Connection, inbox_id: i64) -> Result<(), Error> {
    conn.prepare_cached("delete from dead_letter where inbox_id = ?1")?.execute([inbox_id])?;
    Ok(())
}
