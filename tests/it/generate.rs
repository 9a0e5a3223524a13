//! The history `generate` makes: the same for a seed, of the size asked for, by the rules, and never ahead of time.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use guestlog::app::ingest::accept;
use guestlog::app::ingest::fold::{self, Cache};
use guestlog::app::{App, core};
use guestlog::base::clock::{Clock, HOUR, ManualClock, Millis};
use guestlog::base::random::SeededRandom;
use guestlog::demo::generator::{self, Error, Options, Summary, VIEWS_OF_VISITOR_MAX};
use guestlog::domain::account::{AccountId, Settings};
use guestlog::domain::period::Zone;
use guestlog::domain::visitor::SESSION_IDLE;
use guestlog::geo::Geo;
use guestlog::store::{self, Store};

use crate::harness::unpacked::unpacked;

/// 2026-11-22T19:47:12Z, a Sunday evening.
const NOW: Millis = Millis(1_795_376_832_000);
const ZONE: &str = "Europe/Amsterdam";

fn app(dir: &Path) -> App {
    let clock: Arc<dyn Clock> = ManualClock::at(NOW);
    let options = store::Options { data_dir: dir.to_owned(), min_free: 0, readers: 1 };
    let store = Store::open(&options, Arc::clone(&clock)).unwrap();
    let geo = Geo::open(&[], dir);
    App::new(store, geo, clock, Arc::new(SeededRandom::new(1)), &core::Options::default()).unwrap()
}

fn app_with_account(dir: &Path) -> App {
    let app = app(dir);
    let settings = Settings::parse("Ostrel", &["www.ostrel.example".into()], ZONE, "EUR").unwrap();
    app.store.writer.write_blocking(move |conn| store::account::insert(conn, &settings, NOW)).unwrap();
    app
}

fn wanted(events: u64, days: u32, visitors: u64, seed: u64) -> Options {
    Options { account: AccountId::FIRST, events, days, visitors, contacts: None, seed, end: Some(NOW) }
}

fn make(app: &App, wanted: &Options) -> Summary {
    generator::run(app, wanted, &AtomicBool::new(false)).unwrap().0
}

fn count(conn: &rusqlite::Connection, sql: &str) -> i64 {
    conn.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Every row of every table, in order.
fn contents(dir: &Path) -> BTreeMap<String, Vec<String>> {
    let conn = unpacked(dir);
    let mut names = conn.prepare("select name from sqlite_schema where type = 'table'").unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let of = |name: &str| {
        let mut statement = conn.prepare(&format!("select * from \"{name}\"")).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            Ok((0..columns).map(|c| format!("{:?}", row.get_ref(c).unwrap())).collect::<Vec<_>>().join("|"))
        });
        let mut rows: Vec<String> = rows.unwrap().map(Result::unwrap).collect();
        rows.sort();
        rows
    };
    names.into_iter().map(|name| (name.clone(), of(&name))).collect()
}

fn made_in_a_new_store(wanted: &Options) -> (Summary, BTreeMap<String, Vec<String>>) {
    let dir = tempfile::tempdir().unwrap();
    let app = app_with_account(dir.path());
    let made = make(&app, wanted);
    app.store.close();
    (made, contents(dir.path()))
}

#[test]
fn the_same_seed_makes_the_same_store_and_another_one_another() {
    let (made, first) = made_in_a_new_store(&wanted(3_000, 30, 900, 7));
    let (again, second) = made_in_a_new_store(&wanted(3_000, 30, 900, 7));
    assert_eq!(made, again);
    for (table, rows) in &first {
        assert!(rows == &second[table], "{table} differs");
    }
    for table in
        ["event_hot", "session", "visitor", "visitor_token", "contact", "identification", "bot_day", "seen"]
    {
        assert!(!first[table].is_empty(), "{table} is empty");
    }
    let (_, other) = made_in_a_new_store(&wanted(3_000, 30, 900, 8));
    for table in ["event_hot", "session", "visitor_token", "bot_day"] {
        assert!(first[table] != other[table], "{table} does not follow the seed");
    }
}

