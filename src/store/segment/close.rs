//! Closes days: the rows of finished sessions leave `event_hot` and become a segment. Rows of a day that is closed
//! already are merged into its segment. A step does all of its work in the caller's transaction, so every row is
//! always in exactly one of the two places.

use std::collections::BTreeSet;

use rusqlite::Connection;
use rustc_hash::FxHashMap;

use super::columns::{Col, Run};
use super::{Reader, Segment};
use crate::base::clock::{DAY, Millis};
use crate::domain::account::AccountId;
use crate::domain::hit::{AGE_MAX, SEEN_FOR};
use crate::domain::period::{LocalDay, Zone};
use crate::domain::visitor::SESSION_IDLE;
use crate::store::error::{Damage, Error};
use crate::store::event::{self, Event, PAGE_VIEW};
use crate::store::segment::late_engagement::{self, Late};
use crate::store::segment::rezone::{self, Runs};
use crate::store::session::{self, Session};

/// A day is closed this long after midnight, when most sessions that crossed midnight are finished.
const CLOSE_AFTER: i64 = SESSION_IDLE;
/// This many hot rows of finished sessions make a first segment of an open day (a part): reading a hot row costs a
/// report far more than reading a row of a segment.
pub const PART_ROWS: i64 = 20_000;
/// Days closed per step.
const DAYS: usize = 4;
/// Sessions per step whose late changes are merged.
const CHANGED: usize = 10_000;
/// Most rows merged into one segment. A busier day stays in parts.
const MERGE_ROWS: usize = 1_000_000;
/// How long the row of a session is kept after its last hit. As long as event ids are known, a hit may still arrive
/// that says how long a page view of it was visible. The last day is a margin for a fold that lags behind.
const SESSION_ROW_FOR: i64 = SEEN_FOR + AGE_MAX + DAY;

/// What a step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// Hot rows that became rows of a segment.
    pub rows: usize,
    /// Days that were written.
    pub days: usize,
    /// There is more to do.
    pub more: bool,
}

/// Does one step: divides days again after a change of the time zone, merges late changes, and closes the oldest open
/// days. After an error the transaction must be rolled back.
pub fn step(conn: &Connection, account: AccountId, zone: &Zone, now: Millis) -> Result<Closed, Error> {
    if rezone::step(conn, account, zone)? {
        return Ok(Closed { more: true, ..Closed::default() });
    }
    let mut changed = session::list_changed(conn, account)?;
    // A late hit may have reopened a session; how it ends is not known yet.
    changed.retain(|_, session| session.is_over(now));
    let has_more_changed = changed.len() > CHANGED;
    if has_more_changed {
        let mut ids: Vec<u32> = changed.keys().copied().collect();
        ids.sort_unstable();
        let last = ids.get(CHANGED).copied().unwrap_or(u32::MAX);
        changed.retain(|id, _| *id < last);
    }
    let late = late_engagement::list(conn, account, |session| changed.contains_key(&session))?;
    let mut days = days_of(conn, account, &changed)?;
    let today = zone.day_of(now);
    let open_from = zone.start_of(zone.day_of(now.plus(-CLOSE_AFTER)));
    if event::count(conn, account, open_from.0, now.plus(-SESSION_IDLE).0, PART_ROWS)? >= PART_ROWS {
        days.insert(today);
    }
    let mut closed = Closed { more: has_more_changed, ..Closed::default() };
    let mut close = |day: LocalDay| {
        let moved = DayMerge { conn, account, zone, day, now, changed: &changed, late: &late }.run()?;
        closed.rows += moved.unwrap_or(0);
        closed.days += usize::from(moved.is_some());
        Ok::<_, Error>(closed.days)
    };
    for day in &days {
        close(*day)?;
    }
    let mut from = i64::MIN;
    let mut is_full = false;
    while let (false, Some(first)) = (is_full, event::find_first(conn, account, from, open_from.0)?) {
        let day = zone.day_of(Millis(first));
        is_full = !days.contains(&day) && close(day)? >= days.len() + DAYS;
        // Rows of unfinished sessions stay hot, so the search goes on behind this day instead of finding them again.
        from = zone.start_of(LocalDay(day.0 + 1)).0.max(first + 1);
    }
    closed.more |= is_full;
    late_engagement::delete(conn, account, &late)?;
    session::update_merged(conn, account, changed.keys().copied())?;
    if closed.rows > 0 {
        let oldest = event::find_first(conn, account, i64::MIN, i64::MAX)?.unwrap_or(i64::MAX);
        session::delete_closed(conn, account, oldest.min(now.plus(-SESSION_ROW_FOR).0))?;
    }
    Ok(closed)
}

/// The closed days that have rows of these sessions. They are found by time, because the account may have had another
/// time zone when they were closed.
fn days_of(
    conn: &Connection,
    account: AccountId,
    sessions: &FxHashMap<u32, Session>,
) -> Result<BTreeSet<LocalDay>, Error> {
    let Some(from) = sessions.values().map(|session| session.start_ms).min() else {
        return Ok(BTreeSet::new());
    };
    let to = sessions.values().map(|session| session.last_ms).max().unwrap_or(from).saturating_add(1);
    let mut days = BTreeSet::new();
    for Segment { day, extent, .. } in super::list(conn, account, from, to)? {
        let is_of =
            |session: &Session| session.start_ms <= extent.last_ms && session.last_ms >= extent.first_ms;
        if !days.contains(&day) && sessions.values().any(is_of) {
            days.insert(day);
        }
    }
    Ok(days)
}

/// The work on one day.
struct DayMerge<'a> {
    conn: &'a Connection,
    account: AccountId,
    zone: &'a Zone,
    day: LocalDay,
    now: Millis,
    changed: &'a FxHashMap<u32, Session>,
    late: &'a Late,
}

