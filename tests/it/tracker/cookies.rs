//! HubSpot's cookies: the script writes them in the same format, adopts existing ones, and carries them between
//! domains.

use serde_json::{Value, json};

use super::harness::{AGAIN, Browser, HOME, Page, Visit, options};

const DAYS_180: i64 = 180 * 86_400_000;
const MINUTE: i64 = 60_000;
const TOKEN: &str = "1380c1aa00bb11cc22dd33ee44ff5566";

/// A page in a browser that already has HubSpot's cookies, last used an hour ago.
fn known(browser: &Browser, hash: &str, views: u32) -> (String, String) {
    let now = browser.now();
    let hstc = format!("{hash}.{TOKEN}.{}.{}.{}.7", now - 9_000_000, now - 8_000_000, now - 600_000);
    (hstc, format!("{hash}.{views}.{}", now - 600_000))
}

fn put_known(page: &Page, hstc: &str, hssc: &str) {
    for cookie in [("__hstc", hstc), ("hubspotutk", TOKEN), ("__hssc", hssc), ("__hssrc", "1")] {
        page.set_cookie(&format!("{}={}; path=/; domain=.example.com; max-age=999999", cookie.0, cookie.1));
    }
}

/// A page of the site without the script.
fn plain(browser: &Browser, url: &str) -> Page {
    browser.open(&Visit { script: String::new(), ..Visit::of(url) })
}

fn hash_of(domain: &str) -> String {
    let browser = Browser::new();
    let mut of_domain = options();
    of_domain.domains = vec![domain.into()];
    let page = browser.open(&Visit::of(&format!("https://{domain}/")).options(&of_domain));
    page.cookie("__hstc").unwrap().split('.').next().unwrap().to_owned()
}

#[test]
fn the_domain_hash_equals_hubspots() {
    for (domain, hash) in [
        ("uniorg.de", "226818242"),
        ("hubspot.com", "20629287"),
        ("cullenfunds.com", "136834799"),
        ("memrise.com", "179716859"),
    ] {
        assert_eq!(hash_of(domain), hash, "{domain}");
    }
}

#[test]
fn a_new_visitor_gets_the_four_cookies() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    let now = browser.now();
    let token = page.cookie("hubspotutk").unwrap();
    assert!(token.len() == 32 && token.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
    let hash = page.cookie("__hssc").unwrap().split('.').next().unwrap().to_owned();
    assert_eq!(page.cookie("__hstc").unwrap(), format!("{hash}.{token}.{now}.{now}.{now}.1"));
    assert_eq!(page.cookie("__hssc").unwrap(), format!("{hash}.1.{now}"));
    assert_eq!(page.cookie("__hssrc").unwrap(), "1");
    let ends: Vec<(String, Value)> =
        page.cookies().iter().map(|c| (c["name"].as_str().unwrap().into(), c["end"].clone())).collect();
    assert_eq!(
        ends,
        [
            ("__hstc".into(), json!(now + DAYS_180)),
            ("hubspotutk".into(), json!(now + DAYS_180)),
            ("__hssc".into(), json!(now + 30 * MINUTE)),
            ("__hssrc".into(), Value::Null),
        ]
    );
    for cookie in page.cookies() {
        assert_eq!((&cookie["domain"], &cookie["path"]), (&json!("example.com"), &json!("/")));
        assert_eq!((&cookie["sameSite"], &cookie["secure"]), (&json!("Lax"), &json!(false)));
    }
}

#[test]
fn hubspots_cookies_are_adopted_byte_for_byte() {
    let browser = Browser::new();
    let (hstc, hssc) = known(&browser, "20629287", 3);
    put_known(&plain(&browser, HOME), &hstc, &hssc);
    let page = browser.visit(HOME);
    assert_eq!(page.cookie("__hstc").unwrap(), hstc);
    assert_eq!(page.cookie("__hssc").unwrap(), hssc.replace(".3.", ".4."));
    let view = &browser.views()[0];
    assert_eq!((&view["vi"], &view["u"], &view["nc"]), (&json!(TOKEN), &json!(hstc), &json!(false)));
    assert_eq!(browser.jar().len(), 4, "no second cookie beside HubSpot's");
}

