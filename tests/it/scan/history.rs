//! Random histories: the facts as plain texts, and the same facts written to a real store.

use std::collections::BTreeMap;
use std::sync::Arc;

use guestlog::base::clock::{DAY, HOUR, MINUTE, ManualClock, Millis};
use guestlog::domain::account::{AccountId, Settings};
use guestlog::domain::click_id::ClickId;
use guestlog::domain::event::{Definition, EventKind};
use guestlog::domain::period::{Zone, parse_day};
use guestlog::domain::screen::ScreenClass;
use guestlog::domain::visitor::VisitorNumber;
use guestlog::store::account::Numbers;
use guestlog::store::contact::Contact;
use guestlog::store::dictionary::{Kind, join};
use guestlog::store::event::{COMPLETION, Event, PAGE_VIEW};
use guestlog::store::session::Session;
use guestlog::store::visitor::Visitor;
use guestlog::store::{self, Connection, Error, Options, Store};

use super::hit_history::close_all;

/// Random numbers from a seed.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5851_F42D_4C95_7F2D)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    pub(super) fn between(&mut self, from: i64, to: i64) -> i64 {
        from + (self.next() % (to - from).max(1) as u64) as i64
    }

    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(super) fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}

/// Host, path, query.
pub(super) type Page = [String; 3];

#[derive(Clone, Debug)]
pub(super) struct SessionFact {
    pub source: [String; 3],
    pub referrer: String,
    pub campaign: [String; 5],
    pub device: [String; 3],
    pub screen: ScreenClass,
    pub language: String,
    pub place: [String; 2],
    pub company: String,
    pub is_new: bool,
    pub suspected: bool,
    pub entry: Page,
    /// Of its last page view, over or not.
    pub last_page: Page,
    pub first_ms: i64,
    pub last_ms: i64,
    pub page_views: u32,
    pub completions: u32,
    pub engaged_ms: i64,
    pub click_id: ClickId,
}

impl SessionFact {
    /// What it is of, by chance; of an unknown company, with nothing in it yet.
    pub(super) fn drawn(dice: &mut Dice, at_ms: i64) -> Self {
        Self {
            source: dice.pick(&sources()),
            referrer: dice.pick(&REFERRERS).to_owned(),
            campaign: dice.pick(&campaigns()),
            device: dice.pick(&devices()),
            screen: dice.pick(&ScreenClass::ALL),
            language: dice.pick(&LANGUAGES).to_owned(),
            place: dice.pick(&places()),
            company: String::new(),
            is_new: false,
            suspected: dice.one_in(4),
            entry: Page::default(),
            last_page: Page::default(),
            first_ms: at_ms,
            last_ms: at_ms,
            page_views: 0,
            completions: 0,
            engaged_ms: 0,
            click_id: dice.pick(&click_ids()),
        }
    }
}

/// Most sessions have none.
pub(super) fn click_ids() -> Vec<ClickId> {
    let known = ["gclid", "fbclid", "srsltid"].map(|key| ClickId::parse(key).unwrap());
    [ClickId::NONE; 3].into_iter().chain(known).collect()
}

