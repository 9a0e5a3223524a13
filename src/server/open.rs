//! Opens the application as the configuration says. The server does so, and commands that find no server.

use std::sync::Arc;

use super::options;
use crate::app::App;
use crate::base::clock::{Clock, RealClock};
use crate::base::random::SystemRandom;
use crate::config::Config;
use crate::geo::Geo;
use crate::store::{self, Store};

/// Opens the application with its maps.
pub fn open(config: &Config) -> Result<App, store::Error> {
    open_with(config, || Geo::open(&options::of_maps(config), &config.server.data_dir))
}

/// Opens the application without maps. They are large, and commands need none.
pub(super) fn open_without_maps(config: &Config) -> Result<App, store::Error> {
    open_with(config, Geo::none)
}

fn open_with(config: &Config, maps: impl FnOnce() -> Geo) -> Result<App, store::Error> {
    let clock: Arc<dyn Clock> = Arc::new(RealClock);
    let store = Store::open(&options::of_store(config), Arc::clone(&clock))?;
    App::new(store, maps(), clock, Arc::new(SystemRandom), &options::of_app(config))
}

/// Migrates the store to this program's version. The error is `Locked` when a server runs.
pub fn migrate(config: &Config) -> Result<(), store::Error> {
    open_without_maps(config)?.store.close();
    Ok(())
}
