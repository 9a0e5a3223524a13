//! The honest client: it opens a page of the site, reads a page of the server and sends a page view, again and again,
//! each on a new connection of an address that nobody else uses.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::attack::guess_once;
use super::connect::connect;
use crate::base::clock::{Clock, RealClock};
use crate::bench::client::{Answer, read_answer};
use crate::bench::measuring::{Stopwatch, percentile};
use crate::bench::requests::{self, Request, What};
use crate::domain::account::AccountId;
use crate::web::paths;

/// The number of its address.
const ADDRESS: u32 = 59_999;
/// The time from the beginning of one request to the next.
const PAUSE: Duration = Duration::from_millis(20);
/// Every so many requests is for a page of the server, as a user who clicks about twice a second makes them.
const PAGE_EVERY: u64 = 24;
/// An answer that takes longer is named in the log, milliseconds.
const SLOW_MS: f64 = 250.0;
/// When it gives up.
const PATIENCE: Duration = Duration::from_secs(20);
/// Its event ids begin here.
const IDS: u64 = 9_000_000_000;

pub(super) struct Honest {
    address: SocketAddr,
    cookie: String,
    views: Vec<Request>,
    next: AtomicU64,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Of the script and of page views.
    visitor_ms: Vec<f64>,
    /// Of pages of the server.
    page_ms: Vec<f64>,
    failed: usize,
    refused: usize,
    acknowledged: Vec<u64>,
}

/// How long it waited.
pub(super) struct Times {
    pub(super) requests: usize,
    /// For the script and for the answer to a page view, 99th percentile.
    pub(super) visitor_p99_ms: f64,
    /// For pages of the server.
    pub(super) page_p99_ms: f64,
    /// Requests that were not answered.
    pub(super) failed: usize,
    /// Requests that were answered by 429 or 5xx.
    pub(super) refused: usize,
}

impl Honest {
    pub(super) fn new(address: SocketAddr, cookie: String) -> Self {
        let (views, next) = (requests::make(What::PageViews), AtomicU64::new(IDS));
        Self { address, cookie, views, next, seen: Mutex::default() }
    }

    /// Asks at a steady rate until the time is over.
    pub(super) async fn run(self: &Arc<Self>, duration: Duration) {
        let end = RealClock.monotonic() + duration;
        let mut asking = Vec::new();
        while RealClock.monotonic() < end {
            let honest = Arc::clone(self);
            asking.push(tokio::spawn(async move { honest.ask().await }));
            tokio::time::sleep(PAUSE).await;
        }
        for one in asking {
            let _ = one.await;
        }
    }

    /// One request.
    async fn ask(&self) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let get = |path: &str| {
            format!("GET {path} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n", self.address, self.cookie)
                .into_bytes()
        };
        let is_page = number.is_multiple_of(PAGE_EVERY);
        let (bytes, is_view) = match number % 2 {
            0 if is_page && number.is_multiple_of(2 * PAGE_EVERY) => (get(paths::SIGN_IN), false),
            0 if is_page => (get(&paths::dashboard(AccountId::FIRST)), false),
            0 => (get(&format!("/{}.js", AccountId::FIRST)), false),
            _ => {
                let index = usize::try_from(number).unwrap_or(0) % self.views.len().max(1);
                let mut bytes = Vec::new();
                self.views.iter().skip(index).take(1).for_each(|view| view.write(number, &mut bytes));
                (bytes, true)
            }
        };
        let watch = Stopwatch::start();
        let answered = tokio::time::timeout(PATIENCE, self.exchange(&bytes)).await;
        let took = watch.ms();
        if took > SLOW_MS {
            let first: String = String::from_utf8_lossy(&bytes).chars().take_while(|c| *c != '\r').collect();
            tracing::info!(took, request = first, "the honest client waited");
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match answered {
            Ok(Ok(answer)) => {
                if is_page { &mut seen.page_ms } else { &mut seen.visitor_ms }.push(took);
                seen.refused += usize::from(answer.status == 429 || answer.status >= 500);
                if is_view && (200..300).contains(&answer.status) {
                    seen.acknowledged.push(number);
                }
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, after_ms = took, "the honest client was not answered");
                seen.failed += 1;
            }
            Err(_) => seen.failed += 1,
        }
    }

    async fn exchange(&self, bytes: &[u8]) -> anyhow::Result<Answer> {
        let mut stream = connect(self.address, ADDRESS).await?;
        stream.write_all(bytes).await?;
        read_answer(&mut stream, &mut Vec::new()).await
    }

    /// Tries a wrong password, so that the memory for checking one is there.
    pub(super) async fn sign_in_wrongly(&self) {
        if let Err(error) = guess_once(self.address, ADDRESS).await {
            tracing::warn!(%error, "no password could be tried");
        }
    }

    /// Drops what was measured so far; what was acknowledged is kept.
    pub(super) fn forget_times(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        (seen.failed, seen.refused) = (0, 0);
        seen.visitor_ms.clear();
        seen.page_ms.clear();
    }

    pub(super) fn times(&self) -> Times {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Times {
            requests: seen.visitor_ms.len() + seen.page_ms.len() + seen.failed,
            visitor_p99_ms: percentile(&mut seen.visitor_ms, 0.99),
            page_p99_ms: percentile(&mut seen.page_ms, 0.99),
            failed: seen.failed,
            refused: seen.refused,
        }
    }

    pub(super) fn acknowledged(&self) -> Vec<u64> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).acknowledged.clone()
    }
}
