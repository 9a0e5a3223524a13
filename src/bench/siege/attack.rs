//! The attacks.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::connect::connect;
use super::done::Done;
use super::flood;
use crate::base::clock::{Clock, RealClock};
use crate::bench::client::read_answer;
use crate::bench::requests::What;
use crate::domain::account::AccountId;
use crate::web::paths;

/// Connections that never read, and that are slow.
const NEVER_READ: u32 = 1_000;
const SLOW: u32 = 500;
/// Idle connections beyond the file descriptors of the server.
const IDLE_BEYOND: u32 = 100;
/// Page views a second with long addresses, and while a day is closed.
const RATE: u32 = 1_000;
/// Connections that try passwords, each from an address of its own at each attempt.
const GUESSING: u32 = 8;
/// Connections that idle clients open a second.
const CONNECTS: u32 = 2_000;
/// A slow client sends a byte this often.
const DRIP: Duration = Duration::from_secs(1);
/// How long a client that was cut off waits before it comes back.
const AGAIN: Duration = Duration::from_millis(500);
/// How long an idle one waits beyond that.
const IDLE_AGAIN: Duration = Duration::from_secs(10);
/// Bytes of requests that a client which never reads sends at once.
const AHEAD: usize = 64 * 1024;
const SLOW_HEAD: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: ";
const SLOW_BODY: &[u8] = b"POST /collect HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n{";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attack {
    NeverRead { signed_in: bool },
    SlowHeads,
    SlowBodies,
    Idle { descriptors: u32 },
    Flood(What),
    WrongPasswords,
    BusyDay,
    Together,
}

/// Whom an attack is on.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    /// Of a user who may see everything.
    pub(super) cookie: String,
    pub(super) duration: Duration,
}

impl Attack {
    pub(super) fn all() -> Vec<Self> {
        let floods = [
            What::PageViews,
            What::NewVisitors,
            What::NewContacts,
            What::NewProperties,
            What::InventedNames,
            What::LateEngagements,
            What::LargeBodies,
            What::LongAddresses,
        ];
        let connections = [
            Self::NeverRead { signed_in: false },
            Self::NeverRead { signed_in: true },
            Self::SlowHeads,
            Self::SlowBodies,
            Self::Idle { descriptors: 64 },
            Self::Idle { descriptors: 1_024 },
            Self::Idle { descriptors: 20_000 },
        ];
        let others = [Self::WrongPasswords, Self::BusyDay, Self::Together];
        connections.into_iter().chain(floods.map(Self::Flood)).chain(others).collect()
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::NeverRead { signed_in: false } => "1,000 clients that send ahead and never read",
            Self::NeverRead { signed_in: true } => "1,000 signed-in clients that send ahead and never read",
            Self::SlowHeads => "500 slow heads",
            Self::SlowBodies => "500 slow bodies",
            Self::Idle { descriptors: 64 } => "idle connections, 64 descriptors",
            Self::Idle { descriptors: 1_024 } => "idle connections, 1,024 descriptors",
            Self::Idle { .. } => "idle connections, 20,000 descriptors",
            Self::Flood(what) => what.label(),
            Self::WrongPasswords => "wrong passwords from many addresses",
            Self::BusyDay => "closing a busy day, 1,000 page views a second",
            Self::Together => "all together",
        }
    }

    /// How many file descriptors the server has, where that matters.
    pub(super) const fn descriptors(self) -> Option<u32> {
        match self {
            Self::Idle { descriptors } => Some(descriptors),
            _ => None,
        }
    }

    /// Hits a second, where they do not come as fast as they are answered.
    const fn rate(self) -> Option<u32> {
        match self {
            Self::Flood(What::LongAddresses) | Self::BusyDay => Some(RATE),
            _ => None,
        }
    }

    /// Folding must keep pace. What comes as fast as it is answered may pile up for a while.
    pub(super) const fn is_paced(self) -> bool {
        match self {
            Self::Flood(_) => self.rate().is_some(),
            Self::Together => false,
            _ => true,
        }
    }

    pub(super) async fn run(self, target: &Target) -> anyhow::Result<Done> {
        match self {
            Self::NeverRead { signed_in } => {
                let routes = if signed_in { admin_routes() } else { public_routes() };
                let cookie = if signed_in { target.cookie.as_str() } else { "" };
                let ahead: Vec<Arc<Vec<u8>>> =
                    routes.iter().map(|path| Arc::new(get_ahead(path, cookie))).collect();
                let bytes_of =
                    |n: u32| ahead.iter().cycle().nth(n as usize % ahead.len().max(1)).map(Arc::clone);
                many(NEVER_READ, |n| never_read(target.clone(), n, bytes_of(n).unwrap_or_default())).await
            }
            Self::SlowHeads => many(SLOW, |n| slow(target.clone(), n, SLOW_HEAD)).await,
            Self::SlowBodies => many(SLOW, |n| slow(target.clone(), n, SLOW_BODY)).await,
            Self::Idle { descriptors } => many(descriptors + IDLE_BEYOND, |n| idle(target.clone(), n)).await,
            Self::Flood(what) => flood::run(target.address, what, self.rate(), target.duration).await,
            Self::WrongPasswords => many(GUESSING, |n| guess(target.clone(), n)).await,
            Self::BusyDay => flood::run(target.address, What::PageViews, self.rate(), target.duration).await,
            Self::Together => together(target).await,
        }
    }
}

