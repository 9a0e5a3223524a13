//! The timeline of one visitor number: his sessions, newest first, each with its rows in order, from segments and
//! hot rows together. A day is looked at by its column of visitors alone, and only days that hold him are read
//! further. A session is one whatever days, forms and parts its rows stand in; what changed of it after it was
//! closed is read from its row.

use std::ops::Range;

use rusqlite::Connection;
use rustc_hash::FxHashMap;

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::period::{LocalDay, Zone};
use crate::domain::visitor::VisitorNumber;
use crate::store::error::{Damage, Error};
use crate::store::event::{self, COMPLETION, Event, PAGE_VIEW};
use crate::store::scan::Deadline;
use crate::store::segment::columns::{
    BOUNCED, Col, IS_COMPLETION, IS_FOREIGN, IS_NEW, Run, SWITCHED, value_minor,
};
use crate::store::segment::late_engagement::{self, Late};
use crate::store::segment::{self, Reader, Segment};
use crate::store::session;

/// Most rows shown of one session, the first ones; all of them are counted.
pub const ROWS_MAX: usize = 500;

/// Whose timeline, and which part of it.
pub struct Ask<'a> {
    pub account: AccountId,
    pub visitor: VisitorNumber,
    /// Half-open, milliseconds; rows outside are neither shown nor counted.
    pub range_ms: Range<i64>,
    pub zone: &'a Zone,
    /// The last session shown before.
    pub after: Option<Place>,
    /// Most sessions shown.
    pub limit: usize,
    pub deadline: &'a Deadline,
}

/// Where a session stands in the timeline; what programs told stands by local day under session 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub start_ms: i64,
    pub session: u32,
}

impl Place {
    /// Reads what `Display` wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (start_ms, session) = text.split_once('.')?;
        Some(Self { start_ms: start_ms.parse().ok()?, session: session.parse().ok()? })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.start_ms, self.session)
    }
}

/// What rows come to.
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

    fn join(&mut self, other: Self) {
        self.page_views += other.page_views;
        self.completions += other.completions;
        self.engaged_ms += other.engaged_ms;
    }
}

/// One session as far as it is this visitor's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    pub start_ms: i64,
    pub last_ms: i64,
    /// Of all its rows.
    pub sums: Sums,
    /// What the session is of, and its first `ROWS_MAX` rows. Session 0 = told by programs, a local day of it.
    pub run: Run,
}

/// A part of a timeline, and what all of it comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    pub visits: Vec<Visit>,
    /// Of the range, shown or not; what programs told is no session.
    pub sessions: u64,
    pub sums: Sums,
    /// Local days with rows of his.
    pub days: u64,
    /// All entries, shown or not: sessions, and days of what programs told.
    pub total: u64,
    pub next: Option<Place>,
    /// Days that could not be read; he may have more rows there.
    pub damaged: Vec<LocalDay>,
}

/// The sessions of a visitor, newest first.
///
/// # Errors
/// `TimeLimit`, or SQLite's.
pub fn list(conn: &Connection, ask: &Ask<'_>) -> Result<Timeline, Error> {
    let mut finding = Finding::new(conn, ask)?;
    let segments = segment::list(conn, ask.account, ask.range_ms.start, ask.range_ms.end)?;
    if !segments.is_empty() {
        finding.late = late_engagement::list(conn, ask.account, |_| true)?;
    }
    for (place, segment) in segments.iter().enumerate() {
        ask.deadline.check()?;
        match finding.count_closed(place, segment) {
            Err(Error::Damaged(damage)) => finding.note(segment.day, damage),
            counted => counted?,
        }
    }
    finding.count_hot()?;
    let days = finding.calendar.days;
    let mut found: Vec<((u32, LocalDay), Found)> = std::mem::take(&mut finding.found).into_iter().collect();
    found.sort_unstable_by_key(|(key, found)| std::cmp::Reverse(found.place(key.0)));
    let mut timeline = Timeline { days, total: found.len() as u64, ..Timeline::default() };
    for ((session, _), found) in &found {
        timeline.sessions += u64::from(*session != 0);
        timeline.sums.join(found.sums);
    }
    let is_later = |place: Place| ask.after.is_none_or(|after| place < after);
    let from = found.partition_point(|(key, found)| !is_later(found.place(key.0)));
    let mut shown = found.split_off(from);
    let is_more = shown.len() > ask.limit;
    shown.truncate(ask.limit);
    timeline.next = shown.last().filter(|_| is_more).map(|(key, found)| found.place(key.0));
    timeline.visits = finding.show(&segments, shown)?;
    timeline.damaged = finding.damaged;
    Ok(timeline)
}

