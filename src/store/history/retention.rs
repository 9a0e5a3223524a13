//! Forgetting what is older than it may be: whole closed days, a few in one step, then the visitors of whom nothing is
//! left. Who calls decides what is too old. Texts of the dictionary stay: who still uses one is told by all columns of
//! all days, and by nothing less.

use rusqlite::Connection;

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;
use crate::store::changes::{self, Kind};
use crate::store::error::Error;
use crate::store::hits::event;
use crate::store::segment;

/// Segments dropped in one step.
pub const SEGMENTS: usize = 31;

/// Visitors found in one look: a look is over in seconds, and the next one goes on.
pub const FOUND: usize = 20_000;
/// Visitors, or tokens of theirs, forgotten in one step.
pub const VISITORS: usize = 500;

/// When it was last looked for what is too old; `None` before the first time.
pub fn find_last(conn: &Connection) -> Result<Option<Millis>, Error> {
    Ok(conn.query_row("select retention_ms from meta", [], |row| row.get::<_, Option<i64>>(0))?.map(Millis))
}

pub fn update_last(conn: &Connection, now: Millis) -> Result<(), Error> {
    conn.execute("update meta set retention_ms = ?1", [now.0])?;
    Ok(())
}

/// One step: drops segments of an account that ended before `before`, then what rows there are of that time. `first`
/// is the local day that begins then. Answers whether there is more to do.
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

/// Visitors who may be forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unseen {
    /// In their order.
    pub numbers: Vec<u32>,
    /// Their tokens, in the order of the tokens: so neighbours go together, which costs a fifth.
    pub tokens: Vec<(String, u32)>,
}

/// Visitors of whom nothing is kept, `FOUND` at most, and before when they were last seen: `before`, or the first row
/// that is kept all the same. None is found while a day cannot be read: he may be in it. Contacts and who belongs to
/// one are kept. There is no index for it: all visitors and tokens of the account are looked at.
pub fn list_unseen(conn: &Connection, account: AccountId, before: Millis) -> Result<(Unseen, Millis), Error> {
    let kept = segment::list_verified(conn, account, i64::MIN, i64::MAX)?;
    let hot = event::find_first(conn, account, i64::MIN, i64::MAX)?;
    let rows = kept.segments.iter().map(|segment| segment.extent.first_ms).chain(hot);
    let before = Millis(rows.fold(before.0, i64::min));
    if !kept.damaged.is_empty() {
        return Ok((Unseen::default(), before));
    }
    let mut numbers = conn.prepare_cached(
        "select number from visitor
         where account_id = ?1 and last_ms < ?2 and no_browser = 0 and contact_id is null
         order by number limit ?3",
    )?;
    let limit = i64::try_from(FOUND).unwrap_or(i64::MAX);
    let numbers = numbers.query_map((account.0, before.0, limit), |row| row.get(0))?;
    let mut unseen = Unseen { numbers: numbers.collect::<Result<_, _>>()?, tokens: Vec::new() };
    if !unseen.numbers.is_empty() {
        let mut tokens = conn.prepare_cached(
            "select token, number from visitor_token where account_id = ?1 order by account_id, token",
        )?;
        let mut rows = tokens.query([account.0])?;
        while let Some(row) = rows.next()? {
            let number = row.get(1)?;
            if unseen.numbers.binary_search(&number).is_ok() {
                unseen.tokens.push((row.get(0)?, number));
            }
        }
    }
    Ok((unseen, before))
}

/// What makes a visitor one who may be forgotten; asked again when he is.
const IS_UNSEEN: &str = "last_ms < ?3 and no_browser = 0 and contact_id is null
    and not exists (select 1 from session where account_id = ?1 and id = visitor.session_id)";

/// One step, of the first ones: forgets tokens of visitors who were not seen again since they were found. Who comes
/// back later is a new visitor.
pub fn delete_tokens(
    conn: &Connection,
    account: AccountId,
    before: Millis,
    tokens: &[(String, u32)],
) -> Result<(), Error> {
    let mut delete = conn.prepare_cached(&format!(
        "delete from visitor_token where account_id = ?1 and number = ?2 and token = ?4
             and exists (select 1 from visitor where account_id = ?1 and number = ?2 and {IS_UNSEEN})"
    ))?;
    for (token, number) in tokens {
        delete.execute((account.0, number, before.0, token))?;
    }
    changes::raise(conn, account, Kind::Visitors)?;
    Ok(())
}

/// One step, of the last ones: forgets visitors, but for whoever was seen again. Their numbers are never
/// given again. Answers how many they were.
pub fn delete_unseen(
    conn: &Connection,
    account: AccountId,
    before: Millis,
    numbers: &[u32],
) -> Result<usize, Error> {
    let mut visitor = conn.prepare_cached(&format!(
        "delete from visitor where account_id = ?1 and number = ?2 and {IS_UNSEEN}"
    ))?;
    let mut said =
        conn.prepare_cached("delete from identification where account_id = ?1 and visitor = ?2")?;
    let mut forgotten = 0;
    for number in numbers {
        if visitor.execute((account.0, number, before.0))? > 0 {
            said.execute((account.0, number))?;
            forgotten += 1;
        }
    }
    if forgotten > 0 {
        changes::raise(conn, account, Kind::Visitors)?;
    }
    Ok(forgotten)
}
