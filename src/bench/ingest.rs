//! Measures the collector with everything switched on, which answers after the fsync, beside a bare server that reads the
//! same requests. Both are processes of their own and are measured in turn within one run, so the ratio of the two does
//! not depend on the machine.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::bail;
use serde_json::json;

use super::load::{Load, Round};
use super::measuring::{Stopwatch, calibration_ms, machine};
use super::metrics::{FoldLag, WAITING, metric, metrics};
use super::requests::{self, What};
use super::server_process::{ServerProcess, Usage};
use super::{account, history, output};
use crate::base::clock::{Clock, RealClock};
use crate::config::Config;
use crate::demo::temporary_directory::TemporaryDirectory;
use crate::server;

pub(super) struct Plan {
    pub(super) seconds: u64,
    pub(super) rounds: u32,
    pub(super) connections: u32,
    pub(super) rate: u32,
    pub(super) what: What,
    /// The account has a consent policy.
    pub(super) with_policy: bool,
}

/// The figures of one server over its rounds.
struct Totals {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    cpu_us: f64,
    rss_max: u64,
}

pub(super) fn run(plan: &Plan, json: bool) -> anyhow::Result<()> {
    let directory = TemporaryDirectory::new("bench");
    let mut config = Config::default();
    config.server.data_dir.clone_from(&directory.0);
    let app = server::open(&config)?;
    let account = account::insert(&app)?;
    if plan.with_policy {
        account::insert_policy(&app, account)?;
    }
    if plan.what == What::LateEngagements {
        history::close_a_day(&app)?;
    }
    app.store.close();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(measure(plan, &directory.0))?;
    print(&report, json);
    Ok(())
}

async fn measure(plan: &Plan, dir: &Path) -> anyhow::Result<serde_json::Value> {
    let bare = ServerProcess::bare()?;
    let ours = ServerProcess::serve(dir, &[])?;
    let requests = Arc::new(requests::make(plan.what));
    let serial = Arc::new(AtomicU64::new(1));
    let load = |server: &ServerProcess, seconds: u64, rate| Load {
        address: server.address,
        requests: Arc::clone(&requests),
        connections: plan.connections,
        duration: Duration::from_secs(seconds),
        rate,
        serial: Arc::clone(&serial),
    };
    for server in [&bare, &ours] {
        load(server, 1, None).run().await?;
    }
    let (mut of_bare, mut of_ours) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        of_bare.push(round(&bare, &load(&bare, plan.seconds, None)).await?);
        of_ours.push(round(&ours, &load(&ours, plan.seconds, None)).await?);
    }
    let caught_up = wait_for_fold(&ours).await?;
    let paced = load(&ours, plan.seconds.max(5) * 2, Some(plan.rate));
    let (paced_round, lag) = tokio::join!(paced.run(), watch_lag(&ours, paced.duration));
    let (paced_round, lag) = (paced_round?, lag?);
    wait_for_fold(&ours).await?;
    let (bare, ours) = (figures(&of_bare), figures(&of_ours));
    Ok(json!({
        "date": RealClock.now().iso(),
        "machine": machine(),
        "calibration_ms": calibration_ms(),
        "connections": plan.connections,
        "what": plan.what.label(),
        "policy": if plan.with_policy { "opt-in for Europe, opt-in on one host, else notify" } else { "none" },
        "sent": serial.load(Ordering::Relaxed),
        "bare": as_json(&bare),
        "guestlog": as_json(&ours),
        "ratio_requests": ours.per_second / bare.per_second,
        "ratio_cpu": ours.cpu_us / bare.cpu_us,
        "ratio_p99": ours.p99_ms / bare.p99_ms,
        "fold_catch_up_s": caught_up,
        "paced": {
            "events_per_second": paced_round.per_second(),
            "p99_ms": paced_round.percentile_ms(0.99),
            "fold_lag_max_s": lag,
        },
    }))
}