#[derive(Clone, Debug)]
pub(super) struct EventFact {
    pub at_ms: i64,
    pub is_view: bool,
    pub visitor: u32,
    /// Index into `sessions`; `None` for events sent by programs.
    pub session: Option<usize>,
    pub page: Page,
    pub event: String,
    pub value_minor: i64,
    /// Stored mask and the word for it.
    pub consent: (u8, &'static str),
    pub engaged_ms: u32,
}

#[derive(Clone, Debug)]
pub(super) struct AccountFact {
    pub id: AccountId,
    pub zone_name: &'static str,
    pub now: Millis,
    pub sessions: Vec<SessionFact>,
    pub events: Vec<EventFact>,
    /// Email by contact.
    pub contacts: BTreeMap<i64, String>,
    pub contact_of: BTreeMap<u32, i64>,
    pub visitors: u32,
}

fn texts<const N: usize>(of: [&str; N]) -> [String; N] {
    of.map(str::to_owned)
}

/// What histories are made of; few enough that filters meet.
pub(super) fn pages() -> Vec<Page> {
    let mut pages = Vec::new();
    for host in ["a.test", "www.a.test:8080", "b.example"] {
        for (path, query) in [
            ("/", ""),
            ("/pricing", ""),
            ("/pricing", "plan=Pro"),
            ("/Pricing", ""),
            ("/pricing/x|y%257Cz", ""),
            ("/blog/naïve", "q=1&x=2"),
            ("/!", ""),
        ] {
            pages.push(texts([host, path, query]));
        }
    }
    pages
}

pub(super) fn sources() -> Vec<[String; 3]> {
    [
        ["ORGANIC_SEARCH", "Google", "unknown keywords"],
        ["ORGANIC_SEARCH", "Bing", ""],
        ["REFERRALS", "news.example", "/a:b"],
        ["REFERRALS", "", ""],
        ["DIRECT_TRAFFIC", "a.test/", ""],
        ["SOCIAL_MEDIA", "Google", "x"],
    ]
    .into_iter()
    .map(texts)
    .collect()
}

pub(super) fn campaigns() -> Vec<[String; 5]> {
    [
        ["", "", "", "", ""],
        ["news", "email", "Spring|Sale", "", ""],
        ["news", "email", "autumn", "term a", ""],
        ["ads", "cpc", "autumn", "", "banner"],
        ["", "", "", "only term", ""],
    ]
    .into_iter()
    .map(texts)
    .collect()
}

pub(super) fn devices() -> Vec<[String; 3]> {
    [
        ["desktop", "Chrome", "Windows"],
        ["desktop", "Firefox", "Linux"],
        ["mobile", "Chrome", "Android"],
        ["tablet", "Safari", "iPadOS"],
        ["other", "", ""],
    ]
    .into_iter()
    .map(texts)
    .collect()
}

pub(super) fn places() -> Vec<[String; 2]> {
    [["NL", "Utrecht"], ["NL", ""], ["DE", "Hessen"], ["", ""], ["BE", "Limburg"], ["US", "Limburg"]]
        .into_iter()
        .map(texts)
        .collect()
}

pub(super) const REFERRERS: [&str; 4] = ["", "news.example/a:b|c", "google.com", "http://x.test/É"];
pub(super) const LANGUAGES: [&str; 4] = ["", "en-US", "nl", "de"];
pub(super) const COMPANIES: [&str; 4] = ["", "acme.example", "Müller GmbH", "initech.test"];
pub(super) const EVENTS: [&str; 3] = ["Checkout", "Sign up", "sale"];
const CONSENTS: [(u8, &str); 4] = [(15, "granted"), (2, "granted"), (31, "policy"), (32, "server")];

/// The same facts as an account of `zone_name`, around a day whose clock changes.
pub(super) fn invent(dice: &mut Dice, id: AccountId, zone_name: &'static str, day: &str) -> AccountFact {
    let middle = Zone::named(zone_name).start_of(parse_day(day).unwrap()).0;
    let (from, to) = (middle - 4 * DAY, middle + 4 * DAY);
    let mut account = AccountFact {
        id,
        zone_name,
        now: Millis(to),
        sessions: Vec::new(),
        events: Vec::new(),
        contacts: BTreeMap::new(),
        contact_of: BTreeMap::new(),
        visitors: 1 + dice.below(25) as u32,
    };
    for contact in 1..=dice.below(6) as i64 {
        let domain = if contact > 2 { "shop.test" } else { "example.test" };
        account.contacts.insert(contact, format!("person{contact}@{domain}"));
        // The visitor number of a contact for events sent by programs.
        account.visitors += 1;
        account.contact_of.insert(account.visitors, contact);
        let visitor = 1 + dice.below(account.visitors as usize) as u32;
        account.contact_of.entry(visitor).or_insert(contact);
    }
    let browsers = account.visitors;
    for _ in 0..dice.below(70) {
        let start = if dice.one_in(8) { to - dice.between(0, HOUR) } else { dice.between(from, to) };
        let visitor = 1 + dice.below(browsers as usize) as u32;
        add_session(dice, &mut account, start, visitor);
    }
    for _ in 0..dice.below(12) {
        let visitor = 1 + dice.below(account.visitors as usize) as u32;
        account.events.push(EventFact {
            at_ms: dice.between(from, to),
            is_view: false,
            visitor,
            session: None,
            page: if dice.one_in(3) { dice.pick(&pages()) } else { Page::default() },
            event: dice.pick(&EVENTS).to_owned(),
            value_minor: dice.between(-500, 5_000),
            consent: (32, "server"),
            engaged_ms: 0,
        });
    }
    account
}

fn add_session(dice: &mut Dice, account: &mut AccountFact, start: i64, first_visitor: u32) {
    let mut visitor = first_visitor;
    let mut at = start;
    let mut events = Vec::new();
    for n in 0..1 + dice.below(6) {
        if n > 0 {
            at += dice.between(1, 20 * MINUTE);
        }
        if n > 0 && dice.one_in(12) {
            // the token changes hands inside the session
            account.visitors += 1;
            visitor = account.visitors;
            if let Some(contact) = account.contacts.keys().next_back() {
                account.contact_of.insert(visitor, *contact);
            }
        }
        let is_view = n == 0 && !dice.one_in(10) || dice.one_in(2);
        // a late hit joins the session with a time before its start
        let at_ms = if dice.one_in(10) { at - dice.between(0, 5 * HOUR) } else { at };
        events.push(EventFact {
            at_ms,
            is_view,
            visitor,
            session: Some(account.sessions.len()),
            page: dice.pick(&pages()),
            event: if is_view { String::new() } else { dice.pick(&EVENTS).to_owned() },
            value_minor: if is_view { 0 } else { dice.between(-100, 1_000) },
            consent: dice.pick(&CONSENTS[..3]),
            engaged_ms: if is_view { dice.pick(&[0, 500, 9_999, 10_000, 40_000]) } else { 0 },
        });
    }
    let views: Vec<_> = events.iter().filter(|e| e.is_view).collect();
    let drawn = SessionFact::drawn(dice, start);
    account.sessions.push(SessionFact {
        company: dice.pick(&COMPANIES).to_owned(),
        is_new: dice.one_in(2),
        entry: views.first().map(|e| e.page.clone()).unwrap_or_default(),
        last_page: views.last().map(|e| e.page.clone()).unwrap_or_default(),
        first_ms: events.iter().map(|e| e.at_ms).fold(start, i64::min),
        last_ms: at,
        page_views: views.len() as u32,
        completions: (events.len() - views.len()) as u32,
        engaged_ms: events.iter().map(|e| i64::from(e.engaged_ms)).sum(),
        ..drawn
    });
    account.events.extend(events);
}

/// A store in a directory of its own, and accounts of the facts `invent` makes of the seed.
pub(super) struct World {
    pub store: Store,
    pub clock: Arc<ManualClock>,
    pub accounts: Vec<AccountFact>,
    pub dir: tempfile::TempDir,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self::of(Self::invent(seed))
    }