#[test]
fn the_numbers_are_those_asked_for() {
    for (events, days, visitors) in [(1, 1, 1), (500, 1, 500), (4_000, 14, 1_000), (1_000, 10, 5)] {
        let dir = tempfile::tempdir().unwrap();
        let app = app_with_account(dir.path());
        let made = make(&app, &wanted(events, days, visitors, 3));
        app.store.close();
        let conn = unpacked(dir.path());
        let named = format!("{events} {days} {visitors}");
        let views = u64::try_from(count(&conn, "select count(*) from event_hot where kind = 1")).unwrap();
        let people = count(&conn, "select count(*) from visitor where no_browser = 0");
        let sessions = count(&conn, "select count(*) from session");
        assert_eq!(
            (made.page_views, made.visitors, made.visits),
            (views, visitors, u64::try_from(sessions).unwrap()),
            "{named}"
        );
        assert_eq!(people, i64::try_from(visitors).unwrap(), "{named}");
        assert!(views <= events && views * 100 >= events * 98, "{named}: {views}");
        assert_eq!(count(&conn, "select count(*) from dead_letter"), 0);
    }
}

/// Few sessions are suspected, and some come with a click id, so that a demo shows what reports say of both.
#[test]
fn a_history_has_suspected_robots_and_click_ids() {
    let dir = tempfile::tempdir().unwrap();
    let app = app_with_account(dir.path());
    make(&app, &wanted(6_000, 20, 1_800, 5));
    app.store.close();
    let conn = unpacked(dir.path());
    let sessions = count(&conn, "select count(*) from session");
    let suspected = count(&conn, "select count(*) from session where suspected = 1");
    assert!((sessions / 200..sessions / 40).contains(&suspected), "{suspected} of {sessions}");
    let kinds = count(&conn, "select count(distinct click_id) from session where click_id <> 0");
    let clicks = count(&conn, "select count(*) from session where click_id <> 0");
    assert!(kinds >= 6 && clicks > sessions / 20, "{kinds} kinds, {clicks} of {sessions}");
}

/// rules.md 10
#[test]
fn sessions_are_those_the_rule_cuts_from_the_views() {
    let dir = tempfile::tempdir().unwrap();
    let app = app_with_account(dir.path());
    make(&app, &wanted(6_000, 20, 1_200, 5));
    app.store.close();
    let conn = unpacked(dir.path());
    let mut statement = conn
        .prepare(
            "select visitor, at_ms, session_id from event_hot where session_id <> 0
             order by visitor, at_ms, inbox_id",
        )
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let hits: Vec<(i64, i64, i64)> = rows.map(Result::unwrap).collect();
    let mut sessions = 0;
    let mut longest = 0;
    let mut length = 0;
    let mut before: Option<(i64, i64, i64)> = None;
    for (visitor, at, session) in hits {
        let begins = before.is_none_or(|(who, then, _)| who != visitor || at - then >= SESSION_IDLE);
        let is_new = before.is_none_or(|(.., open)| open != session);
        assert_eq!(begins, is_new, "visitor {visitor} at {at}");
        length = if begins { 1 } else { length + 1 };
        longest = longest.max(length);
        sessions += i64::from(begins);
        before = Some((visitor, at, session));
    }
    assert_eq!(sessions, count(&conn, "select count(*) from session"));
    assert!(longest > 5, "visits have several pages");
    assert_eq!(
        count(
            &conn,
            "select count(*) from session s where page_views <>
            (select count(*) from event_hot e where e.session_id = s.id and kind = 1)"
        ),
        0
    );
    // rules.md 15: what was reported about views is what the sessions sum up.
    assert_eq!(
        count(
            &conn,
            "select count(*) from session s where engaged_ms <>
            (select sum(engaged_ms) from event_hot e where e.session_id = s.id)"
        ),
        0
    );
    assert_eq!(count(&conn, "select count(*) from session where is_new = 1"), 1_200);
}

