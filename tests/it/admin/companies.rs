//! The pages of companies: the list, one company with its contacts and its name, and the settings.

use guestlog::app::access::Actor;
use guestlog::app::jobs::assign_companies::assign_companies;
use guestlog::app::people::edit;
use guestlog::app::reports::company_timeline::{CONTACTS_MAX, ENTRIES};
use guestlog::base::clock::MINUTE;
use guestlog::domain::company::{EXCLUDED_MAX, NAME_MAX};
use guestlog::domain::contact::Email;
use guestlog::domain::user::{Role, Scope};
use serde_json::{Value, json};

use crate::harness::browser::plain;

use super::events::Fixture;

/// Ada and Bob of one company, Cyn of another one, and Dan with a free mailbox.
async fn fixture() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.create("Custom JavaScript", "Sale", &[]).await;
    for email in ["ada@mail.acme.test", "bob@acme.test", "cyn@globex.test", "dan@gmail.com"] {
        let visitor = email.split('@').next().unwrap();
        fixture.view(visitor, "/", json!({"i": {"email": email}})).await;
        fixture.fire(visitor, "Sale", json!("10")).await;
        fixture.site.clock.advance(MINUTE);
    }
    fixture.json("contacts").await;
    fixture
}

fn names(table: &Value) -> Vec<&str> {
    table["rows"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect()
}

/// rules.md 35
#[actix_web::test]
async fn companies_are_listed_searched_ordered_and_exported() {
    let empty = Fixture::new().await;
    let text = empty.text("companies").await;
    assert!(text.contains("No companies yet") && !text.contains("Go to the settings"), "{text}");
    let fixture = fixture().await;
    let table = fixture.json("companies").await;
    assert_eq!((names(&table), &table["total"]), (vec!["globex.test", "acme.test"], &json!(2)));
    let acme = &table["rows"][1];
    for (key, value) in [
        ("id", json!(1)),
        ("domain", json!("acme.test")),
        ("contact_count", json!(2)),
        ("visits", json!(2)),
        ("page_views", json!(2)),
        ("completions", json!(2)),
        ("revenue", json!("0.00")),
        ("revenue_asserted", json!("20.00")),
    ] {
        assert_eq!(acme[key], value, "{key} of {acme}");
    }
    let text = fixture.text("companies").await;
    assert!(text.contains("acme.test 2 2 2 2 €20.00"), "{text}");
    let csv = fixture.get("companies?format=csv").await.body;
    assert!(csv.contains("\r\n1,acme.test,acme.test,2,2,2,2,0.00,20.00,"), "{csv}");
    for (query, expected) in [
        ("search=ACME", vec!["acme.test"]),
        ("search=zzz", vec![]),
        ("sort=name", vec!["acme.test", "globex.test"]),
        ("sort=contacts", vec!["acme.test", "globex.test"]),
        ("sort=revenue", vec!["acme.test", "globex.test"]),
        ("sort=last_visit", vec!["globex.test", "acme.test"]),
    ] {
        assert_eq!(names(&fixture.json(&format!("companies?{query}")).await), expected, "{query}");
    }
    assert!(fixture.text("companies?search=zzz").await.contains("No company matches “zzz”."));
    let first = fixture.json("companies?sort=visits&limit=1").await;
    let next = first["next"].as_str().unwrap();
    let rest = fixture.json(&format!("companies?sort=visits&limit=1&after={next}")).await;
    assert_eq!((names(&first), names(&rest)), (vec!["acme.test"], vec!["globex.test"]));
    for bad in ["sort=luck", "after=x", "after=99", "limit=0"] {
        let reply = fixture.editor.get(&fixture.path(&format!("companies?format=json&{bad}"))).await;
        assert_eq!(reply.status, 400, "{bad}");
    }
}

#[actix_web::test]
async fn a_company_shows_its_contacts_and_contacts_their_company() {
    let fixture = fixture().await;
    let company = fixture.json("companies/1").await;
    assert_eq!((&company["name"], &company["contact_count"]), (&json!("acme.test"), &json!(2)));
    let emails: Vec<_> = company["contacts"].as_array().unwrap().iter().map(|row| &row["email"]).collect();
    assert_eq!(emails, [&json!("bob@acme.test"), &json!("ada@mail.acme.test")], "seen last first");
    let next = fixture.json("companies/1?limit=1").await["next"].as_str().unwrap().to_owned();
    let rest = fixture.json(&format!("companies/1?limit=1&after={next}")).await;
    assert_eq!((&rest["contacts"][0]["id"], &rest["next"]), (&json!(1), &Value::Null));
    let text = fixture.text("companies/1").await;
    assert!(text.contains("Contacts 2 Sessions 2 Events 2 Revenue €20.00"), "{text}");
    let csv = fixture.get("companies/1?format=csv").await.body;
    assert!(csv.contains("\r\n2,bob@acme.test,0.00,10.00,"), "{csv}");
    // The contact leads to its company, and the list of contacts to those of a company.
    let page = fixture.get("contacts/1").await.body;
    assert!(
        page.contains(&fixture.path("companies/1")) && plain(&page).contains("Company acme.test"),
        "{page}"
    );
    let found = fixture.json("contacts?company=1").await;
    assert_eq!((&found["total"], &found["rows"][0]["company_id"]), (&json!(2), &json!(1)));
    let found = fixture.json("contacts?company=1&search=bob&sort=email").await;
    assert_eq!((&found["total"], &found["rows"][0]["id"]), (&json!(1), &json!(2)));
    let first = fixture.json("contacts?company=1&limit=1").await;
    let rest =
        fixture.json(&format!("contacts?company=1&limit=1&after={}", first["next"].as_str().unwrap())).await;
    assert_eq!(
        (&first["rows"][0]["id"], &rest["rows"][0]["id"], &rest["next"]),
        (&json!(2), &json!(1), &Value::Null)
    );
    let text = fixture.text("contacts?company=1").await;
    assert!(text.contains("Contacts of acme.test") && !text.contains("cyn@globex.test"), "{text}");
    assert_eq!(fixture.json("contacts?company=9").await["total"], 0);
    for path in ["companies/9", "companies/x"] {
        assert_eq!(fixture.editor.get(&fixture.path(path)).await.status, 404, "{path}");
    }
    assert_eq!(fixture.editor.get(&fixture.path("contacts?company=x&format=json")).await.status, 400);
}

#[actix_web::test]
async fn an_editor_names_a_company_and_a_formula_in_the_name_stays_a_text() {
    let fixture = fixture().await;
    let save = async |name: &str| {
        fixture.get("companies/1").await;
        fixture.editor.press("Save", &[("Name", name)]).await
    };
    let done = save(" =Acme & Söhne ").await;
    assert_eq!((done.status, done.location()), (303, &*fixture.path("companies/1")));
    let text = fixture.text("companies").await;
    assert!(text.contains("=Acme & Söhne acme.test 2 2"), "{text}");
    assert_eq!(names(&fixture.json("companies?search=S%C3%96HNE").await), ["=Acme & Söhne"]);
    assert_eq!(fixture.json("contacts/1").await["company"], "=Acme & Söhne");
    for export in ["companies?format=csv", "contacts?format=csv"] {
        let csv = fixture.get(export).await.body;
        assert!(csv.contains(",'=Acme & Söhne") && !csv.contains(",=Acme"), "{csv}");
    }
    let refused = save(&"é".repeat(NAME_MAX + 1)).await;
    assert_eq!(refused.status, 422);
    assert!(plain(&refused.body).contains("at most 100 characters"), "{}", plain(&refused.body));
    assert_eq!(save(&"é".repeat(NAME_MAX)).await.status, 303);
    assert_eq!(save("").await.status, 303);
    assert_eq!(fixture.json("companies/1").await["name"], "acme.test");
}

/// rules.md 28
#[actix_web::test]
async fn who_may_not_see_emails_sees_companies_and_their_contacts_masked() {
    let fixture = fixture().await;
    let viewer = fixture.site.signed_in(fixture.account, "viewer@site.test", Role::Viewer).await;
    let reply = viewer.get(&fixture.path("companies/1")).await;
    let text = plain(&reply.body);
    assert!(text.contains("a…@mail.acme.test") && !reply.body.contains("ada@mail"), "{text}");
    assert!(!text.contains("Name of the company"), "{text}");
    for format in ["json", "csv"] {
        let reply = viewer.get(&fixture.path(&format!("companies/1?format={format}"))).await;
        assert!(reply.status == 200 && !reply.body.contains("bob@acme"), "{}", reply.body);
    }
    assert!(plain(&viewer.get(&fixture.path("companies")).await.body).contains("acme.test"));
    let reports_only = fixture.token(&[Scope::ReportsRead]).await;
    for path in ["companies", "companies/1"] {
        let reply = reports_only.get(&fixture.path(&format!("{path}?format=json"))).await;
        assert_eq!(reply.status, 403, "{path}");
    }
}

#[actix_web::test]
async fn an_admin_switches_companies_off_and_excludes_domains_up_to_the_limit() {
    let fixture = fixture().await;
    let admin = fixture.site.signed_in(fixture.account, "admin@site.test", Role::Admin).await;
    let path = fixture.path("settings/companies");
    let send = async |excluded: &str| {
        admin.get(&path).await;
        admin.post(&path, &[("create", "on"), ("excluded", excluded)]).await
    };
    assert_eq!(send("@Mail.ACME.test").await.status, 303);
    let page = admin.get(&path).await.body;
    assert!(page.contains("acme.test</textarea>"), "{page}");
    assign_companies(&fixture.site.app).await;
    assert_eq!(names(&fixture.json("companies").await), ["globex.test"]);
    let refused = send("acme.test\nco.uk").await;
    assert_eq!(refused.status, 422);
    let text = plain(&refused.body);
    assert!(text.contains("“co.uk” is not a domain that a company can have."), "{text}");
    assert!(refused.body.contains("co.uk</textarea>"), "what was typed is still there");
    let many = |n: usize| (0..n).map(|n| format!("{}{n}.example\n", "é".repeat(25))).collect::<String>();
    assert_eq!(send(&many(EXCLUDED_MAX + 1)).await.status, 422);
    assert_eq!(send(&many(EXCLUDED_MAX)).await.status, 303);
    assign_companies(&fixture.site.app).await;
    assert_eq!(names(&fixture.json("companies").await), ["acme.test", "globex.test"]);
    assert_eq!(admin.post(&path, &[("excluded", "")]).await.status, 303);
    fixture.view("eve", "/", json!({"i": {"email": "eve@initech.test"}})).await;
    fixture.json("contacts").await;
    assert_eq!(fixture.json("companies?search=initech").await["total"], 0);
}

/// What each entry of a timeline is, and whose.
fn entries(company: &Value) -> Vec<(&str, i64)> {
    let entries = company["timeline"].as_array().unwrap().iter();
    entries.map(|one| (one["kind"].as_str().unwrap(), one["contact_id"].as_i64().unwrap())).collect()
}

#[actix_web::test]
async fn the_timeline_of_a_company_shows_what_all_its_contacts_did_and_whose_it_was() {
    let fixture = fixture().await;
    let company = fixture.json("companies/1").await;
    let expected = [
        ("contact_created", 2),
        ("completion", 2),
        ("page_view", 2),
        ("contact_created", 1),
        ("completion", 1),
        ("page_view", 1),
    ];
    let mut found = entries(&company);
    // A contact comes in the moment in which its session begins.
    found.sort_by_key(|(kind, contact)| (-contact, *kind != "contact_created"));
    assert_eq!(found, expected);
    assert_eq!((&company["timeline_total"], &company["timeline_next"]), (&json!(4), &Value::Null));
    assert_eq!(company["older_left_out"], json!(false));
    let page = fixture.get("companies/1").await.body;
    let whose =
        format!("<p class=\"visit-who\"><a href=\"{}\"><bdi>bob@acme.test", fixture.path("contacts/2"));
    assert!(page.contains(&whose), "{page}");
    assert!(!page.contains("cyn@globex.test") && !page.contains("most recently seen contacts"), "{page}");

    // Twenty entries stand on a page, and the next one goes on where it ended.
    for _ in 0..ENTRIES {
        fixture.site.clock.advance(31 * MINUTE);
        fixture.view("ada", "/later", json!({})).await;
    }
    let first = fixture.json("companies/1?wait=1").await;
    assert_eq!(first["timeline_total"], json!(ENTRIES + 4));
    assert_eq!(entries(&first), vec![("page_view", 1); ENTRIES]);
    let next = first["timeline_next"].as_str().unwrap();
    let rest = fixture.json(&format!("companies/1?timeline_after={next}")).await;
    assert_eq!((entries(&rest).len(), &rest["timeline_next"]), (6, &Value::Null));
    let text = fixture.text(&format!("companies/1?timeline_after={next}&timeline_row=21")).await;
    assert!(text.contains("21–24 of 24"), "{text}");
    let wrong = fixture.editor.get(&fixture.path("companies/1?timeline_after=x")).await;
    assert_eq!(wrong.status, 400);

    let viewer = fixture.site.signed_in(fixture.account, "viewer@site.test", Role::Viewer).await;
    let page = viewer.get(&fixture.path("companies/1")).await.body;
    assert!(page.contains("visit-who") && !page.contains("ada@mail.acme.test"), "{page}");
}

/// However many contacts a company has, those seen last stand for it, and the page says so.
#[actix_web::test]
async fn the_timeline_of_a_company_reads_so_many_contacts_and_not_one_more() {
    let fixture = Fixture::new().await;
    let create = |n: usize| {
        let email = Email::parse(&format!("n{n}@acme.test"));
        edit::create(&fixture.site.app, Actor::Machine, fixture.account, email, Vec::new())
    };
    for n in 0..CONTACTS_MAX {
        create(n).await.unwrap();
    }
    let company = fixture.json("companies/1").await;
    let found = (&company["timeline_total"], &company["older_left_out"]);
    assert_eq!(found, (&json!(CONTACTS_MAX), &json!(false)));
    create(CONTACTS_MAX).await.unwrap();
    let company = fixture.json("companies/1").await;
    let found = (&company["timeline_total"], &company["older_left_out"], &company["contact_count"]);
    assert_eq!(found, (&json!(CONTACTS_MAX), &json!(true), &json!(CONTACTS_MAX + 1)));
    let text = fixture.text("companies/1").await;
    assert!(text.contains("The timeline shows the 200 most recently seen contacts"), "{text}");
}
