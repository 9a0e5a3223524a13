//! Slows down the guessing of passwords without locking anybody out.
//!
//! Each attempt counts as a failure under three keys before the password is checked, and is taken back when the
//! password was right. An attempt that comes too early is refused without a check, with the seconds to wait:
//!
//! | failures of | free | then waits of | at most |
//! |---|---|---|---|
//! | one email from one address | 4 | 1, 2, 4 … s | 15 min |
//! | one address, whatever the email | 30 | 1, 2, 4 … s | 5 min |
//! | one email, whatever the address | 20 | 1, 2, 4 … s | 1 min |
//!
//! The last row does not apply to an address that has not yet failed with this email. So owners who know their
//! password get in from their own address while strangers guess from theirs, and each further address gives a guesser
//! one attempt. Failures are forgotten after an hour without one. Nothing is kept on disk, and emails and addresses
//! are not kept at all, only keyed hashes of them.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::base::clock::{HOUR, MINUTE, Millis, SECOND};

/// Failures are forgotten after this long without one.
pub const MEMORY: i64 = HOUR;
/// Keys remembered at the same time (some 4 MB). Beyond it keys with a single failure are forgotten first.
pub const KEYS_MAX: usize = 100_000;

/// How the waits of one kind of key grow.
#[derive(Clone, Copy, Debug)]
pub struct Growth {
    pub free: u32,
    pub longest: i64,
}

pub const PAIR: Growth = Growth { free: 4, longest: 15 * MINUTE };
pub const ADDRESS: Growth = Growth { free: 30, longest: 5 * MINUTE };
pub const EMAIL: Growth = Growth { free: 20, longest: MINUTE };

impl Growth {
    /// The wait after this many failures, in milliseconds.
    fn pause(self, failures: u32) -> i64 {
        match failures.checked_sub(self.free) {
            None | Some(0) => 0,
            Some(beyond) => (SECOND << (beyond - 1).min(30)).min(self.longest),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Millis,
}

#[derive(Debug)]
pub struct SignInThrottle {
    keys: RandomState,
    failures: Mutex<FxHashMap<u64, Failures>>,
}

impl Default for SignInThrottle {
    fn default() -> Self {
        Self { keys: RandomState::new(), failures: Mutex::default() }
    }
}

/// An attempt that was admitted. `succeed` takes it back.
#[derive(Debug)]
pub struct Try {
    pair: u64,
    address: u64,
    email: u64,
}

impl SignInThrottle {
    /// Admits an attempt. `sender` comes from `rate_limit::sender_of`.
    ///
    /// # Errors
    /// Seconds to wait.
    pub fn begin(&self, email: &str, sender: u64, now: Millis) -> Result<Try, u32> {
        let made = Try {
            pair: self.keys.hash_one((0, email, sender)),
            address: self.keys.hash_one((1, sender)),
            email: self.keys.hash_one((2, email)),
        };
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let known = failures.get(&made.pair).is_some_and(|f| now.since(f.last) < MEMORY);
        let wait = wait(&failures, made.pair, PAIR, now)
            .max(wait(&failures, made.address, ADDRESS, now))
            .max(if known { wait(&failures, made.email, EMAIL, now) } else { 0 });
        if wait > 0 {
            return Err(u32::try_from((wait + SECOND - 1) / SECOND).unwrap_or(u32::MAX));
        }
        make_room(&mut failures, now);
        for key in [made.pair, made.address, made.email] {
            let entry = failures.entry(key).or_insert(Failures { count: 0, last: now });
            if now.since(entry.last) >= MEMORY {
                entry.count = 0;
            }
            *entry = Failures { count: entry.count.saturating_add(1), last: now };
        }
        Ok(made)
    }

    /// The password was right: the attempt was no failure, and the failures of this address with this email are
    /// forgotten.
    pub fn succeed(&self, made: &Try) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.remove(&made.pair);
        for key in [made.address, made.email] {
            if let Some(entry) = failures.get_mut(&key) {
                entry.count = entry.count.saturating_sub(1);
            }
        }
    }
}

/// Milliseconds until a key may try again. A clock that was set back never makes the wait longer than its full
/// length.
fn wait(failures: &FxHashMap<u64, Failures>, key: u64, growth: Growth, now: Millis) -> i64 {
    let Some(entry) = failures.get(&key) else { return 0 };
    let passed = now.since(entry.last).max(0);
    if passed >= MEMORY { 0 } else { (growth.pause(entry.count) - passed).max(0) }
}

fn make_room(failures: &mut FxHashMap<u64, Failures>, now: Millis) {
    if failures.len() + 3 <= KEYS_MAX {
        return;
    }
    failures.retain(|_, f| now.since(f.last) < MEMORY);
    // A flood of invented emails makes single failures, so keys that have failed often are the ones to remember.
    let mut least = 1;
    while failures.len() > KEYS_MAX / 2 && least < 1 << 20 {
        failures.retain(|_, f| f.count > least);
        least *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_800_000_000_000);

    fn fail(throttle: &SignInThrottle, email: &str, sender: u64, now: Millis) -> Result<(), u32> {
        throttle.begin(email, sender, now).map(drop)
    }

    #[test]
    fn waits_grow_with_failures_of_one_address_and_end() {
        let throttle = SignInThrottle::default();
        for n in 0..PAIR.free + 1 {
            assert_eq!(fail(&throttle, "a@b.test", 1, NOW), Ok(()), "{n}");
        }
        let mut now = NOW;
        for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            assert_eq!(fail(&throttle, "a@b.test", 1, now), Err(wait));
            now = now.plus(i64::from(wait) * SECOND - 1);
            assert_eq!(fail(&throttle, "a@b.test", 1, now), Err(1), "a moment too early after {wait}");
            now = now.plus(1);
            assert_eq!(fail(&throttle, "a@b.test", 1, now), Ok(()));
        }
        assert_eq!(fail(&throttle, "a@b.test", 1, now.plus(MEMORY)), Ok(()));
        assert_eq!(
            fail(&throttle, "a@b.test", 1, now.plus(MEMORY)),
            Ok(()),
            "an hour later all is forgotten"
        );
    }

