//! Closed days, and hits that arrive late for them.

use guestlog::base::clock::{DAY, HOUR, MINUTE, SECOND};
use guestlog::domain::account::AccountId;
use guestlog::domain::hit_reason::Reason;
use guestlog::store::scan::{Answer, Totals};
use guestlog::store::{Error, segment};
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
    (site.ask("select count(*) from event_hot"), site.ask("select coalesce(sum(rows), 0) from segment"))
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
    assert_eq!(site.asks::<i64>("select in_segment from session"), [1, 1]);
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
    assert_eq!(site.ask::<i64>("select count(*) from session"), 0, "only segments know it");

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
    let list = |conn: &guestlog::store::Connection| segment::list(conn, AccountId::FIRST, 0, i64::MAX);
    site.app.store.readers.read(list).unwrap().iter().map(|segment| segment.day).collect()
}
