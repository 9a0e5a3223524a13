//! Whether most requests come through a proxy that is not declared in `[server] trusted_proxies`. All visitors are one
//! sender then: one of them can use up the rate limit of all, and countries are those of the proxy.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::domain::network::is_routable;

/// The fewest forwarded requests that count as a finding. Anybody can send the header of a proxy, but not most of the
/// requests.
const ENOUGH: u32 = 20;
/// Both counts are halved here, so that what was long ago counts less.
const HALVED_AT: u32 = 10_000;

/// The requests to the collector, counted.
#[derive(Debug, Default)]
pub struct UndeclaredProxy {
    forwarded: AtomicU32,
    direct: AtomicU32,
    /// The last one that forwarded.
    peer: Mutex<Option<IpAddr>>,
}

/// A proxy that was found. Its address is named only if it is no public one, because that could be a visitor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    pub address: Option<IpAddr>,
}

impl UndeclaredProxy {
    /// Counts a request. `proxy` is the peer, when it is not trusted and has sent the headers of a proxy.
    pub fn count(&self, proxy: Option<IpAddr>) {
        let of = if proxy.is_some() { &self.forwarded } else { &self.direct };
        if let Some(address) = proxy {
            *self.peer.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
        }
        if of.fetch_add(1, Ordering::Relaxed) >= HALVED_AT {
            for count in [&self.forwarded, &self.direct] {
                count.store(count.load(Ordering::Relaxed) / 2, Ordering::Relaxed);
            }
        }
    }

    #[must_use]
    pub fn found(&self) -> Option<Found> {
        let forwarded = self.forwarded.load(Ordering::Relaxed);
        if forwarded < ENOUGH || forwarded <= self.direct.load(Ordering::Relaxed) {
            return None;
        }
        let peer = *self.peer.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Found { address: peer.filter(|address| !is_routable(*address)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(forwarded: u32, direct: u32, address: &str) -> Option<Found> {
        let proxy = UndeclaredProxy::default();
        (0..forwarded).for_each(|_| proxy.count(Some(address.parse().unwrap())));
        (0..direct).for_each(|_| proxy.count(None));
        proxy.found()
    }

    #[test]
    fn a_proxy_is_found_when_most_requests_and_enough_come_through_it() {
        let found = Some(Found { address: Some("10.0.0.5".parse().unwrap()) });
        assert_eq!(counted(ENOUGH - 1, 0, "10.0.0.5"), None);
        assert_eq!(counted(ENOUGH, 0, "10.0.0.5"), found);
        assert_eq!(counted(ENOUGH, ENOUGH - 1, "10.0.0.5"), found);
        assert_eq!(counted(ENOUGH, ENOUGH, "10.0.0.5"), None);
        assert_eq!(counted(ENOUGH, 0, "8.8.8.8"), Some(Found { address: None }));
    }

    #[test]
    fn what_was_long_ago_counts_less() {
        let proxy = UndeclaredProxy::default();
        (0..HALVED_AT).for_each(|_| proxy.count(Some("10.0.0.5".parse().unwrap())));
        assert!(proxy.found().is_some());
        (0..=HALVED_AT).for_each(|_| proxy.count(None));
        assert!(proxy.found().is_none());
    }
}
