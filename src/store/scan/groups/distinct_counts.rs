//! Distinct visitors, sessions and contacts of every group of a grouping.

use super::totals::GroupTotals;
use crate::store::account::Numbers;
use crate::store::scan::distinct::{Distinct, ResidueClass};
use crate::store::scan::hot_rows::{RunOwner, at};
use crate::store::scan::request::Counted;
use crate::store::totals::Totals;

/// Most bytes for bitsets of sessions. Few are needed, because only sessions with rows in several runs are put there.
const SESSION_SETS: usize = 1024 * 1024;

/// One reading of all rows. Later passes count only the numbers of their class, as pairs.
#[derive(Clone, Copy)]
pub(in crate::store::scan) struct Pass<'a> {
    pub class: ResidueClass,
    pub is_first: bool,
    /// The contact of each visitor; empty when the request needs none.
    pub contacts: &'a [u32],
}

/// The highest numbers that were given out, 0 = these are not counted.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::store::scan) struct HighestNumbers {
    pub visitor: u32,
    pub session: u32,
    pub contact: u32,
}

impl HighestNumbers {
    pub(in crate::store::scan) fn of(numbers: Numbers, counted: Counted) -> Self {
        let (visitor, session) =
            if counted.has_visitors() { (numbers.visitor, numbers.session) } else { (0, 0) };
        let contact = if counted.has_contacts() { numbers.contact } else { 0 };
        Self { visitor, session, contact: u32::try_from(contact).unwrap_or(u32::MAX) }
    }
}

#[derive(Debug)]
pub(in crate::store::scan) struct DistinctCounts {
    visitors: Distinct,
    /// Only sessions with rows in several runs. All others are counted when their run is.
    sessions: Distinct,
    /// Without groups when contacts are not counted.
    contacts: Distinct,
    counts_contacts: bool,
    counts_visitors: bool,
}

impl DistinctCounts {
    /// `budget` is how many bytes are left for bitsets; what is used is subtracted. With 0 groups nothing is counted.
    pub(in crate::store::scan) fn new(groups: usize, highest: HighestNumbers, budget: &mut usize) -> Self {
        let counts_visitors = highest.visitor > 0 && groups > 0;
        let counts_contacts = highest.contact > 0 && groups > 0;
        let groups_if = |is_counted: bool| if is_counted { groups } else { 0 };
        let visitors = Distinct::new(groups_if(counts_visitors), highest.visitor, budget);
        let contacts = Distinct::new(groups_if(counts_contacts), highest.contact, budget);
        let mut session_budget = SESSION_SETS.min(*budget);
        let rest = *budget - session_budget;
        let sessions = Distinct::new(groups_if(counts_visitors), highest.session, &mut session_budget);
        *budget = rest + session_budget;
        Self { visitors, sessions, contacts, counts_contacts, counts_visitors }
    }

    /// An empty one with the same groups, for another thread.
    pub(in crate::store::scan) fn fork(&self) -> Self {
        Self {
            visitors: self.visitors.fork(),
            sessions: self.sessions.fork(),
            contacts: self.contacts.fork(),
            ..*self
        }
    }

    fn all_mut(&mut self) -> [&mut Distinct; 3] {
        [&mut self.visitors, &mut self.sessions, &mut self.contacts]
    }

    /// Adds what another thread found.
    pub(in crate::store::scan) fn merge(&mut self, other: Self) {
        let others = [other.visitors, other.sessions, other.contacts];
        self.all_mut().into_iter().zip(others).for_each(|(one, other)| one.merge(other));
    }

    /// Did the budget not suffice for a bitset of visitors in every group?
    pub(in crate::store::scan) const fn are_many(&self) -> bool {
        self.visitors.is_pairs()
    }

    /// Sets how many bytes groups with many visitors may take for bitsets.
    pub(in crate::store::scan) const fn set_budget(&mut self, budget: usize) {
        self.visitors.set_budget(budget);
    }

    pub(in crate::store::scan) const fn is_pairs(&self) -> bool {
        self.visitors.is_pairs() || self.sessions.is_pairs() || self.contacts.is_pairs()
    }

    pub(in crate::store::scan) const fn pairs(&self) -> usize {
        self.visitors.pairs() + self.sessions.pairs() + self.contacts.pairs()
    }

    pub(in crate::store::scan) fn compact(&mut self) {
        self.all_mut().into_iter().for_each(Distinct::compact);
    }

    pub(in crate::store::scan) fn retain(&mut self, class: ResidueClass) {
        self.all_mut().into_iter().for_each(|one| one.retain(class));
    }

    /// Counts a run that has matching rows in a group.
    #[inline]
    pub(in crate::store::scan) fn count(
        &mut self,
        owner: RunOwner,
        figures: &mut Totals,
        group: u32,
        pass: Pass<'_>,
    ) {
        if self.counts_contacts {
            let contact = at(pass.contacts, owner.visitor as usize);
            if contact != 0 {
                self.contacts.insert(group, contact, pass.class);
            }
        }
        // Events sent by programs belong to no visitor (rules.md 13).
        if owner.session == 0 || !self.counts_visitors {
            return;
        }
        self.visitors.insert(group, owner.visitor, pass.class);
        if owner.spans {
            self.sessions.insert(group, owner.session, pass.class);
        } else if pass.is_first {
            figures.sessions += 1;
        }
        // A session that bounced has one row, so it is counted once.
        figures.bounces += u64::from(pass.is_first && owner.bounced);
    }

    /// Adds the pairs of a pass to `figures`.
    pub(in crate::store::scan) fn end_pass(&mut self, figures: &mut GroupTotals) {
        self.visitors.count_pairs(|group, n| figures.of(group).visitors += n);
        self.sessions.count_pairs(|group, n| figures.of(group).sessions += n);
        self.contacts.count_pairs(|group, n| figures.of(group).contacts += n);
    }

    /// Adds the bitsets to `figures`, after the last pass.
    pub(in crate::store::scan) fn count_sets(&self, figures: &mut GroupTotals) {
        self.visitors.count_sets(|group, n| figures.of(group).visitors += n);
        self.sessions.count_sets(|group, n| figures.of(group).sessions += n);
        self.contacts.count_sets(|group, n| figures.of(group).contacts += n);
    }
}
