//! How far the fold has come. It is written in the transaction that folds, so that no hit is counted twice or lost.

use rusqlite::{Connection, OptionalExtension};

use crate::store::error::Error;

/// The inbox id of the last hit that was folded.
pub fn watermark(conn: &Connection) -> Result<i64, Error> {
    Ok(conn
        .prepare_cached("select watermark from meta where id = 1")?
        .query_row([], |row| row.get(0))
        .optional()?
        .unwrap_or(0))
}

pub fn update_watermark(conn: &Connection, inbox_id: i64) -> Result<(), Error> {
    conn.prepare_cached("update meta set watermark = ?1 where id = 1")?.execute([inbox_id])?;
    Ok(())
}
