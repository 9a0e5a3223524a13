//! Joins the segments of a day that is over, and brings segments up to date with sessions that changed after their
//! rows had moved. Segments are read and made beside the writer. A day of more
//! rows than `REWRITE_ROWS` keeps several segments.

use std::collections::VecDeque;

use rusqlite::Connection;
use rustc_hash::{FxHashMap, FxHashSet};

use super::columns::{self, Col, Run};
use super::rewrite::{REWRITE_ROWS, Rewrite, Runs, add_run};
use super::{Reader, Segment};
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;
use crate::store::error::Error;
use crate::store::event::PAGE_VIEW;
use crate::store::segment::late_engagement::{self, Late};
use crate::store::session::{self, Session};

/// Sessions brought up to date in one round.
const CHANGED: usize = 10_000;

/// What one round does.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Segments that become one, or a single one that is written anew. Each is of one day.
    groups: VecDeque<Vec<Segment>>,
    changed: FxHashMap<u32, Session>,
    late: Late,
    /// Not all sessions that changed are in `changed`.
    pub(super) has_more: bool,
    /// A segment was replaced meanwhile by something else, so the next round must do it again.
    pub(super) is_stale: bool,
}

/// The sessions of a round whose segments are up to date now, and the engagement that went into them.
#[derive(Debug)]
pub(super) struct Merged {
    sessions: FxHashMap<u32, Session>,
    late: Late,
}

impl Plan {
    /// `open_from` is the first day that is not over. Segments in `unreadable` stay as they are; what cannot be read is
    /// added to them.
    pub(super) fn make(
        conn: &Connection,
        account: AccountId,
        open_from: LocalDay,
        now: Millis,
        unreadable: &mut FxHashSet<i64>,
    ) -> Result<Self, Error> {
        let mut plan = Self::default();
        let days = super::list_divided(conn, account, open_from)?;
        let mut rows = 0;
        for segment in days.into_iter().filter(|segment| is_usable(segment, unreadable)) {
            rows += segment.extent.rows as usize;
            let joins = |group: &Vec<Segment>| group.last().is_some_and(|last| last.day == segment.day);
            match plan.groups.back_mut().filter(|group| joins(group) && rows <= REWRITE_ROWS) {
                Some(group) => group.push(segment),
                None => {
                    rows = segment.extent.rows as usize;
                    plan.groups.push_back(vec![segment]);
                }
            }
        }
        plan.groups.retain(|group| group.len() > 1);
        plan.add_changed(conn, account, now, unreadable)?;
        Ok(plan)
    }

