//! The `_hsq` queue: order, ignored entries, listeners, identity.

use serde_json::{Value, json};

use super::harness::{AGAIN, Browser, HOME, SERVER, Visit, options};

fn sent_with(above: &str) -> Vec<Value> {
    let browser = Browser::new();
    browser.open(&Visit::of(HOME).above(above));
    browser.views()
}

#[test]
fn what_was_queued_anywhere_before_load_acts_on_the_first_view() {
    let views = sent_with(
        "window._hsq = [['trackPageView'], ['setPageId', 'p'], ['identify', {email: 'ann@example.com', id: 7}],
            ['setPath', '/late'], ['setContentType', 'blog-post']]",
    );
    assert_eq!(views.len(), 1, "the queued view is the automatic one");
    for view in views {
        assert_eq!(
            (&view["po"], &view["pi"], &view["ct"]),
            (&json!("/late"), &json!("p"), &json!("blog-post"))
        );
        assert_eq!(view["i"], json!({"email": "ann@example.com", "id": 7}));
    }
}

#[test]
fn the_three_passes_stand_in_hubspots_order() {
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).above(
        "window.order = []; window._hsq = [
            ['addUserTokenListener', function () { order.push('view'); }],
            function () { order.push('queued ' + browser.state.requests.length); },
            ['identify', {get a() { order.push('identify ' + document.cookie.length); return 1; }}],
            ['addCookieDomain', {toString: function () { order.push('domain'); return 'example.com'; }}],
            ['setPath', {toString: function () { order.push('path'); return '/p'; }}]]",
    ));
    assert_eq!(page.run("return order"), json!(["domain", "identify 0", "path", "queued 0", "view"]));
}

#[test]
fn a_function_gets_the_tracker_and_what_it_pushes_comes_after() {
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).above(
        "window.order = []; window._hsq = [function (tracker, library) {
            order.push(typeof tracker.trackPageView, typeof library);
            _hsq.push(['addUserTokenListener', function (utk) { order.push(utk.length); }]);
            _hsq.push(function () { order.push('pushed'); });
            tracker.trackEvent({id: 'x'});
            order.push('end');
        }]",
    ));
    assert_eq!(page.run("return order"), json!(["function", "object", "end", 32, "pushed"]));
    assert_eq!(browser.views().len(), 1);
    browser.advance(AGAIN);
    page.run(
        "_hsq.push(function (tracker) { order.push(this === undefined || true); tracker.trackPageView(); })",
    );
    assert_eq!(browser.views().len(), 2);
}

#[test]
fn after_load_a_push_runs_at_once_and_takes_several() {
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).above("window.kept = window._hsq = []"));
    let code = "kept.push(['setPath', '/x'], ['trackPageView']); return browser.state.requests.length";
    assert_eq!(page.run(code), 2);
    assert_eq!(browser.views()[1]["po"], "/x");
    assert_eq!(page.run("return _hsq === kept && kept.length"), 0);
}

#[test]
fn broken_entries_are_ignored_and_the_rest_goes_on() {
    let above = "window._hsq = [null, undefined, 7, 'setPath', [], [null], [['setPath', '/x']], {}, {0: 'setPath', 1: '/x'},
        ['noSuchCall', 1], ['constructor', 'x'], ['__proto__'], ['hasOwnProperty', 'x'], ['toString'],
        function () { throw new Error('the page is broken'); }, ['identify'], ['identify', null], ['identify', 'text'],
        ['addIdentityListener'], ['addIdentityListener', function () { throw new Error('the listener is broken'); }],
        ['handleLink'], ['setContentMetadata'], ['addCookieDomain'], ['doNotTrack', 0, 1].slice(0, 0),
        ['setLegacy', 1], ['setTrackingGate', 'x', true], ['embedHubSpotScript', 'u', 'id'],
        ['setPageId', 'last']]";
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).above(above));
    let view = &browser.views()[0];
    assert_eq!((&view["pi"], view.get("po"), view.get("i")), (&json!("last"), None, None));
    page.run("[null, 7, [], ['x'], {}].forEach(function (entry) { _hsq.push(entry); }); _hsq.push()");
    browser.advance(AGAIN);
    page.push("['trackPageView']");
    assert_eq!(browser.views().len(), 2);
}

