//! The part of the script that asks for consent with the account's banner. A stand-in is shown in place of the banner's look.

use std::collections::BTreeMap;

use guestlog::domain::account::AccountId;
use guestlog::domain::consent::counting::Counting;
use guestlog::tracker::{PolicyRule, ScriptOptions, text};
use serde_json::{Value, json};

use super::harness::{ACCOUNT, Browser, HOME, Page, SERVER, Visit, options};

/// Notes in `shown` what is shown; `given` is what the script gave it.
const LOOK: &str = "window.shown = []; window.__guestlogBanner = function (given) {
    window.given = given;
    return {
        show: function (takesFocus) { shown.push(takesFocus ? 'opened' : 'banner'); },
        showDialog: function () { shown.push('dialog'); },
        showReopen: function (open) { window.reopen = open; shown.push('button'); },
        hide: function () { shown.push('nothing'); }
    };
};";
/// A report that cannot be sent is sent again, so many times.
const REPORTS_MAX: usize = 6;
/// The longest page of a report.
const PAGE_MAX: usize = 2_000;

fn files(languages: &[&str]) -> BTreeMap<String, String> {
    languages.iter().map(|language| ((*language).to_owned(), format!("0{language}0"))).collect()
}

fn asking(kind: u8) -> ScriptOptions {
    let rule = PolicyRule(kind, 0, String::new(), "/".into(), Vec::new());
    let banner = files(&["de", "en", "nl"]);
    ScriptOptions { policies: Some(vec![rule]), revision: 7, banner, reopen: true, ..options() }
}

/// Opens a page, on which the file of the banner arrives.
fn open(browser: &Browser, options: &ScriptOptions, above: &str) -> Page {
    let page = browser.open(&Visit::of(HOME).above(&format!("{LOOK}{above}")).options(options));
    arrive(&page);
    page
}

fn arrive(page: &Page) {
    page.run("page.tags.forEach(function (tag) { if (tag.onload) tag.onload(); })");
}

fn shown(page: &Page) -> Value {
    page.run("return shown.splice(0)")
}

const ACCEPT: &str = "given.choose({analytics: true, advertisement: false, functionality: true}, 'save')";
const REJECT: &str = "given.choose({analytics: false, advertisement: false, functionality: false}, 'reject')";

/// The reports to the log of choices, with the way of each.
fn reports(browser: &Browser) -> Vec<(String, Value)> {
    let to_log = |url: &str| url == format!("{SERVER}/{ACCOUNT}/consent");
    let all = browser.requests().into_iter().filter(|request| to_log(&request.url));
    all.map(|request| {
        (request.via.clone(), serde_json::from_str(request.raw["body"].as_str().unwrap()).unwrap())
    })
    .collect()
}

#[test]
fn the_banner_speaks_the_language_of_the_page_else_of_the_browser_else_english() {
    for (lang, languages, known, wanted) in [
        ("nl", json!(["de"]), &["de", "en", "nl"][..], "nl"),
        ("nl-BE", json!([]), &["de", "en", "nl"], "nl"),
        ("PT_br", json!([]), &["en", "pt", "pt-br"], "pt-br"),
        ("da", json!(["sv", "de-AT", "nl"]), &["de", "en", "nl"], "de"),
        ("", json!(["sv"]), &["de", "en", "nl"], "en"),
        ("constructor", json!(null), &["de", "en"], "en"),
        ("nl", json!(["nl"]), &["fr"], "fr"),
    ] {
        let browser = Browser::new();
        browser.set(&format!("navigator.languages = {languages}"));
        let options = ScriptOptions { banner: files(known), ..asking(3) };
        let page = browser.open(&Visit::of(HOME).options(&options).with(json!({ "lang": lang })));
        let address = format!("{SERVER}/{ACCOUNT}/banner.0{wanted}0.{wanted}.js");
        assert_eq!(page.run("return page.loaded"), json!([address]), "{lang} {languages} {known:?}");
    }
}

