//! `POST /{account}/consent`: the consent log takes what can have happened, once, and nothing else (rules.md 40).

use actix_web::http::Method;
use actix_web::test::TestRequest;
use guestlog::app::access::{Actor, consent, counting};
use guestlog::app::ingest::consent_choice::BODY_MAX;
use guestlog::base::clock::{DAY, HOUR, SECOND};
use guestlog::domain::consent::choice::{ASKED_ROWS_PER_DAY, CHOICES_PER_DAY, PAGE_MAX, PER_SENDER};
use guestlog::domain::consent::rule::{PolicyType, Rule, Target};
use guestlog::domain::language::LANGUAGE_MAX;
use guestlog::domain::tracking::Tracking;
use guestlog::geo::{Geo, MapKind, MapOptions};
use guestlog::store;
use serde_json::{Value, json};

use crate::harness::mmdb::{Mmdb, map, text};
use crate::harness::site::{Answer, FIREFOX, Site, Wanted, post, with};

const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                     Version/17.5 Mobile/15E148 Safari/604.1";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A site that asks, with a path where nothing is ever granted.
pub(crate) async fn asking(geo: Geo) -> Site {
    let site = Site::with(Wanted { geo, ..Wanted::default() }).await;
    set(&site, "", PolicyType::OptInCategories, false).await;
    set(&site, "/never", PolicyType::NoCookies, false).await;
    set(&site, "/gpc", PolicyType::OptIn, true).await;
    count_asked(&site, true).await;
    site
}

async fn count_asked(site: &Site, is_on: bool) {
    counting::update(&site.app, Actor::Machine, site.account, move |counting| counting.asked = is_on)
        .await
        .unwrap();
}

async fn set(site: &Site, path: &str, kind: PolicyType, gpc: bool) {
    let target = Target::parse("", path, "").unwrap();
    let rule = Rule { target, kind, gpc };
    consent::set_rule(&site.app, Actor::Machine, site.account, rule).await.unwrap();
}

pub(crate) fn receipt(n: u32) -> String {
    format!("{n:032x}")
}

/// What the banner reports when everything is accepted.
pub(crate) fn accepted(n: u32) -> Value {
    json!({"receipt": receipt(n), "revision": 3, "how": "accept", "mask": 15, "language": "nl",
           "page": "https://example.com/shop?who=ada@example.test&q=1", "token": TOKEN})
}

fn request(body: impl Into<actix_web::web::Bytes>) -> TestRequest {
    post().uri("/1000001/consent").set_payload(body.into())
}

pub(crate) async fn report(site: &Site, body: &Value) -> Answer {
    // One sender may not report as many as these tests do.
    site.clock.advance(SECOND);
    site.call(request(body.to_string())).await
}

pub(crate) fn rows(site: &Site) -> i64 {
    site.ask("select count(*) from consent_choice")
}

async fn refused(site: &Site, body: &Value, why: &str) {
    let answer = report(site, body).await;
    assert_eq!((answer.status, answer.reason()), (400, "malformed"), "{body}");
    assert!(answer.text().contains(why), "{body}: {}", answer.text());
    assert_eq!(answer.header("access-control-allow-origin"), "*");
}

#[actix_web::test]
async fn a_choice_is_on_disk_with_what_proves_it_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let country = map([("country", map([("iso_code", text("NL"))]))]);
    let path = folder.path().join("countries.mmdb");
    std::fs::write(&path, Mmdb::new("GeoLite2-Country").range("203.0.113.0/24", country).bytes()).unwrap();
    let options = MapOptions { path, kind: MapKind::Auto, places: Vec::new() };
    let site = asking(Geo::open(&[options], folder.path())).await;
    let answer = report(&site, &accepted(7)).await;
    assert_eq!((answer.status, answer.reason(), answer.text()), (204, "stored", String::new()));
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let row = "select lower(hex(receipt)) || ' ' || lower(hex(token)) || ' ' || revision || ' ' || kind || ' ' || how
        || ' ' || mask || ' ' || language || ' ' || host || ' ' || path || ' ' || country || ' ' || device
        || ' ' || (at_ms > 0) from consent_choice";
    assert_eq!(
        site.asks::<String>(row),
        [format!("{} {TOKEN} 3 opt-in-categories accept 15 nl example.com /shop NL desktop 1", receipt(7))]
    );
    let phone = request(with(accepted(8), "page", "https://EXAMPLE.com:8443/203.0.113.7/a/").to_string());
    let phone = phone.insert_header(("user-agent", PHONE));
    assert_eq!(site.call(phone).await.status, 204);
    assert_eq!(
        site.ask::<String>(
            "select host || ' ' || path || ' ' || device from consent_choice order by receipt desc"
        ),
        "example.com:8443 /[address]/a mobile"
    );
    let preflight = TestRequest::default().method(Method::OPTIONS).uri("/1000001/consent");
    assert_eq!(site.call(preflight).await.status, 204);
}

