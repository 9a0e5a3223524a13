//! Page views of visitors who did not consent, counted in totals (rules.md 41): what is taken, and what is not.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use guestlog::app::access::{Actor, accounts, counting};
use guestlog::app::ingest::count_anonymously::BODY_MAX;
use guestlog::app::jobs::retention::delete_days;
use guestlog::app::state::rate_limit::BURST_SECONDS;
use guestlog::base::clock::{DAY, HOUR};
use guestlog::domain::consent::counting::{Counting, OTHER, PAGES_MAX, SOURCES_MAX, View};
use guestlog::domain::exclusions::{Exclusions, parse_addresses, parse_referrers};
use guestlog::domain::hit_reason::Reason;
use guestlog::domain::period::LocalDay;
use guestlog::domain::retention::Retention;
use guestlog::domain::tracking::Tracking;
use guestlog::store;
use serde_json::{Value, json};

use crate::harness::site::{Answer, FIREFOX, Site, VISITOR, Wanted};

const TOTALS: &str = "select views || ' ' || sessions from anonymous_day order by day";

async fn switch(site: &Site, is_on: bool) {
    let change = move |counting: &mut Counting| counting.anonymous = is_on;
    counting::update(&site.app, Actor::Machine, site.account, change).await.unwrap();
}

async fn counting_site() -> Site {
    let site = Site::new().await;
    switch(&site, true).await;
    site
}

fn request(body: impl Into<actix_web::web::Bytes>) -> TestRequest {
    TestRequest::default()
        .method(Method::POST)
        .uri("/1000001/count")
        .insert_header(("content-type", "text/plain"))
        .set_payload(body.into())
}

async fn count(site: &Site, view: &Value) -> Answer {
    site.call(request(view.to_string()).insert_header(("user-agent", FIREFOX))).await
}

fn entry(page: &str, referrer: &str) -> Value {
    json!({"page": page, "entry": true, "referrer": referrer})
}

/// part, value, views and sessions of every total.
fn totals(site: &Site) -> Vec<String> {
    site.asks(
        "select part || ' ' || value || ' ' || views || ' ' || sessions from anonymous_count order by 1",
    )
}

fn assert_nothing_stored(site: &Site) {
    for table in ["anonymous_day", "anonymous_count", "visitor", "session", "event_hot", "dictionary"] {
        assert_eq!(site.ask::<i64>(&format!("select count(*) from {table}")), 0, "{table}");
    }
}

