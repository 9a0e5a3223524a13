//! Beacons that claim what the account's consent policy does not allow (rules.md 38): each is refused, and leaves no row.

use actix_web::test::TestRequest;
use guestlog::app::access::{Actor, consent};
use guestlog::base::clock::{DAY, HOUR};
use guestlog::domain::consent::rule::{PolicyType, Rule, Target};
use guestlog::domain::hit_reason::Reason;
use guestlog::geo::{Geo, MapKind, MapOptions};
use serde_json::{Value, json};

use crate::harness::mmdb::{Mmdb, map, text};
use crate::harness::site::{FIREFOX, Site, Wanted, post, query, with};

/// Addresses that the map knows. Nobody knows where 192.0.2.1 is.
const DUTCH: &str = "203.0.113.7";
const CALIFORNIAN: &str = "198.51.100.1";
const TEXAN: &str = "198.51.100.200";
const UNKNOWN: &str = "192.0.2.1";

fn places(folder: &std::path::Path) -> Geo {
    let country = |code: &str| map([("country", map([("iso_code", text(code))]))]);
    let state = |name: &str| map([("country", text("US")), ("region", text(name))]);
    let write = |name: &str, file: Vec<u8>| {
        let path = folder.join(name);
        std::fs::write(&path, file).unwrap();
        MapOptions { path, kind: MapKind::Auto, places: Vec::new() }
    };
    let countries = Mmdb::new("GeoLite2-Country").range("203.0.113.0/24", country("NL")).bytes();
    let states = Mmdb::new("ipinfo location")
        .range("198.51.100.0/25", state("California"))
        .range("198.51.100.128/25", state("Texas"))
        .bytes();
    Geo::open(&[write("countries.mmdb", countries), write("states.mmdb", states)], folder)
}

/// The policy of the site: each type has its path; a host, a country and a region of its own.
async fn set_policies(site: &Site) {
    let set = async |host: &str, path: &str, places: &str, kind, gpc| {
        let target = Target::parse(host, path, places).unwrap();
        consent::set_rule(&site.app, Actor::Machine, site.account, Rule { target, kind, gpc }).await.unwrap()
    };
    for kind in PolicyType::ALL {
        set("", &format!("/{}/", kind.as_str()), "", *kind, false).await;
    }
    set("", "/gpc", "", PolicyType::OptOut, true).await;
    set("", "/places", "", PolicyType::Notify, false).await;
    set("", "/places", "NL", PolicyType::OptIn, false).await;
    set("", "/places", "US-CA", PolicyType::NoCookies, false).await;
    assert_eq!(set("shop.test", "", "", PolicyType::NoCookies, false).await, REVISIONS);
}

/// As many as there are rules.
const REVISIONS: u32 = 12;

/// What is sent: the path, and changes of a view that is allowed everything.
struct Sent {
    path: &'static str,
    changes: Value,
    gpc: bool,
    from: &'static str,
}

fn sent(path: &'static str, changes: Value) -> Sent {
    Sent { path, changes, gpc: false, from: DUTCH }
}

