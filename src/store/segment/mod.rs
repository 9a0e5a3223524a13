//! Segments: the rows of closed days as columns, a blob each, in `guestlog.db`. A segment is never changed: a later
//! one takes its place, in one transaction with the hot rows that went into it. `pack` knows bytes, `columns` what
//! they mean, `close` when they are made.

pub mod close;
pub mod columns;
pub mod late;
pub mod pack;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use self::columns::{Col, Extent, Run};
use self::pack::COUNT_MAX;
use super::error::{Damage, Error};
use super::event::PAGE_VIEW;
use super::figures::Figures;
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;

/// Columns of one segment have numbers below this; stored.
const COLUMNS_MAX: i64 = 32;

/// A segment, without its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    pub id: i64,
    pub day: LocalDay,
    pub extent: Extent,
    /// What its rows come to.
    pub figures: Figures,
}

const FIELDS: &str = "id, day, runs, rows, listed, first_ms, last_ms, stored, visitors, sessions, page_views,
    completions, value_minor, engaged_ms, bounces";

fn read(row: &Row<'_>) -> rusqlite::Result<Segment> {
    let count = |place| row.get::<_, i64>(place).map(|count| u64::try_from(count).unwrap_or(0));
    Ok(Segment {
        id: row.get(0)?,
        day: LocalDay(row.get(1)?),
        extent: Extent {
            runs: row.get(2)?,
            rows: row.get(3)?,
            listed: row.get(4)?,
            first_ms: row.get(5)?,
            last_ms: row.get(6)?,
            stored: row.get(7)?,
        },
        figures: Figures {
            visitors: count(8)?,
            sessions: count(9)?,
            page_views: count(10)?,
            completions: count(11)?,
            value_minor: row.get(12)?,
            engaged_ms: count(13)?,
            bounces: count(14)?,
        },
    })
}

/// Segments with rows in `from_ms <= at_ms < to_ms`, in the order of their days.
///
/// # Errors
/// SQLite's.
pub fn list(conn: &Connection, account: AccountId, from_ms: i64, to_ms: i64) -> Result<Vec<Segment>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {FIELDS} from segment where account_id = ?1 and last_ms >= ?2 and first_ms < ?3 order by day, id"
    ))?;
    let rows = statement.query_map((account.0, from_ms, to_ms), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The segments of a day: one when it is closed, parts while it is open.
///
/// # Errors
/// SQLite's.
pub fn list_of_day(conn: &Connection, account: AccountId, day: LocalDay) -> Result<Vec<Segment>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {FIELDS} from segment where account_id = ?1 and day = ?2 order by id"
    ))?;
    let rows = statement.query_map((account.0, day.0), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
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
///
/// # Errors
/// SQLite's.
pub fn insert(conn: &Connection, account: AccountId, day: LocalDay, runs: Vec<Run>) -> Result<(), Error> {
    let Some((extent, figures, packed)) = columns::encode(runs) else { return Ok(()) };
    let mut insert = conn.prepare_cached(
        "insert into segment (account_id, day, runs, rows, listed, first_ms, last_ms, stored, visitors, sessions,
            page_views, completions, value_minor, engaged_ms, bounces)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) returning id",
    )?;
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let id: i64 = insert.query_row(
        params![
            account.0,
            day.0,
            extent.runs,
            extent.rows,
            extent.listed,
            extent.first_ms,
            extent.last_ms,
            extent.stored,
            count(figures.visitors),
            count(figures.sessions),
            count(figures.page_views),
            count(figures.completions),
            figures.value_minor,
            count(figures.engaged_ms),
            count(figures.bounces),
        ],
        |row| row.get(0),
    )?;
    let mut insert = conn.prepare_cached("insert into segment_column (id, data) values (?1, ?2)")?;
    for (col, data) in packed {
        insert.execute((id * COLUMNS_MAX + col as i64, data))?;
    }
    Ok(())
}

/// # Errors
/// SQLite's.
pub fn delete(conn: &Connection, id: i64) -> Result<(), Error> {
    let first = id * COLUMNS_MAX;
    conn.prepare_cached("delete from segment_column where id >= ?1 and id < ?2")?
        .execute((first, first + COLUMNS_MAX))?;
    conn.prepare_cached("delete from segment where id = ?1")?.execute([id])?;
    Ok(())
}

/// Reads the columns of segments.
pub(super) struct Reader<'c> {
    find: CachedStatement<'c>,
}

impl<'c> Reader<'c> {
    pub(super) fn prepare(conn: &'c Connection) -> Result<Self, Error> {
        Ok(Self { find: conn.prepare_cached("select data from segment_column where id = ?1")? })
    }

    /// Appends the values of a column to `out`.
    ///
    /// # Errors
    /// `Damaged`, or SQLite's.
    pub(super) fn read(&mut self, segment: &Segment, col: Col, out: &mut Vec<u32>) -> Result<(), Error> {
        verify(&segment.extent)?;
        columns::read(&segment.extent, col, out, &mut |col| self.load(segment.id, col))
    }

    /// All rows.
    ///
    /// # Errors
    /// `Damaged`, or SQLite's.
    pub(super) fn runs(&mut self, segment: &Segment) -> Result<Vec<Run>, Error> {
        verify(&segment.extent)?;
        columns::decode(&segment.extent, |col| self.load(segment.id, col))
    }

    fn load(&mut self, id: i64, col: Col) -> Result<Vec<u8>, Error> {
        let found = self.find.query_row([id * COLUMNS_MAX + col as i64], |row| row.get(0)).optional()?;
        found.ok_or(Error::Damaged(Damage::Short))
    }
}

/// The counts of a segment are looked at before anything is made as large as they say.
fn verify(extent: &Extent) -> Result<(), Damage> {
    let counts = [extent.runs, extent.rows, extent.listed];
    if counts.iter().any(|count| *count as usize > COUNT_MAX) || extent.runs > extent.rows {
        return Err(Damage::Inconsistent);
    }
    Ok(())
}
