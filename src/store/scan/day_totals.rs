//! Takes totals from the rows of segments. When a report asks only for totals over time, and an interval is exactly one
//! closed day, its totals are already in the row of that segment and no column is read.

use super::groups::Tally;
use super::hot_rows::HotRows;
use super::request::{Counted, Grouping, Request};
use super::segment_rows::LateChanges;
use crate::store::error::Error;
use crate::store::event;
use crate::store::segment::Segment;

/// Adds the totals of such days to `tallies`, and answers the segments that still have to be read.
pub(super) fn add_whole_days(
    request: &Request<'_>,
    hot_rows: &HotRows<'_>,
    changes: &LateChanges,
    segments: Vec<Segment>,
    tallies: &mut [Tally],
) -> Result<Vec<Segment>, Error> {
    let ([Grouping::Intervals(edges)], [tally], []) = (request.groupings, tallies, request.filters) else {
        return Ok(segments);
    };
    if request.counted != Counted::Visitors {
        return Ok(segments);
    }
    let interval = |at_ms: i64| edges.partition_point(|edge| *edge <= at_ms);
    // How many sources each interval has rows in. Distinct visitors of two sources cannot be added, so only an interval
    // with a single one qualifies; whatever spoils an interval counts twice.
    let mut sources = vec![0_u32; edges.len() + 1];
    let mut mark = |interval: usize, more: u32| {
        if let Some(sources) = sources.get_mut(interval) {
            *sources += more;
        }
    };
    for segment in &segments {
        let (first, last) = (interval(segment.extent.first_ms), interval(segment.extent.last_ms));
        (first..=last).for_each(|index| mark(index, if first == last { 1 } else { 2 }));
    }
    let mut from = request.range_ms.start;
    while let Some(at) = event::find_first(hot_rows.conn, hot_rows.account, from, request.range_ms.end)? {
        mark(interval(at), 2);
        from = edges.get(interval(at)).copied().unwrap_or(i64::MAX);
    }
    for session in changes.sessions.values() {
        (interval(session.start_ms)..=interval(session.last_ms)).for_each(|index| mark(index, 2));
    }
    let mut unread = Vec::new();
    for segment in segments {
        let extent = segment.extent;
        let is_inside = request.range_ms.start <= extent.first_ms && extent.last_ms < request.range_ms.end;
        if is_inside && sources.get(interval(extent.first_ms)) == Some(&1) {
            tally.add_interval(extent.first_ms, &segment.totals);
        } else {
            unread.push(segment);
        }
    }
    Ok(unread)
}
