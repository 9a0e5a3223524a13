//! The totals of every group of a grouping.
//!
//! A key may have as many groups as there are contacts, of which a question finds few. Where groups are many, only those
//! that have totals take memory for them. When all 250,000 contacts of an account had zeros instead, once for each of two
//! threads, the page of an event over 7 days took 25 ms, not 6 (measured).

use crate::store::scan::distinct::large;
use crate::store::totals::Totals;

/// This many groups are many. The totals of one group fewer take about a megabyte.
const MANY: usize = 16_384;

#[derive(Debug)]
pub(in crate::store::scan) struct GroupTotals {
    /// Where the totals of each group are in `totals`, 0 = none. Empty when the totals of all groups are there, in order.
    places: Vec<u32>,
    groups: usize,
    /// Begins with totals that no table shows, for rows of a group that does not exist.
    totals: Vec<Totals>,
}

impl GroupTotals {
    pub(in crate::store::scan) fn new(groups: usize) -> Self {
        let nowhere = Totals::default();
        if groups < MANY {
            return Self { places: Vec::new(), groups, totals: vec![nowhere; groups + 1] };
        }
        let mut totals = large(0);
        totals.push(nowhere);
        Self { places: vec![0; groups], groups, totals }
    }

    /// Zeros for the same groups.
    pub(in crate::store::scan) fn fork(&self) -> Self {
        Self::new(self.groups)
    }

    pub(in crate::store::scan) const fn groups(&self) -> usize {
        self.groups
    }

    /// The totals of a group, to be changed.
    #[inline]
    #[expect(clippy::indexing_slicing, reason = "`totals` is never empty, and every place is one in it")]
    pub(in crate::store::scan) fn of(&mut self, group: u32) -> &mut Totals {
        if self.places.is_empty() {
            let place = if (group as usize) < self.groups { group as usize + 1 } else { 0 };
            return &mut self.totals[place];
        }
        let Some(place) = self.places.get_mut(group as usize) else { return &mut self.totals[0] };
        if *place == 0 {
            *place = self.totals.len() as u32;
            self.totals.push(Totals::default());
        }
        &mut self.totals[*place as usize]
    }

    pub(in crate::store::scan) fn get(&self, group: u32) -> Totals {
        let place = match self.places.is_empty() {
            true => group as usize + 1,
            false => match self.places.get(group as usize) {
                None | Some(0) => return Totals::default(),
                Some(place) => *place as usize,
            },
        };
        self.totals.get(place).copied().unwrap_or_default()
    }

    /// Adds the totals of other rows.
    pub(in crate::store::scan) fn add(&mut self, other: &Self) {
        other.each(|group, totals| self.of(group).add(totals));
    }

    /// Calls `visit` with each group that has totals, in order, and perhaps with others.
    pub(in crate::store::scan) fn each(&self, mut visit: impl FnMut(u32, &Totals)) {
        if self.places.is_empty() {
            (0..).zip(self.totals.iter().skip(1)).for_each(|(group, totals)| visit(group, totals));
            return;
        }
        for (group, place) in (0..).zip(&self.places).filter(|(_, place)| **place > 0) {
            if let Some(totals) = self.totals.get(*place as usize) {
                visit(group, totals);
            }
        }
    }

    /// Forgets how long pages were visible.
    pub(in crate::store::scan) fn clear_engaged(&mut self) {
        self.totals.iter_mut().for_each(|totals| totals.engaged_ms = 0);
    }

    /// The totals of all groups, in order.
    pub(in crate::store::scan) fn list(&self) -> impl Iterator<Item = Totals> {
        (0..self.groups as u32).map(|group| self.get(group))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_groups_are_summed_up_alike() {
        for groups in [3, MANY - 1, MANY] {
            let mut sums = GroupTotals::new(groups);
            assert_eq!(sums.places.is_empty(), groups < MANY);
            let last = groups as u32 - 1;
            for group in [last, 0, 0, last + 1, u32::MAX] {
                sums.of(group).page_views += 1;
                sums.of(group).engaged_ms += 5;
            }
            let mut other = sums.fork();
            other.of(1).page_views = 7;
            other.of(0).page_views = 1;
            sums.add(&other);
            let views = |group| sums.get(group).page_views;
            assert_eq!([views(0), views(1), views(last), views(last + 1)], [3, 7, 1, 0], "{groups}");
            assert_eq!(sums.list().map(|totals| totals.page_views).sum::<u64>(), 11);
            assert_eq!(sums.list().count(), groups);
            sums.clear_engaged();
            let mut seen = Vec::new();
            sums.each(|group, totals| {
                assert_eq!(totals.engaged_ms, 0);
                if totals.page_views > 0 {
                    seen.push(group);
                }
            });
            assert_eq!(seen, [0, 1, last], "{groups}");
        }
    }
}
