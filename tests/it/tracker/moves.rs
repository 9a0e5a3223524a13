//! Moves inside a page, and sites that report their views themselves: each counts once.

use super::harness::{AGAIN, Browser, HOME, SETTLE, Visit, options};
use super::views::pages;

#[test]
fn a_route_change_is_a_view_with_the_page_before_as_referrer() {
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).from("https://news.example.net/"));
    browser.advance(2000);
    page.run("history.pushState({}, '', '/b?x=1'); document.title = 'B'");
    browser.advance(SETTLE - 1);
    assert_eq!(browser.views().len(), 1, "not before the title had time to change");
    browser.advance(1000);
    page.run("history.pushState({}, '', '/c')");
    browser.advance(1000);
    page.run("history.back()");
    browser.advance(SETTLE);
    assert_eq!(pages(&browser), ["/", "/b?x=1", "/c", "/b?x=1"]);
    let referrers: Vec<_> = browser.views().iter().map(|view| view["r"].clone()).collect();
    assert_eq!(referrers[0], "https://news.example.net/");
    assert_eq!(referrers[1], HOME);
    assert_eq!(referrers[2], "https://www.example.com/b?x=1");
    assert_eq!(browser.views()[1]["t"], "B");
    assert_eq!(
        page.cookie("__hssc").unwrap().split('.').nth(1),
        Some("1"),
        "one load, one view in the cookie"
    );
}

#[test]
fn only_another_path_or_a_pushed_query_is_a_navigation() {
    let browser = Browser::new();
    let page = browser.visit("https://www.example.com/a?utm_source=x");
    for code in [
        "history.replaceState({}, '', '/a')",
        "history.pushState({}, '', '#section')",
        "history.pushState({}, '', '/a')",
        "history.replaceState({}, '', '/a?filter=1')",
        "history.pushState({}, '')",
    ] {
        page.run(code);
        browser.advance(SETTLE);
        assert_eq!(browser.views().len(), 1, "{code}");
    }
    page.run("history.replaceState({}, '', '/login')");
    browser.advance(SETTLE);
    page.run("history.pushState({}, '', '/login?step=2')");
    browser.advance(SETTLE);
    assert_eq!(pages(&browser), ["/a?utm_source=x", "/login", "/login?step=2"]);
}

#[test]
fn several_changes_at_once_are_one_navigation() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    page.run("history.pushState({}, '', '/b'); history.replaceState({}, '', '/b?tidy=1')");
    browser.advance(SETTLE);
    assert_eq!(pages(&browser), ["/", "/b?tidy=1"]);
}

#[test]
fn moves_that_follow_each_other_quickly_are_views_with_the_page_and_time_of_each() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    let began = browser.now();
    for path in ["/a", "/b", "/c"] {
        browser.advance(300);
        page.run(&format!("history.pushState({{}}, '', '{path}')"));
    }
    browser.advance(5 * SETTLE);
    assert_eq!(pages(&browser), ["/", "/a", "/b", "/c"]);
    let times: Vec<_> = browser
        .requests()
        .iter()
        .flat_map(|request| {
            request.hits.iter().map(|hit| (hit.clone(), request.raw["at"].as_f64().unwrap() as i64))
        })
        .filter(|(hit, _)| hit["k"] == 1)
        .map(|(hit, at)| at - hit["age"].as_i64().unwrap() - began)
        .collect();
    assert_eq!(times, [0, 300, 600, 900]);
}

#[test]
fn a_move_that_is_taken_back_at_once_is_no_view() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    page.run("history.pushState({}, '', '/guard'); history.replaceState({}, '', '/')");
    browser.advance(5 * SETTLE);
    assert_eq!(pages(&browser), ["/"]);
}

/// Such a site loads its data first and reports the view then.
#[test]
fn a_site_that_reports_its_move_later_counts_one_view_for_it() {
    for wait in [50, 600, 1_500] {
        for path in ["", "_hsq.push(['setPath', '/products/1']);"] {
            let browser = Browser::new();
            let page = browser.visit(HOME);
            browser.advance(AGAIN);
            for at in ["/b?id=1", "/c?id=1"] {
                page.run(&format!("history.pushState({{}}, '', '{at}')"));
                browser.advance(wait);
                page.run(&format!("document.title = 'of {at}'; {path} _hsq.push(['trackPageView'])"));
                browser.advance(5 * SETTLE);
            }
            let titles: Vec<_> = browser.views().iter().map(|view| view["t"].clone()).collect();
            assert_eq!(titles, ["A page", "of /b?id=1", "of /c?id=1"], "{wait} ms {path}");
        }
    }
}

