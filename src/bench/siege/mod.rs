//! `guestlog bench siege`: attacks on a server, each alone on a server and a store of its own, and all together. An honest
//! client beside asks the script, pages and the collector. For each attack it says how long the honest client waited,
//! how much memory and how many file descriptors the server took, how far folding fell behind, and whether anything
//! that was acknowledged is missing from the store afterwards.

mod attack;
mod connect;
mod done;
mod flood;
mod honest;
mod table;
mod watch;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use self::attack::{Attack, Target};
use self::done::Done;
use self::honest::{Honest, Times};
use self::watch::{Watch, Worst};
use super::measuring::machine;
use super::requests::view_id;
use super::server_process::ServerProcess;
use super::{account, history};
use crate::app::App;
use crate::app::ingest::fold::{self, Cache};
use crate::base::clock::{Clock, RealClock};
use crate::config::Config;
use crate::demo::temporary_directory::TemporaryDirectory;
use crate::domain::account::AccountId;
use crate::{server, store};

/// How long the server is used before its memory at rest is read: its caches and tables are made by then.
const WARM_UP: Duration = Duration::from_secs(3);
/// How long it then has nothing to do.
const SETTLE: Duration = Duration::from_secs(2);
/// The most that the honest client may wait at the 99th percentile, milliseconds.
const HONEST_P99_MS: f64 = 250.0;
/// The most memory, bytes.
const MEMORY_MAX: u64 = 192_000_000;
/// How much more memory may be held afterwards than before, with a margin for what is read on so small a process.
const REST_RATIO: f64 = 1.1;
/// How far folding may be behind, seconds.
const LAG_MAX_S: f64 = 2.0;
/// The priority of the attackers' threads.
const LOWEST_PRIORITY: i32 = 19;
/// The event ids of the busy day begin here, and those of the attacks above it.
const BUSY_DAY_IDS: u64 = 1_000_000_000;

pub(super) struct Plan {
    /// Of each attack.
    pub(super) seconds: u64,
    /// Seconds between the end of an attack and the last look at the memory.
    pub(super) rest: u64,
    /// Parts of the names of attacks; empty for all.
    pub(super) only: Vec<String>,
    /// Rows of the day that is closed.
    pub(super) busy_day: u64,
}