/// What is merged into the segments of a day.
#[derive(Default)]
struct Incoming {
    rows: Vec<Event>,
    sessions: FxHashMap<u32, Session>,
    /// Rows that stay hot because their session is not finished.
    unfinished_rows: usize,
}

impl DayMerge<'_> {
    /// Answers how many hot rows became rows of a segment; `None` when there was nothing to do.
    fn run(&self) -> Result<Option<usize>, Error> {
        let (from, to) = (self.zone.start_of(self.day).0, self.zone.start_of(LocalDay(self.day.0 + 1)).0);
        let mut parts = super::list_of_day(self.conn, self.account, self.day)?;
        for part in parts.extract_if(.., |part| !part.is_intact) {
            part.log_damage(self.account, &Damage::Row);
        }
        let is_open = to > self.now.plus(-CLOSE_AFTER).0;
        // The session of any later row cannot be finished yet.
        let to = if is_open { to.min(self.now.plus(1 - SESSION_IDLE).0) } else { to };
        let incoming = self.incoming(from, to)?;
        let mut reader = Reader::prepare(self.conn)?;
        let part_rows = parts.iter().map(|part| part.extent.rows as usize).sum::<usize>();
        let is_large = part_rows + incoming.rows.len() > MERGE_ROWS;
        let joins = !is_open && !is_large && (parts.len() > 1 || !incoming.rows.is_empty());
        if !joins {
            parts = self.list_changed(&mut reader, parts)?;
        }
        if incoming.rows.is_empty() && parts.is_empty() {
            return Ok(None);
        }
        let mut runs = Runs::default();
        let mut merged = Vec::with_capacity(parts.len());
        for part in parts {
            match reader.runs(&part) {
                Ok(part_runs) => {
                    part_runs.into_iter().for_each(|run| rezone::add_run(&mut runs, run));
                    merged.push(part);
                }
                // A damaged part stays as it is and may be repaired by hand; the new rows become another part.
                Err(Error::Damaged(damage)) => part.log_damage(self.account, &damage),
                Err(error) => return Err(error),
            }
        }
        for row in &incoming.rows {
            let key = (row.session_id, row.visitor);
            let run = runs.entry(key).or_insert_with(|| Run {
                session: row.session_id,
                visitor: row.visitor,
                ..Run::default()
            });
            run.rows.push(row.clone());
        }
        self.write(&merged, runs, &incoming, (from, to))?;
        Ok(Some(incoming.rows.len()))
    }

    /// The parts that have rows of a changed session.
    fn list_changed(&self, reader: &mut Reader<'_>, parts: Vec<Segment>) -> Result<Vec<Segment>, Error> {
        let mut changed = Vec::new();
        for part in parts.into_iter().filter(|_| !self.changed.is_empty()) {
            match reader.column(&part, Col::Session) {
                Ok(sessions) if sessions.iter().any(|id| self.changed.contains_key(id)) => changed.push(part),
                Ok(_) => {}
                Err(Error::Damaged(damage)) => part.log_damage(self.account, &damage),
                Err(error) => return Err(error),
            }
        }
        Ok(changed)
    }

    /// The hot rows of the day whose sessions are finished.
    fn incoming(&self, from: i64, to: i64) -> Result<Incoming, Error> {
        let mut rows = Vec::new();
        event::list(self.conn, self.account, from, to, |row| rows.push(row))?;
        let mut known: FxHashMap<u32, Option<Session>> = FxHashMap::default();
        let mut incoming = Incoming::default();
        for row in rows {
            let id = row.session_id;
            if id != 0 && !known.contains_key(&id) {
                known.insert(id, session::find(self.conn, self.account, id)?);
            }
            let session = known.get(&id).and_then(Option::as_ref);
            if session.is_none_or(|session| session.is_over(self.now)) {
                incoming.rows.push(row);
            } else {
                incoming.unfinished_rows += 1;
            }
        }
        incoming.sessions = known.into_iter().filter_map(|(id, found)| Some((id, found?))).collect();
        Ok(incoming)
    }

    /// Adds what arrived late about how long page views were visible. Of several page views at the same millisecond
    /// only the first gets it.
    fn add_late_engagement(&self, run: &mut Run) {
        if !self.changed.contains_key(&run.session) || self.late.is_empty() {
            return;
        }
        let mut before = i64::MIN;
        for row in run.rows.iter_mut().filter(|row| row.kind == PAGE_VIEW) {
            let late = self.late.get(&(run.session, row.at_ms)).filter(|_| row.at_ms != before);
            row.engaged_ms = row.engaged_ms.max(late.copied().unwrap_or(0));
            before = row.at_ms;
        }
    }

    fn write(
        &self,
        parts: &[Segment],
        mut runs: Runs,
        incoming: &Incoming,
        (from, to): (i64, i64),
    ) -> Result<(), Error> {
        for ((id, _), run) in &mut runs {
            run.rows.sort_by_key(|row| row.at_ms);
            self.add_late_engagement(run);
            if let Some(session) = incoming.sessions.get(id).or_else(|| self.changed.get(id)) {
                run.update_from(session);
            }
        }
        for part in parts {
            super::delete(self.conn, self.account, part)?;
        }
        super::insert(self.conn, self.account, self.day, runs.into_values().collect())?;
        if incoming.unfinished_rows == 0 {
            event::delete_between(self.conn, self.account, from, to)?;
        } else {
            for row in &incoming.rows {
                event::delete(self.conn, self.account, row.at_ms, row.inbox_id)?;
            }
        }
        let over = incoming.sessions.values().filter(|session| session.is_over(self.now));
        session::update_closed(self.conn, self.account, over.map(|session| session.id))
    }
}
