//! Wiring: configuration → store → application → HTTP, the background jobs, and an orderly stop.

pub mod control;
mod http;
mod jobs;
mod open;
pub mod options;

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::rt;
use actix_web::web::Data;
use anyhow::Context;
use tokio::sync::Notify;

use crate::app::App;
use crate::app::access::setup;
use crate::config::Config;
use crate::web::request::state::State;
use http::Side;
use jobs::Jobs;
pub use open::{migrate, open};

/// Target of the lines that say where the server listens. They are told at every level of the log: who asked for
/// port 0 learns the port from them.
pub const ADDRESS_LINES: &str = "guestlog::address";

/// Runs the server until it is asked to stop.
///
/// # Errors
/// What keeps it from starting; nothing acknowledged is lost by any of them.
pub fn run(config: &Config) -> anyhow::Result<()> {
    let app = Arc::new(open(config).context("the store cannot be opened")?);
    let listener = bind(config.server.listen)?;
    let result = rt::System::new().block_on(serve(config, Arc::clone(&app), listener, |_| ()));
    close(app);
    result
}

pub(crate) fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))
}

/// Serves until it is asked to stop, by a signal or by the handle `started` is given.
pub(crate) async fn serve(
    config: &Config,
    app: Arc<App>,
    listener: TcpListener,
    started: impl FnOnce(ServerHandle),
) -> anyhow::Result<()> {
    let state = Data::new(State { app: Arc::clone(&app), options: options::of_web(config) });
    let scheme = if config.tls.files().is_some() { "https" } else { "http" };
    let address = listener.local_addr()?;
    let admin_listener = config.server.admin_listen.map(bind).transpose()?;
    let side = if admin_listener.is_some() { Side::Public } else { Side::Both };
    let server = http::start(config, state.clone(), side, listener)?;
    let stop = Arc::new(Notify::new());
    let commands = take_commands(&app, &stop);
    tracing::info!(target: ADDRESS_LINES, "listening on {scheme}://{address}");
    let (admin, admin_address) = match admin_listener {
        None => (None, address),
        Some(listener) => {
            let address = listener.local_addr()?;
            tracing::info!(target: ADDRESS_LINES, "admin pages on {scheme}://{address}");
            (Some(http::start(config, state, Side::Admin, listener)?), address)
        }
    };
    // The public address shows no admin pages when these have their own.
    let public = config.server.public_url.clone().filter(|_| admin.is_none());
    let origin = public.unwrap_or_else(|| format!("{scheme}://{admin_address}"));
    print_setup_link(&app, &origin).await;
    let jobs = Jobs::start(&app, config.retention.events_months);
    started(server.handle());
    // Each returns after SIGTERM, SIGINT or SIGQUIT, when its requests in hand are answered.
    let admin = async {
        match admin {
            Some(admin) => admin.await,
            None => Ok(()),
        }
    };
    let (result, admin_result) = tokio::join!(server, admin);
    stop.notify_one();
    if let Some(commands) = commands {
        let _ = commands.await;
    }
    jobs.stop().await;
    Ok(result.and(admin_result)?)
}

/// While there is no user yet: the link by which the first one sets everything up.
async fn print_setup_link(app: &App, origin: &str) {
    match setup::setup_link(app).await {
        Ok(Some(secret)) => {
            // To whoever started it, and not to the log, which is kept.
            let mut out = std::io::stdout().lock();
            let line =
                format!("set up Guestlog (once, within an hour): {origin}/setup?token={}", secret.reveal());
            if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) {
                tracing::error!(error = %error, "the setup link could not be printed");
            }
        }
        Ok(None) => {}
        Err(error) => tracing::error!(error = %error, "no setup link could be created"),
    }
}

/// Takes commands of the command line until `stop`. Without its socket the server runs all the same: visitors
/// matter more.
fn take_commands(app: &Arc<App>, stop: &Arc<Notify>) -> Option<rt::task::JoinHandle<()>> {
    match control::Listener::bind(app.store.data_dir()) {
        Ok(listener) => Some(rt::spawn(listener.serve(Arc::clone(app), Arc::clone(stop)))),
        Err(error) => {
            tracing::error!(
                error = %error,
                "the control socket could not be opened; commands only work while the server is stopped"
            );
            None
        }
    }
}

/// Waits for the writers and folds the logs into the files.
pub(crate) fn close(app: Arc<App>) {
    match Arc::try_unwrap(app) {
        Ok(app) => app.store.close(),
        // Every write was committed before it was answered: nothing is lost, the logs are read at the start.
        Err(_) => tracing::warn!("the server stopped before all requests were finished"),
    }
}
