//! Makes a segment without some visitors, or without one kind of its rows. The result equals the segment that would have been written if they had never
//! been there.
//!
//! Most columns are moved bit by bit instead of being unpacked, so that even the day of a busy account costs little
//! more than copying its bytes. The work is done outside the write transaction: a segment never changes, so the result
//! stays right as long as the segment exists.

use std::ops::Range;

use rusqlite::Connection;
use rustc_hash::FxHashSet;

use super::columns::{self, BOUNCED, Col, Content, Extent, IS_COMPLETION, Packed, Per, value_minor};
use super::rewrite;
use super::{Reader, Segment, pack};
use crate::domain::account::AccountId;
use crate::store::error::{Damage, Error};
use crate::store::event::COMPLETION;
use crate::store::totals::Totals;

/// A segment, and its content without what goes.
pub struct Removal {
    segment: Segment,
    content: Option<Content>,
}

impl Removal {
    /// `None` when the segment has no rows of the visitors.
    pub(in crate::store) fn prepare(
        reader: &mut Reader<'_>,
        segment: &Segment,
        removed: &FxHashSet<u32>,
    ) -> Result<Option<Self>, Error> {
        let visitors = reader.column(segment, Col::Visitor)?;
        let is_removed = |number: &u32| removed.contains(number);
        if !visitors.iter().any(is_removed) {
            return Ok(None);
        }
        let segment = *segment;
        if visitors.iter().all(is_removed) {
            return Ok(Some(Self { segment, content: None }));
        }
        let mut stored = Vec::with_capacity(Col::COUNT);
        for col in Col::ALL {
            stored.push(match segment.extent.is_stored(col) {
                true => reader.load(segment.id, col)?,
                false => Vec::new(),
            });
        }
        let whole = PackedSegment { extent: segment.extent, stored };
        let ranges = whole.find_ranges(&visitors, removed)?;
        let totals = whole.totals_without(segment.totals, &visitors, &ranges)?;
        let (extent, packed) = whole.columns_without(&ranges)?;
        Ok(Some(Self { segment, content: Some((extent, totals, packed)) }))
    }

    /// The segment without its completions, or without its page views.
    pub(in crate::store) fn of_kind(
        reader: &mut Reader<'_>,
        segment: &Segment,
        completions: bool,
    ) -> Result<Self, Error> {
        let mut runs = reader.runs(segment)?;
        for run in &mut runs {
            run.rows.retain(|row| (row.kind == COMPLETION) != completions);
        }
        runs.retain(|run| !run.rows.is_empty());
        Ok(Self { segment: *segment, content: columns::encode(runs) })
    }

    /// Replaces the segment, unless it was replaced by another one meanwhile. That one still has the visitors.
    pub(in crate::store) fn apply(self, conn: &Connection, account: AccountId) -> Result<(), Error> {
        let new = self.content.map(|content| (self.segment.day, content));
        rewrite::replace(conn, account, &[self.segment], new)?;
        Ok(())
    }
}

/// The columns of a segment, packed.
struct PackedSegment {
    extent: Extent,
    stored: Vec<Vec<u8>>,
}

/// Where the values of the removed visitors are in columns of each length.
#[derive(Default)]
struct RemovedRanges {
    runs: Vec<Range<usize>>,
    rows: Vec<Range<usize>>,
    gaps: Vec<Range<usize>>,
    /// Times of the first and the last row of all other visitors.
    first_ms: Option<i64>,
    last_ms: i64,
}

impl RemovedRanges {
    fn of(&self, per: Per) -> &[Range<usize>] {
        match per {
            Per::Run => &self.runs,
            Per::Row => &self.rows,
            Per::Gap => &self.gaps,
            Per::PageListEntry => &[],
        }
    }
}

/// The page list without what only the removed visitors saw.
#[derive(Default)]
struct PageList {
    pages: Vec<u32>,
    titles: Vec<u32>,
    /// The new index of each old one, as rows use it.
    row_index: Vec<u32>,
    /// The same as entry and exit pages use it: the first entry with that page.
    page_index: Vec<u32>,
}

impl PageList {
    fn push(&mut self, page: u32, title: u32) {
        self.pages.push(page);
        self.titles.push(title);
    }

    fn len(&self) -> u32 {
        u32::try_from(self.pages.len()).unwrap_or(u32::MAX)
    }
}
impl PackedSegment {
    fn bytes(&self, col: Col) -> &[u8] {
        self.stored.get(col as usize).map_or(&[], Vec::as_slice)
    }

    fn read(&self, col: Col) -> Result<Vec<u32>, Damage> {
        let mut values = Vec::new();
        columns::read(&self.extent, col, &mut values, &mut |col| Ok::<_, Damage>(self.bytes(col).to_vec()))?;
        Ok(values)
    }

