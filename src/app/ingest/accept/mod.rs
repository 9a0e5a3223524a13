//! Accepting hits: stateless, on the HTTP threads, cheap rules before expensive ones. A hit that passes is in the
//! inbox, on disk, before the answer is given. A hit that does not pass is counted under one of a closed list of
//! reasons.

pub mod beacon;
pub mod call;
mod consent;
mod identity;
mod read;
pub mod submission;

use std::cell::OnceCell;
use std::net::IpAddr;
use std::sync::Arc;

use crate::app::core::App;
use crate::app::state::account_cache::Entry as Account;
use crate::app::state::user_agent_cache::USER_AGENT_MAX;
use crate::base::clock::Millis;
use crate::domain::client_hints::ClientHints;
use crate::domain::device::Agent;
use crate::domain::exclusions::without_parameters;
use crate::domain::hit::{Act, Hit};
use crate::domain::hit_reason::Reason;
use crate::domain::page::Page;
use crate::domain::referrer::Referrer;
use crate::domain::suspicion::is_impossible_screen;
use crate::domain::text::is_longer;
use crate::store::inbox::Entry;
use crate::store::{self, row};
use beacon::{Beacon, Unreadable};

/// The sender of a request, as far as the rules need it. The address is used and not kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sender<'a> {
    pub address: Option<IpAddr>,
    pub user_agent: &'a str,
    pub hints: ClientHints<'a>,
    /// The `Referer` header. It stands for the page where a beacon names none.
    pub referer: &'a str,
    /// Whether the browser sent the do-not-track cookie.
    pub do_not_track: bool,
    /// Whether the browser sent Global Privacy Control (`Sec-GPC: 1`).
    pub gpc: bool,
}

/// What became of a request's hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the header says: `stored` when any hit was stored as it was sent, else what happened to the first one.
    pub reason: Reason,
    pub stored: usize,
}

/// Accepts the hits of one browser request, some of which may be unreadable. Returns after the commit that put them
/// on disk.
pub async fn accept<'a>(
    app: &App,
    sender: Sender<'a>,
    beacons: Vec<Result<Beacon<'a>, Unreadable>>,
) -> Outcome {
    let now = app.now();
    app.counters.receive(count(beacons.len()));
    app.counters.cut(u64::from(is_longer(sender.user_agent, USER_AGENT_MAX)));
    let agent = app.user_agents.read(sender.user_agent, &sender.hints);
    let mut hits: Vec<Result<Hit, Reason>> =
        beacons.into_iter().map(|beacon| accept_one(app, now, sender, &agent, beacon)).collect();
    for hit in hits.iter_mut().filter(|hit| matches!(hit, Ok(hit) if hit.is_submission())) {
        if let Ok(submitted) = hit
            && let Err(reason) = find_room(app, submitted).await
        {
            *hit = Err(reason);
        }
    }
    put(app, hits).await
}

/// Refuses a submission that would make one form too many. Two that come at the same moment may both pass; the fold has a
/// place for that.
async fn find_room(app: &App, hit: &Hit) -> Result<(), Reason> {
    let Act::Submission(submission) = &hit.act else { return Ok(()) };
    let (account, form) = (hit.account, submission.form.clone());
    match app.store.read(move |conn| store::form::has_room(conn, account, &form)).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Reason::FormLimit),
        Err(error) => {
            tracing::warn!(%error, "a submission had to wait, because the store could not be read");
            Err(Reason::Unavailable)
        }
    }
}

