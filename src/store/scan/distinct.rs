//! Exact distinct counts in bounded memory: a bitset per group while groups are few, otherwise pairs of group
//! and number that are counted at the end of a pass; past the bound of pairs only a part of the numbers is kept,
//! and the scan comes back for the others.

/// The numbers a pass of the scan keeps as pairs: those with `number % modulus == rest`; `modulus` is a power
/// of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Class {
    pub modulus: u32,
    pub rest: u32,
}

impl Class {
    pub(super) const ALL: Self = Self { modulus: 1, rest: 0 };

    const fn holds(self, number: u32) -> bool {
        number & (self.modulus - 1) == self.rest
    }

    /// Two halves; `None` when there is nothing left to halve.
    pub(super) fn halves(self) -> Option<(Self, Self)> {
        let modulus = self.modulus.checked_mul(2)?;
        Some((Self { modulus, rest: self.rest }, Self { modulus, rest: self.rest + self.modulus }))
    }
}

/// Distinct numbers per group. A group has a bitset, from the beginning where all groups can have one, else from the
/// moment it has had as many pairs as a bitset is long.
#[derive(Debug)]
pub(super) struct Distinct {
    /// Highest number.
    last: u32,
    /// Words of a set.
    words: usize,
    groups: Vec<Group>,
    /// Not all groups had a set from the beginning.
    is_pairs: bool,
    pairs: Pairs,
    /// Bytes left for sets of groups that turn out to be large. None after the first pass: what a group had by then
    /// was counted.
    budget: usize,
}

/// Numbers that wait for their set: many sets together are larger than a processor's cache, and numbers put into one
/// of them in one go cost a third of what they cost one by one (measured).
const WAITING: usize = 1024;

#[derive(Debug, Default)]
struct Group {
    waiting: Vec<u32>,
    /// One bit for each number; empty before the first.
    set: Vec<u64>,
    has_set: bool,
    pairs: u32,
}

impl Distinct {
    /// For `groups` groups of numbers up to `last`; takes what it needs for sets from `budget` (bytes).
    pub(super) fn new(groups: usize, last: u32, budget: &mut usize) -> Self {
        let words = last as usize / 64 + 1;
        let need = groups.saturating_mul(words * size_of::<u64>());
        let has_set = need <= *budget;
        if has_set {
            *budget -= need;
        }
        let groups = std::iter::repeat_with(|| Group { has_set, ..Group::default() }).take(groups).collect();
        Self { last, words, groups, is_pairs: !has_set, pairs: Pairs::default(), budget: 0 }
    }

    /// What it may take for sets of large groups, bytes.
    pub(super) const fn grant(&mut self, budget: usize) {
        self.budget = budget;
    }

    /// An empty one of the same kind.
    pub(super) fn fork(&self) -> Self {
        let groups = self.groups.iter().map(|group| Group { has_set: group.has_set, ..Group::default() });
        Self { groups: groups.collect(), pairs: Pairs::default(), ..*self }
    }

    /// The number is in the group. Numbers past the highest there can be are of nobody.
    #[inline]
    pub(super) fn insert(&mut self, group: u32, number: u32, class: Class) {
        if number > self.last {
            return;
        }
        let Some(of) = self.groups.get_mut(group as usize) else { return };
        if of.has_set {
            return of.insert(number, self.words);
        }
        if class.holds(number) {
            self.pairs.push(group, number);
            of.pairs += 1;
            let need = self.words * size_of::<u64>();
            if of.pairs as usize > self.words && need <= self.budget {
                self.budget -= need;
                of.has_set = true;
            }
        }
    }

    /// May it keep pairs?
    pub(super) const fn is_pairs(&self) -> bool {
        self.is_pairs
    }

    pub(super) const fn pairs(&self) -> usize {
        self.pairs.len
    }

    /// Takes over what another one of the same kind found.
    pub(super) fn merge(&mut self, other: Self) {
        for (of, mut other) in self.groups.iter_mut().zip(other.groups) {
            of.settle(self.words);
            other.settle(self.words);
            of.has_set |= other.has_set;
            of.pairs += other.pairs;
            if of.set.is_empty() {
                of.set = other.set;
            } else {
                of.set.iter_mut().zip(other.set).for_each(|(word, other)| *word |= other);
            }
        }
        self.pairs.len += other.pairs.len;
        self.pairs.chunks.extend(other.pairs.chunks);
    }

