//! Segments: the rows of closed days as columns, a blob each, in `guestlog.db`. A segment is never changed: a later
//! one takes its place, in one transaction with the hot rows that went into it. `pack` knows bytes, `columns` what
//! they mean, `close` when they are made, `cut` how one visitor leaves them, `recut` what becomes of them in another
//! time zone, `seal` what binds them to their places.

pub mod close;
pub mod columns;
pub mod late_engagement;
pub mod pack;
mod remove_visitor;
mod rezone;
mod seal;

pub use self::remove_visitor::Cut;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params_from_iter};

use self::columns::{Col, Extent, Packed, Run};
use self::pack::COUNT_MAX;
use super::error::{Damage, Error};
use crate::base::clock::DAY;
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;
use crate::store::event::PAGE_VIEW;
use crate::store::totals::Totals;

/// Columns of one segment have numbers below this; stored.
const COLUMNS_MAX: i64 = 32;

/// A segment, without its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    pub id: i64,
    pub day: LocalDay,
    pub extent: Extent,
    /// What its rows come to.
    pub figures: Totals,
    /// These numbers are those that were written.
    pub is_whole: bool,
}

impl Segment {
    /// In the order of the row.
    fn numbers(&self) -> [i64; seal::NUMBERS] {
        let Extent { runs, rows, listed, first_ms, last_ms, stored } = self.extent;
        let Totals { visitors, sessions, page_views, completions, value_minor, engaged_ms, bounces, .. } =
            self.figures;
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        [
            self.id,
            self.day.0.into(),
            runs.into(),
            rows.into(),
            listed.into(),
            first_ms,
            last_ms,
            stored.into(),
            count(visitors),
            count(sessions),
            count(page_views),
            count(completions),
            value_minor,
            count(engaged_ms),
            count(bounces),
        ]
    }

    fn sum(&self, account: AccountId) -> u32 {
        seal::sum(account, &self.numbers())
    }

    fn entry(&self, account: AccountId) -> i64 {
        seal::entry(self.day, self.sum(account))
    }
}

/// Number of a stored column.
const fn place_of(id: i64, col: Col) -> i64 {
    id * COLUMNS_MAX + col as i64
}

const FIELDS: &str = "id, day, runs, rows, listed, first_ms, last_ms, stored, visitors, sessions, page_views,
    completions, value_minor, engaged_ms, bounces, sum";

fn read(account: AccountId, row: &Row<'_>) -> rusqlite::Result<Segment> {
    let mut numbers = [0; seal::NUMBERS];
    for (place, number) in numbers.iter_mut().enumerate() {
        *number = row.get(place)?;
    }
    let is_whole = row.get::<_, i64>(seal::NUMBERS)? == i64::from(seal::sum(account, &numbers));
    // A number that does not fit is damage like any other, which the sum has told.
    let count = |number: i64| number as u32;
    let [id, day, runs, rows, listed, first_ms, last_ms, stored, figures @ ..] = numbers;
    let [visitors, sessions, page_views, completions, value_minor, engaged_ms, bounces] = figures;
    Ok(Segment {
        id,
        day: LocalDay(day as i32),
        extent: Extent {
            runs: count(runs),
            rows: count(rows),
            listed: count(listed),
            first_ms,
            last_ms,
            stored: count(stored),
        },
        figures: Totals {
            visitors: visitors.cast_unsigned(),
            sessions: sessions.cast_unsigned(),
            page_views: page_views.cast_unsigned(),
            completions: completions.cast_unsigned(),
            value_minor,
            engaged_ms: engaged_ms.cast_unsigned(),
            bounces: bounces.cast_unsigned(),
            contacts: 0,
        },
        is_whole,
    })
}

/// What the segments of a period are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// In the order of their days.
    pub segments: Vec<Segment>,
    /// Days of which a segment is missing, or has other numbers than were written.
    pub damaged: Vec<LocalDay>,
}

