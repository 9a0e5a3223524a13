//! Declared properties of contacts: their page, what becomes of values that do not fit, their history on the page of a
//! contact, and HubSpot's analytics properties.

use guestlog::base::clock::{DAY, MINUTE};
use guestlog::domain::property_type::{DEFINITIONS_MAX, Definition, PropertyType};
use guestlog::domain::user::{Role, Scope};
use guestlog::store::{self, property_definition};
use serde_json::{Value, json};

use crate::harness::browser::plain;

use super::events::Fixture;

async fn identify(fixture: &Fixture, visitor: &str, said: Value) {
    fixture.view(visitor, "/", json!({"i": said})).await;
    fixture.json("contacts").await;
}

async fn declare(fixture: &Fixture, name: &str, kind: &str, more: &[(&str, &str)]) {
    fixture.get("settings/properties/new").await;
    let mut filled = vec![("Internal name", name), (kind, "on")];
    filled.extend(more);
    let made = fixture.editor.press("Declare property", &filled).await;
    assert_eq!(made.location(), fixture.path("settings/properties"), "{}", plain(&made.body));
}

/// rules.md 37
#[actix_web::test]
async fn an_editor_declares_what_data_brought_and_sees_what_does_not_fit() {
    let fixture = Fixture::new().await;
    let empty = fixture.text("settings/properties").await;
    assert!(empty.contains("No declared properties yet") && empty.contains("no undeclared"), "{empty}");
    identify(
        &fixture,
        "ada",
        json!({"email": "ada@b.test", "seats": "12", "plan": "pro", "firstname": "Ada"}),
    )
    .await;
    identify(&fixture, "bob", json!({"email": "bob@b.test", "seats": "many"})).await;
    let page = fixture.get("settings/properties").await.body;
    let text = plain(&page);
    assert!(text.contains("seats 2 Declare") && text.contains("plan 1 Declare"), "{text}");
    assert!(!text.contains("firstname"), "every account has it: {text}");
    // The button of an undeclared property opens the form with its name.
    assert!(page.contains("/settings/properties/new?name=seats"), "{page}");
    assert!(fixture.get("settings/properties/new?name=seats").await.body.contains("value=\"seats\""));
    declare(&fixture, " Seats ", "Number", &[("Label", "Number of seats")]).await;
    let text = fixture.text("settings/properties").await;
    assert!(text.contains("Number of seats seats Number 2 1 0"), "contacts, misfits, refused: {text}");
    // Bob's value stays and is marked; a new one that does not fit is refused and counted.
    assert!(fixture.text("contacts/2").await.contains("Number of seats many Does not fit"));
    identify(&fixture, "ada", json!({"email": "ada@b.test", "seats": "a secret"})).await;
    identify(&fixture, "bob", json!({"email": "bob@b.test", "seats": "7"})).await;
    let text = fixture.text("settings/properties").await;
    assert!(text.contains("Number of seats seats Number 2 0 1 Last just now"), "{text}");
    assert!(fixture.text("contacts/1").await.contains("Number of seats 12 History"));
    let kept = "select count(*) from contact_property where value like '%secret%'";
    let history = "select count(*) from contact_property_history where value like '%secret%'";
    for sql in [kept, history] {
        let count = move |conn: &store::Connection| {
            Ok::<i64, store::Error>(conn.query_row(sql, [], |row| row.get(0))?)
        };
        assert_eq!(fixture.site.app.store.readers.read(count).unwrap(), 0);
    }
    let data = fixture.json("settings/properties").await;
    let seats = &data["declared"][0];
    assert_eq!(
        (&seats["name"], &seats["type"], &seats["contacts"], &seats["misfits"], &seats["refused"]),
        (&json!("seats"), &json!("number"), &json!(2), &json!(0), &json!(1))
    );
    assert_eq!(data["undeclared"], json!([{"name": "plan", "contacts": 1}]));
    let csv = fixture.get("settings/properties?format=csv").await.body;
    assert!(csv.contains("\r\nseats,Number of seats,number,,2,0,1,20"), "{csv}");
    // Undeclared again, it is a text like others.
    fixture.get("settings/properties").await;
    let undeclared = fixture.editor.press("Undeclare", &[]).await;
    let text = plain(&fixture.editor.follow(&undeclared).await.body);
    assert!(text.contains("The property is undeclared. Its values stay."), "{text}");
    identify(&fixture, "bob", json!({"email": "bob@b.test", "seats": "many"})).await;
    assert!(fixture.text("contacts/2").await.contains("Undeclared properties seats many"));
}

