//! Counting without consent: the switches, and the reports that tell of it.

use guestlog::app::ingest::accept::Sender;
use guestlog::app::ingest::count_anonymously::count_anonymously;
use guestlog::domain::hit_reason::Reason;
use guestlog::domain::user::Role;
use serde_json::{Value, json};

use super::events::{CHROME, Fixture};
use crate::harness::browser::plain;

const SETTINGS: &str = "settings/consent/counting";
const LINE: &str =
    "Without consent, counted anonymously: 3 page views in 2 sessions, not in the numbers above.";

async fn count(fixture: &Fixture, view: Value) -> Reason {
    let sender = Sender { user_agent: CHROME, ..Sender::default() };
    count_anonymously(&fixture.site.app, sender, fixture.account, view.to_string().as_bytes()).await
}

/// An account that counts, with three views that were not allowed and one that was.
async fn counted() -> Fixture {
    let fixture = Fixture::new().await;
    let admin = fixture.site.signed_in(fixture.account, "admin@site.test", Role::Admin).await;
    let path = fixture.path(SETTINGS);
    assert!(plain(&admin.get(&path).await.body).contains("By default it is nothing at all"));
    assert_eq!(admin.post(&path, &[("anonymous", "on")]).await.status, 303);
    assert!(admin.get(&path).await.body.contains("checked"));
    for view in [
        json!({"page": "https://site.test/a", "entry": true, "referrer": "https://news.test"}),
        json!({"page": "https://site.test/a"}),
        json!({"page": "https://site.test/b%C3%BC", "entry": true}),
    ] {
        assert_eq!(count(&fixture, view).await, Reason::CountedAnonymously);
    }
    fixture.view("ada", "/a", json!({})).await;
    fixture
}

/// rules.md 41
#[actix_web::test]
async fn what_is_counted_without_consent_is_told_apart_and_is_in_no_other_number() {
    let fixture = counted().await;
    let dashboard = fixture.json("dashboard").await;
    assert_eq!(dashboard["anonymous"], json!({"page_views": 3, "sessions": 2}));
    assert_eq!((&dashboard["kpi"]["page_views"], &dashboard["kpi"]["sessions"]), (&json!(1), &json!(1)));
    assert_eq!(dashboard["pages"]["rows"][0]["page_views"], 1);
    assert_eq!(fixture.json("pages").await["total"], 1);
    for report in ["dashboard", "pages"] {
        let page = fixture.get(report).await.body;
        assert!(plain(&page).contains(LINE), "{report}: {}", plain(&page));
        assert!(page.contains(&fixture.path("anonymous?period=28d")), "{report}");
        let filtered = format!("{report}?filter=page:is:site.test/a");
        assert!(!fixture.text(&filtered).await.contains("counted anonymously"), "{filtered}");
    }
    assert_eq!(fixture.json("dashboard?filter=page:is:site.test/a").await["anonymous"], json!(null));
}

#[actix_web::test]
async fn the_totals_are_shown_by_page_source_country_and_device_and_exported() {
    let fixture = counted().await;
    let by = async |part: &str| fixture.json(&format!("anonymous?by={part}")).await;
    let pages = fixture.json("anonymous").await;
    let row = |name: &str, sessions, views| json!({"name": name, "sessions": sessions, "page_views": views});
    assert_eq!(pages["rows"], json!([row("site.test/a", 1, 2), row("site.test/bü", 1, 1)]));
    assert_eq!(
        (&pages["is_on"], &pages["page_views"], &pages["total"]),
        (&json!(true), &json!(3), &json!(2))
    );
    assert_eq!(by("source").await["rows"], json!([row("(none)", 1, 1), row("news.test", 1, 1)]));
    assert_eq!(by("country").await["rows"], json!([row("(none)", 2, 3)]));
    assert_eq!(by("device").await["rows"], json!([row("desktop", 2, 3)]));
    let csv = fixture.get("anonymous?format=csv").await.body;
    assert!(csv.contains("name,sessions,page_views\r\nsite.test/a,1,2\r\n"), "{csv}");
    let limited = fixture.json("anonymous?limit=1").await;
    assert_eq!((limited["rows"].as_array().unwrap().len(), &limited["total"]), (1, &json!(2)));
    for wrong in ["by=visitor", "filter=page:is:site.test/a"] {
        let refused = fixture.editor.get(&fixture.path(&format!("anonymous?format=json&{wrong}"))).await;
        assert_eq!(refused.status, 400, "{wrong}");
    }
    let text = fixture.text("anonymous?by=source&filter=page:is:x").await;
    assert!(
        text.contains("3 page views in 2 sessions in this period.") && text.contains("No other site"),
        "{text}"
    );
    assert!(fixture.text("anonymous?period=yesterday").await.contains("Nothing was counted"));
}

#[actix_web::test]
async fn without_it_no_report_speaks_of_it_and_the_page_says_that_it_is_off() {
    let fixture = Fixture::new().await;
    fixture.view("ada", "/a", json!({})).await;
    assert_eq!(fixture.json("dashboard").await["anonymous"], json!(null));
    assert!(!fixture.text("dashboard").await.contains("anonymously"));
    let page = fixture.get("anonymous").await.body;
    assert!(
        plain(&page).contains("Counting without consent is off") && page.contains(&fixture.path(SETTINGS))
    );
    assert_eq!(count(&fixture, json!({"page": "https://site.test/"})).await, Reason::NoConsent);
}

#[actix_web::test]
async fn the_switches_are_for_admins_and_the_statement_follows_them() {
    let fixture = Fixture::new().await;
    let path = fixture.path(SETTINGS);
    assert_eq!(fixture.editor.get(&path).await.status, 403);
    let admin = fixture.site.signed_in(fixture.account, "admin@site.test", Role::Admin).await;
    let privacy = fixture.path("settings/privacy?language=nl");
    let statement = "alleen in dagtotalen";
    assert!(!admin.get(&privacy).await.body.contains(statement));
    let counting = || fixture.site.app.accounts.find(fixture.account).unwrap().counting();
    admin.get(&path).await;
    for (fields, expected) in [
        (&[("anonymous", "on")][..], (true, false)),
        (&[("anonymous", "on"), ("asked", "on")], (true, true)),
        (&[("asked", "on")], (false, true)),
        (&[], (false, false)),
    ] {
        assert_eq!(admin.post(&path, fields).await.status, 303);
        assert_eq!((counting().anonymous, counting().asked), expected);
        assert_eq!(admin.get(&privacy).await.body.contains(statement), expected.0);
        admin.get(&path).await;
    }
}
