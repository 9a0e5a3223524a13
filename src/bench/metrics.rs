//! Reads the metrics of a server that is measured.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;

use super::client::Client;
use crate::base::clock::{Clock, RealClock};

pub(super) const WAITING: &str = "guestlog_hits_waiting";
const ACCEPTED: &str = "guestlog_hits_accepted_total";

/// The text of `/metrics`.
pub(super) async fn metrics(address: SocketAddr) -> anyhow::Result<String> {
    let mut client = Client::connect(address, String::new()).await?;
    Ok(String::from_utf8(client.get("/metrics").await?.body)?)
}

pub(super) fn metric(metrics: &str, name: &str) -> anyhow::Result<u64> {
    let mut lines = metrics.lines();
    lines
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
        .with_context(|| format!("no {name} in /metrics"))
}

/// How far the fold is behind: the age of the oldest hit that is not folded yet. It is found by the time at which that
/// many hits had been accepted.
#[derive(Debug, Default)]
pub(super) struct FoldLag {
    arrived: Vec<(Duration, u64)>,
    /// The highest age so far, seconds.
    pub(super) worst_s: f64,
}

impl FoldLag {
    /// Takes note of the metrics of this moment.
    pub(super) fn note(&mut self, metrics: &str) -> anyhow::Result<()> {
        let (accepted, waits) = (metric(metrics, ACCEPTED)?, metric(metrics, WAITING)?);
        let now = RealClock.monotonic();
        self.arrived.push((now, accepted));
        let folded = accepted.saturating_sub(waits);
        let oldest = self.arrived.iter().find(|(_, count)| *count > folded).map_or(now, |(at, _)| *at);
        self.worst_s = self.worst_s.max((now - oldest).as_secs_f64());
        Ok(())
    }
}