/// rules.md 41
#[actix_web::test]
async fn nothing_is_counted_unless_the_account_wants_it() {
    let site = Site::new().await;
    let view = entry("https://example.com/", "");
    let answer = count(&site, &view).await;
    assert_eq!((answer.status, answer.reason()), (204, "no_consent"));
    switch(&site, true).await;
    switch(&site, false).await;
    assert_eq!(count(&site, &view).await.reason(), "no_consent");
    let strange = request(view.to_string()).uri("/1000002/count").insert_header(("user-agent", FIREFOX));
    assert_eq!(site.call(strange).await.reason(), "unknown_account");
    assert_nothing_stored(&site);
    assert_eq!(
        site.asks::<String>("select detail from audit where action = 'consent.counting' order by id"),
        [r#"{"anonymous":true,"asked":false}"#, r#"{"anonymous":false,"asked":false}"#]
    );
    site.assert_that_all_are_counted().await;
}

/// rules.md 41
#[actix_web::test]
async fn a_view_is_in_totals_that_say_nothing_of_each_other_and_makes_no_visitor() {
    let mut site = counting_site().await;
    let first =
        count(&site, &entry("https://example.com/shop?q=secret#x", "https://www.news.test/story?ref=ann"))
            .await;
    assert_eq!((first.status, first.reason()), (204, "counted_anonymously"));
    assert_eq!((first.header("access-control-allow-origin"), first.header("set-cookie")), ("*", ""));
    for view in [
        json!({"page": "https://example.com/ann@example.test/"}),
        entry("https://shop.test/", ""),
        entry("https://example.com/shop", "https://example.com/"),
        entry("https://example.com/shop", "https://shop.test/"),
    ] {
        assert_eq!(count(&site, &view).await.reason(), "counted_anonymously");
    }
    site.fold().await;
    assert_eq!(site.asks::<String>(TOTALS), ["5 2"]);
    assert_eq!(
        totals(&site),
        [
            "country  5 2",
            "device desktop 5 2",
            "page example.com/[email] 1 0",
            "page example.com/shop 3 1",
            "page shop.test/ 1 1",
            "source  1 1",
            "source news.test 1 1",
        ]
    );
    for table in ["visitor", "session", "event_hot", "dictionary", "seen"] {
        assert_eq!(site.ask::<i64>(&format!("select count(*) from {table}")), 0, "{table}");
    }
    assert_eq!(site.count(Reason::CountedAnonymously), 5);
    site.assert_that_all_are_counted().await;
    let live = site.app.live.list(site.account, 0, 10);
    assert!(live.iter().all(|hit| hit.page.is_empty() && hit.visitor.is_none()), "time and reason only");
    let site = site.restart().await;
    assert_eq!(site.asks::<String>(TOTALS), ["5 2"], "what was answered is on disk");
    let account = site.app.accounts.find(site.account).unwrap();
    assert!(account.counting().anonymous);
}

/// rules.md 41
#[actix_web::test]
async fn forged_and_broken_requests_are_refused() {
    let site = counting_site().await;
    let page = "https://example.com/";
    for (body, status) in [
        (String::new(), 400),
        ("[]".into(), 400),
        ("{}".into(), 400),
        (json!([{"page": page}]).to_string(), 400),
        (json!({"page": page, "vi": "0123456789abcdef0123456789abcdef"}).to_string(), 400),
        (json!({"page": page, "id": "x"}).to_string(), 400),
        (json!({"page": page, "title": "A page"}).to_string(), 400),
        (json!({"page": page, "entry": 1}).to_string(), 400),
        (json!({"page": page, "referrer": null}).to_string(), 400),
        (json!({"page": "example.com"}).to_string(), 400),
        (json!({"page": "javascript:alert(1)"}).to_string(), 400),
        (json!({"page": format!("{page}{}", "a".repeat(8 * 1024))}).to_string(), 413),
    ] {
        let answer = site.call(request(body.clone()).insert_header(("user-agent", FIREFOX))).await;
        assert_eq!(answer.status, status, "{body}");
    }
    let padded = |len: usize| {
        let body = json!({"page": page}).to_string();
        format!("{body}{}", " ".repeat(len - body.len()))
    };
    assert_nothing_stored(&site);
    let at = site.call(request(padded(BODY_MAX)).insert_header(("user-agent", FIREFOX))).await;
    assert_eq!((at.status, at.reason()), (204, "counted_anonymously"));
    let past = site.call(request(padded(BODY_MAX + 1)).insert_header(("user-agent", FIREFOX))).await;
    assert_eq!((past.status, past.reason()), (413, "too_large"));
    assert_eq!(site.asks::<String>(TOTALS), ["1 0"]);
    assert_eq!(site.call(TestRequest::get().uri("/1000001/count")).await.status, 405);
    site.assert_that_all_are_counted().await;
}

/// rules.md 41
#[actix_web::test]
async fn what_is_left_out_of_hits_is_left_out_here() {
    let site = Site::with(Wanted { limit_to_domains: true, ..Wanted::default() }).await;
    switch(&site, true).await;
    let view = entry("https://example.com/", "").to_string();
    let from = |agent| request(view.clone()).insert_header(("user-agent", agent));
    let marked = from(FIREFOX).insert_header(("cookie", "a=1; __hs_do_not_track=yes"));
    assert_eq!(site.call(marked).await.reason(), "do_not_track");
    let robot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
    assert_eq!(site.call(from(robot)).await.reason(), "bot");
    assert_eq!(count(&site, &entry("https://elsewhere.test/", "")).await.reason(), "unknown_host");
    let tracking = Tracking { limit_to_domains: true, ..Tracking::default() };
    let set = async |addresses: &str, referrers: &str| {
        let exclusions = Exclusions {
            addresses: parse_addresses(addresses).unwrap(),
            referrers: parse_referrers(referrers).unwrap(),
            ..Exclusions::default()
        };
        accounts::update_tracking(&site.app, Actor::Machine, site.account, tracking, exclusions)
            .await
            .unwrap();
    };
    set(VISITOR, "").await;
    assert_eq!(site.call(from(FIREFOX)).await.reason(), "excluded_address");
    set("", "spam.test").await;
    let spam = entry("https://example.com/", "https://www.spam.test/");
    assert_eq!(count(&site, &spam).await.reason(), "excluded_referrer");
    assert_nothing_stored(&site);
    // Global Privacy Control forbids to track, not to count.
    let gpc = from(FIREFOX).insert_header(("sec-gpc", "1"));
    assert_eq!(site.call(gpc).await.reason(), "counted_anonymously");
}

#[actix_web::test]
async fn an_address_sends_so_many_requests_and_not_one_more() {
    let site = Site::with(Wanted { per_address: 1, ..Wanted::default() }).await;
    switch(&site, true).await;
    for _ in 0..BURST_SECONDS {
        assert_eq!(count(&site, &entry("https://example.com/", "")).await.status, 204);
    }
    let refused = count(&site, &entry("https://example.com/", "")).await;
    assert_eq!((refused.status, refused.reason()), (429, "too_many"));
    assert_eq!(site.asks::<String>(TOTALS), ["10 10"]);
}

/// rules.md 41
#[actix_web::test]
async fn days_are_of_the_accounts_time_zone_and_go_with_the_page_views() {
    let site = Site::with(Wanted { time_zone: "Pacific/Auckland", ..Wanted::default() }).await;
    switch(&site, true).await;
    // Noon in UTC is 01:00 of the next day there. 22 hours later it is still that day, and then it is not.
    for hours in [0, 22, 1] {
        site.clock.advance(hours * HOUR);
        assert_eq!(count(&site, &entry("https://example.com/", "")).await.status, 204);
    }
    assert_eq!(site.asks::<String>(TOTALS).len(), 2);
    let retain = async |months: u32| {
        let (app, id) = (site.app.clone(), site.account);
        let account = app.accounts.find(id).unwrap();
        let kept = Retention { visits: months, ..Retention::of_months(0) };
        let now = app.now();
        let work = move || delete_days(&app, &account, &kept, now).map(|_| ());
        actix_web::rt::task::spawn_blocking(work).await.unwrap().unwrap();
    };
    site.clock.advance(29 * DAY);
    retain(0).await;
    assert_eq!(site.asks::<String>(TOTALS).len(), 2, "kept without end");
    site.clock.advance(40 * DAY);
    assert_eq!(count(&site, &entry("https://example.com/new", "")).await.status, 204);
    retain(1).await;
    assert_eq!(site.asks::<String>(TOTALS), ["1 1"]);
    assert_eq!(
        site.asks::<String>("select value from anonymous_count where part = 'page'"),
        ["example.com/new"]
    );
}

/// rules.md 41
#[actix_web::test]
async fn a_day_names_so_many_pages_and_sites_and_counts_the_rest_together() {
    let site = counting_site().await;
    let id = site.account;
    let write = move |conn: &store::Connection| {
        for n in 0..=PAGES_MAX {
            let view = View {
                page: format!("example.com/{n}"),
                source: (n <= SOURCES_MAX).then(|| format!("{n}.test")),
                country: String::new(),
                device: "desktop",
            };
            for _ in 0..2 {
                store::anonymous_count::insert(conn, id, LocalDay(1), &view)?;
            }
        }
        Ok::<_, store::Error>(())
    };
    site.app.store.writer.write(write).await.unwrap();
    for (part, limit) in [("page", PAGES_MAX), ("source", SOURCES_MAX)] {
        let of = |what: &str| format!("select {what} from anonymous_count where part = '{part}'");
        assert_eq!(site.ask::<u32>(&of("count(*)")), limit + 1, "{part}");
        assert_eq!(site.ask::<u32>(&of(&format!("sum(views * (value = '{OTHER}'))"))), 2, "{part}");
    }
    let all = i64::from(PAGES_MAX + 1) * 2;
    assert_eq!(site.ask::<i64>("select views from anonymous_day"), all);
    assert_eq!(site.ask::<i64>("select sum(views) from anonymous_count where part = 'page'"), all);
    // The next day begins with none.
    assert_eq!(count(&site, &entry("https://example.com/new", "")).await.status, 204);
    assert_eq!(site.ask::<i64>("select count(*) from anonymous_count where value = 'example.com/new'"), 1);
}
