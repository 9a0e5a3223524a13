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

/// Distinct numbers per group.
#[derive(Debug)]
pub(super) struct Distinct {
    groups: usize,
    /// Highest number.
    last: u32,
    kept: Kept,
}

#[derive(Debug)]
enum Kept {
    /// For each group one bit for each number, in `words` words, or none before its first number.
    Sets {
        words: usize,
        sets: Vec<Vec<u64>>,
    },
    Pairs(Pairs),
}

impl Distinct {
    /// For `groups` groups of numbers up to `last`; takes what it needs for sets from `budget` (bytes).
    pub(super) fn new(groups: usize, last: u32, budget: &mut usize) -> Self {
        let words = last as usize / 64 + 1;
        let need = groups.saturating_mul(words * size_of::<u64>());
        let kept = if need <= *budget {
            *budget -= need;
            Kept::Sets { words, sets: vec![Vec::new(); groups] }
        } else {
            Kept::Pairs(Pairs::default())
        };
        Self { groups, last, kept }
    }

    /// An empty one of the same kind.
    pub(super) fn fork(&self) -> Self {
        let kept = match &self.kept {
            Kept::Sets { words, sets } => Kept::Sets { words: *words, sets: vec![Vec::new(); sets.len()] },
            Kept::Pairs(_) => Kept::Pairs(Pairs::default()),
        };
        Self { kept, ..*self }
    }

    /// The number is in the group. Numbers past the highest there can be are of nobody.
    #[inline]
    pub(super) fn insert(&mut self, group: u32, number: u32, class: Class) {
        if number > self.last {
            return;
        }
        match &mut self.kept {
            Kept::Sets { words, sets } => {
                let Some(set) = sets.get_mut(group as usize) else { return };
                if set.is_empty() {
                    set.resize(*words, 0);
                }
                if let Some(word) = set.get_mut((number >> 6) as usize) {
                    *word |= 1 << (number & 63);
                }
            }
            Kept::Pairs(pairs) => {
                if class.holds(number) {
                    pairs.push(group, number);
                }
            }
        }
    }

    pub(super) const fn is_pairs(&self) -> bool {
        matches!(self.kept, Kept::Pairs(_))
    }

    pub(super) const fn pairs(&self) -> usize {
        match &self.kept {
            Kept::Sets { .. } => 0,
            Kept::Pairs(pairs) => pairs.len,
        }
    }

    /// Takes over what another one of the same kind found.
    pub(super) fn merge(&mut self, other: Self) {
        match (&mut self.kept, other.kept) {
            (Kept::Sets { sets, .. }, Kept::Sets { sets: others, .. }) => {
                for (set, other) in sets.iter_mut().zip(others) {
                    if set.is_empty() {
                        *set = other;
                    } else {
                        set.iter_mut().zip(other).for_each(|(word, other)| *word |= other);
                    }
                }
            }
            (Kept::Pairs(pairs), Kept::Pairs(others)) => {
                pairs.len += others.len;
                pairs.chunks.extend(others.chunks);
            }
            _ => {}
        }
    }

    /// Drops double pairs.
    pub(super) fn compact(&mut self) {
        if let Kept::Pairs(pairs) = &mut self.kept {
            let mut left = Pairs::default();
            std::mem::take(pairs).each_once(self.groups, self.last, |group, number| left.push(group, number));
            *pairs = left;
        }
    }

    /// Drops the pairs another pass will bring.
    pub(super) fn retain(&mut self, class: Class) {
        if let Kept::Pairs(pairs) = &mut self.kept {
            let mut left = Pairs::default();
            for (group, number) in std::mem::take(pairs).chunks.into_iter().flatten() {
                if class.holds(number) {
                    left.push(group, number);
                }
            }
            *pairs = left;
        }
    }

    /// Calls `count` with groups and how many distinct numbers more they have, and forgets the pairs.
    pub(super) fn count_pairs(&mut self, mut count: impl FnMut(u32, u64)) {
        if let Kept::Pairs(pairs) = &mut self.kept {
            std::mem::take(pairs).each_once(self.groups, self.last, |group, _| count(group, 1));
        }
    }

    /// Calls `count` with groups and how many numbers their sets hold.
    pub(super) fn count_sets(&self, mut count: impl FnMut(u32, u64)) {
        if let Kept::Sets { sets, .. } = &self.kept {
            for (group, set) in (0..).zip(sets).filter(|(_, set)| !set.is_empty()) {
                count(group, set.iter().map(|word| u64::from(word.count_ones())).sum());
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
        let mut counts = vec![0; distinct.groups];
        distinct.count_sets(|group, n| counts[group as usize] += n);
        distinct.count_pairs(|group, n| counts[group as usize] += n);
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
}
