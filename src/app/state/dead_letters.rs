//! How many dead letters there are. Each is an acknowledged hit, so only a person may delete one, and nothing is accepted
//! once there are too many.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::store::dead_letter::Totals;

/// The most dead letters, and the most bytes of them.
pub const LETTERS_MAX: u64 = 100_000;
pub const BYTES_MAX: u64 = 256 * 1024 * 1024;

#[derive(Debug, Default)]
pub struct DeadLetters {
    count: AtomicU64,
    bytes: AtomicU64,
}

impl DeadLetters {
    #[must_use]
    pub fn of(totals: Totals) -> Self {
        Self { count: totals.count.into(), bytes: totals.bytes.into() }
    }

    pub fn set(&self, totals: Totals) {
        self.count.store(totals.count, Ordering::Relaxed);
        self.bytes.store(totals.bytes, Ordering::Relaxed);
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn is_full(&self) -> bool {
        self.count() >= LETTERS_MAX || self.bytes.load(Ordering::Relaxed) >= BYTES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_full_at_either_limit() {
        let is_full = |count, bytes| DeadLetters::of(Totals { count, bytes }).is_full();
        assert!(!is_full(LETTERS_MAX - 1, BYTES_MAX - 1));
        assert!(is_full(LETTERS_MAX, 0) && is_full(1, BYTES_MAX));
    }
}
