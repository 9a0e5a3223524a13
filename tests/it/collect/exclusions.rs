//! What an account leaves out of what browsers send: its own addresses, referring domains, parameters, properties.
//! Programs are not affected (rules.md 1).

use actix_web::test::TestRequest;
use guestlog::app::access::{Actor, accounts};
use guestlog::app::events::definitions;
use guestlog::domain::event::{EventKind, Typed};
use guestlog::domain::exclusions::{Exclusions, parse_addresses, parse_parameters, parse_referrers};
use guestlog::domain::hit_reason::Reason;
use guestlog::domain::tracking::Tracking;
use serde_json::{Value, json};

use crate::harness::site::{Answer, FIREFOX, Site, VISITOR, post, with};
use crate::tracker::harness::setting;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

async fn set(site: &Site, tracking: Tracking, exclusions: Exclusions) {
    accounts::update_tracking(&site.app, Actor::Machine, site.account, tracking, exclusions).await.unwrap();
}

async fn exclude(site: &Site, addresses: &str, referrers: &str, parameters: &str) {
    let exclusions = Exclusions {
        addresses: parse_addresses(addresses).unwrap(),
        referrers: parse_referrers(referrers).unwrap(),
        parameters: parse_parameters(parameters).unwrap(),
    };
    set(site, Tracking::default(), exclusions).await;
}

async fn collect_from(site: &Site, address: &str, body: &Value) -> Answer {
    let peer = std::net::SocketAddr::new(address.parse().unwrap(), 40_000);
    site.call(post().peer_addr(peer).set_payload(body.to_string())).await
}

/// rules.md 1, 16
#[actix_web::test]
async fn browsers_of_an_excluded_address_are_refused_counted_and_not_kept() {
    let mut site = Site::new().await;
    let view = |id: &str| site.view(id, TOKEN, "https://example.com/secret-page");
    let ranges = format!("{VISITOR} 10.0.0.0/8 2001:db8::/32");
    exclude(&site, &ranges, "", "").await;
    for (place, address) in [VISITOR, "10.1.2.3", "::ffff:10.1.2.3", "2001:db8::9"].into_iter().enumerate() {
        let answer = collect_from(&site, address, &view(&format!("in{place}"))).await;
        assert_eq!((answer.status, answer.reason()), (204, "excluded_address"), "{address}");
    }
    let gif = [("a", "1000001"), ("k", "1"), ("pu", "https://example.com/secret-page"), ("cc", "15")];
    assert_eq!(site.gif(&gif).await.reason(), "excluded_address");
    assert_eq!(site.count(Reason::ExcludedAddress), 5);
    for (place, address) in ["11.0.0.1", "2001:db9::9"].into_iter().enumerate() {
        let answer = collect_from(&site, address, &view(&format!("out{place}"))).await;
        assert_eq!(answer.reason(), "stored", "{address}");
    }
    let refused = with(view("no"), "cc", 0);
    assert_eq!(site.collect(&refused).await.reason(), "no_consent", "what the visitor says comes first");
    site.fold().await;
    assert_eq!(site.ask::<i64>("select count(*) from session_unpacked"), 1, "of one visitor");
    assert_eq!(site.ask::<i64>("select sum(page_views) from session_unpacked"), 2);
    site.assert_that_all_are_counted().await;
}

/// rules.md 1
#[actix_web::test]
async fn programs_of_an_excluded_address_are_taken() {
    let site = Site::new().await;
    exclude(&site, VISITOR, "", "").await;
    assert_eq!(site.get("/v1/event?_a=1000001&_n=Bought&email=ada@example.com").await.reason(), "stored");
    let form = json!({"fields": [{"name": "email", "value": "ada@example.com"}]});
    let form = TestRequest::post()
        .uri("/submissions/v3/integration/submit/1000001/contact-us")
        .insert_header(("user-agent", FIREFOX))
        .set_payload(form.to_string());
    assert_eq!(site.call(form.insert_header(("content-type", "application/json"))).await.status, 200);
    assert_eq!(site.count(Reason::ExcludedAddress), 0);
}

