//! Reviewing unexpected events with plain forms, one or many at a time (rules.md 19, 20).

use guestlog::domain::user::{Role, Scope};
use serde_json::{Value, json};

use crate::harness::app::TestApp;
use crate::harness::browser::plain;

use super::events::Fixture;

/// An account with five events, which is its limit.
async fn full() -> Fixture {
    let fixture = Fixture::on(TestApp::with_events(5).await).await;
    for n in 1..=5 {
        fixture.create("Custom JavaScript", &format!("e{n}"), &[]).await;
    }
    fixture
}

async fn names(fixture: &Fixture, list: &str) -> Vec<String> {
    let table = fixture.json(&format!("events/{list}")).await;
    let rows = table["rows"].as_array().unwrap().iter();
    rows.map(|row| format!("{} {}", row["name"].as_str().unwrap(), row["seen"])).collect()
}

#[actix_web::test]
async fn the_sixth_name_waits_until_there_is_room_and_somebody_approves_it() {
    let fixture = full().await;
    for name in ["sixth", "sixth", "seventh", "eighth"] {
        fixture.fire("ada", name, json!(1)).await;
    }
    assert_eq!(names(&fixture, "unexpected").await, ["sixth 2", "eighth 1", "seventh 1"]);
    assert_eq!(fixture.json("dashboard").await["kpi"]["completions"], 0, "not counted while they wait");
    let page = fixture.get("events/unexpected").await.body;
    assert!(plain(&page).contains("3 names are waiting for review"), "the rail says so");
    assert!(plain(&page).contains("site.test/cart"), "where it was seen");

    let full = fixture.editor.press("Approve sixth", &[]).await;
    assert_eq!(full.status, 422);
    let says = "The account has 5 of 5 events, so there is no room for 1 more. Nothing was approved.";
    assert!(plain(&full.body).contains(says), "{}", plain(&full.body));
    fixture.get("events/000000000001").await;
    fixture.editor.press("Archive", &[]).await;

    fixture.get("events/unexpected").await;
    let many = fixture.editor.press("Approve", &[("sixth", "on"), ("seventh", "on")]).await;
    assert!(many.status == 422 && plain(&many.body).contains("no room for 2 more"), "all or nothing");
    assert_eq!(many.body.matches(" checked").count(), 2, "what was ticked stays ticked");
    assert_eq!(names(&fixture, "unexpected").await.len(), 3);
    fixture.get("events/unexpected").await;
    let approved = fixture.editor.press("Approve sixth", &[]).await;
    assert_eq!(approved.location(), fixture.path("events/unexpected"));
    assert!(plain(&fixture.editor.follow(&approved).await.body).contains("The names are approved."));
    fixture.fire("ada", "sixth", json!(1)).await;
    let event = fixture.json("events/000000000006").await;
    assert_eq!((&event["name"], &event["completions"]), (&json!("sixth"), &json!(1)), "from then on");
}

#[actix_web::test]
async fn names_are_dismissed_and_restored_one_or_many() {
    let fixture = full().await;
    for name in ["a", "b", "c"] {
        fixture.fire("ada", name, Value::Null).await;
    }
    fixture.json("events").await;
    fixture.get("events/unexpected").await;
    let nothing = fixture.editor.press("Dismiss", &[]).await;
    assert!(nothing.status == 422 && plain(&nothing.body).contains("No name is selected."));
    fixture.get("events/unexpected").await;
    let done = fixture.editor.press("Dismiss", &[("a", "on"), ("b", "on")]).await;
    assert!(
        plain(&fixture.editor.follow(&done).await.body)
            .contains("The names are dismissed. You can restore them under")
    );
    fixture.get("events/unexpected").await;
    fixture.editor.press("Dismiss c", &[]).await;
    assert_eq!(names(&fixture, "dismissed").await.len(), 3);
    assert!(fixture.text("events/unexpected").await.contains("Nothing to review"));
    fixture.fire("ada", "a", Value::Null).await;
    assert_eq!(names(&fixture, "dismissed").await[0], "a 2", "reported again, it stays there");
    fixture.get("events/dismissed").await;
    fixture.editor.press("Restore", &[("a", "on"), ("c", "on")]).await;
    fixture.get("events/dismissed").await;
    let one = fixture.editor.press("Restore b", &[]).await;
    assert!(plain(&fixture.editor.follow(&one).await.body).contains("The names are restored and wait"));
    assert_eq!(names(&fixture, "unexpected").await.len(), 3);
    assert!(fixture.text("events/dismissed").await.contains("No dismissed names"));
}