    /// Adds the sessions that changed, and the segments that have rows of them.
    fn add_changed(
        &mut self,
        conn: &Connection,
        account: AccountId,
        now: Millis,
        unreadable: &mut FxHashSet<i64>,
    ) -> Result<(), Error> {
        let mut changed = session::list_changed(conn, account)?;
        // A late hit may have reopened a session; how it ends is not known yet.
        changed.retain(|_, session| session.is_over(now));
        let mut ids: Vec<u32> = changed.keys().copied().collect();
        ids.sort_unstable();
        if let Some(last) = ids.get(CHANGED) {
            changed.retain(|id, _| id < last);
            self.has_more = true;
        }
        let first_ms = changed.values().map(|session| session.start_ms).min();
        let last_ms = changed.values().map(|session| session.last_ms).max();
        let (Some(first_ms), Some(last_ms)) = (first_ms, last_ms) else { return Ok(()) };
        self.late = late_engagement::list(conn, account, |session| changed.contains_key(&session))?;
        let joined: FxHashSet<i64> = self.groups.iter().flatten().map(|segment| segment.id).collect();
        let mut reader = Reader::prepare(conn)?;
        for segment in super::list(conn, account, first_ms, last_ms.saturating_add(1))? {
            let has_changed = |reader: &mut Reader<'_>| {
                let ids = reader.column(&segment, Col::Session)?;
                Ok::<_, Error>(ids.iter().any(|id| changed.contains_key(id)))
            };
            if joined.contains(&segment.id) || !is_usable(&segment, unreadable) {
                continue;
            }
            match has_changed(&mut reader) {
                Ok(true) => self.groups.push_back(vec![segment]),
                Ok(false) => {}
                Err(Error::Damaged(damage)) => {
                    segment.log_damage(account, &damage);
                    unreadable.insert(segment.id);
                }
                Err(error) => return Err(error),
            }
        }
        self.changed = changed;
        Ok(())
    }

    /// Prepares the next group that is to be written. A segment that cannot be read is added to `unreadable`, and the
    /// others of its group are joined without it.
    pub(super) fn prepare_next(
        &mut self,
        conn: &Connection,
        account: AccountId,
        unreadable: &mut FxHashSet<i64>,
    ) -> Result<Option<Rewrite>, Error> {
        let mut reader = Reader::prepare(conn)?;
        while let Some(group) = self.groups.pop_front() {
            let (mut runs, mut old) = (Runs::default(), Vec::with_capacity(group.len()));
            for segment in group {
                match reader.runs(&segment) {
                    Ok(found) => {
                        found.into_iter().for_each(|run| add_run(&mut runs, run));
                        old.push(segment);
                    }
                    Err(Error::Damaged(damage)) => {
                        // It may also have been replaced meanwhile; then nothing is wrong with it.
                        if super::exists(conn, segment.id)? {
                            segment.log_damage(account, &damage);
                            unreadable.insert(segment.id);
                        } else {
                            self.is_stale = true;
                        }
                    }
                    Err(error) => return Err(error),
                }
            }
            let Some(day) = old.first().map(|segment| segment.day) else { continue };
            if old.len() == 1 && !runs.values().any(|run| self.changed.contains_key(&run.session)) {
                continue;
            }
            let mut runs: Vec<Run> = runs.into_values().collect();
            for run in &mut runs {
                run.rows.sort_by_key(|row| row.at_ms);
                if self.changed.contains_key(&run.session) {
                    self.update(run);
                } else if run.spans && old.len() > 1 {
                    let session = session::find(conn, account, run.session)?;
                    run.spans = session.is_none_or(|session| run.is_part_of(&session));
                }
            }
            let new = columns::encode(runs).map(|content| (day, content));
            return Ok(Some(Rewrite { old, new: new.into_iter().collect() }));
        }
        Ok(None)
    }

    /// Brings a run up to date with its session. Of several page views at the same millisecond only the first gets the
    /// engagement that arrived late.
    fn update(&self, run: &mut Run) {
        let Some(session) = self.changed.get(&run.session) else { return };
        let mut before = i64::MIN;
        for row in run.rows.iter_mut().filter(|row| row.kind == PAGE_VIEW) {
            let late = self.late.get(&(run.session, row.at_ms)).filter(|_| row.at_ms != before);
            row.engaged_ms = row.engaged_ms.max(late.copied().unwrap_or(0));
            before = row.at_ms;
        }
        run.update_from(session);
    }

    /// What is up to date once all groups are written.
    pub(super) fn take_merged(&mut self) -> Option<Merged> {
        let sessions = std::mem::take(&mut self.changed);
        let late = std::mem::take(&mut self.late);
        (!self.is_stale && !sessions.is_empty()).then_some(Merged { sessions, late })
    }
}

fn is_usable(segment: &Segment, unreadable: &FxHashSet<i64>) -> bool {
    segment.is_intact && !unreadable.contains(&segment.id)
}

impl Merged {
    /// Marks the sessions as merged, but for those that have changed again.
    pub(super) fn apply(self, conn: &Connection, account: AccountId) -> Result<(), Error> {
        late_engagement::delete(conn, account, &self.late)?;
        let mut same = Vec::with_capacity(self.sessions.len());
        for (id, merged) in self.sessions {
            if session::find(conn, account, id)?.is_some_and(|now| now == merged) {
                same.push(id);
            }
        }
        session::update_merged(conn, account, same.into_iter())
    }
}
