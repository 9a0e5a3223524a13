//! Seeded chance, and tables to draw from. The same seed gives the same history: nothing here asks the system,
//! and nothing uses arithmetic that another machine might round differently (no powers, no logarithms).

use crate::base::random::SeededRandom;

/// A stream of draws.
pub(super) struct Dice(SeededRandom);

impl Dice {
    /// The stream of `what` under a seed; streams do not resemble each other.
    pub(super) fn of(seed: u64, what: u64) -> Self {
        let mixed = SeededRandom::new(seed).next_u64() ^ what.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        Self(SeededRandom::new(SeededRandom::new(mixed).next_u64()))
    }

    /// For what asks for a random source.
    pub(super) const fn source(&self) -> &SeededRandom {
        &self.0
    }

    pub(super) fn next(&self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound`; 0 for a bound of 0.
    pub(super) fn below(&self, bound: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// From 0 to below 1.
    pub(super) fn unit(&self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True so many times in a thousand.
    pub(super) fn chance(&self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    pub(super) fn pick<'a, T>(&self, from: &'a Weighted<T>) -> &'a T {
        from.at(self.below(from.total()))
    }
}

/// Things with weights; never empty.
pub(super) struct Weighted<T> {
    /// Sum of the weights up to and with each thing.
    ends: Vec<u64>,
    things: Vec<T>,
}

impl<T> Weighted<T> {
    /// # Panics
    /// Without a thing of some weight: the tables are part of the binary, and the tests read them all.
    #[expect(clippy::expect_used, reason = "the tables are part of the binary; the tests read them")]
    pub(super) fn new(things: impl IntoIterator<Item = (u64, T)>) -> Self {
        let mut sum = 0;
        let (ends, things): (Vec<u64>, Vec<T>) = things
            .into_iter()
            .filter(|(weight, _)| *weight > 0)
            .map(|(weight, thing)| {
                sum += weight;
                (sum, thing)
            })
            .unzip();
        things.first().expect("a table has something to draw");
        Self { ends, things }
    }

    #[cfg(test)]
    pub(super) fn things(&self) -> &[T] {
        &self.things
    }

    fn total(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    #[expect(clippy::indexing_slicing, reason = "cut to the last thing, and there is one")]
    fn at(&self, drawn: u64) -> &T {
        let place = self.ends.partition_point(|end| *end <= drawn);
        &self.things[place.min(self.things.len() - 1)]
    }
}

/// The lines of a table as columns; comments and empty lines left out.
pub(super) fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split('|').collect())
}

/// A weight as written; 0 (never drawn) when it is none.
pub(super) fn weight(text: &str) -> u64 {
    text.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_the_same_for_a_seed_and_follow_the_weights() {
        let drawn =
            |seed| (0..8).map(|_| 0).scan(Dice::of(seed, 1), |d, _: u8| Some(d.next())).collect::<Vec<_>>();
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
        let table = Weighted::new([(1, 'a'), (0, 'b'), (3, 'c')]);
        let dice = Dice::of(1, 2);
        let many: Vec<char> = (0..4_000).map(|_| *dice.pick(&table)).collect();
        let a = many.iter().filter(|c| **c == 'a').count();
        assert!((850..1_150).contains(&a), "{a}");
        assert!(!many.contains(&'b'));
        assert_eq!((table.at(0), table.at(1), table.at(3)), (&'a', &'c', &'c'));
    }
}
