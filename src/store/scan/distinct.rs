//! Exact distinct counts per group in bounded memory.
//!
//! While groups are few, each has a bitset with one bit per number. With many groups most would have few numbers, so
//! numbers are first kept as pairs of group and number. A group that gets many pairs changes to a bitset while the
//! budget allows it. Pairs are counted at the end of a pass. When there are more pairs than the bound allows, only a
//! part of the numbers is kept, and the scan makes another pass for the others.

/// The numbers that a pass keeps as pairs: those with `number % modulus == rest`. `modulus` is a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ResidueClass {
    pub modulus: u32,
    pub rest: u32,
}

impl ResidueClass {
    pub(super) const ALL: Self = Self { modulus: 1, rest: 0 };

    const fn contains(self, number: u32) -> bool {
        number & (self.modulus - 1) == self.rest
    }

    /// Two classes with half of the numbers each; `None` when a class cannot be divided any more.
    pub(super) fn halves(self) -> Option<(Self, Self)> {
        let modulus = self.modulus.checked_mul(2)?;
        Some((Self { modulus, rest: self.rest }, Self { modulus, rest: self.rest + self.modulus }))
    }
}

/// The distinct numbers of every group.
#[derive(Debug)]
pub(super) struct Distinct {
    /// The highest number there can be.
    highest: u32,
    /// Length of a bitset in words of 64 bits.
    words: usize,
    groups: Vec<Group>,
    sets: Sets,
    /// Not every group had a bitset from the beginning.
    is_pairs: bool,
    pairs: Pairs,
    /// Bytes for bitsets of groups that get many pairs. It is 0 after the first pass, because what such a group had by
    /// then is already counted.
    budget: usize,
}

/// Numbers of a group are collected and put into its bitset together, because all bitsets together are larger than a
/// processor's cache. Without that, a dashboard of 12 months and 10 million events took 1.38 times as long (measured).
const PENDING: usize = 1024;

#[derive(Debug, Default)]
struct Group {
    pending: Vec<u32>,
    /// Where its bitset begins in `Sets`; `None` before its first number.
    set: Option<usize>,
    has_set: bool,
    pairs: u32,
}

/// The bitsets of all groups, one after the other.
type Sets = Vec<u64>;

/// The allocator keeps the memory of dropped lists up to 32 MiB for itself, and returns that of longer ones to the
/// system. A list of this size is returned; what is not filled of it costs nothing.
const RETURNED_BYTES: usize = 36 * 1024 * 1024;

/// A list whose memory goes back to the system, with room for at least `least` items.
pub(super) fn large<T>(least: usize) -> Vec<T> {
    Vec::with_capacity(least.max(RETURNED_BYTES / size_of::<T>()))
}

impl Distinct {
    /// For numbers up to `highest`. `budget` is how many bytes are left for bitsets; what is used is subtracted.
    pub(super) fn new(groups: usize, highest: u32, budget: &mut usize) -> Self {
        let words = highest as usize / 64 + 1;
        let need = groups.saturating_mul(words * size_of::<u64>());
        let has_set = need <= *budget;
        if has_set {
            *budget -= need;
        }
        let groups: Vec<Group> =
            std::iter::repeat_with(|| Group { has_set, ..Group::default() }).take(groups).collect();
        let pairs = Pairs::new(if has_set { 0 } else { groups.len() });
        Self { highest, words, groups, sets: Sets::new(), is_pairs: !has_set, pairs, budget: 0 }
    }

    /// Sets how many bytes groups with many pairs may take for bitsets.
    pub(super) const fn set_budget(&mut self, budget: usize) {
        self.budget = budget;
    }

    /// An empty one with the same groups, for another thread.
    pub(super) fn fork(&self) -> Self {
        let groups = self.groups.iter().map(|group| Group { has_set: group.has_set, ..Group::default() });
        Self { groups: groups.collect(), sets: Sets::new(), pairs: self.empty_pairs(), ..*self }
    }

    /// Adds a number to a group. Numbers above the highest one are ignored: they come from damaged segments.
    #[inline]
    pub(super) fn insert(&mut self, group: u32, number: u32, class: ResidueClass) {
        if number > self.highest {
            return;
        }
        let Some(of) = self.groups.get_mut(group as usize) else { return };
        if of.has_set {
            return of.insert(number, self.words, &mut self.sets);
        }
        if class.contains(number) {
            self.pairs.push(group, number);
            of.pairs += 1;
            let need = self.words * size_of::<u64>();
            if of.pairs as usize > self.words && need <= self.budget {
                self.budget -= need;
                of.has_set = true;
            }
        }
    }

    /// Can it have pairs?
    pub(super) const fn is_pairs(&self) -> bool {
        self.is_pairs
    }

    pub(super) const fn pairs(&self) -> usize {
        self.pairs.len
    }