    #[test]
    fn the_owner_gets_in_from_his_own_address_while_others_guess() {
        let throttle = SignInThrottle::default();
        for stranger in 100..1_000 {
            assert_eq!(fail(&throttle, "a@b.test", stranger, NOW), Ok(()), "each address has one try");
        }
        assert_eq!(fail(&throttle, "a@b.test", 100, NOW), Err(60), "but no second one");
        let own = throttle.begin("a@b.test", 1, NOW).unwrap();
        throttle.succeed(&own);
        assert!(throttle.begin("a@b.test", 1, NOW).is_ok(), "and again");
    }

    #[test]
    fn one_address_cannot_try_one_password_on_all_emails() {
        let throttle = SignInThrottle::default();
        let taken = (0..1_000).filter(|n| fail(&throttle, &format!("{n}@b.test"), 1, NOW).is_ok()).count();
        assert_eq!(taken, ADDRESS.free as usize + 1);
        assert_eq!(fail(&throttle, "x@b.test", 2, NOW), Ok(()));
    }

    #[test]
    fn tries_at_the_same_time_are_all_counted() {
        let throttle = SignInThrottle::default();
        let open: Vec<_> = (0..100).filter_map(|_| throttle.begin("a@b.test", 1, NOW).ok()).collect();
        assert_eq!(open.len(), PAIR.free as usize + 1);
    }

    #[test]
    fn memory_is_bounded_and_keeps_who_failed_often() {
        let throttle = SignInThrottle::default();
        for _ in 0..=PAIR.free {
            assert_eq!(fail(&throttle, "a@b.test", 1, NOW), Ok(()));
        }
        for n in 0..(KEYS_MAX as u64) {
            let _ = fail(&throttle, &format!("{n}@b.test"), 1_000 + n, NOW);
            assert!(throttle.failures.lock().unwrap().len() <= KEYS_MAX);
        }
        assert_eq!(fail(&throttle, "a@b.test", 1, NOW), Err(1));
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody_out() {
        let throttle = SignInThrottle::default();
        for _ in 0..=PAIR.free {
            assert_eq!(fail(&throttle, "a@b.test", 1, NOW), Ok(()));
        }
        assert_eq!(fail(&throttle, "a@b.test", 1, NOW.plus(-1_000 * HOUR)), Err(1));
    }
}
