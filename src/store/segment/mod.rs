//! Segments: the events of closed days, stored as columns in `guestlog.db`.
//!
//! While a day is open, each of its events is a row of the table `event_hot` (a *hot row*). Inserting such a row is
//! cheap, but it takes about 100 bytes, and a report has to read all of it. When the day is closed, its rows move into
//! a segment: one row of the table `segment` with counts and totals, and one blob per column in `segment_column`. An
//! event then takes about 10 bytes, and a report reads only the columns it needs.
//!
//! A segment never changes. To change its content (late events, another time zone, an erased visitor, completions
//! that are counted back) new segments are inserted and the old ones deleted in the same transaction. A reader may
//! therefore prepare such a change outside the transaction: if the old segments still exist when the change is
//! applied, the change is still right. So the writer never decodes a segment, and no hit waits for it.
//!
//! | module | what it does |
//! |---|---|
//! | `pack` | turns numbers into few bytes, and back |
//! | `columns` | says what the columns mean, turns rows into columns, and back |
//! | `checksum` | detects segments and columns that are missing, changed or exchanged |
//! | `rewrite` | replaces segments by others |
//! | `close` | all steps of closing days, in order |
//! | `move_rows` | moves hot rows into segments |
//! | `rezone` | divides segments into days again after the account changed its time zone |
//! | `merge` | joins the segments of a closed day, and brings sessions up to date that changed late |
//! | `late_engagement` | keeps what arrives about a page view after its day was closed |
//! | `remove_visitors` | makes a segment without some visitors |

mod checksum;
pub mod close;
pub mod columns;
pub mod late_engagement;
mod merge;
mod move_rows;
pub mod pack;
mod remove_visitors;
pub(super) mod rewrite;
mod rezone;

use std::ops::Range;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, Row, params_from_iter};

use self::columns::{Col, Columns, Content, Extent, Run};
use self::pack::COUNT_MAX;
pub use self::remove_visitors::Removal;
use super::error::{Damage, Error};
use crate::base::clock::DAY;
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;
use crate::store::event::Completion;
use crate::store::totals::Totals;

/// The ids of the columns of segment `n` begin at this times `n`. The number is part of the file format.
const COLUMN_IDS: i64 = 32;

/// A row of the table `segment`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    pub id: i64,
    pub day: LocalDay,
    pub extent: Extent,
    pub totals: Totals,
    /// The row has the checksum of what was written.
    pub is_intact: bool,
}

