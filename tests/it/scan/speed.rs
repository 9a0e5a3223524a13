//! A million hot rows; slow, so only with `GUESTLOG_SLOW=1`.

use std::sync::Arc;

use guestlog::base::clock::{DAY, MINUTE, RealClock};
use guestlog::domain::account::{AccountId, Settings};
use guestlog::domain::question::{Dimension, Filter};
use guestlog::store::account::Numbers;
use guestlog::store::dictionary::{Kind, join};
use guestlog::store::event::{Event, PAGE_VIEW};
use guestlog::store::scan::{self, Ask, Bounds, Deadline, Grouping, Key, Measure, Top};
use guestlog::store::session::Session;
use guestlog::store::{self, Connection, Error, Options, Store};

use super::history::Dice;

const SESSIONS: u32 = 250_000;
const EVENTS_EACH: u32 = 4;
const VISITORS: u32 = 100_000;
const PATHS: u32 = 20_000;
/// Most any of the questions may take of a processor.
const LIMIT_MS: u64 = 1_000;

/// Time this thread ran, whatever else the machine does.
fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse::<u64>().unwrap() / 1_000_000
}

fn fill(conn: &Connection) -> Result<AccountId, Error> {
    let settings = Settings::parse("Busy", &["a.test".into()], "UTC", "EUR").unwrap();
    let now = guestlog::base::clock::Millis(30 * DAY);
    let id = store::account::insert(conn, &settings, now)?;
    let mut dice = Dice::new(1);
    for n in 0..PATHS {
        store::dictionary::upsert(conn, id, Kind::Page, &join(&["a.test", &format!("/path/{n}"), ""]))?;
    }
    for n in 0..100 {
        store::dictionary::upsert(
            conn,
            id,
            Kind::Source,
            &join(&["REFERRALS", &format!("site{n}.test"), ""]),
        )?;
        store::dictionary::upsert(conn, id, Kind::Device, &join(&["desktop", &format!("B{n}"), "Linux"]))?;
        store::dictionary::upsert(conn, id, Kind::Place, &join(&[&format!("C{n}"), ""]))?;
    }
    let mut inbox_id = 0;
    for session in 1..=SESSIONS {
        let start_ms = i64::from(session) * 27 * DAY / i64::from(SESSIONS);
        let visitor = 1 + dice.below(VISITORS as usize) as u32;
        let mut one_of = |n: usize| 1 + dice.below(n) as u32;
        let row = Session {
            id: session,
            visitor,
            start_ms,
            last_ms: start_ms + 4 * MINUTE,
            source: one_of(100),
            referrer: 0,
            campaign: 0,
            device: one_of(100),
            screen: 3,
            language: 0,
            place: one_of(100),
            company: 0,
            is_new: one_of(2) == 1,
            switched: false,
            entry_page: one_of(PATHS as usize),
            exit_page: one_of(PATHS as usize),
            entry_ms: start_ms,
            exit_ms: start_ms,
            page_views: EVENTS_EACH,
            completions: 0,
            engaged_ms: 0,
        };
        store::session::upsert(conn, id, &row)?;
        for n in 0..EVENTS_EACH {
            inbox_id += 1;
            let row = Event {
                at_ms: start_ms + i64::from(n) * MINUTE,
                inbox_id,
                kind: PAGE_VIEW,
                visitor,
                session_id: session,
                page: one_of(PATHS as usize),
                title: 0,
                event: 0,
                value_minor: 0,
                consent: 15,
                policy: 1,
                engaged_ms: 1_000,
                foreign_host: false,
            };
            store::event::Statements::prepare(conn)?.insert(id, &row)?;
        }
    }
    let numbers = Numbers { visitor: VISITORS, session: SESSIONS, contact: 0, first_hit_ms: None };
    store::account::update_numbers(conn, id, numbers)?;
    Ok(id)
}

#[test]
fn a_million_hot_rows_are_scanned_in_less_than_a_second() {
    if std::env::var_os("GUESTLOG_SLOW").is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(RealClock);
    let options = Options { data_dir: dir.path().to_owned(), min_free: 0, readers: 1 };
    let store = Store::open(&options, Arc::<RealClock>::clone(&clock)).unwrap();
    let id = store.writer.write_blocking(fill).unwrap();
    let by = |key| Grouping::By(key, Top { by: Measure::Visitors, limit: 10, after: None, skip_empty: true });
    let dimension = |dimension| by(Key::Dimension(dimension));
    let days = Grouping::Steps((0..=30).map(|day| day * DAY).collect());
    let dashboard = [
        Grouping::Total,
        days,
        by(Key::SourceAndDetail),
        dimension(Dimension::Page),
        dimension(Dimension::Device),
        dimension(Dimension::Country),
    ];
    let filters = ["country:is:C1|C2|C3", "page:contains:7"].map(|text| Filter::parse(text).unwrap());
    for (name, groupings, filters) in [
        ("totals", &dashboard[..1], &[][..]),
        ("days", &dashboard[..2], &[]),
        ("pages", &dashboard[3..4], &[]),
        ("dashboard", &dashboard[..], &[]),
        ("dashboard with filters", &dashboard[..], &filters),
    ] {
        let ask = Ask {
            account: id,
            range_ms: 0..30 * DAY,
            filters,
            groupings,
            now: guestlog::base::clock::Millis(30 * DAY),
            deadline: Deadline::new(Arc::<RealClock>::clone(&clock)),
            bounds: Bounds::default(),
        };
        let from = cpu_ms();
        let answer = store.readers.read(|conn| scan::run(conn, &ask)).unwrap();
        let took = cpu_ms() - from;
        println!("{name}: {took} ms, {} passes, {:?}", answer.passes, answer.tables[0].rows[0].figures);
        // in a debug build only that it answers
        assert!(cfg!(debug_assertions) || took < LIMIT_MS, "{name}: {took} ms");
    }
}
