//! The element picker on the site: the token is removed from the address, and no hits are sent while it is open
//! (rules.md 30).

use serde_json::json;

use super::harness::{Browser, HOME, SERVER, Visit};

const TOKEN: &str = "c0123456789abcdef0123456789abcdef";

/// rules.md 30
#[test]
fn while_somebody_picks_no_hit_leaves_the_page() {
    let browser = Browser::new();
    let url = format!("{HOME}#/cart#guestlog-pick={TOKEN}");
    let page = browser.open(&Visit::of(&url).above("window._hsq = [['trackEvent', 'early']]"));
    assert_eq!(page.run("return location.href"), format!("{HOME}#/cart"));
    page.push("['trackPageView']");
    page.push("['trackEvent', 'late']");
    page.run("history.pushState({}, '', '/b')");
    browser.advance(60_000);
    page.dispatch("leave");
    let requests = browser.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].url, format!("{SERVER}/pick"));
    assert_eq!(requests[0].raw["body"], json!({ "token": TOKEN }).to_string());
    assert_eq!(requests[0].raw["credentials"], "omit");
    assert_eq!(page.run("return page.loaded"), json!([format!("{SERVER}/pick.js")]));
    assert!(browser.storage().is_empty() && browser.jar().is_empty());
}

/// rules.md 30
#[test]
fn an_invalid_token_is_an_ordinary_visit() {
    for answer in ["404", "503", "'down'", "'throws'"] {
        let browser = Browser::new();
        browser.set(&format!("net.pick = {answer}"));
        let url = format!("{HOME}#guestlog-pick={TOKEN}");
        let page = browser.open(&Visit::of(&url).above("window._hsq = [['trackEvent', 'early']]"));
        assert_eq!(page.run("return page.loaded"), json!([]), "{answer}");
        let hits = browser.arrived();
        assert_eq!(hits.iter().filter(|hit| hit["k"] == 1).count(), 1, "{answer}");
        assert!(hits.iter().all(|hit| hit["pu"] == HOME), "{answer}: {hits:?}");
    }
}

/// rules.md 30
#[test]
fn a_page_that_refuses_the_picker_is_an_ordinary_visit() {
    let browser = Browser::new();
    let url = format!("{HOME}#guestlog-pick={TOKEN}");
    browser.open(&Visit::of(&url).with(json!({"trustedTypes": true})));
    assert_eq!(browser.arrived().iter().filter(|hit| hit["k"] == 1).count(), 1);
}

/// rules.md 30
#[test]
fn the_picker_has_the_nonce_of_the_script_and_a_page_that_blocks_it_is_an_ordinary_visit() {
    let browser = Browser::new();
    let url = format!("{HOME}#guestlog-pick={TOKEN}");
    let page = browser.open(&Visit::of(&url).with(json!({"nonce": "n0nce"})));
    assert_eq!(
        page.run("return page.tags.map(function (tag) { return [tag.nonce, tag.token]; })"),
        json!([["n0nce", TOKEN]])
    );
    browser.advance(1000);
    assert!(browser.arrived().is_empty());
    page.run("page.tags[0].onerror({})");
    assert_eq!(browser.views().len(), 1);
}
