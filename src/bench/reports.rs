//! S2 to S5 and S8: every report on a generated store, asked of a server of its own over a real connection: without
//! other work, and while events arrive; disk by kind, memory, and how fast a server is ready after a kill.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use super::child::Server;
use super::client::Client;
use super::forget;
use super::load::Load;
use super::machine::{machine, percentile};
use super::questions::{self, Question};
use super::requests;
use super::scratch::Scratch;
use super::table;
use crate::app::App;
use crate::app::access::sign_in;
use crate::base::clock::{Clock, DAY, RealClock};
use crate::config::Config;
use crate::demo::generator::{self, Wanted};
use crate::domain::account::{AccountId, Settings};
use crate::domain::contact::Email;
use crate::domain::period::LocalDay;
use crate::store::history::sql_baseline::{QUESTIONS, SqlBaseline};
use crate::{server, store};

/// What to measure.
pub(super) struct Plan {
    pub(super) events: u64,
    pub(super) days: u32,
    pub(super) visitors: u64,
    /// Each report is asked so often.
    pub(super) repeat: u32,
    /// Where the store stands from run to run; made when it is not there.
    pub(super) dir: Option<PathBuf>,
    /// Seconds the reports are asked for while events arrive.
    pub(super) seconds: u64,
    /// The same questions in plain SQL too.
    pub(super) plain: bool,
}

/// Events a second while reports run.
const RATE: u32 = 1_000;
/// Starts after a kill that are timed.
const STARTS: usize = 5;

/// What a store under measurement is.
struct Bed {
    account: AccountId,
    last: LocalDay,
    cookie: String,
    /// How long making it took, seconds; `None` when it was there.
    made_s: Option<f64>,
}

