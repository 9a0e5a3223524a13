//! How long a page view was visible (rules.md 15): whose report counts, and what a late one costs.

use guestlog::base::clock::DAY;
use guestlog::domain::hit_reason::Reason;
use serde_json::{Value, json};

use crate::harness::site::{Site, with};

fn engaged(visitor: &str, page_view: &str, ms: u32) -> Value {
    json!({"a": 1_000_001, "k": "engagement", "vi": visitor, "pu": "https://example.com/", "pv": page_view, "ms": ms,
        "cc": 15})
}

/// A day's segment costs far more to read than a page view costs to fold, and whoever knows the id of one page view
/// could ask for it with every hit of a batch.
#[actix_web::test]
async fn a_late_engagement_reads_no_segment() {
    let mut site = Site::new().await;
    for id in ["1", "2"] {
        site.collect(&site.view(id, "ada", "https://example.com/")).await;
    }
    site.collect(&engaged("ada", "1", 5_000)).await;
    site.fold().await;
    site.clock.advance(DAY);
    site.close_days().await;
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked"), 0);
    site.tamper("update segment_column set data = cast(x'00' || substr(data, 2) as blob)").await;
    for (view, ms) in [("1", 4_000), ("1", 5_000), ("2", 0), ("1", 9_000), ("1", 7_000), ("2", 3_000)] {
        site.collect(&engaged("ada", view, ms)).await;
        site.fold().await;
    }
    site.collect(&json!([engaged("ada", "2", 3_500), engaged("ada", "2", 3_200)])).await;
    site.fold().await;
    assert_eq!(site.count(Reason::DeadLetter), 0);
    assert_eq!(site.asks::<i64>("select engaged_ms from late_engagement order by 1"), [9_000]);
    assert_eq!(site.ask::<i64>("select engaged_ms from session_unpacked"), 12_500);
    site.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn only_the_visitor_of_a_page_view_says_how_long_it_was_visible() {
    let mut site = Site::new().await;
    let sums = ["select sum(engaged_ms) from event_unpacked", "select sum(engaged_ms) from session_unpacked"];
    // In the batch of the page view, and after it.
    site.collect(&json!([site.view("1", "ada", "https://example.com/"), engaged("eve", "1", 60_000)])).await;
    site.fold().await;
    site.collect(&engaged("eve", "1", 60_000)).await;
    site.fold().await;
    assert_eq!(sums.map(|sum| site.ask::<i64>(sum)), [0, 0]);
    assert_eq!(site.count(Reason::UnknownPageView), 2);
    site.collect(&engaged("ada", "1", 8_000)).await;
    site.fold().await;
    assert_eq!(sums.map(|sum| site.ask::<i64>(sum)), [8_000, 8_000]);
    // The day is closed.
    site.clock.advance(DAY);
    site.close_days().await;
    site.collect(&engaged("eve", "1", 60_000)).await;
    site.fold().await;
    assert_eq!(site.ask::<i64>("select count(*) from late_engagement"), 0);
    assert_eq!(site.count(Reason::UnknownPageView), 3);
    site.assert_that_all_are_counted().await;
}

/// rules.md 12: the browser goes on under another number, and reports the earlier page when it is left.
#[actix_web::test]
async fn a_browser_that_changes_hands_still_reports_its_earlier_page_views() {
    let mut site = Site::new().await;
    let is = |view: Value, email: &str| with(view, "i", json!({"email": email}));
    site.collect(&is(site.view("1", "ada", "https://example.com/"), "ada@example.test")).await;
    site.collect(&is(site.view("2", "ada", "https://example.com/b"), "bob@example.test")).await;
    site.fold().await;
    assert_eq!(site.ask::<i64>("select count(distinct visitor) from event_unpacked"), 2);
    site.collect(&engaged("ada", "1", 8_000)).await;
    site.fold().await;
    assert_eq!(site.asks::<i64>("select engaged_ms from event_unpacked order by inbox_id"), [8_000, 0]);
}

#[actix_web::test]
async fn a_completion_was_never_visible() {
    let mut site = Site::new().await;
    let sale = site.completion("1", "ada", "Sale", 1);
    site.collect(&json!([sale, engaged("ada", "1", 8_000)])).await;
    site.fold().await;
    site.collect(&engaged("ada", "1", 9_000)).await;
    site.fold().await;
    assert_eq!(site.ask::<i64>("select sum(engaged_ms) from event_unpacked"), 0);
    assert_eq!(site.ask::<i64>("select sum(engaged_ms) from session_unpacked"), 0);
    assert_eq!(site.count(Reason::UnknownPageView), 2);
}
