//! Making a history in a store that no server holds: opens it, folds what still waits, fills it, closes it.

use std::sync::atomic::AtomicBool;

use anyhow::{Context, bail};

use crate::app::ingest::fold::{self, Cache};
use crate::base::clock::Millis;
use crate::config::Config;
use crate::demo::generator::{self, Made, Wanted};
use crate::domain::account::AccountId;
use crate::server;
use crate::store::Error;

/// What was asked for; `end` is now when it is not given.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub account: AccountId,
    pub events: u64,
    pub days: u32,
    pub visitors: u64,
    pub contacts: Option<u64>,
    pub seed: u64,
    pub end: Option<Millis>,
}

/// Fills an account with history. `again` is the command as it was typed: whoever has a server running is told
/// to type it once more after stopping that.
///
/// # Errors
/// When a server holds the store, there is no such account, or the numbers cannot be.
pub fn generate(config: &Config, asked: &Asked, again: &str) -> anyhow::Result<Made> {
    let app = server::open(config).map_err(|error| match error {
        Error::Locked(dir) => anyhow::anyhow!(
            "a server is using {}; stop it to generate a history, then run:\n  {again}",
            dir.display()
        ),
        error => anyhow::Error::new(error).context("the store cannot be opened"),
    })?;
    let made = tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut cache = Cache::default();
        while fold::step(&app, &mut cache).await? > 0 {}
        Ok::<_, Error>(())
    });
    made.context("waiting hits cannot be processed")?;
    let now = app.now();
    if asked.end.is_some_and(|end| end > now) {
        bail!("a history cannot end in the future");
    }
    let wanted = Wanted {
        account: asked.account,
        events: asked.events,
        days: asked.days,
        visitors: asked.visitors,
        contacts: asked.contacts,
        seed: asked.seed,
        end: asked.end.unwrap_or_else(|| generator::end_for(&app, asked.account, now)),
    };
    let made = generator::run(&app, &wanted, &AtomicBool::new(false)).map(|(made, _)| made);
    app.store.close();
    Ok(made?)
}
