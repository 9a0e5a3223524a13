//! Reads segments as batches. Only the columns that the request looks at are read.

use std::ops::Range;

use rusqlite::Connection;
use rustc_hash::FxHashMap;

use super::column::{
    Column, NEW, RETURNING, ROW_COLUMNS, RowColumn, SESSION_COLUMNS, SUSPECTED, SessionColumn, UNSUSPECTED,
};
use super::hot_rows::{Batch, session_codes};
use super::request::Grouping;
use crate::base::clock::Millis;
use crate::store::error::{Damage, Error};
use crate::store::segment::columns::{
    BOUNCED, Col, IS_COMPLETION, IS_NEW, SPANS, SUSPECTED as FLAG_SUSPECTED, value_minor,
};
use crate::store::segment::late_engagement::Late;
use crate::store::segment::{Reader, Segment};
use crate::store::session::Session;

/// The columns that a request looks at.
#[derive(Debug, Default)]
pub(super) struct NeededColumns {
    session_codes: [bool; SESSION_COLUMNS],
    row_codes: [bool; ROW_COLUMNS],
    /// Edges of intervals. Rows on different sides of one must be distinguished by their times.
    edges: Vec<i64>,
}

impl NeededColumns {
    pub(super) fn new(columns: impl Iterator<Item = Column>, groupings: &[Grouping]) -> Self {
        let edges = groupings.iter().filter_map(|grouping| match grouping {
            Grouping::Intervals(edges) | Grouping::Grid(_, _, edges) => Some(edges.as_slice()),
            _ => None,
        });
        let mut needed = Self { edges: edges.flatten().copied().collect(), ..Self::default() };
        for column in columns {
            let place = match column {
                Column::Session(of) => needed.session_codes.get_mut(of as usize),
                Column::Row(of) => needed.row_codes.get_mut(of as usize),
                Column::Contact => None,
            };
            if let Some(place) = place {
                *place = true;
            }
        }
        needed
    }

    fn session(&self, of: SessionColumn) -> bool {
        self.session_codes.get(of as usize).is_some_and(|needed| *needed)
    }

    fn row(&self, of: RowColumn) -> bool {
        self.row_codes.get(of as usize).is_some_and(|needed| *needed)
    }

    /// Must the rows of a segment be distinguished by their times?
    fn times(&self, first_ms: i64, last_ms: i64) -> bool {
        self.edges.iter().any(|edge| *edge > first_ms && *edge <= last_ms)
    }
}

/// What to read of segments.
pub(super) struct ReadOptions {
    /// Read how long pages were visible.
    pub engaged: bool,
    pub needed: NeededColumns,
    pub range_ms: Range<i64>,
    pub now: Millis,
    pub changes: LateChanges,
}

pub(super) struct SegmentReader<'a> {
    reader: Reader<'a>,
    options: &'a ReadOptions,
    batch: Batch,
    /// For columns that are decoded further after they are read.
    buffers: [Vec<u32>; 2],
}

impl<'a> SegmentReader<'a> {
    pub(super) fn prepare(conn: &'a Connection, options: &'a ReadOptions) -> Result<Self, Error> {
        Ok(Self {
            reader: Reader::prepare(conn)?,
            options,
            batch: Batch::default(),
            buffers: Default::default(),
        })
    }

    /// Reads the runs of a segment, without their rows.
    pub(super) fn read_runs(&mut self, segment: &Segment) -> Result<&Batch, Error> {
        self.batch.clear();
        let lists = [SessionColumn::EntryPage, SessionColumn::ExitPage]
            .into_iter()
            .any(|of| self.options.needed.session(of));
        if lists || self.options.needed.row(RowColumn::Page) {
            self.reader.read(segment, Col::PageListPage, &mut self.batch.pages)?;
        }
        self.read_sessions(segment)?;
        self.apply_changes(segment);
        Ok(&self.batch)
    }

    /// Reads the rows of the runs that `read_runs` read.
    pub(super) fn read_rows(&mut self, segment: &Segment) -> Result<&Batch, Error> {
        self.read_values(segment)?;
        self.read_times(segment)?;
        if self.options.changes.has_late(segment) {
            self.apply_late_engagement(segment);
        }
        Ok(&self.batch)
    }

    /// Drops the rows outside the range.
    pub(super) fn drop_outside_range(&mut self) -> &Batch {
        self.batch.retain(&self.options.range_ms);
        &self.batch
    }

