//! Closed days, and hits that arrive late for them.

use std::sync::Arc;

use guestlog::app::access::Actor;
use guestlog::app::people::erase::visitor::erase_visitor;
use guestlog::base::clock::{DAY, HOUR, MINUTE, SECOND};
use guestlog::domain::account::AccountId;
use guestlog::domain::hit_reason::Reason;
use guestlog::domain::visitor::VisitorNumber;
use guestlog::store::scan::{Answer, Totals};
use guestlog::store::segment::close::{Closing, Unreadable};
use guestlog::store::{Connection, Error, event, segment};
use serde_json::{Value, json};

use crate::harness::site::{Site, with};
use crate::harness::totals::totals_of;

fn answer(site: &Site) -> (Totals, Answer) {
    let store = &site.app.store;
    store.readers.read(|conn| Ok::<_, Error>(totals_of(store, conn))).unwrap()
}

fn totals(site: &Site) -> Totals {
    let (figures, answer) = answer(site);
    assert!(answer.damaged.is_empty());
    figures
}

/// The number of hot rows and of rows in segments.
fn rows(site: &Site) -> (i64, i64) {
    (site.ask("select count(*) from event_unpacked"), site.ask("select coalesce(sum(rows), 0) from segment"))
}

fn engaged(page_view: &str, ms: u32) -> Value {
    json!({"a": 1_000_001, "k": "engagement", "vi": "ada", "pu": "https://example.com/", "pv": page_view, "ms": ms,
        "cc": 15})
}

/// rules.md 15, 18
#[actix_web::test]
async fn a_day_that_is_over_becomes_a_segment_and_what_comes_late_goes_into_it() {
    let mut site = Site::new().await;
    site.collect(&site.view("1", "ada", "https://example.com/")).await;
    site.collect(&site.view("2", "bob", "https://example.com/")).await;
    site.fold().await;
    site.close_days().await;
    assert_eq!(rows(&site), (2, 0), "the day goes on");

    site.clock.advance(13 * HOUR);
    site.close_days().await;
    assert_eq!(rows(&site), (0, 2));
    let closed = totals(&site);
    assert_eq!((closed.visitors, closed.sessions, closed.page_views, closed.bounces), (2, 2, 2, 2));

    // An hour of reading is reported once the browser is online again, and then repeated.
    site.collect(&engaged("1", 25_000)).await;
    site.collect(&engaged("1", 20_000)).await;
    site.fold().await;
    assert_eq!(totals(&site).bounces, 1, "at once");
    // Bob's second page view arrives half a day late.
    let late = with(site.view("3", "bob", "https://example.com/more"), "age", 13 * HOUR - 10 * MINUTE);
    site.collect(&late).await;
    site.fold().await;
    let open = totals(&site);
    assert_eq!((open.visitors, open.sessions, open.page_views, open.bounces), (2, 2, 3, 0));
    site.close_days().await;
    assert_eq!(rows(&site), (0, 3));
    assert_eq!(totals(&site), Totals { engaged_ms: 25_000, ..open });
    assert_eq!(site.asks::<i64>("select in_segment from session_unpacked"), [1, 1]);
    assert_eq!(site.ask::<i64>("select count(*) from late_engagement"), 0);

    // A repeated engagement or page view changes nothing.
    site.collect(&engaged("1", 25_000)).await;
    site.collect(&late).await;
    site.fold().await;
    site.close_days().await;
    assert_eq!(totals(&site), Totals { engaged_ms: 25_000, ..open });
    assert_eq!(site.count(Reason::Duplicate), 1);
    site.assert_that_all_are_counted().await;
}

/// rules.md 10, 18
#[actix_web::test]
async fn sessions_over_midnight_count_once_and_go_on() {
    let mut site = Site::new().await;
    site.clock.advance(11 * HOUR + 50 * MINUTE);
    site.collect(&site.view("1", "ada", "https://example.com/")).await;
    site.clock.advance(20 * MINUTE);
    site.collect(&site.view("2", "ada", "https://example.com/b")).await;
    site.fold().await;
    site.clock.advance(21 * MINUTE);
    site.close_days().await;
    assert_eq!(rows(&site), (2, 0), "the session goes on");
    site.clock.advance(10 * MINUTE);
    site.close_days().await;
    assert_eq!(rows(&site), (1, 1));
    let figures = totals(&site);
    assert_eq!((figures.visitors, figures.sessions, figures.page_views, figures.bounces), (1, 1, 2, 0));
    site.clock.advance(5 * DAY);
    site.close_days().await;
    assert_eq!(rows(&site), (0, 2));
    assert_eq!(totals(&site), figures);
    assert_eq!(site.ask::<i64>("select count(*) from session_unpacked"), 0, "only segments know it");

    site.clock.advance(SECOND);
    site.collect(&site.view("3", "ada", "https://example.com/")).await;
    site.fold().await;
    let after = totals(&site);
    assert_eq!((after.visitors, after.sessions, after.page_views), (1, 2, 3));
}

