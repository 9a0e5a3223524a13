//! Page views, engagement, and what is sent about a page.

use serde_json::{Value, json};

use super::harness::{ACCOUNT, Browser, HOME, Page, SERVER, SETTLE, Visit, options};

pub(super) fn pages(browser: &Browser) -> Vec<String> {
    browser
        .views()
        .iter()
        .map(|view| view["pu"].as_str().unwrap().replace("https://www.example.com", ""))
        .collect()
}

fn engagement(browser: &Browser) -> Vec<Value> {
    browser.hits().into_iter().filter(|hit| hit["k"] == "engagement").collect()
}

/// The engagement times that were sent, in order.
fn engaged_ms(browser: &Browser) -> Vec<i64> {
    engagement(browser).iter().map(|hit| hit["ms"].as_i64().unwrap()).collect()
}

fn scrubbed(address: &str) -> String {
    let browser = Browser::new();
    browser.visit(&format!("https://www.example.com{address}"));
    pages(&browser).remove(0)
}

#[test]
fn a_page_view_has_every_field_of_the_wire_format() {
    let browser = Browser::new();
    let page = browser.open(
        &Visit::of("https://www.example.com/a?b=c#d")
            .from("https://search.example.net/?q=x")
            .with(json!({"title": "Prices", "canonical": "/a"})),
    );
    let requests = browser.requests();
    assert_eq!(requests.len(), 1);
    let (request, view) = (&requests[0], &requests[0].hits[0]);
    assert_eq!(request.url, format!("{SERVER}/collect"));
    assert_eq!(request.raw["method"], "POST");
    assert_eq!(request.raw["credentials"], "omit");
    assert_eq!(request.raw["keepalive"], true);
    assert_eq!(request.raw["headers"], Value::Null, "a header would ask for a preflight");
    for (key, value) in [
        ("a", json!(ACCOUNT)),
        ("k", json!(1)),
        ("age", json!(0)),
        ("nc", json!(true)),
        ("pu", json!("https://www.example.com/a?b=c")),
        ("rcu", json!("https://www.example.com/a")),
        ("r", json!("https://search.example.net/?q=x")),
        ("t", json!("Prices")),
        ("sd", json!("1920x1080")),
        ("ln", json!("en-gb")),
    ] {
        assert_eq!(view[key], value, "{key}");
    }
    for absent in ["cc", "ce", "i", "rv", "po", "rpo", "ccu", "rev", "at", "p", "cts", "bfp"] {
        assert_eq!(view.get(absent), None, "{absent}");
    }
    assert_eq!(view["vi"], json!(page.cookie("hubspotutk")));
    assert_eq!(view["u"], json!(page.cookie("__hstc")));
    assert_eq!(view["b"], json!(page.cookie("__hssc")));
}

#[test]
fn ids_are_unique_and_ascend_with_time() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    for _ in 0..20 {
        page.push("['trackPageView']");
    }
    let ids: Vec<String> = browser.hits().iter().map(|hit| hit["id"].as_str().unwrap().to_owned()).collect();
    let mut sorted = ids.clone();
    sorted.sort();
    sorted.dedup();
    let views: Vec<String> =
        browser.views().iter().map(|hit| hit["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(sorted.len(), ids.len());
    assert!(views.is_sorted());
    let hour = &base36(browser.now())[..4];
    assert!(ids.iter().all(|id| id.starts_with(hour) && id.len() <= 64), "{ids:?}");
}

fn base36(mut number: i64) -> String {
    let mut digits = Vec::new();
    while number > 0 {
        digits.push(char::from_digit((number % 36) as u32, 36).unwrap());
        number /= 36;
    }
    digits.iter().rev().collect()
}

#[test]
fn the_policy_revision_goes_along() {
    let browser = Browser::new();
    let mut with_revision = options();
    with_revision.revision = 7;
    browser.open(&Visit::of(HOME).options(&with_revision));
    assert_eq!(browser.views()[0]["rev"], 7);
}

#[test]
fn set_path_sends_nothing_by_itself_and_tells_both_paths_later() {
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).above("window._hsq = [['setPath', '/first']]"));
    page.push("['setPath', '/second?x=1#part']");
    browser.advance(1000);
    assert_eq!(browser.views().len(), 1);
    page.push("['trackPageView']");
    let views = browser.views();
    assert_eq!((&views[0]["po"], views[0].get("rpo")), (&json!("/first"), None));
    assert_eq!((&views[1]["po"], &views[1]["rpo"]), (&json!("/second?x=1#part"), &json!("/first")));
    assert_eq!(views[1]["r"], "https://www.example.com/first");
    page.push("['setPath', '']");
    page.push("['trackPageView']");
    assert_eq!(browser.views()[2]["po"], "/");
}