    /// Drops double pairs, and those of groups that have a set by now.
    pub(super) fn compact(&mut self) {
        let mut left = Pairs::default();
        let pairs = self.take_pairs();
        pairs.each_once(self.groups.len(), self.last, |group, number| left.push(group, number));
        self.pairs = left;
    }

    /// Drops the pairs another pass will bring.
    pub(super) fn retain(&mut self, class: Class) {
        let mut left = Pairs::default();
        for (group, number) in self.take_pairs().chunks.into_iter().flatten() {
            if class.holds(number) {
                left.push(group, number);
            }
        }
        self.pairs = left;
    }

    /// Calls `count` with groups and how many distinct numbers more they have by their pairs, and forgets these.
    pub(super) fn count_pairs(&mut self, mut count: impl FnMut(u32, u64)) {
        self.budget = 0;
        let pairs = self.take_pairs();
        self.groups.iter_mut().for_each(|group| group.settle(self.words));
        pairs.each_once(self.groups.len(), self.last, |group, _| count(group, 1));
    }

    /// Calls `count` with groups and how many numbers their sets hold.
    pub(super) fn count_sets(&self, mut count: impl FnMut(u32, u64)) {
        for (group, of) in (0..).zip(&self.groups).filter(|(_, of)| !of.set.is_empty()) {
            count(group, of.set.iter().map(|word| u64::from(word.count_ones())).sum());
        }
    }

    /// The pairs of groups without a set; the others go to their sets.
    fn take_pairs(&mut self) -> Pairs {
        let pairs = std::mem::take(&mut self.pairs);
        if !self.groups.iter().any(|group| group.has_set && group.pairs > 0) {
            return pairs;
        }
        let mut left = Pairs::default();
        for (group, number) in pairs.chunks.into_iter().flatten() {
            match self.groups.get_mut(group as usize) {
                Some(of) if of.has_set => of.insert(number, self.words),
                _ => left.push(group, number),
            }
        }
        self.groups.iter_mut().filter(|group| group.has_set).for_each(|group| group.pairs = 0);
        left
    }
}

impl Group {
    #[inline]
    fn insert(&mut self, number: u32, words: usize) {
        self.waiting.push(number);
        // never more than the set itself takes
        if self.waiting.len() >= WAITING.min(words) {
            self.settle(words);
        }
    }

    /// Puts what waits into the set.
    #[inline(never)]
    fn settle(&mut self, words: usize) {
        if self.set.is_empty() && !self.waiting.is_empty() {
            self.set.resize(words, 0);
        }
        for number in self.waiting.drain(..) {
            if let Some(word) = self.set.get_mut((number >> 6) as usize) {
                *word |= 1 << (number & 63);
            }
        }
    }
}

/// Pairs of group and number, in pieces: a list that grows would be copied.
#[derive(Debug, Default)]
struct Pairs {
    chunks: Vec<Vec<(u32, u32)>>,
    len: usize,
}

/// Pairs of a piece.
const CHUNK: usize = 16 * 1024;
/// Numbers of a list so long that its memory goes back to the system when it is dropped, however often lists of its
/// length were made before; what is not filled costs nothing.
const GIVEN_BACK: usize = 9 * 1024 * 1024;

