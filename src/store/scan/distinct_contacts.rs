//! Who the rows of a grouping are of: distinct visitors, sessions and contacts of every group.

use super::distinct::{Class, Distinct};
use crate::store::scan::hot_rows::{Touch, at};
use crate::store::totals::Totals;

/// Most bytes of sets of sessions: only those that span batches are put there.
const SESSION_SETS: usize = 1024 * 1024;

/// One reading of all rows, or of a part of them.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a> {
    pub class: Class,
    pub is_first: bool,
    /// By visitor number; empty when no contact is asked for.
    pub contacts: &'a [u32],
}

/// Highest numbers there are; a contact's only when contacts are counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Last {
    pub visitor: u32,
    pub session: u32,
    pub contact: u32,
}

/// Those of every group.
#[derive(Debug)]
pub(super) struct People {
    visitors: Distinct,
    /// Only of sessions with rows elsewhere: the others are counted as they come.
    sessions: Distinct,
    /// Of no group when they are not counted.
    contacts: Distinct,
    counts_contacts: bool,
    /// Nobody is counted.
    is_off: bool,
}

impl People {
    /// `budget`: bytes left for sets. Of no groups nobody is counted.
    pub(super) fn new(groups: usize, last: Last, budget: &mut usize) -> Self {
        let visitors = Distinct::new(groups, last.visitor, budget);
        let counts_contacts = last.contact > 0 && groups > 0;
        let contacts = Distinct::new(if counts_contacts { groups } else { 0 }, last.contact, budget);
        let mut few = SESSION_SETS.min(*budget);
        let left = *budget - few;
        let sessions = Distinct::new(groups, last.session, &mut few);
        *budget = left + few;
        Self { visitors, sessions, contacts, counts_contacts, is_off: groups == 0 }
    }

    /// Empty ones of the same groups.
    pub(super) fn fork(&self) -> Self {
        Self {
            visitors: self.visitors.fork(),
            sessions: self.sessions.fork(),
            contacts: self.contacts.fork(),
            counts_contacts: self.counts_contacts,
            is_off: self.is_off,
        }
    }

    /// Takes over what others of the same groups found.
    pub(super) fn merge(&mut self, other: Self) {
        self.visitors.merge(other.visitors);
        self.sessions.merge(other.sessions);
        self.contacts.merge(other.contacts);
    }

    /// Do more groups need a set of visitors than could have one?
    pub(super) const fn are_many(&self) -> bool {
        self.visitors.is_pairs()
    }

    /// What visitors may take for sets of large groups, bytes.
    pub(super) const fn grant(&mut self, budget: usize) {
        self.visitors.grant(budget);
    }

    pub(super) const fn is_pairs(&self) -> bool {
        self.visitors.is_pairs() || self.sessions.is_pairs() || self.contacts.is_pairs()
    }

    pub(super) const fn pairs(&self) -> usize {
        self.visitors.pairs() + self.sessions.pairs() + self.contacts.pairs()
    }

    pub(super) fn compact(&mut self) {
        self.visitors.compact();
        self.sessions.compact();
        self.contacts.compact();
    }

    pub(super) fn retain(&mut self, class: Class) {
        self.visitors.retain(class);
        self.sessions.retain(class);
        self.contacts.retain(class);
    }

    /// A run has matching rows in a group.
    #[inline]
    pub(super) fn count(&mut self, touch: Touch, figures: &mut Totals, group: u32, pass: Pass<'_>) {
        if self.is_off {
            return;
        }
        if self.counts_contacts {
            let contact = at(pass.contacts, touch.visitor as usize);
            if contact != 0 {
                self.contacts.insert(group, contact, pass.class);
            }
        }
        // what programs tell is of no visitor (rules.md 13)
        if touch.session == 0 {
            return;
        }
        self.visitors.insert(group, touch.visitor, pass.class);
        if touch.spans {
            self.sessions.insert(group, touch.session, pass.class);
        } else if pass.is_first {
            figures.sessions += 1;
        }
        // a bounced session has one row, so it comes here once
        figures.bounces += u64::from(pass.is_first && touch.bounced);
    }

    /// Counts the pairs of a pass.
    pub(super) fn end_pass(&mut self, figures: &mut [Totals]) {
        self.visitors.count_pairs(|group, n| of_group(figures, group).visitors += n);
        self.sessions.count_pairs(|group, n| of_group(figures, group).sessions += n);
        self.contacts.count_pairs(|group, n| of_group(figures, group).contacts += n);
    }

    /// Counts the sets, when every pass is over.
    pub(super) fn count_sets(&self, figures: &mut [Totals]) {
        self.visitors.count_sets(|group, n| of_group(figures, group).visitors += n);
        self.sessions.count_sets(|group, n| of_group(figures, group).sessions += n);
        self.contacts.count_sets(|group, n| of_group(figures, group).contacts += n);
    }
}

/// The figures of a group; of one that is not there, those past the last, which nobody sees.
#[inline]
#[expect(
    clippy::indexing_slicing,
    reason = "`figures` holds one more than there are groups, so it is never empty"
)]
pub(super) fn of_group(figures: &mut [Totals], group: u32) -> &mut Totals {
    let nowhere = figures.len() - 1;
    &mut figures[(group as usize).min(nowhere)]
}