/// Segments with rows in `from_ms <= at_ms < to_ms`. All of the account are looked at: which are of the period is told
/// by numbers that may be damaged, and so may be whose they are.
pub fn list_verified(
    conn: &Connection,
    account: AccountId,
    from_ms: i64,
    to_ms: i64,
) -> Result<Listed, Error> {
    let mut difference = find_sum(conn, account)?;
    let mut listed = Listed::default();
    let mut broken = Vec::new();
    let mut statement =
        conn.prepare_cached(&format!("select {FIELDS} from segment where account_id = ?1 order by day, id"))?;
    for segment in statement.query_map([account.0], |row| read(account, row))? {
        let segment = segment?;
        let entry = segment.entry(account);
        difference ^= entry;
        if !segment.is_whole {
            broken.push((segment.day, entry));
        } else if segment.extent.last_ms >= from_ms && segment.extent.first_ms < to_ms {
            listed.segments.push(segment);
        }
    }
    listed.damaged = match broken.as_slice() {
        [] if difference != 0 => vec![seal::day_of(difference)],
        // One too many, that was written of another account.
        [(_, entry)] if difference == *entry => Vec::new(),
        // The day it was written for, whatever it says now.
        [(day, _)] => vec![LocalDay(day.0 ^ seal::day_of(difference).0)],
        several => several.iter().map(|(day, _)| *day).collect(),
    };
    listed.damaged.retain(|day| {
        let start = i64::from(day.0) * DAY;
        // in whatever time zone
        start.saturating_sub(DAY) < to_ms && start.saturating_add(2 * DAY) > from_ms
    });
    Ok(listed)
}

/// Accounts that have segments.
pub(super) fn list_accounts(conn: &Connection) -> Result<Vec<AccountId>, Error> {
    let mut statement = conn.prepare_cached(
        "select account_id from segment union select id from account where segment_sum <> 0 order by 1",
    )?;
    let accounts = statement.query_map([], |row| row.get(0).map(AccountId))?;
    Ok(accounts.collect::<Result<_, _>>()?)
}

/// Numbers of the columns that are stored of a segment.
pub(super) fn list_columns(conn: &Connection, id: i64) -> Result<Vec<i64>, Error> {
    let first = id * COLUMNS_MAX;
    let mut statement =
        conn.prepare_cached("select id - ?1 from segment_column where id >= ?1 and id < ?2")?;
    let columns = statement.query_map((first, first + COLUMNS_MAX), |row| row.get(0))?;
    Ok(columns.collect::<Result<_, _>>()?)
}

/// Numbers of segments of which there are columns alone.
pub(super) fn list_strays(conn: &Connection) -> Result<Vec<i64>, Error> {
    let mut statement = conn.prepare_cached(
        "select distinct id / ?1 from segment_column c where not exists (select 1 from segment s
             where s.id = c.id / ?1)",
    )?;
    let strays = statement.query_map([COLUMNS_MAX], |row| row.get(0))?;
    Ok(strays.collect::<Result<_, _>>()?)
}

/// The sum of what was written of an account.
fn find_sum(conn: &Connection, account: AccountId) -> Result<i64, Error> {
    Ok(conn
        .prepare_cached("select segment_sum from account where id = ?1")?
        .query_row([account.0], |row| row.get(0))
        .optional()?
        .unwrap_or(0))
}

/// Takes the entry of a segment into the sum of its account, or out of it.
fn update_sum(conn: &Connection, account: AccountId, entry: i64) -> Result<(), Error> {
    conn.prepare_cached("update account set segment_sum = ?2 where id = ?1")?
        .execute((account.0, find_sum(conn, account)? ^ entry))?;
    Ok(())
}