/// Measures and prints.
///
/// # Errors
/// When a server does not start or a report is refused.
pub(super) fn run(plan: &Plan, json: bool) -> anyhow::Result<()> {
    let scratch = Scratch::new();
    let dir = plan.dir.as_deref().unwrap_or(&scratch.0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let bed = prepare(plan, dir, &runtime)?;
    let copy = Scratch::copy_of(dir)?;
    let mut report = runtime.block_on(measure(plan, dir, &copy.0, &bed))?;
    let forgetting = forget::measure(&copy.0, bed.account, &runtime)?;
    if let Some(report) = report.as_object_mut() {
        report.insert("forgetting".to_owned(), forgetting);
    }
    table::print(&report, json);
    Ok(())
}

/// Opens the store, makes its history when it has none, and signs somebody in.
fn prepare(plan: &Plan, dir: &Path, runtime: &tokio::runtime::Runtime) -> anyhow::Result<Bed> {
    let mut config = Config::default();
    config.server.data_dir = dir.to_owned();
    let app = server::open(&config)?;
    let now = app.now();
    let known = app.accounts.list().first().map(|entry| entry.id());
    let is_new = known.is_none();
    let account = match known {
        Some(account) => account,
        None => {
            let settings = Settings::parse("Benchmark", &["example.com".to_owned()], "UTC", "EUR")?;
            let id =
                app.store.writer.write_blocking(move |conn| store::account::insert(conn, &settings, now))?;
            app.accounts.replace(app.store.readers.read(store::account::list)?);
            id
        }
    };
    let mut made_s = None;
    if is_new {
        let wanted = Wanted {
            account,
            events: plan.events,
            days: plan.days,
            visitors: plan.visitors,
            // The quarter of them bar.md speaks of.
            contacts: Some(plan.visitors / 4),
            seed: 1,
            end: generator::end_for(&app, account, now),
        };
        let begin = RealClock.monotonic();
        generator::run(&app, &wanted, &AtomicBool::new(false))?;
        made_s = Some((RealClock.monotonic() - begin).as_secs_f64());
    }
    let cookie = runtime.block_on(sign_in(&app))?;
    let entry = app.accounts.find(account).context("the account is gone")?;
    let newest = app.store.readers.read(|conn| store::segment::list(conn, account, i64::MIN, i64::MAX))?;
    let last = newest.last().map_or(entry.zone.day_of(now), |segment| segment.day);
    app.store.close();
    Ok(Bed { account, last, cookie, made_s })
}

/// A cookie of somebody who may see everything.
async fn sign_in(app: &App) -> anyhow::Result<String> {
    let email = Email::parse("benchmark@example.com").context("no email")?;
    let now = app.now();
    let found = move |conn: &store::Connection| match store::user::find_by_email(conn, &email)? {
        Some(user) => Ok::<_, store::Error>(user.id),
        None => store::user::insert(conn, &email, None, true, now),
    };
    let user = app.store.writer.write(found).await?;
    let link = sign_in::link(app, user).await?;
    let cookie = sign_in::by_link(app, &link, "benchmark").await?;
    Ok(format!("guestlog={}", cookie.reveal()))
}

/// What changes the store is done to its copy.
async fn measure(plan: &Plan, dir: &Path, copy: &Path, bed: &Bed) -> anyhow::Result<Value> {
    let start = |dir: &Path| Server::start(&["serve", "--listen", "127.0.0.1:0"], Some(dir));
    let ours = start(dir)?;
    let mut client = Client::connect(ours.address, bed.cookie.clone()).await?;
    let questions = questions::make(&mut client, bed.account, bed.last).await?;
    let mut quiet = Vec::new();
    for question in &questions {
        quiet.push(ask(&mut client, &ours, question, plan.repeat).await?);
    }
    let rss_reports = ours.used()?.rss_max;
    drop(client);
    drop(ours);
    let disk = store::statistics::sizes(dir)?;
    let plain = if plan.plain { plain_sql(dir, bed, &quiet)? } else { Vec::new() };
    let ours = start(copy)?;
    let mut client = Client::connect(ours.address, bed.cookie.clone()).await?;
    let busy = while_events_arrive(plan, &ours, &mut client, &questions).await?;
    let rss_busy = ours.used()?.rss_max;
    ours.kill();
    let mut ready = Vec::new();
    for _ in 0..STARTS {
        let begin = RealClock.monotonic();
        let server = start(copy)?;
        ready.push((RealClock.monotonic() - begin).as_secs_f64() * 1_000.0);
        server.kill();
    }
    let empty = Scratch::new();
    start(&empty.0)?.kill();
    let begin = RealClock.monotonic();
    let server = start(&empty.0)?;
    let ready_empty = (RealClock.monotonic() - begin).as_secs_f64() * 1_000.0;
    drop(server);
    Ok(json!({
        "date": RealClock.now().iso(),
        "machine": machine(),
        "events": disk.events,
        "visitors": disk.visitors,
        "days": disk.days,
        "made_s": bed.made_s,
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

/// Asks a report again and again.
async fn ask(
    client: &mut Client,
    server: &Server,
    question: &Question,
    repeat: u32,
) -> anyhow::Result<Value> {
    client.get(&question.path).await?;
    let before = server.used()?;
    let mut took = Vec::new();
    for _ in 0..repeat {
        let begin = RealClock.monotonic();
        client.get(&question.path).await?;
        took.push((RealClock.monotonic() - begin).as_secs_f64() * 1_000.0);
    }
    let cpu_us = server.used()?.cpu_us - before.cpu_us;
    Ok(json!({
        "page": question.page,
        "period": question.period,
        "filters": question.filters,
        "p50_ms": percentile(&mut took, 0.5),
        "p95_ms": percentile(&mut took, 0.95),
        "cpu_ms": cpu_us as f64 / 1_000.0 / f64::from(repeat.max(1)),
        "bar_ms": question.bar_ms,
    }))
}

/// The same questions in plain SQL on rows, each once, and how long the reports took that answer them.
fn plain_sql(dir: &Path, bed: &Bed, reports: &[Value]) -> anyhow::Result<Vec<Value>> {
    let scratch = Scratch::new();
    std::fs::create_dir_all(&scratch.0)?;
    let plain = SqlBaseline::create(dir, bed.account, &scratch.0.join("plain.db"))?;
    let end = bed.last.plus(1);
    let mut found = Vec::new();
    for (period, days) in [("30 days", 30), ("12 months", 365)] {
        let at = |day: LocalDay| i64::from(day.0) * DAY;
        for (name, sql, page, filters) in QUESTIONS {
            let begin = RealClock.monotonic();
            plain.run(sql, at(end.plus(-days)), at(end))?;
            let took_ms = (RealClock.monotonic() - begin).as_secs_f64() * 1_000.0;
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

/// S3: the same reports in turn while events arrive.
async fn while_events_arrive(
    plan: &Plan,
    server: &Server,
    client: &mut Client,
    questions: &[Question],
) -> anyhow::Result<Value> {
    let load = Load {
        address: server.address,
        requests: Arc::new(requests::make("127.0.0.1", requests::What::PageViews)),
        connections: 64,
        duration: Duration::from_secs(plan.seconds),
        rate: Some(RATE),
        serial: Arc::new(AtomicU64::new(u64::try_from(RealClock.now().0).unwrap_or(1) << 20)),
    };
    let asking = async {
        let end = RealClock.monotonic() + load.duration;
        let mut took: Vec<(f64, f64)> = Vec::new();
        for question in questions.iter().cycle() {
            let begin = RealClock.monotonic();
            if begin >= end {
                break;
            }
            client.get(&question.path).await?;
            took.push(((RealClock.monotonic() - begin).as_secs_f64() * 1_000.0, question.bar_ms * 2.0));
        }
        Ok::<_, anyhow::Error>(took)
    };
    let (round, took) = tokio::join!(load.run(), asking);
    let (round, took) = (round?, took?);
    let slow = took.iter().filter(|(took, bar)| took > bar).count();
    let mut of_bar: Vec<f64> = took.iter().map(|(took, bar)| took / bar).collect();
    Ok(json!({
        "events_per_second": round.per_second(),
        "acknowledged_p99_ms": round.percentile_ms(0.99),
        "refused": round.refused,
        "reports": took.len(),
        "beyond_twice_the_bar": slow,
        "p95_of_twice_the_bar": percentile(&mut of_bar, 0.95),
    }))
}