/// Does a visitor have rows in this segment?
///
/// # Errors
/// `Damaged` when it cannot be told, or SQLite's.
pub(in crate::store) fn is_in(
    reader: &mut Reader<'_>,
    segment: &Segment,
    visitor: VisitorNumber,
) -> Result<bool, Error> {
    Ok(column(reader, segment, Col::Visitor)?.contains(&visitor.0))
}

fn column(reader: &mut Reader<'_>, segment: &Segment, col: Col) -> Result<Vec<u32>, Error> {
    let mut values = Vec::new();
    reader.read(segment, col, &mut values)?;
    Ok(values)
}

/// What is known of a session before its rows are read.
#[derive(Default)]
struct Found {
    start_ms: i64,
    last_ms: i64,
    sums: Sums,
    /// Places of the segments it has rows in.
    segments: Vec<usize>,
    hot: Vec<Event>,
}

impl Found {
    const fn place(&self, session: u32) -> Place {
        Place { start_ms: self.start_ms, session }
    }

    fn add(&mut self, at_ms: i64, kind: u8, engaged_ms: u32) {
        let is_first = self.sums == Sums::default();
        self.start_ms = if is_first { at_ms } else { self.start_ms.min(at_ms) };
        self.last_ms = if is_first { at_ms } else { self.last_ms.max(at_ms) };
        self.sums.add(kind, engaged_ms);
    }
}

/// What one run of his has in a segment.
struct Part {
    /// Place of the run, and of its rows.
    run: usize,
    rows: Range<usize>,
    session: u32,
    /// Of the rows.
    at_ms: Vec<i64>,
}

/// Local days, looked up once for all rows of a day.
struct Calendar<'a> {
    zone: &'a Zone,
    day: LocalDay,
    range_ms: Range<i64>,
    seen: rustc_hash::FxHashSet<LocalDay>,
    days: u64,
}

impl Calendar<'_> {
    fn day_of(&mut self, at_ms: i64) -> LocalDay {
        if !self.range_ms.contains(&at_ms) {
            self.day = self.zone.day_of(Millis(at_ms));
            self.range_ms = self.zone.start_of(self.day).0..self.zone.start_of(self.day.plus(1)).0;
            self.days += u64::from(self.seen.insert(self.day));
        }
        self.day
    }
}

struct Finding<'a> {
    conn: &'a Connection,
    ask: &'a Ask<'a>,
    reader: Reader<'a>,
    late: Late,
    calendar: Calendar<'a>,
    found: FxHashMap<(u32, LocalDay), Found>,
    damaged: Vec<LocalDay>,
}

impl<'a> Finding<'a> {
    fn new(conn: &'a Connection, ask: &'a Ask<'a>) -> Result<Self, Error> {
        let calendar = Calendar {
            zone: ask.zone,
            day: LocalDay(0),
            range_ms: 0..0,
            seen: rustc_hash::FxHashSet::default(),
            days: 0,
        };
        Ok(Self {
            conn,
            ask,
            reader: Reader::prepare(conn)?,
            late: Late::default(),
            calendar,
            found: FxHashMap::default(),
            damaged: Vec::new(),
        })
    }

    /// The entry a row belongs to.
    fn key(&mut self, session: u32, at_ms: i64) -> (u32, LocalDay) {
        let day = self.calendar.day_of(at_ms);
        (session, if session == 0 { day } else { LocalDay(0) })
    }

    fn note(&mut self, day: LocalDay, damage: Damage) {
        if !self.damaged.contains(&day) {
            tracing::error!(day = day.0, %damage, "a closed day cannot be read and is missing from a timeline");
            self.damaged.push(day);
        }
    }