/// Segments that say they have rows in `from_ms <= at_ms < to_ms`, in the order of their days.
pub fn list(conn: &Connection, account: AccountId, from_ms: i64, to_ms: i64) -> Result<Vec<Segment>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {FIELDS} from segment where account_id = ?1 and last_ms >= ?2 and first_ms < ?3 order by day, id"
    ))?;
    let rows = statement.query_map((account.0, from_ms, to_ms), |row| read(account, row))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The segments of a day: one when it is closed, parts while it is open.
pub fn list_of_day(conn: &Connection, account: AccountId, day: LocalDay) -> Result<Vec<Segment>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {FIELDS} from segment where account_id = ?1 and day = ?2 order by id"
    ))?;
    let rows = statement.query_map((account.0, day.0), |row| read(account, row))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The oldest segments, up to a day, that say they ended before `before_ms`; at most `limit`.
pub(super) fn list_ended(
    conn: &Connection,
    account: AccountId,
    last: LocalDay,
    before_ms: i64,
    limit: usize,
) -> Result<Vec<Segment>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {FIELDS} from segment where account_id = ?1 and day <= ?2 and last_ms < ?3 order by day limit ?4"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map((account.0, last.0, before_ms, limit), |row| read(account, row))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Is a segment still there, and not another one in its place?
pub(super) fn is_there(conn: &Connection, id: i64) -> Result<bool, Error> {
    Ok(conn.prepare_cached("select 1 from segment where id = ?1")?.exists([id])?)
}

/// All rows of a segment.
///
/// # Errors
/// `Damaged`, or SQLite's.
pub fn list_runs(conn: &Connection, segment: &Segment) -> Result<Vec<Run>, Error> {
    Reader::prepare(conn)?.runs(segment)
}

/// How long the page view of a session at `at_ms` was visible, as its segment knows it; `None` when none has it.
///
/// # Errors
/// SQLite's; a damaged segment has nothing.
pub fn find_engaged(
    conn: &Connection,
    account: AccountId,
    session: u32,
    at_ms: i64,
) -> Result<Option<u32>, Error> {
    let mut reader = Reader::prepare(conn)?;
    for segment in list(conn, account, at_ms, at_ms.saturating_add(1))? {
        let mut sessions = Vec::new();
        match reader.read(&segment, Col::Session, &mut sessions) {
            Ok(()) if sessions.contains(&session) => {}
            Ok(()) | Err(Error::Damaged(_)) => continue,
            Err(error) => return Err(error),
        }
        let runs = match reader.runs(&segment) {
            Err(Error::Damaged(_)) => continue,
            runs => runs?,
        };
        let mut rows = runs.iter().filter(|run| run.session == session).flat_map(|run| &run.rows);
        if let Some(row) = rows.find(|row| row.kind == PAGE_VIEW && row.at_ms == at_ms) {
            return Ok(Some(row.engaged_ms));
        }
    }
    Ok(None)
}

/// Packs and stores runs; none make no segment.
pub fn insert(conn: &Connection, account: AccountId, day: LocalDay, runs: Vec<Run>) -> Result<(), Error> {
    let Some((extent, figures, packed)) = columns::encode(runs) else { return Ok(()) };
    insert_packed(conn, account, day, extent, figures, packed)?;
    Ok(())
}

/// Puts what is left of a segment in its place, if it is still there: else it has become another one. Answers the
/// number of what is left, or of the segment when that is nothing; `None` when it was not there.
pub(super) fn replace(
    conn: &Connection,
    account: AccountId,
    segment: &Segment,
    left: Option<(Extent, Totals, Packed)>,
) -> Result<Option<i64>, Error> {
    if !is_there(conn, segment.id)? {
        return Ok(None);
    }
    delete(conn, account, segment)?;
    match left {
        Some((extent, figures, packed)) => {
            insert_packed(conn, account, segment.day, extent, figures, packed).map(Some)
        }
        None => Ok(Some(segment.id)),
    }
}

