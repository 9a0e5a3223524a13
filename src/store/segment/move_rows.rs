//! Moves hot rows whose sessions are over into a segment, some thousand rows of one local day at a time.

use std::collections::hash_map::Entry;

use rusqlite::Connection;
use rustc_hash::FxHashMap;

use super::columns::Run;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::period::{LocalDay, Zone};
use crate::domain::visitor::SESSION_IDLE;
use crate::store::error::Error;
use crate::store::event::{self, Event};
use crate::store::session::{self, Session};

/// This many hot rows of finished sessions make a first segment of an open day (a part): reading a hot row costs a
/// report far more than reading a row of a segment.
const PART_ROWS: u32 = 20_000;
/// Most rows moved in one transaction, but for rows of the same millisecond.
const MOVE_ROWS: u32 = 20_000;

/// The hot rows of a step, all of one local day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HotRows {
    pub(super) day: LocalDay,
    pub(super) from_ms: i64,
    /// The first time behind them.
    pub(super) to_ms: i64,
}

/// The next rows to move, from `from_ms` on. The rows of days up to `open_from` are due, and rows of the open days once
/// there are enough of them.
pub(super) fn find(
    conn: &Connection,
    account: AccountId,
    zone: &Zone,
    (from_ms, open_from): (i64, Millis),
    now: Millis,
) -> Result<Option<HotRows>, Error> {
    // The session of any later row cannot be over yet.
    let over_ms = now.plus(1 - SESSION_IDLE).0;
    let open_ms = open_from.0.max(from_ms);
    let is_part_due = event::find_nth(conn, account, open_ms, over_ms, PART_ROWS - 1)?.is_some();
    let due_ms = if is_part_due { over_ms } else { over_ms.min(open_from.0) };
    let Some(first_ms) = event::find_nth(conn, account, from_ms, due_ms, 0)? else { return Ok(None) };
    let day = zone.day_of(Millis(first_ms));
    // A day may be empty of time where a time zone left it out, so a step ends behind its first row at least.
    let end_ms = zone.start_of(day.plus(1)).0.min(due_ms).max(first_ms + 1);
    let next_ms = event::find_nth(conn, account, first_ms, end_ms, MOVE_ROWS)?;
    let to_ms = next_ms.map_or(end_ms, |next| next.max(first_ms + 1));
    Ok(Some(HotRows { day, from_ms: first_ms, to_ms }))
}

/// Moves the rows. Those of sessions that are not over stay where they are. After an error the transaction must be
/// rolled back.
pub(super) fn apply(conn: &Connection, account: AccountId, rows: HotRows, now: Millis) -> Result<(), Error> {
    let HotRows { day, from_ms, to_ms } = rows;
    let mut found = Vec::new();
    event::list(conn, account, from_ms, to_ms, |row| found.push(row))?;
    let mut sessions: FxHashMap<u32, Option<Session>> = FxHashMap::default();
    for row in found.iter().filter(|row| row.session_id != 0) {
        if let Entry::Vacant(unknown) = sessions.entry(row.session_id) {
            unknown.insert(session::find(conn, account, row.session_id)?);
        }
    }
    let session_of = |id: u32| sessions.get(&id).and_then(Option::as_ref);
    let is_over = |row: &Event| session_of(row.session_id).is_none_or(|session| session.is_over(now));
    let (moved, unfinished): (Vec<Event>, Vec<Event>) = found.into_iter().partition(is_over);
    if unfinished.is_empty() {
        event::delete_between(conn, account, from_ms, to_ms)?;
    } else {
        for row in &moved {
            event::delete(conn, account, row.at_ms, row.inbox_id)?;
        }
    }
    let mut runs: FxHashMap<(u32, u32), Run> = FxHashMap::default();
    for row in moved {
        let (session, visitor) = (row.session_id, row.visitor);
        let run = runs.entry((session, visitor));
        run.or_insert_with(|| Run { session, visitor, ..Run::default() }).rows.push(row);
    }
    for run in runs.values_mut() {
        if let Some(session) = session_of(run.session) {
            run.update_from(session);
        }
    }
    let ids: Vec<u32> = runs.values().map(|run| run.session).collect();
    super::insert(conn, account, day, runs.into_values().collect())?;
    session::update_closed(conn, account, ids.into_iter())
}
