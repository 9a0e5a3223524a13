//! Events: sent by the page's code, detected by clicks and form submissions; when they wait and when they are
//! dropped.

use guestlog::app;
use guestlog::app::access::Actor;
use guestlog::app::ingest::accept::beacon::{json_of_query, of_json};
use guestlog::domain::event::{EventKind, Typed};
use guestlog::domain::page::Page as Recorded;
use guestlog::domain::url_rule::UrlRule;
use guestlog::tracker::{Rule, ScriptOptions};
use serde_json::{Value, json};

use crate::harness::site::Site;

use super::forms::submit;
use super::harness::{ACCOUNT, Browser, HOME, Page, SERVER, Visit, options};

pub(super) fn events(browser: &Browser) -> Vec<Value> {
    browser.hits().into_iter().filter(|hit| hit["k"] == 3 || hit["k"] == "ptbe").collect()
}

/// Id, value and properties of the last event.
fn last(browser: &Browser) -> Value {
    let hit = events(browser).pop().unwrap();
    json!([hit["n"], hit["m"], hit["p"]])
}

pub(super) fn rule(id: &str, selector: &str, url: &str) -> Rule {
    Rule(id.into(), selector.into(), url.into())
}

pub(super) fn with_rules(clicks: Vec<Rule>, forms: Vec<Rule>) -> ScriptOptions {
    ScriptOptions { clicks, forms, ..options() }
}

fn click(page: &Page, elements: &str) {
    page.run(&format!("browser.happen(page.id, 'click', [{elements}])"));
}

#[test]
fn an_event_is_sent_by_id_or_name_with_value_and_properties() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    for (call, sent) in [
        ("['trackEvent', {id: '000000001625', value: 100}]", json!(["000000001625", "100", {}])),
        ("['trackConversion', {id: 'Sign up'}]", json!(["Sign up", null, {}])),
        ("['trackEvent', 'Sale', {value: '19.99', plan: 'pro'}]", json!(["Sale", "19.99", {"plan": "pro"}])),
        ("['trackEvent', 'Sale']", json!(["Sale", null, {}])),
        ("['trackEvent', 7, {value: -1.5}]", json!(["7", "-1.5", {}])),
        (
            "['trackEvent', {id: 'Zero', value: 0, a: 1, b: true, c: null, d: {}, e: [1]}]",
            json!(["Zero", "0", {"a": 1, "b": true, "e": "1"}]),
        ),
        ("['trackEvent', {id: 'Bad', value: NaN}]", json!(["Bad", "NaN", {}])),
        ("['trackEvent', {id: 'Bad', value: 1 / 0}]", json!(["Bad", "Infinity", {}])),
        ("['trackEvent', {id: 'Asked', value: function () { return 7; }}]", json!(["Asked", "7", {}])),
        ("['trackEvent', {id: 'Broken', value: function () { throw 1; }}]", json!(["Broken", null, {}])),
        (
            "['trackCustomBehavioralEvent', {name: 'pe1_look', properties: {a: 'b'}}]",
            json!(["pe1_look", null, {"a": "b"}]),
        ),
        ("['trackCustomBehavioralEvent', {name: 'look'}]", json!(["look", null, {}])),
    ] {
        page.push(call);
        assert_eq!(last(&browser), sent, "{call}");
    }
    let all = events(&browser);
    assert_eq!(all.len(), 12);
    assert!(all[..10].iter().all(|hit| hit["k"] == 3) && all[11]["k"] == "ptbe");
    let view = &browser.views()[0];
    for hit in &all {
        assert_eq!(
            (&hit["vi"], &hit["u"], &hit["pu"], &hit["a"]),
            (&view["vi"], &view["u"], &view["pu"], &json!(ACCOUNT))
        );
        assert!(hit["id"].as_str().unwrap() > view["id"].as_str().unwrap());
    }
    for nothing in [
        "['trackEvent']",
        "['trackEvent', {}]",
        "['trackEvent', null]",
        "['trackEvent', {id: ''}]",
        "['trackCustomBehavioralEvent']",
        "['trackCustomBehavioralEvent', {}]",
    ] {
        page.push(nothing);
    }
    assert_eq!(events(&browser).len(), 12);
}

