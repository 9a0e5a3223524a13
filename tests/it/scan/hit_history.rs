//! Random histories that are sent to the product hit by hit and folded, while the clock is set, the time zone changes,
//! days are closed and the process dies. Beside the store they build the facts that a plain reading of the rules gives.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use guestlog::app::ingest::fold::{self, Cache};
use guestlog::app::jobs::close_days::CloseJob;
use guestlog::app::{App, core};
use guestlog::base::clock::{Clock, DAY, HOUR, MINUTE, ManualClock, Millis, SECOND};
use guestlog::base::random::SeededRandom;
use guestlog::domain::account::{AccountId, Settings};
use guestlog::domain::campaign::Campaign;
use guestlog::domain::consent::Consent;
use guestlog::domain::contact::{Identity, IdentityCheck};
use guestlog::domain::device::{Device, DeviceClass};
use guestlog::domain::hit::{Act, Hit};
use guestlog::domain::page;
use guestlog::domain::period::{Zone, parse_day};
use guestlog::domain::source::{Attribution, Origin, Source};
use guestlog::domain::visitor::Token;
use guestlog::geo::Geo;
use guestlog::store::segment::close::{Closing, Unreadable};
use guestlog::store::{self, MAIN_FILE, Store};
use proptest::prelude::*;
use rusqlite::Connection;

use super::history::{AccountFact, Dice, EventFact, Page, SessionFact, pages};

/// Time zones with days that are not 24 hours long or do not exist.
pub(super) const STARTS: [(&str, &str); 9] = [
    ("UTC", "2026-06-01"),
    ("Europe/Amsterdam", "2026-10-24"),
    ("Europe/Amsterdam", "2026-03-28"),
    ("America/New_York", "2026-03-07"),
    // half an hour
    ("Australia/Lord_Howe", "2026-04-04"),
    // no 30th of December
    ("Pacific/Apia", "2011-12-29"),
    // the 29th of February
    ("Asia/Kolkata", "2028-02-28"),
    ("Pacific/Kiritimati", "2026-12-31"),
    // midnight itself is left out
    ("America/Santiago", "2026-09-05"),
];

/// The clock is set back at most this far, because event ids older than two days are deleted on purpose.
const BACK_MAX: i64 = 20 * HOUR;
/// How long the ids of page views are used for further hits.
const AGAIN_FOR: i64 = 47 * HOUR;

#[derive(Clone, Debug)]
pub(super) enum Op {
    View {
        visitor: u8,
        page: u8,
        traits: u8,
        age: i64,
    },
    /// Engagement of the view this many before the last, sent this much later.
    Engage {
        back: u8,
        ms: u32,
    },
    /// The same view is sent again.
    Again {
        back: u8,
    },
    /// The clock advances, or is set.
    Clock {
        by: i64,
    },
    Zone {
        to: u8,
    },
    Close,
    /// The process ends while it closes days, after so many steps of SQLite.
    Die {
        after: u32,
    },
}

#[derive(Clone, Debug)]
pub(super) struct HitHistory {
    pub start: u8,
    pub ops: Vec<Op>,
}

/// Shrinks to fewer and simpler steps.
pub(super) fn hit_history(steps: usize) -> impl Strategy<Value = HitHistory> {
    let age = prop_oneof![4 => Just(0), 2 => 0..20 * MINUTE, 1 => 0..DAY];
    let by = prop_oneof![
        4 => SECOND..20 * MINUTE,
        3 => MINUTE..3 * HOUR,
        3 => HOUR..30 * HOUR,
        1 => DAY..4 * DAY,
        1 => -BACK_MAX..0,
    ];
    let engaged = prop_oneof![Just(500_u32), Just(9_999), Just(10_000), 0..1_800_000_u32];
    let op = prop_oneof![
        12 => (0..5_u8, 0..21_u8, any::<u8>(), age)
            .prop_map(|(visitor, page, traits, age)| Op::View { visitor, page, traits, age }),
        3 => (0..12_u8, engaged).prop_map(|(back, ms)| Op::Engage { back, ms }),
        1 => (0..12_u8).prop_map(|back| Op::Again { back }),
        7 => by.prop_map(|by| Op::Clock { by }),
        4 => Just(Op::Close),
        1 => (1..60_000_u32).prop_map(|after| Op::Die { after }),
        1 => (0..STARTS.len() as u8).prop_map(|to| Op::Zone { to }),
    ];
    (0..STARTS.len() as u8, prop::collection::vec(op, 1..steps))
        .prop_map(|(start, ops)| HitHistory { start, ops })
}

