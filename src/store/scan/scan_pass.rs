//! Reads all rows of a request, with one or two threads.
//!
//! With two threads, one takes the segments from the first day on and the other from the last day back, until they meet.
//! Most visitors then appear in only one of them, which keeps both sets small. The second thread has a connection of
//! its own and may see a later state of the store. That does no harm, because segments never change: a segment that is
//! already deleted in the later state is read by the first thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::Connection;

use super::distinct::ResidueClass;
use super::filter_masks::Masks;
use super::groups::Tally;
use super::groups::distinct_counts::Pass;
use super::hot_rows::{Batch, HotRows};
use super::request::Deadline;
use super::segment_rows::{ReadOptions, SegmentReader};
use super::selection::Selection;
use crate::domain::period::LocalDay;
use crate::store::error::{Damage, Error};
use crate::store::readers::Readers;
use crate::store::segment::Segment;

/// In which order a thread takes the segments.
#[derive(Clone, Copy)]
enum Order {
    FirstToLast,
    LastToFirst,
}

/// What the threads share.
pub(super) struct Plan<'a> {
    pub options: ReadOptions,
    pub masks: Masks,
    /// The contact of each visitor; empty when the request needs none.
    pub contacts: Arc<Vec<u32>>,
    pub segments: Vec<Segment>,
    pub deadline: &'a Deadline,
    /// Most pairs per thread.
    pub max_pairs: usize,
}

/// One thread and what it counts.
pub(super) struct Worker<'p> {
    plan: &'p Plan<'p>,
    tallies: Vec<Tally>,
    selection: Selection,
    class: ResidueClass,
    is_first_pass: bool,
    /// The numbers that later passes have to count.
    later: Vec<ResidueClass>,
}

/// The filled tallies, the number of passes, and the segments that could not be read.
type Counted = (Vec<Tally>, u32, Vec<(LocalDay, Damage)>);

impl<'p> Worker<'p> {
    pub(super) fn new(plan: &'p Plan<'p>, tallies: Vec<Tally>) -> Self {
        Self {
            plan,
            tallies,
            selection: Selection::default(),
            class: ResidueClass::ALL,
            is_first_pass: true,
            later: Vec::new(),
        }
    }