impl Segment {
    /// What the row holds, in the order of `FIELDS`.
    fn numbers(&self) -> [i64; checksum::NUMBERS] {
        let Extent { runs, rows, page_list_len, first_ms, last_ms, stored } = self.extent;
        let Totals { visitors, sessions, page_views, completions, value_minor, engaged_ms, bounces, .. } =
            self.totals;
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        [
            self.id,
            self.day.0.into(),
            runs.into(),
            rows.into(),
            page_list_len.into(),
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

    fn checksum(&self, account: AccountId) -> u32 {
        checksum::of_row(account, &self.numbers())
    }

    fn checksum_entry(&self, account: AccountId) -> i64 {
        checksum::account_entry(self.day, self.checksum(account))
    }

    fn log_damage(&self, account: AccountId, damage: &Damage) {
        tracing::error!(account = account.0, day = self.day.0, segment = self.id, %damage, "a segment is damaged");
    }
}

const fn column_id(segment_id: i64, col: Col) -> i64 {
    segment_id * COLUMN_IDS + col as i64
}

const FIELDS: &str = "id, day, runs, rows, listed, first_ms, last_ms, stored, visitors, sessions, page_views,
    completions, value_minor, engaged_ms, bounces, sum";

fn read(account: AccountId, row: &Row<'_>) -> rusqlite::Result<Segment> {
    let mut numbers = [0; checksum::NUMBERS];
    for (index, number) in numbers.iter_mut().enumerate() {
        *number = row.get(index)?;
    }
    let checksum = i64::from(checksum::of_row(account, &numbers));
    // A number that does not fit was changed after it was written, so the checksum differs too.
    let count = |number: i64| number as u32;
    let [id, day, runs, rows, page_list_len, first_ms, last_ms, stored, totals @ ..] = numbers;
    let [visitors, sessions, page_views, completions, value_minor, engaged_ms, bounces] = totals;
    Ok(Segment {
        id,
        day: LocalDay(day as i32),
        extent: Extent {
            runs: count(runs),
            rows: count(rows),
            page_list_len: count(page_list_len),
            first_ms,
            last_ms,
            stored: count(stored),
        },
        totals: Totals {
            visitors: visitors.cast_unsigned(),
            sessions: sessions.cast_unsigned(),
            page_views: page_views.cast_unsigned(),
            completions: completions.cast_unsigned(),
            value_minor,
            engaged_ms: engaged_ms.cast_unsigned(),
            bounces: bounces.cast_unsigned(),
            contacts: 0,
        },
        is_intact: row.get::<_, i64>(checksum::NUMBERS)? == checksum,
    })
}

/// The segments of an account that satisfy `condition`, in which the account is `?1`.
fn query(
    conn: &Connection,
    account: AccountId,
    condition: &str,
    params: impl Params,
) -> Result<Vec<Segment>, Error> {
    let mut statement =
        conn.prepare_cached(&format!("select {FIELDS} from segment where account_id = ?1 {condition}"))?;
    let segments = statement.query_map(params, |row| read(account, row))?;
    Ok(segments.collect::<Result<_, _>>()?)
}

/// The segments of a period after every check that needs no column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifiedSegments {
    /// Ordered by day.
    pub segments: Vec<Segment>,
    /// Days whose segment is missing or whose row was changed.
    pub damaged_days: Vec<LocalDay>,
}

/// The segments with rows in `from_ms <= at_ms < to_ms`, and the days of that period that are damaged.
///
/// This reads the rows of all segments of the account, because the columns an index could use (day, time, account) may
/// be the damaged ones.
pub fn list_verified(
    conn: &Connection,
    account: AccountId,
    from_ms: i64,
    to_ms: i64,
) -> Result<VerifiedSegments, Error> {
    let mut difference = find_account_checksum(conn, account)?;
    let mut verified = VerifiedSegments::default();
    let mut changed = Vec::new();
    for segment in query(conn, account, "order by day, id", [account.0])? {
        let entry = segment.checksum_entry(account);
        difference ^= entry;
        if !segment.is_intact {
            changed.push((segment.day, entry));
        } else if segment.extent.last_ms >= from_ms && segment.extent.first_ms < to_ms {
            verified.segments.push(segment);
        }
    }
    verified.damaged_days = match changed.as_slice() {
        [] if difference != 0 => vec![checksum::day_of(difference)],
        // The only changed row never belonged to this account: nothing of this account is missing.
        [(_, entry)] if difference == *entry => Vec::new(),
        // The difference holds the day the row was written with, whatever day it has now.
        [(day, _)] => vec![LocalDay(day.0 ^ checksum::day_of(difference).0)],
        several => several.iter().map(|(day, _)| *day).collect(),
    };
    verified.damaged_days.retain(|day| {
        // The day may begin up to 24 hours earlier or later, depending on the time zone.
        let start = i64::from(day.0) * DAY;
        start.saturating_sub(DAY) < to_ms && start.saturating_add(2 * DAY) > from_ms
    });
    Ok(verified)
}

/// Accounts that have segments, or once had some by their checksum.
pub(super) fn list_accounts(conn: &Connection) -> Result<Vec<AccountId>, Error> {
    let mut statement = conn.prepare_cached(
        "select account_id from segment union select id from account where segment_sum <> 0 order by 1",
    )?;
    let accounts = statement.query_map([], |row| row.get(0).map(AccountId))?;
    Ok(accounts.collect::<Result<_, _>>()?)
}

/// The numbers of the columns that a segment has in `segment_column`.
pub(super) fn list_columns(conn: &Connection, segment_id: i64) -> Result<Vec<i64>, Error> {
    let first = segment_id * COLUMN_IDS;
    let mut statement =
        conn.prepare_cached("select id - ?1 from segment_column where id >= ?1 and id < ?2")?;
    let columns = statement.query_map((first, first + COLUMN_IDS), |row| row.get(0))?;
    Ok(columns.collect::<Result<_, _>>()?)
}

/// The ids of segments that have columns but no row.
pub(super) fn list_orphans(conn: &Connection) -> Result<Vec<i64>, Error> {
    let mut statement = conn.prepare_cached(
        "select distinct id / ?1 from segment_column c where not exists (select 1 from segment s
             where s.id = c.id / ?1)",
    )?;
    let orphans = statement.query_map([COLUMN_IDS], |row| row.get(0))?;
    Ok(orphans.collect::<Result<_, _>>()?)
}

