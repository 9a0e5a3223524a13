//! How many requests an address (IPv6: a /64) or a token may send. Each has a bucket that holds ten seconds' worth of
//! requests and fills at the rate. The memory is bounded.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::base::clock::Millis;

/// A bucket holds the requests of this many seconds.
pub const BURST_SECONDS: u32 = 10;
/// Senders remembered at the same time. Beyond it full buckets are forgotten; when none is full, all are.
pub const SENDERS_MAX: usize = 100_000;

/// Buckets by sender.
#[derive(Debug)]
pub struct RateLimiter<K> {
    per_second: u32,
    buckets: Mutex<FxHashMap<K, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Thousandths of a request.
    left: i64,
    at: Millis,
}

impl<K: std::hash::Hash + Eq> RateLimiter<K> {
    /// A rate of 0 means no limit.
    #[must_use]
    pub fn new(per_second: u32) -> Self {
        Self { per_second, buckets: Mutex::default() }
    }

    /// Takes one request out of the bucket.
    ///
    /// # Errors
    /// Seconds to wait when the bucket is empty.
    pub fn take(&self, sender: K, now: Millis) -> Result<(), u32> {
        if self.per_second == 0 {
            return Ok(());
        }
        let rate = i64::from(self.per_second);
        let full = rate * i64::from(BURST_SECONDS) * 1_000;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= SENDERS_MAX && !buckets.contains_key(&sender) {
            buckets.retain(|_, bucket| bucket.filled(rate, full, now) < full);
            if buckets.len() >= SENDERS_MAX {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(sender).or_insert(Bucket { left: full, at: now });
        bucket.left = bucket.filled(rate, full, now);
        bucket.at = now;
        if bucket.left < 1_000 {
            return Err(1);
        }
        bucket.left -= 1_000;
        Ok(())
    }
}

impl Bucket {
    /// What the bucket holds at `now`. A clock that was set back fills nothing.
    fn filled(self, rate: i64, full: i64, now: Millis) -> i64 {
        let passed = now.since(self.at).max(0);
        self.left.saturating_add(passed.saturating_mul(rate)).min(full)
    }
}

/// What counts as one sender: an IPv4 address, or an IPv6 /64.
#[must_use]
pub fn sender_of(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(v4) => u64::from(u32::from(v4)),
        IpAddr::V6(v6) => u64::try_from(u128::from(v6) >> 64).unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_ten_seconds_and_fills_at_the_rate() {
        let limiter = RateLimiter::new(5);
        let start = Millis(1_000_000);
        for _ in 0..50 {
            assert_eq!(limiter.take(1, start), Ok(()));
        }
        assert_eq!(limiter.take(1, start), Err(1), "one past the burst");
        assert_eq!(limiter.take(2, start), Ok(()), "another sender is not concerned");
        assert_eq!(limiter.take(1, start.plus(199)), Err(1));
        assert_eq!(limiter.take(1, start.plus(200)), Ok(()));
        assert_eq!(limiter.take(1, start.plus(-90_000)), Err(1), "a clock that goes back fills nothing");
        assert!((0..1_000).all(|_| RateLimiter::new(0).take(1, start).is_ok()));
    }

    #[test]
    fn an_ipv6_sender_is_its_64() {
        let of = |text: &str| sender_of(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
