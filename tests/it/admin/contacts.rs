//! Contacts: the list, the page of a contact with its timeline, and who may see an email.

use guestlog::app::access::Actor;
use guestlog::app::jobs::close_days::CloseJob;
use guestlog::app::people;
use guestlog::app::people::contacts::{self, Details};
use guestlog::app::people::merge::merge;
use guestlog::app::reports::LIMIT_MAX;
use guestlog::base::clock::{DAY, MINUTE, Millis};
use guestlog::domain::provenance::{Channel, Provenance};
use guestlog::domain::user::{Role, Scope};
use guestlog::store;
use guestlog::store::contact_activity::NUMBERS_MAX;
use serde_json::{Value, json};

use crate::harness::browser::plain;
use crate::hostile::naughty_strings;

use super::events::Fixture;

/// Ada visited twice and bought, in two browsers and by a program. Bob is known from a program only.
async fn fixture() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.create("Custom JavaScript", "Sale", &[]).await;
    fixture.view("ada", "/", json!({"r": "https://www.google.com/"})).await;
    fixture.fire("ada", "Sale", json!("10")).await;
    fixture.view("ada", "/pricing", json!({"i": {"email": "Ada@Example.test", "plan": "=pro"}})).await;
    fixture.site.clock.advance(40 * MINUTE);
    fixture.view("phone", "/again", json!({"i": {"email": "ada@example.test"}})).await;
    fixture.site.clock.advance(40 * MINUTE);
    let call = format!("/v1/event?_a={}&_n=Sale&_m=5", fixture.account);
    fixture.call(&format!("{call}&email=ada@example.test&id=77")).await;
    fixture.call(&format!("{call}&email=bob@b.test")).await;
    fixture.json("contacts").await;
    fixture
}

fn emails(table: &Value) -> Vec<&str> {
    table["rows"].as_array().unwrap().iter().map(|row| row["email"].as_str().unwrap()).collect()
}

/// rules.md 21
#[actix_web::test]
async fn contacts_as_data_have_the_keys_of_the_contract() {
    let fixture = fixture().await;
    let table = fixture.json("contacts").await;
    assert_eq!((emails(&table), &table["total"]), (vec!["bob@b.test", "ada@example.test"], &json!(2)));
    let ada = &table["rows"][1];
    assert_eq!((&ada["revenue"], &ada["revenue_asserted"]), (&json!("0.00"), &json!("15.00")));
    assert_eq!(
        (&ada["completions"], &ada["sessions"], &ada["page_views"]),
        (&json!(2), &json!(2), &json!(3))
    );
    assert_eq!(
        (&ada["original_source"], &ada["company"]),
        (&json!("ORGANIC_SEARCH"), &json!("example.test"))
    );
    assert!(ada["first_seen"].as_str() < ada["last_seen"].as_str(), "{ada}");
    let bob = &table["rows"][0];
    assert_eq!((&bob["original_source"], &bob["sessions"]), (&json!("OFFLINE"), &json!(0)));
    let text = fixture.text("contacts").await;
    assert!(text.contains("ada@example.test Organic search"), "{text}");
    assert!(text.contains("€15.00 2 2 3"), "{text}");
    let csv = fixture.get("contacts?format=csv").await.body;
    assert!(csv.contains("\r\n1,ada@example.test,0.00,15.00,2,2,3,"), "{csv}");
}