fn find_account_checksum(conn: &Connection, account: AccountId) -> Result<i64, Error> {
    Ok(conn
        .prepare_cached("select segment_sum from account where id = ?1")?
        .query_row([account.0], |row| row.get(0))
        .optional()?
        .unwrap_or(0))
}

/// Adds the entry of a segment to the checksum of its account, or removes it: both are the same exclusive or.
fn update_account_checksum(conn: &Connection, account: AccountId, entry: i64) -> Result<(), Error> {
    conn.prepare_cached("update account set segment_sum = ?2 where id = ?1")?
        .execute((account.0, find_account_checksum(conn, account)? ^ entry))?;
    Ok(())
}

/// The segments with rows in `from_ms <= at_ms < to_ms`, ordered by day, without a check of their checksums.
pub fn list(conn: &Connection, account: AccountId, from_ms: i64, to_ms: i64) -> Result<Vec<Segment>, Error> {
    let condition = "and last_ms >= ?2 and first_ms < ?3 order by day, id";
    query(conn, account, condition, (account.0, from_ms, to_ms))
}

/// The segments of a day: one of a closed day, and any number of an open or a very busy day.
pub fn list_of_day(conn: &Connection, account: AccountId, day: LocalDay) -> Result<Vec<Segment>, Error> {
    query(conn, account, "and day = ?2 order by id", (account.0, day.0))
}

/// The segments of the days before `before` that have more than one, ordered by day.
fn list_divided(conn: &Connection, account: AccountId, before: LocalDay) -> Result<Vec<Segment>, Error> {
    let condition = "and day in (select day from segment where account_id = ?1 and day < ?2
         group by day having count(*) > 1) order by day, id";
    query(conn, account, condition, (account.0, before.0))
}

/// The oldest `limit` segments of days up to `last` whose last row is before `before_ms`.
pub(super) fn list_ended(
    conn: &Connection,
    account: AccountId,
    last: LocalDay,
    before_ms: i64,
    limit: usize,
) -> Result<Vec<Segment>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let condition = "and day <= ?2 and last_ms < ?3 order by day limit ?4";
    query(conn, account, condition, (account.0, last.0, before_ms, limit))
}

pub(super) fn exists(conn: &Connection, id: i64) -> Result<bool, Error> {
    Ok(conn.prepare_cached("select 1 from segment where id = ?1")?.exists([id])?)
}

/// All rows of a segment.
pub fn list_runs(conn: &Connection, segment: &Segment) -> Result<Vec<Run>, Error> {
    Reader::prepare(conn)?.runs(segment)
}

/// Inserts runs as one segment; inserts nothing when they have no rows.
pub fn insert(conn: &Connection, account: AccountId, day: LocalDay, runs: Vec<Run>) -> Result<(), Error> {
    let Some(content) = columns::encode(runs) else { return Ok(()) };
    insert_packed(conn, account, day, content)?;
    Ok(())
}