/// A day that cannot be read is reported and left out; the other days are counted.
#[actix_web::test]
async fn a_damaged_day_is_named_and_the_rest_goes_on() {
    let mut site = Site::new().await;
    for (id, visitor) in [("1", "ada"), ("2", "bob")] {
        site.collect(&site.view(id, visitor, "https://example.com/")).await;
        site.fold().await;
        site.clock.advance(DAY);
        site.close_days().await;
    }
    let days = segment_days(&site);
    assert_eq!(days.len(), 2);
    let damage = "update segment_column set data = cast(x'00' || substr(data, 2) as blob)
                  where id / 32 = (select min(id) from segment)";
    site.tamper(damage).await;
    let (figures, answer) = answer(&site);
    assert_eq!(answer.damaged, days[..1]);
    assert_eq!(figures.page_views, 1);
}

fn segment_days(site: &Site) -> Vec<guestlog::domain::period::LocalDay> {
    let list = |conn: &Connection| segment::list(conn, AccountId::FIRST, 0, i64::MAX);
    site.app.store.readers.read(list).unwrap().iter().map(|segment| segment.day).collect()
}

/// Closes days step by step. Between the reading and the writing of each step `meanwhile` gets its turn, with the number
/// of the step. Answers how many steps there were.
async fn close_with(site: &mut Site, mut meanwhile: impl AsyncFnMut(&mut Site, usize)) -> usize {
    let (app, now) = (Arc::clone(&site.app), site.app.now());
    let zone = site.app.accounts.find(site.account).unwrap().zone.clone();
    let mut unreadable = Unreadable::default();
    let mut closing = Closing::new(site.account, &zone, now, &mut unreadable);
    let mut steps = 0;
    while let Some(step) = app.store.readers.read(|conn| closing.prepare_next(conn)).unwrap() {
        meanwhile(site, steps).await;
        let written = app.store.writer.write(move |conn: &Connection| step.apply(conn));
        closing.follow(written.await.unwrap());
        steps += 1;
    }
    steps
}

/// Ada's page view of a day that is closed, and what comes late for it.
async fn closed_with_late_engagement() -> Site {
    let mut site = Site::new().await;
    site.collect(&site.view("1", "ada", "https://example.com/")).await;
    site.collect(&site.view("2", "bob", "https://example.com/")).await;
    site.fold().await;
    site.clock.advance(13 * HOUR);
    site.close_days().await;
    site.collect(&engaged("1", 20_000)).await;
    site.fold().await;
    site
}

/// Segments are made beside the writer. What is folded before they are written is neither lost nor counted twice.
#[actix_web::test]
async fn engagement_that_grows_while_a_segment_is_made_is_kept() {
    for late in 0..2 {
        let mut site = closed_with_late_engagement().await;
        let steps = close_with(&mut site, async |site: &mut Site, step| {
            if step == late {
                site.collect(&engaged("1", 30_000)).await;
                site.fold().await;
            }
        });
        assert_eq!(steps.await, 2, "the segment, and that its sessions are merged");
        assert_eq!(totals(&site).engaged_ms, 30_000);
        assert_eq!(site.asks::<i64>("select in_segment from session_unpacked order by id"), [2, 1]);
        assert_eq!(site.ask::<i64>("select engaged_ms from late_engagement"), 30_000);
        site.close_days().await;
        assert_eq!(totals(&site).engaged_ms, 30_000);
        assert_eq!(site.asks::<i64>("select in_segment from session_unpacked"), [1, 1]);
        assert_eq!(site.ask::<i64>("select count(*) from late_engagement"), 0);
    }
}