#[test]
fn a_history_is_as_mixed_as_a_real_one() {
    let dir = tempfile::tempdir().unwrap();
    let app = app_with_account(dir.path());
    make(&app, &wanted(12_000, 60, 3_000, 2));
    app.store.close();
    let conn = unpacked(dir.path());
    let distinct = |what: &str| count(&conn, &format!("select count(distinct {what}"));
    let sources = distinct(
        "substr(value, 1, instr(value, char(31)) - 1)) from dictionary where kind = 4 and value not like 'OFFLINE%'",
    );
    assert_eq!(sources, 9, "all sources a browser can come from");
    assert!(distinct("page) from event_hot") > 300, "a long tail of pages");
    assert!(distinct("referrer) from session") > 100, "and of referrers");
    assert!(distinct("device) from session") >= 15 && distinct("place) from session") >= 30);
    assert!(distinct("consent) from event_hot where session_id <> 0") == 3);
    let completed = count(&conn, "select count(distinct event) from event_hot where kind = 2");
    assert_eq!(completed, count(&conn, "select count(*) from event_definition"), "every event");
    assert!(count(&conn, "select count(*) from event_hot where kind = 2 and session_id = 0") > 5);
    let worth = "select count(*) from event_hot where kind = 2 and value_minor > 0";
    assert!(count(&conn, worth) > 50 && count(&conn, "select sum(revenue_asserted_minor) from contact") > 0);
    let done = count(&conn, "select count(*) from event_hot where kind = 2");
    assert!((300..1_500).contains(&done), "{done}");
    assert!(count(&conn, "select count(*) from event_hot where consent = 15") > 1_000);
    assert!((20..200).contains(&count(&conn, "select count(*) from contact")));
    assert!(count(&conn, "select sum(hits) from bot_day") > 500);
    let engaged = count(&conn, "select count(*) from event_hot where engaged_ms > 0");
    assert!((9_500..11_500).contains(&engaged), "{engaged}");
    let bounced = count(&conn, "select count(*) from session where page_views = 1 and engaged_ms < 10000");
    let back = count(&conn, "select count(*) from session where is_new = 0");
    let all = count(&conn, "select count(*) from session");
    assert!(bounced * 100 > all * 25 && bounced * 100 < all * 50, "{bounced} of {all} bounced");
    assert!(back * 100 > all * 15 && back * 100 < all * 60, "{back} of {all} came back");
}

#[test]
fn as_many_contacts_are_made_as_were_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let app = app_with_account(dir.path());
    let made = make(&app, &Options { contacts: Some(500), ..wanted(8_000, 30, 2_000, 2) });
    app.store.close();
    let conn = unpacked(dir.path());
    assert_eq!(u64::try_from(count(&conn, "select count(*) from contact")), Ok(made.contacts));
    assert!((440..560).contains(&made.contacts), "{}", made.contacts);
    let known = count(&conn, "select count(*) from visitor where contact_id is not null and no_browser = 0");
    assert!(known >= i64::try_from(made.contacts).unwrap(), "{known}");
}

#[test]
fn nothing_happens_before_the_first_day_or_after_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let app = app_with_account(dir.path());
    let end = generator::end_today(&Zone::named(ZONE), NOW);
    assert_eq!(end, NOW.plus(-NOW.0.rem_euclid(HOUR)));
    let made = make(&app, &Options { end: None, ..wanted(2_000, 7, 600, 4) });
    app.store.close();
    let zone = Zone::named(ZONE);
    assert_eq!((made.last, made.last.0 - made.first.0), (zone.day_of(NOW), 6));
    let conn = unpacked(dir.path());
    for column in
        ["at_ms) from event_hot", "last_ms) from session", "last_ms) from visitor", "received_ms) from seen"]
    {
        assert!(count(&conn, &format!("select max({column}")) < end.0, "{column}");
    }
    assert!(count(&conn, "select min(at_ms) from event_hot") >= zone.start_of(made.first).0);
    assert!(count(&conn, "select max(at_ms) from event_hot") >= end.0 - 2 * HOUR, "it ends today");
    assert!(count(&conn, "select min(at_ms) from event_hot") < zone.start_of(made.first).0 + 10 * HOUR);
}

