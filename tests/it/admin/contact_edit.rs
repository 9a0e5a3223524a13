//! Creating and editing a contact on the pages, as an editor does it without script.

use guestlog::domain::contact::{EMAILS_MAX, PROPERTIES_MAX};
use guestlog::domain::user::Role;
use guestlog::store;
use serde_json::{Value, json};

use crate::harness::browser::plain;

use super::events::Fixture;

/// Ada, with a name and a city that her browser said, and Bob.
async fn fixture() -> Fixture {
    let fixture = Fixture::new().await;
    let ada = json!({"email": "ada@example.test", "firstname": "Ada", "city": "Ghent", "plan": "free"});
    fixture.view("ada", "/", json!({"i": ada})).await;
    fixture.view("bob", "/", json!({"i": {"email": "bob@example.test"}})).await;
    fixture.json("contacts").await;
    fixture
}

async fn all(fixture: &Fixture, sql: &'static str) -> Vec<String> {
    let ask = move |conn: &store::Connection| {
        let mut statement = conn.prepare(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok::<_, store::Error>(rows.collect::<Result<Vec<String>, _>>()?)
    };
    fixture.site.app.store.read(ask).await.unwrap()
}

const PROPERTIES: &str =
    "select name || '=' || value || ' ' || verified || ' ' || channel from contact_property
     where contact_id = 1 order by name";

/// rules.md 22, 28
#[actix_web::test]
async fn an_editor_changes_properties_and_what_was_not_touched_stays_as_it_is() {
    let fixture = fixture().await;
    assert!(fixture.get("contacts/1").await.body.contains("/contacts/1/edit"));
    let form = fixture.text("contacts/1/edit").await;
    assert!(form.contains("First name") && form.contains("Last name") && form.contains("city"), "{form}");
    // Her browser says something else while the form is open.
    let moved = json!({"i": {"email": "ada@example.test", "city": "Mons"}});
    fixture.view("ada", "/moved", moved).await;
    fixture.json("contacts").await;
    fixture.get("contacts/1/edit").await;
    let saved = fixture.editor.press("Save", &[("Last name", " Lovelace "), ("plan", "")]).await;
    assert_eq!(saved.location(), fixture.path("contacts/1"));
    assert_eq!(
        all(&fixture, PROPERTIES).await,
        ["city=Mons 0 1", "firstname=Ada 0 1", "lastname=Lovelace 1 6"]
    );
    let before = "select name || '=' || value from contact_property_history order by name, serial";
    assert_eq!(all(&fixture, before).await, ["city=Ghent", "plan=free"]);
    // What an editor says is verified, so her browser does not replace it.
    let other = json!({"i": {"email": "ada@example.test", "lastname": "Byron"}});
    fixture.view("ada", "/again", other).await;
    let data = fixture.json("contacts/1").await;
    assert_eq!(data["name"], "Ada Lovelace");
    assert_eq!(
        all(&fixture, "select detail from audit where action = 'contact.edit'").await,
        ["contact 1, 1 properties set, 1 removed"]
    );
}

#[actix_web::test]
async fn an_editor_adds_an_email_and_makes_it_the_primary_one() {
    let fixture = fixture().await;
    fixture.get("contacts/1/edit").await;
    let refused =
        fixture.editor.press("Save", &[("Add an email", "bob@example.test"), ("city", "Mons")]).await;
    assert_eq!(refused.status, 422);
    let text = plain(&refused.body);
    assert!(text.contains("Contact #2 has this email"), "{text}");
    assert!(refused.body.contains("value=\"bob@example.test\"") && refused.body.contains("value=\"Mons\""));
    assert!(all(&fixture, PROPERTIES).await.contains(&"city=Ghent 0 1".to_owned()), "nothing was saved");
    let refused = fixture.editor.press("Save", &[("Add an email", "ada@")]).await;
    assert!(plain(&refused.body).contains("This is not an email address"), "{}", refused.body);
    assert_eq!(fixture.editor.press("Save", &[("Add an email", "Ada@Work.test")]).await.status, 303);
    assert!(fixture.text("contacts/1").await.contains("Further emails ada@work.test"));
    fixture.get("contacts/1/edit").await;
    assert_eq!(fixture.editor.press("Save", &[("ada@work.test", "on")]).await.status, 303);
    let data = fixture.json("contacts/1").await;
    assert_eq!((&data["email"], &data["emails"][1]), (&json!("ada@work.test"), &json!("ada@example.test")));
    for n in 2..EMAILS_MAX {
        fixture.get("contacts/1/edit").await;
        let added = fixture.editor.press("Save", &[("Add an email", &format!("a{n}@example.test"))]).await;
        assert_eq!(added.status, 303);
    }
    fixture.get("contacts/1/edit").await;
    let refused = fixture.editor.press("Save", &[("Add an email", "one@more.test")]).await;
    assert!(plain(&refused.body).contains("A contact can have at most 20 emails."), "{}", refused.body);
}

#[actix_web::test]
async fn an_editor_creates_a_contact_with_or_without_an_email() {
    let fixture = fixture().await;
    fixture.get("contacts/new").await;
    let refused = fixture.editor.press("Create contact", &[]).await;
    assert_eq!(refused.status, 422);
    assert!(plain(&refused.body).contains("Enter an email or at least one property."), "{}", refused.body);
    let refused = fixture.editor.press("Create contact", &[("Email", "ada@example.test")]).await;
    assert!(plain(&refused.body).contains("Contact #1 has this email"), "{}", refused.body);
    let csrf = fixture.editor.csrf();
    let sent = [
        ("csrf", csrf.as_str()),
        ("property-0", "firstname"),
        ("value-0", "Cyn"),
        ("new-0", "0"),
        ("property-2", " Street "),
        ("value-2", "High Street"),
        ("new-2", "1"),
        ("property-3", ""),
        ("value-3", ""),
        ("new-3", "1"),
    ];
    let made = fixture.editor.post(&fixture.path("contacts/new"), &sent).await;
    assert_eq!(made.location(), fixture.path("contacts/3"));
    fixture.get("contacts/new").await;
    let made = fixture.editor.press("Create contact", &[("Email", "dan@example.test")]).await;
    let shown = plain(&fixture.editor.follow(&made).await.body);
    assert!(shown.contains("The contact is created.") && shown.contains("Offline"), "{shown}");
    let rows = fixture.json("contacts").await;
    let known: Vec<(&Value, &Value)> =
        rows["rows"].as_array().unwrap().iter().map(|row| (&row["name"], &row["email"])).collect();
    assert_eq!(known[..2], [(&Value::Null, &json!("dan@example.test")), (&json!("Cyn"), &Value::Null)]);
    let list = fixture.text("contacts").await;
    assert!(list.contains("Cyn Offline") && list.contains("Ada ada@example.test Direct traffic"), "{list}");
    assert_eq!(
        all(&fixture, "select action || ': ' || detail from audit where action like 'contact%'").await,
        [
            "contact.create: contact 3, 2 properties set, 0 removed",
            "contact.create: contact 4, 0 properties set, 0 removed"
        ]
    );
    // A browser that identifies by that email belongs to this contact.
    fixture.view("dan", "/", json!({"i": {"email": "dan@example.test"}})).await;
    let data = fixture.json("contacts/4").await;
    assert_eq!((&data["page_views"], &data["original_source"]), (&json!(1), &json!("OFFLINE")));
}

#[actix_web::test]
async fn properties_that_cannot_be_taken_are_refused_where_they_stand() {
    let fixture = fixture().await;
    fixture.get("contacts/1/edit").await;
    let csrf = fixture.editor.csrf();
    let send = async |name: &str, value: &str| {
        let sent = [("csrf", csrf.as_str()), ("property-2", name), ("value-2", value), ("new-2", "1")];
        let reply = fixture.editor.post(&fixture.path("contacts/1/edit"), &sent).await;
        (reply.status, plain(&reply.body))
    };
    for (name, value, says) in [
        ("", "x", "Enter the name of the property."),
        ("Email", "x@example.test", "Use the field for emails above."),
        (&*"n".repeat(101), "x", "A name can have at most 100 characters."),
        ("n", &*"x".repeat(1_025), "A value can have at most 1,024 characters."),
    ] {
        let (status, text) = send(name, value).await;
        assert!(status == 422 && text.contains(says), "{name}: {status} {text}");
    }
    // firstname, city and plan are there.
    for n in 3..PROPERTIES_MAX {
        assert_eq!(send(&format!("p{n}"), "x").await.0, 303);
    }
    let (status, text) = send("more", "x").await;
    assert!(status == 422 && text.contains("A contact can have at most 100 properties."), "{status} {text}");
    assert_eq!(send("p3", "y").await.0, 303, "one that is there is changed");
}

/// rules.md 28
#[actix_web::test]
async fn a_name_is_shown_to_whom_the_email_is_shown() {
    let fixture = fixture().await;
    assert!(fixture.text("contacts/1").await.contains("Ada ada@example.test · example.test · Contact #1"));
    let viewer = fixture.site.signed_in(fixture.account, "viewer@site.test", Role::Viewer).await;
    for rest in
        ["contacts", "contacts/1", "contacts?format=json", "contacts/1?format=json", "contacts?format=csv"]
    {
        let body = viewer.get(&fixture.path(rest)).await.body;
        assert!(!body.contains("Ada") && !body.contains("ada@") && !body.contains("/edit"), "{rest}: {body}");
    }
    for rest in ["contacts/1/edit", "contacts/new"] {
        assert_eq!(viewer.get(&fixture.path(rest)).await.status, 403);
    }
}