#[test]
fn a_queue_that_is_no_list_is_replaced() {
    for broken in ["'x'", "{}", "7", "null", "true"] {
        assert_eq!(sent_with(&format!("window._hsq = window._hsp = {broken}")).len(), 1, "{broken}");
    }
}

#[test]
fn forms_of_hubspot_and_autocapture_are_taken_without_a_request() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    for call in ["trackFormView", "trackFeedbackView", "trackCtaView"] {
        page.push(&format!("['{call}', {{}}]"));
    }
    for call in ["autocaptureClicks", "refreshPageHandlers"] {
        page.push(&format!("function (tracker) {{ tracker.{call}({{}}); tracker.setPath('/{call}'); }}"));
        assert_eq!(page.run("_hsq.push(function (tracker) { window.ok = !!tracker; }); return ok"), true);
    }
    page.push("['trackPageView']");
    assert_eq!(browser.views()[1]["po"], "/refreshPageHandlers");
    assert_eq!(browser.requests().len(), 2);
}

#[test]
fn account_and_server_stay_those_of_the_script() {
    let browser = Browser::new();
    browser.open(&Visit::of(HOME).above(
        "window._hsq = [['setPortalId', 42], ['setTrackingDomain', 'track.hubspot.com'], ['setTrackingDomain', 'x', 'y']]",
    ));
    assert_eq!(browser.requests()[0].url, format!("{SERVER}/collect"));
    assert_eq!(browser.views()[0]["a"], 1_000_001);
}

#[test]
fn identify_sends_nothing_itself_and_is_part_of_later_hits() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    page.push(
        "['identify', {email: 'ann@example.com', f: function () {}, n: null, deep: {a: 1, b: {c: 2}}, list: [1, 'b', null],
            at: new Date(0), none: []}]",
    );
    page.push("['identify', {id: 'x-1', vip: true, email: 'bo@example.com'}]");
    assert_eq!(browser.requests().len(), 1);
    for _ in 0..2 {
        page.push("['trackPageView']");
    }
    for view in &browser.views()[1..] {
        assert_eq!(
            view["i"],
            json!({
                "email": "bo@example.com", "id": "x-1", "vip": true, "deep.a": 1, "list": "1;b",
                "at": "1970-01-01T00:00:00.000Z", "none": ""
            })
        );
    }
}

/// rules.md 36
#[test]
fn a_signature_goes_with_the_email_that_it_is_of() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    for (calls, said) in [
        ("{email: 'ann@example.com', hmac: 'a1'}", json!({"email": "ann@example.com", "hmac": "a1"})),
        ("{plan: 'pro'}", json!({"email": "ann@example.com", "hmac": "a1", "plan": "pro"})),
        ("{email: 'bo@example.com'}", json!({"email": "bo@example.com", "plan": "pro"})),
        ("{hmac: 'b2'}", json!({"email": "bo@example.com", "hmac": "b2", "plan": "pro"})),
        (
            "{email: 'cy@example.com', hmac: 'c3'}",
            json!({"email": "cy@example.com", "hmac": "c3", "plan": "pro"}),
        ),
    ] {
        page.push(&format!("['identify', {calls}], ['trackPageView']"));
        assert_eq!(browser.views().last().unwrap()["i"], said, "{calls}");
    }
    // An email without a signature is unsigned, also when it is the same one.
    page.push("['identify', {email: 'cy@example.com'}], ['trackPageView']");
    assert_eq!(browser.views().last().unwrap()["i"], json!({"email": "cy@example.com", "plan": "pro"}));
    page.push("['resetVisitorIdentity'], ['trackPageView']");
    assert_eq!(browser.views().last().unwrap().get("i"), None);
}