#[test]
fn the_end_is_the_last_full_hour_or_minute_of_today() {
    let zone = Zone::named(ZONE);
    let midnight = zone.start_of(zone.day_of(NOW));
    let end = |ms: i64| generator::end_today(&zone, midnight.plus(ms)).since(midnight);
    assert_eq!(end(HOUR), HOUR);
    assert_eq!(end(2 * HOUR - 1), HOUR);
    assert_eq!(end(HOUR - 1), 59 * 60_000);
    assert_eq!(end(0), 1, "at midnight itself one millisecond of today");
}

#[test]
fn what_is_accepted_after_a_history_is_folded_once() {
    let dir = tempfile::tempdir().unwrap();
    let app = app_with_account(dir.path());
    let made = make(&app, &wanted(400, 3, 100, 6));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let beacon = || {
        Ok(accept::beacon::Beacon {
            account: AccountId::FIRST.to_string().into(),
            kind: "1".into(),
            token: "f00d".into(),
            event_id: "real-1".into(),
            page_url: "https://www.ostrel.example/".into(),
            ..accept::beacon::Beacon::default()
        })
    };
    let sender = accept::Sender::default();
    let outcome = runtime.block_on(accept::accept(&app, sender, vec![beacon(), beacon()]));
    assert_eq!(outcome.stored, 2);
    // Waiting hits are not stepped over.
    let refused = generator::run(&app, &wanted(10, 1, 5, 1), &AtomicBool::new(false));
    assert!(matches!(refused, Err(Error::Waiting)));
    assert_eq!(runtime.block_on(fold::step(&app, &mut Cache::default())).unwrap(), 2);
    // And a second history in the same account is of other people.
    let second = make(&app, &wanted(400, 3, 100, 6));
    assert_eq!(app.store.inbox.last_id(), app.progress.watermark());
    app.store.close();
    let conn = unpacked(dir.path());
    let views = made.page_views + 1 + second.page_views;
    assert_eq!(count(&conn, "select count(*) from event_hot where kind = 1"), i64::try_from(views).unwrap());
    assert_eq!(count(&conn, "select count(*) from visitor where no_browser = 0"), 201);
    let watermark = count(&conn, "select watermark from meta");
    assert!(watermark >= count(&conn, "select max(inbox_id) from event_hot"));
}

#[test]
fn numbers_are_taken_at_their_limits_and_refused_past_them() {
    let dir = tempfile::tempdir().unwrap();
    let app = app_with_account(dir.path());
    let result = |wanted: Options| generator::run(&app, &wanted, &AtomicBool::new(true));
    // Stopped at once: the numbers were found good.
    let good = |events, days, visitors| {
        assert!(
            matches!(result(wanted(events, days, visitors, 1)), Err(Error::Stopped)),
            "{events} {days} {visitors}"
        );
    };
    let bad = |events, days, visitors| {
        assert!(
            matches!(result(wanted(events, days, visitors, 1)), Err(Error::Numbers(_))),
            "{events} {days} {visitors}"
        );
    };
    good(VIEWS_OF_VISITOR_MAX, 1, 1);
    bad(VIEWS_OF_VISITOR_MAX + 1, 1, 1);
    good(50, 1, 50);
    bad(50, 1, 51);
    good(50, generator::DAYS_MAX, 10);
    bad(50, generator::DAYS_MAX + 1, 10);
    bad(0, 1, 1);
    bad(1, 0, 1);
    bad(1, 1, 0);
    bad(generator::EVENTS_MAX + 1, 1, generator::VISITORS_MAX);
    bad(generator::EVENTS_MAX, 1, generator::VISITORS_MAX + 1);
    let contacts = |contacts| result(Options { contacts: Some(contacts), ..wanted(50, 1, 43, 1) });
    assert!(matches!(contacts(10), Err(Error::Stopped)));
    assert!(matches!(contacts(11), Err(Error::Numbers(_))));
    let nobody = Options { account: AccountId(5), ..wanted(1, 1, 1, 1) };
    assert!(matches!(result(nobody), Err(Error::NoAccount(_))));
}
