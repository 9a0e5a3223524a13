//! Custom JavaScript of events: rejected with line and column when it cannot be parsed, served as a file of its
//! own, can be switched off, and never harms page views (rules.md 29).

use guestlog::app::access::Actor;
use guestlog::app::events::{custom_js, definitions};
use guestlog::domain::event::{EventKind, EventNumber, Status, Typed};
use serde_json::{Value, json};

use crate::harness::site::{Site, Wanted};
use crate::tracker::harness::{Browser, HOME, Visit, setting};

fn typed<'a>(name: &'a str, code: &'a str) -> Typed<'a> {
    Typed { name, custom_js: code, ..Typed::default() }
}

async fn create(site: &Site, name: &str, code: &str) -> Result<EventNumber, definitions::Error> {
    definitions::create(&site.app, Actor::Machine, site.account, EventKind::Custom, &typed(name, code)).await
}

async fn update(site: &Site, number: EventNumber, code: &str) -> Result<(), definitions::Error> {
    definitions::update(&site.app, Actor::Machine, site.account, number, &typed("Code", code), None).await
}

/// Addresses of custom code in the tracking script.
async fn addresses(site: &Site) -> Vec<String> {
    let script = site.get("/1000001.js").await.text();
    let codes = setting(&script, "codes");
    let codes = codes.as_array().unwrap();
    codes.iter().map(|code| format!("/e/1000001/{}.js", code.as_str().unwrap())).collect()
}

struct Snippet {
    why: String,
    parses: bool,
    code: String,
}

fn snippets() -> Vec<Snippet> {
    let table: Vec<Value> = serde_json::from_str(include_str!("../../data/broken_scripts.json")).unwrap();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    table
        .iter()
        .map(|row| {
            let times = usize::try_from(row["times"].as_u64().unwrap_or(0)).unwrap();
            let repeated = text(row, "repeat").repeat(times);
            let code = [text(row, "code"), text(row, "before"), repeated, text(row, "after")].concat();
            Snippet { why: text(row, "why"), parses: row["parses"] == true, code }
        })
        .collect()
}

fn brief(code: &str) -> String {
    code.chars().take(60).collect()
}

