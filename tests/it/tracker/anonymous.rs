//! Views that the visitor did not allow, of accounts that count them in totals (rules.md 41): what is sent of them, when, and
//! above all what is not.

use guestlog::domain::consent::counting::Counting;
use guestlog::tracker::{PolicyRule, ScriptOptions};
use serde_json::{Value, json};

use super::harness::{Browser, HOME, Page, SERVER, SETTLE, Visit, options};

const ACCEPT: &str = "_hsp.push(['setHubSpotConsent', {analytics: true}])";
const REFUSE: &str = "_hsp.push(['setHubSpotConsent', {analytics: false}])";
const FROM: &str = "https://user@news.example.net/story?id=7";

/// A policy of one rule, with HubSpot's number of its type, and counting.
fn counting(kind: u8) -> ScriptOptions {
    let rule = PolicyRule(kind, 1, String::new(), "/".into(), Vec::new());
    ScriptOptions {
        policies: Some(vec![rule]),
        counting: Counting { anonymous: true, asked: false },
        ..options()
    }
}

fn open(browser: &Browser, options: &ScriptOptions, above: &str) -> Page {
    browser.open(
        &Visit::of("https://www.example.com/shop?q=secret&utm_source=x#part")
            .from(FROM)
            .above(above)
            .options(options),
    )
}

/// The views that were counted.
fn counted(browser: &Browser) -> Vec<Value> {
    let requests = browser.requests();
    let of_counting = requests.iter().filter(|request| request.url.ends_with("/count"));
    of_counting.map(|request| serde_json::from_str(request.raw["body"].as_str().unwrap()).unwrap()).collect()
}

fn paths(browser: &Browser) -> Vec<String> {
    let path = |view: &Value| view["page"].as_str().unwrap().replace("https://www.example.com", "");
    counted(browser).iter().map(path).collect()
}

/// rules.md 41
#[test]
fn a_view_without_consent_is_told_when_it_is_left_without_cookie_storage_or_id() {
    for (state, kind, above, then) in [
        ("not yet answered", 3, "", ""),
        ("not yet answered, by category", 4, "", ""),
        (
            "refused before",
            3,
            "document.cookie = '__hs_cookie_cat_pref=1:false_2:false_3:false_r:7; path=/'",
            "",
        ),
        ("refused now", 5, "", REFUSE),
        ("no cookies", 1, "", ""),
        ("no cookies, whatever the site says", 1, "", ACCEPT),
    ] {
        let browser = Browser::new();
        let page = open(&browser, &counting(kind), above);
        let views = browser.views().len();
        page.run(then);
        assert_eq!(counted(&browser).len(), 0, "{state}: not before it is left");
        page.dispatch("leave");
        if kind == 5 {
            assert_eq!(
                (views, counted(&browser).len()),
                (1, 0),
                "{state}: it was allowed, and told, at first"
            );
            continue;
        }
        let told = json!({"page": "https://www.example.com/shop", "entry": true, "referrer": "https://news.example.net"});
        assert_eq!(counted(&browser), [told], "{state}");
        let request = &browser.requests()[0];
        assert_eq!(browser.requests().len(), 1, "{state}");
        assert_eq!(request.url, format!("{SERVER}/1000001/count"));
        assert_eq!((&*request.via, &request.raw["credentials"]), ("fetch", &json!("omit")), "{state}");
        assert_eq!(request.raw["keepalive"], json!(true), "{state}");
        assert!(browser.storage().is_empty(), "{state}");
        let names: Vec<Value> = browser.jar().iter().map(|cookie| cookie["name"].clone()).collect();
        assert!(names.iter().all(|name| name == "__hs_cookie_cat_pref"), "{state}: {names:?}");
    }
}

#[test]
fn global_privacy_control_counts_as_no_cookies() {
    let browser = Browser::new();
    browser.set("navigator.globalPrivacyControl = true");
    open(&browser, &counting(5), "").dispatch("leave");
    assert_eq!((browser.views().len(), paths(&browser)), (0, vec!["/shop".to_owned()]));
}

#[test]
fn nothing_is_sent_where_it_is_off_or_tracking_is_off_or_the_visitor_says_do_not_track() {
    let off = ScriptOptions { counting: Counting::default(), ..counting(3) };
    let elsewhere = ScriptOptions { limit: true, domains: vec!["other.test".into()], ..counting(3) };
    for (options, above, then) in [
        (off, "", ""),
        (elsewhere, "", ""),
        (counting(3), "document.cookie = '__hs_do_not_track=yes; path=/'", ""),
        (counting(1), "document.cookie = '__hs_do_not_track=yes; path=/'", ""),
        (counting(3), "", "_hsq.push(['doNotTrack'])"),
        (counting(3), "window._hsq = [['setTrackingEnabled', false]]", ""),
    ] {
        let browser = Browser::new();
        let page = open(&browser, &options, above);
        page.run(then);
        page.dispatch("leave");
        assert_eq!(browser.requests().len(), 0, "{above} {then}");
    }
    let browser = Browser::new();
    open(&browser, &ScriptOptions { limit: true, ..counting(3) }, "").dispatch("leave");
    assert_eq!(browser.requests().len(), 1, "a host of the account");
}