/// rules.md 21
#[actix_web::test]
async fn the_server_counts_the_events_that_the_script_sends() {
    let mut site = Site::new().await;
    let typed = Typed { name: "Bought", selector: ".buy", value: "2.50", ..Typed::default() };
    app::events::definitions::create(&site.app, Actor::Machine, site.account, EventKind::Click, &typed)
        .await
        .unwrap();
    let script = site.get("/1000001.js").await.text();
    let browser = Browser::new();
    let above = "window._hsq = [['identify', {email: 'ann@example.com'}], ['trackEvent', {id: 'Early', value: '1e1'}]]";
    let page = browser.open(&Visit { script, ..Visit::of("https://www.example.com/").above(above) });
    click(&page, "browser.element('.buy')");
    page.push("['trackEvent', {id: '000000000001', value: 7, plan: 'pro'}]");
    page.push("['trackEvent', {id: 'Bad', value: NaN}]");
    let mut reasons = Vec::new();
    for request in browser.requests() {
        let body = request.raw["body"].as_str().unwrap().to_owned();
        reasons.push(site.collect_bytes(body).await.reason().to_owned());
    }
    assert_eq!(reasons, ["stored", "stored", "stored", "bad_value"]);
    site.fold().await;
    let sent = "select session_id || ' ' || event || ' ' || value_minor from event_unpacked where kind = 2
        order by at_ms, inbox_id";
    assert_eq!(site.asks::<String>(sent), ["1 2 1000", "1 1 250", "1 1 700", "1 3 0"]);
    let properties = site.asks::<String>("select properties from event_property order by inbox_id");
    assert_eq!(properties, [r#"{"plan":"pro"}"#, r#"{"bad_value":"NaN"}"#]);
    assert_eq!(site.ask::<i64>("select revenue_asserted_minor from contact"), 1950);
}

/// A property value has at most 1,024 characters.
#[test]
fn values_of_properties_are_cut_at_the_limit() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    for (length, kept) in [(1024, 1024), (1025, 1024)] {
        page.push(&format!("['trackEvent', {{id: 'x', note: 'x'.repeat({length})}}]"));
        assert_eq!(last(&browser)[2]["note"].as_str().unwrap().len(), kept);
    }
}

#[test]
fn what_was_queued_before_load_follows_the_first_view() {
    let browser = Browser::new();
    browser.open(&Visit::of(HOME).above(
        "window._hsq = [['trackEvent', {id: 'early'}], function (tracker) { tracker.trackEvent('called'); },
            ['identify', {email: 'ann@example.com'}]]",
    ));
    let hits = browser.hits();
    let kinds: Vec<Value> = hits.iter().map(|hit| json!([hit["k"], hit["n"]])).collect();
    assert_eq!(kinds, [json!([1, null]), json!([3, "early"]), json!([3, "called"])]);
    assert_eq!(browser.requests().len(), 1, "in one request");
    assert!(hits.iter().all(|hit| hit["i"]["email"] == "ann@example.com"));
}

#[test]
fn a_function_is_asked_for_the_value_with_elements_at_hand() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    page.run("page.elements['.price'] = [browser.element('19'), browser.element('.50')]");
    for (code, sent) in [
        ("$.$('.price').text()", "19.50"),
        ("$.$('.price').length", "2"),
        ("$.$('.price').val()", "typed"),
        ("$.$('.price').attr('data-x')", "attribute"),
        ("String($.$('.price').attr('data-y'))", "undefined"),
        ("$.$('.none').length", "0"),
        ("$.$('.none').text()", ""),
        ("String($.$('.none').val()) + $.$('.none').attr('data-x')", "undefinedundefined"),
        ("$.$(':[broken').length", "0"),
    ] {
        page.push(&format!("['trackEvent', {{id: 'x', value: function ($) {{ return {code}; }}}}]"));
        assert_eq!(last(&browser)[1], sent, "{code}");
    }
    page.run(
        "window.jQuery = function () { window.made = true; return {get: function () { return []; }}; };
            window.jQuery.find = function (css) { return [browser.element(css)]; }",
    );
    page.run("document.querySelectorAll = function () { throw new SyntaxError('not CSS'); }");
    page.push("['trackEvent', {id: 'x', value: function ($) { return $.$('tr:odd').text(); }}]");
    assert_eq!(last(&browser)[1], "tr:odd", "what is neither CSS nor ours is the page's own jQuery's");
    page.push(
        "['trackEvent', {id: 'x', value: function ($) { return $.$('<img src=x onerror=go()>').length; }}]",
    );
    assert_eq!(page.run("return window.made"), json!(null), "jQuery itself makes elements of markup");
}

