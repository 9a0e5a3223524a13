//! What the benchmarks measure with: time, percentiles, and a description of the machine.

use std::time::Duration;

use crate::base::clock::{Clock, RealClock};

/// Cores, processor and kernel.
pub(super) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| {
            line.strip_prefix("model name")?.split_once(':').map(|(_, name)| name.trim().to_owned())
        })
        .unwrap_or_else(|| "unknown processor".to_owned());
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cores} cores, {model}, Linux {}", kernel.trim())
}

/// The value that `share` (0 to 1) of the values do not exceed.
pub(super) fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = (values.len() as f64 * share) as usize;
    values.get(index.min(values.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

/// Measures how long something takes.
pub(super) struct Stopwatch(Duration);

impl Stopwatch {
    pub(super) fn start() -> Self {
        Self(RealClock.monotonic())
    }

    pub(super) fn seconds(&self) -> f64 {
        (RealClock.monotonic() - self.0).as_secs_f64()
    }

    pub(super) fn ms(&self) -> f64 {
        self.seconds() * 1_000.0
    }
}