/// A site that switches: who comes back after the session is the same visitor in the next session, with the first visit
/// that HubSpot knew.
#[test]
fn hubspots_visitors_come_back_in_their_next_session() {
    for gone in ["__hssrc", "__hssc"] {
        let browser = Browser::new();
        let (hstc, hssc) = known(&browser, "20629287", 3);
        let page = plain(&browser, HOME);
        put_known(&page, &hstc, &hssc);
        page.set_cookie(&format!("{gone}=; path=/; domain=.example.com; max-age=0"));
        let page = browser.visit(HOME);
        let parts: Vec<&str> = hstc.split('.').collect();
        let now = browser.now();
        let next = [parts[0], parts[1], parts[2], parts[4], &now.to_string(), "8"].join(".");
        assert_eq!(page.cookie("__hstc").unwrap(), next, "{gone}");
        let view = &browser.views()[0];
        assert_eq!((&view["vi"], &view["u"], &view["nc"]), (&json!(TOKEN), &json!(next), &json!(false)));
        assert!(page.cookie("__hssc").unwrap().ends_with(&format!(".1.{now}")), "{gone}");
    }
}

#[test]
fn a_session_ends_after_thirty_minutes_without_a_view() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    let first = browser.now();
    browser.advance(30 * MINUTE - 1);
    page.push("['trackPageView']");
    assert!(page.cookie("__hstc").unwrap().ends_with(&format!("{first}.{first}.{first}.1")));
    browser.advance(30 * MINUTE);
    page.push("['trackPageView']");
    let (second, hstc) = (browser.now(), page.cookie("__hstc").unwrap());
    assert!(hstc.ends_with(&format!("{first}.{first}.{second}.2")), "{hstc}");
    assert!(page.cookie("__hssc").unwrap().ends_with(&format!(".1.{second}")));
    browser.advance(31 * MINUTE);
    browser.visit(HOME);
    let third = browser.now();
    assert!(page.cookie("__hstc").unwrap().ends_with(&format!("{first}.{second}.{third}.3")));
}

#[test]
fn a_restart_of_the_browser_is_a_new_session() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    browser.eval("browser.restart()");
    browser.advance(MINUTE);
    browser.visit(HOME);
    assert!(page.cookie("__hstc").unwrap().ends_with(".2"));
}

#[test]
fn each_load_counts_one_view_in_the_session_cookie() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    browser.advance(AGAIN);
    page.push("['trackPageView']");
    let count = || page.cookie("__hssc").unwrap().split('.').nth(1).unwrap().to_owned();
    assert_eq!(count(), "1");
    browser.visit(HOME);
    assert_eq!(count(), "2");
    assert_eq!(browser.views()[2]["vi"], browser.views()[0]["vi"]);
    assert_eq!((&browser.views()[1]["nc"], &browser.views()[2]["nc"]), (&json!(true), &json!(false)));
}

#[test]
fn broken_cookies_make_a_new_visitor() {
    for bad in ["1.2.3", "x.a.1.1.1.1", "1.a b.1.1.1.1", "1.<x>.1.1.1.1", "1.a.1.1.1.x", "1.a.1.1.1.1.1"] {
        let browser = Browser::new();
        plain(&browser, HOME).set_cookie(&format!("__hstc={bad}; path=/; domain=.example.com"));
        let page = browser.visit(HOME);
        assert_ne!(page.cookie("__hstc").unwrap(), bad);
        assert_eq!(browser.views()[0]["nc"], true, "{bad}");
        assert_eq!(page.cookie("hubspotutk").unwrap().len(), 32);
    }
}

