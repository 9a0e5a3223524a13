//! Consent and do-not-track: what is stored and sent, and above all what is not.

use serde_json::{Value, json};

use super::harness::{Browser, HOME, Page, Visit, options};

const REFUSED: &str = "window._hsp = [['setHubSpotConsent', {analytics: false, advertisement: true}]]";
const LISTEN: &str = "window.calls = []; window._hsp = window._hsp || [];
    _hsp.push(['addPrivacyConsentListener', function (c) { calls.push(JSON.parse(JSON.stringify(c))); c.categories.analytics = 9; }])";

fn assert_silent(browser: &Browser, why: &str) {
    assert_eq!(browser.requests().len(), 0, "{why}");
    assert!(browser.storage().is_empty(), "{why}");
    let answers = ["__hs_do_not_track", "__hs_cookie_cat_pref", "__hs_opt_out"];
    assert!(browser.jar().iter().all(|c| answers.iter().any(|name| c["name"] == *name)), "{why}");
}

fn use_everything(page: &Page) {
    page.push("['identify', {email: 'ann@example.com'}]");
    page.push("['setPath', '/b']");
    page.push("['trackPageView']");
    page.push("['addIdentityListener', function () { throw new Error('told an identity'); }]");
    page.browser.advance(5000);
    page.run("window.emit('online')");
    page.dispatch("leave");
}

/// rules.md 2
#[test]
fn without_a_banner_the_policy_decides_and_no_consent_mask_is_sent() {
    let browser = Browser::new();
    browser.visit(HOME);
    assert_eq!((browser.views()[0].get("cc"), browser.views()[0].get("ce")), (None, None));
}

#[test]
fn a_refusal_leaves_no_cookie_no_storage_no_request() {
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).above(REFUSED));
    use_everything(&page);
    assert_silent(&browser, "refused before load");
}

#[test]
fn a_refusal_written_by_hubspots_banner_is_honoured() {
    for (pref, allowed) in [
        ("1:true_2:false_3:true", true),
        ("1:false_2:true_3:true", false),
        ("1:true,2:true,3:true", true),
        ("1:false,2:false,3:false", false),
    ] {
        let browser = Browser::new();
        let above = format!("document.cookie = '__hs_cookie_cat_pref={pref}; path=/'");
        let page = browser.open(&Visit::of(HOME).above(&above));
        if allowed {
            let mask = if pref.contains('_') { 11 } else { 15 };
            assert_eq!(browser.views()[0]["cc"], mask, "{pref}");
        } else {
            use_everything(&page);
            assert_silent(&browser, pref);
        }
    }
}

#[test]
fn opt_in_and_no_cookies_wait_for_a_choice() {
    for policy in 0..=6 {
        let browser = Browser::new();
        let mut asking = options();
        asking.policy = policy;
        let page = browser.open(&Visit::of(HOME).options(&asking));
        if [1, 3, 4].contains(&policy) {
            assert_silent(&browser, &format!("policy {policy}"));
            page.run("_hsp.push(['setHubSpotConsent', {analytics: true}])");
            assert_eq!(browser.views()[0]["cc"], 3);
        }
        assert_eq!(browser.views().len(), 1, "policy {policy}");
    }
}

#[test]
fn a_later_grant_starts_with_the_page_that_is_open() {
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).above(REFUSED).from("https://news.example.net/"));
    page.run("history.pushState({}, '', '/b')");
    browser.advance(5000);
    page.push("['identify', {email: 'ann@example.com'}]");
    page.run(
        "_hsp.push(['setHubSpotConsent', {analytics: true, advertisement: false, functionality: true}])",
    );
    let views = browser.views();
    assert_eq!(views.len(), 1);
    assert_eq!((&views[0]["pu"], &views[0]["cc"]), (&json!("https://www.example.com/b"), &json!(11)));
    assert_eq!(views[0]["r"], "https://news.example.net/", "where the visit really came from");
    assert_eq!(views[0]["i"]["email"], "ann@example.com");
    assert!(page.cookie("__hstc").is_some());
    page.run("_hsp.push(['setHubSpotConsent', {analytics: true, advertisement: true, functionality: true}])");
    assert_eq!(browser.views().len(), 1);
    browser.advance(2000);
    page.dispatch("leave");
    assert_eq!((&browser.hits()[1]["ms"], &browser.hits()[1]["cc"]), (&json!(2000), &json!(15)));
}

