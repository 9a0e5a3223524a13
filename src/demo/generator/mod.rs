//! A believable history for demos, tests and benchmarks: hits of visitors who do not exist, folded by the very
//! rules real ones are. The same seed, numbers and end give the same store. Nothing of it lies in the future.

mod arrival;
mod crowd;
mod dice;
mod events;
mod hits;
mod people;
mod rhythm;
pub mod site;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};

use crate::app::core::App;
use crate::app::ingest::fold::{self, Cache};
use crate::app::jobs::close_days;
use crate::app::state::account_cache::Entry as Account;
use crate::base::clock::{HOUR, MINUTE, Millis};
use crate::domain::account::AccountId;
use crate::domain::hit::Hit;
use crate::domain::period::{Days, LocalDay};
use crate::store;
use crowd::Crowd;
use dice::{Dice, Weighted, rows, weight};
use events::Events;
pub use hits::Beacon;
use hits::Maker;
use people::{People, VISITORS_OF_CONTACT};
use rhythm::Slot;
use site::Site;

/// Most page views, days and visitors that are made at once.
pub const EVENTS_MAX: u64 = 100_000_000;
pub const DAYS_MAX: u32 = 3_660;
pub const VISITORS_MAX: u64 = 10_000_000;
/// Most page views a day one visitor can be made to look at.
pub const VIEWS_OF_VISITOR_MAX: u64 = 20;
/// Hits in one transaction.
const BATCH: usize = 10_000;
/// Batches made ahead of the fold.
const AHEAD: usize = 2;

/// What to make.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub account: AccountId,
    /// Page views.
    pub events: u64,
    /// Local days of the account; the last one is that of `end`.
    pub days: u32,
    pub visitors: u64,
    /// About so many contacts; as many as come about when not given.
    pub contacts: Option<u64>,
    pub seed: u64,
    /// Nothing happens at it or later.
    pub end: Millis,
}

/// What was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    pub page_views: u64,
    pub visits: u64,
    pub visitors: u64,
    pub contacts: u64,
    pub robots: u64,
    pub first: LocalDay,
    pub last: LocalDay,
    pub end: Millis,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no account {0}")]
    NoAccount(AccountId),
    #[error("{0}")]
    Numbers(String),
    #[error("some hits are waiting to be processed; start the server, stop it, and try again")]
    Waiting,
    #[error("stopped")]
    Stopped,
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The end of a history that ends today: the last full hour, so that two runs make the same; in the first hour
/// of a day the last full minute, so that today is there.
#[must_use]
pub fn end_for(app: &App, account: AccountId, now: Millis) -> Millis {
    let Some(entry) = app.accounts.find(account) else { return now };
    let today = entry.zone.start_of(entry.zone.day_of(now));
    let hour = now.plus(-now.0.rem_euclid(HOUR));
    if hour > today { hour } else { Millis((now.0 - now.0.rem_euclid(MINUTE)).max(today.plus(1).0)) }
}

/// A history that can go on: the demo's visitors come while it runs.
pub struct Story {
    crowd: Crowd,
    maker: Maker,
}

impl Story {
    /// One more visit that begins now: what the browser will send, each at its time, and none of it ahead.
    pub fn visit(&mut self, now: Millis) -> Vec<Beacon> {
        self.crowd.live_visit(now);
        let mut found = Vec::new();
        let maker = &self.maker;
        self.crowd.take(Millis(i64::MAX), |crowd, step| found.extend(maker.beacon(crowd, step)));
        found
    }
}

/// Fills an account. Nothing else may be accepting or folding meanwhile; blocks for as long as it takes.
///
/// # Errors
/// When there is no such account, the numbers cannot be, or the store's; what was folded by then stays.
pub fn run(app: &App, wanted: &Wanted, stop: &AtomicBool) -> Result<(Made, Story), Error> {
    let account = app.accounts.find(wanted.account).ok_or(Error::NoAccount(wanted.account))?;
    check(wanted)?;
    if app.store.inbox.last_id() != app.progress.watermark() {
        return Err(Error::Waiting);
    }
    let numbers = || app.store.readers.read(|conn| store::account::find_numbers(conn, wanted.account));
    let (salt, contacts_before) = numbers()?.map_or((0, 0), |numbers| (numbers.visitor, numbers.contact));
    let seed = wanted.seed ^ (u64::from(salt) << 32);
    let last = account.zone.day_of(wanted.end.plus(-1));
    let days = Days { first: last.plus(1 - i32::try_from(wanted.days).unwrap_or(i32::MAX)), last };
    let (views, visitors) = (wanted.events, wanted.visitors);
    let slots = rhythm::slots(seed, &account.zone, days, wanted.end, views, visitors);
    let start = account.zone.start_of(days.first);
    let site = Site::new(&origin(&account)).ok_or_else(|| no_site(&account))?;
    let people = People::new(seed, visitors, wanted.contacts);
    let mut events = Events::new();
    events.define(app, wanted.account)?;
    let mut story = Story {
        crowd: Crowd::new(seed, (site, people, events), start, u64::from(wanted.days), views, visitors),
        maker: Maker::new(wanted.account, account.settings().clone(), account.zone.clone(), salt),
    };
    let room = |room| app.store.writer.write_blocking(move |conn| store::set_room(conn, room));
    room(store::Room::Large)?;
    let page_views = fill(app, &account, &mut story, &slots, wanted, stop);
    room(store::Room::Usual)?;
    let page_views = page_views?;
    let robots = count_robots(app, wanted.account, seed, &slots)?;
    let (visits, visitors) = (story.crowd.visits, story.crowd.visitors());
    let contacts = numbers()?.map_or(0, |numbers| numbers.contact - contacts_before);
    let contacts = u64::try_from(contacts).unwrap_or(0);
    let made =
        Made { page_views, visits, visitors, contacts, robots, first: days.first, last, end: wanted.end };
    Ok((made, story))
}

