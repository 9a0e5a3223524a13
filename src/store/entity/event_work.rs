//! Work on all completions of an event, and how far it has come. `recount` does it.

use rusqlite::{Connection, OptionalExtension, Row};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::event::EventNumber;
use crate::store::error::Error;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Past page views are counted back.
    Count,
    /// All completions of a deleted event are taken away.
    Take,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Take => "take",
        }
    }
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    pub account: AccountId,
    pub number: EventNumber,
    pub kind: Kind,
    /// Segments looked through, of how many; both 0 at the beginning.
    pub done: i64,
    pub total: i64,
    /// Completions that came or went.
    pub completions: i64,
    pub started: Millis,
    /// None = it goes on.
    pub finished: Option<Millis>,
}

const FIELDS: &str = "account_id, number, kind, done, total, completions, started_ms, finished_ms";

fn read(row: &Row<'_>) -> rusqlite::Result<Work> {
    let kind: String = row.get(2)?;
    Ok(Work {
        account: AccountId(row.get(0)?),
        number: EventNumber(row.get(1)?),
        kind: if kind == Kind::Take.as_str() { Kind::Take } else { Kind::Count },
        done: row.get(3)?,
        total: row.get(4)?,
        completions: row.get(5)?,
        started: Millis(row.get(6)?),
        finished: row.get::<_, Option<i64>>(7)?.map(Millis),
    })
}

/// Begins work; what was done before is forgotten.
///
/// # Errors
/// `Conflict` without such an event; SQLite's.
pub fn upsert(
    conn: &Connection,
    account: AccountId,
    number: EventNumber,
    kind: Kind,
    now: Millis,
) -> Result<(), Error> {
    conn.prepare_cached(
        "insert into event_work (account_id, number, kind, started_ms) values (?1, ?2, ?3, ?4)
         on conflict do update set done = 0, total = 0, completions = 0, finished_ms = null,
             started_ms = max(?4, started_ms + 1)",
    )?
    .execute((account.0, number.0, kind.as_str(), now.0))?;
    Ok(())
}

pub fn find(
    conn: &Connection,
    account: AccountId,
    number: EventNumber,
    kind: Kind,
) -> Result<Option<Work>, Error> {
    Ok(conn
        .prepare_cached(&format!(
            "select {FIELDS} from event_work where account_id = ?1 and number = ?2 and kind = ?3"
        ))?
        .query_row((account.0, number.0, kind.as_str()), read)
        .optional()?)
}

/// What is not finished, the longest waiting first.
pub fn list_unfinished(conn: &Connection) -> Result<Vec<Work>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {FIELDS} from event_work where finished_ms is null order by started_ms, account_id, number"
    ))?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes how far it is. `changed` = when the event had changed last, as its rule was read for this work.
///
/// # Errors
/// `NotFound` when it was begun again meanwhile, or the event is another now: this work is to be given up; SQLite's.
pub fn update(conn: &Connection, work: &Work, changed: Option<Millis>) -> Result<(), Error> {
    let Work { account, number, kind, done, total, completions, started, finished } = *work;
    let updated = conn
        .prepare_cached(
            "update event_work set done = ?4, total = ?5, completions = ?6, finished_ms = ?7
             where account_id = ?1 and number = ?2 and kind = ?3 and started_ms = ?8 and finished_ms is null
                 and (?9 is null or ?9 = (select changed_ms from event_definition
                                          where account_id = ?1 and number = ?2))",
        )?
        .execute((
            account.0,
            number.0,
            kind.as_str(),
            done,
            total,
            completions,
            finished.map(|at| at.0),
            started.0,
            changed.map(|at| at.0),
        ))?;
    if updated == 0 { Err(Error::NotFound) } else { Ok(()) }
}
