//! Closes days: the rows of finished sessions leave `event_hot` and become segments. Every row is always in exactly one
//! of the two places, wherever the work is cut off.
//!
//! The work is a series of short steps. Each is prepared on a connection that reads, where all that takes long is done,
//! and then applied in a transaction of the writer. First rows move into segments of their own, then segments are
//! divided by a new time zone, then the segments of a day are joined and sessions that changed late are merged, and at
//! last the rows of sessions that only segments need to know are deleted.

use rusqlite::Connection;
use rustc_hash::FxHashSet;

use super::merge::{Merged, Plan};
use super::move_rows::{self, HotRows};
use super::rewrite::{self, Rewrite};
use super::rezone::{self, Next};
use crate::base::clock::{DAY, Millis};
use crate::domain::account::AccountId;
use crate::domain::hit::{AGE_MAX, SEEN_FOR};
use crate::domain::period::Zone;
use crate::domain::visitor::SESSION_IDLE;
use crate::store::error::Error;
use crate::store::event;
use crate::store::session;

/// A day is closed this long after midnight, when most sessions that crossed midnight are finished.
const CLOSE_AFTER: i64 = SESSION_IDLE;
/// How long the row of a session is kept after its last hit. As long as event ids are known, a hit may still arrive
/// that says how long a page view of it was visible. The last day is a margin for a fold that lags behind.
const SESSION_ROW_FOR: i64 = SEEN_FOR + AGE_MAX + DAY;
/// Rows of sessions deleted in one transaction.
const SESSIONS: usize = 10_000;

/// The segments that could not be read. They stay as they are and may be repaired by hand.
pub type Unreadable = FxHashSet<i64>;

/// The closing of the days of one account that are due at a moment.
#[derive(Debug)]
pub struct Closing<'a> {
    account: AccountId,
    zone: &'a Zone,
    now: Millis,
    unreadable: &'a mut Unreadable,
    phase: Phase,
    has_moved: bool,
}

#[derive(Debug)]
enum Phase {
    /// Rows from this time on are looked through.
    Rows {
        from_ms: i64,
    },
    Rezone,
    Plan,
    Merge(Plan),
    Sessions,
    Done,
}

/// A step, ready to be applied by the writer.
#[derive(Debug)]
pub struct Step {
    account: AccountId,
    now: Millis,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Move(HotRows),
    Rewrite(Rewrite),
    /// The account's segments are divided by this time zone.
    Rezoned(String),
    Merged(Merged),
    DeleteSessions {
        before_ms: i64,
        ids: Vec<u32>,
    },
}

impl<'a> Closing<'a> {
    pub fn new(account: AccountId, zone: &'a Zone, now: Millis, unreadable: &'a mut Unreadable) -> Self {
        Self { account, zone, now, unreadable, phase: Phase::Rows { from_ms: i64::MIN }, has_moved: false }
    }

    /// Prepares the next step; `None` when all is done.
    pub fn prepare_next(&mut self, conn: &Connection) -> Result<Option<Step>, Error> {
        let (account, now) = (self.account, self.now);
        while !matches!(self.phase, Phase::Done) {
            if let Some(work) = self.prepare(conn)? {
                return Ok(Some(Step { account, now, work }));
            }
        }
        Ok(None)
    }

    /// Prepares a step of the present phase, or goes on to the next one.
    fn prepare(&mut self, conn: &Connection) -> Result<Option<Work>, Error> {
        let (account, zone, now) = (self.account, self.zone, self.now);
        let open_from = zone.day_of(now.plus(-CLOSE_AFTER));
        let (work, next) = match &mut self.phase {
            Phase::Rows { from_ms } => {
                let from = (*from_ms, zone.start_of(open_from));
                match move_rows::find(conn, account, zone, from, now)? {
                    // Rows of unfinished sessions stay hot, so the search goes on behind these rows.
                    Some(rows) => {
                        self.has_moved = true;
                        (Some(Work::Move(rows)), Some(Phase::Rows { from_ms: rows.to_ms }))
                    }
                    None => (None, Some(Phase::Rezone)),
                }
            }
            Phase::Rezone => match rezone::prepare_next(conn, account, zone, self.unreadable)? {
                Next::Rewrite(rewrite) => (Some(Work::Rewrite(rewrite)), None),
                Next::Finish => (Some(Work::Rezoned(zone.name().to_owned())), Some(Phase::Plan)),
                Next::Nothing => (None, Some(Phase::Plan)),
            },
            Phase::Plan => {
                let plan = Plan::make(conn, account, open_from, now, self.unreadable)?;
                (None, Some(Phase::Merge(plan)))
            }
            Phase::Merge(plan) => match plan.prepare_next(conn, account, self.unreadable)? {
                Some(rewrite) => (Some(Work::Rewrite(rewrite)), None),
                None => {
                    let merged = plan.take_merged();
                    let goes_on = plan.has_more && merged.is_some();
                    (merged.map(Work::Merged), Some(if goes_on { Phase::Plan } else { Phase::Sessions }))
                }
            },
            // The search reads all sessions. None has become old enough while no row moved.
            Phase::Sessions if !self.has_moved => (None, Some(Phase::Done)),
            Phase::Sessions => {
                let oldest = event::find_first(conn, account, i64::MIN, i64::MAX)?.unwrap_or(i64::MAX);
                let before_ms = oldest.min(now.plus(-SESSION_ROW_FOR).0);
                let ids = session::list_closed(conn, account, before_ms, SESSIONS)?;
                match ids.is_empty() {
                    true => (None, Some(Phase::Done)),
                    false => (Some(Work::DeleteSessions { before_ms, ids }), None),
                }
            }
            Phase::Done => (None, None),
        };
        if let Some(next) = next {
            self.phase = next;
        }
        Ok(work)
    }

    /// Takes note of what `Step::apply` answered.
    pub fn follow(&mut self, is_done: bool) {
        if let Phase::Merge(plan) = &mut self.phase {
            plan.is_stale |= !is_done;
        }
    }
}

impl Step {
    /// Applies the step, in a transaction of the caller. Answers false, with nothing done, when a segment was replaced
    /// meanwhile. After an error the transaction must be rolled back.
    pub fn apply(self, conn: &Connection) -> Result<bool, Error> {
        let Self { account, now, work } = self;
        match work {
            Work::Move(rows) => move_rows::apply(conn, account, rows, now)?,
            Work::Rewrite(Rewrite { old, new }) => {
                return Ok(rewrite::replace(conn, account, &old, new)?.is_some());
            }
            Work::Rezoned(zone) => rezone::finish(conn, account, &zone)?,
            Work::Merged(merged) => merged.apply(conn, account)?,
            Work::DeleteSessions { before_ms, ids } => {
                session::delete_closed(conn, account, before_ms, &ids)?
            }
        }
        Ok(true)
    }
}