/// rules.md 2
#[test]
fn what_happens_before_the_choice_waits_for_it_in_memory_alone() {
    let waiting = ScriptOptions { policy: 4, ..options() };
    for (choice, sent) in [("{analytics: true}", 2), ("{analytics: false}", 0)] {
        let browser = Browser::new();
        let above = "window._hsq = [['trackEvent', {id: 'early'}]]";
        let page = browser.open(&Visit::of(HOME).above(above).options(&waiting));
        page.push("['trackEvent', {id: 'late'}]");
        assert!(browser.requests().is_empty() && browser.storage().is_empty() && browser.jar().is_empty());
        page.run(&format!("_hsp.push(['setHubSpotConsent', {choice}])"));
        let names: Vec<Value> = events(&browser).iter().map(|hit| hit["n"].clone()).collect();
        assert_eq!(names, ["early", "late"].map(Value::from)[..sent], "{choice}");
        assert_eq!(browser.views().len(), usize::from(sent > 0));
    }
}

/// rules.md 6, 14
#[test]
fn events_that_waited_are_sent_with_the_time_and_page_of_when_they_happened() {
    let waiting = ScriptOptions { policy: 4, ..options() };
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).options(&waiting));
    page.push("['trackEvent', 'first']");
    browser.advance(4000);
    page.push("['setPath', '/b']");
    page.push("['setCanonicalUrl', 'https://www.example.com/c']");
    page.push("['trackEvent', 'second']");
    browser.advance(3000);
    page.push("['setPath', '/d']");
    page.run("history.pushState({}, '', '/e')");
    page.run("_hsp.push(['setHubSpotConsent', {analytics: true}])");
    let sent: Vec<Value> = events(&browser)
        .iter()
        .map(|hit| json!([hit["n"], hit["age"], hit["pu"], hit["po"], hit["rpo"], hit["ccu"]]))
        .collect();
    let first = json!(["first", 7000, HOME, null, null, null]);
    let second = json!(["second", 3000, HOME, "/b", null, "https://www.example.com/c"]);
    assert_eq!(sent, [first, second]);
    let ids: Vec<Value> = browser.hits().iter().map(|hit| hit["id"].clone()).collect();
    assert!(ids.is_sorted_by_key(|id| id.as_str().unwrap().to_owned()), "after the view: {ids:?}");
    assert_eq!(browser.hits()[0]["k"], 1);
}

#[test]
fn what_happens_while_tracking_is_off_is_not_sent() {
    for above in ["", "window._hsq = [['setTrackingEnabled', false]]"] {
        let browser = Browser::new();
        let rules = with_rules(vec![rule("000000000001", ".buy", "")], vec![]);
        let page = browser.open(&Visit::of(HOME).above(above).options(&rules));
        page.push("['setTrackingEnabled', false]");
        page.push("['trackEvent', 'off']");
        click(&page, "browser.element('.buy')");
        page.push("['setTrackingEnabled', true]");
        page.push("['trackEvent', 'on']");
        let names: Vec<Value> = events(&browser).iter().map(|hit| hit["n"].clone()).collect();
        assert_eq!(names, ["on"], "{above}");
    }
}

