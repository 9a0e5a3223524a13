//! Lists of contacts on their pages, as an editor makes them without script: by buttons that send the whole form.

use guestlog::domain::user::Role;
use serde_json::json;

use crate::harness::browser::plain;

use super::events::Fixture;

/// Ada bought twice, Bob looked at the cart.
async fn fixture() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.create("Custom JavaScript", "Sale", &[]).await;
    fixture.view("ada", "/", json!({"i": {"email": "ada@example.test"}})).await;
    fixture.fire("ada", "Sale", json!("10")).await;
    fixture.fire("ada", "Sale", json!("10")).await;
    fixture.view("bob", "/cart", json!({"i": {"email": "bob@example.test"}})).await;
    fixture.json("contacts").await;
    fixture
}

const BOUGHT_TWICE: [(&str, &str); 6] = [
    ("name", "Buyers"),
    ("kind", "active"),
    ("g0c0.what", "completed"),
    ("g0c0.event", "000000000001"),
    ("g0c0.is", "at_least"),
    ("g0c0.number", "2"),
];

fn pressing<'a>(fields: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [fields, more].concat()
}

#[actix_web::test]
async fn an_editor_builds_a_list_with_buttons_and_sees_who_fits() {
    let fixture = fixture().await;
    let new = fixture.path("lists/new");
    let text = fixture.text("lists").await;
    assert!(text.contains("No lists yet") && text.contains("Abandoned cart"), "{text}");
    let text = fixture.text("lists/new?ready=abandoned").await;
    assert!(text.contains("viewed pages") && text.contains("1 contact is in the list now"), "{text}");
    assert!(text.contains("bob@example.test"), "{text}");

    let shown = fixture.editor.post(&new, &pressing(&BOUGHT_TWICE, &[("do", "preview")])).await;
    assert_eq!(shown.status, 200);
    let text = plain(&shown.body);
    assert!(text.contains("1 contact is in the list now") && text.contains("ada@example.test"), "{text}");
    let shown = fixture.editor.post(&new, &BOUGHT_TWICE).await;
    assert_eq!(shown.status, 200, "a field that sends the form by itself saves nothing");
    let more = [("do", "add:0"), ("add0", "viewed")];
    let shown = fixture.editor.post(&new, &pressing(&BOUGHT_TWICE, &more)).await;
    assert!(shown.body.contains(r#"name="g0c1.page""#) && shown.body.contains(r#"value="Buyers""#));
    let shown =
        fixture.editor.post(&new, &pressing(&BOUGHT_TWICE, &[("do", "group"), ("add", "email")])).await;
    assert!(shown.body.contains(r#"name="g1c0.test""#));
    assert!(plain(&shown.body).contains("The preview appears when the conditions are complete."));
    let second = [("g0c1.what", "viewed"), ("g0c1.number", "1"), ("do", "remove:0:0")];
    let shown = fixture.editor.post(&new, &pressing(&BOUGHT_TWICE, &second)).await;
    assert!(!shown.body.contains("g0c1.") && shown.body.contains(r#"name="g0c0.page""#));

    let wrong = [("g0c1.what", "list"), ("do", "save")];
    let refused = fixture.editor.post(&new, &pressing(&BOUGHT_TWICE, &wrong)).await;
    assert_eq!(refused.status, 422);
    assert!(plain(&refused.body).contains("Condition 2: choose a list"), "{}", plain(&refused.body));
    let saved = fixture.editor.post(&new, &pressing(&BOUGHT_TWICE, &[("do", "save")])).await;
    assert_eq!((saved.status, saved.location()), (303, fixture.path("lists/1").as_str()));
    assert!(plain(&fixture.editor.follow(&saved).await.body).contains("The list is created."));
    let text = fixture.text("lists/1").await;
    assert!(text.contains("completed “Sale” at least 2 times at any time"), "{text}");
    assert!(text.contains("ada@example.test") && !text.contains("bob@"), "{text}");
    let again = fixture.editor.post(&new, &pressing(&BOUGHT_TWICE, &[("do", "save")])).await;
    assert_eq!(again.status, 422);
    assert!(plain(&again.body).contains("Another list has this name."));
}

#[actix_web::test]
async fn a_list_is_changed_shown_as_data_used_as_a_filter_and_deleted() {
    let fixture = fixture().await;
    let saved =
        fixture.editor.post(&fixture.path("lists/new"), &pressing(&BOUGHT_TWICE, &[("do", "save")])).await;
    assert_eq!(saved.status, 303);
    let data = fixture.json("lists/1").await;
    assert_eq!(
        (&data["name"], &data["kind"], &data["size"]),
        (&json!("Buyers"), &json!("active"), &json!(1))
    );
    assert!(data["built_at"].is_string());
    assert_eq!(data["rows"][0]["email"], "ada@example.test");
    let csv = fixture.get("lists/1?format=csv").await.body;
    assert!(csv.contains("id,email,") && csv.contains("ada@example.test"), "{csv}");
    assert_eq!(fixture.json("lists").await["rows"][0]["size"], 1);
    for (filter, completions, views) in [("is:1", 2, 1), ("is_not:Buyers", 0, 1), ("is:buyers", 2, 1)] {
        let kpi = &fixture.json(&format!("dashboard?filter=list:{filter}")).await["kpi"];
        assert_eq!(
            (&kpi["completions"], &kpi["page_views"]),
            (&json!(completions), &json!(views)),
            "{filter}"
        );
    }
    let ada = fixture.json("contacts/1").await;
    assert_eq!(ada["lists"][0]["name"], "Buyers");
    assert_eq!(
        (&ada["timeline"][0]["kind"], &ada["timeline"][0]["event"]),
        (&json!("list_joined"), &json!("Buyers"))
    );
    let text = fixture.text("contacts/1").await;
    assert!(text.contains("Lists Buyers") && text.contains("List Joined “Buyers”"), "{text}");
    let edit = fixture.path("lists/1/edit");
    assert!(fixture.get("lists/1/edit").await.body.contains(r#"name="g0c0.number" value="2""#));
    let mut fields = BOUGHT_TWICE;
    fields[0].1 = "Who bought thrice";
    fields[5].1 = "3";
    let saved = fixture.editor.post(&edit, &pressing(&fields, &[("do", "save")])).await;
    assert_eq!(saved.status, 303);
    let data = fixture.json("lists/1").await;
    assert_eq!((&data["name"], &data["size"]), (&json!("Who bought thrice"), &json!(0)));

    let needs =
        [("name", "Others"), ("g0c0.what", "list"), ("g0c0.list", "1"), ("g0c0.member", "is_no_member")];
    let saved = fixture.editor.post(&fixture.path("lists/new"), &pressing(&needs, &[("do", "save")])).await;
    assert_eq!(saved.location(), fixture.path("lists/2"));
    assert_eq!(fixture.json("lists/2").await["size"], 2);
    let circle = [("name", "x"), ("g0c0.what", "list"), ("g0c0.list", "2"), ("do", "save")];
    let refused = fixture.editor.post(&edit, &circle).await;
    assert!(plain(&refused.body).contains("Lists cannot depend on each other in a circle."));
    let refused = fixture.editor.post(&fixture.path("lists/1/delete"), &[]).await;
    assert_eq!(refused.status, 422);
    assert!(plain(&refused.body).contains("“Others”"), "{}", plain(&refused.body));
    for list in ["2", "1"] {
        let gone = fixture.editor.post(&fixture.path(&format!("lists/{list}/delete")), &[]).await;
        assert_eq!((gone.status, gone.location()), (303, fixture.path("lists").as_str()), "{}", gone.body);
    }
    assert_eq!(fixture.editor.get(&fixture.path("lists/1")).await.status, 404);
    assert_eq!(fixture.json("contacts").await["total"], 2, "the contacts stay");
}

/// rules.md 28
#[actix_web::test]
async fn who_sees_emails_masked_sees_the_members_of_lists_masked() {
    let fixture = fixture().await;
    fixture.editor.post(&fixture.path("lists/new"), &pressing(&BOUGHT_TWICE, &[("do", "save")])).await;
    let viewer = fixture.site.signed_in(fixture.account, "viewer@site.test", Role::Viewer).await;
    for address in ["lists/1", "lists/1?format=json", "lists/1?format=csv"] {
        let seen = viewer.get(&fixture.path(address)).await;
        assert_eq!(seen.status, 200);
        assert!(seen.body.contains("a…@example.test") && !seen.body.contains("ada@"), "{}", seen.body);
    }
    let text = plain(&viewer.get(&fixture.path("lists")).await.body);
    assert!(text.contains("Buyers") && !text.contains("Create list"), "{text}");
}
