//! Robots that hide: what marks their sessions, and how reports say so and leave them out.

use std::sync::Arc;

use actix_web::test::TestRequest;
use guestlog::app::ingest::accept::{Sender, accept, beacon};
use guestlog::app::jobs::close_days::CloseJob;
use guestlog::base::clock::{DAY, HOUR, SECOND};
use guestlog::domain::client_hints::ClientHints;
use guestlog::domain::suspicion::FAST_VIEWS;
use guestlog::domain::user::Role;
use guestlog::store;
use serde_json::{Value, json};

use super::reports::Fixture;
use crate::harness::browser::plain;
use crate::harness::site::{Site, post, with};

const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                      Chrome/131.0.0.0 Safari/537.36";
const HEADLESS: &str = r#""HeadlessChrome";v="131", "Chromium";v="131""#;
const SUSPECTED: &str = "select suspected from session_unpacked order by id";
const PAGE: &str = "https://example.com/";

async fn send(fixture: &Fixture, brands: &str, hit: Value) {
    let hit = with(hit, "a", fixture.account.0);
    let hit = if hit.get("k").is_some() { hit } else { with(hit, "k", 1) };
    let body = hit.to_string();
    let hints = ClientHints { brands, ..ClientHints::default() };
    let sender = Sender { user_agent: CHROME, hints, ..Sender::default() };
    accept(&fixture.site.app, sender, beacon::of_json(body.as_bytes()).unwrap()).await;
}

async fn page_views(fixture: &Fixture, question: &str) -> u64 {
    fixture.json(question).await["kpi"]["page_views"].as_u64().unwrap()
}

async fn close_days(fixture: &Fixture) {
    let app = Arc::clone(&fixture.site.app);
    let account = app.accounts.find(fixture.account).unwrap();
    let closing = move || CloseJob::default().close_account(&app, &account, app.now());
    actix_web::rt::task::spawn_blocking(closing).await.unwrap().unwrap();
    let rows = |conn: &rusqlite::Connection| {
        let sql = "select count(*) from event_hot";
        Ok::<i64, store::Error>(conn.query_row(sql, [], |row| row.get(0))?)
    };
    assert_eq!(fixture.site.app.store.readers.read(rows).unwrap(), 0);
}

