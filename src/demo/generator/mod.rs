//! Makes a believable history for demos, tests and benchmarks. `traffic_curve` divides the page views among
//! intervals of time, and `visits` plans the requests that browsers send in each of them. These are accepted and folded
//! by the same rules as real ones, as if it were the time they are planned for. The same seed, numbers and end give the
//! same store, and nothing in it lies in the future.

mod completions;
mod forms;
mod seeded_random;
pub mod site;
mod sources;
mod traffic_curve;
mod visitors;
mod visits;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use crate::app::core::App;
use crate::app::ingest::accept::{self, Sender};
use crate::app::ingest::fold::{self, Cache};
use crate::app::jobs::close_days::CloseJob;
use crate::app::state::account_cache::Entry as Account;
use crate::base::clock::{HOUR, MINUTE, Millis};
use crate::domain::account::AccountId;
use crate::domain::client_hints::ClientHints;
use crate::domain::hit::Hit;
use crate::domain::period::{Days, LocalDay, Zone};
use crate::store;
use completions::Events;
use seeded_random::{RandomStream, WeightedTable, number, rows};
use traffic_curve::Interval;
use visitors::{VISITORS_PER_CONTACT, Visitors};
pub use visits::BrowserRequest;
use visits::{Planned, Size, VisitPlanner};

/// Most page views, days and visitors of one history.
pub const EVENTS_MAX: u64 = 100_000_000;
pub const DAYS_MAX: u32 = 3_660;
pub const VISITORS_MAX: u64 = 10_000_000;
/// Most page views a day that one visitor can make.
pub const VIEWS_OF_VISITOR_MAX: u64 = 20;
/// Hits in one transaction.
const BATCH: usize = 10_000;
/// Batches made ahead of the fold.
const AHEAD: usize = 2;
/// Draws that decide the families of all robots of one interval.
const ROBOT_DRAWS: u64 = 8;

/// What to make.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub account: AccountId,
    /// Page views.
    pub events: u64,
    /// Local days of the account; the last one is that of `end`.
    pub days: u32,
    pub visitors: u64,
    /// About this many contacts; when not given, as many as sign up by chance.
    pub contacts: Option<u64>,
    pub seed: u64,
    /// Nothing happens at this time or later. When not given, the history ends today (`end_today`).
    pub end: Option<Millis>,
}

/// What was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
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

/// A history that can continue: while the demo runs, its visitors go on visiting.
pub struct Simulation(VisitPlanner);

impl Simulation {
    /// Starts one more visit now. Returns what the browser will send, in order of time.
    pub fn start_visit(&mut self, now: Millis) -> Vec<BrowserRequest> {
        let planned = self.0.plan_live_visit(now).into_iter();
        let requests = planned.filter_map(|planned| match planned {
            Planned::Request(request) => Some(request),
            Planned::Report(_) => None,
        });
        requests.collect()
    }
}

/// Fills an account with a history. Nothing else may accept or fold meanwhile. What was folded before an error or a stop
/// stays in the store.
pub fn run(app: &App, options: &Options, stop: &AtomicBool) -> Result<(Summary, Simulation), Error> {
    let account = app.accounts.find(options.account).ok_or(Error::NoAccount(options.account))?;
    let end = options.end.unwrap_or_else(|| end_today(&account.zone, app.now()));
    check(options, end, app.now())?;
    let origin = origin(&account)?;
    if app.store.inbox.last_id() != app.progress.watermark() {
        return Err(Error::Waiting);
    }
    let numbers = || app.store.readers.read(|conn| store::account::find_numbers(conn, options.account));
    let (number_offset, contacts_before) =
        numbers()?.map_or((0, 0), |numbers| (numbers.visitor, numbers.contact));
    let seed = options.seed ^ (u64::from(number_offset) << 32);
    let last = account.zone.day_of(end.plus(-1));
    let days = Days { first: last.plus(1 - i32::try_from(options.days).unwrap_or(i32::MAX)), last };
    let Options { events: page_views, visitors, days: day_count, .. } = *options;
    let intervals = traffic_curve::intervals(seed, &account.zone, days, end, page_views, visitors);
    let people = Visitors::new(seed, visitors, options.contacts);
    let events = Events::create(app, options.account)?;
    let time = (account.zone.start_of(days.first), end);
    let size = Size { page_views, visitors, days: day_count };
    let site = (Arc::clone(&account), origin, number_offset);
    let mut planner = VisitPlanner::new(site, seed, (people, events), time, size);
    let set_memory =
        |memory| app.store.writer.write_blocking(move |conn| store::set_writer_memory(conn, memory));
    set_memory(store::WriterMemory::Large)?;
    let page_views = fold_history(app, &account, &mut planner, &intervals, stop);
    set_memory(store::WriterMemory::Usual)?;
    let contacts = numbers()?.map_or(0, |numbers| numbers.contact - contacts_before);
    let summary = Summary {
        page_views: page_views?,
        visits: planner.visits,
        visitors: planner.visitor_count(),
        contacts: u64::try_from(contacts).unwrap_or(0),
        robots: count_robots(app, options.account, seed, &intervals)?,
        first: days.first,
        last,
        end,
    };
    Ok((summary, Simulation(planner)))
}

