//! The demo: the server over a store that is gone afterwards, filled with an invented history, and beside it an
//! example site on a port of its own (another origin, rules.md 27) whose pages are tracked for real. While it runs
//! invented browsers go on visiting, through the same door as real ones.

pub mod generator;
pub mod history;
pub mod site;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{HttpServer, rt};
use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::App;
use crate::app::access::sign_in;
use crate::base::clock::SECOND;
use crate::base::random::{Random, SystemRandom};
use crate::config::Config;
use crate::demo::site::{Site, routes};
use crate::domain::account::{AccountId, Settings};
use crate::domain::contact::Email;
use crate::domain::user::UserId;
use crate::server;
use crate::store::{self, member::Membership};
use crate::web::paths;
use generator::{Beacon, Story, Wanted};

/// Who owns the demo's account.
const EMAIL: &str = "demo@ostrel.example";
/// Characters of the password, each of 16.
const PASSWORD_LENGTH: usize = 12;
/// Days of invented history.
pub const DAYS: u32 = 90;
/// Its page views: a small company's, and made in some seconds.
pub const EVENTS: u64 = 60_000;
/// Page views for one visitor.
const VIEWS_OF_VISITOR: u64 = 4;
/// Always the same history, so that what a manual shows can be found again.
const SEED: u64 = 1;
/// Ports when nobody names any.
const PORT: u16 = 8080;
/// Between two invented visits, at least and at most.
const VISIT_EVERY: (i64, i64) = (2 * SECOND, 7 * SECOND);
/// Requests of invented browsers that wait for their time; past it no visit begins.
const WAITING_MAX: usize = 2_000;
/// How often the invented browsers look at the clock.
const TICK: Duration = Duration::from_millis(250);

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Address of the admin pages; the usual one, or a free one, when not given.
    pub listen: Option<SocketAddr>,
    /// Page views of the history.
    pub events: u64,
    pub invents_visits: bool,
}

/// What can be looked at now.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Address of the example site.
    pub site: String,
    /// Signs in once, and leads to the dashboard.
    pub admin: String,
    /// How to sign in again, or in another browser.
    pub email: &'static str,
    pub password: String,
    pub account: AccountId,
    pub invents_visits: bool,
}

/// A directory that is gone when the demo ends, however it ends.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(dir = %self.0.display(), error = %error, "the demo's store could not be deleted");
        }
    }
}

/// Both doors of the demo.
struct Doors {
    admin: TcpListener,
    site: TcpListener,
    admin_address: SocketAddr,
    /// As browsers write them: scheme, host, port.
    admin_origin: String,
    site_origin: String,
    site_hosts: Vec<String>,
}

/// Runs the demo until it is asked to stop. `tell` is called once, when everything can be looked at.
///
/// # Errors
/// What keeps it from starting.
pub fn run(asked: &Asked, tell: impl FnOnce(&Ready)) -> anyhow::Result<()> {
    let doors = Doors::open(asked.listen)?;
    let scratch = Scratch(std::env::temp_dir().join(format!("guestlog-demo-{}", SystemRandom.token())));
    let mut config = Config::default();
    config.server.data_dir.clone_from(&scratch.0);
    config.server.listen = doors.admin_address;
    // A laptop's disk may be fuller than a server's floor.
    config.store.min_free = 0;
    let app = Arc::new(server::open(&config).context("cannot create the demo's store")?);
    let result = rt::System::new().block_on(show(&config, Arc::clone(&app), doors, asked, tell));
    server::close(app);
    result
}

