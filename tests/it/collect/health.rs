//! Health checks, metrics, and the minimum of free disk space.

use guestlog::domain::hit_reason::Reason;

use crate::harness::site::{Site, Wanted};

const PAGE: &str = "https://example.com/a";

#[actix_web::test]
async fn alive_and_ready_are_two_questions() {
    let site = Site::new().await;
    assert_eq!((site.get("/healthz").await.status, site.get("/readyz").await.status), (200, 200));
    site.tamper("create trigger t before update on meta begin select raise(abort, 'cannot fold'); end").await;
    let answer = site.get("/readyz").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "2"));
    assert!(answer.text().contains("cannot fold"), "{}", answer.text());
    assert_eq!(site.get("/healthz").await.status, 200);
}

#[actix_web::test]
async fn below_the_floor_hits_are_sent_back_and_everything_else_answers() {
    let site = Site::with(Wanted { min_free: u64::MAX, ..Wanted::default() }).await;
    let ready = site.get("/readyz").await;
    assert_eq!((ready.status, ready.header("retry-after")), (503, "2"));
    assert_eq!(ready.text(), "not ready: less disk space is free than [store] min_free\n");
    for _ in 0..3 {
        let answer = site.collect(&site.view("e", "ab", PAGE)).await;
        assert_eq!((answer.status, answer.reason()), (503, "unavailable"));
        assert_eq!(answer.header("retry-after"), "2");
        assert_eq!(answer.header("access-control-expose-headers"), "X-Guestlog, Retry-After");
    }
    let gif = site.gif(&[("a", "1000001"), ("k", "1"), ("vi", "ab"), ("pu", PAGE)]).await;
    assert_eq!((gif.status, gif.reason()), (503, "unavailable"));
    assert_eq!((site.get("/healthz").await.status, site.get("/1000001.js").await.status), (200, 200));
    assert_eq!(site.count(Reason::Unavailable), 4);
    site.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn the_sum_of_the_counters_is_what_was_received() {
    let mut site = Site::new().await;
    site.collect(&site.view("1", "ab", PAGE)).await;
    site.assert_that_all_are_counted().await;
    site.fold().await;
    site.collect(&site.view("1", "ab", PAGE)).await;
    site.collect_bytes("nonsense").await;
    site.collect(&serde_json::json!([site.view("2", "ab", PAGE), 7, {"a": 5}])).await;
    site.assert_that_all_are_counted().await;
    site.fold().await;
    site.assert_that_all_are_counted().await;
    let text = site.get("/metrics").await.text();
    for line in [
        "guestlog_hits_received_total 6",
        "guestlog_hits_accepted_total 3",
        "guestlog_hits_waiting 0",
        "guestlog_hits_total{reason=\"stored\"} 2",
        "guestlog_hits_total{reason=\"duplicate\"} 1",
        "guestlog_hits_total{reason=\"malformed\"} 2",
        "guestlog_hits_total{reason=\"unknown_account\"} 1",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
}