impl Pairs {
    #[inline]
    fn push(&mut self, group: u32, number: u32) {
        self.len += 1;
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push((group, number)),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push((group, number));
                self.chunks.push(chunk);
            }
        }
    }

    /// Calls `visit` with each pair once, group by group. Numbers are put beside those of their group, and a bitset
    /// tells which were there: no sorting.
    fn each_once(self, groups: usize, last: u32, mut visit: impl FnMut(u32, u32)) {
        // where the next number of each group goes
        let mut place = vec![0_usize; groups];
        for (group, _) in self.chunks.iter().flatten() {
            if let Some(place) = place.get_mut(*group as usize) {
                *place += 1;
            }
        }
        let mut begin = 0;
        for place in &mut place {
            begin += std::mem::replace(place, begin);
        }
        let mut numbers: Vec<u32> = Vec::with_capacity(begin.max(GIVEN_BACK));
        numbers.resize(begin, 0);
        for chunk in self.chunks {
            for (group, number) in chunk {
                let Some(place) = place.get_mut(group as usize) else { continue };
                if let Some(slot) = numbers.get_mut(*place) {
                    *slot = number;
                }
                *place += 1;
            }
        }
        let mut there = vec![0_u64; last as usize / 64 + 1];
        let mut begin = 0;
        for (group, end) in (0..).zip(place) {
            let of_group = numbers.get(begin..end).unwrap_or_default();
            begin = end;
            for number in of_group {
                let Some(word) = there.get_mut((*number >> 6) as usize) else { continue };
                let bit = 1_u64 << (*number & 63);
                if *word & bit == 0 {
                    *word |= bit;
                    visit(group, *number);
                }
            }
            for number in of_group {
                if let Some(word) = there.get_mut((*number >> 6) as usize) {
                    *word = 0;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(distinct: &mut Distinct) -> Vec<u64> {
        let mut counts = vec![0; distinct.groups.len()];
        distinct.count_pairs(|group, n| counts[group as usize] += n);
        distinct.count_sets(|group, n| counts[group as usize] += n);
        counts
    }

    #[test]
    fn a_number_counts_once_in_each_group_as_a_set_and_as_a_pair() {
        for budget in [0, 1 << 20] {
            let mut distinct = Distinct::new(3, 200, &mut { budget });
            assert_eq!(distinct.is_pairs(), budget == 0);
            let mut other = distinct.fork();
            for (group, number) in [(0, 0), (0, 63), (0, 64), (0, 64), (1, 200), (1, 200)] {
                distinct.insert(group, number, Class::ALL);
            }
            for (group, number) in [(0, 63), (1, 64), (2, 7), (1, 201), (3, 1)] {
                other.insert(group, number, Class::ALL);
            }
            distinct.merge(other);
            assert_eq!(counts(&mut distinct), [3, 2, 1]);
        }
    }

    #[test]
    fn sets_are_taken_up_to_the_budget_and_pairs_one_byte_past_it() {
        let need = 3 * (2 * 8);
        let mut budget = need;
        assert!(!Distinct::new(3, 64, &mut budget).is_pairs());
        assert_eq!(budget, 0);
        assert!(Distinct::new(3, 64, &mut (need - 1)).is_pairs());
    }

    #[test]
    fn halves_hold_every_number_once() {
        let (low, high) = Class::ALL.halves().and_then(|(_, odd)| odd.halves()).unwrap();
        for number in 0..64 {
            let held = usize::from(low.holds(number)) + usize::from(high.holds(number));
            assert_eq!(held, (number % 2) as usize, "{number}");
        }
        assert_eq!(Class { modulus: 1 << 31, rest: 0 }.halves(), None);
    }

    #[test]
    fn pairs_of_more_than_one_piece_are_compacted_and_left_to_a_later_pass() {
        let mut distinct = Distinct::new(2, 100_000, &mut 0);
        for number in 0..100_000 {
            distinct.insert(number % 2, number / 4, Class::ALL);
        }
        assert_eq!(distinct.pairs(), 100_000);
        distinct.compact();
        assert_eq!(distinct.pairs(), 50_000);
        distinct.retain(Class { modulus: 2, rest: 1 });
        assert_eq!((distinct.pairs(), counts(&mut distinct)), (25_000, vec![12_500, 12_500]));
        assert_eq!(distinct.pairs(), 0);
    }

    #[test]
    fn a_group_with_more_pairs_than_a_set_has_words_gets_one_while_there_is_room() {
        let last = 64 * 9;
        let mut distinct = Distinct::new(2, last, &mut 0);
        distinct.grant(10 * 8);
        let mut other = distinct.fork();
        let words = 10;
        for number in 0..words {
            distinct.insert(0, number, Class::ALL);
            distinct.insert(1, number, Class::ALL);
        }
        assert_eq!(distinct.groups.iter().filter(|group| group.has_set).count(), 0);
        distinct.insert(0, words, Class::ALL);
        distinct.insert(1, words, Class::ALL);
        assert_eq!(distinct.groups.iter().map(|group| group.has_set).collect::<Vec<_>>(), [true, false]);
        distinct.insert(0, words + 1, Class::ALL);
        assert_eq!(distinct.pairs(), 22);
        // the other half of the rows had few of group 0
        other.insert(0, 3, Class::ALL);
        other.insert(0, last, Class::ALL);
        other.insert(1, last, Class::ALL);
        distinct.merge(other);
        distinct.compact();
        assert_eq!(distinct.pairs(), 12);
        assert_eq!(counts(&mut distinct), [13, 12]);
        // a later pass brings what is in sets again, and only new pairs
        let mut later = distinct.fork();
        later.insert(0, 5, Class::ALL);
        distinct.merge(later);
        assert_eq!(counts(&mut distinct), [13, 0]);
    }
}
