//! Sending hits, keeping them when that fails, and sending them again: every hit arrives once.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::harness::{Browser, HOME, SERVER, Visit};

const MINUTE: i64 = 60_000;

fn ids(hits: &[Value]) -> Vec<String> {
    hits.iter().map(|hit| hit["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_hit_the_server_took_is_not_sent_again() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    assert!(browser.storage().is_empty());
    page.run("window.emit('online')");
    browser.advance(10 * MINUTE);
    browser.visit(HOME);
    assert_eq!(browser.requests().len(), 2);
}

#[test]
fn while_the_server_is_away_hits_are_kept_and_arrive_later_under_the_same_id() {
    for away in ["503", "500", "429", "'down'"] {
        let browser = Browser::new();
        browser.set(&format!("net.fetch = {away}; browser.state.net.image = 'down'"));
        let page = browser.visit(HOME);
        let first = browser.hits().remove(0);
        assert_eq!(browser.storage().len(), 1);
        browser.advance(2 * MINUTE);
        page.push("['trackPageView']");
        browser.advance(3 * MINUTE);
        assert!(browser.arrived().is_empty());
        browser.set("net.fetch = 204");
        browser.advance(3 * MINUTE);
        let arrived = browser.arrived();
        assert_eq!(arrived.len(), 3, "two views and an engagement after {away}");
        assert_eq!(arrived[0]["id"], first["id"]);
        assert!(ids(&arrived).is_sorted());
        let age = arrived[0]["age"].as_i64().unwrap();
        assert!((5 * MINUTE..=8 * MINUTE).contains(&age), "{age}");
        assert!(browser.storage().is_empty());
        let sent = browser.requests().len();
        browser.advance(60 * MINUTE);
        assert_eq!(browser.requests().len(), sent);
    }
}

#[test]
fn attempts_grow_rarer_up_to_two_minutes() {
    let browser = Browser::new();
    browser.set("net.fetch = 503");
    browser.visit(HOME);
    browser.advance(30 * MINUTE);
    let times: Vec<i64> = browser.requests().iter().map(|r| r.raw["at"].as_f64().unwrap() as i64).collect();
    let gaps: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (gap, least) in gaps.iter().zip([5, 10, 20, 40, 80, 120, 120, 120]) {
        assert!((least * 1000..=least * 1250).contains(gap), "{gaps:?}");
    }
    assert!(gaps.len() >= 12, "{gaps:?}");
}

#[test]
fn retry_after_is_obeyed() {
    let browser = Browser::new();
    browser.set("net.fetch = 429; browser.state.net.retryAfter = '400'");
    let page = browser.visit(HOME);
    browser.set("net.fetch = 204");
    browser.advance(399_000);
    page.push("['trackPageView']");
    page.run("window.emit('online')");
    assert_eq!(browser.requests().len(), 1);
    browser.advance(1000);
    assert_eq!(browser.arrived().len(), 3);
}

#[test]
fn coming_online_sends_at_once_what_waits() {
    let browser = Browser::new();
    browser.set("net.fetch = 'down'; browser.state.net.image = 'down'");
    let page = browser.visit(HOME);
    browser.set("net.fetch = 204");
    page.run("window.emit('online')");
    assert_eq!(browser.arrived().len(), 1);
}

#[test]
fn the_next_page_load_takes_along_what_the_last_one_left() {
    let browser = Browser::new();
    browser.set("net.fetch = 503; browser.state.net.beacon = 503");
    let page = browser.visit(HOME);
    browser.advance(3000);
    page.dispatch("leave");
    assert_eq!(
        browser.requests().iter().filter(|r| r.via == "beacon").count(),
        0,
        "known to be away: kept instead"
    );
    browser.set("net.fetch = 204");
    browser.advance(10 * MINUTE);
    browser.visit("https://www.example.com/b");
    let last = browser.requests().pop().unwrap();
    assert_eq!(last.hits.len(), 3, "one request: what was left, and the new view");
    assert_eq!(last.hits[0]["age"], 10 * MINUTE + 3000);
    assert_eq!(last.hits[1]["k"], "engagement");
    assert_eq!((&last.hits[2]["pu"], &last.hits[2]["age"]), (&json!("https://www.example.com/b"), &json!(0)));
    assert_eq!(browser.arrived().len(), 3);
}

#[test]
fn a_hit_under_way_when_the_page_goes_is_sent_again_by_the_next() {
    let browser = Browser::new();
    browser.set("net.fetch = 'hangs'");
    let page = browser.visit(HOME);
    browser.advance(1);
    page.dispatch("leave");
    browser.set("net.fetch = 204");
    browser.visit(HOME);
    let hits = browser.views();
    assert_eq!(hits.len(), 3);
    assert_eq!(hits[0]["id"], hits[1]["id"]);
}

#[test]
fn two_tabs_send_the_same_hit_under_the_same_id() {
    let browser = Browser::new();
    browser.set("net.fetch = 503");
    let first = browser.visit(HOME);
    let second = browser.visit("https://www.example.com/b");
    browser.set("net.fetch = 204");
    browser.advance(MINUTE);
    first.dispatch("leave");
    second.dispatch("leave");
    browser.visit("https://www.example.com/c");
    let views: Vec<Value> = browser.arrived().into_iter().filter(|hit| hit["k"] == 1).collect();
    let distinct: HashSet<String> = ids(&browser.views()).into_iter().collect();
    assert_eq!((views.len(), distinct.len()), (3, 3));
    assert!(browser.storage().is_empty());
}

#[test]
fn what_the_server_refuses_is_sent_once_more_as_an_image_and_dropped() {
    for status in [400, 404, 413] {
        for image in ["200", "400"] {
            let browser = Browser::new();
            browser.set(&format!("net.fetch = {status}; browser.state.net.image = {image}"));
            browser.visit(HOME);
            assert!(browser.storage().is_empty());
            browser.set("net.fetch = 204");
            browser.advance(10 * MINUTE);
            let ways: Vec<_> = browser.requests().into_iter().map(|request| request.via).collect();
            assert_eq!(ways, ["fetch", "image"], "{status} {image}");
        }
    }
}

/// A proxy that refuses requests is not the server, and what it refuses is kept.
#[test]
fn what_another_server_answers_is_not_taken_for_an_answer() {
    for status in [200, 302, 403, 404] {
        let browser = Browser::new();
        browser.set(&format!(
            "net.fetch = {status}; browser.state.net.said = null; browser.state.net.image = 404"
        ));
        let page = browser.visit(HOME);
        page.push("['trackEvent', {id: 'x'}]");
        assert_eq!(browser.storage().len(), 2, "{status}");
        let warnings = browser.eval("browser.state.logs");
        let warnings = warnings.as_array().unwrap();
        assert!(warnings.len() == 1 && warnings[0].as_str().unwrap().contains(SERVER), "{warnings:?}");
        browser.set("net.fetch = 204; browser.state.net.said = 'stored'");
        browser.advance(10 * MINUTE);
        assert_eq!(browser.arrived().iter().filter(|hit| hit["k"] == 1).count(), 1);
        assert!(browser.storage().is_empty(), "{status}");
    }
}

#[test]
fn one_bad_hit_does_not_take_the_batch_along() {
    let browser = Browser::new();
    browser.set("net.fetch = 503");
    browser.visit(HOME);
    browser.visit(HOME);
    browser.set("net.fetch = 204; browser.state.net.batch = 400");
    browser.advance(MINUTE);
    assert_eq!(browser.arrived().len(), 2);
    assert!(browser.storage().is_empty());
}

#[test]
fn at_most_200_hits_are_kept_the_newest_and_sent_oldest_first() {
    for (left, dropped) in [(199, 0), (200, 1)] {
        let browser = Browser::new();
        // These ids sort before current ones, and they are stored in the wrong order.
        let above = format!(
            "for (var i = {left}; i--;) {{ var id = 'a' + (1000 + i);
                localStorage.setItem('gl1000001.' + id, Date.now() + JSON.stringify({{id: id, k: 1}})); }}"
        );
        browser.open(&Visit::of(HOME).above(&above));
        let arrived = ids(&browser.arrived());
        assert_eq!(arrived.len(), 200);
        assert_eq!(arrived[0], format!("a{}", 1000 + dropped));
        assert!(arrived.is_sorted());
        assert!(browser.requests().len() == 4 && browser.requests().iter().all(|r| r.hits.len() == 50));
        assert!(browser.storage().is_empty());
    }
}

