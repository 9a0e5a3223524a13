//! Closed days after their account has taken another time zone: they are cut anew, a few a step, from the oldest on.
//! Until that is done reports are right all the same: they go by the time of the rows.

use rusqlite::{Connection, OptionalExtension};
use rustc_hash::FxHashMap;

use super::columns::Run;
use super::{Reader, Segment};
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::period::{LocalDay, Zone};
use crate::store::error::Error;

/// Days cut in one step.
const DAYS: usize = 4;
/// Rows held at once; of a busier day each segment is cut by itself.
const ROWS: usize = 1_000_000;

/// Runs by session and visitor.
pub(super) type Runs = FxHashMap<(u32, u32), Run>;

/// Puts a run beside the others, or into that of the same session and visitor. Rows are not in order then.
pub(super) fn put(runs: &mut Runs, run: Run) {
    match runs.entry((run.session, run.visitor)) {
        std::collections::hash_map::Entry::Occupied(mut known) => known.get_mut().rows.extend(run.rows),
        std::collections::hash_map::Entry::Vacant(new) => {
            new.insert(run);
        }
    }
}

/// One step; answers whether there is more to do.
///
/// # Errors
/// SQLite's. Nothing may be kept of the transaction then.
pub(super) fn step(conn: &Connection, account: AccountId, zone: &Zone) -> Result<bool, Error> {
    let cut: Option<String> = conn
        .prepare_cached("select cut_zone from account where id = ?1")?
        .query_row([account.0], |row| row.get(0))
        .optional()?
        .flatten();
    if cut.as_deref() == Some(zone.name()) {
        return Ok(false);
    }
    let mut reader = Reader::prepare(conn)?;
    // Those that cannot be read stay as they are.
    let mut left = Vec::new();
    let mut days = 0;
    while days < DAYS {
        let segments = super::list_verified(conn, account, i64::MIN, i64::MAX)?.segments;
        let is_across = |segment: &&Segment| !left.contains(&segment.id) && !is_cut_by(zone, segment);
        let Some(oldest) = segments.iter().filter(is_across).min_by_key(|segment| segment.extent.first_ms)
        else {
            conn.prepare_cached("update account set cut_zone = ?2 where id = ?1")?
                .execute((account.0, zone.name()))?;
            return Ok(false);
        };
        let day = zone.day_of(Millis(oldest.extent.first_ms));
        let (start, end) = (zone.start_of(day).0, zone.start_of(day.plus(1)).0);
        let mut of_day: Vec<&Segment> = segments
            .iter()
            .filter(|segment| !left.contains(&segment.id))
            .filter(|segment| segment.extent.last_ms >= start && segment.extent.first_ms < end)
            .collect();
        if of_day.iter().map(|segment| segment.extent.rows as usize).sum::<usize>() > ROWS {
            of_day = vec![oldest];
        }
        let known = left.len();
        cut_day(conn, account, zone, &mut reader, &of_day, &mut left)?;
        days += usize::from(left.len() - known < of_day.len());
    }
    Ok(true)
}

/// Does a segment lie in its day?
fn is_cut_by(zone: &Zone, segment: &Segment) -> bool {
    [segment.extent.first_ms, segment.extent.last_ms].iter().all(|at| zone.day_of(Millis(*at)) == segment.day)
}

/// Puts the rows of segments together by their days; what cannot be read is added to `left`.
fn cut_day(
    conn: &Connection,
    account: AccountId,
    zone: &Zone,
    reader: &mut Reader<'_>,
    segments: &[&Segment],
    left: &mut Vec<i64>,
) -> Result<(), Error> {
    let mut days: FxHashMap<LocalDay, Runs> = FxHashMap::default();
    for segment in segments {
        let runs = match reader.runs(segment) {
            Ok(runs) => runs,
            Err(Error::Damaged(damage)) => {
                tracing::error!(account = account.0, day = segment.day.0, segment = segment.id, %damage, "a segment is damaged");
                left.push(segment.id);
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
                put(days.entry(day_of(row.at_ms)).or_default(), Run { rows: vec![row], ..run.clone() });
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