#[test]
fn what_is_asked_depends_on_the_type_and_on_what_is_known() {
    let stored = "document.cookie = '__hs_cookie_cat_pref=1:false_2:true_3:false_r:7';";
    let confirmed = "document.cookie = '__hs_notify_banner_dismiss=true';";
    let own = "window.disabledHsPopups = ['PRIVACY'];";
    let silenced = "document.cookie = '__hs_do_not_track=yes';";
    let said = "window._hsp = [['setHubSpotConsent', {analytics: true}]];";
    for (kind, above, wanted) in [
        (0, "", json!([])),
        (1, "", json!([])),
        (2, "", json!(["banner"])),
        (2, confirmed, json!([])),
        (2, stored, json!([])),
        (3, "", json!(["banner"])),
        (3, confirmed, json!(["banner"])),
        (3, stored, json!(["button"])),
        (3, own, json!([])),
        (3, silenced, json!([])),
        (3, said, json!([])),
        (4, "", json!(["banner"])),
        (5, "", json!(["banner"])),
        (6, stored, json!(["button"])),
    ] {
        let page = open(&Browser::new(), &asking(kind), above);
        assert_eq!(shown(&page), wanted, "{kind} {above}");
        let is_taken = !page.globals().contains(&"__guestlogBanner".to_owned());
        assert_eq!(is_taken, wanted != json!([]), "{kind} {above}");
    }
    let page = open(&Browser::new(), &ScriptOptions { reopen: false, ..asking(3) }, stored);
    assert_eq!((shown(&page), page.run("return page.loaded")), (json!([]), json!([])));
}

#[test]
fn global_privacy_control_is_told_where_it_refuses_something() {
    let confirmed = "document.cookie = '__hs_gpc_banner_dismiss=true';";
    for (kind, above, wanted) in
        [(0, "", json!([])), (1, "", json!([])), (5, "", json!(["banner"])), (5, confirmed, json!([]))]
    {
        let browser = Browser::new();
        browser.set("navigator.globalPrivacyControl = true");
        let rule = PolicyRule(kind, 1, String::new(), "/".into(), Vec::new());
        let page = open(&browser, &ScriptOptions { policies: Some(vec![rule]), ..asking(5) }, above);
        assert_eq!(shown(&page), wanted, "{kind} {above}");
        assert!(browser.requests().is_empty());
        if wanted == json!(["banner"]) {
            assert_eq!(page.run("return given.policy.gpc"), true);
            page.run("given.dismiss()");
            assert_eq!(page.cookie("__hs_gpc_banner_dismiss"), Some("true".into()));
        }
    }
}

#[test]
fn the_site_opens_and_hides_the_banner() {
    let page = open(&Browser::new(), &asking(3), "");
    page.run(
        "shown.splice(0); _hsp.push(['showBanner']); _hsq.push(['showBanner']); _hsp.push(['hideBanner'])",
    );
    assert_eq!(shown(&page), json!(["opened", "opened", "nothing"]));
    page.run(&format!("{REJECT}; reopen()"));
    assert_eq!(shown(&page), json!(["button", "opened"]));
    page.run("_hsp.push(['setHubSpotConsent', {analytics: true}])");
    assert_eq!(shown(&page), json!(["nothing"]), "the site has answered by itself");
    let page = open(&Browser::new(), &asking(4), "window._hsp = [['showBanner']];");
    assert_eq!(shown(&page), json!(["dialog", "banner"]));
    // Hidden before it is there.
    let page =
        open(&Browser::new(), &asking(4), "window._hsq = [function () { _hsp.push(['hideBanner']); }];");
    assert_eq!(shown(&page), json!([]));
    // While the place is asked for, nothing is shown yet.
    let rule = PolicyRule(4, 0, String::new(), "/".into(), vec!["NL".into()]);
    let of_place = ScriptOptions { policies: Some(vec![rule]), ..asking(4) };
    for (location, wanted) in [("NL", json!(["dialog"])), ("BE", json!([]))] {
        let browser = Browser::new();
        browser.set(&format!("net.location = '{location}'"));
        let page = open(&browser, &of_place, "window._hsp = [['showBanner']];");
        assert_eq!(shown(&page), wanted, "{location}");
    }
}

#[test]
fn a_file_that_does_not_come_is_asked_for_again_when_the_site_opens_the_banner() {
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).above(LOOK).options(&asking(3)));
    page.run("page.tags[0].onerror()");
    assert_eq!((shown(&page), browser.requests().len()), (json!([]), 0));
    page.run("_hsp.push(['showBanner'])");
    assert_eq!(page.run("return page.loaded.length"), 2);
    page.run("page.tags[1].onload()");
    assert_eq!(shown(&page), json!(["opened"]));
}

