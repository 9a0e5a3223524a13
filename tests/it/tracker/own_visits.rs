//! Leaving out one's own visits: the link marks the browser, the token leaves the address, and a marked browser sends
//! nothing, whatever the page calls.

use serde_json::json;

use super::harness::{Browser, HOME, Page, SERVER, Visit};

const TOKEN: &str = "o0123456789abcdef0123456789abcdef";

/// What the notice does that the server sends.
fn mark(page: &Page) {
    page.run("page.tags[0].mark('__gl_own_visits', 'yes', 86400000); page.tags[0].onload({})");
}

#[test]
fn a_marked_browser_sends_nothing_on_the_whole_site() {
    let browser = Browser::new();
    let url = format!("{HOME}#/cart#guestlog-own-visits={TOKEN}");
    let page = browser.open(&Visit::of(&url).with(json!({"nonce": "n0nce"})));
    assert_eq!(page.run("return location.href"), format!("{HOME}#/cart"));
    assert_eq!(page.run("return page.loaded"), json!([format!("{SERVER}/own-visits/{TOKEN}.js")]));
    assert_eq!(page.run("return page.tags[0].nonce"), "n0nce");
    mark(&page);
    assert_eq!(browser.jar().len(), 1, "nothing but the mark");
    assert_eq!(page.cookies()[0]["domain"], "example.com");
    for url in [HOME, "https://shop.example.com/"] {
        let calls = "window._hsq = [['setTrackingEnabled', true], ['identify', {email: 'ada@example.com'}],
            ['trackEvent', 'early'], ['doNotTrack', {track: true}]];
            window._hsp = [['setHubSpotConsent', {analytics: true}]]";
        let page = browser.open(&Visit::of(url).above(calls));
        page.push("['trackPageView']");
        page.push("['setTrackingEnabled', true]");
        page.push("['trackEvent', 'late']");
        page.push("['resetVisitorIdentity']");
        page.run("_hsp.push(['revokeCookieConsent'])");
        browser.advance(60_000);
        page.dispatch("leave");
    }
    assert!(browser.requests().is_empty() && browser.storage().is_empty());
    assert_eq!(browser.jar().len(), 1);
}

#[test]
fn the_mark_is_taken_back() {
    let browser = Browser::new();
    mark(&browser.visit(&format!("{HOME}#guestlog-own-visits={TOKEN}")));
    let page = browser.visit(&format!("{HOME}#guestlog-own-visits=b{}", &TOKEN[1..]));
    page.run("page.tags[0].mark('__gl_own_visits', '', 0); page.tags[0].onload({})");
    assert_eq!(browser.views().len(), 1, "this visit counts again");
    assert_eq!(browser.jar().len(), 4);
}

/// A link is followed by people, and a broken one must not change what is counted.
#[test]
fn a_link_that_cannot_be_followed_is_an_ordinary_visit() {
    let url = format!("{HOME}#guestlog-own-visits={TOKEN}");
    let browser = Browser::new();
    let page = browser.visit(&url);
    assert!(browser.requests().is_empty(), "nothing leaves the page before it is known");
    page.run("page.tags[0].onerror({})");
    assert_eq!(browser.views()[0]["pu"], HOME);
    let browser = Browser::new();
    browser.open(&Visit::of(&url).with(json!({"trustedTypes": true})));
    assert_eq!(browser.views().len(), 1);
}

#[test]
fn where_the_mark_cannot_be_set_for_the_domain_it_is_set_for_the_host() {
    let browser = Browser::new();
    let host = "http://127.0.0.1:3000/";
    mark(&browser.visit(&format!("{host}#guestlog-own-visits={TOKEN}")));
    browser.visit(host);
    assert!(browser.requests().is_empty());
}
