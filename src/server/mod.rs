//! Wiring: configuration → store → application → HTTP, the background jobs, and an orderly stop.

pub mod bare;
pub mod demo;
pub mod history;
pub mod options;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{Data, PayloadConfig};
use actix_web::{HttpServer, rt};
use anyhow::Context;

use crate::app::{App, accept, fold};
use crate::base::clock::{Clock, RealClock};
use crate::base::random::SystemRandom;
use crate::config::Config;
use crate::geo::Geo;
use crate::store::{self, Store};
use crate::web;
use crate::web::state::State;

/// Longest the headers of a request may take.
const HEADER_TIME: Duration = Duration::from_secs(5);
/// Longest a connection may idle between two requests.
const IDLE_TIME: Duration = Duration::from_secs(75);
/// Longest requests in hand may take after a stop was asked for, seconds.
const STOP_SECONDS: u64 = 5;
/// Connections at once, per worker.
const CONNECTIONS_MAX: usize = 10_000;
/// How often map files are looked at.
const MAPS_EVERY: Duration = Duration::from_secs(60);
/// How often robots are written down.
const BOTS_EVERY: Duration = Duration::from_secs(1);

/// Opens the store and the application as the configuration says.
///
/// # Errors
/// The store's.
pub fn open(config: &Config) -> Result<App, store::Error> {
    let clock: Arc<dyn Clock> = Arc::new(RealClock);
    let store = Store::open(&options::of_store(config), Arc::clone(&clock))?;
    let geo = Geo::open(&options::of_maps(config), &config.server.data_dir);
    App::new(store, geo, clock, Arc::new(SystemRandom), &options::of_app(config))
}

/// Runs the server until it is asked to stop.
///
/// # Errors
/// What keeps it from starting; nothing acknowledged is lost by any of them.
pub fn run(config: &Config) -> anyhow::Result<()> {
    let app = Arc::new(open(config).context("the store cannot be opened")?);
    let listener = TcpListener::bind(config.server.listen)
        .with_context(|| format!("cannot listen on {}", config.server.listen))?;
    let address = listener.local_addr()?;
    let result = rt::System::new().block_on(serve(config, Arc::clone(&app), listener, address, |_| ()));
    close(app);
    result
}

/// Serves until it is asked to stop, by a signal or by the handle `started` is given.
async fn serve(
    config: &Config,
    app: Arc<App>,
    listener: TcpListener,
    address: SocketAddr,
    started: impl FnOnce(ServerHandle),
) -> anyhow::Result<()> {
    let state = Data::new(State { app: Arc::clone(&app), options: options::of_web(config) });
    let workers = match config.server.workers {
        0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
        count => count,
    };
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(state.clone())
            .app_data(PayloadConfig::new(accept::beacon::BATCH_BODY_MAX))
            .configure(web::public_routes)
            .configure(web::admin_routes)
    })
    .workers(workers)
    .client_request_timeout(HEADER_TIME)
    .keep_alive(IDLE_TIME)
    .max_connections(CONNECTIONS_MAX)
    .shutdown_timeout(STOP_SECONDS)
    .listen(listener)?
    .run();
    tracing::info!("listening on http://{address}");
    started(server.handle());
    std::thread::spawn(crate::domain::device::prepare);
    let fold = rt::spawn({
        let app = Arc::clone(&app);
        async move { fold::run(&app).await }
    });
    let bots = rt::spawn(write_bots(Arc::clone(&app)));
    let maps = rt::spawn(reload_maps(Arc::clone(&app)));
    // Returns after SIGTERM, SIGINT or SIGQUIT, when the requests in hand are answered.
    let result = server.await;
    fold.abort();
    bots.abort();
    maps.abort();
    let _ = (fold.await, bots.await, maps.await);
    let last = Arc::clone(&app);
    // Robots of the last second; what the fold has not taken lies safe in the inbox.
    let _ = rt::task::spawn_blocking(move || accept::write_bots(&last)).await;
    Ok(result?)
}

async fn write_bots(app: Arc<App>) {
    loop {
        tokio::time::sleep(BOTS_EVERY).await;
        let app = Arc::clone(&app);
        if let Ok(Err(error)) = rt::task::spawn_blocking(move || accept::write_bots(&app)).await {
            tracing::warn!(error = %error, "robots could not be written down");
        }
    }
}

/// A map file that was put in another's place is taken into use; a damaged one is not.
async fn reload_maps(app: Arc<App>) {
    loop {
        tokio::time::sleep(MAPS_EVERY).await;
        let app = Arc::clone(&app);
        let _ = rt::task::spawn_blocking(move || app.geo.reload_changed()).await;
    }
}

/// Waits for the writers and folds the logs into the files.
fn close(app: Arc<App>) {
    match Arc::try_unwrap(app) {
        Ok(app) => app.store.close(),
        // Every write was committed before it was answered: nothing is lost, the logs are read at the start.
        Err(_) => tracing::warn!("stopped with requests still in hand"),
    }
}