/// rules.md 41
#[test]
fn a_view_that_is_allowed_in_the_end_is_told_once_as_an_ordinary_one() {
    for before in ["", REFUSE] {
        let browser = Browser::new();
        let page = open(&browser, &counting(3), "");
        page.run(before);
        page.run(ACCEPT);
        page.dispatch("leave");
        assert_eq!((browser.views().len(), counted(&browser).len()), (1, 0), "{before}");
    }
    // Withdrawn again: it was told already.
    let browser = Browser::new();
    let page = open(&browser, &counting(3), "");
    page.run(ACCEPT);
    page.run("_hsp.push(['revokeCookieConsent'])");
    page.dispatch("leave");
    assert_eq!((browser.views().len(), counted(&browser).len()), (1, 0));
    // What comes after the withdrawal is another view, and none that begins a session.
    page.run("history.pushState({}, '', '/next')");
    browser.advance(SETTLE);
    page.dispatch("leave");
    assert_eq!(counted(&browser), [json!({"page": "https://www.example.com/next"})]);
}

/// rules.md 41
#[test]
fn who_comes_back_to_a_page_and_allows_it_then_begins_a_view_anew() {
    let browser = Browser::new();
    let page = open(&browser, &counting(3), "");
    page.dispatch("hide");
    page.dispatch("show");
    page.dispatch("hide");
    assert_eq!((browser.views().len(), counted(&browser).len()), (0, 1), "left twice, told once");
    page.dispatch("show");
    page.run(ACCEPT);
    page.dispatch("leave");
    assert_eq!((browser.views().len(), counted(&browser).len()), (1, 1));
}

#[test]
fn moves_inside_a_page_count_and_only_the_first_view_can_begin_a_session() {
    let browser = Browser::new();
    let page = open(&browser, &counting(3), "");
    for to in ["/b?x=1", "/c#d", "/ann@example.com"] {
        page.run(&format!("history.pushState({{}}, '', '{to}')"));
        browser.advance(SETTLE);
    }
    page.dispatch("leave");
    assert_eq!(paths(&browser), ["/shop", "/b", "/c", "/[email]"]);
    let entries = counted(&browser).iter().filter(|view| view.get("entry").is_some()).count();
    assert_eq!(entries, 1);
}

#[test]
fn a_view_that_the_site_reports_itself_counts_once() {
    for above in
        ["window._hsq = [['trackPageView']]", "window._hsq = [['setPath', '/shop'], ['trackPageView']]", ""]
    {
        let browser = Browser::new();
        let page = open(&browser, &counting(3), above);
        if above.is_empty() {
            page.push("['trackPageView']");
        }
        page.dispatch("leave");
        assert_eq!(paths(&browser), ["/shop"], "{above}");
    }
    // A page that is shown again is viewed again.
    let browser = Browser::new();
    let page = open(&browser, &counting(3), "");
    page.cached(false);
    page.cached(true);
    page.dispatch("leave");
    assert_eq!(paths(&browser), ["/shop", "/shop"]);
    assert_eq!(counted(&browser)[1], json!({"page": "https://www.example.com/shop"}));
}

#[test]
fn a_view_that_cannot_be_told_breaks_nothing_and_is_not_told_again() {
    for net in ["'throws'", "'fails'", "503", "429"] {
        let browser = Browser::new();
        browser.set(&format!("net.fetch = {net}"));
        let page = open(&browser, &counting(3), "");
        page.dispatch("leave");
        browser.set("net.fetch = 204");
        page.run("window.emit('online')");
        browser.advance(120_000);
        assert!(counted(&browser).len() <= 1, "{net}");
        assert!(browser.storage().is_empty() && browser.jar().is_empty(), "{net}");
    }
}

/// A site with a banner of its own needs no policy.
#[test]
fn an_account_without_a_policy_counts_who_refuses_an_outside_banner() {
    let options = ScriptOptions { policies: Some(Vec::new()), ..counting(0) };
    let browser = Browser::new();
    let refused = "window._hsp = [['setHubSpotConsent', {analytics: false}]]";
    browser.open(&Visit::of(HOME).options(&options).above(refused)).dispatch("leave");
    assert_eq!((browser.views().len(), paths(&browser)), (0, vec!["/".to_owned()]));
    let browser = Browser::new();
    browser.open(&Visit::of(HOME).options(&options)).dispatch("leave");
    assert_eq!((browser.views().len(), counted(&browser).len()), (1, 0), "nobody refused");
}