/// A browser without a window, one that a program drives, a screen that no device has, and nothing of it.
#[actix_web::test]
async fn marks_of_a_hidden_robot_are_kept_with_its_session() {
    let mut site = Site::new().await;
    let sent = |id: &str, visitor: &str, screen: &str| {
        let view = with(site.view(id, visitor, PAGE), "sd", screen).to_string();
        post().insert_header(("user-agent", CHROME)).set_payload(view)
    };
    let driven =
        |id: &str, visitor: &str, is: Value| with(site.view(id, visitor, PAGE), "wd", is).to_string();
    let hinted = |request: TestRequest, brands: &str| request.insert_header(("sec-ch-ua", brands));
    let requests = [
        sent("1", "person", "1920x1080"),
        hinted(sent("2", "windowless", "1920x1080"), HEADLESS),
        sent("3", "screenless", "0x0"),
        hinted(sent("4", "other", "1920x1080"), r#""Chromium";v="131""#),
        // The session of a person in whose browser a robot goes on is suspected from then on, and stays so.
        hinted(sent("5", "person", "1920x1080"), HEADLESS),
        sent("6", "person", "1920x1080"),
        post().insert_header(("user-agent", CHROME)).set_payload(driven("7", "driven", json!(true))),
        post().insert_header(("user-agent", CHROME)).set_payload(driven("8", "steered", json!(false))),
    ];
    for request in requests {
        assert_eq!(site.call(request).await.reason(), "stored");
    }
    site.fold().await;
    assert_eq!(site.asks::<i64>(SUSPECTED), [1, 1, 1, 0, 1, 0]);
}

#[actix_web::test]
async fn page_views_faster_than_a_person_can_open_them_are_suspected() {
    let mut site = Site::new().await;
    for n in 0..FAST_VIEWS {
        site.collect(&site.view(&format!("r{n}"), "robot", PAGE)).await;
        if n > 0 {
            site.collect(&site.view(&format!("p{n}"), "person", PAGE)).await;
        }
    }
    site.fold().await;
    assert_eq!(site.asks::<i64>(SUSPECTED), [1, 0], "one view less is not looked at");
    site.clock.advance(i64::from(FAST_VIEWS) * SECOND);
    site.collect(&site.view("later", "person", PAGE)).await;
    site.fold().await;
    assert_eq!(site.asks::<i64>(SUSPECTED), [1, 0], "as many in more time");
}

#[actix_web::test]
async fn reports_include_suspected_robots_say_so_and_leave_them_out_when_asked() {
    let mut fixture = Fixture::new().await;
    let view = |visitor: &str| json!({"vi": visitor, "pu": "https://site.test/", "sd": "1920x1080"});
    send(&fixture, "", view("a1")).await;
    let none = fixture.json("dashboard").await;
    assert_eq!((&none["kpi"]["page_views"], &none["suspected_page_views"]), (&json!(1), &json!(0)));
    assert!(!fixture.get("dashboard").await.body.contains("suspected robot"));
    for visitor in ["b2", "c3"] {
        send(&fixture, HEADLESS, view(visitor)).await;
    }
    // In rows of the open day, and in the segment of a closed one.
    for day in ["open", "closed"] {
        let found = fixture.json("dashboard").await;
        assert_eq!(
            (&found["kpi"]["page_views"], &found["suspected_page_views"]),
            (&json!(3), &json!(2)),
            "{day}"
        );
        for table in ["pages", "sources", "devices", "countries"] {
            assert_eq!(fixture.json(table).await["suspected_page_views"], 2, "{day}: {table}");
            let page = fixture.get(table).await.body;
            assert!(
                plain(&page).contains("2 page views of suspected robots are included. Leave them out"),
                "{page}"
            );
        }
        let page = fixture.get("dashboard").await.body;
        let link = "filter=suspected:is_not:yes";
        assert!(
            page.contains("2 page views of suspected robots are included.") && page.contains(link),
            "{page}"
        );
        let without = fixture.get(&format!("dashboard?{link}")).await.body;
        assert!(!without.contains("suspected robots are included"), "{without}");
        for (filter, expected) in [("is_not:yes", 1), ("is:no", 1), ("is:YES", 2), ("is:(none)", 0)] {
            let question = format!("dashboard?filter=suspected:{filter}");
            assert_eq!(page_views(&fixture, &question).await, expected, "{day}: {filter}");
        }
        if day == "open" {
            fixture.site.clock.advance(DAY + HOUR);
            close_days(&fixture).await;
            // The sign-in is over meanwhile.
            fixture.reader = fixture.site.signed_in(fixture.account, "next@site.test", Role::Viewer).await;
        }
    }
}

/// A table that leaves out sessions without a campaign or click id leaves out their robots too.
#[actix_web::test]
async fn a_table_says_how_many_suspected_page_views_it_shows_itself() {
    let fixture = Fixture::new().await;
    for (visitor, query) in [
        ("a1", "?gclid=EAIaIQobChMIxyz&utm_source=s"),
        ("b2", "?utm_term=only"),
        ("c3", "?utm_medium=email&utm_term=both"),
        ("d4", ""),
    ] {
        send(&fixture, HEADLESS, json!({"vi": visitor, "pu": format!("https://site.test/{query}")})).await;
    }
    for (table, expected) in [
        ("sources", json!(4)),
        ("sources?by=click_id", json!(1)),
        ("sources?by=campaign", json!(2)),
        ("sources?by=term", json!(2)),
        ("sources?by=content", Value::Null),
        ("pages?show=exit", Value::Null),
        ("pages", json!(4)),
    ] {
        assert_eq!(fixture.json(table).await["suspected_page_views"], expected, "{table}");
    }
}

#[actix_web::test]
async fn pages_of_events_say_how_many_completions_suspected_robots_have_made() {
    let fixture = Fixture::new().await;
    let done = |visitor: &str, event: &str| json!({"vi": visitor, "pu": PAGE, "k": 3, "n": event});
    for (brands, visitor) in [("", "a1"), (HEADLESS, "b2"), (HEADLESS, "c3")] {
        send(&fixture, brands, done(visitor, "Sale")).await;
    }
    send(&fixture, HEADLESS, done("b2", "Login")).await;
    // Page views are no completions.
    send(&fixture, HEADLESS, json!({"vi": "b2", "pu": PAGE})).await;
    let included = "by suspected robots are included. Leave them out";
    for (address, expected) in [
        ("events", json!(3)),
        ("events?search=sale", json!(2)),
        ("events?search=nothing", Value::Null),
        ("events/000000000001", json!(2)),
        ("events?filter=suspected:is:yes", json!(3)),
        ("events?filter=suspected:is_not:yes", Value::Null),
        ("events/000000000001?filter=suspected:is_not:yes", Value::Null),
    ] {
        assert_eq!(fixture.json(address).await["suspected_completions"], expected, "{address}");
        let page = plain(&fixture.get(address).await.body);
        let says = expected.is_number() && !address.contains("filter");
        assert_eq!(page.contains(&format!("{expected} completions {included}")), says, "{address}: {page}");
        assert_eq!(page.contains(included), says, "{address}: {page}");
    }
    let one = plain(&fixture.get("events?search=login").await.body);
    assert!(one.contains("1 completion by a suspected robot is included. Leave it out"), "{one}");
}

/// The switch of the account holds for the past as well, and a question about suspected robots is answered all the same.
#[actix_web::test]
async fn an_account_leaves_suspected_robots_out_of_all_reports() {
    let fixture = Fixture::new().await;
    let view = |visitor: &str| json!({"vi": visitor, "pu": "https://site.test/", "sd": "1920x1080"});
    send(&fixture, "", view("a1")).await;
    send(&fixture, HEADLESS, view("b2")).await;
    assert_eq!(page_views(&fixture, "dashboard").await, 2);
    let admin = fixture.site.signed_in(fixture.account, "admin@example.com", Role::Admin).await;
    let page = fixture.path("settings/advanced-tracking");
    let is_on = |body: &str| body.contains("name=\"leave_out_suspected\" value=\"on\" checked");
    assert!(!is_on(&admin.get(&page).await.body));
    admin.press("Save", &[("Bot filtering", "on")]).await;
    assert!(is_on(&admin.get(&page).await.body));
    let found = fixture.json("dashboard").await;
    assert_eq!((&found["kpi"]["page_views"], &found["suspected_page_views"]), (&json!(1), &json!(0)));
    for table in ["pages", "sources", "devices", "countries"] {
        assert_eq!(fixture.json(table).await["rows"][0]["page_views"], 1, "{table}");
    }
    assert_eq!(page_views(&fixture, "dashboard?filter=suspected:is:yes").await, 1);
    admin.get(&page).await;
    admin.press("Save", &[("Bot filtering", "")]).await;
    assert_eq!(page_views(&fixture, "dashboard").await, 2);
}