async fn together(target: &Target) -> anyhow::Result<Done> {
    // Idle connections of one kind are enough, and there is no second store to close.
    let is_wanted = |attack: &Attack| match attack {
        Attack::Idle { descriptors } => *descriptors == 1_024,
        attack => !matches!(attack, Attack::BusyDay | Attack::Together),
    };
    let running = Attack::all().into_iter().filter(is_wanted).map(|attack| attack.run(target).boxed_local());
    let mut done = Done::default();
    for one in join_all(running).await {
        done.add(one?);
    }
    // Bytes of so different kinds say nothing of the files.
    done.body_bytes = 0;
    Ok(done)
}

/// Runs as many clients at once.
async fn many<F>(count: u32, client: impl Fn(u32) -> F) -> anyhow::Result<Done>
where
    F: Future<Output = Done> + Send + 'static,
{
    let running: Vec<_> = (0..count).map(|n| tokio::spawn(client(n))).collect();
    let mut done = Done::default();
    for one in running {
        done.add(one.await?);
    }
    Ok(done)
}

fn public_routes() -> Vec<String> {
    let account = AccountId::FIRST;
    let script = format!("/{account}.js");
    let event = format!("/v1/event?_a={account}&_n=login");
    vec![script, paths::SIGN_IN.to_owned(), event, "/healthz".to_owned(), "/pick.js".to_owned()]
}

fn admin_routes() -> Vec<String> {
    let account = AccountId::FIRST;
    let dashboard = paths::dashboard(account);
    let export = format!("{}/pages?format=csv", dashboard.trim_end_matches("/dashboard"));
    vec![dashboard, export, paths::live(account), paths::events(account), paths::contacts(account)]
}

/// As many requests as fit in `AHEAD`.
fn get_ahead(path: &str, cookie: &str) -> Vec<u8> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nCookie: {cookie}\r\n\r\n");
    request.repeat(AHEAD / request.len().max(1)).into_bytes()
}

/// Does the same again and again until the time is over. `once` answers whether the server has cut it off.
async fn again<F: Future<Output = bool>>(target: &Target, mut once: impl FnMut(u64) -> F) -> Done {
    let end = RealClock.monotonic() + target.duration;
    let mut done = Done::default();
    loop {
        let left = end.saturating_sub(RealClock.monotonic());
        if left.is_zero() {
            return done;
        }
        done.attempts += 1;
        match tokio::time::timeout(left, once(done.attempts)).await {
            Ok(is_cut) => done.refused += u64::from(is_cut),
            Err(_) => return done,
        }
        tokio::time::sleep(AGAIN.min(end.saturating_sub(RealClock.monotonic()))).await;
    }
}

/// Sends requests and never reads an answer, until it is cut off.
async fn never_read(target: Target, n: u32, ahead: Arc<Vec<u8>>) -> Done {
    again(&target, async |_| {
        let Ok(mut stream) = connect(target.address, n).await else { return true };
        while stream.write_all(&ahead).await.is_ok() {}
        true
    })
    .await
}

/// Begins a request, and sends a byte of it now and then.
async fn slow(target: Target, n: u32, beginning: &'static [u8]) -> Done {
    again(&target, async |_| {
        let Ok(mut stream) = connect(target.address, n).await else { return true };
        let mut is_open = stream.write_all(beginning).await.is_ok();
        while is_open {
            let answered = tokio::time::timeout(DRIP, stream.read(&mut [0; 1_024])).await;
            is_open = answered.is_err() && stream.write_all(b"x").await.is_ok();
        }
        true
    })
    .await
}

/// Asks once and stays connected.
async fn idle(target: Target, n: u32) -> Done {
    tokio::time::sleep(Duration::from_secs(1) * n / CONNECTS).await;
    again(&target, async |_| {
        let Ok(mut stream) = connect(target.address, n).await else { return true };
        let request = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
        if stream.write_all(request).await.is_err()
            || read_answer(&mut stream, &mut Vec::new()).await.is_err()
        {
            return true;
        }
        let _ = stream.read(&mut [0; 64]).await;
        drop(stream);
        tokio::time::sleep(IDLE_AGAIN).await;
        true
    })
    .await
}

/// Tries a password, each time for another user and from another address.
async fn guess(target: Target, n: u32) -> Done {
    again(&target, async |attempt| {
        let address = n + GUESSING * u32::try_from(attempt).unwrap_or(0);
        !matches!(guess_once(target.address, address).await, Ok(422))
    })
    .await
}

/// Tries a wrong password; answers the status.
pub(super) async fn guess_once(to: SocketAddr, n: u32) -> anyhow::Result<u16> {
    let (mut stream, mut buffer) = (connect(to, n).await?, Vec::new());
    stream.write_all(format!("GET {} HTTP/1.1\r\nHost: {to}\r\n\r\n", paths::SIGN_IN).as_bytes()).await?;
    let page = read_answer(&mut stream, &mut buffer).await?;
    let html = String::from_utf8_lossy(&page.body).into_owned();
    let (cookie, csrf) =
        (between(&page.head, "et-cookie: ", ";"), between(&html, "name=\"csrf\" value=\"", "\""));
    let body = format!("csrf={csrf}&email=user-{n}%40example.com&password=not+the+password");
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: {to}\r\nOrigin: http://{to}\r\nCookie: {cookie}\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        paths::SIGN_IN,
        body.len(),
    );
    stream.write_all(request.as_bytes()).await?;
    Ok(read_answer(&mut stream, &mut buffer).await?.status)
}

/// What stands between two texts.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let rest = text.split_once(from).map(|(_, rest)| rest).unwrap_or_default();
    rest.split_once(to).map_or(rest, |(found, _)| found)
}