/// What is known of a visitor.
struct Known {
    last_ms: i64,
    session: usize,
}

/// A page view that was sent.
struct View {
    hit: Hit,
    event: usize,
}

/// The product, and the facts of the hits it was sent.
pub(super) struct Replay {
    pub facts: AccountFact,
    pub clock: Arc<ManualClock>,
    /// The latest time the clock has shown.
    pub latest: i64,
    app: Option<App>,
    cache: Cache,
    dirs: Vec<tempfile::TempDir>,
    known: HashMap<u8, Known>,
    views: Vec<View>,
    times: HashSet<(u8, i64)>,
    /// When each session had its entry and exit.
    edges: Vec<(i64, i64)>,
}

impl Replay {
    pub(super) fn begin(start: u8) -> Self {
        let (zone, day) = STARTS[start as usize];
        let now = Millis(Zone::named(zone).start_of(parse_day(day).unwrap()).0 + 9 * HOUR);
        let dir = tempfile::tempdir().unwrap();
        let mut replay = Self {
            facts: AccountFact {
                id: AccountId::FIRST,
                zone_name: zone,
                now,
                sessions: Vec::new(),
                events: Vec::new(),
                contacts: BTreeMap::new(),
                contact_of: BTreeMap::new(),
                visitors: 0,
            },
            clock: ManualClock::at(now),
            latest: now.0,
            app: None,
            cache: Cache::default(),
            dirs: vec![dir],
            known: HashMap::new(),
            views: Vec::new(),
            times: HashSet::new(),
            edges: Vec::new(),
        };
        replay.open();
        let settings = settings(zone);
        replay.write(move |conn| store::account::insert(conn, &settings, now).map(drop));
        replay
    }

    pub(super) fn app(&self) -> &App {
        self.app.as_ref().unwrap()
    }

    pub(super) fn dir(&self) -> &Path {
        self.dirs.last().unwrap().path()
    }

    fn open(&mut self) {
        self.app = Some(product(self.dir(), Arc::clone(&self.clock)));
        self.cache = Cache::default();
    }

    /// Ends the product; its files stay in `dir`.
    pub(super) fn end(&mut self) {
        self.app.take().unwrap().store.close();
    }

    /// Continues with the files that another process left.
    pub(super) fn go_on_in(&mut self, dir: tempfile::TempDir) {
        self.dirs.push(dir);
        self.open();
    }

    fn write(&self, job: impl FnOnce(&store::Connection) -> Result<(), store::Error> + Send + 'static) {
        self.app().store.writer.write_blocking(job).unwrap();
    }

    pub(super) fn close_days(&self) {
        close_days(self.app());
    }

    pub(super) fn apply(&mut self, op: &Op) {
        match *op {
            Op::View { visitor, page, traits, age } => self.view(visitor, page, traits, age),
            Op::Engage { back, ms } => self.engage(back, ms),
            Op::Again { back } => {
                if let Some(view) = self.recent(back) {
                    let hit = Hit { received: self.clock.now(), ..self.views[view].hit.clone() };
                    self.fold(hit);
                }
            }
            Op::Clock { by } => {
                let now = (self.clock.now().0 + by).max(self.latest - BACK_MAX);
                self.clock.set(Millis(now));
                self.latest = self.latest.max(now);
            }
            Op::Zone { to } => {
                self.facts.zone_name = STARTS[to as usize].0;
                let settings = settings(self.facts.zone_name);
                self.write(move |conn| store::account::update(conn, AccountId::FIRST, &settings));
            }
            Op::Close => self.close_days(),
            Op::Die { after } => self.die(after),
        }
        self.facts.now = Millis(self.latest);
    }

