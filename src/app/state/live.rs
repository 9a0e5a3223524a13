//! The newest hits of each account and what became of them: a ring in memory, never on disk (rules.md 9).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::event::EventRef;
use crate::domain::hit::{Act, Hit};
use crate::domain::hit_reason::Reason;
use crate::domain::source::Origin;

/// Entries kept per account.
pub const RING: usize = 1_000;
/// Bytes of an account's entries, approximately.
pub const RING_BYTES: usize = 2 << 20;
/// Bytes of all rings together. When they are exceeded, each ring drops its older half.
pub const ALL_BYTES: usize = 8 << 20;
/// Accounts that have a ring at the same time.
pub const ACCOUNTS_MAX: usize = 10_000;
/// Entries that may be out of order, because several threads accept hits.
const DISORDER: usize = 64;

/// One hit as the live page shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Rises within the process, so that a page can ask for what is newer.
    pub serial: u64,
    #[serde(serialize_with = "iso")]
    pub at: Millis,
    pub kind: &'static str,
    /// `stored` or `refused`. An accepted hit is `stored` until the fold finds otherwise.
    pub result: &'static str,
    pub reason: Reason,
    pub page: String,
    pub consent: &'static str,
    pub source: String,
    pub company: String,
    /// Empty where they are unknown, and for refusals that must show nothing but time and reason.
    pub country: String,
    pub device: String,
    pub visitor: Option<u32>,
    /// The event as the hit named it: an id of 12 digits, or a name; of a submission the key of its form.
    pub event: String,
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
            event: String::new(),
        }
    }
}

/// A hit in the ring. It is cheap to add; what the page shows of it is made when somebody looks.
#[derive(Debug)]
struct Kept {
    serial: u64,
    at: Millis,
    reason: Reason,
    visitor: Option<u32>,
    /// The page that a refused hit named; empty after a refusal for consent (rules.md 9).
    page: String,
    hit: Option<Arc<Hit>>,
    /// Its size in memory, approximately.
    bytes: usize,
}

impl Kept {
    const fn bytes_of(texts: usize) -> usize {
        size_of::<Self>() + size_of::<Hit>() + texts
    }

