//! How far the fold has come, written in the transaction that folds.

use rusqlite::{Connection, OptionalExtension};

use crate::store::error::Error;

/// Last inbox id that was folded.
pub fn watermark(conn: &Connection) -> Result<i64, Error> {
    Ok(conn
        .prepare_cached("select watermark from meta where id = 1")?
        .query_row([], |row| row.get(0))
        .optional()?
        .unwrap_or(0))
}

/// Says that everything up to `inbox_id` was folded; in the transaction that folded it.
pub fn update_watermark(conn: &Connection, inbox_id: i64) -> Result<(), Error> {
    conn.prepare_cached("update meta set watermark = ?1 where id = 1")?.execute([inbox_id])?;
    Ok(())
}