#[actix_web::test]
async fn a_declaration_that_cannot_be_is_refused_beside_its_field_and_stays_typed() {
    let fixture = Fixture::new().await;
    declare(&fixture, "plan", "Choice", &[("Choices", "Free\nPro")]).await;
    for (filled, says) in [
        (vec![("Internal name", " ")], "Enter the internal name."),
        (vec![("Internal name", "Email")], "Emails have a place of their own"),
        (vec![("Internal name", "firstname")], "Every account has this property."),
        (vec![("Internal name", "PLAN")], "This property is declared already."),
        (vec![("Internal name", "x"), ("Choice", "on")], "Enter at least one choice."),
        (vec![("Internal name", "x"), ("Choice", "on"), ("Choices", "a\nA")], "Two choices are the same."),
    ] {
        fixture.get("settings/properties/new").await;
        let refused = fixture.editor.press("Declare property", &filled).await;
        assert_eq!(refused.status, 422, "{says}");
        assert!(plain(&refused.body).contains(says), "{says}: {}", plain(&refused.body));
    }
    let account = fixture.account;
    let fill = move |conn: &store::Connection| {
        for n in 1..DEFINITIONS_MAX {
            let one = Definition::parse(&format!("p{n}"), "", PropertyType::Text, "").unwrap();
            property_definition::insert(conn, account, &one, guestlog::base::clock::Millis(0))?;
        }
        Ok::<_, store::Error>(())
    };
    fixture.site.app.store.writer.write(fill).await.unwrap();
    fixture.get("settings/properties/new").await;
    let refused = fixture.editor.press("Declare property", &[("Internal name", "one_more")]).await;
    let text = plain(&refused.body);
    assert!(text.contains("An account can declare at most 250 properties."), "{text}");
    assert!(refused.body.contains("value=\"one_more\""));
    // One of them is changed all the same.
    fixture.get("settings/properties/edit?name=plan").await;
    assert_eq!(fixture.editor.press("Save", &[("Label", "The plan")]).await.status, 303);
    assert!(fixture.text("settings/properties").await.contains("The plan plan Choice Free, Pro"));
    let audit = move |conn: &store::Connection| {
        let mut statement = conn.prepare(
            "select action || ' ' || detail from audit where action like 'property.%' order by id",
        )?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok::<_, store::Error>(rows.collect::<Result<Vec<String>, _>>()?)
    };
    let audit = fixture.site.app.store.readers.read(audit).unwrap();
    assert_eq!(audit, ["property.create plan: choice", "property.update plan: choice"]);
}

/// An editor is asked for another value; nothing is refused silently.
#[actix_web::test]
async fn an_editor_who_types_what_does_not_fit_is_told_what_does() {
    let fixture = Fixture::new().await;
    identify(&fixture, "ada", json!({"email": "ada@b.test", "plan": "Gold"})).await;
    declare(&fixture, "plan", "Choice", &[("Label", "The plan"), ("Choices", "Free\nPro")]).await;
    declare(&fixture, "since", "Date", &[]).await;
    fixture.get("contacts/1/edit").await;
    let refused = fixture.editor.press("Save", &[("The plan", "Silver")]).await;
    assert_eq!(refused.status, 422);
    assert!(plain(&refused.body).contains("Enter one of these: Free, Pro."), "{}", plain(&refused.body));
    let csrf = fixture.editor.csrf();
    let sent = |value: &'static str| {
        [
            ("csrf", csrf.clone()),
            ("new-9", "1".into()),
            ("property-9", " Since".into()),
            ("value-9", value.into()),
        ]
    };
    for (value, status) in [("last year", 422), ("2026-01-31T08:00:00Z", 303)] {
        let sent = sent(value);
        let sent: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(fixture.editor.post(&fixture.path("contacts/1/edit"), &sent).await.status, status);
    }
    fixture.get("contacts/1/edit").await;
    assert_eq!(fixture.editor.press("Save", &[("The plan", "pro")]).await.status, 303);
    let text = fixture.text("contacts/1").await;
    for part in [
        "since 31 Jan 2026 History",
        "The plan Pro History",
        "Verified · Entered by hand",
        "Gold Unverified · Browser",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let data = fixture.json("contacts/1").await;
    let plan = data["properties"].as_array().unwrap().iter().find(|one| one["name"] == "plan").unwrap();
    assert_eq!((&plan["value"], &plan["history"][0]["value"]), (&json!("Pro"), &json!("Gold")));
    assert_eq!((&plan["verified"], &plan["channel"]), (&json!(true), &json!("page")));
    assert_eq!(fixture.json("settings/properties").await["declared"][0]["refused"], 0);
}

