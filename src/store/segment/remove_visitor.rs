//! Cutting one visitor out of a segment, column by column: most of a column is moved, not read, so that a day of a busy
//! account costs little more than its bytes. What is left is what would have been written without him. It is made
//! from what stands in the store while others write: a segment never changes, it is there or it is not.

use std::ops::Range;

use rusqlite::Connection;
use rustc_hash::FxHashSet;

use super::columns::{BOUNCED, Col, Each, Extent, IS_COMPLETION, Packed, value_minor};
use super::{Reader, Segment, pack};
use crate::domain::account::AccountId;
use crate::domain::visitor::VisitorNumber;
use crate::store::error::{Damage, Error};
use crate::store::totals::Totals;

/// A segment and what is left of it without a visitor.
pub struct Cut {
    segment: Segment,
    left: Option<(Extent, Totals, Packed)>,
}

impl Cut {
    /// Of the segment as it is; `None` when he is not in it.
    ///
    /// # Errors
    /// `Damaged`, or SQLite's.
    pub(in crate::store) fn prepare(
        reader: &mut Reader<'_>,
        segment: &Segment,
        visitor: VisitorNumber,
    ) -> Result<Option<Self>, Error> {
        let mut visitors = Vec::new();
        reader.read(segment, Col::Visitor, &mut visitors)?;
        let his = |number: &u32| *number == visitor.0;
        if !visitors.iter().any(his) {
            return Ok(None);
        }
        let segment = *segment;
        if visitors.iter().all(his) {
            return Ok(Some(Self { segment, left: None }));
        }
        let mut stored = Vec::with_capacity(Col::COUNT);
        for col in Col::ALL {
            stored.push(match segment.extent.is_stored(col) {
                true => reader.load(segment.id, col)?,
                false => Vec::new(),
            });
        }
        let whole = Whole { extent: segment.extent, stored };
        let places = whole.find(&visitors, visitor)?;
        let figures = whole.figures_without(segment.figures, &places)?;
        let (extent, packed) = whole.columns_without(&places)?;
        Ok(Some(Self { segment, left: Some((extent, figures, packed)) }))
    }

    /// Puts what is left in the place of the segment, if that is still there: else it has become another one, in which
    /// he is.
    pub(in crate::store) fn apply(self, conn: &Connection, account: AccountId) -> Result<(), Error> {
        super::replace(conn, account, &self.segment, self.left)?;
        Ok(())
    }
}

/// The columns of a segment, packed.
struct Whole {
    extent: Extent,
    stored: Vec<Vec<u8>>,
}

/// Where a visitor is.
#[derive(Default)]
struct Places {
    /// A range for each of his runs.
    runs: Vec<Range<usize>>,
    rows: Vec<Range<usize>>,
    gaps: Vec<Range<usize>>,
    /// Times of the first and last row of the others.
    first_ms: Option<i64>,
    last_ms: i64,
}

impl Places {
    fn of(&self, each: Each) -> &[Range<usize>] {
        match each {
            Each::Run => &self.runs,
            Each::Row => &self.rows,
            Each::Gap => &self.gaps,
            Each::Listed => &[],
        }
    }
}

/// The list of pages and titles without what he alone saw, and what its places have become.
#[derive(Default)]
struct List {
    pages: Vec<u32>,
    titles: Vec<u32>,
    /// New places of rows, by old ones.
    of_row: Vec<u32>,
    /// The same for the pages that sessions name: the first title of each.
    of_named: Vec<u32>,
}

impl List {
    fn push(&mut self, page: u32, title: u32) {
        self.pages.push(page);
        self.titles.push(title);
    }
}