    /// Adds what another thread found.
    pub(super) fn merge(&mut self, other: Self) {
        let Self { groups: others, sets: mut their_sets, pairs, .. } = other;
        for (of, mut other) in self.groups.iter_mut().zip(others) {
            of.flush(self.words, &mut self.sets);
            other.flush(self.words, &mut their_sets);
            of.has_set |= other.has_set;
            of.pairs += other.pairs;
            if other.set.is_some() {
                let mine = of.set_of(self.words, &mut self.sets);
                let theirs = other.set_of(self.words, &mut their_sets);
                mine.iter_mut().zip(theirs).for_each(|(word, other)| *word |= *other);
            }
        }
        self.pairs.merge(&pairs);
    }

    /// Drops duplicate pairs, and pairs of groups that have a bitset meanwhile.
    pub(super) fn compact(&mut self) {
        let mut kept = self.empty_pairs();
        self.take_pairs().each_distinct(self.highest, |group, number| kept.push(group, number));
        self.pairs = kept;
    }

    /// Drops the pairs that another pass will bring.
    pub(super) fn retain(&mut self, class: ResidueClass) {
        let mut kept = self.empty_pairs();
        let pairs = self.take_pairs();
        for group in pairs.groups() {
            pairs.each(group, |numbers| {
                let of_class = numbers.iter().filter(|number| class.contains(**number));
                of_class.for_each(|number| kept.push(group, *number));
            });
        }
        self.pairs = kept;
    }

    /// Calls `count` with each group and how many distinct numbers its pairs hold, and drops the pairs.
    pub(super) fn count_pairs(&mut self, mut count: impl FnMut(u32, u64)) {
        self.budget = 0;
        let pairs = self.take_pairs();
        self.groups.iter_mut().for_each(|group| group.flush(self.words, &mut self.sets));
        pairs.each_distinct(self.highest, |group, _| count(group, 1));
    }

    /// Calls `count` with each group and how many numbers its set contains.
    pub(super) fn count_sets(&self, mut count: impl FnMut(u32, u64)) {
        for (group, of) in (0..).zip(&self.groups) {
            let set = of.set.and_then(|begin| self.sets.get(begin..begin + self.words));
            if let Some(set) = set {
                count(group, set.iter().map(|word| u64::from(word.count_ones())).sum());
            }
        }
    }

    /// Takes the pairs of groups without a set. The pairs of groups with a set are put into the sets.
    fn take_pairs(&mut self) -> Pairs {
        let none = self.empty_pairs();
        let mut pairs = std::mem::replace(&mut self.pairs, none);
        for (group, of) in (0..).zip(&mut self.groups).filter(|(_, of)| of.has_set && of.pairs > 0) {
            pairs.each(group, |numbers| {
                numbers.iter().for_each(|number| of.insert(*number, self.words, &mut self.sets));
            });
            pairs.clear_group(group);
            of.pairs = 0;
        }
        pairs
    }

    fn empty_pairs(&self) -> Pairs {
        Pairs::new(self.pairs.last_of.len())
    }
}

impl Group {
    #[inline]
    fn insert(&mut self, number: u32, words: usize, sets: &mut Sets) {
        self.pending.push(number);
        // The list of pending numbers must not become longer than the set itself.
        if self.pending.len() >= PENDING.min(words) {
            self.flush(words, sets);
        }
    }

    /// Puts the pending numbers into the set.
    #[inline(never)]
    fn flush(&mut self, words: usize, sets: &mut Sets) {
        if self.pending.is_empty() {
            return;
        }
        let mut pending = std::mem::take(&mut self.pending);
        let set = self.set_of(words, sets);
        for number in pending.drain(..) {
            if let Some(word) = set.get_mut((number >> 6) as usize) {
                *word |= 1 << (number & 63);
            }
        }
        self.pending = pending;
    }

    /// The set of the group, which is made on first use.
    fn set_of<'s>(&mut self, words: usize, sets: &'s mut Sets) -> &'s mut [u64] {
        let begin = *self.set.get_or_insert_with(|| {
            if sets.capacity() == 0 {
                *sets = large(0);
            }
            sets.resize(sets.len() + words, 0);
            sets.len() - words
        });
        sets.get_mut(begin..begin + words).unwrap_or_default()
    }
}

/// Numbers per group, in blocks. A number takes about 4 bytes, growing copies nothing, and the distinct numbers of a
/// group can be counted without sorting.
#[derive(Debug, Default)]
struct Pairs {
    /// The last block of each group, which refers to the one before; `NO_BLOCK` for a group without numbers.
    last_of: Vec<u32>,
    blocks: Vec<Block>,
    len: usize,
}

/// Numbers per block, so that a block takes two cache lines of the processor.
const BLOCK: usize = 30;
const NO_BLOCK: u32 = u32::MAX;

#[derive(Debug)]
struct Block {
    before: u32,
    len: u32,
    numbers: [u32; BLOCK],
}

impl Pairs {
    fn new(groups: usize) -> Self {
        Self { last_of: vec![NO_BLOCK; groups], blocks: Vec::new(), len: 0 }
    }