    /// Makes as many passes as needed. A second thread helps when one of the readers in `helpers` is free.
    pub(super) fn run(mut self, hot_rows: &HotRows<'_>, helpers: Option<&Readers>) -> Result<Counted, Error> {
        let mut damaged = Vec::new();
        let mut passes = 0;
        loop {
            self.pass(hot_rows, helpers, &mut damaged)?;
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
        hot_rows: &HotRows<'_>,
        helpers: Option<&Readers>,
        damaged: &mut Vec<(LocalDay, Damage)>,
    ) -> Result<(), Error> {
        let started = AtomicUsize::new(0);
        let pending = self.later.len();
        let helper = helpers.map(|readers| (readers, self.fork()));
        let (unread, helped) = std::thread::scope(|scope| {
            let started = &started;
            let other = helper.map(|(readers, mut helper)| {
                scope.spawn(move || {
                    let unread = readers
                        .read_if_spare(|conn| helper.count_segments(conn, started, Order::LastToFirst))?;
                    Ok::<_, Error>(unread.map(|unread| (unread, helper)))
                })
            });
            let own = self
                .count_segments(hot_rows.conn, started, Order::FirstToLast)
                .and_then(|unread| self.count_hot_rows(hot_rows).map(|()| unread));
            if own.is_err() {
                // Stops the other thread.
                started.store(self.plan.segments.len(), Ordering::Relaxed);
            }
            let other = other.map_or(Ok(Ok(None)), |thread| thread.join().map_err(|_| Error::Panicked));
            Ok::<_, Error>((own?, other??))
        })?;
        damaged.extend(unread.iter().map(|(segment, damage)| (segment.day, *damage)));
        let Some((unread, helper)) = helped else { return Ok(()) };
        self.merge(helper, pending);
        // The second thread may have seen a later state, in which a segment was deleted. Here it exists.
        let plan = self.plan;
        let mut reader = SegmentReader::prepare(hot_rows.conn, &plan.options)?;
        for (segment, _) in unread {
            match self.count_segment(&mut reader, &segment) {
                Err(Error::Damaged(damage)) => damaged.push((segment.day, damage)),
                read => read?,
            }
        }
        Ok(())
    }

    /// An empty worker for the same pass.
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

    /// Adds what another worker counted in the same pass. `pending` classes were waiting for later passes when it
    /// began. If one of the two left numbers to a later pass, the other one must drop its pairs of them too.
    fn merge(&mut self, other: Self, pending: usize) {
        if other.class.modulus > self.class.modulus {
            self.class = other.class;
            self.later.truncate(pending);
            self.later.extend(other.later);
        }
        let class = self.class;
        for (tally, other) in self.tallies.iter_mut().zip(other.tallies) {
            tally.merge(other);
            if class != ResidueClass::ALL {
                tally.retain(class);
            }
        }
    }

    /// Reads segments until none remains; answers those that cannot be read.
    fn count_segments(
        &mut self,
        conn: &Connection,
        started: &AtomicUsize,
        order: Order,
    ) -> Result<Vec<(Segment, Damage)>, Error> {
        let plan = self.plan;
        let mut reader = SegmentReader::prepare(conn, &plan.options)?;
        let mut unread = Vec::new();
        let mut remaining = plan.segments.iter();
        // Both threads together take as many segments as there are.
        while started.fetch_add(1, Ordering::Relaxed) < plan.segments.len() {
            let next = match order {
                Order::FirstToLast => remaining.next(),
                Order::LastToFirst => remaining.next_back(),
            };
            let Some(segment) = next else { break };
            plan.deadline.check()?;
            match self.count_segment(&mut reader, segment) {
                Err(Error::Damaged(damage)) => unread.push((*segment, damage)),
                read => read?,
            }
        }
        Ok(unread)
    }

    fn count_hot_rows(&mut self, hot_rows: &HotRows<'_>) -> Result<(), Error> {
        hot_rows.read(|batch| {
            self.plan.deadline.check()?;
            self.count_all(batch);
            Ok(())
        })
    }

    /// Counts a segment. A damaged one is not counted at all.
    fn count_segment(&mut self, reader: &mut SegmentReader<'_>, segment: &Segment) -> Result<(), Error> {
        let plan = self.plan;
        let exceeds_range = reader.exceeds_range(segment);
        let batch = reader.read_runs(segment)?;
        if exceeds_range {
            reader.read_rows(segment)?;
            self.count_all(reader.drop_outside_range());
        } else if self.selection.select_runs(batch, &plan.masks, &plan.contacts) {
            self.count(reader.read_rows(segment)?);
        }
        Ok(())
    }

    fn count_all(&mut self, batch: &Batch) {
        if self.selection.select_runs(batch, &self.plan.masks, &self.plan.contacts) {
            self.count(batch);
        }
    }

    /// Counts the matching rows of the selected runs.
    fn count(&mut self, batch: &Batch) {
        self.selection.select_rows(batch, &self.plan.masks);
        self.selection.find_owners(batch);
        if self.is_first_pass {
            self.selection.sum(batch);
        }
        let pass = Pass { class: self.class, is_first: self.is_first_pass, contacts: &self.plan.contacts };
        self.tallies.iter_mut().for_each(|tally| tally.count(batch, &self.selection, pass));
        if self.pairs() > self.plan.max_pairs {
            self.reduce_pairs();
        }
    }

    fn pairs(&self) -> usize {
        self.tallies.iter().map(Tally::pairs).sum()
    }

    /// Drops duplicate pairs. If too many remain, leaves half of the numbers to a later pass, and again half of the rest.
    fn reduce_pairs(&mut self) {
        self.tallies.iter_mut().for_each(Tally::compact);
        while self.pairs() > self.plan.max_pairs / 2 {
            let Some((kept, later)) = self.class.halves() else { return };
            self.class = kept;
            self.later.push(later);
            self.tallies.iter_mut().for_each(|tally| tally.retain(kept));
        }
    }
}
