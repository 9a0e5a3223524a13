//! Measures what is done with people on a generated store: lists, searches, the page of a contact, merging and erasing. The
//! use cases are called in this process, one after the other, without a server around them.

use std::path::PathBuf;

use anyhow::Context;
use serde_json::{Value, json};

use super::measuring::{Stopwatch, calibration_ms, machine, percentile};
use super::{output, reports};
use crate::app::App;
use crate::app::access::Actor;
use crate::app::ingest::fold;
use crate::app::jobs::build_lists::ListJob;
use crate::app::people::erase::contact::erase_contact;
use crate::app::people::{lists, merge};
use crate::app::reports::contacts::{self, Wanted};
use crate::base::clock::{Clock, RealClock};
use crate::config::Config;
use crate::demo::temporary_directory::TemporaryDirectory;
use crate::domain::account::AccountId;
use crate::domain::list::{Conditions, ListKind};
use crate::{app, server, store};

/// The store that is measured.
pub(super) struct Plan {
    pub(super) events: u64,
    pub(super) days: u32,
    pub(super) visitors: u64,
    /// Where the store is kept for the next run. It is made if it does not exist.
    pub(super) dir: Option<PathBuf>,
}

/// How often each question is asked.
const REPEAT: usize = 9;
/// Lists that are built together.
const LISTS: u32 = 100;
/// New lists have members within the minute that any list may be behind.
const FIRST_BUILD_MS: f64 = 60_000.0;
/// Contacts whose page is opened, and contacts that are merged.
const CONTACTS: i64 = 40;
/// Contacts that are erased.
const ERASED: i64 = 3;

/// Lists of each kind: the name and the conditions.
const LIST_KINDS: [(&str, &str); 6] = [
    (
        "an event twice in 7 days",
        r#"{"any":[{"all":[{"activity":{"measure":"completions","filters":["event:is:000000000001"],"is":"at_least","number":2,
            "within":{"last":{"amount":7,"unit":"days"}}}}]}]}"#,
    ),
    (
        "an event three times ever, and not another one",
        r#"{"any":[{"all":[
            {"activity":{"measure":"completions","filters":["event:is:000000000001"],"is":"at_least","number":3}},
            {"activity":{"measure":"completions","filters":["event:is:000000000002"],"is":"at_most","number":0}}]}]}"#,
    ),
    ("value ever", r#"{"any":[{"all":[{"activity":{"measure":"value","is":"at_least","number":5000}}]}]}"#),
    (
        "a page in 24 hours, from a mobile device",
        r#"{"any":[{"all":[{"activity":{"measure":"page_views","filters":["page:contains:/","device:is:mobile"],
            "is":"at_least","number":1,"within":{"last":{"amount":24,"unit":"hours"}}}}]}]}"#,
    ),
    (
        "not seen for 90 days",
        r#"{"any":[{"all":[{"moment":{"field":"last_seen","within":{"earlier":{"amount":90,"unit":"days"}}}}]}]}"#,
    ),
    ("an email", r#"{"any":[{"all":[{"text":{"field":"email","is":"contains","value":"ann"}}]}]}"#),
];

pub(super) fn run(plan: &Plan, json: bool) -> anyhow::Result<()> {
    let directory = TemporaryDirectory::new("bench");
    let dir = plan.dir.as_deref().unwrap_or(&directory.0);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let account = reports::prepare_store(dir, (plan.events, plan.days, plan.visitors), &runtime)?;
    // Merging and erasing change the store.
    let copy = TemporaryDirectory::copy_of("bench", dir)?;
    let mut config = Config::default();
    copy.0.clone_into(&mut config.server.data_dir);
    let app = server::open(&config)?;
    let rows = runtime.block_on(async {
        fold::fold_waiting(&app).await?;
        measure(&app, account).await
    })?;
    let (contacts, events) = app.store.readers.read(|conn| {
        let contacts = store::contact_list::count(conn, account, None)?;
        Ok::<_, store::Error>((contacts, store::segment::list(conn, account, i64::MIN, i64::MAX)?))
    })?;
    let events: u64 = events.iter().map(|segment| u64::from(segment.extent.rows)).sum();
    app.store.close();
    let report = json!({
        "date": RealClock.now().iso(),
        "machine": machine(),
        "calibration_ms": calibration_ms(),
        "contacts": contacts,
        "events": events,
        "rows": rows,
    });
    print(&report, json);
    Ok(())
}