    #[inline]
    fn push(&mut self, group: u32, number: u32) {
        let Some(highest) = self.last_of.get_mut(group as usize) else { return };
        self.len += 1;
        if let Some(block) = self.blocks.get_mut(*highest as usize)
            && let Some(slot) = block.numbers.get_mut(block.len as usize)
        {
            *slot = number;
            block.len += 1;
            return;
        }
        let mut numbers = [0; BLOCK];
        numbers[0] = number;
        if self.blocks.capacity() == 0 {
            self.blocks = large(0);
        }
        let before = std::mem::replace(highest, self.blocks.len() as u32);
        self.blocks.push(Block { before, len: 1, numbers });
    }

    /// Calls `visit` with the numbers of a group, one block at a time.
    fn each(&self, group: u32, mut visit: impl FnMut(&[u32])) {
        let mut place = self.last_of.get(group as usize).copied().unwrap_or(NO_BLOCK);
        while let Some(block) = self.blocks.get(place as usize) {
            visit(block.numbers.get(..block.len as usize).unwrap_or_default());
            place = block.before;
        }
    }

    /// Drops the numbers of a group. Their blocks stay allocated.
    fn clear_group(&mut self, group: u32) {
        let mut numbers = 0;
        self.each(group, |of_block| numbers += of_block.len());
        self.len -= numbers;
        if let Some(last) = self.last_of.get_mut(group as usize) {
            *last = NO_BLOCK;
        }
    }

    fn groups(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.last_of.len()).unwrap_or(NO_BLOCK)
    }

    /// Calls `visit` with each distinct pair, group by group. One bitset serves all groups; it is cleared after each.
    fn each_distinct(&self, highest: u32, mut visit: impl FnMut(u32, u32)) {
        let mut seen = vec![0_u64; highest as usize / 64 + 1];
        for group in self.groups() {
            self.each(group, |numbers| {
                for number in numbers {
                    let Some(word) = seen.get_mut((*number >> 6) as usize) else { continue };
                    let bit = 1_u64 << (*number & 63);
                    if *word & bit == 0 {
                        *word |= bit;
                        visit(group, *number);
                    }
                }
            });
            self.each(group, |numbers| {
                for number in numbers {
                    if let Some(word) = seen.get_mut((*number >> 6) as usize) {
                        *word = 0;
                    }
                }
            });
        }
    }

    fn merge(&mut self, other: &Self) {
        for group in other.groups() {
            other.each(group, |numbers| numbers.iter().for_each(|number| self.push(group, *number)));
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
                distinct.insert(group, number, ResidueClass::ALL);
            }
            for (group, number) in [(0, 63), (1, 64), (2, 7), (1, 201), (3, 1)] {
                other.insert(group, number, ResidueClass::ALL);
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
        let (low, high) = ResidueClass::ALL.halves().and_then(|(_, odd)| odd.halves()).unwrap();
        for number in 0..64 {
            let count = usize::from(low.contains(number)) + usize::from(high.contains(number));
            assert_eq!(count, (number % 2) as usize, "{number}");
        }
        assert_eq!(ResidueClass { modulus: 1 << 31, rest: 0 }.halves(), None);
    }

    #[test]
    fn pairs_are_compacted_and_left_to_a_later_pass() {
        let mut distinct = Distinct::new(2, 100_000, &mut 0);
        for number in 0..100_000 {
            distinct.insert(number % 2, number / 4, ResidueClass::ALL);
        }
        assert_eq!(distinct.pairs(), 100_000);
        distinct.compact();
        assert_eq!(distinct.pairs(), 50_000);
        distinct.retain(ResidueClass { modulus: 2, rest: 1 });
        assert_eq!((distinct.pairs(), counts(&mut distinct)), (25_000, vec![12_500, 12_500]));
        assert_eq!(distinct.pairs(), 0);
    }

    #[test]
    fn a_group_with_more_pairs_than_a_set_has_words_gets_one_while_there_is_room() {
        let highest = 64 * 9;
        let mut distinct = Distinct::new(2, highest, &mut 0);
        distinct.set_budget(10 * 8);
        let mut other = distinct.fork();
        let words = 10;
        for number in 0..words {
            distinct.insert(0, number, ResidueClass::ALL);
            distinct.insert(1, number, ResidueClass::ALL);
        }
        assert_eq!(distinct.groups.iter().filter(|group| group.has_set).count(), 0);
        distinct.insert(0, words, ResidueClass::ALL);
        distinct.insert(1, words, ResidueClass::ALL);
        assert_eq!(distinct.groups.iter().map(|group| group.has_set).collect::<Vec<_>>(), [true, false]);
        distinct.insert(0, words + 1, ResidueClass::ALL);
        assert_eq!(distinct.pairs(), 22);
        // The other thread had few numbers of group 0.
        other.insert(0, 3, ResidueClass::ALL);
        other.insert(0, highest, ResidueClass::ALL);
        other.insert(1, highest, ResidueClass::ALL);
        distinct.merge(other);
        distinct.compact();
        assert_eq!(distinct.pairs(), 12);
        assert_eq!(counts(&mut distinct), [13, 12]);
        // A later pass brings the numbers in sets again, and only new pairs.
        let mut later = distinct.fork();
        later.insert(0, 5, ResidueClass::ALL);
        distinct.merge(later);
        assert_eq!(counts(&mut distinct), [13, 0]);
    }
}
