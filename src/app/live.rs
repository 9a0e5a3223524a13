//! The newest hits of each account and what was made of them: a ring in memory, never on disk (rules.md 9).

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::consent::Consent;
use crate::domain::reason::Reason;

/// Entries kept of an account.
pub const RING: usize = 1_000;
/// Accounts with a ring at once.
pub const ACCOUNTS_MAX: usize = 10_000;

/// One hit as the live page shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Counts up within the process; for "newer than".
    pub serial: u64,
    #[serde(serialize_with = "iso")]
    pub at: Millis,
    pub kind: &'static str,
    /// `stored` or `refused`, as far as it is known.
    pub result: &'static str,
    pub reason: Reason,
    pub page: String,
    pub consent: &'static str,
    pub source: String,
    pub company: String,
    /// Country, device and visitor as far as known; empty for refusals that must not tell more.
    pub country: String,
    pub device: String,
    pub visitor: Option<u32>,
}

fn iso<S: serde::Serializer>(at: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.iso())
}

impl Entry {
    /// A refusal of which only time and reason may be shown.
    #[must_use]
    pub fn refused(at: Millis, reason: Reason) -> Self {
        Self {
            serial: 0,
            at,
            kind: "",
            result: "refused",
            reason,
            page: String::new(),
            consent: "",
            source: String::new(),
            company: String::new(),
            country: String::new(),
            device: String::new(),
            visitor: None,
        }
    }

    /// The word for a stored hit's consent.
    #[must_use]
    pub fn with_consent(mut self, consent: Consent) -> Self {
        self.consent = consent.as_str();
        self
    }
}

/// What is kept of an account.
#[derive(Debug)]
struct Ring {
    entries: VecDeque<Entry>,
    /// Hits since the start, those that left the ring too; by `Reason::index`.
    counts: [u64; Reason::ALL.len()],
}

impl Default for Ring {
    fn default() -> Self {
        Self { entries: VecDeque::new(), counts: [0; Reason::ALL.len()] }
    }
}

impl Ring {
    fn count(&mut self, reason: Reason) {
        if let Some(count) = self.counts.get_mut(reason.index()) {
            *count += 1;
        }
    }

    fn uncount(&mut self, reason: Reason) {
        if let Some(count) = self.counts.get_mut(reason.index()) {
            *count = count.saturating_sub(1);
        }
    }
}

#[derive(Debug)]
struct Rings {
    serial: u64,
    of: FxHashMap<AccountId, Ring>,
}

/// The rings of all accounts.
#[derive(Debug)]
pub struct Live {
    started: Millis,
    rings: Mutex<Rings>,
}

impl Live {
    /// Serials count up from the start's time, so that those of an earlier process never meet them.
    #[must_use]
    pub fn starting_at(started: Millis) -> Self {
        let serial = u64::try_from(started.0).unwrap_or(0);
        Self { started, rings: Mutex::new(Rings { serial, of: FxHashMap::default() }) }
    }

    /// Since when hits are counted.
    #[must_use]
    pub const fn started(&self) -> Millis {
        self.started
    }

    fn lock(&self) -> MutexGuard<'_, Rings> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an entry and answers its serial number, by which the fold completes it.
    pub fn push(&self, account: AccountId, mut entry: Entry) -> u64 {
        let mut rings = self.lock();
        if rings.of.len() >= ACCOUNTS_MAX && !rings.of.contains_key(&account) {
            return 0;
        }
        rings.serial += 1;
        let serial = rings.serial;
        entry.serial = serial;
        let ring = rings.of.entry(account).or_default();
        if ring.entries.len() >= RING {
            ring.entries.pop_front();
        }
        ring.count(entry.reason);
        ring.entries.push_back(entry);
        serial
    }

    /// What the fold found out about an entry; nothing when it has left the ring.
    pub fn complete(&self, account: AccountId, serial: u64, change: impl FnOnce(&mut Entry)) {
        let mut rings = self.lock();
        let Some(ring) = rings.of.get_mut(&account) else { return };
        let Ok(place) = ring.entries.binary_search_by_key(&serial, |entry| entry.serial) else { return };
        let Some(entry) = ring.entries.get_mut(place) else { return };
        let before = entry.reason;
        change(entry);
        let after = entry.reason;
        ring.uncount(before);
        ring.count(after);
    }

    /// What became of an account's hits since the start, the frequent first. A hit of which the fold finds out
    /// something else only after it left the ring stays counted as stored.
    #[must_use]
    pub fn counts(&self, account: AccountId) -> Vec<(Reason, u64)> {
        let rings = self.lock();
        let Some(ring) = rings.of.get(&account) else { return Vec::new() };
        let counts = Reason::ALL.iter().copied().zip(ring.counts);
        let mut counts: Vec<_> = counts.filter(|(_, count)| *count > 0).collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }

    /// The newest entries with a serial above `after`, newest first.
    #[must_use]
    pub fn list(&self, account: AccountId, after: u64, limit: usize) -> Vec<Entry> {
        let rings = self.lock();
        let Some(ring) = rings.of.get(&account) else { return Vec::new() };
        ring.entries.iter().rev().take_while(|entry| entry.serial > after).take(limit).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// rules.md 9
    #[test]
    fn the_ring_keeps_the_newest_thousand() {
        let live = Live::starting_at(Millis(0));
        let id = AccountId::FIRST;
        for n in 0..=RING {
            live.push(id, Entry::refused(Millis(i64::try_from(n).unwrap()), Reason::NoConsent));
        }
        let all = live.list(id, 0, usize::MAX);
        assert_eq!(all.len(), RING);
        assert_eq!(all.first().map(|e| e.at), Some(Millis(1_000)));
        assert_eq!(live.list(id, 1_000, 10).len(), 1);
        live.complete(id, 1_001, |entry| entry.visitor = Some(7));
        assert_eq!(live.list(id, 0, 1).first().and_then(|e| e.visitor), Some(7));
        live.complete(id, 1, |_| panic!("it left the ring"));
    }

    #[test]
    fn hits_are_counted_by_what_became_of_them() {
        let live = Live::starting_at(Millis(5));
        let id = AccountId::FIRST;
        let entry = |reason| Entry::refused(Millis(6), reason);
        let serials =
            [Reason::Stored, Reason::Stored, Reason::Bot].map(|reason| live.push(id, entry(reason)));
        assert_eq!(live.counts(id), [(Reason::Stored, 2), (Reason::Bot, 1)]);
        live.complete(id, serials[0], |entry| entry.reason = Reason::Duplicate);
        assert_eq!(live.counts(id), [(Reason::Stored, 1), (Reason::Duplicate, 1), (Reason::Bot, 1)]);
        assert_eq!(live.counts(AccountId(id.0 + 1)), [], "another account's are its own");
    }
}