#[test]
fn a_whole_address_can_be_set_as_the_path() {
    for (set, sent, next) in [
        ("https://shop.example.com/cart?x=1#a", "https://shop.example.com/cart?x=1#a", None),
        ("HTTP://Example.com:81", "HTTP://Example.com:81", None),
        ("https://ann:pw@shop.example.com/?token=1", "https://shop.example.com/", None),
        ("https://www.example.com/cart", "https://www.example.com/cart", None),
        ("//other.test/x", "//other.test/x", Some("https://www.example.com//other.test/x")),
        ("httpdocs", "/httpdocs", Some("https://www.example.com/httpdocs")),
    ] {
        let browser = Browser::new();
        let page = browser.open(&Visit::of(HOME).above(&format!("window._hsq = [['setPath', '{set}']]")));
        page.push("['setPath', '/next'], ['trackPageView']");
        let views = browser.views();
        assert_eq!(views[0]["po"], sent, "{set}");
        assert_eq!(views[1]["r"], next.unwrap_or(sent), "{set}");
        assert_eq!(views[1]["po"], "/next", "{set}");
    }
}

#[test]
fn a_frame_without_an_address_of_its_own_sends_nothing() {
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).above("window.origin = 'null'"));
    page.push("['trackPageView']");
    browser.advance(SETTLE);
    assert!(browser.requests().is_empty() && browser.storage().is_empty());
}

#[test]
fn a_stale_canonical_address_is_not_used_for_the_next_page() {
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).with(json!({"canonical": "/"})));
    page.run("history.pushState({}, '', '/b')");
    browser.advance(SETTLE);
    page.run("history.pushState({}, '', '/c'); page.canonical = '/c'");
    browser.advance(SETTLE);
    let engaged_ms: Vec<_> = browser.views().iter().map(|view| view["rcu"].clone()).collect();
    assert_eq!(engaged_ms, [json!(HOME), Value::Null, json!("https://www.example.com/c")]);
}

#[test]
fn a_canonical_address_set_by_call_takes_the_place_of_the_tag() {
    let browser = Browser::new();
    let above = "window._hsq = [['setCanonicalUrl', 'https://www.example.com/c?token=1']]";
    browser.open(&Visit::of(HOME).above(above).with(json!({"canonical": "/a"})));
    assert_eq!(browser.views()[0]["ccu"], "https://www.example.com/c");
    assert_eq!(browser.views()[0].get("rcu"), None);
}

#[test]
fn page_id_and_content_type_go_along() {
    let browser = Browser::new();
    let above = "window._hsq = [['setContentType', 'landing-page'], ['setPageId', 42]]";
    browser.open(&Visit::of(HOME).above(above));
    assert_eq!((&browser.views()[0]["ct"], &browser.views()[0]["pi"]), (&json!("landing-page"), &json!(42)));
}

#[test]
fn a_frame_sends_the_referrer_of_the_window_around_it() {
    let browser = Browser::new();
    let above = "window.top = {document: {referrer: 'https://outer.example.net/'}}";
    browser.open(&Visit::of(HOME).from("https://www.example.com/frame").above(above));
    assert_eq!(browser.views()[0]["r"], "https://outer.example.net/");
    let browser = Browser::new();
    let above = "window.top = window.parent = {get document() { throw new Error('another origin'); }}";
    browser.open(&Visit::of(HOME).from("https://www.example.com/frame").above(above));
    assert_eq!(browser.views()[0]["r"], "https://www.example.com/frame");
}

#[test]
fn a_prerendered_page_waits_until_it_is_seen() {
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).with(json!({"prerendering": true})));
    page.run("window._hsq = window._hsq || []; _hsq.push(['setPath', '/seen'])");
    assert_eq!((browser.requests().len(), page.cookies().len()), (0, 0));
    page.run("document.prerendering = false; document.emit('prerenderingchange'); document.emit('prerenderingchange')");
    assert_eq!(browser.views().len(), 1);
    assert_eq!(browser.views()[0]["po"], "/seen");
}

