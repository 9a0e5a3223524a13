//! The demo runs the server on a temporary store that is filled with an invented history, and beside it an example site
//! whose pages are tracked for real. The site has a port of its own, so it is another origin (rules.md 27). While the
//! demo runs, invented browsers go on visiting; their requests are accepted by the same rules as real ones.

pub mod generator;
pub mod history;
pub mod site;
pub mod temporary_directory;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{HttpServer, rt};
use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::App;
use crate::app::access::sign_in;
use crate::app::ingest::accept::{self, Sender};
use crate::base::clock::SECOND;
use crate::base::random::{Random, SystemRandom};
use crate::config::Config;
use crate::demo::site::{Site, routes};
use crate::demo::temporary_directory::TemporaryDirectory;
use crate::domain::account::{AccountId, Settings};
use crate::domain::contact::Email;
use crate::domain::user::UserId;
use crate::server;
use crate::store::{self, member::Membership};
use crate::web::paths;
use generator::{BrowserRequest, Simulation};

/// The owner of the demo's account.
const EMAIL: &str = "demo@ostrel.example";
/// Characters of the password, which are hex digits.
const PASSWORD_LENGTH: usize = 12;
/// Days of invented history.
pub const DAYS: u32 = 90;
/// Page views of the history. They are those of a small company, and are made within seconds.
pub const EVENTS: u64 = 60_000;
/// Page views of the history for each visitor.
const VIEWS_PER_VISITOR: u64 = 4;
/// The history is always the same, so that what a manual shows can be found in it.
const SEED: u64 = 1;
/// The port when none is given.
const PORT: u16 = 8080;
/// Shortest and longest time between two invented visits, milliseconds.
const VISIT_EVERY: (i64, i64) = (2 * SECOND, 7 * SECOND);
/// While this many requests wait for their time, no visit begins.
const WAITING_MAX: usize = 2_000;
/// How often requests that are due are sent.
const TICK: Duration = Duration::from_millis(250);

#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Address of the admin pages. When not given, it is the usual port, or a free one if that is taken.
    pub listen: Option<SocketAddr>,
    /// Page views of the history.
    pub events: u64,
    pub simulate_visits: bool,
}

/// What a user needs to look at the running demo.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Address of the example site.
    pub site: String,
    /// A link that signs in once and opens the dashboard.
    pub admin: String,
    /// For signing in again, or in another browser.
    pub email: &'static str,
    pub password: String,
    pub account: AccountId,
    pub simulate_visits: bool,
}

/// The two ports of the demo.
struct Listeners {
    admin: TcpListener,
    site: TcpListener,
    admin_address: SocketAddr,
    /// Scheme, host and port, as browsers write them.
    admin_origin: String,
    site_origin: String,
    site_hosts: Vec<String>,
}

/// Runs the demo until it is asked to stop. `on_ready` is called once, when everything can be looked at.
pub fn run(options: &Options, on_ready: impl FnOnce(&Ready)) -> anyhow::Result<()> {
    let listeners = Listeners::open(options.listen)?;
    let directory = TemporaryDirectory::new("demo");
    let mut config = Config::default();
    config.server.data_dir.clone_from(&directory.0);
    config.server.listen = listeners.admin_address;
    // The disk of a laptop may have less room than a server must keep free.
    config.store.min_free = 0;
    let app = Arc::new(server::open(&config).context("cannot create the demo's store")?);
    let result = rt::System::new().block_on(show(&config, Arc::clone(&app), listeners, options, on_ready));
    server::close(app);
    result
}

async fn show(
    config: &Config,
    app: Arc<App>,
    listeners: Listeners,
    options: &Options,
    on_ready: impl FnOnce(&Ready),
) -> anyhow::Result<()> {
    // Signals are caught from the start, because one that ended the process would leave the directory behind.
    let mut signals = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let password: String = SystemRandom.token().chars().take(PASSWORD_LENGTH).collect();
    let (account, user) = make_account(&app, listeners.site_hosts.clone(), &password).await?;
    let Some(simulation) = make_history(&app, account, options.events, &mut signals).await? else {
        return Ok(());
    };
    let link = sign_in::link(&app, user).await?;
    let ready = Ready {
        site: format!("{}/", listeners.site_origin),
        admin: format!("{}{}?token={}", listeners.admin_origin, paths::SIGN_IN_LINK, link.reveal()),
        email: EMAIL,
        password,
        account,
        simulate_visits: options.simulate_visits,
    };
    let site = Site::new(account, &listeners.admin_origin);
    let site = HttpServer::new(move || actix_web::App::new().configure(|config| routes(config, &site)))
        .workers(1)
        .disable_signals()
        .listen(listeners.site)?
        .run();
    let site_handle = site.handle();
    let site = rt::spawn(site);
    let visits = options.simulate_visits.then(|| rt::spawn(visit(Arc::clone(&app), simulation)));
    let served = server::serve(config, app, listeners.admin, |handle| {
        rt::spawn(stop_on_signal(signals, handle));
        on_ready(&ready);
    })
    .await;
    if let Some(visits) = visits {
        visits.abort();
        let _ = visits.await;
    }
    site_handle.stop(true).await;
    let _ = site.await;
    served
}