async fn show(
    config: &Config,
    app: Arc<App>,
    doors: Doors,
    asked: &Asked,
    tell: impl FnOnce(&Ready),
) -> anyhow::Result<()> {
    // Listened for from the start: a signal must not leave the directory behind.
    let mut signals = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let password: String = SystemRandom.token().chars().take(PASSWORD_LENGTH).collect();
    let (account, user) = make_account(&app, doors.site_hosts.clone(), &password).await?;
    let Some(story) = make_history(&app, account, asked.events, &mut signals).await? else { return Ok(()) };
    let link = sign_in::link(&app, user).await?;
    let ready = Ready {
        site: format!("{}/", doors.site_origin),
        admin: format!("{}{}?token={}", doors.admin_origin, paths::SIGN_IN_LINK, link.reveal()),
        email: EMAIL,
        password,
        account,
        invents_visits: asked.invents_visits,
    };
    let site = Site::new(account, &doors.admin_origin);
    let site = HttpServer::new(move || actix_web::App::new().configure(|config| routes(config, &site)))
        .workers(1)
        .disable_signals()
        .listen(doors.site)?
        .run();
    let site_handle = site.handle();
    let site = rt::spawn(site);
    let visits = asked.invents_visits.then(|| rt::spawn(visit(Arc::clone(&app), story, doors.admin_address)));
    let served = server::serve(config, app, doors.admin, |handle| {
        rt::spawn(stop_on_signal(signals, handle));
        tell(&ready);
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

impl Doors {
    /// The ports asked for, else the usual ones, else free ones.
    fn open(asked: Option<SocketAddr>) -> anyhow::Result<Self> {
        let usual = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), PORT);
        let at = asked.unwrap_or(usual);
        let admin = match TcpListener::bind(at) {
            Err(_) if asked.is_none() => TcpListener::bind(SocketAddr::new(at.ip(), 0)),
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
        // Where everything is listened to, this machine's own address is the one that surely works.
        let ip = if at.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { at.ip() };
        let bare = SocketAddr::new(ip, port).to_string();
        // By another name than the admin pages, so that the cookies of the two never meet.
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

/// The account of the example site and somebody who owns it.
async fn make_account(app: &App, hosts: Vec<String>, password: &str) -> anyhow::Result<(AccountId, UserId)> {
    let zone = jiff::tz::TimeZone::try_system().ok();
    let zone = zone.as_ref().and_then(jiff::tz::TimeZone::iana_name).unwrap_or("UTC");
    let settings = Settings::parse("Ostrel (demo)", &hosts, zone, "EUR")
        .or_else(|_| Settings::parse("Ostrel (demo)", &hosts, "UTC", "EUR"))?;
    let email = Email::parse(EMAIL).context("the demo's email")?;
    let hash = app.passwords.hash(password).await?;
    let now = app.now();
    let made = app
        .store
        .writer
        .write(move |conn| {
            let account = store::account::insert(conn, &settings, now)?;
            let user = store::user::insert(conn, &email, Some(&hash), true, now)?;
            let what = Membership::OWNER;
            store::member::upsert(conn, user, account, what)?;
            Ok::<_, store::Error>((account, user))
        })
        .await?;
    app.reload_accounts()?;
    Ok(made)
}

/// The history, or nothing when it was asked to stop meanwhile.
async fn make_history(
    app: &Arc<App>,
    account: AccountId,
    events: u64,
    signals: &mut (Signal, Signal),
) -> anyhow::Result<Option<Story>> {
    let visitors = (events / VIEWS_OF_VISITOR).max(1);
    let end = app.now();
    let wanted = Wanted { account, events, days: DAYS, visitors, contacts: None, seed: SEED, end };
    let stop = Arc::new(AtomicBool::new(false));
    let mut made = rt::task::spawn_blocking({
        let (app, stop) = (Arc::clone(app), Arc::clone(&stop));
        move || generator::run(&app, &wanted, &stop)
    });
    let made = tokio::select! {
        made = &mut made => made,
        () = asked_to_stop(signals) => {
            stop.store(true, Ordering::Relaxed);
            made.await
        }
    };
    match made? {
        Ok((_, story)) => Ok(Some(story)),
        Err(generator::Error::Stopped) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn asked_to_stop(signals: &mut (Signal, Signal)) {
    tokio::select! {
        _ = signals.0.recv() => {}
        _ = signals.1.recv() => {}
    }
}

/// The server listens for signals itself; this one hears also what came before it did.
async fn stop_on_signal(mut signals: (Signal, Signal), handle: ServerHandle) {
    asked_to_stop(&mut signals).await;
    handle.stop(true).await;
}

/// Invented browsers, one visit every few seconds, for as long as the demo runs.
async fn visit(app: Arc<App>, mut story: Story, server: SocketAddr) {
    let mut waiting: Vec<Beacon> = Vec::new();
    let mut next = app.now();
    loop {
        let now = app.now();
        if now >= next && waiting.len() < WAITING_MAX {
            waiting.extend(story.visit(now));
            waiting.sort_by_key(|beacon| beacon.at);
            next = now.plus(pause(&*app.random));
        }
        let due = waiting.partition_point(|beacon| beacon.at <= now);
        for beacon in waiting.drain(..due) {
            if let Err(error) = send(server, &beacon).await {
                tracing::debug!(error = %error, "a generated visit was not accepted");
            }
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

/// As a browser would.
async fn send(server: SocketAddr, beacon: &Beacon) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(server).await?;
    let request = format!(
        "POST /collect HTTP/1.1\r\nHost: {server}\r\nUser-Agent: {}\r\nContent-Type: text/plain\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{}",
        beacon.user_agent,
        beacon.body.len(),
        beacon.body
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(4_096).read_to_end(&mut answer).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_ports_give_way_to_free_ones_unless_they_were_asked_for() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        assert!(Doors::open(Some(address)).is_err());
        let doors = Doors::open(Some("127.0.0.1:0".parse().unwrap())).unwrap();
        assert_ne!(doors.admin_origin, doors.site_origin);
        assert!(doors.site_origin.starts_with("http://localhost:"));
        // Twice the usual ports: the second one takes others.
        let (first, second) = (Doors::open(None).unwrap(), Doors::open(None).unwrap());
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