/// rules.md 2
#[test]
fn what_happens_after_a_refusal_is_forgotten() {
    for (refuse, allow) in [
        ("_hsp.push(['setHubSpotConsent', {}])", "_hsp.push(['setHubSpotConsent', {analytics: true}])"),
        ("_hsq.push(['doNotTrack'])", "_hsq.push(['doNotTrack', {track: true}])"),
    ] {
        let browser = Browser::new();
        let page = browser.visit(HOME);
        page.run(refuse);
        page.push("['trackEvent', {id: 'refused'}]");
        page.run(allow);
        page.push("['trackEvent', {id: 'allowed'}]");
        let names: Vec<Value> = events(&browser).iter().map(|hit| hit["n"].clone()).collect();
        assert_eq!(names, ["allowed"], "{refuse}");
    }
}

#[test]
fn at_most_100_events_wait_the_newest() {
    let waiting = ScriptOptions { policy: 3, ..options() };
    for (fired, first) in [(100, 0), (101, 1)] {
        let browser = Browser::new();
        let page = browser.open(&Visit::of(HOME).options(&waiting));
        page.run(&format!("for (var i = 0; i < {fired}; i++) _hsq.push(['trackEvent', 'e' + i])"));
        page.run("_hsp.push(['setHubSpotConsent', {analytics: true}])");
        browser.advance(1000);
        let names: Vec<String> =
            events(&browser).iter().map(|hit| hit["n"].as_str().unwrap().into()).collect();
        assert_eq!((names.len(), &*names[0]), (100, &*format!("e{first}")));
    }
}

#[test]
fn an_event_is_kept_until_the_server_has_it_under_the_same_id() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    browser.set("net.fetch = 503; browser.state.net.image = 'down'");
    page.push("['trackEvent', {id: 'Sale', value: 3}]");
    assert_eq!(browser.storage().len(), 1);
    page.dispatch("leave");
    browser.set("net.fetch = 204");
    browser.visit("https://www.example.com/b");
    let sent: Vec<Value> = events(&browser);
    assert!(sent.len() >= 2 && sent.iter().all(|hit| hit["id"] == sent[0]["id"]), "{sent:?}");
    assert_eq!(browser.arrived().iter().filter(|hit| hit["n"] == "Sale").count(), 1);
}

#[test]
fn an_image_brings_an_event_with_its_properties() {
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).with(json!({"noFetch": true})));
    page.push("['trackEvent', {id: 'A & B', value: '1e3', 'a=b': 'c&d', n: 1}]");
    let image = browser.requests().pop().unwrap();
    let json = json_of_query(image.url.split_once('?').unwrap().1).unwrap();
    let beacon = of_json(json.as_bytes()).unwrap().remove(0).unwrap();
    assert_eq!((&*beacon.kind, &*beacon.event, &*beacon.value), ("3", "A & B", "1e3"));
    assert_eq!(beacon.properties, [("a=b".into(), "c&d".into()), ("n".into(), "1".into())]);
}

