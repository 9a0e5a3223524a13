//! Replaces segments by others that were prepared beside the writer.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;

use rusqlite::Connection;
use rustc_hash::FxHashMap;

use super::columns::{Content, Run};
use super::{Reader, Segment};
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;
use crate::store::error::Error;

/// Most rows that are joined or divided at once: while that is done, a row takes about 200 bytes of memory.
pub(super) const REWRITE_ROWS: usize = 250_000;

/// Prepares the new content of the next segments, with `rows` rows or a little more, and removes them from `segments`.
/// `prepare` answers `None` for a segment that needs no change. One that cannot be read stays as it is; `unchanged` says
/// what is missing then.
pub(in crate::store) fn prepare_next<T>(
    conn: &Connection,
    segments: &mut VecDeque<Segment>,
    rows: u32,
    unchanged: &str,
    prepare: impl Fn(&mut Reader<'_>, Segment) -> Result<Option<T>, Error>,
) -> Result<Vec<T>, Error> {
    let mut reader = Reader::prepare(conn)?;
    let (mut prepared, mut prepared_rows) = (Vec::new(), 0);
    while prepared_rows < rows
        && let Some(segment) = segments.pop_front()
    {
        // It was replaced by another segment, which the next round finds.
        if !super::exists(conn, segment.id)? {
            continue;
        }
        match prepare(&mut reader, segment) {
            Ok(None) => {}
            Ok(Some(one)) => {
                prepared_rows += segment.extent.rows;
                prepared.push(one);
            }
            Err(Error::Damaged(damage)) => {
                tracing::error!(
                    segment = segment.id, day = segment.day.0, %damage, "a segment is damaged; {unchanged}"
                );
            }
            Err(error) => return Err(error),
        }
    }
    Ok(prepared)
}

/// Replaces segments by new ones, or deletes them when there are none. Answers the ids of the new ones. Does nothing
/// and answers `None` when one of the old segments does not exist any more: the new content was made from them and
/// would undo what happened since.
pub(in crate::store) fn replace(
    conn: &Connection,
    account: AccountId,
    old: &[Segment],
    new: impl IntoIterator<Item = (LocalDay, Content)>,
) -> Result<Option<Vec<i64>>, Error> {
    for segment in old {
        if !super::exists(conn, segment.id)? {
            return Ok(None);
        }
    }
    for segment in old {
        super::delete(conn, account, segment)?;
    }
    let ids = new.into_iter().map(|(day, content)| super::insert_packed(conn, account, day, content));
    ids.collect::<Result<_, _>>().map(Some)
}

/// New segments, and those whose place they take.
#[derive(Debug)]
pub(super) struct Rewrite {
    pub(super) old: Vec<Segment>,
    pub(super) new: Vec<(LocalDay, Content)>,
}

/// Runs by session and visitor.
pub(super) type Runs = FxHashMap<(u32, u32), Run>;

/// Adds a run, or its rows to the run of the same session and visitor. The rows are then not ordered by time.
pub(super) fn add_run(runs: &mut Runs, run: Run) {
    match runs.entry((run.session, run.visitor)) {
        Entry::Occupied(mut known) => known.get_mut().rows.extend(run.rows),
        Entry::Vacant(new) => {
            new.insert(run);
        }
    }
}
