//! Makes a history in a store that no server holds.

use std::sync::atomic::AtomicBool;

use anyhow::Context;

use crate::app::ingest::fold;
use crate::config::Config;
use crate::demo::generator::{self, Options, Summary};
use crate::server;
use crate::store::Error;

/// Opens the store, folds what still waits in its inbox, and fills an account with a history. `command` is what the user
/// typed. When a server runs, the error says to stop it and to type the command again.
pub fn generate(config: &Config, options: &Options, command: &str) -> anyhow::Result<Summary> {
    let app = server::open(config).map_err(|error| match error {
        Error::Locked(dir) => anyhow::anyhow!(
            "a server is using {}; stop it to generate a history, then run:\n  {command}",
            dir.display()
        ),
        error => anyhow::Error::new(error).context("the store cannot be opened"),
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(fold::fold_waiting(&app)).context("waiting hits cannot be processed")?;
    let made = generator::run(&app, options, &AtomicBool::new(false));
    app.store.close();
    Ok(made?.0)
}