#[test]
fn a_click_on_nested_elements_completes_each_event_once() {
    let browser = Browser::new();
    let rules = with_rules(vec![rule("000000000001", ".buy", ""), rule("000000000002", "#go", "")], vec![]);
    let page = browser.open(&Visit::of(HOME).options(&rules));
    click(&page, "browser.element('.buy'), browser.element('.buy', '#go'), browser.element('.buy')");
    let names =
        || events(&browser).iter().map(|hit| hit["n"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(), ["000000000001", "000000000002"]);
    click(&page, "browser.element('.buy')");
    click(&page, "browser.element('.buy')");
    assert_eq!(names().len(), 4, "two acts, however soon one follows the other");
    browser.advance(1);
    click(&page, "browser.element('.other')");
    page.run("browser.happen(page.id, 'auxclick', [browser.element('.buy')], {button: 2})");
    assert_eq!(names().len(), 4, "the right button opens a menu");
    page.run("browser.happen(page.id, 'auxclick', [browser.element('.buy')], {button: 1})");
    assert_eq!(names().len(), 5, "the middle button opens a link");
}

#[test]
fn a_click_repeated_for_the_field_of_a_label_is_one_click() {
    let browser = Browser::new();
    let rules = with_rules(vec![rule("000000000001", ".buy", ""), rule("000000000002", "#box", "")], vec![]);
    let page = browser.open(&Visit::of(HOME).options(&rules));
    page.run("window.box = browser.element('#box'); window.label = Object.assign(browser.element('label', '.buy'), {control: box})");
    let sent = |name: &str| events(&browser).iter().filter(|hit| hit["n"] == name).count();
    for round in 1..=2 {
        click(&page, "label");
        click(&page, "box, label");
        assert_eq!((sent("000000000001"), sent("000000000002")), (2 * round - 1, 2 * round - 1));
        click(&page, "box, label");
        assert_eq!((sent("000000000001"), sent("000000000002")), (2 * round, 2 * round), "the box itself");
    }
    click(&page, "label");
    browser.advance(1);
    click(&page, "box, label");
    assert_eq!(sent("000000000001"), 6, "the page stopped the first: its box reports nothing");
}

#[test]
fn a_page_may_use_the_name_of_any_method() {
    for named in ["[1]", "browser.element('#matches')", "function () { return true; }"] {
        let browser = Browser::new();
        let rules = with_rules(
            vec![rule("000000000001", ".buy", ""), rule("000000000002", ".other", "")],
            vec![rule("000000000003", "#f", "")],
        );
        let page = browser.open(&Visit::of(HOME).options(&rules));
        page.run(&format!("window.matches = document.matches = {named}"));
        click(&page, "browser.element('.buy')");
        assert_eq!(last(&browser)[0], "000000000001", "{named}");
        click(&page, "Object.assign(browser.element('.buy'), {matches: window.matches})");
        assert_eq!(events(&browser).len(), 2, "{named}: a field of a form that is called so");
        click(&page, "browser.element('label')");
        assert_eq!(events(&browser).len(), 2, "{named}: what has no rule has no event");
    }
}

#[test]
fn a_click_is_sent_with_the_page_at_that_moment() {
    let browser = Browser::new();
    let rules = with_rules(vec![rule("000000000001", ".buy", "/shop/*")], vec![]);
    let page = browser.open(&Visit::of(HOME).options(&rules));
    click(&page, "browser.element('.buy')");
    assert!(events(&browser).is_empty());
    page.push("['setPath', '/shop/7']");
    page.push("['refreshPageHandlers']");
    click(&page, "browser.element('.buy')");
    let hits = events(&browser);
    assert_eq!((hits.len(), &hits[0]["po"]), (1, &json!("/shop/7")));
}

#[test]
fn the_page_attaches_clicks_of_its_own() {
    let browser = Browser::new();
    let above = "window._hsq = [['trackClick', '.buy', 'Bought', {value: function () { return 5; }}]]";
    let page = browser.open(&Visit::of(HOME).above(above));
    page.push("['trackClick', '.buy', 'pe1_bought', {url: '/elsewhere'}]");
    page.push("['trackClick', '.old', 'Old', {url: '/', value: 2}]");
    for _ in 0..3 {
        page.push("['trackClick', '.look', 'pe1_look']");
    }
    for wrong in ["['trackClick']", "['trackClick', null, null]", "['trackClick', ':[', 'x']"] {
        page.push(wrong);
    }
    for _ in 0..2 {
        click(&page, "browser.element('.buy', '.old'), browser.element('.look')");
        browser.advance(1);
    }
    let sent: Vec<Value> = events(&browser).iter().map(|hit| json!([hit["k"], hit["n"], hit["m"]])).collect();
    let once = [json!([3, "Bought", "5"]), json!([3, "Old", "2"]), json!(["ptbe", "pe1_look", null])];
    assert_eq!(sent, [once.clone(), once].concat());
}

#[test]
fn script_and_server_read_url_rules_alike() {
    let table: Vec<Value> = serde_json::from_str(include_str!("../../data/url_rules.json")).unwrap();
    assert!(table.len() > 50);
    for row in table {
        let text = |name: &str| row[name].as_str();
        let (rule_text, url, path) = (text("rule").unwrap(), text("url").unwrap(), text("path"));
        let recorded = Recorded::recorded(url, path, None).unwrap().page;
        let parsed = UrlRule::parse(rule_text).unwrap();
        let by_server = parsed.matches(&recorded);
        let browser = Browser::new();
        let rules = with_rules(vec![rule("000000000001", ".a", parsed.pattern())], vec![]);
        let page = browser.open(&Visit::of(url).options(&rules));
        if let Some(path) = path {
            page.push(&format!("['setPath', '{path}']"));
            page.push("['trackPageView']");
            let view = browser.views().pop().unwrap();
            let sent = Recorded::recorded(view["pu"].as_str().unwrap(), view["po"].as_str(), None);
            assert_eq!(sent.unwrap().page, recorded, "what the script sends of {row}");
        }
        click(&page, "browser.element('.a')");
        let by_script = !events(&browser).is_empty();
        assert_eq!((by_server, by_script), (row["fits"] == true, row["fits"] == true), "{row}");
    }
}

/// rules.md 29
#[test]
fn custom_code_is_loaded_once_after_consent() {
    let code = "000000000003.0123456789abcdef";
    let with_code = ScriptOptions { codes: vec![code.into()], policy: 4, ..options() };
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).options(&with_code));
    assert_eq!(page.run("return page.loaded"), json!([]));
    page.run("_hsp.push(['setHubSpotConsent', {analytics: false}])");
    assert_eq!(page.run("return page.loaded"), json!([]));
    for _ in 0..2 {
        page.run("_hsp.push(['setHubSpotConsent', {analytics: true}])");
        page.push("['trackPageView']");
    }
    assert_eq!(page.run("return page.loaded"), json!([format!("{SERVER}/e/{ACCOUNT}/{code}.js")]));
}