#[actix_web::test]
async fn a_visitor_who_is_erased_while_a_segment_is_made_does_not_come_back() {
    let mut site = closed_with_late_engagement().await;
    let steps = close_with(&mut site, async |site: &mut Site, step| {
        if step == 0 {
            let ada = site.ask::<u32>("select visitor from session_unpacked where in_segment = 2");
            erase_visitor(&site.app, Actor::Machine, site.account, VisitorNumber(ada)).await.unwrap();
        }
    });
    assert_eq!(steps.await, 1, "the segment was not written, so its sessions are not merged");
    let left = totals(&site);
    assert_eq!((left.visitors, left.page_views, left.engaged_ms), (1, 1, 0));
    site.close_days().await;
    assert_eq!(totals(&site), left);
}

/// It would be read again and named in the log every half minute.
#[actix_web::test]
async fn a_segment_that_cannot_be_brought_up_to_date_is_tried_once() {
    let site = closed_with_late_engagement().await;
    site.tamper("update segment_column set data = cast(x'00' || substr(data, 2) as blob) where id % 32 = 0")
        .await;
    let zone = site.app.accounts.find(site.account).unwrap().zone.clone();
    let id: i64 = site.ask("select id from segment");
    let mut unreadable = Unreadable::default();
    let mut closing = Closing::new(site.account, &zone, site.app.now(), &mut unreadable);
    drop(site.app.store.readers.read(|conn| closing.prepare_next(conn)).unwrap());
    assert_eq!(unreadable, Unreadable::from_iter([id]));
}

/// Page views of as many sessions that are over, on the day of `at_ms`. They have no rows in `session`, which is as if
/// those were deleted since.
async fn insert_rows(site: &Site, at_ms: i64, rows: u32) {
    let account = site.account;
    let insert = move |conn: &Connection| {
        let mut statements = event::Statements::prepare(conn)?;
        for n in 0..rows {
            let row = event::Event {
                at_ms: at_ms + i64::from(n % 10_000),
                inbox_id: -i64::from(n) - 1,
                kind: event::PAGE_VIEW,
                visitor: n + 1,
                session_id: n + 1,
                page: 1,
                title: 0,
                event: 0,
                value_minor: 0,
                consent: 1,
                policy: 0,
                engaged_ms: 0,
                foreign_host: false,
            };
            statements.insert(account, &row)?;
        }
        Ok::<_, Error>(())
    };
    site.app.store.writer.write(insert).await.unwrap();
}

#[actix_web::test]
async fn an_open_day_gets_a_segment_at_20_000_rows_and_not_one_less() {
    for (rows_of_day, wanted) in [(19_999, (19_999, 0)), (20_000, (0, 20_000))] {
        let site = Site::new().await;
        insert_rows(&site, site.app.now().0 - HOUR, rows_of_day).await;
        site.close_days().await;
        assert_eq!(rows(&site), wanted);
    }
}

/// So that no hit waits long for the writer.
#[actix_web::test]
async fn a_transaction_moves_20_000_rows_and_not_one_more() {
    for (rows_of_day, wanted) in [(20_000, 1), (20_001, 3)] {
        let mut site = Site::new().await;
        // The first closing also stores the time zone.
        site.close_days().await;
        insert_rows(&site, site.app.now().0 - 2 * DAY, rows_of_day).await;
        let steps = close_with(&mut site, async |_: &mut Site, _| {}).await;
        assert_eq!(steps, wanted, "two moves, and a third step that joins their segments");
        assert_eq!(rows(&site), (0, i64::from(rows_of_day)));
        assert_eq!(segment_days(&site).len(), 1);
    }
}

#[actix_web::test]
async fn segments_are_joined_up_to_250_000_rows_and_not_one_more() {
    let site = Site::new().await;
    insert_rows(&site, site.app.now().0 - 2 * DAY, 250_000).await;
    site.close_days().await;
    assert_eq!(site.asks::<i64>("select rows from segment"), [250_000]);
    insert_rows(&site, site.app.now().0 - 2 * DAY + MINUTE, 1).await;
    site.close_days().await;
    assert_eq!(site.asks::<i64>("select rows from segment order by id"), [250_000, 1]);
    insert_rows(&site, site.app.now().0 - 2 * DAY + 2 * MINUTE, 1).await;
    site.close_days().await;
    assert_eq!(site.asks::<i64>("select rows from segment order by id"), [250_000, 2]);
}
