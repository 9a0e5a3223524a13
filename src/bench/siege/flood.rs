//! Requests of many connections, as fast as they are answered or at a rate. A connection that the server ends is
//! opened again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::connect::connect;
use super::done::Done;
use crate::base::clock::{Clock, RealClock};
use crate::bench::client::read_answer;
use crate::bench::requests::{Request, What, make};

/// Connections at once.
const CONNECTIONS: u32 = 64;
/// Event ids begin here. Each kind of hits has its own.
const IDS: u64 = 2_000_000_000;
/// How long a connection waits before it is opened again.
const AGAIN: Duration = Duration::from_millis(50);

struct Flood {
    address: SocketAddr,
    requests: Vec<Request>,
    next: AtomicU64,
    /// From one request of a connection to its next.
    pause: Option<Duration>,
    end: Duration,
}

/// Sends hits until the time is over. `rate` is a second, over all connections.
pub(super) async fn run(
    address: SocketAddr,
    what: What,
    rate: Option<u32>,
    duration: Duration,
) -> anyhow::Result<Done> {
    let pause = rate.map(|rate| Duration::from_secs_f64(f64::from(CONNECTIONS) / f64::from(rate.max(1))));
    let end = RealClock.monotonic() + duration;
    let next = AtomicU64::new(IDS + what as u64 * 100_000_000);
    let flood = Arc::new(Flood { address, requests: make(what), next, pause, end });
    let tasks: Vec<_> = (0..CONNECTIONS).map(|n| tokio::spawn(Arc::clone(&flood).connection(n))).collect();
    let mut done = Done::default();
    for task in tasks {
        done.add(task.await?);
    }
    // The store does not remember the ids of engagements.
    if what == What::LateEngagements {
        done.acknowledged.clear();
    }
    Ok(done)
}

impl Flood {
    async fn connection(self: Arc<Self>, n: u32) -> Done {
        let mut done = Done::default();
        let mut stream: Option<TcpStream> = None;
        let (mut out, mut buffer) = (Vec::new(), Vec::new());
        let pause = self.pause.unwrap_or_default();
        let mut next = RealClock.monotonic() + pause * n / CONNECTIONS;
        while RealClock.monotonic() < self.end {
            tokio::time::sleep(next.saturating_sub(RealClock.monotonic())).await;
            next += pause;
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let index = usize::try_from(number).unwrap_or(0) % self.requests.len().max(1);
            let Some(request) = self.requests.get(index) else { continue };
            request.write(number, &mut out);
            done.attempts += 1;
            match self.exchange(&mut stream, n, &out, &mut buffer).await {
                Ok(status) if (200..300).contains(&status) => {
                    done.acknowledged.push(number);
                    done.body_bytes += out.len() as u64;
                }
                Ok(_) => done.refused += 1,
                Err(_) => {
                    stream = None;
                    done.refused += 1;
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
        done
    }

    async fn exchange(
        &self,
        stream: &mut Option<TcpStream>,
        n: u32,
        bytes: &[u8],
        buffer: &mut Vec<u8>,
    ) -> anyhow::Result<u16> {
        if stream.is_none() {
            *stream = Some(connect(self.address, n).await?);
        }
        let Some(stream) = stream else { anyhow::bail!("no connection") };
        stream.write_all(bytes).await?;
        Ok(read_answer(stream, buffer).await?.status)
    }
}