/// Stores columns; answers the segment's number.
fn insert_packed(
    conn: &Connection,
    account: AccountId,
    day: LocalDay,
    extent: Extent,
    figures: Totals,
    packed: Packed,
) -> Result<i64, Error> {
    let mut segment = Segment { id: 0, day, extent, figures, is_whole: true };
    let mut insert = conn.prepare_cached(
        "insert into segment (account_id, day, runs, rows, listed, first_ms, last_ms, stored, visitors, sessions,
            page_views, completions, value_minor, engaged_ms, bounces, sum)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 0) returning id",
    )?;
    let [_, numbers @ ..] = segment.numbers();
    segment.id =
        insert.query_row(params_from_iter(std::iter::once(account.0).chain(numbers)), |row| row.get(0))?;
    // Its own number is in the sum.
    let (id, sum) = (segment.id, segment.sum(account));
    conn.prepare_cached("update segment set sum = ?2 where id = ?1")?.execute((id, sum))?;
    update_sum(conn, account, segment.entry(account))?;
    let mut insert = conn.prepare_cached("insert into segment_column (id, data) values (?1, ?2)")?;
    for (col, mut data) in packed {
        let place = place_of(id, col);
        seal::bind(&mut data, place);
        insert.execute((place, data))?;
    }
    Ok(id)
}

pub fn delete(conn: &Connection, account: AccountId, segment: &Segment) -> Result<(), Error> {
    let first = segment.id * COLUMNS_MAX;
    conn.prepare_cached("delete from segment_column where id >= ?1 and id < ?2")?
        .execute((first, first + COLUMNS_MAX))?;
    conn.prepare_cached("delete from segment where id = ?1")?.execute([segment.id])?;
    if segment.is_whole {
        return update_sum(conn, account, segment.entry(account));
    }
    // What it was written as is not known: the sum is made anew of those that are left.
    let known = list_verified(conn, account, i64::MIN, i64::MAX)?.segments;
    let left = known.iter().fold(0, |sum, segment| sum ^ segment.entry(account));
    update_sum(conn, account, find_sum(conn, account)? ^ left)
}

/// Reads the columns of segments.
pub(in crate::store) struct Reader<'c> {
    find: CachedStatement<'c>,
}

impl<'c> Reader<'c> {
    pub(in crate::store) fn prepare(conn: &'c Connection) -> Result<Self, Error> {
        Ok(Self { find: conn.prepare_cached("select data from segment_column where id = ?1")? })
    }

    /// Appends the values of a column to `out`.
    ///
    /// # Errors
    /// `Damaged`, or SQLite's.
    pub(in crate::store) fn read(
        &mut self,
        segment: &Segment,
        col: Col,
        out: &mut Vec<u32>,
    ) -> Result<(), Error> {
        verify(segment)?;
        columns::read(&segment.extent, col, out, &mut |col| self.load(segment.id, col))
    }

    /// All rows.
    ///
    /// # Errors
    /// `Damaged`, or SQLite's.
    pub(in crate::store) fn runs(&mut self, segment: &Segment) -> Result<Vec<Run>, Error> {
        verify(segment)?;
        columns::decode(&segment.extent, |col| self.load(segment.id, col))
    }

    fn load(&mut self, id: i64, col: Col) -> Result<Vec<u8>, Error> {
        let place = place_of(id, col);
        let found = self.find.query_row([place], |row| row.get(0)).optional()?;
        let mut bytes: Vec<u8> = found.ok_or(Error::Damaged(Damage::Short))?;
        seal::bind(&mut bytes, place);
        Ok(bytes)
    }
}

/// The counts of a segment are looked at before anything is made as large as they say.
fn verify(segment: &Segment) -> Result<(), Damage> {
    let extent = &segment.extent;
    if !segment.is_whole {
        return Err(Damage::Row);
    }
    let counts = [extent.runs, extent.rows, extent.listed];
    if counts.iter().any(|count| *count as usize > COUNT_MAX) || extent.runs > extent.rows {
        return Err(Damage::Inconsistent);
    }
    Ok(())
}