    /// Nothing is counted of a segment that turns out to be damaged.
    fn count_closed(&mut self, place: usize, segment: &Segment) -> Result<(), Error> {
        let parts = self.parts(segment)?;
        if parts.is_empty() {
            return Ok(());
        }
        let kinds = column(&mut self.reader, segment, Col::Kind)?;
        let engaged = column(&mut self.reader, segment, Col::Engaged)?;
        for part in parts {
            let mut before = i64::MIN;
            for (row, at_ms) in part.rows.clone().zip(&part.at_ms) {
                let kind = kind_of(kinds.get(row).copied().unwrap_or(0));
                let known = engaged.get(row).copied().unwrap_or(0);
                let engaged_ms = self.engaged(part.session, kind, *at_ms, known, &mut before);
                if !self.ask.range_ms.contains(at_ms) {
                    continue;
                }
                let key = self.key(part.session, *at_ms);
                let found = self.found.entry(key).or_default();
                found.add(*at_ms, kind, engaged_ms);
                if found.segments.last() != Some(&place) {
                    found.segments.push(place);
                }
            }
        }
        Ok(())
    }

    /// How long a page view was visible, with what came late of it. Of several at one time the first has it, as
    /// when the segment is written anew.
    fn engaged(&self, session: u32, kind: u8, at_ms: i64, known: u32, before: &mut i64) -> u32 {
        if kind != PAGE_VIEW {
            return known;
        }
        let late = self.late.get(&(session, at_ms)).filter(|_| at_ms != *before);
        *before = at_ms;
        known.max(late.copied().unwrap_or(0))
    }

    /// His runs in a segment.
    fn parts(&mut self, segment: &Segment) -> Result<Vec<Part>, Error> {
        let visitors = column(&mut self.reader, segment, Col::Visitor)?;
        if !visitors.contains(&self.ask.visitor.0) {
            return Ok(Vec::new());
        }
        let sessions = column(&mut self.reader, segment, Col::Session)?;
        let rows = column(&mut self.reader, segment, Col::Rows)?;
        let starts = column(&mut self.reader, segment, Col::Start)?;
        let gaps = column(&mut self.reader, segment, Col::Gap)?;
        let (mut parts, mut begin) = (Vec::new(), 0);
        for (run, (visitor, count)) in visitors.iter().zip(&rows).enumerate() {
            let end = begin + *count as usize;
            if *count == 0 || end > segment.extent.rows as usize {
                return Err(Damage::Inconsistent.into());
            }
            if *visitor == self.ask.visitor.0 {
                let mut at = segment.extent.first_ms + starts.get(run).copied().map_or(0, i64::from);
                let mut at_ms = vec![at];
                // The first row of each run has no gap.
                for gap in gaps.iter().skip(begin - run).take(end - begin - 1) {
                    at += i64::from(*gap);
                    at_ms.push(at);
                }
                let session = sessions.get(run).copied().unwrap_or(0);
                parts.push(Part { run, rows: begin..end, session, at_ms });
            }
            begin = end;
        }
        if begin == segment.extent.rows as usize { Ok(parts) } else { Err(Damage::Inconsistent.into()) }
    }

    fn count_hot(&mut self) -> Result<(), Error> {
        let (conn, ask) = (self.conn, self.ask);
        event::list_of_visitor(conn, ask.account, ask.visitor, ask.range_ms.clone(), |row| {
            let key = self.key(row.session_id, row.at_ms);
            let found = self.found.entry(key).or_default();
            found.add(row.at_ms, row.kind, row.engaged_ms);
            if found.hot.len() < ROWS_MAX {
                found.hot.push(row);
            }
        })
    }