/// rules.md 37
#[actix_web::test]
async fn a_contact_has_the_figures_of_hubspot_under_their_names() {
    let fixture = Fixture::new().await;
    fixture.create("Custom JavaScript", "Sale", &[]).await;
    fixture.view("ada", "/", json!({"r": "https://www.google.com/"})).await;
    let first = fixture.site.app.now().iso();
    fixture.view("ada", "/pricing", json!({"i": {"email": "ada@b.test"}})).await;
    fixture.site.clock.advance(DAY);
    fixture.view("ada", "/?utm_source=linkedin&utm_medium=paidsocial&utm_campaign=spring", json!({})).await;
    let latest = fixture.site.app.now().iso();
    fixture.fire("ada", "Sale", json!("10")).await;
    fixture.site.clock.advance(40 * MINUTE);
    // It begins within the site, so it brings no source.
    fixture.view("ada", "/cart", json!({"r": "https://site.test/"})).await;
    let last = fixture.site.app.now().iso();
    fixture.editor.sign_in("editor@site.test", crate::harness::app::PASSWORD).await;
    let ada = fixture.json("contacts/1").await;
    for (key, value) in [
        ("hs_analytics_first_timestamp", json!(first)),
        ("hs_analytics_last_timestamp", json!(last)),
        ("hs_analytics_first_visit_timestamp", json!(first)),
        ("hs_analytics_last_visit_timestamp", json!(last)),
        ("hs_analytics_first_url", json!("site.test/")),
        ("hs_analytics_last_url", json!("site.test/cart")),
        ("hs_analytics_first_referrer", json!("www.google.com")),
        ("hs_analytics_last_referrer", json!("site.test")),
        ("hs_analytics_num_visits", json!(3)),
        ("hs_analytics_num_page_views", json!(4)),
        ("hs_analytics_average_page_views", json!(1.33)),
        ("hs_analytics_num_event_completions", json!(1)),
        ("hs_analytics_revenue", json!("10.00")),
        ("hs_analytics_source", json!("ORGANIC_SEARCH")),
        ("hs_latest_source", json!("PAID_SOCIAL")),
        ("hs_latest_source_timestamp", json!(latest)),
        ("original_source", json!("ORGANIC_SEARCH")),
        ("latest_source", json!("PAID_SOCIAL")),
    ] {
        assert_eq!(ada[key], value, "{key}");
    }
    assert_eq!(ada["hs_latest_source_data_2"], "spring", "{ada}");
    let row = &fixture.json("contacts").await["rows"][0];
    assert_eq!(
        (&row["latest_source"], &row["original_source"]),
        (&json!("PAID_SOCIAL"), &json!("ORGANIC_SEARCH"))
    );
    let text = fixture.text("contacts/1").await;
    for part in
        ["Latest source Paid social", "Latest source drill-down 2 spring", "Page views per session 1.33"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(fixture.text("contacts").await.contains("Latest: Paid social · "));
    let csv = fixture.get("contacts?format=csv").await.body;
    assert!(csv.contains("original_source_detail,latest_source,latest_source_detail"), "{csv}");
    // Somebody whom only a program knows has no session, and one source.
    fixture.call(&format!("/v1/event?_a={}&_n=Sale&_m=5&email=bob@b.test", fixture.account)).await;
    let bob = fixture.json("contacts/2").await;
    assert_eq!(bob["hs_analytics_first_visit_timestamp"], Value::Null);
    assert_eq!(bob["hs_analytics_average_page_views"], Value::Null);
    assert_eq!(
        (&bob["hs_latest_source"], &bob["hs_latest_source_timestamp"]),
        (&json!("OFFLINE"), &Value::Null)
    );
    assert!(fixture.text("contacts/2").await.contains("Latest source Offline sources Reported by a program"));
}

#[actix_web::test]
async fn a_timeline_shows_one_kind_of_entries() {
    let fixture = Fixture::new().await;
    fixture.create("Custom JavaScript", "Sale", &[]).await;
    identify(&fixture, "ada", json!({"email": "ada@b.test"})).await;
    fixture.fire("ada", "Sale", json!("10")).await;
    fixture.call(&format!("/v1/event?_a={}&_n=Sale&_m=5&email=ada@b.test", fixture.account)).await;
    fixture.site.clock.advance(MINUTE);
    fixture.json("contacts").await;
    fixture.get("contacts/1/edit").await;
    fixture.editor.press("Save", &[("First name", "Ada")]).await;
    let kinds = async |show: &str| {
        let data = fixture.json(&format!("contacts/1?show={show}")).await;
        let kinds = data["timeline"].as_array().unwrap().iter().map(|moment| moment["kind"].clone());
        kinds.map(|kind| kind.as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    for (show, expected) in [
        ("sessions", "completion identification page_view"),
        ("completions", "completion completion"),
        ("identifications", "identification"),
        ("edits", "edit"),
        ("submissions", ""),
        ("lists", ""),
        ("merges", ""),
    ] {
        let mut found: Vec<String> = kinds(show).await.split(' ').map(str::to_owned).collect();
        found.sort();
        assert_eq!(found.join(" "), expected, "{show}");
    }
    assert_eq!(kinds("all").await.split(' ').count(), 5);
    let edits = fixture.text("contacts/1?show=edits").await;
    assert!(edits.contains("Edit Set First name") && !edits.contains("€10.00 Granted"), "{edits}");
    let none = fixture.text("contacts/1?show=merges").await;
    assert!(none.contains("Nothing of this kind in this part of the timeline."), "{none}");
    let csv = fixture.get("contacts/1?format=csv&show=completions").await.body;
    assert_eq!(csv.lines().count(), 3, "{csv}");
    let program = fixture.token(&[Scope::ReportsRead, Scope::CrmRead]).await;
    let wrong = program.get(&fixture.path("contacts/1?format=json&show=luck")).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.body.contains("sessions, completions"), "{}", wrong.body);
}

/// rules.md 28
#[actix_web::test]
async fn who_may_not_see_emails_sees_no_values_and_no_properties_of_the_account() {
    let fixture = Fixture::new().await;
    identify(&fixture, "ada", json!({"email": "ada@b.test", "alias": "other@b.test"})).await;
    identify(&fixture, "ada", json!({"email": "ada@b.test", "alias": "third@b.test"})).await;
    fixture.get("contacts/1/edit").await;
    fixture.editor.press("Save", &[("First name", "Ada")]).await;
    assert!(fixture.text("contacts/1").await.contains("other@b.test"));
    let viewer = fixture.site.signed_in(fixture.account, "viewer@site.test", Role::Viewer).await;
    for rest in ["contacts/1", "contacts/1?format=json", "contacts/1?format=csv"] {
        let body = viewer.get(&fixture.path(rest)).await.body;
        for hidden in ["other@", "third@", "alias", "firstname"] {
            assert!(!body.contains(hidden), "{hidden} in {rest}: {body}");
        }
    }
    assert_eq!(viewer.get(&fixture.path("settings/properties?format=json")).await.status, 403);
    let reports = fixture.token(&[Scope::ReportsRead]).await;
    assert_eq!(reports.get(&fixture.path("settings/properties?format=json")).await.status, 403);
}

#[actix_web::test]
async fn lists_compare_numbers_and_dates_in_properties() {
    let fixture = Fixture::new().await;
    for (name, seats, since) in
        [("ada", "9", "2026-01-31"), ("bob", "10.5", "2020-05-05"), ("cyn", "many", "once")]
    {
        let said = json!({"email": format!("{name}@b.test"), "seats": seats, "since": since});
        identify(&fixture, name, said).await;
    }
    let number = |is: &str, number: &str| {
        vec![("what", "property_number".to_owned()), ("is", is.to_owned()), ("number", number.to_owned())]
    };
    let date = |when: &str, from: &str| {
        vec![("what", "property_date".to_owned()), ("when", when.to_owned()), ("from", from.to_owned())]
    };
    for (typed, property, says) in [
        (number("at_least", "9.5"), "Seats", vec!["1 contact is in the list now", "bob@b.test"]),
        (number("at_most", "10.5"), "seats", vec!["2 contacts are in the list now"]),
        (number("exactly", "9.0"), "seats", vec!["1 contact is in the list now", "ada@b.test"]),
        (number("at_least", "1,5"), "seats", vec!["Condition 1: enter a number such as 12.5"]),
        (number("at_least", "1"), "", vec!["Condition 1: enter the name of the property"]),
        (date("since", "2026-01-31"), "since", vec!["1 contact is in the list now", "ada@b.test"]),
        (date("before", "2026-01-31"), "since", vec!["1 contact is in the list now", "bob@b.test"]),
        (date("before", ""), "since", vec!["Condition 1: "]),
    ] {
        fixture.get("lists/new").await;
        let csrf = fixture.editor.csrf();
        let action = if says[0].starts_with("Condition") { "save" } else { "preview" };
        let mut sent = vec![
            ("csrf".to_owned(), csrf),
            ("name".to_owned(), "A list".to_owned()),
            ("do".to_owned(), action.to_owned()),
            ("g0c0.property".to_owned(), property.to_owned()),
        ];
        sent.extend(typed.iter().map(|(field, value)| (format!("g0c0.{field}"), value.clone())));
        let sent: Vec<(&str, &str)> =
            sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let text = plain(&fixture.editor.post(&fixture.path("lists/new"), &sent).await.body);
        for part in says {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