/// A property value has at most 1,024 characters.
#[test]
fn identity_values_are_cut_at_the_limit() {
    for (length, kept) in [(1024, 1024), (1025, 1024)] {
        let views = sent_with(&format!("window._hsq = [['identify', {{note: 'x'.repeat({length})}}]]"));
        assert_eq!(views[0]["i"]["note"].as_str().unwrap().len(), kept);
    }
}

#[test]
fn identity_listeners_hear_the_cookies_at_once_and_again() {
    for call in ["addIdentityListener", "addCookieListener"] {
        let browser = Browser::new();
        let above = format!(
            "window.calls = []; window._hsq = [['{call}', function (a, b, c) {{ calls.push([a, b, typeof c]); }}]]"
        );
        let page = browser.open(&Visit::of(HOME).above(&above));
        let cookies = || json!([page.cookie("__hstc"), page.cookie("__hssc"), "string"]);
        assert_eq!(page.run("return calls"), json!([cookies()]));
        page.push(&format!("['{call}', function (a, b, c) {{ calls.push([a, b, typeof c]); }}]"));
        assert_eq!(page.run("return calls[1]"), cookies());
        browser.advance(1_900_000);
        page.push("['trackPageView']");
        assert_eq!(page.run("return calls.slice(2)"), json!([cookies(), cookies()]));
    }
}

#[test]
fn token_listeners_hear_the_token() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    page.run("window.calls = []; _hsq.push(['addUserTokenListener', function (utk) { calls.push(utk); }])");
    page.push("['resetVisitorIdentity']");
    let views = browser.views();
    assert_eq!(page.run("return calls"), json!([views[0]["vi"], page.cookie("hubspotutk")]));
}

#[test]
fn listeners_of_the_page_hear_present_and_later_values() {
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).above(
        "window.calls = []; function hear(x) { calls.push(x); }
        window._hsq = [['setPageId', 'a'], ['addPageIdListener', hear], ['addContentTypeListener', hear],
            ['addContentMetadataListener', hear], ['setTargetedContentMetadata', [[1, 2, 3]]]]",
    ));
    page.push("['setContentType', 'blog-post']");
    page.push("['setContentMetadata', {x: 1}]");
    page.push("['setPageId', 'b']");
    assert_eq!(page.run("return calls"), json!(["a", "blog-post", {"x": 1}, "b"]));
}

#[test]
fn debug_mode_logs_what_is_sent_and_the_answer() {
    for (url, above) in [
        (HOME, "window._hsq = [['setDebugMode', true]]"),
        ("https://www.example.com/#hsdbg", ""),
        (HOME, "document.cookie = 'hs_dbg=1'"),
    ] {
        let browser = Browser::new();
        browser.open(&Visit::of(url).above(above));
        let logs = browser.eval("browser.state.logs.join()");
        let logs = logs.as_str().unwrap();
        assert!(logs.contains("\"pu\"") && logs.contains("204 stored"), "{logs}");
    }
    let browser = Browser::new();
    browser.visit(HOME);
    assert_eq!(browser.eval("browser.state.logs.length"), 0);
}

#[test]
fn a_page_that_forbids_nearly_everything_is_not_broken() {
    let browser = Browser::new();
    browser.set(
        "cookiesBlocked = true; browser.state.storageBlocked = true; browser.state.net.fetch = 'throws'",
    );
    browser.set("net.image = 'down'; browser.state.net.beacon = 'refuses'");
    let above = "Object.freeze(window.history); Object.defineProperty(document, 'cookie', {get: function () {
        throw new Error('SecurityError'); }, set: function () { throw new Error('SecurityError'); }})";
    let page = browser.open(&Visit::of(HOME).above(above).options(&options()));
    page.run("history.pushState({}, '', '/b')");
    browser.advance(600_000);
    page.dispatch("leave");
    assert_eq!(page.run("return location.pathname"), "/b");
    assert!(browser.hits().iter().any(|hit| hit["pu"] == HOME));
}