    fn show(&self) -> Entry {
        let mut entry = Entry {
            serial: self.serial,
            page: self.page.clone(),
            visitor: self.visitor,
            ..Entry::refused(self.at, self.reason)
        };
        if self.reason.is_counted() {
            entry.result = "stored";
        }
        if let Some(hit) = &self.hit {
            entry.kind = match hit.act {
                Act::PageView => "page_view",
                Act::Engagement { .. } => "engagement",
                Act::Completion { .. } => "completion",
                Act::Submission(_) => "submission",
            };
            if let Act::Completion { event, .. } = &hit.act {
                entry.event = match event {
                    EventRef::Id(number) => number.to_string(),
                    EventRef::Name(name) => name.clone(),
                };
            }
            if let Act::Submission(submission) = &hit.act {
                submission.form.as_str().clone_into(&mut entry.event);
            }
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

#[derive(Debug)]
struct Ring {
    entries: VecDeque<Kept>,
    /// Of the entries.
    bytes: usize,
    /// Hits since the start, by `Reason::index`. Those that left the ring are counted too.
    counts: [u64; Reason::ALL.len()],
}

impl Default for Ring {
    fn default() -> Self {
        Self { entries: VecDeque::new(), bytes: 0, counts: [0; Reason::ALL.len()] }
    }
}

impl Ring {
    /// Makes room for one more entry of this size. Returns the oldest entries, which gave way.
    fn make_room(&mut self, bytes: usize) -> Vec<Kept> {
        let mut gone = Vec::new();
        while self.entries.len() >= RING || self.bytes + bytes > RING_BYTES {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.bytes;
            gone.push(oldest);
        }
        gone
    }

    /// Removes the older half of the ring; a single entry goes as well.
    fn halve(&mut self) -> impl Iterator<Item = Kept> {
        let older = self.entries.len().div_ceil(2);
        let newer = self.entries.split_off(older);
        let older = std::mem::replace(&mut self.entries, newer);
        self.bytes = self.entries.iter().map(|kept| kept.bytes).sum();
        older.into_iter()
    }

    fn count(&mut self, reason: Reason) {
        if let Some(count) = self.counts.get_mut(reason.index()) {
            *count += 1;
        }
    }

    /// Corrects the counts for a hit that was counted as stored when it was accepted and then turned out to be
    /// something else.
    fn recount(&mut self, found: Reason) {
        if found != Reason::Stored
            && let Some(count) = self.counts.get_mut(Reason::Stored.index())
        {
            *count = count.saturating_sub(1);
            self.count(found);
        }
    }
}

/// All rings, and the bytes of their entries.
#[derive(Debug, Default)]
struct Rings {
    by_account: FxHashMap<AccountId, Ring>,
    bytes: usize,
}

impl Rings {
    /// Adds an entry and returns the entries that gave way. Beyond `ACCOUNTS_MAX` the entry itself is not kept.
    fn keep(&mut self, account: AccountId, kept: Kept) -> Vec<Kept> {
        if self.by_account.len() >= ACCOUNTS_MAX && !self.by_account.contains_key(&account) {
            return vec![kept];
        }
        let ring = self.by_account.entry(account).or_default();
        let mut gone = ring.make_room(kept.bytes);
        ring.count(kept.reason);
        ring.bytes += kept.bytes;
        self.bytes += kept.bytes;
        ring.entries.push_back(kept);
        self.bytes -= gone.iter().map(|kept| kept.bytes).sum::<usize>();
        // All rings give way at once and by half, so that this step, which visits every ring, is rare.
        while self.bytes > ALL_BYTES {
            gone.extend(self.by_account.values_mut().flat_map(Ring::halve));
            self.bytes = self.by_account.values().map(|ring| ring.bytes).sum();
        }
        gone
    }
}

/// The rings of all accounts.
#[derive(Debug)]
pub struct Live {
    started: Millis,
    serial: AtomicU64,
    rings: Mutex<Rings>,
}

impl Live {
    /// Serials begin at the start time in microseconds. Hits of an earlier process may still wait in the inbox; their
    /// serials never meet the new ones, because no process accepts a million hits a second.
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

    /// The serial of the next hit, by which the fold finds its entry.
    #[must_use]
    pub fn next_serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Adds an accepted hit under its serial. `texts` is the length of its inbox row, which is about the size of its
    /// texts.
    pub fn push(&self, hit: Arc<Hit>, texts: usize) {
        let kept = Kept {
            serial: hit.live,
            at: hit.at,
            reason: Reason::Stored,
            visitor: None,
            page: String::new(),
            hit: Some(Arc::clone(&hit)),
            bytes: Kept::bytes_of(texts),
        };
        self.keep(hit.account, kept);
    }

    /// Adds a refusal. `page` is empty where only time and reason may be shown.
    pub fn push_refusal(&self, account: AccountId, at: Millis, reason: Reason, page: String) {
        let bytes = Kept::bytes_of(page.len());
        let serial = self.next_serial();
        self.keep(account, Kept { serial, at, reason, visitor: None, page, hit: None, bytes });
    }

    fn keep(&self, account: AccountId, kept: Kept) {
        let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = rings.keep(account, kept);
        drop(rings);
        // The memory is freed after the lock.
        drop(gone);
    }

    /// Records what the fold found (account, serial, reason, visitor). Hits that left the ring are skipped.
    pub fn complete(&self, found: impl IntoIterator<Item = (AccountId, u64, Reason, Option<u32>)>) {
        let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        for (account, serial, reason, visitor) in found {
            let Some(ring) = rings.by_account.get_mut(&account) else { continue };
            ring.recount(reason);
            // Two threads may have added their hits in the other order, so the serials are only nearly sorted.
            let near = ring.entries.partition_point(|kept| kept.serial < serial);
            let from = near.saturating_sub(DISORDER);
            let mut around = ring.entries.range_mut(from..).take(2 * DISORDER);
            if let Some(kept) = around.find(|kept| kept.serial == serial) {
                kept.reason = reason;
                kept.visitor = visitor;
                if reason == Reason::NoConsent {
                    // It shows nothing but time and reason (rules.md 9).
                    kept.hit = None;
                }
            }
        }
    }

    /// Drops the entries of an erased visitor. They stay counted.
    pub fn forget(&self, account: AccountId, visitor: u32, tokens: &[String]) {
        let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(ring) = rings.by_account.get_mut(&account) else { return };
        let before = ring.bytes;
        ring.entries.retain(|kept| {
            let sent = |hit: &Arc<Hit>| {
                hit.visitor.as_ref().is_some_and(|sent| tokens.iter().any(|token| token == sent.as_str()))
            };
            kept.visitor != Some(visitor) && !kept.hit.as_ref().is_some_and(sent)
        });
        ring.bytes = ring.entries.iter().map(|kept| kept.bytes).sum();
        let freed = before - ring.bytes;
        rings.bytes -= freed;
    }

    /// What became of an account's hits since the start, the most frequent first.
    #[must_use]
    pub fn counts(&self, account: AccountId) -> Vec<(Reason, u64)> {
        let rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(ring) = rings.by_account.get(&account) else { return Vec::new() };
        let counts = Reason::ALL.iter().copied().zip(ring.counts);
        let mut counts: Vec<_> = counts.filter(|(_, count)| *count > 0).collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }

    /// The entries with a serial above `after`, newest first.
    #[must_use]
    pub fn list(&self, account: AccountId, after: u64, limit: usize) -> Vec<Entry> {
        let rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(ring) = rings.by_account.get(&account) else { return Vec::new() };
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

    /// Adds refusals of this size to an account.
    fn refuse(live: &Live, account: i64, bytes: usize, times: usize) {
        for _ in 0..times {
            let page = "x".repeat(bytes - Kept::bytes_of(0));
            live.push_refusal(AccountId(account), Millis(1), Reason::Bot, page);
        }
    }

    fn kept(live: &Live, account: i64) -> usize {
        live.list(AccountId(account), 0, usize::MAX).len()
    }

    #[test]
    fn a_ring_is_bounded_by_bytes_too() {
        let live = Live::starting_at(Millis(0));
        refuse(&live, 1, RING_BYTES / 4, 4);
        assert_eq!(kept(&live, 1), 4, "at the limit");
        refuse(&live, 1, RING_BYTES / 4 + 1, 1);
        assert_eq!(kept(&live, 1), 3, "one past it two must go");
        refuse(&live, 1, 2 * RING_BYTES, 1);
        assert_eq!(kept(&live, 1), 1, "the newest is kept in any case");
        assert_eq!(live.counts(AccountId(1)), [(Reason::Bot, 6)], "those that went stay counted");
        assert_eq!(live.rings.lock().unwrap().bytes, 2 * RING_BYTES);
    }

    #[test]
    fn all_rings_together_are_bounded_by_bytes() {
        let live = Live::starting_at(Millis(0));
        let accounts = i64::try_from(ALL_BYTES / RING_BYTES).unwrap();
        for account in 1..=accounts {
            refuse(&live, account, RING_BYTES / 4, 4);
        }
        assert_eq!((kept(&live, 1), kept(&live, accounts)), (4, 4), "at the limit");
        assert_eq!(live.rings.lock().unwrap().bytes, ALL_BYTES);
        refuse(&live, accounts + 1, Kept::bytes_of(1), 1);
        assert_eq!((kept(&live, 1), kept(&live, accounts)), (2, 2), "one past it");
        assert_eq!(kept(&live, accounts + 1), 0, "of one entry it is the older half");
        assert_eq!(live.rings.lock().unwrap().bytes, ALL_BYTES / 2);
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