    fn invent(seed: u64) -> Vec<AccountFact> {
        let mut dice = Dice::new(seed);
        let zones = [
            ("Europe/Amsterdam", "2026-10-25"),
            ("Europe/Amsterdam", "2026-03-29"),
            ("America/New_York", "2026-03-08"),
            ("Australia/Lord_Howe", "2026-04-05"),
            ("Asia/Kolkata", "2026-06-01"),
        ];
        let accounts = (0..2).map(|n| {
            let (zone, day) = dice.pick(&zones);
            invent(&mut dice, AccountId(AccountId::FIRST.0 + n), zone, day)
        });
        accounts.collect()
    }

    /// The same history, with its days closed at random moments.
    pub(super) fn closed(seed: u64) -> Self {
        let accounts = Self::invent(seed);
        Self::build(accounts, move |conn, account| {
            write_closing(conn, account, &mut Dice::new(seed ^ 0xC105E))
        })
    }

    /// `of`, from inside a runtime.
    pub(super) fn of_blocking(accounts: Vec<AccountFact>) -> Self {
        std::thread::spawn(|| Self::of(accounts)).join().unwrap()
    }

    pub(super) fn of(accounts: Vec<AccountFact>) -> Self {
        Self::build(accounts, write)
    }

    fn build(
        accounts: Vec<AccountFact>,
        write: impl Fn(&Connection, &AccountFact) -> Result<(), Error> + Send + 'static,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(accounts[0].now);
        let options = Options { data_dir: dir.path().to_owned(), min_free: 0, readers: 2 };
        let store = Store::open(&options, Arc::<ManualClock>::clone(&clock)).unwrap();
        let written = accounts.clone();
        store
            .writer
            .write_blocking(move |conn| {
                for account in &written {
                    let name = format!("Account {}", account.id);
                    let settings =
                        Settings::parse(&name, &["a.test".into()], account.zone_name, "EUR").unwrap();
                    assert_eq!(store::account::insert(conn, &settings, account.now)?, account.id);
                }
                written.iter().try_for_each(|account| write(conn, account))
            })
            .unwrap();
        Self { store, clock, accounts, dir }
    }
}