#[actix_web::test]
async fn code_that_does_not_parse_is_refused_with_its_place_and_nothing_is_saved() {
    let site = Site::new().await;
    let kept = create(&site, "Code", "kept();").await.unwrap();
    let mut wrong = Vec::new();
    let all = snippets();
    assert!(all.iter().filter(|snippet| !snippet.parses).count() >= 200);
    for Snippet { why, parses, code } in all {
        let saved = update(&site, kept, &code).await;
        let as_expected = match &saved {
            Ok(()) => parses,
            Err(definitions::Error::CustomJs { line, column, message }) => {
                let lines = code.replace("\r\n", "\n").matches('\n').count() + 1;
                !parses && (1..=lines).contains(line) && *column >= 1 && !message.is_empty()
            }
            Err(_) => false,
        };
        if !as_expected {
            wrong.push(format!("{why}: {:?} gave {saved:?}", brief(&code)));
        }
        if saved.is_ok() {
            update(&site, kept, "kept();").await.unwrap();
        }
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(site.asks::<String>("select code from event_script"), ["kept();"]);
}

#[actix_web::test]
async fn the_place_of_a_mistake_is_told_in_lines_and_characters() {
    let site = Site::new().await;
    for (code, line, column) in [
        ("})();", 1, 1),
        ("a();\nb(;\n", 2, 3),
        ("a();\r\n\r\n  b c;", 3, 4),
        ("var é = 'ü', ö = ;", 1, 18),
        ("a();\n\n/* never\nclosed", 3, 1),
        ("let a;\nlet a;", 2, 5),
        ("/(/;", 1, 2),
        ("#!/bin/sh\na();", 1, 1),
    ] {
        match create(&site, "Code", code).await {
            Err(definitions::Error::CustomJs { line: l, column: c, message }) => {
                assert_eq!((l, c), (line, column), "{code:?}: {message}");
            }
            other => panic!("{code:?}: {other:?}"),
        }
    }
    assert_eq!(site.ask::<i64>("select count(*) from event_definition"), 0);
}

/// Page views are sent although broken custom code is active.
#[actix_web::test]
async fn page_views_arrive_with_each_snippet_that_was_saved() {
    let site = Site::new().await;
    let number = create(&site, "Code", "first();").await.unwrap();
    let mut tried = 0;
    for Snippet { why, code, .. } in snippets().into_iter().filter(|snippet| snippet.parses) {
        update(&site, number, &code).await.unwrap();
        let script = site.get("/1000001.js").await.text();
        let served = site.get(&addresses(&site).await[0]).await;
        assert_eq!(served.status, 200);
        let browser = Browser::new();
        let page = browser.open(&Visit { script, ..Visit::of(HOME) });
        assert_eq!(browser.views().len(), 1, "{why}: {:?}", brief(&code));
        // Like browsers, the engine throws on code that is nested too deeply, and the page goes on.
        page.try_load(&served.text());
        if !code.contains("_hsq = ") && !why.contains("meddles") {
            page.push("['setPath', '/next'], ['trackPageView']");
            assert_eq!(browser.views().len(), 2, "{why}: {:?}", brief(&code));
        }
        tried += 1;
    }
    assert!(tried >= 100, "{tried}");
}

#[actix_web::test]
async fn code_is_served_for_ever_at_an_address_of_its_own_text() {
    let site = Site::new().await;
    let number = create(&site, "Code", "window.first = 1;").await.unwrap();
    let first = addresses(&site).await;
    assert_eq!(first.len(), 1);
    let answer = site.get(&first[0]).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "public, max-age=31536000, immutable"));
    assert_eq!(answer.header("content-type"), "application/javascript; charset=utf-8");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.text().contains("window.first = 1;\n"), "{}", answer.text());
    update(&site, number, "window.second = 2;").await.unwrap();
    let second = addresses(&site).await;
    assert_ne!(first, second);
    let replaced = site.get(&first[0]).await;
    assert_eq!((replaced.status, replaced.text()), (200, answer.text()), "for scripts that browsers keep");
    assert_eq!(site.get(&second[0]).await.status, 200);
    site.clock.advance(5 * 60_000 - 1);
    assert_eq!(site.get(&first[0]).await.status, 200);
    site.clock.advance(1);
    assert_eq!(site.get(&first[0]).await.status, 404, "what it was is not served any more");
    assert_eq!(site.get(&second[0]).await.status, 200);
    let right = second[0].strip_prefix("/e/1000001/").unwrap();
    for wrong in [
        format!("/e/1000002/{right}"),
        "/e/1000001/000000000001..js".into(),
        "/e/1000001/000000000001.0000000000000000.js".into(),
        "/e/1000001/1.0000000000000000.js".into(),
        "/e/1000001/000000000009.0000000000000000.js".into(),
    ] {
        let answer = site.get(&wrong).await;
        assert_eq!((answer.status, answer.header("cache-control")), (404, "no-store"), "{wrong}");
    }
    definitions::set_status(&site.app, Actor::Machine, site.account, number, Status::Archived).await.unwrap();
    assert_eq!((addresses(&site).await.len(), site.get(&second[0]).await.status), (0, 404));
}

#[actix_web::test]
async fn replaced_code_is_served_only_while_the_event_has_code_that_runs() {
    let site = Site::new().await;
    let number = create(&site, "Code", "first();").await.unwrap();
    let first = addresses(&site).await.remove(0);
    update(&site, number, "second();").await.unwrap();
    let status = async || site.get(&first).await.status;
    assert_eq!(status().await, 200);
    let switch =
        async |on| custom_js::set_custom_js(&site.app, Actor::Machine, site.account, on).await.unwrap();
    switch(false).await;
    assert_eq!(status().await, 404);
    switch(true).await;
    assert_eq!(status().await, 200);
    let set = async |status| {
        definitions::set_status(&site.app, Actor::Machine, site.account, number, status).await.unwrap();
    };
    set(Status::Archived).await;
    assert_eq!(status().await, 404);
    set(Status::Active).await;
    assert_eq!(status().await, 200);
    update(&site, number, "").await.unwrap();
    assert_eq!(status().await, 404, "who takes the code away wants none of it to run");
}

