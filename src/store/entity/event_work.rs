//! The progress of work on all completions of an event. `history::count_back` does the work.

use rusqlite::{Connection, OptionalExtension, Row};

use super::user;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::event::EventNumber;
use crate::store::error::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Past page views become completions.
    CountBack,
    /// All completions of a deleted event are deleted.
    Delete,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::CountBack => "count",
            Self::Delete => "take",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    pub account: AccountId,
    pub number: EventNumber,
    pub kind: Kind,
    /// Segments that are done, and how many there are; both 0 at the beginning.
    pub done: i64,
    pub total: i64,
    /// Completions that were added or deleted.
    pub completions: i64,
    pub started: Millis,
    /// `None` while it goes on.
    pub finished: Option<Millis>,
}

const FIELDS: &str = "account_id, number, kind, done, total, completions, started_ms, finished_ms";

fn read(row: &Row<'_>) -> rusqlite::Result<Work> {
    let kind: String = row.get(2)?;
    Ok(Work {
        account: AccountId(row.get(0)?),
        number: EventNumber(row.get(1)?),
        kind: if kind == Kind::Delete.as_str() { Kind::Delete } else { Kind::CountBack },
        done: row.get(3)?,
        total: row.get(4)?,
        completions: row.get(5)?,
        started: Millis(row.get(6)?),
        finished: row.get::<_, Option<i64>>(7)?.map(Millis),
    })
}

/// Begins work, from the start if it was done or begun before.
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

/// Unfinished work, the oldest first.
pub fn list_unfinished(conn: &Connection) -> Result<Vec<Work>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {FIELDS} from event_work where finished_ms is null order by started_ms, account_id, number"
    ))?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Stores the progress. `changed` is when the event had last been changed at the time its rule was read for this work.
/// Answers `NotFound` when the work was begun again or the event was changed meanwhile; the caller must then give up.
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
    user::changed(updated)
}