/// Inserts a segment and its columns; answers its id.
fn insert_packed(
    conn: &Connection,
    account: AccountId,
    day: LocalDay,
    (extent, totals, packed): Content,
) -> Result<i64, Error> {
    let mut segment = Segment { id: 0, day, extent, totals, is_intact: true };
    let mut insert = conn.prepare_cached(
        "insert into segment (account_id, day, runs, rows, listed, first_ms, last_ms, stored, visitors, sessions,
            page_views, completions, value_minor, engaged_ms, bounces, sum)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 0) returning id",
    )?;
    let [_, numbers @ ..] = segment.numbers();
    segment.id =
        insert.query_row(params_from_iter(std::iter::once(account.0).chain(numbers)), |row| row.get(0))?;
    // The checksum covers the id, which is known only now.
    let (id, checksum) = (segment.id, segment.checksum(account));
    conn.prepare_cached("update segment set sum = ?2 where id = ?1")?.execute((id, checksum))?;
    update_account_checksum(conn, account, segment.checksum_entry(account))?;
    let mut insert = conn.prepare_cached("insert into segment_column (id, data) values (?1, ?2)")?;
    for (col, mut data) in packed {
        let column_id = column_id(id, col);
        checksum::bind(&mut data, column_id);
        insert.execute((column_id, data))?;
    }
    Ok(id)
}

pub fn delete(conn: &Connection, account: AccountId, segment: &Segment) -> Result<(), Error> {
    let first = segment.id * COLUMN_IDS;
    conn.prepare_cached("delete from segment_column where id >= ?1 and id < ?2")?
        .execute((first, first + COLUMN_IDS))?;
    conn.prepare_cached("delete from segment where id = ?1")?.execute([segment.id])?;
    if segment.is_intact {
        return update_account_checksum(conn, account, segment.checksum_entry(account));
    }
    // The entry that the damaged row was inserted with is unknown, so the account's checksum is computed again.
    let remaining = list_verified(conn, account, i64::MIN, i64::MAX)?.segments;
    let checksum = remaining.iter().fold(0, |sum, segment| sum ^ segment.checksum_entry(account));
    update_account_checksum(conn, account, find_account_checksum(conn, account)? ^ checksum)
}

/// Reads the columns of segments. Every method answers `Damaged` when the segment cannot be trusted.
pub(in crate::store) struct Reader<'c> {
    find: CachedStatement<'c>,
}

/// A run of one visitor, and where its values are in the columns.
pub(in crate::store) struct VisitorRun {
    pub visitor: u32,
    pub session: u32,
    /// Index of the run.
    pub run: usize,
    pub rows: Range<usize>,
    /// The times of the rows.
    pub at_ms: Vec<i64>,
}

impl<'c> Reader<'c> {
    pub(in crate::store) fn prepare(conn: &'c Connection) -> Result<Self, Error> {
        Ok(Self { find: conn.prepare_cached("select data from segment_column where id = ?1")? })
    }

    /// Appends the values of a column to `out`.
    pub(in crate::store) fn read(
        &mut self,
        segment: &Segment,
        col: Col,
        out: &mut Vec<u32>,
    ) -> Result<(), Error> {
        verify(segment)?;
        columns::read(&segment.extent, col, out, &mut |col| self.load(segment.id, col))
    }

    pub(in crate::store) fn column(&mut self, segment: &Segment, col: Col) -> Result<Vec<u32>, Error> {
        let mut values = Vec::new();
        self.read(segment, col, &mut values)?;
        Ok(values)
    }

    pub(in crate::store) fn columns(&mut self, segment: &Segment) -> Result<Columns, Error> {
        verify(segment)?;
        Columns::read(&segment.extent, |col| self.load(segment.id, col))
    }

    /// All rows.
    pub(in crate::store) fn runs(&mut self, segment: &Segment) -> Result<Vec<Run>, Error> {
        verify(segment)?;
        columns::decode(&segment.extent, |col| self.load(segment.id, col))
    }

