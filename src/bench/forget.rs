//! Forgetting: one visitor, a month, and a month while events arrive.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use super::child::Server;
use super::load::Load;
use super::machine::percentile;
use super::requests;
use crate::app::access::{self, Actor};
use crate::app::ingest::fold::{self, Cache};
use crate::app::jobs::retention::{self, Keeper};
use crate::app::people::erase_visitor;
use crate::base::clock::{Clock, RealClock};
use crate::config::Config;
use crate::domain::account::AccountId;
use crate::domain::visitor::VisitorNumber;
use crate::{server, store};

/// Visitors that are erased, spread over all there are.
const VISITORS: u32 = 20;
/// Events a second while a month is forgotten.
const RATE: u32 = 1_000;

/// # Errors
/// When the store cannot be opened, or an event is refused.
pub(super) fn measure(
    dir: &Path,
    account: AccountId,
    runtime: &tokio::runtime::Runtime,
) -> anyhow::Result<Value> {
    let mut config = Config::default();
    dir.clone_into(&mut config.server.data_dir);
    let app = server::open(&config)?;
    // what a killed server had not folded
    runtime.block_on(async {
        let mut cache = Cache::default();
        while fold::step(&app, &mut cache).await? > 0 {}
        Ok::<_, store::Error>(())
    })?;
    let numbers = app.store.readers.read(|conn| store::account::find_numbers(conn, account))?;
    let last = numbers.context("the account is gone")?.visitor;
    let mut erased_ms = Vec::new();
    for place in 0..VISITORS {
        let number = VisitorNumber(1 + last / VISITORS * place);
        let begin = RealClock.monotonic();
        match runtime.block_on(erase_visitor::erase_visitor(&app, Actor::Machine, account, number)) {
            Ok(_) => erased_ms.push((RealClock.monotonic() - begin).as_secs_f64() * 1_000.0),
            // a contact's own number, which is no visitor
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
    let ms_since = |begin: Duration| (RealClock.monotonic() - begin).as_secs_f64() * 1_000.0;
    let begin = RealClock.monotonic();
    retention::forget_days(&app, &known, 11, app.now())?;
    let month_ms = ms_since(begin);
    let after = days(&app)?;
    let begin = RealClock.monotonic();
    Keeper::default().look(&app, 11)?;
    let visitors_ms = ms_since(begin);
    app.store.close();
    let server = Server::start_with(
        &["serve", "--listen", "127.0.0.1:0"],
        Some(dir),
        &[("GUESTLOG_RETENTION__EVENTS_MONTHS", "10")],
    )?;
    let load = Load {
        address: server.address,
        requests: Arc::new(requests::make("127.0.0.1", requests::What::PageViews)),
        connections: 64,
        duration: Duration::from_secs(5),
        rate: Some(RATE),
        serial: Arc::new(AtomicU64::new(u64::try_from(RealClock.now().0).unwrap_or(1) << 20)),
    };
    let round = runtime.block_on(load.run())?;
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
