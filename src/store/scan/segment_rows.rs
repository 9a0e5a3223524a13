//! Segments as batches: the same columns hot rows come in, of which only those asked for are read.

use std::ops::Range;

use rusqlite::Connection;
use rustc_hash::FxHashMap;

use super::ask::Grouping;
use super::column::{Column, NEW, OF_ROW, OF_SESSION, OfRow, OfSession, RETURNING};
use crate::base::clock::Millis;
use crate::store::error::{Damage, Error};
use crate::store::scan::hot_rows::{Batch, of_session};
use crate::store::segment::columns::{BOUNCED, Col, IS_COMPLETION, IS_NEW, SPANS, value_minor};
use crate::store::segment::late_engagement::Late;
use crate::store::segment::{Reader, Segment};
use crate::store::session::Session;

/// Which columns a question looks at.
#[derive(Debug, Default)]
pub(super) struct Needs {
    of_session: [bool; OF_SESSION],
    of_row: [bool; OF_ROW],
    /// Bounds between which rows are told apart by their time.
    edges: Vec<i64>,
}

impl Needs {
    pub(super) fn new(columns: impl Iterator<Item = Column>, groupings: &[Grouping]) -> Self {
        let edges = groupings.iter().filter_map(|grouping| match grouping {
            Grouping::Steps(edges) | Grouping::Grid(_, _, edges) => Some(edges.as_slice()),
            _ => None,
        });
        let mut needs = Self { edges: edges.flatten().copied().collect(), ..Self::default() };
        for column in columns {
            let place = match column {
                Column::Session(of) => needs.of_session.get_mut(of as usize),
                Column::Row(of) => needs.of_row.get_mut(of as usize),
                Column::Contact => None,
            };
            if let Some(place) = place {
                *place = true;
            }
        }
        needs
    }

    fn session(&self, of: OfSession) -> bool {
        self.of_session.get(of as usize).is_some_and(|needed| *needed)
    }

    fn row(&self, of: OfRow) -> bool {
        self.of_row.get(of as usize).is_some_and(|needed| *needed)
    }

    /// Must the rows of a segment be told apart by their time?
    fn times(&self, first_ms: i64, last_ms: i64) -> bool {
        self.edges.iter().any(|edge| *edge > first_ms && *edge <= last_ms)
    }
}

/// What a question wants of segments.
pub(super) struct Wanted {
    /// How long pages were visible.
    pub engaged: bool,
    pub needs: Needs,
    pub range_ms: Range<i64>,
    pub now: Millis,
    pub changed: Changed,
}

/// Reads segments.
pub(super) struct Closed<'a> {
    reader: Reader<'a>,
    wanted: &'a Wanted,
    batch: Batch,
    /// Values that are not shown as they are stored.
    spare: [Vec<u32>; 2],
}

impl<'a> Closed<'a> {
    pub(super) fn prepare(conn: &'a Connection, wanted: &'a Wanted) -> Result<Self, Error> {
        Ok(Self {
            reader: Reader::prepare(conn)?,
            wanted,
            batch: Batch::default(),
            spare: Default::default(),
        })
    }

    /// The runs of a segment; their rows come with `read_rows`, if any is wanted.
    ///
    /// # Errors
    /// `Damaged`, or SQLite's.
    pub(super) fn read_runs(&mut self, segment: &Segment) -> Result<&Batch, Error> {
        self.batch.clear();
        let lists =
            [OfSession::EntryPage, OfSession::ExitPage].into_iter().any(|of| self.wanted.needs.session(of));
        if lists || self.wanted.needs.row(OfRow::Page) {
            self.reader.read(segment, Col::ListedPage, &mut self.batch.pages)?;
        }
        self.read_sessions(segment)?;
        self.take_over_changes(segment);
        Ok(&self.batch)
    }

    /// The rows of the runs read before.
    ///
    /// # Errors
    /// `Damaged`, or SQLite's.
    pub(super) fn read_rows(&mut self, segment: &Segment) -> Result<&Batch, Error> {
        self.read_values(segment)?;
        self.read_times(segment)?;
        if self.wanted.changed.has_late(segment) {
            self.take_over_late(segment);
        }
        Ok(&self.batch)
    }

