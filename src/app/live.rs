//! The newest hits of each account and what was made of them: a ring in memory, never on disk (rules.md 9).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::hit::{Act, Hit};
use crate::domain::reason::Reason;
use crate::domain::source::Origin;

/// Entries kept of an account.
pub const RING: usize = 1_000;
/// Accounts with a ring at once.
pub const ACCOUNTS_MAX: usize = 10_000;
/// Entries that may stand out of order, because several threads take hits.
const DISORDER: usize = 64;

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
    pub const fn refused(at: Millis, reason: Reason) -> Self {
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
}

/// A hit in the ring, cheap to put there: what is shown of it is made when somebody looks.
#[derive(Debug)]
struct Kept {
    serial: u64,
    at: Millis,
    reason: Reason,
    visitor: Option<u32>,
    /// The page a refused hit named; never of a refusal for want of consent (rules.md 9).
    page: String,
    hit: Option<Arc<Hit>>,
}

impl Kept {
    fn show(&self) -> Entry {
        let mut entry = Entry {
            serial: self.serial,
            page: self.page.clone(),
            visitor: self.visitor,
            ..Entry::refused(self.at, self.reason)
        };
        if self.reason == Reason::Stored {
            entry.result = "stored";
        }
        if let Some(hit) = &self.hit {
            entry.kind = match hit.act {
                Act::PageView => "page_view",
                Act::Engagement { .. } => "engagement",
            };
            entry.page = hit.page.address();
            entry.consent = hit.consent.as_str();
            if let Origin::From(from) = &hit.origin {
                from.source.as_str().clone_into(&mut entry.source);
            }
            entry.country.clone_from(&hit.country);
            hit.device.class.as_str().clone_into(&mut entry.device);
        }
        entry
    }
}

/// What is kept of an account.
#[derive(Debug)]
struct Ring {
    entries: VecDeque<Kept>,
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

    /// What was counted as stored when it was accepted turned out to be something else.
    fn recount(&mut self, found: Reason) {
        if found != Reason::Stored
            && let Some(count) = self.counts.get_mut(Reason::Stored.index())
        {
            *count = count.saturating_sub(1);
            self.count(found);
        }
    }
}

/// The rings of all accounts.
#[derive(Debug)]
pub struct Live {
    started: Millis,
    serial: AtomicU64,
    rings: Mutex<FxHashMap<AccountId, Ring>>,
}

impl Live {
    /// Serials count up from the start's time in microseconds, so that those of an earlier process, whose hits
    /// may still wait in the inbox, never meet them: no process takes a million hits a second.
    #[must_use]
    pub fn starting_at(started: Millis) -> Self {
        let serial = u64::try_from(started.0).unwrap_or(0).saturating_mul(1_000);
        Self { started, serial: AtomicU64::new(serial), rings: Mutex::default() }
    }

    /// Since when hits are counted.
    #[must_use]
    pub const fn started(&self) -> Millis {
        self.started
    }

    /// The number of the next hit, by which the fold completes its entry.
    #[must_use]
    pub fn next_serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// An accepted hit, under the serial it carries.
    pub fn push(&self, hit: Arc<Hit>) {
        let kept = Kept {
            serial: hit.live,
            at: hit.at,
            reason: Reason::Stored,
            visitor: None,
            page: String::new(),
            hit: Some(Arc::clone(&hit)),
        };
        self.keep(hit.account, kept);
    }

    /// A refusal; `page` is empty where no more than time and reason may be shown.
    pub fn push_refusal(&self, account: AccountId, at: Millis, reason: Reason, page: String) {
        self.keep(account, Kept { serial: self.next_serial(), at, reason, visitor: None, page, hit: None });
    }

    fn keep(&self, account: AccountId, kept: Kept) {
        let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        if rings.len() >= ACCOUNTS_MAX && !rings.contains_key(&account) {
            return;
        }
        let ring = rings.entry(account).or_default();
        // What falls out of the ring is freed after the lock.
        let oldest = if ring.entries.len() >= RING { ring.entries.pop_front() } else { None };
        ring.count(kept.reason);
        ring.entries.push_back(kept);
        drop(rings);
        drop(oldest);
    }

    /// What was found out about hits (account, serial, reason, visitor); those that left the ring are passed
    /// over.
    pub fn complete(&self, found: impl IntoIterator<Item = (AccountId, u64, Reason, Option<u32>)>) {
        let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        for (account, serial, reason, visitor) in found {
            let Some(ring) = rings.get_mut(&account) else { continue };
            ring.recount(reason);
            // Two workers may have put their hits in the other order: the serials are nearly sorted.
            let near = ring.entries.partition_point(|kept| kept.serial < serial);
            let from = near.saturating_sub(DISORDER);
            let mut around = ring.entries.range_mut(from..).take(2 * DISORDER);
            if let Some(kept) = around.find(|kept| kept.serial == serial) {
                kept.reason = reason;
                kept.visitor = visitor;
            }
        }
    }

    /// What became of an account's hits since the start, the frequent first.
    #[must_use]
    pub fn counts(&self, account: AccountId) -> Vec<(Reason, u64)> {
        let rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(ring) = rings.get(&account) else { return Vec::new() };
        let counts = Reason::ALL.iter().copied().zip(ring.counts);
        let mut counts: Vec<_> = counts.filter(|(_, count)| *count > 0).collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }

    /// The newest entries with a serial above `after`, newest first.
    #[must_use]
    pub fn list(&self, account: AccountId, after: u64, limit: usize) -> Vec<Entry> {
        let rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(ring) = rings.get(&account) else { return Vec::new() };
        ring.entries.iter().rev().filter(|kept| kept.serial > after).take(limit).map(Kept::show).collect()
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
            let at = Millis(i64::try_from(n).unwrap());
            live.push_refusal(id, at, Reason::NoConsent, String::new());
        }
        let all = live.list(id, 0, usize::MAX);
        assert_eq!(all.len(), RING);
        assert_eq!(all.first().map(|e| e.at), Some(Millis(1_000)));
        assert_eq!(live.list(id, 1_000, 10).len(), 1);
        live.complete([(id, 1_001, Reason::Duplicate, Some(7)), (id, 1, Reason::Duplicate, Some(8))]);
        let newest = live.list(id, 0, 1);
        assert_eq!(newest.first().map(|e| (e.visitor, e.reason)), Some((Some(7), Reason::Duplicate)));
        assert!(live.list(id, 0, RING).iter().all(|e| e.visitor != Some(8)), "it left the ring");
    }

    #[test]
    fn hits_are_counted_by_what_became_of_them() {
        let live = Live::starting_at(Millis(5));
        let id = AccountId::FIRST;
        let [first, _, _] = [Reason::Stored, Reason::Stored, Reason::Bot].map(|reason| {
            live.push_refusal(id, Millis(6), reason, String::new());
            live.list(id, 0, 1)[0].serial
        });
        assert_eq!(live.counts(id), [(Reason::Stored, 2), (Reason::Bot, 1)]);
        live.complete([(id, first, Reason::Duplicate, None)]);
        assert_eq!(live.counts(id), [(Reason::Stored, 1), (Reason::Duplicate, 1), (Reason::Bot, 1)]);
        assert_eq!(live.counts(AccountId(id.0 + 1)), [], "another account's are its own");
    }
}
