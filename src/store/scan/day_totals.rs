//! Intervals that are one closed day: what they come to stands in the segment's row, and its columns are not read.

use super::ask::{Ask, Grouping};
use super::groups::Tally;
use crate::store::error::Error;
use crate::store::event;
use crate::store::scan::hot_rows::Hot;
use crate::store::scan::segment_rows::Changed;
use crate::store::segment::Segment;

/// Puts into `tallies` what the segments' rows tell of a question for nothing but figures over time; answers the
/// segments that must be read.
pub(super) fn take(
    ask: &Ask<'_>,
    hot: &Hot<'_>,
    changed: &Changed,
    segments: Vec<Segment>,
    tallies: &mut [Tally],
) -> Result<Vec<Segment>, Error> {
    let ([Grouping::Steps(edges)], [tally], []) = (ask.groupings, tallies, ask.filters) else {
        return Ok(segments);
    };
    if ask.contacts {
        return Ok(segments);
    }
    let interval = |at_ms: i64| edges.partition_point(|edge| *edge <= at_ms);
    // how many places an interval has its rows in
    let mut places = vec![0_u32; edges.len() + 1];
    let mut mark = |interval: usize, more: u32| {
        if let Some(places) = places.get_mut(interval) {
            *places += more;
        }
    };
    for segment in &segments {
        let (first, last) = (interval(segment.extent.first_ms), interval(segment.extent.last_ms));
        (first..=last).for_each(|place| mark(place, if first == last { 1 } else { 2 }));
    }
    let mut from = ask.range_ms.start;
    while let Some(at) = event::find_first(hot.conn, hot.account, from, ask.range_ms.end)? {
        mark(interval(at), 2);
        from = edges.get(interval(at)).copied().unwrap_or(i64::MAX);
    }
    for session in changed.sessions.values() {
        (interval(session.start_ms)..=interval(session.last_ms)).for_each(|place| mark(place, 2));
    }
    let mut unread = Vec::new();
    for segment in segments {
        let extent = segment.extent;
        let is_whole = ask.range_ms.start <= extent.first_ms && extent.last_ms < ask.range_ms.end;
        if is_whole && places.get(interval(extent.first_ms)) == Some(&1) {
            tally.take_sum(extent.first_ms, &segment.figures);
        } else {
            unread.push(segment);
        }
    }
    Ok(unread)
}
