//! Reading all rows of a question, by one thread or by two: one takes segments from the first day on, the other from
//! the last day back, until they meet; so most visitors come to one of them only.
//!
//! Segments are never changed, so it does not matter that the other thread sees a later state of the store: what is
//! gone there is read here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::Connection;

use super::ask::Deadline;
use super::distinct::Class;
use super::groups::Tally;
use super::question::Masks;
use super::selection::Selection;
use crate::domain::period::LocalDay;
use crate::store::error::{Damage, Error};
use crate::store::readers::Readers;
use crate::store::scan::distinct_contacts::Pass;
use crate::store::scan::hot_rows::{Batch, Hot};
use crate::store::scan::segment_rows::{Closed, Wanted};
use crate::store::segment::Segment;

/// Which day a thread begins with.
#[derive(Clone, Copy)]
enum Begin {
    First,
    Last,
}

/// What all threads share.
pub(super) struct Plan<'a> {
    pub wanted: Wanted,
    pub masks: Masks,
    /// By visitor number; empty when no contact is asked for.
    pub contacts: Arc<Vec<u32>>,
    pub segments: Vec<Segment>,
    pub deadline: &'a Deadline,
    /// Pairs a thread may keep.
    pub max_pairs: usize,
}

/// What one thread counts.
pub(super) struct Worker<'p> {
    plan: &'p Plan<'p>,
    tallies: Vec<Tally>,
    selection: Selection,
    class: Class,
    is_first_pass: bool,
    /// What later passes must bring.
    later: Vec<Class>,
}

type Found = (Vec<Tally>, u32, Vec<(LocalDay, Damage)>);

impl<'p> Worker<'p> {
    pub(super) fn new(plan: &'p Plan<'p>, tallies: Vec<Tally>) -> Self {
        Self {
            plan,
            tallies,
            selection: Selection::default(),
            class: Class::ALL,
            is_first_pass: true,
            later: Vec::new(),
        }
    }

    /// Reads everything as often as it takes; a second thread helps when a reader of `helpers` is free.
    pub(super) fn run(mut self, hot: &Hot<'_>, helpers: Option<&Readers>) -> Result<Found, Error> {
        let mut damaged = Vec::new();
        let mut passes = 0;
        loop {
            self.pass(hot, helpers, &mut damaged)?;
            self.tallies.iter_mut().for_each(Tally::end_pass);
            passes += 1;
            self.is_first_pass = false;
            let Some(class) = self.later.pop() else { return Ok((self.tallies, passes, damaged)) };
            self.class = class;
            damaged.clear();
        }
    }

    fn pass(
        &mut self,
        hot: &Hot<'_>,
        helpers: Option<&Readers>,
        damaged: &mut Vec<(LocalDay, Damage)>,
    ) -> Result<(), Error> {
        let taken = AtomicUsize::new(0);
        let pending = self.later.len();
        let helper = helpers.map(|readers| (readers, self.fork()));
        let (unread, helped) = std::thread::scope(|scope| {
            let taken = &taken;
            let other = helper.map(|(readers, mut helper)| {
                scope.spawn(move || {
                    let unread = readers.read_if_free(|conn| helper.segments(conn, taken, Begin::Last))?;
                    Ok::<_, Error>(unread.map(|unread| (unread, helper)))
                })
            });
            let mine = self
                .segments(hot.conn, taken, Begin::First)
                .and_then(|unread| self.hot(hot).map(|()| unread));
            if mine.is_err() {
                // the other one need not go on
                taken.store(self.plan.segments.len(), Ordering::Relaxed);
            }
            let other = other.map_or(Ok(Ok(None)), |thread| thread.join().map_err(|_| Error::Panicked));
            Ok::<_, Error>((mine?, other??))
        })?;
        damaged.extend(unread.iter().map(|(segment, damage)| (segment.day, *damage)));
        let Some((unread, helper)) = helped else { return Ok(()) };
        self.merge(helper, pending);
        // The other one may have seen a state of the store in which a segment is gone; here it is not.
        let plan = self.plan;
        let mut closed = Closed::prepare(hot.conn, &plan.wanted)?;
        for (segment, _) in unread {
            match self.segment(&mut closed, &segment) {
                Err(Error::Damaged(damage)) => damaged.push((segment.day, damage)),
                read => read?,
            }
        }
        Ok(())
    }