/// Number of an event, made when there is none of that name; of no name 0.
fn event_number(conn: &Connection, id: AccountId, name: &str) -> Result<u32, Error> {
    if name.is_empty() {
        return Ok(0);
    }
    let known = store::definition::list_names(conn, id)?;
    if let Some((number, _)) = known.into_iter().find(|(_, known)| known == name) {
        return Ok(number);
    }
    let named = Definition::named(name, EventKind::Custom);
    Ok(store::definition::insert(conn, id, &named, "", Millis(0))?.0)
}

/// Dictionary id of the joined parts; of nothing but empty ones 0.
fn text(conn: &Connection, id: AccountId, kind: Kind, parts: &[&str]) -> Result<u32, Error> {
    if parts.iter().all(|p| p.is_empty()) {
        return Ok(0);
    }
    store::dictionary::upsert(conn, id, kind, &join(parts))
}

fn each<const N: usize>(of: &[String; N]) -> [&str; N] {
    of.each_ref().map(String::as_str)
}

fn write(conn: &Connection, account: &AccountFact) -> Result<(), Error> {
    write_people(conn, account)?;
    write_sessions(conn, account, &|_| true)?;
    write_events(conn, account, &(0..account.events.len()).collect::<Vec<_>>())?;
    write_numbers(conn, account)
}

fn write_numbers(conn: &Connection, account: &AccountFact) -> Result<(), Error> {
    let numbers = Numbers {
        visitor: account.visitors,
        session: account.sessions.len() as u32,
        contact: account.contacts.len() as i64,
        ..Numbers::default()
    };
    store::account::update_numbers(conn, account.id, numbers)
}

/// The events at these places.
fn write_events(conn: &Connection, account: &AccountFact, places: &[usize]) -> Result<(), Error> {
    let id = account.id;
    for place in places.iter().copied() {
        let event = &account.events[place];
        let row = Event {
            at_ms: event.at_ms,
            inbox_id: place as i64 + 1,
            kind: if event.is_view { PAGE_VIEW } else { COMPLETION },
            visitor: event.visitor,
            session_id: event.session.map_or(0, |s| s as u32 + 1),
            page: text(conn, id, Kind::Page, &each(&event.page))?,
            title: 0,
            event: event_number(conn, id, &event.event)?,
            value_minor: event.value_minor,
            consent: event.consent.0,
            policy: 0,
            engaged_ms: event.engaged_ms,
            foreign_host: false,
        };
        store::event::Statements::prepare(conn)?.insert(id, &row)?;
    }
    Ok(())
}

/// Writes events as they arrive, up to a day late, with days closed at random moments between: what the store
/// holds at the end is the same.
fn write_closing(conn: &Connection, account: &AccountFact, dice: &mut Dice) -> Result<(), Error> {
    let id = account.id;
    write_people(conn, account)?;
    let zone = Zone::named(account.zone_name);
    let first = account.events.iter().map(|event| event.at_ms).min().unwrap_or(account.now.0);
    let mut moments: Vec<i64> = (0..dice.below(8)).map(|_| dice.between(first, account.now.0)).collect();
    moments.push(account.now.0);
    moments.sort_unstable();
    let late_sessions: Vec<i64> = account
        .sessions
        .iter()
        .map(|_| if dice.one_in(2) { 0 } else { dice.between(0, 23 * HOUR) })
        .collect();
    let arrivals = account.events.iter().map(|event| {
        let late = event.session.map_or(0, |session| late_sessions[session]);
        event.at_ms + if dice.one_in(5) { dice.between(late, DAY) } else { late }
    });
    let arrivals: Vec<i64> = arrivals.map(|at| at.min(account.now.0)).collect();
    let mut before = i64::MIN;
    for now in moments {
        let places = |is: &dyn Fn(i64) -> bool| -> Vec<usize> {
            (0..account.events.len()).filter(|place| is(arrivals[*place])).collect()
        };
        let arrived = places(&|at| at > before && at <= now);
        write_events(conn, account, &arrived)?;
        write_known(conn, account, &arrived, &places(&|at| at <= now))?;
        before = now;
        if now < account.now.0 || dice.one_in(2) {
            close_all(conn, id, &zone, Millis(now))?;
        }
    }
    write_numbers(conn, account)
}

