//! Random numbers that follow from a seed, and tables to draw from. The same seed gives the same history on every
//! machine: nothing here asks the system, and nothing uses powers or logarithms, which machines may round differently.

use crate::base::random::{Random, SeededRandom};

/// A sequence of random numbers.
pub(super) struct RandomStream(SeededRandom);

impl RandomStream {
    /// The sequence for one purpose. Sequences of different purposes do not resemble each other.
    pub(super) fn new(seed: u64, purpose: u64) -> Self {
        let mixed = SeededRandom::new(seed).next_u64() ^ purpose.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        Self(SeededRandom::new(SeededRandom::new(mixed).next_u64()))
    }

    /// 32 hex digits, as the script makes them for a visitor.
    pub(super) fn token(&self) -> String {
        self.0.token()
    }

    /// A number below `bound`; 0 for a bound of 0.
    pub(super) fn below(&self, bound: u64) -> u64 {
        let wide = u128::from(self.0.next_u64()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// From 0 to below 1.
    pub(super) fn fraction(&self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(super) fn chance(&self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    pub(super) fn pick<T: Copy>(&self, from: &WeightedTable<T>) -> T {
        from.at(self.below(from.ends.last().copied().unwrap_or(0)))
    }
}

/// Items with weights; never empty.
pub(super) struct WeightedTable<T> {
    items: Vec<T>,
    /// For each item, the sum of the weights up to and including its own.
    ends: Vec<u64>,
}

impl<T: Copy> WeightedTable<T> {
    /// # Panics
    /// When no item has a weight.
    #[expect(clippy::expect_used, reason = "the tables are part of the binary; the tests read them")]
    pub(super) fn new(items: impl IntoIterator<Item = (u64, T)>) -> Self {
        let mut sum = 0;
        let drawn = items.into_iter().filter(|(weight, _)| *weight > 0);
        let (items, ends): (Vec<T>, Vec<u64>) = drawn
            .map(|(weight, item)| {
                sum += weight;
                (item, sum)
            })
            .unzip();
        items.first().expect("a table has an item");
        Self { items, ends }
    }

    #[cfg(test)]
    pub(super) fn items(&self) -> &[T] {
        &self.items
    }

    #[expect(clippy::indexing_slicing, reason = "the index is limited to the last item, and there is one")]
    fn at(&self, drawn: u64) -> T {
        let index = self.ends.partition_point(|end| *end <= drawn);
        self.items[index.min(self.items.len() - 1)]
    }
}

/// The rows of a data file, split into columns. Comments and empty lines are left out.
pub(super) fn rows(file: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    let lines = file.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split('|').collect())
}

/// A number of a data file. A weight that is no number is 0, so its row is never drawn.
pub(super) fn number(text: &str) -> u64 {
    text.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_the_same_for_a_seed_and_follow_the_weights() {
        let drawn = |seed| {
            let random = RandomStream::new(seed, 1);
            (0..8).map(|_| random.below(u64::MAX)).collect::<Vec<_>>()
        };
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
        let table = WeightedTable::new([(1, 'a'), (0, 'b'), (3, 'c')]);
        let random = RandomStream::new(1, 2);
        let many: Vec<char> = (0..4_000).map(|_| random.pick(&table)).collect();
        let a = many.iter().filter(|c| **c == 'a').count();
        assert!((850..1_150).contains(&a), "{a}");
        assert!(!many.contains(&'b'));
        assert_eq!((table.at(0), table.at(1), table.at(3)), ('a', 'c', 'c'));
    }
}
