//! How long an account keeps each kind of data, and deleting what is older: whole closed days, a few per step, page views
//! or completions of days whose other rows are kept, then the visitors of whom nothing is left. The caller decides what is
//! too old. Texts of the dictionary are kept, because only all columns of all days together could say whether a text is
//! still used.

use std::collections::VecDeque;

use rusqlite::Connection;

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;
use crate::domain::retention::{Kind as Kept, Retention};
use crate::store::changes::{self, Kind};
use crate::store::error::Error;
use crate::store::hits::{event, session};
use crate::store::people::{form, submission};
use crate::store::segment::{self, Removal, Segment, rewrite};

/// Segments deleted per step.
pub const SEGMENTS: usize = 31;

/// Submissions of forms deleted per step.
const SUBMISSIONS: usize = 1_000;

/// Visitors found by one search. A search takes seconds, and the next one continues.
pub const FOUND: usize = 20_000;
/// Visitors, or tokens, deleted per step.
pub const VISITORS: usize = 500;

/// Rows of segments rewritten in one transaction; the last segment may exceed it.
const ROWS: u32 = 400_000;

/// How long an account keeps each kind of data; `default` holds for kinds that it has not chosen.
pub fn find(conn: &Connection, account: AccountId, default: Retention) -> Result<Retention, Error> {
    let mut statement = conn.prepare_cached("select kind, months from retention where account_id = ?1")?;
    let mut rows = statement.query([account.0])?;
    let mut retention = default;
    while let Some(row) = rows.next()? {
        // A kind that a later program has written is none of this one.
        if let Some(kind) =
            Kept::parse(row.get_ref(0)?.as_str().map_err(|error| Error::Sqlite(error.into()))?)
        {
            retention.set(kind, row.get(1)?);
        }
    }
    Ok(retention)
}

pub fn upsert(conn: &Connection, account: AccountId, retention: &Retention) -> Result<(), Error> {
    let mut statement = conn.prepare_cached(
        "insert into retention (account_id, kind, months) values (?1, ?2, ?3)
         on conflict do update set months = ?3",
    )?;
    for kind in Kept::ALL {
        statement.execute((account.0, kind.as_str(), retention.months(kind)))?;
    }
    Ok(())
}

/// When retention last ran.
pub fn find_last(conn: &Connection) -> Result<Option<Millis>, Error> {
    Ok(conn.query_row("select retention_ms from meta", [], |row| row.get::<_, Option<i64>>(0))?.map(Millis))
}

pub fn update_last(conn: &Connection, now: Millis) -> Result<(), Error> {
    conn.execute("update meta set retention_ms = ?1", [now.0])?;
    Ok(())
}

/// Deletes segments of an account that ended before `before`, and then its other rows of that time. `first` is the
/// local day that begins at `before`. Answers whether there is more to do.
pub fn step(conn: &Connection, account: AccountId, first: LocalDay, before: Millis) -> Result<bool, Error> {
    // A day that was divided by another time zone may be numbered one higher.
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
    ] {
        conn.prepare_cached(sql)?.execute((account.0, before.0))?;
    }
    session::delete_ended(conn, account, before.0)?;
    conn.prepare_cached("delete from bot_day where account_id = ?1 and day < ?2")?
        .execute((account.0, first.0))?;
    Ok(false)
}

/// Deletes a step of submissions that came before `before`, and forms that have none left. Answers whether there is more.
pub fn delete_submissions(conn: &Connection, account: AccountId, before: Millis) -> Result<bool, Error> {
    if submission::delete_before(conn, account, before, SUBMISSIONS)? == SUBMISSIONS {
        return Ok(true);
    }
    form::delete_unused(conn, account, before)?;
    Ok(false)
}

/// The segments that ended before `before` and have rows of a kind that is not kept as long as the other rows.
pub fn list_with(
    conn: &Connection,
    account: AccountId,
    kind: Kept,
    before: Millis,
) -> Result<VecDeque<Segment>, Error> {
    let has_rows = |segment: &Segment| match kind {
        Kept::Visits => segment.totals.page_views > 0,
        Kept::Completions => segment.totals.completions > 0,
        Kept::Submissions | Kept::Contacts | Kept::ConsentLog | Kept::AuditLog => false,
    };
    let mut segments = segment::list(conn, account, i64::MIN, before.0)?;
    segments.retain(|segment| segment.extent.last_ms < before.0 && has_rows(segment));
    Ok(segments.into())
}