/// The sessions of the events that arrived, as far as the known events show them.
fn write_known(
    conn: &Connection,
    account: &AccountFact,
    arrived: &[usize],
    known: &[usize],
) -> Result<(), Error> {
    let mut seen = account.clone();
    for (place, session) in seen.sessions.iter_mut().enumerate() {
        let events: Vec<_> = known
            .iter()
            .map(|at| &account.events[*at])
            .filter(|event| event.session == Some(place))
            .collect();
        session.page_views = events.iter().filter(|event| event.is_view).count() as u32;
        session.completions = events.len() as u32 - session.page_views;
        let is_whole =
            events.len() == account.events.iter().filter(|event| event.session == Some(place)).count();
        // The fold never lets a session begin after an event of it.
        let first = events.iter().map(|event| event.at_ms).min().unwrap_or(session.first_ms);
        let last = events.iter().map(|event| event.at_ms).max().unwrap_or(session.last_ms);
        session.first_ms = if is_whole { first.min(session.first_ms) } else { first };
        session.last_ms = if is_whole { last.max(session.last_ms) } else { last };
    }
    let changed: Vec<u32> =
        arrived.iter().filter_map(|at| account.events[*at].session).map(|place| place as u32 + 1).collect();
    write_sessions(conn, &seen, &|session| changed.contains(&session.id))
}

fn write_people(conn: &Connection, account: &AccountFact) -> Result<(), Error> {
    let id = account.id;
    for (contact, email) in &account.contacts {
        let email = email.clone();
        let number = *account.contact_of.iter().find(|(_, c)| *c == contact).unwrap().0;
        let row = Contact {
            id: *contact,
            email: Some(email),
            external_id: None,
            number,
            created_ms: 0,
            first_ms: 0,
            last_ms: 0,
            source: 0,
        };
        store::contact::insert(conn, id, &row, false)?;
    }
    for number in 1..=account.visitors {
        let contact_id = account.contact_of.get(&number).copied();
        let visitor = Visitor { contact_id, last_ms: i64::MAX / 2, ..Visitor::new(VisitorNumber(number), 0) };
        store::visitor::upsert(conn, id, &visitor)?;
    }
    Ok(())
}

fn write_sessions(
    conn: &Connection,
    account: &AccountFact,
    is_wanted: &dyn Fn(&Session) -> bool,
) -> Result<(), Error> {
    let id = account.id;
    for (place, session) in account.sessions.iter().enumerate() {
        let row = Session {
            id: place as u32 + 1,
            // whose it is now
            visitor: account.events.iter().rfind(|e| e.session == Some(place)).unwrap().visitor,
            start_ms: session.first_ms,
            last_ms: session.last_ms,
            source: text(conn, id, Kind::Source, &each(&session.source))?,
            referrer: text(conn, id, Kind::Referrer, &[&session.referrer])?,
            campaign: text(conn, id, Kind::Campaign, &each(&session.campaign))?,
            device: text(conn, id, Kind::Device, &each(&session.device))?,
            screen: session.screen as u8,
            language: text(conn, id, Kind::Language, &[&session.language])?,
            place: text(conn, id, Kind::Place, &each(&session.place))?,
            company: text(conn, id, Kind::Company, &[&session.company])?,
            is_new: session.is_new,
            switched: false,
            suspected: session.suspected,
            entry_page: text(conn, id, Kind::Page, &each(&session.entry))?,
            exit_page: text(conn, id, Kind::Page, &each(&session.last_page))?,
            entry_ms: session.first_ms,
            exit_ms: session.last_ms,
            page_views: session.page_views,
            completions: session.completions,
            engaged_ms: session.engaged_ms,
            click_id: session.click_id.0,
        };
        if is_wanted(&row) {
            store::session::upsert(conn, id, &row)?;
        }
    }
    Ok(())
}