    fn find_ranges(&self, visitors: &[u32], removed: &FxHashSet<u32>) -> Result<RemovedRanges, Damage> {
        let (starts, gaps) = (self.read(Col::Start)?, self.read(Col::Gap)?);
        let mut ranges = RemovedRanges { last_ms: i64::MIN, ..RemovedRanges::default() };
        for (span, number) in columns::spans(&self.extent, &self.read(Col::Rows)?)?.into_iter().zip(visitors)
        {
            if removed.contains(number) {
                ranges.runs.push(span.run..span.run + 1);
                ranges.rows.push(span.rows);
                ranges.gaps.push(span.gaps);
            } else {
                for at_ms in span.times(&self.extent, &starts, &gaps) {
                    ranges.first_ms = Some(ranges.first_ms.map_or(at_ms, |first| first.min(at_ms)));
                    ranges.last_ms = ranges.last_ms.max(at_ms);
                }
            }
        }
        Ok(ranges)
    }

    /// The totals of the segment, less what the rows of the removed visitors add to them.
    fn totals_without(
        &self,
        totals: Totals,
        visitors: &[u32],
        ranges: &RemovedRanges,
    ) -> Result<Totals, Damage> {
        let (sessions, flags) = (self.read(Col::Session)?, self.read(Col::Flags)?);
        let (kinds, engaged) = (self.read(Col::Kind)?, self.read(Col::Engaged)?);
        let (low, high) = (self.read(Col::ValueLow)?, self.read(Col::ValueHigh)?);
        let at = |values: &[u32], place: usize| values.get(place).copied().unwrap_or(0);
        let mut removed = Totals::default();
        let (mut own_sessions, mut own_visitors) = (FxHashSet::default(), FxHashSet::default());
        for (run, rows) in ranges.runs.iter().zip(&ranges.rows) {
            let session = at(&sessions, run.start);
            if session != 0 {
                own_sessions.insert(session);
                own_visitors.insert(at(visitors, run.start));
                removed.bounces += u64::from(at(&flags, run.start) & BOUNCED != 0);
            }
            for row in rows.clone() {
                if at(&kinds, row) & IS_COMPLETION != 0 {
                    removed.completions += 1;
                    let value_minor = value_minor(at(&low, row), at(&high, row));
                    removed.value_minor = removed.value_minor.saturating_add(value_minor);
                } else if session != 0 {
                    removed.page_views += 1;
                    removed.engaged_ms += u64::from(at(&engaged, row));
                }
            }
        }
        removed.visitors = own_visitors.len() as u64;
        // A session that also has rows of a visitor who stays is not removed.
        for session in pack::without(&sessions, &ranges.runs) {
            own_sessions.remove(&session);
        }
        removed.sessions = own_sessions.len() as u64;
        let less = |all: u64, removed: u64| all.checked_sub(removed).ok_or(Damage::Inconsistent);
        Ok(Totals {
            visitors: less(totals.visitors, removed.visitors)?,
            sessions: less(totals.sessions, removed.sessions)?,
            page_views: less(totals.page_views, removed.page_views)?,
            completions: less(totals.completions, removed.completions)?,
            value_minor: totals.value_minor.wrapping_sub(removed.value_minor),
            engaged_ms: less(totals.engaged_ms, removed.engaged_ms)?,
            bounces: less(totals.bounces, removed.bounces)?,
            contacts: 0,
        })
    }

    /// `None` when the page list does not change.
    fn page_list_without(&self, ranges: &RemovedRanges) -> Result<Option<PageList>, Damage> {
        let (pages, titles) = (self.read(Col::PageListPage)?, self.read(Col::PageListTitle)?);
        let used_by_others = |cols: &[Col]| {
            let mut is_used = vec![false; pages.len()];
            for col in cols {
                for index in pack::without(&self.read(*col)?, ranges.of(col.per())) {
                    *is_used.get_mut(index as usize).ok_or(Damage::Inconsistent)? = true;
                }
            }
            Ok::<_, Damage>(is_used)
        };
        let seen = used_by_others(&[Col::Page])?;
        let named = used_by_others(&[Col::EntryPage, Col::ExitPage])?;
        let entries: Vec<_> = pages.iter().zip(&titles).zip(seen.iter().zip(&named)).collect();
        let mut list = PageList::default();
        for titles_of_page in entries.chunk_by(|((one, _), _), ((next, _), _)| one == next) {
            let first = list.len();
            for ((page, title), (is_seen, _)) in titles_of_page {
                list.row_index.push(list.len());
                list.page_index.push(first);
                if **is_seen {
                    list.push(**page, **title);
                }
            }
            // A page that is only an entry or exit page of others has one entry without title.
            let is_unseen = list.len() == first;
            let mut named = titles_of_page.iter().filter(|(_, (_, is_named))| is_unseen && **is_named);
            if let Some(((page, _), _)) = named.next() {
                list.push(**page, 0);
            }
        }
        Ok(Some(list).filter(|list| list.pages != pages || list.titles != titles))
    }