#[actix_web::test]
async fn a_receipt_counts_once_and_its_first_choice_stays() {
    let site = asking(Geo::none()).await;
    assert_eq!(report(&site, &accepted(1)).await.reason(), "stored");
    assert_eq!(report(&site, &accepted(1)).await.reason(), "duplicate");
    let other = json!({"receipt": receipt(1), "revision": 3, "how": "reject", "mask": 1, "language": "de",
                       "page": "https://example.com/"});
    let answer = report(&site, &other).await;
    assert_eq!((answer.status, answer.reason(), rows(&site)), (204, "duplicate", 1));
    assert_eq!(site.ask::<String>("select how || language from consent_choice"), "acceptnl");
    assert_eq!(site.ask::<i64>("select choices from consent_day"), 1);
}

#[actix_web::test]
async fn what_cannot_have_happened_is_refused_and_leaves_nothing() {
    let site = asking(Geo::none()).await;
    let change = |name: &str, to: Value| with(accepted(1), name, to);
    let allows_nothing =
        |how: &str, mask: u8| with(with(change("how", how.into()), "mask", mask), "token", Value::Null);
    for (body, why) in [
        (json!([]), "not the JSON"),
        (json!("x"), "not the JSON"),
        (change("revision", Value::Null), "not the JSON"),
        (change("revision", json!(-1)), "not the JSON"),
        (change("mask", json!(256)), "not the JSON"),
        (change("page", json!(["/"])), "not the JSON"),
        (change("receipt", Value::Null), "a receipt is"),
        (change("receipt", json!("")), "a receipt is"),
        (change("receipt", json!(&receipt(1)[1..])), "a receipt is"),
        (change("receipt", json!(format!("{}0", receipt(1)))), "a receipt is"),
        (change("receipt", json!("0123456789ABCDEF0123456789ABCDEF")), "a receipt is"),
        (change("revision", json!(0)), "never had that revision"),
        (change("revision", json!(4)), "never had that revision"),
        (change("how", json!("granted")), "how is"),
        (change("how", json!("ACCEPT")), "how is"),
        (change("mask", Value::Null), "does not fit"),
        (change("mask", json!(16)), "does not fit"),
        (allows_nothing("accept", 1), "does not fit"),
        (allows_nothing("reject", 2), "does not fit"),
        (allows_nothing("reject", 15), "does not fit"),
        (allows_nothing("withdraw", 3), "does not fit"),
        (change("token", json!("ada")), "a token is"),
        (change("token", json!(TOKEN.to_uppercase())), "a token is"),
        (with(change("how", "reject".into()), "mask", 1), "no token"),
        (with(change("how", "save".into()), "mask", 13), "no token"),
        (change("language", Value::Null), "the language"),
        (change("language", json!("")), "the language"),
        (change("language", json!("x".repeat(LANGUAGE_MAX + 1))), "the language"),
        (change("page", json!("")), "no http address"),
        (change("page", json!("/shop")), "no http address"),
        (change("page", json!("javascript:alert(1)")), "no http address"),
        (change("page", json!(format!("https://example.com/{}", "x".repeat(PAGE_MAX - 19)))), "too long"),
        // The policy of the page never grants it.
        (change("page", json!("https://example.com/never")), "does not let"),
        (with(change("page", json!("https://example.com/never")), "how", "save"), "does not let"),
        (with(change("page", json!("https://example.com/never")), "how", "close"), "does not let"),
        // `asked` names nobody.
        (change("how", json!("asked")), "how is"),
        (with(change("how", json!("asked")), "token", Value::Null), "how is"),
    ] {
        refused(&site, &body, why).await;
    }
    let gpc = request(change("page", json!("https://example.com/gpc")).to_string());
    let answer = site.call(gpc.insert_header(("sec-gpc", "1"))).await;
    assert_eq!((answer.status, answer.reason()), (400, "malformed"), "{}", answer.text());
    let unknown = site.call(post().uri("/1000002/consent").set_payload(accepted(1).to_string())).await;
    assert_eq!((unknown.status, unknown.reason()), (400, "unknown_account"));
    let silent = Site::new().await;
    refused(&silent, &accepted(1), "asks for no consent").await;
    for site in [&site, &silent] {
        assert_eq!(rows(site), 0);
        assert_eq!(
            site.ask::<i64>(
                "select (select count(*) from consent_day) + (select count(*) from consent_asked)"
            ),
            0
        );
    }
}