#[test]
fn a_choice_is_kept_reported_and_told_and_an_event_before_it_waits_for_it() {
    for (choose, kept, mask) in
        [(ACCEPT, "1:true_2:false_3:true_r:7_i:", 11), (REJECT, "1:false_2:false_3:false_r:7", 1)]
    {
        let browser = Browser::new();
        let page = open(&browser, &asking(3), "");
        page.push("['trackEvent', {id: 'early'}]");
        page.run("window.receipts = []; _hsp.push(['addConsentReceiptListener', function (r) { receipts.push(r); }])");
        assert!(browser.requests().is_empty() && browser.jar().is_empty());
        page.run(choose);
        let [(via, report)] = &reports(&browser)[..] else { panic!("{:?}", reports(&browser)) };
        let receipt = report["receipt"].as_str().unwrap();
        assert_eq!(page.run("return receipts"), json!([receipt]));
        assert!(receipt.len() == 32 && receipt.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let expected = json!({
            "receipt": receipt, "revision": 7, "how": if mask > 1 { "save" } else { "reject" }, "mask": mask,
            "language": "en", "page": HOME, "token": page.cookie("hubspotutk"),
        });
        let mut expected = expected.as_object().unwrap().clone();
        expected.retain(|_, value| !value.is_null());
        assert_eq!((via.as_str(), report), ("fetch", &json!(expected)));
        let receipt_kept = if mask > 1 { receipt } else { "" };
        assert_eq!(page.cookie("__hs_cookie_cat_pref"), Some(format!("{kept}{receipt_kept}")));
        let cookie = browser.jar().into_iter().find(|c| c["name"] == "__hs_cookie_cat_pref").unwrap();
        assert_eq!(
            (&cookie["domain"], &cookie["end"]),
            (&json!("example.com"), &json!(browser.now() + 180 * 86_400_000))
        );
        let hits: Vec<Value> =
            browser.hits().iter().map(|hit| json!([hit["k"], hit["by"], hit["cc"]])).collect();
        let told = json!([[1, "banner", 11], [3, "banner", 11]]);
        assert_eq!(json!(hits), if mask > 1 { told } else { json!([]) });
        assert_eq!(browser.jar().len(), if mask > 1 { 5 } else { 1 });
    }
}

#[test]
fn a_report_is_repeated_until_the_server_has_it_and_never_after_a_newer_one() {
    let browser = Browser::new();
    browser.set("net.fetch = 503");
    let page = open(&browser, &asking(3), "");
    page.run(REJECT);
    browser.advance(3_600_000);
    let sent = reports(&browser);
    assert_eq!(sent.len(), 1 + REPORTS_MAX);
    assert!(sent.iter().all(|report| *report == sent[0]), "always the same");

    let browser = Browser::new();
    browser.set("net.fetch = 429");
    let page = open(&browser, &asking(3), "");
    page.run(ACCEPT);
    browser.set("net.fetch = 204");
    page.run(REJECT);
    browser.advance(3_600_000);
    let how: Vec<Value> = reports(&browser).into_iter().map(|(_, report)| report["how"].clone()).collect();
    assert_eq!(how, ["save", "reject"]);

    let browser = Browser::new();
    browser.set("net.fetch = 'throws'");
    let page = open(&browser, &asking(3), "");
    page.run(REJECT);
    browser.advance(3_600_000);
    let ways: Vec<String> = reports(&browser).into_iter().map(|(via, _)| via).collect();
    assert_eq!(ways, ["beacon"]);
}

#[test]
fn a_report_tells_no_query_no_long_path_and_no_token_of_another_form() {
    let page_of = |path: &str, above: &str| {
        let browser = Browser::new();
        let url = format!("{HOME}{path}");
        let page = browser.open(&Visit::of(&url).above(&format!("{LOOK}{above}")).options(&asking(3)));
        arrive(&page);
        page.run(ACCEPT);
        let (_, report) = reports(&browser).remove(0);
        (report["page"].as_str().unwrap().to_owned(), report.get("token").is_some())
    };
    assert_eq!(page_of("a?b=c#d", ""), (format!("{HOME}a"), true));
    assert_eq!(page_of("ann@example.com/b", ""), (format!("{HOME}[email]/b"), true));
    assert_eq!(page_of("a", "window.__hsUserToken = 'made-by-the-site';"), (format!("{HOME}a"), false));
    let longest = "x".repeat(PAGE_MAX - HOME.len());
    assert_eq!(page_of(&longest, "").0, format!("{HOME}{longest}"));
    assert_eq!(page_of(&format!("{longest}y"), "").0, format!("{HOME}{longest}"));
}

#[test]
fn a_question_is_reported_only_where_the_account_counts_questions() {
    for (kind, counts, wanted) in [(3, false, 0), (3, true, 1), (6, true, 1), (2, true, 0)] {
        let browser = Browser::new();
        open(
            &browser,
            &ScriptOptions { counting: Counting { asked: counts, ..Counting::default() }, ..asking(kind) },
            "",
        );
        let sent = reports(&browser);
        assert_eq!(sent.len(), wanted, "{kind} {counts}");
        let asked = json!({"how": "asked", "revision": 7, "mask": 1, "language": "en", "page": HOME});
        assert!(sent.iter().all(|(_, report)| *report == asked), "{sent:?}");
    }
}

#[test]
fn a_withdrawal_is_reported_once_and_only_of_a_choice() {
    let browser = Browser::new();
    let page = open(&browser, &asking(5), "");
    page.run("_hsp.push(['revokeCookieConsent'])");
    assert!(reports(&browser).is_empty(), "nothing was chosen");
    let browser = Browser::new();
    let page = open(&browser, &asking(5), "");
    page.run(ACCEPT);
    let before = browser.hits().len();
    page.run("_hsp.push(['revokeCookieConsent']); _hsq.push(['revokeCookieConsent'])");
    let how: Vec<Value> = reports(&browser).into_iter().map(|(_, report)| report["how"].clone()).collect();
    assert_eq!(how, ["save", "withdraw"]);
    assert_eq!((browser.jar().len(), browser.storage().len(), browser.hits().len()), (0, 0, before));
    page.dispatch("hide");
    page.dispatch("show");
    page.push("['trackPageView']");
    assert_eq!(browser.hits().len(), before, "it holds on this page, although the policy is opt-out");
    assert_eq!(shown(&open(&browser, &asking(5), "")), json!(["banner"]));
}

#[test]
fn an_answer_on_another_page_counts_when_this_one_is_looked_at_again() {
    for (choose, views) in [(ACCEPT, 2), (REJECT, 0)] {
        let browser = Browser::new();
        let (first, second) = (open(&browser, &asking(3), ""), open(&browser, &asking(3), ""));
        first.dispatch("hide");
        second.run(choose);
        first.dispatch("show");
        assert_eq!(browser.views().len(), views);
        assert_eq!(shown(&first), json!(["banner", "nothing", "button"]));
        second.dispatch("hide");
        first.run("_hsp.push(['revokeCookieConsent'])");
        second.dispatch("show");
        second.push("['trackEvent', {id: 'late'}]");
        assert!(browser.hits().iter().all(|hit| hit["n"] != "late"));
        assert_eq!(browser.jar().len(), 0);
    }
    // Where cookies are refused, the page itself remembers the choice.
    let browser = Browser::new();
    browser.set("cookiesBlocked = true");
    let page = open(&browser, &asking(5), "");
    let before = browser.hits().len();
    page.run(REJECT);
    page.dispatch("hide");
    page.dispatch("show");
    page.push("['trackEvent', {id: 'late'}]");
    assert_eq!(browser.hits().len(), before);
}

#[test]
fn one_question_is_enough_on_a_page_with_the_scripts_of_two_accounts() {
    let browser = Browser::new();
    let page = open(&browser, &asking(3), "");
    page.run(&format!("page.scripts[2].src = '{SERVER}/{}.js'", ACCOUNT + 1));
    page.load(&text(&ScriptOptions { account: AccountId(ACCOUNT + 1), ..asking(3) }));
    assert_eq!(page.run("return page.loaded.length"), 1);
}