#[test]
fn a_lone_token_is_taken_over() {
    let browser = Browser::new();
    plain(&browser, HOME)
        .set_cookie(&format!("hubspotutk={}; path=/; domain=example.com", TOKEN.to_uppercase()));
    let page = browser.visit(HOME);
    assert_eq!(page.cookie("hubspotutk").unwrap(), TOKEN, "lower case");
    assert_eq!(browser.views()[0]["vi"], TOKEN);
    let browser = Browser::new();
    browser.open(&Visit::of(HOME).above(&format!("window.__hsUserToken = '{TOKEN}'")));
    assert_eq!(browser.views()[0]["vi"], TOKEN);
}

#[test]
fn the_cookie_domain_is_the_shortest_one_configured() {
    for (domains, host, expected, host_only) in [
        (vec!["shop.example.com", "example.com"], "a.shop.example.com", "example.com", false),
        (vec!["shop.example.com"], "a.shop.example.com", "shop.example.com", false),
        (vec!["other.com"], "www.example.com", "www.example.com", true),
        (vec!["ple.com"], "www.example.com", "www.example.com", true),
        (vec!["localhost:3000"], "localhost", "localhost", true),
        (vec!["127.0.0.1"], "127.0.0.1", "127.0.0.1", true),
        (vec!["github.io"], "me.github.io", "me.github.io", true),
        (vec!["co.uk"], "shop.example.co.uk", "shop.example.co.uk", true),
        (vec!["co.uk", "example.co.uk"], "shop.example.co.uk", "shop.example.co.uk", true),
        (vec!["example.co.uk"], "shop.example.co.uk", "example.co.uk", false),
        (vec!["me.github.io"], "me.github.io", "me.github.io", false),
    ] {
        let browser = Browser::new();
        let mut of = options();
        of.domains = domains.iter().map(|d| (*d).to_owned()).collect();
        let page = browser.open(&Visit::of(&format!("https://{host}:3000/")).options(&of));
        assert_eq!(page.cookies().len(), 4, "{host}");
        for cookie in page.cookies() {
            assert_eq!((&cookie["domain"], &cookie["hostOnly"]), (&json!(expected), &json!(host_only)));
        }
        assert_eq!(browser.views()[0]["u"], json!(page.cookie("__hstc")));
    }
}

#[test]
fn settings_by_call_act_before_the_first_cookie() {
    let browser = Browser::new();
    let mut bare = options();
    bare.domains.clear();
    let above =
        "window._hsq = [['identify', {}], ['addCookieDomain', '.example.com'], ['enableSecureCookie', true]]";
    let page = browser.open(&Visit::of(HOME).above(above).options(&bare));
    assert!(page.cookies().iter().all(|c| c["domain"] == "example.com" && c["secure"] == true));
    let above = "window._hsq = [['setCookiesToSubdomain', true]]";
    let page = Browser::new().open(&Visit::of(HOME).above(above));
    assert!(page.cookies().len() == 4 && page.cookies().iter().all(|c| c["hostOnly"] == true));
}

#[test]
fn settings_of_the_account_act_on_the_cookies() {
    let mut strict = options();
    (strict.secure, strict.subdomains) = (true, true);
    let page = Browser::new().open(&Visit::of(HOME).options(&strict));
    assert!(page.cookies().len() == 4);
    assert!(page.cookies().iter().all(|c| c["hostOnly"] == true && c["secure"] == true));
}

#[test]
fn under_opt_in_the_cookies_end_180_days_after_the_first_visit() {
    let browser = Browser::new();
    let mut opt_in = options();
    opt_in.policy = 3;
    let above = "window._hsp = [['setHubSpotConsent', {analytics: true}]]";
    let page = browser.open(&Visit::of(HOME).options(&opt_in).above(above));
    let end = browser.now() + DAYS_180;
    browser.advance(86_400_000);
    browser.open(&Visit::of(HOME).options(&opt_in).above(above));
    assert!(page.cookies().iter().filter(|c| c["name"] == "__hstc").all(|c| c["end"] == end));
    browser.visit(HOME);
    let rolling = browser.now() + DAYS_180;
    assert!(page.cookies().iter().filter(|c| c["name"] == "__hstc").all(|c| c["end"] == rolling));
}