#[actix_web::test]
async fn what_can_have_happened_is_taken_at_its_limits() {
    let site = asking(Geo::none()).await;
    let change = |n: u32, name: &str, to: Value| with(accepted(n), name, to);
    let none = |n: u32, how: &str, mask: u8| {
        with(with(change(n, "how", how.into()), "mask", mask), "token", Value::Null)
    };
    let page = format!("https://example.com/{}", "x".repeat(PAGE_MAX - 20));
    assert_eq!(page.len(), PAGE_MAX);
    let all = [
        change(1, "page", json!(page)),
        change(2, "language", json!("x".repeat(LANGUAGE_MAX))),
        change(3, "token", Value::Null),
        change(4, "revision", json!(1)),
        none(5, "reject", 1),
        none(6, "reject", 0),
        none(7, "withdraw", 1),
        none(8, "save", 13),
        none(9, "close", 1),
        with(change(10, "how", json!("close")), "mask", 15),
        with(none(11, "reject", 1), "page", "https://example.com/never"),
    ];
    for body in &all {
        let answer = report(&site, body).await;
        assert_eq!((answer.status, answer.reason()), (204, "stored"), "{body}: {}", answer.text());
    }
    assert_eq!(rows(&site), all.len() as i64);
    // The first revision had one rule, for all pages.
    assert_eq!(site.ask::<String>("select kind from consent_choice where revision = 1"), "opt-in-categories");
    assert_eq!(site.ask::<String>("select kind from consent_choice where path = '/never'"), "no-cookies");
    let padded = |len: usize| {
        let body = none(20, "reject", 1).to_string();
        format!("{body}{}", " ".repeat(len - body.len()))
    };
    let large = site.call(request(padded(BODY_MAX + 1))).await;
    assert_eq!((large.status, large.reason()), (413, "too_large"));
    assert_eq!(site.call(request(padded(BODY_MAX))).await.reason(), "stored");
}

#[actix_web::test]
async fn a_choice_from_before_the_account_asked_again_is_taken_for_a_day() {
    let site = asking(Geo::none()).await;
    consent::ask_again(&site.app, Actor::Machine, site.account).await.unwrap();
    assert_eq!(report(&site, &accepted(1)).await.reason(), "stored");
    site.clock.advance(DAY);
    refused(&site, &accepted(2), "does not let").await;
    assert_eq!(report(&site, &with(accepted(3), "revision", 4)).await.reason(), "stored");
}

#[actix_web::test]
async fn nothing_is_kept_of_whom_nothing_is_kept() {
    let site = asking(Geo::none()).await;
    let send = async |name: &str, value: &str| {
        site.clock.advance(SECOND);
        let answer = site.call(request(accepted(1).to_string()).insert_header((name, value))).await;
        (answer.status, answer.reason().to_owned())
    };
    assert_eq!(send("cookie", "a=b; __hs_do_not_track=yes").await, (204, "do_not_track".to_owned()));
    assert_eq!(send("user-agent", "Googlebot/2.1").await, (204, "bot".to_owned()));
    site.tamper("insert into account_exclusion values (1000001, 'excluded_addresses', 0, '203.0.113.0/24')")
        .await;
    let account = site.account;
    let limited = Tracking { limit_to_domains: true, ..Tracking::default() };
    let update = move |conn: &store::Connection| store::account::update_tracking(conn, account, limited);
    site.app.store.writer.write(update).await.unwrap();
    assert_eq!(report(&site, &accepted(1)).await.reason(), "excluded_address");
    let foreign = request(with(accepted(1), "page", "https://elsewhere.test/").to_string());
    let foreign = foreign.peer_addr("198.51.100.1:1".parse().unwrap());
    assert_eq!(site.call(foreign).await.reason(), "unknown_host");
    assert_eq!(rows(&site), 0);
}