fn forged() -> Vec<Sent> {
    let silent = || json!({"cc": null, "rev": null});
    let gpc = |path, changes| Sent { gpc: true, ..sent(path, changes) };
    let from = |from, changes| Sent { from, ..sent("/places", changes) };
    vec![
        // No analytics bit where the policy does not grant it by itself.
        sent("/opt-in/", silent()),
        sent("/opt-in-categories/", silent()),
        sent("/opt-in/", json!({"cc": null})),
        sent("/opt-in/", json!({"cc": null, "ce": true})),
        sent("/opt-in/", json!({"cc": 0})),
        sent("/opt-in/", json!({"cc": 1})),
        sent("/opt-in-categories/", json!({"cc": 13})),
        sent("/opt-in/", json!({"cc": 15, "ce": false})),
        sent("/opt-in/", json!({"cc": "x"})),
        sent("/opt-in/", json!({"cc": ""})),
        sent("/opt-in/", json!({"cc": "256"})),
        sent("/opt-in/", json!({"cc": null, "by": "policy"})),
        sent("/opt-in/", json!({"cc": null, "by": "server"})),
        // Nor where it does, when the beacon says no.
        sent("/notify/", json!({"cc": 1})),
        sent("/opt-out/", json!({"cc": 4})),
        sent("/opt-out-categories/", json!({"ce": false})),
        sent("/none/", json!({"cc": 0})),
        // Anything under no cookies.
        sent("/no-cookies/", silent()),
        sent("/no-cookies/", json!({})),
        sent("/no-cookies/", json!({"cc": 2})),
        sent("/no-cookies/", json!({"cc": 3, "by": "api"})),
        sent("/no-cookies/", json!({"cc": 15, "rev": null})),
        sent("/no-cookies/", json!({"cc": 255})),
        sent("/no-cookies/", json!({"ce": true})),
        // Nothing is found out about a page by its other addresses.
        sent("/no-cookies/", json!({"ccu": "https://example.com/none/", "po": "/none/"})),
        sent("", json!({"pu": "https://shop.test/none/"})),
        sent("", json!({"pu": "https://SHOP.test:8443/none/"})),
        // A revision that never was.
        sent("/opt-in/", json!({"rev": REVISIONS + 1})),
        sent("/opt-out/", json!({"rev": 1_000_000})),
        sent("/opt-in/", json!({"rev": u32::MAX})),
        sent("/opt-in/", json!({"rev": -1})),
        sent("/opt-in/", json!({"rev": "1e1"})),
        sent("/none/", json!({"rev": "4294967296", "cc": null})),
        // Global Privacy Control where it is honoured.
        gpc("/gpc", silent()),
        gpc("/gpc", json!({"cc": 15})),
        gpc("/gpc", json!({"cc": 15, "by": "api"})),
        // The place that the map knows, and the strictest where it knows none.
        from(DUTCH, silent()),
        from(CALIFORNIAN, json!({})),
        from(UNKNOWN, silent()),
        from(UNKNOWN, json!({})),
    ]
}

async fn send(site: &Site, sent: &Sent) -> String {
    let mut view = with(site.view("", "ab", &format!("https://example.com{}", sent.path)), "rev", REVISIONS);
    for (name, value) in sent.changes.as_object().unwrap() {
        view = with(view, name, value.clone());
    }
    let mut request = post().peer_addr(format!("{}:1", sent.from).parse().unwrap());
    if sent.gpc {
        request = request.insert_header(("sec-gpc", "1"));
    }
    site.call(request.set_payload(view.to_string())).await.reason().to_owned()
}

#[actix_web::test]
async fn forged_consent_is_refused_and_leaves_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::with(Wanted { geo: places(folder.path()), ..Wanted::default() }).await;
    set_policies(&site).await;
    let forged = forged();
    assert_eq!(forged.len(), 40);
    for (count, sent) in (1..).zip(&forged) {
        assert_eq!(send(&site, sent).await, "no_consent", "{}: {}", sent.path, sent.changes);
        assert_eq!(site.count(Reason::NoConsent), count);
    }
    site.fold().await;
    assert_eq!(site.app.store.inbox.last_id(), 0);
    for table in ["dictionary", "visitor", "visitor_token", "session", "event_hot", "seen", "contact"] {
        assert_eq!(site.ask::<i64>(&format!("select count(*) from {table}")), 0, "{table}");
    }
    // The same with what the policy allows.
    let silent = || json!({"cc": null, "rev": null});
    for sent in [
        sent("/opt-in/", json!({})),
        sent("/opt-in-categories/", json!({"cc": 3})),
        sent("/notify/", silent()),
        sent("/opt-out/", silent()),
        sent("/opt-out-categories/", silent()),
        sent("/none/", silent()),
        sent("/elsewhere", silent()),
        sent("/gpc", silent()),
        Sent { gpc: true, ..sent("/opt-in/", json!({})) },
        Sent { from: TEXAN, ..sent("/places", silent()) },
        sent("/places", json!({})),
        sent("/opt-in/", json!({"rev": 1})),
    ] {
        assert_eq!(send(&site, &sent).await, "stored", "{}: {}", sent.path, sent.changes);
    }
    site.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn choices_from_before_the_account_asked_again_are_refused_after_a_day() {
    let site = Site::new().await;
    set_policies(&site).await;
    let again = consent::ask_again(&site.app, Actor::Machine, site.account).await.unwrap();
    assert_eq!(again, REVISIONS + 1);
    let (before, after) = (json!({"rev": REVISIONS}), json!({"rev": again}));
    site.clock.advance(DAY - HOUR);
    assert_eq!(send(&site, &sent("/opt-in/", before.clone())).await, "stored");
    site.clock.advance(HOUR);
    assert_eq!(send(&site, &sent("/opt-in/", before.clone())).await, "no_consent");
    assert_eq!(send(&site, &sent("/opt-out/", before)).await, "no_consent");
    assert_eq!(send(&site, &sent("/opt-in/", after)).await, "stored");
}