#[test]
fn consent_withdrawn_removes_everything_and_ends_the_identity() {
    let browser = Browser::new();
    browser.set("net.fetch = 503; browser.state.net.beacon = 503");
    let page =
        browser.open(&Visit::of(HOME).above("window._hsq = [['identify', {email: 'ann@example.com'}]]"));
    let token = page.cookie("hubspotutk").unwrap();
    assert_eq!(browser.storage().len(), 1);
    page.run("_hsp.push(['setHubSpotConsent', {analytics: false}])");
    assert_eq!((browser.jar().len(), browser.storage().len()), (0, 0));
    let sent = browser.requests().len();
    browser.set("net.fetch = 204");
    browser.advance(600_000);
    page.push("['trackPageView']");
    page.dispatch("leave");
    assert_eq!(browser.requests().len(), sent, "nothing that was kept is sent later");
    page.run("document.visibilityState = 'visible'; _hsp.push(['setHubSpotConsent', {analytics: true}])");
    let again = browser.views().last().unwrap().clone();
    assert_ne!(again["vi"], token);
    assert_eq!((&again["rv"], again.get("i")), (&json!(1), None));
}

#[test]
fn hubspots_cookies_on_any_domain_above_go_with_the_refusal() {
    let browser = Browser::new();
    let above = "document.cookie = '__hstc=1.a.1.1.1.1; path=/; domain=.shop.example.com';
        document.cookie = 'hubspotutk=a; path=/'; document.cookie = '__hssc=1.1.1; path=/; domain=example.com';
        document.cookie = 'other=1; path=/';
        window._hsp = [['setHubSpotConsent', {analytics: false}]]";
    browser.open(&Visit::of("https://a.shop.example.com/").above(above));
    let left: Vec<Value> = browser.jar().iter().map(|c| c["name"].clone()).collect();
    assert_eq!(left, ["other"]);
}

#[test]
fn what_was_kept_goes_with_a_refusal_on_the_next_page_and_waits_for_an_open_question() {
    for (policy, pref, kept) in [(0, "1:false_2:false_3:false", 0), (1, "", 0), (3, "", 1)] {
        let browser = Browser::new();
        browser.set("net.fetch = 503");
        browser.visit(HOME);
        browser.set("net.fetch = 204");
        let mut asking = options();
        asking.policy = policy;
        let above = format!("if ('{pref}') document.cookie = '__hs_cookie_cat_pref={pref}; path=/'");
        let page = browser.open(&Visit::of(HOME).options(&asking).above(&above));
        page.push("['setTrackingEnabled', true]");
        assert_eq!(browser.storage().len(), kept, "policy {policy} {pref}");
        assert_eq!(page.cookie("__hstc").is_some(), kept == 1);
        assert_eq!(browser.requests().len(), 1, "nothing is sent before the answer");
        page.run("_hsp.push(['setHubSpotConsent', {analytics: true}])");
        assert_eq!(browser.arrived().len(), kept + 1);
    }
}

/// A visitor who opted out in HubSpot's first banner is not tracked until they answer a newer one.
#[test]
fn an_opt_out_written_by_hubspots_first_banner_is_a_refusal() {
    let open = |cookies: &str, then: &str| {
        let browser = Browser::new();
        let above = cookies.split(' ').map(|cookie| format!("document.cookie = '{cookie}; path=/';"));
        let page = browser.open(&Visit::of(HOME).above(&above.collect::<String>()));
        page.run(then);
        (browser, page)
    };
    let (browser, page) = open("__hs_opt_out=yes", "");
    use_everything(&page);
    assert_silent(&browser, "opted out");
    for cookies in ["__hs_opt_out=no", "__hs_opt_out=", "other=yes"] {
        assert_eq!(open(cookies, "").0.views().len(), 1, "{cookies}: the policy decides");
    }
    let newer = open("__hs_opt_out=yes __hs_cookie_cat_pref=1:true_2:false_3:false", "");
    assert_eq!(newer.0.views()[0]["cc"], 3, "the second banner's answer is the newer one");
    let by_site = open("__hs_opt_out=yes", "_hsp.push(['setHubSpotConsent', {analytics: true}])");
    assert_eq!(by_site.0.views()[0]["cc"], 3, "as is what the site's own banner says");
    let revoked = open("__hs_opt_out=yes", "_hsp.push(['revokeCookieConsent'])");
    assert_eq!(revoked.1.cookie("__hs_opt_out"), None);
}

