//! Load over real connections. Each connection sends a request, reads the answer, and sends the next.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::client::read_answer;
use super::requests::{self, Request, What};
use crate::base::clock::{Clock, RealClock};

/// The result of a round.
#[derive(Clone, Debug, Default)]
pub(super) struct Round {
    pub(super) requests: u64,
    /// Number of answers other than 2xx.
    pub(super) refused: u64,
    pub(super) seconds: f64,
    /// One for each answered request, microseconds, sorted.
    latencies_us: Vec<u32>,
}

impl Round {
    #[must_use]
    pub(super) fn per_second(&self) -> f64 {
        self.requests as f64 / self.seconds.max(1e-9)
    }

    /// The milliseconds within which `share` (0 to 1) of the requests were answered.
    #[must_use]
    pub(super) fn percentile_ms(&self, share: f64) -> f64 {
        let index = (self.latencies_us.len() as f64 * share) as usize;
        let index = index.min(self.latencies_us.len().saturating_sub(1));
        self.latencies_us.get(index).map_or(0.0, |us| f64::from(*us) / 1_000.0)
    }
}

/// What the connections of a round share.
pub(super) struct Load {
    pub(super) address: SocketAddr,
    pub(super) requests: Arc<Vec<Request>>,
    pub(super) connections: u32,
    pub(super) duration: Duration,
    /// Requests per second over all connections. `None` means as fast as they are answered.
    pub(super) rate: Option<u32>,
    /// Counts up over all rounds, so that no event id is sent twice.
    pub(super) serial: Arc<AtomicU64>,
}

impl Load {
    /// Page views at a steady rate, as they arrive while something else is measured.
    pub(super) fn of_page_views(address: SocketAddr, rate: u32, seconds: u64) -> Self {
        let serial = u64::try_from(RealClock.now().0).unwrap_or(1) << 20;
        Self {
            address,
            requests: Arc::new(requests::make(What::PageViews)),
            connections: 64,
            duration: Duration::from_secs(seconds),
            rate: Some(rate),
            serial: Arc::new(AtomicU64::new(serial)),
        }
    }

    /// Sends requests until the time is over.
    pub(super) async fn run(&self) -> anyhow::Result<Round> {
        let start = RealClock.monotonic();
        let tasks: Vec<_> = (0..self.connections)
            .map(|index| {
                let rate = self.rate.map(|rate| f64::from(rate) / f64::from(self.connections.max(1)));
                let connection = Connection {
                    address: self.address,
                    requests: Arc::clone(&self.requests),
                    serial: Arc::clone(&self.serial),
                    end: start + self.duration,
                    pause: rate.map(|rate| Duration::from_secs_f64(1.0 / rate)),
                    index,
                };
                tokio::spawn(connection.run())
            })
            .collect();
        let mut round = Round::default();
        for task in tasks {
            let one = task.await.context("a connection panicked")??;
            round.requests += one.requests;
            round.refused += one.refused;
            round.latencies_us.extend(one.latencies_us);
        }
        round.seconds = (RealClock.monotonic() - start).as_secs_f64();
        round.latencies_us.sort_unstable();
        Ok(round)
    }
}

struct Connection {
    address: SocketAddr,
    requests: Arc<Vec<Request>>,
    serial: Arc<AtomicU64>,
    end: Duration,
    pause: Option<Duration>,
    index: u32,
}

impl Connection {
    async fn run(self) -> anyhow::Result<Round> {
        let clock = RealClock;
        let mut stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let mut round = Round::default();
        let (mut out, mut buffer) = (Vec::with_capacity(2_048), Vec::with_capacity(1_024));
        // Connections with a rate begin one after the other, not all at once.
        let mut next = clock.monotonic() + self.pause.unwrap_or_default() * (self.index % 64) / 64;
        loop {
            let now = clock.monotonic();
            if now >= self.end {
                return Ok(round);
            }
            if let Some(pause) = self.pause {
                if next > now {
                    tokio::time::sleep(next - now).await;
                }
                next += pause;
            }
            let number = self.serial.fetch_add(1, Ordering::Relaxed);
            let index = usize::try_from(number).unwrap_or(0) % self.requests.len().max(1);
            let request = self.requests.get(index).context("no requests")?;
            request.write(number, &mut out);
            let sent = clock.monotonic();
            stream.write_all(&out).await?;
            let status = read_answer(&mut stream, &mut buffer).await?.status;
            let took = (clock.monotonic() - sent).as_micros();
            round.latencies_us.push(u32::try_from(took).unwrap_or(u32::MAX));
            round.requests += 1;
            if !(200..300).contains(&status) {
                round.refused += 1;
            }
        }
    }
}
