//! Divides closed days again after their account changed its time zone: a few days per step, the oldest first. Until
//! that is finished reports are right nevertheless, because they go by the times of the rows.
//!
//! `account.cut_zone` holds the time zone that all segments of the account are divided by.

use std::collections::hash_map::Entry;

use rusqlite::{Connection, OptionalExtension};
use rustc_hash::FxHashMap;

use super::columns::Run;
use super::{Reader, Segment};
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::period::{LocalDay, Zone};
use crate::store::error::Error;

/// Days divided per step.
const DAYS: usize = 4;
/// Rows in memory at once. The segments of a busier day are divided one by one.
const ROWS: usize = 1_000_000;

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

/// Does one step; answers whether there is more to do. After an error the transaction must be rolled back.
pub(super) fn step(conn: &Connection, account: AccountId, zone: &Zone) -> Result<bool, Error> {
    let divided_by: Option<String> = conn
        .prepare_cached("select cut_zone from account where id = ?1")?
        .query_row([account.0], |row| row.get(0))
        .optional()?
        .flatten();
    if divided_by.as_deref() == Some(zone.name()) {
        return Ok(false);
    }
    let mut reader = Reader::prepare(conn)?;
    // Segments that cannot be read stay as they are.
    let mut unreadable = Vec::new();
    let mut days = 0;
    while days < DAYS {
        let mut segments = super::list_verified(conn, account, i64::MIN, i64::MAX)?.segments;
        segments.retain(|segment| !unreadable.contains(&segment.id));
        let misplaced = segments.iter().filter(|segment| !lies_in_its_day(zone, segment));
        let Some(oldest) = misplaced.min_by_key(|segment| segment.extent.first_ms) else {
            conn.prepare_cached("update account set cut_zone = ?2 where id = ?1")?
                .execute((account.0, zone.name()))?;
            return Ok(false);
        };
        let day = zone.day_of(Millis(oldest.extent.first_ms));
        let (start, end) = (zone.start_of(day).0, zone.start_of(day.plus(1)).0);
        let mut of_day: Vec<&Segment> = segments
            .iter()
            .filter(|segment| segment.extent.last_ms >= start && segment.extent.first_ms < end)
            .collect();
        if of_day.iter().map(|segment| segment.extent.rows as usize).sum::<usize>() > ROWS {
            of_day = vec![oldest];
        }
        let known = unreadable.len();
        divide(conn, account, zone, &mut reader, &of_day, &mut unreadable)?;
        days += usize::from(unreadable.len() - known < of_day.len());
    }
    Ok(true)
}

fn lies_in_its_day(zone: &Zone, segment: &Segment) -> bool {
    [segment.extent.first_ms, segment.extent.last_ms].iter().all(|at| zone.day_of(Millis(*at)) == segment.day)
}

/// Replaces segments by one segment per local day. The ids of those that cannot be read are added to `unreadable`.
fn divide(
    conn: &Connection,
    account: AccountId,
    zone: &Zone,
    reader: &mut Reader<'_>,
    segments: &[&Segment],
    unreadable: &mut Vec<i64>,
) -> Result<(), Error> {
    let mut days: FxHashMap<LocalDay, Runs> = FxHashMap::default();
    for segment in segments {
        let runs = match reader.runs(segment) {
            Ok(runs) => runs,
            Err(Error::Damaged(damage)) => {
                segment.log_damage(account, &damage);
                unreadable.push(segment.id);
                continue;
            }
            Err(error) => return Err(error),
        };
        for mut run in runs {
            let rows = std::mem::take(&mut run.rows);
            let day_of = |at_ms: i64| zone.day_of(Millis(at_ms));
            let is_of_one =
                rows.first().map(|row| day_of(row.at_ms)) == rows.last().map(|row| day_of(row.at_ms));
            run.spans |= !is_of_one;
            for row in rows {
                add_run(days.entry(day_of(row.at_ms)).or_default(), Run { rows: vec![row], ..run.clone() });
            }
        }
        super::delete(conn, account, segment)?;
    }
    for (day, runs) in days {
        let mut runs: Vec<Run> = runs.into_values().collect();
        runs.iter_mut().for_each(|run| run.rows.sort_by_key(|row| row.at_ms));
        super::insert(conn, account, day, runs)?;
    }
    Ok(())
}