#[test]
fn the_do_not_track_cookie_stops_everything() {
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).above("document.cookie = '__hs_do_not_track=yes; path=/'"));
    use_everything(&page);
    page.push("['trackApproveCookieConsent']");
    assert_silent(&browser, "do not track");
}

#[test]
fn do_not_track_by_call_acts_before_the_first_view_and_is_undone_by_track() {
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).above("window._hsq = [['trackPageView'], ['doNotTrack']]"));
    assert_silent(&browser, "queued behind a page view");
    let cookie = page.cookies().remove(0);
    assert_eq!((&cookie["name"], &cookie["value"]), (&json!("__hs_do_not_track"), &json!("yes")));
    assert_eq!(cookie["end"], json!(browser.now() + 180 * 86_400_000));
    browser.visit(HOME);
    assert_silent(&browser, "the next page");
    page.push("['doNotTrack', {track: true}]");
    assert_eq!(page.cookie("__hs_do_not_track"), None);
    assert_eq!(browser.views().len(), 1);
}

#[test]
fn do_not_track_later_removes_the_visitor() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    let other = browser.visit(HOME);
    page.push("['doNotTrack']");
    let names: Vec<Value> = browser.jar().iter().map(|c| c["name"].clone()).collect();
    assert_eq!(names, ["__hs_do_not_track"]);
    let sent = browser.requests().len();
    browser.advance(5000);
    other.push("['trackPageView']");
    other.dispatch("leave");
    page.dispatch("leave");
    assert_eq!(browser.requests().len(), sent, "the other tab heard of it by the cookie");
}

#[test]
fn do_not_track_holds_on_the_page_where_cookies_are_refused() {
    let browser = Browser::new();
    browser.set("cookiesBlocked = true");
    let page = browser.open(&Visit::of(HOME).above("window._hsq = [['doNotTrack']]"));
    use_everything(&page);
    assert_silent(&browser, "no cookies");
}

#[test]
fn global_privacy_control_is_a_refusal_where_the_policy_says_so() {
    for gpc in [false, true] {
        let browser = Browser::new();
        browser.set("navigator.globalPrivacyControl = true");
        let mut heeding = options();
        heeding.gpc = gpc;
        browser.open(&Visit::of(HOME).options(&heeding));
        assert_eq!(browser.views().len(), usize::from(!gpc));
    }
}

#[test]
fn listeners_hear_the_state_at_once_and_each_change() {
    let page = Browser::new().open(&Visit::of(HOME).above(LISTEN));
    let all = json!({"necessary": true, "analytics": true, "advertisement": true, "functionality": true});
    let none =
        json!({"necessary": false, "analytics": false, "advertisement": false, "functionality": false});
    let some = json!({"necessary": true, "analytics": true, "advertisement": false, "functionality": false});
    assert_eq!(
        page.run("return calls"),
        json!([{"allowed": true, "categories": all, "previousCategories": none}]),
        "the listener's own changes to what it got stay its own"
    );
    page.run("_hsp.push(['setHubSpotConsent', {analytics: true}])");
    assert_eq!(
        page.run("return calls[1]"),
        json!({"allowed": false, "categories": some, "previousCategories": all})
    );
    page.run("window.other = 0; _hsq.push(['addPrivacyConsentListener', function () { other++; }])");
    assert_eq!(page.run("return other"), 1);
}