    fn fold(&mut self, hit: Hit) {
        let now = self.clock.now();
        let app = self.app.as_ref().unwrap();
        fold::fold_hits(app, &mut self.cache, now, vec![hit]).unwrap();
    }

    /// The index of the view this many before the last, if its id is certainly still known.
    fn recent(&self, back: u8) -> Option<usize> {
        let place = self.views.len().checked_sub(1 + back as usize)?;
        (self.latest - self.views[place].hit.received.0 < AGAIN_FOR).then_some(place)
    }

    fn view(&mut self, visitor: u8, page: u8, traits: u8, age: i64) {
        let received = self.clock.now();
        let mut at = received.0 - age;
        // In a segment, the page views of a session can be distinguished only by their times.
        while !self.times.insert((visitor, at)) {
            at -= 1;
        }
        let mut dice = Dice::new(u64::from(traits));
        let page = pages()[page as usize % pages().len()].clone();
        let is_new = !self.known.contains_key(&visitor);
        let known = self.known.entry(visitor).or_insert(Known { last_ms: at, session: usize::MAX });
        // rules.md 10
        if is_new || at - known.last_ms >= 30 * MINUTE {
            known.session = self.facts.sessions.len();
            self.facts.sessions.push(session(&mut dice, &page, at, is_new));
            self.edges.push((at, at));
        }
        known.last_ms = known.last_ms.max(at);
        let place = known.session;
        let event = EventFact {
            at_ms: at,
            is_view: true,
            visitor: u32::from(visitor),
            session: Some(place),
            page: page.clone(),
            event: String::new(),
            value_minor: 0,
            consent: dice.pick(&[(15, "granted"), (2, "granted"), (31, "policy")]),
            engaged_ms: 0,
        };
        let fact = &mut self.facts.sessions[place];
        fact.page_views += 1;
        (fact.first_ms, fact.last_ms) = (fact.first_ms.min(at), fact.last_ms.max(at));
        let (entry_ms, exit_ms) = &mut self.edges[place];
        if at < *entry_ms {
            (*entry_ms, fact.entry) = (at, page.clone());
        }
        if at >= *exit_ms {
            (*exit_ms, fact.last_page) = (at, page);
        }
        let id = format!("v{}", self.views.len());
        let hit = hit(&event, fact, &id, received);
        self.views.push(View { hit: hit.clone(), event: self.facts.events.len() });
        self.facts.events.push(event);
        self.fold(hit);
    }

    /// rules.md 15
    fn engage(&mut self, back: u8, ms: u32) {
        let Some(view) = self.recent(back) else { return };
        let View { hit, event } = &self.views[view];
        let page_view = hit.event_id.clone().unwrap();
        let now = self.clock.now();
        let act = Act::Engagement { page_view, engaged_ms: ms };
        let hit = Hit { act, event_id: None, received: now, at: now, ..hit.clone() };
        let event = &mut self.facts.events[*event];
        let rose = ms.saturating_sub(event.engaged_ms);
        event.engaged_ms += rose;
        self.facts.sessions[event.session.unwrap()].engaged_ms += i64::from(rose);
        self.fold(hit);
    }

    /// The files as they are after so many steps of SQLite while days are closed are what the next process finds.
    fn die(&mut self, after: u32) {
        self.end();
        let left = tempfile::tempdir().unwrap();
        close_until(self.dir(), left.path(), self.facts.zone_name, self.clock.now(), after);
        self.go_on_in(left);
    }
}