/// Runs one round. The CPU time per request includes the folding that happens meanwhile.
async fn round(server: &ServerProcess, load: &Load) -> anyhow::Result<(Round, f64, Usage)> {
    let before = server.usage()?;
    let round = load.run().await?;
    if round.refused > 0 {
        bail!("{} of {} requests were refused", round.refused, round.requests);
    }
    let after = server.usage()?;
    let cpu = (after.cpu_us - before.cpu_us) as f64 / round.requests.max(1) as f64;
    Ok((round, cpu, after))
}

/// The medians of all rounds.
fn figures(rounds: &[(Round, f64, Usage)]) -> Totals {
    let median = |of: &dyn Fn(&(Round, f64, Usage)) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(0.0)
    };
    Totals {
        per_second: median(&|(round, _, _)| round.per_second()),
        p50_ms: median(&|(round, _, _)| round.percentile_ms(0.5)),
        p99_ms: median(&|(round, _, _)| round.percentile_ms(0.99)),
        cpu_us: median(&|(_, cpu, _)| *cpu),
        rss_max: rounds.iter().map(|(_, _, used)| used.rss_max).max().unwrap_or(0),
    }
}

fn as_json(figures: &Totals) -> serde_json::Value {
    json!({
        "requests_per_second": figures.per_second,
        "p50_ms": figures.p50_ms,
        "p99_ms": figures.p99_ms,
        "cpu_us_per_request": figures.cpu_us,
        "rss_max_bytes": figures.rss_max,
    })
}

/// Waits until everything is folded. Returns the seconds it took.
async fn wait_for_fold(server: &ServerProcess) -> anyhow::Result<f64> {
    let watch = Stopwatch::start();
    while metric(&metrics(server.address).await?, WAITING)? > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(watch.seconds())
}

/// Watches how far the fold is behind, in seconds.
async fn watch_lag(server: &ServerProcess, duration: Duration) -> anyhow::Result<f64> {
    let end = RealClock.monotonic() + duration;
    let mut lag = FoldLag::default();
    while RealClock.monotonic() < end {
        lag.note(&metrics(server.address).await?)?;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(lag.worst_s)
}

#[expect(clippy::print_stdout, reason = "the answer of the command")]
fn print(report: &serde_json::Value, json: bool) {
    let Some(figures) = output::begin(report, json) else { return };
    let number = |path: &str| figures.number(path);
    println!(
        "{} connections, POST /collect, {}, consent policy: {}, answer after fsync; {} sent to both\n",
        number("/connections"),
        figures.text("/what"),
        figures.text("/policy"),
        number("/sent"),
    );
    println!("| server | requests/s | p50 ms | p99 ms | CPU µs/request | RSS max MB |");
    println!("|---|---|---|---|---|---|");
    for server in ["bare", "guestlog"] {
        println!(
            "| {server} | {:.0} | {:.1} | {:.1} | {:.1} | {:.0} |",
            number(&format!("/{server}/requests_per_second")),
            number(&format!("/{server}/p50_ms")),
            number(&format!("/{server}/p99_ms")),
            number(&format!("/{server}/cpu_us_per_request")),
            number(&format!("/{server}/rss_max_bytes")) / 1e6,
        );
    }
    println!("\n| figure | measured | bar |\n|---|---|---|");
    println!("| requests, ratio to bare | {:.2} | ≥ 0.45 |", number("/ratio_requests"));
    println!("| CPU per event with folding, ratio | {:.2} | ≤ 3.0 |", number("/ratio_cpu"));
    println!("| p99, ratio | {:.2} | ≤ 4 |", number("/ratio_p99"));
    println!(
        "| fold lag at {:.0} events/s | {:.2} s | ≤ 2 s |",
        number("/paced/events_per_second"),
        number("/paced/fold_lag_max_s")
    );
    println!("| memory under load | {:.0} MB | ≤ 96 MB |", number("/guestlog/rss_max_bytes") / 1e6);
    println!("| fold catches up after full load | {:.1} s | |", number("/fold_catch_up_s"));
}