#[actix_web::test]
async fn names_that_wait_are_told_as_data_and_searched() {
    let fixture = full().await;
    fixture.fire("ada", "=x", Value::Null).await;
    fixture.call(&format!("/v1/event?_a={}&_n=by+program", fixture.account)).await;
    let table = fixture.json("events/unexpected").await;
    assert_eq!((&table["total"], &table["next"]), (&json!(2), &Value::Null));
    let row = table["rows"].as_array().unwrap().iter().find(|row| row["name"] == "=x").unwrap();
    let now = fixture.site.app.now().iso();
    assert_eq!((&row["kind"], &row["seen"]), (&json!("custom"), &json!(1)));
    assert_eq!((&row["first_seen"], &row["last_seen"]), (&json!(now), &json!(now)));
    assert!(row["id"].is_i64() && row["page"].as_str().unwrap().contains("/cart"), "{row}");
    let first = fixture.json("events/unexpected?limit=1").await;
    let rest =
        fixture.json(&format!("events/unexpected?limit=1&after={}", first["next"].as_str().unwrap())).await;
    assert_eq!((rest["rows"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    assert_eq!(fixture.json("events/unexpected?search=PROG").await["total"], 1);
    assert!(fixture.get("events/unexpected?format=csv").await.body.contains(",'=x,custom,1,"));
    for bad in ["limit=0", "limit=1001", "after=x", "after=77"] {
        let address = fixture.path(&format!("events/unexpected?format=json&{bad}"));
        assert_eq!(fixture.token(&[Scope::ReportsRead]).await.get(&address).await.status, 400, "{bad}");
    }
    let viewer = fixture.site.signed_in(fixture.account, "viewer@site.test", Role::Viewer).await;
    let seen = viewer.get(&fixture.path("events/unexpected")).await.body;
    assert!(seen.contains("=x") && !seen.contains("type=\"checkbox\""), "a viewer looks only");
    let act = async |fields: &[(&str, &str)]| {
        fixture.get("events").await;
        fixture.editor.post(&fixture.path("events/unexpected"), fields).await
    };
    assert_eq!(act(&[("do", "luck"), ("id", "1")]).await.status, 400);
    assert_eq!(act(&[("do", "approve"), ("id", "x")]).await.status, 400);
    let gone = act(&[("dismiss", "999")]).await;
    assert!(gone.status == 422 && plain(&gone.body).contains("no longer in the list"), "{}", gone.body);
}

/// rules.md 19
#[actix_web::test]
async fn an_admin_says_what_becomes_of_names_nobody_created() {
    let fixture = Fixture::new().await;
    let admin = fixture.site.signed_in(fixture.account, "admin@site.test", Role::Admin).await;
    let page = admin.get(&fixture.path("settings/account")).await;
    assert!(page.body.contains("value=\"create\" checked"), "{}", page.body);
    let saved = admin.press("Save", &[("Hold for review", "on")]).await;
    assert_eq!(saved.status, 303, "{}", plain(&saved.body));
    assert!(admin.get(&fixture.path("settings/account")).await.body.contains("value=\"queue\" checked"));
    fixture.fire("ada", "New", Value::Null).await;
    assert_eq!(names(&fixture, "unexpected").await, ["New 1"]);
    admin.get(&fixture.path("settings/account")).await;
    admin.press("Save", &[("Reject", "on")]).await;
    fixture.fire("ada", "Newer", Value::Null).await;
    assert_eq!(names(&fixture, "unexpected").await, ["New 1"]);
    admin.get(&fixture.path("settings/account")).await;
    admin.press("Save", &[("Create events", "on")]).await;
    fixture.fire("ada", "Newest", Value::Null).await;
    assert_eq!(fixture.json("events").await["rows"][0]["name"], "Newest");
    admin.get(&fixture.path("settings/account")).await;
    let refused = admin.press("Save", &[("Hold for review", "on"), ("Currency", "gold")]).await;
    assert!(
        refused.status == 422 && refused.body.contains("value=\"queue\" checked"),
        "what was chosen is kept"
    );
    assert!(admin.get(&fixture.path("settings/account")).await.body.contains("value=\"create\" checked"));
}