#[actix_web::test]
async fn one_sender_cannot_fill_the_log_and_a_full_day_says_so() {
    let site = asking(Geo::none()).await;
    let burst = PER_SENDER * 10;
    for n in 0..burst {
        assert_eq!(site.call(request(accepted(n).to_string())).await.status, 204, "{n}");
    }
    let answer = site.call(request(accepted(burst).to_string())).await;
    assert_eq!((answer.status, answer.reason(), answer.header("retry-after")), (429, "too_many", "1"));
    assert_eq!(rows(&site), i64::from(burst));
    let asked = json!({"revision": 3, "how": "asked", "page": "https://example.com/"});
    assert_eq!(site.call(request(asked.to_string())).await.reason(), "stored", "totals have no such limit");
    let fill = move |conn: &store::Connection| {
        conn.execute("update consent_day set choices = ?1", [CHOICES_PER_DAY - 1])?;
        Ok::<_, store::Error>(())
    };
    site.app.store.writer.write(fill).await.unwrap();
    site.clock.advance(HOUR);
    assert_eq!(report(&site, &accepted(100)).await.reason(), "stored");
    let full = report(&site, &accepted(101)).await;
    assert_eq!((full.status, full.reason(), full.header("retry-after")), (429, "too_many", "3600"));
    assert_eq!(
        report(&site, &accepted(100)).await.reason(),
        "duplicate",
        "what is logged stays acknowledged"
    );
    assert_eq!(rows(&site), i64::from(burst) + 1);
    assert_eq!(site.ask::<i64>("select refused from consent_day"), 1);
    site.clock.advance(DAY);
    assert_eq!(report(&site, &accepted(101)).await.reason(), "stored", "the next day has room");
}

#[actix_web::test]
async fn a_full_disk_acknowledges_no_choice() {
    let site = Site::with(Wanted { min_free: u64::MAX, ..Wanted::default() }).await;
    set(&site, "", PolicyType::OptIn, false).await;
    let view = with(site.view("a", "ada", "https://example.com/"), "rev", 1);
    assert_eq!(site.collect(&view).await.status, 503);
    let answer = report(&site, &with(accepted(1), "revision", 1)).await;
    assert_eq!((answer.status, answer.reason(), rows(&site)), (503, "unavailable", 0));
}

#[actix_web::test]
async fn asking_is_counted_in_totals_up_to_the_most_rows_of_a_day() {
    let site = asking(Geo::none()).await;
    let asked = |page: &str| json!({"revision": 3, "how": "asked", "page": page});
    for page in ["https://example.com/a?b=c", "https://example.com/a", "https://example.com/b"] {
        assert_eq!(report(&site, &asked(page)).await.reason(), "stored");
    }
    let counts = "select host || path || ' ' || device || ' ' || asked from consent_asked order by path";
    assert_eq!(site.asks::<String>(counts), ["example.com/a desktop 2", "example.com/b desktop 1"]);
    assert_eq!(rows(&site), 0);
    let fill = |conn: &store::Connection| {
        conn.execute(
            "with recursive n (n) as (select 3 union all select n + 1 from n where n < ?1)
             insert into consent_asked select account_id, day, '', 'other', 'full.test', '/' || n, 1
             from n, (select account_id, day from consent_asked limit 1)",
            [ASKED_ROWS_PER_DAY - 1],
        )?;
        Ok::<_, store::Error>(())
    };
    site.app.store.writer.write(fill).await.unwrap();
    for page in ["last", "one-more", "another", "a"] {
        assert_eq!(report(&site, &asked(&format!("https://example.com/{page}"))).await.status, 204);
    }
    let of = |path: &str| site.asks::<i64>(&format!("select asked from consent_asked where path = '{path}'"));
    assert_eq!((of("/last"), of("/one-more"), of("/a"), of("")), (vec![1], vec![], vec![3], vec![2]));
    refused(&site, &json!({"revision": 4, "how": "asked", "page": "https://example.com/"}), "revision").await;
    count_asked(&site, false).await;
    refused(&site, &asked("https://example.com/"), "does not count").await;
}

#[actix_web::test]
async fn a_row_is_never_changed_but_by_erasing() {
    let site = asking(Geo::none()).await;
    report(&site, &accepted(1)).await;
    for change in [
        "mask = 1",
        "how = 'save'",
        "at_ms = 1",
        "revision = 1",
        "kind = 'opt-in'",
        "receipt = zeroblob(16)",
        "language = 'en'",
        "host = 'x'",
        "country = 'NL'",
        "device = 'other'",
        "token = zeroblob(16)",
    ] {
        let forgets = if change.starts_with("token") { "path = ''" } else { "token = null, path = ''" };
        let sql = format!("update consent_choice set {forgets}, {change}");
        let changed = site
            .app
            .store
            .writer
            .write(move |conn: &store::Connection| Ok::<_, store::Error>(conn.execute(&sql, [])?));
        assert!(changed.await.is_err(), "{change}");
    }
    site.tamper("update consent_choice set token = null, path = ''").await;
    let agent = post().uri("/1000001/consent").insert_header(("user-agent", FIREFOX));
    assert_eq!(site.call(agent.set_payload("")).await.status, 400);
}