#[test]
fn where_cookies_are_refused_the_page_remembers_its_visitor() {
    let browser = Browser::new();
    browser.set("cookiesBlocked = true");
    let page = browser.visit(HOME);
    browser.advance(AGAIN);
    page.push("['trackPageView']");
    browser.advance(31 * MINUTE);
    page.push("['trackPageView']");
    let views = browser.views();
    assert_eq!(views.len(), 3);
    assert!(views.iter().all(|v| v["vi"] == views[0]["vi"] && v.get("u").is_none() && v.get("b").is_none()));
}

#[test]
fn cookies_another_tab_removed_or_changed_are_followed() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    let other = browser.visit("https://shop.example.com/");
    other.push("['resetVisitorIdentity']");
    browser.advance(AGAIN);
    page.push("['trackPageView']");
    let views = browser.views();
    assert_ne!(views[2]["vi"], views[0]["vi"]);
    assert_eq!(views[2]["vi"], json!(page.cookie("hubspotutk")));
    browser.set("jar = []");
    page.push("['trackPageView']");
    assert_ne!(browser.views()[3]["vi"], views[2]["vi"]);
}

#[test]
fn a_reset_makes_another_visitor_who_is_not_tied_to_the_first() {
    for call in ["resetVisitorIdentity", "resetVisitor"] {
        let browser = Browser::new();
        let page =
            browser.open(&Visit::of(HOME).above("window._hsq = [['identify', {email: 'ann@example.com'}]]"));
        let before = browser.views()[0].clone();
        browser.advance(3000);
        page.push(&format!("['{call}']"));
        page.push("['trackPageView']");
        let after = browser.views()[1].clone();
        assert_ne!(after["vi"], before["vi"]);
        assert_eq!(after["vi"], json!(page.cookie("hubspotutk")));
        assert_eq!((&after["rv"], after.get("i"), before.get("rv")), (&json!(1), None, None));
        assert!(after["u"].as_str().unwrap().ends_with(".1"));
        let engaged: Vec<Value> = browser.hits().into_iter().filter(|hit| hit["k"] == "engagement").collect();
        assert_eq!((&engaged[0]["vi"], &engaged[0]["ms"]), (&before["vi"], &json!(3000)));
    }
}

#[test]
fn links_to_another_domain_of_the_account_carry_the_visitor() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    let to = page.click("https://shop.example.org/cart?a=1&__hstc=old#top");
    assert!(to.starts_with("https://shop.example.org/cart?a=1&__hstc="), "{to}");
    assert!(
        to.contains(&format!("&__hssc={}&__hsfp=", page.cookie("__hssc").unwrap())) && to.ends_with("#top")
    );
    assert!(!to.contains("old"));
    for elsewhere in ["https://example.net/", "https://shop.example.com/", "/b", "https://myexample.org/"] {
        assert!(!page.click(elsewhere).contains("__hs"), "{elsewhere}");
    }
    browser.advance(MINUTE);
    let arrived = browser.visit(&to);
    let (here, there) = (page.cookie("__hstc").unwrap(), arrived.cookie("__hstc").unwrap());
    assert_eq!(here.split_once('.').unwrap().1, there.split_once('.').unwrap().1);
    assert_ne!(here.split_once('.').unwrap().0, there.split_once('.').unwrap().0, "its own domain's hash");
    assert_eq!(there.split('.').next(), arrived.cookie("__hssc").unwrap().split('.').next());
    let views = browser.views();
    assert_eq!(views[1]["vi"], views[0]["vi"]);
    assert_eq!(
        (&views[1]["nc"], &views[1]["pu"]),
        (&json!(false), &json!("https://shop.example.org/cart?a=1"))
    );
    let session = arrived.cookie("__hssc").unwrap();
    assert_eq!(session.split('.').nth(1), Some("2"));
    assert_eq!(session.split('.').nth(2), page.cookie("__hssc").unwrap().split('.').nth(2));
}

