//! The timeline of a visitor, or of the visitors of one contact: sessions, newest first, each with its rows in order, from
//! segments and hot rows together.
//!
//! Only the column of visitors is read of most segments, once for all visitors. The other columns are read only of
//! segments that have rows of a visitor. A session is one entry even when its rows are in several days or segments. What changed of a session
//! after its day was closed comes from the row of the session.

use std::ops::Range;

use rusqlite::Connection;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::period::{LocalDay, Zone};
use crate::domain::visitor::VisitorNumber;
use crate::store::error::{Damage, Error};
use crate::store::event::{self, Event, PAGE_VIEW};
use crate::store::scan::Deadline;
use crate::store::segment::columns::{Col, Run, kind_of};
use crate::store::segment::late_engagement::{self, Late};
use crate::store::segment::{self, Reader, Segment, VisitorRun};
use crate::store::session;

/// Most rows of one session that a page shows.
pub const ROWS_MAX: usize = 500;

/// Which part of which timeline to read.
pub struct Request<'a> {
    pub account: AccountId,
    /// Each visitor with its times, half-open, milliseconds. Its rows outside are neither shown nor counted.
    pub visitors: &'a [(VisitorNumber, Range<i64>)],
    pub zone: &'a Zone,
    /// The last session of the page before.
    pub after: Option<Place>,
    /// Most sessions shown.
    pub limit: usize,
    /// Most rows shown of a session, from its first one on. The sums count all of them.
    pub rows: usize,
    pub deadline: &'a Deadline,
}

/// Where a session stands in the timeline. Events sent by programs have no session; those of one visitor and local day
/// stand together, under session 0. Programs report several contacts in the same millisecond, so the visitor is part of
/// the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub start_ms: i64,
    pub session: u32,
    pub visitor: u32,
}

impl Place {
    /// Parses what `Display` writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (start_ms, rest) = text.split_once('.')?;
        let (session, visitor) = rest.split_once('.')?;
        Some(Self {
            start_ms: start_ms.parse().ok()?,
            session: session.parse().ok()?,
            visitor: visitor.parse().ok()?,
        })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.start_ms, self.session, self.visitor)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    pub page_views: u64,
    pub completions: u64,
    pub engaged_ms: u64,
}

impl Sums {
    fn add(&mut self, kind: u8, engaged_ms: u32) {
        match kind {
            PAGE_VIEW => self.page_views += 1,
            _ => self.completions += 1,
        }
        self.engaged_ms += u64::from(engaged_ms);
    }

    fn merge(&mut self, other: Self) {
        self.page_views += other.page_views;
        self.completions += other.completions;
        self.engaged_ms += other.engaged_ms;
    }
}

/// The rows of one session that are one visitor's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    pub start_ms: i64,
    pub last_ms: i64,
    /// Of all rows, shown or not.
    pub sums: Sums,
    /// The session and the first of its rows. Session 0: what programs sent on one local day.
    pub run: Run,
}

impl Visit {
    #[must_use]
    pub const fn place(&self) -> Place {
        Place { start_ms: self.start_ms, session: self.run.session, visitor: self.run.visitor }
    }
}

/// One page of a timeline, and the totals of all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    pub visits: Vec<Visit>,
    /// Sessions in the range, shown or not, without what programs sent.
    pub sessions: u64,
    pub sums: Sums,
    /// Local days with rows of the visitors.
    pub days: u64,
    /// All entries in the range, shown or not: sessions, and days with events sent by programs.
    pub total: u64,
    pub next: Option<Place>,
    /// Days that could not be read. The visitors may have more rows there.
    pub damaged: Vec<LocalDay>,
}

/// Lists the sessions of the visitors, newest first. Answers `TimeLimit` when it takes too long.
pub fn list(conn: &Connection, request: &Request<'_>) -> Result<Timeline, Error> {
    let mut search = Search::new(conn, request)?;
    let Range { start, end } = search.range_ms.clone();
    let segments = segment::list(conn, request.account, start, end)?;
    if !segments.is_empty() {
        search.late = late_engagement::list(conn, request.account, |_| true)?;
    }
    for (index, segment) in segments.iter().enumerate() {
        request.deadline.check()?;
        match search.count_segment(index, segment) {
            Err(Error::Damaged(damage)) => search.note_damage(segment.day, damage),
            counted => counted?,
        }
    }
    search.count_hot_rows()?;
    let days = search.calendar.seen.len() as u64;
    let mut entries: Vec<(Key, Entry)> = std::mem::take(&mut search.entries).into_iter().collect();
    entries.sort_unstable_by_key(|(key, entry)| std::cmp::Reverse(entry.place(*key)));
    let mut timeline = Timeline { days, total: entries.len() as u64, ..Timeline::default() };
    for (key, entry) in &entries {
        timeline.sessions += u64::from(key.session != 0);
        timeline.sums.merge(entry.sums);
    }
    let is_later = |place: Place| request.after.is_none_or(|after| place < after);
    let from = entries.partition_point(|(key, entry)| !is_later(entry.place(*key)));
    let mut shown = entries.split_off(from);
    let has_more = shown.len() > request.limit;
    shown.truncate(request.limit);
    timeline.next = shown.last().filter(|_| has_more).map(|(key, entry)| entry.place(*key));
    timeline.visits = search.read_visits(&segments, shown)?;
    timeline.damaged = search.damaged;
    Ok(timeline)
}

