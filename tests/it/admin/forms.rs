//! The pages about forms: which there are, what was submitted, and who may see it.

use actix_web::test::TestRequest;
use guestlog::app::reports::LIMIT_MAX;
use guestlog::base::clock::MINUTE;
use guestlog::domain::user::{Role, Scope};
use serde_json::{Value, json};

use super::events::Fixture;

/// Sends a form of a browser.
async fn send(fixture: &Fixture, form: &str, hutk: &str, fields: Value) {
    let fields = fields.as_object().unwrap();
    let fields: Vec<Value> =
        fields.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    let body = json!({
        "fields": fields,
        "context": {"hutk": hutk, "pageUri": "https://site.test/contact?x=1", "pageName": "Contact"},
        "legalConsentOptions": {"consent": {"consentToProcess": true, "text": "I agree.", "communications": [
            {"value": true, "subscriptionTypeId": 1, "text": "News, please."},
            {"value": false, "subscriptionTypeId": 2, "text": "Calls, please."}]}},
    });
    let uri = format!("/submissions/v3/integration/submit/{}/{form}", fixture.account);
    let request = TestRequest::post().uri(&uri).set_payload(body.to_string());
    assert_eq!(fixture.site.call(request, "192.0.2.77:4711".parse().unwrap()).await.status, 200);
    fixture.site.clock.advance(MINUTE);
}

/// Four saw the page, two of them submitted the form, one twice; somebody unknown did too. Another form has no page seen.
async fn fixture() -> Fixture {
    let fixture = Fixture::new().await;
    for visitor in ["ada", "bob", "eve", "joe"] {
        fixture.view(visitor, "/contact", json!({})).await;
    }
    send(&fixture, "contact", "ada", json!({"email": "ada@example.test", "city": "=Delft"})).await;
    send(&fixture, "contact", "ada", json!({"email": "ada@example.test", "note": "Again"})).await;
    send(&fixture, "contact", "bob", json!({"note": "Nobody"})).await;
    send(&fixture, "contact", "", json!({"email": "eve@example.test"})).await;
    send(&fixture, "news", "", json!({"email": "eve@example.test"})).await;
    fixture
}

#[actix_web::test]
async fn forms_are_listed_with_how_many_of_those_who_saw_them_sent_them() {
    let fixture = Fixture::new().await;
    let empty = fixture.text("forms").await;
    let how = format!("/submissions/v3/integration/submit/{}/FORM-ID", fixture.account);
    assert!(empty.contains("No forms yet") && empty.contains(&how), "{empty}");
    let fixture = self::fixture().await;
    let table = fixture.json("forms").await;
    assert_eq!((&table["total"], &table["rows"][0]["name"]), (&json!(2), &json!("news")));
    assert_eq!(table["rows"][0]["id"], 2, "numbers are given out one by one");
    let contact = &table["rows"][1];
    for (key, value) in [
        ("name", json!("contact")),
        ("host", json!("site.test")),
        ("path", json!("/contact")),
        ("submissions", json!(4)),
        ("contacts", json!(2)),
        ("visitors", json!(2)),
        ("page_visitors", json!(4)),
        ("conversion_rate", json!(0.5)),
    ] {
        assert_eq!(contact[key], value, "{key} of {contact}");
    }
    let text = fixture.text("forms").await;
    assert!(text.contains("contact site.test/contact 4 2 50%"), "{text}");
    let csv = fixture.get("forms?format=csv&sort=name").await.body;
    assert!(csv.contains("\r\n1,contact,site.test,/contact,4,2,2,4,0.5000,"), "{csv}");
    let first = fixture.json("forms?sort=submissions&limit=1").await;
    let next = fixture
        .json(&format!("forms?sort=submissions&limit=1&after={}", first["next"].as_str().unwrap()))
        .await;
    assert_eq!((&first["rows"][0]["name"], &next["rows"][0]["name"]), (&json!("contact"), &json!("news")));
    assert_eq!(next["next"], Value::Null);
    for bad in ["sort=luck", "after=x", "after=99", "limit=0", &format!("limit={}", LIMIT_MAX + 1)] {
        assert_eq!(
            fixture.editor.get(&fixture.path(&format!("forms?format=json&{bad}"))).await.status,
            400,
            "{bad}"
        );
    }
}