    /// An empty one for the same pass.
    fn fork(&self) -> Self {
        Self {
            plan: self.plan,
            tallies: self.tallies.iter().map(Tally::fork).collect(),
            selection: Selection::default(),
            class: self.class,
            is_first_pass: self.is_first_pass,
            later: Vec::new(),
        }
    }

    /// Takes over what another one found in the same pass, which began with `pending` others to come. Of the numbers
    /// that one of them left to a later pass, none may count now.
    fn merge(&mut self, other: Self, pending: usize) {
        if other.class.modulus > self.class.modulus {
            self.class = other.class;
            self.later.truncate(pending);
            self.later.extend(other.later);
        }
        let class = self.class;
        for (tally, other) in self.tallies.iter_mut().zip(other.tallies) {
            tally.merge(other);
            if class != Class::ALL {
                tally.retain(class);
            }
        }
    }

    /// Reads segments until all are taken; answers those that cannot be read.
    fn segments(
        &mut self,
        conn: &Connection,
        taken: &AtomicUsize,
        begin: Begin,
    ) -> Result<Vec<(Segment, Damage)>, Error> {
        let plan = self.plan;
        let mut closed = Closed::prepare(conn, &plan.wanted)?;
        let mut unread = Vec::new();
        let mut left = plan.segments.iter();
        // both together take as many as there are
        while taken.fetch_add(1, Ordering::Relaxed) < plan.segments.len() {
            let next = match begin {
                Begin::First => left.next(),
                Begin::Last => left.next_back(),
            };
            let Some(segment) = next else { break };
            plan.deadline.check()?;
            match self.segment(&mut closed, segment) {
                Err(Error::Damaged(damage)) => unread.push((*segment, damage)),
                read => read?,
            }
        }
        Ok(unread)
    }

    fn hot(&mut self, hot: &Hot<'_>) -> Result<(), Error> {
        hot.read(|batch| {
            self.plan.deadline.check()?;
            self.take_all(batch);
            Ok(())
        })
    }

    /// Counts a segment; of one that cannot be read, nothing.
    fn segment(&mut self, closed: &mut Closed<'_>, segment: &Segment) -> Result<(), Error> {
        let plan = self.plan;
        let is_cut = closed.is_cut(segment);
        let batch = closed.read_runs(segment)?;
        if is_cut {
            closed.read_rows(segment)?;
            self.take_all(closed.cut());
        } else if self.selection.select_runs(batch, &plan.masks, &plan.contacts) {
            self.take(closed.read_rows(segment)?);
        }
        Ok(())
    }

    fn take_all(&mut self, batch: &Batch) {
        if self.selection.select_runs(batch, &self.plan.masks, &self.plan.contacts) {
            self.take(batch);
        }
    }

    /// Counts what of the selected runs matches.
    fn take(&mut self, batch: &Batch) {
        self.selection.select_rows(batch, &self.plan.masks);
        self.selection.find_touches(batch);
        if self.is_first_pass {
            self.selection.sum(batch);
        }
        let pass = Pass { class: self.class, is_first: self.is_first_pass, contacts: &self.plan.contacts };
        self.tallies.iter_mut().for_each(|tally| tally.take(batch, &self.selection, pass));
        if self.pairs() > self.plan.max_pairs {
            self.make_room();
        }
    }

    fn pairs(&self) -> usize {
        self.tallies.iter().map(Tally::pairs).sum()
    }

    /// Drops double pairs; when that gives too little, leaves half of the numbers to a later pass.
    fn make_room(&mut self) {
        self.tallies.iter_mut().for_each(Tally::compact);
        while self.pairs() > self.plan.max_pairs / 2 {
            let Some((kept, later)) = self.class.halves() else { return };
            self.class = kept;
            self.later.push(later);
            self.tallies.iter_mut().for_each(|tally| tally.retain(kept));
        }
    }
}