fn check(wanted: &Wanted) -> Result<(), Error> {
    let within = |what: &str, value: u64, most: u64| {
        if (1..=most).contains(&value) {
            return Ok(());
        }
        Err(Error::Numbers(format!("{what} must be from 1 to {most}")))
    };
    within("--events", wanted.events, EVENTS_MAX)?;
    within("--days", u64::from(wanted.days), u64::from(DAYS_MAX))?;
    within("--visitors", wanted.visitors, VISITORS_MAX)?;
    let most = wanted.visitors / VISITORS_OF_CONTACT;
    if wanted.contacts.is_some_and(|contacts| contacts > most) {
        let text =
            format!("{} visitors can have at most {most} contacts; set more --visitors", wanted.visitors);
        return Err(Error::Numbers(text));
    }
    if wanted.visitors > wanted.events {
        return Err(Error::Numbers("each visitor views at least one page; set more --events".into()));
    }
    let most = wanted.visitors * u64::from(wanted.days) * VIEWS_OF_VISITOR_MAX;
    if wanted.events > most {
        let text = format!(
            "a visitor views at most {VIEWS_OF_VISITOR_MAX} pages a day, so there can be at most {most} page \
             views; set more --visitors"
        );
        return Err(Error::Numbers(text));
    }
    Ok(())
}

/// Scheme and host of the account's first site.
fn origin(account: &Account) -> String {
    let host = account.settings().domains.first().map_or("www.example.com", String::as_str);
    let local = host.split(':').next().is_some_and(|name| name == "localhost" || name.starts_with("127."));
    let scheme = if local || host.contains(':') { "http" } else { "https" };
    format!("{scheme}://{host}")
}

fn no_site(account: &Account) -> Error {
    Error::Numbers(format!("{} is not the address of a site", origin(account)))
}

/// Folds all hours, made on a thread of their own, and closes the days that are over; answers the page views.
fn fill(
    app: &App,
    account: &Account,
    story: &mut Story,
    slots: &[Slot],
    wanted: &Wanted,
    stop: &AtomicBool,
) -> Result<u64, Error> {
    std::thread::scope(|scope| {
        let (send, receive) = sync_channel(AHEAD);
        let (give_back, given_back) = channel();
        scope.spawn(move || tell(story, slots, wanted.end, &send, &given_back));
        let mut cache = Cache::default();
        let mut stored = 0;
        let mut day = slots.first().map(|slot| slot.day);
        for hits in receive {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            // As the fold would have at the time of the last of them.
            let Some(now) = hits.last().map(|hit| hit.received) else { continue };
            let (page_views, folded) = fold::fold_hits(app, &mut cache, now, hits)?;
            stored += page_views;
            // Whoever made the last ones may be done.
            let _ = give_back.send(folded);
            let today = Some(account.zone.day_of(now));
            if std::mem::replace(&mut day, today) != today {
                close_days::close_account(app, account, now)?;
            }
        }
        Ok(stored)
    })
}

/// Makes the hits of all hours, batch by batch; ends early when nobody takes them. What was folded comes back: memory
/// is let go by the thread that took it, else the fold would spend a tenth of its time on that.
fn tell(
    story: &mut Story,
    slots: &[Slot],
    end: Millis,
    send: &SyncSender<Vec<Hit>>,
    given_back: &Receiver<Vec<Hit>>,
) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut gone = false;
    for slot in slots {
        story.crowd.plan(slot, end);
        let maker = &mut story.maker;
        story.crowd.take(slot.end, |crowd, step| {
            batch.extend(maker.make(crowd, step));
            if batch.len() >= BATCH {
                let mut next = given_back.try_recv().unwrap_or_default();
                next.clear();
                gone |= send.send(std::mem::replace(&mut batch, next)).is_err();
            }
        });
        if gone {
            return;
        }
    }
    // Whoever stopped reading knows why.
    let _ = send.send(batch);
}

/// Robots left no rows, only counts by day and family.
fn count_robots(app: &App, account: AccountId, seed: u64, slots: &[Slot]) -> Result<u64, Error> {
    let families = rows(include_str!("data/robots.txt"));
    let families = Weighted::new(families.filter_map(|row| Some((weight(row.first()?), *row.get(1)?))));
    let dice = Dice::of(seed, 0xB075);
    let mut counts = std::collections::BTreeMap::<(LocalDay, &str), u64>::new();
    for slot in slots {
        // A few draws an hour stand for all of it, however many they are.
        for part in 0..slot.robots.min(8) {
            let share =
                slot.robots * (part + 1) / slot.robots.min(8) - slot.robots * part / slot.robots.min(8);
            *counts.entry((slot.day, *dice.pick(&families))).or_default() += share;
        }
    }
    let total = counts.values().sum();
    app.store.writer.write_blocking(move |conn| {
        for ((day, family), hits) in &counts {
            store::bot::upsert(conn, account, *day, family, *hits)?;
        }
        Ok::<_, store::Error>(())
    })?;
    Ok(total)
}
