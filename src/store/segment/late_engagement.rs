//! How long page views were visible, as far as that became known after their day was closed. Segments do not change, so
//! it waits in this table until the segment is rewritten for it. Until then reports and timelines add it when they read.

use rusqlite::Connection;
use rustc_hash::FxHashMap;

use crate::domain::account::AccountId;
use crate::store::error::Error;

/// Engaged times by session and time of the page view.
pub(in crate::store) type Late = FxHashMap<(u32, i64), u32>;

/// Keeps how long a page view was visible, the longest that was reported for its session and time.
pub fn upsert(
    conn: &Connection,
    account: AccountId,
    session: u32,
    at_ms: i64,
    engaged_ms: u32,
) -> Result<(), Error> {
    conn.prepare_cached(
        "insert into late_engagement (account_id, session_id, at_ms, engaged_ms) values (?1, ?2, ?3, ?4)
         on conflict do update set engaged_ms = max(engaged_ms, ?4)",
    )?
    .execute((account.0, session, at_ms, engaged_ms))?;
    Ok(())
}

/// What is waiting for the sessions that are wanted.
pub(in crate::store) fn list(
    conn: &Connection,
    account: AccountId,
    is_wanted: impl Fn(u32) -> bool,
) -> Result<Late, Error> {
    let mut statement = conn
        .prepare_cached("select session_id, at_ms, engaged_ms from late_engagement where account_id = ?1")?;
    let rows = statement.query_map([account.0], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
    rows.filter(|row| row.as_ref().map_or(true, |((session, _), _)| is_wanted(*session)))
        .collect::<Result<_, _>>()
        .map_err(Error::from)
}

/// Deletes what is in the segments now. An engagement that has grown since stays.
pub(super) fn delete(conn: &Connection, account: AccountId, late: &Late) -> Result<(), Error> {
    let mut statement = conn.prepare_cached(
        "delete from late_engagement
         where account_id = ?1 and session_id = ?2 and at_ms = ?3 and engaged_ms = ?4",
    )?;
    for ((session, at_ms), engaged_ms) in late {
        statement.execute((account.0, session, at_ms, engaged_ms))?;
    }
    Ok(())
}