#[test]
fn kept_hits_take_at_most_64_kilobytes() {
    let browser = Browser::new();
    browser.set("net.fetch = 503");
    let page = browser.visit(HOME);
    for n in 0..30 {
        browser.advance(1);
        page.push(&format!("['setPath', '/{n}?{}']", "x".repeat(5000)));
        page.push("['trackPageView']");
    }
    browser.advance(10 * MINUTE);
    let kept = browser.eval("Object.values(Object.values(browser.state.storage)[0]).join('').length");
    assert!((50_000..=65_536).contains(&kept.as_u64().unwrap()), "{kept}");
}

#[test]
fn hits_older_than_a_day_are_dropped() {
    for (hours, views) in [(23, 2), (25, 1)] {
        let browser = Browser::new();
        browser.set("net.fetch = 503");
        browser.visit(HOME).dispatch("leave");
        browser.set("net.fetch = 204");
        browser.advance(hours * 60 * MINUTE);
        browser.visit(HOME);
        let arrived = browser.arrived().into_iter().filter(|hit| hit["k"] == 1).count();
        assert_eq!(arrived, views, "{hours} hours");
        assert!(browser.storage().is_empty());
    }
}

/// rules.md 6
#[test]
fn a_clock_set_back_does_not_make_an_age_below_the_time_that_passed() {
    let browser = Browser::new();
    browser.set("net.fetch = 503");
    browser.visit(HOME);
    browser.set("net.fetch = 204; browser.state.wall -= 3600000");
    browser.advance(MINUTE);
    let age = browser.arrived()[0]["age"].as_i64().unwrap();
    assert!((5000..=MINUTE).contains(&age), "{age}");
}

