//! Accepting hits: stateless, on the HTTP threads, cheap rules before dear ones. What passes lies in the inbox,
//! on disk, before the answer is given; what does not is counted under one of the closed list of reasons.

pub mod beacon;
mod read;

use std::net::IpAddr;
use std::sync::Arc;

use super::core::App;
use super::directory::Entry as Account;
use super::live;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::device::Agent;
use crate::domain::hit::{Act, Hit};
use crate::domain::reason::Reason;
use crate::store;
use beacon::Beacon;

/// Who sent a request, as far as rules ask for it. The address is used and forgotten.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    pub address: Option<IpAddr>,
    pub user_agent: &'a str,
    /// The `Referer` header: the page, where a beacon names none.
    pub referer: &'a str,
    /// The browser sent the do-not-track cookie.
    pub do_not_track: bool,
}

/// What became of a request's hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The word for the header: `stored` when anything was, else why the first was not.
    pub reason: Reason,
    pub stored: usize,
}

/// Accepts the hits of one browser request; `None` stands for one that could not be read. Answers after the
/// commit that put them on disk.
pub async fn accept(app: &App, sender: Sender<'_>, beacons: Vec<Option<Beacon>>) -> Outcome {
    let now = app.now();
    app.counters.receive(count(beacons.len()));
    let agent = app.agents.read(sender.user_agent);
    let mut bodies = Vec::with_capacity(beacons.len());
    let mut hits = Vec::with_capacity(beacons.len());
    let mut refused = None;
    for beacon in beacons {
        match accept_one(app, now, sender, &agent, beacon) {
            Ok((hit, body)) => {
                bodies.push(body);
                hits.push(hit);
            }
            Err(reason) => {
                app.counters.count(reason, 1);
                refused.get_or_insert(reason);
            }
        }
    }
    if bodies.is_empty() {
        return Outcome { reason: refused.unwrap_or(Reason::Malformed), stored: 0 };
    }
    let stored = bodies.len();
    match app.store.inbox.append(bodies).await {
        Ok(()) => {
            app.counters.accept(count(stored));
            Outcome { reason: Reason::Stored, stored }
        }
        Err(_) => {
            app.counters.count(Reason::Unavailable, count(stored));
            for hit in hits {
                app.live.complete(hit.0, hit.1, |entry| {
                    entry.result = "refused";
                    entry.reason = Reason::Unavailable;
                });
            }
            Outcome { reason: Reason::Unavailable, stored: 0 }
        }
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// One hit through all rules; answers its place in the live ring and its row for the inbox.
fn accept_one(
    app: &App,
    now: Millis,
    sender: Sender<'_>,
    agent: &Agent,
    beacon: Option<Beacon>,
) -> Result<((AccountId, u64), Vec<u8>), Reason> {
    let mut beacon = beacon.ok_or(Reason::Malformed)?;
    if beacon.page_url.is_empty() {
        sender.referer.clone_into(&mut beacon.page_url);
    }
    let id = read::account_id(&beacon.account)?;
    let account = app.accounts.find(id).ok_or(Reason::UnknownAccount)?;
    let result = read_hit(app, now, sender, agent, &account, &beacon);
    match result {
        Ok(mut hit) => {
            hit.live = app.live.push(id, entry_of(&hit));
            let body = serde_json::to_vec(&hit).map_err(|_| Reason::Malformed)?;
            Ok(((id, hit.live), body))
        }
        Err(reason) => {
            app.live.push(id, refusal(now, reason, &beacon));
            Err(reason)
        }
    }
}

fn read_hit(
    app: &App,
    now: Millis,
    sender: Sender<'_>,
    agent: &Agent,
    account: &Arc<Account>,
    beacon: &Beacon,
) -> Result<Hit, Reason> {
    let consent = read::consent(beacon)?;
    if sender.do_not_track {
        return Err(Reason::DoNotTrack);
    }
    let act = read::act(beacon)?;
    if let Some(family) = &agent.bot {
        app.counters.count_bot(account.id(), account.zone.day_of(now), family);
        return Err(Reason::Bot);
    }
    let mut hit = read::hit(account, now, act, consent, beacon, &app.counters, &*app.random)?;
    if hit.foreign_host && account.settings().limit_to_domains {
        return Err(Reason::UnknownHost);
    }
    hit.device = agent.device.clone();
    if let Some(address) = sender.address {
        let facts = app.geo.lookup(address);
        hit.country = facts.country;
        hit.region = facts.region;
    }
    Ok(hit)
}

fn entry_of(hit: &Hit) -> live::Entry {
    let kind = match &hit.act {
        Act::PageView => "page_view",
        Act::Engagement { .. } => "engagement",
    };
    let source = match &hit.origin {
        crate::domain::source::Origin::Internal { .. } => String::new(),
        crate::domain::source::Origin::From(from) => from.source.as_str().to_owned(),
    };
    live::Entry {
        kind,
        result: "stored",
        page: hit.page.address(),
        source,
        country: hit.country.clone(),
        device: hit.device.class.as_str().to_owned(),
        ..live::Entry::refused(hit.at, Reason::Stored)
    }
    .with_consent(hit.consent)
}

/// A refusal for want of consent shows its time and reason only (rules.md 9).
fn refusal(now: Millis, reason: Reason, beacon: &Beacon) -> live::Entry {
    let entry = live::Entry::refused(now, reason);
    if matches!(reason, Reason::NoConsent | Reason::DoNotTrack) {
        return entry;
    }
    let page = crate::domain::page::Page::recorded(&beacon.page_url, None, None);
    live::Entry { page: page.map(|r| r.page.address()).unwrap_or_default(), ..entry }
}

/// Writes down the robots counted since the last call.
///
/// # Errors
/// The store's; what could not be written is lost from the count.
pub fn write_bots(app: &App) -> Result<(), store::Error> {
    let bots = app.counters.take_bots();
    if bots.is_empty() {
        return Ok(());
    }
    app.store.writer.write_blocking(move |conn| {
        for (account, day, family, hits) in &bots {
            store::bot::upsert(conn, *account, *day, family, *hits)?;
        }
        Ok(())
    })
}