#[test]
fn a_title_that_changes_late_is_the_one_of_the_view() {
    for wait in [300, 1_900] {
        let browser = Browser::new();
        let page = browser.visit(HOME);
        page.run("history.pushState({}, '', '/b')");
        browser.advance(wait);
        page.run("document.title = 'B'");
        browser.advance(SETTLE);
        assert_eq!(browser.views()[1]["t"], "B", "{wait}");
    }
}

/// Guards of routers set the title before the address.
#[test]
fn a_title_that_is_already_that_of_the_next_page_is_not_the_one_of_the_view() {
    for (wait, ahead) in [(600, 0), (600, 90), (1_900, 0), (5 * SETTLE, 0)] {
        let browser = Browser::new();
        let page = browser.visit(HOME);
        for path in ["/b", "/c", "/d"] {
            page.run(&format!("document.title = 'of {path}'"));
            browser.advance(ahead);
            page.run(&format!("history.pushState({{}}, '', '{path}')"));
            browser.advance(wait);
        }
        browser.advance(5 * SETTLE);
        let titles: Vec<_> = browser.views().iter().map(|view| view["t"].clone()).collect();
        assert_eq!(titles, ["A page", "of /b", "of /c", "of /d"], "{wait} ms, {ahead} ms ahead");
    }
}

/// A slow router sets the title of the next page long before its address.
#[test]
fn a_view_keeps_its_own_title_however_early_the_next_one_is_set() {
    for before in [100, 600, 1_500] {
        let browser = Browser::new();
        let page = browser.visit(HOME);
        page.run("document.title = 'A'; history.pushState({}, '', '/a')");
        browser.advance(400);
        page.run("document.title = 'B'");
        browser.advance(before);
        page.run("history.pushState({}, '', '/b')");
        browser.advance(SETTLE);
        let titles: Vec<_> = browser.views()[1..].iter().map(|view| view["t"].clone()).collect();
        assert_eq!(titles, ["A", "B"], "{before} ms");
    }
}

#[test]
fn the_first_view_that_a_site_reports_itself_counts_once_unless_the_account_counts_as_hubspot() {
    let reports = ["['trackPageView']", "['setPath', '/'], ['trackPageView']"];
    for (twice, expected) in [(false, 1), (true, 2)] {
        let options = guestlog::tracker::ScriptOptions { twice, ..options() };
        for report in reports {
            let above = format!("window._hsq = [{report}]");
            let browser = Browser::new();
            browser.open(&Visit::of(HOME).options(&options).above(&above));
            assert_eq!(browser.views().len(), expected, "before load {report}");
            for wait in [0, AGAIN - 1, AGAIN] {
                let browser = Browser::new();
                let page = browser.open(&Visit::of(HOME).options(&options));
                browser.advance(wait);
                page.push(report);
                let expected = if wait < AGAIN { expected } else { 2 };
                assert_eq!(browser.views().len(), expected, "{wait} ms after load {report}");
                page.push("['trackPageView']");
                assert_eq!(browser.views().len(), expected + 1, "a second report is another view");
            }
        }
    }
}

/// Sites identify a visitor and report the page again, which is how HubSpot learns of it.
#[test]
fn what_a_site_has_said_since_the_first_view_is_told_by_the_next_one_at_once() {
    for said in
        ["['identify', {email: 'ann@example.com'}]", "['setPageId', 'p']", "['setCanonicalUrl', '/c']"]
    {
        let browser = Browser::new();
        let page = browser.visit(HOME);
        page.push(&format!("{said}, ['trackPageView']"));
        let views = browser.views();
        assert_eq!(views.len(), 2, "{said}");
        assert!(
            views[1]["i"]["email"] == "ann@example.com"
                || views[1]["pi"] == "p"
                || views[1].get("ccu").is_some()
        );
    }
}

#[test]
fn another_page_that_a_site_reports_at_once_is_another_view() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    page.push("['setPath', '/step-2'], ['trackPageView']");
    assert_eq!(browser.views().len(), 2);
}

