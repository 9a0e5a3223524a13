//! Form submissions: counted once for each one sent, by whatever code, and not when the page holds it back.

use guestlog::tracker::ScriptOptions;
use serde_json::json;

use super::events::{events, rule, with_rules};
use super::harness::{Browser, HOME, Page, Visit, options};

/// Submits the only form of the page.
pub(super) fn submit(page: &Page, more: &str) {
    page.run(&format!(
        "window.form = window.form || Object.assign(new window.HTMLFormElement(), browser.element('#f'), {{querySelector: function (css) {{
            return (window.marks || []).indexOf(css) >= 0 ? {{}} : null; }}}});
        browser.happen(page.id, 'submit', [form], {more})"
    ));
}

#[test]
fn a_sent_form_completes_its_events_once() {
    let rules = with_rules(vec![], vec![rule("000000000009", "#f", ""), rule("000000000008", "#g", "")]);
    let count = |code: &str, prevented: bool, after: &str| {
        let browser = Browser::new();
        let page = browser.open(&Visit::of(HOME).options(&rules));
        page.run(code);
        submit(&page, &format!("{{defaultPrevented: {prevented}}}"));
        if after == "leave" {
            page.dispatch("leave");
        } else {
            page.run(after);
            browser.advance(if prevented { 300 } else { 0 });
        }
        events(&browser).iter().filter(|hit| hit["n"] == "000000000009").count()
    };
    assert_eq!(count("", false, ""), 1);
    assert_eq!(count("", false, "leave"), 1, "the page goes before anything else can happen");
    assert_eq!(count("", true, ""), 1, "a page that sends its forms itself");
    assert_eq!(
        count("window.marks = ['[aria-invalid=true]']", true, ""),
        0,
        "stopped by the page's own check"
    );
    assert_eq!(count("window.marks = [':invalid']", true, ""), 0);
    assert_eq!(count("window.marks = [':invalid']", false, ""), 1, "sent all the same");
    assert_eq!(count("", true, "form.submit()"), 1, "sent by the handler itself");
    assert_eq!(count("window.marks = [':invalid']", true, "form.submit()"), 1);
    let browser = Browser::new();
    let page = browser.open(&Visit::of(HOME).options(&rules));
    submit(&page, "{defaultPrevented: true}");
    browser.advance(5000);
    page.run("form.submit()");
    assert_eq!((events(&browser).len(), page.run("return form.sent")), (1, json!(1)), "the same act, later");
    browser.advance(1);
    page.run("form.submit()");
    assert_eq!((events(&browser).len(), page.run("return form.sent")), (2, json!(2)), "by script alone");
}

#[test]
fn forms_are_left_alone_where_no_event_is_one() {
    let browser = Browser::new();
    let page = browser.open(&Visit {
        script: String::new(),
        ..Visit::of(HOME).above("window.before = window.HTMLFormElement.prototype.submit")
    });
    page.load(&guestlog::tracker::text(&options()));
    assert_eq!(page.run("return window.HTMLFormElement.prototype.submit === before"), true);
}

fn open(browser: &Browser) -> Page {
    browser.open(&Visit::of(HOME).options(&with_rules(vec![], vec![rule("000000000009", "#f", "")])))
}

/// A page with this code as its submit handler; `asked` counts the calls.
fn handling(browser: &Browser, code: &str) -> Page {
    let page = open(browser);
    page.run(&format!(
        "window.asked = 0; window.addEventListener('submit', function (e) {{ window.asked++; {code} }})"
    ));
    page
}

const STOP: &str = "e.defaultPrevented = true;";

#[test]
fn a_form_held_back_and_sent_at_once_counts_once() {
    let browser = Browser::new();
    let code = format!("{STOP} window.marks = asked > 1 ? [] : ['[aria-invalid=true]'];");
    let page = handling(&browser, &code);
    submit(&page, "{}");
    submit(&page, "{}");
    browser.advance(5000);
    assert_eq!(events(&browser).len(), 1);
}

#[test]
fn a_form_that_is_validated_first_and_submitted_later_counts_once() {
    for (wait, sent) in [(80, 1), (9_000, 1), (11_000, 2)] {
        let browser = Browser::new();
        let page = handling(&browser, &format!("if (asked % 2) {STOP}"));
        submit(&page, "{}");
        browser.advance(wait);
        submit(&page, "{}");
        browser.advance(1000);
        assert_eq!(events(&browser).len(), sent, "sent {wait} ms later");
        if sent == 1 {
            submit(&page, "{}");
            browser.advance(80);
            submit(&page, "{}");
            page.dispatch("leave");
            assert_eq!(events(&browser).len(), 2, "and again");
        }
    }
    for (code, why) in [(STOP, "sent by the page itself"), ("", "sent by the browser")] {
        let browser = Browser::new();
        let page = handling(&browser, code);
        for _ in 0..2 {
            submit(&page, "{}");
            browser.advance(1000);
        }
        assert_eq!(events(&browser).len(), 2, "{why}");
    }
}

#[test]
fn what_a_page_finds_wrong_a_moment_later_is_not_sent() {
    let mark = "window.marks = ['[aria-invalid=true]']";
    for (after, sent) in [(60, 0), (299, 0), (301, 1)] {
        let browser = Browser::new();
        let page = handling(&browser, &format!("{STOP} setTimeout(function () {{ {mark} }}, {after})"));
        submit(&page, "{}");
        browser.advance(5000);
        assert_eq!(events(&browser).len(), sent, "marked {after} ms later");
    }
    for (code, sent) in [("", 1), (mark, 0)] {
        let browser = Browser::new();
        let page = handling(&browser, STOP);
        submit(&page, "{}");
        browser.advance(100);
        page.run(code);
        assert_eq!(events(&browser).len(), 0);
        page.dispatch("leave");
        assert_eq!(events(&browser).len(), sent, "gone before it is judged: {code}");
    }
}

#[test]
fn a_form_submission_is_sent_with_the_page_it_was_on() {
    let browser = Browser::new();
    let page = browser.open(
        &Visit::of("https://www.example.com/join")
            .options(&with_rules(vec![], vec![rule("000000000009", "#f", "/join")])),
    );
    page.run(&format!("window.addEventListener('submit', function (e) {{ {STOP} }})"));
    submit(&page, "{}");
    browser.advance(100);
    page.run("form.selectors = []; history.pushState({}, '', '/thanks')");
    browser.advance(1000);
    let sent = events(&browser);
    assert_eq!(sent.len(), 1, "that is another by now, and has the form no more");
    assert_eq!((&sent[0]["pu"], &sent[0]["age"]), (&json!("https://www.example.com/join"), &json!(300)));
}

/// The two scripts with the part that reads forms work like the others.
#[test]
fn the_scripts_that_collect_forms_send_page_views() {
    for spa in [true, false] {
        let options = ScriptOptions { collects: true, spa, ..options() };
        let browser = Browser::new();
        browser.open(&Visit::of(HOME).options(&options));
        assert_eq!(browser.views().len(), 1, "with moves: {spa}");
    }
}