#[actix_web::test]
async fn a_contact_without_an_email_is_named_by_its_number_and_an_alias_leads_to_its_contact() {
    let fixture = fixture().await;
    let account = fixture.account;
    let change = move |conn: &store::Connection| {
        let said = Provenance::verified(Channel::Page, Millis(0));
        let details = Details { external_id: Some("x9"), ..Details::default() };
        let made = people::with_numbers(conn, account, |numbers| {
            contacts::create_without_email(conn, account, numbers, &said, details)
        });
        assert_eq!(made.unwrap().id, 3);
        Ok::<_, store::Error>(())
    };
    fixture.site.app.store.writer.write(change).await.unwrap();
    // Bob has nothing but what a program reported.
    assert_eq!(merge(&fixture.site.app, Actor::Machine, account, 2, 1).await.unwrap(), 1);
    fixture.call(&format!("/v1/event?_a={account}&_n=Sale&_m=2&id=x9")).await;
    let table = fixture.json("contacts?sort=email").await;
    let rows: Vec<_> =
        table["rows"].as_array().unwrap().iter().map(|row| (&row["id"], &row["email"])).collect();
    assert_eq!(rows, [(&json!(3), &Value::Null), (&json!(1), &json!("ada@example.test"))]);
    assert_eq!(table["total"], 2);
    assert!(fixture.text("contacts").await.contains("Contact #3"));
    assert!(fixture.get("contacts?format=csv").await.body.contains("\r\n3,,0.00,2.00,1,0,0,"));
    assert!(fixture.text("contacts/3").await.contains("Contact #3"));
    let event = "events/000000000001";
    let by = &fixture.json(event).await["completed_by"];
    let person = by.as_array().unwrap().iter().find(|row| row["contact_id"] == 3).unwrap();
    assert_eq!((&person["email"], &person["value"]), (&Value::Null, &json!("2.00")));
    assert!(fixture.text(event).await.contains("Contact #3"));
    assert_eq!(fixture.json("contacts/2").await["id"], 1);
    assert_eq!(fixture.editor.get(&fixture.path("contacts/4")).await.status, 404);
}

#[actix_web::test]
async fn contacts_are_searched_ordered_and_paged() {
    let fixture = fixture().await;
    for (query, expected) in [
        ("search=ADA", vec!["ada@example.test"]),
        ("search=%40b.", vec!["bob@b.test"]),
        ("search=zzz", vec![]),
        ("sort=email", vec!["ada@example.test", "bob@b.test"]),
        ("sort=revenue", vec!["ada@example.test", "bob@b.test"]),
        ("sort=completions", vec!["ada@example.test", "bob@b.test"]),
        ("sort=first_seen", vec!["bob@b.test", "ada@example.test"]),
        ("sort=last_seen", vec!["bob@b.test", "ada@example.test"]),
    ] {
        assert_eq!(emails(&fixture.json(&format!("contacts?{query}")).await), expected, "{query}");
    }
    for sort in ["created", "email", "revenue", "last_seen"] {
        let all = fixture.json(&format!("contacts?sort={sort}")).await;
        let first = fixture.json(&format!("contacts?sort={sort}&limit=1")).await;
        let next = first["next"].as_str().unwrap();
        let rest = fixture.json(&format!("contacts?sort={sort}&limit=1&after={next}")).await;
        assert_eq!(json!([first["rows"][0], rest["rows"][0]]), all["rows"], "{sort}");
        assert_eq!(rest["next"], Value::Null);
    }
    let page = fixture.get("contacts?limit=1&sort=email").await.body;
    let next =
        page.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    assert!(plain(&fixture.editor.get(&next).await.body).contains("2–2 of 2"));
    let program = fixture.token(&[Scope::ReportsRead, Scope::CrmRead]).await;
    for bad in ["sort=luck", "after=x", "after=77", "limit=0"] {
        let address = fixture.path(&format!("contacts?format=json&{bad}"));
        assert_eq!(program.get(&address).await.status, 400, "{bad}");
    }
    let text = fixture.text("contacts?search=zzz").await;
    assert!(text.contains("No contact matches “zzz”."), "{text}");
    let empty = Fixture::new().await.text("contacts").await;
    assert!(empty.contains("No contacts yet") && empty.contains("Go to events"), "{empty}");
}