async fn measure(app: &App, account: AccountId) -> anyhow::Result<Vec<Value>> {
    let mut rows = Vec::new();
    for (name, json) in LIST_KINDS {
        let conditions = Conditions::parse(json)?;
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..REPEAT {
            let watch = Stopwatch::start();
            found = lists::find(app, account, conditions.clone()).await?.contacts.len();
            times.push(watch.ms());
        }
        rows.push(row(&format!("list: {name}, {found} contacts"), times, 100.0));
    }
    let [first, again] = build_all(app, account).await?;
    rows.push(row(&format!("{LISTS} lists built for the first time"), vec![first], FIRST_BUILD_MS));
    rows.push(row(&format!("{LISTS} lists asked again"), vec![again], 5_000.0));
    for search in ["a", "ann", "@example", "nobody-has-this", "ann example"] {
        let mut times = Vec::new();
        for _ in 0..REPEAT {
            let watch = Stopwatch::start();
            let wanted = Wanted::parse(&[("search".to_owned(), search.to_owned())])?;
            contacts::list(app, account, &wanted).await?;
            times.push(watch.ms());
        }
        rows.push(row(&format!("search “{search}”"), times, 50.0));
    }
    let last = app.store.readers.read(|conn| store::account::find_numbers(conn, account))?;
    let last = last.context("the account is gone")?.contact;
    let every = |n: i64| 1 + (last - 1).max(0) / CONTACTS.max(1) * n;
    let mut times = Vec::new();
    for n in 0..CONTACTS {
        let watch = Stopwatch::start();
        app::reports::contact(app, account, every(n), None, 20).await?;
        times.push(watch.ms());
    }
    rows.push(row("the page of a contact", times, 50.0));
    let mut times = Vec::new();
    for n in 0..CONTACTS {
        let watch = Stopwatch::start();
        merge::merge(app, Actor::Machine, account, every(n), every(n) + 1).await?;
        times.push(watch.ms());
    }
    rows.push(row("two contacts merged", times, 20.0));
    let mut times = Vec::new();
    for n in 0..ERASED {
        let watch = Stopwatch::start();
        erase_contact(app, Actor::Machine, account, every(n) + 1).await?;
        times.push(watch.ms());
    }
    rows.push(row("a contact erased from all files", times, 60_000.0));
    Ok(rows)
}

/// The milliseconds of building all lists of an account, of which most depend on the time, and of asking them again.
async fn build_all(app: &App, account: AccountId) -> anyhow::Result<[f64; 2]> {
    for n in 0..LISTS {
        let json = format!(
            r#"{{"any":[{{"all":[{{"activity":{{"measure":"completions","filters":["event:is:{:012}"],"is":"at_least",
                "number":{},"within":{{"last":{{"amount":{},"unit":"days"}}}}}}}}]}}]}}"#,
            1 + n % 5,
            1 + n % 3,
            1 + n * 3,
        );
        let conditions = Conditions::parse(&json)?;
        lists::create(app, Actor::Machine, account, &format!("List {n}"), ListKind::Active, conditions)
            .await?;
    }
    let mut times = [0.0; 2];
    for time in &mut times {
        let watch = Stopwatch::start();
        // After a start nothing is known of what was asked.
        let built = ListJob::default().run(app).await?;
        anyhow::ensure!(built == LISTS as usize, "{built} lists were built");
        *time = watch.ms();
    }
    Ok(times)
}

fn row(name: &str, mut times: Vec<f64>, bar_ms: f64) -> Value {
    let (p50, most) = (percentile(&mut times, 0.5), percentile(&mut times, 1.0));
    json!({ "name": name, "p50_ms": p50, "max_ms": most, "bar_ms": bar_ms })
}

#[expect(clippy::print_stdout, reason = "the answer of the command")]
fn print(report: &Value, json: bool) {
    let Some(figures) = output::begin(report, json) else { return };
    println!(
        "{:.0} events of {:.0} contacts\n\n| what | p50 ms | longest ms | bar ms | |\n|---|---|---|---|---|",
        figures.number("/events"),
        figures.number("/contacts"),
    );
    for row in figures.rows("/rows") {
        let (p50, most, bar) = (row.number("/p50_ms"), row.number("/max_ms"), row.number("/bar_ms"));
        let missed = if p50 > bar { "missed" } else { "" };
        println!("| {} | {p50:.1} | {most:.1} | {bar:.0} | {missed} |", row.text("/name"));
    }
}