/// Runs the attacks. The exit code is 1 when a figure is beyond its bar or anything is lost.
pub(super) fn run(plan: &Plan, json: bool) -> anyhow::Result<ExitCode> {
    // 20,000 connections need as many file descriptors on this side.
    connect::raise_descriptor_limit();
    let store = TemporaryDirectory::new("siege");
    let mut attackers = tokio::runtime::Builder::new_multi_thread();
    let runtime = attackers.worker_threads(2).enable_all().on_thread_start(yield_the_processor).build()?;
    let cookies = prepare(&store.0, &runtime)?;
    let mut rows = Vec::new();
    for attack in Attack::all() {
        let is_wanted = |only: &String| attack.name().contains(only.as_str());
        if !plan.only.is_empty() && !plan.only.iter().any(is_wanted) {
            continue;
        }
        tracing::info!(attack = attack.name(), "attack");
        let copy = TemporaryDirectory::copy_of("siege", &store.0)?;
        if attack == Attack::BusyDay {
            fold_a_busy_day(&copy.0, plan.busy_day)?;
        }
        let row = runtime.block_on(measure(plan, attack, &copy.0, &cookies));
        rows.push(row.with_context(|| attack.name())?);
    }
    let report = json!({
        "date": RealClock.now().iso(),
        "machine": machine(),
        "seconds": plan.seconds,
        "rest_s": plan.rest,
        "attacks": rows,
    });
    table::print(&report, json);
    let is_held = rows.iter().all(|row| row["is_held"] == json!(true));
    Ok(if is_held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Attackers have machines of their own; here they share one with the server, so their threads come after it. The one
/// that the honest client runs on is no worse than the server.
fn yield_the_processor() {
    if let Err(error) = rustix::process::setpriority_process(None, LOWEST_PRIORITY) {
        tracing::warn!(%error, "the attackers take the processor from the server");
    }
}

/// The cookies of two signed-in users.
struct Cookies {
    honest: String,
    attackers: String,
}

/// Makes a store with an account, a closed day and two signed-in users.
fn prepare(dir: &Path, runtime: &tokio::runtime::Runtime) -> anyhow::Result<Cookies> {
    let app = open(dir)?;
    account::insert(&app)?;
    history::close_a_day(&app)?;
    let honest = runtime.block_on(account::sign_in(&app, "honest@example.com"))?;
    let attackers = runtime.block_on(account::sign_in(&app, "attacker@example.com"))?;
    app.store.close();
    Ok(Cookies { honest, attackers })
}

fn fold_a_busy_day(dir: &Path, rows: u64) -> anyhow::Result<()> {
    let app = open(dir)?;
    history::fold_a_busy_day(&app, rows, BUSY_DAY_IDS)?;
    app.store.close();
    Ok(())
}

fn open(dir: &Path) -> anyhow::Result<App> {
    let mut config = Config::default();
    dir.clone_into(&mut config.server.data_dir);
    Ok(server::open(&config)?)
}

async fn measure(plan: &Plan, attack: Attack, dir: &Path, cookies: &Cookies) -> anyhow::Result<Value> {
    let server = match attack.descriptors() {
        Some(descriptors) => ServerProcess::serve_with_descriptors(dir, descriptors)?,
        None => ServerProcess::serve(dir, &[])?,
    };
    let honest = Arc::new(Honest::new(server.address, cookies.honest.clone()));
    let duration = Duration::from_secs(plan.seconds);
    let ask = |duration: Duration| {
        let honest = Arc::clone(&honest);
        let (done, wait) = tokio::sync::oneshot::channel();
        // A thread of its own: it must not wait for the tasks of the attackers.
        std::thread::spawn(move || {
            let alone = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let _ = done.send(alone.map(|alone| alone.block_on(honest.run(duration))));
        });
        wait
    };
    // The closing of the busy day begins with the server, so nothing may be waited for.
    let mut before = 0;
    if attack != Attack::BusyDay {
        ask(WARM_UP).await??;
        honest.sign_in_wrongly().await;
        tokio::time::sleep(SETTLE).await;
        before = server.memory()?;
        honest.forget_times();
    }
    let files_before = size_of(dir)?;
    let target = Target { address: server.address, cookie: cookies.attackers.clone(), duration };
    let watch = Watch { server: &server, duration: duration + SETTLE };
    let (worst, done, asked) = tokio::join!(watch.run(), attack.run(&target), ask(duration + SETTLE));
    let done = done?;
    asked??;
    let files = size_of(dir)?.saturating_sub(files_before);
    tokio::time::sleep(Duration::from_secs(plan.rest)).await;
    let after = server.memory()?;
    drop(server);
    let mut acknowledged = honest.acknowledged();
    acknowledged.extend(&done.acknowledged);
    let lost = count_lost(dir, &acknowledged).await?;
    let memory = Memory { before, most: worst.memory, after };
    Ok(row(attack, &done, &honest.times(), &worst, memory, files, (acknowledged.len(), lost)))
}

/// Bytes of the server process.
struct Memory {
    /// 0 when it was not at rest.
    before: u64,
    most: u64,
    after: u64,
}

/// The figures of an attack, and which of them are beyond the bar.
fn row(
    attack: Attack,
    done: &Done,
    times: &Times,
    worst: &Worst,
    memory: Memory,
    files: u64,
    (acknowledged, lost): (usize, usize),
) -> Value {
    let files_ratio = (done.body_bytes > 0).then(|| files as f64 / done.body_bytes as f64);
    let is_kept = memory.before > 0 && memory.after as f64 > memory.before as f64 * REST_RATIO;
    let faults = [
        (times.visitor_p99_ms > HONEST_P99_MS, "p99 of visitors"),
        (times.page_p99_ms > HONEST_P99_MS, "p99 of pages"),
        (times.failed > 0, "unanswered"),
        (memory.most > MEMORY_MAX, "memory"),
        (is_kept, "memory afterwards"),
        (worst.fold_lag_s > LAG_MAX_S && attack.is_paced(), "fold lag"),
        (lost > 0, "lost"),
    ];
    let faults: Vec<&str> = faults.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect();
    json!({
        "attack": attack.name(),
        "honest_requests": times.requests,
        "visitor_p99_ms": times.visitor_p99_ms,
        "page_p99_ms": times.page_p99_ms,
        "honest_failed": times.failed,
        "honest_refused": times.refused,
        "memory_before_bytes": memory.before,
        "memory_most_bytes": memory.most,
        "memory_after_bytes": memory.after,
        "descriptors_most": worst.descriptors,
        "fold_lag_s": worst.fold_lag_s,
        "attempts": done.attempts,
        "refused": done.refused,
        "files_ratio": files_ratio,
        "acknowledged": acknowledged,
        "lost": lost,
        "faults": faults,
        "is_held": faults.is_empty(),
    })
}

/// How many of the hits that were acknowledged the store does not know.
async fn count_lost(dir: &Path, acknowledged: &[u64]) -> anyhow::Result<usize> {
    let app = open(dir)?;
    // What was not folded before the server stopped waits in the inbox.
    let mut cache = Cache::default();
    while fold::step(&app, &mut cache).await? > 0 {}
    let lost = app.store.readers.read(|conn| {
        let mut statements = store::event::Statements::prepare(conn)?;
        let mut lost = 0;
        for number in acknowledged {
            lost += usize::from(statements.find_seen(AccountId::FIRST, &view_id(*number))?.is_none());
        }
        Ok::<_, store::Error>(lost)
    })?;
    app.store.close();
    Ok(lost)
}

/// Bytes of all files of a store.
fn size_of(dir: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        let found = entry?.metadata()?;
        bytes += if found.is_file() { found.len() } else { 0 };
    }
    Ok(bytes)
}
