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
            at: self.at,
            kind: "",
            result: if self.reason == Reason::Stored { "stored" } else { "refused" },
            reason: self.reason,
            page: self.page.clone(),
            consent: "",
            source: String::new(),
            company: String::new(),
            country: String::new(),
            device: String::new(),
            visitor: self.visitor,
        };
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

/// The rings of all accounts.
#[derive(Debug)]
pub struct Live {
    serial: AtomicU64,
    rings: Mutex<FxHashMap<AccountId, VecDeque<Kept>>>,
}

impl Live {
    /// Serials count up from the start's time, so that those of an earlier process never meet them.
    #[must_use]
    pub fn starting_at(now: Millis) -> Self {
        Self { serial: AtomicU64::new(u64::try_from(now.0).unwrap_or(0)), rings: Mutex::default() }
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
        let _oldest = if ring.len() >= RING { ring.pop_front() } else { None };
        ring.push_back(kept);
        drop(rings);
    }

    /// What was found out about hits (account, serial, reason, visitor); those that left the ring are passed
    /// over.
    pub fn complete(&self, found: impl IntoIterator<Item = (AccountId, u64, Reason, Option<u32>)>) {
        let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        for (account, serial, reason, visitor) in found {
            let Some(ring) = rings.get_mut(&account) else { continue };
            // Two workers may have put their hits in the other order: the serials are nearly sorted.
            if ring.front().is_none_or(|oldest| oldest.serial > serial + RING as u64) {
                continue;
            }
            let near = ring.partition_point(|kept| kept.serial < serial);
            let from = near.saturating_sub(DISORDER);
            if let Some(kept) = ring.range_mut(from..).take(2 * DISORDER).find(|kept| kept.serial == serial) {
                kept.reason = reason;
                kept.visitor = visitor;
            }
        }
    }

    /// The newest entries with a serial above `after`, newest first.
    #[must_use]
    pub fn list(&self, account: AccountId, after: u64, limit: usize) -> Vec<Entry> {
        let rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(ring) = rings.get(&account) else { return Vec::new() };
        ring.iter().rev().filter(|kept| kept.serial > after).take(limit).map(Kept::show).collect()
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
}
