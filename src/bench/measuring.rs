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

/// Numbers of the calibration, and how often one of them is changed.
const NUMBERS: usize = 4 << 20;
const CHANGES: u32 = 20_000_000;

/// The milliseconds that a fixed piece of work takes, the best of three. What was measured on two machines, or beside other
/// work, can be compared by it.
pub(super) fn calibration_ms() -> f64 {
    let once = |_| {
        let watch = Stopwatch::start();
        std::hint::black_box(calibrate());
        watch.ms()
    };
    (0..3).map(once).fold(f64::INFINITY, f64::min)
}

/// Changes numbers in 16 MB at random places, as a report counts visitors.
fn calibrate() -> u32 {
    let mut numbers = vec![0u32; NUMBERS];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..CHANGES {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        if let Some(number) = numbers.get_mut(state as usize % NUMBERS) {
            *number = number.wrapping_add((state >> 32) as u32);
        }
    }
    numbers.iter().fold(0, |sum, number| sum.wrapping_add(*number))
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