    fn columns_without(&self, ranges: &RemovedRanges) -> Result<(Extent, Packed), Damage> {
        let first_ms = ranges.first_ms.ok_or(Damage::Inconsistent)?;
        let list = self.page_list_without(ranges)?;
        let shift_ms = u32::try_from(first_ms - self.extent.first_ms).map_err(|_| Damage::Inconsistent)?;
        let mut packed = Packed::with_capacity(Col::COUNT);
        for col in Col::ALL.into_iter().filter(|col| self.extent.is_stored(*col)) {
            let removed = ranges.of(col.per());
            let remaining = || Ok::<_, Damage>(pack::without(&self.read(col)?, removed));
            let reindex = |new_index: &[u32]| {
                let values = remaining()?.into_iter();
                let values = values.map(|old| new_index.get(old as usize).copied().unwrap_or(0));
                Ok::<_, Damage>(pack::pack(&values.collect::<Vec<_>>()))
            };
            let bytes = match (col, &list) {
                (Col::Start, _) if shift_ms > 0 => {
                    let starts: Vec<u32> = remaining()?.into_iter().map(|start| start - shift_ms).collect();
                    pack::pack(&starts)
                }
                (Col::Page, Some(list)) => reindex(&list.row_index)?,
                (Col::EntryPage | Col::ExitPage, Some(list)) => reindex(&list.page_index)?,
                (Col::PageListPage, Some(list)) => pack::pack(&list.pages),
                (Col::PageListTitle, Some(list)) => pack::pack(&list.titles),
                (Col::PageListPage | Col::PageListTitle, None) => self.bytes(col).to_vec(),
                _ => pack::remove(self.bytes(col), self.extent.values(col), removed)?,
            };
            if !pack::is_zero(&bytes) {
                packed.push((col, bytes));
            }
        }
        let less = |all: u32, removed: &[Range<usize>]| {
            let count = removed.iter().map(ExactSizeIterator::len).sum::<usize>();
            all - u32::try_from(count).unwrap_or(all).min(all)
        };
        let extent = Extent {
            runs: less(self.extent.runs, &ranges.runs),
            rows: less(self.extent.rows, &ranges.rows),
            page_list_len: list.map_or(self.extent.page_list_len, |list| list.len()),
            first_ms,
            last_ms: ranges.last_ms,
            stored: columns::stored_bits(&packed),
        };
        Ok((extent, packed))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::event::{Event, PAGE_VIEW};
    use crate::store::segment::columns::{Run, decode, encode};

    fn row() -> impl Strategy<Value = Event> {
        let of = (0..500u32, 0..4u32, 0..3u32, any::<bool>(), -9..9i64, 0..60u32, 0..3u32);
        of.prop_map(|(gap, page, title, completes, value_minor, engaged_ms, event)| Event {
            at_ms: gap.into(),
            kind: if completes { COMPLETION } else { PAGE_VIEW },
            page,
            title,
            value_minor,
            engaged_ms,
            event,
            consent: (engaged_ms % 4) as u8,
            inbox_id: 0,
            visitor: 0,
            session_id: 0,
            policy: 0,
            foreign_host: false,
        })
    }

    fn run() -> impl Strategy<Value = Run> {
        let of = (0..4u32, 1..4u32, 0..9_000i64, prop::collection::vec(row(), 1..5), any::<bool>(), 0..4u32);
        (of, 0..4u32, any::<u32>()).prop_map(
            |((session, visitor, start, mut rows, bounced, entry), exit, of)| {
                let mut at_ms = 1_700_000_000_000 + start;
                for row in &mut rows {
                    at_ms += row.at_ms;
                    (row.at_ms, row.session_id, row.visitor) = (at_ms, session, visitor);
                }
                let (source, device, place) = (of % 5, of % 70, of >> 8);
                Run {
                    session,
                    visitor,
                    bounced,
                    source,
                    device,
                    place,
                    entry_page: entry,
                    exit_page: exit,
                    rows,
                    ..Run::default()
                }
            },
        )
    }

    proptest! {
        #[test]
        fn the_result_is_what_would_have_been_written_without_the_visitors(
            runs in prop::collection::vec(run(), 1..12),
            removed in prop::collection::hash_set(1..4u32, 1..3),
        ) {
            let removed: FxHashSet<u32> = removed.into_iter().collect();
            let (extent, totals, packed) = encode(runs.clone()).unwrap();
            let mut stored = vec![Vec::new(); Col::COUNT];
            for (col, bytes) in packed {
                stored[col as usize] = bytes;
            }
            let whole = PackedSegment { extent, stored };
            let visitors = whole.read(Col::Visitor).unwrap();
            let ranges = whole.find_ranges(&visitors, &removed).unwrap();
            let others: Vec<Run> = runs.into_iter().filter(|run| !removed.contains(&run.visitor)).collect();
            prop_assume!(!others.is_empty());
            let found = whole.totals_without(totals, &visitors, &ranges).unwrap();
            let (extent, columns) = whole.columns_without(&ranges).unwrap();
            let (wanted, wanted_totals, wanted_columns) = encode(others).unwrap();
            prop_assert_eq!((extent, found), (wanted, wanted_totals));
            let load = |columns: Packed| move |col: Col| {
                Ok::<_, Damage>(columns.iter().find(|(is, _)| *is == col).unwrap().1.clone())
            };
            prop_assert_eq!(decode(&extent, load(columns)).unwrap(), decode(&wanted, load(wanted_columns)).unwrap());
        }
    }
}