/// The product over the files of `dir`.
pub(super) fn product(dir: &Path, clock: Arc<ManualClock>) -> App {
    let options = store::Options { data_dir: dir.to_owned(), min_free: 0, readers: 1 };
    let store = Store::open(&options, Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
    let random = Arc::new(SeededRandom::new(1));
    App::new(store, Geo::open(&[], dir), clock, random, &core::Options::default()).unwrap()
}

pub(super) fn close_days(app: &App) {
    let account = app.accounts.find(AccountId::FIRST).unwrap();
    CloseJob::default().close_account(app, &account, app.now()).unwrap();
}

/// Closes days until `after` steps of SQLite are done, when the files are copied to `left`; at the end at last.
fn close_until(dir: &Path, left: &Path, zone: &str, now: Millis, after: u32) {
    let mut conn = Connection::open(dir.join(MAIN_FILE)).unwrap();
    conn.execute_batch("pragma synchronous = full; pragma secure_delete = on").unwrap();
    let mut steps = 0;
    let (from, to) = (dir.to_owned(), left.to_owned());
    let count = move || {
        steps += 1;
        if steps == after {
            copy(&from, &to);
        }
        steps >= after
    };
    conn.progress_handler(1, Some(count)).unwrap();
    let is_cut = close_all(&conn, AccountId::FIRST, &Zone::named(zone), now).is_err();
    drop(conn);
    if !is_cut {
        copy(dir, left);
    }
}

/// Every step of closing. Each is a transaction, or a part of the caller's.
pub(super) fn close_all(
    conn: &Connection,
    account: AccountId,
    zone: &Zone,
    now: Millis,
) -> Result<(), store::Error> {
    let mut unreadable = Unreadable::default();
    let mut closing = Closing::new(account, zone, now, &mut unreadable);
    while let Some(step) = closing.prepare_next(conn)? {
        conn.execute_batch("savepoint step")?;
        closing.follow(step.apply(conn)?);
        conn.execute_batch("release step")?;
    }
    Ok(())
}

/// Without what a process that ended leaves behind in the memory of the system alone.
pub(super) fn copy(from: &Path, to: &Path) {
    let files = std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path());
    let is_kept = |path: &PathBuf| path.is_file() && path.extension().is_none_or(|end| end != "db-shm");
    for file in files.filter(is_kept) {
        std::fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
}

fn settings(zone: &str) -> Settings {
    Settings::parse("Told", &["a.test".into()], zone, "EUR").unwrap()
}

/// rules.md 10: of the first stored hit.
fn session(dice: &mut Dice, page: &Page, at: i64, is_new: bool) -> SessionFact {
    SessionFact { is_new, entry: page.clone(), last_page: page.clone(), ..SessionFact::drawn(dice, at) }
}

fn hit(event: &EventFact, session: &SessionFact, id: &str, received: Millis) -> Hit {
    let [host, path, query] = event.page.clone();
    let [source, detail, detail_2] = session.source.clone();
    let [utm_source, medium, campaign, term, content] = session.campaign.clone();
    let [class, browser, os] = session.device.clone();
    let classes = [DeviceClass::Desktop, DeviceClass::Mobile, DeviceClass::Tablet, DeviceClass::Other];
    let [country, region] = session.place.clone();
    Hit {
        account: AccountId::FIRST,
        received,
        at: Millis(event.at_ms),
        act: Act::PageView,
        event_id: Some(id.to_owned()),
        visitor: Token::parse(&format!("visitor{}", event.visitor)),
        session_number: None,
        title: if path == "/" { String::new() } else { format!("Title of {path} {}", event.at_ms % 3) },
        page: page::Page { host, path, query },
        referrer: session.referrer.clone(),
        campaign: Campaign { source: utm_source, medium, campaign, term, content },
        origin: Origin::From(Attribution { source: Source::parse(&source).unwrap(), detail, detail_2 }),
        screen: session.screen,
        click_id: session.click_id,
        language: session.language.clone(),
        device: Device {
            class: classes.into_iter().find(|known| known.as_str() == class).unwrap(),
            browser,
            os,
        },
        country,
        region,
        consent: Consent(event.consent.0),
        policy: 3,
        identity: Identity::default(),
        live: 0,
        suspected: session.suspected,
        foreign_host: false,
        identity_check: IdentityCheck::default(),
    }
}