#[actix_web::test]
async fn each_event_keeps_the_revision_and_where_its_consent_comes_from() {
    let mut site = Site::new().await;
    set_policies(&site).await;
    for changes in [
        json!({"by": "banner", "rev": 3}),
        json!({"by": "api"}),
        json!({"by": "outside_banner", "cc": 3}),
        json!({"by": "nobody"}),
    ] {
        assert_eq!(send(&site, &sent("/opt-in/", changes)).await, "stored");
    }
    assert_eq!(send(&site, &sent("/notify/", json!({"cc": null, "rev": null}))).await, "stored");
    // HubSpot's GIF names no revision.
    let account = site.account.0.to_string();
    let pairs =
        [("a", &*account), ("k", "1"), ("vi", "ab"), ("pu", "https://example.com/opt-in/"), ("cc", "15")];
    let gif = TestRequest::get().uri(&format!("/__ptq.gif?{}", query(&pairs)));
    assert_eq!(site.call(gif.insert_header(("user-agent", FIREFOX))).await.reason(), "stored");
    site.fold().await;
    let kept = site.asks::<String>(
        "select (consent & 15) || ' ' || (consent >> 4) || ' ' || policy from event_unpacked order by inbox_id",
    );
    assert_eq!(kept, ["15 3 3", "15 4 12", "3 5 12", "15 0 12", "15 1 12", "15 0 12"]);
}

#[actix_web::test]
async fn the_script_is_answered_where_its_visitor_is() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::with(Wanted { geo: places(folder.path()), ..Wanted::default() }).await;
    let ask = async |from: &str| {
        let request = TestRequest::get().uri("/1000001/location");
        let answer = site.call(request.peer_addr(format!("{from}:1").parse().unwrap())).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        (answer.status, answer.text())
    };
    assert_eq!(ask(DUTCH).await.0, 404, "no rule names a place");
    set_policies(&site).await;
    for (from, place) in [(DUTCH, "NL"), (CALIFORNIAN, "US-CA"), (TEXAN, "US-TX"), (UNKNOWN, "")] {
        assert_eq!(ask(from).await, (200, place.to_owned()));
    }
    assert_eq!(site.get("/1000002/location").await.status, 404);
    assert_eq!((site.app.counters.received(), site.app.store.inbox.last_id()), (0, 0), "nothing is kept");
}

#[actix_web::test]
async fn a_revision_is_made_by_each_change_and_never_changed() {
    let site = Site::new().await;
    set_policies(&site).await;
    let rule = Rule { target: Target::everywhere(), kind: PolicyType::OptIn, gpc: false };
    let set = async |rule: &Rule| {
        consent::set_rule(&site.app, Actor::Machine, site.account, rule.clone()).await.unwrap()
    };
    assert_eq!(
        (set(&rule).await, set(&rule).await),
        (REVISIONS + 1, REVISIONS + 1),
        "the second changes nothing"
    );
    let actions = "select count(*) from audit where action = 'consent.change'";
    assert_eq!(site.ask::<u32>(actions), REVISIONS + 1);
    let changed = site.app.store.writer.write(|conn| {
        conn.execute("update consent_revision set policy = '{}'", []).map_err(guestlog::store::Error::from)
    });
    assert!(changed.await.is_err());
}