    /// Drops the rows that are not in the range, and runs that have none left.
    pub(super) fn cut(&mut self) -> &Batch {
        self.batch.retain(&self.wanted.range_ms);
        &self.batch
    }

    /// Is a part of it outside the range?
    pub(super) fn is_cut(&self, segment: &Segment) -> bool {
        segment.extent.first_ms < self.wanted.range_ms.start
            || segment.extent.last_ms >= self.wanted.range_ms.end
    }

    fn read_sessions(&mut self, segment: &Segment) -> Result<(), Error> {
        let batch = &mut self.batch;
        self.reader.read(segment, Col::Session, &mut batch.session)?;
        self.reader.read(segment, Col::Visitor, &mut batch.visitor)?;
        self.reader.read(segment, Col::Rows, &mut batch.end)?;
        let mut rows = 0u32;
        for end in &mut batch.end {
            rows = rows.saturating_add(*end);
            *end = rows;
        }
        if rows != segment.extent.rows {
            return Err(Damage::Inconsistent.into());
        }
        let [flags, _] = &mut self.spare;
        flags.clear();
        self.reader.read(segment, Col::Flags, flags)?;
        batch.spans.extend(flags.iter().map(|flags| flags & SPANS != 0));
        batch.bounced.extend(flags.iter().map(|flags| flags & BOUNCED != 0));
        for (of, col) in [
            (OfSession::Source, Col::Source),
            (OfSession::Referrer, Col::Referrer),
            (OfSession::Campaign, Col::Campaign),
            (OfSession::Device, Col::Device),
            (OfSession::Screen, Col::Screen),
            (OfSession::Language, Col::Language),
            (OfSession::Place, Col::Place),
            (OfSession::Company, Col::Company),
            (OfSession::EntryPage, Col::EntryPage),
            (OfSession::ExitPage, Col::ExitPage),
        ] {
            if self.wanted.needs.session(of)
                && let Some(column) = batch.of_session.get_mut(of as usize)
            {
                self.reader.read(segment, col, column)?;
                if matches!(of, OfSession::EntryPage | OfSession::ExitPage) {
                    look_up(column, &batch.pages);
                }
            }
        }
        if self.wanted.needs.session(OfSession::VisitorType)
            && let Some(column) = batch.of_session.get_mut(OfSession::VisitorType as usize)
        {
            // what programs tell is of no session, and of no type
            column.extend(flags.iter().zip(&batch.session).map(|(flags, session)| match session {
                0 => 0,
                _ if flags & IS_NEW == 0 => RETURNING,
                _ => NEW,
            }));
        }
        Ok(())
    }

    fn read_values(&mut self, segment: &Segment) -> Result<(), Error> {
        let [low, high] = &mut self.spare;
        let batch = &mut self.batch;
        let has = |col| segment.extent.is_stored(col);
        if has(Col::Kind) {
            low.clear();
            self.reader.read(segment, Col::Kind, low)?;
            batch.is_completion.extend(low.iter().map(|kind| kind & IS_COMPLETION != 0));
        }
        if self.wanted.engaged && has(Col::Engaged) {
            self.reader.read(segment, Col::Engaged, &mut batch.engaged_ms)?;
        }
        if has(Col::ValueLow) || has(Col::ValueHigh) {
            low.clear();
            high.clear();
            self.reader.read(segment, Col::ValueLow, low)?;
            self.reader.read(segment, Col::ValueHigh, high)?;
            batch.value_minor.extend(low.iter().zip(&*high).map(|(low, high)| value_minor(*low, *high)));
        }
        for (of, col) in
            [(OfRow::Page, Col::Page), (OfRow::Event, Col::Event), (OfRow::Consent, Col::Consent)]
        {
            if self.wanted.needs.row(of)
                && let Some(column) = batch.of_row.get_mut(of as usize)
            {
                self.reader.read(segment, col, column)?;
            }
        }
        Ok(())
    }