#[actix_web::test]
async fn what_throws_is_named_and_runs_in_the_page_with_the_queue_at_hand() {
    let site = Site::new().await;
    let code =
        "'use strict'; window.seen = this === window; _hsq.push(['trackEvent', {id: 'From code', value: 2}]);
        return nothingOfThatName.a;";
    create(&site, "Code", code).await.unwrap();
    let script = site.get("/1000001.js").await.text();
    let served = site.get(&addresses(&site).await[0]).await.text();
    let browser = Browser::new();
    let page = browser.open(&Visit { script, ..Visit::of(HOME) });
    assert_eq!(page.run("return page.loaded.length"), 1);
    page.load(&served);
    assert_eq!(page.run("return seen"), true);
    let errors = browser.eval("browser.state.logs.join()");
    assert!(errors.as_str().unwrap().contains("custom JavaScript of event 000000000001 threw"), "{errors}");
    assert_eq!(browser.hits().last().unwrap()["n"], "From code");
}

#[actix_web::test]
async fn a_switch_serves_the_script_without_any_of_it() {
    let site = Site::new().await;
    create(&site, "Code", "a();").await.unwrap();
    let address = addresses(&site).await.remove(0);
    let script = site.get("/1000001.js").await;
    assert_eq!(script.header("cache-control"), "public, max-age=60", "browsers follow within 60 s");
    for (on, served) in [(false, 404), (true, 200)] {
        custom_js::set_custom_js(&site.app, Actor::Machine, site.account, on).await.unwrap();
        assert_eq!(addresses(&site).await.len(), usize::from(on));
        assert_eq!(site.get(&address).await.status, served);
    }
    let site = Site::with(Wanted { custom_js: false, ..Wanted::default() }).await;
    create(&site, "Code", "a();").await.unwrap();
    assert!(addresses(&site).await.is_empty(), "the configuration forbids it");
    assert_eq!(site.get(&address).await.status, 404);
}

#[actix_web::test]
async fn every_change_is_kept_with_the_old_and_the_new_text() {
    let site = Site::new().await;
    let number = create(&site, "Code", "").await.unwrap();
    let long = "x".repeat(5_000) + "();";
    for code in ["one();", "one();", &long, ""] {
        update(&site, number, code).await.unwrap();
    }
    let changes = custom_js::changes(&site.app, site.account, number).await.unwrap();
    let texts: Vec<(&str, &str)> = changes.iter().map(|c| (c.old.as_str(), c.new.as_str())).collect();
    assert_eq!(texts, [(long.as_str(), ""), ("one();", &long), ("", "one();")]);
    assert_eq!(custom_js::code(&site.app, site.account, number).await.unwrap(), "");
    let audit = "select detail from audit where action = 'event.script' order by id";
    let first = site.asks::<String>(audit).remove(0);
    assert!(first.starts_with("000000000001: none -> ") && first.len() == 22 + 16, "{first}");
    assert_eq!(site.asks::<String>(audit).len(), 3);
}

#[actix_web::test]
async fn the_script_knows_the_active_click_and_form_events() {
    let site = Site::new().await;
    let rule = |name, selector, url| Typed { name, selector, url, ..Typed::default() };
    for (kind, typed) in [
        (EventKind::Click, rule("Buy", "#buy, .buy", "/shop/*")),
        (EventKind::Form, rule("Join", "form.join", "")),
        (EventKind::Click, rule("Old", "#old", "")),
        (EventKind::Visit, rule("Seen", "", "/thanks")),
    ] {
        definitions::create(&site.app, Actor::Machine, site.account, kind, &typed).await.unwrap();
    }
    let before = site.get("/1000001.js").await;
    definitions::set_status(&site.app, Actor::Machine, site.account, EventNumber(3), Status::Archived)
        .await
        .unwrap();
    let after = site.get("/1000001.js").await;
    assert_ne!(before.header("etag"), after.header("etag"));
    let script = after.text();
    assert_eq!(setting(&script, "clicks"), json!([["000000000001", "#buy, .buy", "/shop/*"]]));
    assert_eq!(setting(&script, "forms"), json!([["000000000002", "form.join", ""]]));
    for not_needed in ["Buy", "Join", "#old", "/thanks"] {
        assert!(!script.contains(not_needed), "{not_needed}");
    }
    create(&site, "Told", "").await.unwrap();
    assert_eq!(
        site.get("/1000001.js").await.header("etag"),
        after.header("etag"),
        "nothing the script needs"
    );
}