#[test]
fn a_visitor_known_there_already_stays_and_the_other_token_is_sent() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    let there = browser.visit("https://shop.example.org/");
    let own = there.cookie("hubspotutk").unwrap();
    browser.visit(&page.click("https://shop.example.org/cart"));
    assert_eq!(there.cookie("hubspotutk").unwrap(), own);
    let view = browser.views()[2].clone();
    assert_eq!((&view["vi"], &view["i"]["visitor"]), (&json!(own), &json!(page.cookie("hubspotutk"))));
    assert_eq!(there.cookie("__hssc").unwrap().split('.').nth(1), Some("3"), "one and one, and this view");
}

#[test]
fn a_link_is_believed_only_from_this_browser_and_soon() {
    let decorated = |browser: &Browser| browser.visit(HOME).click("https://shop.example.org/");
    let fresh = |browser: &Browser, url: &str| {
        browser.set("jar = []");
        let before = browser.views()[0]["vi"].clone();
        browser.visit(url);
        browser.views()[1]["vi"] == before
    };
    let browser = Browser::new();
    let to = decorated(&browser);
    browser.advance(25 * MINUTE);
    assert!(fresh(&browser, &to));
    let browser = Browser::new();
    let to = decorated(&browser);
    browser.advance(61 * MINUTE);
    assert!(!fresh(&browser, &to), "an old link, passed on");
    let browser = Browser::new();
    let to = decorated(&browser);
    browser.set("navigator.userAgent = 'Another/2.0'");
    assert!(!fresh(&browser, &to));
    let browser = Browser::new();
    let to = decorated(&browser);
    let hash = to.split("__hstc=").nth(1).unwrap().split('.').next().unwrap().to_owned();
    assert!(!fresh(&browser, &to.replace(&hash, "12345")), "a domain that is not the account's");
}

#[test]
fn links_stay_as_they_are_without_the_linker_or_consent() {
    let mut unlinked = options();
    unlinked.linker = false;
    let page = Browser::new().open(&Visit::of(HOME).options(&unlinked));
    assert_eq!(page.click("https://shop.example.org/"), "https://shop.example.org/");
    page.push("['enableAutomaticLinker']");
    assert!(page.click("https://shop.example.org/").contains("__hstc"));
    page.push("['setTrackingEnabled', false]");
    assert_eq!(page.click("https://shop.example.org/"), "https://shop.example.org/");
    page.push("['setTrackingEnabled', true]");
    assert!(page.click("https://shop.example.org/").contains("__hstc"));
    page.run("_hsp.push(['setHubSpotConsent', {analytics: false}])");
    assert_eq!(page.click("https://shop.example.org/"), "https://shop.example.org/");
}

#[test]
fn handle_link_decorates_an_element_and_follows_an_address() {
    let page = Browser::new().visit(HOME);
    let code = "var a = document.createElement('a'); a.href = 'https://shop.example.org/';
        _hsq.push(['handleLink', a]); return a.href";
    assert!(page.run(code).as_str().unwrap().contains("__hsfp="));
    let to = page.run("_hsq.push(['handleLink', 'https://shop.example.org/x']); return page.navigated");
    assert!(to.as_str().unwrap().starts_with("https://shop.example.org/x?__hstc="), "{to}");
}

#[test]
fn an_email_in_the_address_identifies_and_is_removed_from_it() {
    let browser = Browser::new();
    browser.visit("https://www.example.com/?a=1&__hs_email=ann%2Bx%40example.com");
    let view = &browser.views()[0];
    assert_eq!(view["i"], json!({"email": "ann+x@example.com"}));
    assert_eq!(view["pu"], "https://www.example.com/?a=1");
}