#[test]
fn custom_code_has_the_nonce_of_the_script() {
    let with_code = ScriptOptions { codes: vec!["000000000003.0123456789abcdef".into()], ..options() };
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).options(&with_code).with(json!({"nonce": "n0nce"})));
    assert_eq!(page.run("return page.tags.map(function (tag) { return tag.nonce; })"), json!(["n0nce"]));
}

#[test]
fn views_and_events_leave_a_page_that_refuses_the_custom_code() {
    let codes = vec!["000000000003.0123456789abcdef".to_owned(), "000000000004.0123456789abcdef".to_owned()];
    let with_code = ScriptOptions { codes, ..options() };
    let browser = Browser::new();
    let visit = Visit::of(HOME).options(&with_code).with(json!({"trustedTypes": true}));
    let page = browser.open(&visit.above("window._hsq = [['trackEvent', 'early']]"));
    assert_eq!((browser.views().len(), events(&browser).len()), (1, 1), "at once");
    page.push("['trackEvent', 'late']");
    assert_eq!((browser.views().len(), events(&browser).len()), (1, 2));
    assert_eq!(page.run("return page.loaded"), json!([]));
}

#[test]
fn rules_cannot_break_out_of_the_script() {
    let hostile = "</script><!--\u{2028}';alert(1)//\"";
    let rules =
        with_rules(vec![rule("000000000001", hostile, hostile)], vec![rule("000000000002", hostile, "")]);
    let script = guestlog::tracker::text(&rules);
    assert!(!script.contains("</script") && !script.contains('\u{2028}'));
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).options(&rules));
    click(&page, "browser.element('.a')");
    submit(&page, "{}");
    browser.advance(1);
    assert_eq!((browser.views().len(), events(&browser).len()), (1, 0));
}

#[test]
fn what_a_library_has_added_to_every_object_is_no_property_of_an_event() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    page.run("Object.prototype.kind = 'object'");
    page.push("['identify', {email: 'ann@example.com'}], ['trackEvent', {id: 'x', color: 'red'}]");
    page.run("delete Object.prototype.kind");
    let sent = browser.hits().into_iter().find(|hit| hit["k"] == 3).unwrap();
    assert_eq!((&sent["p"], &sent["i"]), (&json!({"color": "red"}), &json!({"email": "ann@example.com"})));
}