/// The end of a history that ends today: the last full hour, so that two runs within an hour make the same history. In
/// the first hour of a day it is the last full minute, so that today has a part of the history too.
#[must_use]
pub fn end_today(zone: &Zone, now: Millis) -> Millis {
    let today = zone.start_of(zone.day_of(now));
    let hour = now.plus(-now.0.rem_euclid(HOUR));
    if hour > today { hour } else { Millis((now.0 - now.0.rem_euclid(MINUTE)).max(today.plus(1).0)) }
}

fn check(options: &Options, end: Millis, now: Millis) -> Result<(), Error> {
    let Options { events, days, visitors, .. } = *options;
    let days = u64::from(days);
    let limits = [
        ("--events", events, EVENTS_MAX),
        ("--days", days, DAYS_MAX.into()),
        ("--visitors", visitors, VISITORS_MAX),
    ];
    let outside = limits.into_iter().find(|(_, value, most)| !(1..=*most).contains(value));
    let contacts_max = visitors / VISITORS_PER_CONTACT;
    let text = if let Some((name, _, most)) = outside {
        format!("{name} must be from 1 to {most}")
    } else if end > now {
        "a history cannot end in the future".to_owned()
    } else if options.contacts.is_some_and(|contacts| contacts > contacts_max) {
        format!("{visitors} visitors can have at most {contacts_max} contacts; set more --visitors")
    } else if visitors > events {
        "each visitor views at least one page; set more --events".to_owned()
    } else if events > visitors * days * VIEWS_OF_VISITOR_MAX {
        let most = visitors * days * VIEWS_OF_VISITOR_MAX;
        format!(
            "a visitor views at most {VIEWS_OF_VISITOR_MAX} pages a day, so there can be at most {most} page \
             views; set more --visitors"
        )
    } else {
        return Ok(());
    };
    Err(Error::Numbers(text))
}

/// Scheme and host of the account's first site.
fn origin(account: &Account) -> Result<String, Error> {
    let settings = account.settings();
    let host = settings.domains.first().map_or("www.example.com", String::as_str);
    if account.tracking().limit_to_domains && !settings.owns_host(host) {
        return Err(Error::Numbers(
            "the account accepts only hits of its own domains, and has no domain".to_owned(),
        ));
    }
    let is_local = host.split(':').next().is_some_and(|name| name == "localhost" || name.starts_with("127."));
    let scheme = if is_local || host.contains(':') { "http" } else { "https" };
    Ok(format!("{scheme}://{host}"))
}

/// Folds the hits of all intervals, which another thread makes, and closes the days that are over. Returns the page
/// views.
fn fold_history(
    app: &App,
    account: &Arc<Account>,
    planner: &mut VisitPlanner,
    intervals: &[Interval],
    stop: &AtomicBool,
) -> Result<u64, Error> {
    std::thread::scope(|scope| {
        let (send, receive) = sync_channel(AHEAD);
        scope.spawn(move || make_batches(app, account, planner, intervals, &send));
        let mut cache = Cache::default();
        let mut page_views = 0;
        let mut day = intervals.first().map(|interval| interval.day);
        for hits in receive {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            // The fold runs as if it were the time of the last hit.
            let Some(now) = hits.last().map(|hit: &Hit| hit.received) else { continue };
            page_views += fold::fold_hits(app, &mut cache, now, hits)?.0;
            let today = Some(account.zone.day_of(now));
            if std::mem::replace(&mut day, today) != today {
                CloseJob::default().close_account(app, account, now)?;
            }
        }
        Ok(page_views)
    })
}

/// Makes the hits of all intervals in batches, and ends early when nobody receives them.
fn make_batches(
    app: &App,
    account: &Arc<Account>,
    planner: &mut VisitPlanner,
    intervals: &[Interval],
    send: &SyncSender<Vec<Hit>>,
) {
    let mut batch = Vec::with_capacity(BATCH);
    for interval in intervals {
        for planned in planner.plan(interval) {
            batch.extend(accept(app, account, planned));
            if batch.len() >= BATCH && send.send(std::mem::take(&mut batch)).is_err() {
                return;
            }
        }
    }
    // The receiver knows itself why it stopped.
    let _ = send.send(batch);
}

/// The hit that the rules make of a request. The country is set here, because the request has no address.
fn accept(app: &App, account: &Arc<Account>, planned: Planned) -> Option<Hit> {
    let request = match planned {
        Planned::Request(request) => request,
        Planned::Report(hit) => return Some(hit),
    };
    let agent = app.user_agents.read(request.user_agent, &ClientHints::default());
    let sender = Sender::default();
    let hit = accept::read_hit(app, request.at, sender, &agent, account, &request.beacon).ok()?;
    Some(Hit { country: request.country.to_owned(), ..hit })
}

/// Robots leave no rows, only counts by day and family.
fn count_robots(app: &App, account: AccountId, seed: u64, intervals: &[Interval]) -> Result<u64, Error> {
    let families = rows(include_str!("data/robots.txt"));
    let families = WeightedTable::new(families.filter_map(|row| Some((number(row.first()?), *row.get(1)?))));
    let random = RandomStream::new(seed, 0xB075);
    let mut counts = BTreeMap::<(LocalDay, &str), u64>::new();
    for interval in intervals {
        let draws = interval.robots.min(ROBOT_DRAWS);
        for draw in 0..draws {
            let share = interval.robots * (draw + 1) / draws - interval.robots * draw / draws;
            *counts.entry((interval.day, random.pick(&families))).or_default() += share;
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