/// More contacts than fit on a page; the CSV has all of them.
#[actix_web::test]
async fn files_hold_every_contact() {
    const MANY: usize = LIMIT_MAX + 1;
    let fixture = Fixture::new().await;
    fixture.create("HTTP", "Login", &[]).await;
    for n in 0..MANY {
        fixture
            .call(&format!("/v1/event?_a={}&_n=Login&_m=1&email=p{n}@example.test", fixture.account))
            .await;
    }
    assert_eq!(fixture.json("contacts").await["total"], MANY);
    let lines = async |rest: &str| fixture.get(rest).await.body.lines().count();
    assert_eq!(lines("contacts?format=csv").await, 1 + MANY);
    assert_eq!(lines("contacts?format=csv&limit=7").await, 1 + 7);
    let event = "events/000000000001?format=csv";
    let people = fixture.get(&format!("{event}&show=contacts")).await.body;
    assert_eq!(people.lines().count(), 1 + MANY);
    assert!(people.lines().skip(1).all(|line| line.contains(",1,1.00,20")), "each with the last time");
    assert_eq!(lines(&format!("{event}&show=contacts&limit=7")).await, 1 + 7);
    let series = fixture.get(&format!("{event}&bom=0")).await.body;
    assert!(series.starts_with("at,completions,value\r\n") && series.contains(&format!(",{MANY},{MANY}.00")));
}

#[actix_web::test]
async fn a_contact_was_seen_last_when_any_of_its_browsers_was() {
    let fixture = fixture().await;
    let last = async || fixture.json("contacts?sort=last_seen").await;
    assert_eq!(emails(&last().await), ["bob@b.test", "ada@example.test"]);
    for _ in 0..2 {
        fixture.site.clock.advance(20 * MINUTE);
        fixture.view("phone", "/later", json!({})).await;
    }
    let table = last().await;
    assert_eq!(emails(&table), ["ada@example.test", "bob@b.test"]);
    let now = json!(fixture.site.app.now().iso());
    assert_eq!(table["rows"][0]["last_seen"], now, "to the last page view");
    assert_eq!(fixture.json("contacts/1").await["last_seen"], now);
    // The hits are close together, so sessions go on.
    fixture.view("bob", "/", json!({"i": {"email": "bob@b.test"}})).await;
    for (visitor, first) in
        [("phone", "ada@example.test"), ("bob", "bob@b.test"), ("phone", "ada@example.test")]
    {
        fixture.site.clock.advance(MINUTE);
        fixture.view(visitor, "/more", json!({})).await;
        let table = last().await;
        assert_eq!(emails(&table)[0], first);
        assert_eq!(
            table["rows"][0]["last_seen"],
            json!(fixture.site.app.now().iso()),
            "what it is sorted by"
        );
    }
    assert_eq!(fixture.json("contacts/1").await["older_left_out"], false);
}

