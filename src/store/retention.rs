//! Forgetting what is older than it may be: whole closed days, a few in one step, then the visitors of whom nothing is
//! left. Who calls decides what is too old. Texts of the dictionary stay: who still uses one is told by all columns of
//! all days, and by nothing less.

use rusqlite::Connection;
use rustc_hash::FxHashMap;

use super::error::Error;
use super::{erase, event, segment};
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;

/// Segments dropped in one step.
pub const SEGMENTS: usize = 31;

/// Visitors found in one look.
pub const FOUND: usize = 50_000;
/// Visitors forgotten in one step.
pub const VISITORS: usize = 500;

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
    // a day cut in another time zone may have another number
    let old = segment::list_ended(conn, account, first.plus(1), before.0, SEGMENTS)?;
    for segment in &old {
        segment::delete(conn, account, segment)?;
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

/// A visitor who may be forgotten, with his tokens.
pub type Unseen = (u32, Vec<String>);

/// Visitors of whom nothing is kept, `FOUND` at most, and before when they were last seen: `before`, or the first row
/// that is kept all the same. None is found while a day cannot be read: he may be in it. Contacts and who belongs to
/// one are kept. There is no index for it: all visitors and tokens of the account are looked at.
///
/// # Errors
/// SQLite's.
pub fn list_unseen(
    conn: &Connection,
    account: AccountId,
    before: Millis,
) -> Result<(Vec<Unseen>, Millis), Error> {
    let kept = segment::list_verified(conn, account, i64::MIN, i64::MAX)?;
    let hot = event::find_first(conn, account, i64::MIN, i64::MAX)?;
    let rows = kept.segments.iter().map(|segment| segment.extent.first_ms).chain(hot);
    let before = Millis(rows.fold(before.0, i64::min));
    if !kept.damaged.is_empty() {
        return Ok((Vec::new(), before));
    }
    let mut unseen: FxHashMap<u32, Vec<String>> = FxHashMap::default();
    let mut numbers = conn.prepare_cached(
        "select number from visitor
         where account_id = ?1 and last_ms < ?2 and no_browser = 0 and contact_id is null limit ?3",
    )?;
    let limit = i64::try_from(FOUND).unwrap_or(i64::MAX);
    let mut found = numbers.query((account.0, before.0, limit))?;
    while let Some(row) = found.next()? {
        unseen.insert(row.get(0)?, Vec::new());
    }
    if !unseen.is_empty() {
        let mut tokens =
            conn.prepare_cached("select number, token from visitor_token where account_id = ?1")?;
        let mut rows = tokens.query([account.0])?;
        while let Some(row) = rows.next()? {
            if let Some(his) = unseen.get_mut(&row.get(0)?) {
                his.push(row.get(1)?);
            }
        }
    }
    let mut unseen: Vec<Unseen> = unseen.into_iter().collect();
    unseen.sort_unstable_by_key(|(number, _)| *number);
    Ok((unseen, before))
}

/// One step: forgets these visitors, but for whoever was seen again since they were found. Their numbers are never given
/// again. Answers how many they were.
///
/// # Errors
/// SQLite's.
pub fn delete_unseen(
    conn: &Connection,
    account: AccountId,
    before: Millis,
    unseen: &[Unseen],
) -> Result<usize, Error> {
    let mut visitor = conn.prepare_cached(
        "delete from visitor where account_id = ?1 and number = ?2 and last_ms < ?3 and contact_id is null
             and not exists (select 1 from session where account_id = ?1 and id = visitor.session_id)",
    )?;
    let mut token = conn
        .prepare_cached("delete from visitor_token where account_id = ?1 and token = ?2 and number = ?3")?;
    let mut said =
        conn.prepare_cached("delete from identification where account_id = ?1 and visitor = ?2")?;
    let mut forgotten = 0;
    for (number, tokens) in unseen {
        if visitor.execute((account.0, number, before.0))? == 0 {
            continue;
        }
        for his in tokens {
            token.execute((account.0, his, number))?;
        }
        said.execute((account.0, number))?;
        forgotten += 1;
    }
    if forgotten > 0 {
        erase::raise_erasures(conn)?;
    }
    Ok(forgotten)
}
