//! Measures every report on a generated store. A server in a process of its own answers over a real connection, first
//! without other work and then while events arrive. Further figures are the disk space by kind, the memory, and how soon
//! a server is ready after it was killed.

mod erasing;
mod report_list;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use serde_json::{Value, json};

use report_list::Report;

use super::client::Client;
use super::load::Load;
use super::measuring::{Stopwatch, calibration_ms, machine, percentile};
use super::server_process::ServerProcess;
use super::{account, output};
use crate::base::clock::{Clock, DAY, RealClock};
use crate::config::Config;
use crate::demo::generator::{self, Options};
use crate::demo::temporary_directory::TemporaryDirectory;
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;
use crate::store::history::sql_baseline::{QUESTIONS, SqlBaseline};
use crate::{server, store};

/// What to measure.
pub(in crate::bench) struct Plan {
    pub(in crate::bench) events: u64,
    pub(in crate::bench) days: u32,
    pub(in crate::bench) visitors: u64,
    /// How often each report is requested.
    pub(in crate::bench) repeat: u32,
    /// Where the store is kept for the next run. It is made if it does not exist.
    pub(in crate::bench) dir: Option<PathBuf>,
    /// Seconds for which reports are requested while events arrive.
    pub(in crate::bench) seconds: u64,
    /// Whether the same questions are also answered by plain SQL.
    pub(in crate::bench) plain: bool,
}

/// Events per second that arrive while reports run.
const RATE: u32 = 1_000;
/// Number of starts after a kill that are timed.
const STARTS: usize = 5;

/// The store that is measured.
struct MeasuredStore {
    account: AccountId,
    last: LocalDay,
    cookie: String,
    /// The seconds it took to make the store; `None` if it existed.
    made_s: Option<f64>,
}

