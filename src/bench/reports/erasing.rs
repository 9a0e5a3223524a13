//! Measures how long it takes to erase a visitor, and to delete the days and the visitors of a month: on an idle store,
//! and while events arrive.

use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};

use crate::app::access::{self, Actor};
use crate::app::ingest::fold;
use crate::app::jobs::retention::{self, RetentionJob};
use crate::app::people::erase::visitor::erase_visitor;
use crate::bench::load::Load;
use crate::bench::measuring::{Stopwatch, percentile};
use crate::bench::server_process::ServerProcess;
use crate::config::Config;
use crate::domain::account::AccountId;
use crate::domain::retention::Retention;
use crate::domain::visitor::VisitorNumber;
use crate::{server, store};

/// Number of visitors that are erased, spread over all.
const VISITORS: u32 = 20;
/// Events per second that arrive while days are deleted.
const RATE: u32 = 1_000;

pub(super) fn measure(
    dir: &Path,
    account: AccountId,
    runtime: &tokio::runtime::Runtime,
) -> anyhow::Result<Value> {
    let mut config = Config::default();
    dir.clone_into(&mut config.server.data_dir);
    let app = server::open(&config)?;
    // The server on this store was killed before it had folded everything.
    runtime.block_on(fold::fold_waiting(&app))?;
    let numbers = app.store.readers.read(|conn| store::account::find_numbers(conn, account))?;
    let last = numbers.context("the account is gone")?.visitor;
    let mut erased_ms = Vec::new();
    for index in 0..VISITORS {
        let number = VisitorNumber(1 + last / VISITORS * index);
        let watch = Stopwatch::start();
        match runtime.block_on(erase_visitor(&app, Actor::Machine, account, number)) {
            Ok(_) => erased_ms.push(watch.ms()),
            // This is the number of a contact without a browser, and not of a visitor.
            Err(access::Error::Store(store::Error::NotFound)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let days = |app: &crate::app::App| {
        app.store
            .readers
            .read(|conn| store::segment::list(conn, account, i64::MIN, i64::MAX).map(|all| all.len()))
    };
    let before = days(&app)?;
    let known = app.accounts.find(account).context("the account is gone")?;
    let watch = Stopwatch::start();
    retention::delete_days(&app, &known, &Retention::of_months(11), app.now())?;
    let month_ms = watch.ms();
    let after = days(&app)?;
    let watch = Stopwatch::start();
    let kept = access::retention::update(&app, Actor::Machine, account, Retention::of_months(11));
    runtime.block_on(kept)?;
    RetentionJob::default().run(&app)?;
    let visitors_ms = watch.ms();
    // The server begins with what became too old.
    let kept = access::retention::update(&app, Actor::Machine, account, Retention::of_months(10));
    runtime.block_on(kept)?;
    app.store.close();
    let server = ServerProcess::serve(dir, &[])?;
    let load = Load::of_page_views(server.address, RATE, 5);
    let round = runtime.block_on(load.run())?;
    drop(server);
    let app = server::open(&config)?;
    let left = days(&app)?;
    app.store.close();
    anyhow::ensure!(left < after, "no day was deleted while events arrived");
    Ok(json!({
        "erased": erased_ms.len(),
        "erase_p50_ms": percentile(&mut erased_ms, 0.5),
        "erase_max_ms": percentile(&mut erased_ms, 1.0),
        "month_ms": month_ms,
        "month_days": before - after,
        "visitors_ms": visitors_ms,
        "acknowledged_p99_ms": round.percentile_ms(0.99),
        "refused": round.refused,
    }))
}
