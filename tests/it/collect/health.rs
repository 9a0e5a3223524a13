//! Health checks, metrics, and the minimum of free disk space.

use actix_web::test::TestRequest;
use guestlog::app::access::{Actor, tokens};
use guestlog::domain::hit_reason::Reason;
use guestlog::domain::user::Scope;
use guestlog::web::request::options::Options;

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

/// They say how much traffic all accounts have.
#[actix_web::test]
async fn metrics_are_for_this_machine_and_for_who_has_their_token() {
    let mut site = Site::new().await;
    let status = async |site: &Site, peer: &str, headers: &[(&str, &str)]| {
        let peer = format!("{peer}:1").parse().unwrap();
        let mut request =
            TestRequest::get().uri("/metrics").peer_addr(peer).insert_header(("host", "localhost"));
        for (name, value) in headers {
            request = request.insert_header((*name, *value));
        }
        site.call(request).await.status
    };
    let scopes = [Scope::ReportsRead, Scope::EventsWrite];
    let account = tokens::create(&site.app, Actor::Machine, site.account, "t", &scopes).await.unwrap().1;
    let of_account = format!("Bearer {}", account.reveal());
    assert_eq!(status(&site, "127.0.0.1", &[]).await, 200);
    for proxied in ["x-forwarded-for", "forwarded", "via", "x-real-ip"] {
        assert_eq!(status(&site, "127.0.0.1", &[(proxied, "x")]).await, 401, "{proxied}");
    }
    assert_eq!(status(&site, "203.0.113.7", &[]).await, 401);
    assert_eq!(status(&site, "203.0.113.7", &[("authorization", "Bearer 0123456789abcdef")]).await, 401);
    assert_eq!(status(&site, "203.0.113.7", &[("authorization", &of_account)]).await, 401);
    let token = Some("0123456789abcdef".to_owned());
    site.set_options(Options { metrics_token: token, ..Options::default() });
    assert_eq!(status(&site, "203.0.113.7", &[("authorization", "Bearer 0123456789abcdef")]).await, 200);
    assert_eq!(status(&site, "203.0.113.7", &[("authorization", "Bearer 0123456789abcdee")]).await, 401);
    assert_eq!(status(&site, "203.0.113.7", &[("authorization", &of_account)]).await, 401);
}
