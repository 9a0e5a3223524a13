//! The list of events: columns, search, order, paging; and other pages that show an event by its name.

use guestlog::base::clock::DAY;
use guestlog::domain::user::{Role, Scope};
use serde_json::{Value, json};

use crate::harness::app::TestApp;
use crate::harness::browser::plain;

use super::events::Fixture;

/// Three events. Two were completed, one of them twice by a contact.
async fn fixture() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.create("Custom JavaScript", "Sale", &[("Tags", "checkout, money")]).await;
    fixture.create("Clicked element", "=Buy", &[("Tags", "checkout"), ("CSS selector", "#buy")]).await;
    fixture.create("HTTP", "Login", &[]).await;
    fixture.view("ada", "/", json!({"i": {"email": "ada@example.test"}})).await;
    fixture.fire("ada", "Sale", json!("10")).await;
    fixture.fire("ada", "Sale", json!("10.5")).await;
    fixture.fire("bob", "=Buy", Value::Null).await;
    fixture.json("events").await;
    fixture
}

fn names(table: &Value) -> Vec<&str> {
    table["rows"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn events_as_data_have_the_keys_of_the_contract() {
    let fixture = fixture().await;
    let table = fixture.json("events").await;
    assert_eq!(names(&table), ["Sale", "=Buy", "Login"]);
    assert_eq!((&table["total"], &table["next"], &table["active"]), (&json!(3), &Value::Null, &json!(3)));
    let row = &table["rows"][0];
    assert_eq!(
        (&row["id"], &row["type"], &row["status"]),
        (&json!("000000000001"), &json!("custom"), &json!("active"))
    );
    assert_eq!(
        (&row["completions"], &row["contacts"], &row["value"]),
        (&json!(2), &json!(1), &json!("20.50"))
    );
    assert_eq!(row["tags"], json!(["checkout", "money"]));
    assert_eq!(row["last_seen"], json!(fixture.site.app.now().iso()));
    assert_eq!(table["rows"][2]["last_seen"], Value::Null);
    assert_eq!(row["series"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).sum::<u64>(), 2);
    let csv = fixture.get("events?format=csv&bom=0").await.body;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "id,name,type,tags,status,completions,contacts,value,last_seen");
    assert!(
        lines[1].starts_with("000000000001,Sale,custom,\"checkout, money\",active,2,1,20.50,20"),
        "{csv}"
    );
    assert!(lines[2].contains(",'=Buy,click,"), "{csv}");
    let program = fixture.token(&[Scope::ReportsRead]).await;
    assert_eq!(program.get(&fixture.path("events?format=json")).await.json()["total"], 3);
}

#[actix_web::test]
async fn the_list_is_searched_filtered_ordered_and_paged() {
    let fixture = fixture().await;
    for (query, expected) in [
        ("search=sal", vec!["Sale"]),
        ("search=000000000003", vec!["Login"]),
        ("tag=Checkout", vec!["Sale", "=Buy"]),
        ("type=http", vec!["Login"]),
        ("type=visit", vec![]),
        ("sort=name", vec!["=Buy", "Login", "Sale"]),
        ("sort=value", vec!["Sale", "=Buy", "Login"]),
        ("sort=last_seen&limit=2", vec!["Sale", "=Buy"]),
        ("filter=tag:is:money", vec!["Sale"]),
        ("filter=event:is:000000000002", vec!["=Buy"]),
        ("filter=event:contains:buy", vec!["=Buy"]),
        ("filter=device:is:mobile", vec!["Sale", "=Buy", "Login"]),
        ("period=yesterday", vec!["Sale", "=Buy", "Login"]),
    ] {
        assert_eq!(names(&fixture.json(&format!("events?{query}")).await), expected, "{query}");
    }
    let none = fixture.json("events?filter=device:is:mobile").await;
    assert_eq!(none["rows"][0]["completions"], 0, "of the filters, whatever the events are");
    let first = fixture.json("events?limit=2").await;
    let second = fixture.json(&format!("events?limit=2&after={}", first["next"].as_str().unwrap())).await;
    assert_eq!((names(&second), &second["next"]), (vec!["Login"], &Value::Null));
    let page = fixture.get("events?limit=2&sort=name").await.body;
    let next =
        page.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    let next = fixture.editor.get(&next).await.body;
    assert!(plain(&next).contains("3–3 of 3") && next.contains("sort=name"), "{}", plain(&next));
    let program = fixture.token(&[Scope::ReportsRead]).await;
    for (bad, list) in [
        ("type=x", "custom, http"),
        ("status=deleted", "all, active, archived"),
        ("sort=luck", "completions, contacts"),
        ("after=1", "the previous answer"),
        ("period=ever", "last_month"),
    ] {
        let refused = program.get(&fixture.path(&format!("events?format=json&{bad}"))).await;
        assert!(refused.status == 400 && refused.body.contains(list), "{bad}: {}", refused.body);
    }
    let text = fixture.text("events?search=zzz").await;
    assert!(text.contains("No event matches") && text.contains("Show all events"), "{text}");
}

/// Stale events are marked, and archived events come last.
#[actix_web::test]
async fn archived_and_stale_events_are_marked() {
    let fixture = fixture().await;
    fixture.get("events/000000000001").await;
    fixture.editor.press("Archive", &[]).await;
    let table = fixture.json("events").await;
    assert_eq!(names(&table), ["=Buy", "Login", "Sale"]);
    assert_eq!((&table["rows"][2]["status"], &table["active"]), (&json!("archived"), &json!(2)));
    assert_eq!(names(&fixture.json("events?status=archived").await), ["Sale"]);
    assert_eq!(names(&fixture.json("events?status=active").await), ["=Buy", "Login"]);
    assert!(!fixture.text("events").await.contains("Stale"));
    fixture.site.clock.advance(30 * DAY - 1);
    fixture.editor.sign_in("editor@site.test", crate::harness::app::PASSWORD).await;
    assert!(!fixture.text("events").await.contains("Stale"), "not a millisecond before");
    fixture.site.clock.advance(1);
    let table = fixture.json("events").await;
    let stale: Vec<&Value> = table["rows"].as_array().unwrap().iter().map(|row| &row["stale"]).collect();
    assert_eq!(stale, [true, true, false], "of those that count");
    let text = fixture.text("events").await;
    assert_eq!((text.matches(" Stale ").count(), text.matches(" Archived ").count()), (2, 2), "{text}");
}

#[actix_web::test]
async fn a_meter_shows_how_many_events_are_left() {
    let fixture = Fixture::on(TestApp::with_events(10).await).await;
    for n in 0..8 {
        fixture.create("HTTP", &format!("e{n}"), &[]).await;
    }
    let text = fixture.text("events").await;
    assert!(text.contains("8 of 10 events") && !text.contains("left."), "{text}");
    fixture.create("HTTP", "e8", &[]).await;
    assert!(fixture.text("events").await.contains("Only 1 left."));
    fixture.create("HTTP", "e9", &[]).await;
    let text = fixture.text("events/unexpected").await;
    assert!(text.contains("10 of 10 events") && text.contains("The limit is reached"), "{text}");
    assert!(fixture.text("events/new").await.contains("The limit is reached"), "before anything is typed");
    let full = fixture.editor.press("Create event", &[("Name", "one more"), ("HTTP", "on")]).await;
    assert_eq!(full.status, 422);
    assert!(plain(&full.body).contains("The account has reached its limit of 10 events"), "{}", full.body);
    fixture.get("events/000000000001").await;
    fixture.editor.press("Archive", &[]).await;
    fixture.create("HTTP", "one more", &[]).await;
    let refused = fixture.editor.post(&fixture.path("events/000000000001/restore"), &[]).await;
    assert!(refused.status == 400 && refused.body.contains("has reached its limit"), "{}", refused.body);
}

/// The dashboard, the live view and filters show an event by its name.
#[actix_web::test]
async fn other_pages_show_an_event_by_its_name() {
    let fixture = fixture().await;
    let dashboard = fixture.text("dashboard").await;
    assert!(dashboard.contains("Events Event Completions Sale 2 =Buy 1"), "{dashboard}");
    let data = fixture.json("dashboard").await;
    assert_eq!((&data["events"]["total"], &data["events"]["rows"][0]["name"]), (&json!(2), &json!("Sale")));
    fixture.fire("ada", "000000000001", Value::Null).await;
    let live = fixture.json("live").await;
    assert_eq!((&live["rows"][0]["kind"], &live["rows"][0]["event"]), (&json!("completion"), &json!("Sale")));
    assert!(fixture.text("live").await.contains("Event · Sale"));
    let filtered = fixture.text("pages?filter=event:is:000000000001&filter=tag:is:money").await;
    assert!(filtered.contains("Event is Sale") && filtered.contains("Tag is money"), "{filtered}");
    let form = fixture.get("pages").await.body;
    for dimension in ["event", "tag"] {
        assert!(form.contains(&format!("<option value=\"{dimension}\">")), "{dimension}");
    }
    let rail = fixture.get("pages").await.body;
    for key in ["e", "c"] {
        assert!(rail.contains(&format!("data-go=\"{key}\"")), "{key}");
    }
    let visitor = fixture.get("visitors/1").await.body;
    assert!(visitor.contains(&format!("href=\"{}\"", fixture.path("contacts/1"))), "{visitor}");
    assert!(plain(&visitor).contains("Event Sale · site.test/cart €10.50"), "{}", plain(&visitor));
}

#[actix_web::test]
async fn lists_and_events_are_saved_as_views() {
    let fixture = fixture().await;
    for (name, address) in [
        ("Names", "events?period=7d&tag=money&sort=name"),
        ("One", "events/000000000001?period=7d&metric=value"),
    ] {
        fixture.get(address).await;
        let saved = fixture.editor.press("Save view", &[("Name", name)]).await;
        assert_eq!(saved.location(), fixture.path(address));
        assert!(
            fixture.get("views").await.body.contains(&fixture.path(address).replace('&', "&#38;")),
            "{name}"
        );
    }
    let viewer = fixture.site.signed_in(fixture.account, "viewer@site.test", Role::Viewer).await;
    let text = plain(&viewer.get(&fixture.path("events")).await.body);
    assert!(!text.contains("Create event"), "{text}");
}