    /// Reads what is shown of these entries.
    fn show(
        &mut self,
        segments: &[Segment],
        shown: Vec<((u32, LocalDay), Found)>,
    ) -> Result<Vec<Visit>, Error> {
        let mut wanted: Vec<usize> =
            shown.iter().flat_map(|(_, found)| found.segments.iter().copied()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut runs: FxHashMap<(u32, LocalDay), Run> = FxHashMap::default();
        for (key, _) in &shown {
            runs.insert(*key, Run { session: key.0, visitor: self.ask.visitor.0, ..Run::default() });
        }
        for place in wanted {
            self.ask.deadline.check()?;
            let Some(segment) = segments.get(place) else { continue };
            match self.read(segment, &mut runs) {
                Err(Error::Damaged(damage)) => self.note(segment.day, damage),
                read => read?,
            }
        }
        let mut visits = Vec::with_capacity(shown.len());
        for (key, found) in shown {
            let mut run = runs.remove(&key).unwrap_or_default();
            run.rows.extend(found.hot);
            run.rows.sort_by_key(|row| row.at_ms);
            run.rows.truncate(ROWS_MAX);
            if key.0 != 0
                && let Some(session) = session::find(self.conn, self.ask.account, key.0)?
            {
                run.tell(&session);
            }
            let Found { start_ms, last_ms, sums, .. } = found;
            visits.push(Visit { start_ms, last_ms, sums, run });
        }
        Ok(visits)
    }

    /// Adds what a segment holds of the entries in `runs`; all or nothing of it.
    fn read(&mut self, segment: &Segment, runs: &mut FxHashMap<(u32, LocalDay), Run>) -> Result<(), Error> {
        let parts = self.parts(segment)?;
        let columns = Columns::read(&mut self.reader, segment)?;
        for part in parts {
            let mut before = i64::MIN;
            let mut taken = 0;
            for (row, at_ms) in part.rows.clone().zip(&part.at_ms) {
                let mut event = columns.event(row, *at_ms)?;
                let (session, visitor) = (part.session, self.ask.visitor.0);
                event.engaged_ms = self.engaged(session, event.kind, *at_ms, event.engaged_ms, &mut before);
                let key = self.key(session, *at_ms);
                let Some(run) = runs.get_mut(&key).filter(|_| self.ask.range_ms.contains(at_ms)) else {
                    continue;
                };
                if taken == 0 {
                    columns.tell(part.run, run)?;
                }
                taken += 1;
                if taken <= ROWS_MAX {
                    run.rows.push(Event { session_id: session, visitor, ..event });
                }
            }
        }
        Ok(())
    }
}

const fn kind_of(stored: u32) -> u8 {
    if stored & IS_COMPLETION == 0 { PAGE_VIEW } else { COMPLETION }
}

/// All columns of a segment.
struct Columns(Vec<Vec<u32>>);

impl Columns {
    fn read(reader: &mut Reader<'_>, segment: &Segment) -> Result<Self, Error> {
        Ok(Self(Col::ALL.into_iter().map(|col| column(reader, segment, col)).collect::<Result<_, _>>()?))
    }

    fn at(&self, col: Col, place: usize) -> u32 {
        self.0.get(col as usize).and_then(|column| column.get(place)).copied().unwrap_or(0)
    }

    /// Page and title of a place in the list of both.
    fn listed(&self, place: u32) -> Result<(u32, u32), Damage> {
        let place = place as usize;
        let is_listed = self.0.get(Col::ListedPage as usize).is_some_and(|list| place < list.len());
        match is_listed {
            true => Ok((self.at(Col::ListedPage, place), self.at(Col::ListedTitle, place))),
            false => Err(Damage::Inconsistent),
        }
    }

    fn event(&self, row: usize, at_ms: i64) -> Result<Event, Damage> {
        let (page, title) = self.listed(self.at(Col::Page, row))?;
        let kind = self.at(Col::Kind, row);
        Ok(Event {
            at_ms,
            inbox_id: 0,
            kind: kind_of(kind),
            visitor: 0,
            session_id: 0,
            page,
            title,
            event: self.at(Col::Event, row),
            value_minor: value_minor(self.at(Col::ValueLow, row), self.at(Col::ValueHigh, row)),
            consent: self.at(Col::Consent, row) as u8,
            policy: self.at(Col::Policy, row),
            engaged_ms: self.at(Col::Engaged, row),
            foreign_host: kind & IS_FOREIGN != 0,
        })
    }

    /// What the segment says the session is of.
    fn tell(&self, place: usize, run: &mut Run) -> Result<(), Damage> {
        let of = |col| self.at(col, place);
        let flags = of(Col::Flags);
        run.bounced = flags & BOUNCED != 0;
        run.is_new = flags & IS_NEW != 0;
        run.switched = flags & SWITCHED != 0;
        run.source = of(Col::Source);
        run.referrer = of(Col::Referrer);
        run.campaign = of(Col::Campaign);
        run.device = of(Col::Device);
        run.screen = of(Col::Screen);
        run.language = of(Col::Language);
        run.place = of(Col::Place);
        run.company = of(Col::Company);
        run.entry_page = self.listed(of(Col::EntryPage))?.0;
        run.exit_page = self.listed(of(Col::ExitPage))?.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        for place in [Place { start_ms: -5, session: 0 }, Place { start_ms: i64::MAX, session: u32::MAX }] {
            assert_eq!(Place::parse(&place.to_string()), Some(place));
        }
        for bad in ["", ".", "1", "1.", "x.1", "1.-1", "1.4294967296"] {
            assert_eq!(Place::parse(bad), None, "{bad}");
        }
    }
}
