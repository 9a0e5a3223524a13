//! What became of hits since the start, by reason, and the robots of the day until they are stored.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::domain::account::AccountId;
use crate::domain::hit_reason::Reason;
use crate::domain::period::LocalDay;

/// Families of robots counted at the same time. Further ones are counted as `(other)`.
pub const FAMILIES_MAX: usize = 10_000;

/// The counts of this process.
#[derive(Debug)]
pub struct Counters {
    received: AtomicU64,
    /// By `Reason::index`. `Stored` counts what was folded; `accepted` counts what was answered.
    reasons: [AtomicU64; Reason::ALL.len()],
    accepted: AtomicU64,
    /// Texts that were longer than what is kept, and were cut or left out (rules.md 8).
    cut: AtomicU64,
    bots: Mutex<BTreeMap<(AccountId, i32, String), u64>>,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            received: AtomicU64::new(0),
            reasons: std::array::from_fn(|_| AtomicU64::new(0)),
            accepted: AtomicU64::new(0),
            cut: AtomicU64::new(0),
            bots: Mutex::default(),
        }
    }
}

impl Counters {
    pub fn receive(&self, hits: u64) {
        self.received.fetch_add(hits, Ordering::Relaxed);
    }

    pub fn accept(&self, hits: u64) {
        self.accepted.fetch_add(hits, Ordering::Relaxed);
    }

    pub fn count(&self, reason: Reason, hits: u64) {
        if let Some(counter) = self.reasons.get(reason.index()) {
            counter.fetch_add(hits, Ordering::Relaxed);
        }
    }

    pub fn cut(&self, texts: u64) {
        if texts > 0 {
            self.cut.fetch_add(texts, Ordering::Relaxed);
        }
    }

    #[must_use]
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Hits that were answered 2xx and are on disk, folded or not.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn of(&self, reason: Reason) -> u64 {
        self.reasons.get(reason.index()).map_or(0, |counter| counter.load(Ordering::Relaxed))
    }

    #[must_use]
    pub fn texts_cut(&self) -> u64 {
        self.cut.load(Ordering::Relaxed)
    }

    /// Counts a robot's hit until `take_bots` returns it to be stored.
    pub fn count_bot(&self, account: AccountId, day: LocalDay, family: &str) {
        self.count_bots(account, day, family, 1);
    }

    /// Counts several hits at once, for instance those that could not be stored.
    pub fn count_bots(&self, account: AccountId, day: LocalDay, family: &str, hits: u64) {
        let mut bots = self.bots.lock().unwrap_or_else(PoisonError::into_inner);
        let full = bots.len() >= FAMILIES_MAX;
        let key = (account, day.0, family.to_owned());
        let key = if full && !bots.contains_key(&key) { (account, day.0, "(other)".to_owned()) } else { key };
        *bots.entry(key).or_default() += hits;
    }

    /// Returns what was counted since the last call.
    #[must_use]
    pub fn take_bots(&self) -> Vec<(AccountId, LocalDay, String, u64)> {
        let taken = std::mem::take(&mut *self.bots.lock().unwrap_or_else(PoisonError::into_inner));
        taken
            .into_iter()
            .map(|((account, day, family), hits)| (account, LocalDay(day), family, hits))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_of_robots_are_bounded() {
        let counters = Counters::default();
        for n in 0..=FAMILIES_MAX {
            counters.count_bot(AccountId::FIRST, LocalDay(1), &format!("bot {n}"));
        }
        let taken = counters.take_bots();
        assert_eq!(taken.len(), FAMILIES_MAX + 1);
        assert!(taken.iter().any(|(_, _, family, hits)| family == "(other)" && *hits == 1));
        assert!(counters.take_bots().is_empty());
    }
}