/// What makes an entry one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    visitor: u32,
    session: u32,
    /// Set only for session 0.
    day: LocalDay,
}

/// An entry of the timeline before its rows are read.
#[derive(Default)]
struct Entry {
    start_ms: i64,
    last_ms: i64,
    sums: Sums,
    /// Indexes of the segments that have rows of it.
    segments: Vec<usize>,
    hot_rows: Vec<Event>,
}

impl Entry {
    const fn place(&self, key: Key) -> Place {
        Place { start_ms: self.start_ms, session: key.session, visitor: key.visitor }
    }

    fn add(&mut self, at_ms: i64, kind: u8, engaged_ms: u32) {
        let is_first = self.sums == Sums::default();
        self.start_ms = if is_first { at_ms } else { self.start_ms.min(at_ms) };
        self.last_ms = if is_first { at_ms } else { self.last_ms.max(at_ms) };
        self.sums.add(kind, engaged_ms);
    }
}

/// Finds the local day of a time. The day found last is kept, because most rows are of the same day as the row before.
struct Calendar<'a> {
    zone: &'a Zone,
    day: LocalDay,
    range_ms: Range<i64>,
    /// All days that were ever found.
    seen: FxHashSet<LocalDay>,
}

impl Calendar<'_> {
    fn day_of(&mut self, at_ms: i64) -> LocalDay {
        if !self.range_ms.contains(&at_ms) {
            self.day = self.zone.day_of(Millis(at_ms));
            self.range_ms = self.zone.start_of(self.day).0..self.zone.start_of(self.day.plus(1)).0;
            self.seen.insert(self.day);
        }
        self.day
    }
}

struct Search<'a> {
    conn: &'a Connection,
    request: &'a Request<'a>,
    /// Which times of each visitor are wanted.
    wanted: FxHashMap<u32, Range<i64>>,
    /// From the first to the last of those times.
    range_ms: Range<i64>,
    reader: Reader<'a>,
    late: Late,
    calendar: Calendar<'a>,
    entries: FxHashMap<Key, Entry>,
    damaged: Vec<LocalDay>,
}

impl<'a> Search<'a> {
    fn new(conn: &'a Connection, request: &'a Request<'a>) -> Result<Self, Error> {
        let (zone, seen) = (request.zone, FxHashSet::default());
        let start = request.visitors.iter().map(|(_, range_ms)| range_ms.start).min().unwrap_or(0);
        let end = request.visitors.iter().map(|(_, range_ms)| range_ms.end).max().unwrap_or(0);
        Ok(Self {
            conn,
            request,
            wanted: request.visitors.iter().map(|(number, range_ms)| (number.0, range_ms.clone())).collect(),
            range_ms: start..end,
            reader: Reader::prepare(conn)?,
            late: Late::default(),
            calendar: Calendar { zone, day: LocalDay(0), range_ms: 0..0, seen },
            entries: FxHashMap::default(),
            damaged: Vec::new(),
        })
    }

    fn is_wanted(&self, visitor: u32, at_ms: i64) -> bool {
        self.wanted.get(&visitor).is_some_and(|range_ms| range_ms.contains(&at_ms))
    }

    fn key(&mut self, visitor: u32, session: u32, at_ms: i64) -> Key {
        let day = self.calendar.day_of(at_ms);
        Key { visitor, session, day: if session == 0 { day } else { LocalDay(0) } }
    }

    fn note_damage(&mut self, day: LocalDay, damage: Damage) {
        if !self.damaged.contains(&day) {
            tracing::error!(day = day.0, %damage, "a closed day cannot be read and is missing from a timeline");
            self.damaged.push(day);
        }
    }

    /// Counts the rows of a segment. Everything is read before anything is counted, so that a damaged segment is not
    /// counted in part.
    fn count_segment(&mut self, index: usize, segment: &Segment) -> Result<(), Error> {
        let runs = self.visitor_runs(segment)?;
        if runs.is_empty() {
            return Ok(());
        }
        let kinds = self.reader.column(segment, Col::Kind)?;
        let engaged = self.reader.column(segment, Col::Engaged)?;
        for run in runs {
            let mut before_ms = i64::MIN;
            for (row, at_ms) in run.rows.clone().zip(&run.at_ms) {
                let kind = kind_of(kinds.get(row).copied().unwrap_or(0));
                let stored = engaged.get(row).copied().unwrap_or(0);
                let engaged_ms = self.engaged(run.session, kind, *at_ms, stored, &mut before_ms);
                if !self.is_wanted(run.visitor, *at_ms) {
                    continue;
                }
                let key = self.key(run.visitor, run.session, *at_ms);
                let entry = self.entries.entry(key).or_default();
                entry.add(*at_ms, kind, engaged_ms);
                if entry.segments.last() != Some(&index) {
                    entry.segments.push(index);
                }
            }
        }
        Ok(())
    }