impl Listeners {
    /// Opens the ports that were asked for, else the usual ones, else free ones.
    fn open(wanted: Option<SocketAddr>) -> anyhow::Result<Self> {
        let usual = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), PORT);
        let at = wanted.unwrap_or(usual);
        let admin = match TcpListener::bind(at) {
            Err(_) if wanted.is_none() => TcpListener::bind(SocketAddr::new(at.ip(), 0)),
            other => other,
        }
        .with_context(|| format!("cannot listen on {at}"))?;
        let admin_address = admin.local_addr()?;
        let free = || TcpListener::bind(SocketAddr::new(at.ip(), 0));
        let site = match admin_address.port().checked_add(1).filter(|_| at.port() != 0) {
            Some(next) => TcpListener::bind(SocketAddr::new(at.ip(), next)).or_else(|_| free()),
            None => free(),
        }
        .context("no port is free for the example site")?;
        let port = site.local_addr()?.port();
        // A server that listens on all addresses can be reached by the machine's own one in any case.
        let ip = if at.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { at.ip() };
        let bare = SocketAddr::new(ip, port).to_string();
        // Cookies ignore ports. The site has another host name than the admin pages, so that neither gets the cookies of
        // the other.
        let named =
            if ip == IpAddr::V4(Ipv4Addr::LOCALHOST) { format!("localhost:{port}") } else { bare.clone() };
        Ok(Self {
            admin_origin: format!("http://{}", SocketAddr::new(ip, admin_address.port())),
            site_origin: format!("http://{named}"),
            site_hosts: vec![named, bare],
            admin,
            site,
            admin_address,
        })
    }
}

/// Creates the account of the example site and its owner.
async fn make_account(app: &App, hosts: Vec<String>, password: &str) -> anyhow::Result<(AccountId, UserId)> {
    let zone = jiff::tz::TimeZone::try_system().ok();
    let zone = zone.as_ref().and_then(jiff::tz::TimeZone::iana_name).unwrap_or("UTC");
    let settings = Settings::parse("Ostrel (demo)", &hosts, zone, "EUR")
        .or_else(|_| Settings::parse("Ostrel (demo)", &hosts, "UTC", "EUR"))?;
    let email = Email::parse(EMAIL).context("the demo's email")?;
    let hash = app.passwords.hash(password).await?;
    let now = app.now();
    let created = app
        .store
        .writer
        .write(move |conn| {
            let account = store::account::insert(conn, &settings, now)?;
            let user = store::user::insert(conn, &email, Some(&hash), true, now)?;
            store::member::upsert(conn, user, account, Membership::OWNER)?;
            Ok::<_, store::Error>((account, user))
        })
        .await?;
    Ok(created)
}

/// Makes the history. Returns `None` when a signal asks the demo to stop meanwhile.
async fn make_history(
    app: &Arc<App>,
    account: AccountId,
    events: u64,
    signals: &mut (Signal, Signal),
) -> anyhow::Result<Option<Simulation>> {
    let visitors = (events / VIEWS_PER_VISITOR).max(1);
    let end = Some(app.now());
    let options =
        generator::Options { account, events, days: DAYS, visitors, contacts: None, seed: SEED, end };
    let stop = Arc::new(AtomicBool::new(false));
    let mut history = rt::task::spawn_blocking({
        let (app, stop) = (Arc::clone(app), Arc::clone(&stop));
        move || generator::run(&app, &options, &stop)
    });
    let history = tokio::select! {
        history = &mut history => history,
        () = wait_for_signal(signals) => {
            stop.store(true, Ordering::Relaxed);
            history.await
        }
    };
    match history? {
        Ok((_, simulation)) => Ok(Some(simulation)),
        Err(generator::Error::Stopped) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn wait_for_signal(signals: &mut (Signal, Signal)) {
    tokio::select! {
        _ = signals.0.recv() => {}
        _ = signals.1.recv() => {}
    }
}

/// The server listens for signals too, but only from its start. This also hears signals that came earlier.
async fn stop_on_signal(mut signals: (Signal, Signal), handle: ServerHandle) {
    wait_for_signal(&mut signals).await;
    handle.stop(true).await;
}

/// Invented browsers make one visit every few seconds for as long as the demo runs.
async fn visit(app: Arc<App>, mut simulation: Simulation) {
    let mut waiting: Vec<BrowserRequest> = Vec::new();
    let mut next = app.now();
    loop {
        let now = app.now();
        if now >= next && waiting.len() < WAITING_MAX {
            waiting.extend(simulation.start_visit(now));
            waiting.sort_by_key(|request| request.at);
            next = now.plus(pause(&*app.random));
        }
        let due = waiting.partition_point(|request| request.at <= now);
        for request in waiting.drain(..due) {
            let user_agent = request.user_agent;
            let sender = Sender { user_agent, ..Sender::default() };
            accept::accept(&app, sender, vec![Ok(request.beacon)]).await;
        }
        tokio::time::sleep(TICK).await;
    }
}

fn pause(random: &dyn Random) -> i64 {
    let mut bytes = [0; 2];
    random.fill(&mut bytes);
    let (least, most) = VISIT_EVERY;
    least + i64::from(u16::from_le_bytes(bytes)) * (most - least) / i64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_ports_give_way_to_free_ones_unless_they_were_asked_for() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        assert!(Listeners::open(Some(address)).is_err());
        let listeners = Listeners::open(Some("127.0.0.1:0".parse().unwrap())).unwrap();
        assert_ne!(listeners.admin_origin, listeners.site_origin);
        assert!(listeners.site_origin.starts_with("http://localhost:"));
        // The usual ports are opened twice. The second demo takes others.
        let (first, second) = (Listeners::open(None).unwrap(), Listeners::open(None).unwrap());
        assert_ne!(first.admin_address, second.admin_address);
        assert_ne!(first.site_origin, second.site_origin);
    }

    #[test]
    fn pauses_lie_between_their_bounds() {
        struct Fixed(u8);
        impl Random for Fixed {
            fn fill(&self, bytes: &mut [u8]) {
                bytes.fill(self.0);
            }
        }
        assert_eq!((pause(&Fixed(0)), pause(&Fixed(255))), VISIT_EVERY);
    }
}