#[test]
fn a_page_that_comes_back_from_the_cache_is_viewed_again() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    browser.advance(4000);
    page.cached(false);
    browser.advance(60_000);
    page.cached(true);
    browser.advance(3000);
    page.dispatch("leave");
    let views = browser.views();
    assert_eq!(views.len(), 2);
    assert_ne!(views[0]["id"], views[1]["id"]);
    assert_eq!(page.cookie("__hssc").unwrap().split('.').nth(1), Some("2"));
    assert_eq!(engaged_ms(&browser), [4000, 3000]);
    page.run("window.emit('pageshow', {persisted: false})");
    assert_eq!(browser.views().len(), 2);
}

#[test]
fn the_time_in_the_cache_is_nobodys_engagement() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    browser.advance(4000);
    page.run("window.emit('pagehide', {persisted: true})");
    browser.advance(60_000);
    page.run("window.emit('pageshow', {persisted: true})");
    assert_eq!(engaged_ms(&browser), [4000]);
}

/// rules.md 15
#[test]
fn engagement_is_the_time_the_page_was_visible() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    browser.advance(5000);
    page.dispatch("hide");
    browser.advance(60_000);
    page.dispatch("show");
    browser.advance(2500);
    page.dispatch("leave");
    assert_eq!(engaged_ms(&browser), [5000, 7500], "all of it so far, each time");
    let view = &browser.views()[0];
    for hit in engagement(&browser) {
        assert_eq!(hit["pv"], view["id"]);
        assert_eq!((&hit["vi"], &hit["u"], &hit["pu"]), (&view["vi"], &view["u"], &view["pu"]));
        assert_ne!(hit["id"], view["id"]);
    }
    assert!(browser.requests()[1..].iter().all(|request| request.via == "beacon"));
}

/// rules.md 15
#[test]
fn less_than_a_second_is_sent_only_on_leaving_and_nothing_twice() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    browser.advance(999);
    page.dispatch("hide");
    assert!(engaged_ms(&browser).is_empty());
    page.dispatch("show");
    browser.advance(1);
    page.dispatch("hide");
    assert_eq!(engaged_ms(&browser), [1000]);
    page.dispatch("show");
    browser.advance(400);
    page.dispatch("hide");
    assert_eq!(engaged_ms(&browser), [1000]);
    page.dispatch("leave");
    page.dispatch("leave");
    assert_eq!(engaged_ms(&browser), [1000, 1400]);
}

/// rules.md 15
#[test]
fn engagement_ends_at_thirty_minutes() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    browser.advance(31 * 60_000);
    page.dispatch("hide");
    page.dispatch("show");
    browser.advance(60_000);
    page.dispatch("leave");
    assert_eq!(engaged_ms(&browser), [30 * 60_000]);
}

#[test]
fn a_page_opened_in_the_background_is_not_engaged_until_it_is_shown() {
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).with(json!({"hidden": true})));
    browser.advance(50_000);
    page.dispatch("show");
    browser.advance(2000);
    page.dispatch("leave");
    assert_eq!(engaged_ms(&browser), [2000]);
}

#[test]
fn navigation_sends_the_engagement_of_the_page_before() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    browser.advance(3000);
    page.run("history.pushState({}, '', '/b')");
    browser.advance(SETTLE + 500);
    let (first, views) = (&engagement(&browser)[0], browser.views());
    assert_eq!(first["pv"], views[0]["id"]);
    assert_eq!((&first["pu"], &first["ms"]), (&json!(HOME), &json!(3000)));
    page.dispatch("leave");
    assert_eq!(engagement(&browser)[1]["pv"], views[1]["id"]);
    assert_eq!(
        engaged_ms(&browser),
        [3000, SETTLE + 500],
        "the time that the move waited belongs to its page"
    );
}

#[test]
fn a_navigation_right_before_leaving_is_not_lost() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    page.run("history.pushState({}, '', '/b')");
    page.dispatch("leave");
    assert_eq!(pages(&browser), ["/", "/b"]);
}