    /// How long a page view was visible, including what arrived late. Of several page views at the same millisecond
    /// only the first gets that, as when the segment is rewritten.
    fn engaged(&self, session: u32, kind: u8, at_ms: i64, stored: u32, before_ms: &mut i64) -> u32 {
        if kind != PAGE_VIEW {
            return stored;
        }
        let late = self.late.get(&(session, at_ms)).filter(|_| at_ms != *before_ms);
        *before_ms = at_ms;
        stored.max(late.copied().unwrap_or(0))
    }

    fn visitor_runs(&mut self, segment: &Segment) -> Result<Vec<VisitorRun>, Error> {
        self.reader.runs_of_visitors(segment, |number| self.wanted.contains_key(&number))
    }

    fn count_hot_rows(&mut self) -> Result<(), Error> {
        let (conn, request) = (self.conn, self.request);
        let visitors = self.wanted.keys().copied().collect();
        event::list_of_visitors(conn, request.account, &visitors, self.range_ms.clone(), |row| {
            if !self.is_wanted(row.visitor, row.at_ms) {
                return;
            }
            let key = self.key(row.visitor, row.session_id, row.at_ms);
            let entry = self.entries.entry(key).or_default();
            entry.add(row.at_ms, row.kind, row.engaged_ms);
            if entry.hot_rows.len() < request.rows {
                entry.hot_rows.push(row);
            }
        })
    }

    /// Reads the rows of the entries that are shown.
    fn read_visits(&mut self, segments: &[Segment], shown: Vec<(Key, Entry)>) -> Result<Vec<Visit>, Error> {
        let mut wanted: Vec<usize> =
            shown.iter().flat_map(|(_, entry)| entry.segments.iter().copied()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut runs: FxHashMap<Key, Run> = FxHashMap::default();
        for (key, _) in &shown {
            runs.insert(*key, Run { session: key.session, visitor: key.visitor, ..Run::default() });
        }
        for index in wanted {
            self.request.deadline.check()?;
            let Some(segment) = segments.get(index) else { continue };
            match self.read_segment(segment, &mut runs) {
                Err(Error::Damaged(damage)) => self.note_damage(segment.day, damage),
                read => read?,
            }
        }
        let mut visits = Vec::with_capacity(shown.len());
        for (key, entry) in shown {
            let mut run = runs.remove(&key).unwrap_or_default();
            run.rows.extend(entry.hot_rows);
            run.rows.sort_by_key(|row| row.at_ms);
            run.rows.truncate(self.request.rows);
            if key.session != 0
                && let Some(session) = session::find(self.conn, self.request.account, key.session)?
            {
                run.update_from(&session);
            }
            let Entry { start_ms, last_ms, sums, .. } = entry;
            visits.push(Visit { start_ms, last_ms, sums, run });
        }
        Ok(visits)
    }

    /// Adds the rows of a segment to the wanted `runs`.
    fn read_segment(&mut self, segment: &Segment, runs: &mut FxHashMap<Key, Run>) -> Result<(), Error> {
        let visitor_runs = self.visitor_runs(segment)?;
        let columns = self.reader.columns(segment)?;
        for VisitorRun { visitor, session, run: index, rows, at_ms } in visitor_runs {
            let stored = columns.run(index)?;
            let (mut before_ms, mut count) = (i64::MIN, 0);
            for (row, at_ms) in rows.zip(at_ms) {
                let mut event = columns.row(&stored, row, at_ms)?;
                event.engaged_ms = self.engaged(session, event.kind, at_ms, event.engaged_ms, &mut before_ms);
                let key = self.key(visitor, session, at_ms);
                let is_wanted = self.is_wanted(visitor, at_ms);
                let Some(run) = runs.get_mut(&key).filter(|_| is_wanted) else { continue };
                if count == 0 {
                    let (rows, spans) = (std::mem::take(&mut run.rows), run.spans);
                    *run = Run { rows, spans, ..stored.clone() };
                }
                count += 1;
                if count <= self.request.rows {
                    run.rows.push(event);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_parsed_as_it_was_written() {
        let highest = Place { start_ms: i64::MAX, session: u32::MAX, visitor: u32::MAX };
        for place in [Place { start_ms: -5, session: 0, visitor: 7 }, highest] {
            assert_eq!(Place::parse(&place.to_string()), Some(place));
        }
        for bad in ["", ".", "1", "1.", "1.1", "x.1.1", "1.-1.1", "1.4294967296.1", "1.1.x", "1.1.1.1"] {
            assert_eq!(Place::parse(bad), None, "{bad}");
        }
    }
}
