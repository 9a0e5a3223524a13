//! Exact distinct counts in bounded memory: a bitset per group while groups are few, otherwise pairs of group
//! and number that are sorted; past the bound of pairs only a part of the numbers is kept, and the scan comes
//! back for the others.

/// A growing set of small numbers.
#[derive(Debug, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// Was it not there yet?
    pub(super) fn insert(&mut self, number: u32) -> bool {
        let (word, bit) = ((number >> 6) as usize, 1_u64 << (number & 63));
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let Some(place) = self.0.get_mut(word) else { return false };
        let is_new = *place & bit == 0;
        *place |= bit;
        is_new
    }
}

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
pub(super) enum Distinct {
    Sets(Vec<Bits>),
    /// Group in the upper half.
    Pairs(Vec<u64>),
}

impl Distinct {
    /// For `groups` groups of numbers up to `last`; takes what it needs for sets from `budget` (bytes).
    pub(super) fn new(groups: usize, last: u32, budget: &mut usize) -> Self {
        let need = groups.saturating_mul((last as usize / 64 + 1) * 8 + size_of::<Bits>());
        if need <= *budget {
            *budget -= need;
            Self::Sets(std::iter::repeat_with(Bits::default).take(groups).collect())
        } else {
            Self::Pairs(Vec::new())
        }
    }

    /// True when the number is new to its group and counts now; pairs are counted by `count`.
    pub(super) fn insert(&mut self, group: u32, number: u32, class: Class, is_first_pass: bool) -> bool {
        match self {
            Self::Sets(sets) => {
                is_first_pass && sets.get_mut(group as usize).is_some_and(|s| s.insert(number))
            }
            Self::Pairs(pairs) => {
                if class.holds(number) {
                    pairs.push(u64::from(group) << 32 | u64::from(number));
                }
                false
            }
        }
    }

    pub(super) const fn is_sets(&self) -> bool {
        matches!(self, Self::Sets(_))
    }

    pub(super) const fn pairs(&self) -> usize {
        match self {
            Self::Sets(_) => 0,
            Self::Pairs(pairs) => pairs.len(),
        }
    }

    /// Drops double pairs.
    pub(super) fn compact(&mut self) {
        if let Self::Pairs(pairs) = self {
            pairs.sort_unstable();
            pairs.dedup();
        }
    }

    /// Drops the pairs another pass will bring.
    pub(super) fn retain(&mut self, class: Class) {
        if let Self::Pairs(pairs) = self {
            pairs.retain(|pair| class.holds(*pair as u32));
        }
    }

    /// Calls `count` once per distinct pair with its group, and forgets the pairs.
    pub(super) fn count(&mut self, mut count: impl FnMut(u32)) {
        self.compact();
        if let Self::Pairs(pairs) = self {
            pairs.drain(..).for_each(|pair| count((pair >> 32) as u32));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_new_once() {
        let mut bits = Bits::default();
        assert!(bits.insert(0) && bits.insert(63) && bits.insert(64) && bits.insert(100_000));
        assert!(!bits.insert(0) && !bits.insert(63) && !bits.insert(64) && !bits.insert(100_000));
    }

    #[test]
    fn sets_are_taken_up_to_the_budget_and_pairs_one_byte_past_it() {
        let need = 3 * (2 * 8 + size_of::<Bits>());
        let mut budget = need;
        assert!(matches!(Distinct::new(3, 64, &mut budget), Distinct::Sets(_)));
        assert_eq!(budget, 0);
        assert!(matches!(Distinct::new(3, 64, &mut (need - 1)), Distinct::Pairs(_)));
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
    fn pairs_count_once_per_group() {
        let mut pairs = Distinct::Pairs(Vec::new());
        for (group, number) in [(1, 5), (0, 5), (1, 5), (1, 6)] {
            assert!(!pairs.insert(group, number, Class::ALL, true));
        }
        let mut counts = [0; 2];
        pairs.count(|group| counts[group as usize] += 1);
        assert_eq!((counts, pairs.pairs()), ([1, 2], 0));
    }
}
