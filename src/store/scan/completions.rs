//! How many completions each contact has and what they are worth, without a scan: what lists ask most, and ask again every
//! minute.
//!
//! The completions of segments are a small part of their rows. They are kept in memory between questions, and a segment
//! never changes, so only new segments are read. Completions of open days are read from their rows each time.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rustc_hash::FxHashMap;

use super::column::{Column, RowColumn};
use super::filter_masks::{Mask, Masks};
use super::request::Deadline;
use crate::domain::account::AccountId;
use crate::domain::list::Comparison;
use crate::domain::period::LocalDay;
use crate::store::error::{Damage, Error};
use crate::store::event::Completion;
use crate::store::segment::{Reader, Segment};

/// Most completions that are kept, at most 16 bytes each. A question about more is left to the scan.
const KEPT_MAX: u64 = 4_000_000;

/// By account.
#[derive(Debug, Default)]
pub(super) struct KeptCompletions(Mutex<FxHashMap<AccountId, OfAccount>>);

/// By the id of the segment.
type OfAccount = FxHashMap<i64, Arc<OfSegment>>;

/// The completions of a segment, those of each event together.
#[derive(Debug, Default)]
struct OfSegment {
    /// When the first row of the segment happened.
    first_ms: i64,
    last_ms: i64,
    /// The number of each event, ascending, and where its completions end.
    events: Vec<(u32, u32)>,
    visitors: Vec<u32>,
    /// Milliseconds since `first_ms`.
    after_ms: Vec<u32>,
    /// Empty when no completion has a value.
    values_minor: Vec<i64>,
}

/// What each contact completed, by contact number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactSums {
    /// How many completions, and the sum of their values in minor units.
    sums: Vec<(u64, i64)>,
    /// Days that cannot be read.
    pub damaged: Vec<LocalDay>,
}

impl ContactSums {
    pub(super) fn new(last_contact: u32) -> Self {
        Self { sums: vec![(0, 0); last_contact as usize + 1], damaged: Vec::new() }
    }

    /// How many completions, and the sum of their values in minor units, of each contact number from 0 on. Those of visitors
    /// without a contact are under 0.
    #[must_use]
    pub fn by_contact(&self) -> &[(u64, i64)] {
        &self.sums
    }

    fn add(&mut self, contact: u32, value_minor: i64) {
        if let Some((completions, sum)) = self.sums.get_mut(contact as usize) {
            *completions += 1;
            *sum = sum.saturating_add(value_minor);
        }
    }
}

/// What the value of one completion is compared with: the comparison, and minor units.
pub type ValueTest = (Comparison, i64);

/// The completions that are counted.
pub(super) struct Wanted<'a> {
    pub range_ms: Range<i64>,
    /// Completions whose value does not fit are not counted.
    pub value: Option<ValueTest>,
    pub masks: &'a [Mask],
    /// The contact of each visitor.
    pub contacts: &'a [u32],
}

impl Wanted<'_> {
    /// Whether filters look at nothing but the event, so that its completions can be told by its number.
    pub(super) fn is_answered(masks: &Masks) -> bool {
        let of_events = |mask: &Mask| mask.column == Column::Row(RowColumn::Event);
        masks.by_run.is_empty() && masks.by_row.iter().all(of_events)
    }

    pub(super) fn has_event(&self, event: u32) -> bool {
        self.masks.iter().all(|mask| mask.accepts(event))
    }

    pub(super) fn add(&self, completion: Completion, to: &mut ContactSums) {
        let Completion { at_ms, visitor, event, value_minor } = completion;
        if self.range_ms.contains(&at_ms) && self.has_event(event) && self.has_value(value_minor) {
            to.add(self.contact_of(visitor), value_minor);
        }
    }

    fn has_value(&self, value_minor: i64) -> bool {
        self.value.is_none_or(|(is, wanted)| is.holds(value_minor, wanted))
    }

    fn contact_of(&self, visitor: u32) -> u32 {
        self.contacts.get(visitor as usize).copied().unwrap_or(0)
    }
}

impl KeptCompletions {
    pub(super) fn clear(&self) {
        *self.lock() = FxHashMap::default();
    }

    /// Adds the wanted completions of segments that have rows in the range. `false` means that an account has too many to be
    /// kept: nothing was added then. A scan cannot compare the values of single completions, so these are read all the same,
    /// and not kept.
    pub(super) fn add(
        &self,
        conn: &Connection,
        account: AccountId,
        segments: &[Segment],
        deadline: &Deadline,
        wanted: &Wanted<'_>,
        sums: &mut ContactSums,
    ) -> Result<bool, Error> {
        let are_kept = are_kept(segments);
        if !are_kept && wanted.value.is_none() {
            return Ok(false);
        }
        let known = self.lock().get(&account).cloned().unwrap_or_default();
        let mut reader = Reader::prepare(conn)?;
        let mut read: Vec<(i64, Arc<OfSegment>)> = Vec::new();
        for segment in segments {
            let of_segment = match known.get(&segment.id) {
                Some(of_segment) => Arc::clone(of_segment),
                None => {
                    deadline.check()?;
                    match reader.completions(segment) {
                        Ok(completions) => {
                            let of_segment = Arc::new(OfSegment::new(segment, completions));
                            if are_kept {
                                read.push((segment.id, Arc::clone(&of_segment)));
                            }
                            of_segment
                        }
                        Err(Error::Damaged(damage)) => {
                            log_damage(segment, damage);
                            sums.damaged.push(segment.day);
                            continue;
                        }
                        Err(error) => return Err(error),
                    }
                }
            };
            of_segment.add(wanted, sums);
        }
        drop(known);
        self.keep(account, segments, &wanted.range_ms, read);
        Ok(true)
    }