#[test]
fn listeners_hear_nothing_while_the_question_is_open() {
    for (policy, heard) in [(1, 1), (3, 0), (4, 0), (5, 1)] {
        let mut asking = options();
        asking.policy = policy;
        let page = Browser::new().open(&Visit::of(HOME).options(&asking).above(LISTEN));
        assert_eq!(page.run("return calls.length"), heard, "policy {policy}");
        page.run("_hsp.push(['setHubSpotConsent', {}])");
        assert_eq!(page.run("return calls.length"), heard + 1);
        assert_eq!(page.run("return calls[calls.length - 1].allowed"), false);
    }
}

#[test]
fn revoking_removes_hubspots_cookies_and_tells_the_server() {
    for push in ["_hsp.push(['revokeCookieConsent'])", "_hsq.push(['revokeCookieConsent'])"] {
        let browser = Browser::new();
        let above =
            "['__hs_initial_opt_in=true', '__hs_opt_out=no', '__hs_cookie_cat_pref=1:true_2:true_3:true',
            '__hs_gpc_banner_dismiss=true', '__hs_notify_banner_dismiss=true', 'messagesUtk=a', 'mine=1']
            .forEach(function (c) { document.cookie = c + '; path=/; domain=.example.com'; })";
        let page = browser.open(&Visit::of(HOME).above(above));
        let token = browser.views()[0]["vi"].clone();
        page.run(push);
        let left: Vec<Value> = browser.jar().iter().map(|c| c["name"].clone()).collect();
        assert_eq!(left, ["mine"]);
        let last = browser.hits().pop().unwrap();
        assert_eq!((&last["k"], &last["vi"], &last["ce"]), (&json!(30), &token, &json!(false)));
        assert!(browser.storage().is_empty());
        page.push("['trackPageView']");
        assert_eq!(browser.hits().len(), 2);
    }
}

#[test]
fn answers_in_the_banner_are_sent_and_a_refusal_without_identity() {
    let browser = Browser::new();
    let mut opt_in = options();
    opt_in.policy = 3;
    let page = browser.open(&Visit::of(HOME).options(&opt_in));
    page.run("_hsp.push(['setHubSpotConsent', {}]); _hsq.push(['trackDeclineCookieConsent'])");
    let declined = browser.hits().remove(0);
    assert_eq!((&declined["k"], &declined["cc"], &declined["ce"]), (&json!(29), &json!(1), &json!(false)));
    for named in ["vi", "u", "b", "i"] {
        assert_eq!(declined.get(named), None);
    }
    assert!(browser.storage().is_empty() && browser.jar().is_empty());
    page.run("_hsp.push(['setHubSpotConsent', {analytics: true}]); _hsq.push(['trackApproveCookieConsent'])");
    let approved = browser.hits().pop().unwrap();
    assert_eq!((&approved["k"], &approved["cc"]), (&json!(28), &json!(3)));
    assert_eq!(approved["vi"], json!(page.cookie("hubspotutk")));
}

#[test]
fn tracking_can_be_switched_off_and_limited_to_the_accounts_hosts() {
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).above("window._hsq = [['setTrackingEnabled', false]]"));
    assert_silent(&browser, "switched off");
    page.push("['setTrackingEnabled', true]");
    assert_eq!(browser.views().len(), 1);
    for (host, views) in
        [("https://www.example.com/", 1), ("https://example.org/", 1), ("https://example.net/", 0)]
    {
        let browser = Browser::new();
        let mut limited = options();
        limited.limit = true;
        browser.open(&Visit::of(host).options(&limited));
        assert_eq!(browser.views().len(), views, "{host}");
        let browser = Browser::new();
        browser.open(&Visit::of(host).above("window._hsq = [['setLimitTrackingToCookieDomains', true]]"));
        assert_eq!(browser.views().len(), views, "{host}");
    }
    let browser = Browser::new();
    browser.visit("https://example.net/");
    assert_eq!(browser.views().len(), 1, "without the limit the host is not asked");
}

#[test]
fn calls_of_a_banner_that_are_not_here_are_ignored() {
    let page = Browser::new().open(
        &Visit::of(HOME).above("window._hsp = [['showBanner'], null, 7, ['x'], ['setBannerSettings', {}]]"),
    );
    page.run("_hsp.push(['hideBanner']); _hsp.push(['addPrivacyConsentListener', 7])");
    assert_eq!(page.browser.views().len(), 1);
}