#[test]
fn a_browser_that_tells_of_every_move_is_asked_and_the_sites_history_left_alone() {
    let browser = Browser::new();
    let above = "var fns = []; window.navigation = { addEventListener: (type, fn) => { if (type == 'currententrychange') fns.push(fn); } };
        window.kept = history.pushState;
        window.go = (url, navigationType) => { page.url = 'https://www.example.com' + url; fns.forEach(fn => fn({navigationType})); };";
    let page = browser.open(&Visit::of(HOME).above(above));
    assert_eq!(page.run("return kept === history.pushState"), true);
    for (url, kind) in
        [("/a", "push"), ("/a?x=1", "replace"), ("/a?x=2", "push"), ("/", "traverse"), ("/b", "replace")]
    {
        page.run(&format!("go('{url}', '{kind}')"));
        browser.advance(SETTLE);
    }
    assert_eq!(pages(&browser), ["/", "/a", "/a?x=2", "/", "/b"]);
}

/// Applications without a server of their own route by the fragment.
#[test]
fn what_follows_the_hash_is_a_page_where_the_account_says_so() {
    let above = "var fns = []; window.navigation = { addEventListener: (type, fn) => fns.push(fn) };
        window.go = url => { page.url = 'https://www.example.com' + url; fns.forEach(fn => fn({navigationType: 'push'})); };";
    for (hash, expected) in
        [(false, vec!["/", "/shop"]), (true, vec!["/#/start", "/#/cart", "/#/cart?step=2", "/shop"])]
    {
        let options = guestlog::tracker::ScriptOptions { hash, ..options() };
        let browser = Browser::new();
        let first = "https://www.example.com/#/start";
        let page = browser.open(&Visit::of(first).options(&options).above(above));
        for url in ["/#/cart", "/#/cart?step=2&token=secret", "/shop"] {
            page.run(&format!("go('{url}')"));
            browser.advance(SETTLE);
        }
        let views = browser.views();
        let shown: Vec<String> = views
            .iter()
            .map(|view| match view.get("po").and_then(|po| po.as_str()) {
                Some(path) => path.to_owned(),
                None => view["pu"].as_str().unwrap().replace("https://www.example.com", ""),
            })
            .collect();
        assert_eq!(shown, expected, "hash: {hash}");
    }
}

/// The router has kept `pushState` before the script could wrap it.
#[test]
fn a_router_that_kept_push_state_is_noticed_at_the_next_click() {
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).above("window.kept = history.pushState"));
    page.run("window.emit('click', {target: document, composedPath: () => []}); kept({}, '', '/b')");
    browser.advance(SETTLE + 250);
    assert_eq!(pages(&browser), ["/", "/b"]);
}

#[test]
fn a_site_that_counts_its_own_navigation_is_not_counted_twice() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    page.run("history.pushState({}, '', '/b'); _hsq.push(['setPath', '/b']); _hsq.push(['trackPageView'])");
    browser.advance(1000);
    page.run("history.pushState({}, '', '/c')");
    browser.advance(1000);
    assert_eq!(browser.views().len(), 2);
}

#[test]
fn navigation_is_not_watched_when_it_is_switched_off() {
    let browser = Browser::new();
    let mut quiet = options();
    quiet.spa = false;
    let page = browser.open(&Visit::of(HOME).options(&quiet));
    page.run("history.pushState({}, '', '/b')");
    browser.advance(1000);
    assert_eq!(browser.views().len(), 1);
    assert_eq!(page.run("return location.pathname"), "/b");
}

#[test]
fn errors_and_results_of_the_sites_own_history_calls_stay_as_they_were() {
    let page = Browser::new().visit(HOME);
    let code = "try { history.pushState({}, '', 'https://other.example/'); return 'no'; } catch (e) { return e.message; }";
    assert_eq!(page.run(code), "SecurityError: another origin");
}

#[test]
fn without_moves_a_site_still_reports_its_pages_itself() {
    let browser = Browser::new();
    let mut quiet = options();
    quiet.spa = false;
    let page = browser.open(&Visit::of(HOME).options(&quiet));
    browser.advance(5000);
    page.run("history.pushState({}, '', '/b'); document.title = 'B'");
    page.push("['setPath', '/b']");
    page.push("['trackPageView']");
    browser.advance(5000);
    page.dispatch("leave");
    assert_eq!(pages(&browser), ["/", "/b"]);
    let engaged: Vec<_> = browser.hits().into_iter().filter(|hit| hit["k"] == "engagement").collect();
    let of: Vec<_> = engaged.iter().map(|hit| (hit["pv"].clone(), hit["ms"].clone())).collect();
    let views = browser.views();
    assert_eq!(of, [(views[0]["id"].clone(), 5000.into()), (views[1]["id"].clone(), 5000.into())]);
}