fn place_of(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

impl Whole {
    fn bytes(&self, col: Col) -> &[u8] {
        self.stored.get(col as usize).map_or(&[], Vec::as_slice)
    }

    fn read(&self, col: Col) -> Result<Vec<u32>, Damage> {
        let wanted = self.extent.values(col);
        if !self.extent.is_stored(col) {
            return Ok(vec![0; wanted]);
        }
        let mut values = Vec::with_capacity(wanted);
        pack::unpack(self.bytes(col), wanted, &mut values)?;
        Ok(values)
    }

    fn find(&self, visitors: &[u32], visitor: VisitorNumber) -> Result<Places, Damage> {
        let (counts, starts, gaps) = (self.read(Col::Rows)?, self.read(Col::Start)?, self.read(Col::Gap)?);
        let mut places = Places { last_ms: i64::MIN, ..Places::default() };
        let mut row = 0;
        for (run, ((number, count), start)) in visitors.iter().zip(&counts).zip(&starts).enumerate() {
            let end = row + *count as usize;
            if *count == 0 || end > self.extent.rows as usize {
                return Err(Damage::Inconsistent);
            }
            // The first row of each run has no gap.
            let between = row - run..end - run - 1;
            if *number == visitor.0 {
                places.runs.push(run..run + 1);
                places.rows.push(row..end);
                places.gaps.push(between);
            } else {
                let at_ms = self.extent.first_ms + i64::from(*start);
                let gaps = gaps.get(between).ok_or(Damage::Inconsistent)?;
                let last_ms = at_ms + gaps.iter().copied().map(i64::from).sum::<i64>();
                places.first_ms = Some(places.first_ms.map_or(at_ms, |first| first.min(at_ms)));
                places.last_ms = places.last_ms.max(last_ms);
            }
            row = end;
        }
        if row == self.extent.rows as usize { Ok(places) } else { Err(Damage::Inconsistent) }
    }

    /// The sums of the segment less what his rows brought.
    fn figures_without(&self, figures: Totals, places: &Places) -> Result<Totals, Damage> {
        let (sessions, flags) = (self.read(Col::Session)?, self.read(Col::Flags)?);
        let (kinds, engaged) = (self.read(Col::Kind)?, self.read(Col::Engaged)?);
        let (low, high) = (self.read(Col::ValueLow)?, self.read(Col::ValueHigh)?);
        let at = |values: &[u32], place: usize| values.get(place).copied().unwrap_or(0);
        let mut his = Totals::default();
        let mut own: FxHashSet<u32> = FxHashSet::default();
        for (run, rows) in places.runs.iter().zip(&places.rows) {
            let session = at(&sessions, run.start);
            if session != 0 {
                own.insert(session);
                his.bounces += u64::from(at(&flags, run.start) & BOUNCED != 0);
            }
            for row in rows.clone() {
                if at(&kinds, row) & IS_COMPLETION != 0 {
                    his.completions += 1;
                    let value_minor = value_minor(at(&low, row), at(&high, row));
                    his.value_minor = his.value_minor.saturating_add(value_minor);
                } else if session != 0 {
                    his.page_views += 1;
                    his.engaged_ms += u64::from(at(&engaged, row));
                }
            }
        }
        his.visitors = u64::from(!own.is_empty());
        // A session that changed hands is still there.
        for session in pack::without(&sessions, &places.runs) {
            own.remove(&session);
        }
        his.sessions = own.len() as u64;
        let less = |all: u64, his: u64| all.checked_sub(his).ok_or(Damage::Inconsistent);
        Ok(Totals {
            visitors: less(figures.visitors, his.visitors)?,
            sessions: less(figures.sessions, his.sessions)?,
            page_views: less(figures.page_views, his.page_views)?,
            completions: less(figures.completions, his.completions)?,
            value_minor: figures.value_minor.wrapping_sub(his.value_minor),
            engaged_ms: less(figures.engaged_ms, his.engaged_ms)?,
            bounces: less(figures.bounces, his.bounces)?,
            contacts: 0,
        })
    }

    /// `None` when the list stays as it is.
    fn list_without(&self, places: &Places) -> Result<Option<List>, Damage> {
        let (pages, titles) = (self.read(Col::ListedPage)?, self.read(Col::ListedTitle)?);
        let places_in = |cols: &[Col]| {
            let mut is_in = vec![false; pages.len()];
            for col in cols {
                for place in pack::without(&self.read(*col)?, places.of(col.each())) {
                    *is_in.get_mut(place as usize).ok_or(Damage::Inconsistent)? = true;
                }
            }
            Ok::<_, Damage>(is_in)
        };
        let (is_seen, is_named) = (places_in(&[Col::Page])?, places_in(&[Col::EntryPage, Col::ExitPage])?);
        let entries: Vec<_> = pages.iter().zip(&titles).zip(is_seen.iter().zip(&is_named)).collect();
        let mut list = List::default();
        for group in entries.chunk_by(|((one, _), _), ((next, _), _)| one == next) {
            let first = place_of(list.pages.len());
            for ((page, title), (is_seen, _)) in group {
                list.of_row.push(place_of(list.pages.len()));
                list.of_named.push(first);
                if **is_seen {
                    list.push(**page, **title);
                }
            }
            // A page that others name and nobody saw stands with no title.
            let is_unseen = place_of(list.pages.len()) == first;
            if let Some(((page, _), _)) = group.iter().find(|(_, (_, is_named))| is_unseen && **is_named) {
                list.push(**page, 0);
            }
        }
        Ok(Some(list).filter(|list| list.pages != pages || list.titles != titles))
    }

    fn columns_without(&self, places: &Places) -> Result<(Extent, Packed), Damage> {
        let first_ms = places.first_ms.ok_or(Damage::Inconsistent)?;
        let list = self.list_without(places)?;
        let earlier = u32::try_from(first_ms - self.extent.first_ms).map_err(|_| Damage::Inconsistent)?;
        let mut packed = Packed::with_capacity(Col::COUNT);
        for col in Col::ALL.into_iter().filter(|col| self.extent.is_stored(*col)) {
            let cut = places.of(col.each());
            let left = || Ok::<_, Damage>(pack::without(&self.read(col)?, cut));
            let moved = |places: &[u32], values: Vec<u32>| {
                let moved = values.into_iter().map(|place| places.get(place as usize).copied().unwrap_or(0));
                pack::pack(&moved.collect::<Vec<_>>())
            };
            let bytes = match (col, &list) {
                (Col::Start, _) if earlier > 0 => {
                    let starts: Vec<u32> = left()?.into_iter().map(|start| start - earlier).collect();
                    pack::pack(&starts)
                }
                (Col::Page, Some(list)) => moved(&list.of_row, left()?),
                (Col::EntryPage | Col::ExitPage, Some(list)) => moved(&list.of_named, left()?),
                (Col::ListedPage, Some(list)) => pack::pack(&list.pages),
                (Col::ListedTitle, Some(list)) => pack::pack(&list.titles),
                (Col::ListedPage | Col::ListedTitle, None) => self.bytes(col).to_vec(),
                _ => pack::cut(self.bytes(col), self.extent.values(col), cut)?,
            };
            if !pack::is_zero(&bytes) {
                packed.push((col, bytes));
            }
        }
        let less = |all: u32, cut: &[Range<usize>]| {
            let count = cut.iter().map(ExactSizeIterator::len).sum::<usize>();
            all - u32::try_from(count).unwrap_or(all).min(all)
        };
        let listed = list.map(|list| place_of(list.pages.len()));
        let extent = Extent {
            runs: less(self.extent.runs, &places.runs),
            rows: less(self.extent.rows, &places.rows),
            listed: listed.unwrap_or(self.extent.listed),
            first_ms,
            last_ms: places.last_ms,
            stored: packed.iter().fold(0, |stored, (col, _)| stored | 1 << (*col as u32)),
        };
        Ok((extent, packed))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::event::{COMPLETION, Event, PAGE_VIEW};
    use crate::store::segment::columns::{Run, decode, encode};

    const HIS: u32 = 2;

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
        fn what_is_left_is_what_would_have_been_written_without_him(runs in prop::collection::vec(run(), 1..12)) {
            let (extent, figures, packed) = encode(runs.clone()).unwrap();
            let mut stored = vec![Vec::new(); Col::COUNT];
            for (col, bytes) in packed {
                stored[col as usize] = bytes;
            }
            let whole = Whole { extent, stored };
            let visitors = whole.read(Col::Visitor).unwrap();
            let places = whole.find(&visitors, VisitorNumber(HIS)).unwrap();
            let others: Vec<Run> = runs.into_iter().filter(|run| run.visitor != HIS).collect();
            prop_assume!(!others.is_empty());
            let found = whole.figures_without(figures, &places).unwrap();
            let (left, columns) = whole.columns_without(&places).unwrap();
            let (wanted, sums, wanted_columns) = encode(others).unwrap();
            prop_assert_eq!((left, found), (wanted, sums));
            let load = |columns: Packed| move |col: Col| {
                Ok::<_, Damage>(columns.iter().find(|(is, _)| *is == col).unwrap().1.clone())
            };
            prop_assert_eq!(decode(&left, load(columns)).unwrap(), decode(&wanted, load(wanted_columns)).unwrap());
        }
    }
}
