//! Watches the server while it is attacked.

use std::time::Duration;

use crate::base::clock::{Clock, RealClock};
use crate::bench::metrics::{FoldLag, metrics};
use crate::bench::server_process::ServerProcess;

/// How often it looks.
const EVERY: Duration = Duration::from_millis(100);
/// How long it waits for the metrics.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Watch<'a> {
    pub(super) server: &'a ServerProcess,
    pub(super) duration: Duration,
}

/// The highest figures.
pub(super) struct Worst {
    /// Bytes.
    pub(super) memory: u64,
    pub(super) descriptors: usize,
    pub(super) fold_lag_s: f64,
}

impl Watch<'_> {
    pub(super) async fn run(self) -> Worst {
        let end = RealClock.monotonic() + self.duration;
        let ((memory, descriptors), fold_lag_s) = tokio::join!(self.process(end), self.fold(end));
        Worst { memory, descriptors, fold_lag_s }
    }

    /// The most memory and descriptors.
    async fn process(&self, end: Duration) -> (u64, usize) {
        let (mut memory, mut descriptors) = (0, 0);
        while RealClock.monotonic() < end {
            memory = memory.max(self.server.memory().unwrap_or(0));
            descriptors = descriptors.max(self.server.descriptors().unwrap_or(0));
            tokio::time::sleep(EVERY).await;
        }
        (memory, descriptors)
    }

    /// The longest lag of the fold. A server that is under attack may answer late.
    async fn fold(&self, end: Duration) -> f64 {
        let mut lag = FoldLag::default();
        while RealClock.monotonic() < end {
            let asked = tokio::time::timeout(PATIENCE, metrics(self.server.address)).await;
            if let Ok(Ok(text)) = asked
                && let Err(error) = lag.note(&text)
            {
                tracing::warn!(%error, "metrics could not be read");
            }
            tokio::time::sleep(EVERY).await;
        }
        lag.worst_s
    }
}