    /// Keeps what was read, and forgets segments of the range that are gone. What does not fit is read again when it is
    /// asked for, other accounts first.
    fn keep(
        &self,
        account: AccountId,
        segments: &[Segment],
        range_ms: &Range<i64>,
        read: Vec<(i64, Arc<OfSegment>)>,
    ) {
        let mut kept = self.lock();
        let of_account = kept.entry(account).or_default();
        let is_there = |id: i64| segments.iter().any(|segment| segment.id == id);
        if !read.is_empty() {
            of_account.retain(|id, known| !known.is_within(range_ms) || is_there(*id));
            of_account.extend(read);
        }
        if count(&kept) > KEPT_MAX {
            kept.retain(|other, _| *other == account);
        }
        if count(&kept) > KEPT_MAX {
            kept.clear();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, FxHashMap<AccountId, OfAccount>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OfSegment {
    fn new(segment: &Segment, mut completions: Vec<Completion>) -> Self {
        completions.sort_unstable_by_key(|completion| (completion.event, completion.visitor));
        let has_values = completions.iter().any(|completion| completion.value_minor != 0);
        let mut of_segment = Self {
            first_ms: segment.extent.first_ms,
            last_ms: segment.extent.last_ms,
            events: Vec::new(),
            visitors: Vec::with_capacity(completions.len()),
            after_ms: Vec::with_capacity(completions.len()),
            values_minor: Vec::with_capacity(if has_values { completions.len() } else { 0 }),
        };
        for Completion { at_ms, visitor, event, value_minor } in completions {
            of_segment.visitors.push(visitor);
            of_segment.after_ms.push(u32::try_from(at_ms - of_segment.first_ms).unwrap_or(u32::MAX));
            if has_values {
                of_segment.values_minor.push(value_minor);
            }
            let end = of_segment.visitors.len() as u32;
            match of_segment.events.last_mut() {
                Some((last, end_of_last)) if *last == event => *end_of_last = end,
                _ => of_segment.events.push((event, end)),
            }
        }
        of_segment.events.shrink_to_fit();
        of_segment
    }

    fn add(&self, wanted: &Wanted<'_>, sums: &mut ContactSums) {
        let is_whole = self.is_within(&wanted.range_ms);
        let mut begin = 0;
        for (event, end) in &self.events {
            let places = std::mem::replace(&mut begin, *end as usize)..*end as usize;
            if !wanted.has_event(*event) {
                continue;
            }
            let visitors = self.visitors.get(places.clone()).unwrap_or_default();
            let values_minor = self.values_minor.get(places.clone()).unwrap_or_default();
            for (place, visitor) in visitors.iter().enumerate() {
                let value_minor = values_minor.get(place).copied().unwrap_or(0);
                let is_in = is_whole || self.is_in(places.start + place, &wanted.range_ms);
                if is_in && wanted.has_value(value_minor) {
                    sums.add(wanted.contact_of(*visitor), value_minor);
                }
            }
        }
    }

    fn is_within(&self, range_ms: &Range<i64>) -> bool {
        range_ms.start <= self.first_ms && self.last_ms < range_ms.end
    }

    fn is_in(&self, place: usize, range_ms: &Range<i64>) -> bool {
        let after_ms = self.after_ms.get(place).copied().unwrap_or(0);
        range_ms.contains(&(self.first_ms + i64::from(after_ms)))
    }
}

/// Whether the completions of these segments are few enough.
fn are_kept(segments: &[Segment]) -> bool {
    segments.iter().map(|segment| segment.totals.completions).fold(0, u64::saturating_add) <= KEPT_MAX
}

/// How many completions are kept.
fn count(kept: &FxHashMap<AccountId, OfAccount>) -> u64 {
    kept.values().flat_map(OfAccount::values).map(|of| of.visitors.len() as u64).sum()
}

fn log_damage(segment: &Segment, damage: Damage) {
    let day = segment.day.0;
    tracing::error!(day, %damage, "a closed day cannot be read and is missing from lists");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::segment::columns::Extent;
    use crate::store::totals::Totals;

    fn segment(id: i64, completions: u64) -> Segment {
        let totals = Totals { completions, ..Totals::default() };
        Segment { id, day: LocalDay(0), extent: Extent::default(), totals, is_intact: true }
    }

    #[test]
    fn a_question_about_too_many_completions_is_left_to_the_scan() {
        assert!(are_kept(&[segment(1, KEPT_MAX - 5), segment(2, 5)]));
        assert!(!are_kept(&[segment(1, KEPT_MAX - 5), segment(2, 6)]));
        assert!(!are_kept(&[segment(1, u64::MAX), segment(2, u64::MAX)]));
    }

    #[test]
    fn what_does_not_fit_beside_the_account_that_asks_is_forgotten() {
        let all = |count: usize| {
            let visitors = vec![1; count];
            Arc::new(OfSegment { visitors, ..OfSegment::default() })
        };
        let kept = KeptCompletions::default();
        let (one, other) = (AccountId::FIRST, AccountId(AccountId::FIRST.0 + 1));
        let keep = |account, id, count: u64| {
            kept.keep(account, &[segment(id, count)], &(5..6), vec![(id, all(count as usize))]);
            [one, other].map(|account| kept.lock().get(&account).map_or(0, FxHashMap::len))
        };
        assert_eq!(keep(one, 1, KEPT_MAX - 5), [1, 0]);
        assert_eq!(keep(other, 2, 5), [1, 1]);
        assert_eq!(keep(other, 3, 1), [0, 2], "one more is too many");
        assert_eq!(keep(other, 4, KEPT_MAX), [0, 0], "too many of one account");
    }
}
