//! Forgetting what is older than it may be: whole closed days, a few in one step. Who calls decides what is too old.

use rusqlite::Connection;

use super::error::Error;
use super::{event, segment};
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;

/// Segments dropped in one step.
pub const SEGMENTS: usize = 31;

/// When it was last looked for what is too old; `None` before the first time.
///
/// # Errors
/// SQLite's.
pub fn find_last(conn: &Connection) -> Result<Option<Millis>, Error> {
    Ok(conn.query_row("select retention_ms from meta", [], |row| row.get::<_, Option<i64>>(0))?.map(Millis))
}

/// # Errors
/// SQLite's.
pub fn update_last(conn: &Connection, now: Millis) -> Result<(), Error> {
    conn.execute("update meta set retention_ms = ?1", [now.0])?;
    Ok(())
}

/// One step: drops segments of an account that ended before `before`, then what rows there are of that time. `first`
/// is the local day that begins then. Answers whether there is more to do.
///
/// # Errors
/// SQLite's.
pub fn step(conn: &Connection, account: AccountId, first: LocalDay, before: Millis) -> Result<bool, Error> {
    let old: Vec<i64> = conn
        .prepare_cached(
            "select id from segment where account_id = ?1 and day <= ?2 and last_ms < ?3 order by day limit ?4",
        )?
        // a day cut in another time zone may have another number
        .query_map((account.0, first.0 + 1, before.0, SEGMENTS as i64), |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in &old {
        segment::delete(conn, *id)?;
    }
    if old.len() == SEGMENTS {
        return Ok(true);
    }
    event::delete_between(conn, account, i64::MIN, before.0)?;
    for sql in [
        "delete from event_property where account_id = ?1 and at_ms < ?2",
        "delete from late_engagement where account_id = ?1 and at_ms < ?2",
        "delete from session where account_id = ?1 and last_ms < ?2",
    ] {
        conn.prepare_cached(sql)?.execute((account.0, before.0))?;
    }
    conn.prepare_cached("delete from bot_day where account_id = ?1 and day < ?2")?
        .execute((account.0, first.0))?;
    Ok(false)
}