    /// All rows if the column `col` holds a wanted value, else none. A damaged segment has none.
    pub(in crate::store) fn runs_with(
        &mut self,
        segment: &Segment,
        col: Col,
        is_wanted: impl Fn(u32) -> bool,
    ) -> Result<Vec<Run>, Error> {
        let runs = match self.column(segment, col) {
            Ok(values) if values.iter().any(|value| is_wanted(*value)) => self.runs(segment),
            other => other.map(|_| Vec::new()),
        };
        match runs {
            Err(Error::Damaged(_)) => Ok(Vec::new()),
            runs => runs,
        }
    }

    /// The completions of a segment, in no order. When it has none, no column is read.
    pub(in crate::store) fn completions(&mut self, segment: &Segment) -> Result<Vec<Completion>, Error> {
        verify(segment)?;
        if segment.totals.completions == 0 {
            return Ok(Vec::new());
        }
        let kinds = self.column(segment, Col::Kind)?;
        let events = self.column(segment, Col::Event)?;
        let (low, high) = (self.column(segment, Col::ValueLow)?, self.column(segment, Col::ValueHigh)?);
        let visitors = self.column(segment, Col::Visitor)?;
        let (starts, gaps) = (self.column(segment, Col::Start)?, self.column(segment, Col::Gap)?);
        let spans = columns::spans(&segment.extent, &self.column(segment, Col::Rows)?)?;
        let at = |column: &[u32], row: usize| column.get(row).copied().unwrap_or(0);
        let mut completions = Vec::new();
        for (span, visitor) in spans.into_iter().zip(visitors) {
            let is_completion = |row: usize| at(&kinds, row) & columns::IS_COMPLETION != 0;
            if !span.rows.clone().any(is_completion) {
                continue;
            }
            for (row, at_ms) in span.rows.clone().zip(span.times(&segment.extent, &starts, &gaps)) {
                if is_completion(row) {
                    let value_minor = columns::value_minor(at(&low, row), at(&high, row));
                    completions.push(Completion { at_ms, visitor, event: at(&events, row), value_minor });
                }
            }
        }
        Ok(completions)
    }

    /// The runs of some visitors. When the segment has none of them, only the column of visitors is read.
    pub(in crate::store) fn runs_of_visitors(
        &mut self,
        segment: &Segment,
        is_wanted: impl Fn(u32) -> bool,
    ) -> Result<Vec<VisitorRun>, Error> {
        let visitors = self.column(segment, Col::Visitor)?;
        if !visitors.iter().any(|visitor| is_wanted(*visitor)) {
            return Ok(Vec::new());
        }
        let sessions = self.column(segment, Col::Session)?;
        let (starts, gaps) = (self.column(segment, Col::Start)?, self.column(segment, Col::Gap)?);
        let mut runs = Vec::new();
        let spans = columns::spans(&segment.extent, &self.column(segment, Col::Rows)?)?;
        for ((span, visitor), session) in spans.into_iter().zip(visitors).zip(sessions) {
            if is_wanted(visitor) {
                let at_ms = span.times(&segment.extent, &starts, &gaps).collect();
                runs.push(VisitorRun { visitor, session, run: span.run, rows: span.rows, at_ms });
            }
        }
        Ok(runs)
    }

    fn load(&mut self, segment_id: i64, col: Col) -> Result<Vec<u8>, Error> {
        let column_id = column_id(segment_id, col);
        let found = self.find.query_row([column_id], |row| row.get(0)).optional()?;
        let mut bytes: Vec<u8> = found.ok_or(Error::Damaged(Damage::Short))?;
        checksum::bind(&mut bytes, column_id);
        Ok(bytes)
    }
}

/// Checks the counts of a segment, so that no damaged count decides how much memory is allocated.
fn verify(segment: &Segment) -> Result<(), Damage> {
    let extent = &segment.extent;
    if !segment.is_intact {
        return Err(Damage::Row);
    }
    let counts = [extent.runs, extent.rows, extent.page_list_len];
    if counts.iter().any(|count| *count as usize > COUNT_MAX) || extent.runs > extent.rows {
        return Err(Damage::Inconsistent);
    }
    Ok(())
}
