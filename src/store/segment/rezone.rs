//! Divides closed days again after their account changed its time zone, the oldest first. Until that is finished
//! reports are right nevertheless, because they go by the times of the rows. Segments are read and made beside the
//! writer.
//!
//! `account.cut_zone` holds the time zone that all segments of the account are divided by.

use rusqlite::{Connection, OptionalExtension};
use rustc_hash::{FxHashMap, FxHashSet};

use super::columns::{self, Run};
use super::rewrite::{REWRITE_ROWS, Rewrite, Runs, add_run};
use super::{Reader, Segment};
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::period::{LocalDay, Zone};
use crate::store::error::Error;

/// The next step.
pub(super) enum Next {
    /// All segments are divided by the time zone, and the account says so.
    Nothing,
    Rewrite(Rewrite),
    /// All segments are divided by the time zone: `finish` is due.
    Finish,
}

/// Prepares the next day. The ids of segments that cannot be read are added to `unreadable`; those stay as they are.
pub(super) fn prepare_next(
    conn: &Connection,
    account: AccountId,
    zone: &Zone,
    unreadable: &mut FxHashSet<i64>,
) -> Result<Next, Error> {
    let divided_by: Option<String> = conn
        .prepare_cached("select cut_zone from account where id = ?1")?
        .query_row([account.0], |row| row.get(0))
        .optional()?
        .flatten();
    if divided_by.as_deref() == Some(zone.name()) {
        return Ok(Next::Nothing);
    }
    let mut reader = Reader::prepare(conn)?;
    let mut segments = super::list_verified(conn, account, i64::MIN, i64::MAX)?.segments;
    loop {
        segments.retain(|segment| !unreadable.contains(&segment.id));
        let misplaced = segments.iter().filter(|segment| !lies_in_its_day(zone, segment));
        let Some(oldest) = misplaced.min_by_key(|segment| segment.extent.first_ms) else {
            return Ok(Next::Finish);
        };
        let day = zone.day_of(Millis(oldest.extent.first_ms));
        let (start, end) = (zone.start_of(day).0, zone.start_of(day.plus(1)).0);
        let mut of_day: Vec<Segment> = segments
            .iter()
            .filter(|segment| segment.extent.last_ms >= start && segment.extent.first_ms < end)
            .copied()
            .collect();
        if of_day.iter().map(|segment| segment.extent.rows as usize).sum::<usize>() > REWRITE_ROWS {
            of_day = vec![*oldest];
        }
        let rewrite = divide(account, zone, &mut reader, of_day, unreadable)?;
        if !rewrite.old.is_empty() {
            return Ok(Next::Rewrite(rewrite));
        }
    }
}

/// Stores that all segments of the account are divided by the time zone.
pub(super) fn finish(conn: &Connection, account: AccountId, zone: &str) -> Result<(), Error> {
    conn.prepare_cached("update account set cut_zone = ?2 where id = ?1")?.execute((account.0, zone))?;
    Ok(())
}

fn lies_in_its_day(zone: &Zone, segment: &Segment) -> bool {
    [segment.extent.first_ms, segment.extent.last_ms].iter().all(|at| zone.day_of(Millis(*at)) == segment.day)
}

/// Makes one segment per local day of the segments.
fn divide(
    account: AccountId,
    zone: &Zone,
    reader: &mut Reader<'_>,
    segments: Vec<Segment>,
    unreadable: &mut FxHashSet<i64>,
) -> Result<Rewrite, Error> {
    let mut days: FxHashMap<LocalDay, Runs> = FxHashMap::default();
    let mut old = Vec::with_capacity(segments.len());
    for segment in segments {
        let runs = match reader.runs(&segment) {
            Ok(runs) => runs,
            Err(Error::Damaged(damage)) => {
                segment.log_damage(account, &damage);
                unreadable.insert(segment.id);
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
        old.push(segment);
    }
    let mut new = Vec::with_capacity(days.len());
    for (day, runs) in days {
        let mut runs: Vec<Run> = runs.into_values().collect();
        runs.iter_mut().for_each(|run| run.rows.sort_by_key(|row| row.at_ms));
        new.extend(columns::encode(runs).map(|content| (day, content)));
    }
    Ok(Rewrite { old, new })
}