#[actix_web::test]
async fn a_form_shows_what_was_submitted_page_by_page() {
    let fixture = fixture().await;
    let form = fixture.json("forms/1?limit=3").await;
    assert_eq!(
        (&form["name"], &form["total"], &form["conversion_rate"]),
        (&json!("contact"), &json!(4), &json!(0.5))
    );
    let rows = form["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["email"]), (3, &json!("eve@example.test")));
    assert_eq!((&rows[1]["contact_id"], &rows[1]["visitor"]), (&Value::Null, &json!(2)));
    assert_eq!(
        rows[2]["fields"],
        json!([{"name": "email", "value": "ada@example.test"}, {"name": "note", "value": "Again"}])
    );
    let rest = fixture.json(&format!("forms/1?limit=3&after={}", form["next"].as_str().unwrap())).await;
    let first = &rest["rows"][0];
    assert_eq!(
        (&rest["next"], &first["is_new_contact"], &first["verified"]),
        (&Value::Null, &json!(true), &json!(false))
    );
    let text = fixture.text("forms/1").await;
    for part in [
        "contact site.test/contact",
        "ada@example.test New contact Visitor #1",
        "city =Delft",
        "Without an email",
        "Consent: I agree. · News, please.",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let csv = fixture.get("forms/1?format=csv").await.body;
    let head = csv.lines().next().unwrap();
    assert!(head.ends_with("consent_text,field.email,field.note,field.city,other_fields"), "{head}");
    assert!(csv.contains("ada@example.test,,'=Delft,"), "no cell is computed: {csv}");
    for missing in ["forms/9", "forms/x"] {
        assert_eq!(fixture.editor.get(&fixture.path(missing)).await.status, 404, "{missing}");
    }
    assert_eq!(fixture.editor.get(&fixture.path("forms/1?after=x&format=json")).await.status, 400);
}

#[actix_web::test]
async fn a_submission_stands_on_the_timeline_of_its_contact() {
    let fixture = fixture().await;
    let timeline = fixture.json("contacts/1").await["timeline"].clone();
    let text = fixture.text("contacts/1").await;
    for part in ["Form submitted contact", "city =Delft", "note Again", "Form contact · site.test/contact"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let kinds: Vec<_> =
        timeline.as_array().unwrap().iter().map(|moment| moment["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["submission", "submission", "identification", "page_view"]);
}

/// rules.md 28
#[actix_web::test]
async fn what_was_submitted_is_seen_only_by_who_may_see_it() {
    let fixture = fixture().await;
    fixture.json("forms").await;
    let viewer = fixture.site.signed_in(fixture.account, "viewer@site.test", Role::Viewer).await;
    for rest in [
        "forms",
        "forms/1",
        "forms/1?format=json",
        "forms/1?format=csv",
        "contacts/1",
        "contacts/1?format=json",
    ] {
        let reply = viewer.get(&fixture.path(rest)).await;
        assert_eq!(reply.status, 200, "{rest}");
        for hidden in ["ada@", "eve@", "Delft", "Nobody"] {
            assert!(!reply.body.contains(hidden), "{rest} shows {hidden}: {}", reply.body);
        }
    }
    let page = viewer.get(&fixture.path("forms/1")).await.body;
    assert!(page.contains("a…@example.test") && page.contains("Only users who may see emails"), "{page}");
    let reports = fixture.token(&[Scope::ReportsRead]).await;
    assert_eq!(reports.get(&fixture.path("forms?format=json")).await.status, 200);
    assert_eq!(reports.get(&fixture.path("forms/1?format=json")).await.status, 403);
    let crm = fixture.token(&[Scope::ReportsRead, Scope::CrmRead]).await;
    let rows = crm.get(&fixture.path("forms/1?format=json")).await.json();
    assert_eq!(rows["rows"][0]["email"], "eve@example.test");
}

/// rules.md 31
#[actix_web::test]
async fn an_admin_deletes_a_form_with_what_was_submitted_and_its_place_is_free_again() {
    let fixture = fixture().await;
    fixture.json("forms").await;
    let editor = fixture.get("forms/1").await.body;
    assert!(!editor.contains("Delete form"), "{editor}");
    let admin = fixture.site.signed_in(fixture.account, "admin@site.test", Role::Admin).await;
    let page = admin.get(&fixture.path("forms/1")).await.body;
    assert!(page.contains("deletes the form with 4 submissions"), "{page}");
    let reply = admin.press("Delete form", &[]).await;
    assert_eq!(reply.location(), fixture.path("forms"));
    assert!(admin.follow(&reply).await.body.contains("were deleted"));
    assert_eq!(admin.get(&fixture.path("forms/1")).await.status, 404);
    let left = fixture.json("forms").await;
    assert_eq!((&left["total"], &left["rows"][0]["name"]), (&json!(1), &json!("news")));
    assert_eq!(fixture.json("contacts").await["total"], 2, "the contacts stay");
    let kinds = fixture.json("contacts/1").await["timeline"].clone();
    assert!(kinds.as_array().unwrap().iter().all(|moment| moment["kind"] != "submission"), "{kinds}");
    send(&fixture, "contact", "ada", json!({"email": "ada@example.test"})).await;
    let again = fixture.json("forms").await;
    assert_eq!(again["rows"][0]["submissions"], 1);
    assert_eq!(again["rows"][0]["id"], 3, "a number is never given out again");
}