    /// Is a part of the segment outside the range?
    pub(super) fn exceeds_range(&self, segment: &Segment) -> bool {
        segment.extent.first_ms < self.options.range_ms.start
            || segment.extent.last_ms >= self.options.range_ms.end
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
        let [flags, _] = &mut self.buffers;
        flags.clear();
        self.reader.read(segment, Col::Flags, flags)?;
        batch.spans.extend(flags.iter().map(|flags| flags & SPANS != 0));
        batch.bounced.extend(flags.iter().map(|flags| flags & BOUNCED != 0));
        for (of, col) in [
            (SessionColumn::Source, Col::Source),
            (SessionColumn::Referrer, Col::Referrer),
            (SessionColumn::Campaign, Col::Campaign),
            (SessionColumn::Device, Col::Device),
            (SessionColumn::Screen, Col::Screen),
            (SessionColumn::ClickId, Col::ClickId),
            (SessionColumn::Language, Col::Language),
            (SessionColumn::Place, Col::Place),
            (SessionColumn::Company, Col::Company),
            (SessionColumn::EntryPage, Col::EntryPage),
            (SessionColumn::ExitPage, Col::ExitPage),
        ] {
            if self.options.needed.session(of)
                && let Some(column) = batch.session_codes.get_mut(of as usize)
            {
                self.reader.read(segment, col, column)?;
                if matches!(of, SessionColumn::EntryPage | SessionColumn::ExitPage) {
                    resolve_pages(column, &batch.pages);
                }
            }
        }
        if self.options.needed.session(SessionColumn::VisitorType)
            && let Some(column) = batch.session_codes.get_mut(SessionColumn::VisitorType as usize)
        {
            // Events sent by programs have no session, and so no type of visitor.
            column.extend(flags.iter().zip(&batch.session).map(|(flags, session)| match session {
                0 => 0,
                _ if flags & IS_NEW == 0 => RETURNING,
                _ => NEW,
            }));
        }
        if self.options.needed.session(SessionColumn::Suspected)
            && let Some(column) = batch.session_codes.get_mut(SessionColumn::Suspected as usize)
        {
            column.extend(flags.iter().zip(&batch.session).map(|(flags, session)| match session {
                0 => 0,
                _ if flags & FLAG_SUSPECTED == 0 => UNSUSPECTED,
                _ => SUSPECTED,
            }));
        }
        Ok(())
    }

    fn read_values(&mut self, segment: &Segment) -> Result<(), Error> {
        let [low, high] = &mut self.buffers;
        let batch = &mut self.batch;
        let has = |col| segment.extent.is_stored(col);
        if has(Col::Kind) {
            low.clear();
            self.reader.read(segment, Col::Kind, low)?;
            batch.is_completion.extend(low.iter().map(|kind| kind & IS_COMPLETION != 0));
        }
        if self.options.engaged && has(Col::Engaged) {
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
            [(RowColumn::Page, Col::Page), (RowColumn::Event, Col::Event), (RowColumn::Consent, Col::Consent)]
        {
            if self.options.needed.row(of)
                && let Some(column) = batch.row_codes.get_mut(of as usize)
            {
                self.reader.read(segment, col, column)?;
            }
        }
        Ok(())
    }

    fn read_times(&mut self, segment: &Segment) -> Result<(), Error> {
        let extent = segment.extent;
        self.batch.only_ms = extent.first_ms;
        let needs_times = self.options.needed.times(extent.first_ms, extent.last_ms)
            || self.options.changes.has_late(segment);
        if !self.exceeds_range(segment) && !needs_times {
            return Ok(());
        }
        let [starts, gaps] = &mut self.buffers;
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

    /// Sessions that changed after they went into the segment take their codes from their rows in `session`.
    fn apply_changes(&mut self, segment: &Segment) {
        let extent = segment.extent;
        if extent.last_ms < self.options.changes.from_ms || extent.first_ms > self.options.changes.to_ms {
            return;
        }
        let batch = &mut self.batch;
        for (run, id) in batch.session.iter().enumerate() {
            let Some(session) = self.options.changes.sessions.get(id) else { continue };
            let codes = session_codes(session, self.options.now);
            for (column, code) in batch.session_codes.iter_mut().zip(codes) {
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

    /// Adds what is known about how long page views were visible but is not in the segment yet.
    fn apply_late_engagement(&mut self, segment: &Segment) {
        let batch = &mut self.batch;
        batch.engaged_ms.resize(segment.extent.rows as usize, 0);
        let mut begin = 0;
        for (session, end) in batch.session.iter().zip(&batch.end) {
            let rows = std::mem::replace(&mut begin, *end)..*end;
            if !self.options.changes.sessions.contains_key(session) {
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
                let late = self.options.changes.late.get(&(*session, at_ms)).copied().unwrap_or(0);
                if let Some(engaged_ms) = batch.engaged_ms.get_mut(row) {
                    *engaged_ms = late.max(*engaged_ms);
                }
            }
        }
    }
}

/// What is not in segments yet: sessions that changed after their day was closed, and late engagement.
#[derive(Debug, Default)]
pub(super) struct LateChanges {
    pub sessions: FxHashMap<u32, Session>,
    late: Late,
    /// Times of the first and the last row of all these sessions.
    from_ms: i64,
    to_ms: i64,
}

impl LateChanges {
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

/// Replaces indexes into a list of pages by the pages.
fn resolve_pages(column: &mut [u32], listed: &[u32]) {
    for place in column {
        *place = listed.get(*place as usize).copied().unwrap_or(0);
    }
}