    fn read_times(&mut self, segment: &Segment) -> Result<(), Error> {
        let extent = segment.extent;
        self.batch.only_ms = extent.first_ms;
        let needs_times =
            self.wanted.needs.times(extent.first_ms, extent.last_ms) || self.wanted.changed.has_late(segment);
        if !self.is_cut(segment) && !needs_times {
            return Ok(());
        }
        let [starts, gaps] = &mut self.spare;
        starts.clear();
        gaps.clear();
        self.reader.read(segment, Col::Start, starts)?;
        self.reader.read(segment, Col::Gap, gaps)?;
        let mut gaps = gaps.iter();
        let mut begin = 0;
        for (end, start) in self.batch.end.iter().zip(starts.iter()) {
            let mut at = extent.first_ms + i64::from(*start);
            for row in begin..*end {
                if row > begin {
                    at += gaps.next().copied().map_or(0, i64::from);
                }
                self.batch.at_ms.push(at);
            }
            begin = *end;
        }
        Ok(())
    }

    /// What changed after a session went into the segment is read from its row.
    fn take_over_changes(&mut self, segment: &Segment) {
        let extent = segment.extent;
        if extent.last_ms < self.wanted.changed.from_ms || extent.first_ms > self.wanted.changed.to_ms {
            return;
        }
        let batch = &mut self.batch;
        for (run, id) in batch.session.iter().enumerate() {
            let Some(session) = self.wanted.changed.sessions.get(id) else { continue };
            let codes = of_session(session, self.wanted.now);
            for (column, code) in batch.of_session.iter_mut().zip(codes) {
                if let Some(place) = column.get_mut(run) {
                    *place = code;
                }
            }
            if let Some(place) = batch.bounced.get_mut(run) {
                *place = session.is_bounce();
            }
            if let Some(place) = batch.spans.get_mut(run) {
                *place = true;
            }
        }
    }

    /// How long page views were visible, as far as the segment does not know it yet.
    fn take_over_late(&mut self, segment: &Segment) {
        let batch = &mut self.batch;
        batch.engaged_ms.resize(segment.extent.rows as usize, 0);
        let mut begin = 0;
        for (session, end) in batch.session.iter().zip(&batch.end) {
            let rows = std::mem::replace(&mut begin, *end)..*end;
            if !self.wanted.changed.sessions.contains_key(session) {
                continue;
            }
            let mut before = None;
            for row in rows {
                let row = row as usize;
                let Some(at_ms) = batch.at_ms.get(row).copied() else { continue };
                let is_completion = batch.is_completion.get(row).copied().unwrap_or(false);
                if is_completion || before.replace(at_ms) == Some(at_ms) {
                    continue;
                }
                let late = self.wanted.changed.late.get(&(*session, at_ms)).copied().unwrap_or(0);
                if let Some(engaged_ms) = batch.engaged_ms.get_mut(row) {
                    *engaged_ms = late.max(*engaged_ms);
                }
            }
        }
    }
}

/// Sessions that changed after they went into a segment.
#[derive(Debug, Default)]
pub(super) struct Changed {
    pub sessions: FxHashMap<u32, Session>,
    late: Late,
    /// First and last time of any row of them.
    from_ms: i64,
    to_ms: i64,
}

impl Changed {
    pub(super) fn new(sessions: FxHashMap<u32, Session>, late: Late) -> Self {
        let from_ms = sessions.values().map(|session| session.start_ms).min().unwrap_or(i64::MAX);
        let to_ms = sessions.values().map(|session| session.last_ms).max().unwrap_or(i64::MIN);
        Self { sessions, late, from_ms, to_ms }
    }

    fn has_late(&self, segment: &Segment) -> bool {
        let extent = segment.extent;
        let is_near = extent.last_ms >= self.from_ms && extent.first_ms <= self.to_ms;
        is_near && self.late.keys().any(|(_, at_ms)| (extent.first_ms..=extent.last_ms).contains(at_ms))
    }
}

/// Places in the list of pages become pages.
fn look_up(column: &mut [u32], listed: &[u32]) {
    for place in column {
        *place = listed.get(*place as usize).copied().unwrap_or(0);
    }
}