#[test]
fn without_storage_the_page_keeps_its_hits_itself() {
    for broken in ["storageBlocked = true", "storageFull = true"] {
        let browser = Browser::new();
        browser.set(broken);
        browser.set("net.fetch = 503");
        browser.visit(HOME);
        browser.set("net.fetch = 204");
        browser.advance(MINUTE);
        assert_eq!(ids(&browser.arrived()), ids(&browser.hits()[..1]));
        let sent = browser.requests().len();
        browser.advance(60 * MINUTE);
        assert_eq!(browser.requests().len(), sent);
    }
}

#[test]
fn foreign_or_broken_things_in_storage_do_no_harm() {
    let browser = Browser::new();
    let above = "localStorage.setItem('mine', '1'); localStorage.setItem('gl1000001.a', '{');
        localStorage.setItem('gl1000001.b', 'null'); localStorage.setItem('gl1000001.c', '{\"id\":\"x\"}');
        localStorage.setItem('gl1000002.d', '{}')";
    let page = browser.open(&Visit::of(HOME).above(above));
    assert_eq!(browser.hits().len(), 1);
    assert_eq!(browser.storage(), ["mine", "gl1000002.d"]);
    page.dispatch("leave");
}

#[test]
fn where_requests_are_forbidden_an_image_brings_the_hit() {
    for forbidden in ["'down'", "'throws'"] {
        let browser = Browser::new();
        browser.set(&format!("net.fetch = {forbidden}; browser.state.net.beacon = 'refuses'"));
        let above = "window._hsq = [['identify', {email: 'ann+x@example.com', n: 1}]]";
        let page = browser.open(&Visit::of("https://www.example.com/?q=a%26b").above(above));
        let image = browser.requests().into_iter().find(|request| request.via == "image").unwrap();
        assert!(image.url.starts_with(&format!("{SERVER}/__ptq.gif?")), "{}", image.url);
        let view = &image.hits[0];
        let expected = json!({"k": 1, "a": 1_000_001, "pu": "https://www.example.com/?q=a%26b", "nc": true,
            "i": {"email": "ann+x@example.com", "n": 1}, "age": 0});
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&view[key], value, "{key}");
        }
        assert!(view["id"].as_str().unwrap().len() > 20);
        assert!(browser.storage().is_empty());
        let before = browser.requests().len();
        browser.advance(2000);
        page.dispatch("leave");
        let parting = &browser.requests()[before..];
        assert!(parting.iter().all(|r| r.via == "image") && parting[0].hits[0]["k"] == "engagement");
    }
}

#[test]
fn an_image_that_fails_is_tried_again() {
    let browser = Browser::new();
    browser.set("net.image = 'down'");
    browser.open(&Visit::of(HOME).with(json!({"noFetch": true})));
    assert_eq!((browser.arrived().len(), browser.storage().len()), (0, 1));
    browser.set("net.image = 200");
    browser.advance(MINUTE);
    let sent = ids(&browser.hits());
    assert_eq!(browser.arrived().len(), 1);
    assert_eq!(sent[0], sent[sent.len() - 1]);
    assert!(browser.storage().is_empty());
}

#[test]
fn a_beacon_the_browser_does_not_take_goes_as_a_request() {
    let browser = Browser::new();
    browser.set("net.beacon = 'refuses'");
    let page = browser.visit(HOME);
    browser.advance(2000);
    page.dispatch("leave");
    let last = browser.requests().pop().unwrap();
    assert_eq!((last.via.as_str(), &last.hits[0]["k"]), ("fetch", &json!("engagement")));
}