/// Puts the hits of a request into the inbox and counts those that were refused.
async fn put(app: &App, hits: Vec<Result<Hit, Reason>>) -> Outcome {
    let mut entries = Vec::with_capacity(hits.len());
    let mut written = Vec::with_capacity(hits.len());
    let mut refused = None;
    for hit in hits {
        match hit.and_then(|hit| write(app, hit)) {
            Ok((hit, row)) => {
                entries.push(Entry::of_hit(row, Arc::clone(&hit)));
                written.push(hit);
            }
            Err(reason) => {
                app.counters.count(reason, 1);
                refused.get_or_insert(reason);
            }
        }
    }
    if entries.is_empty() {
        return Outcome { reason: refused.unwrap_or(Reason::Malformed), stored: 0 };
    }
    let stored = entries.len();
    let appended = match app.dead_letters.is_full() {
        true => Err(store::Error::Busy),
        false => app.store.inbox.append(entries).await,
    };
    match appended {
        Ok(()) => {
            app.counters.accept(count(stored));
            let reasons = written.iter().map(|hit| hit.answered_reason());
            let reason = reasons.reduce(|first, next| if next == Reason::Stored { next } else { first });
            Outcome { reason: reason.unwrap_or(Reason::Stored), stored }
        }
        Err(_) => {
            app.counters.count(Reason::Unavailable, count(stored));
            app.live.complete(written.iter().map(|hit| (hit.account, hit.live, Reason::Unavailable, None)));
            Outcome { reason: Reason::Unavailable, stored: 0 }
        }
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// Gives a hit its place in the live ring and makes its row for the inbox.
fn write(app: &App, mut hit: Hit) -> Result<(Arc<Hit>, Vec<u8>), Reason> {
    hit.live = app.live.next_serial();
    let row = row::of_hit(&hit).map_err(|_| Reason::Malformed)?;
    let hit = Arc::new(hit);
    app.live.push(Arc::clone(&hit), row.len());
    Ok((hit, row))
}

/// Applies all rules to one hit of a browser.
fn accept_one<'a>(
    app: &App,
    now: Millis,
    sender: Sender<'a>,
    agent: &Agent,
    beacon: Result<Beacon<'a>, Unreadable>,
) -> Result<Hit, Reason> {
    let mut beacon = beacon.map_err(|unreadable| refuse_unreadable(app, now, sender, unreadable.reason()))?;
    if let Some(address) = sender.address {
        beacon.remove_address(address);
    }
    if beacon.page_url.is_empty() {
        beacon.page_url = sender.referer.into();
    }
    let id = read::account_id(&beacon.account)?;
    let account = app.accounts.find(id).ok_or(Reason::UnknownAccount)?;
    read_hit(app, now, sender, agent, &account, &beacon).inspect_err(|reason| {
        app.live.push_refusal(id, now, *reason, page_of_refusal(*reason, &account, &beacon));
    })
}

/// A hit that cannot be read names no account. The site that it comes from may belong to one, whose live page then shows
/// the refusal: otherwise nobody would learn that a script on the site breaks what is sent.
fn refuse_unreadable(app: &App, now: Millis, sender: Sender<'_>, reason: Reason) -> Reason {
    let site = Referrer::read(sender.referer);
    if let Some(account) = site.and_then(|site| app.accounts.find_by_host(&site.host)) {
        app.live.push_refusal(account.id(), now, reason, String::new());
    }
    reason
}

/// Applies the rules of browser requests to one beacon, without storing the hit or showing it on the live page.
pub fn read_hit(
    app: &App,
    now: Millis,
    sender: Sender<'_>,
    agent: &Agent,
    account: &Arc<Account>,
    beacon: &Beacon<'_>,
) -> Result<Hit, Reason> {
    if sender.do_not_track {
        return Err(Reason::DoNotTrack);
    }
    let facts = OnceCell::new();
    let facts =
        || facts.get_or_init(|| sender.address.map(|address| app.geo.lookup(address)).unwrap_or_default());
    let consent = consent::decide(account, beacon, sender.gpc, now, &facts)?;
    let withdrawn = &app.store.withdrawn;
    if withdrawn.has_any(account.id())
        && read::token(beacon).is_some_and(|token| withdrawn.contains(account.id(), &token))
    {
        return Err(Reason::NoConsent);
    }
    // What the account excludes is refused before more is read of it; a robot in its own network is no robot of a report.
    if sender.address.is_some_and(|address| account.exclusions().excludes_address(address)) {
        return Err(Reason::ExcludedAddress);
    }
    let act = read::act(account, &app.definitions.of(account.id()), beacon)?;
    if let Some(family) = &agent.bot {
        app.counters.count_bot(account.id(), account.zone.day_of(now), family);
        return Err(Reason::Bot);
    }
    let mut hit = read::hit(app, account, now, act, consent, beacon)?;
    if hit.foreign_host && account.tracking().limit_to_domains {
        return Err(Reason::UnknownHost);
    }
    if account.exclusions().excludes_referrer(&hit.referrer) {
        return Err(Reason::ExcludedReferrer);
    }
    hit.suspected = agent.is_headless
        || matches!(&*beacon.webdriver, "true" | "1")
        || is_impossible_screen(&beacon.screen, agent.device.class);
    hit.device = agent.device.clone();
    let facts = facts();
    hit.country.clone_from(&facts.country);
    hit.region.clone_from(&facts.region);
    Ok(hit)
}

/// A refusal for consent shows nothing but its time and reason (rules.md 9).
fn page_of_refusal(reason: Reason, account: &Account, beacon: &Beacon<'_>) -> String {
    if matches!(reason, Reason::NoConsent | Reason::DoNotTrack) {
        return String::new();
    }
    let address = without_parameters(&beacon.page_url, &account.exclusions().parameters);
    let recorded = Page::recorded(&address, None, None);
    recorded.map(|recorded| recorded.page.address()).unwrap_or_default()
}

/// Stores the robots counted since the last call. After an error they are counted again.
pub fn write_bots(app: &App) -> Result<(), store::Error> {
    let bots = Arc::new(app.counters.take_bots());
    if bots.is_empty() {
        return Ok(());
    }
    let rows = Arc::clone(&bots);
    let written = app.store.writer.write_blocking(move |conn| {
        for (account, day, family, hits) in rows.iter() {
            store::bot::upsert(conn, *account, *day, family, *hits)?;
        }
        Ok(())
    });
    if written.is_err() {
        for (account, day, family, hits) in bots.iter() {
            app.counters.count_bots(*account, *day, family, *hits);
        }
    }
    written
}