/// Prepares the next segments without their page views, or without their completions.
pub fn prepare_without(
    conn: &Connection,
    kind: Kept,
    segments: &mut VecDeque<Segment>,
) -> Result<Vec<Removal>, Error> {
    let unchanged = "what is too old stays in it";
    rewrite::prepare_next(conn, segments, ROWS, unchanged, |reader, segment| {
        Removal::of_kind(reader, &segment, kind == Kept::Completions).map(Some)
    })
}

/// Replaces segments by those that were prepared.
pub fn apply(conn: &Connection, account: AccountId, removals: Vec<Removal>) -> Result<(), Error> {
    removals.into_iter().try_for_each(|removal| removal.apply(conn, account))
}

/// Deletes the properties of completions before `before`.
pub fn delete_properties(conn: &Connection, account: AccountId, before: Millis) -> Result<(), Error> {
    conn.prepare_cached("delete from event_property where account_id = ?1 and at_ms < ?2")?
        .execute((account.0, before.0))?;
    Ok(())
}

/// Visitors who may be deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unseen {
    /// In ascending order.
    pub numbers: Vec<u32>,
    /// Their tokens, ordered by token: deleting neighbours together saves a fifth of the time.
    pub tokens: Vec<(String, u32)>,
}

/// At most `FOUND` visitors of whom nothing is kept, and the time before which they were last seen: `before`, or the
/// time of the first row that is kept, if that is earlier. Contacts and their visitors are kept. While a day cannot
/// be read nobody is found, because any visitor may be in it. No index serves this: all visitors and tokens of the
/// account are read.
pub fn list_unseen(conn: &Connection, account: AccountId, before: Millis) -> Result<(Unseen, Millis), Error> {
    let kept = segment::list_verified(conn, account, i64::MIN, i64::MAX)?;
    let hot = event::find_first(conn, account, i64::MIN, i64::MAX)?;
    let rows = kept.segments.iter().map(|segment| segment.extent.first_ms).chain(hot);
    let before = Millis(rows.fold(before.0, i64::min));
    if !kept.damaged_days.is_empty() {
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

/// The condition for deleting a visitor. It is checked again in the transaction that deletes.
const IS_UNSEEN: &str = "last_ms < ?3 and no_browser = 0 and contact_id is null
    and not exists (select 1 from session where key = (?1 << 32) + visitor.session_id)";

/// Deletes tokens of visitors who were not seen again since they were found. The tokens go before the visitors, so that
/// a browser that comes back later becomes a new visitor.
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

/// Deletes visitors who were not seen again, and answers how many. Their numbers are never used again.
pub fn delete_unseen(
    conn: &Connection,
    account: AccountId,
    before: Millis,
    numbers: &[u32],
) -> Result<usize, Error> {
    let mut visitor = conn.prepare_cached(&format!(
        "delete from visitor where account_id = ?1 and number = ?2 and {IS_UNSEEN}"
    ))?;
    let mut identification =
        conn.prepare_cached("delete from identification where account_id = ?1 and visitor = ?2")?;
    let mut deleted = 0;
    for number in numbers {
        if visitor.execute((account.0, number, before.0))? > 0 {
            identification.execute((account.0, number))?;
            deleted += 1;
        }
    }
    if deleted > 0 {
        changes::raise(conn, account, Kind::Visitors)?;
    }
    Ok(deleted)
}

/// Rows of logs that are deleted in a step.
const LOG_ROWS: usize = 1_000;

/// Deletes a step of audit rows and of changes of custom JavaScript of an account that are older than `before`; without an
/// account, audit rows of the server. The last audit row, and the last change of each event, stay: what follows continues
/// from them. Answers whether there is more.
pub fn delete_log_rows(conn: &Connection, account: Option<AccountId>, before: Millis) -> Result<bool, Error> {
    let mut deleted = 0;
    for sql in [
        "delete from audit where id in (select id from audit
             where at_ms < ?1 and account_id is ?3 and id < (select max(id) from audit) order by id limit ?2)",
        "delete from event_script_change where id in (select id from event_script_change c
             where at_ms < ?1 and account_id is ?3 and exists (select 1 from event_script_change l
                 where l.account_id = c.account_id and l.number = c.number and l.id > c.id)
             order by id limit ?2)",
    ] {
        let account = account.map(|account| account.0);
        deleted = deleted.max(conn.prepare_cached(sql)?.execute((before.0, LOG_ROWS as i64, account))?);
    }
    Ok(deleted == LOG_ROWS)
}

/// How many audit rows of an account are older than `before`.
pub fn count_log_rows(conn: &Connection, account: AccountId, before: Millis) -> Result<u64, Error> {
    Ok(conn
        .prepare_cached("select count(*) from audit where account_id = ?1 and at_ms < ?2")?
        .query_row((account.0, before.0), |row| row.get::<_, u32>(0))?
        .into())
}
