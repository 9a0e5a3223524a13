//! The account of the benchmarks.

use crate::app::App;
use crate::domain::account::{AccountId, Settings};
use crate::store;

/// Creates the account that the benchmarks use.
pub(super) fn insert(app: &App) -> anyhow::Result<AccountId> {
    let settings = Settings::parse("Benchmark", &["example.com".to_owned()], "UTC", "EUR")?;
    let now = app.now();
    let account =
        app.store.writer.write_blocking(move |conn| store::account::insert(conn, &settings, now))?;
    Ok(account)
}