/// rules.md 14
#[test]
fn secrets_stay_in_the_browser() {
    for (address, kept) in [
        ("/?a=1&token=s&b=2", "/?a=1&b=2"),
        ("/?Access_Token=s&ID_TOKEN=s&refresh_token=s", "/"),
        ("/?auth=s&key=s&api_key=s&apikey=s&x", "/?x"),
        ("/?password=s&passwd=s&pwd=s&secret=s", "/"),
        ("/?session=s&sessionid=s&sid=s&PHPSESSID=s&jsessionid=s", "/"),
        ("/?signature=s&sig=s&email=s&e-mail=s&mail=s&__hs_email=s", "/"),
        ("/?code=s&state=s", "/"),
        ("/?state=ohio", "/?state=ohio"),
        ("/?tokens=1&monkey=2&zip_code=3", "/?tokens=1&monkey=2&zip_code=3"),
        ("/?to=ann%40example.com&n=1", "/?n=1"),
        ("/?back=%2Fin%3Fwho%3Dann%2540example.com", "/"),
        ("/?to=ann@example.com%zz", "/"),
        ("/?x=eyJhbGciOi.eyJzdWIiOi.c2ln", "/"),
        ("/?pack%65t=1&%74oken=2", "/?pack%65t=1"),
        ("/?ann@example.com", "/"),
        ("/u/ann@example.com/b", "/u/[email]/b"),
        ("/u/ann%40example.com", "/u/[email]"),
        ("/@ann/npm/pack@1.2.3", "/@ann/npm/pack@1.2.3"),
        ("/a;jsessionid=0123;v=2/b?c=d", "/a;v=2/b?c=d"),
        ("/a#access_token=s", "/a"),
        ("/?__hstc=1&__hssc=2&__hsfp=3&_hsmi=4", "/?_hsmi=4"),
    ] {
        assert_eq!(scrubbed(address), kept, "{address}");
    }
}

#[test]
fn every_secret_key_of_the_server_stays_in_the_browser() {
    let keys = include_str!("../../../src/domain/visits/data/secret_keys.txt");
    for key in keys.lines().filter(|line| !line.starts_with('#')) {
        assert_eq!(scrubbed(&format!("/?a=1&{key}=s")), "/?a=1", "{key}");
    }
}

#[test]
fn campaign_values_behind_the_fragment_go_along() {
    for (address, sent) in [
        ("/#utm_source=news&UTM_Campaign=May&token=1", "/#utm_source=news&UTM_Campaign=May"),
        ("/a?b=1#/route?token=1&UTM_source=news&utm_term=x", "/a?b=1#UTM_source=news&utm_term=x"),
        ("/#utm_source=ann@example.com", "/#[email]"),
        ("/#top", "/"),
    ] {
        assert_eq!(scrubbed(address), sent, "{address}");
    }
    let browser = Browser::new();
    let page = browser.open(&Visit::of(&format!("{HOME}#utm_source=news")));
    page.push("['setPath', '/next'], ['trackPageView']");
    let views = browser.views();
    assert_eq!(views[1]["r"], HOME, "an address that was left has no campaign");
}

#[test]
fn referrer_canonical_and_path_are_scrubbed_too() {
    let browser = Browser::new();
    let page = browser.open(
        &Visit::of(HOME)
            .from("https://ann:pw@other.example.net/?token=1&q=2#x")
            .with(json!({"canonical": "/c?email=x&y=1"})),
    );
    assert_eq!(browser.views()[0]["r"], "https://other.example.net/?q=2");
    assert_eq!(browser.views()[0]["rcu"], "https://www.example.com/c?y=1");
    page.push("['setPath', '/p/ann@example.com?sid=1#tab&token=2']");
    page.push("['trackPageView']");
    assert_eq!(browser.views()[1]["po"], "/p/[email]#tab");
}

/// rules.md 8
#[test]
fn an_address_that_is_too_long_loses_its_query_not_the_view() {
    for (length, expected) in [(8000, 8000), (8001, 24)] {
        let url = format!("{HOME}?{}", "x".repeat(length - HOME.len() - 1));
        let browser = Browser::new();
        browser.visit(&url);
        assert_eq!(browser.views()[0]["pu"].as_str().unwrap().len(), expected);
    }
}

#[test]
fn a_page_without_title_or_language_is_viewed_all_the_same() {
    let browser = Browser::new();
    let above = "delete navigator.language; delete navigator.sendBeacon";
    let page: Page = browser.open(&Visit::of(HOME).above(above).with(json!({"title": ""})));
    browser.advance(2000);
    page.dispatch("leave");
    let view = &browser.views()[0];
    assert!(["t", "ln"].iter().all(|key| view.get(key).is_none()));
    assert_eq!(view["vi"].as_str().unwrap().len(), 32);
    assert_eq!(engaged_ms(&browser), [2000]);
}
