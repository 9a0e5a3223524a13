//! Puts the server together: configuration, store, application, HTTP and background jobs, and stops it in order.

mod connections;
pub mod control;
mod http;
mod jobs;
mod open;
pub mod options;

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::rt;
use actix_web::web::Data;
use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

use crate::app::App;
use crate::app::access::setup;
use crate::app::ingest::fold;
use crate::app::people::erase::restored;
use crate::app::people::import;
use crate::base::clock::RealClock;
use crate::config::Config;
use crate::web::request::state::State;
use connections::descriptors;
use connections::registry::Connections;
use http::Side;
use jobs::Jobs;
pub use open::{migrate, open};

/// The log target of the lines that name the server's address. They are written at every level of the log, because
/// whoever asked for port 0 learns the port from them.
pub const ADDRESS_LINES: &str = "guestlog::address";

/// How often connections are looked for that make a server wait for too long.
const CUT_EVERY: Duration = Duration::from_secs(1);

/// Runs the server until it is asked to stop.
pub fn run(config: &Config) -> anyhow::Result<()> {
    anyhow::ensure!(
        RealClock.is_past_1970(),
        "the clock of this machine shows a time before 1970; set it, then start Guestlog again"
    );
    let system = rt::System::new();
    // Before the store is opened, because that writes too.
    let _too_large = system.block_on(async { ignore_too_large_files() });
    let app = Arc::new(open(config).context("the store cannot be opened")?);
    let listener = bind(config.server.listen)?;
    let result = system.block_on(serve(config, Arc::clone(&app), listener, |_| ()));
    close(app);
    result
}

/// Receives the signal with which the system ends a process whose file has grown past its limit, as long as the answer is
/// kept. The write fails instead, and the hit is refused.
fn ignore_too_large_files() -> Option<Signal> {
    let kind = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    signal(kind)
        .inspect_err(|error| tracing::warn!(%error, "a limit of file sizes would end the server"))
        .ok()
}

/// Whether the files of TLS can be used, when any are configured.
pub fn check_tls(config: &Config) -> anyhow::Result<()> {
    http::tls_of(config).map(drop)
}

pub(crate) fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))
}

/// Serves until a signal or the handle that `started` gets asks it to stop.
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
    let servers = 1 + usize::from(admin_listener.is_some());
    let room = descriptors::connections(servers, http::workers(config) * servers);
    let for_admin = if admin_listener.is_some() { room.div_ceil(4) } else { 0 };
    finish_erasures(&app).await.context("persons who were erased before cannot be erased again")?;
    // Before anybody can upload.
    if let Err(error) = import::delete_strays(&app).await {
        tracing::warn!(%error, "files that were uploaded and not imported could not be deleted");
    }
    let public = http::start(config, state.clone(), side, listener, room - for_admin)?;
    let stop = Arc::new(Notify::new());
    let commands = start_listener(&app, &stop);
    // Whoever reads the next line may send a signal at once, long before the server runs.
    let signals = StopSignals::catch().context("signals cannot be received")?;
    tracing::info!(target: ADDRESS_LINES, "listening on {scheme}://{address}");
    let (admin, admin_address) = match admin_listener {
        None => (None, address),
        Some(listener) => {
            let address = listener.local_addr()?;
            tracing::info!(target: ADDRESS_LINES, "admin pages on {scheme}://{address}");
            (Some(http::start(config, state, Side::Admin, listener, for_admin)?), address)
        }
    };
    // When the admin pages have an address of their own, the public address does not show them.
    let public_url = config.server.public_url.clone().filter(|_| admin.is_none());
    let origin = public_url.unwrap_or_else(|| format!("{scheme}://{admin_address}"));
    print_setup_link(&app, &origin).await;
    let jobs = Jobs::start(&app);
    started(public.server.handle());
    let open: Vec<_> = [Some(&public), admin.as_ref()]
        .into_iter()
        .flatten()
        .map(|one| Arc::clone(&one.connections))
        .collect();
    let cutting = rt::spawn(cut_stalled(open));
    let handles = [Some(&public), admin.as_ref()].into_iter().flatten().map(|one| one.server.handle());
    let stopping = rt::spawn(signals.stop(handles.collect()));
    // Each server returns after SIGTERM, once the requests in progress are answered, or at once after SIGINT or SIGQUIT.
    let admin = async {
        match admin {
            Some(admin) => admin.server.await,
            None => Ok(()),
        }
    };
    let (result, admin_result) = tokio::join!(public.server, admin);
    cutting.abort();
    stopping.abort();
    stop.notify_one();
    if let Some(commands) = commands {
        let _ = commands.await;
    }
    jobs.stop().await;
    Ok(result.and(admin_result)?)
}

/// The signals that ask the server to stop. From the moment this exists none of them ends the process by itself.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
}

impl StopSignals {
    fn catch() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
        })
    }

    /// Waits for one of the signals, and stops the servers.
    async fn stop(mut self, servers: Vec<ServerHandle>) {
        let is_graceful = tokio::select! {
            _ = self.terminate.recv() => true,
            _ = self.interrupt.recv() => false,
            _ = self.quit.recv() => false,
        };
        // All are asked before one of them is waited for.
        let stops: Vec<_> = servers.iter().map(|server| rt::spawn(server.stop(is_graceful))).collect();
        for stop in stops {
            let _ = stop.await;
        }
    }
}

/// Erases persons whom a restored backup brought back, and finishes erasures that were cut off.
async fn finish_erasures(app: &App) -> anyhow::Result<()> {
    if let Some(due) = restored::find_due(app).await? {
        fold::fold_waiting(app).await?;
        restored::finish_erasures(app, due).await?;
    }
    Ok(())
}

/// Closes connections whose clients make a server wait for too long.
async fn cut_stalled(servers: Vec<Arc<Connections>>) {
    loop {
        tokio::time::sleep(CUT_EVERY).await;
        servers.iter().for_each(|connections| connections.cut_stalled());
    }
}

/// As long as there is no user, this prints the link with which the first user sets everything up.
async fn print_setup_link(app: &App, origin: &str) {
    match setup::setup_link(app).await {
        Ok(Some(secret)) => {
            // It is printed for the person who started the server. It must not be in the log, because logs are kept.
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

/// Accepts commands of the command line until `stop`. Without its socket the server runs all the same, because
/// visitors matter more.
fn start_listener(app: &Arc<App>, stop: &Arc<Notify>) -> Option<rt::task::JoinHandle<()>> {
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

/// Waits for the writers, and moves the write-ahead logs into the files.
pub(crate) fn close(app: Arc<App>) {
    match Arc::try_unwrap(app) {
        Ok(app) => app.store.close(),
        // Every write was committed before it was answered, so nothing is lost. The logs are read at the next start.
        Err(_) => tracing::warn!("the server stopped before all requests were finished"),
    }
}