#[actix_web::test]
async fn a_contact_tells_all_it_did_in_every_browser_and_by_programs() {
    let fixture = fixture().await;
    let ada = fixture.json("contacts/1").await;
    assert_eq!(
        (&ada["email"], &ada["external_id"], &ada["sessions"]),
        (&json!("ada@example.test"), &json!("77"), &json!(2))
    );
    let plan = &ada["properties"][0];
    assert_eq!(
        (&plan["name"], &plan["value"], &plan["verified"], &plan["declared"], &plan["channel"]),
        (&json!("plan"), &json!("=pro"), &json!(false), &json!(false), &json!("browser"))
    );
    assert_eq!(ada["visitors"].as_array().unwrap().len(), 2, "her browsers");
    let timeline = ada["timeline"].as_array().unwrap();
    let shown: Vec<String> = timeline
        .iter()
        .map(|moment| {
            let text = |key: &str| moment[key].as_str().unwrap_or_default().to_owned();
            format!("{} {}{} {}", text("kind"), text("path"), text("event"), text("value"))
        })
        .collect();
    let expected = [
        "completion Sale 5.00",
        "identification  ",
        "page_view /again ",
        "identification  ",
        "page_view /pricing ",
        "completion /cartSale 10.00",
        "page_view / ",
    ];
    let sorted = |list: Vec<String>| {
        let mut list = list;
        list.sort();
        list
    };
    assert_eq!(sorted(shown), sorted(expected.map(str::to_owned).to_vec()));
    let times: Vec<&str> = timeline.iter().map(|moment| moment["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "newest first: {times:?}");
    assert_eq!((&timeline[0]["session"], &timeline[0]["consent"]), (&json!(0), &json!("server")));
    let text = fixture.text("contacts/1").await;
    for part in [
        "Contact #1 · External ID: 77",
        "Revenue €15.00",
        "Original source Organic search",
        "Unverified email",
        "Undeclared properties plan =pro History =pro Unverified · Browser",
        "Sent by programs",
        "Event Sale · site.test/cart €10.00",
        "Identified",
        "Granted",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let (mut after, mut seen) = (String::new(), 0);
    loop {
        let part = fixture.json(&format!("contacts/1?limit=1{after}")).await;
        seen += part["timeline"].as_array().unwrap().len();
        assert_eq!(part["total"], 3);
        let Some(next) = part["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, timeline.len(), "by parts as well");
    let csv = fixture.get("contacts/1?format=csv").await.body;
    assert_eq!(csv.lines().count(), 8, "{csv}");
    for bad in ["contacts/9", "contacts/x", "contacts/0"] {
        assert_eq!(fixture.editor.get(&fixture.path(bad)).await.status, 404, "{bad}");
    }
}

/// rules.md 28
#[actix_web::test]
async fn an_email_is_not_found_out_by_who_may_not_see_it() {
    let fixture = fixture().await;
    let viewer = fixture.site.signed_in(fixture.account, "viewer@site.test", Role::Viewer).await;
    for rest in
        ["contacts", "contacts/1", "contacts?format=json", "contacts/1?format=json", "contacts/1?format=csv"]
    {
        let body = viewer.get(&fixture.path(rest)).await.body;
        assert!(!body.contains("ada@") && !body.contains("=pro") && !body.contains("77\""), "{rest}: {body}");
    }
    let page = viewer.get(&fixture.path("contacts")).await.body;
    assert!(page.contains("a…@example.test") && !page.contains("name=\"search\""), "{page}");
    for asks in ["contacts?search=ada", "contacts?sort=email"] {
        assert_eq!(viewer.get(&fixture.path(asks)).await.status, 403, "{asks}");
    }
    let reports = fixture.token(&[Scope::ReportsRead]).await;
    for rest in ["contacts?format=json", "contacts/1?format=csv"] {
        assert_eq!(reports.get(&fixture.path(rest)).await.status, 403, "{rest}");
    }
    let crm = fixture.token(&[Scope::ReportsRead, Scope::CrmRead]).await;
    assert_eq!(
        emails(&crm.get(&fixture.path("contacts?format=json&search=ada")).await.json()),
        ["ada@example.test"]
    );
}

/// When a contact has more browsers than are shown, the most recently seen ones are shown.
#[actix_web::test]
async fn so_many_browsers_of_a_contact_are_looked_at() {
    let fixture = Fixture::new().await;
    for n in 0..=NUMBERS_MAX {
        fixture.site.clock.advance(MINUTE);
        fixture.view(&format!("b{n}"), &format!("/{n}"), json!({"i": {"email": "ada@example.test"}})).await;
    }
    fixture.create("HTTP", "Login", &[]).await;
    fixture.call(&format!("/v1/event?_a={}&_n=Login&email=ada@example.test", fixture.account)).await;
    let ada = fixture.json("contacts/1?limit=1000").await;
    // One visitor number is the contact's own, for events that programs reported.
    assert_eq!(ada["visitors"].as_array().unwrap().len(), NUMBERS_MAX - 1);
    let shown = |key: &str, value: &str| {
        ada["timeline"].as_array().unwrap().iter().any(|moment| moment[key].as_str() == Some(value))
    };
    let last = format!("/{NUMBERS_MAX}");
    assert_eq!((shown("path", &last), shown("path", "/2"), shown("path", "/1")), (true, true, false));
    assert!(shown("event", "Login"));
    let all = NUMBERS_MAX + 1;
    assert_eq!((&ada["sessions"], &ada["page_views"]), (&json!(all), &json!(all)), "of all of them");
    let row = &fixture.json("contacts").await["rows"][0];
    assert_eq!((&row["sessions"], &row["page_views"]), (&ada["sessions"], &ada["page_views"]));
    assert_eq!(ada["older_left_out"], true);
    let text = fixture.text("contacts/1").await;
    assert!(text.contains("The timeline shows the 49 most recently seen browsers."), "{text}");
}

/// A closed day shows the same as the open day did.
#[actix_web::test]
async fn contacts_and_events_are_the_same_when_their_days_are_closed() {
    let fixture = fixture().await;
    let address =
        ["contacts", "contacts/1", "contacts/1?limit=1", "events", "events/000000000001?period=90d"];
    // Only the clock ends the sessions.
    fixture.site.clock.advance(2 * DAY);
    fixture.editor.sign_in("editor@site.test", crate::harness::app::PASSWORD).await;
    let mut open = Vec::new();
    for rest in address {
        open.push(fixture.json(rest).await);
    }
    let app = std::sync::Arc::clone(&fixture.site.app);
    let account = app.accounts.find(fixture.account).unwrap();
    let closing = move || CloseJob::default().close_account(&app, &account, app.now());
    actix_web::rt::task::spawn_blocking(closing).await.unwrap().unwrap();
    let hot = |conn: &store::Connection| {
        Ok::<i64, store::Error>(conn.query_row("select count(*) from event_hot", [], |row| row.get(0))?)
    };
    assert_eq!(fixture.site.app.store.readers.read(hot).unwrap(), 0, "all is closed");
    for (rest, open) in address.into_iter().zip(&open) {
        assert_eq!(&fixture.json(rest).await, open, "{rest}");
    }
    let by = &open[4]["completed_by"];
    assert!(by[0]["last"].is_string() && by[1]["last"].is_string(), "{by}");
}

/// Texts from sites and programs are never markup.
#[actix_web::test]
async fn naughty_strings_stay_texts_on_the_pages_of_events_and_contacts() {
    let fixture = Fixture::new().await;
    for (n, text) in naughty_strings().iter().enumerate() {
        fixture.fire("ada", text, Value::Null).await;
        fixture
            .view(&format!("v{n}"), "/", json!({"i": {"email": format!("p{n}@example.test"), "note": text}}))
            .await;
    }
    let hostile = "\"><script>alert(1)</script>{{7*7}}";
    fixture.create("Clicked element", hostile, &[("Tags", hostile), ("CSS selector", hostile)]).await;
    // Everything that was sent before the change is counted by the old rule.
    fixture.json("events").await;
    let admin = fixture.site.signed_in(fixture.account, "admin@site.test", Role::Admin).await;
    admin.get(&fixture.path("settings/account")).await;
    admin.press("Save", &[("Hold for review", "on")]).await;
    for text in naughty_strings() {
        fixture.fire("ada", &format!("new {text}"), Value::Null).await;
    }
    let events = fixture.json("events?limit=1000").await;
    let id = events["rows"].as_array().unwrap().iter().find(|row| row["name"] == hostile).unwrap();
    let id = id["id"].as_str().unwrap();
    assert!(events["total"].as_u64().unwrap() > 300, "{}", events["total"]);
    let encoded = "%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    for address in [
        "events?limit=1000".to_owned(),
        format!("events?search={encoded}&tag={encoded}"),
        format!("events/{id}"),
        format!("events/{id}/install"),
        format!("events/{id}/edit"),
        format!("events/{id}/delete"),
        "events/unexpected?limit=1000".to_owned(),
        format!("events/unexpected?search={encoded}"),
        "contacts?limit=1000".to_owned(),
        format!("contacts?search={encoded}"),
        "contacts/1".to_owned(),
        "contacts/7".to_owned(),
        "dashboard".to_owned(),
        "live".to_owned(),
    ] {
        let html = fixture.get(&address).await.body;
        assert_eq!(html.matches("<script").count(), 1, "{address}");
        assert_eq!(html.matches("<h1").count(), 1, "{address}");
        for bad in ["<img src=x", "<svg onload", "<iframe", "javascript:alert(1)\"", " onerror=\""] {
            assert!(!html.contains(bad), "{address} holds {bad}");
        }
    }
    for address in ["events", "events/unexpected", "contacts", "contacts/1"] {
        let csv = fixture.get(&format!("{address}?format=csv")).await.body;
        for row in csv::ReaderBuilder::new().flexible(false).from_reader(csv.as_bytes()).records() {
            for cell in row.unwrap().iter().filter(|cell| cell.parse::<f64>().is_err()) {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{address}: {cell}");
            }
        }
    }
}