#[actix_web::test]
async fn a_hit_from_an_excluded_referrer_is_refused_with_its_subdomains() {
    let mut site = Site::new().await;
    exclude(&site, "", "spam.example", "").await;
    let view = |id: &str, from: &str| with(site.view(id, TOKEN, "https://example.com/"), "r", from);
    for (place, (from, reason)) in [
        ("https://spam.example/", "excluded_referrer"),
        ("http://WWW.spam.example:8080/x", "excluded_referrer"),
        ("https://notspam.example/", "stored"),
        ("https://www.google.com/?q=spam.example", "stored"),
        ("", "stored"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(site.collect(&view(&place.to_string(), from)).await.reason(), reason, "{from}");
    }
    assert_eq!(site.count(Reason::ExcludedReferrer), 2);
    site.fold().await;
    site.assert_that_all_are_counted().await;
}

/// rules.md 14
#[actix_web::test]
async fn removed_parameters_are_nowhere() {
    let mut site = Site::new().await;
    exclude(&site, "", "", "customer").await;
    let url = "https://example.com/a?customer=seed4711&q=2#/x?customer=seed4711";
    let view = with(site.view("1", TOKEN, url), "r", "https://other.test/?Customer=seed4711&w=1");
    let view = with(view, "rcu", "https://example.com/b?customer=seed4711");
    assert_eq!(site.collect(&view).await.reason(), "stored");
    let refused = with(site.view("2", "no token", url), "vi", "n o");
    assert_eq!(site.collect(&refused).await.reason(), "malformed");
    let live = format!("{:?}", site.app.live.list(site.account, 0, 10));
    assert!(!live.contains("seed4711") && live.contains("example.com"), "{live}");
    site.fold().await;
    for entry in std::fs::read_dir(site.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = if path.is_file() { std::fs::read(&path).unwrap() } else { continue };
        assert!(!bytes.windows(8).any(|window| window == b"seed4711"), "{}", path.display());
    }
}

#[actix_web::test]
async fn without_contact_properties_a_browser_sets_the_email_only() {
    let mut site = Site::new().await;
    let identify = |id: &str, plan: &str| {
        let identity = json!({"email": "ada@example.com", "plan": plan});
        with(site.view(id, TOKEN, "https://example.com/"), "i", identity)
    };
    let (first, second) = (identify("1", "free"), identify("2", "paid"));
    site.collect(&first).await;
    site.fold().await;
    let off = Tracking { contact_properties: false, ..Tracking::default() };
    set(&site, off, Exclusions::default()).await;
    assert_eq!(site.collect(&second).await.reason(), "stored");
    site.fold().await;
    let plan = "select value from contact_property where name = 'plan'";
    assert_eq!(site.asks::<String>(plan), ["free"]);
    site.get("/v1/event?_a=1000001&_n=Bought&email=ada@example.com&plan=team").await;
    site.fold().await;
    assert_eq!(site.asks::<String>(plan), ["team"], "a program may still say it");
}

#[actix_web::test]
async fn the_script_knows_no_clicks_when_they_are_not_captured_and_which_parameters_to_remove() {
    let site = Site::new().await;
    let typed = Typed { name: "Buy", selector: "#buy", ..Typed::default() };
    definitions::create(&site.app, Actor::Machine, site.account, EventKind::Click, &typed).await.unwrap();
    let script = async || site.get("/1000001.js").await.text();
    assert_eq!(setting(&script().await, "clicks")[0][1], "#buy");
    let off = Tracking { click_autocapture: false, ..Tracking::default() };
    let exclusions =
        Exclusions { parameters: parse_parameters("Customer order-id").unwrap(), ..Exclusions::default() };
    set(&site, off, exclusions).await;
    assert_eq!(setting(&script().await, "clicks"), json!([]));
    assert_eq!(setting(&script().await, "removed"), json!(["customer", "order-id"]));
    let autocaptured = format!("/__ptc.gif?a=1000001&vi={TOKEN}&pu=https%3A%2F%2Fexample.com%2F&cc=15");
    assert_eq!(site.get(&autocaptured).await.reason(), "unsupported_kind");
}