pub(in crate::bench) fn run(plan: &Plan, json: bool) -> anyhow::Result<()> {
    let directory = TemporaryDirectory::new("bench");
    let dir = plan.dir.as_deref().unwrap_or(&directory.0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let measured = prepare(plan, dir, &runtime)?;
    let copy = TemporaryDirectory::copy_of("bench", dir)?;
    let mut report = runtime.block_on(measure(plan, dir, &copy.0, &measured))?;
    let erasing = erasing::measure(&copy.0, measured.account, &runtime)?;
    if let Some(report) = report.as_object_mut() {
        report.insert("erasing".to_owned(), erasing);
    }
    output::print(&report, json);
    Ok(())
}

/// Opens the store, makes its history when it has none, and signs a user in.
fn prepare(plan: &Plan, dir: &Path, runtime: &tokio::runtime::Runtime) -> anyhow::Result<MeasuredStore> {
    make_store(dir, (plan.events, plan.days, plan.visitors), runtime)
}

/// The account of a store with such a history, which is made when there is none.
pub(in crate::bench) fn prepare_store(
    dir: &Path,
    history: (u64, u32, u64),
    runtime: &tokio::runtime::Runtime,
) -> anyhow::Result<AccountId> {
    Ok(make_store(dir, history, runtime)?.account)
}

fn make_store(
    dir: &Path,
    (events, days, visitors): (u64, u32, u64),
    runtime: &tokio::runtime::Runtime,
) -> anyhow::Result<MeasuredStore> {
    let mut config = Config::default();
    config.server.data_dir = dir.to_owned();
    let app = server::open(&config)?;
    let now = app.now();
    let known = app.accounts.list().first().map(|entry| entry.id());
    let is_new = known.is_none();
    let account = known.map_or_else(|| account::insert(&app), Ok)?;
    let mut made_s = None;
    if is_new {
        let options = Options {
            account,
            events,
            days,
            visitors,
            // The benchmark is defined with one contact for every four visitors.
            contacts: Some(visitors / 4),
            seed: 1,
            end: None,
        };
        let watch = Stopwatch::start();
        generator::run(&app, &options, &AtomicBool::new(false))?;
        made_s = Some(watch.seconds());
    }
    let cookie = runtime.block_on(account::sign_in(&app, "benchmark@example.com"))?;
    let entry = app.accounts.find(account).context("the account is gone")?;
    let newest = app.store.readers.read(|conn| store::segment::list(conn, account, i64::MIN, i64::MAX))?;
    let last = newest.last().map_or(entry.zone.day_of(now), |segment| segment.day);
    app.store.close();
    Ok(MeasuredStore { account, last, cookie, made_s })
}

/// Everything that changes the store is measured on its copy.
async fn measure(plan: &Plan, dir: &Path, copy: &Path, measured: &MeasuredStore) -> anyhow::Result<Value> {
    let start = |dir: &Path| ServerProcess::serve(dir, &[]);
    let ours = start(dir)?;
    let mut client = Client::connect(ours.address, measured.cookie.clone()).await?;
    let reports = report_list::make(&mut client, measured.account, measured.last).await?;
    let mut quiet = Vec::new();
    for report in &reports {
        quiet.push(time_report(&mut client, &ours, report, plan.repeat).await?);
    }
    let rss_reports = ours.usage()?.rss_max;
    drop(client);
    drop(ours);
    let disk = store::statistics::sizes(dir)?;
    let plain = if plan.plain { plain_sql(dir, measured, &quiet)? } else { Vec::new() };
    let ours = start(copy)?;
    let mut client = Client::connect(ours.address, measured.cookie.clone()).await?;
    let busy = while_events_arrive(plan, &ours, &mut client, &reports).await?;
    let rss_busy = ours.usage()?.rss_max;
    ours.kill();
    let mut ready = Vec::new();
    for _ in 0..STARTS {
        let watch = Stopwatch::start();
        let server = start(copy)?;
        ready.push(watch.ms());
        server.kill();
    }
    let empty = TemporaryDirectory::new("bench");
    start(&empty.0)?.kill();
    let watch = Stopwatch::start();
    let server = start(&empty.0)?;
    let ready_empty = watch.ms();
    drop(server);
    Ok(json!({
        "date": RealClock.now().iso(),
        "machine": machine(),
        "calibration_ms": calibration_ms(),
        "events": disk.events,
        "visitors": disk.visitors,
        "days": disk.days,
        "made_s": measured.made_s,
        "repeat": plan.repeat,
        "reports": quiet,
        "plain_sql": plain,
        "while_events_arrive": busy,
        "rss_reports_bytes": rss_reports,
        "rss_busy_bytes": rss_busy,
        "disk": disk,
        "ready_after_kill_ms": percentile(&mut ready, 0.5),
        "ready_empty_ms": ready_empty,
    }))
}

/// Requests a report again and again.
async fn time_report(
    client: &mut Client,
    server: &ServerProcess,
    report: &Report,
    repeat: u32,
) -> anyhow::Result<Value> {
    client.get(&report.path).await?;
    let before = server.usage()?;
    let mut took = Vec::new();
    for _ in 0..repeat {
        let watch = Stopwatch::start();
        client.get(&report.path).await?;
        took.push(watch.ms());
    }
    let cpu_us = server.usage()?.cpu_us - before.cpu_us;
    Ok(json!({
        "page": report.page,
        "period": report.period,
        "filters": report.filters,
        "p50_ms": percentile(&mut took, 0.5),
        "p95_ms": percentile(&mut took, 0.95),
        "cpu_ms": cpu_us as f64 / 1_000.0 / f64::from(repeat.max(1)),
        "bar_ms": report.limit_ms,
    }))
}

/// Answers the same questions once by plain SQL on rows, and sets the time beside that of the reports.
fn plain_sql(dir: &Path, measured: &MeasuredStore, reports: &[Value]) -> anyhow::Result<Vec<Value>> {
    let directory = TemporaryDirectory::new("bench");
    std::fs::create_dir_all(&directory.0)?;
    let plain = SqlBaseline::create(dir, measured.account, &directory.0.join("plain.db"))?;
    let end = measured.last.plus(1);
    let mut found = Vec::new();
    for (period, days) in [("30 days", 30), ("12 months", 365)] {
        let at = |day: LocalDay| i64::from(day.0) * DAY;
        for (name, sql, page, filters) in QUESTIONS {
            let watch = Stopwatch::start();
            plain.run(sql, at(end.plus(-days)), at(end))?;
            let took_ms = watch.ms();
            let is_same =
                |row: &&Value| row["page"] == page && row["period"] == period && row["filters"] == filters;
            let ours_ms = reports.iter().find(is_same).and_then(|row| row["p50_ms"].as_f64()).unwrap_or(0.0);
            found.push(json!({
                "question": name,
                "period": period,
                "plain_sql_ms": took_ms,
                "whole_report_ms": ours_ms,
                "ratio": took_ms / ours_ms.max(1e-9),
            }));
        }
    }
    Ok(found)
}

/// Requests the same reports in turn while events arrive.
async fn while_events_arrive(
    plan: &Plan,
    server: &ServerProcess,
    client: &mut Client,
    reports: &[Report],
) -> anyhow::Result<Value> {
    let load = Load::of_page_views(server.address, RATE, plan.seconds);
    let asking = async {
        let whole = Stopwatch::start();
        let mut took: Vec<(f64, f64)> = Vec::new();
        for report in reports.iter().cycle() {
            if whole.seconds() >= load.duration.as_secs_f64() {
                break;
            }
            let watch = Stopwatch::start();
            client.get(&report.path).await?;
            took.push((watch.ms(), report.limit_ms * 2.0));
        }
        Ok::<_, anyhow::Error>(took)
    };
    let (round, took) = tokio::join!(load.run(), asking);
    let (round, took) = (round?, took?);
    let slow = took.iter().filter(|(took, limit)| took > limit).count();
    let mut of_limit: Vec<f64> = took.iter().map(|(took, limit)| took / limit).collect();
    Ok(json!({
        "events_per_second": round.per_second(),
        "acknowledged_p99_ms": round.percentile_ms(0.99),
        "refused": round.refused,
        "reports": took.len(),
        "slower_than_twice_the_bar": slow,
        "p95_of_twice_the_bar": percentile(&mut of_limit, 0.95),
    }))
}
